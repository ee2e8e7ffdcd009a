"""Sequences with labels, and batches of them: texts, or arrays of vectors, from tables, folders and memory."""

import contextlib
import dataclasses
import functools
import hashlib
import json
import math
import os
import pathlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing.batches import Batch, pad
from textrnn.preprocessing.files import as_read, decoded_text, why_not_text
from textrnn.preprocessing.images import mnist
from textrnn.preprocessing.pair_tables import Rows, file_rows, is_missing, memory_rows, position

__all__ = ["Encoded", "Label", "Labelled", "LabelledPlan", "encoded_targets", "padded", "read", "split"]

Label = str | int | float

BUCKET_POOL = 50  # batches whose sequences are sorted by length together
MOST_LABELS = 1000
SEPARATORS = ("\n", "|", ";", ",")  # between the labels of a cell; a list in a JSON line is read as lines
LABEL_NAMES = ("label", "labels", "class", "category", "sentiment", "target", "stars", "rating", "type", "tag", "tags")
TEXT_NAMES = ("text", "review", "sentence", "message", "question", "content", "comment", "tweet", "body", "title")
SHOWN = 5  # bad rows that are named


@dataclasses.dataclass(frozen=True, eq=False)
class Labelled:
    """Sequences and the labels of each.

    Args:
        sequences: Texts, or float32 arrays of shape `(time, num_features)`.
        labels: The labels of each sequence, one or several.
        notes: What there is to say about the reading.
    """

    sequences: list[Any]
    labels: list[tuple[Label, ...]]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def are_texts(self) -> bool:
        """Whether the sequences are texts."""
        return bool(self.sequences) and isinstance(self.sequences[0], str)

    def take(self, indices: Iterable[int]) -> "Labelled":
        """Returns some of the sequences."""
        chosen = list(indices)
        return Labelled([self.sequences[i] for i in chosen], [self.labels[i] for i in chosen], self.notes)

    def counts(self) -> dict[Label, int]:
        """Returns how many sequences have each label, in the order of the labels."""
        found = Counter(label for labels in self.labels for label in labels)
        return dict(sorted(found.items(), key=lambda item: (isinstance(item[0], str), item[0])))


def read(
    data: Any,
    labels: Any = None,
    *,
    text: str | int | None = None,
    label: str | int | None = None,
    multi_label: bool = False,
    encoding: str = "utf-8",
) -> Labelled:
    """Reads labelled sequences.

    Args:
        data: A CSV, TSV or JSON lines file, a folder with a folder of text files for each class, a data frame, rows of
            (text, label), or, with `labels`, texts or arrays: one array of shape `(samples, time, num_features)` or
            `(samples, time)`, or a list of arrays of shape `(time, num_features)` or `(time,)`. "mnist:train" and
            "mnist:test" are handwritten digits, row by row.
        labels: The label of each, or a tuple or list of labels.
        text: The column of the texts: a name, or a number that begins with 1.
        label: The column of the labels.
        multi_label: Whether a cell may hold several labels, with `|`, `;` or `,` between them.
        encoding: Encoding of the files.

    Raises:
        TextrnnError: If the data cannot be read, lacks a column, or a sequence has the wrong shape.
    """
    if labels is not None:
        return from_memory(data, labels, multi_label)
    if isinstance(data, Labelled):
        return data
    if isinstance(data, str) and data.startswith("mnist:"):
        images, digits = mnist(data.removeprefix("mnist:"))
        return Labelled(list(images), [(int(digit),) for digit in digits])
    if isinstance(data, (str, os.PathLike)):
        path = pathlib.Path(data)
        if path.is_dir():
            return from_folders(path, encoding)
        columns = [column for column in (text, label) if column is not None]
        return from_rows(file_rows(path, encoding, columns or None, holds_pairs=False), text, label, multi_label)
    if hasattr(data, "itertuples") or hasattr(data, "iter_rows"):  # pandas, polars
        return from_rows(memory_rows(data), text, label, multi_label)
    items = as_list(data, "data")
    if items and isinstance(items[0], Mapping):
        return from_rows(memory_rows(items), text, label, multi_label)
    for number, item in enumerate(items):
        if isinstance(item, (str, bytes)) or not isinstance(item, Sequence) or len(item) != 2:
            raise TextrnnError(
                f"Item {number} is no pair of a text and its label: {item!r:.60}. Pass (text, label) tuples, or "
                "fit(texts, labels)."
            )
    return from_memory([item[0] for item in items], [item[1] for item in items], multi_label)


def from_memory(data: Any, labels: Any, multi_label: bool) -> Labelled:
    """Returns sequences and labels that are lists or arrays."""
    values = [labels_of(one, multi_label) for one in as_list(labels, "labels")]
    items = as_list(data, "data")
    if len(items) != len(values):
        raise TextrnnError(f"There are {len(items):,} sequences and {len(values):,} labels. Each needs its own.")
    if items and not isinstance(items[0], str):
        return Labelled([as_vectors(item, number) for number, item in enumerate(items)], values)
    for number, item in enumerate(items):
        if not isinstance(item, str):
            raise TextrnnError(f"Sequence {number} is no text, as the first one is. Received: {type(item).__name__}.")
    return without_bad([as_read(item) for item in items], values, list(range(len(items))), "sequence")


def as_list(values: Any, name: str) -> list[Any]:
    """Returns the items of anything that can be gone through."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TextrnnError(f"`{name}` must be a list or an array. Received: {values!r:.60}.")
    return list(values)


def as_vectors(item: Any, number: int) -> np.ndarray:
    """Returns one sequence of vectors as float32 of shape `(time, num_features)`."""
    try:
        array = np.asarray(item, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise TextrnnError(f"Sequence {number} is no array of numbers: {error}.") from error
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2 or not array.size:
        raise TextrnnError(
            f"Sequence {number} must have shape (time, features), with at least one step. Received: {array.shape}."
        )
    if not np.isfinite(array).all():
        raise TextrnnError(f"Sequence {number} holds values that are not finite. Fill them or leave it out.")
    return array


def labels_of(value: Any, multi_label: bool) -> tuple[Label, ...]:
    """Returns the labels that a value stands for; none where it is missing."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(sorted({plain_label(one) for one in value}, key=str))
    if is_missing(value) or (isinstance(value, str) and not value.strip()):
        return ()
    if isinstance(value, str) and multi_label:
        if value.startswith("["):  # a list of numbers in a JSON line
            with contextlib.suppress(ValueError):
                return labels_of(json.loads(value), multi_label)
        separator = next((one for one in SEPARATORS if one in value), SEPARATORS[0])
        return tuple(dict.fromkeys(part.strip() for part in value.split(separator) if part.strip()))
    return (plain_label(value),)


def plain_label(value: Any) -> Label:
    """Returns a label as a string or number of Python's own."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    raise TextrnnError(f"A label must be a string or a number. Received: {value!r:.60}.")


def from_folders(path: pathlib.Path, encoding: str) -> Labelled:
    """Reads a folder with a folder of text files for each class."""
    folders = sorted(item for item in path.iterdir() if item.is_dir() and not item.name.startswith("."))
    texts: list[str] = []
    labels: list[tuple[Label, ...]] = []
    skipped = 0
    for folder in folders:
        for file in sorted(item for item in folder.rglob("*") if item.is_file() and not item.name.startswith(".")):
            if why_not_text(file) is None:
                texts.append(decoded_text(file.read_bytes(), encoding, str(file)).strip())
                labels.append((folder.name,))
            else:
                skipped += 1
    if not texts:
        raise TextrnnError(f"{path}: holds no folders with text files. Name each folder by the class of its files.")
    found = without_bad(texts, labels, list(range(len(texts))), "file")
    notes = (f"{skipped:,} files are no text",) if skipped else ()
    return dataclasses.replace(found, notes=(*notes, *found.notes))


def from_rows(rows: Rows, text: str | int | None, label: str | int | None, multi_label: bool) -> Labelled:
    """Returns the texts and labels of two columns."""
    chosen, note = chosen_columns(rows, text, label)
    texts = [cells[chosen[0]] if chosen[0] < len(cells) else "" for _, cells in rows.rows]
    values = [cells[chosen[1]] if chosen[1] < len(cells) else "" for _, cells in rows.rows]
    labels = [labels_of(value, multi_label) for value in values]
    if labels and all(is_whole(one) for group in labels for one in group):
        labels = [tuple(int(one) for one in group) for group in labels]
    numbers = [number for number, _ in rows.rows]
    found = without_bad([as_read(one).strip() for one in texts], labels, numbers, rows.unit)
    return dataclasses.replace(found, notes=(note, *found.notes) if note else found.notes)


def is_whole(label: Label) -> bool:
    """Says whether a label is a whole number as one writes it."""
    return isinstance(label, str) and label.lstrip("-").isdecimal() and str(int(label)) == label


def without_bad(texts: list[str], labels: list[tuple[Label, ...]], numbers: list[int], unit: str) -> Labelled:
    """Leaves out what has no text or no label, and says how many and which."""
    good = [index for index, value in enumerate(texts) if value.strip() and labels[index]]
    notes: tuple[str, ...] = ()
    if len(good) < len(texts):
        kept = set(good)
        bad = [numbers[index] for index in range(len(texts)) if index not in kept]
        shown = ", ".join(map(str, bad[:SHOWN])) + (", ..." if len(bad) > SHOWN else "")
        notes = (f"left out {len(bad):,} of {len(texts):,} rows without a text or a label: {unit} {shown}",)
    if not good:
        raise TextrnnError("There is no text with a label. Name the columns: text='review', label='stars'.")
    return Labelled([texts[i] for i in good], [labels[i] for i in good], notes)


def chosen_columns(rows: Rows, text: str | int | None, label: str | int | None) -> tuple[tuple[int, int], str]:
    """Returns the positions of the columns of texts and labels, and what to say of the choice, if anything.

    What is not named is found: by usual names, else the column with the fewest different values holds labels, and of
    the others the one with the longest cells holds texts.
    """
    width = max(rows.width(), len(rows.names))
    if width < 2:
        raise TextrnnError(
            f"{rows.name}: has no two columns, one of texts and one of labels. Pass a CSV or TSV file, or "
            "fit(texts, labels)."
        )
    given = {"text": text, "label": label}
    found = {name: None if column is None else position(rows, column) for name, column in given.items()}
    names = [name.rpartition(".")[2].strip().casefold() for name in rows.names]
    for role, usual in (("label", LABEL_NAMES), ("text", TEXT_NAMES)):
        if found[role] is None:
            known = next((names.index(name) for name in usual if name in names), None)
            found[role] = known if known not in found.values() else None
    columns = [[cells[index] for _, cells in rows.rows if index < len(cells)] for index in range(width)]
    free = [index for index in range(width) if index not in found.values() and any(columns[index])]
    if found["label"] is None and free:
        fewest = min(free, key=lambda index: len(set(columns[index])))
        free.remove(fewest)
        found["label"] = fewest
    if found["text"] is None and free:
        found["text"] = max(free, key=lambda index: sum(map(len, columns[index])))
    if found["text"] is None or found["label"] is None or found["text"] == found["label"]:
        raise TextrnnError(f"{rows.name}: name two different columns: text='review', label='stars'.")
    shown = [rows.names[index] if rows.names else f"column {index + 1}" for index in (found["text"], found["label"])]
    is_file = rows.unit == "line"
    note = f"{rows.name}: texts from {shown[0]}, labels from {shown[1]}" if is_file and None in given.values() else ""
    return (found["text"], found["label"]), note


# Splits


def split(data: Labelled, fraction: float, seed: int = 0) -> tuple[Labelled, Labelled]:
    """Sets a part aside in which each combination of labels has its share; equal texts stay together.

    Args:
        data: What to split.
        fraction: Share that validation gets, above 0 and below 1.
        seed: Another seed draws others.

    Raises:
        TextrnnError: If either side would be empty.
    """
    check_range("fraction", fraction, 0, 1, above=True, below=True)
    groups: dict[tuple[Label, ...], dict[str, list[int]]] = {}
    for index, (sequence, labels) in enumerate(zip(data.sequences, data.labels, strict=True)):
        key = sequence.casefold() if isinstance(sequence, str) else hashlib.sha256(sequence.tobytes()).hexdigest()
        groups.setdefault(labels, {}).setdefault(key, []).append(index)
    chosen: set[int] = set()
    for members in groups.values():
        order = sorted(members, key=lambda key: hashlib.blake2b(f"{seed}\0{key}".encode(), digest_size=8).digest())
        number = min(max(round(fraction * len(order)), 1), len(order) - 1)
        chosen.update(index for key in order[:number] for index in members[key])
    if not 0 < len(chosen) < len(data):
        raise TextrnnError(
            f"Splitting {len(data):,} sequences with fraction={fraction} leaves one side empty. Pass more of them, or "
            "validation data."
        )
    rest = [index for index in range(len(data)) if index not in chosen]
    return data.take(rest), data.take(sorted(chosen))


# Batches


def encoded_targets(data: Labelled, labels: Sequence[Label], is_multi: bool, use: str) -> np.ndarray:
    """Returns a row for each sequence with a 1 for each label it has, float32 of shape `(samples, num_labels)`.

    Args:
        data: The sequences.
        labels: The labels that the network knows.
        is_multi: Whether a sequence may have several.
        use: What the data are for: to "train on", or to "validate on".

    Raises:
        TextrnnError: If a sequence has a label that is not known, or several where one is expected.
    """
    places = {label: index for index, label in enumerate(labels)}
    targets = np.zeros((len(data), len(labels)), dtype=np.float32)
    for row, (target, found) in enumerate(zip(targets, data.labels, strict=True)):
        unknown = [label for label in found if label not in places]
        if unknown:
            raise TextrnnError(
                f"The data to {use} has the label {unknown[0]!r}, which training has never seen. Known: "
                f"{', '.join(map(repr, list(places)[:10]))}{', ...' if len(places) > 10 else ''}."
            )
        if len(found) != 1 and not is_multi:
            raise TextrnnError(f"Sequence {row} has {len(found)} labels: {found}. Several need multi_label=True.")
        target[[places[label] for label in found]] = 1.0
    return targets


def padded(sequences: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Pads sequences on the right.

    Args:
        sequences: Token ids of shape `(time,)`, or vectors of shape `(time, num_features)`.

    Returns:
        Ids of shape `(batch, time)` or vectors of shape `(batch, time, num_features)`; and booleans of shape
        `(batch, time)`, false at padding.
    """
    longest = max(map(len, sequences))
    mask = np.arange(longest) < np.array([len(sequence) for sequence in sequences])[:, np.newaxis]
    if sequences[0].ndim == 1:
        return pad(sequences), mask
    result = np.zeros((len(sequences), longest, sequences[0].shape[1]), dtype=np.float32)
    for row, sequence in zip(result, sequences, strict=True):
        row[: len(sequence)] = sequence
    return result, mask


@dataclasses.dataclass(frozen=True, eq=False)
class Encoded:
    """Sequences as a network reads them.

    Args:
        sequences: Token ids or vectors; see `padded`.
        grams: What the linear classifier reads of each, see `textrnn.preprocessing.grams`; None where there is none.
    """

    sequences: list[np.ndarray]
    grams: list[np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.sequences)

    def inputs(self, chosen: Iterable[int]) -> tuple[np.ndarray, ...]:
        """Returns what a network is called on for some of them."""
        chosen = list(chosen)
        more = () if self.grams is None else (pad([self.grams[i] for i in chosen]),)
        return (*padded([self.sequences[i] for i in chosen]), *more)


@dataclasses.dataclass(frozen=True)
class LabelledPlan:
    """All batches of a training run or a validation, as a pure function of (seed, epoch).

    Args:
        data: The sequences.
        targets: Shape `(samples, num_labels)`.
        batch_size: Sequences per batch.
        seed: Fixes the order; None keeps sequences sorted by length.
    """

    data: Encoded
    targets: np.ndarray
    batch_size: int
    seed: int | None = None

    def batches(self, epoch: int = 0) -> Iterator[Batch]:
        """Yields the batches of one epoch."""
        lengths = np.array([len(sequence) for sequence in self.data.sequences])
        randomness = None if self.seed is None else np.random.Generator(np.random.PCG64([self.seed, epoch]))
        order = np.arange(len(lengths)) if randomness is None else randomness.permutation(len(lengths))
        pool = len(order) if randomness is None else BUCKET_POOL * self.batch_size
        groups: list[np.ndarray] = []
        for start in range(0, len(order), pool):
            part = order[start : start + pool]
            part = part[np.argsort(lengths[part], kind="stable")]
            groups.extend(part[i : i + self.batch_size] for i in range(0, len(part), self.batch_size))
        for group in groups if randomness is None else [groups[i] for i in randomness.permutation(len(groups))]:
            yield Batch(self.data.inputs(group), self.targets[group])

    @property
    def num_targets(self) -> int:
        """Sequences in an epoch."""
        return len(self.data)

    @property
    def max_targets(self) -> int:
        """Most sequences in a batch."""
        return self.batch_size

    @functools.cached_property
    def num_batches(self) -> int:
        """Batches in an epoch."""
        pool = BUCKET_POOL * self.batch_size
        if self.seed is None:
            return math.ceil(len(self.data) / self.batch_size)
        whole, rest = divmod(len(self.data), pool)
        return whole * BUCKET_POOL + math.ceil(rest / self.batch_size)
