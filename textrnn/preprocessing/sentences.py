"""Splits a paragraph into sentences, and tells what stood between them, so that they can be put together again.

A sentence ends with a full stop, question or exclamation mark before a space and something that can begin one; not
after an abbreviation or an initial, nor within quotation marks or parentheses that are still open.

>>> split_sentences('Mr. Abernathy is here. "Who?" asked Tom. I said "No. Never." to him.')
[('Mr. Abernathy is here.', ' '), ('"Who?" asked Tom.', ' '), ('I said "No. Never." to him.', '')]
"""

import re

__all__ = ["split_clauses", "split_sentences"]

# What may end a sentence, with what closes behind it; scripts without spaces have marks that end one by themselves.
END = re.compile(r"(?:[.!?…]+[\"'”’»)\]]*(\s+)|[。！？]+[」』”’）]*(\s*))(?=\S)")
BEGINNING = re.compile(r"[\"'“‘«(\[¿¡]*[^\W_]")
LAST_WORD = re.compile(r"[^\s\"'“‘«(\[]+$")
INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")  # of a name or of words: "J.", "U.S.", without the last full stop
# Abbreviations that end no sentence, and those that end none before a number ("No. 5", "Jan. 3").
TITLES = "mr mrs ms dr prof st sr sra srta srs dra gen col lt sgt capt rev hon mme mlle fr av avda vs e.g i.e cf ej z.b"
NUMBERED = "no nos nr núm fig vol p pp pág págs ch cap art tel approx jan feb mar apr jun jul aug sep sept oct nov dec"
NEVER_LAST, BEFORE_NUMBERS = frozenset(TITLES.split()), frozenset(NUMBERED.split())
LAST_INITIALS = frozenset({"a.m", "p.m"})
OPEN, CLOSE = "([“«", ")]”»"
CLAUSE = re.compile(r"(?<=[,;:，；：、])\s*(?=\S)")


def split_sentences(text: str) -> list[tuple[str, str]]:
    """Returns the sentences of a text, each with the white space after it; together they are the text.

    Args:
        text: The text, without white space around it.
    """
    result = []
    start = 0
    for found in END.finditer(text):
        space = found[1] if found[1] is not None else found[2]
        end = found.end() - len(space)
        sentence = text[start:end]
        if ends_sentence(sentence, text[found.end() :], found[1] is None):
            result.append((sentence, space))
            start = found.end()
    return [*result, (text[start:], "")] if start < len(text) else result


def split_clauses(sentence: str, most_words: int) -> list[tuple[str, str]]:
    """Returns a sentence in pieces that end with a clause, as few as there can be of so many words.

    Args:
        sentence: The sentence.
        most_words: Most words of a piece, but where no mark ends a clause.

    >>> split_clauses("I came, I saw, I conquered.", 4)
    [('I came, I saw,', ' '), ('I conquered.', '')]
    """
    pieces: list[tuple[str, str]] = []
    start = 0
    for found in [*CLAUSE.finditer(sentence), None]:
        clause, space = (sentence[start : found.start()], found[0]) if found else (sentence[start:], "")
        start = found.end() if found else start
        if pieces and len(pieces[-1][0].split()) + len(clause.split()) <= most_words:
            clause = "".join([*pieces.pop(), clause])
        pieces.append((clause, space))
    return pieces


def ends_sentence(sentence: str, rest: str, by_itself: bool) -> bool:
    """Says whether a sentence ends where a mark stands.

    Args:
        sentence: The text from the end of the sentence before up to the mark, with that.
        rest: What follows, without the white space between.
        by_itself: Whether the mark is one that ends sentences without a space.
    """
    if not any(map(str.isalpha, sentence)) or is_open(sentence):
        return False
    if by_itself:
        return True
    beginning = BEGINNING.match(rest)
    if beginning is None or beginning[0][-1].islower():
        return False
    word = LAST_WORD.search(sentence.rstrip("\"'”’»)]"))
    if word is None or not word[0].endswith(".") or word[0].endswith(".."):
        return True
    before = word[0][:-1].casefold()
    if before in BEFORE_NUMBERS:
        return not rest[0].isdigit()
    return before in LAST_INITIALS or not (before in NEVER_LAST or INITIALS.fullmatch(before))


def is_open(sentence: str) -> bool:
    """Says whether quotation marks or brackets are open at the end of a sentence."""
    if sentence.count('"') % 2:
        return True
    return any(sentence.count(mark) > sentence.count(other) for mark, other in zip(OPEN, CLOSE, strict=True))
