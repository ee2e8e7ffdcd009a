r"""Terms that a translation must have, whatever the network would write.

A term gives way to a placeholder, as an address does (`textrnn.preprocessing.placeholders`), and its translation stands
where the placeholder comes out.

>>> glossary = Glossary({"mouse": "ratón", "mouse pad": "alfombrilla"})
>>> [str(term) for _, _, term, _ in glossary.found("A mouse pad, a MOUSE, no mousetrap.")]
['alfombrilla', 'RATÓN']
"""

import os
from collections.abc import Iterator, Mapping

from textrnn.errors import TextrnnError
from textrnn.preprocessing import pairs as pair_files
from textrnn.preprocessing.pairs import PairSource
from textrnn.preprocessing.placeholders import Term, Thing
from textrnn.preprocessing.scripts import has_spaces

__all__ = ["Glossary", "GlossarySource"]

KEY_LENGTH = 3  # characters of a term by which it is looked up


class Glossary:
    """Terms by source, each with the translation that it must have.

    A term in small letters is found however it is written, one with capitals only as it is. It is found as whole words,
    in this form alone: "servers" is another term than "server". Of two terms at one place the longer one counts.

    Args:
        terms: The translation of each term.

    Raises:
        TextrnnError: If a term or a translation is empty, or there are none.
    """

    def __init__(self, terms: Mapping[str, str]) -> None:
        if not terms:
            raise TextrnnError("The glossary is empty. Give it a term and its translation.")
        self.terms = {pair_files.normalized(term): pair_files.normalized(target) for term, target in terms.items()}
        self.by_key: dict[str, list[str]] = {}
        for term in sorted(self.terms, key=len, reverse=True):
            if not term or not self.terms[term]:
                raise TextrnnError(
                    f"A term of a glossary needs a translation. Received: {term!r}: {self.terms[term]!r}."
                )
            self.by_key.setdefault(term[:KEY_LENGTH].lower(), []).append(term)

    @classmethod
    def opened(cls, source: "GlossarySource") -> "Glossary":
        """Returns a glossary from a file or from memory.

        Args:
            source: A file with a term and its translation in each line, divided by a tab, or another file of pairs; a
                dictionary; pairs in memory; or a glossary.

        Raises:
            TextrnnError: If nothing is a pair, or a term has two translations. Lines that are none are left out, and
                that is said on standard error.
        """
        if isinstance(source, Glossary):
            return source
        if isinstance(source, Mapping):
            return cls(source)
        pairs = pair_files.opened(source)  # says which lines hold no pair: their terms would not hold
        terms: dict[str, str] = {}
        for term, target in zip(pairs.sources, pairs.targets, strict=True):
            if terms.setdefault(term, target) != target:
                name = f"{os.fspath(source)}: " if pair_files.is_place(source) else ""  # type: ignore[arg-type]
                raise TextrnnError(
                    f"{name}has two translations of {term!r}: {terms[term]!r} and {target!r}. Leave one out."
                )
        return cls(terms)

    def found(self, text: str) -> list[Thing]:
        """Returns where terms stand in a text: begin and end, the translation, and that it is no number."""
        result: list[Thing] = []
        end = 0
        for begin in range(len(text)):
            term = self._term_at(text, begin) if begin >= end else None
            if term is not None:
                end = begin + len(term)
                result.append((begin, end, Term(self._written(term, text[begin:end])), False))
        return result

    def _term_at(self, text: str, begin: int) -> str | None:
        """Returns the longest term that begins at a place of a text."""
        return next((term for term in self._candidates(text, begin) if stands_at(term, text, begin)), None)

    def _candidates(self, text: str, begin: int) -> Iterator[str]:
        """Yields the terms that begin with the characters at a place, the longest first."""
        for length in range(KEY_LENGTH, 0, -1):
            key = text[begin : begin + length].lower()
            if len(key) == length:
                yield from self.by_key.get(key, [])

    def _written(self, term: str, as_found: str) -> str:
        """Returns the translation of a term, in capitals where only the text has the term in capitals."""
        target = self.terms[term]
        shouts = as_found != term and as_found.isupper() and sum(map(str.isalpha, as_found)) > 1
        return target.upper() if shouts else target


GlossarySource = Glossary | Mapping[str, str] | PairSource


def stands_at(term: str, text: str, begin: int) -> bool:
    """Says whether a term stands at a place of a text, as whole words where a script has words."""
    as_found = text[begin : begin + len(term)]
    if as_found != term and not (term == term.lower() and as_found.lower() == term):
        return False
    before, after = text[begin - 1 : begin], text[begin + len(term) :][:1]
    divides = has_spaces(term)
    return not divides or not ((term[0].isalnum() and before.isalnum()) or (term[-1].isalnum() and after.isalnum()))
