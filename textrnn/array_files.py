"""Files of arrays and of JSON that strangers may have written, read with suspicion."""

import dataclasses
import json
import pathlib
import struct
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import safetensors.numpy

from textrnn.errors import TextrnnError

__all__ = ["MAX_HEADER_BYTES", "Layout", "all_like", "parsed_arrays", "parsed_json"]

MAX_HEADER_BYTES = 10_000_000


@dataclasses.dataclass(frozen=True)
class Layout:
    """What an array of a file must be.

    Args:
        dtypes: Allowed safetensors dtypes.
        shape: Its shape, with None for a size that may be anything; None allows any shape.
    """

    dtypes: tuple[str, ...]
    shape: tuple[int | None, ...] | None = None

    def fits(self, shape: Any) -> bool:
        """Says whether the shape in a header is an allowed one."""
        if self.shape is None:
            return True
        if not isinstance(shape, list) or len(shape) != len(self.shape):
            return False
        return all(wanted is None or found == wanted for found, wanted in zip(shape, self.shape, strict=True))

    @property
    def shape_in_words(self) -> str:
        """The shape, for messages."""
        return f"[{', '.join('any' if size is None else str(size) for size in self.shape or ())}]"


def all_like(layout: Layout) -> Callable[[Collection[str]], dict[str, Layout]]:
    """Returns what `parsed_arrays` is told where there may be any arrays, all of one layout."""
    return lambda names: dict.fromkeys(names, layout)


def parsed_json(content: bytes, path: pathlib.Path) -> dict[str, Any]:
    """Returns the object that a JSON file holds."""
    try:
        result = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise TextrnnError(f"{path}: is not JSON in UTF-8 ({error}); the model is damaged.") from error
    if not isinstance(result, dict):
        raise TextrnnError(f"{path}: must hold one JSON object; the model is damaged.")
    return result


def parsed_arrays(
    content: bytes, path: pathlib.Path, layouts: Callable[[Collection[str]], dict[str, Layout]]
) -> dict[str, np.ndarray]:
    """Returns the arrays of a safetensors file after comparing its header with what is expected.

    Args:
        content: The file.
        path: Its name, for messages.
        layouts: Called with the names of the arrays that are there; returns exactly those that must be there, and what
            each must be.
    """
    length = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else 0
    if not 2 <= length <= min(MAX_HEADER_BYTES, len(content) - 8):
        raise TextrnnError(f"{path}: is not a safetensors file; the model is damaged.")
    header = parsed_json(content[8 : 8 + length], path)
    header.pop("__metadata__", None)
    expected = layouts(header)
    for name in [*header, *expected]:
        entry, layout = header.get(name), expected.get(name)
        if not isinstance(entry, dict) or layout is None:
            problem = "missing" if entry is None else "not one of this network"
            raise TextrnnError(f"{path}: array {name!r} is {problem}.")
        if entry.get("dtype") not in layout.dtypes:
            dtypes = " or ".join(layout.dtypes)
            raise TextrnnError(f"{path}: array {name!r} has dtype {entry.get('dtype')!r}; expected {dtypes}.")
        if not layout.fits(entry.get("shape")):
            raise TextrnnError(
                f"{path}: array {name!r} has shape {entry.get('shape')}; expected {layout.shape_in_words}."
            )
    try:
        return safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise TextrnnError(f"{path}: is not a safetensors file ({error}); the model is damaged.") from error
