"""Rows and columns of text files: tab- and comma-separated values, other separators, JSON lines; and their headers."""

import dataclasses
import functools
import itertools
import os
import pathlib
import re
from collections.abc import Iterator, Sequence

from textrnn.errors import TextrnnError, nearest
from textrnn.preprocessing.delimited import (
    chosen_delimiter,
    doubled,
    finished,
    has_escapes,
    is_quoted,
    modal_share,
    raw_rows,
)
from textrnn.preprocessing.files import decoded_lines, shown_name
from textrnn.preprocessing.json_lines import json_rows

__all__ = [
    "LANGUAGE",
    "NO_VALUE",
    "TEXT_WORDS",
    "Table",
    "are_usual",
    "distinct_names",
    "looks_like_table",
    "opened_table",
    "read_pairs",
    "rows",
]

SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson")
SAMPLE_ROWS = 100
NUMBER = re.compile(r"[-+]?[$€£¥]?\.?\d[\d.,:/ TZ+-]*(e[-+]?\d+)?\s?[%€$£¥]?", re.IGNORECASE)
NO_VALUE = ("", "na", "n/a", "nan", "null", "none", "nil", "-", "?", ".", "#n/a")
COLUMN_NAME = re.compile(r"[^\W\d_][^\t\n.!?;,]{0,40}")
USUAL_NAME = re.compile(
    "answer|article|author|body|caption|category|class|comment|comments|content|created_at|date|description|"
    "document|en|english|es|french|german|headline|id|idx|index|label|language|line|lyrics|message|name|poem|"
    "post|prompt|question|quote|rating|recipe|reference|response|review|score|sentence|sentences|sentence1|sentiment|"
    "source|spanish|story|subject|summary|target|text|texts|time|timestamp|title|transcript|translation|translations|"
    "tweet|url|user|username|verse",
    re.IGNORECASE,
)
TEXT_WORDS = ("sentence", "sentences", "text", "texts", "translation", "translations")
LANGUAGE = re.compile(
    "arabic|bengali|bulgarian|catalan|chinese|croatian|czech|danish|dutch|english|esperanto|estonian|"
    "finnish|french|german|greek|gujarati|hebrew|hindi|hungarian|icelandic|indonesian|irish|italian|"
    "japanese|kannada|kazakh|korean|latin|latvian|lithuanian|malay|malayalam|mandarin|marathi|nepali|"
    "norwegian|persian|polish|portuguese|punjabi|romanian|russian|serbian|slovak|slovenian|spanish|"
    "swahili|swedish|tagalog|tamil|telugu|thai|turkish|ukrainian|urdu|uzbek|vietnamese|welsh|yoruba|zulu",
    re.IGNORECASE,
)


def rows(
    path: str | os.PathLike[str], encoding: str = "utf-8", name: str | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Yields (line number, columns) of each row that is not blank, a header included; see `Table`."""
    return opened_table(path, encoding, name).rows()


def read_pairs(path: str | os.PathLike[str], encoding: str = "utf-8") -> Iterator[tuple[str, str]]:
    """Yields (source, target) sentences from a tab-separated file; further columns are ignored.

    Raises:
        TextrnnError: If a line has fewer than two columns or an empty side.
    """
    for number, line in enumerate(decoded_lines(path, encoding), start=1):
        columns = line.split("\t")
        if len(columns) < 2 or not columns[0].strip() or not columns[1].strip():
            raise TextrnnError(f"{path}, line {number}: expected a sentence, a tab and its translation.")
        yield columns[0].strip(), columns[1].strip()


@dataclasses.dataclass(frozen=True)
class Table:
    """A file of rows and columns, read as a stream.

    Args:
        path: The file.
        encoding: Its encoding.
        name: What errors call it.
        delimiter: What stands between columns; None for JSON lines.
        quoted: Whether columns may stand in quotes.
        first: The columns of the first row, each of another name (see `distinct_names`); for JSON lines the names of
            the fields, those within others with a dot.
        has_header: Whether the first row names the columns.
        share: Share of the first rows that have as many columns as most do.
        escaped: Whether backslashes stand before the quotes within quotes.
    """

    path: pathlib.Path
    encoding: str
    name: str
    delimiter: str | None
    quoted: bool
    first: tuple[str, ...] = ()
    has_header: bool = False
    share: float = 0.0
    escaped: bool = False

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yields (line number, columns) of each row that is not blank, a header included."""
        lines = decoded_lines(self.path, self.encoding, self.name)
        if self.delimiter is None:
            for number, fields in json_rows(lines, self.name):
                yield number, [fields.get(key, "") for key in self.first]
            return
        for number, raw in raw_rows(doubled(lines) if self.escaped else lines, self.delimiter, self.quoted):
            if len(raw) > 1 or raw[0].strip():
                yield number, finished(raw, self.delimiter, self.quoted)

    def cells(self, *columns: str | int) -> Iterator[tuple[int, list[str]]]:
        """Yields (line number, the chosen columns) of each row, without the header.

        Args:
            *columns: Names, or numbers that begin with 1.

        Raises:
            TextrnnError: If there is no such column, or a row lacks it.
        """
        chosen = [self.index(column) for column in columns]
        named = not all(str(column).isdecimal() for column in columns)  # who names a column says that there is a header
        skipped = int(self.delimiter is not None and (self.has_header or named))
        for number, row in itertools.islice(self.rows(), skipped, None):
            if len(row) <= max(chosen):
                needed = max(chosen) + 1
                raise TextrnnError(
                    f"{self.name}, line {number}: has {len(row)} columns, but column {needed} is asked for."
                )
            yield number, [row[index] for index in chosen]

    def index(self, column: str | int) -> int:
        """Returns the position of a column, from 0.

        Args:
            column: A name, or a number that begins with 1.
        """
        names = list(self.first)
        is_number = str(column).isdecimal()
        if str(column) in names and (self.has_header or not is_number):
            return names.index(str(column))
        if is_number and 1 <= int(column) <= len(names):
            return int(column) - 1
        for form in (str.casefold, lambda name: name.rpartition(".")[2]):
            alike = [index for index, name in enumerate(names) if form(name) == form(str(column))]
            if len(alike) == 1:
                return alike[0]
        if len(names) < 2 and self.delimiter is not None:
            raise TextrnnError(
                f"{self.name}: is no table, so it has no column {str(column)!r}. Pass CSV, TSV or JSON lines, or "
                "leave the column out."
            )
        shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        raise TextrnnError(
            f"{self.name}: no column {str(column)!r}.{nearest(str(column), names)} "
            f"Its {len(names)} columns: {shown or 'none'}. Pass one of these names or a number from 1."
        )


def opened_table(path: str | os.PathLike[str], encoding: str = "utf-8", name: str | None = None) -> Table:
    """Finds out how a file's rows and columns are written.

    Tabs, `|||`, in a .csv file commas, semicolons or bars, and JSON lines are known.

    Raises:
        TextrnnError: If the file cannot be read, is no text, or is XML.
    """
    name = name or shown_name(path)
    path = pathlib.Path(path)
    try:
        state = path.stat()
    except OSError as error:
        raise TextrnnError(f"{name}: cannot be read: {error.strerror or error}.") from error
    return known_table(path, encoding, name, state.st_mtime_ns, state.st_size)


def looks_like_table(path: pathlib.Path, encoding: str) -> tuple[str, ...]:
    """Returns the column names, else their numbers, of a file that is called .csv, .tsv or .jsonl and is one."""
    if not any(suffix in SUFFIXES for suffix in path.suffixes[-2:]):
        return ()
    try:
        table = table_of(path, encoding, shown_name(path), glance=True)
    except TextrnnError:  # whoever reads the text will say so
        return ()
    if table.share < 0.8 or len(table.first) < (1 if table.delimiter is None else 2):
        return ()
    return table.first if table.has_header else tuple(str(number) for number in range(1, len(table.first) + 1))


@functools.lru_cache(maxsize=64)
def known_table(path: pathlib.Path, encoding: str, name: str, *version: int) -> Table:
    """Does the work of `opened_table`, once for each version of a file."""
    return table_of(path, encoding, name)


def table_of(path: pathlib.Path, encoding: str, name: str, glance: bool = False) -> Table:
    """Finds out how a file is written; whether with quotes, from all of it unless `glance` is set."""
    sample = list(itertools.islice(decoded_lines(path, encoding, name), SAMPLE_ROWS))
    beginning = next((line.lstrip() for line in sample if line.strip()), "")
    check_no_markup(beginning, name)
    suffix = next((suffix for suffix in reversed(path.suffixes) if suffix in SUFFIXES), "")
    if suffix in (".jsonl", ".ndjson") or re.match(r'\{\s*(\}|")', beginning):
        keys = dict.fromkeys(key for _, fields in json_rows(iter(sample), name) for key in fields)
        return Table(path, encoding, name, None, False, tuple(keys), True, 1.0)
    delimiter = chosen_delimiter(sample, suffix)
    lines = iter(sample) if glance else decoded_lines(path, encoding, name)
    quoted = is_quoted(lines, delimiter) if delimiter == "\t" else delimiter != "|||"
    escaped = quoted and has_escapes(sample, delimiter)
    sample = list(doubled(sample)) if escaped else sample
    found = [finished(raw, delimiter, quoted) for _, raw in raw_rows(iter(sample), delimiter, quoted)]
    found = [row for row in found if any(cell.strip() for cell in row)] or [[]]
    share = modal_share([len(row) for row in found])
    names = distinct_names(found[0])
    return Table(path, encoding, name, delimiter, quoted, names, looks_like_header(found), share, escaped)


def check_no_markup(beginning: str, name: str) -> None:
    """Raises `TextrnnError` for files that hold rows in other clothes."""
    if re.match(r"<\?xml|<tmx|<!DOCTYPE|<html", beginning, re.IGNORECASE):
        raise TextrnnError(
            f"{name}: is XML or HTML (TMX and XLIFF are XML), not rows. Convert it to tab-separated text first: on "
            "each line a sentence, a tab and its translation. Translation tools and spreadsheets export that."
        )
    if beginning.startswith("[") and re.match(r"\[\s*($|[{\[\"])", beginning):
        raise TextrnnError(f"{name}: is one JSON list. Write one object a line instead, as `jq -c '.[]' FILE` does.")


# Headers


def looks_like_header(found: list[list[str]]) -> bool:
    """Says whether the first row names the columns: text stands above numbers, or it holds usual names."""
    first, others = found[0], [row for row in found[1:] if len(row) == len(found[0])]
    columns = [[row[index] for row in others] for index in range(len(first))]
    names = [cell.strip() for cell in first]
    above = [name for name, column in zip(names, columns, strict=True) if are_numbers(column)]
    if any(above):  # decides by itself: a name may hold whatever it likes, `#Passengers` or `wind (m/s)`
        return not any(is_number(name) or name.casefold() in NO_VALUE for name in above if name)
    named = [name for name in names if name]
    if not named or not others or len(set(named)) < len(named) or not all(map(COLUMN_NAME.fullmatch, named)):
        return False
    new = [cell not in column for cell, column in zip(first, columns, strict=True)]
    usual = sum(both == (True, True) for both in zip(are_usual(first), new, strict=True))
    return bool(above) or 2 * usual >= len(first)


def are_numbers(cells: list[str]) -> bool:
    """Says whether a column holds numbers, but for what marks missing ones."""
    filled = [cell for cell in cells if cell.strip().casefold() not in NO_VALUE]
    return 2 * len(filled) > len(cells) and sum(map(is_number, filled)) > 0.8 * len(filled)


def is_number(cell: str) -> bool:
    """Says whether a cell is a number or a date."""
    return bool(NUMBER.fullmatch(cell.strip()))


def is_usual(name: str) -> bool:
    """Says whether columns often have a name, in parts too: `label`, `source text`, `english_sentences`."""
    parts = re.split(r"[\s_-]+", name.strip())
    if len(parts) == 1:
        return bool(USUAL_NAME.fullmatch(parts[0]))
    return all(USUAL_NAME.fullmatch(part) or LANGUAGE.fullmatch(part) for part in parts) or (
        "_" in name and parts[-1].casefold() in TEXT_WORDS
    )


def are_usual(names: Sequence[str]) -> list[bool]:
    """Says of each name whether columns often have it; languages' names are usual where two stand side by side."""
    languages = [bool(LANGUAGE.fullmatch(name.strip())) for name in names]
    return [is_usual(name) or (one and sum(languages) > 1) for name, one in zip(names, languages, strict=True)]


def distinct_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Returns the names of columns, one for each: `column 3` for a blank one, `price (2)` for the second `price`."""
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = base = cell if cell.strip() else f"column {number}"
        times = 1
        while name in names:
            times += 1
            name = f"{base} ({times})"
        names.append(name)
    return tuple(names)
