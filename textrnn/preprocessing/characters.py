"""One token per Unicode character."""

import functools
from collections import Counter
from collections.abc import Iterable

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.preprocessing.vocabulary import (
    NEWLINE,
    SPECIAL_TOKENS,
    UNK_ID,
    UNKNOWN_TEXT,
    BytesDecoder,
    Decoder,
    Tokenizer,
    covering,
    most_common,
)

__all__ = ["CharTokenizer"]

COVERAGE = 0.999
# An alphabet is kept whole: leaving out its rarest letters would save nothing. Chinese has a long tail to cut off.
SMALL_ALPHABET = 500


class CharTokenizer(Tokenizer):
    """One token per Unicode character; decoding gives back exactly the text, if its characters are known."""

    level = "char"

    def __init__(self, tokens: Iterable[str], lowercase: bool = False) -> None:
        super().__init__(tokens, lowercase)
        characters = self.tokens[len(SPECIAL_TOKENS) :]
        if any(len(character) != 1 for character in characters):
            raise TextrnnError("A character vocabulary must hold single characters.")
        code_points = np.array([ord(character) for character in characters], dtype=np.int64)
        self.table = np.full(max(code_points, default=0) + 2, UNK_ID, dtype=np.int32)
        self.table[code_points] = np.arange(len(SPECIAL_TOKENS), len(self.tokens))

    @classmethod
    def train(
        cls, lines: Iterable[str], vocabulary_size: int | None = None, lowercase: bool = False
    ) -> "CharTokenizer":
        """Builds a vocabulary; by default its characters make up at least 99.9% of the text."""
        tokenizer = cls(SPECIAL_TOKENS, lowercase)
        counts = tokenizer._counts(lines)
        number = covering_alphabet(counts) if vocabulary_size is None else vocabulary_size - len(SPECIAL_TOKENS)
        return cls([*SPECIAL_TOKENS, *most_common(counts, number, kept=[NEWLINE])], lowercase)

    def _counts(self, lines: Iterable[str]) -> Counter[str]:
        counts: Counter[str] = Counter()
        number = 0
        for line in lines:
            counts.update(self.cased(line))
            number += 1
        counts[NEWLINE] += max(number, 1)  # one ends each line
        return counts

    def extended(self, lines: Iterable[str], max_new: int | None = None) -> Tokenizer:
        counts = self._counts(lines)
        new = [key for key in most_common(counts, covering_alphabet(counts)) if key not in self.ids][:max_new]
        return type(self)([*self.tokens, *new], self.lowercase) if new else self

    def encode(self, text: str) -> np.ndarray:
        code_points = np.frombuffer(self.cased(text).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        return self.table[np.minimum(code_points, len(self.table) - 1)]

    def token_texts(self, text: str) -> list[str]:
        return list(self.cased(text))

    def unknown_tokens(self, text: str) -> list[str]:
        return [character for character in dict.fromkeys(self.cased(text)) if character not in self.ids]

    def decoder(self) -> Decoder:
        return BytesDecoder(self.token_bytes)

    @functools.cached_property
    def token_bytes(self) -> list[bytes]:
        """The bytes that each token id stands for."""
        special = [b"", UNKNOWN_TEXT.encode(), b"", b""]
        return special + [token.encode("utf-8") for token in self.tokens[len(SPECIAL_TOKENS) :]]


def covering_alphabet(counts: Counter[str]) -> int:
    """Returns how many characters a vocabulary should have to cover a text."""
    return max(covering(counts, COVERAGE), min(len(counts), SMALL_ALPHABET))
