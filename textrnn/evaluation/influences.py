"""What a forecast is based on: how far it moves when something that it is made from is left out.

Each part is left out by itself and the whole forecast made anew, so what two parts say alike counts for neither, and
the numbers do not add up to anything.
"""

import copy
import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from textrnn.config.forecaster import HARMONICS, ForecasterConfig
from textrnn.evaluation.forecasting import naive_forecasts
from textrnn.inference.forecaster import SeriesForecaster
from textrnn.inference.forecasting import forecast_quantiles, shown
from textrnn.preprocessing.windows import WindowReader
from textrnn.wording import counted

__all__ = ["ForecastExplanation", "Influence", "explained"]

MOST_PARTS = 8  # of a window


@dataclasses.dataclass(frozen=True)
class Influence:
    """Something that a forecast is made from, or compared with.

    Args:
        name: What it is.
        change: How far the forecast is away without it, or from it, in the units of the series: the mean of the
            distances of all steps.
    """

    name: str
    change: float


@dataclasses.dataclass(frozen=True)
class ForecastExplanation:
    """What the forecast of a series is based on.

    Args:
        name: The series.
        mean: The mean of the forecast.
        num_steps: Steps of the forecast.
        without: How far it moves without each thing that it is made from: parts of the window that is read (which then
            hold the window's mean), the calendar, known variables (which then have their mean), the linear forecast and
            the recurrent layers.
        beside: How far it is from the forecasts that need no network.
    """

    name: str
    mean: float
    num_steps: int
    without: tuple[Influence, ...]
    beside: tuple[Influence, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary that JSON can hold."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        width = max(len(one.name) for one in (*self.without, *self.beside))
        numbers = [shown(one.change) for one in (*self.without, *self.beside)]
        size = max(map(len, numbers))
        lines = [
            f"  {one.name:<{width}}  {number:>{size}}"
            for one, number in zip((*self.without, *self.beside), numbers, strict=True)
        ]
        return "\n".join(
            [
                f"{self.name}: the forecast, {shown(self.mean)} on average over {counted(self.num_steps, 'step')}, "
                "moves by so much without",
                *lines[: len(self.without)],
                "and is so far from",
                *lines[len(self.without) :],
            ]
        )


def explained(network: SeriesForecaster, reader: WindowReader, owner: int, origin: int) -> ForecastExplanation:
    """Returns what the forecast after a window is based on.

    Args:
        network: The network.
        reader: What windows are cut out of.
        owner: The series.
        origin: The first step of the forecast.
    """
    config = reader.config

    def forecast(network: SeriesForecaster, reader: WindowReader) -> np.ndarray:
        return forecast_quantiles(network, reader, np.array([owner]), np.array([origin]))[0, :, 0]

    whole = forecast(network, reader)
    without = [
        Influence(name, distance(forecast(*changed), whole))
        for name, changed in (
            *((name, (network, other)) for name, other in readers_without(reader, owner, origin)),
            *((name, (other, reader)) for name, other in networks_without(network)),
        )
    ]
    naive = naive_forecasts(reader.in_units(reader.values[owner][:origin]), config.horizon, config.period)
    # The drift depends on where a series begins, which a loaded forecaster does not know.
    beside = [
        Influence(f"the {name} forecast", distance(values, whole)) for name, values in naive.items() if name != "drift"
    ]
    name = reader.data.series[owner].name
    return ForecastExplanation(name, float(whole.mean()), len(whole), tuple(without), tuple(beside))


def distance(values: np.ndarray, others: np.ndarray) -> float:
    """Returns the mean of the distances of two forecasts."""
    return float(np.abs(values - others).mean())


def readers_without(reader: WindowReader, owner: int, origin: int) -> Iterator[tuple[str, WindowReader]]:
    """Yields readers that miss a part of what is read, with its name.

    Args:
        reader: What windows are cut out of.
        owner: The series.
        origin: The first step after the window.
    """
    config = reader.config
    mean = reader.values[owner][origin - config.lookback : origin].mean()
    for last, first in parts_of(config):
        other = copy.copy(reader)
        other.values = list(reader.values)
        other.values[owner] = reader.values[owner].copy()
        other.values[owner][origin - last : origin - first + 1] = mean
        steps = f"{first}" if first == last else f"{first} to {last}"
        yield f"the values {steps} {'step' if last == 1 else 'steps'} back", other
    column = 0
    for name in config.calendar:
        waves = slice(column, column + 2 * HARMONICS[name])
        column += 2 * HARMONICS[name]
        other = copy.copy(reader)
        other.calendar = list(reader.calendar)
        other.calendar[owner] = reader.calendar[owner].copy()
        other.calendar[owner][:, waves] = 0.0
        yield f"the position in the {name}", other
    for number, name in enumerate(config.known):
        other = copy.copy(reader)
        other.known = list(reader.known)
        other.known[owner] = reader.known[owner].copy()
        other.known[owner][:, number] = 0.0
        yield f"the variable {name}", other


def parts_of(config: ForecasterConfig) -> list[tuple[int, int]]:
    """Returns the parts of a window, each from how many steps back to how many, the latest part first.

    They are seasons where a window holds at least two, or as many of them as leave eight parts at most.
    """
    unit = config.period if 1 < config.period <= config.lookback // 2 else 1
    size = unit * math.ceil(config.lookback / unit / MOST_PARTS)
    return [(min(first + size - 1, config.lookback), first) for first in range(1, config.lookback + 1, size)]


def networks_without(network: SeriesForecaster) -> Iterator[tuple[str, SeriesForecaster]]:
    """Yields networks of one of the two sides of the forecast, the linear and the recurrent one, if there are both."""
    if not network.config.linear:
        return
    for name, weight in (("the linear forecast", "linear/kernel"), ("the recurrent layers", "output/kernel")):
        weights = {**network.weights, weight: np.zeros_like(network.weights[weight])}
        yield name, SeriesForecaster(network.config, weights)
