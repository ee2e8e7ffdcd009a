"""How much of a text stands in the training text: whole documents, the longest copied span, the share of n-grams."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.evaluation.training_record import ORDERS, SPAN_ORDER, WORD, MarkedPieces, NgramFilter, are_set, remembered
from textrnn.preprocessing.corpora import separator_line

__all__ = ["Memorisation", "NgramFilter", "joined_documents", "remembered", "report", "split_documents"]


@dataclasses.dataclass(frozen=True)
class Memorisation:
    """What a text has in common with the training text.

    Args:
        num_words: Words and punctuation marks of the text.
        new_shares: For each n-gram size, the share of the text's n-grams that the training text does not hold; without
            a size that no document has words for.
        longest_span: Words in the longest run all of whose 5-grams stand in the training text: an upper bound of what
            was copied in one piece; runs of fewer than 5 words count as 0.
        longest_text: That run.
        false_positive_rate: How often a new n-gram is taken for a known one.
        num_documents: Documents of the text, if the model knows those of its training text, else 0.
        num_known_documents: How many of them are whole documents of the training text.
        unit: What a document is called: "line" or "document".
        documents_false_positive_rate: How often a new document is taken for a known one.
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

    def __str__(self) -> str:
        parts = [self._documents()] if self.num_documents else []
        shares = "".join(f", {100 * share:.1f}% of {order}-grams new" for order, share in self.new_shares.items())
        parts.append(f"{counted(self.num_words, 'word')}{shares}")
        if self.new_shares:
            shown = self.longest_text if len(self.longest_text) <= 200 else self.longest_text[:200] + " ..."
            parts.append(
                f"longest span found in the training corpus: {self.longest_span} words"
                f"{f' ({shown!r})' if self.longest_span else ''}"
            )
        rates = {"n-grams": self.false_positive_rate} if self.new_shares else {}
        if self.num_documents:
            rates[f"{self.unit}s"] = self.documents_false_positive_rate
        taken = " and ".join(f"{100 * rate:.1f}% of new {name}" for name, rate in rates.items())
        parts.append(f"{taken} are taken for known")
        return "; ".join(parts)

    def _documents(self) -> str:
        stand = "stands" if self.num_documents == 1 else "stand"
        return f"{self.num_known_documents:,} of {counted(self.num_documents, self.unit)} {stand} in the training text"


def counted(number: int, noun: str) -> str:
    """Returns a number of things."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


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
    if not words or (ngrams.documents is None and len(words) < max(ORDERS)):
        raise TextrnnError(
            f"{counted(len(words), 'word')} are too few for a memorisation report; pass at least {max(ORDERS)}."
        )
    shares, known = {}, np.zeros(0, bool)
    for order in ORDERS:
        hashes, places = ngrams.hashes(words, np.array(begins), order)
        known = np.zeros(len(words), bool)
        known[places] = are_set(ngrams.bits[order], hashes)
        if len(places):
            shares[order] = float(1.0 - known[places].mean())
    start, length = longest_run(known)  # of the largest n-grams
    span = length + SPAN_ORDER - 1 if length else 0
    result = Memorisation(
        len(words), shares, span, " ".join(words[start : start + span]), ngrams.false_positive_rate(), unit=unit
    )
    if ngrams.documents is None:
        return result
    found_documents = ngrams.contains_documents(texts)
    return dataclasses.replace(
        result,
        num_documents=len(texts),
        num_known_documents=int(found_documents.sum()),
        documents_false_positive_rate=ngrams.documents_false_positive_rate(),
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
