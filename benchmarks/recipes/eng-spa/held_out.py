"""The two test sets written for the translator, and what keeps them out of its training. README.md says what they are.

`copied.tsv` holds sentences with something that must stand in the translation as it is, `visitors.tsv` what people type
into a translator, with two translations of each. Whatever prepares training pairs leaves out those that `holds` is true
of, and has `check` read what it wrote.
"""

import functools
import pathlib
import re
import unicodedata
from collections.abc import Container, Iterable
from typing import NamedTuple

HERE = pathlib.Path(__file__).parent
SEPARATOR = "␟"  # between the things to copy; some of them have spaces
EMOJI_GOES_ON = "\ufe0f\u200d\U0001f3fb-\U0001f3ff"  # what makes another emoji of the one before it


class Visitor(NamedTuple):
    """A row of `visitors.tsv`."""

    english: str
    spanish: tuple[str, str]
    kind: str


class Copied(NamedTuple):
    """A row of `copied.tsv`: a thing that stands in the sentence twice is in `things` twice."""

    english: str
    things: tuple[str, ...]
    kind: str


def rows(name: str) -> list[list[str]]:
    """Returns the columns of each row below the header. Quotation marks are text like all else."""
    return [line.split("\t") for line in (HERE / name).read_text(encoding="utf-8").splitlines()[1:]]


def visitors() -> list[Visitor]:
    return [Visitor(english, (first, second), kind) for english, first, second, kind in rows("visitors.tsv")]


def copied() -> list[Copied]:
    return [Copied(english, tuple(things.split(SEPARATOR)), kind) for english, things, kind in rows("copied.tsv")]


def key(text: str) -> str:
    """Returns what sentences are compared by: letters and digits alone, in lower case."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFC", text).casefold()))


@functools.cache
def keys() -> frozenset[str]:
    """Returns the keys of all sentences of both sets, English and Spanish."""
    typed = [text for row in visitors() for text in (row.english, *row.spanish)]
    return frozenset(key(text) for text in [*typed, *(row.english for row in copied())])


def holds(*sides: str, drawn: Container[str] = ()) -> bool:
    """Returns whether a sentence that is held out is one of these.

    Args:
        sides: The sentences.
        drawn: Keys of further sentences that are held out.
    """
    return any(one in keys() or one in drawn for one in map(key, sides))


def check(path: str | pathlib.Path, drawn: Container[str] = ()) -> None:
    """Raises `SystemExit` if a file of pairs holds a held-out sentence in either of its first two columns."""
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            for side in line.rstrip("\n").split("\t")[:2]:
                if holds(side, drawn=drawn):
                    raise SystemExit(f"{path}, line {number}: {side!r} is a sentence that is held out.")


def pattern(thing: str) -> re.Pattern[str]:
    """Returns what finds a thing where it stands by itself: 3:45 is not in 13:45, nor 👍 in 👍🏽, nor {a} in {{a}}."""
    first, last = thing[0], thing[-1]
    before = after = ""
    if first.isalnum():
        before = r"(?<!\w)(?<!\w[.,:/@])"
    elif first in "{[":
        before = r"(?<![{$%\[])"
    elif not first.isascii():
        before = "(?<!\u200d)"
    elif first not in "<%":
        before = r"(?<!\w)"
    if last.isalnum():
        after = r"(?!\w)(?![.,:/@]\w)"
    elif last in "}]":
        after = r"(?![}\]])"
    elif not last.isascii():
        after = f"(?![{EMOJI_GOES_ON}])"
    elif last in "_/":
        after = r"(?!\w)"
    return re.compile(before + re.escape(thing) + after)


def times(thing: str, text: str) -> int:
    """Returns how often a thing stands in a text."""
    return len(pattern(thing).findall(text))


def missing(things: Iterable[str], english: str, spanish: str) -> list[str]:
    """Returns the things that do not stand in the Spanish as often as in the English."""
    return [thing for thing in dict.fromkeys(things) if times(thing, spanish) != times(thing, english)]
