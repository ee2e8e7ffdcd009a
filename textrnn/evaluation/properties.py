"""Properties of each character of a text, which a unit of a network may follow."""

from collections.abc import Callable
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError, check_choice

__all__ = ["PROPERTIES", "bracket_depth", "inside_quotes", "line_position", "property_values", "upper_case"]

TURNING_MARKS = frozenset('"\u201c\u201d\u201e\u201f\u00ab\u00bb')  # begin a quotation outside of one, and else end it
OPENING_MARKS, CLOSING_MARKS = frozenset("\u300c\u300e"), frozenset("\u300d\u300f")
BRACKETS = {")": "(", "]": "[", "}": "{"}

Property = Callable[[str], Any]


def inside_quotes(text: str) -> np.ndarray:
    """Returns 1 for characters within double quotation marks, the first mark included and the last one not, else 0.

    A paragraph, which ends with an empty line, or with its line in a text without empty lines, ends quotations too: one
    whose second mark was lost, and one that goes on in the next paragraph, which begins with a mark again. Single marks
    say nothing, since apostrophes look the same.

    >>> inside_quotes('a "b" c').tolist()
    [0, 0, 1, 1, 0, 0, 0]
    """
    is_paragraph_end = paragraph_ends(text)
    values, depth = np.zeros(len(text), np.int64), 0
    for place, character in enumerate(text):
        if is_paragraph_end(place):
            depth = 0
        elif character in TURNING_MARKS:
            depth = 0 if depth else 1
        elif character in OPENING_MARKS:
            depth += 1
        elif character in CLOSING_MARKS:
            depth = max(depth - 1, 0)
        values[place] = depth > 0
    return values


def paragraph_ends(text: str) -> Callable[[int], bool]:
    """Returns a function that says whether a paragraph ends with the character at a place."""
    end = "\n\n" if "\n\n" in text else "\n"
    return lambda place: text.startswith(end, place)


def line_position(text: str) -> np.ndarray:
    r"""Returns how many characters of its line have been read with each character; 0 for the newline.

    >>> line_position("ab\nc").tolist()
    [1, 2, 0, 1]
    """
    places = np.arange(1, len(text) + 1)
    is_newline = np.array([character == "\n" for character in text], bool)
    return places - np.maximum.accumulate(np.where(is_newline, places, 0))


def upper_case(text: str) -> np.ndarray:
    """Returns 1 for capital letters, else 0.

    >>> upper_case("To BE").tolist()
    [1, 0, 0, 1, 1]
    """
    return np.array([character.isupper() for character in text], np.int64)


def bracket_depth(text: str) -> np.ndarray:
    """Returns within how many brackets each character stands, opening ones included and closing ones not.

    A bracket that ends none counts for nothing, and one that was never closed ends with the one around it.

    >>> bracket_depth("a(b[c])d)").tolist()
    [0, 1, 1, 2, 2, 1, 0, 0, 0]
    """
    values, opened = np.zeros(len(text), np.int64), []
    for place, character in enumerate(text):
        if character in "([{":
            opened.append(character)
        elif character in ")]}" and BRACKETS[character] in opened:
            while opened.pop() != BRACKETS[character]:
                pass
        values[place] = len(opened)
    return values


PROPERTIES: dict[str, Property] = {
    "quotes": inside_quotes,
    "line_position": line_position,
    "upper_case": upper_case,
    "bracket_depth": bracket_depth,
}


def property_values(follows: str | Property, text: str) -> np.ndarray:
    """Returns a property of each character of a text, float64 of shape `(len(text),)`.

    Args:
        follows: A name of `PROPERTIES`, or a function of a text that returns a number for each of its characters.
        text: The text.

    Raises:
        TextrnnError: If there is no such property, or the function returns something else.
    """
    if not callable(follows):
        check_choice("follows", follows, PROPERTIES)
        follows = PROPERTIES[follows]
    found = follows(text)
    try:
        values = np.asarray(found, np.float64)
    except (TypeError, ValueError) as error:
        raise TextrnnError(f"The property must be a number for each character. Received: {found!r:.60}.") from error
    if values.shape != (len(text),) or not np.isfinite(values).all():
        raise TextrnnError(
            f"The property must be a finite number for each of the {len(text):,} characters. Received: an array of "
            f"shape {values.shape}."
        )
    return values
