"""Which words, pairs of words and pieces of words a text holds, as numbers of places in a table."""

import itertools
import re
import zlib

import numpy as np

from textrnn.config.classifier import GRAM_PLACES

__all__ = ["grams"]

LENGTHS = (2, 3, 4, 5)  # characters of a piece of a word
WORD = re.compile(r"\S+")


def grams(text: str) -> np.ndarray:
    """Returns the places of what a text holds, int32, rising from 1 to `GRAM_PLACES`; what shares a place counts once.

    Words and pairs of neighbours stand in the first half; in the second one all pieces of 2 to 5 characters within a
    word and the blanks around it, in small letters (Joulin et al. 2017, Bojanowski et al. 2017). Places are by CRC-32,
    the same on every computer.

    Args:
        text: The text.
    """
    words = WORD.findall(text.casefold())
    pairs = {f"{first} {second}" for first, second in itertools.pairwise(words)}
    pieces: set[str] = set()
    for word in set(words):
        blank = f" {word} "
        pieces.update(blank[i : i + n] for n in LENGTHS for i in range(max(len(blank) - n, 0) + 1))
    half = GRAM_PLACES // 2
    places = {1 + place(one) for one in {*words, *pairs}} | {1 + half + place(one) for one in pieces}
    return np.array(sorted(places), dtype=np.int32)


def place(gram: str) -> int:
    """Returns the place within a half of the table."""
    return zlib.crc32(gram.encode("utf-8", "replace")) % (GRAM_PLACES // 2)
