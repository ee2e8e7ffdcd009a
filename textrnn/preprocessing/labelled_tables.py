"""Finds, in files and in tables in memory, the columns of texts and of their labels."""

import dataclasses
import re
from collections import Counter

from textrnn.errors import TextrnnError
from textrnn.preprocessing.labels import is_no_label
from textrnn.preprocessing.pair_tables import Rows, position
from textrnn.preprocessing.tables import distinct_names
from textrnn.wording import counted

__all__ = ["columns_of"]

LABEL_NAMES = ("label", "labels", "class", "category", "sentiment", "target", "stars", "rating", "type", "tag", "tags")
TEXT_NAMES = ("text", "review", "sentence", "message", "question", "content", "comment", "tweet", "body", "title")
NAME_WORDS = 4  # at most in a cell that is taken for a name


def columns_of(
    rows: Rows, text: str | int | None, label: str | int | None
) -> tuple[list[int], list[str], list[str], list[str]]:
    """Returns the number of each row, its text, its label, and what there is to say of that.

    Args:
        rows: The table.
        text: The column of the texts; None finds it.
        label: The column of the labels; None finds it.

    Raises:
        TextrnnError: If there are no such columns, or a row has more cells than it may have.
    """
    chosen = chosen_columns(rows, text, label)
    notes = []
    if is_header(rows, chosen[1]):
        (number, names), *others = rows.rows
        rows = dataclasses.replace(rows, rows=others, names=distinct_names(names))
        shown = ", ".join(name for name in names if name.strip())
        notes.append(f"{rows.place(number)} is taken for the names of the columns: {shown}")
        chosen = chosen_columns(rows, text, label)
    check_widths(rows)
    if rows.unit == "line" and None in (text, label):
        shown_names = [rows.names[index] if rows.names else f"column {index + 1}" for index in chosen]
        notes.append(f"{rows.name}: texts from {shown_names[0]}, labels from {shown_names[1]}")
    texts, labels = ([cells[index] if index < len(cells) else "" for _, cells in rows.rows] for index in chosen)
    marks = Counter(cell.strip() for cell in labels if cell.strip() and is_no_label(cell))
    notes += [
        f"{rows.name}: the label {mark} ({counted(number, 'row')}) is taken for none" for mark, number in marks.items()
    ]
    return [number for number, _ in rows.rows], texts, labels, notes


def is_header(rows: Rows, label: int) -> bool:
    """Says whether a first row that holds no usual names is one of names yet: no other has its label.

    The others must have each label twice on average, and more than one; the cells of the first must be short.
    """
    if rows.names or len(rows.rows) < 5 or label >= len(rows.rows[0][1]):
        return False
    first = rows.rows[0][1]
    name = first[label].strip()
    others = Counter(cells[label].strip() for _, cells in rows.rows[1:] if label < len(cells))
    is_short = all(len(cell.split()) <= NAME_WORDS for cell in first) and bool(re.search(r"[^\W\d_]", name))
    return is_short and name not in others and 2 <= len(others) <= others.total() / 2


def check_widths(rows: Rows) -> None:
    """Raises `TextrnnError` at a row with more cells than the header, or than most rows where a text may be cut."""
    if not rows.names and not rows.strict:
        return
    for number, num_cells in rows.too_wide():
        usual = f"{'the header has' if rows.names else 'most rows have'} {rows.num_columns()}"
        raise TextrnnError(
            f"{rows.place(number)}: has {num_cells} columns, where {usual}. Put texts that hold the delimiter into "
            "double quotes, or use tabs."
        )


def chosen_columns(rows: Rows, text: str | int | None, label: str | int | None) -> tuple[int, int]:
    """Returns the positions of the columns of texts and labels.

    What is not named is found: by usual names, else the column with the fewest different values, but more than one,
    holds labels, and of the others the one with the longest cells holds texts.
    """
    width = max(rows.width(), len(rows.names))
    if width < 2:
        raise TextrnnError(
            f"{rows.name}: has no two columns, one of texts and one of labels. Pass a CSV or TSV file, or "
            "fit(texts, labels)."
        )
    found = {
        name: None if column is None else position(rows, column) for name, column in (("text", text), ("label", label))
    }
    names = [name.rpartition(".")[2].strip().casefold() for name in rows.names]
    columns = [[cells[index] for _, cells in rows.rows if index < len(cells)] for index in range(width)]
    filled = [name if any(map(str.strip, column)) else "" for name, column in zip(names, columns, strict=False)]
    if "text" not in filled:
        filled = ["text" if name.endswith(" text") else name for name in filled]  # such as "Review Text"
    for role, usual in (("label", LABEL_NAMES), ("text", TEXT_NAMES)):
        if found[role] is None:
            known = next((filled.index(name) for name in usual if name in filled), None)
            found[role] = known if known not in found.values() else None
    free = [index for index in range(width) if index not in found.values() and any(columns[index])]
    if found["label"] is None and free:
        found["label"] = most_like_labels(columns, free)
        free = [index for index in free if index != found["label"]]
    if found["text"] is None and free:
        found["text"] = max(free, key=lambda index: sum(map(len, columns[index])))
    if found["text"] is None or found["label"] is None or found["text"] == found["label"]:
        raise TextrnnError(f"{rows.name}: name two different columns: text='review', label='stars'.")
    return found["text"], found["label"]


def most_like_labels(columns: list[list[str]], free: list[int]) -> int:
    """Returns which of the free columns has the fewest different values.

    One whose values come back, in half of the rows and more than one, goes before others: what is always the same is no
    label.
    """
    counts = {index: Counter(cell.strip() for cell in columns[index] if cell.strip()) for index in free}
    most = max(map(len, columns))
    fit = [index for index in free if most / 2 <= counts[index].total() >= 2 * len(counts[index]) > 2]
    return min(fit or free, key=lambda index: len(counts[index]))
