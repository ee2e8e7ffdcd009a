"""Encodes a corpus of any size into files of token ids that are mapped into memory, so that memory stays flat."""

import dataclasses
import mmap
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from textrnn.preprocessing.corpora import Corpus
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, UNK_ID, Tokenizer

__all__ = ["EncodedText", "encode_corpus", "let_go"]

CHUNK_CHARACTERS = 1_000_000


@dataclasses.dataclass(frozen=True)
class EncodedText:
    """Token ids of a corpus, mapped from files.

    Args:
        token_ids: All tokens, shape `(num_tokens,)`; with `markers`, each document between `bos` and `eos`.
        starts: Position of each document's first token, shape `(num_documents,)`. Running text is one document, or one
            for each line if a form asks for that.
        ends: Position after each document's last token, shape `(num_documents,)`.
        num_characters: Characters that the tokens stand for; an `eos` stands for the newline or separator in its place.
        num_unknown: How many tokens are unknown.
        markers: Whether documents stand between `bos` and `eos`.
    """

    token_ids: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    num_characters: int
    num_unknown: int
    markers: bool = False

    @property
    def num_tokens(self) -> int:
        """Number of tokens, markers included."""
        return len(self.token_ids)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each document, markers included, shape `(num_documents,)`."""
        lengths: np.ndarray = self.ends - self.starts
        return lengths

    @property
    def unknown_share(self) -> float:
        """Share of the tokens that the vocabulary does not hold."""
        return self.num_unknown / max(self.num_tokens, 1)

    def document(self, index: int) -> np.ndarray:
        """Returns the token ids of one document, int32 of shape `(length,)`."""
        return self.token_ids[self.starts[index] : self.ends[index]].astype(np.int32)


def encode_corpus(
    corpus: Corpus,
    tokenizer: Tokenizer,
    directory: pathlib.Path,
    name: str = "text",
    progress: Callable[[int], object] | None = None,
    markers: bool = False,
) -> EncodedText:
    """Encodes a corpus into files below `directory`, a few thousand lines at a time.

    Args:
        corpus: The text; its `documents` say where one ends and the next begins.
        tokenizer: What encodes it.
        directory: Where the files go; they must outlive the result.
        name: Stem of the files' names.
        progress: Called with the number of characters read since the last call.
        markers: Whether to put each document between `bos` and `eos`.
    """
    dtype = dtype_of(tokenizer.vocabulary_size)
    num_characters = num_unknown = 0
    with open(directory / f"{name}.tokens", "wb") as tokens, open(directory / f"{name}.bounds", "wb") as bounds:
        writer = DocumentWriter(markers)
        for chunk in chunks(corpus.marked_pieces(progress)):
            encoded = tokenizer.encode_lines([piece for _, piece in chunk])
            for (begins, _), ids in zip(chunk, encoded, strict=True):
                writer.add(ids, begins)
            num_characters += sum(len(piece) for _, piece in chunk)
            num_unknown += sum(int((ids == UNK_ID).sum()) for ids in encoded)
            writer.write(tokens, bounds, dtype)
        writer.close()
        writer.write(tokens, bounds, dtype)
    return mapped_text(directory, name, tokenizer.vocabulary_size, (num_characters, num_unknown), markers)


def dtype_of(vocabulary_size: int) -> np.dtype:
    """Returns the smallest type that holds the token ids of a vocabulary."""
    return np.dtype(np.uint16 if vocabulary_size <= 65_536 else np.int32)


def mapped_text(
    directory: pathlib.Path, name: str, vocabulary_size: int, counts: tuple[int, int], markers: bool
) -> EncodedText:
    """Maps what `encode_corpus` has written into memory, in this process or another.

    Args:
        directory: Where the files are.
        name: Stem of their names.
        vocabulary_size: Of the tokenizer that has encoded them.
        counts: Characters that were read, and unknown tokens.
        markers: Whether documents stand between `bos` and `eos`.
    """
    found = mapped(directory / f"{name}.bounds", np.dtype(np.int64)).reshape(-1, 2)
    token_ids = mapped(directory / f"{name}.tokens", dtype_of(vocabulary_size))
    num_characters, num_unknown = counts
    if markers:
        num_characters += len(found)
    return EncodedText(token_ids, found[:, 0], found[:, 1], num_characters, num_unknown, markers)


class DocumentWriter:
    """Puts encoded pieces together to documents; a document without tokens leaves no trace."""

    def __init__(self, markers: bool) -> None:
        self.markers = markers
        self.parts: list[np.ndarray] = []
        self.bounds: list[tuple[int, int]] = []
        self.position = 0
        self.start: int | None = None

    def add(self, token_ids: np.ndarray, begins: bool) -> None:
        """Adds a piece; `begins` says that a new document begins with it."""
        if begins:
            self.close()
        if not len(token_ids):
            return
        if self.start is None:
            self.start = self.position
            if self.markers:
                self._append(np.array([BOS_ID]))
        self._append(token_ids)

    def close(self) -> None:
        """Ends the document that is open, if there is one."""
        if self.start is not None:
            if self.markers:
                self._append(np.array([EOS_ID]))
            self.bounds.append((self.start, self.position))
            self.start = None

    def _append(self, token_ids: np.ndarray) -> None:
        self.parts.append(token_ids)
        self.position += len(token_ids)

    def write(self, tokens: Any, bounds: Any, dtype: np.dtype) -> None:
        """Writes what has come together to the two files, and forgets it."""
        if self.parts:
            np.concatenate(self.parts).astype(dtype).tofile(tokens)
        if self.bounds:
            np.array(self.bounds, dtype=np.int64).tofile(bounds)
        self.parts, self.bounds = [], []


def chunks(pieces: Iterable[tuple[bool, str]]) -> Iterator[list[tuple[bool, str]]]:
    """Groups pieces of text into lists of about `CHUNK_CHARACTERS` characters."""
    group: list[tuple[bool, str]] = []
    passed = 0
    for begins, piece in pieces:
        group.append((begins, piece))
        passed += len(piece) + 1
        if passed >= CHUNK_CHARACTERS:
            yield group
            group, passed = [], 0
    if group:
        yield group


def mapped(path: pathlib.Path, dtype: np.dtype) -> np.ndarray:
    """Maps a file of numbers into memory; an empty file gives an empty array."""
    return np.memmap(path, dtype=dtype, mode="r") if path.stat().st_size else np.zeros(0, dtype)


def let_go(array: np.ndarray) -> None:
    """Gives back the memory of the pages of a mapped file that have been read; they come again when they are needed.

    Without it, a process that reads through a large file holds all of it in the end.
    """
    for part in getattr(array, "parts", [array]):
        owner: Any = part
        while isinstance(owner, np.ndarray) and owner.base is not None:
            owner = owner.base
        if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            owner.madvise(mmap.MADV_DONTNEED)
