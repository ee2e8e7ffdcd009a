"""The words that a recogniser may write, where they are few: whatever the sound is like, no text leaves them."""

from collections.abc import Mapping, Sequence

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.inference.prefix_search import SymbolModel
from textrnn.inference.stack import States

__all__ = ["Lexicon", "Restricted"]

BEGINNING = 0  # the place in the tree at which a word begins


class Lexicon:
    """A tree of words by their symbols. As a language model it allows what can still become words, and all of it alike.

    Example, with `a` as symbol 1, `b` as 2 and the space as 3:

    >>> lexicon = Lexicon([[1, 2], [1]], num_symbols=4, space=3)
    >>> gains, states = lexicon.begin()
    >>> gains.tolist()
    [[-inf, 0.0, -inf, -inf]]
    >>> lexicon(np.array([1]), states)[0].tolist()
    [[-inf, -inf, 0.0, 0.0]]

    Args:
        words: The symbols of each word.
        num_symbols: How many symbols there are, the blank among them.
        space: The symbol that stands between words.
    """

    def __init__(self, words: Sequence[Sequence[int]], num_symbols: int, space: int) -> None:
        tree: list[dict[int, int]] = [{}]  # which place follows on each symbol
        ends = set()
        for word in words:
            place = BEGINNING
            for symbol in word:
                if symbol not in tree[place]:
                    tree[place][symbol] = len(tree)
                    tree.append({})
                place = tree[place][symbol]
            ends.add(place)
        ends.discard(BEGINNING)
        self.space = space
        self.next = np.full((len(tree), num_symbols), -1)
        for place, symbols in enumerate(tree):
            self.next[place, list(symbols)] = list(symbols.values())
        self.next[list(ends), space] = BEGINNING
        self.gains = np.where(self.next >= 0, 0.0, -np.inf)
        self.endings = np.full(len(tree), -np.inf)
        self.endings[[BEGINNING, *ends]] = 0.0

    @classmethod
    def of(cls, words: Sequence[str], symbols: Mapping[str, int], num_symbols: int) -> "Lexicon":
        """Builds it from words and the symbol of each character.

        Raises:
            TextrnnError: If a word holds a character that has no symbol.
        """
        for word in words:
            unknown = [character for character in word if character not in symbols]
            if unknown:
                written = "".join(sorted(character for character in symbols if not character.isspace()))
                raise TextrnnError(
                    f"The lexicon's word {word!r} holds {unknown[0]!r}, which this recogniser does not write, but only "
                    f"these: {written}"
                )
        return cls([[symbols[character] for character in word] for word in words], num_symbols, symbols[" "])

    def begin(self) -> tuple[np.ndarray, States]:
        """Returns what may come first, and the place where words begin."""
        places = np.array([BEGINNING])
        return self.gains[places], [[places]]

    def __call__(self, symbols: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """Returns what may come next."""
        places = self.next[states[0][0], symbols]
        return self.gains[places], [[places]]

    def ending(self, states: States) -> np.ndarray:
        """Returns minus infinity where a word is not finished."""
        result: np.ndarray = self.endings[states[0][0]]
        return result

    def finished(self, symbols: tuple[int, ...]) -> tuple[int, ...]:
        """Returns a text without its last word, if that is none yet."""
        place = BEGINNING
        for symbol in symbols:
            place = int(self.next[place, symbol])
        if self.endings[place] == 0:
            return symbols
        return symbols[: max((number for number, symbol in enumerate(symbols) if symbol == self.space), default=0)]


class Restricted:
    """A language model whose texts consist of the words of a lexicon.

    Args:
        language_model: The language model.
        weight: What its log-probabilities are multiplied by.
        lexicon: The words.
    """

    def __init__(self, language_model: SymbolModel, weight: float, lexicon: Lexicon) -> None:
        self.language_model = language_model
        self.weight = weight
        self.lexicon = lexicon

    def begin(self) -> tuple[np.ndarray, States]:
        """Returns what the first symbol adds, and the states of both, the lexicon's first."""
        (gains, states), (allowed, places) = self.language_model.begin(), self.lexicon.begin()
        return self.weight * gains + allowed, [*places, *states]

    def __call__(self, symbols: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """Returns what the next symbol adds, and the states of both."""
        gains, reached = self.language_model(symbols, states[1:])
        allowed, places = self.lexicon(symbols, states[:1])
        return self.weight * gains + allowed, [*places, *reached]

    def ending(self, states: States) -> np.ndarray:
        """Returns what it adds that the texts end there."""
        return np.asarray(self.weight * self.language_model.ending(states[1:]) + self.lexicon.ending(states[:1]))
