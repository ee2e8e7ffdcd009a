"""Bloom filters (Bloom 1970) over 64-bit hashes: they never miss what was added, and now and then take new for known.

What is too much for a filter is sampled by its hash: of all hashes, one in `one_in` is below `2**64 / one_in`, whatever
text it comes from. So a filter over one hash in eight answers exactly for one n-gram in eight, and nothing for others.
"""

import math

import numpy as np

__all__ = [
    "NUM_HASHES",
    "HashSample",
    "SampledFilters",
    "are_sampled",
    "are_set",
    "empty_bits",
    "enlarged",
    "fill",
    "mixed",
    "set_bits",
]

NUM_HASHES = 5
MAX_BYTES = 16_000_000
LEAST_MORE = 0.03  # what a filter may fill up by, however full it is
NUM_SET_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1).sum(axis=1)


class SampledFilters:
    """Bloom filters over things of one sort, one filter for each share of them that texts were recorded at.

    Args:
        bits: For each number `one_in` a uint8 array of packed bits, the filter over one hash in so many.
    """

    def __init__(self, bits: dict[int, np.ndarray]) -> None:
        self.bits = bits

    @property
    def one_in(self) -> int:
        """One hash in so many is looked up in every filter; 1 if all texts were recorded whole, or none was."""
        return max(self.bits, default=1)

    def known(self, hashes: np.ndarray, one_in: int | None = None) -> np.ndarray:
        """Returns which hashes are (probably) in a text.

        Args:
            hashes: uint64 of shape `(num_hashes,)`.
            one_in: Asks only of texts that were recorded at this share or a larger one.
        """
        found = [
            are_sampled(hashes, number) & are_set(bits, hashes)
            for number, bits in self.bits.items()
            if one_in is None or number <= one_in
        ]
        result: np.ndarray = np.any(found, axis=0) if found else np.zeros(len(hashes), bool)
        return result

    def add(self, sample: "HashSample", most: float) -> None:
        """Adds the sample of a text to the filter of its share; one that it would fill beyond `most` is enlarged."""
        hashes = sample.hashes()
        one_in = sample.one_in  # after the hashes, which are thinned until they fit
        new = [part[~self.known(part, one_in)] for part in in_parts(hashes)]
        num_new = sum(map(len, new))
        if num_new:
            old = self.bits.get(one_in)
            room = empty_bits(num_new * sample.bits_per_hash) if old is None else enlarged(old, num_new, most)
            for part in new:
                set_bits(room, part)
            self.bits[one_in] = room

    def false_positive_rate(self) -> float:
        """Returns how often something new is taken for known, from how full the filters are."""
        if len(self.bits) == 1:
            return fill(*self.bits.values()) ** NUM_HASHES
        return 1.0 - math.prod(1.0 - fill(bits) ** NUM_HASHES for bits in self.bits.values())


class HashSample:
    """The distinct hashes of a text, or of one in two, four, eight, ... of them where all would not fit a filter.

    Args:
        bits_per_hash: Bits that the filter will have for each.
        max_bytes: Bytes that the filter may have.
    """

    def __init__(self, bits_per_hash: int, max_bytes: int) -> None:
        self.bits_per_hash = bits_per_hash
        self.max_hashes = max(8 * max_bytes // bits_per_hash, 1)
        self.one_in = 1
        self._kept = np.zeros(0, np.uint64)  # in order and each once
        self._added: list[np.ndarray] = []

    def add(self, hashes: np.ndarray) -> None:
        """Adds hashes, uint64 of shape `(num_hashes,)`."""
        self._added.append(hashes[are_sampled(hashes, self.one_in)])
        if sum(map(len, self._added)) > self.max_hashes:
            self._merge()

    def hashes(self) -> np.ndarray:
        """Returns what is kept, in order and each once."""
        if self._added:
            self._merge()
        return self._kept

    @property
    def num_bytes(self) -> int:
        """The size of the filter."""
        return len(self.hashes()) * self.bits_per_hash // 8

    def halve(self) -> None:
        """Keeps one hash in twice as many."""
        self.one_in *= 2
        hashes = self.hashes()
        self._kept = hashes[are_sampled(hashes, self.one_in)]

    def _merge(self) -> None:
        merged = np.concatenate([self._kept, *self._added])
        merged.sort()
        self._added = []
        self._kept = merged[np.diff(merged, prepend=~merged[:1]) != 0]  # `np.unique` takes several times the memory
        while len(self._kept) > self.max_hashes:
            self.halve()


def in_parts(hashes: np.ndarray, size: int = 100_000) -> list[np.ndarray]:
    """Returns hashes in parts, so that looking them up takes little memory."""
    return [hashes[start : start + size] for start in range(0, len(hashes), size)]


def are_sampled(hashes: np.ndarray, one_in: int) -> np.ndarray:
    """Returns which hashes are among one in `one_in`, bool of the same shape."""
    result: np.ndarray = hashes <= np.uint64((2**64 - 1) // one_in)
    return result


def empty_bits(num_bits: int) -> np.ndarray:
    """Returns a filter of about so many bits, packed, shape `(num_bytes,)`."""
    return np.zeros(min(max(num_bits // 8, 64), MAX_BYTES), np.uint8)


def fill(bits: np.ndarray) -> float:
    """Returns the share of the bits that are set."""
    return float(NUM_SET_BITS[bits].mean() / 8)


def enlarged(bits: np.ndarray, num_new: int, most: float) -> np.ndarray:
    """Returns copies of a filter behind one another: as few as keep it below a share of set bits with so many more.

    A filter of `c` times as many bits, filled with `c` copies of the old ones, still finds all that was added: a hash
    that led to bit `p` of `n` leads to one of the bits `p`, `p + n`, ... of `c * n`.
    """
    before = fill(bits)
    after = min(max(most, before + LEAST_MORE), 0.99)
    if after <= before:
        return bits.copy()
    needed = NUM_HASHES * num_new / math.log((1 - before) / (1 - after))
    copies = min(math.ceil(needed / (8 * len(bits))), MAX_BYTES // len(bits))
    return np.tile(bits, max(copies, 1))


def positions(bits: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Returns the bits of each hash, shape `(NUM_HASHES, num_hashes)`, by double hashing."""
    num_bits = np.uint64(8 * len(bits))
    second = mixed(hashes ^ np.uint64(0x9E3779B97F4A7C15)) | np.uint64(1)
    return np.stack([(hashes + np.uint64(number) * second) % num_bits for number in range(NUM_HASHES)])


def set_bits(bits: np.ndarray, hashes: np.ndarray) -> None:
    """Adds hashes to a filter."""
    places = positions(bits, hashes).ravel()
    np.bitwise_or.at(bits, places >> np.uint64(3), np.uint8(1) << (places & np.uint64(7)).astype(np.uint8))


def are_set(bits: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Returns for each hash whether a filter holds it, bool of shape `(num_hashes,)`."""
    places = positions(bits, hashes)
    found = bits[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8)
    result: np.ndarray = (found & 1).all(axis=0).astype(bool)
    return result


def mixed(x: np.ndarray) -> np.ndarray:
    """Spreads 64-bit values over all their bits (the finalizer of MurmurHash3)."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
        x = (x ^ (x >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    result: np.ndarray = x ^ (x >> np.uint64(33))
    return result
