"""Language models of text as a recogniser of speech asks them: how likely is what it might write next?

A model of characters says it of each. A model of words or subwords says of the beginning of a word how likely words are
that begin so, and of the whole word how likely it is.
"""

import bisect
import dataclasses
import functools
import math
import sys
from collections.abc import Sequence

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.inference.constraints import token_index
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.prefix_search import SymbolModel
from textrnn.inference.sampling import log_softmax
from textrnn.inference.stack import States
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, UNK_ID, CharTokenizer, SubwordTokenizer, Tokenizer
from textrnn.preprocessing.vocabulary import NEWLINE

__all__ = ["CharacterModel", "WordModel", "symbol_model"]

LEAST_PROBABLE = 1e-30  # whatever a language model says, the sound may say otherwise
SPACE = " "
MOST_REMEMBERED = 10_000  # words


def symbol_model(network: RecurrentNetwork, tokenizer: Tokenizer, symbols: Sequence[str]) -> SymbolModel:
    """Returns a language model as a recogniser asks it.

    Args:
        network: The language model's.
        tokenizer: Its tokenizer.
        symbols: The character that each symbol of the recogniser writes; the blank writes none.

    Raises:
        TextrnnError: If the model reads both ways, or knows none of the characters.
    """
    if network.config.bidirectional:
        raise TextrnnError(
            "A bidirectional language model cannot say what comes next. Pass one that reads from left to right."
        )
    if isinstance(tokenizer, CharTokenizer):
        return CharacterModel(network, tokenizer, symbols)
    return WordModel(network, tokenizer, symbols)


def first_tokens(network: RecurrentNetwork, tokenizer: Tokenizer) -> list[int]:
    """Returns what is read before a text."""
    return tokenizer.beginning(network.config.beginning) or [BOS_ID]


def last_tokens(network: RecurrentNetwork, tokenizer: Tokenizer) -> list[int]:
    """Returns what comes after a text: the end of a document or of a line, or nothing if the model knows no ends."""
    if network.config.beginning is None:
        return []
    return [EOS_ID] if network.config.documents is not None else tokenizer.encode(NEWLINE).tolist()


class CharacterModel:
    """A model of characters.

    All of its probability goes to what the recogniser can write, and to the end. A small letter has that of its capital
    too if the recogniser has no capitals, and a character that the model does not know has that of an unknown one.

    Args:
        network: The language model's.
        tokenizer: Its tokenizer.
        symbols: The character that each symbol of the recogniser writes; the blank writes none.
    """

    def __init__(self, network: RecurrentNetwork, tokenizer: CharTokenizer, symbols: Sequence[str]) -> None:
        self.network = network
        self.beginning = first_tokens(network, tokenizer)
        self.tokens = np.full(len(symbols), UNK_ID)  # what is read for each symbol
        # Which tokens each symbol stands for, and in the last column which is the end: (vocabulary, symbols + 1).
        self.stands_for = np.zeros((tokenizer.vocabulary_size, len(symbols) + 1))
        for number, text in enumerate(symbols):
            forms = [tokenizer.cased(text)] + [text.upper()] * (text.upper() not in symbols)
            known = [tokenizer.ids[form] for form in forms if form in tokenizer.ids]
            self.tokens[number] = (known or [UNK_ID])[0]
            self.stands_for[known or [UNK_ID], number] = float(text != "")
        if not (self.tokens != UNK_ID).any():
            raise TextrnnError(
                "The language model knows none of the recogniser's characters. Pass one of a text in the same script."
            )
        ends = last_tokens(network, tokenizer)
        self.stands_for[ends, -1] = 1.0
        self.knows_ends = bool(ends)

    def begin(self) -> tuple[np.ndarray, States]:
        """Returns log-probabilities of the first symbol, shape `(1, symbols)`, and the states."""
        return self._read(np.array([self.beginning]), self.network.initial_states(1))

    def __call__(self, symbols: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """Returns log-probabilities of the next symbol, shape `(rows, symbols)`, and the states."""
        return self._read(self.tokens[symbols, np.newaxis], states[:-1])

    def _read(self, token_ids: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        logits, states = self.network(token_ids, states, last_only=True)
        shares = np.exp(log_softmax(logits)) @ self.stands_for + LEAST_PROBABLE  # (rows, symbols + 1)
        found = np.log(shares / shares.sum(axis=1, keepdims=True))
        return found[:, :-1], [*states, [found[:, -1] * self.knows_ends]]

    def ending(self, states: States) -> np.ndarray:
        """Returns log-probabilities of the end, shape `(rows,)`; zeros if the model knows none."""
        return states[-1][0]


class WordBeginnings:
    """Which tokens of a vocabulary begin a word, and with which letters.

    Args:
        tokenizer: Of words or subwords.
        symbols: The character that each symbol of the recogniser writes; the blank writes none.
    """

    def __init__(self, tokenizer: Tokenizer, symbols: Sequence[str]) -> None:
        self.symbols = symbols
        words: dict[int, str] = {}
        for token_id, text in enumerate(token_index(tokenizer).texts):
            word = text.decode("utf-8", errors="replace")
            if word.startswith(SPACE) and (word != SPACE or isinstance(tokenizer, SubwordTokenizer)):
                words[token_id] = word[1:] if has_capitals(symbols) else word[1:].lower()
        self.token_ids = sorted(words, key=words.__getitem__)
        self.sorted = [words[token_id] for token_id in self.token_ids]
        self.ranges: dict[str, np.ndarray] = {}
        self.nowhere = np.zeros((2, len(symbols) + 1), np.int64)

    def after(self, beginning: str) -> np.ndarray:
        """Returns where among the sorted tokens those stand that go on with each symbol after a beginning: start, stop.

        Returns:
            Shape `(2, symbols + 1)`; the last column is for those that are the beginning itself.
        """
        if beginning in self.ranges:
            return self.ranges[beginning]
        start, stop = self._range(beginning)
        if start == stop:  # not remembered, since there is no end of such
            return self.nowhere
        parts = [self._range(beginning + symbol) if symbol.strip() else (0, 0) for symbol in self.symbols]
        itself = start, bisect.bisect_right(self.sorted, beginning)
        self.ranges[beginning] = np.array([*parts, itself]).T
        return self.ranges[beginning]

    def _range(self, beginning: str) -> tuple[int, int]:
        last = beginning + chr(sys.maxunicode)
        return bisect.bisect_left(self.sorted, beginning), bisect.bisect_left(self.sorted, last)


@dataclasses.dataclass(frozen=True, eq=False)
class ReadWords:
    """What a network has made of the whole words of a text.

    Args:
        states: Its states, arrays of one row.
        log_probabilities: Of the next token, shape `(vocabulary_size,)`.
        cumulative: The probabilities of the tokens that begin words, in order, added up from 0.
    """

    states: States
    log_probabilities: np.ndarray
    cumulative: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Reading:
    """How far a text has been read.

    Args:
        before: Its whole words.
        word: The beginning of a word after them.
        counted: The log-probability of words that begin so, which counts already.
        expected: The probability of words that begin so and go on with each symbol, shape `(symbols,)`.
        spelled: That of those among them, for each symbol, of which no token spells more than the beginning.
        due: What counts with the next symbol, for the word before.
    """

    before: ReadWords
    word: str
    counted: float
    expected: np.ndarray
    spelled: float
    due: float


class WordModel:
    """A model of words or subwords.

    The beginning of a word has the probability of all tokens that begin so. Letters that no token spells, of unknown
    words and after a first subword, are as probable as any others. Once a word is whole, its own probability takes the
    place of that, with the symbol after the space. A word is read with a capital where that is more probable and the
    recogniser has no capitals.

    Args:
        network: The language model's.
        tokenizer: Its tokenizer.
        symbols: The character that each symbol of the recogniser writes; the blank writes none.
    """

    def __init__(self, network: RecurrentNetwork, tokenizer: Tokenizer, symbols: Sequence[str]) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.symbols = symbols
        self.beginnings = WordBeginnings(tokenizer, symbols)
        self._encoded = functools.lru_cache(MOST_REMEMBERED)(lambda word: tokenizer.encode(word).tolist() or [UNK_ID])
        self.is_subword = isinstance(tokenizer, SubwordTokenizer)
        self.is_space = np.array([symbol == SPACE for symbol in symbols])
        self.ends = last_tokens(network, tokenizer)

    def begin(self) -> tuple[np.ndarray, States]:
        """Returns log-probabilities of the first symbol, shape `(1, symbols)`, and the states."""
        token_ids = np.array([first_tokens(self.network, self.tokenizer)])
        logits, states = self.network(token_ids, self.network.initial_states(1), last_only=True)
        return self._counted([self._between_words(self._read_words(log_softmax(logits[0]), states))])

    def __call__(self, symbols: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """Returns log-probabilities of the next symbol, shape `(rows, symbols)`, and the states."""
        readings: list[Reading] = states[0][0].tolist()
        whole = [row for row, symbol in enumerate(symbols) if self.is_space[symbol] and readings[row].word]
        scored = dict(zip(whole, self._scored([readings[row] for row in whole], []), strict=True))
        return self._counted(
            [
                self._whole(reading, symbol, *scored[row]) if row in scored else self._within(reading, symbol)
                for row, (reading, symbol) in enumerate(zip(readings, symbols.tolist(), strict=True))
            ]
        )

    def ending(self, states: States) -> np.ndarray:
        """Returns log-probabilities of the rest of the last word and of the end, shape `(rows,)`."""
        readings: list[Reading] = states[0][0].tolist()
        scored = self._scored(readings, self.ends)
        return np.array(
            [score + one.due - one.counted for (score, _), one in zip(scored, readings, strict=True)], np.float64
        )

    def _counted(self, readings: list[Reading]) -> tuple[np.ndarray, States]:
        """Returns what each symbol adds, shape `(rows, symbols)`, and the readings as states."""
        rows = np.empty(len(readings), dtype=object)
        rows[:] = readings
        return np.array([logarithm(one.expected) - one.counted + one.due for one in readings]), [[rows]]

    def _whole(self, reading: Reading, symbol: int, score: float, read: ReadWords) -> Reading:
        """Returns a reading whose last word has become whole."""
        return self._between_words(read, score - float(logarithm(reading.expected[symbol])))

    def _between_words(self, before: ReadWords, due: float = 0.0) -> Reading:
        """Returns the reading of a text whose words are whole."""
        unknown = 0.0 if self.is_subword else float(np.exp(before.log_probabilities[UNK_ID]))
        return self._reading(before, "", 0.0, unknown, due)

    def _within(self, reading: Reading, symbol: int) -> Reading:
        """Returns a reading with one more letter, or with a space that tells nothing."""
        if self.is_space[symbol]:
            return dataclasses.replace(reading, due=0.0)
        counted = float(logarithm(reading.expected[symbol]))
        return self._reading(reading.before, reading.word + self.symbols[symbol], counted, reading.spelled)

    def _reading(self, before: ReadWords, word: str, counted: float, unspelled: float, due: float = 0.0) -> Reading:
        start, stop = self.beginnings.after(word)
        shares = before.cumulative[stop] - before.cumulative[start]  # (symbols + 1,)
        spelled = (unspelled + shares[-1] * self.is_subword) / len(self.symbols)
        expected = shares[:-1] + spelled
        expected[self.is_space] = shares[-1] + spelled if word else 0.0
        return Reading(before, word, counted, expected, spelled, due)

    def _scored(self, readings: list[Reading], after: list[int]) -> list[tuple[float, ReadWords]]:
        """Reads the words that texts end in, whole, and tokens after them.

        Returns:
            The log-probability of each, and what the network has made of it.
        """
        if not readings:
            return []
        ways = [self._way(one) for one in readings]
        scores = np.array([spelling for spelling, _ in ways])
        tokens = [[*token_ids, *after] for _, token_ids in ways]
        logs = np.array([one.before.log_probabilities for one in readings])  # (rows, vocabulary)
        layers = zip(*(one.before.states for one in readings), strict=True)
        states = [[np.concatenate(parts) for parts in zip(*layer, strict=True)] for layer in layers]
        for step in range(max(map(len, tokens))):
            rows = [row for row, one in enumerate(tokens) if len(one) > step]
            read = np.array([tokens[row][step] for row in rows])
            scores[rows] += logs[rows, read]
            logits, reached = self.network(read[:, np.newaxis], rows_of(states, rows), last_only=True)
            logs[rows] = log_softmax(logits)
            for layer, new in zip(states, reached, strict=True):
                for state, values in zip(layer, new, strict=True):
                    state[rows] = values
        return [
            (float(score), self._read_words(logs[row].copy(), rows_of(states, [row])))
            for row, score in enumerate(scores)
        ]

    def _way(self, reading: Reading) -> tuple[float, list[int]]:
        """Returns the tokens of the last word, and the log-probability of its letters if it is unknown.

        With a capital it may have fewer tokens, or a more probable first one.
        """
        if not reading.word:
            return 0.0, []
        word = reading.word
        forms = [word] if has_capitals(self.symbols) or self.tokenizer.lowercase else [word, word.capitalize()]
        letters = -(len(word) + 1) * math.log(len(self.symbols))
        encoded = [self._encoded(form) for form in forms]
        ways = [(letters if UNK_ID in token_ids else 0.0, token_ids) for token_ids in encoded]
        first = reading.before.log_probabilities
        return max(ways, key=lambda way: (-len(way[1]), way[0] + first[way[1][0]]))

    def _read_words(self, log_probabilities: np.ndarray, states: States) -> ReadWords:
        shares = np.exp(log_probabilities[self.beginnings.token_ids])
        return ReadWords(states, log_probabilities, np.append(0.0, shares.cumsum()))


def rows_of(states: States, rows: list[int]) -> States:
    """Returns the states of some rows."""
    return [[state[rows] for state in layer] for layer in states]


def has_capitals(symbols: Sequence[str]) -> bool:
    """Tells whether a recogniser writes capitals."""
    return any(symbol != symbol.lower() for symbol in symbols)


def logarithm(shares: np.ndarray) -> np.ndarray:
    """Returns the logarithm of probabilities, none of which counts as 0."""
    result: np.ndarray = np.log(np.maximum(shares, LEAST_PROBABLE))
    return result
