"""How much of a text stands in the training text: whole documents, the longest copied span, the share of n-grams."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.evaluation.bloom_filters import SampledFilters, are_sampled
from textrnn.evaluation.training_record import (
    DOCUMENTS,
    ORDERS,
    SPAN_ORDER,
    WORD,
    MarkedPieces,
    NgramFilter,
    remembered,
)
from textrnn.preprocessing.corpora import separator_line
from textrnn.wording import counted

__all__ = ["Memorisation", "NgramFilter", "joined_documents", "remembered", "report", "split_documents"]


@dataclasses.dataclass(frozen=True)
class Memorisation:
    """What a text has in common with the training text.

    Of a large training text only a sample of its n-grams and documents is recorded, one in so many, chosen by their
    hashes. What is said then rests on those of the text that would be in the sample.

    Args:
        num_words: Words and punctuation marks of the text.
        new_shares: For each n-gram size, the share of the text's n-grams that the training text does not hold; without
            a size that no document has words for, or of which none would be in the sample. Those that are estimated
            from a sample allow for n-grams that are taken for known.
        longest_span: Words in the longest run all of whose 5-grams stand in the training text: an upper bound of what
            was copied in one piece; runs of fewer than 5 words count as 0. Of a sample: the run with most of its
            5-grams, from the first to the last of them. A few may follow one another by chance.
        longest_text: That run.
        false_positive_rate: How often a new n-gram is taken for a known one.
        num_documents: Documents of the text, if the model knows those of its training text, else 0.
        num_known_documents: How many of them are whole documents of the training text; of a sample an estimate.
        unit: What a document is called: "line" or "document".
        documents_false_positive_rate: How often a new document is taken for a known one.
        one_in: For each n-gram size, and for "documents", the number of which one was recorded; 1 if all were.
        standard_errors: For each of `new_shares`, and for the share of known documents, the standard error that comes
            from the sample; 0 if all were recorded.
        longest_span_ngrams: How many 5-grams of `longest_span` were found.
        longest_possible_span: Words in the longest run of which no 5-gram is known to be new: nothing longer was copied
            in one piece. At least `longest_span`, and equal to it if all were recorded.
        whole: The same of the texts that were recorded whole, if others were not.
    """

    num_words: int
    new_shares: dict[int, float]
    longest_span: int
    longest_text: str
    false_positive_rate: float
    num_documents: int = 0
    num_known_documents: int = 0
    unit: str = "document"
    documents_false_positive_rate: float = 0.0
    one_in: dict[int | str, int] = dataclasses.field(default_factory=dict)
    standard_errors: dict[int | str, float] = dataclasses.field(default_factory=dict)
    longest_span_ngrams: int = 0
    longest_possible_span: int = 0
    whole: "Memorisation | None" = None

    def __str__(self) -> str:
        parts = [self._documents()] if self.num_documents else []
        shares = "".join(f", {self._share(order)} of {order}-grams new" for order in self.new_shares)
        parts.append(f"{counted(self.num_words, 'word')}{shares}")
        if self.new_shares:
            parts.append(self._span())
        rates = {"n-grams": self.false_positive_rate} if self.new_shares else {}
        if self.num_documents:
            rates[f"{self.unit}s"] = self.documents_false_positive_rate
        taken = " and ".join(f"{100 * rate:.1f}% of new {name}" for name, rate in rates.items())
        if taken:
            parts.append(f"{taken} are taken for known")
        return "; ".join([*parts, *self._notes()])

    def _share(self, order: int) -> str:
        error = self.standard_errors.get(order, 0.0)
        return f"{100 * self.new_shares[order]:.1f}%{f' (± {100 * error:.1f})' if error else ''}"

    def _span(self) -> str:
        shown = self.longest_text if len(self.longest_text) <= 200 else self.longest_text[:200] + " ..."
        if self.one_in.get(SPAN_ORDER, 1) == 1:
            quoted = f" ({shown!r})" if self.longest_span else ""
            return f"longest span found in the training corpus: {counted(self.longest_span, 'word')}{quoted}"
        over = f", over {counted(self.longest_span, 'word')} ({shown!r})" if self.longest_span else ""
        return (
            f"most recorded {SPAN_ORDER}-grams in a row found in the training corpus: {self.longest_span_ngrams}{over}"
            f"; no span of more than {counted(self.longest_possible_span, 'word')} was copied"
        )

    def _documents(self) -> str:
        stand = "stands" if self.num_documents == 1 else "stand"
        error = self.num_documents * self.standard_errors.get(DOCUMENTS, 0.0)
        found = f"about {self.num_known_documents:,} (± {error:.0f})" if error else f"{self.num_known_documents:,}"
        return f"{found} of {counted(self.num_documents, self.unit)} {stand} in the training text"

    def _notes(self) -> list[str]:
        """Says what was recorded, if it was not everything."""
        names = {order: f"{order}-gram" for order in ORDERS} | {DOCUMENTS: self.unit}
        sampled = [f"one {names[key]} in {number}" for key, number in self.one_in.items() if number > 1]
        if not sampled:
            return []
        recorded = f"of large training texts, {' and '.join(sampled)} is recorded"
        notes = [f"estimated from a sample and corrected for these: {recorded}"]
        notes += [f"no {names[key]} here is in the sample" for key in self.one_in if self._is_unknown(key)]
        if self.whole is not None:
            notes.append(f"of the training texts that are recorded whole: {self.whole}")
        return notes

    def _is_unknown(self, key: int | str) -> bool:
        """Says whether there are such n-grams or documents, but none that would be in the sample."""
        return self.one_in[key] > 1 and key not in self.standard_errors


def split_documents(text: str, documents: str | None) -> list[str]:
    r"""Returns the documents of a text in memory.

    Example:

    >>> split_documents("one\ntwo\n\nthree\n", "\n\n")
    ['one\ntwo', 'three']

    Args:
        text: The text.
        documents: "line", the line that stands between documents, or anything of which a text holds one.
    """
    if documents is None or documents in ("file", "item"):
        return [text]
    lines = text.split("\n")
    if documents != "line":
        separator = separator_line(documents)
        groups: list[list[str]] = [[]]
        for line in lines:
            groups.append([]) if line.strip() == separator else groups[-1].append(line)
        lines = ["\n".join(group) for group in groups]
    return [line for line in lines if line.strip()]


def joined_documents(pieces: MarkedPieces) -> list[str]:
    """Returns whole documents, or one text if none begins anywhere."""
    groups: list[list[str]] = []
    for begins, piece in pieces:
        if begins or not groups:
            groups.append([])
        groups[-1].append(piece)
    return ["".join(group) for group in groups]


def report(texts: str | Iterable[str], ngrams: NgramFilter, unit: str = "document") -> Memorisation:
    """Compares a text, generated or not, with the training text of a model.

    Args:
        texts: The text, or its documents.
        ngrams: The record of the training text.
        unit: What a document is called.

    Raises:
        TextrnnError: If there is no text, or too little for n-grams and no record of documents.
    """
    texts = [texts] if isinstance(texts, str) else list(texts)
    words: list[str] = []
    begins: list[bool] = []
    for text in texts:
        found = WORD.findall(text)
        words.extend(found)
        begins.extend([True, *[False] * (len(found) - 1)][: len(found)])
    if not words or (not ngrams.has_documents and len(words) < max(ORDERS)):
        raise TextrnnError(
            f"{counted(len(words), 'word')} are too few for a memorisation report; pass at least {max(ORDERS)}."
        )
    return compared(texts, words, np.array(begins), ngrams, unit)


def compared(texts: list[str], words: list[str], begins: np.ndarray, ngrams: NgramFilter, unit: str) -> Memorisation:
    """Does the work of `report` on the words of the documents, and where documents begin in them."""
    shares: dict[int | str, Share] = {}
    for order, filters in ngrams.ngrams.items():
        hashes, places = ngrams.hashes(words, begins, order)
        if filters.bits and len(hashes):
            shares[order] = Share.of(filters, hashes)
    span = longest_span(ngrams.ngrams[SPAN_ORDER], hashes, places)  # the last of `ORDERS`
    result = Memorisation(
        len(words),
        {order: 1.0 - shares[order].known for order in ORDERS if order in shares and shares[order].num_sampled},
        span.length,
        " ".join(words[span.start : span.start + span.length]),
        ngrams.false_positive_rate(),
        unit=unit,
        longest_span_ngrams=span.num_ngrams,
        longest_possible_span=span.longest_possible,
    )
    if ngrams.has_documents:
        shares[DOCUMENTS] = Share.of(ngrams.documents, ngrams.document_hashes(texts))
        result = dataclasses.replace(
            result,
            num_documents=len(texts),
            num_known_documents=round(len(texts) * shares[DOCUMENTS].known),
            documents_false_positive_rate=ngrams.documents_false_positive_rate(),
        )
    whole = ngrams.whole()
    return dataclasses.replace(
        result,
        one_in={key: share.one_in for key, share in shares.items()},
        standard_errors={key: share.standard_error for key, share in shares.items() if share.num_sampled},
        whole=None if whole is None else compared(texts, words, begins, whole, unit),
    )


@dataclasses.dataclass(frozen=True)
class Share:
    """How much of something is known, by a sample of it.

    Args:
        known: The share, from 0 to 1.
        standard_error: How far it is off through the sample, by its standard deviation.
        num_sampled: How many things were looked up; what stands in a text several times counts several times.
        one_in: The sample is one in so many.
    """

    known: float
    standard_error: float
    num_sampled: int
    one_in: int

    @classmethod
    def of(cls, filters: SampledFilters, hashes: np.ndarray) -> "Share":
        """Looks up those hashes, uint64 of shape `(num_hashes,)`, that would be in every filter.

        An estimate allows for what the filters take for known, `f` of the new ones: of a share `k` of known things they
        find `k + (1 - k) * f`. What is counted and not estimated stays what the filters find.

        All occurrences of an n-gram are in the sample or none is, so what counts as its size is `sum(c)**2 / sum(c**2)`
        for the numbers of occurrences `c` (Kish 1965). One known and one new are added to it, as by Agresti and Coull
        (1998): a sample of few that are all known does not say that all are.
        """
        sampled = hashes[are_sampled(hashes, filters.one_in)]
        if not len(sampled):
            return cls(0.0, 0.0, 0, filters.one_in)
        known = float(filters.known(sampled).mean())
        _, counts = np.unique(sampled, return_counts=True)
        size = counts.sum() ** 2 / (counts**2).sum() + 2
        share = (known * (size - 2) + 1) / size
        error = float(np.sqrt(share * (1 - share) / size * (1 - 1 / filters.one_in)))
        if filters.one_in > 1:
            rate = filters.false_positive_rate()
            known, error = max(known - rate, 0.0) / (1 - rate), error / (1 - rate)
        return cls(known, error, len(sampled), filters.one_in)


@dataclasses.dataclass(frozen=True)
class Span:
    """The longest run of words that stands in the training text, and how long one may be that was not found.

    Args:
        start: The place of its first word.
        length: Its words; 0 if there is none.
        num_ngrams: Its n-grams that were found.
        longest_possible: Words of the longest run that no 5-gram rules out.
    """

    start: int
    length: int
    num_ngrams: int
    longest_possible: int


def longest_span(filters: SampledFilters, hashes: np.ndarray, places: np.ndarray) -> Span:
    """Returns the run of most known n-grams of `SPAN_ORDER` words, with none between them that is known to be new.

    Args:
        filters: What is known.
        hashes: Those of a text's n-grams, shape `(num_ngrams,)`.
        places: Where each begins, ascending.
    """
    if not len(places):
        return Span(0, 0, 0, 0)
    known, possible = np.zeros((2, int(places[-1]) + 1), bool)
    known[places] = filters.known(hashes)
    possible[places] = known[places] | ~are_sampled(hashes, filters.one_in)
    _, num_possible = longest_run(possible)
    longest_possible = num_possible + SPAN_ORDER - 1 if num_possible else 0
    found = np.flatnonzero(known)
    if not len(found):
        return Span(0, 0, 0, longest_possible)
    runs = (~possible).cumsum()[found]  # found n-grams with the same number have no new one between them
    first = np.flatnonzero(np.diff(runs, prepend=-1))
    sizes = np.diff(first, append=len(found))
    chosen = int(sizes.argmax())
    start, end = int(found[first[chosen]]), int(found[first[chosen] + sizes[chosen] - 1])
    return Span(start, end - start + SPAN_ORDER, int(sizes[chosen]), longest_possible)


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
