"""How much of a text stands in the training corpus: the longest copied span, and the share of new n-grams.

The model keeps hashed word n-grams of its training text in Bloom filters (Bloom 1970), not the text. A filter never
misses an n-gram that was there, and now and then takes a new one for known; the report says how often.
"""

import dataclasses
import hashlib
import re
from collections.abc import Iterable

import numpy as np

from textrnn.errors import TextrnnError

__all__ = ["Memorisation", "NgramFilter", "report"]

ORDERS = (3, 5)
SPAN_ORDER = 5
BITS_PER_NGRAM = 8
NUM_HASHES = 5
MAX_BYTES = 16_000_000
WORD = re.compile(r"\w+(?:'\w+)*|[^\w\s]")


@dataclasses.dataclass(frozen=True)
class Memorisation:
    """What a text has in common with the training corpus.

    Args:
        num_words: Words and punctuation marks of the text.
        new_shares: For each n-gram size, the share of the text's n-grams that the corpus does not hold.
        longest_span: Words in the longest run all of whose 5-grams stand in the corpus: an upper bound of what was
            copied in one piece; runs of fewer than 5 words count as 0.
        longest_text: That run.
        false_positive_rate: How often a new n-gram is taken for a known one.
    """

    num_words: int
    new_shares: dict[int, float]
    longest_span: int
    longest_text: str
    false_positive_rate: float

    def __str__(self) -> str:
        shown = self.longest_text if len(self.longest_text) <= 200 else self.longest_text[:200] + " ..."
        shares = ", ".join(f"{100 * share:.1f}% of {order}-grams new" for order, share in self.new_shares.items())
        return (
            f"{self.num_words:,} words, {shares}; longest span found in the training corpus: {self.longest_span} words"
            f"{f' ({shown!r})' if self.longest_span else ''}; "
            f"{100 * self.false_positive_rate:.1f}% of new n-grams are taken for known"
        )


class NgramFilter:
    """Bloom filters over word n-grams, one for each size in `ORDERS`.

    Args:
        bits: For each n-gram size a uint8 array of packed bits.
    """

    def __init__(self, bits: dict[int, np.ndarray]) -> None:
        self.bits = bits
        self._word_hashes: dict[str, int] = {}

    @classmethod
    def for_size(cls, num_words: int) -> "NgramFilter":
        """Makes empty filters for a corpus of about `num_words` words; memory is bounded for any corpus."""
        num_bytes = min(max(num_words * BITS_PER_NGRAM // 8, 64), MAX_BYTES)
        return cls({order: np.zeros(num_bytes, np.uint8) for order in ORDERS})

    def _hashes(self, words: list[str], order: int) -> np.ndarray:
        """Returns a 64-bit hash of every n-gram, shape `(num_ngrams,)`."""
        if len(self._word_hashes) > 200_000:
            self._word_hashes.clear()
        known = self._word_hashes
        for word in words:
            if word not in known:
                known[word] = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
        hashes = np.array([known[word] for word in words], dtype=np.uint64)
        count = max(len(words) - order + 1, 0)
        result = np.full(count, order, dtype=np.uint64)
        for offset in range(order):
            result = mixed(result ^ hashes[offset : offset + count])
        return result

    def _positions(self, hashes: np.ndarray, order: int) -> np.ndarray:
        """Returns the bits of each n-gram, shape `(NUM_HASHES, num_ngrams)`, by double hashing."""
        num_bits = np.uint64(8 * len(self.bits[order]))
        second = mixed(hashes ^ np.uint64(0x9E3779B97F4A7C15)) | np.uint64(1)
        return np.stack([(hashes + np.uint64(number) * second) % num_bits for number in range(NUM_HASHES)])

    def add(self, lines: Iterable[str]) -> None:
        """Adds the n-grams of a text; n-grams run across line ends."""
        tail: list[str] = []
        group: list[str] = []
        for line in lines:
            group.extend(WORD.findall(line))
            if len(group) >= 100_000:
                self._add_words(tail + group)
                tail, group = group[-(max(ORDERS) - 1) :], []
        self._add_words(tail + group)

    def _add_words(self, words: list[str]) -> None:
        for order, bits in self.bits.items():
            positions = self._positions(self._hashes(words, order), order).ravel()
            np.bitwise_or.at(
                bits, positions >> np.uint64(3), np.uint8(1) << (positions & np.uint64(7)).astype(np.uint8)
            )

    def contains(self, words: list[str], order: int) -> np.ndarray:
        """Returns for each n-gram of `words` whether the corpus (probably) holds it."""
        positions = self._positions(self._hashes(words, order), order)
        bits = self.bits[order][positions >> np.uint64(3)] >> (positions & np.uint64(7)).astype(np.uint8)
        return (bits & 1).all(axis=0)

    def false_positive_rate(self) -> float:
        """Returns how often a new n-gram is taken for a known one, from how full the filters are."""
        return float(max((np.unpackbits(bits).mean() ** NUM_HASHES for bits in self.bits.values()), default=0.0))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Returns the arrays that the model directory keeps."""
        return {f"words_{order}": bits for order, bits in self.bits.items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "NgramFilter":
        """Restores what `to_arrays` returned.

        Raises:
            TextrnnError: If the arrays are not those of a filter.
        """
        names = {f"words_{order}": order for order in ORDERS}
        if set(arrays) != set(names) or any(array.ndim != 1 or not array.size for array in arrays.values()):
            raise TextrnnError(f"The n-gram filters must be the arrays {', '.join(names)}. Received: {sorted(arrays)}.")
        return cls({order: arrays[name] for name, order in names.items()})


def mixed(x: np.ndarray) -> np.ndarray:
    """Spreads 64-bit values over all their bits (the finalizer of MurmurHash3)."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
        x = (x ^ (x >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return x ^ (x >> np.uint64(33))


def report(text: str, ngrams: NgramFilter) -> Memorisation:
    """Compares a text, generated or not, with the training corpus of a model.

    Raises:
        TextrnnError: If the text has fewer words than the longest n-gram.
    """
    words = WORD.findall(text)
    if len(words) < max(ORDERS):
        raise TextrnnError(f"{len(words)} words are too few for a memorisation report; pass at least {max(ORDERS)}.")
    known = {order: ngrams.contains(words, order) for order in ORDERS}
    start, length = longest_run(known[SPAN_ORDER])
    span = length + SPAN_ORDER - 1 if length else 0
    return Memorisation(
        len(words),
        {order: float(1.0 - found.mean()) for order, found in known.items()},
        span,
        " ".join(words[start : start + span]),
        ngrams.false_positive_rate(),
    )


def longest_run(flags: np.ndarray) -> tuple[int, int]:
    """Returns (start, length) of the longest run of true values; length 0 if there is none.

    Example:

    >>> longest_run(np.array([True, False, True, True]))
    (2, 2)
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    starts, lengths = edges[::2], np.diff(edges)[::2]
    if not len(starts):
        return 0, 0
    longest = int(lengths.argmax())
    return int(starts[longest]), int(lengths[longest])
