"""Rows and columns of text files: tab- and comma-separated values with their quotes, other separators, JSON lines.

A quote is a quote only where all of a file treats it as one: sentences may begin with a quotation mark, and one that is
never closed swallows no lines.
"""

import collections
import dataclasses
import functools
import itertools
import json
import os
import pathlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from textrnn.errors import TextrnnError, nearest
from textrnn.preprocessing.files import as_read, decoded_lines, shown_name

__all__ = ["Table", "looks_like_table", "opened_table", "read_pairs", "rows"]

SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson")
SAMPLE_ROWS = 100
MAX_FIELD_LINES = 10_000
QUOTED = re.compile(r'"[^"]*(?:""[^"]*)*"(?!")')
CLOSING = re.compile(r'[^"]*(?:""[^"]*)*"(?!")')
COLUMN_NAME = re.compile(r"[^\W\d_][^\t\n.!?;,]{0,40}")
USUAL_NAME = re.compile(
    "answer|article|author|body|caption|category|class|comment|comments|content|created_at|date|description|"
    "document|en|english|es|french|german|headline|id|idx|index|label|language|line|lyrics|message|name|poem|"
    "post|prompt|question|quote|rating|recipe|reference|response|review|score|sentence|sentence1|sentiment|"
    "source|spanish|story|subject|summary|target|text|time|timestamp|title|transcript|translation|tweet|url|"
    "user|username|verse",
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
        first: The columns of the first row; for JSON lines the names of the fields, those within others with a dot.
        has_header: Whether the first row names the columns.
        share: Share of the first rows that have as many columns as most do.
    """

    path: pathlib.Path
    encoding: str
    name: str
    delimiter: str | None
    quoted: bool
    first: tuple[str, ...] = ()
    has_header: bool = False
    share: float = 0.0

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yields (line number, columns) of each row that is not blank, a header included."""
        lines = decoded_lines(self.path, self.encoding, self.name)
        if self.delimiter is None:
            for number, fields in json_rows(lines, self.name):
                yield number, [fields.get(key, "") for key in self.first]
            return
        for number, raw in raw_rows(lines, self.delimiter, self.quoted):
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
    if table.share < 0.8 or len(table.first) < 2:
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
    quoted = delimiter in (",", ";", "|") or (delimiter == "\t" and is_quoted(lines, delimiter))
    found = [finished(raw, delimiter, quoted) for _, raw in raw_rows(iter(sample), delimiter, quoted)]
    found = [row for row in found if any(cell.strip() for cell in row)] or [[]]
    share = modal_share([len(row) for row in found])
    return Table(path, encoding, name, delimiter, quoted, tuple(found[0]), looks_like_header(found), share)


def check_no_markup(beginning: str, name: str) -> None:
    """Raises `TextrnnError` for files that hold rows in other clothes."""
    if re.match(r"<\?xml|<tmx|<!DOCTYPE|<html", beginning, re.IGNORECASE):
        raise TextrnnError(
            f"{name}: is XML or HTML (TMX and XLIFF are XML), not rows. Convert it to tab-separated text first: on "
            "each line a sentence, a tab and its translation. Translation tools and spreadsheets export that."
        )
    if beginning.startswith("[") and re.match(r"\[\s*($|[{\[\"])", beginning):
        raise TextrnnError(f"{name}: is one JSON list. Write one object a line instead, as `jq -c '.[]' FILE` does.")


# Delimiters and headers


def chosen_delimiter(lines: list[str], suffix: str) -> str:
    """Returns what stands between the columns of these lines."""
    if suffix != ".csv":
        for delimiter in ("\t", "|||"):
            if any(delimiter in line for line in lines):
                return delimiter
        if suffix != ".tsv" and not all(line.startswith('"') and line.endswith('"') for line in lines if line):
            return "\t"
    text = "\n".join(lines)
    ranks = {}
    for delimiter in (",", ";", "\t", "|"):
        share = modal_share([len(raw) for _, raw in raw_rows(iter(lines), delimiter, True) if raw != [""]])
        spaced = text.count(delimiter + " ") / max(text.count(delimiter), 1)  # punctuation of sentences
        ranks[delimiter] = (share, -spaced)
    best = max(ranks, key=lambda delimiter: ranks[delimiter])
    return best if ranks[best][0] else "," if suffix == ".csv" else "\t"


def modal_share(widths: list[int]) -> float:
    """Returns the share of rows that have the commonest number of columns, or 0 if that is one column."""
    (width, number), *_ = collections.Counter(widths).most_common(1) or [(1, 0)]
    return number / len(widths) if width > 1 else 0.0


def looks_like_header(found: list[list[str]]) -> bool:
    """Says whether the first row names the columns: it holds usual names, or words above numbers."""
    first, others = found[0], [row for row in found[1:] if len(row) == len(found[0])]
    if not first or not others or len(set(first)) < len(first):
        return False
    if not all(COLUMN_NAME.fullmatch(cell.strip()) for cell in first if cell.strip()):
        return False
    usual = sum(bool(USUAL_NAME.fullmatch(cell.strip())) for cell in first)
    numeric = any(sum(is_number(row[column]) for row in others) > 0.8 * len(others) for column in range(len(first)))
    return numeric or 2 * usual >= len(first)


def is_number(cell: str) -> bool:
    """Says whether a cell is a number or a date."""
    return bool(re.fullmatch(r"[-+]?\d[\d.,:/ TZ+-]*", cell.strip()))


# Quotes


def raw_rows(lines: Iterator[str], delimiter: str, quoted: bool) -> Iterator[tuple[int, list[str]]]:
    """Yields (number of its first line, columns with their quotes) of each row.

    A quote at the beginning of a column opens one that may hold delimiters and newlines. If nothing closes it, or what
    comes out has another number of columns than the first row, the quote is a character like others.
    """
    numbered = enumerate(lines, start=1)
    waiting: collections.deque[tuple[int, str]] = collections.deque()
    width = 0
    while True:
        number, line = waiting.popleft() if waiting else next(numbered, (0, ""))
        if not number:
            return
        plain = line.split(delimiter)
        if quoted and '"' in line:
            columns = split_columns(line, delimiter) or joined_columns(line, delimiter, width, waiting, numbered)
            if not columns or (len(columns) != width == len(plain)):
                columns = split_columns(line, delimiter, unclosed=True) or plain
            plain = plain if len(columns) != width == len(plain) else columns
        width = width or len(plain)
        yield number, plain


def split_columns(line: str, delimiter: str, unclosed: bool = False) -> list[str]:
    """Splits a line at the delimiters that stand in no quotes; returns nothing if a quote is left open.

    Args:
        line: The text.
        delimiter: What stands between columns.
        unclosed: Whether to take a quote that nothing closes as a character.
    """
    columns, position = [], 0
    while True:
        match = QUOTED.match(line, position)
        if match is None and line.startswith('"', position) and not unclosed:
            return []
        closed = match is not None and (match.end() == len(line) or line.startswith(delimiter, match.end()))
        end = match.end() if match is not None and closed else line.find(delimiter, position)
        if end < 0:
            end = len(line)
        columns.append(line[position:end])
        if end == len(line):
            return columns
        position = end + len(delimiter)


def joined_columns(
    line: str,
    delimiter: str,
    width: int,
    waiting: collections.deque[tuple[int, str]],
    numbered: Iterator[tuple[int, str]],
) -> list[str]:
    """Returns the columns of a row that goes on over the next lines, which are then used up; nothing if none does."""
    joined = [line]
    for number, following in itertools.islice(itertools.chain(list(waiting), numbered), MAX_FIELD_LINES):
        if len(joined) > len(waiting):
            waiting.append((number, following))
        joined.append(following)
        if not CLOSING.match(following):
            continue
        columns = split_columns("\n".join(joined), delimiter)
        if not columns:
            continue
        holds_rows = delimiter == "\t" and any("\n" in column and "\t" in column for column in columns)
        if holds_rows or len(columns) != (width or len(columns)):
            return []
        for _ in joined[1:]:
            waiting.popleft()
        return columns
    return []


def is_quoted(lines: Iterator[str], delimiter: str) -> bool:
    """Says whether a file's columns stand in quotes, rather than that its sentences have quotation marks.

    A writer of quotes puts them around all of a column, or only where a quote, delimiter or newline makes them needful;
    a quote within a column without them is the work of none.
    """
    rows_seen, broken = 0, 0
    quoted: collections.Counter[int] = collections.Counter()
    needless: collections.Counter[int] = collections.Counter()
    bare_first: set[int] = set()
    for rows_seen, (_, raw) in enumerate(raw_rows(lines, delimiter, True), start=1):
        for index, column in enumerate(raw):
            if QUOTED.fullmatch(column):
                quoted[index] += 1
                needless[index] += not re.search(rf'["\n{re.escape(delimiter)}]', column[1:-1])
            elif '"' in column:
                broken += 1
            elif rows_seen == 1:
                bare_first.add(index)  # the name of a column may go without quotes
        if (broken > 20 and broken > quoted.total()) or quoted.total() > 5000:
            break
    return 0 < quoted.total() >= 100 * broken and all(
        not needless[index] or number >= 0.9 * (rows_seen - (index in bare_first)) for index, number in quoted.items()
    )


def finished(raw: Iterable[str], delimiter: str, quoted: bool) -> list[str]:
    """Returns columns without the quotes around them."""
    if delimiter == "|||":
        return [column.strip() for column in raw]
    if not quoted:
        return list(raw)
    return [
        column[1:-1].replace('""', '"') if column[:1] == '"' and QUOTED.fullmatch(column) else column for column in raw
    ]


# JSON lines


def json_rows(lines: Iterator[str], name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields (line number, fields as text) of each JSON object; fields within others are named with a dot."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
            fields = dict(flattened(content if isinstance(content, dict) else {"text": content}))
            "".join(fields.values()).encode()
        except (ValueError, RecursionError) as error:
            raise TextrnnError(f"{name}, line {number}: not a line of JSON: {error}.") from error
        yield number, fields


def flattened(content: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yields (name, text) of all fields; a list of texts is their lines."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{before}{key}.")
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            yield before + key, as_read("\n".join(value))
        elif isinstance(value, str) or value is None:
            yield before + key, as_read(value or "")
        else:
            yield before + key, json.dumps(value, ensure_ascii=False)
