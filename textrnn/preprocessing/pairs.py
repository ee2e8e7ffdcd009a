"""Sentence pairs for translators: takes them from files or from memory, checks and splits them.

Pairs are kept in memory: a million of them take a few hundred megabytes.
"""

import dataclasses
import hashlib
import os
import pathlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing import corpora
from textrnn.preprocessing.files import why_not_text
from textrnn.preprocessing.pair_tables import (
    Columns,
    Rows,
    chosen_columns,
    file_rows,
    is_missing,
    memory_rows,
    two_columns,
)
from textrnn.progress import Progress
from textrnn.wording import counted

__all__ = ["PairSource", "Pairs", "normalized", "opened", "read", "references", "sentence_list", "split"]

# Characters that nobody sees: soft hyphen, zero-width space, byte order mark, directions, word joiner, fillers. Not the
# two joiners, which change the letters beside them in Persian or Hindi and hold emoji together.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]"
)
JOINERS = "\u200c\u200d"


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Sentences and their translations, `targets[i]` that of `sources[i]`.

    Raises:
        TextrnnError: If the numbers differ, or something is no string.
    """

    sources: list[str]
    targets: list[str]

    def __post_init__(self) -> None:
        for name in ("sources", "targets"):
            object.__setattr__(self, name, sentence_list(getattr(self, name), name))
        if len(self.sources) != len(self.targets):
            raise TextrnnError(
                f"There are {len(self.sources):,} sources and {len(self.targets):,} targets. Each sentence needs its "
                "translation, in the same order."
            )

    def __len__(self) -> int:
        return len(self.sources)

    def reversed(self) -> "Pairs":
        """Returns the pairs for translating the other way."""
        return Pairs(self.targets, self.sources)

    def selected(self, keeps: Callable[[str], bool]) -> "Pairs":
        """Returns the pairs whose source `keeps` is true of."""
        chosen = [(s, t) for s, t in zip(self.sources, self.targets, strict=True) if keeps(s)]
        return Pairs([source for source, _ in chosen], [target for _, target in chosen])


PairSource = str | os.PathLike[str] | Pairs | Iterable[Any]


def sentence_list(values: Iterable[str], name: str = "sentences", may_be_missing: bool = False) -> list[str]:
    """Returns the sentences of a list, a generator, a column of a table.

    Args:
        values: The sentences.
        name: What errors call them.
        may_be_missing: Whether None and NaN are empty sentences rather than errors.

    Raises:
        TextrnnError: If there is no order in them, or something is no string.
    """
    if (
        isinstance(values, (str, bytes, Mapping, set, frozenset))
        or hasattr(values, "columns")
        or not isinstance(values, Iterable)
    ):
        raise TextrnnError(
            f"`{name}` must be strings in an order: a list, a generator, one column of a table. "
            f"Received: {type(values).__name__}."
        )
    found = ["" if may_be_missing and is_missing(value) else value for value in values]
    for index, value in enumerate(found):
        if not isinstance(value, str):
            raise TextrnnError(f"`{name}` must hold strings. Received at index {index}: {value!r:.80}.")
        if not value.isascii():
            check_characters(value, f"`{name}`, index {index}")
    return found


def check_characters(sentence: str, place: str) -> None:
    """Raises `TextrnnError` at half a character: bytes of another encoding reach Python as lone surrogates."""
    try:
        sentence.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TextrnnError(
            f"{place}: holds bytes that are not valid UTF-8, at character {error.start + 1}. Decode the text first."
        ) from error


def normalized(sentence: str) -> str:
    """Returns a sentence as translators read it, in training and in use.

    Unicode NFC, without invisible characters, without space around it and with single spaces within. What looks empty
    is empty.
    """
    if not sentence.isascii():
        sentence = unicodedata.normalize("NFC", INVISIBLE.sub("", sentence))
    sentence = " ".join(sentence.split())
    return sentence if sentence.strip(JOINERS + " ") else ""


def read(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str] | None = None,
    encoding: str = "utf-8",
    *,
    columns: Columns | None = None,
    reverse: bool = False,
    progress: Progress | None = None,
) -> Pairs:
    """Reads sentence pairs from files. Pairs with an empty side are left out, and that is said.

    Args:
        source: A file of pairs, one on a line: separated by tabs, `|||`, in a .csv file by commas, semicolons or bars;
            JSON lines; gzip and zip too. Or a directory of such files, or a name such as "tatoeba:eng-spa". With
            `target`, a file with one source sentence on each line.
        target: A file with the translation of each line of `source`.
        encoding: Encoding of the files.
        columns: The columns of the sentences and of their translations: numbers that begin with 1, or names. By default
            the first two, unless these hold numbers, ids or single words and only two others hold sentences.
        reverse: Whether to read pairs for translating from the second language to the first.
        progress: Where it is said what was left out; by default standard error.

    Raises:
        TextrnnError: If a file is missing or is no text, it holds no pairs, it is not clear which columns do, or the
            files have different numbers of lines.
    """
    progress = progress or Progress()
    if target is not None:
        pairs = read_two(source, target, encoding, progress)
    else:
        source, is_turned = found_name(source)
        reverse = reverse != is_turned
        parts = [
            read_rows(file_rows(path, encoding, columns), columns, progress) for path in found_paths(source, progress)
        ]
        pairs = joined(parts)
    return pairs.reversed() if reverse else pairs


def joined(parts: list[Pairs]) -> Pairs:
    """Returns the pairs of several files."""
    return Pairs([s for part in parts for s in part.sources], [t for part in parts for t in part.targets])


def read_rows(rows: Rows, columns: Columns | None, progress: Progress) -> Pairs:
    """Returns the pairs in a table, without those that have an empty side."""
    if not rows.rows:
        raise TextrnnError(
            f"There is no text in {rows.name}: nothing but white space. Pass a file with sentence pairs."
        )
    chosen, message = chosen_columns(rows, columns)
    if message:
        progress.message(message)
    return whole_pairs(list(two_columns(rows, chosen)), rows.name, rows.unit, rows.num_blank, progress)


def read_two(
    source: str | os.PathLike[str], target: str | os.PathLike[str], encoding: str, progress: Progress
) -> Pairs:
    """Returns the pairs of two files of sentences, without those that have an empty side."""
    sides = [list(corpora.read(side, encoding).lines()) for side in (source, target)]
    counts = [len(lines) for lines in sides]
    if counts[0] != counts[1]:  # blank lines at an end are nobody's translation
        sides = [lines[: max((n for n, line in enumerate(lines, 1) if line.strip()), default=0)] for lines in sides]
    if len(sides[0]) != len(sides[1]):
        raise TextrnnError(
            f"{source} has {counted(counts[0], 'line')} and {target} has {counts[1]:,}. Line i of one must be the "
            "translation of line i of the other."
        )
    rows = [(number, *both) for number, both in enumerate(zip(*sides, strict=True), start=1)]
    return whole_pairs(rows, f"{source} and {target}", "line", 0, progress)


def whole_pairs(rows: list[tuple[int, str, str]], name: str, unit: str, num_blank: int, progress: Progress) -> Pairs:
    """Returns the pairs that have two sides, normalised, and says how many have not.

    Args:
        rows: (Number, sentence, translation) of each pair.
        name: Where the pairs come from.
        unit: What the numbers count: "line" or "item".
        num_blank: How many blank lines are missing from `rows`.
        progress: Where to say it.

    Raises:
        TextrnnError: If no pair has two sides.
    """
    sides = [(number, normalized(source), normalized(target)) for number, source, target in rows]
    kept = [(source, target) for _, source, target in sides if source and target]
    num_left_out = len(rows) - len(kept) + num_blank
    if not any(source or target for _, source, target in sides):
        raise TextrnnError(f"There is no text in {name}: nothing but white space. Pass sentences with translations.")
    if num_left_out:
        first = next((f", first in {unit} {number}" for number, source, target in sides if not (source and target)), "")
        number = counted(len(rows) + num_blank, "pair")
        message = f"left out {num_left_out:,} of {number} in {name}: a side is empty or missing{first}"
        if not kept:
            raise TextrnnError(f"{message}. Each sentence needs its translation.")
        progress.message(message)
    return Pairs([source for source, _ in kept], [target for _, target in kept])


def found_name(source: str | os.PathLike[str]) -> tuple[str | os.PathLike[str], bool]:
    """Returns the name of the corpus that holds a language pair, and whether it holds it the other way round.

    Tatoeba's files have English first.
    """
    match = re.fullmatch(r"tatoeba:(\w+)-eng", source) if isinstance(source, str) else None
    if match is None or match[1] == "eng" or os.path.exists(source):
        return source, False
    return f"tatoeba:eng-{match[1]}", True


def found_paths(source: str | os.PathLike[str], progress: Progress) -> list[pathlib.Path]:
    """Returns the file of pairs, or all text files below a directory; says which files there are none."""
    path = pathlib.Path(source)
    if source == "-" or not path.exists():
        return list(corpora.read(source).paths)
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    texts = []
    for file in found:
        if (reason := why_not_text(file)) is None:
            texts.append(file)
        else:
            progress.message(f"left out {file}: {reason}")
    if not texts:
        raise TextrnnError(f"{path}: no text files in this directory. Pass files of sentence pairs.")
    return texts


def opened(
    pairs: PairSource,
    target: str | os.PathLike[str] | Iterable[str] | None = None,
    encoding: str = "utf-8",
    *,
    columns: Columns | None = None,
    reverse: bool = False,
    progress: Progress | None = None,
) -> Pairs:
    """Returns pairs from files or from memory. Those with an empty side are left out, and that is said.

    Args:
        pairs: Anything that `read` takes, several such files, `Pairs`, an iterable of (sentence, translation) tuples or
            of dictionaries, or a data frame; with `target`, a file of sentences or an iterable of them.
        target: The translations: a file or an iterable.
        encoding: See `read`.
        columns: See `read`; for data frames and dictionaries too.
        reverse: See `read`.
        progress: See `read`.

    Raises:
        TextrnnError: If something is no pair, or the numbers of sentences and translations differ.
    """
    progress = progress or Progress()
    if is_place(pairs) and (target is None or is_place(target)):
        return read(pairs, target, encoding, columns=columns, reverse=reverse, progress=progress)  # type: ignore[arg-type]
    if isinstance(pairs, Pairs):
        if target is not None:
            raise TextrnnError("`Pairs` hold their translations already. Pass no `target` with them.")
        found = checked_pairs(pairs.sources, pairs.targets, progress)
    elif target is not None:
        found = checked_pairs(side_of(pairs, encoding), side_of(target, encoding), progress)
    elif isinstance(pairs, (list, tuple)) and pairs and all(is_place(one) and os.path.exists(one) for one in pairs):
        found = joined([read(one, None, encoding, columns=columns, progress=progress) for one in pairs])
    else:
        found = read_rows(memory_rows(pairs), columns, progress)
    return found.reversed() if reverse else found


def is_place(source: Any) -> bool:
    """Says whether something is a path or a name rather than sentences."""
    return isinstance(source, (str, os.PathLike))


def side_of(side: Any, encoding: str) -> list[str]:
    """Returns the sentences of one side: the lines of a file, or strings from memory, empty where one is missing."""
    if is_place(side):
        return list(corpora.read(side, encoding).lines())
    return sentence_list(side, "pairs", may_be_missing=True)


def checked_pairs(sources: list[str], targets: list[str], progress: Progress) -> Pairs:
    """Returns pairs from memory, without those that have an empty side."""
    pairs = Pairs(sources, targets)
    rows = [(number, *both) for number, both in enumerate(zip(pairs.sources, pairs.targets, strict=True), start=1)]
    return whole_pairs(rows, "memory", "item", 0, progress)


def references(pairs: Pairs, sources: list[str]) -> list[list[str]]:
    """Returns sets of references: every translation of each source, the sets filled up with the first one."""
    found: dict[str, list[str]] = {source: [] for source in sources}
    for source, target in zip(pairs.sources, pairs.targets, strict=True):
        if source in found:
            found[source].append(target)
    number = max(len(targets) for targets in found.values())
    return [[(found[source] + found[source][:1] * number)[rank] for source in sources] for rank in range(number)]


def split(pairs: Pairs, fraction: float, seed: int = 0) -> tuple[Pairs, Pairs]:
    """Splits pairs into training and validation pairs; all translations of a source sentence stay on one side.

    The distinct source sentences are put into an order that depends on the seed and on each sentence alone, and the
    first ones are taken. So what was taken is not taken again when the rest is split, with whatever seed.

    Args:
        pairs: What to split.
        fraction: Share of the distinct source sentences that validation gets, above 0 and below 1; at least one.
        seed: Another seed draws other sentences.

    Raises:
        TextrnnError: If either side would be empty.
    """
    check_range("fraction", fraction, 0, 1, above=True, below=True)

    def place(source: str) -> tuple[bytes, str]:
        return hashlib.blake2b(f"{seed}\0{source}".encode(), digest_size=4).digest(), source

    distinct = sorted({source.casefold() for source in pairs.sources}, key=place)
    if len(distinct) < 2:
        raise TextrnnError(
            f"Splitting {counted(len(pairs), 'pair')} leaves one side empty: there are fewer than two different source "
            "sentences. Pass more pairs, or a validation file."
        )
    chosen = set(distinct[: min(max(round(fraction * len(distinct)), 1), len(distinct) - 1)])
    return (
        pairs.selected(lambda source: source.casefold() not in chosen),
        pairs.selected(lambda source: source.casefold() in chosen),
    )
