"""Marks that printed text has and a typewriter has not, and what a typewriter writes for them."""

from collections.abc import Container

__all__ = ["TYPEWRITTEN", "typewritten", "with_known_marks"]

# Single characters each, so that a text and what is typewritten for it have the same length.
TYPEWRITTEN = {
    "\u201c": '"',  # quotation marks
    "\u201d": '"',
    "\u201e": '"',
    "\u201f": '"',
    "\u00ab": '"',
    "\u00bb": '"',
    "\u2018": "'",  # single ones, and the apostrophe
    "\u2019": "'",
    "\u201a": "'",
    "\u201b": "'",
    "\u02bc": "'",
    "\u2032": "'",
    "`": "'",
    "\u2010": "-",  # hyphens and dashes
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2015": "-",
    "\u2212": "-",
    "\u00a0": " ",  # spaces
    "\u2009": " ",
    "\u202f": " ",
}

TABLE = {ord(mark): plain for mark, plain in TYPEWRITTEN.items()}


def typewritten(text: str) -> str:
    r"""Returns a text with typewriter marks in the place of printed ones.

    >>> typewritten("\u201cI don\u2019t know\u2014\u201d")
    '"I don\'t know-"'
    """
    return text.translate(TABLE)


def with_known_marks(text: str, characters: Container[str]) -> str:
    r"""Returns a text in which printed marks that are not known are typewritten, where those are known.

    Args:
        text: Any text.
        characters: The characters that are known.

    >>> with_known_marks("\u201cno\u201d\u2014no", set('no"\u2014'))
    '"no"\u2014no'
    """
    unknown = (mark for mark, plain in TYPEWRITTEN.items() if mark not in characters and plain in characters)
    return text.translate({ord(mark): TYPEWRITTEN[mark] for mark in unknown})
