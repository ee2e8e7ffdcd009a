"""What the choices of all kinds share."""

import dataclasses
from typing import Any

__all__ = ["FEWEST_STEPS", "Choice", "Options", "as_sizes", "counts_epochs", "length_in_words"]

Options = dict[str, Any]

FEWEST_STEPS = 300


@dataclasses.dataclass(frozen=True)
class Choice:
    """Options that fit a text, and the lines that say why.

    Args:
        model: Options of `NetworkConfig`, and `level` and `vocabulary_size`.
        training: Options of `TrainingConfig`.
        reasons: What was chosen and why, for people.
    """

    model: Options
    training: Options
    reasons: tuple[str, ...]


def counts_epochs(given: Options) -> bool:
    """Returns whether the user thinks in epochs, and so expects a validation at the end of each."""
    return given.get("epochs") is not None or given.get("validations_per_epoch") is not None


def length_in_words(training: Options) -> str:
    """Returns how long a run is: steps, epochs or minutes."""
    return next(f"{training[name]:,} {name}" for name in ("steps", "epochs", "minutes") if training.get(name))


def as_sizes(units: Any) -> tuple[int, ...]:
    """Returns layer sizes as a tuple, also where one layer is given as a number."""
    return tuple(units) if isinstance(units, (list, tuple)) else (units,)
