"""Language models of text as a recogniser of speech asks them: how likely is what it might write next?

A model of characters says it of each. A model of words or subwords can say nothing before a word is whole: each word
counts once the space after it has been written, with whatever symbol follows.
"""

import math
from collections.abc import Sequence

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.networks import cross_entropies
from textrnn.inference.prefix_search import SymbolModel
from textrnn.inference.sampling import log_softmax
from textrnn.inference.stack import States
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, UNK_ID, CharTokenizer, Tokenizer
from textrnn.preprocessing.vocabulary import NEWLINE

__all__ = ["CharacterModel", "WordModel", "symbol_model"]

LEAST_PROBABLE = 1e-30  # whatever a language model says, the sound may say otherwise
SPACE = " "


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


class WordModel:
    """A model of words or subwords, asked where words end.

    A word is read with a capital where that is more probable and the recogniser has no capitals. One that the
    vocabulary lacks counts as an unknown word of which any other spelling would be as probable.

    Args:
        network: The language model's.
        tokenizer: Its tokenizer.
        symbols: The character that each symbol of the recogniser writes; the blank writes none.
    """

    def __init__(self, network: RecurrentNetwork, tokenizer: Tokenizer, symbols: Sequence[str]) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.symbols = np.array(symbols, dtype=object)
        self.has_capitals = any(text != text.lower() for text in symbols)
        self.ends = last_tokens(network, tokenizer)

    def begin(self) -> tuple[np.ndarray, States]:
        """Returns zeros, shape `(1, symbols)`, and the states."""
        *read, last = first_tokens(self.network, self.tokenizer)
        states = self.network.initial_states(1)
        if read:
            _, states = self.network(np.array([read]), states, last_only=True)
        # Beside the states: the token before the word and what there is of the word, both not read yet, and the
        # log-probability of the word before them that does not count yet.
        more = [np.array([last]), np.array([""], dtype=object), np.zeros(1)]
        return np.zeros((1, len(self.symbols))), [*states, more]

    def __call__(self, symbols: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """Returns log-probabilities of words that have become whole, shape `(rows, symbols)`, and the states."""
        written, words = self.symbols[symbols], states[-1][1]
        gains, (*read, (last, *_)) = self._read(np.where(written == SPACE, words, "").tolist(), [], states)
        words = np.where(written == SPACE, "", words + written)
        return np.repeat(gains[:, np.newaxis], len(self.symbols), axis=1), [*read, [last, words, gains]]

    def ending(self, states: States) -> np.ndarray:
        """Returns log-probabilities of the last word and of the end after it, shape `(rows,)`."""
        _, words, gains = states[-1]
        total: np.ndarray = gains + self._read(words.tolist(), self.ends, states)[0]
        return total

    def _read(self, words: list[str], after: list[int], states: States) -> tuple[np.ndarray, States]:
        """Reads words that may be empty, with tokens after them.

        Returns:
            Their log-probabilities, shape `(rows,)`, and the states after them.
        """
        ways = [(row, form) for row, word in enumerate(words) for form in self._forms(word)]
        tokens = [[*self.tokenizer.encode(form).tolist(), *after] for _, form in ways]
        states = taken(states, [row for row, _ in ways])
        scores = np.array([self._spelling_score(form, found) for (_, form), found in zip(ways, tokens, strict=True)])
        for length in {len(found) for found in tokens} - {0}:
            chosen = [place for place, found in enumerate(tokens) if len(found) == length]
            *before, (last, *_) = taken(states, chosen)
            targets = np.array([tokens[place] for place in chosen])  # (chosen, length)
            logits, reached = self.network(np.column_stack([last, targets[:, :-1]]), before)
            scores[chosen] -= cross_entropies(logits, targets).sum(axis=1)
            put(states, chosen, [*reached, [targets[:, -1]]])
        best = [max(places, key=scores.__getitem__) for places in grouped([row for row, _ in ways])]
        return scores[best], taken(states, best)

    def _forms(self, word: str) -> list[str]:
        """Returns how a word may be written in the text that the model was trained on."""
        if self.has_capitals or self.tokenizer.lowercase:
            return [word]
        return list(dict.fromkeys([word, word.capitalize()]))

    def _spelling_score(self, word: str, token_ids: list[int]) -> float:
        """Returns the log-probability of the letters of an unknown word, each as probable as any other; else 0."""
        return -(len(word) + 1) * math.log(len(self.symbols)) if word and UNK_ID in token_ids else 0.0


def grouped(rows: list[int]) -> list[list[int]]:
    """Returns the places of each row, given the rows in order: of 0 0 1 these are 0 1 and 2."""
    places: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row, []).append(place)
    return list(places.values())


def taken(states: States, rows: list[int]) -> States:
    """Returns the states of some rows."""
    return [[state[rows] for state in layer] for layer in states]


def put(states: States, rows: list[int], values: States) -> None:
    """Sets the states of some rows; a layer's last arrays stay where no values are given for them."""
    for layer, arrays in zip(states, values, strict=True):
        for state, array in zip(layer, arrays, strict=False):
            state[rows] = array
