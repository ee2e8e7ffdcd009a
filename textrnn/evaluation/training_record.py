"""The record of a training text that a model keeps: hashed word n-grams and hashed documents, not the text.

They lie in Bloom filters. A text of up to about 4 MB is recorded whole. Of a larger one a sample is recorded, of which
every answer is then an estimate: the filters of a text take `MAX_BYTES_OF_TEXT` at most. What goes on with another text
records that text at a share of its own, so that a small one stays whole beside a large one.
"""

import array
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.evaluation.bloom_filters import (
    HashSample,
    SampledFilters,
    are_sampled,
    empty_bits,
    enlarged,
    mixed,
    set_bits,
)

__all__ = ["DOCUMENTS", "ORDERS", "SPAN_ORDER", "WORD", "MarkedPieces", "NgramFilter", "remembered"]

ORDERS = (3, 5)
SPAN_ORDER = 5
MAX_BYTES_OF_TEXT = 2_000_000
BITS_PER_NGRAM = 8
BITS_PER_DOCUMENT = 16
# How full a filter may become that grows with new text: 5% of new n-grams, or 0.5% of new documents, look known then.
FILL_OF_NGRAMS, FILL_OF_DOCUMENTS = 0.55, 0.35
DOCUMENTS = "documents"
# How readily a sample is made smaller. Only a share is asked of 3-grams, for which few are enough; spans, and whether a
# text is new, are asked of 5-grams and documents.
READINESS = {"words_3": 8, "words_5": 1, DOCUMENTS: 1}
ARRAY_NAME = re.compile(rf"({'|'.join(READINESS)})(?:_in_([2-9]|[1-9][0-9]{{1,8}}))?")
WORD = re.compile(r"\w+(?:'\w+)*|[^\w\s]")

MarkedPieces = Iterable[tuple[bool, str]]  # what `Corpus.marked_pieces` yields: whether a document begins, and its text


class NgramFilter:
    """Bloom filters over word n-grams, one for each size in `ORDERS`, and over whole documents.

    Args:
        bits: For each n-gram size, and each share of the n-grams that texts were recorded at, a uint8 array of packed
            bits; see `SampledFilters`.
        documents: The same for documents; none if no text had any.
    """

    def __init__(
        self, bits: Mapping[int, Mapping[int, np.ndarray]], documents: Mapping[int, np.ndarray] | None = None
    ) -> None:
        self.ngrams = {order: SampledFilters(dict(bits.get(order, {}))) for order in ORDERS}
        self.documents = SampledFilters(dict(documents or {}))
        self._word_hashes: dict[str, int] = {}

    @classmethod
    def for_size(cls, num_words: int) -> "NgramFilter":
        """Makes empty filters for a text of about `num_words` words that is recorded whole."""
        return cls({order: {1: empty_bits(num_words * BITS_PER_NGRAM)} for order in ORDERS})

    @property
    def has_documents(self) -> bool:
        """Whether any documents were recorded."""
        return bool(self.documents.bits)

    def whole(self) -> "NgramFilter | None":
        """Returns the filters of the texts that were recorded whole, where others were not; None elsewhere."""
        if not {1} < set(self.ngrams[SPAN_ORDER].bits):
            return None
        bits = {order: {1: filters.bits[1]} for order, filters in self.ngrams.items() if 1 in filters.bits}
        return NgramFilter(bits, {number: bits for number, bits in self.documents.bits.items() if number == 1})

    def extend(self, num_words: int, num_ngrams: int, num_documents: int = 0) -> None:
        """Makes room for a text that will be recorded whole.

        Args:
            num_words: How many words it has.
            num_ngrams: How many new n-grams of each size will come.
            num_documents: How many new documents will come.
        """
        for filters in self.ngrams.values():
            if 1 in filters.bits:
                filters.bits[1] = enlarged(filters.bits[1], num_ngrams, FILL_OF_NGRAMS)
            else:
                filters.bits[1] = empty_bits(num_words * BITS_PER_NGRAM)
        documents = self.documents.bits
        if 1 in documents:
            documents[1] = enlarged(documents[1], num_documents, FILL_OF_DOCUMENTS)
        elif num_documents:
            documents[1] = empty_bits(num_documents * BITS_PER_DOCUMENT)

    def add(self, lines: Iterable[str]) -> None:
        """Adds the n-grams of running text, whole; n-grams run across line ends."""
        self.add_documents((False, line) for line in lines)

    def add_documents(self, pieces: MarkedPieces, hashes: "DocumentHashes | None" = None) -> None:
        """Adds the n-grams of a text and its documents, whole; n-grams do not run from one document into the next.

        Args:
            pieces: What `Corpus.marked_pieces` yields: whether a document begins, and a piece of text.
            hashes: Those of more documents, to be added with them.
        """
        hashes = hashes or DocumentHashes()
        for words, begins in word_groups(hashes.passed_on(pieces)):
            for order, filters in self.ngrams.items():
                set_bits(filters.bits[1], self.hashes(words, begins, order)[0])
        documents = hashes.taken()
        if len(documents):
            set_bits(self.documents.bits.setdefault(1, empty_bits(len(documents) * BITS_PER_DOCUMENT)), documents)

    def add_sample(self, pieces: MarkedPieces, held_out: MarkedPieces = ()) -> None:
        """Adds as large a share of the n-grams and documents of a text as `MAX_BYTES_OF_TEXT` hold.

        Args:
            pieces: See `add_documents`.
            held_out: More documents, whose n-grams are not added.
        """
        samples = {f"words_{order}": HashSample(BITS_PER_NGRAM, MAX_BYTES_OF_TEXT) for order in ORDERS}
        samples[DOCUMENTS] = HashSample(BITS_PER_DOCUMENT, MAX_BYTES_OF_TEXT)
        documents = DocumentHashes()
        for words, begins in word_groups(documents.passed_on(pieces)):
            for order in ORDERS:
                samples[f"words_{order}"].add(self.hashes(words, begins, order)[0])
            samples[DOCUMENTS].add(documents.taken())
        for _ in documents.passed_on(held_out):
            pass
        samples[DOCUMENTS].add(documents.taken())
        fit_together(samples)
        for order, filters in self.ngrams.items():
            filters.add(samples[f"words_{order}"], FILL_OF_NGRAMS)
            if not filters.bits:  # names and other documents of a word or two have no n-grams
                filters.bits[1] = empty_bits(0)
        self.documents.add(samples[DOCUMENTS], FILL_OF_DOCUMENTS)

    def count_new(self, pieces: MarkedPieces) -> tuple[int, int]:
        """Returns how many n-grams, of the size that has most, and documents no text that was recorded whole has."""
        hashes = DocumentHashes()
        ngrams = dict.fromkeys(ORDERS, 0)
        documents = 0
        for words, begins in word_groups(hashes.passed_on(pieces)):
            for order, filters in self.ngrams.items():
                ngrams[order] += int((~filters.known(self.hashes(words, begins, order)[0], 1)).sum())
            documents += int((~self.documents.known(hashes.taken(), 1)).sum())
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
        """Returns for each n-gram of `words` whether the training text (probably) holds it, as far as recorded."""
        return self.ngrams[order].known(self.hashes(words, np.zeros(len(words), bool), order)[0])

    def contains_documents(self, texts: Iterable[str]) -> np.ndarray:
        """Returns for each text whether it is (probably) a document of the training text, white space aside.

        Raises:
            TextrnnError: If no documents were recorded.
        """
        return self.documents.known(self.document_hashes(texts))

    def document_hashes(self, texts: Iterable[str]) -> np.ndarray:
        """Returns the hash of each text as a document.

        Raises:
            TextrnnError: If no documents were recorded.
        """
        if not self.has_documents:
            raise TextrnnError("This model keeps no record of documents, so it cannot tell which of them were copied.")
        return np.array([hash_of(without_spaces(text)) for text in texts], dtype=np.uint64)

    def holds(self, text: str) -> bool:
        """Says whether a text (probably) stands in the training text, as a document or within it.

        A text that is no document and has fewer than 5 words is taken for new. Where one 5-gram in so many was
        recorded, a text is judged by those that would be among them, and taken for new if none would.
        """
        if self.has_documents and self.contains_documents([text])[0]:
            return True
        words = WORD.findall(text)
        hashes, _ = self.hashes(words, np.zeros(len(words), bool), SPAN_ORDER)
        filters = self.ngrams[SPAN_ORDER]
        for one_in in filters.bits:
            sampled = hashes[are_sampled(hashes, one_in)]
            if len(sampled) and filters.known(sampled, one_in).all():
                return True
        return False

    def false_positive_rate(self) -> float:
        """Returns how often a new n-gram is taken for a known one, from how full the filters are."""
        return max(filters.false_positive_rate() for filters in self.ngrams.values())

    def documents_false_positive_rate(self) -> float:
        """Returns how often a new document is taken for a known one."""
        return self.documents.false_positive_rate()

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Returns the arrays that the model directory keeps, such as `words_5`, or `words_5_in_8` for one in eight."""
        sorts = {f"words_{order}": filters for order, filters in self.ngrams.items()} | {DOCUMENTS: self.documents}
        return {
            name if one_in == 1 else f"{name}_in_{one_in}": bits
            for name, filters in sorts.items()
            for one_in, bits in filters.bits.items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "NgramFilter":
        """Restores what `to_arrays` returned.

        Raises:
            TextrnnError: If the arrays are not those of a filter.
        """
        sorts: dict[str, dict[int, np.ndarray]] = {name: {} for name in READINESS}
        for name, bits in arrays.items():
            found = ARRAY_NAME.fullmatch(name)
            if found is None or bits.ndim != 1 or not bits.size:
                raise strange_arrays(arrays)
            sorts[found[1]][int(found[2] or 1)] = bits
        if not all(sorts[f"words_{order}"] for order in ORDERS):
            raise strange_arrays(arrays)
        return cls({order: sorts[f"words_{order}"] for order in ORDERS}, sorts[DOCUMENTS])


def strange_arrays(arrays: Iterable[str]) -> TextrnnError:
    """Returns the error for arrays that are no filters."""
    names = ", ".join(f"words_{order}" for order in ORDERS)
    return TextrnnError(
        f"The n-gram filters must be the arrays {names}, and {DOCUMENTS} or not, or of a sample such as words_5_in_8. "
        f"Received: {sorted(arrays)}. The model is damaged or of a newer textrnn."
    )


def fit_together(samples: Mapping[str, HashSample]) -> None:
    """Halves samples, the largest first and those the most that are needed least, until they fit into a record."""
    while sum(sample.num_bytes for sample in samples.values()) > MAX_BYTES_OF_TEXT:
        max(samples.items(), key=lambda item: READINESS[item[0]] * item[1].num_bytes)[1].halve()


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
    filters = NgramFilter.from_arrays(arrays) if arrays else NgramFilter({})
    documents = sum(begins for pieces in (read(), held_out()) for begins, _ in pieces)
    if (len(ORDERS) * BITS_PER_NGRAM * num_words + BITS_PER_DOCUMENT * documents) // 8 > MAX_BYTES_OF_TEXT:
        filters.add_sample(read(), held_out())
        return filters.to_arrays()
    if arrays:
        num_ngrams, num_documents = filters.count_new(read())
        filters.extend(num_words, num_ngrams, num_documents + filters.count_new(held_out())[1])
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
