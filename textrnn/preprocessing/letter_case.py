"""Takes away capitals that only shout or head something, and gives them back to what comes of the text.

A network that has read ordinary sentences knows "emergency exit" and "Emergency exit", and spells "EMERGENCY EXIT" by
pieces that mean nothing to it. Names keep theirs: of a word's two forms the one stays that is likelier under the
vocabulary.
"""

import re
from collections.abc import Callable

__all__ = ["AS_IS", "CAPITALS", "TITLE", "given_back", "with_usual_case"]

AS_IS, CAPITALS, TITLE = "as is", "capitals", "title"

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# Words that stay small in titles.
SMALL_WORDS = "a an the of in on at to by for and or but nor as with de la el los las y e o u en con por para al del"
SMALL = frozenset(SMALL_WORDS.split())
LONGEST_ACRONYM = 3  # letters, of those that stand alone; of four, "STOP" and "EXIT" are likelier than "NASA"
FEWEST_TITLE_WORDS = 3
LOWERED_SHARE = 0.6  # of a title's words must be no names

Cost = Callable[[str], float]


def with_usual_case(text: str, cost: Cost) -> tuple[str, str]:
    """Returns a sentence as one writes it within a text, and what its case was.

    Args:
        text: The sentence.
        cost: Returns how unlikely a word is within a sentence.

    Returns:
        The sentence, and one of "capitals", "title" and "as is"; the last also where it stays as it was.

    >>> with_usual_case("PLEASE WAIT FOR TOM", lambda word: 1 + (word in ("tom", "Wait")))
    ('Please wait for Tom', 'capitals')
    >>> with_usual_case("OK", len)
    ('OK', 'as is')
    """
    words = [found[0] for found in WORD.finditer(text)]
    letters = "".join(words)
    if len(letters) < 2 or letters.islower() or letters == letters.swapcase():
        return text, AS_IS
    if letters.isupper():
        return (text, AS_IS) if len(letters) <= LONGEST_ACRONYM else (usual(text, cost), CAPITALS)
    if is_swapped(words):
        return usual(text, cost), AS_IS
    if is_title(words, cost):
        return usual(text, cost), TITLE
    return text, AS_IS


def usual(text: str, cost: Cost) -> str:
    """Returns a sentence with a capital at its beginning and in names."""
    is_first = True

    def cased(found: re.Match[str]) -> str:
        nonlocal is_first
        lower = found[0].lower()
        title = lower[0].upper() + lower[1:]
        begins, is_first = is_first, False
        return title if begins or is_i(lower) or cost(title) < cost(lower) else lower

    return WORD.sub(cased, text)


def is_i(word: str) -> bool:
    """Says whether a word is the English "I", alone or with what hangs on it."""
    return word == "i" or word.startswith(("i'", "i’"))


def is_swapped(words: list[str]) -> bool:
    """Says whether the caps lock key was on: most words have a small first letter before a capital."""
    return sum(word[0].islower() and word[-1].isupper() for word in words) * 2 > len(words)


def is_title(words: list[str], cost: Cost) -> bool:
    """Says whether a sentence is written as a heading is, and not made of names."""
    rest = [word for word in words[1:] if word.casefold() not in SMALL]
    if len(rest) + 1 < FEWEST_TITLE_WORDS or not all(word[0].isupper() and not word[1:].isupper() for word in rest):
        return False
    return sum(cost(word.lower()) <= cost(word) for word in rest) >= LOWERED_SHARE * len(rest)


def given_back(text: str, case: str) -> str:
    """Returns a text in the case of what it comes from.

    >>> given_back("Salida de emergencia", "title"), given_back("¡Feliz cumpleaños!", "capitals")
    ('Salida de Emergencia', '¡FELIZ CUMPLEAÑOS!')
    """
    if case == CAPITALS:
        return text.upper()
    if case == TITLE:
        return WORD.sub(lambda found: found[0] if found[0] in SMALL else found[0][0].upper() + found[0][1:], text)
    return text
