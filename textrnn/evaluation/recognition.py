"""How far transcriptions are from what was said: word and character error rates, with the edits behind them."""

import dataclasses
import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.evaluation.bootstrap import NUM_SAMPLES, check_num_bootstrap, ratio_interval
from textrnn.evaluation.references import checked
from textrnn.preprocessing.scripts import has_spaces, sample
from textrnn.wording import counted

__all__ = ["Edits", "ErrorRate", "Misreading", "Recognition", "edits", "evaluate"]

NUM_SHOWN = 5
NAMES = {"word": "WER", "character": "CER"}
NO_SPACES = "the references have no spaces between words, so the WER counts whole sentences: the CER tells more."


@dataclasses.dataclass(frozen=True)
class Edits:
    """What makes a hypothesis of a reference.

    Args:
        substitutions: Units of the reference that others stand for.
        insertions: Units of the hypothesis that stand for none.
        deletions: Units of the reference that none stands for.
        reference_length: Units of the reference.
    """

    substitutions: int
    insertions: int
    deletions: int
    reference_length: int

    @property
    def total(self) -> int:
        """How many edits."""
        return self.substitutions + self.insertions + self.deletions

    @property
    def rate(self) -> float:
        """Edits for each unit of the reference; more than 1 where much is inserted. To an empty one, their number."""
        return self.total / max(self.reference_length, 1)

    def described(self, unit: str) -> str:
        """Returns a phrase: "1 substituted, 0 inserted, 0 deleted of 9 words", given what a unit is called."""
        return (
            f"{self.substitutions:,} substituted, {self.insertions:,} inserted, {self.deletions:,} deleted of "
            f"{counted(self.reference_length, unit)}"
        )

    def __add__(self, other: "Edits") -> "Edits":
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return Edits(*(one + another for one, another in pairs))


@dataclasses.dataclass(frozen=True)
class ErrorRate:
    """Edits for each unit of all references.

    Args:
        rate: A share, which is above 1 where much is inserted.
        interval: 95% of the rates of samples drawn from these texts, with replacement; None if none was asked for.
        edits: What it counts, in all texts.
        unit: Of what, "word" or "character".
    """

    rate: float
    interval: tuple[float, float] | None
    edits: Edits
    unit: str

    def __str__(self) -> str:
        interval = "" if self.interval is None else f" ({100 * self.interval[0]:.2f} to {100 * self.interval[1]:.2f})"
        return f"{NAMES[self.unit]} {100 * self.rate:.2f}%{interval}: {self.edits.described(self.unit)}"


@dataclasses.dataclass(frozen=True)
class Misreading:
    """A text that was not recognised.

    Args:
        name: What it is called, such as its file.
        reference: What was said.
        hypothesis: What was written.
        characters: The edits of its characters.
    """

    name: str
    reference: str
    hypothesis: str
    characters: Edits

    def __str__(self) -> str:
        return f"{100 * self.characters.rate:6.1f}%  {self.name}: {self.reference!r} read as {self.hypothesis!r}"


@dataclasses.dataclass(frozen=True)
class Recognition:
    """How well speech is recognised.

    Args:
        words: The word error rate.
        characters: The character error rate; a space counts as a character.
        num_right: How many texts are without an error.
        num_texts: How many there are.
        worst: Those with the highest character error rates, if they were asked for.
        notes: What the rates cannot tell.
    """

    words: ErrorRate
    characters: ErrorRate
    num_right: int
    num_texts: int
    worst: tuple[Misreading, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary that JSON can hold."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        right = f"{self.num_right:,} of {counted(self.num_texts, 'text')} without an error"
        notes = [f"note: {note}" for note in self.notes]
        return "\n".join(map(str, [self.words, self.characters, right, *self.worst, *notes]))


def edits(hypothesis: Sequence[Hashable], reference: Sequence[Hashable]) -> Edits:
    """Returns the fewest edits that make a hypothesis of a reference (Levenshtein 1966).

    Where several sets of edits are the fewest, that with the most substitutions counts: "b a" for "a b" is two words
    substituted, not one inserted and one deleted.

    Example:

    >>> edits("three one for".split(), "three four".split())
    Edits(substitutions=1, insertions=1, deletions=0, reference_length=2)

    Args:
        hypothesis: Units, such as words.
        reference: The units that should stand there.
    """
    units: dict[Hashable, int] = {}
    written, said = ([units.setdefault(unit, len(units)) for unit in text] for text in (hypothesis, reference))
    # An insertion or deletion costs a little more than a substitution, all of them together less than one edit.
    edit = len(written) + len(said) + 1
    steps = (edit + 1) * np.arange(len(written) + 1)
    others, costs = np.array(written), steps  # to make each beginning of the hypothesis of nothing
    for unit in said:
        kept_or_deleted = costs + edit + 1
        np.minimum(kept_or_deleted[1:], costs[:-1] + edit * (others != unit), out=kept_or_deleted[1:])
        costs = np.minimum.accumulate(kept_or_deleted - steps) + steps  # or inserted after what costs least
    total, unpaired = divmod(int(costs[-1]), edit)
    insertions = (unpaired + len(written) - len(said)) // 2
    return Edits(total - unpaired, insertions, unpaired - insertions, len(said))


def evaluate(
    hypotheses: Iterable[str],
    references: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    lowercase: bool = False,
    num_bootstrap: int = NUM_SAMPLES,
    explain: bool = False,
) -> Recognition:
    """Returns word and character error rates over all texts together.

    Words are what white space divides; between them one space counts, whatever stands there. Punctuation counts as it
    is written.

    Args:
        hypotheses: What was recognised, one text each.
        references: What was said, as many texts; they may be empty, but not all of them.
        names: What the texts are called; by default by their number.
        lowercase: Whether case counts for nothing.
        num_bootstrap: How many bootstrap samples the intervals are made from; 0 makes none.
        explain: Whether to tell the texts with the highest error rates.

    Raises:
        TextrnnError: If strings stand where lists belong, the numbers do not fit, or there is nothing to score.
    """
    check_num_bootstrap(num_bootstrap)
    written, sets = checked(hypotheses, references)
    if len(sets) > 1:
        raise TextrnnError(f"Each text needs one reference. Received: {len(sets)} lists of references.")
    written = [spaced(text, lowercase) for text in written]
    said = [spaced(text or "", lowercase) for text in sets[0]]
    words = [edits(one.split(), other.split()) for one, other in zip(written, said, strict=True)]
    characters = [edits(one, other) for one, other in zip(written, said, strict=True)]
    return Recognition(
        error_rate(words, "word", num_bootstrap),
        error_rate(characters, "character", num_bootstrap),
        sum(one == other for one, other in zip(written, said, strict=True)),
        len(said),
        worst_read(names, said, written, characters) if explain else (),
        () if has_spaces(sample(said)) else (NO_SPACES,),
    )


def worst_read(
    names: Sequence[str] | None, said: list[str], written: list[str], characters: list[Edits]
) -> tuple[Misreading, ...]:
    """Returns the texts with the highest error rates, of those that have an error."""
    if names is None:
        names = [f"text {number}" for number in range(1, len(said) + 1)]
    if len(names) != len(said):
        raise TextrnnError(f"Each of {counted(len(said), 'text')} needs a name. Received: {len(names)} in `names`.")
    every = [Misreading(*one) for one in zip(names, said, written, characters, strict=True)]
    return tuple(
        sorted((one for one in every if one.characters.total), key=lambda one: -one.characters.rate)[:NUM_SHOWN]
    )


def spaced(text: str, lowercase: bool) -> str:
    """Returns a text in which one space stands between words, each character in one form."""
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    return text.lower() if lowercase else text


def error_rate(found: list[Edits], unit: str, num_bootstrap: int) -> ErrorRate:
    """Returns the edits of all texts for each unit of all references."""
    totals = np.array([one.total for one in found])
    lengths = np.array([one.reference_length for one in found])
    together = sum(found, Edits(0, 0, 0, 0))
    interval = ratio_interval(totals, lengths, num_bootstrap) if num_bootstrap else None
    return ErrorRate(together.rate, interval, together, unit)
