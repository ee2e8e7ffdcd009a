"""Rules that divide a stream of text in two, so that no training text leaks into validation.

A stream is made of `Line`s. A rule passes on those of one side; rules are applied one after another, each to what the
ones before it have left, so that splitting what was split keeps both divisions.
"""

import array
import dataclasses
import hashlib
import os
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from textrnn.errors import TextrnnError

__all__ = ["Line", "Rule", "split_by_block", "split_by_draw"]

NEAR_DOCUMENT, NEAR_LINE = 0.3, 0.15  # how far a cut may move, in sizes of the smaller side


class Line(NamedTuple):
    """A piece of a stream: a line with its newline, the file it is from, and whether it begins a document."""

    path: pathlib.Path
    begins: bool
    piece: str


Stream = Iterator[Line]


class Rule:
    """Passes on one side of a stream."""

    def applied(self, stream: Stream) -> Stream:
        """Yields the lines of this side."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Block(Rule):
    """Passes on the characters from `start` up to `stop`, or to the end."""

    start: int
    stop: int | None

    def applied(self, stream: Stream) -> Stream:
        """Yields the lines of this side."""
        position = 0
        for line in stream:
            begin, position = position, position + len(line.piece)
            if self.stop is not None and begin >= self.stop:
                return
            if self.start <= begin and (self.stop is None or position <= self.stop):
                yield line
            elif position > self.start:
                piece = line.piece[max(self.start - begin, 0) : None if self.stop is None else self.stop - begin]
                yield Line(line.path, line.begins and begin >= self.start, piece)


@dataclasses.dataclass(frozen=True)
class Draw(Rule):
    """Passes on the lines or files that fall below a limit, or those that do not.

    Args:
        value: Returns what a line is drawn by, at random but always the same.
        limit: Lines whose value is below it are for validation.
        validation: Which side this is.
    """

    value: Callable[[Line], int]
    limit: int
    validation: bool

    def applied(self, stream: Stream) -> Stream:
        """Yields the lines of this side."""
        begins = False
        for line in stream:
            begins = begins or line.begins
            if (self.value(line) < self.limit) == self.validation:
                yield line if begins == line.begins else Line(line.path, begins, line.piece)
                begins = False


@dataclasses.dataclass(frozen=True, eq=False)
class DocumentDraw(Rule):
    """Passes on whole documents.

    Args:
        values: What each document of the stream is drawn by, shape `(num_documents,)`.
        limit: Documents whose value is below it are for validation.
        validation: Which side this is.
    """

    values: np.ndarray
    limit: int
    validation: bool

    def applied(self, stream: Stream) -> Stream:
        """Yields the lines of this side."""
        for number, line in numbered(stream):
            if (int(self.values[number]) < self.limit) == self.validation:
                yield line


def numbered(stream: Stream) -> Iterator[tuple[int, Line]]:
    """Yields each line with the number of its document; what comes before the first beginning is document 0."""
    number = 0
    for position, line in enumerate(stream):
        number += line.begins and position > 0
        yield number, line


def drawn(key: str) -> int:
    """Returns a number below 2**32 that looks random, the same for the same key."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "big")


def split_by_draw(
    stream: Callable[[], Stream],
    fraction: float,
    by: str,
    seed: int,
    earlier: Sequence[Rule],
    paths: Sequence[pathlib.Path],
) -> tuple[Rule, Rule]:
    """Returns rules for training and validation that draw lines, documents or groups; equal ones stay together.

    If chance would leave a side empty, it gets the one line, document or group that was nearest to it.

    Args:
        stream: Begins the stream anew.
        fraction: Share of lines, documents or groups for validation.
        by: "line", "document" or "group".
        seed: Another seed draws others.
        earlier: Rules that were applied before; a second draw is independent of the first.
        paths: All files of the stream.
    """
    draws = sum(isinstance(rule, (Draw, DocumentDraw)) for rule in earlier)
    prefix = f"{seed}\0{draws}\0" if draws else f"{seed}\0"
    if by == "document":
        values = document_values(stream(), prefix)
        limit = limit_between(map(int, values), fraction, by)
        return DocumentDraw(values, limit, False), DocumentDraw(values, limit, True)
    names = group_names(paths)

    def value(line: Line) -> int:
        return drawn(prefix + (names[line.path] if by == "group" else line.piece.removesuffix("\n")))

    limit = limit_between((value(line) for line in stream() if line.piece.strip()), fraction, by)
    return Draw(value, limit, False), Draw(value, limit, True)


def limit_between(values: Iterator[int], fraction: float, by: str) -> int:
    """Returns the limit that gives a fraction of all numbers below 2**32, moved if it has no value on one side."""
    limit = int(fraction * 2**32)
    lowest, highest = 2**32, -1
    for value in values:
        lowest, highest = min(lowest, value), max(highest, value)
        if lowest < limit <= highest:
            return limit
    check_sides(by, fraction, lowest < highest or lowest >= limit, lowest < highest or lowest < limit)
    return lowest + 1 if lowest >= limit else highest


def group_names(paths: Sequence[pathlib.Path]) -> dict[pathlib.Path, str]:
    """Returns for each file its path below the directory that all share: the same however they were spelled."""
    whole = {path: (getattr(path, "origin", None) or path).resolve() for path in paths}
    root = os.path.commonpath([path.parent for path in whole.values()]) if whole else ""
    return {path: os.path.relpath(resolved, root).replace(os.sep, "/") for path, resolved in whole.items()}


def document_values(stream: Stream, prefix: str) -> np.ndarray:
    """Returns what each document is drawn by, from its text without the space around it, shape `(num_documents,)`."""
    values = array.array("I")
    digest, blank = hashlib.blake2b(prefix.encode(), digest_size=4), ""
    last = 0
    for number, line in numbered(stream):
        if number != last:
            values.append(int.from_bytes(digest.digest(), "big"))
            digest, blank, last = hashlib.blake2b(prefix.encode(), digest_size=4), "", number
        text = blank + line.piece
        blank = text[
            len(text.rstrip()) :
        ]  # hashed only if more comes, so that equal documents are equal at the end too
        digest.update(text.rstrip().encode())
    return np.array([*values, int.from_bytes(digest.digest(), "big")], dtype=np.uint32)


def split_by_block(stream: Callable[[], Stream], fraction: float) -> tuple[Rule, Rule]:
    """Returns rules for training and validation, the last characters.

    The cut falls on the nearest beginning of a document, else of a line, if there is one near the asked place.

    Args:
        stream: Begins the stream anew.
        fraction: Share of the characters for validation.
    """
    num_characters, last, last_piece, first = 0, 0, "", -1  # the last and first lines that are not blank
    for _, _, piece in stream():
        if not piece.isspace():
            last, last_piece = num_characters, piece
            if first < 0:
                first = num_characters
        num_characters += len(piece)
    cut = nearest_beginning(stream(), int(num_characters * (1 - fraction)), num_characters)
    check_sides("block", fraction, 0 <= first < cut, cut < last + len(last_piece.rstrip()))
    return Block(0, cut), Block(cut, None)


def nearest_beginning(stream: Stream, asked: int, num_characters: int) -> int:
    """Returns where to cut: at the beginning of the document or line nearest to a place, or there, if none is near."""
    smaller = min(asked, num_characters - asked)
    reach = {True: NEAR_DOCUMENT * smaller, False: NEAR_LINE * smaller}
    begin, end = asked - reach[True], asked + reach[True]
    found: dict[bool, int] = {}
    position = 0
    for _, begins, piece in stream:
        if position >= begin:
            distance = abs(position - asked)
            if distance <= reach[begins] and distance < abs(found.get(begins, num_characters * 2) - asked):
                found[begins] = position
            if position > end:
                break
        position += len(piece)
    return found.get(True, found.get(False, asked))


def check_sides(by: str, fraction: float, training: bool, validation: bool) -> None:
    """Raises `TextrnnError` unless there is text on both sides."""
    if not (training and validation):
        raise TextrnnError(
            f"Splitting by {by}, {100 * fraction:g}% for validation, leaves no "
            f"{'validation' if training else 'training'} text. Pass a longer corpus, another `validation_fraction`, or "
            "a validation file."
        )
