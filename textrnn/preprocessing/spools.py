"""Keeps text that can be read only once, standard input and strings in memory, in temporary files.

Training reads its text several times, and a generator or a pipe may hold more than memory does. A file lives as long as
its `SpooledPath` does.
"""

import json
import math
import os
import pathlib
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from textrnn import systems
from textrnn.errors import TextrnnError, nearest
from textrnn.preprocessing.files import STANDARD_INPUT, as_read, shown_name, unreadable

__all__ = ["SpooledPath", "spooled_items", "spooled_standard_input"]

CHUNK_BYTES = 1 << 20


class SpooledPath(type(pathlib.Path())):  # type: ignore[misc]
    """The path of a temporary file, which is removed when nothing refers to this object any more, or at exit.

    Args:
        shown: What errors call the file.
        num_items: Number of strings in it, one to a line as JSON; None for plain text.
        origin: The file that they were taken from, or None.
    """

    shown: str = ""
    num_items: int | None = None
    origin: pathlib.Path | None = None

    @classmethod
    def made(cls, shown: str, suffix: str = ".txt") -> "SpooledPath":
        """Makes an empty file."""
        with tempfile.NamedTemporaryFile(prefix="textrnn-", suffix=suffix, delete=False) as file:
            path = cls(file.name)
        path.shown = shown
        weakref.finalize(path, remove, file.name, os.getpid())
        return path

    def items(self) -> Iterator[str]:
        """Yields the strings."""
        with open(self, encoding="utf-8", newline="\n") as file:
            for line in file:
                yield json.loads(line)


def remove(name: str, process: int) -> None:
    """Removes a temporary file, but in no child process."""
    if os.getpid() == process:
        systems.remove(pathlib.Path(name))


def spooled_standard_input(suffix: str = ".txt") -> SpooledPath:
    """Copies standard input to a temporary file, whose suffix says how it is read."""
    path = SpooledPath.made(STANDARD_INPUT, suffix)
    with open(path, "wb") as file:
        for chunk in standard_chunks():
            file.write(chunk)
    return path


def standard_chunks() -> Iterator[bytes]:
    """Yields the bytes of standard input; raises `TextrnnError` if it cannot be read."""
    try:
        while chunk := sys.stdin.buffer.read(CHUNK_BYTES):
            yield chunk
    except OSError as error:
        raise unreadable(error) from error


def spooled_items(
    items: Iterable[Any], column: str | int | None = None, origin: pathlib.Path | None = None
) -> SpooledPath:
    """Copies strings to a temporary file, each as a file with it would have been read; those missing are left out.

    Args:
        items: Strings, or mappings from names to strings. None and NaN stand for what is missing.
        column: Which field of the mappings.
        origin: The file that the strings are taken from, if it is one.

    Raises:
        TextrnnError: If an item is no string.
    """
    path = SpooledPath.made(shown_name(origin) if origin else "the texts")
    path.num_items, path.origin = 0, origin
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for number, item in enumerate(items, start=1):
            item = field_of(item, number, column) if isinstance(item, Mapping) else item
            if item is None or (isinstance(item, float) and math.isnan(item)) or type(item).__name__ == "NAType":
                continue
            file.write(json.dumps(checked_text(item, number), ensure_ascii=False) + "\n")
            path.num_items += 1
    return path


def field_of(item: Mapping[Any, Any], number: int, column: str | int | None) -> Any:
    """Returns one field of an item, or says that there is none."""
    if column in item:
        return item[column]
    names = ", ".join(map(str, item))
    if column is None:
        raise TextrnnError(f"Item {number} holds the fields {names}. Name the one with the text, as in column='text'.")
    raise TextrnnError(f"Item {number} has no field {column!r}.{nearest(str(column), map(str, item))} It has: {names}.")


def checked_text(item: Any, number: int) -> str:
    """Returns an item as text, or says that it is none."""
    if not isinstance(item, str):
        raise TextrnnError(f"Item {number} is no text but {type(item).__name__}: {item!r:.60}. Pass strings.")
    try:
        item.encode()
    except UnicodeEncodeError as error:
        raise TextrnnError(
            f"Item {number}, character {error.start + 1}: half of a surrogate pair, which is no text. "
            "Decode the text with the encoding it was written in."
        ) from error
    return as_read(item)
