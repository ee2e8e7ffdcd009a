"""The record of a training text that a model keeps: hashed word n-grams and hashed documents, not the text.

They lie in Bloom filters (Bloom 1970), which never miss what was added, and now and then take something new for known.
"""

import array
import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from textrnn.errors import TextrnnError

__all__ = ["ORDERS", "SPAN_ORDER", "WORD", "MarkedPieces", "NgramFilter", "remembered"]

ORDERS = (3, 5)
SPAN_ORDER = 5
BITS_PER_NGRAM = 8
BITS_PER_DOCUMENT = 16
NUM_HASHES = 5
MAX_BYTES = 16_000_000
MAX_HASHES = 8 * MAX_BYTES // BITS_PER_DOCUMENT  # of documents, before their filter is made
# How full a filter may become that grows with new text: 5% of new n-grams, or 0.5% of new documents, look known then.
FILL_OF_NGRAMS, FILL_OF_DOCUMENTS = 0.55, 0.35
LEAST_MORE = 0.03  # what a filter may fill up by, however full it is
DOCUMENTS = "documents"
NUM_SET_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1).sum(axis=1)
WORD = re.compile(r"\w+(?:'\w+)*|[^\w\s]")

MarkedPieces = Iterable[tuple[bool, str]]  # what `Corpus.marked_pieces` yields: whether a document begins, and its text


class NgramFilter:
    """Bloom filters over word n-grams, one for each size in `ORDERS`, and over whole documents.

    Args:
        bits: For each n-gram size a uint8 array of packed bits.
        documents: The same for documents, or None if none were recorded.
    """

    def __init__(self, bits: dict[int, np.ndarray], documents: np.ndarray | None = None) -> None:
        self.bits = bits
        self.documents = documents
        self._word_hashes: dict[str, int] = {}

    @classmethod
    def for_size(cls, num_words: int) -> "NgramFilter":
        """Makes empty filters for a text of about `num_words` words; memory is bounded for any text."""
        return cls({order: empty_bits(num_words * BITS_PER_NGRAM) for order in ORDERS})

    def extended(self, num_ngrams: int, num_documents: int = 0) -> "NgramFilter":
        """Returns filters that know what these know, with room for more.

        A filter of `c` times as many bits, filled with `c` copies of the old ones, still finds all that was added: a
        hash that led to bit `p` of `n` leads to one of the bits `p`, `p + n`, ... of `c * n`.

        Args:
            num_ngrams: How many new n-grams of each size will come.
            num_documents: How many new documents will come.
        """
        bits = {order: enlarged(old, num_ngrams, FILL_OF_NGRAMS) for order, old in self.bits.items()}
        documents = self.documents
        if documents is None and num_documents:
            documents = empty_bits(num_documents * BITS_PER_DOCUMENT)
        elif documents is not None:
            documents = enlarged(documents, num_documents, FILL_OF_DOCUMENTS)
        return NgramFilter(bits, documents)

    def add(self, lines: Iterable[str]) -> None:
        """Adds the n-grams of running text; n-grams run across line ends."""
        self.add_documents((False, line) for line in lines)

    def add_documents(self, pieces: MarkedPieces, hashes: "DocumentHashes | None" = None) -> None:
        """Adds the n-grams of a text and its documents; n-grams do not run from one document into the next.

        Args:
            pieces: What `Corpus.marked_pieces` yields: whether a document begins, and a piece of text.
            hashes: Those of more documents, to be added with them.
        """
        hashes = hashes or DocumentHashes()
        for words, begins in word_groups(hashes.passed_on(pieces)):
            for order in ORDERS:
                set_bits(self.bits[order], self.hashes(words, begins, order)[0])
            if len(hashes.found) > MAX_HASHES:
                self._add_hashes(hashes.taken())
        self._add_hashes(hashes.taken())

    def _add_hashes(self, documents: np.ndarray) -> None:
        if len(documents):
            if self.documents is None:
                self.documents = empty_bits(len(documents) * BITS_PER_DOCUMENT)
            set_bits(self.documents, documents)

    def count_new(self, pieces: MarkedPieces) -> tuple[int, int]:
        """Returns how many n-grams, of the size that has most, and documents of a text are not known."""
        hashes = DocumentHashes()
        ngrams = dict.fromkeys(ORDERS, 0)
        documents = 0
        for words, begins in word_groups(hashes.passed_on(pieces)):
            for order in ORDERS:
                ngrams[order] += int((~are_set(self.bits[order], self.hashes(words, begins, order)[0])).sum())
            found = hashes.taken()
            documents += len(found) if self.documents is None else int((~are_set(self.documents, found)).sum())
        return max(ngrams.values()), documents

    def hashes(self, words: list[str], begins: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns a 64-bit hash of every n-gram within a document and the place of its first word."""
        if len(self._word_hashes) > 200_000:
            self._word_hashes.clear()
        known = self._word_hashes
        for word in words:
            if word not in known:
                known[word] = hash_of(word)
        hashes = np.array([known[word] for word in words], dtype=np.uint64)
        count = max(len(words) - order + 1, 0)
        result = np.full(count, order, dtype=np.uint64)
        for offset in range(order):
            result = mixed(result ^ hashes[offset : offset + count])
        document = begins.cumsum()
        places = np.flatnonzero(document[:count] == document[order - 1 : order - 1 + count])
        return result[places], places

    def contains(self, words: list[str], order: int) -> np.ndarray:
        """Returns for each n-gram of `words` whether the training text (probably) holds it."""
        return are_set(self.bits[order], self.hashes(words, np.zeros(len(words), bool), order)[0])

    def contains_documents(self, texts: Iterable[str]) -> np.ndarray:
        """Returns for each text whether it is (probably) a document of the training text, white space aside.

        Raises:
            TextrnnError: If no documents were recorded.
        """
        if self.documents is None:
            raise TextrnnError("This model keeps no record of documents, so it cannot tell which of them were copied.")
        hashes = [hash_of(without_spaces(text)) for text in texts]
        return are_set(self.documents, np.array(hashes, dtype=np.uint64))

    def holds(self, text: str) -> bool:
        """Says whether a text (probably) stands in the training text, as a document or within it.

        A text that is no document and has fewer than 5 words is taken for new.
        """
        if self.documents is not None and self.contains_documents([text])[0]:
            return True
        words = WORD.findall(text)
        return len(words) >= SPAN_ORDER and bool(self.contains(words, SPAN_ORDER).all())

    def false_positive_rate(self) -> float:
        """Returns how often a new n-gram is taken for a known one, from how full the filters are."""
        return max((fill(bits) ** NUM_HASHES for bits in self.bits.values()), default=0.0)

    def documents_false_positive_rate(self) -> float:
        """Returns how often a new document is taken for a known one."""
        return 0.0 if self.documents is None else fill(self.documents) ** NUM_HASHES

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Returns the arrays that the model directory keeps."""
        arrays = {f"words_{order}": bits for order, bits in self.bits.items()}
        return arrays if self.documents is None else {**arrays, DOCUMENTS: self.documents}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "NgramFilter":
        """Restores what `to_arrays` returned.

        Raises:
            TextrnnError: If the arrays are not those of a filter.
        """
        names = {f"words_{order}": order for order in ORDERS}
        shapes_fit = all(values.ndim == 1 and values.size for values in arrays.values())
        if set(arrays) - {DOCUMENTS} != set(names) or not shapes_fit:
            raise TextrnnError(
                f"The n-gram filters must be the arrays {', '.join(names)}, and {DOCUMENTS} or not. "
                f"Received: {sorted(arrays)}."
            )
        return cls({order: arrays[name] for name, order in names.items()}, arrays.get(DOCUMENTS))


def remembered(
    arrays: Mapping[str, np.ndarray],
    read: Callable[[], MarkedPieces],
    num_words: int,
    held_out: Callable[[], MarkedPieces] = list,
) -> dict[str, np.ndarray]:
    """Returns the record of a model's training text with another text added.

    Args:
        arrays: The record so far, empty if there is none.
        read: Reads the text from its beginning; see `NgramFilter.add_documents`.
        num_words: About how many words it has.
        held_out: Reads documents that the model did not learn from, but that its user has: they are not new either.
    """
    if arrays:
        filters = NgramFilter.from_arrays(arrays)
        num_ngrams, num_documents = filters.count_new(read())
        filters = filters.extended(num_ngrams, num_documents + filters.count_new(held_out())[1])
    else:
        filters = NgramFilter.for_size(num_words)
    hashes = DocumentHashes()
    for _ in hashes.passed_on(held_out()):
        pass
    filters.add_documents(read(), hashes)
    return filters.to_arrays()


class DocumentHashes:
    """Hashes the documents that pass by."""

    def __init__(self) -> None:
        self.found = array.array("Q")

    def passed_on(self, pieces: MarkedPieces) -> Iterator[tuple[bool, str]]:
        """Yields the pieces as they are, and keeps the hash of each document."""
        document = None
        for begins, piece in pieces:
            if begins:
                self._keep(document)
                document = hashlib.blake2b(digest_size=8)
            if document is not None:
                document.update(without_spaces(piece).encode("utf-8"))
            yield begins, piece
        self._keep(document)

    def taken(self) -> np.ndarray:
        """Returns the hashes so far, uint64 of shape `(num_documents,)`, and forgets them."""
        hashes, self.found = np.array(self.found, dtype=np.uint64), array.array("Q")
        return hashes

    def _keep(self, document: "hashlib.blake2b | None") -> None:
        if document is not None and document.digest() != NOTHING:
            self.found.append(int.from_bytes(document.digest(), "little"))


NOTHING = hashlib.blake2b(digest_size=8).digest()


def word_groups(pieces: MarkedPieces, size: int = 100_000) -> Iterator[tuple[list[str], np.ndarray]]:
    """Yields groups of words, each with the last ones of the group before it, and where documents begin in them."""
    words: list[str] = []
    begins: list[bool] = []
    begun = False
    for begins_document, piece in pieces:
        begun = begun or begins_document
        found = WORD.findall(piece)
        if found:
            words.extend(found)
            begins.extend([begun, *[False] * (len(found) - 1)])
            begun = False
        if len(words) >= size:
            yield words, np.array(begins, bool)
            words, begins = words[-(max(ORDERS) - 1) :], begins[-(max(ORDERS) - 1) :]
    yield words, np.array(begins, bool)


def without_spaces(text: str) -> str:
    """Returns a text without white space, in which a detokenized text can differ."""
    return "".join(text.split())


def hash_of(text: str) -> int:
    """Returns a 64-bit hash of a text."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8"), digest_size=8).digest(), "little")


# Bits


def empty_bits(num_bits: int) -> np.ndarray:
    """Returns a filter of about so many bits, packed, shape `(num_bytes,)`."""
    return np.zeros(min(max(num_bits // 8, 64), MAX_BYTES), np.uint8)


def fill(bits: np.ndarray) -> float:
    """Returns the share of the bits that are set."""
    return float(NUM_SET_BITS[bits].mean() / 8)


def enlarged(bits: np.ndarray, num_new: int, most: float) -> np.ndarray:
    """Returns copies of a filter behind one another: as few as keep it below a share of set bits with so many more."""
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
