"""What the choices of all kinds share."""

import dataclasses
from typing import Any

from textrnn.config import BUDGET
from textrnn.wording import counted

__all__ = ["FEWEST_STEPS", "Choice", "Options", "as_sizes", "going_on", "length_in_words", "with_length"]

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


def with_length(fitting: Options, given: Options, name: str, length: int) -> Options:
    """Returns options of training with a length, unless one is set; who thinks in epochs gets no other validations.

    Args:
        fitting: The options that were chosen, `validations` among them.
        given: The options that are set.
        name: "epochs" or "steps".
        length: How many, where nothing is set.
    """
    result = {key: value for key, value in fitting.items() if key != "validations" or not counts_epochs(given)}
    return result if any(given.get(key) is not None for key in BUDGET) else {**result, name: length}


def going_on(what: str, fitting: Options, given: Options) -> Choice:
    """Returns the choice of how a trained model goes on.

    Args:
        what: The new data, in words.
        fitting: The options that were chosen.
        given: The options that are set.
    """
    chosen = {**fitting, **given}
    rate = f"learning rate {chosen['learning_rate']}"
    return Choice({}, fitting, (f"going on from trained weights with {what}: {length_in_words(chosen)}, {rate}",))


def length_in_words(training: Options) -> str:
    """Returns how long a run is: steps, epochs or minutes."""
    return next(counted(training[f"{noun}s"], noun) for noun in ("step", "epoch", "minute") if training.get(f"{noun}s"))


def as_sizes(units: Any) -> tuple[int, ...]:
    """Returns layer sizes as a tuple, also where one layer is given as a number."""
    return tuple(units) if isinstance(units, (list, tuple)) else (units,)
