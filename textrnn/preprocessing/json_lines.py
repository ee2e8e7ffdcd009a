"""Objects of JSON as rows of texts: one object a line."""

import json
from collections.abc import Iterator
from typing import Any

from textrnn.errors import TextrnnError
from textrnn.preprocessing.files import as_read

__all__ = ["flattened", "json_rows"]


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
