"""Objects of JSON as rows of texts: one object a line, or the objects or strings of one list."""

import itertools
import json
import pathlib
from collections.abc import Iterator
from typing import Any

from textrnn.errors import TextrnnError
from textrnn.preprocessing.files import as_read, decoded_lines, shown_name

__all__ = ["flattened", "json_fields", "json_rows"]

LINES = (".jsonl", ".ndjson")
SAMPLE_ROWS = 100


def json_fields(path: pathlib.Path, encoding: str) -> tuple[tuple[str, ...], Iterator[dict[str, str]]] | None:
    """Returns the names of the fields in a file of JSON objects or strings, and the fields of each; else None.

    The name tells whether a file is looked into. A .json file of one object, such as the settings of a program, is
    none.

    Raises:
        TextrnnError: If a line after the first is no JSON.
    """
    suffixes = path.suffixes[-2:]
    if not any(suffix in (*LINES, ".json") for suffix in suffixes):
        return None
    try:
        listed = None if any(suffix in LINES for suffix in suffixes) else list_rows(path, encoding)
        stream = json_stream(path, encoding) if listed is None else iter(listed)
        sample = list(itertools.islice(stream, 1))
    except TextrnnError:  # whoever reads the text will say so
        return None
    sample += itertools.islice(stream, SAMPLE_ROWS)
    if not sample or (len(sample) == 1 and listed is None and ".json" in suffixes):
        return None
    return tuple(dict.fromkeys(key for fields in sample for key in fields)), itertools.chain(sample, stream)


def json_stream(path: pathlib.Path, encoding: str) -> Iterator[dict[str, str]]:
    """Yields the fields of each line."""
    name = shown_name(path)
    return (fields for _, fields in json_rows(decoded_lines(path, encoding), name))


def list_rows(path: pathlib.Path, encoding: str) -> list[dict[str, str]] | None:
    """Returns the fields of the objects in one list, strings as a field `text`; None if the file is something else."""
    lines = decoded_lines(path, encoding)
    beginning = next((line for line in lines if line.strip()), "")
    if not beginning.lstrip().startswith("["):
        return None
    try:
        content = json.loads("\n".join([beginning, *lines]))
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, list) or len({isinstance(one, str) for one in content}) != 1:
        return None
    if not all(isinstance(one, (str, dict)) for one in content):
        return None
    return [dict(flattened(one if isinstance(one, dict) else {"text": one})) for one in content]


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
