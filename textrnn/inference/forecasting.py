"""Forecasts from a network: the whole horizon at once, or step by step, with quantiles in the units of the series."""

import dataclasses
from typing import Any

import numpy as np

from textrnn.config.forecaster import ForecasterConfig
from textrnn.errors import TextrnnError, check_range
from textrnn.inference.forecaster import SeriesForecaster
from textrnn.inference.threads import parts, side_by_side
from textrnn.preprocessing.windows import WindowReader

__all__ = ["Forecast", "forecast_quantiles", "quantile_at"]

ROWS = 256  # windows that go through the network together
NUM_PATHS = 200  # futures that recursive quantiles are taken from


@dataclasses.dataclass(frozen=True, eq=False)
class Forecast:
    """What comes after a series.

    `numpy.asarray` of it is the point forecast.

    Args:
        name: The series.
        values: The point forecast, float64 of shape `(horizon,)`.
        levels: Levels of the quantiles.
        quantiles: Shape `(horizon, len(levels))`, rising along each row.
        times: When the steps are, `datetime64[ns]` of shape `(horizon,)`, or None if nobody knows.
        history: The end of the series, shape `(steps,)`.
        history_times: When its steps were, or None.
        notes: What there is to say about the reading of the series.
    """

    name: str
    values: np.ndarray
    levels: tuple[float, ...]
    quantiles: np.ndarray
    times: np.ndarray | None = None
    history: np.ndarray | None = None
    history_times: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype)

    def interval(self, share: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Returns the bounds between which a share of what comes is expected, each of shape `(horizon,)`.

        Args:
            share: 0.95, or what else the levels hold both ends of; between levels a line is drawn.

        Raises:
            TextrnnError: If that is no share, or the forecast has no quantiles.
        """
        check_range("share", share, 0, 1)
        if not self.levels:
            raise TextrnnError("This forecast has no quantiles. Train with some: quantiles=(0.1, 0.5, 0.9).")
        low, high = (1 - share) / 2, (1 + share) / 2
        return quantile_at(self.quantiles, self.levels, low), quantile_at(self.quantiles, self.levels, high)

    def labels(self) -> list[str]:
        """Returns how the steps are called: their times, or +1, +2 and so on."""
        if self.times is None:
            return [f"+{step + 1}" for step in range(len(self))]
        texts = [str(time)[:19].replace("T", " ") for time in self.times]
        return (
            [text.removesuffix(" 00:00:00") for text in texts] if all(t.endswith("00:00:00") for t in texts) else texts
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary that JSON can hold."""
        return {
            "name": self.name,
            "steps": self.labels(),
            "values": self.values.tolist(),
            "quantiles": {f"{level:g}": self.quantiles[:, i].tolist() for i, level in enumerate(self.levels)},
        }

    def __str__(self) -> str:
        labels = self.labels()
        width = max(map(len, labels))
        rows = [[shown(value) for value in self.values]]
        heads = ["forecast"]
        if self.levels:
            bounds = self.interval()
            heads += ["95% of futures from", "to"]
            rows += [[shown(value) for value in bound] for bound in bounds]
        widths = [max(len(head), *map(len, row)) for head, row in zip(heads, rows, strict=True)]
        lines = ["  ".join([" " * width, *(f"{head:>{size}}" for head, size in zip(heads, widths, strict=True))])]
        for step, label in enumerate(labels):
            cells = (f"{row[step]:>{size}}" for row, size in zip(rows, widths, strict=True))
            lines.append("  ".join([f"{label:<{width}}", *cells]))
        return "\n".join(lines)


def quantile_at(quantiles: np.ndarray, levels: tuple[float, ...], level: float) -> np.ndarray:
    """Returns a quantile, on a line between the two that are there, shape `(...)`.

    Args:
        quantiles: Shape `(..., len(levels))`.
        levels: Their levels, rising.
        level: The level asked for; beyond the outermost ones their quantiles are taken.
    """
    place = float(np.interp(level, levels, np.arange(len(levels))))
    below = int(place)
    above, share = min(below + 1, len(levels) - 1), place - below
    return np.asarray((1 - share) * quantiles[..., below] + share * quantiles[..., above])


def shown(value: float) -> str:
    """Returns a number with about five digits that count."""
    digits = max(0, 4 - int(np.floor(np.log10(abs(value))))) if value and np.isfinite(value) else 0
    return f"{value:,.{min(digits, 8)}f}"


def forecast_quantiles(
    network: SeriesForecaster, reader: WindowReader, owners: np.ndarray, origins: np.ndarray
) -> np.ndarray:
    """Forecasts one horizon after each of some windows.

    Args:
        network: The network.
        reader: What windows are cut out of.
        owners: The series of each window, shape `(batch,)`.
        origins: The first step after each, shape `(batch,)`.

    Returns:
        float64 of shape `(batch, horizon, 1 + len(quantiles))` in the units of the series: the point forecast, then the
        quantiles, rising.
    """
    how = recursive if reader.config.strategy == "recursive" else direct
    found = side_by_side(lambda rows: how(network, reader, owners[rows], origins[rows]), parts(len(owners), ROWS))
    return np.concatenate(found)


def direct(network: SeriesForecaster, reader: WindowReader, owners: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """Returns forecasts of the whole horizon at once; see `forecast_quantiles`."""
    return finished(reader, outputs_after(network, reader, owners, origins))


def outputs_after(
    network: SeriesForecaster,
    reader: WindowReader,
    owners: np.ndarray,
    origins: np.ndarray,
    later: np.ndarray | None = None,
) -> np.ndarray:
    """Returns what the network says after windows, before scaling, float64; see `WindowReader.at`."""
    windows = reader.at(owners, origins, later)
    return reader.unscaled(network(windows.values, windows.context).astype(np.float64), windows)


def recursive(network: SeriesForecaster, reader: WindowReader, owners: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """Returns forecasts step by step, each read as if it had happened; see `forecast_quantiles`.

    The quantiles are those of futures that are drawn step by step, from the quantiles of each step; the same ones
    whatever else is forecast.
    """
    config = reader.config
    points = np.empty((len(owners), 0))
    for _ in range(config.horizon):
        outputs = outputs_after(network, reader, owners, origins, points)
        points = np.concatenate([points, outputs[:, :, config.point_index]], axis=1)
    result = points[:, :, np.newaxis]
    if not config.quantiles:
        return reader.in_units(result)
    futures = np.stack([drawn(network, reader, owner, origin) for owner, origin in zip(owners, origins, strict=True)])
    quantiles = np.moveaxis(np.quantile(futures, config.quantiles, axis=1), 0, -1)  # (batch, horizon, levels)
    return widened(reader, np.concatenate([result, quantiles], axis=2))


def drawn(network: SeriesForecaster, reader: WindowReader, owner: int, origin: int) -> np.ndarray:
    """Returns futures of one window, shape `(paths, horizon)`."""
    config = reader.config
    levels = np.array(config.quantiles)
    randomness = np.random.Generator(np.random.PCG64(0))
    owners, origins = np.full(NUM_PATHS, owner), np.full(NUM_PATHS, origin)
    paths = np.empty((NUM_PATHS, 0))
    for _ in range(config.horizon):
        outputs = outputs_after(network, reader, owners, origins, paths)
        rows = np.sort(outputs[:, 0, : len(levels)], axis=1)
        # Beyond the outermost levels as far again as the next ones are inside.
        drawn_levels = randomness.uniform(levels[0] / 2, 1 - levels[0] / 2, NUM_PATHS)
        steps = [np.interp(level, levels, row) for level, row in zip(drawn_levels, rows, strict=True)]
        paths = np.concatenate([paths, np.array(steps)[:, np.newaxis]], axis=1)
    return paths


def finished(reader: WindowReader, outputs: np.ndarray) -> np.ndarray:
    """Puts the point forecast before the quantiles, in the units of the series."""
    config: ForecasterConfig = reader.config
    point = outputs[:, :, config.point_index, np.newaxis]
    return widened(reader, np.concatenate([point, outputs[:, :, : len(config.quantiles)]], axis=2))


def widened(reader: WindowReader, outputs: np.ndarray) -> np.ndarray:
    """Moves quantiles away from the point forecast as validation asks for, sorts them, and undoes logarithms."""
    point, quantiles = outputs[:, :, :1], outputs[:, :, 1:]
    quantiles = np.sort(point + reader.config.widening * (quantiles - point), axis=2)
    if reader.config.point == "median" and quantiles.shape[2]:
        point = quantiles[:, :, reader.config.quantiles.index(0.5), np.newaxis]
    return reader.in_units(np.concatenate([point, quantiles], axis=2))
