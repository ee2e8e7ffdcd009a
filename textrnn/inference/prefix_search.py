"""The beginnings of texts that a search keeps while it reads frames of sound, with all paths of each (see `ctc`)."""

from typing import Protocol

import numpy as np

from textrnn.inference.stack import States

__all__ = ["NoPreference", "PrefixSearch", "SymbolModel"]


class SymbolModel(Protocol):
    """What a search asks of a language model, of many texts at once. Its states have a row for each text."""

    def begin(self) -> tuple[np.ndarray, States]:
        """Returns what the first symbol of a text adds to its log-probability, shape `(1, symbols)`, and the states."""

    def __call__(self, symbols: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """Returns what the next symbol adds, shape `(rows, symbols)`, after one more of each text, shape `(rows,)`."""

    def ending(self, states: States) -> np.ndarray:
        """Returns what it adds that the texts end there, shape `(rows,)`."""


class NoPreference:
    """Says the same of every text."""

    def __init__(self, num_symbols: int) -> None:
        self.num_symbols = num_symbols

    def begin(self) -> tuple[np.ndarray, States]:
        """Returns zeros, and states of nothing."""
        return np.zeros((1, self.num_symbols)), [[np.zeros(1)]]

    def __call__(self, symbols: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """Returns zeros, and states of nothing."""
        return np.zeros((len(symbols), self.num_symbols)), states

    def ending(self, states: States) -> np.ndarray:
        """Returns zeros."""
        return np.zeros(len(states[0][0]))


class PrefixTree:
    """Beginnings of texts by number; 0 is the empty one. One that is met again has the number that it had."""

    def __init__(self) -> None:
        self.parents = [-1]
        self.symbols = [-1]
        self.numbers: dict[tuple[int, int], int] = {}

    def grown(self, prefix: int, symbol: int) -> int:
        """Returns the number of a prefix with one more symbol."""
        number = self.numbers.setdefault((prefix, symbol), len(self.parents))
        if number == len(self.parents):
            self.parents.append(prefix)
            self.symbols.append(symbol)
        return number

    def text(self, prefix: int) -> tuple[int, ...]:
        """Returns the symbols of a prefix."""
        symbols = []
        while prefix:
            symbols.append(self.symbols[prefix])
            prefix = self.parents[prefix]
        return tuple(reversed(symbols))


class PrefixSearch:
    """The most probable beginnings of texts so far: `K` of them, at first the empty one alone.

    Attributes:
        prefixes: Their numbers in the tree.
        last: The last symbol of each, shape `(K,)`; the blank for the empty one.
        on_blank: The log-probability of all paths of each that end in the blank, shape `(K,)`.
        on_symbol: That of those that end in its last symbol.
        extras: What the language model and the bonus have added to each.
        gains: What they add for each symbol that comes next, shape `(K, symbols)`.
        states: The language model's, arrays of `K` rows.
    """

    def __init__(self, language_model: SymbolModel, weight: float, bonus: float, blank: int) -> None:
        self.language_model = language_model
        self.weight = weight
        self.bonus = bonus
        self.blank = blank
        self.tree = PrefixTree()
        self.prefixes = [0]
        self.last = np.array([blank])
        self.on_blank, self.on_symbol, self.extras = np.zeros(1), np.full(1, -np.inf), np.zeros(1)
        preferred, self.states = language_model.begin()
        self.gains = weight * preferred + bonus

    def read(self, frame: np.ndarray, symbols: np.ndarray, num_beams: int) -> None:
        """Goes on by one frame.

        Args:
            frame: Log-probabilities, shape `(symbols,)`.
            symbols: Those that may extend a text here, without the blank, shape `(A,)`.
            num_beams: Beginnings that are kept.
        """
        total = np.logaddexp(self.on_blank, self.on_symbol)
        on_blank = total + frame[self.blank]
        on_symbol = self.on_symbol + frame[self.last]
        if not len(symbols):
            self.on_blank, self.on_symbol = on_blank, on_symbol
            return
        # The symbol that a text ends in comes anew only after a blank; else it is the same one, going on.
        before = np.where(symbols == self.last[:, np.newaxis], self.on_blank[:, np.newaxis], total[:, np.newaxis])
        grown = before + frame[symbols]  # (K, A)
        self._merge(on_symbol, grown, symbols)
        stay = np.logaddexp(on_blank, on_symbol) + self.extras
        extras = self.extras[:, np.newaxis] + self.gains[:, symbols]  # (K, A)
        scores = np.concatenate([stay, (grown + extras).reshape(-1)])
        order = np.argsort(-scores, kind="stable")[:num_beams]
        order = order[scores[order] > -np.inf]
        new = np.flatnonzero(order >= len(stay))
        rows, columns = np.divmod(order[new] - len(stay), len(symbols))
        kept = order.copy()
        kept[new] = rows  # the row that each comes from
        self.on_blank, self.on_symbol, self.extras = on_blank[kept], on_symbol[kept], self.extras[kept]
        self.on_blank[new], self.on_symbol[new], self.extras[new] = -np.inf, grown[rows, columns], extras[rows, columns]
        self._keep(kept, new, symbols[columns])

    def _merge(self, on_symbol: np.ndarray, grown: np.ndarray, symbols: np.ndarray) -> None:
        """Moves what would grow into a prefix that is there already to that prefix."""
        columns = np.full(self.gains.shape[1], -1)
        columns[symbols] = np.arange(len(symbols))
        columns = columns[self.last]  # (K,)
        places = {prefix: row for row, prefix in enumerate(self.prefixes)}
        parents = np.array([places.get(self.tree.parents[prefix], -1) for prefix in self.prefixes])
        rows = np.flatnonzero((columns >= 0) & (parents >= 0))
        on_symbol[rows] = np.logaddexp(on_symbol[rows], grown[parents[rows], columns[rows]])
        grown[parents[rows], columns[rows]] = -np.inf

    def _keep(self, kept: np.ndarray, new: np.ndarray, symbols: np.ndarray) -> None:
        """Takes over the prefixes of the rows `kept`, of which those at `new` have one more symbol."""
        self.prefixes = [self.prefixes[row] for row in kept]
        self.last, self.gains = self.last[kept], self.gains[kept]
        self.states = [[state[kept] for state in layer] for layer in self.states]
        if not len(new):
            return
        for row, symbol in zip(new.tolist(), symbols.tolist(), strict=True):
            self.prefixes[row] = self.tree.grown(self.prefixes[row], symbol)
        self.last[new] = symbols
        preferred, states = self.language_model(symbols, [[state[new] for state in layer] for layer in self.states])
        self.gains[new] = self.weight * preferred + self.bonus
        for layer, grown in zip(self.states, states, strict=True):
            for state, values in zip(layer, grown, strict=True):
                state[new] = values

    def scored(self) -> list[tuple[tuple[int, ...], float]]:
        """Returns the texts with their scores, as if the sound ended here."""
        scores = np.logaddexp(self.on_blank, self.on_symbol) + self.extras
        scores = scores + self.weight * self.language_model.ending(self.states)
        return [(self.tree.text(prefix), float(score)) for prefix, score in zip(self.prefixes, scores, strict=True)]
