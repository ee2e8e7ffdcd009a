"""Cuts lines into blocks. A block is worked on by itself, so that what becomes of it is the same whoever does it.

How lines are cut depends on nothing but their number in their file: one process or eight, in one go or resumed, get the
same blocks, and so write the same bytes.
"""

import dataclasses
import io
from collections.abc import Callable, Iterable, Sequence
from typing import IO

from textrnn.errors import TextrnnError
from textrnn.preprocessing.files import UNREADABLE, unreadable

__all__ = ["Block", "InputThatWaits", "Kept", "LineQueue"]

LINES_AT_FIRST = 64  # twice as many in each block, so that the first answers come soon
LINES_AT_ONCE = 1024


@dataclasses.dataclass(frozen=True)
class Block:
    """Lines that are worked on together.

    Args:
        lines: The lines, without newlines.
        start: How many lines of all that is read come before them.
        name: What messages call the file; None for lines that were typed.
        line: The number of the first one in its file, from 1.
        kept: Indices of those that stay as they are.
    """

    lines: list[str]
    start: int
    name: str | None
    line: int
    kept: frozenset[int] = frozenset()

    @property
    def end(self) -> int:
        """How many lines have been read with these."""
        return self.start + len(self.lines)

    def __str__(self) -> str:
        lines = f"lines {self.line:,} to {self.line + len(self.lines) - 1:,}"
        return f"what was typed, {lines}" if self.name is None else f"{self.name}, {lines}"


Kept = Callable[[list[str]], frozenset[int]]


class LineQueue:
    """Takes lines of one file after another and hands them on in blocks.

    Args:
        put: Called with each block.
        kept: Called for each file; returns what says, of one block's lines after another, which stay as they are.
    """

    def __init__(self, put: Callable[[Block], None], kept: Callable[[], Kept] | None = None) -> None:
        self.put = put
        self.kept = kept
        self.num_lines = 0  # that were handed on
        self.lines: list[str] = []

    def typed(self, texts: Sequence[str]) -> None:
        """Hands on lines that were typed, all at once."""
        block = Block(list(texts), self.num_lines, None, 1)
        self.num_lines = block.end
        self.put(block)

    def read(self, name: str, lines: Iterable[str]) -> None:
        """Hands on the lines of a file, also those before one that is no text.

        Args:
            name: What messages call the file.
            lines: Its lines; as they come, `flush` may be called.
        """
        self.name, self.begin = name, self.num_lines
        self.kept_here = None if self.kept is None else self.kept()
        most = LINES_AT_FIRST
        try:
            for line in lines:
                self.lines.append(line)
                if len(self.lines) >= most:
                    self.flush()
                    most = min(2 * most, LINES_AT_ONCE)
        except TextrnnError:
            self.flush()
            raise
        self.flush()

    def flush(self) -> None:
        """Hands on the lines that wait."""
        lines, self.lines = self.lines, []
        if not lines:
            return
        kept = frozenset[int]() if self.kept_here is None else self.kept_here(lines)
        block = Block(lines, self.num_lines, self.name, self.num_lines - self.begin + 1, kept)
        self.num_lines = block.end
        self.put(block)


class InputThatWaits(io.RawIOBase):
    """A stream that calls `before_waiting` each time before it reads on, which may take until somebody types."""

    def __init__(self, stream: IO[bytes], before_waiting: Callable[[], None]) -> None:
        self.stream = stream
        self.before_waiting = before_waiting

    def read1(self, size: int) -> bytes:
        """Returns what has come, at least a byte unless the stream has ended."""
        self.before_waiting()
        try:
            content: bytes = self.stream.read1(size)  # type: ignore[attr-defined]
        except UNREADABLE as error:
            raise unreadable(error) from error
        return content
