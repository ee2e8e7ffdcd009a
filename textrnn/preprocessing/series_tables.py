"""Columns of numbers and of times in files and data frames, whatever they are called and however they are written."""

import dataclasses
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.preprocessing.pair_tables import Rows, is_missing, position
from textrnn.preprocessing.times import parsed_times

if TYPE_CHECKING:
    import pandas

__all__ = [
    "Columns",
    "as_times",
    "columns_of_frame",
    "columns_of_rows",
    "found_time",
    "in_order",
    "numbers",
    "only_numbers",
]

NO_VALUE = {"", "na", "n/a", "nan", "null", "none", "nil", "-", "?", ".", "#n/a"}
TIME_NAMES = (
    "date",
    "time",
    "datetime",
    "timestamp",
    "day",
    "week",
    "month",
    "year",
    "ds",
    "period",
    "observation_date",
)
CURRENCY = re.compile(r"^\s*[$€£¥]\s*|\s*[%€$£¥]\s*$")
DECIMAL_COMMA = re.compile(r"[-+]?(\d+|\d{1,3}(\.\d{3})+),\d+")
THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")


@dataclasses.dataclass(frozen=True)
class Columns:
    """The columns of a table.

    Args:
        name: What errors call it.
        columns: The cells by name, in order: texts, numbers or times.
        places: How errors name each row.
        index: Times that are no column, or None.
        rows: The table as it was read, to find columns by number; None for a data frame.
    """

    name: str
    columns: dict[str, Sequence[Any]]
    places: Sequence[str]
    index: Any = None
    rows: Rows | None = None

    def find(self, column: str | int) -> str:
        """Returns the name of a column that is given by name or by number."""
        names = list(self.columns)
        rows = self.rows or Rows(self.name, [], tuple(names), unit="item")
        return names[position(rows, column)]


def columns_of_rows(rows: Rows) -> Columns:
    """Returns the columns of a file."""
    width = max(rows.width(), len(rows.names))
    if not rows.rows:
        raise TextrnnError(f"{rows.name}: holds no rows.")
    names = list(rows.names) or [f"column {number + 1}" for number in range(width)]
    names += [f"column {number + 1}" for number in range(len(names), width)]
    columns: dict[str, Sequence[Any]] = {
        name: [cells[index] if index < len(cells) else "" for _, cells in rows.rows] for index, name in enumerate(names)
    }
    return Columns(rows.name, columns, [rows.place(number) for number, _ in rows.rows], rows=rows)


def columns_of_frame(frame: Any) -> Columns:
    """Returns the columns of a pandas DataFrame or Series; an index of times counts as times."""
    import pandas

    if isinstance(frame, pandas.Series):
        frame = frame.to_frame("value" if frame.name is None else frame.name)
    index = frame.index if isinstance(frame.index, (pandas.DatetimeIndex, pandas.PeriodIndex)) else None
    columns: dict[str, Sequence[Any]] = {str(name): frame.iloc[:, i] for i, name in enumerate(frame.columns)}
    return Columns("the table", columns, [f"the table, row {number + 1}" for number in range(len(frame))], index)


def as_times(cells: Any) -> Any:
    """Returns a column of times as pandas knows them, or else as it is."""
    import pandas

    if isinstance(cells, pandas.Series):
        if isinstance(cells.dtype, pandas.PeriodDtype):
            return pandas.PeriodIndex(cells)
        return pandas.DatetimeIndex(cells) if cells.dtype.kind == "M" else cells.tolist()
    return cells


def found_time(table: Columns, time: str | int | None, taken: set[str | None]) -> str | None:
    """Returns the column of times: the one that is asked for, one of a usual name, or the first if it holds some."""
    if time is not None:
        return table.find(time)
    free = [name for name in table.columns if name not in taken]
    named = [name for name in free if name.strip().strip('"').casefold() in TIME_NAMES]
    for name in [*named, *free[:1]]:
        cells = table.columns[name]
        if name in named and holds_times(cells):
            return name
        # A first column of numbers without a name for times holds values.
        if name not in named and holds_times(cells) and not all(number_of(cell) is not None for cell in cells):
            return name
    return None


def holds_times(cells: Sequence[Any]) -> bool:
    """Says whether the first cells of a column are times."""
    sample = as_times(cells)
    try:
        parsed_times(sample[:20], ["" for _ in sample[:20]])
    except TextrnnError:
        return False
    return True


def only_numbers(table: Columns, others: set[str | None]) -> str:
    """Returns the only column of numbers; raises if there are several, or none."""
    free = [name for name in table.columns if name not in others]
    held = [
        name
        for name in free
        if any(number_of(cell) is not None for cell in table.columns[name])
        and sum(number_of(cell) is not None or is_no_value(cell) for cell in table.columns[name])
        > 0.5 * len(table.columns[name])
    ]
    if len(held) == 1:
        return held[0]
    if not held:
        raise TextrnnError(
            f"{table.name}: has no column of numbers. Its columns: {', '.join(map(repr, table.columns))}."
        )
    raise TextrnnError(
        f"{table.name}: several columns hold numbers: {', '.join(map(repr, held[:10]))}. Say which one: "
        f"--column {held[-1]}, or column={held[-1]!r}."
    )


def is_no_value(cell: Any) -> bool:
    """Says whether a cell marks a missing value."""
    return is_missing(cell) or (isinstance(cell, str) and cell.strip().casefold() in NO_VALUE)


def number_of(cell: Any) -> float | None:
    """Returns the number in a cell, which may have a currency sign, thousands' commas or a decimal comma; or None."""
    if isinstance(cell, bool):
        return None
    try:
        return float(cell)
    except (TypeError, ValueError):
        pass
    if not isinstance(cell, str):
        return None
    text = CURRENCY.sub("", cell.strip())
    if THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    elif DECIMAL_COMMA.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return None


def numbers(table: Columns, name: str) -> np.ndarray:
    """Returns a column as float64, NaN where nothing is.

    Raises:
        TextrnnError: If a cell holds text.
    """
    found = np.empty(len(table.places))
    for row, cell in enumerate(table.columns[name]):
        value = float("nan") if is_no_value(cell) else number_of(cell)
        if value is None or np.isinf(value):
            raise TextrnnError(f"{table.places[row]}: column {name!r} holds {cell!r:.40}, which is no number.")
        found[row] = value
    return found


def in_order(
    table: Columns, times: "pandas.DatetimeIndex", rows: np.ndarray, label: str, notes: list[str]
) -> np.ndarray:
    """Returns the rows of a series in the order of their times.

    Raises:
        TextrnnError: If two have the same.
    """
    moments = times.asi8[rows]
    order = np.argsort(moments, kind="stable")
    if (order != np.arange(len(order))).any():
        notes.append(f"{table.name}: the rows are not in the order of their times, and were sorted")
    same = np.flatnonzero(np.diff(moments[order]) == 0)
    if len(same):
        first, second = rows[order[same[0]]], rows[order[same[0] + 1]]
        of_series = f" of series {label!r}" if label else ""
        raise TextrnnError(
            f"{table.places[second]}: the time {times[second]} stands there a second time{of_series} (first: "
            f"{table.places[first].rpartition(', ')[2]}). Keep one of them; if several series stand one below the "
            "other, name the column that tells them apart: --group."
        )
    return np.asarray(rows[order])
