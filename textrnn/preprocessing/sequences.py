"""Turns token ids into batches for training: `stream`, `lines` and `ngrams`, three forms of one objective.

- `stream`: one long text cut into contiguous windows; the recurrent state is carried from window to window.
- `lines`: one line per row, right-padded, rows of like length together.
- `ngrams`: every prefix of a line predicts its next token, pre-padded, as the Keras tutorials build them.

The loss of a line in the `lines` form equals the summed loss of all its n-gram sequences; only the cost differs. The
order of batches is a pure function of (seed, epoch), so an interrupted run can go on at any step. Encoded text lies in
temporary files that are mapped into memory, so memory does not grow with the corpus.
"""

import dataclasses
import mmap
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing.corpora import Corpus
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Tokenizer

__all__ = [
    "Batch",
    "BatchPlan",
    "EncodedText",
    "encode_corpus",
    "line_batches",
    "ngram_batches",
    "ngram_sequences",
    "pad",
    "stream_batches",
    "stream_windows",
]

BUCKET_POOL = 100  # batches whose lines are sorted by length together
LET_GO_EVERY = 200  # windows of a stream after which its pages are given back


@dataclasses.dataclass(frozen=True)
class Batch:
    """One training step's input.

    Args:
        inputs: Token ids, int32, shape `(batch, length)`.
        targets: Next tokens, int32: shape `(batch, length)`, or `(batch,)` in the n-gram form. `PAD_ID` counts for
            nothing.
        continues: Whether row `i` goes on where row `i` of the batch before it ended.
    """

    inputs: np.ndarray
    targets: np.ndarray
    continues: bool = False


@dataclasses.dataclass(frozen=True)
class EncodedText:
    """Token ids of a corpus, mapped from files.

    Args:
        token_ids: All tokens, newlines included, shape `(num_tokens,)`.
        line_ends: Position after each line's last token, its newline excluded, shape `(num_lines,)`.
        line_starts: Position of each line's first token, shape `(num_lines,)`.
        num_characters: Characters that the tokens stand for.
        num_unknown: How many tokens are unknown.
    """

    token_ids: np.ndarray
    line_starts: np.ndarray
    line_ends: np.ndarray
    num_characters: int
    num_unknown: int

    @property
    def num_tokens(self) -> int:
        """Number of tokens, newlines included."""
        return len(self.token_ids)

    @property
    def unknown_share(self) -> float:
        """Share of the tokens that the vocabulary does not hold."""
        return self.num_unknown / max(self.num_tokens, 1)

    def line(self, index: int, markers: bool) -> np.ndarray:
        """Returns the token ids of one line, between `bos` and `eos` if `markers` is set."""
        ids = self.token_ids[self.line_starts[index] : self.line_ends[index]].astype(np.int32)
        return np.concatenate([[BOS_ID], ids, [EOS_ID]]).astype(np.int32) if markers else ids


def encode_corpus(
    corpus: Corpus,
    tokenizer: Tokenizer,
    directory: pathlib.Path,
    name: str = "text",
    progress: Callable[[int], object] | None = None,
) -> EncodedText:
    """Encodes a corpus of any size into files below `directory`, a few thousand lines at a time.

    Args:
        corpus: The text.
        tokenizer: What encodes it.
        directory: Where the files go; they must outlive the result.
        name: Stem of the files' names.
        progress: Called with the number of characters read since the last call.
    """
    dtype = np.dtype(np.uint16 if tokenizer.vocabulary_size <= 65_536 else np.int32)
    num_characters = num_unknown = position = 0
    with open(directory / f"{name}.tokens", "wb") as tokens, open(directory / f"{name}.lines", "wb") as bounds:
        for chunk in chunks(corpus.pieces(progress)):
            encoded = tokenizer.encode_lines(chunk)
            lengths = np.array([len(ids) for ids in encoded], dtype=np.int64)
            has_newline = np.array([piece.endswith("\n") for piece in chunk])
            starts = position + np.cumsum(lengths) - lengths
            np.stack([starts, starts + lengths - has_newline], axis=1).tofile(bounds)
            flat = np.concatenate(encoded)
            flat.astype(dtype).tofile(tokens)
            position += len(flat)
            num_characters += sum(len(piece) for piece in chunk)
            num_unknown += int((flat == UNK_ID).sum())
    lines = mapped(directory / f"{name}.lines", np.dtype(np.int64)).reshape(-1, 2)
    token_ids = mapped(directory / f"{name}.tokens", dtype)
    return EncodedText(token_ids, lines[:, 0], lines[:, 1], num_characters, num_unknown)


def chunks(pieces: Iterator[str], max_characters: int = 1_000_000) -> Iterator[list[str]]:
    """Groups pieces of text into lists of about `max_characters` characters."""
    while group := list(take_characters(pieces, max_characters)):
        yield group


def take_characters(pieces: Iterator[str], max_characters: int) -> Iterator[str]:
    """Yields pieces until they hold `max_characters` characters."""
    passed = 0
    for piece in pieces:
        yield piece
        passed += len(piece)
        if passed >= max_characters:
            return


def mapped(path: pathlib.Path, dtype: np.dtype) -> np.ndarray:
    """Maps a file of numbers into memory; an empty file gives an empty array."""
    return np.memmap(path, dtype=dtype, mode="r") if path.stat().st_size else np.zeros(0, dtype)


def let_go(array: np.ndarray) -> None:
    """Gives back the memory of the pages of a mapped file that have been read; they come again when they are needed.

    Without it, a process that reads through a large file holds all of it in the end.
    """
    owner: Any = array
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)


def pad(sequences: Sequence[np.ndarray], side: str = "right", length: int | None = None) -> np.ndarray:
    """Stacks sequences of ids into one int32 array, filled up with `PAD_ID` on one side.

    Example:

    >>> pad([np.array([5, 6, 7]), np.array([8])], side="left").tolist()
    [[5, 6, 7], [0, 0, 8]]

    Args:
        sequences: Token ids, each of shape `(some_length,)`.
        side: "left" or "right", where the padding goes.
        length: Length of the result; by default that of the longest sequence. Longer sequences lose their beginning.

    Returns:
        Shape `(num_sequences, length)`.
    """
    length = max((len(ids) for ids in sequences), default=0) if length is None else length
    result = np.full((len(sequences), length), PAD_ID, dtype=np.int32)
    for row, ids in zip(result, sequences, strict=True):
        ids = ids[-length:] if length else ids[:0]
        if side == "left":
            row[length - len(ids) :] = ids
        else:
            row[: len(ids)] = ids
    return result


def ngram_sequences(token_ids: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Yields every prefix of a sequence with the token that follows it.

    Example:

    >>> [(prefix.tolist(), target) for prefix, target in ngram_sequences(np.array([5, 6, 7]))]
    [([5], 6), ([5, 6], 7)]
    """
    for end in range(1, len(token_ids)):
        yield token_ids[:end], int(token_ids[end])


def ngram_batches(
    text: EncodedText, batch_size: int, max_length: int, markers: bool, seed: int | None, epoch: int = 0
) -> Iterator[Batch]:
    """Yields the n-gram sequences of all lines, pre-padded to `max_length - 1` tokens, with integer targets.

    Longer prefixes lose their beginning. With a seed, the sequences are shuffled anew in each epoch: lines are drawn in
    random order, and the prefixes of a few hundred lines are mixed, so that memory stays flat.
    """
    order = line_order(text, seed, epoch)
    randomness = None if seed is None else np.random.Generator(np.random.PCG64([seed, epoch, 1]))
    left: list[tuple[np.ndarray, int]] = []
    for group in batched(order, 256):
        pairs = [pair for index in group for pair in ngram_sequences(text.line(index, markers))]
        if randomness is not None:
            pairs = [pairs[index] for index in randomness.permutation(len(pairs))]
        left.extend(pairs)
        while len(left) >= batch_size:
            yield ngram_batch(left[:batch_size], max_length)
            del left[:batch_size]
    if left:
        yield ngram_batch(left, max_length)


def ngram_batch(pairs: list[tuple[np.ndarray, int]], max_length: int) -> Batch:
    """Pads one batch of (prefix, target) pairs."""
    inputs = pad([prefix for prefix, _ in pairs], side="left", length=max_length - 1)
    return Batch(inputs, np.array([target for _, target in pairs], dtype=np.int32))


def line_batches(
    text: EncodedText, batch_size: int, max_length: int, markers: bool, seed: int | None, epoch: int = 0
) -> Iterator[Batch]:
    """Yields lines right-padded, rows of like length together; a line over `max_length` is cut into several rows.

    With a seed, both the lines and the batches come in random order.
    """
    order = line_order(text, seed, epoch)
    randomness = None if seed is None else np.random.Generator(np.random.PCG64([seed, epoch, 1]))
    for pool in batched(order, batch_size * BUCKET_POOL):
        rows = [row for index in pool for row in cut(text.line(index, markers), max_length)]
        let_go(text.token_ids)
        rows.sort(key=len)
        batches = list(batched(rows, batch_size))
        if randomness is not None:
            batches = [batches[index] for index in randomness.permutation(len(batches))]
        for batch in batches:
            yield Batch(pad([row[:-1] for row in batch]), pad([row[1:] for row in batch]))


def cut(token_ids: np.ndarray, max_length: int) -> Iterator[np.ndarray]:
    """Cuts a line into rows of at most `max_length` tokens in which each target occurs once."""
    for start in range(0, len(token_ids) - 1, max_length - 1):
        yield token_ids[start : start + max_length]


def line_order(text: EncodedText, seed: int | None, epoch: int) -> np.ndarray:
    """Returns the indices of the non-empty lines, shuffled if there is a seed."""
    lines = np.flatnonzero(text.line_ends > text.line_starts)
    if seed is None:
        return lines
    return np.random.Generator(np.random.PCG64([seed, epoch])).permutation(lines)


def batched(items: Any, size: int) -> Iterator[Any]:
    """Yields slices of `size` items."""
    return (items[start : start + size] for start in range(0, len(items), size))


def stream_windows(token_ids: np.ndarray, batch_size: int, length: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cuts one long token sequence into next-token training windows.

    Row `i` of each batch continues row `i` of the batch before it, so a recurrent state can be carried over. The last
    window may be shorter; fewer than `batch_size` tokens at the very end are left over.

    Example:

    >>> windows = stream_windows(np.array([5, 6, 7, 8, 9]), batch_size=2, length=3)
    >>> [(inputs.tolist(), targets.tolist()) for inputs, targets in windows]
    [([[5, 6], [7, 8]], [[6, 7], [8, 9]])]

    Args:
        token_ids: Integers, shape `(num_tokens,)`.
        batch_size: Number of rows, at least 1.
        length: Tokens per window, at least 1.

    Yields:
        Two int32 arrays of shape `(batch_size, length)`.

    Raises:
        TextrnnError: If there are not enough tokens for a target in every row.

    Reference: truncated backpropagation through time, Mikolov et al. 2010, section 2.
    """
    check_range("batch_size", batch_size, 1, whole=True)
    check_range("length", length, 1, whole=True)
    row_length = (len(token_ids) - 1) // batch_size
    if row_length < 1:
        raise TextrnnError(
            f"{len(token_ids)} tokens are too few for {batch_size} rows: each row needs a token and the one after it. "
            "Pass a longer corpus or a smaller `batch_size`."
        )
    used = row_length * batch_size
    inputs = token_ids[:used].reshape(batch_size, row_length)
    targets = token_ids[1 : used + 1].reshape(batch_size, row_length)
    for number, start in enumerate(range(0, row_length, length)):
        if number % LET_GO_EVERY == LET_GO_EVERY - 1:
            let_go(token_ids)
        window = slice(start, start + length)
        yield inputs[:, window].astype(np.int32), targets[:, window].astype(np.int32)


def stream_batches(
    text: EncodedText, batch_size: int, length: int, seed: int | None, epoch: int = 0
) -> Iterator[Batch]:
    """Yields contiguous windows; the first one of an epoch starts from a zero state.

    With a seed, each epoch begins at another of the first `length` tokens, so that the cuts fall elsewhere, and gives
    the same number of whole windows.
    """
    token_ids = text.token_ids
    num_windows = None
    if seed is not None:
        batch_size, length, num_windows = stream_shape(len(token_ids), batch_size, length)
        used = batch_size * length * num_windows + 1
        spare = min(len(token_ids) - used, length)
        start = int(np.random.Generator(np.random.PCG64([seed, epoch])).integers(0, spare + 1))
        token_ids = token_ids[start : start + used]
    for number, (inputs, targets) in enumerate(stream_windows(token_ids, batch_size, length)):
        yield Batch(inputs, targets, continues=number > 0)


def stream_shape(num_tokens: int, batch_size: int, length: int) -> tuple[int, int, int]:
    """Returns (rows, tokens per window, windows per epoch) that fit a text; rows and windows shrink for short texts."""
    batch_size = max(min(batch_size, (num_tokens - 1) // 2), 1)
    length = max(min(length, (num_tokens - 1) // batch_size), 1)
    num_windows = (num_tokens - 1 - length) // (batch_size * length)
    return batch_size, length, max(num_windows, 1)


@dataclasses.dataclass(frozen=True)
class BatchPlan:
    """All batches of a training run or a validation, as a pure function of (seed, epoch).

    Args:
        text: The encoded text.
        form: "stream", "lines" or "ngrams".
        batch_size: Rows per batch.
        length: Tokens per window in the "stream" form.
        max_length: Longest sequence in the other forms.
        markers: Whether sequences stand between `bos` and `eos` in the other forms.
        seed: Fixes the order; None keeps the order of the text.
    """

    text: EncodedText
    form: str
    batch_size: int
    length: int
    max_length: int
    markers: bool
    seed: int | None = None

    def batches(self, epoch: int = 0) -> Iterator[Batch]:
        """Yields the batches of one epoch."""
        if self.form == "stream":
            return stream_batches(self.text, self.batch_size, self.length, self.seed, epoch)
        make = line_batches if self.form == "lines" else ngram_batches
        return make(self.text, self.batch_size, self.max_length, self.markers, self.seed, epoch)

    @property
    def num_targets(self) -> int:
        """Tokens that an epoch predicts; exact but for the windows a seed leaves out at the end of a stream."""
        if self.form == "stream":
            return max(self.text.num_tokens - 1, 0)
        return int(self._targets_per_line().sum())

    @property
    def max_targets(self) -> int:
        """Most targets in a batch, padding included."""
        per_row = {"stream": self.length, "lines": self.max_length - 1, "ngrams": 1}
        return self.batch_size * per_row[self.form]

    @property
    def num_batches(self) -> int:
        """Batches in an epoch; in the "lines" form an estimate if lines are cut."""
        if self.form == "stream":
            return stream_shape(self.text.num_tokens, self.batch_size, self.length)[2]
        targets = self._targets_per_line()
        rows = targets.sum() if self.form == "ngrams" else (-(-targets // (self.max_length - 1))).sum()
        return int(-(-rows // self.batch_size))

    def _targets_per_line(self) -> np.ndarray:
        lengths = self.text.line_ends - self.text.line_starts
        return np.maximum(lengths[lengths > 0] + (1 if self.markers else -1), 0)
