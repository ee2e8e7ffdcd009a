"""Reads text as a stream of lines, and splits it without letting training text leak into validation.

A `Corpus` is a list of files plus rules for which of their text it covers; it holds no text, so its size does not
matter. Every pass over `lines()` reads the files again.
"""

import dataclasses
import io
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

from textrnn.errors import TextrnnError, check_choice, check_range, nearest
from textrnn.preprocessing.downloads import named_corpus
from textrnn.preprocessing.files import decoded_pieces, shown_name
from textrnn.preprocessing.sources import found_paths, skipped_note, text_of_tables
from textrnn.preprocessing.splits import Line, Rule, split_by_block, split_by_draw
from textrnn.preprocessing.spools import SpooledPath
from textrnn.preprocessing.tables import read_pairs

__all__ = ["Corpus", "load", "read", "read_pairs", "split"]

DOCUMENTS = ("line", "file", "item")


@dataclasses.dataclass(frozen=True)
class Corpus:
    r"""Text in files, read as a stream.

    Args:
        paths: The files, read one after another.
        encoding: The files' encoding, unless a byte order mark tells another.
        documents: What makes a document: "line", "file", "item" (one string of a list, one row of a table), any other
            text for a line that stands between documents ("\n\n" is a blank line); None for running text.
        rules: Which of the text is covered, made by `split`.
        skipped: Files of directories that were left out, each with the reason.
        notes: Sentences that the user should see.
    """

    paths: tuple[pathlib.Path, ...]
    encoding: str = "utf-8"
    documents: str | None = None
    rules: tuple[Rule, ...] = ()
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def has_items(self) -> bool:
        """Whether the text comes in pieces of its own: strings of a list, or rows of a table."""
        return any(isinstance(path, SpooledPath) and path.num_items is not None for path in self.paths)

    def marked_pieces(self, progress: Callable[[int], object] | None = None) -> Iterator[tuple[bool, str]]:
        """Yields (whether it begins a document, text) of each line, the text as NFC with the newline that ends it.

        The last line of a document has no newline, and separators belong to no document. Running text, without
        `documents`, has no beginnings and keeps all its newlines.

        Args:
            progress: Called with the number of characters of each line read, to move a progress bar.

        Raises:
            TextrnnError: If a file cannot be read or decoded; names the file, the line and the byte.
        """
        stream = self.stream(progress)
        if self.documents is None:
            for line in stream:
                yield False, line.piece
            return
        held = next(stream, None)
        for line in stream:
            yield held.begins, held.piece.removesuffix("\n") if line.begins else held.piece  # type: ignore[union-attr]
            held = line
        if held is not None:
            yield held.begins, held.piece.removesuffix("\n")

    def pieces(self, progress: Callable[[int], object] | None = None) -> Iterator[str]:
        """Yields the text line by line as NFC, each line with the newline that ends it; documents without separators.

        Args:
            progress: Called with the number of characters of each line read, to move a progress bar.
        """
        if len(self.paths) == 1 and self.is_plain and progress is None:  # the common case, at full speed
            yield from decoded_pieces(self.paths[0], self.encoding)
            return
        for line in self.stream(progress):
            yield line.piece

    @property
    def is_plain(self) -> bool:
        """Whether this is all the text of its files, as running text."""
        return not (self.rules or self.documents is not None or self.has_items)

    def lines(self) -> Iterator[str]:
        """Yields each line without its newline."""
        for piece in self.pieces():
            yield piece.removesuffix("\n")

    def text(self) -> str:
        """Returns all the text at once; only for corpora that fit in memory."""
        return "".join(self.pieces())

    def num_bytes(self) -> int:
        """Returns the size of the files on disk, in bytes."""
        return sum(path.stat().st_size for path in self.paths)

    def stream(self, progress: Callable[[int], object] | None = None) -> Iterator[Line]:
        """Yields the lines that the rules leave, each with its newline, but perhaps the very last."""
        lines = self.running_text(progress) if self.documents is None else self.marked_lines(progress)
        for rule in self.rules:
            lines = rule.applied(lines)
        return lines

    def running_text(self, progress: Callable[[int], object] | None) -> Iterator[Line]:
        """Yields all lines; what lacks a newline at its end gets one if anything follows."""
        held: Line | None = None
        for path, pieces in self.units_with_paths(progress):
            for piece in pieces:
                if held is not None:
                    yield held._replace(piece=held.piece + "\n")
                    held = None
                if piece[-1] == "\n":
                    yield Line(path, False, piece)
                else:
                    held = Line(path, False, piece)
        if held is not None:
            yield held

    def marked_lines(self, progress: Callable[[int], object] | None) -> Iterator[Line]:
        """Yields the lines of documents, without blank lines around them."""
        each_line = self.documents == "line"
        separator = None if self.documents in DOCUMENTS else separator_line(self.documents or "")
        table: pathlib.Path | None = None  # the one whose rows make one document
        for path, pieces in self.units_with_paths(progress):
            begins = path is not table
            table = path if self.documents == "file" and getattr(path, "origin", None) else None
            blanks: list[Line] = []
            for piece in pieces:
                content = piece.strip()
                if separator is not None and content == separator:
                    begins, blanks = True, []
                elif not content:
                    blanks.append(Line(path, False, piece))
                else:
                    if not begins:
                        yield from blanks
                    yield Line(path, begins, piece if piece[-1] == "\n" else piece + "\n")
                    begins, blanks = each_line, []

    def units_with_paths(
        self, progress: Callable[[int], object] | None
    ) -> Iterator[tuple[pathlib.Path, Iterator[str]]]:
        """Yields (its file, lines) of each file, row of a table or string of a list."""
        for path in self.paths:
            for pieces in self.units_of(path):
                yield path, pieces if progress is None else reported(pieces, progress)

    def units_of(self, path: pathlib.Path) -> Iterator[Iterator[str]]:
        """Yields the lines of a file, or of each string in it, if it holds strings."""
        if isinstance(path, SpooledPath) and path.num_items is not None:
            yield from (io.StringIO(item, newline="\n") for item in path.items())
        else:
            yield decoded_pieces(path, self.encoding)


def reported(pieces: Iterator[str], progress: Callable[[int], object]) -> Iterator[str]:
    """Yields pieces and tells how long each is."""
    for piece in pieces:
        progress(len(piece))
        yield piece


def read(
    source: Any, encoding: str = "utf-8", *, column: str | int | None = None, documents: str | None = None
) -> Corpus:
    r"""Opens text: files, directories, standard input, named corpora, or strings in memory.

    Example:

        read("novel.txt")
        read(["one.txt", "two.txt.gz", "folder"], documents="file")
        read("tweets.csv", column="text", documents="item")
        read(list_of_poems, documents="item")

    Args:
        source: A file (gzip, or zip with one text, too), a directory with text files, "-" for standard input, a name
            for `load`, or several of these; or anything that yields strings: a list, a generator, a column of a data
            frame. A list whose items are all files is taken for files. A single string is a file's name, never text.
        encoding: The files' encoding, unless a byte order mark tells another.
        column: Which column of CSV, TSV or JSON lines to read, or which field of mappings: a name, or a number from 1.
            Of files of JSON alone the field `text`, or the only one, is read without it.
        documents: What makes a document; see `Corpus`.

    Raises:
        TextrnnError: If something is missing, empty, or not text.
    """
    check_documents(documents)
    if isinstance(source, Corpus):
        return dataclasses.replace(source, documents=documents or source.documents)
    paths, skipped = found_paths(source, column)
    paths, notes = text_of_tables(paths, encoding, column)
    corpus = Corpus(tuple(paths), encoding, documents, (), tuple(skipped), (*skipped_note(skipped), *notes))
    if not any(line.strip() for line in corpus.lines()):
        names = ", ".join(shown_name(path) for path in paths[:3])
        raise TextrnnError(f"There is no text in {names}: nothing but white space. Pass a corpus with text.")
    check_separator(corpus)
    return corpus


def check_documents(documents: Any) -> None:
    """Raises `TextrnnError` unless `documents` can say what a document is."""
    if documents is not None and (not isinstance(documents, str) or not documents):
        raise TextrnnError(
            f"`documents` must be one of {', '.join(map(repr, DOCUMENTS))}, or the line that stands between documents. "
            f"Received: {documents!r}."
        )


def separator_line(documents: str) -> str:
    r"""Returns the line between documents without white space around it; a typed `\n` is a newline."""
    return documents.replace(r"\n", "\n").strip()


def check_separator(corpus: Corpus) -> None:
    """Raises `TextrnnError` if the line that should stand between documents is nowhere."""
    if corpus.documents is None or corpus.documents in DOCUMENTS:
        return
    separator = separator_line(corpus.documents)
    if not any(line.strip() == separator for line in dataclasses.replace(corpus, documents=None).lines()):
        line = f"line {separator!r}" if separator else "blank line"
        raise TextrnnError(
            f"`documents`: there is no {line} in {shown_name(corpus.paths[0])} to stand between documents."
            f"{nearest(separator, DOCUMENTS)} Pass 'line', 'file', 'item' or a line that is there."
        )


def split(corpus: Corpus, fraction: float, by: str = "block", seed: int = 0) -> tuple[Corpus, Corpus]:
    """Splits a corpus into training and validation text before any window is cut from it.

    What was split may be split again: both divisions hold, the second draw is independent of the first, and its share
    is one of what the first has left.

    Args:
        corpus: What to split.
        fraction: Share of the text that validation gets, above 0 and below 1.
        by: "block" takes the last characters, from the beginning of a document or line if one is near; "line" draws
            lines, "document" whole documents, equal ones always together; "group" draws files.
        seed: Another seed draws other lines, documents or files.

    Returns:
        The training corpus and the validation corpus.

    Raises:
        TextrnnError: If either side would be empty.
    """
    check_range("fraction", fraction, 0, 1, above=True, below=True)
    check_choice("by", by, ("block", "line", "document", "group"))
    if by == "document" and corpus.documents is None:
        raise TextrnnError("`by='document'` needs documents. Say what they are: documents='line', 'file', ...")
    if by == "block":
        rules = split_by_block(corpus.stream, fraction)
    else:
        rules = split_by_draw(corpus.stream, fraction, by, seed, corpus.rules, corpus.paths)
    training, validation = (dataclasses.replace(corpus, rules=(*corpus.rules, rule)) for rule in rules)
    return training, validation


def load(name: str) -> Corpus:
    """Finds a public corpus by name: below `$TEXTRNN_CORPORA`, in the cache, or on the network.

    Args:
        name: "gutenberg:shakespeare-hamlet" (any text of NLTK's Gutenberg selection) or "tatoeba:eng-spa"
            (any language pair; read it with `read_pairs`).

    Raises:
        TextrnnError: If the name is unknown, or the corpus is not here and cannot be downloaded.
    """
    return Corpus((named_corpus(name),))
