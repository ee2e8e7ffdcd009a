"""What is chosen for a forecaster: how a series is read by what forecasts it best, the network by how much there is."""

import dataclasses
import itertools
from typing import Any

import numpy as np

from textrnn.config.forecaster import HARMONICS, ForecasterConfig
from textrnn.defaults.choice import Choice, Options, as_sizes, going_on, length_in_words, with_length
from textrnn.defaults.linear_forecast import LinearForecast, fitted
from textrnn.defaults.seasons import found_period
from textrnn.errors import TextrnnError
from textrnn.preprocessing.series import SeriesData
from textrnn.preprocessing.times import CALENDAR_SECONDS, step_in_words
from textrnn.preprocessing.windows import Origins, WindowReader, statistics
from textrnn.wording import counted

__all__ = [
    "complete",
    "forecaster_choice",
    "forecaster_tuning_choice",
    "splits_of",
    "windows_of",
    "without_short_series",
]

VALIDATION_SHARE = 0.15
MOST_SPLITS = 2
SHORT = 2000  # steps of all series below which there is more than one split
MANY = 20_000  # steps of all series from which networks are larger
LONGEST_LOOKBACK = 512
FEWEST_WINDOWS = 20
MOST_SEGMENTS = 32
MOST_NAMED = 3  # series that a note names
READINGS = ("scaling", "log", "lookback", "calendar")  # what is compared
ABOUT_EQUAL = {False: 1.03, True: 1.05}  # errors within this share of the lowest are about as good; of many steps more


# Windows


def num_aside(length: int, config: ForecasterConfig, share: float | None = None) -> int:
    """Returns how many steps at the end of a series are set aside to validate on: a share, or by its length."""
    if share:
        return max(round(share * length), config.output_steps)
    horizon = config.horizon
    return max(min(max(round(VALIDATION_SHARE * length), 2 * horizon), length // 3), horizon)


def splits_of(reader: WindowReader, share: float | None = None) -> list[tuple[Origins, Origins]]:
    """Returns windows to train on and to validate on, those of the end of the series first.

    Short series are split again before that end: what is best for one year may be chance.

    Args:
        reader: What windows are cut out of.
        share: Share of each series to validate on; None goes by its length.
    """
    number = MOST_SPLITS if sum(map(len, reader.values)) < SHORT else 1
    found = [windows_of(reader, share, back) for back in range(number)]
    enough = [split for split in found[1:] if len(split[0][0]) >= FEWEST_WINDOWS]
    return [found[0], *enough]


def windows_of(reader: WindowReader, share: float | None = None, back: int = 0) -> tuple[Origins, Origins]:
    """Returns the windows to train on and those to validate on, whose targets come after all of the former's.

    Args:
        reader: What windows are cut out of.
        share: Share of each series to validate on; None goes by its length.
        back: How many times as much of the end is left out.
    """
    sides: tuple[list[Any], list[Any]] = ([], [])
    config = reader.config
    for owner, values in enumerate(reader.values):
        length = len(values)
        aside = num_aside(length, config, share)
        length -= back * aside
        for side, start, end in ((0, config.lookback, length - aside), (1, length - aside, length)):
            origins = np.arange(max(start, config.lookback), end - config.output_steps + 1)
            sides[side].append((np.full(len(origins), owner), origins))
    joined = [tuple(np.concatenate(part) for part in zip(*side, strict=True)) for side in sides]
    return joined[0], joined[1]  # type: ignore[return-value]


def complete(options: Options, data: SeriesData, share: float | None = None) -> ForecasterConfig:
    """Returns a config with what follows from the training data: the scaling of each series and known variable.

    Args:
        options: The options of the network.
        data: The series; of each the part that is not validated on counts.
        share: Share of each series to validate on; None goes by its length.
    """
    config = ForecasterConfig(**options)
    locations, scales, known = [], [], []
    for series in data.series:
        values = series.values[: max(len(series) - num_aside(len(series), config, share), 1)]
        if config.log and values.min() > 0:
            values = np.log(values)
        location, scale = statistics(values)
        locations.append(location)
        scales.append(scale)
        known.append(series.known[: len(values)])
    of_known = [statistics(column) for column in np.concatenate(known).T] if config.known else []
    return dataclasses.replace(
        config,
        names=tuple(series.name for series in data.series),
        locations=tuple(locations),
        scales=tuple(scales),
        known_locations=tuple(location for location, _ in of_known),
        known_scales=tuple(scale for _, scale in of_known),
        frequency=data.frequency,
        time=data.time,
    )


# Choices


def forecaster_choice(data: SeriesData, model: Options, training: Options, share: float | None = None) -> Choice:
    """Chooses network and training of a forecaster.

    How a series is read - its scaling, logarithms, how far back, with the calendar or without - is decided by a linear
    forecast's error on the validation windows.

    Args:
        data: The series to train on.
        model: The options of the network that are set.
        training: The options of training that are set.
        share: Share of each series to validate on; None goes by its length.

    Raises:
        TextrnnError: If the series are too short.
    """
    period, horizon = season_and_horizon(data, model)
    network: Options = {"period": period, "horizon": horizon, "known": data.known}
    check_length(data, horizon, model)
    chosen, linear = best_reading(data, network, model, share)
    network |= {name: chosen[name] for name in (*READINGS, "segment") if name not in model}
    lookback = chosen["lookback"]
    number = sum(len(series) for series in data.series)
    network |= sized(number)
    merged = {**network, **model}
    batch_size = training.get("batch_size") or (64 if number < MANY else 256)
    fitting: Options = {
        "batch_size": batch_size,
        "learning_rate": 0.002 if number < MANY else 0.004,
        "warmup_steps": 20,
        "moving_average": 0.98,
        "weight_decay": 0.05,
        "validations": 10,
        "patience": 4,
    }
    steps = 300 if number < 1000 else 800 if number < MANY else 2500
    fitting = with_length(fitting, training, "steps", steps)
    season = f"seasons of {period:,} steps" if period > 1 else "no season"
    unit = step_in_words(data.frequency) if data.frequency else "row"
    how = ", ".join(
        [
            f"{'logarithms' if merged['log'] else 'values'} scaled by the {merged['scaling']}",
            *(f"the time of the {name}" for name in merged["calendar"]),
        ]
    )
    lines = (
        f"{counted(number, 'step')} of one {unit}, {season}; reading {lookback} to forecast {horizon}: {how} (a linear "
        f"forecast then errs by {linear.error:.2f} of repeating the last {'season' if period > 1 else 'value'})",
        f"{merged.get('cell', 'gru')} {'+'.join(map(str, as_sizes(merged['units'])))}, "
        f"{length_in_words({**fitting, **training})}",
    )
    return Choice(network, fitting, lines)


def season_and_horizon(data: SeriesData, model: Options) -> tuple[int, int]:
    """Returns the steps of a season and of a forecast."""
    period = model.get("period") or found_period(data)
    return period, model.get("horizon") or (min(period, 60) if period > 1 else 12)


def best_reading(
    data: SeriesData, network: Options, model: Options, share: float | None = None
) -> tuple[Options, LinearForecast]:
    """Returns how to read series, by what a linear forecast makes of it, and that forecast.

    Args:
        data: The series.
        network: The options that are chosen: `period`, `horizon` and `known`.
        model: The options that are set.
        share: Share of each series to validate on; None goes by its length.

    Raises:
        TextrnnError: If the series are too short for any way.
    """
    shortest, period, horizon = min(map(len, data.series)), network["period"], network["horizon"]
    choices = {
        "scaling": ("series", "last", "window"),
        "log": (False, True) if min(series.values.min() for series in data.series) > 0 else (False,),
        "lookback": lookbacks(shortest, period, horizon),
        "calendar": calendars(data),
    }
    open_ = {name: values for name, values in choices.items() if model.get(name) is None}
    tried: list[tuple[LinearForecast, Options]] = []
    for values in itertools.product(*open_.values()):
        options = {**network, "segment": 1, **model, **dict(zip(open_, values, strict=True))}
        if model.get("segment") and options["lookback"] % model["segment"]:
            continue
        linear = linear_of({**options, "linear": True}, data, share)
        if linear is not None:
            tried.append((linear, options))
    if not tried:
        lookback = f" of {model['lookback']:,} steps" if model.get("lookback") else ""
        raise TextrnnError(
            f"The series is too short: {shortest:,} steps, for windows{lookback}, {horizon} "
            "steps to forecast, and others to validate on. Use a shorter `lookback` or `horizon`."
        )
    most = max(linear.num_splits for linear, _ in tried)
    tried = [(linear, options) for linear, options in tried if linear.num_splits == most]  # others were asked for less
    lowest = min(linear.error for linear, _ in tried)
    # Of those that are about as good one that sees a season, and of many series most: there is more to read for the
    # recurrent layers.
    are_many = sum(map(len, data.series)) >= MANY
    most_seasons = 7 if are_many else 1
    linear, chosen = min(
        ((linear, options) for linear, options in tried if linear.error <= ABOUT_EQUAL[are_many] * lowest),
        key=lambda found: (-min(found[1]["lookback"] // period, most_seasons) * (period > 1), found[0].error),
    )
    return {**chosen, "segment": model.get("segment") or segment_of(chosen["lookback"], period)}, linear


def linear_of(options: Options, data: SeriesData, share: float | None = None) -> LinearForecast | None:
    """Returns the linear forecast of series that are read in some way, or None if there is too little for that."""
    reader = WindowReader(complete(options, data, share), data)
    splits = splits_of(reader, share)
    training, validation = splits[0]
    if len(training[0]) < min(FEWEST_WINDOWS, 2 * options["lookback"]) or not len(validation[0]):
        return None
    return fitted(reader, splits)


def without_short_series(data: SeriesData, model: Options) -> SeriesData:
    """Returns data without the series that are too short, with a note; all of them if none is long enough."""
    if len(data.series) == 1:
        return data
    needed = steps_needed(season_and_horizon(data, model)[1], model)
    kept = tuple(series for series in data.series if len(series) >= needed)
    left_out = [series.name for series in data.series if len(series) < needed]
    if not kept or not left_out:
        return data
    names = ", ".join(left_out[:MOST_NAMED]) + (", …" if len(left_out) > MOST_NAMED else "")
    note = f"left out {len(left_out):,} of {len(data.series):,} series, with fewer than {needed:,} steps: {names}"
    return dataclasses.replace(data, series=kept, notes=(*data.notes, note))


def check_length(data: SeriesData, horizon: int, model: Options) -> None:
    """Raises unless each series has a window, a horizon to learn from and one to validate on."""
    needed = steps_needed(horizon, model)
    for series in data.series:
        if len(series) < needed:
            raise TextrnnError(
                f"Series {series.name!r} has {len(series):,} steps; to learn to forecast {horizon} it needs at least "
                f"{needed:,}. Use a shorter `horizon`{' or `lookback`' if model.get('lookback') else ''}."
            )


def steps_needed(horizon: int, model: Options) -> int:
    """Returns how many steps a series has at least."""
    lookback: int = model.get("lookback", 2)
    return lookback + 2 * horizon


def lookbacks(shortest: int, period: int, horizon: int) -> tuple[int, ...]:
    """Returns how far back it may pay to look, shortest first."""
    wanted = {horizon, 2 * horizon, 3 * horizon, period, 2 * period, 3 * period}
    if period > 1:
        wanted.add(7 * period)  # a week of days
    if not 1 < period < 60:
        wanted.add(30)
    limit = max(min(LONGEST_LOOKBACK, shortest // 3), 2)
    found = sorted(one for one in wanted if 4 <= one <= limit)
    return tuple(found) or (limit,)


def calendars(data: SeriesData) -> tuple[tuple[str, ...], ...]:
    """Returns the sets of positions in time that may be read: none, and those of which the series has seen two."""
    longest = max(data.series, key=len)
    if longest.times is None or not data.frequency:
        return ((),)
    moments = longest.times.astype(np.int64) / 1e9
    step, span = float(np.median(np.diff(moments))), float(moments[-1] - moments[0])
    found = tuple(
        name for name in HARMONICS if 2 * CALENDAR_SECONDS[name] <= span and 3 * step <= CALENDAR_SECONDS[name]
    )
    return ((), found) if found else ((),)


def segment_of(lookback: int, period: int) -> int:
    """Returns how many steps to read at once: a season if there are two, else what gives no more than 32 segments."""
    if period > 1 and lookback % period == 0 and lookback >= 2 * period:
        return period
    return next(size for size in range(1, lookback + 1) if lookback % size == 0 and lookback // size <= MOST_SEGMENTS)


def sized(number: int) -> Options:
    """Returns the size of the network for so many steps of all series."""
    if number < 1000:
        return {"units": (32,), "head_units": 32, "output_dropout": 0.3}
    if number < MANY:
        return {"units": (64,), "head_units": 64, "output_dropout": 0.3}
    return {"units": (128,), "head_units": 128, "output_dropout": 0.2}


def forecaster_tuning_choice(data: SeriesData, training: Options) -> Choice:
    """Chooses how a trained forecaster goes on with other series.

    Args:
        data: The series.
        training: The options of training that are set.
    """
    fitting: Options = {"learning_rate": 0.0005, "warmup_steps": 20, "validations": 6, "patience": 3}
    number = sum(map(len, data.series))
    return going_on(counted(number, "step"), with_length(fitting, training, "steps", 300), training)
