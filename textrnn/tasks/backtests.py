"""How good a forecaster is: its forecasts of the end of series, as it is, or trained anew on what comes before."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.config.forecaster import ForecasterConfig
from textrnn.errors import TextrnnError, check_range
from textrnn.inference.forecasting import ROWS, forecast_quantiles
from textrnn.inference.threads import parts
from textrnn.preprocessing.series import Series, SeriesData
from textrnn.preprocessing.windows import WindowReader
from textrnn.progress import Progress
from textrnn.tasks.scoring import said_of

if TYPE_CHECKING:
    from textrnn.evaluation.forecasting import ForecastEvaluation

__all__ = ["Backtester"]

WINDOWS_AT_ONCE = 4 * ROWS
TAIL = 12  # last values of a series by which it is recognised


class Backtester:
    """What `textrnn.Forecaster` is judged by."""

    config: ForecasterConfig
    network: Any
    given: dict[str, Any]
    data: SeriesData | None

    def _series(self, data: Any, **asked: Any) -> SeriesData:
        raise NotImplementedError

    def _read(self, data: Any, **asked: Any) -> SeriesData:
        raise NotImplementedError

    def evaluate(
        self,
        data: Any = None,
        column: str | int | Sequence[str | int] | None = None,
        time: str | int | None = None,
        *,
        windows: int | None = None,
        stride: int | None = None,
        group: str | int | None = None,
        known: Sequence[str | int] | None = None,
        missing: str | None = None,
        encoding: str | None = None,
        explain: bool = False,
        jobs: int = 1,
    ) -> "ForecastEvaluation":
        """Forecasts the end of series window by window, and scores that beside what needs no network.

        Args:
            data: Series whose end the forecaster has not been trained on; see `fit`.
            column: See `fit`.
            time: See `fit`.
            windows: How many windows; None takes those that fit into the last fifth, at least one.
            stride: Steps between their beginnings; None takes the horizon, so that they do not overlap.
            group: See `fit`.
            known: See `fit`.
            missing: See `fit`.
            encoding: See `fit`.
            explain: Whether to tell the windows that are forecast worst.
            jobs: How many processes work side by side; the figures are the same.

        Raises:
            TextrnnError: If the data cannot be read, or are too short.
        """
        check_windows(windows, stride)
        read = self._series(
            data, column=column, time=time, group=group, known=known, missing=missing, encoding=encoding
        )
        stride = self.config.horizon if stride is None else stride
        return self._scored(read, windows, stride, self.data, explain, jobs)

    def backtest(
        self,
        windows: int | None = None,
        stride: int | None = None,
        data: Any = None,
        *,
        column: str | int | Sequence[str | int] | None = None,
        time: str | int | None = None,
        group: str | int | None = None,
        known: Sequence[str | int] | None = None,
        missing: str | None = None,
        encoding: str | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> "ForecastEvaluation":
        """Trains a forecaster of the same options on the series but for their end, and scores its forecasts of that.

        Each forecast is made from all values before it; the training sees only those before the first.

        Args:
            windows: How many forecasts, from rolling origins; None takes eight, or as many as fit into a fifth.
            stride: Steps between their origins; None takes the horizon, so that they do not overlap.
            data: The series; None takes those that were trained on.
            column: See `fit`.
            time: See `fit`.
            group: See `fit`.
            known: See `fit`.
            missing: See `fit`.
            encoding: See `fit`.
            progress: Where messages go; by default standard error.
            **options: Options of `textrnn.config.ForecasterTrainingConfig`.

        Raises:
            TextrnnError: If the series are too short, or not there: a loaded forecaster keeps only their ends.
        """
        check_windows(windows, stride)
        data = self.data if data is None else data
        if data is None:
            raise TextrnnError("There are no series to train on. Pass some, or call `fit` first.")
        read = self._read(data, column=column, time=time, group=group, known=known, missing=missing, encoding=encoding)
        horizon = self.config.horizon
        stride = horizon if stride is None else stride
        if windows is None:
            windows = max(min(8, min(map(len, read.series)) // 5 // stride), 1)
        first = horizon + (windows - 1) * stride
        before = read.map(lambda series: series.before(max(len(series) - first, 1)))
        fresh: Any = type(self)(**{**self.given, "horizon": horizon})
        fresh.fit(before, progress=progress, **options)
        found: ForecastEvaluation = fresh._scored(read, windows, stride)
        return found

    def _scored(
        self,
        read: SeriesData,
        windows: int | None,
        stride: int,
        training: SeriesData | None = None,
        explain: bool = False,
        jobs: int = 1,
    ) -> "ForecastEvaluation":
        from textrnn.evaluation.forecasting import evaluate

        config = self.config
        owners, origins = [], []
        for owner, series in enumerate(read.series):
            possible = (len(series) - config.lookback - config.horizon) // stride + 1
            number = windows or max(len(series) // 5 // stride, 1)
            if possible < (windows or 1):
                raise TextrnnError(
                    f"Series {series.name!r} has {len(series):,} steps, too few for {number} windows of "
                    f"{config.lookback} and {config.horizon} steps to forecast."
                )
            last = len(series) - config.horizon
            found = last - stride * np.arange(min(number, possible))[::-1]
            owners.append(np.full(len(found), owner))
            origins.append(found)
        notes = read.notes
        if training is not None and has_seen(training, read, [int(found[0]) for found in origins]):
            notes = (*notes, "the forecaster was trained on some of these values: `backtest` trains anew before them")
        reader = WindowReader(config, read)
        chosen = np.concatenate(owners), np.concatenate(origins)
        pieces = (tuple(array[rows] for array in chosen) for rows in parts(len(chosen[0]), WINDOWS_AT_ONCE))
        forecasts = np.concatenate(said_of(pieces, self, "_quantiles", jobs, reader=reader))
        values = [series.values for series in read.series]
        observed = [series.observed for series in read.series]
        names = None
        if explain:
            every = zip(*(array.tolist() for array in chosen), strict=True)
            names = [window_name(read, read.series[owner], origin) for owner, origin in every]
        return evaluate(values, *chosen, forecasts, config.quantiles, config.period, observed, notes, names)

    def _quantiles(self, windows: tuple[np.ndarray, np.ndarray], reader: WindowReader) -> np.ndarray:
        """Returns forecasts after windows, (series, first steps to forecast); see `forecast_quantiles`."""
        return forecast_quantiles(self.network, reader, *windows)


def window_name(data: SeriesData, series: Series, origin: int) -> str:
    """Returns what a window is called: when it begins, after the name of its series where there are several."""
    begin = f"from step {origin + 1:,}"
    if series.times is not None:
        begin = f"from {str(series.times[origin])[:19].replace('T', ' ').removesuffix(' 00:00:00')}"
    return f"{series.name} {begin}" if len(data.series) > 1 else begin


def check_windows(windows: int | None, stride: int | None) -> None:
    """Raises unless what is set of windows and their stride is at least 1."""
    for name, value in (("windows", windows), ("stride", stride)):
        if value is not None:
            check_range(name, value, 1, whole=True)


def has_seen(training: SeriesData, data: SeriesData, origins: Sequence[int]) -> bool:
    """Says whether what was trained on ends after the first step that is forecast.

    Args:
        training: The series that were trained on, or their ends.
        data: The series that are forecast; those of the same name are compared.
        origins: The first step of each that is forecast.
    """
    ends = {series.name: series.values[-TAIL:] for series in training.series}
    for series, origin in zip(data.series, origins, strict=True):
        tail = ends.get(series.name)
        if tail is not None and len(series) >= len(tail):
            rows = np.lib.stride_tricks.sliding_window_view(series.values, len(tail))
            if ((rows == tail).all(axis=1) & (np.arange(len(rows)) + len(tail) > origin)).any():
                return True
    return False
