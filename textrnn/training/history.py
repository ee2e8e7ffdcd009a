"""The record of a training run: one row per validation."""

import csv
import dataclasses
import io
import math

__all__ = ["EpochRecord", "history_csv"]


@dataclasses.dataclass(frozen=True)
class EpochRecord:
    """One row of the training history. Losses are in nats per real token, `seconds` counts from the beginning."""

    epoch: float
    step: int
    training_loss: float
    validation_loss: float
    learning_rate: float
    tokens_per_second: float
    seconds: float

    @property
    def validation_perplexity(self) -> float:
        """`exp` of the validation loss."""
        return math.exp(min(self.validation_loss, 700.0))


def history_csv(records: list[EpochRecord]) -> bytes:
    """Returns the history as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in dataclasses.fields(EpochRecord)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(dataclasses.asdict(record) for record in records)
    return text.getvalue().encode("utf-8")
