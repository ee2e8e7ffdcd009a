"""Writes answers in order, to standard output or to files, and goes on with files that were left before their end."""

import contextlib
import dataclasses
import itertools
import os
import sys
from collections.abc import Callable, Sequence
from typing import IO, Any

from textrnn.errors import TextrnnError
from textrnn.jobs.blocks import Block
from textrnn.progress import Progress
from textrnn.wording import counted

__all__ = ["Answer", "Outputs"]


@dataclasses.dataclass(frozen=True)
class Answer:
    """What becomes of a block.

    Args:
        start: How many lines come before the block.
        end: How many lines have been answered with it.
        texts: What is written to each output.
        notes: What is said of single lines.
        remark: What is said of the first line of which there is something to say, and not again of others.
        results: What `--json` prints, if that is asked for.
    """

    start: int
    end: int
    texts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    remark: str | None = None
    results: tuple[dict[str, Any], ...] = ()


class Outputs:
    """The files of one or more texts that belong together line by line; as a context, they are written.

    They are opened with the first answer: input that is refused before it costs no file that was there.

    Args:
        paths: Where each text of an answer goes. For the first one None is standard output, for the others nowhere.
        lines_each: How many lines each has for a line that is read; None if that is not known.
        resume: Whether to go on with what is there.
        inputs: The files that are read, for messages.

    Raises:
        TextrnnError: If there is nothing that could be gone on with.
    """

    def __init__(
        self,
        paths: Sequence[str | None],
        lines_each: Sequence[int | None],
        resume: bool = False,
        inputs: Sequence[str] | None = None,
    ) -> None:
        self.paths = list(paths)
        self.lines_each = {
            path: each for path, each in zip(paths, lines_each, strict=True) if path is not None and each is not None
        }
        self.resume = resume
        self.inputs = ", ".join(inputs or ["what is read"])
        self.progress = Progress()
        self.results: list[dict[str, Any]] = []
        self.is_remarked = False
        self.answered: Block | None = None  # the last block of which there is an answer already
        self.num_there = 0  # lines of which there is an answer
        if resume:
            if paths[0] not in self.lines_each:
                raise TextrnnError(
                    "--resume goes on with a file of lines. Pass --output, and neither --json nor --explain."
                )
            self.num_there = min(num_lines(path) // each for path, each in self.lines_each.items())

    def __enter__(self) -> "Outputs":
        self.opened: contextlib.ExitStack | None = None
        return self

    def __exit__(self, kind: object = None, *exception: object) -> None:
        if kind is None:
            self.open()  # of no lines the answers are an empty file
        if self.opened is not None:
            self.opened.close()

    def open(self) -> None:
        """Opens the files, if they are not open yet."""
        if self.opened is not None:
            return
        mode = "a" if self.resume else "w"
        with contextlib.ExitStack() as opened:
            self.streams: list[IO[str] | None] = [
                None if path is None else opened.enter_context(open(path, mode, encoding="utf-8", newline="\n"))
                for path in self.paths
            ]
            self.opened = opened.pop_all()
        self.streams[0] = self.streams[0] or sys.stdout

    # What is there already

    def unanswered(self, put: Callable[[Block], None]) -> Callable[[Block], None]:
        """Returns what hands on only the blocks without an answer, and before them the last one that has one."""

        def put_unanswered(block: Block) -> None:
            if block.end <= self.num_there:
                self.answered = block
                return
            if block.start <= self.num_there:
                self.put_answered(put)
            put(block)

        return put_unanswered

    def put_answered(self, put: Callable[[Block], None]) -> None:
        """Hands on the last block that has an answer, to see whether it comes out as it did; or begins with nothing."""
        if self.answered is not None:
            put(self.answered)
        elif self.resume:
            self.cut(0)

    def end_of_input(self, put: Callable[[Block], None], number: int) -> None:
        """Sees to what is there already, if that is all or more.

        Args:
            put: What hands on blocks.
            number: How many lines were read.
        """
        if self.resume and number < self.num_there:
            raise TextrnnError(
                f"{self.paths[0]}: has answers to {counted(self.num_there, 'line')}, and {self.inputs} has {number:,}. "
                "It was made of another file. Leave out --resume to write it anew."
            )
        if self.resume and number == self.num_there:
            self.put_answered(put)

    def check(self, answer: Answer) -> None:
        """Raises `TextrnnError` unless what is there is like an answer; takes away what comes after it."""
        for path, text in zip(self.paths, answer.texts, strict=True):
            if path in self.lines_each and not is_like(text, self.written(path, answer)):
                raise TextrnnError(
                    f"{path}: was made of other lines, by another model or with other options than these, so it is not "
                    "gone on with. Say what was said the first time, or leave out --resume to write it anew."
                )
        self.cut(answer.end)

    def written(self, path: str, answer: Answer) -> str:
        """Returns what a file holds in the place of an answer."""
        start, end = (number * self.lines_each[path] for number in (answer.start, answer.end))
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join(itertools.islice(file, start, end))

    def cut(self, number: int) -> None:
        """Leaves the answers to the first lines, so many, in the files."""
        self.open()
        for path, each in self.lines_each.items():
            with open(path, "rb") as file:
                size = sum(map(len, itertools.islice(file, number * each)))
            os.truncate(path, size)
        self.progress.message(f"{self.paths[0]}: goes on after {counted(number, 'line')} of {self.inputs}")

    # What is written

    def take(self, answer: Answer) -> None:
        """Writes an answer, and what is to be said of it."""
        if self.answered is not None and answer.start == self.answered.start:
            self.check(answer)
            return
        self.open()
        for note in answer.notes:
            self.progress.message(f"note: {note}")
        for stream, text in zip(self.streams, answer.texts, strict=True):
            if stream is not None:
                stream.write(text)
                stream.flush()
        self.results += answer.results
        if answer.remark is not None and not self.is_remarked:
            self.progress.message(f"note: {answer.remark}. Such notes come once.")
            self.is_remarked = True

    def finish(self, number: int, is_said: bool = False) -> None:
        """Counts the lines that were written.

        Args:
            number: How many were read.
            is_said: Whether to say what was counted.

        Raises:
            TextrnnError: If they are not as many.
        """
        for path, each in self.lines_each.items():
            if not os.path.isfile(path):
                continue
            found = num_lines(path)
            if found != number * each:
                raise TextrnnError(
                    f"{path}: has {counted(found, 'line')}, where {number:,} were read from {self.inputs}."
                )
            if is_said:
                self.progress.message(f"{path}: {counted(found, 'line')} for the {number:,} of {self.inputs}")


def num_lines(path: str) -> int:
    """Returns how many whole lines a file has; none if it is not there."""
    try:
        with open(path, "rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    except FileNotFoundError:
        return 0


def is_like(text: str, other: str) -> bool:
    """Says whether at least half of the lines are the same: other processors may differ in the last bit of a score."""
    lines, others = text.splitlines(), other.splitlines()
    return 2 * sum(one == two for one, two in zip(lines, others, strict=False)) >= len(lines)
