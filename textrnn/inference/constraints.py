"""What may come next in a text: rules that leave only some tokens, whatever the network would like.

A constraint belongs to one sequence. Before each token it gives a mask over the vocabulary, and after each it is told
which token came. `Unfinished` heals the end of a prompt, `Banned` keeps words out of the text.
"""

import bisect
import functools
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from textrnn.preprocessing import scripts
from textrnn.preprocessing.files import as_read
from textrnn.preprocessing.tokenizers import EOS_ID, Tokenizer, WordTokenizer

__all__ = ["BanTable", "Banned", "Constraint", "TokenIndex", "Unfinished", "token_index"]

# Letters and digits of scripts in which words begin and end at spaces; Korean joins particles to its words.
WORD_CHARACTER = re.compile(f"[^\\W{scripts.ANY}\u1100-\u11ff\uac00-\ud7ff]")
CHARACTER_BYTES = 4  # the most that UTF-8 takes
NUM_SPECIAL = EOS_ID + 1


class Constraint(Protocol):
    """Says which tokens may come next in one sequence."""

    def allowed(self, last: bool) -> np.ndarray | None:
        """Returns which tokens may come next, bool of shape `(vocabulary_size,)`, or None if all may.

        Args:
            last: Whether the text ends after this token, whatever it is.
        """

    def feed(self, token_id: int) -> None:
        """Takes in the token that came."""


class TokenIndex:
    """Finds tokens by how their texts begin.

    Args:
        texts: The UTF-8 text of each token id; empty for those without one.
    """

    def __init__(self, texts: Sequence[bytes]) -> None:
        self.texts = list(texts)
        self.order = sorted((token for token, text in enumerate(texts) if text), key=texts.__getitem__)
        self.sorted = [texts[token] for token in self.order]

    def starting_with(self, text: bytes) -> list[int]:
        """Returns the tokens that begin with a text, or are it."""
        start = bisect.bisect_left(self.sorted, text)
        stop = start
        while stop < len(self.sorted) and self.sorted[stop].startswith(text):
            stop += 1
        return self.order[start:stop]

    def longer_than(self, text: bytes) -> list[int]:
        """Returns the tokens that begin with a text and go on after it."""
        return [token for token in self.starting_with(text) if len(self.texts[token]) > len(text)]

    def joined(self, token_ids: Iterable[int]) -> bytes:
        """Returns the text of several tokens."""
        return b"".join([self.texts[token] for token in token_ids])


@functools.lru_cache(maxsize=8)
def token_index(tokenizer: Tokenizer) -> TokenIndex:
    """Returns the index of a tokenizer's texts, a word's with the space before it."""
    if isinstance(tokenizer, WordTokenizer):
        texts = [(text if touches else f" {text}").encode("utf-8") for touches, text, _ in tokenizer.joined_tokens]
    else:
        texts = tokenizer.token_bytes  # type: ignore[attr-defined]
    return TokenIndex([b""] * NUM_SPECIAL + texts[NUM_SPECIAL:])


@functools.lru_cache(maxsize=8)
def casefolded_index(tokenizer: Tokenizer) -> TokenIndex:
    """Returns the index of a tokenizer's texts without differences of case, as `spelled` puts them together."""
    if isinstance(tokenizer, WordTokenizer):
        words = map(tokenizer.token_text, range(NUM_SPECIAL, tokenizer.vocabulary_size))
        return TokenIndex([b""] * NUM_SPECIAL + [casefolded(word_text(word).encode("utf-8")) for word in words])
    return TokenIndex([casefolded(text) for text in token_index(tokenizer).texts])


def spelled(tokenizer: Tokenizer, text: str) -> bytes:
    """Returns a text as the tokens of a `casefolded_index` spell it, without a space before it."""
    text = as_read(text)
    if isinstance(tokenizer, WordTokenizer):
        text = "".join(map(word_text, tokenizer.token_texts(text))).removeprefix(" ")
    return text.casefold().encode("utf-8")


def word_text(word: str) -> str:
    """Returns a word with a space before it, whether it touches the one before it or not; a newline as it is."""
    return word if word == "\n" else f" {word}"


def casefolded(text: bytes) -> bytes:
    """Returns UTF-8 without differences of case; a part of a character stays what it is."""
    try:
        return text.decode("utf-8").casefold().encode("utf-8")
    except UnicodeDecodeError:
        return text


class Unfinished:
    """The end of a prompt that was taken back: the first token must begin with it, and may go on.

    Args:
        index: The tokens by their texts.
        text: What was taken back.
    """

    def __init__(self, index: TokenIndex, text: bytes) -> None:
        self.mask: np.ndarray | None = np.zeros(len(index.texts), bool)
        self.mask[index.starting_with(text)] = True

    def allowed(self, last: bool) -> np.ndarray | None:
        return self.mask

    def feed(self, token_id: int) -> None:
        self.mask = None


class BanTable:
    """Which tokens would complete a banned string, by how much of it stands already.

    Case counts for nothing. A string that begins or ends with a letter or digit is one only where a word begins or
    ends: banning "ass" bans neither "pass" nor "assume". In scripts without spaces a string is banned everywhere.

    Args:
        tokenizer: Whose tokens.
        strings: What must not appear.
        stop: Strings at which texts are cut, so that a word can end before one of them.
    """

    def __init__(self, tokenizer: Tokenizer, strings: Iterable[str], stop: Iterable[str] = ()) -> None:
        self.index = casefolded_index(tokenizer)
        self.spelled = functools.partial(spelled, tokenizer)
        # A word of characters may grow into another one. A longer token hardly does: what would grow out of it has a
        # token of its own.
        self.grows = tokenizer.level == "char"
        # A string of several words can be one token all the same, such as "etc.".
        whole = {
            text for string in strings for text in (self.spelled(string), casefolded(as_read(string).encode("utf-8")))
        }
        self.ends = {string: ends_word(string) for string in whole if string}  # whether it must end a word
        cuts = [self.spelled(text) for text in stop]
        self.ends |= {string + cut: False for string in whole for cut in cuts if ends_word(string) and begins_word(cut)}
        self.longest = max(map(len, self.ends), default=0)
        self.rests: dict[tuple[bytes, bool], list[tuple[bytes, bool]]] = {}
        for string, must_end in self.ends.items():
            for size in range(len(string) + self.grows):
                self.rests.setdefault((string[:size], begins_word(string)), []).append((string[size:], must_end))
        sizes = sorted({len(string) for string in self.ends})
        self.free = np.array([not self._holds(text, sizes) for text in self.index.texts])
        self._completing: dict[tuple[bytes, bool, bool, bool], list[int]] = {}

    def _holds(self, text: bytes, sizes: list[int]) -> bool:
        """Says whether a token holds a banned string behind its first byte."""
        for start, size in itertools.product(range(1, len(text)), sizes):
            string = text[start : start + size]
            if string in self.ends and not (begins_word(string) and ends_word(text[:start])):
                found = not self.ends[string] or self._ends(text[start + size :], last=False)
                if found:
                    return True
        return False

    def _ends(self, following: bytes, last: bool) -> bool:
        """Says whether a word has ended where a token goes on with `following`."""
        return not begins_word(following) if following else last or not self.grows

    def completing(self, begun: bytes, inside: bool, last: bool, is_prompt: bool) -> list[int]:
        """Returns the tokens that would complete a banned string.

        Args:
            begun: What of it stands at the end of the text.
            inside: Whether a letter or digit stands before that.
            last: Whether the text ends after the token.
            is_prompt: Whether all of that is the prompt, which may end with a banned word.
        """
        key = (begun, inside, last, is_prompt)
        if key not in self._completing:
            begins = (False,) if inside else (False, True)
            rests = [rest for must_begin in begins for rest in self.rests.get((begun, must_begin), [])]
            left = [rest for rest in rests if rest[0] or not is_prompt]
            self._completing[key] = sorted({token for rest in left for token in self._completed_by(*rest, last)})
        return self._completing[key]

    def _completed_by(self, rest: bytes, must_end: bool, last: bool) -> list[int]:
        texts = self.index.texts
        if not rest:  # the word stands there: what comes must make another one of it
            return [token for token, text in enumerate(texts) if must_end and not begins_word(text)]
        tokens = self.index.starting_with(rest)
        return [token for token in tokens if not must_end or self._ends(texts[token][len(rest) :], last)]


def begins_word(text: bytes) -> bool:
    """Says whether a text begins with a letter or digit of a script that has spaces."""
    return WORD_CHARACTER.match(text[:CHARACTER_BYTES].decode("utf-8", "ignore")) is not None


def ends_word(text: bytes) -> bool:
    """Says whether a text ends with a letter or digit of a script that has spaces."""
    return WORD_CHARACTER.match(text[-CHARACTER_BYTES:].decode("utf-8", "ignore")[-1:]) is not None


@functools.lru_cache(maxsize=2)
def ban_table(tokenizer: Tokenizer, strings: tuple[str, ...], stop: tuple[str, ...]) -> BanTable:
    """Returns a `BanTable`, which texts of the same options share."""
    return BanTable(tokenizer, strings, stop)


class Banned:
    """Keeps banned strings out of what is generated, also those that begin in the prompt.

    Args:
        table: What is banned.
        prompt: The tokens so far.
        text: Their text, if some of them may be unknown.
    """

    def __init__(self, table: BanTable, prompt: Sequence[int], text: str = "") -> None:
        self.table = table
        self.size = table.longest + CHARACTER_BYTES
        tail = table.spelled(text[-self.size :]) if text else table.index.joined(prompt[-self.size :])
        self.tail = tail[-self.size :]
        self.is_prompt = True

    def allowed(self, last: bool) -> np.ndarray | None:
        mask = self.table.free.copy()
        for size in range(min(len(self.tail), self.table.longest) + 1):
            place = len(self.tail) - size
            inside = ends_word(self.tail[:place])
            mask[self.table.completing(self.tail[place:], inside, last, self.is_prompt)] = False
        return mask

    def feed(self, token_id: int) -> None:
        self.tail = (self.tail + self.table.index.texts[token_id])[-self.size :]
        self.is_prompt = False
