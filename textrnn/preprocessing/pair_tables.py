"""Finds, in files and in tables in memory, the two columns that hold a sentence and its translation."""

import dataclasses
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from textrnn.errors import TextrnnError, nearest
from textrnn.preprocessing.json_lines import flattened
from textrnn.preprocessing.scripts import has_spaces
from textrnn.preprocessing.tables import LANGUAGE, TEXT_WORDS, are_usual, opened_table

__all__ = ["Columns", "Rows", "chosen_columns", "file_rows", "is_missing", "memory_rows", "position", "two_columns"]

Columns = Sequence[int | str]

SAMPLE_ROWS = 1000  # what a column is judged by
# A number, an id such as sent_00042, a UUID or a hash, an address: but not a date, which some learn to write.
IDENTIFIER = re.compile(
    r"[-+]?\d+([.,]\d+)?%?|[A-Za-z]+[_:#.-]?\d+|(?=\S*\d)[0-9A-Fa-f]{8,}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4,12}){4}|\w+://\S+"
)
NAMED_SIDES = ({"source", "src"}, {"target", "tgt", "trg", "translation"})
# One word that is no sentence: without a mark at its end, or with a digit in it, as in `ann`, `true`, `(12)`, `s1.`.
TAG = re.compile(r"\S*[^\s.!?…‽։؟।]|\S*\d\S*")
MOST_SHOWN = 60


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows of text.

    Args:
        name: What errors call the file or table.
        rows: (Number that errors name, cells) of each row, without a header.
        names: The names of the columns, if they have any.
        unit: What a row is called: "line" or "item".
        strict: Whether a row with more cells than most is misread, because sentences hold the delimiter.
        num_blank: How many blank lines stand between the rows.
    """

    name: str
    rows: list[tuple[int, list[str]]]
    names: tuple[str, ...] = ()
    unit: str = "line"
    strict: bool = False
    num_blank: int = 0

    def width(self) -> int:
        """Returns how many cells most rows have."""
        counts = Counter(len(cells) for _, cells in self.rows)
        return counts.most_common(1)[0][0] if counts else 0

    def num_columns(self) -> int:
        """Returns how many columns the header names, or most rows have where there is none."""
        return len(self.names) or self.width()

    def too_wide(self) -> Iterator[tuple[int, int]]:
        """Yields (number, number of cells) of each row with more cells than columns; those that are empty are none."""
        width = self.num_columns()
        return ((number, len(cells)) for number, cells in self.rows if any(map(str.strip, cells[width:])))

    def place(self, number: int) -> str:
        """Returns how errors name a row."""
        return f"{self.name}, {self.unit} {number}"


def file_rows(path: str | os.PathLike[str], encoding: str, columns: Columns | None, holds_pairs: bool = True) -> Rows:
    """Reads a file of rows: separated values or JSON lines.

    Args:
        path: The file.
        encoding: Its encoding.
        columns: The columns that are asked for, or None.
        holds_pairs: Whether a first row of two columns may be a sentence and its translation, though it looks like a
            header.

    Raises:
        TextrnnError: If the file cannot be read, or is no text.
    """
    table = opened_table(path, encoding)
    rows = list(table.rows())
    is_json = table.delimiter is None
    # A dictionary may begin with the pair "time, tiempo": one usual name of two is not enough.
    is_pair = holds_pairs and len(table.first) == 2 and not all(are_usual(table.first))
    named = columns is not None and not all(is_position(column) for column in columns)
    has_header = is_json or named or (table.has_header and not is_pair)
    num_blank = 0 if table.quoted or not rows else rows[-1][0] - len({number for number, _ in rows})
    if has_header and not is_json:
        rows = rows[1:]
    names = table.first if has_header else ()
    return Rows(str(path), rows, names, strict=table.delimiter in (",", ";", "|"), num_blank=num_blank)


def is_position(column: int | str) -> bool:
    """Says whether a column is named by a number that begins with 1."""
    return str(column).isdecimal()


def memory_rows(pairs: Any, holds_lists: bool = False) -> Rows:
    """Returns the rows of a table in memory: a data frame, or any iterable of tuples, lists or dictionaries.

    Args:
        pairs: The table.
        holds_lists: Whether a cell of a data frame may be a list, which becomes its lines.

    Raises:
        TextrnnError: If it holds anything else.
    """
    if hasattr(pairs, "itertuples"):  # pandas
        rows = pairs.itertuples(index=False, name=None)
        return named_rows([str(name) for name in pairs.columns], map(with_lines, rows) if holds_lists else rows)
    if hasattr(pairs, "iter_rows"):  # polars
        rows = pairs.iter_rows()
        return named_rows([str(name) for name in pairs.columns], map(with_lines, rows) if holds_lists else rows)
    if isinstance(pairs, (Mapping, bytes)) or not isinstance(pairs, Iterable):
        raise TextrnnError(
            "Pass pairs as a file, as (sentence, translation) tuples, as two lists, or as a data frame. "
            f"Received: {type(pairs).__name__}."
        )
    items = list(pairs)
    if items and isinstance(items[0], Mapping):
        records = [dict(flattened(checked_item(item, Mapping, number))) for number, item in enumerate(items, start=1)]
        names = list(dict.fromkeys(key for record in records for key in record))
        return named_rows(names, ([record.get(name, "") for name in names] for record in records))
    rows = [list(checked_item(item, Iterable, number)) for number, item in enumerate(items, start=1)]
    return Rows("the pairs", numbered(rows), unit="item")


def with_lines(cells: Iterable[Any]) -> list[Any]:
    """Returns cells with lists, arrays and sets as lines of text, as lists in JSON are read."""
    plain = [cell.tolist() if hasattr(cell, "tolist") else cell for cell in cells]
    return ["\n".join(map(str, cell)) if isinstance(cell, (list, tuple, set)) else cell for cell in plain]


def checked_item(item: Any, kind: type, number: int) -> Any:
    """Returns one item of pairs in memory; raises unless it is of the kind that the first one is."""
    if isinstance(item, (str, bytes)) or not isinstance(item, kind):
        raise TextrnnError(
            f"Item {number} of the pairs is no pair of a sentence and its translation: {item!r:.{MOST_SHOWN}}. "
            "Pass (sentence, translation) tuples, or two lists: fit(sources, targets)."
        )
    return item


def named_rows(names: list[str], rows: Iterable[Iterable[Any]]) -> Rows:
    """Returns the rows of a table in memory with names."""
    return Rows("the table", numbered(rows), tuple(names), unit="item")


def numbered(rows: Iterable[Iterable[Any]]) -> list[tuple[int, list[str]]]:
    """Numbers rows from 1 and turns their cells into text."""
    return [(number, [text_of(cell, number) for cell in row]) for number, row in enumerate(rows, start=1)]


def text_of(cell: Any, number: int) -> str:
    """Returns a cell as text; what is missing is empty."""
    if isinstance(cell, str):
        return cell
    if is_missing(cell):
        return ""
    if isinstance(cell, (list, tuple, bytes, Mapping)):
        raise TextrnnError(f"Item {number} of the pairs must hold strings. Received: {cell!r:.{MOST_SHOWN}}.")
    return str(cell)


def is_missing(cell: Any) -> bool:
    """Says whether a cell of a table holds nothing: None, NaN, or pandas' marks for that."""
    return cell is None or (not isinstance(cell, str) and str(cell) in ("nan", "NaT", "<NA>"))


# Columns


def chosen_columns(rows: Rows, columns: Columns | None) -> tuple[tuple[int, int], str]:
    """Returns the positions of the two columns with sentences, and what to say of the choice, if anything.

    The first two, unless names tell otherwise or one of them holds no sentences: then the only two that do. Of three
    columns or more the choice is said.

    Args:
        rows: The rows.
        columns: Names, or numbers that begin with 1; None finds them.

    Raises:
        TextrnnError: If there are no such columns, or it is not clear which they are.
    """
    if columns is not None:
        return given_columns(rows, columns), ""
    width = rows.width()
    if width < 2:
        number, cells = next((row for row in rows.rows if len(row[1]) < 2), (1, []))
        shown = f" Received: {cells[0].strip():.{MOST_SHOWN}}" if cells and cells[0].strip() else ""
        raise TextrnnError(
            f"{rows.place(number)}: expected a sentence, a tab and its translation.{shown}\n"
            "Two files, one for each language, are passed as source and target: train translator --source FILE "
            "--target FILE, compress MODEL FILE FILE."
        )
    named = columns_by_name(rows.names)
    found = [index for index in range(width) if holds_sentences(rows, index)]
    if named is not None and set(named) <= set(found):
        return named, told(rows, named)
    several = [index for index in found if not holds_tags(rows, index)]
    if len(several) == 2:
        found = several
    if found[:2] == [0, 1]:
        return (0, 1), told(rows, (0, 1)) if rows.names or width > 2 else ""
    if len(found) == 2:
        return (found[0], found[1]), told(rows, (found[0], found[1]))
    lacking = next(index for index in range(width) if index not in found)
    example = " | ".join(f"{number}: {cell.strip():.20}" for number, cell in enumerate(rows.rows[0][1][:6], start=1))
    raise TextrnnError(
        f"{rows.name}: column {lacking + 1} holds numbers, ids or one value only, no sentences. Choose the columns of "
        f"sentences and translations with columns=(1, 2) or --columns 1 2.\nThe first row, {example}"
    )


def told(rows: Rows, chosen: tuple[int, int]) -> str:
    """Returns a line about which columns were chosen."""
    named = [rows.names[index] if index < len(rows.names) else f"column {index + 1}" for index in chosen]
    return f"{rows.name}: sentences from {named[0]}, their translations from {named[1]}"


def given_columns(rows: Rows, columns: Columns) -> tuple[int, int]:
    """Returns the positions of columns that the user has named."""
    if isinstance(columns, (str, int)) or len(columns) != 2:
        raise TextrnnError(f"`columns` must name two columns: columns=(1, 2). Received: {columns!r}.")
    first, second = (position(rows, column) for column in columns)
    if first == second:
        raise TextrnnError(f"`columns` must name two different columns. Received: {columns!r}.")
    return first, second


def position(rows: Rows, column: int | str) -> int:
    """Returns the position of a column, from 0."""
    names, width = list(rows.names), max(rows.width(), len(rows.names))
    leaves = [name.rpartition(".")[2] for name in names]
    for alike in (names, [name.casefold() for name in names], leaves):
        key = str(column).casefold() if alike is not names else str(column)
        if alike.count(key) == 1:
            return alike.index(key)
    if is_position(column) and 1 <= int(column) <= width:
        return int(column) - 1
    known = ", ".join(map(repr, names[:10])) if names else f"1 to {width}"
    raise TextrnnError(f"{rows.name}: no column {column!r}.{nearest(str(column), names)} Its columns: {known}.")


def columns_by_name(names: Sequence[str]) -> tuple[int, int] | None:
    """Returns the columns that are named as source and target, if exactly one each is; else the two of languages.

    Example:

    >>> columns_by_name(["id", "target_text", "source_text"]), columns_by_name(["source", "hindi_sentence", "english"])
    ((2, 1), (1, 2))
    """
    words = [name_words(name) for name in names]
    found = [[index for index, one in enumerate(words) if one and one <= side] for side in NAMED_SIDES]
    if all(len(side) == 1 for side in found):
        return found[0][0], found[1][0]
    languages = [index for index, one in enumerate(words) if one and all(map(LANGUAGE.fullmatch, one))]
    return (languages[0], languages[1]) if len(languages) == 2 else None


def name_words(name: str) -> set[str]:
    """Returns what a column's name says beside that it holds texts: `source` of `source_text`."""
    words = set(re.split(r"[\s_-]+", name.rpartition(".")[2].strip().casefold()))
    return words - set(TEXT_WORDS) or words


def holds_sentences(rows: Rows, index: int) -> bool:
    """Says whether a column may hold sentences: not only ids, and not everywhere the same, as a language code is."""
    cells = sample_of(rows, index)
    if not cells:
        return rows.width() == 2  # one side is missing throughout, which is another fault
    if sum(bool(IDENTIFIER.fullmatch(cell)) for cell in cells) > 0.9 * len(cells):
        return False
    constant = len(cells) > 2 and len(set(cells)) == 1
    return not (constant and rows.width() > 2)


def holds_tags(rows: Rows, index: int) -> bool:
    """Says whether a column holds names, sorts or numbers: words that are no sentences, and nothing else."""
    cells = sample_of(rows, index)
    return has_spaces(" ".join(cells)) and sum(bool(TAG.fullmatch(cell)) for cell in cells) > 0.95 * len(cells)


def sample_of(rows: Rows, index: int) -> list[str]:
    """Returns the first cells of a column that are not blank."""
    cells = [row[index].strip() for _, row in rows.rows[:SAMPLE_ROWS] if index < len(row)]
    return [cell for cell in cells if cell]


def two_columns(rows: Rows, chosen: tuple[int, int]) -> Iterator[tuple[int, str, str]]:
    """Yields (number, sentence, translation) of each row; a row that is too short has an empty side.

    Raises:
        TextrnnError: If most rows are too short, or a row has more cells than it may have.
    """
    width = rows.width()
    short = [number for number, cells in rows.rows if len(cells) <= max(chosen)]
    if len(short) > len(rows.rows) / 2:
        raise TextrnnError(
            f"{rows.place(short[0])}: has no column {max(chosen) + 1}, and so have {len(short):,} of "
            f"{len(rows.rows):,} rows."
        )
    for number, cells in rows.rows:
        if rows.strict and len(cells) > width:
            raise TextrnnError(
                f"{rows.place(number)}: has {len(cells)} columns, where most rows have {width}. Put sentences that "
                "hold the delimiter into double quotes, or use tabs."
            )
        source, target = (cells[index] if index < len(cells) else "" for index in chosen)
        yield number, source, target
