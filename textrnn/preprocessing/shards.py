"""Text that is encoded once and kept: token ids in `.npy` files, as many as one likes, and what is known of the text.

    shards.json                         what the files are; written last, so that a directory without it is not whole
    tokenizer.json, tokenizer.model     the vocabulary
    training-1-of-3.npy, ...            token ids of the training text, one file after another
    training.bounds.npy                 where documents begin and end; not of running text
    validation-...                      the same of what is set aside
    ngrams.safetensors                  the record of the training text, for memorisation reports

Where one file ends and the next begins means nothing: they are read as one array. Several directories that were encoded
with one vocabulary, on as many machines, are read as one text.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.preprocessing.encoding import EncodedText, let_go
from textrnn.preprocessing.survey import Survey
from textrnn.preprocessing.tokenizers import Tokenizer, load_tokenizer
from textrnn.systems import replace

__all__ = ["HEADER", "RECORD", "EncodedCorpus", "JoinedArray", "opened", "shard_directories", "tokenizer_of", "written"]

HEADER, RECORD = "shards.json", "ngrams.safetensors"
FORMAT = 1
SIDES = ("training", "validation")
COPIED_TOKENS = 1 << 22  # at once
DTYPES = ("uint16", "int32")


class JoinedArray:
    """Arrays of one type, read as if they were one; a slice is copied out of those that it touches.

    >>> JoinedArray([np.arange(3), np.arange(3, 5)])[1:4].tolist()
    [1, 2, 3]
    """

    def __init__(self, parts: Sequence[np.ndarray]) -> None:
        self.parts = [part for part in parts if len(part)] or list(parts[:1])
        self.bounds = np.cumsum([0, *map(len, self.parts)])

    @property
    def dtype(self) -> np.dtype:
        """The type of all of them."""
        return self.parts[0].dtype

    def __len__(self) -> int:
        return int(self.bounds[-1])

    def __getitem__(self, where: slice) -> np.ndarray:
        start, stop, step = where.indices(len(self))
        if step != 1:
            raise IndexError("slices of joined arrays have no step")
        first = int(np.searchsorted(self.bounds, start, side="right")) - 1
        found = []
        while first < len(self.parts) and self.bounds[first] < stop:
            begin = int(self.bounds[first])
            found.append(self.parts[first][max(start - begin, 0) : stop - begin])
            first += 1
        return np.concatenate(found) if found else self.parts[0][:0]


@dataclasses.dataclass(frozen=True)
class EncodedCorpus:
    """An encoded text, and what is known of it.

    Args:
        directories: Where it lies.
        tokenizer: Its vocabulary.
        texts: The training text and the validation text.
        survey: What the text looked like.
        documents: What a document is in it; None is running text.
        num_documents: How many there are.
        options: The options of the model that it was encoded for, such as `form`.
        beginning: Its first lines.
        has_units: Whether it is cut into lines or documents.
    """

    directories: tuple[pathlib.Path, ...]
    tokenizer: Tokenizer
    texts: tuple[EncodedText, EncodedText]
    survey: Survey
    documents: str | None
    num_documents: int
    options: Mapping[str, Any]
    beginning: str
    has_units: bool


# Writing


def written(directory: pathlib.Path, encoded: EncodedCorpus, num_shards: int, record: bytes | None) -> None:
    """Writes an encoded text.

    Args:
        directory: Where to; must be there.
        encoded: The text.
        num_shards: How many files of training text; less than a file is never written.
        record: The file of the record of the training text, if there is one.
    """
    sides = {
        side: written_side(directory, side, text, num_shards if side == "training" else 1, encoded.has_units)
        for side, text in zip(SIDES, encoded.texts, strict=True)
    }
    files = encoded.tokenizer.files()
    for name, content in {**files, **({} if record is None else {RECORD: record})}.items():
        (directory / name).write_bytes(content)
    header = {
        "format": FORMAT,
        "tokenizer": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "vocabulary_size": encoded.tokenizer.vocabulary_size,
        "markers": encoded.texts[0].markers,
        "documents": encoded.documents,
        "num_documents": encoded.num_documents,
        "has_units": encoded.has_units,
        "options": dict(encoded.options),
        "survey": dataclasses.asdict(encoded.survey),
        "beginning": encoded.beginning,
        "sides": sides,
    }
    beside = directory / f"{HEADER}.next"
    beside.write_text(json.dumps(header, ensure_ascii=False, indent=1), encoding="utf-8")
    replace(beside, directory / HEADER)


def written_side(
    directory: pathlib.Path, side: str, text: EncodedText, num_shards: int, has_units: bool
) -> dict[str, Any]:
    """Writes the token ids of one side; returns what the header says of it."""
    num_shards = max(min(num_shards, text.num_tokens), 1)
    ends = [text.num_tokens * number // num_shards for number in range(num_shards + 1)]
    shards = []
    for number, (start, end) in enumerate(itertools.pairwise(ends), start=1):
        name = f"{side}-{number}-of-{num_shards}.npy"
        shards.append({"file": name, "tokens": end - start})
        write_array(directory / name, text.token_ids, start, end)
    if has_units:
        bounds = np.stack([text.starts, text.ends], axis=1)  # (num_documents, 2)
        write_array(directory / f"{side}.bounds.npy", bounds, 0, len(bounds))
    counts = {name: getattr(text, name) for name in ("num_tokens", "num_characters", "num_unknown")}
    return {"shards": shards, **counts}


def write_array(path: pathlib.Path, array: np.ndarray, start: int, end: int) -> None:
    """Writes rows of an array, a few at a time."""
    with open(path, "wb") as file:
        described = {"descr": array.dtype.str, "fortran_order": False, "shape": (end - start, *array.shape[1:])}
        np.lib.format.write_array_header_1_0(file, described)
        for first in range(start, end, COPIED_TOKENS):
            np.ascontiguousarray(array[first : min(first + COPIED_TOKENS, end)]).tofile(file)
            let_go(array)


# Reading


def shard_directories(source: Any) -> list[pathlib.Path]:
    """Returns the directories of a source that is nothing but encoded text; an empty list for any other source.

    Raises:
        TextrnnError: If only some of it is encoded.
    """
    items = [source] if isinstance(source, (str, os.PathLike)) else source
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, (str, os.PathLike)) for item in items):
        return []
    paths = [pathlib.Path(item) for item in items]
    directories = [path for path in paths if is_directory(path)]  # a text in memory names none
    found = [path for path in directories if (path / HEADER).is_file()]
    for path in paths:
        if path not in found and (found or (path in directories and any(path.glob("training-*-of-*.npy")))):
            raise TextrnnError(
                f"{path}: has no {HEADER}, so it is no encoded text, or its encoding was not ended. Encode it (again): "
                "textrnn encode TEXT --output DIR."
            )
    return found


def is_directory(path: pathlib.Path) -> bool:
    """Returns whether something names a directory; the system refuses long texts, and such with a zero, as names."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def opened_one(directory: pathlib.Path) -> EncodedCorpus:
    """Maps the encoded text of one directory."""
    with said_to_be_damaged(directory):
        header = read_header(directory)
        return EncodedCorpus(
            (directory,),
            opened_tokenizer(directory, header["tokenizer"]),
            (opened_side(directory, "training", header), opened_side(directory, "validation", header)),
            Survey(**header["survey"]),
            header["documents"],
            int(header["num_documents"]),
            header["options"],
            header["beginning"],
            bool(header["has_units"]),
        )


def tokenizer_of(directory: pathlib.Path) -> Tokenizer:
    """Returns the vocabulary of an encoded text.

    Raises:
        TextrnnError: If it is missing or damaged.
    """
    with said_to_be_damaged(directory):
        return opened_tokenizer(directory, read_header(directory)["tokenizer"])


@contextlib.contextmanager
def said_to_be_damaged(directory: pathlib.Path) -> Iterator[None]:
    """Makes an error that says so of what a damaged header leads to."""
    try:
        yield
    except TextrnnError:
        raise
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise TextrnnError(f"{directory / HEADER}: cannot be read: {error!r}. Encode the text again.") from error


def read_header(directory: pathlib.Path) -> dict[str, Any]:
    """Returns what the header says."""
    header: dict[str, Any] = json.loads((directory / HEADER).read_bytes())
    if header["format"] != FORMAT:
        raise TextrnnError(
            f"{directory / HEADER}: has format {header['format']}; this textrnn reads {FORMAT}. Encode the text again."
        )
    return header


def opened_tokenizer(directory: pathlib.Path, digests: dict[str, str]) -> Tokenizer:
    """Returns the vocabulary, whose files have these hashes."""
    files = {os.path.basename(name): (directory / os.path.basename(name)).read_bytes() for name in digests}
    for name, digest in digests.items():
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise TextrnnError(f"{directory / name}: is not the vocabulary that the text was encoded with.")
    return load_tokenizer(files)


def opened_side(directory: pathlib.Path, side: str, header: dict[str, Any]) -> EncodedText:
    """Maps the token ids of one side."""
    said = header["sides"][side]
    parts = []
    for shard in said["shards"]:
        path = directory / os.path.basename(shard["file"])
        parts.append(mapped_array(path, 1))
        if len(parts[-1]) != shard["tokens"]:
            raise TextrnnError(f"{path}: has {len(parts[-1]):,} tokens, not the {shard['tokens']:,} that were encoded.")
        check_ids(path, parts[-1], header["vocabulary_size"])
    num_tokens = sum(map(len, parts))
    bounds = np.array([[0, num_tokens]] if num_tokens else np.empty((0, 2)), np.int64)
    if header["has_units"]:
        bounds = mapped_array(directory / f"{side}.bounds.npy", 2)
    tokens = parts[0] if len(parts) == 1 else cast(np.ndarray, JoinedArray(parts))  # slices are all that is asked of it
    counts = int(said["num_characters"]), int(said["num_unknown"])
    return EncodedText(tokens, bounds[:, 0], bounds[:, 1], *counts, markers=bool(header["markers"]))


def mapped_array(path: pathlib.Path, num_axes: int) -> np.ndarray:
    """Maps a `.npy` file of whole numbers.

    Raises:
        TextrnnError: If it is not there or something else.
    """
    try:
        with open(path, "rb") as file:
            np.lib.format.read_magic(file)
            shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
            offset = file.tell()
    except FileNotFoundError as error:
        raise TextrnnError(f"{path}: is missing. Copy it there, or encode the text again.") from error
    except (OSError, ValueError) as error:
        raise TextrnnError(f"{path}: is no .npy file ({error}). Encode the text again.") from error
    wanted = DTYPES if num_axes == 1 else ("int64",)
    size = offset + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if dtype.name not in wanted or len(shape) != num_axes or is_fortran or path.stat().st_size != size:
        raise TextrnnError(f"{path}: is damaged: it does not hold what a file of encoded text holds. Encode it again.")
    return np.memmap(path, dtype, "r", offset, shape) if 0 not in shape else np.zeros(shape, dtype)


def check_ids(path: pathlib.Path, token_ids: np.ndarray, vocabulary_size: int) -> None:
    """Raises `TextrnnError` if a token id is none of the vocabulary."""
    for start in range(0, len(token_ids), COPIED_TOKENS):
        some = token_ids[start : start + COPIED_TOKENS]
        if int(some.max()) >= vocabulary_size or int(some.min()) < 0:
            raise TextrnnError(f"{path}: holds token ids that the vocabulary does not have. Encode the text again.")
        let_go(token_ids)


def opened(directories: Iterable[pathlib.Path]) -> EncodedCorpus:
    """Maps encoded texts into memory, as one in their order.

    Raises:
        TextrnnError: If something is missing or damaged, or they were not encoded in the same way.
    """
    corpora = [opened_one(directory) for directory in directories]
    first = corpora[0]
    for other in corpora[1:]:
        for what, ours, theirs in (
            ("vocabulary", first.tokenizer.files(), other.tokenizer.files()),
            ("kind of documents", (first.documents, first.has_units), (other.documents, other.has_units)),
        ):
            if ours != theirs:
                raise TextrnnError(
                    f"{other.directories[0]}: has another {what} than {first.directories[0]}. Encode it with "
                    f"--tokenizer {first.directories[0]}, and the same --documents and --form."
                )
    if len(corpora) == 1:
        return first
    sums = ("num_characters", "num_lines", "num_files", "num_words", "num_blocks")
    totals = {name: sum(getattr(one.survey, name) for one in corpora) for name in sums}
    return dataclasses.replace(
        first,
        directories=tuple(itertools.chain.from_iterable(one.directories for one in corpora)),
        texts=(
            joined_texts([one.texts[0] for one in corpora], first.has_units),
            joined_texts([one.texts[1] for one in corpora], first.has_units),
        ),
        survey=dataclasses.replace(first.survey, **totals),
        num_documents=sum(one.num_documents for one in corpora) if first.documents is not None else 1,
    )


def joined_texts(texts: Sequence[EncodedText], has_units: bool) -> EncodedText:
    """Returns encoded texts as one."""
    parts = list(itertools.chain.from_iterable(getattr(text.token_ids, "parts", [text.token_ids]) for text in texts))
    tokens = JoinedArray(parts)
    begins = np.cumsum([0, *(text.num_tokens for text in texts)])
    starts, ends = np.array([0]), np.array([len(tokens)])
    if has_units:
        starts = np.concatenate([text.starts + begin for text, begin in zip(texts, begins, strict=False)])
        ends = np.concatenate([text.ends + begin for text, begin in zip(texts, begins, strict=False)])
    return EncodedText(
        cast(np.ndarray, tokens),
        starts,
        ends,
        sum(text.num_characters for text in texts),
        sum(text.num_unknown for text in texts),
        texts[0].markers,
    )
