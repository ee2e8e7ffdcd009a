"""The forecaster that people call: fit it to series, forecast what comes, see whether that is better than repeating."""

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from textrnn.config.forecaster import FORECASTERS, FROM_DATA, ForecasterConfig, ForecasterTrainingConfig
from textrnn.config.signatures import with_options
from textrnn.defaults.forecaster import (
    complete,
    forecaster_choice,
    forecaster_tuning_choice,
    splits_of,
    without_short_series,
)
from textrnn.defaults.linear_forecast import fitted
from textrnn.errors import TextrnnError, check_choice, check_options, check_range
from textrnn.inference.forecasting import Forecast, forecast_quantiles
from textrnn.preprocessing import series as series_files
from textrnn.preprocessing.batches import evenly
from textrnn.preprocessing.series import Series, SeriesData, times_after
from textrnn.preprocessing.times import are_alike, step_in_words
from textrnn.preprocessing.windows import WindowPlan, WindowReader
from textrnn.progress import Progress
from textrnn.storage import StoredModel
from textrnn.tasks.backtests import Backtester
from textrnn.tasks.task import Prepared, Task, Weights
from textrnn.wording import counted

__all__ = ["Forecaster"]

MOST_VALIDATION = 2000  # windows that are validated on
MOST_CALIBRATION = 500  # windows that intervals are widened by
SERIES_OPTIONS = ("column", "time", "group", "known", "missing", "encoding")
TRIAL_WINDOWS = 256
WIDENING = (1.0, 3.0)  # never narrower: what comes is seldom more regular than what was


class Forecaster(Task, Backtester):
    """A recurrent forecaster of time series.

    Example:

        forecaster = Forecaster(horizon=30)
        forecaster.fit("prices.csv", column="Close", time="Date")
        print(forecaster.forecast())

    Args:
        horizon: Steps to forecast; None takes one season, or 12.
        network: A ready-made network: "tutorial" or "tutorial-stock", those of the well-known Keras tutorials.
        **options: Options of `textrnn.config.ForecasterConfig`. What is not set here is chosen by `fit`.

    Raises:
        TextrnnError: If an option is unknown or its value impossible.
    """

    kind = "forecaster"
    noun = "forecaster"
    usage = "textrnn forecast TABLE --model {model}\ntextrnn evaluate forecast TABLE --model {model}"
    data_options = SERIES_OPTIONS

    @with_options(ForecasterConfig, skip=FROM_DATA, are_chosen=True)
    def __init__(self, horizon: int | None = None, *, network: str | None = None, **options: Any) -> None:
        options = {name: value for name, value in {"horizon": horizon, **options}.items() if value is not None}
        names = [name for name in ForecasterConfig.option_names() if name not in FROM_DATA]
        check_options(options, names, "Forecaster")
        if network is not None:
            check_choice("network", network, FORECASTERS)
            options = {**FORECASTERS[network], **options}
        # Until `fit` completes it.
        super().__init__(ForecasterConfig(**options), options)
        self.data: SeriesData | None = None  # where `forecast` goes on from

    @classmethod
    def load(cls, model: str | os.PathLike[str]) -> "Forecaster":
        """Loads a forecaster from a directory.

        Raises:
            TextrnnError: If there is no such model, or it is damaged, incomplete or of a newer format.
        """
        result: Forecaster = cls._loaded(model)
        return result

    def _take(self, stored: StoredModel) -> None:
        super()._take(stored)
        self.data = series_files.from_stored(stored.series, self.config) if stored.series else None

    def _stored(self, weights: Weights, facts: dict[str, Any]) -> StoredModel:
        stored = super()._stored(weights, facts)
        kept = {} if self.data is None else series_files.to_stored(self.data, self._kept_steps)
        return dataclasses.replace(stored, series=kept)

    @property
    def _kept_steps(self) -> int:
        """Steps of a series that a forecast is made from, or shown with."""
        steps: int = max(self.config.lookback, 4 * self.config.horizon)
        return steps

    def __repr__(self) -> str:
        config, trained = self.config, "trained" if self.weights else "not trained"
        layers = f"{config.cell} {'+'.join(map(str, config.units))}"
        of = f" of {len(config.names):,} series" if len(config.names) > 1 else ""
        return f"<Forecaster: {counted(config.horizon, 'step')} from {config.lookback}{of}, {layers}, {trained}>"

    # Training

    @with_options(ForecasterTrainingConfig, are_chosen=True)
    def fit(
        self,
        data: Any = None,
        column: str | int | Sequence[str | int] | None = None,
        time: str | int | None = None,
        *,
        group: str | int | None = None,
        known: Sequence[str | int] | None = None,
        missing: str | None = None,
        validation_fraction: float | None = None,
        encoding: str | None = None,
        output: str | os.PathLike[str] | None = None,
        resume: bool = False,
        overwrite: bool = False,
        half_precision: bool = False,
        callbacks: Sequence[Any] = (),
        progress: Progress | None = None,
        device: str | None = None,
        **options: Any,
    ) -> "Forecaster":
        """Trains the forecaster on series and keeps the weights that forecast the end of each best.

        What is not set, here or when the forecaster was made, follows from the data. A forecaster that has been trained
        or loaded goes on from its weights. If training fails, it stays as it was; if it is interrupted, it has the best
        weights so far.

        Args:
            data: A CSV, TSV or JSON lines file, "-" for standard input, a pandas Series or DataFrame, an array of shape
                `(time,)` or `(time, series)`, a list of numbers, or a list or dictionary of arrays.
            column: The column of the values, by name or by number from 1; several are several series. None takes the
                only one that holds numbers.
            time: The column of the times; None finds it.
            group: The column that names the series of each row, where several stand one below the other.
            known: Columns of variables that are known beforehand, such as holidays; rows at the end that have no value
                but these are the future.
            missing: What stands in for missing values: "interpolate" (default), "previous", or "error" for none.
            validation_fraction: Share of the end of each series to validate on, above 0, since the intervals are fitted
                to it; None goes by its length.
            encoding: Encoding of the file.
            output: Directory for the model, the checkpoint, `history.csv` and `loss.png`; None writes nothing.
            resume: Whether to go on from the checkpoint in `output`, with the options that it was made with.
            overwrite: Whether to replace an earlier run in `output`; otherwise that is an error.
            half_precision: Whether to save the weights as float16.
            callbacks: Keras callbacks.
            progress: Where messages go; by default standard error.
            device: "cpu" or "gpu" to train on; None takes what is faster. A run may be resumed on the other.
            **options: Options of `textrnn.config.ForecasterTrainingConfig`, such as `epochs`.

        Returns:
            The forecaster itself; `history` has one record per validation.

        Raises:
            TextrnnError: If the data are missing, unreadable or too short, or an option is wrong.
        """
        asked = {
            "data": data,
            "column": column,
            "time": time,
            "group": group,
            "known": known,
            "missing": missing,
            "validation_fraction": validation_fraction,
            "encoding": encoding,
            **self._checked(options),
        }
        self._fit(
            asked,
            output=output,
            resume=resume,
            overwrite=overwrite,
            half_precision=half_precision,
            callbacks=callbacks,
            progress=progress,
            device=device,
        )
        return self

    def _prepared(
        self, model_options: dict[str, Any], asked: dict[str, Any], progress: Progress, resources: contextlib.ExitStack
    ) -> Prepared:
        from textrnn.training.forecaster import describe_run

        if asked["data"] is None:
            raise TextrnnError("Pass the series: a CSV file, a data frame, or an array of numbers.")
        data = self._read(asked["data"], **{name: asked[name] for name in SERIES_OPTIONS})
        data = self._of_our_steps(data) if self.weights else without_short_series(data, model_options)
        for note in data.notes:
            progress.message(note)
        share = asked["validation_fraction"]
        if share == 0:
            raise TextrnnError(
                "`validation_fraction` must be above 0: the end of the series says which weights are kept and how wide "
                "the intervals are. A forecast goes on from the whole series all the same."
            )
        if share is not None:
            check_range("validation_fraction", share, 0, 1, above=True, below=True)
        config = self._choose(data, model_options, asked, progress)
        self.data = data
        reader = WindowReader(self.config, data)
        splits = splits_of(reader, share)
        training, validation = splits[0]
        if not len(training[0]) or not len(validation[0]):
            raise TextrnnError(
                f"The series is too short for windows of {self.config.lookback} and {self.config.horizon} steps to "
                "forecast. Use a shorter `lookback` or `horizon`."
            )
        kept = evenly(len(validation[0]), MOST_VALIDATION)
        validation = validation[0][kept], validation[1][kept]
        plans = (
            WindowPlan(reader, *training, config.batch_size, config.seed),
            WindowPlan(reader, *validation, max(config.batch_size, 256)),
        )
        return Prepared(
            config,
            plans,
            lambda config: describe_run(self.config, config, plans),
            data_facts={"series": len(data.series), "steps_of_series": sum(map(len, data.series))},
            text_digest=series_digest(data),
            settle=lambda: self._calibrate(reader, *validation),
            initial_weights={} if self.weights or not self.config.linear else self._linear(reader, splits),
        )

    def _read(self, data: Any, **asked: Any) -> SeriesData:
        """Returns the series that are asked for; which variables are known beforehand is kept from training."""
        given = {name: value for name, value in asked.items() if value is not None}
        return series_files.read(data, **{**given, "known": asked.get("known") or self.config.known})

    def _choose(
        self, data: SeriesData, model_options: dict[str, Any], asked: dict[str, Any], progress: Progress
    ) -> ForecasterTrainingConfig:
        """Completes the config of a forecaster without weights, and returns how to train; says what was chosen."""
        given, share = self._given(asked), asked["validation_fraction"]
        if self.weights:
            choice = forecaster_tuning_choice(data, given)
        else:
            choice = forecaster_choice(data, model_options, given, share)
            self.chosen = {**choice.model, **model_options}
            self.config = complete(self.chosen, data, share)
        for line in choice.reasons:
            progress.message(line)
        return ForecasterTrainingConfig(**{**choice.training, **given})

    def _linear(self, reader: WindowReader, splits: Any) -> Weights:
        """Returns the weights to begin with: a linear forecast, and how far it is off as the first quantiles."""
        linear = fitted(reader, splits)
        offsets = np.zeros((self.config.output_steps, self.config.outputs_per_step))
        if self.config.quantiles:
            offsets[:, : len(self.config.quantiles)] = np.quantile(linear.residuals, self.config.quantiles, axis=0).T
            offsets -= offsets[:, self.config.quantiles.index(0.5), np.newaxis] if 0.5 in self.config.quantiles else 0
        bias = linear.bias[:, np.newaxis] + offsets
        if self.config.point == "mean":
            bias[:, -1] = linear.bias
        shapes = self.config.weight_shapes()
        return {
            "linear/kernel": linear.kernel.astype(np.float32),
            "output/kernel": np.zeros(shapes["output/kernel"], np.float32),
            "output/bias": bias.ravel().astype(np.float32),
        }

    def _calibrate(self, reader: WindowReader, owners: np.ndarray, origins: np.ndarray) -> None:
        """Widens the quantiles until the outermost interval holds as many of the validation values as it says.

        As conformal prediction does (Romano et al. 2019), by a factor of its own instead of a distance.
        """
        levels = self.config.quantiles
        if len(levels) < 3 or self.config.strategy == "recursive":
            return
        self.config = dataclasses.replace(self.config, widening=1.0)
        chosen = evenly(len(owners), MOST_CALIBRATION)
        owners, origins = owners[chosen], origins[chosen]
        read = WindowReader(self.config, reader.data)
        found, truth = forecast_quantiles(self.network, read, owners, origins), read.followed(owners, origins)
        if self.config.log:
            found = np.log(found)
        point, low, high = found[:, :, 0], found[:, :, 1], found[:, :, -1]
        reach = np.where(truth > point, high - point, point - low)
        needed = np.abs(truth - point) / np.maximum(reach, 1e-12)
        factor = float(np.quantile(needed, levels[-1] - levels[0]))
        self.config = dataclasses.replace(self.config, widening=round(min(max(factor, WIDENING[0]), WIDENING[1]), 4))

    def _network_options(self, config: Any) -> dict[str, Any]:
        return {}

    # Use

    def forecast(
        self,
        data: Any = None,
        column: str | int | Sequence[str | int] | None = None,
        time: str | int | None = None,
        *,
        group: str | int | None = None,
        known: Sequence[str | int] | None = None,
        missing: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """Returns what comes after series: a `Forecast`, or a list of one for each of several series.

        Args:
            data: The series to go on from, see `fit`; None goes on from the training data.
            column: See `fit`.
            time: See `fit`.
            group: See `fit`.
            known: See `fit`.
            missing: See `fit`.
            encoding: See `fit`.

        Raises:
            TextrnnError: If the data cannot be read, or a series is shorter than the window.
        """
        network = self.network
        read = self._series(
            data, column=column, time=time, group=group, known=known, missing=missing, encoding=encoding
        )
        reader = WindowReader(self.config, read)
        owners = np.arange(len(read.series))
        origins = np.array([len(series) for series in read.series])
        found = forecast_quantiles(network, reader, owners, origins)
        results = [self._as_forecast(read, series, row) for series, row in zip(read.series, found, strict=True)]
        return results[0] if read.is_one else results

    def explain(
        self,
        data: Any = None,
        column: str | int | Sequence[str | int] | None = None,
        time: str | int | None = None,
        *,
        group: str | int | None = None,
        known: Sequence[str | int] | None = None,
        missing: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """Returns what a forecast is based on: how far it moves without parts of what it is made from.

        Args:
            data: See `forecast`.
            column: See `forecast`.
            time: See `forecast`.
            group: See `forecast`.
            known: See `forecast`.
            missing: See `forecast`.
            encoding: See `forecast`.

        Returns:
            A `ForecastExplanation`, or a list of one for each of several series.

        Raises:
            TextrnnError: If the data cannot be read, or a series is shorter than the window.
        """
        from textrnn.evaluation.influences import explained

        network = self.network
        read = self._series(
            data, column=column, time=time, group=group, known=known, missing=missing, encoding=encoding
        )
        reader = WindowReader(self.config, read)
        results = [explained(network, reader, owner, len(series)) for owner, series in enumerate(read.series)]
        return results[0] if read.is_one else results

    def _series(self, data: Any, **asked: Any) -> SeriesData:
        """Returns the series to go on from; raises if one is shorter than the window."""
        if data is None and self.data is None:
            raise TextrnnError("This forecaster keeps no series to go on from. Pass one: forecast(series).")
        if data is None and self.data is not None:
            read = self.data
        else:
            if isinstance(data, (str, os.PathLike)):
                data = series_files.at_hand(data)
            if (
                asked["column"] is None
                and isinstance(data, (str, os.PathLike))
                and self._names_are_columns(data, asked)
            ):
                names = list(self.config.names)
                asked = {**asked, "column": names if len(names) > 1 else names[0]}
            read = self._of_our_steps(self._read(data, **asked))
        for series in read.series:
            if len(series) < self.config.lookback:
                raise TextrnnError(
                    f"Series {series.name!r} has {len(series):,} steps, and this forecaster reads "
                    f"{self.config.lookback:,}."
                )
        return read

    def _of_our_steps(self, data: SeriesData) -> SeriesData:
        """Returns data; raises if the steps have another length than those that were trained on."""
        known, given = self.config.frequency, data.frequency
        if not known or not given or are_alike(known, given):
            return data
        if known == "B" and given == "D" and all(is_of_weekdays(series) for series in data.series):
            return dataclasses.replace(data, frequency=known)  # too few steps for a weekend between them
        raise TextrnnError(
            f"The series has steps of one {step_in_words(given)}, and this forecaster was trained on steps of one "
            f"{step_in_words(known)}. Pass a series of such steps, or train a forecaster on this one."
        )

    def _names_are_columns(self, path: Any, asked: dict[str, Any]) -> bool:
        """Says whether a file has the columns that were trained on."""
        from textrnn.preprocessing.tables import opened_table

        names = opened_table(path, asked.get("encoding") or "utf-8").first
        return bool(self.config.names) and asked["group"] is None and set(self.config.names) <= set(names)

    def _as_forecast(self, read: SeriesData, series: Series, row: np.ndarray) -> Forecast:
        # Months are dated as they are in the data, by their first days or their last.
        times = times_after(series, read.frequency or self.config.frequency, self.config.horizon)
        moments = None if times is None else np.asarray(times.to_numpy(), dtype="datetime64[ns]")
        end = slice(max(len(series) - self._kept_steps, 0), None)
        before = None if series.times is None else series.times[end]
        levels = self.config.quantiles
        return Forecast(series.name, row[:, 0], levels, row[:, 1:], moments, series.values[end], before, read.notes)

    def score_on(self, *data: Any, **how: Any) -> tuple[str, float]:
        return "MASE", self.evaluate(*data, **how).scores.mase

    def trial(self) -> tuple[int, str]:
        values = np.zeros((TRIAL_WINDOWS, self.config.lookback, 1 + len(self.config.known)), np.float32)
        return len(self.network(values, np.zeros((TRIAL_WINDOWS, self.config.context_dim), np.float32))), "windows"


def is_of_weekdays(series: Series) -> bool:
    """Says whether no step of a series is on a weekend."""
    return series.times is not None and bool(np.is_busday(series.times.astype("datetime64[D]")).all())


def series_digest(data: SeriesData) -> str:
    """Returns a hash of series."""
    digest = hashlib.sha256()
    for series in data.series:
        digest.update(series.values.tobytes() + series.known.tobytes() + series.observed.tobytes())
    return digest.hexdigest()
