"""Turns text as people type and paste it into sentences as training text has them, and translations back.

What a network cannot know never reaches it: text without letters, emoji, list marks and the white space between
sentences stay where they are. What it knows in another form is put into that form: characters, capitals, sentences one
by one. `segments` takes a text apart, `put_together` makes a translation out of those of the segments.

>>> [segment.text for segment in segments("1. WAIT HERE!!! \U0001f600 I\u2019m coming.", len) if segment.text]
['Wait here!', "I'm coming."]
>>> put_together(segments("1. WAIT HERE!!! \U0001f600", len), ["\u00a1Espera aqu\u00ed!"])
'1. \u00a1ESPERA AQU\u00cd!!! \U0001f600'
"""

import dataclasses
import functools
import re
from collections.abc import Callable, Iterator, Sequence

from textrnn.errors import TextrnnError
from textrnn.preprocessing.glossary import Glossary
from textrnn.preprocessing.letter_case import AS_IS, Cost, given_back, with_usual_case
from textrnn.preprocessing.placeholders import (
    PLACEHOLDER,
    PLACEHOLDERS,
    Term,
    Thing,
    knows_placeholders,
    masked,
    masked_numbers,
    replaced,
    restored,
)
from textrnn.preprocessing.sentences import split_clauses, split_sentences
from textrnn.preprocessing.splitting import EMOJI
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.preprocessing.typography import plain

__all__ = ["Segment", "TypedReader", "are_tokenized", "is_tokenized", "put_together", "segments", "with_marks_of"]

EMOJIS = re.compile(rf"\s*(?:(?:{EMOJI})\s*)+")
LIST_MARK = re.compile(r"(?:[•◦▪‣*+>·-]+|\(?(?:\d{1,3}|[a-z])[.)])\s+(?=\S)")
MOST_WORDS = 20  # of a sentence that is translated whole: training sentences have fewer
BEGINNING = re.compile(rf"[^\w{PLACEHOLDERS[0]}-{PLACEHOLDERS[-1]}]*({PLACEHOLDER.pattern})")
FIRST_LETTER = re.compile(r"[^\W\d_]")
QUOTED = re.compile(r'"([^"]+)"')
CURLY, STRAIGHT = str.maketrans("“”„", '"""'), re.compile(r'"([^"]*)"')
REPEATED = re.compile(r"([!?])\1+$")
FEWEST_FRAGMENTS = 4  # of a name that no training sentence can have taught
LOOKED_AT = 1000  # sentences of a corpus, to tell whether it is tokenised
TOKENIZED = re.compile(r"(?:^|\s)[.,](?=\s|$)")  # French sets a space before other marks


Mask = Callable[[str], tuple[str, dict[str, str]]]


@dataclasses.dataclass(frozen=True)
class Segment:
    """A segment of a text that is translated by itself.

    Args:
        text: What is translated; "" where there is nothing to translate.
        before: What stays before it.
        after: What stays after it.
        case: What its case was; see `textrnn.preprocessing.letter_case`.
        things: What each placeholder in the text stands for.
        is_inner: Whether the sentence goes on after it, so that its translation must not end as a sentence does.
        is_later: Whether the sentence has begun before it, so that its translation begins with a small letter.
        has_capital: Whether it begins with a capital and holds a term of a glossary, which gets that capital if its
            translation begins with it.
    """

    text: str
    before: str = ""
    after: str = ""
    case: str = AS_IS
    things: dict[str, str] = dataclasses.field(default_factory=dict)
    is_inner: bool = False
    is_later: bool = False
    has_capital: bool = False

    def around(self, translation: str) -> str:
        """Returns a translation with what stays around it."""
        if self.text and (self.is_inner or (self.is_later and self.text[-1] not in "!?")):
            mark = self.text[-1] if not self.text[-1].isalnum() else ""
            translation = translation.lstrip("¡¿").rstrip(".!?,;:…") + mark
        if self.is_later:
            translation = FIRST_LETTER.sub(lambda found: found[0].lower(), translation, count=1)
        return f"{self.before}{restored(given_back(translation, self.case), self._things_of(translation))}{self.after}"

    def _things_of(self, translation: str) -> dict[str, str]:
        """Returns what placeholders stand for, a term with a capital where a translation begins with it."""
        first = BEGINNING.match(translation)
        term = self.things.get(first[1]) if first else None
        if not isinstance(term, Term) or self.is_later or not self.has_capital:
            return self.things
        return {**self.things, first[1]: term[0].upper() + term[1:]}  # type: ignore[index]


class TypedReader:
    """Takes lines apart for the tokenizers of a translator.

    Args:
        source: The tokenizer of the source language.
        target: The tokenizer of the target language.
        glossary: Terms that translations must have.

    Raises:
        TextrnnError: If there is a glossary, and the tokenizers know no placeholders.
    """

    def __init__(self, source: Tokenizer, target: Tokenizer, glossary: Glossary | None = None) -> None:
        self.source = source
        self.glossary = glossary
        self.cost = None if target.lowercase else functools.cache(source.unlikeliness)
        self.mask = self.masked if knows_placeholders(source, target) else None
        if glossary is not None and self.mask is None:
            raise TextrnnError(
                "This translator has no placeholders, by which a glossary holds. Train one with level='subword' and "
                "`typed_text`."
            )

    def segments(self, line: str) -> list[Segment]:
        """Returns the segments of a line; none if it is empty."""
        if self.glossary is not None and is_tokenized(line):
            return [sentence_segment(line, "", None, self.with_terms)]
        return segments(line, self.cost, self.mask) if line else []

    def masked(self, sentence: str) -> tuple[str, dict[str, str]]:
        """Returns a sentence with placeholders, and what they stand for."""
        return masked(sentence, self.is_unknown, self.terms_of(sentence))

    def with_terms(self, sentence: str) -> tuple[str, dict[str, str]]:
        """Returns a sentence with placeholders for the terms of the glossary alone, and what they stand for."""
        return replaced(sentence, self.terms_of(sentence))

    def terms_of(self, sentence: str) -> list[Thing]:
        """Returns what the glossary finds in a sentence."""
        return [] if self.glossary is None else self.glossary.found(sentence)

    def is_unknown(self, name: str) -> bool:
        """Says whether the vocabulary has but fragments of a name, and of the word that it is if somebody shouts."""
        forms = {name, name.lower(), name.capitalize()}
        return all(len(self.source.encode(form)) >= FEWEST_FRAGMENTS for form in forms)

    def with_numbers_masked(self, segment: Segment) -> Segment | None:
        """Returns a segment with placeholders for the numbers that it still has, or None if it has none."""
        text, things = masked_numbers(segment.text, segment.things)
        return dataclasses.replace(segment, text=text, things=things) if text != segment.text else None


def is_tokenized(text: str) -> bool:
    """Says whether marks stand apart in a text, as in "I see , Tom ." """
    return TOKENIZED.search(text) is not None


def are_tokenized(sentences: Sequence[str]) -> bool:
    """Says whether marks stand apart in at least a tenth of some sentences: no other corpus has so many."""
    looked = sentences[:LOOKED_AT]
    return 10 * sum(map(is_tokenized, looked)) > len(looked)


def segments(text: str, cost: Cost | None, mask: Mask | None = None) -> list[Segment]:
    """Takes a text apart.

    Args:
        text: A line without white space around it; where it is tokenised already, it stays as it is.
        cost: Returns how unlikely a word is within a sentence; None where case counts for nothing.
        mask: Returns a sentence with placeholders, and what they stand for; None leaves sentences without.
    """
    if is_tokenized(text):
        return [Segment(text)]
    text = " ".join(plain(text).split())
    mark = LIST_MARK.match(text)
    start = mark.end() if mark else 0
    result = [Segment("", text[:start])] if mark else []
    for found in EMOJIS.finditer(text, start):
        if mask is not None and is_within(text, found):
            continue
        result += sentence_segments(text[start : found.start()], cost, mask)
        result.append(Segment("", found[0]))
        start = found.end()
    return [*result, *sentence_segments(text[start:], cost, mask)]


def is_within(text: str, emojis: re.Match[str]) -> bool:
    """Says whether emoji stand within a sentence."""
    before, after = text[: emojis.start()], text[emojis.end() :]
    return before[-1:].isalnum() and after[:1].islower()


def sentence_segments(text: str, cost: Cost | None, mask: Mask | None) -> Iterator[Segment]:
    """Yields the sentences of a text, and the clauses of long ones."""
    for sentence, space in split_sentences(text):
        pieces = split_clauses(sentence, MOST_WORDS) if len(sentence.split()) > MOST_WORDS else [(sentence, "")]
        for number, (piece, between) in enumerate(pieces, 1):
            is_inner = number < len(pieces)
            segment = sentence_segment(piece, between if is_inner else space, cost, mask)
            yield dataclasses.replace(segment, is_inner=is_inner, is_later=number > 1 and goes_on(piece))


def goes_on(clause: str) -> bool:
    """Says whether a clause begins as none does that begins a sentence, or with the English "I"."""
    word = clause.split()[0]
    return word[0].islower() or word.startswith("I'") or word == "I"


def sentence_segment(sentence: str, space: str, cost: Cost | None, mask: Mask | None) -> Segment:
    """Returns the segment that is a sentence with the white space after it."""
    quoted = QUOTED.fullmatch(sentence)
    if quoted is not None:
        inner = sentence_segment(quoted[1], "", cost, mask)
        return dataclasses.replace(inner, before=f'"{inner.before}', after=f'{inner.after}"{space}')
    marks = REPEATED.search(sentence)
    once = sentence[: marks.start() + 1] if marks else sentence
    usual, things = (once, {}) if mask is None else mask(once)
    has_terms = any(isinstance(thing, Term) for thing in things.values())
    has_capital = has_terms and any(map(str.isupper, FIRST_LETTER.findall(once)[:1]))
    if not any(map(str.isalpha, usual)):
        segment = Segment("", after=sentence[len(once) :] + space, things=things, has_capital=has_capital)
        return Segment("", segment.around(usual))
    usual, case = (usual, AS_IS) if cost is None else with_usual_case(usual, cost)
    return Segment(usual, after=sentence[len(once) :] + space, case=case, things=things, has_capital=has_capital)


def with_marks_of(line: str, translation: str) -> str:
    """Returns a translation with the double quotation marks that its line has: printed ones, or the typewriter's.

    >>> with_marks_of("“Hello!”", '"¡Hola!"'), with_marks_of('"Hello!"', "“¡Hola!”")
    ('“¡Hola!”', '"¡Hola!"')
    """
    straight = translation.translate(CURLY)
    return STRAIGHT.sub(r"“\1”", straight) if "“" in line or "”" in line else straight


def put_together(text_segments: Sequence[Segment], translations: Sequence[str]) -> str:
    """Returns the translation of a text.

    Args:
        text_segments: Its segments.
        translations: A translation of each that has text.
    """
    left = iter(translations)
    return "".join(segment.around(next(left) if segment.text else "") for segment in text_segments)
