"""Sentence pairs for translators: takes them from files or from memory, checks and splits them.

Pairs are kept in memory: a million of them take a few hundred megabytes.
"""

import dataclasses
import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing import corpora

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


def sentence_list(values: Iterable[str], name: str = "sentences") -> list[str]:
    """Returns the sentences of a list, a generator, a column of a table.

    Args:
        values: The sentences.
        name: What errors call them.

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
    found = list(values)
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
    source: str | os.PathLike[str], target: str | os.PathLike[str] | None = None, encoding: str = "utf-8"
) -> Pairs:
    """Reads sentence pairs.

    Args:
        source: A file with tab-separated pairs, further columns ignored, or a name such as "tatoeba:eng-spa"; with
            `target`, a file with one source sentence per line.
        target: A file with the translation of each line of `source`.
        encoding: Encoding of the files.

    Raises:
        TextrnnError: If a file is missing or is no text, the files have different numbers of lines, or a side is empty.
    """
    paths = corpora.read(source, encoding).paths
    if target is None:
        pairs = [pair for path in paths for pair in corpora.read_pairs(path, encoding)]
        return Pairs([normalized(s) for s, _ in pairs], [normalized(t) for _, t in pairs])
    sources, targets = (
        [normalized(line) for line in corpora.read(side, encoding).lines()] for side in (source, target)
    )
    if len(sources) != len(targets):
        raise TextrnnError(
            f"{source} has {len(sources):,} lines and {target} has {len(targets):,}. Line i of one must be the "
            "translation of line i of the other."
        )
    for name, lines in ((source, sources), (target, targets)):
        if "" in lines:
            raise TextrnnError(f"{name}, line {lines.index('') + 1}: is empty. Remove the line from both files.")
    return Pairs(sources, targets)


def opened(pairs: PairSource, target: str | os.PathLike[str] | None = None, encoding: str = "utf-8") -> Pairs:
    """Returns pairs from anything that `read` takes, or from `Pairs`, whose sentences are normalised."""
    if isinstance(pairs, Pairs):
        return Pairs([normalized(s) for s in pairs.sources], [normalized(t) for t in pairs.targets])
    return read(pairs, target, encoding)  # type: ignore[arg-type]


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
            f"Splitting {len(pairs):,} pairs with fraction={fraction} leaves one side empty: there are fewer than two "
            "different source sentences. Pass more pairs, or a validation file."
        )
    chosen = set(distinct[: min(max(round(fraction * len(distinct)), 1), len(distinct) - 1)])
    return (
        pairs.selected(lambda source: source.casefold() not in chosen),
        pairs.selected(lambda source: source.casefold() in chosen),
    )
