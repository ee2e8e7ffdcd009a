"""The record of a training run: one row per validation."""

import csv
import dataclasses
import io
import math
from typing import Any

__all__ = ["EpochRecord", "Score", "history_csv", "perplexity"]


@dataclasses.dataclass(frozen=True)
class Score:
    """How good a network is, in the measure of its task.

    Args:
        name: What is measured, such as "BLEU".
        value: The score.
        higher_is_better: Whether a higher value is the better one.
    """

    name: str
    value: float
    higher_is_better: bool = True

    @property
    def key(self) -> str:
        """The name as it stands in logs, manifests and the heads of columns."""
        return self.name.lower().replace(" ", "_")

    @property
    def badness(self) -> float:
        """A number that the better of two scores has less of."""
        return -self.value if self.higher_is_better else self.value

    @property
    def direction(self) -> str:
        """The sign that `badness` has, in a word, for messages."""
        return "negative" if self.higher_is_better else "positive"

    def __str__(self) -> str:
        return f"{self.name} {self.value:.2f}" if abs(self.value) >= 10 else f"{self.name} {self.value:.4g}"


def perplexity(loss: float) -> Score:
    """Returns the perplexity that a loss in nats per token amounts to."""
    return Score("perplexity", math.exp(min(loss, 700.0)), higher_is_better=False)


@dataclasses.dataclass(frozen=True)
class EpochRecord:
    """One row of the training history.

    Losses are per target, `seconds` counts from the beginning, and `score` is what decides which weights are
    best if that is not the validation loss: for translators the BLEU of translated validation sentences. While weights
    are still to be pruned, none of them `may_be_kept`.
    """

    epoch: float
    step: int
    training_loss: float
    validation_loss: float
    learning_rate: float
    targets_per_second: float
    seconds: float
    score: Score | None = None
    may_be_kept: bool = True

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> "EpochRecord":
        """Returns the record that `dataclasses.asdict` made a dictionary of."""
        score = row.get("score")
        return cls(**{**row, "score": None if score is None else Score(**score)})

    @property
    def criterion(self) -> tuple[float, float]:
        """What the best weights have the lowest of; the loss decides between equal scores."""
        if not self.may_be_kept:
            return math.inf, math.inf
        return (0.0 if self.score is None else self.score.badness), self.validation_loss

    @property
    def validation_score(self) -> float | None:
        """The value of the score, or None."""
        return None if self.score is None else self.score.value


def history_csv(records: list[EpochRecord]) -> bytes:
    """Returns the history as CSV with a header; a score stands in a column of its name, such as `validation_bleu`."""
    text = io.StringIO()
    names = [field.name for field in dataclasses.fields(EpochRecord) if field.name not in ("score", "may_be_kept")]
    rows = [{name: getattr(record, name) for name in names} for record in records]
    keys = list(dict.fromkeys(f"validation_{record.score.key}" for record in records if record.score is not None))
    for row, record in zip(rows, records, strict=True):
        if record.score is not None:
            row[f"validation_{record.score.key}"] = record.score.value
    writer = csv.DictWriter(text, [*names, *keys], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
