"""Figures as files, PNG or SVG, the same bytes every time."""

import io
import os
import pathlib
from typing import Any

from textrnn.errors import TextrnnError
from textrnn.storage import write_atomically

__all__ = ["check_picture", "save"]

# Of what a file says about itself, the time and the version of Matplotlib would differ from one machine to the next.
METADATA: dict[str, dict[str, str | None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": "textrnn"},
}
# Text stays text, so that it can be searched and read aloud; ids follow from what is drawn.
SVG_SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "textrnn"}


def check_picture(path: str | os.PathLike[str]) -> None:
    """Raises `TextrnnError` unless a path ends as a picture's does."""
    if pathlib.Path(path).suffix.lower() not in METADATA:
        raise TextrnnError(
            f"{os.fspath(path)!r}: pictures are written as PNG or SVG. Name a file that ends in .png or .svg."
        )


def save(figure: Any, path: str | os.PathLike[str]) -> None:
    """Writes a figure.

    Args:
        figure: A Matplotlib figure.
        path: A file that ends in .png or .svg, which says what it becomes.

    Raises:
        TextrnnError: If it ends otherwise, or cannot be written.
    """
    import matplotlib

    check_picture(path)
    suffix = pathlib.Path(path).suffix.lower()
    title = {"Title": figure.get_label()} if figure.get_label() else {}
    content = io.BytesIO()
    with matplotlib.rc_context(SVG_SETTINGS):
        figure.savefig(content, format=suffix[1:], dpi=120, bbox_inches="tight", metadata={**METADATA[suffix], **title})
    try:
        write_atomically(pathlib.Path(path), content.getvalue())
    except OSError as error:
        raise TextrnnError(
            f"{path}: cannot be written: {error.strerror or error}. Name a file in a directory that is there."
        ) from error
