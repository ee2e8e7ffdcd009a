"""How many steps a season has, by what the series show and what is usual for their steps."""

import numpy as np

from textrnn.preprocessing.series import SeriesData
from textrnn.preprocessing.times import seasons_of

__all__ = ["found_period"]

CLEAR = 0.3  # autocorrelation that a season has at least
KNOWN = 0.1  # the same for a season that is usual for the steps, such as 24 hours
NEARLY = 0.95  # share of the highest autocorrelation around it that a usual season may have


def found_period(data: SeriesData) -> int:
    """Returns the steps of a season: a usual one for the frequency if the values show it, else what they show; or 1."""
    longest = max(data.series, key=len)
    seconds = float(np.median(np.diff(longest.times.astype(np.int64)))) / 1e9 if longest.times is not None else 0.0
    values = without_trend(longest.values)
    # What changes slowly hides a season of a day, which the changes from step to step show.
    return season_in(values, seasons_of(seconds)) or season_in(np.diff(values), seasons_of(seconds)) or 1


def season_in(values: np.ndarray, known: tuple[int, ...]) -> int:
    """Returns the season that the autocorrelation of values shows, or 0.

    Args:
        values: A series without trend.
        known: The seasons that are usual for its steps.
    """
    limit = len(values) // 3
    correlations = autocorrelations(values - values.mean(), limit)
    usual = [season for season in known if season <= limit and is_peak(correlations, season, KNOWN, NEARLY)]
    peaks = [lag for lag in range(2, limit) if is_peak(correlations, lag)]
    if not usual and not peaks:
        return 0
    best = max([*usual, *peaks], key=lambda lag: correlations[lag])
    # A usual season is taken though another peak, such as a multiple of it, is slightly higher.
    near = [season for season in usual if correlations[season] > 0.8 * correlations[best]]
    return min(near) if near else first_of_multiples(best, peaks, correlations)


def without_trend(values: np.ndarray) -> np.ndarray:
    """Returns values less the line through them, at most 1; of positive ones that grow by factors, the logarithms."""
    if values.min() > 0 and values.max() > 3 * values.min():
        values = np.log(values)
    steps = np.arange(len(values))
    left = values - np.polyval(np.polyfit(steps, values, 1), steps)
    # What the line leaves of values that lie on it is nothing but rounding.
    return np.asarray(left / max(float(np.abs(left).max()), 1e-6 * float(np.ptp(values)), np.finfo(float).tiny))


def autocorrelations(values: np.ndarray, limit: int) -> np.ndarray:
    """Returns the autocorrelation at each lag below a limit, by way of the spectrum."""
    size = 2 ** int(np.ceil(np.log2(2 * len(values) + 1)))
    spectrum = np.fft.rfft(values, size)
    products = np.fft.irfft(spectrum * spectrum.conj(), size)[: max(limit + 2, 3)]
    counts = len(values) - np.arange(len(products))
    return np.asarray(products / np.maximum(counts, 1) / max(products[0] / len(values), 1e-12))


def is_peak(correlations: np.ndarray, lag: int, least: float = CLEAR, share: float = 1.0) -> bool:
    """Says whether the autocorrelation is high at a lag, and at least a share of the highest around it."""
    if not 2 <= lag < len(correlations) - 1 or correlations[lag] < least:
        return False
    reach = max(1, lag // 8)
    around = correlations[max(lag - reach, 1) : lag + reach + 1]
    # Values that change slowly are alike at all small lags: there must be a valley before the peak.
    return bool(correlations[lag] >= share * around.max() and correlations[1:lag].min() < correlations[lag] - 0.1)


def first_of_multiples(best: int, peaks: list[int], correlations: np.ndarray) -> int:
    """Returns the shortest season of which a season is about a multiple, and which is nearly as clear."""
    near = [
        lag
        for lag in peaks
        if abs(best / lag - round(best / lag)) < 0.1 and correlations[lag] > 0.8 * correlations[best]
    ]
    return min(near, default=best)
