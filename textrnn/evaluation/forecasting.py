"""How good forecasts are, beside forecasts that need no network; and whether that may be chance."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from textrnn.evaluation.hardest import NUM_SHOWN
from textrnn.inference.forecasting import quantile_at
from textrnn.preprocessing.series import seasonal_error
from textrnn.wording import counted

__all__ = ["ForecastEvaluation", "ForecastScores", "HardWindow", "diebold_mariano", "evaluate", "naive_forecasts"]

FEWEST_WINDOWS = 5  # from which a test of significance is made
SIGNIFICANT = 0.05
EXACT = 1e-9  # scaled errors below this are those of rounding
INTERVAL = 0.95


@dataclasses.dataclass(frozen=True)
class ForecastScores:
    """How far forecasts are from what came.

    Args:
        name: What made them.
        mae: Mean absolute error.
        rmse: Root of the mean squared error.
        smape: Symmetric mean absolute percentage error, from 0 to 200, as in the M4 competition.
        mase: Mean absolute error, in those of the seasonal naive forecast of one season within the history (Hyndman
            and Koehler 2006).
    """

    name: str
    mae: float
    rmse: float
    smape: float
    mase: float


@dataclasses.dataclass(frozen=True)
class HardWindow:
    """A window that was forecast badly.

    Args:
        name: Its series and when it begins.
        mase: The scaled error of its forecast; see `ForecastScores`.
        baseline: What made the best forecast that needs no network, over all windows.
        baseline_mase: The scaled error of that one in this window.
    """

    name: str
    mase: float
    baseline: str
    baseline_mase: float

    def __str__(self) -> str:
        return f"{self.mase:8.3f}  {self.name} ({self.baseline}: {self.baseline_mase:.3f})"


@dataclasses.dataclass(frozen=True)
class ForecastEvaluation:
    """How good a forecaster is.

    Args:
        scores: Its scores.
        baselines: Those of the naive, the drift and the seasonal naive forecast.
        coverage: Share of the values that its 95% intervals hold; None without intervals.
        msis: Mean scaled interval score of those intervals, as in the M4 competition; None without intervals.
        p_value: How probable a difference to the best baseline as large as this one would be if both were equally good
            (Diebold and Mariano 1995, Student's t as in Harvey et al. 1997), over windows that do not overlap; None
            where these are fewer than five.
        num_windows: Windows, of all series.
        num_apart: Points in time whose windows do not overlap.
        horizon: Steps of each.
        num_series: How many series.
        notes: What the scores cannot tell.
        hardest: The windows that were forecast worst, if they were asked for.
    """

    scores: ForecastScores
    baselines: tuple[ForecastScores, ...]
    coverage: float | None
    msis: float | None
    p_value: float | None
    num_windows: int
    num_apart: int
    horizon: int
    num_series: int = 1
    notes: tuple[str, ...] = ()
    hardest: tuple[HardWindow, ...] = ()

    @property
    def best_baseline(self) -> ForecastScores:
        """The baseline with the lowest scaled error."""
        return min(self.baselines, key=lambda one: one.mase)

    @property
    def has_skill(self) -> bool:
        """Whether the forecaster is better than the best baseline, and that is hardly chance."""
        is_better = self.scores.mase < self.best_baseline.mase
        return is_better and self.p_value is not None and self.p_value < SIGNIFICANT

    @property
    def verdict(self) -> str:
        """What that means, in words."""
        name = self.best_baseline.name
        if self.best_baseline.mase < EXACT:
            if self.scores.mase < EXACT:
                return f"no evidence of skill over {name}: both are exact"
            return f"no evidence of skill over {name}, which is exact, while this one errs by {self.scores.mae:.4g}"
        share = self.scores.mase / self.best_baseline.mase
        if self.p_value is None:
            few = "1 window is" if self.num_apart == 1 else f"{self.num_apart} windows that do not overlap are"
            return f"errs by {share:.2f} of what {name} does; {few} too few to tell whether that is chance"
        test = f"Diebold-Mariano p = {self.p_value:.2g}, {self.num_apart} windows that do not overlap"
        if self.has_skill:
            return f"better than {name}: errs by {share:.2f} of it ({test})"
        return f"no evidence of skill over {name}: errs by {share:.2f} of it ({test})"

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary that JSON can hold."""
        return {**dataclasses.asdict(self), "has_skill": self.has_skill, "verdict": self.verdict}

    def __str__(self) -> str:
        rows = [self.scores, *self.baselines]
        width = max(len(one.name) for one in rows)
        lines = [f"{'':<{width}}  {'MAE':>10} {'RMSE':>10} {'sMAPE':>8} {'MASE':>7}"]
        for one in rows:
            lines.append(f"{one.name:<{width}}  {one.mae:10.4g} {one.rmse:10.4g} {one.smape:7.2f}% {one.mase:7.3f}")
        if self.coverage is not None:
            lines.append(f"95% intervals hold {100 * self.coverage:.1f}% of what came")
        series = f" of {self.num_series:,} series" if self.num_series > 1 else ""
        lines.append(f"{counted(self.num_windows, 'window')} of {counted(self.horizon, 'step')}{series}")
        lines.append(self.verdict)
        if self.hardest:
            lines += ["hardest windows, with the MASE of each:", *map(str, self.hardest)]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def naive_forecasts(history: np.ndarray, horizon: int, period: int) -> dict[str, np.ndarray]:
    """Returns the forecasts that need no network, each of shape `(horizon,)`.

    Args:
        history: The values so far.
        horizon: How many steps.
        period: Steps of a season; 1 for none.
    """
    steps = np.arange(1, horizon + 1)
    slope = (history[-1] - history[0]) / max(len(history) - 1, 1)
    result = {"naive": np.full(horizon, history[-1]), "drift": history[-1] + slope * steps}
    if 1 < period <= len(history):
        result["seasonal naive"] = history[-period:][(steps - 1) % period]
    return result


def evaluate(
    series: list[np.ndarray],
    owners: np.ndarray,
    origins: np.ndarray,
    forecasts: np.ndarray,
    levels: tuple[float, ...],
    period: int,
    observed: list[np.ndarray] | None = None,
    notes: tuple[str, ...] = (),
    names: Sequence[str] | None = None,
) -> ForecastEvaluation:
    """Scores forecasts.

    Args:
        series: The values of each series.
        owners: The series of each window, shape `(windows,)`.
        origins: The first step of each that is forecast.
        forecasts: Point forecasts, then quantiles, of shape `(windows, horizon, 1 + len(levels))`.
        levels: Levels of the quantiles.
        period: Steps of a season; 1 for none.
        observed: Which values count, by series; None for all.
        notes: What there is to say.
        names: What the windows are called, to tell the hardest ones; None tells none.
    """
    horizon = forecasts.shape[1]
    windows = list(zip(owners.tolist(), origins.tolist(), strict=True))
    truth = np.array([series[owner][origin : origin + horizon] for owner, origin in windows])
    counts = np.ones(truth.shape, bool)
    if observed is not None:
        counts = np.array([observed[owner][origin : origin + horizon] for owner, origin in windows])
    first = {owner: min(origin for other, origin in windows if other == owner) for owner in set(owners.tolist())}
    units = np.array([seasonal_error(series[owner][: first[owner]], period) for owner, _ in windows])[:, np.newaxis]
    named: dict[str, np.ndarray] = {"this forecaster": forecasts[:, :, 0]}
    naive = [naive_forecasts(series[owner][:origin], horizon, period) for owner, origin in windows]
    for name in naive[0]:
        named[name] = np.array([one[name] for one in naive])
    scores = [scores_of(name, found, truth, units, counts) for name, found in named.items()]
    best = min(scores[1:], key=lambda one: one.mase).name
    errors, naive_errors = (np.abs(named[name] - truth) / units for name in ("this forecaster", best))
    differences = errors - naive_errors
    apart = means_apart(np.where(counts, differences, 0.0).mean(axis=1), owners, origins, series, horizon)
    coverage, msis = None, None
    if len(levels) > 1:
        ends = (1 - INTERVAL) / 2, (1 + INTERVAL) / 2
        low, high = (quantile_at(forecasts[:, :, 1:], levels, level) for level in ends)
        inside = (truth >= low) & (truth <= high)
        coverage = float(inside[counts].mean())
        missed = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
        msis = float((((high - low) + 2 / (1 - INTERVAL) * missed) / units)[counts].mean())
    return ForecastEvaluation(
        scores[0],
        tuple(scores[1:]),
        coverage,
        msis,
        diebold_mariano(apart) if len(apart) >= FEWEST_WINDOWS else None,
        num_windows=len(windows),
        num_apart=len(apart),
        horizon=horizon,
        num_series=len(first),
        notes=notes,
        hardest=() if names is None else hardest_of(names, errors, naive_errors, counts, best),
    )


def hardest_of(
    names: Sequence[str], errors: np.ndarray, naive_errors: np.ndarray, counts: np.ndarray, best: str
) -> tuple[HardWindow, ...]:
    """Returns the windows with the largest scaled errors, the hardest first.

    Args:
        names: What they are called.
        errors: The scaled errors of each, shape `(windows, horizon)`.
        naive_errors: Those of the best baseline.
        counts: Which of these count.
        best: What that baseline is called.
    """
    found = [
        HardWindow(name, float(own[row].mean()), best, float(other[row].mean()))
        for name, own, other, row in zip(names, errors, naive_errors, counts, strict=True)
        if row.any()
    ]
    return tuple(sorted(found, key=lambda one: -one.mase)[:NUM_SHOWN])


def scores_of(
    name: str, forecasts: np.ndarray, truth: np.ndarray, units: np.ndarray, counts: np.ndarray
) -> ForecastScores:
    """Returns the scores of point forecasts, all of shape `(windows, horizon)`."""
    errors = np.abs(forecasts - truth)
    sums = np.abs(forecasts) + np.abs(truth)
    shares = np.divide(errors, sums, out=np.zeros_like(errors), where=sums > 0)
    return ForecastScores(
        name,
        mae=float(errors[counts].mean()),
        rmse=float(np.sqrt(np.square(errors)[counts].mean())),
        smape=float(200 * shares[counts].mean()),
        mase=float((errors / units)[counts].mean()),
    )


def means_apart(
    differences: np.ndarray, owners: np.ndarray, origins: np.ndarray, series: list[np.ndarray], horizon: int
) -> np.ndarray:
    """Returns differences of windows that do not overlap, those of several series at one time averaged.

    Args:
        differences: Of each window, shape `(windows,)`.
        owners: The series of each.
        origins: The first step of each that is forecast.
        series: The values of each series; times are counted from their ends.
        horizon: Steps of a window.
    """
    ends = np.array([len(series[owner]) for owner in owners]) - origins
    chosen: list[int] = []
    for end in sorted(set(ends.tolist())):
        if not chosen or end - chosen[-1] >= horizon:
            chosen.append(end)
    return np.array([differences[ends == end].mean() for end in chosen])


def diebold_mariano(differences: np.ndarray) -> float:
    """Returns the two-sided p-value of a mean difference of zero, for windows that do not overlap.

    Args:
        differences: Loss of one forecast less that of another, shape `(windows,)`.
    """
    number = len(differences)
    deviation = float(differences.std(ddof=1))
    mean = float(differences.mean())
    if deviation == 0.0:
        return 0.0 if mean else 1.0
    return student_tail(abs(mean) / (deviation / math.sqrt(number)), number - 1)


def student_tail(statistic: float, freedom: int) -> float:
    """Returns the probability that Student's t lies further from zero, by integrating its density."""
    angle = math.atan(statistic / math.sqrt(freedom))
    # With t = sqrt(freedom) tan(angle) the density is cos(angle) ** (freedom - 1), up to a factor.
    angles = np.linspace(0.0, math.pi / 2, 20_001)
    density = np.cos(angles) ** (freedom - 1)
    areas = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return float(1.0 - np.interp(angle, angles, areas) / areas[-1])
