"""Sentence pairs for translators: reads, checks and splits them.

Pairs are kept in memory: a million of them take a few hundred megabytes.
"""

import dataclasses
import hashlib
import os
from collections.abc import Callable

from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing import corpora

__all__ = ["PairSource", "Pairs", "normalized", "opened", "read", "references", "split"]


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Sentences and their translations, `targets[i]` that of `sources[i]`."""

    sources: list[str]
    targets: list[str]

    def __len__(self) -> int:
        return len(self.sources)

    def selected(self, keeps: Callable[[str], bool]) -> "Pairs":
        """Returns the pairs whose source `keeps` is true of."""
        chosen = [(s, t) for s, t in zip(self.sources, self.targets, strict=True) if keeps(s)]
        return Pairs([source for source, _ in chosen], [target for _, target in chosen])


PairSource = str | os.PathLike[str] | Pairs


def normalized(sentence: str) -> str:
    """Returns a sentence as the translator reads it: no space around it, and single ones within."""
    return " ".join(sentence.split())


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
    return read(pairs, target, encoding)


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

    Args:
        pairs: What to split.
        fraction: Share of the distinct source sentences that validation gets, above 0 and below 1.
        seed: Another seed draws other sentences.

    Raises:
        TextrnnError: If either side would be empty.
    """
    check_range("fraction", fraction, 0, 1, above=True, below=True)

    def is_validation(source: str) -> bool:
        digest = hashlib.blake2b(f"{seed}\0{source.casefold()}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") < fraction * 2**32

    sides = pairs.selected(lambda source: not is_validation(source)), pairs.selected(is_validation)
    if not sides[0] or not sides[1]:
        raise TextrnnError(
            f"Splitting {len(pairs):,} pairs with fraction={fraction} leaves one side empty. "
            "Pass more pairs, another fraction, or a validation file."
        )
    return sides
