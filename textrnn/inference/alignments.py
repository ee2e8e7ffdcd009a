"""Which words of a line each word of its translation came from, by attention, and which went nowhere."""

from collections.abc import Sequence

import numpy as np

from textrnn.inference.translation import Translation

__all__ = ["left_out", "pharaoh", "word_alignment"]

NO_WORD = -1
# So many source tokens in a row that got less than this attention each, over the whole translation, are missing from
# it: true of none of 300 sentences of Tatoeba, and of 11 of 20 lines of 48 tokens on average that `eng-spa` cut short.
LOOKED_AT, MISSING_TOKENS = 0.2, 5
MOST_SKIPPED, ALIKE = 24, 3  # characters in which two forms of a text may differ, and that must be equal after them


def word_alignment(translation: Translation) -> list[tuple[int, int]]:
    """Returns pairs of positions of words, those of the source first, in rising order.

    Words are what white space divides, in the line and in the translation as people see them. Each token of the
    translation belongs to the source token that got most attention when it was written; two words are aligned if
    tokens of theirs are.

    Args:
        translation: A translation, of whatever kind of tokens.
    """
    here = token_words(translation.source_tokens, translation.source)
    there = token_words(translation.tokens, translation.text)
    columns = np.flatnonzero(here != NO_WORD)
    rows = np.flatnonzero(there != NO_WORD)
    if not len(columns) or not len(rows):
        return []
    chosen = columns[translation.attention[np.ix_(rows, columns)].argmax(axis=1)]  # (len(rows),)
    return sorted({(int(source), int(target)) for source, target in zip(here[chosen], there[rows], strict=True)})


def pharaoh(translation: Translation) -> str:
    """Returns the alignment of a translation as other programs read it.

    Such as "0-0 1-2": word 0 of the source belongs to word 0 of the translation, word 1 to word 2.
    """
    return " ".join(f"{source}-{target}" for source, target in word_alignment(translation))


def left_out(translation: Translation) -> str | None:
    """Returns the longest part of a line that its translation seems to leave out, or None."""
    words = token_words(translation.source_tokens, translation.source)
    begin = end = start = 0
    for place, attention in enumerate([*translation.attention.sum(axis=0), 1.0]):
        if attention >= LOOKED_AT or words[place] == NO_WORD:
            begin, end = max((begin, end), (start, place), key=lambda run: run[1] - run[0])
            start = place + 1
    if end - begin < MISSING_TOKENS:
        return None
    return " ".join(translation.source.split()[words[begin] : words[end - 1] + 1])


def token_words(tokens: Sequence[str], text: str) -> np.ndarray:
    """Returns which word of a text each token belongs to, `NO_WORD` for none, shape `(len(tokens),)`.

    The characters of both are matched, since the network reads and writes capitals, marks and emoji in another form.
    """
    owners = [index for index, token in enumerate(tokens) for character in token if not character.isspace()]
    words = [index for index, word in enumerate(text.split()) for _ in word]
    inner = "".join("".join(token.split()) for token in tokens).lower()
    outer = "".join(text.split()).lower()
    result = np.full(len(tokens), NO_WORD)
    if len(inner) != len(owners) or len(outer) != len(words):
        return result  # small letters of another number, as in Turkish
    here = there = 0
    while here < len(inner) and there < len(outer):
        if inner[here] != outer[there]:
            skipped_here, skipped_there = next_match(inner, here, outer, there)
            here, there = here + skipped_here, there + skipped_there
            if here >= len(inner) or there >= len(outer):
                break
        owner = owners[here]
        if result[owner] == NO_WORD:
            result[owner] = words[there]
        here, there = here + 1, there + 1
    return result


def next_match(one: str, here: int, other: str, there: int) -> tuple[int, int]:
    """Returns how many characters of each text to skip until they go on alike; none if they do so nowhere near."""
    for total in range(1, 2 * MOST_SKIPPED):
        for skipped in range(max(total - MOST_SKIPPED, 0), min(total, MOST_SKIPPED) + 1):
            first = one[here + skipped : here + skipped + ALIKE]
            second = other[there + total - skipped : there + total - skipped + ALIKE]
            if first and first == second:
                return skipped, total - skipped
    return 0, 0
