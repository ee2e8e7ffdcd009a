"""One token per word or punctuation mark."""

import functools
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np

from textrnn.errors import check_choice
from textrnn.preprocessing import splitting
from textrnn.preprocessing.splitting import JOINER
from textrnn.preprocessing.vocabulary import (
    BOS_ID,
    EOS_ID,
    NEWLINE,
    PAD_ID,
    SPECIAL_TOKENS,
    UNK_ID,
    UNKNOWN_TEXT,
    Decoder,
    Tokenizer,
    most_common,
)

__all__ = ["SPLITTINGS", "WordTokenizer"]

SPLITTINGS = (1, 2)
DEFAULT_SIZE = 10_000
MAX_COUNTED = 2_000_000  # keeps memory flat on any corpus; only rarities are lost


class WordTokenizer(Tokenizer):
    """Words and punctuation marks; a newline is a token of its own. See `splitting` for what a token is.

    Args:
        tokens: The vocabulary, beginning with the four special tokens.
        lowercase: Whether text is put into lower case before it is encoded.
        splitting: 2, or 1 for the models of the first format, which split and join with NLTK: their text does not
            always come back with the same spaces.
    """

    level = "word"

    def __init__(self, tokens: Iterable[str], lowercase: bool = False, splitting: int = SPLITTINGS[-1]) -> None:
        super().__init__(tokens, lowercase)
        check_choice("splitting", splitting, SPLITTINGS)
        self.splitting = splitting
        self.words = Words(self.ids, splitting)

    @property
    def format_version(self) -> int:
        return max(super().format_version, self.splitting)

    @classmethod
    def split(cls, text: str) -> list[str]:
        """Splits text into words, punctuation marks and newlines, without marks or other white space."""
        return [splitting.surface(token) for token in splitting.split(text) if token == NEWLINE or not token.isspace()]

    @classmethod
    def train(
        cls, lines: Iterable[str], vocabulary_size: int | None = None, lowercase: bool = False
    ) -> "WordTokenizer":
        """Builds a vocabulary; by default of the words that occur at least twice, at most 10,000 tokens.

        Words that occur once become the unknown token, whose meaning is learnt from them.
        """
        tokenizer = cls(SPECIAL_TOKENS, lowercase)
        counts = tokenizer._counts(lines)
        size = DEFAULT_SIZE if vocabulary_size is None else vocabulary_size
        if vocabulary_size is None:
            counts = without_singletons(counts)
        return cls([*SPECIAL_TOKENS, *most_common(counts, size - len(SPECIAL_TOKENS), kept(counts))], lowercase)

    def _counts(self, lines: Iterable[str]) -> Counter[str]:
        counts: Counter[str] = Counter()
        number = 0
        for line in lines:
            counts.update(self._split(line))
            number += 1
            if len(counts) > MAX_COUNTED:
                counts = Counter({word: count for word, count in counts.items() if count > 1})
        for token in SPECIAL_TOKENS:
            counts.pop(token, None)
        counts[NEWLINE] += max(number, 1)  # one ends each line
        return counts

    def extended(self, lines: Iterable[str], max_new: int | None = None) -> Tokenizer:
        counts = without_singletons(self._counts(lines))
        room = DEFAULT_SIZE // 2 if max_new is None else max_new
        new = [token for token in most_common(counts, len(counts)) if token not in self.ids][:room]
        return type(self)([*self.tokens, *new], self.lowercase, self.splitting) if new else self

    def _split(self, text: str) -> list[str]:
        """Splits text into tokens as the vocabulary holds them."""
        text = self.cased(text)
        return splitting.split(text) if self.splitting == 2 else nltk_split(text)

    def encode(self, text: str) -> np.ndarray:
        tokens = self._split(text)
        token_ids = list(map(self.words.__getitem__, tokens))
        if REWRITTEN in token_ids:
            token_ids = list(map(self.words.__getitem__, self._rewritten(tokens)))
        return np.array(token_ids, dtype=np.int32)

    def _rewritten(self, tokens: list[str]) -> list[str]:
        """Replaces tokens that the vocabulary lacks by others that have the same text, where there are any."""
        parts = (self.words.rewritten(token) if self.words[token] == REWRITTEN else [token] for token in tokens)
        return list(chain.from_iterable(parts))

    def token_texts(self, text: str) -> list[str]:
        tokens = self._rewritten(self._split(text))
        if self.lowercase:  # as it was written, for what is copied from it
            written = self._rewritten(splitting.split(text) if self.splitting == 2 else nltk_split(text))
            tokens = written if [token.lower() for token in written] == tokens else tokens
        return [splitting.surface(token) if self.splitting == 2 else token for token in tokens]

    def unknown_tokens(self, text: str) -> list[str]:
        tokens = zip(self.token_texts(text), self.encode(text), strict=True)
        return list(dict.fromkeys(token for token, token_id in tokens if token_id == UNK_ID))

    def token_text(self, token_id: int) -> str:
        return splitting.surface(self.tokens[token_id]) if self.splitting == 2 else self.tokens[token_id]

    def decoder(self) -> Decoder:
        return WordDecoder(self.joined_tokens) if self.splitting == 2 else NltkDecoder(self.tokens)

    @functools.cached_property
    def joined_tokens(self) -> list[tuple[bool, str, bool]]:
        """For each token id whether it touches what stands before it, its text, and whether it touches what follows."""
        result = []
        for token in self.tokens:
            left, right = (True, True) if token.isspace() else splitting.joins(token)
            result.append((left, splitting.surface(token), right))
        result[UNK_ID] = (False, UNKNOWN_TEXT, False)
        return result

    def to_dict(self) -> dict[str, Any]:
        content = super().to_dict()
        return content if self.splitting == 1 else {"level": self.level, "splitting": self.splitting, **content}


REWRITTEN = -1  # not an id: other tokens have the same text
FULL_STOP = JOINER + "."


class Words(dict[str, int]):
    """Ids by token. What is missing is the unknown id, or the same punctuation mark with its joiners elsewhere."""

    def __init__(self, ids: dict[str, int], splitting: int) -> None:
        # Text that happens to spell "<pad>" is an unknown word, never padding.
        super().__init__({token: token_id for token, token_id in ids.items() if token not in SPECIAL_TOKENS})
        self.splitting = splitting

    def __missing__(self, token: str) -> int:
        if self.splitting == 1 or token == NEWLINE or token.isalpha():
            return UNK_ID
        if self.rewritten(token) != [token]:
            return REWRITTEN
        text = splitting.surface(token)
        forms = (JOINER + text, text + JOINER, text, JOINER + text + JOINER)
        return next((self[form] for form in forms if form in self), UNK_ID)

    def rewritten(self, token: str) -> list[str]:
        """Returns known tokens with the text of an unknown one: shorter runs of spaces, a word and its full stop."""
        if token[-1] == "." and token[:-1] in self and FULL_STOP in self:
            return [token[:-1], FULL_STOP]
        if not token.isspace():
            return [token]
        runs: list[str] = []
        number = len(token) if token[0] == " " else 0
        for size in range(number - 1, 0, -1):
            while number >= size and " " * size in self:
                runs.append(" " * size)
                number -= size
        return runs


class WordDecoder(Decoder):
    """Puts a space between two tokens unless one of them is marked to touch the other."""

    def __init__(self, tokens: list[tuple[bool, str, bool]]) -> None:
        self.tokens = tokens
        self.touches_next = True

    def feed(self, token_id: int) -> str:
        if token_id in (PAD_ID, BOS_ID, EOS_ID):
            return ""
        touches, text, touches_next = self.tokens[token_id]
        gap = "" if touches or self.touches_next else " "
        self.touches_next = touches_next
        return gap + text


def without_singletons(counts: Counter[str]) -> Counter[str]:
    """Leaves out what occurs once, unless that is more than half of the text: then little would be left to learn."""
    singletons = sum(count == 1 for count in counts.values())
    if singletons > (counts.total() - counts[NEWLINE]) / 2:
        return counts
    return Counter({token: count for token, count in counts.items() if count > 1 or token in (NEWLINE, " ", "\t")})


def kept(counts: Counter[str]) -> list[str]:
    """Returns what never falls out of a vocabulary: the newline, and the space that longer gaps are made of."""
    has_gaps = any(token.isspace() and token != NEWLINE for token in counts)
    return [NEWLINE, *([" "] if has_gaps and " " in counts else [])]


@functools.cache
def nltk_tools() -> tuple[Any, Any]:
    """Returns NLTK's tokenizer and detokenizer, which take most of a second to import and only old models need."""
    from nltk.tokenize import NLTKWordTokenizer
    from nltk.tokenize.treebank import TreebankWordDetokenizer

    return NLTKWordTokenizer(), TreebankWordDetokenizer()


def nltk_split(text: str) -> list[str]:
    """Splits text as the models of the first format do."""
    tokenize = nltk_tools()[0].tokenize
    tokens: list[str] = []
    for number, line in enumerate(text.split(NEWLINE)):
        if number:
            tokens.append(NEWLINE)
        tokens.extend(tokenize(line))
    return tokens


class NltkDecoder(Decoder):
    """Detokenizes the end of the line anew with each word, and gives out what the next word can no longer change."""

    MAX_WORDS = 64  # NLTK's rules look at a few neighbours; more words would only cost time

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.detokenize = nltk_tools()[1].detokenize
        self.words: list[str] = []
        self.text = ""
        self.given = ""

    def feed(self, token_id: int) -> str:
        if token_id in (PAD_ID, BOS_ID, EOS_ID):
            return ""
        word = UNKNOWN_TEXT if token_id == UNK_ID else self.tokens[token_id]
        if word == NEWLINE:
            return self.finish() + NEWLINE
        before = self.text
        self.words.append(word)
        self.text = self.detokenize(self.words)
        given = self._give(before if self.text.startswith(before) else self.given)
        if len(self.words) > self.MAX_WORDS:
            self._forget()
        return given

    def finish(self) -> str:
        text = self._give(self.text)
        self.words, self.text, self.given = [], "", ""
        return text

    def skip(self, token_ids: Iterable[int]) -> None:
        super().skip(token_ids)
        self.given = self.text

    def _give(self, line: str) -> str:
        if not line.startswith(self.given):
            return ""
        text, self.given = line[len(self.given) :], line
        return text

    def _forget(self) -> None:
        """Drops the first half of the words, at a place where the rest has the same text without them."""
        for number in range(self.MAX_WORDS // 2, 0, -1):
            rest = self.detokenize(self.words[number:])
            start = len(self.text) - len(rest)
            if self.text.endswith(rest) and start <= len(self.given) and self.text.startswith(self.given):
                self.words, self.text, self.given = self.words[number:], rest, self.given[start:]
                return
