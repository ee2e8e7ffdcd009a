"""Encodes sentence pairs and makes batches of like length."""

import dataclasses
import functools
import hashlib
import math
from collections.abc import Callable, Iterator

import numpy as np

from textrnn.config import TranslatorTrainingConfig
from textrnn.errors import TextrnnError
from textrnn.preprocessing.batches import Batch, budgeted, pad
from textrnn.preprocessing.pairs import Pairs
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Tokenizer
from textrnn.progress import Progress
from textrnn.wording import counted

__all__ = [
    "EncodedPairs",
    "PairPlan",
    "encode_pairs",
    "encoded_pairs",
    "pair_batch",
    "pairs_digest",
    "without_special_ids",
]

BUCKET_POOL = 200  # batches whose pairs are sorted by length together
USUAL_RATIO = 1.5  # between two languages of one script; beyond it, a corpus has its own measure
ENOUGH_PAIRS = 100  # to tell that measure
SHORT = 8  # tokens; the lengths of shorter sentences say little about whether they translate each other


@dataclasses.dataclass(frozen=True, eq=False)
class EncodedPairs:
    """Token ids of sentence pairs, int32 arrays without special ids."""

    sources: list[np.ndarray]
    targets: list[np.ndarray]

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def num_source_tokens(self) -> int:
        """Source tokens to read, `eos` included."""
        return sum(len(ids) + 1 for ids in self.sources)

    @property
    def num_target_tokens(self) -> int:
        """Target tokens to predict, `eos` included."""
        return sum(len(ids) + 1 for ids in self.targets)

    @property
    def unknown_share(self) -> float:
        """Share of the tokens that the vocabularies do not hold."""
        unknown = sum(int((ids == UNK_ID).sum()) for ids in self.sources + self.targets)
        return unknown / max(self.num_source_tokens + self.num_target_tokens, 1)

    def kept(self, max_length: int, max_ratio: float) -> "np.ndarray":
        """Returns the indices of the pairs that are neither too long nor too unequal.

        Unequal is what differs from the usual: a character of Chinese stands for three or four of English.
        """
        lengths = np.array([[len(s), len(t)] for s, t in zip(self.sources, self.targets, strict=True)]).reshape(-1, 2)
        longer = lengths.max(axis=1)
        scaled = lengths * [1.0, self._usual_ratio(lengths)]  # target tokens in the measure of source tokens
        equal = scaled.max(axis=1) <= max_ratio * scaled.min(axis=1)
        return np.flatnonzero((longer <= max_length) & (equal | (longer <= SHORT)))

    @staticmethod
    def _usual_ratio(lengths: np.ndarray) -> float:
        """Returns how many source tokens a target token stands for, or 1 where that is about it or cannot be told."""
        if len(lengths) < ENOUGH_PAIRS:
            return 1.0
        ratio = float(np.median(np.maximum(lengths[:, 0], 1) / np.maximum(lengths[:, 1], 1)))
        return ratio if max(ratio, 1 / ratio) > USUAL_RATIO else 1.0

    def take(self, indices: np.ndarray) -> "EncodedPairs":
        """Returns the pairs at these indices."""
        return EncodedPairs([self.sources[i] for i in indices], [self.targets[i] for i in indices])


def encode_pairs(pairs: Pairs, source_tokenizer: Tokenizer, target_tokenizer: Tokenizer) -> EncodedPairs:
    """Encodes both sides of all pairs."""
    return EncodedPairs(source_tokenizer.encode_lines(pairs.sources), target_tokenizer.encode_lines(pairs.targets))


def encoded_pairs(
    pairs: Pairs,
    tokenizers: tuple[Tokenizer, Tokenizer],
    config: TranslatorTrainingConfig,
    use: str,
    progress: Progress,
    read_pairs: Callable[[Pairs], Pairs] | None = None,
) -> tuple[Pairs, EncodedPairs]:
    """Encodes pairs and leaves out those that are too long or too unequal, saying how many.

    Args:
        pairs: The pairs.
        tokenizers: Those of the source and the target language.
        config: Its `max_length` and `max_ratio` count.
        use: What the pairs are for: to "train on" or to "validate on".
        progress: Where to say how many are left out.
        read_pairs: Returns pairs as the network reads them, where it does not read them as they are.

    Returns:
        The pairs that are kept, as they were, and their token ids.

    Raises:
        TextrnnError: If none are left.
    """
    encoded = encode_pairs(pairs if read_pairs is None else read_pairs(pairs), *tokenizers)
    kept = encoded.kept(config.max_length, config.max_ratio)
    if len(kept) < len(pairs):
        progress.message(
            f"left out {len(pairs) - len(kept):,} of {counted(len(pairs), 'pair')} to {use}: a side of more than "
            f"{counted(config.max_length, 'token')}, or {config.max_ratio:g} times as long as the other"
        )
    if not len(kept):
        raise TextrnnError(f"No sentence pairs are left to {use}. Raise `max_length` or `max_ratio`.")
    return Pairs([pairs.sources[i] for i in kept], [pairs.targets[i] for i in kept]), encoded.take(kept)


def pair_batch(sources: list[np.ndarray], targets: list[np.ndarray], weights: np.ndarray | None = None) -> Batch:
    """Pads pairs of token ids and puts in the special ids.

    Args:
        sources: Token ids of each source sentence.
        targets: Those of its translation.
        weights: What each pair counts in the loss, shape `(batch,)`, for a network whose pairs do not count alike.

    Returns:
        A batch whose inputs are source token ids with `eos`, shape `(batch, source_time)`, target token ids after
        `bos`, shape `(batch, target_time)`, and the weights, if any; and whose targets are target token ids with `eos`.
        Token ids are right-padded.
    """
    encoder_inputs = pad([np.append(ids, EOS_ID) for ids in sources])
    decoder_inputs = pad([np.insert(ids, 0, BOS_ID) for ids in targets])
    inputs = (encoder_inputs, decoder_inputs) if weights is None else (encoder_inputs, decoder_inputs, weights)
    return Batch(inputs, pad([np.append(ids, EOS_ID) for ids in targets]))


def without_special_ids(batch: Batch) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Returns the source and target token ids that `pair_batch` has put into a batch."""
    lengths = [(side != PAD_ID).sum(axis=1) - 1 for side in (batch.inputs[0], batch.targets)]  # without `eos`
    sources, targets = (
        [row[:length] for row, length in zip(side, ends, strict=True)]
        for side, ends in zip((batch.inputs[0], batch.targets), lengths, strict=True)
    )
    return sources, targets


@dataclasses.dataclass(frozen=True)
class PairPlan:
    """All batches of a training run or a validation, as a pure function of (seed, epoch).

    Args:
        pairs: The encoded pairs.
        batch_tokens: Most target tokens per batch, padding included; at least one pair is in a batch.
        seed: Fixes the order; None keeps pairs sorted by length.
        joined_pairs: Share of the pairs that are joined with the next one drawn.
        resegment: Called with random numbers, returns the same pairs segmented anew for an epoch; or None.
        are_weighted: Whether batches say what each pair counts, 1 each.
    """

    pairs: EncodedPairs
    batch_tokens: int
    seed: int | None = None
    joined_pairs: float = 0.0
    resegment: Callable[[np.random.Generator], EncodedPairs] | None = None
    are_weighted: bool = False

    def batches(self, epoch: int = 0) -> Iterator[Batch]:
        """Yields the batches of one epoch."""
        pairs = self.pairs
        if self.resegment is not None:
            pairs = self.resegment(np.random.Generator(np.random.PCG64([self.seed or 0, epoch, 2])))
        for rows in self._batched_rows(pairs, epoch):
            sources = [np.concatenate([pairs.sources[i] for i in row]) for row in rows]
            targets = [np.concatenate([pairs.targets[i] for i in row]) for row in rows]
            yield pair_batch(sources, targets, np.ones(len(rows), np.float32) if self.are_weighted else None)

    def _batched_rows(self, pairs: EncodedPairs, epoch: int) -> list[list[list[int]]]:
        """Returns for each batch its rows, and for each row the indices of the pairs in it."""
        rows = [[index] for index in range(len(pairs))]
        randomness = None
        if self.seed is not None:
            randomness = np.random.Generator(np.random.PCG64([self.seed, epoch]))
            rows = joined([[int(i)] for i in randomness.permutation(len(pairs))], self.joined_pairs, randomness)
        lengths = np.array(
            [[sum(len(side[i]) for i in row) + 1 for side in (pairs.targets, pairs.sources)] for row in rows]
        ).reshape(-1, 2)
        pool = len(rows)
        if randomness is not None:
            pool = max(BUCKET_POOL * self.batch_tokens // max(math.ceil(lengths[:, 0].mean()), 1), 1)
        batches: list[list[list[int]]] = []
        for start in range(0, len(rows), pool):
            part = lengths[start : start + pool]
            order = start + np.lexsort((part[:, 1], part[:, 0]))
            batches.extend([rows[i] for i in group] for group in budgeted(order, lengths[:, 0], self.batch_tokens))
        if randomness is not None:
            batches = [batches[i] for i in randomness.permutation(len(batches))]
        return batches

    @property
    def num_targets(self) -> int:
        """Tokens that an epoch predicts."""
        return self.pairs.num_target_tokens

    @property
    def max_targets(self) -> int:
        """Most targets in a batch, padding included, but for a batch of one long pair."""
        return self.batch_tokens

    @functools.cached_property
    def num_batches(self) -> int:
        """Batches in the first epoch; other epochs may have a few more or fewer."""
        return len(self._batched_rows(self.pairs, 0))


def joined(rows: list[list[int]], share: float, randomness: np.random.Generator) -> list[list[int]]:
    """Joins a share of the rows with the next one."""
    if not share:
        return rows
    result: list[list[int]] = []
    join_next = False
    for row, chance in zip(rows, randomness.random(len(rows)), strict=True):
        if join_next:
            result[-1] = result[-1] + row
        else:
            result.append(row)
        # A pair that begins a row brings in a second one, so half the share of beginnings is the share of pairs.
        join_next = not join_next and chance < share / (2 - share)
    return result


def pairs_digest(pairs: EncodedPairs) -> bytes:
    """Returns a hash of the token ids."""
    digest = hashlib.sha256()
    for side in (pairs.sources, pairs.targets):
        digest.update(np.array([len(ids) for ids in side], dtype=np.int64).tobytes())
        digest.update(np.concatenate([np.asarray(ids, dtype=np.int32) for ids in side]).tobytes())
    return digest.digest()
