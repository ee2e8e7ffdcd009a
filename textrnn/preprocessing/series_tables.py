"""Columns of numbers and of times in files and data frames, whatever they are called and however they are written."""

import dataclasses
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.preprocessing.pair_tables import Rows, is_missing, position
from textrnn.preprocessing.tables import NO_VALUE
from textrnn.preprocessing.written_numbers import column_mark, likely_mark, marks_of, number_of
from textrnn.preprocessing.written_times import are_months, are_times

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

TIME_NAMES = (
    "date",
    "time",
    "datetime",
    "timestamp",
    "day",
    "week",
    "month",
    "year",
    "quarter",
    "ds",
    "period",
    "observation_date",
    "datum",
    "monat",
    "jahr",
    "fecha",
    "mois",
)
SAMPLE = 20  # cells that tell whether a column holds times


@dataclasses.dataclass(frozen=True)
class Columns:
    """The columns of a table.

    Args:
        name: What errors call it.
        columns: The cells by name, in order: texts, numbers or times.
        places: How errors name each row.
        index: Times that are no column, or None.
        rows: The table as it was read, to find columns by number; None for a data frame.
        delimiter: What stands between the columns of a file; "" for none.
        notes: What there is to say about the reading.
    """

    name: str
    columns: dict[str, Sequence[Any]]
    places: Sequence[str]
    index: Any = None
    rows: Rows | None = None
    delimiter: str = ""
    notes: tuple[str, ...] = ()

    def find(self, column: str | int) -> str:
        """Returns the name of a column that is given by name or by number."""
        if not isinstance(column, (str, int, np.integer)) or isinstance(column, bool):
            raise TextrnnError(f"A column is named by its name, or by its number from 1. Received: {column!r}.")
        names = list(self.columns)
        rows = self.rows or Rows(self.name, [], tuple(names), unit="item")
        return names[position(rows, column)]


def columns_of_rows(rows: Rows, delimiter: str = "") -> Columns:
    """Returns the columns of a file.

    Raises:
        TextrnnError: If there are no rows, or one has more cells than there are columns.
    """
    if not rows.rows:
        raise TextrnnError(f"{rows.name}: holds no rows.")
    check_widths(rows)
    width = max(rows.width(), len(rows.names))
    names = list(rows.names) or [f"column {number + 1}" for number in range(width)]
    names += [f"column {number + 1}" for number in range(len(names), width)]
    columns: dict[str, Sequence[Any]] = {
        name: [cells[index] if index < len(cells) else "" for _, cells in rows.rows] for index, name in enumerate(names)
    }
    return Columns(rows.name, columns, [rows.place(row) for row, _ in rows.rows], rows=rows, delimiter=delimiter)


def check_widths(rows: Rows) -> None:
    """Raises if a row has more cells than the header names, or than most rows have; those that are empty are none."""
    for number, num_cells in rows.too_wide():
        usual = f"{'the header names' if rows.names else 'most rows have'} {rows.num_columns()}"
        raise TextrnnError(
            f"{rows.place(number)}: has {num_cells} columns, where {usual}. Put what holds the delimiter, as numbers "
            'with a comma may, into double quotes: "12,5".'
        )


def columns_of_frame(frame: Any) -> Columns:
    """Returns the columns of a pandas DataFrame or Series; an index of times counts as times."""
    import pandas

    if isinstance(frame, pandas.Series):
        frame = frame.to_frame("value" if frame.name is None else frame.name)
    columns: dict[str, Sequence[Any]] = {str(name): frame.iloc[:, i] for i, name in enumerate(frame.columns)}
    places = [f"the table, row {number + 1}" for number in range(len(frame))]
    notes: list[str] = []
    index = times_of_index(frame.index, notes)
    return Columns("the table", columns, places, index, notes=tuple(notes))


def times_of_index(index: Any, notes: list[str]) -> Any:
    """Returns the times in the index of a data frame, or None if it holds none; its name tells whether numbers are."""
    import pandas

    if isinstance(index, (pandas.DatetimeIndex, pandas.PeriodIndex)):
        return index
    is_named = is_time_name(str(index.name))
    if isinstance(index, pandas.MultiIndex) or (pandas.api.types.is_numeric_dtype(index) and not is_named):
        return None
    cells = index.tolist()
    if holds_times(cells):
        return cells
    if is_named:
        notes.append(no_times("the index", cells))
    return None


def is_time_name(name: str) -> bool:
    """Says whether a name is usual for a column of times."""
    return name.strip().strip('"').casefold() in TIME_NAMES


def no_times(where: str, cells: Sequence[Any]) -> str:
    """Returns a note that there are no times where the name makes one expect some."""
    texts = [str(cell).strip() for cell in cells if not is_no_value(cell)][:SAMPLE]
    example = next((text for text in texts if not are_times([text])), texts[0] if texts else "")
    return f"{where} holds no times that can be read ({example!r:.40}); the rows are taken in their order"


def as_times(cells: Any) -> Any:
    """Returns a column of times as pandas knows them, or else as it is."""
    import pandas

    if isinstance(cells, pandas.Series):
        if isinstance(cells.dtype, pandas.PeriodDtype):
            return pandas.PeriodIndex(cells)
        return pandas.DatetimeIndex(cells) if cells.dtype.kind == "M" else cells.tolist()
    return cells


def found_time(table: Columns, taken: set[str | None], notes: list[str]) -> str | None:
    """Returns the column of times: one of a usual name, or the first if it holds some; None if there is none."""
    free = [name for name in table.columns if name not in taken]
    named = [name for name in free if is_time_name(name)]
    for name in [*named, *free[:1]]:
        cells = table.columns[name]
        # A first column of numbers without a name for times holds values, unless they are months such as 01.2019.
        is_time = name in named or not all(map(is_number, cells)) or are_months([str(cell).strip() for cell in cells])
        if is_time and holds_times(cells):
            return name
    if named:
        notes.append(no_times(f"{table.name}: column {named[0]!r}", table.columns[named[0]]))
    return None


def holds_times(cells: Sequence[Any]) -> bool:
    """Says whether the first cells of a column are times."""
    import pandas

    cells = as_times(cells)
    if isinstance(cells, (pandas.DatetimeIndex, pandas.PeriodIndex)):
        return True
    return are_times([str(cell).strip() for cell in cells if not is_no_value(cell)][:SAMPLE])


def only_numbers(table: Columns, others: set[str | None]) -> str:
    """Returns the only column of numbers; raises if there are several, or none."""
    free = [name for name in table.columns if name not in others]
    held = [
        name
        for name in free
        if any(number_of(cell) is not None for cell in table.columns[name])
        and sum(map(is_number, table.columns[name])) > 0.5 * len(table.columns[name])
    ]
    if len(held) == 1:
        return held[0]
    if not held:
        raise TextrnnError(
            f"{table.name}: has no column of numbers. Its columns: {', '.join(map(repr, table.columns))}."
        )
    raise TextrnnError(
        f"{table.name}: several columns hold numbers: {', '.join(map(repr, held[:10]))}. Say which one: "
        f"--column {shlex.quote(held[-1])}, or column={held[-1]!r}."
    )


def is_number(cell: Any) -> bool:
    """Says whether a cell holds a number, or marks one that is missing."""
    return number_of(cell) is not None or is_no_value(cell)


def is_no_value(cell: Any) -> bool:
    """Says whether a cell marks a missing value."""
    return is_missing(cell) or (isinstance(cell, str) and cell.strip().casefold() in NO_VALUE)


def numbers(table: Columns, name: str, notes: list[str]) -> np.ndarray:
    """Returns a column as float64, NaN where nothing is.

    Raises:
        TextrnnError: If a cell holds text, or it is not clear what its comma or point means.
    """
    found = np.empty(len(table.places))
    mark = decimal_mark(table, name, notes)
    for row, cell in enumerate(table.columns[name]):
        value = float("nan") if is_no_value(cell) else number_of(cell, mark)
        if value is None or np.isinf(value):
            raise TextrnnError(f"{table.places[row]}: column {name!r} holds {cell!r:.40}, which is no number.")
        found[row] = value
    return found


def decimal_mark(table: Columns, name: str, notes: list[str]) -> str:
    """Returns the decimal mark of a column, "" for each number's own; notes what is taken where that stays open.

    What the column leaves open is told by others, or else by what is likely: a point stands before decimals.
    """
    try:
        mark, open_number = column_mark(table.columns[name])
    except TextrnnError as error:
        raise TextrnnError(f"{table.name}: column {name!r} {error}") from error
    if not open_number:
        return mark
    others = {mark for one, cells in table.columns.items() if one != name for mark in marks_of(cells)}
    mark, is_sure = likely_mark(table.columns[name], table.delimiter)
    if len(others) == 1:
        (told,) = others
        is_sure = told == mark or (told == "," and "." in open_number and table.delimiter == ";")
        mark = told
    if is_sure:
        return mark
    value = number_of(open_number, mark)
    other = number_of(open_number, "." if mark == "," else ",")
    advice = (
        "write it without a mark for thousands"
        if mark in open_number
        else f"write decimals with another number of digits, as {open_number}0"
    )
    notes.append(
        f"{table.name}: column {name!r}: {open_number} is read as {value:.10g}. If it is {other:.10g}, {advice}"
    )
    return mark


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
