"""Sequences with labels, and batches of them: texts, or arrays of vectors, from tables, folders and memory."""

import dataclasses
import functools
import hashlib
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
from textrnn.preprocessing.labelled_tables import columns_of
from textrnn.preprocessing.labels import Label, as_numbers, check_no_indicators, labels_of, places_of, spelled
from textrnn.preprocessing.pair_tables import Rows, file_rows, memory_rows
from textrnn.preprocessing.pairs import check_characters
from textrnn.wording import counted

__all__ = ["Encoded", "Label", "Labelled", "LabelledPlan", "encoded_targets", "padded", "read", "split"]

BUCKET_POOL = 50  # batches whose sequences are sorted by length together
MOST_LABELS = 1000
SHOWN = 5  # bad rows that are named
PARTS = ("train", "training", "test", "testing", "valid", "validation", "dev", "val")  # of a data set, not classes


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
        if str(data) == "-":
            raise TextrnnError("Labelled texts are read from a file or a folder, not from standard input, -. Name one.")
        if path.is_dir():
            return from_folders(path, encoding)
        columns = [column for column in (text, label) if column is not None]
        return from_rows(file_rows(path, encoding, columns or None, holds_pairs=False), text, label, multi_label)
    if hasattr(data, "itertuples") or hasattr(data, "iter_rows"):  # pandas, polars
        return from_rows(memory_rows(data, holds_lists=True), text, label, multi_label)
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
    values = as_list(labels, "labels")
    check_no_indicators(values)
    values = [labels_of(one, multi_label, f"Label {number}") for number, one in enumerate(values)]
    items = as_list(data, "data")
    if len(items) != len(values):
        raise TextrnnError(
            f"Received {counted(len(items), 'sequence')} and {counted(len(values), 'label')}. Each needs its own."
        )
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


def from_folders(path: pathlib.Path, encoding: str) -> Labelled:
    """Reads a folder with a folder of text files for each class."""
    folders = sorted(item for item in path.iterdir() if item.is_dir() and not item.name.startswith("."))
    check_no_parts(path, folders)
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
    notes = (f"left out {counted(skipped, 'file')} without text",) if skipped else ()
    return dataclasses.replace(found, notes=(*notes, *found.notes))


def check_no_parts(path: pathlib.Path, folders: list[pathlib.Path]) -> None:
    """Raises `TextrnnError` if folders are the parts of a data set, with folders for its classes in them."""
    parts = [one for one in folders if one.name.casefold() in PARTS and any(item.is_dir() for item in one.iterdir())]
    if parts:
        training = next((one for one in parts if one.name.casefold().startswith("train")), parts[0])
        raise TextrnnError(
            f"{path}: its folders {', '.join(one.name for one in parts)} are parts of a data set, not classes. Name "
            f"the one to read, {training}, and another to validate on or to score."
        )


def from_rows(rows: Rows, text: str | int | None, label: str | int | None, multi_label: bool) -> Labelled:
    """Returns the texts and labels of two columns."""
    numbers, texts, values, notes = columns_of(rows, text, label)
    check_no_indicators(values)
    labels = as_numbers(
        [
            labels_of(value, multi_label, f"The label of {rows.unit} {number}")
            for number, value in zip(numbers, values, strict=True)
        ]
    )
    found = without_bad([as_read(one).strip() for one in texts], labels, numbers, rows.unit)
    return dataclasses.replace(found, notes=(*notes, *found.notes))


def without_bad(texts: list[str], labels: list[tuple[Label, ...]], numbers: list[int], unit: str) -> Labelled:
    """Leaves out what has no text or no label, and says how many and which; raises if a text holds half a character."""
    for number, value in zip(numbers, texts, strict=True):
        if not value.isascii():
            check_characters(value, f"The text of {unit} {number}")
    good = [index for index, value in enumerate(texts) if value.strip() and labels[index]]
    notes: tuple[str, ...] = ()
    if len(good) < len(texts):
        kept = set(good)
        bad = [numbers[index] for index in range(len(texts)) if index not in kept]
        shown = ", ".join(map(str, bad[:SHOWN])) + (", ..." if len(bad) > SHOWN else "")
        notes = (f"left out {len(bad):,} of {counted(len(texts), 'row')} without a text or a label: {unit} {shown}",)
    if not texts:
        raise TextrnnError("The table has no rows below the names of its columns.")
    if not good:
        raise TextrnnError("There is no text with a label. Name the columns: text='review', label='stars'.")
    return Labelled([texts[i] for i in good], [labels[i] for i in good], notes)


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
            f"Of {len(data):,} sequences no two that differ have the same label, of {len(groups):,} such as "
            f"{next(iter(groups))[0]!r:.40}, so none can be set aside for validation. If this is not the right column, "
            "name it: label='stars'. Else pass more sequences, or validation data."
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
    places = places_of(labels)
    targets = np.zeros((len(data), len(labels)), dtype=np.float32)
    for row, (target, found) in enumerate(zip(targets, data.labels, strict=True)):
        known = [places.get(label, places.get(spelled(label), -1)) for label in found]
        unknown = [label for label, place in zip(found, known, strict=True) if place < 0]
        if unknown:
            first = f"{data.sequences[row]!r:.60}" if data.are_texts else f"sequence {row}"
            raise TextrnnError(
                f"The data to {use} has the label {unknown[0]!r}, which training has never seen, first of {first}. "
                f"Known: {', '.join(map(repr, labels[:10]))}{', ...' if len(labels) > 10 else ''}."
            )
        if len(found) != 1 and not is_multi:
            raise TextrnnError(
                f"Sequence {row} has {counted(len(found), 'label')}: {found}. Several need multi_label=True "
                "(--multi-label)."
            )
        target[known] = 1.0
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
