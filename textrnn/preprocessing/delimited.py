"""Lines of values with a delimiter between them, and quotes around them: CSV, TSV and their relatives.

A quote is a quote only where all of a file treats it as one: sentences may begin with a quotation mark, and one that is
never closed swallows no lines.
"""

import collections
import itertools
import re
from collections.abc import Iterable, Iterator

__all__ = ["chosen_delimiter", "doubled", "finished", "has_escapes", "is_quoted", "modal_share", "raw_rows"]

MAX_FIELD_LINES = 10_000
QUOTED = re.compile(r'"[^"]*(?:""[^"]*)*"(?!")')
CLOSING = re.compile(r'[^"]*(?:""[^"]*)*"(?!")')
DECLARED = re.compile(r'"?sep=([^\w\s"]|\t|\\t)"?', re.IGNORECASE)  # a first line that tells Excel the delimiter


def chosen_delimiter(lines: list[str], suffix: str) -> str:
    """Returns what stands between the columns of these lines."""
    if lines and (declared := DECLARED.fullmatch(lines[0])):
        return declared[1].replace("\\t", "\t")
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


def raw_rows(lines: Iterator[str], delimiter: str, quoted: bool) -> Iterator[tuple[int, list[str]]]:
    """Yields (number of its first line, columns with their quotes) of each row; not a line that declares the delimiter.

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
        if number == 1 and DECLARED.fullmatch(line):
            continue
        if "\r" in line:
            line, *more = parted(line, delimiter, quoted, width)
            waiting.extendleft((number, part) for part in reversed(more))
        plain = line.split(delimiter)
        if quoted and '"' in line:
            columns = split_columns(line, delimiter) or joined_columns(line, delimiter, width, waiting, numbered)
            if not columns or (len(columns) != width == len(plain)):
                columns = split_columns(line, delimiter, unclosed=True) or plain
            plain = plain if len(columns) != width == len(plain) else columns
        width = width or len(plain)
        yield number, plain


def parted(line: str, delimiter: str, quoted: bool, width: int) -> list[str]:
    """Returns the rows in a line with lone carriage returns, which end rows where files of two systems were joined.

    They are white space where the line has no more columns than the first one, or a part would have only one.
    """
    parts = [""]
    for part in line.split("\r"):
        is_open = quoted and parts[-1] and not split_columns(parts[-1], delimiter)
        parts[-1:] = [f"{parts[-1]}\r{part}"] if is_open else [parts[-1], part]
    parts = [part for part in parts if part.strip()]
    widths = [len(split_columns(part, delimiter) if quoted else part.split(delimiter)) for part in parts]
    are_rows = len(parts) > 1 and min(widths) > 1
    are_too_many = sum(widths) - len(widths) >= width if width else len(set(widths)) == 1
    return parts if are_rows and are_too_many else [line.rstrip("\r")]


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


def has_escapes(lines: list[str], delimiter: str) -> bool:
    """Says whether backslashes mark the quotes within quotes: if they do, fewer columns are left with an open one."""
    if not any('\\"' in line for line in lines):
        return False
    numbers = [
        sum(column.startswith('"') and not QUOTED.fullmatch(column) for _, raw in rows for column in raw)
        for rows in (raw_rows(some, delimiter, True) for some in (iter(lines), doubled(lines)))
    ]
    return numbers[1] < numbers[0]


def doubled(lines: Iterable[str]) -> Iterator[str]:
    """Yields lines with two quotes in place of each that a backslash marks."""
    return (line.replace('\\"', '""') for line in lines)


def finished(raw: Iterable[str], delimiter: str, quoted: bool) -> list[str]:
    """Returns columns without the quotes around them."""
    if delimiter == "|||":
        return [column.strip() for column in raw]
    if not quoted:
        return list(raw)
    return [
        column[1:-1].replace('""', '"') if column[:1] == '"' and QUOTED.fullmatch(column) else column for column in raw
    ]
