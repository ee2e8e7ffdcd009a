"""The linear forecast that a forecaster begins with: ridge regression in closed form, and how well it does.

It takes milliseconds, so that ways of reading a series can be compared by what they forecast, and it leaves to the
recurrent layers what is not linear.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from textrnn.config.forecaster import ForecasterConfig
from textrnn.preprocessing.windows import WindowReader

__all__ = ["LinearForecast", "fitted", "naive_kernel", "seasonal_errors"]

PENALTIES = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
MOST_WINDOWS = 3000  # that one comparison takes
SMALL = 1e-9


@dataclasses.dataclass(frozen=True, eq=False)
class LinearForecast:
    """A linear forecast.

    Args:
        kernel: Shape `(lookback + context_dim, output_steps)`.
        bias: Shape `(output_steps,)`.
        error: Its mean absolute error on the validation windows, in seasonal naive errors of each series.
        residuals: What it was off by there, scaled as the windows are, shape `(windows, output_steps)`.
    """

    kernel: np.ndarray
    bias: np.ndarray
    error: float
    residuals: np.ndarray


def seasonal_errors(values: Sequence[np.ndarray], period: int) -> np.ndarray:
    """Returns how far values of each series are from those of a season before, on average: what MASE is scaled by."""
    errors = [float(np.abs(one[period:] - one[:-period]).mean()) if len(one) > period else 0.0 for one in values]
    spread = [float(np.abs(one - one.mean()).mean()) for one in values]
    return np.array([error or other or 1.0 for error, other in zip(errors, spread, strict=True)])


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


def fitted(
    reader: WindowReader, training: tuple[np.ndarray, np.ndarray], validation: tuple[np.ndarray, np.ndarray]
) -> LinearForecast:
    """Returns the linear forecast whose penalty, and what it pulls towards, validates best.

    Args:
        reader: What windows are cut out of.
        training: Series and origins of the windows to fit to.
        validation: Those to compare by.
    """
    config = reader.config
    inputs, targets, _, _ = arrays_of(reader, thinned(training))
    seen, wanted, scales, units = arrays_of(reader, thinned(validation))
    mean_inputs, mean_targets = inputs.mean(axis=0), targets.mean(axis=0)
    centred = inputs - mean_inputs
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    rotated = vectors.T @ (centred.T @ (targets - mean_targets)) / len(centred)
    best: LinearForecast | None = None
    for base in bases_of(config):
        naive = naive_kernel(config, base)
        # The penalty is on the distance from the naive kernel: regress what that leaves.
        left = rotated - values[:, np.newaxis] * (vectors.T @ naive)
        for penalty in PENALTIES:
            kernel = naive + vectors @ (left / (np.maximum(values, 0) + penalty)[:, np.newaxis])
            bias = mean_targets - mean_inputs @ kernel
            residuals = wanted - (seen @ kernel + bias)
            error = float((np.abs(residuals) * scales / units).mean())
            if best is None or error < best.error * (1 - SMALL):
                best = LinearForecast(kernel, bias, error, residuals)
    assert best is not None
    return best


def thinned(windows: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Returns windows evenly taken from many."""
    owners, origins = windows
    chosen = np.unique(np.linspace(0, len(owners) - 1, min(len(owners), MOST_WINDOWS)).round().astype(int))
    return owners[chosen], origins[chosen]


def arrays_of(
    reader: WindowReader, chosen: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns inputs, targets, scales and seasonal errors of windows, in float64; what was not observed is filled."""
    owners, origins = chosen
    windows = reader.at(owners, origins)
    inputs = np.concatenate([windows.values[:, :, 0], windows.context], axis=1).astype(np.float64)
    steps = reader.config.output_steps
    rows = np.array(
        [reader.values[owner][origin : origin + steps] for owner, origin in zip(owners, origins, strict=True)]
    )
    units = seasonal_errors(reader.values, reader.config.period)[owners][:, np.newaxis]
    return inputs, (rows - windows.locations) / windows.scales, windows.scales, units
