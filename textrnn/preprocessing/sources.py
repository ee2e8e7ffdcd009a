"""Finds out what a person passed as a corpus: files, directories, standard input, names, or strings in memory."""

import itertools
import os
import pathlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from textrnn.errors import TextrnnError, nearest
from textrnn.preprocessing.downloads import SOURCES, named_corpus
from textrnn.preprocessing.files import shown_name, why_not_text
from textrnn.preprocessing.json_lines import json_fields
from textrnn.preprocessing.spools import SpooledPath, spooled_items, spooled_standard_input
from textrnn.preprocessing.tables import looks_like_table, opened_table

__all__ = ["found_paths", "skipped_note", "text_of_tables"]

MAYBE_TEXT = ("-", ".", "..")  # places by themselves, and what a text may well be
CHECKED_ITEMS = 1000  # of a long list; whether they are files is seen from these


def found_paths(source: Any, column: str | int | None) -> tuple[list[pathlib.Path], list[str]]:
    """Returns the files that a source names or is written into, and what was left out of directories."""
    if isinstance(source, (str, os.PathLike)):
        if isinstance(source, str) and not is_place(source):
            raise missing(source)
        source = [source]
    source = column_of(source, column)
    if isinstance(source, (set, frozenset)):
        source = sorted(source, key=str)  # a set has another order in each process
    try:
        items = iter(source)
    except TypeError:
        raise TextrnnError(
            f"A corpus is a file, several files, or anything that yields strings. Received: {type(source).__name__}."
        ) from None
    first = list(itertools.islice(items, CHECKED_ITEMS))
    if not first:
        raise TextrnnError("No corpus was named. Pass a file, a directory, - for standard input, or a list of texts.")
    if not are_places(first):
        return [spooled_items(itertools.chain(first, items), column)], []
    paths: list[pathlib.Path] = []
    skipped: list[str] = []
    for item in itertools.chain(first, items):
        if str(item) == "-":
            paths.append(spooled_standard_input())
        elif is_corpus_name(item):
            paths.append(named_corpus(str(item)))
        else:
            found, left_out = found_files(pathlib.Path(item))
            paths.extend(found)
            skipped.extend(left_out)
    return paths, skipped


def column_of(source: Any, column: str | int | None) -> Any:
    """Returns one column of a data frame or a mapping of columns; anything else as it is."""
    if isinstance(source, bytes):
        raise TextrnnError("A corpus is text. Received: bytes. Decode them first, as in data.decode('utf-8').")
    if not isinstance(source, Mapping) and not hasattr(source, "columns"):
        return source
    columns = list(getattr(source, "columns", source))
    names = [str(name) for name in columns]
    if column not in columns:
        wanted = "Choose" if column is None else f"There is no column {column!r}.{nearest(str(column), names)} Choose"
        raise TextrnnError(f"{wanted} one of its columns with column=...: {', '.join(names[:10])}.")
    return source[column]


def text_of_tables(
    paths: list[pathlib.Path], encoding: str, column: str | int | None
) -> tuple[list[pathlib.Path], list[str]]:
    """Returns files with the text of a column in place of tables, and what to say of that.

    Without a name, a column is taken from JSON alone, which is no text to anybody, and only if all files are JSON:
    beside others it may be a part of a program.
    """
    if column is not None:
        return [column_of_table(path, encoding, column) for path in paths], []
    found = [text_of_json(path, encoding) for path in paths]
    if not found or not all(found):
        return paths, table_note(paths, encoding)
    name, field = shown_name(paths[0]), found[0][0]  # type: ignore[index]
    note = f"{name}: the text is that of the field {field!r}; column=... (--column) takes another"
    texts = [spooled_items(each, origin=path) for path, (_, each) in zip(paths, found, strict=True)]  # type: ignore[misc]
    return list(texts), [note]


def text_of_json(path: pathlib.Path, encoding: str) -> tuple[str, Iterable[str]] | None:
    """Returns the name of the field of texts in a file of JSON objects, and the texts; None if it is not clear."""
    if isinstance(path, SpooledPath):
        return None
    names, rows = json_fields(path, encoding) or ((), iter(()))
    chosen = [name for name in names if name == "text"] or [name for name in names if name.endswith(".text")] or names
    if len(chosen) != 1:
        return None
    return chosen[0], (fields.get(chosen[0], "") for fields in rows)


def column_of_table(path: pathlib.Path, encoding: str, column: str | int) -> pathlib.Path:
    """Copies a column of a table to a temporary file, which is faster to read again; strings in memory are copied."""
    if isinstance(path, SpooledPath) and path.num_items is not None:
        return path
    cells = opened_table(path, encoding).cells(column)
    return spooled_items((cell for _, (cell,) in cells), origin=path)


def is_place(item: Any) -> bool:
    """Says whether an item is a path, standard input, the name of a corpus, or the name of a file that is there."""
    if isinstance(item, os.PathLike):
        return True
    return isinstance(item, str) and (item == "-" or is_corpus_name(item) or os.path.exists(item))


def is_corpus_name(item: Any) -> bool:
    """Says whether an item has the form of a corpus's name, such as tatoeba:eng-spa."""
    return str(item).split(":")[0] in SOURCES and not os.path.exists(item)


def are_places(items: list[Any]) -> bool:
    """Says whether items are places rather than texts; raises `TextrnnError` if some are and others are not."""
    if all(is_place(item) for item in items):
        return True
    places = [item for item in items if is_place(item) and item not in MAYBE_TEXT and not is_corpus_name(item)]
    others = [item for item in items if item not in places]
    if places:
        raise TextrnnError(
            f"Of these {len(items)} items {shown_items(places)} {'is a file' if len(places) == 1 else 'are files'}, "
            f"{shown_items(others)} not. Pass files that are there, or texts only (with a newline at its end, a file's "
            "name is a text)."
        )
    if all(isinstance(item, str) and looks_like_a_path(item) for item in items):
        raise missing(items[0])
    return False


def shown_items(items: list[Any]) -> str:
    """Returns the first items for a message."""
    return ", ".join(f"{item!r:.40}" for item in items[:3]) + (", ..." if len(items) > 3 else "")


def looks_like_a_path(text: str) -> bool:
    """Says whether a string that is no file was meant as the name of one: `book.txt`, `texts/book`."""
    return bool(re.fullmatch(r"[^\n\t]{0,200}[^\s.]\.[A-Za-z]\w{1,4}|\S*[/\\]\S+", text)) and len(text.split()) < 4


def missing(name: str) -> TextrnnError:
    """Returns the error for a string that is no file."""
    path = pathlib.Path(name)
    if "\n" in name or "\0" in name or len(name) > 200:
        shown = f"{name!r:.40}" + ("..." if len(name) > 40 else "")
        return TextrnnError(f"{shown}: no file has such a name. To pass text itself, put it in a list: [text].")
    siblings = os.listdir(path.parent) if os.access(path.parent, os.R_OK) and path.parent.is_dir() else []
    hint = "" if looks_like_a_path(name) else " To pass text itself in Python, put it in a list: [text]."
    return TextrnnError(f"{name}: no such file.{nearest(path.name, siblings)}{hint}")


def found_files(path: pathlib.Path) -> tuple[list[pathlib.Path], list[str]]:
    """Returns the file at `path`, or the text files below it in sorted order; and what was left out, and why."""
    if not os.path.isdir(path):
        if not os.path.exists(path):
            raise missing(str(path))
        return [path], []
    files: list[pathlib.Path] = []
    skipped: list[str] = []
    for place, directories, names in os.walk(path):
        skipped.extend(f"{pathlib.Path(place, name)} (hidden)" for name in directories + names if name[0] == ".")
        directories[:] = [name for name in directories if name[0] != "."]
        files.extend(pathlib.Path(place, name) for name in names if name[0] != ".")
    reasons = {file: why_not_text(file) for file in sorted(files)}
    skipped.extend(f"{file} ({reason})" for file, reason in reasons.items() if reason)
    texts = [file for file, reason in reasons.items() if not reason]
    if not texts:
        raise TextrnnError(f"{path}: no text files in this directory.{''.join(' ' + s for s in skipped_note(skipped))}")
    return texts, sorted(skipped)


def skipped_note(skipped: list[str]) -> list[str]:
    """Returns a sentence on files that were left out, if there are any."""
    if not skipped:
        return []
    shown = ", ".join(skipped[:3]) + (", ..." if len(skipped) > 3 else "")
    return [f"left out {len(skipped)} {'file' if len(skipped) == 1 else 'files'}: {shown}"]


def table_note(paths: list[pathlib.Path], encoding: str) -> list[str]:
    """Returns a sentence on the first table that is read like other text, if there is one."""
    for path in paths:
        names = looks_like_table(path, encoding)
        if names:
            shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
            return [
                f"{shown_name(path)} looks like a table with the columns {shown}: choose one with column=... (--column)"
            ]
    return []
