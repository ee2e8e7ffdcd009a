"""The labels of sequences, in whatever form they are written: cells of tables, lists, lists that were written out."""

import contextlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.preprocessing.pair_tables import is_missing
from textrnn.preprocessing.pairs import check_characters

__all__ = ["Label", "as_numbers", "check_no_indicators", "is_no_label", "labels_of", "places_of", "spelled"]

Label = str | int | float

SEPARATORS = ("\n", "|", ";", ",")  # between the labels of a cell; a list in a JSON line is read as lines
NO_LABEL = ("", "nan", "null", "<na>", "#n/a")  # but not "None" or "NA", which name classes too
WHOLE = re.compile(r"(-?[1-9][0-9]*|0)(\.0+)?")
QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
QUOTED_LIST = re.compile(rf"[\[({{](?:\s*(?:{QUOTED})\s*,?)+\s*[\])}}]")  # as pandas, NumPy and Python write them
ZEROS_AND_ONES = ("0", "1", "0.0", "1.0", "0.", "1.", "False", "True")
NUMBER_LIST = re.compile(r"\[\s*-?\d+\.?(?:\s+-?\d+\.?)*\s*\]")  # as NumPy writes them


def labels_of(value: Any, multi_label: bool, place: str = "A label") -> tuple[Label, ...]:
    """Returns the labels that a value stands for, in the order of a cell, sorted if it is a list; none if missing.

    Example:

    >>> labels_of("red|blue", True), labels_of("['red', 'blue']", True), labels_of(["red", "blue"], True)
    (('red', 'blue'), ('red', 'blue'), ('blue', 'red'))

    Args:
        value: A string, a number, or a list.
        multi_label: Whether a string may hold several, with something between them. One that is a list in writing, or
            several lines, does in any case.
        place: What errors call it.

    Raises:
        TextrnnError: If it is something else.
    """
    labels = {plain_label(part, place): None for part in parts_of(value, multi_label) if not is_no_label(part)}
    return tuple(labels) if isinstance(value, str) else tuple(sorted(labels, key=str))


def parts_of(value: Any, multi_label: bool) -> list[Any]:
    """Returns what may be several labels one by one."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if not isinstance(value, str):
        return [value]
    listed = listed_in(value.strip())
    if listed is not None:
        return listed
    if multi_label and value[:1] + value[-1:] == "[]":
        value = value[1:-1]
    separators = SEPARATORS if multi_label else SEPARATORS[:1]
    separator = next((one for one in separators if one in value), SEPARATORS[0])
    return str(value).split(separator)


def listed_in(cell: str) -> list[Any] | None:
    """Returns the items of a list that is written out, or None if it is none."""
    if cell.startswith("["):
        with contextlib.suppress(ValueError, RecursionError):
            content: list[Any] = json.loads(cell)
            return content
    if QUOTED_LIST.fullmatch(cell):
        return [re.sub(r"\\(.)", r"\1", item[1:-1]) for item in re.findall(QUOTED, cell)]
    return cell[1:-1].split() if NUMBER_LIST.fullmatch(cell) else None


def is_no_label(value: Any) -> bool:
    """Says whether a value marks that there is no label."""
    return is_missing(value) or (isinstance(value, str) and value.strip().casefold() in NO_LABEL)


def plain_label(value: Any, place: str) -> Label:
    """Returns a label as a string or number of Python's own."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        check_characters(value, place)
        return value.strip()
    if isinstance(value, (int, float)) and abs(value) < float("inf"):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    raise TextrnnError(f"{place} must be a string or a number. Received: {value!r:.60}.")


def check_no_indicators(values: Iterable[Any]) -> None:
    """Raises `TextrnnError` if labels are rows of 0 and 1, each of which tells of one label whether it is there."""
    rows = [tuple(str(part) for part in parts_of(value, False)) for value in values if not is_no_label(value)]
    if len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        return
    # Rows that hold a number twice, or in another order than others, are no sets of labels.
    are_sets = len(set(rows)) == 1 and len(set(rows[0])) == len(rows[0])
    if not are_sets and {part for row in rows for part in row} <= set(ZEROS_AND_ONES):
        raise TextrnnError(
            "The labels are rows of 0 and 1, which tell of each label whether it is there. Pass the labels that are: "
            "[['red'], ['red', 'blue']], or encoder.inverse_transform(rows)."
        )


# Numbers


def as_numbers(labels: list[tuple[Label, ...]]) -> list[tuple[Label, ...]]:
    """Returns labels from text as whole numbers, if all are: 1 for "1", and for "1.0" as pandas writes it."""
    if not all(WHOLE.fullmatch(str(one)) for group in labels for one in group):
        return labels
    return [tuple({int(spelled(one)): None for one in group}) for group in labels]


def places_of(labels: Sequence[Label]) -> dict[Label, int]:
    """Returns the place of each label, by itself and `spelled`, so that the number 1 is found for "1" and "1.0"."""
    places: dict[Label, int] = {label: place for place, label in enumerate(labels)}
    for place, label in enumerate(labels):
        places.setdefault(spelled(label), place)
    return places


def spelled(label: Label) -> str:
    """Returns a label as text, a whole number without a point."""
    match = WHOLE.fullmatch(str(label))
    return match[1] if match else str(label)
