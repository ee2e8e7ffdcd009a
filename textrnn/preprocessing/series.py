"""Time series from files and memory: columns of numbers, their times, what is missing, what is known beforehand."""

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.errors import TextrnnError, check_choice
from textrnn.preprocessing.files import shown_name
from textrnn.preprocessing.pair_tables import file_rows
from textrnn.preprocessing.series_tables import (
    Columns,
    as_times,
    columns_of_frame,
    columns_of_rows,
    found_time,
    in_order,
    numbers,
    only_numbers,
)
from textrnn.preprocessing.spools import SpooledPath, spooled_standard_input
from textrnn.preprocessing.tables import opened_table
from textrnn.preprocessing.times import future_times, grid_of, step_in_words
from textrnn.preprocessing.written_times import parsed_times

if TYPE_CHECKING:
    import pandas

__all__ = ["MISSING", "Series", "SeriesData", "read", "seasonal_error", "times_after"]

MISSING = ("interpolate", "previous", "error")
SHOWN = 3  # gaps that are named
LARGEST = float(np.finfo(np.float32).max)


@dataclasses.dataclass(frozen=True, eq=False)
class Series:
    """One series, at equal steps.

    Args:
        name: What it is called.
        values: float64 of shape `(time,)`; where nothing was observed, what was filled in.
        observed: Booleans of shape `(time,)`.
        known: What is known beforehand, float64 of shape `(time + later, num_known)`.
        times: When the steps are, `datetime64[ns]` of shape `(time,)`, or None.
    """

    name: str
    values: np.ndarray
    observed: np.ndarray
    known: np.ndarray
    times: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def before(self, step: int) -> "Series":
        """Returns the series as it was before a step; what is known beforehand stays known."""
        times = None if self.times is None else self.times[:step]
        return dataclasses.replace(self, values=self.values[:step], observed=self.observed[:step], times=times)


@dataclasses.dataclass(frozen=True, eq=False)
class SeriesData:
    """Series of one sort.

    Args:
        series: The series.
        frequency: What stands between two steps, in pandas' words; "" if nobody knows.
        time: The name of the column of times, "" if there is none.
        known: Names of the variables that are known beforehand.
        notes: What there is to say about the reading.
        is_one: Whether it was one series, and not a list with one in it.
    """

    series: tuple[Series, ...]
    frequency: str = ""
    time: str = ""
    known: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_one: bool = True

    def map(self, change: Any) -> "SeriesData":
        """Returns the data with each series changed by a function."""
        return dataclasses.replace(self, series=tuple(change(series) for series in self.series))


def read(
    data: Any,
    column: str | int | Sequence[str | int] | None = None,
    time: str | int | None = None,
    *,
    group: str | int | None = None,
    known: Sequence[str | int] = (),
    missing: str = "interpolate",
    encoding: str = "utf-8",
) -> SeriesData:
    """Reads series.

    Args:
        data: A CSV, TSV or JSON lines file, "-" for standard input, a pandas Series or DataFrame, an array of shape
            `(time,)` or `(time, series)`, a list of numbers, or a list or dictionary of arrays of shape `(time,)`.
        column: The column of the values, by name or by number from 1; several are several series. None takes the only
            one that holds numbers.
        time: The column of the times; None finds it.
        group: The column that names the series of each row, where several stand one below the other.
        known: Columns of variables that are known beforehand, such as holidays; rows at the end that have no value but
            these are the future.
        missing: What stands in for missing values: "interpolate" draws a line between their neighbours, "previous"
            repeats, "error" takes none.
        encoding: Encoding of a file.

    Raises:
        TextrnnError: If the data cannot be read, lacks a column, holds text in a column of numbers, has times that are
            none or repeat, or a series is constant or has no value.
    """
    check_choice("missing", missing, MISSING)
    if isinstance(data, SeriesData):
        return data
    if isinstance(data, (str, os.PathLike)):
        path = at_hand(data)
        rows = file_rows(path, encoding, column_names(column, time, group, known), holds_pairs=False)
        rows = dataclasses.replace(rows, name=shown_name(path))
        delimiter = opened_table(path, encoding).delimiter or ""
        return from_columns(columns_of_rows(rows, delimiter), column, time, group, known, missing)
    if hasattr(data, "to_pandas"):  # polars
        data = data.to_pandas()
    if hasattr(data, "iloc"):  # pandas
        return from_columns(columns_of_frame(data), column, time, group, known, missing)
    if known or group is not None:
        raise TextrnnError("`known` and `group` name columns: pass a file or a data frame.")
    return from_arrays(data, missing)


def at_hand(path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Returns the path of a file, which for "-" holds what standard input did."""
    if isinstance(path, SpooledPath) or str(path) != "-":
        return path
    return spooled_standard_input(".csv")


def column_names(*asked: Any) -> list[str | int] | None:
    """Returns all columns that are asked for, or None."""
    return [name for one in asked for name in as_names(one)] or None


def as_names(asked: Any) -> list[Any]:
    """Returns one column or several as a list."""
    if asked is None:
        return []
    return list(asked) if isinstance(asked, Iterable) and not isinstance(asked, str) else [asked]


# Tables


def from_columns(
    table: Columns,
    column: str | int | Sequence[str | int] | None,
    time: str | int | None,
    group: str | int | None,
    known: Sequence[str | int],
    missing: str,
) -> SeriesData:
    """Returns the series in the columns of a table."""
    notes = list(table.notes)
    known_names = [table.find(one) for one in as_names(known)]
    group_name = None if group is None else table.find(group)
    chosen = [table.find(one) for one in as_names(column)]
    time_name = None if time is None else table.find(time)
    if time is None and table.index is None:
        time_name = found_time(table, {group_name, *known_names, *chosen}, notes)
    others = {time_name, group_name, *known_names}
    chosen = chosen or [only_numbers(table, others)]
    if set(chosen) & others:
        raise TextrnnError(f"{table.name}: column {next(iter(set(chosen) & others))!r} is asked for twice.")
    values = {name: numbers(table, name, notes) for name in [*chosen, *known_names]}
    cells = table.index if time_name is None else table.columns[time_name]
    times = None if cells is None else parsed_times(as_times(cells), table.places, notes)
    rows_of: dict[str, np.ndarray] = {"": np.arange(len(table.places))}
    if group_name is not None:
        labels = np.array([str(cell).strip() for cell in table.columns[group_name]])
        rows_of = {label: np.flatnonzero(labels == label) for label in dict.fromkeys(labels.tolist())}
    found: list[Series] = []
    frequencies: list[str] = []
    for label, chosen_rows in rows_of.items():
        order = chosen_rows if times is None else in_order(table, times, chosen_rows, label, notes)
        for name in chosen:
            title = " ".join(filter(None, (label, name if not label or len(chosen) > 1 else "")))
            later = np.stack([values[one][order] for one in known_names], axis=1) if known_names else None
            series, frequency = on_grid(
                title, values[name][order], later, None if times is None else times[order], notes
            )
            found.append(filled(series, missing, notes, table.name))
            frequencies.append(frequency)
    frequency = frequencies[0] if len(set(frequencies)) == 1 else ""
    is_one = len(found) == 1 and not isinstance(column, (list, tuple))
    what = time_name or ""
    return SeriesData(tuple(found), frequency, what, tuple(known_names), tuple(dict.fromkeys(notes)), is_one)


# Steps


def on_grid(
    name: str, values: np.ndarray, known: np.ndarray | None, times: "pandas.DatetimeIndex | None", notes: list[str]
) -> tuple[Series, str]:
    """Returns a series with a step for each time of its frequency, NaN where none was given, and the frequency."""
    known = np.empty((len(values), 0)) if known is None else known
    if times is None:
        return Series(name, values, np.isfinite(values), known), ""
    frequency, grid = grid_of(times)
    if len(grid) > len(times):
        places = grid.get_indexer(times)
        missing = grid.difference(times)
        shown = ", ".join(str(one).removesuffix(" 00:00:00") for one in missing[:SHOWN])
        more = ", ..." if len(missing) > SHOWN else ""
        notes.append(
            f"{name}: {len(missing):,} of {len(grid):,} steps of one {step_in_words(frequency)} are not there: {shown}"
            f"{more}"
        )
        values, known = spread(values, places, len(grid)), spread(known, places, len(grid))
        known = np.stack([interpolated(column) for column in known.T], axis=1) if known.shape[1] else known
    elif frequency in ("", "B") and len(times) > 1:
        days = np.diff(times.asi8) / 8.64e13
        notes.append(f"{name}: steps are {days.min():.3g} to {days.max():.3g} days long; each row is taken as one step")
    moments = np.asarray(grid.to_numpy(), dtype="datetime64[ns]")
    return Series(name, values, np.isfinite(values), known, moments), frequency


def spread(values: np.ndarray, places: np.ndarray, number: int) -> np.ndarray:
    """Returns rows at their places, NaN elsewhere."""
    result = np.full((number, *values.shape[1:]), np.nan)
    result[places] = values
    return result


def filled(series: Series, missing: str, notes: list[str], source: str) -> Series:
    """Returns a series without missing values: those before the first and after the last are cut off, others filled.

    Raises:
        TextrnnError: If it has no value, or only one that repeats, or one too large, or none may be missing.
    """
    there = np.flatnonzero(series.observed)
    if not len(there):
        raise TextrnnError(f"{source}: series {series.name!r} has no value.")
    first, last = int(there[0]), int(there[-1]) + 1
    values, observed = series.values[first:last], series.observed[first:last]
    if (values[observed] == values[observed][0]).all() and len(values) > 1:
        raise TextrnnError(
            f"{source}: series {series.name!r} is constant, {values[0]:g} at every step: there is nothing to forecast."
        )
    num_missing = int((~observed).sum())
    if num_missing:
        if missing == "error":
            place = first + int(np.flatnonzero(~observed)[0])
            when = f" at {series.times[place]}"[:14] if series.times is not None else ""
            raise TextrnnError(f"{source}: series {series.name!r} has no value in step {place + 1}{when}.")
        how = "lines between their neighbours" if missing == "interpolate" else "what came before"
        notes.append(f"{series.name}: {num_missing:,} of {len(values):,} values are missing; {how} stand in")
        values = interpolated(values) if missing == "interpolate" else repeated(values)
    known = series.known[first:]
    if np.isnan(known).any():
        raise TextrnnError(f"{source}: a variable that is known beforehand has no value in row {first + 1} or later.")
    largest = max(float(np.abs(array).max(initial=0.0)) for array in (values, known))
    if largest > LARGEST:
        raise TextrnnError(
            f"{source}: series {series.name!r} holds values of {largest:.3g}, beyond the {LARGEST:.3g} that a network "
            "computes with. Divide them by a power of ten first."
        )
    times = None if series.times is None else series.times[first:last]
    return Series(series.name, values, observed, known, times)


def interpolated(values: np.ndarray) -> np.ndarray:
    """Returns values with lines between those that are there."""
    there = np.flatnonzero(np.isfinite(values))
    return np.interp(np.arange(len(values)), there, values[there]) if len(there) else values


def repeated(values: np.ndarray) -> np.ndarray:
    """Returns values with each missing one taken from before."""
    places = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
    return np.asarray(values[places])


# Memory


def from_arrays(data: Any, missing: str) -> SeriesData:
    """Returns series from arrays and lists."""
    names: list[str] = []
    is_one = False
    if isinstance(data, (set, frozenset, bytes)):
        raise TextrnnError(f"A series has an order, which a {type(data).__name__} lacks. Pass a list or an array.")
    if isinstance(data, Mapping):
        names = [str(name) for name in data]
        arrays = [as_vector(item, name) for name, item in zip(names, data.values(), strict=True)]
    elif isinstance(data, (list, tuple)) and len(data) and np.ndim(data[0]) > 0:
        arrays = [as_vector(item, f"series {number}") for number, item in enumerate(data, start=1)]
    else:
        array = as_array(data, "The series")
        if array.ndim not in (1, 2) or not array.size:
            raise TextrnnError(
                f"A series must have shape (time,), and several (time, series). Received: {array.shape}. Pass a list "
                "of series of different length."
            )
        arrays, is_one = list(array.T) if array.ndim == 2 else [array], array.ndim == 1
    if not arrays:
        raise TextrnnError("The dictionary holds no series. Pass at least one: {'name': values}.")
    names = names or ([""] if is_one else [str(number + 1) for number in range(len(arrays))])
    notes: list[str] = []
    found = []
    for name, values in zip(names, arrays, strict=True):
        series = Series(name or "series", values, np.isfinite(values), np.empty((len(values), 0)))
        found.append(filled(series, missing, notes, "the data"))
    return SeriesData(tuple(found), notes=tuple(notes), is_one=is_one)


def as_array(item: Any, name: str) -> np.ndarray:
    """Returns numbers as a float64 array; None is missing."""
    try:
        array = np.asarray(item, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TextrnnError(f"{name} is no array of numbers: {error}.") from error
    if np.isinf(array).any():
        raise TextrnnError(f"{name} holds values that are infinite.")
    return array


def as_vector(item: Any, name: str) -> np.ndarray:
    """Returns one series as a float64 array."""
    array = as_array(item, name)
    if array.ndim != 1 or not array.size:
        raise TextrnnError(f"{name} must have shape (time,). Received: {array.shape}.")
    return array


def seasonal_error(history: np.ndarray, period: int) -> float:
    """Returns the mean absolute error of the seasonal naive forecast within a history, which MASE is scaled by.

    Args:
        history: Values, shape `(time,)`.
        period: Steps of a season; 1 for none. A history of less than one is measured from value to value.
    """
    lag = period if period < len(history) else 1
    error = float(np.abs(history[lag:] - history[:-lag]).mean()) if len(history) > 1 else 0.0
    return error or float(np.abs(history).mean()) or 1.0


def times_after(series: Series, frequency: str, number: int) -> "pandas.DatetimeIndex | None":
    """Returns the times of the steps after a series, or None if they are not known."""
    if series.times is None:
        return None
    return future_times(int(series.times[-1].astype(np.int64)), frequency, number)


# Storage


def to_stored(data: SeriesData, steps: int) -> dict[str, np.ndarray]:
    """Returns the last steps of series as arrays by name."""
    arrays: dict[str, np.ndarray] = {}
    for number, series in enumerate(data.series):
        start = max(len(series) - steps, 0)
        arrays[f"values_{number}"] = series.values[start:]
        if series.known.shape[1]:
            arrays[f"known_{number}"] = np.ascontiguousarray(series.known[start:])
        if series.times is not None:
            arrays[f"times_{number}"] = series.times[start:].astype(np.int64)
    arrays["is_one"] = np.array([data.is_one], dtype=np.int64)
    return arrays


def from_stored(arrays: dict[str, np.ndarray], config: Any) -> SeriesData:
    """Returns the series that `to_stored` made arrays of.

    Raises:
        TextrnnError: If an array is missing or has another shape than it should.
    """
    found = []
    for number, name in enumerate(config.names):
        values, times = arrays.get(f"values_{number}"), arrays.get(f"times_{number}")
        if values is None or values.ndim != 1 or not len(values) or not np.isfinite(values).all():
            raise TextrnnError(f"The end of series {name!r} is not there; the model is damaged.")
        known = arrays.get(f"known_{number}", np.empty((len(values), 0)))
        if known.ndim != 2 or known.shape[1] != len(config.known) or len(known) < len(values):
            raise TextrnnError(f"The known variables of series {name!r} have another shape; the model is damaged.")
        if times is not None and times.shape != values.shape:
            raise TextrnnError(f"The times of series {name!r} have another shape; the model is damaged.")
        moments = None if times is None else times.astype("datetime64[ns]")
        found.append(Series(name, values, np.ones(len(values), bool), known, moments))
    is_one = bool(arrays.get("is_one", np.array([0]))[0])
    return SeriesData(tuple(found), config.frequency, config.time, config.known, is_one=is_one)
