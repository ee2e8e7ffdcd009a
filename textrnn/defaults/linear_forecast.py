"""The linear forecast that a forecaster begins with: ridge regression in closed form, and how well it does.

It takes milliseconds, so that ways of reading a series can be compared by what they forecast, and it leaves to the
recurrent layers what is not linear.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from textrnn.config.forecaster import ForecasterConfig
from textrnn.preprocessing.batches import evenly
from textrnn.preprocessing.series import seasonal_error
from textrnn.preprocessing.windows import Origins, WindowReader

__all__ = ["LinearForecast", "fitted", "naive_kernel"]

PENALTIES = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
MOST_WINDOWS = 3000  # that one comparison takes


@dataclasses.dataclass(frozen=True, eq=False)
class LinearForecast:
    """A linear forecast.

    Args:
        kernel: Shape `(lookback + context_dim, output_steps)`.
        bias: Shape `(output_steps,)`.
        error: Its mean absolute error on the validation windows, in seasonal naive errors of each series.
        residuals: What it was off by there, scaled as the windows are, shape `(windows, output_steps)`.
        num_splits: How often it was compared.
    """

    kernel: np.ndarray
    bias: np.ndarray
    error: float
    residuals: np.ndarray
    num_splits: int


def naive_kernel(config: ForecasterConfig, base: str) -> np.ndarray:
    """Returns the kernel of a naive forecast, shape `(lookback + context_dim, output_steps)`.

    Args:
        config: What the network is.
        base: "season" repeats the last season, "last" the last value, "location" what values are centred by.
    """
    kernel = np.zeros((config.lookback + config.context_dim, config.output_steps))
    steps = np.arange(config.output_steps)
    if base == "last":
        kernel[config.lookback - 1] = 1.0
    elif base == "season":
        kernel[config.lookback - config.period + steps % config.period, steps] = 1.0
    return kernel


def bases_of(config: ForecasterConfig) -> tuple[str, ...]:
    """Returns the naive forecasts that a penalty may pull towards."""
    has_season = 1 < config.period <= config.lookback
    return ("location", *(("last",) if config.scaling != "last" else ()), *(("season",) if has_season else ()))


def fitted(reader: WindowReader, splits: Sequence[tuple[Origins, Origins]]) -> LinearForecast:
    """Returns the linear forecast whose penalty, and what it pulls towards, validates best.

    Args:
        reader: What windows are cut out of.
        splits: Origins to fit to and windows to compare by, once or several times; the forecast is that of the first
            split, with what is best for all of them.
    """
    bases = bases_of(reader.config)
    fits = [Fit(reader, *split, bases) for split in splits]
    errors = np.mean([fit.errors for fit in fits], axis=0)  # (bases, penalties)
    # Of equal ones the first: pulled towards the location, and least.
    base, penalty = np.unravel_index(int(np.argmin(np.round(errors / errors.min(), 9))), errors.shape)
    kernel, bias = fits[0].solution(int(base), int(penalty))
    residuals = np.concatenate([fit.residuals(int(base), int(penalty)) for fit in fits])
    return LinearForecast(kernel, bias, float(errors[base, penalty]), residuals, len(fits))


class Fit:
    """Ridge regressions on the windows of one split, for all bases and penalties.

    Args:
        reader: What windows are cut out of.
        training: Series and origins of the windows to fit to.
        validation: Those to compare by.
        bases: What the penalty pulls towards, see `naive_kernel`.
    """

    def __init__(self, reader: WindowReader, training: Origins, validation: Origins, bases: Sequence[str]) -> None:
        inputs, targets, _, _ = arrays_of(reader, thinned(training))
        self.seen, self.wanted, scales, units = arrays_of(reader, thinned(validation))
        self.mean_inputs, self.mean_targets = inputs.mean(axis=0), targets.mean(axis=0)
        centred = inputs - self.mean_inputs
        self.values, self.vectors = np.linalg.eigh(centred.T @ centred / len(centred))
        self.rotated = self.vectors.T @ (centred.T @ (targets - self.mean_targets)) / len(centred)
        self.naive = [naive_kernel(reader.config, base) for base in bases]
        weights = scales / units  # (windows, 1)
        self.errors = np.array(
            [
                [np.mean(np.abs(self.residuals(base, penalty)) * weights) for penalty in range(len(PENALTIES))]
                for base in range(len(bases))
            ]
        )

    def solution(self, base: int, penalty: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns kernel and bias. The penalty is on the distance from the naive kernel: what that leaves is fitted."""
        naive = self.naive[base]
        left = self.rotated - self.values[:, np.newaxis] * (self.vectors.T @ naive)
        kernel = naive + self.vectors @ (left / (np.maximum(self.values, 0) + PENALTIES[penalty])[:, np.newaxis])
        return kernel, self.mean_targets - self.mean_inputs @ kernel

    def residuals(self, base: int, penalty: int) -> np.ndarray:
        """Returns what is left of the validation targets, shape `(windows, output_steps)`."""
        kernel, bias = self.solution(base, penalty)
        return np.asarray(self.wanted - (self.seen @ kernel + bias))


def thinned(origins: Origins) -> Origins:
    """Returns windows evenly taken from many."""
    chosen = evenly(len(origins[0]), MOST_WINDOWS)
    return origins[0][chosen], origins[1][chosen]


def arrays_of(reader: WindowReader, chosen: Origins) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns inputs, targets, scales and seasonal errors of windows, in float64; what was not observed is filled."""
    owners, origins = chosen
    windows = reader.at(owners, origins)
    inputs = np.concatenate([windows.values[:, :, 0], windows.context], axis=1).astype(np.float64)
    rows = reader.followed(owners, origins)
    of_series = np.array([seasonal_error(values, reader.config.period) for values in reader.values])
    units = of_series[owners][:, np.newaxis]
    return inputs, (rows - windows.locations) / windows.scales, windows.scales, units
