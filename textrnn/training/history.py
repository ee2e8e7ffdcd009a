"""The record of a training run: one row per validation."""

import csv
import dataclasses
import io
import math

__all__ = ["EpochRecord", "history_csv"]


@dataclasses.dataclass(frozen=True)
class EpochRecord:
    """One row of the training history.

    Losses are in nats per real token, `seconds` counts from the beginning, and `validation_score` is what decides which
    weights are best if that is not the validation loss: for translators the BLEU of translated validation sentences.
    """

    epoch: float
    step: int
    training_loss: float
    validation_loss: float
    learning_rate: float
    tokens_per_second: float
    seconds: float
    validation_score: float | None = None

    @property
    def criterion(self) -> tuple[float, float]:
        """What the best weights have the lowest of; the loss decides between equal scores."""
        return -(self.validation_score or 0.0), self.validation_loss

    @property
    def validation_perplexity(self) -> float:
        """`exp` of the validation loss."""
        return math.exp(min(self.validation_loss, 700.0))


def history_csv(records: list[EpochRecord]) -> bytes:
    """Returns the history as CSV with a header; columns that no record fills are left out."""
    text = io.StringIO()
    rows = [dataclasses.asdict(record) for record in records]
    names = [field.name for field in dataclasses.fields(EpochRecord)]
    filled = [name for name in names if not rows or any(row[name] is not None for row in rows)]
    writer = csv.DictWriter(text, filled, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
