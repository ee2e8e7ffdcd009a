"""Finds units of a network that follow a property of the text, such as being inside quotation marks.

Of thousands of units one follows anything by chance, and two series that change slowly are correlated more often than
the number of tokens suggests. So the unit is chosen on the first half of the text and its correlation reported on the
second, and the same search is made for the property shifted in a circle by random distances, which keeps how slowly it
changes: what is found there is chance.

Reference: Karpathy, Johnson and Li 2015, "Visualizing and Understanding Recurrent Networks".
"""

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError, check_range
from textrnn.evaluation.properties import Property, property_values
from textrnn.inference.inspection import record
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.threads import side_by_side
from textrnn.preprocessing.batches import pad
from textrnn.preprocessing.spans import token_ends
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.preprocessing.vocabulary import NEWLINE

__all__ = ["NUM_CONTROLS", "Unit", "UnitSearch", "find_units"]

NUM_CONTROLS = 99
ROWS = 32  # parts of a half that are read at once
WARM_UP = 128  # tokens at least that are read before a part, so that the states have become what they would be
STEPS_AT_ONCE = 64
FEWEST = 200  # tokens of a half
NEAREST_SHIFT = 0.1  # share of a half that the property is shifted by at least


@dataclasses.dataclass(frozen=True)
class Unit:
    """A unit and how well it follows a property.

    Args:
        layer: Its layer, 0 for the first.
        unit: Its number in the layer, 0 for the first.
        part: "hidden" for its output, "cell" for its cell state.
        correlation: Pearson's correlation on the first half of the text, by which it was chosen.
        held_out: The same on the second half.
    """

    layer: int
    unit: int
    part: str
    correlation: float
    held_out: float

    def __str__(self) -> str:
        return (
            f"layer {self.layer}, unit {self.unit:>4}, {self.part:<6}  {self.held_out:+.3f} on held-out text  "
            f"({self.correlation:+.3f} where it was chosen)"
        )


@dataclasses.dataclass(frozen=True)
class UnitSearch:
    """What a search has found.

    Args:
        follows: What the property is called.
        units: The units that follow it best on the first half, the best first.
        controls: For each shifted property the held-out correlation, without its sign, of the unit that was chosen.
        num_tokens: Tokens of the second half.
    """

    follows: str
    units: tuple[Unit, ...]
    controls: tuple[float, ...]
    num_tokens: int

    @property
    def p_value(self) -> float:
        """How probable so good a unit is by chance: the share of searches, this one included, that found one."""
        best = self.units[0]
        score = abs(best.held_out) if best.held_out * best.correlation > 0 else 0.0
        return (1 + sum(control >= score for control in self.controls)) / (1 + len(self.controls))

    @property
    def is_found(self) -> bool:
        """Whether the best unit follows the property better than any of the controls."""
        return self.p_value <= 1 / (1 + len(self.controls))

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary that JSON can hold."""
        return {**dataclasses.asdict(self), "p_value": self.p_value, "is_found": self.is_found}

    def __str__(self) -> str:
        verdict = "follows it" if self.is_found else "none is better than chance"
        return "\n".join(
            [
                f"{self.follows}, {self.num_tokens:,} held-out tokens: {verdict}",
                *(f"  {unit}" for unit in self.units),
                f"  shifted property, {len(self.controls)} searches: {max(self.controls):.3f} at most, "
                f"{sum(self.controls) / len(self.controls):.3f} on average (p = {self.p_value:.3f})",
            ]
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Row:
    """A part of a text that is read from its beginning to its end.

    Args:
        token_ids: What is read.
        lead: How many of them come before the tokens that count.
        place: Place of the first token that counts, among all that count.
    """

    token_ids: np.ndarray
    lead: int
    place: int


@dataclasses.dataclass(frozen=True, eq=False)
class Half:
    """One half of a text: what is read, and what the units may follow, shape `(num_tokens, num_properties)`."""

    rows: list[Row]
    values: np.ndarray


def find_units(
    network: RecurrentNetwork,
    tokenizer: Tokenizer,
    documents: Sequence[str],
    begin: Sequence[int],
    follows: Sequence[str | Property],
    number: int = 5,
    num_controls: int = NUM_CONTROLS,
    seed: int = 0,
) -> list[UnitSearch]:
    """Searches all units of all layers, their outputs and cell states, for those that follow properties of a text.

    The property of a token is that of its last character, since the state after a token knows no more.

    Args:
        network: A network that reads from left to right.
        tokenizer: What it reads.
        documents: Texts that begin anew, in the form in which training reads text; one for running text.
        begin: The tokens that are read before each.
        follows: Names of `textrnn.evaluation.properties.PROPERTIES`, or functions that return a number for each
            character of a text.
        number: How many units to name.
        num_controls: How many times to search for the shifted property.
        seed: Fixes the distances of the shifts.

    Returns:
        What was found, for each of `follows`.

    Raises:
        TextrnnError: If the text is too short, a property is unknown or never changes, or the network reads both ways.
    """
    check_range("number", number, 1, whole=True)
    check_range("num_controls", num_controls, 1, 10_000, whole=True)
    check_range("seed", seed, 0, whole=True)
    if network.config.bidirectional:
        raise TextrnnError("A bidirectional network has no state of a text up to a token. Search one that reads on.")
    halves = halves_of(tokenizer, documents, list(begin), follows)
    names = [one if isinstance(one, str) else getattr(one, "__name__", "custom") for one in follows]
    for name, *columns in zip(names, *(half.values.T for half in halves), strict=True):
        check_changes(name, columns)
    randomness = np.random.Generator(np.random.PCG64(seed))
    shares = randomness.uniform(NEAREST_SHIFT, 1 - NEAREST_SHIFT, num_controls)
    found = side_by_side(functools.partial(correlations, network, shares=shares), halves)
    labels = labels_of(network)
    return [
        chosen(name, labels, found[0][:, index], found[1][:, index], number, len(halves[1].values))
        for index, name in enumerate(names)
    ]


def halves_of(
    tokenizer: Tokenizer, documents: Sequence[str], begin: list[int], follows: Sequence[str | Property]
) -> list[Half]:
    """Encodes texts and cuts them into halves: running text at its middle, documents between two of them."""
    texts = [tokenizer.cased(text) for text in documents]
    encoded = [np.asarray(ids, np.int64) for ids in tokenizer.encode_lines(texts)]
    values = [
        np.stack([at_tokens(property_values(one, text), token_ends(tokenizer, text)) for one in follows], axis=1)
        for text in texts
    ]
    num_tokens = sum(map(len, encoded))
    if num_tokens < 2 * FEWEST:
        raise TextrnnError(
            f"The text has {num_tokens:,} tokens. Pass one of {2 * FEWEST:,} at least: a unit is chosen on one "
            "half and judged on the other."
        )
    if len(encoded) == 1:
        middle, newline = num_tokens // 2, int(tokenizer.encode(NEWLINE)[-1])
        return [
            Half(rows_of(encoded[0], start, end, begin, newline), values[0][start:end])
            for start, end in ((0, middle), (middle, num_tokens))
        ]
    ends = np.cumsum([len(ids) for ids in encoded])
    middle = int(np.clip(np.searchsorted(ends, num_tokens / 2) + 1, 1, len(encoded) - 1))
    return [documents_half(encoded[part], values[part], begin) for part in (slice(middle), slice(middle, None))]


def at_tokens(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Returns values of characters at the last character of each token; one that ends none has that before it."""
    return np.asarray(values[np.maximum(ends - 1, 0)])


def rows_of(token_ids: np.ndarray, start: int, end: int, begin: list[int], newline: int) -> list[Row]:
    """Cuts a part of running text into rows, each with some of the text before it to warm up."""
    number = max(min(ROWS, (end - start) // (4 * WARM_UP)), 1)
    bounds = np.linspace(start, end, number + 1).astype(int)
    rows = []
    for first, last in itertools.pairwise(bounds):
        warm = warm_up_start(token_ids, first, newline)
        before = np.array([] if warm else begin, np.int64)
        rows.append(Row(np.concatenate([before, token_ids[warm:last]]), len(before) + first - warm, first - start))
    return rows


def warm_up_start(token_ids: np.ndarray, first: int, newline: int) -> int:
    """Returns where to begin reading before a token: at a newline, since a unit that counts must not begin in between.

    Within brackets or quotation marks it would take the end for the beginning, and never learn better.
    """
    latest = max(first - WARM_UP, 0)
    earliest = max(first - 4 * WARM_UP, 0)
    newlines = np.flatnonzero(token_ids[earliest:latest] == newline)
    return int(earliest + newlines[-1]) if len(newlines) else latest


def documents_half(encoded: list[np.ndarray], values: list[np.ndarray], begin: list[int]) -> Half:
    """Makes a row of each document."""
    places = np.cumsum([0, *map(len, encoded)])
    rows = [
        Row(np.concatenate([np.array(begin, np.int64), ids]), len(begin), int(place))
        for ids, place in zip(encoded, places, strict=False)
        if len(ids)
    ]
    return Half(rows, np.concatenate(values))


def check_changes(name: str, columns: Sequence[np.ndarray]) -> None:
    """Raises `TextrnnError` if a property is the same at all tokens of a half."""
    for which, values in zip(("first", "second"), columns, strict=True):
        if len(values) < 2 or np.ptp(values) == 0:
            raise TextrnnError(
                f"Nothing follows {name!r}: it is the same at all tokens of the {which} half of the text. Pass another "
                "text or property."
            )


def activities(network: RecurrentNetwork, rows: list[Row]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Reads rows and yields what all units did at the tokens that count.

    Args:
        network: The network.
        rows: What it reads.

    Yields:
        Places of tokens, shape `(tokens,)`; and outputs and cell states of all layers, in the order of `labels_of`,
        shape `(tokens, num_activities)`.
    """
    for start in range(0, len(rows), ROWS):
        group = rows[start : start + ROWS]
        token_ids = pad([row.token_ids for row in group])  # (rows, time)
        states = network.initial_states(len(group))
        for step in range(0, token_ids.shape[1], STEPS_AT_ONCE):
            window = token_ids[:, step : step + STEPS_AT_ONCE]
            layers, states = record(network.stack, network.embeddings[window], states, has_gates=False)
            steps = np.arange(step, step + window.shape[1])
            counts = np.stack([(steps >= row.lead) & (steps < len(row.token_ids)) for row in group])  # (rows, steps)
            places = np.stack([steps - row.lead + row.place for row in group])
            together = np.concatenate([part for layer in layers for part in layer.parts.values()], axis=-1)
            yield places[counts], together[counts]


def labels_of(network: RecurrentNetwork) -> list[tuple[int, str, int]]:
    """Returns layer, part and number of what `activities` yields."""
    parts = ("hidden", "cell")[: network.stack.cells[0][0].num_states]
    return [
        (layer, part, unit)
        for layer, units in enumerate(network.stack.units)
        for part in parts
        for unit in range(units)
    ]


def correlations(network: RecurrentNetwork, half: Half, shares: np.ndarray) -> np.ndarray:
    """Returns how well activities follow properties, and these shifted in a circle.

    Args:
        network: The network.
        half: What is read, and the properties.
        shares: How far the properties are shifted, as shares of the half, shape `(num_controls,)`.

    Returns:
        Pearson's correlations, shape `(num_activities, num_properties, 1 + num_controls)`; 0 for a unit that never
        changes.
    """
    size, number = half.values.shape
    shifts = np.concatenate([[0], np.round(shares * size)]).astype(np.int64)
    standard = (half.values - half.values.mean(axis=0)) / half.values.std(axis=0)  # (tokens, properties)
    num_activities = len(labels_of(network))
    products = np.zeros((num_activities, number * len(shifts)))
    sums, squares = np.zeros(num_activities), np.zeros(num_activities)
    for places, found in activities(network, half.rows):
        shifted = standard[(places[:, np.newaxis] + shifts) % size]  # (tokens, shifts, properties)
        wanted = np.swapaxes(shifted, 1, 2).reshape(-1, number * len(shifts)).astype(np.float32)
        products += found.T @ wanted
        sums += found.sum(axis=0, dtype=np.float64)
        squares += np.square(found).sum(axis=0, dtype=np.float64)
    # The properties have mean 0 and deviation 1, so the products of the units' means with them cancel.
    deviations = np.sqrt(np.maximum(squares / size - np.square(sums / size), 0.0))
    deviations[deviations < 1e-6] = np.inf
    return np.asarray(products / size / deviations[:, np.newaxis]).reshape(num_activities, number, len(shifts))


def chosen(
    name: str, labels: list[tuple[int, str, int]], first: np.ndarray, second: np.ndarray, number: int, num_tokens: int
) -> UnitSearch:
    """Chooses units on the first half, for the property and each control, and says what they do on the second.

    Args:
        name: What the property is called.
        labels: What the rows of correlations are.
        first: Correlations on the first half, shape `(num_activities, 1 + num_controls)`.
        second: Those on the second half.
        number: How many units to name.
        num_tokens: Tokens of the second half.
    """
    order = np.argsort(-np.abs(first[:, 0]), kind="stable")
    units: list[Unit] = []
    for index in order:
        layer, part, unit = labels[index]
        if (layer, unit) not in [(one.layer, one.unit) for one in units]:  # output or cell state, the better one
            units.append(Unit(layer, unit, part, float(first[index, 0]), float(second[index, 0])))
        if len(units) == number:
            break
    best = np.abs(first[:, 1:]).argmax(axis=0)
    controls = np.abs(second[best, np.arange(1, second.shape[1])])
    return UnitSearch(name, tuple(units), tuple(map(float, controls)), num_tokens)
