"""Turns token ids into batches for training: `stream`, `lines` and `ngrams`, three forms of one objective.

- `stream`: long text cut into contiguous windows; the recurrent state is carried from window to window, and starts anew
  at each document.
- `lines`: one document per row, by default a line, right-padded, rows of like length together.
- `ngrams`: every prefix of a document predicts its next token, pre-padded, as the Keras tutorials build them.

The loss of a document in the `lines` form equals the summed loss of all its n-gram sequences; only the cost differs.
The order of batches is a pure function of (seed, epoch), so an interrupted run can go on at any step. Encoded text lies
in temporary files that are mapped into memory, so memory does not grow with the corpus.
"""

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing.batches import Batch, pad
from textrnn.preprocessing.encoding import EncodedText, encode_corpus, let_go
from textrnn.preprocessing.tokenizers import PAD_ID

__all__ = [
    "EncodedText",
    "TextPlan",
    "document_windows",
    "encode_corpus",
    "line_batches",
    "ngram_batches",
    "ngram_sequences",
    "stream_batches",
    "stream_windows",
]

BUCKET_POOL = 100  # batches whose rows are sorted by length together
LET_GO_EVERY = 200  # windows of a stream after which its pages are given back


def ngram_sequences(token_ids: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Yields every prefix of a sequence with the token that follows it.

    Example:

    >>> [(prefix.tolist(), target) for prefix, target in ngram_sequences(np.array([5, 6, 7]))]
    [([5], 6), ([5, 6], 7)]
    """
    for end in range(1, len(token_ids)):
        yield token_ids[:end], int(token_ids[end])


def ngram_batches(
    text: EncodedText, batch_size: int, max_length: int, seed: int | None, epoch: int = 0
) -> Iterator[Batch]:
    """Yields the n-gram sequences of all documents, with integer targets, pre-padded to the longest one.

    Prefixes over `max_length - 1` tokens lose their beginning. With a seed, the sequences are shuffled anew in each
    epoch: documents are drawn in random order, and the prefixes of a few hundred are mixed, so that memory stays flat.
    """
    order = document_order(text, seed, epoch)
    width = min(max_length, int(text.lengths.max(initial=2))) - 1
    randomness = None if seed is None else np.random.Generator(np.random.PCG64([seed, epoch, 1]))
    left: list[tuple[np.ndarray, int]] = []
    for group in batched(order, 256):
        pairs = [pair for index in group for pair in ngram_sequences(text.document(index))]
        if randomness is not None:
            pairs = [pairs[index] for index in randomness.permutation(len(pairs))]
        left.extend(pairs)
        while len(left) >= batch_size:
            yield ngram_batch(left[:batch_size], width)
            del left[:batch_size]
    if left:
        yield ngram_batch(left, width)


def ngram_batch(pairs: list[tuple[np.ndarray, int]], width: int) -> Batch:
    """Pads one batch of (prefix, target) pairs."""
    inputs = pad([prefix for prefix, _ in pairs], side="left", length=width)
    return Batch(inputs, np.array([target for _, target in pairs], dtype=np.int32))


def line_batches(
    text: EncodedText, batch_size: int, max_length: int, seed: int | None, epoch: int = 0
) -> Iterator[Batch]:
    """Yields documents right-padded, rows of like length together.

    Rows over `max_length` tokens go on in the next batch, with the state that this one leaves. With a seed, both the
    documents and the batches come in random order.
    """
    for group in line_groups(text.lengths, batch_size, seed, epoch):
        rows = [text.document(index) for index in group]
        let_go(text.token_ids)
        inputs, targets = pad([row[:-1] for row in rows]), pad([row[1:] for row in rows])
        for start in range(0, inputs.shape[1], max_length - 1):
            window = slice(start, start + max_length - 1)
            yield Batch(inputs[:, window], targets[:, window], continues=start > 0)


def line_groups(lengths: np.ndarray, batch_size: int, seed: int | None, epoch: int) -> Iterator[np.ndarray]:
    """Yields the indices of the documents of each batch, those of like length together."""
    order = shuffled(np.flatnonzero(lengths > 1), seed, epoch)
    randomness = None if seed is None else np.random.Generator(np.random.PCG64([seed, epoch, 1]))
    for pool in batched(order, batch_size * BUCKET_POOL):
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        groups = list(batched(pool, batch_size))
        if randomness is not None:
            groups = [groups[index] for index in randomness.permutation(len(groups))]
        yield from groups


def document_order(text: EncodedText, seed: int | None, epoch: int) -> np.ndarray:
    """Returns the indices of the documents that predict something, shuffled if there is a seed."""
    return shuffled(np.flatnonzero(text.lengths > 1), seed, epoch)


def shuffled(indices: np.ndarray, seed: int | None, epoch: int) -> np.ndarray:
    """Returns the indices in an order drawn from (seed, epoch), or as they are without a seed."""
    if seed is None:
        return indices
    return np.random.Generator(np.random.PCG64([seed, epoch])).permutation(indices)


def batched(items: Any, size: int) -> Iterator[Any]:
    """Yields slices of `size` items."""
    return (items[start : start + size] for start in range(0, len(items), size))


def stream_windows(
    token_ids: np.ndarray, batch_size: int, length: int, begin: int = 0, end: int | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
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
        begin: The first token that counts.
        end: The token after the last one that counts; None is the end of all.

    Yields:
        Two int32 arrays of shape `(batch_size, length)`.

    Raises:
        TextrnnError: If there are not enough tokens for a target in every row.

    Reference: truncated backpropagation through time, Mikolov et al. 2010, section 2.
    """
    check_range("batch_size", batch_size, 1, whole=True)
    check_range("length", length, 1, whole=True)
    num_tokens = (len(token_ids) if end is None else end) - begin
    row_length = (num_tokens - 1) // batch_size
    if row_length < 1:
        raise TextrnnError(
            f"{num_tokens} tokens are too few for {batch_size} rows: each row needs a token and the one after it. "
            "Pass a longer corpus or a smaller `batch_size`."
        )
    starts = range(begin, begin + row_length * batch_size, row_length)
    for number, passed in enumerate(range(0, row_length, length)):
        if number % LET_GO_EVERY == LET_GO_EVERY - 1:
            let_go(token_ids)
        size = min(length, row_length - passed)
        rows = [token_ids[start + passed : start + passed + size + 1] for start in starts]
        window = np.stack(rows).astype(np.int32)  # (batch_size, size + 1)
        yield window[:, :-1].copy(), window[:, 1:].copy()


def document_windows(
    text: EncodedText, batch_size: int, length: int, start: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Cuts a sequence of documents into next-token training windows that never hold tokens of two documents.

    The tokens are divided among the rows as in `stream_windows`, and each row reads its part at its own pace: a window
    ends, padded, where a document ends, and the next one begins with the next document.

    Args:
        text: The documents.
        batch_size: Number of rows, at least 1.
        length: Tokens per window, at least 1.
        start: The first token read.

    Yields:
        Inputs and targets, int32 of shape `(batch_size, length)`, right-padded, and whether each row continues the
        window before it, booleans of shape `(batch_size,)`.
    """
    positions = np.linspace(start, text.num_tokens, batch_size + 1).astype(np.int64)
    positions, limits = positions[:-1], positions[1:]
    continues = np.zeros(batch_size, dtype=bool)
    number = 0
    while (positions < limits).any():
        number += 1
        if number % LET_GO_EVERY == 0:
            let_go(text.token_ids)
        inputs = np.full((batch_size, length), PAD_ID, dtype=np.int32)
        targets = inputs.copy()
        ends = text.ends[np.searchsorted(text.ends, np.minimum(positions, text.num_tokens - 1), side="right")]
        # A document's last token is predicted and never read.
        stops = np.minimum(np.minimum(positions + length, ends - 1), limits)
        for row in np.flatnonzero(stops > positions):
            size = stops[row] - positions[row]
            inputs[row, :size] = text.token_ids[positions[row] : stops[row]]
            targets[row, :size] = text.token_ids[positions[row] + 1 : stops[row] + 1]
        if targets.any():
            yield inputs, targets, continues.copy()
        is_over = stops >= ends - 1
        continues = ~is_over
        positions = np.where(is_over, np.maximum(ends, positions), stops)


def num_document_windows(text: EncodedText, batch_size: int, length: int, start: int = 0) -> int:
    """Returns how many windows `document_windows` yields."""
    bounds = np.linspace(start, text.num_tokens, batch_size + 1).astype(np.int64)
    counts = []
    for first, limit in itertools.pairwise(bounds):
        starts, ends = np.maximum(text.starts, first), np.minimum(text.ends - 1, limit)
        sizes = np.maximum(ends - starts, 0)
        counts.append(int((-(-sizes // length)).sum()))
    return max(counts)


def stream_batches(
    text: EncodedText, batch_size: int, length: int, seed: int | None, epoch: int = 0, state_reset: float = 0.0
) -> Iterator[Batch]:
    """Yields contiguous windows; the first one of an epoch starts from a zero state, and so does each document.

    With a seed, each epoch begins at another of the first `length` tokens, so that the cuts fall elsewhere, and gives
    the same number of whole windows of running text.

    Args:
        text: The text.
        batch_size: Rows per batch.
        length: Tokens per window.
        seed: Fixes where each epoch begins and which states are reset; None begins at the first token.
        epoch: Which epoch.
        state_reset: Share of the rows whose state starts anew at each window all the same.
    """
    randomness = np.random.Generator(np.random.PCG64([seed or 0, epoch, 2]))
    windows = marked_windows(text, batch_size, length, seed, epoch)
    for inputs, targets, continues in windows:
        if state_reset:
            continues = continues & (randomness.random(len(inputs)) >= state_reset)
        yield Batch(inputs, targets, bool(continues[0]) if (continues == continues[0]).all() else continues)


def marked_windows(
    text: EncodedText, batch_size: int, length: int, seed: int | None, epoch: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yields inputs, targets, and whether each row continues, of one epoch."""
    randomness = None if seed is None else np.random.Generator(np.random.PCG64([seed, epoch]))
    if text.markers:
        spare = min(text.num_tokens // (2 * batch_size), length)
        start = 0 if randomness is None else int(randomness.integers(0, spare + 1))
        yield from document_windows(text, batch_size, length, start)
        return
    start, end = 0, text.num_tokens
    if randomness is not None:
        batch_size, length, num_windows = stream_shape(text.num_tokens, batch_size, length)
        used = batch_size * length * num_windows + 1
        start = int(randomness.integers(0, min(text.num_tokens - used, length) + 1))
        end = start + used
    for number, (inputs, targets) in enumerate(stream_windows(text.token_ids, batch_size, length, start, end)):
        yield inputs, targets, np.full(len(inputs), number > 0)


def stream_shape(num_tokens: int, batch_size: int, length: int) -> tuple[int, int, int]:
    """Returns (rows, tokens per window, windows per epoch) that fit a text; rows and windows shrink for short texts."""
    batch_size = max(min(batch_size, (num_tokens - 1) // 2), 1)
    length = max(min(length, (num_tokens - 1) // batch_size), 1)
    num_windows = (num_tokens - 1 - length) // (batch_size * length)
    return batch_size, length, max(num_windows, 1)


@dataclasses.dataclass(frozen=True)
class TextPlan:
    """All batches of a training run or a validation, as a pure function of (seed, epoch).

    Args:
        text: The encoded text.
        form: "stream", "lines" or "ngrams".
        batch_size: Rows per batch.
        length: Tokens per window in the "stream" form.
        max_length: Longest row in the other forms.
        seed: Fixes the order; None keeps the order of the text.
        state_reset: Share of the rows whose state starts anew at each window of the "stream" form.
    """

    text: EncodedText
    form: str
    batch_size: int
    length: int
    max_length: int
    seed: int | None = None
    state_reset: float = 0.0

    def batches(self, epoch: int = 0) -> Iterator[Batch]:
        """Yields the batches of one epoch."""
        if self.form == "stream":
            return stream_batches(self.text, self.batch_size, self.length, self.seed, epoch, self.state_reset)
        make = line_batches if self.form == "lines" else ngram_batches
        return make(self.text, self.batch_size, self.max_length, self.seed, epoch)

    @property
    def num_targets(self) -> int:
        """Tokens that an epoch predicts; exact but for the windows a seed leaves out at the end of a stream."""
        return int(np.maximum(self.text.lengths - 1, 0).sum())

    @property
    def max_targets(self) -> int:
        """Most targets in a batch, padding included."""
        if self.form == "lines":
            return self.batch_size * (self.longest_row - 1)
        return self.batch_size * (self.length if self.form == "stream" else 1)

    @property
    def longest_row(self) -> int:
        """Tokens of the longest row of the "lines" and "ngrams" forms."""
        return min(self.max_length, max(int(self.text.lengths.max(initial=2)), 2))

    @functools.cached_property
    def num_batches(self) -> int:
        """Batches in the first epoch; where documents differ in length, other epochs may have a few more or fewer."""
        if self.form == "ngrams":
            return -(-self.num_targets // self.batch_size)
        if self.form == "lines":
            lengths = self.text.lengths
            groups = line_groups(lengths, self.batch_size, self.seed, 0)
            return sum(-(-int(lengths[group].max() - 1) // (self.max_length - 1)) for group in groups)
        if self.text.markers:
            return num_document_windows(self.text, self.batch_size, self.length)
        return stream_shape(self.text.num_tokens, self.batch_size, self.length)[2]
