"""Windows of series as a forecaster reads them: scaled, with what is known beside them; and batches of windows."""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from textrnn.config.forecaster import HARMONICS, ForecasterConfig
from textrnn.errors import TextrnnError
from textrnn.preprocessing.batches import Batch
from textrnn.preprocessing.series import Series, SeriesData, times_after
from textrnn.preprocessing.times import calendar_positions

__all__ = ["Origins", "WindowPlan", "WindowReader", "Windows", "statistics"]

Origins = tuple[np.ndarray, np.ndarray]  # of some windows: which series, and the first step after each

FLAT = 0.01  # share of a series' deviation that a window's deviation counts as at least


@dataclasses.dataclass(frozen=True, eq=False)
class Windows:
    """Some windows.

    Args:
        values: Scaled values and variables known beforehand, float32 of shape `(batch, lookback, 1 + num_known)`.
        context: What is known of the steps to come, float32 of shape `(batch, context_dim)`.
        locations: What was subtracted from the values of each, shape `(batch, 1)`.
        scales: What they were divided by then, shape `(batch, 1)`.
    """

    values: np.ndarray
    context: np.ndarray
    locations: np.ndarray
    scales: np.ndarray


class WindowReader:
    """Cuts windows out of series.

    Args:
        config: What the network is; says how values are scaled.
        data: The series. One whose name the config knows is scaled as it was in training, another one by itself.

    Raises:
        TextrnnError: If a value has no logarithm, a series has no times or variables that the config needs.
    """

    def __init__(self, config: ForecasterConfig, data: SeriesData) -> None:
        self.config = config
        self.data = data
        self.values = [self._transformed(series) for series in data.series]
        self.observed = [series.observed for series in data.series]
        means = np.asarray(config.known_locations or [0.0] * len(config.known))
        deviations = np.asarray(config.known_scales or [1.0] * len(config.known))
        self.known = [(series.known - means) / deviations for series in data.series]
        self.calendar = [self._calendar(series) for series in data.series]
        known = {name: (config.locations[i], config.scales[i]) for i, name in enumerate(config.names)}
        own = [
            known.get(series.name) or statistics(values)
            for series, values in zip(data.series, self.values, strict=True)
        ]
        self.statistics = np.array(own)  # (series, 2)

    def _transformed(self, series: Series) -> np.ndarray:
        if series.known.shape[1] != len(self.config.known):
            raise TextrnnError(f"This forecaster needs the variables {', '.join(self.config.known)}, known beforehand.")
        if not self.config.log:
            return series.values
        if series.values.min() <= 0:
            raise TextrnnError(
                f"Series {series.name!r} holds {series.values.min():g}, which has no logarithm, and this forecaster "
                "reads logarithms. Train with log=False."
            )
        return np.asarray(np.log(series.values))

    def _calendar(self, series: Series) -> np.ndarray:
        """Returns waves that tell where in day, week and year each step is, and those of one horizon after them."""
        if not self.config.calendar:
            return np.empty((len(series) + self.config.horizon, 0))
        later = times_after(series, self.data.frequency or self.config.frequency, self.config.horizon)
        if series.times is None or later is None:
            raise TextrnnError(
                f"This forecaster reads the calendar, and series {series.name!r} has no times. Name their column, or "
                "train with calendar=()."
            )
        times = np.concatenate([series.times, later.to_numpy()])
        waves = []
        for name in self.config.calendar:
            angles = 2 * np.pi * calendar_positions(times, name)[:, np.newaxis] * np.arange(1, HARMONICS[name] + 1)
            waves += [np.sin(angles), np.cos(angles)]
        return np.concatenate(waves, axis=1)  # (time + horizon, waves)

    def at(self, owners: np.ndarray, origins: np.ndarray, later: np.ndarray | None = None) -> Windows:
        """Returns the windows that end before steps of series.

        Args:
            owners: Which series, shape `(batch,)`.
            origins: The first step after each window, shape `(batch,)`.
            later: Values that are taken to have followed, as the network sees them before scaling, shape
                `(batch, steps)`; the windows end after them.
        """
        config = self.config
        ahead = 0 if later is None else later.shape[1]
        kept = max(config.lookback - ahead, 0)
        rows = [self.values[owner][origin - kept : origin] for owner, origin in zip(owners, origins, strict=True)]
        values = np.array(rows).reshape(len(owners), kept)
        if later is not None:
            values = np.concatenate([values, later[:, -config.lookback :]], axis=1)
        locations, scales = self._scaling(owners, values)
        parts = [((values - locations) / scales)[:, :, np.newaxis]]
        context = [np.array([self.calendar[i][origin + ahead] for i, origin in zip(owners, origins, strict=True)])]
        if config.known:
            ends = origins + ahead
            steps = config.lookback + config.output_steps
            known = [self._known(i, end - config.lookback, steps) for i, end in zip(owners, ends, strict=True)]
            both = np.array(known)  # (batch, lookback + output_steps, num_known)
            parts.append(both[:, : config.lookback])
            context.append(both[:, config.lookback :].reshape(len(owners), -1))
        return Windows(
            np.concatenate(parts, axis=2).astype(np.float32),
            np.concatenate(context, axis=1).astype(np.float32),
            locations,
            scales,
        )

    def _known(self, owner: int, start: int, steps: int) -> np.ndarray:
        found: np.ndarray = self.known[owner][start : start + steps]
        if len(found) < steps:
            raise TextrnnError(
                f"Series {self.data.series[owner].name!r} lacks {', '.join(self.config.known)} for "
                f"{steps - len(found)} of the steps to come. Add rows for them, without a value of the series."
            )
        return found

    def _scaling(self, owners: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns location and scale of windows, each of shape `(batch, 1)`."""
        locations, scales = self.statistics[owners, :1], self.statistics[owners, 1:]
        if self.config.scaling == "last":
            locations = values[:, -1:]
        elif self.config.scaling == "window":
            locations = values.mean(axis=1, keepdims=True)
            scales = np.maximum(values.std(axis=1, keepdims=True), FLAT * scales)
        return locations, scales

    def targets(self, owners: np.ndarray, origins: np.ndarray, windows: Windows) -> np.ndarray:
        """Returns what followed windows, scaled as they are, float32 of shape `(batch, output_steps)`.

        What was not observed is NaN: nothing is learned from what was filled in.
        """
        followed = self.followed(owners, origins)
        observed = self._rows(self.observed, owners, origins)
        scaled: np.ndarray = (np.where(observed, followed, np.nan) - windows.locations) / windows.scales
        return scaled.astype(np.float32)

    def followed(self, owners: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """Returns what followed windows, as the network sees it before scaling, shape `(batch, output_steps)`."""
        return self._rows(self.values, owners, origins)

    def _rows(self, arrays: list[np.ndarray], owners: np.ndarray, origins: np.ndarray) -> np.ndarray:
        steps = self.config.output_steps
        return np.array([arrays[owner][origin : origin + steps] for owner, origin in zip(owners, origins, strict=True)])

    def unscaled(self, outputs: np.ndarray, windows: Windows) -> np.ndarray:
        """Returns outputs of a network, shape `(batch, steps, ...)`, as it would read them: before scaling."""
        shape = (len(outputs), *[1] * (outputs.ndim - 1))
        return np.asarray(outputs * windows.scales.reshape(shape) + windows.locations.reshape(shape))

    def in_units(self, values: np.ndarray) -> np.ndarray:
        """Returns what a network reads before scaling in the units of the series."""
        return np.exp(values) if self.config.log else values


def statistics(values: np.ndarray) -> tuple[float, float]:
    """Returns mean and standard deviation, which is never zero."""
    mean, deviation = float(values.mean()), float(values.std())
    return mean, deviation if deviation > 1e-9 * abs(mean) else 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class WindowPlan:
    """All batches of a training run or a validation, as a pure function of (seed, epoch).

    Args:
        reader: What windows are cut out of.
        owners: The series of each window.
        origins: The first step after each window.
        batch_size: Windows per batch.
        seed: Fixes the order; None keeps it as it is.
    """

    reader: WindowReader
    owners: np.ndarray
    origins: np.ndarray
    batch_size: int
    seed: int | None = None

    def batches(self, epoch: int = 0) -> Iterator[Batch]:
        """Yields the batches of one epoch."""
        order = np.arange(len(self.owners))
        if self.seed is not None:
            order = np.random.Generator(np.random.PCG64([self.seed, epoch])).permutation(order)
        for start in range(0, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            owners, origins = self.owners[chosen], self.origins[chosen]
            windows = self.reader.at(owners, origins)
            yield Batch((windows.values, windows.context), self.reader.targets(owners, origins, windows))

    @property
    def num_targets(self) -> int:
        """Values to forecast in an epoch."""
        return len(self.owners) * self.reader.config.output_steps

    @property
    def max_targets(self) -> int:
        """Most values to forecast in a batch."""
        return self.batch_size * self.reader.config.output_steps

    @property
    def num_batches(self) -> int:
        """Batches in an epoch."""
        return math.ceil(len(self.owners) / self.batch_size)
