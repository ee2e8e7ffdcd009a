"""The checkpoint: everything a run needs to go on exactly, in one file beside the model."""

import dataclasses
import json
import pathlib
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from textrnn.config import BUDGET
from textrnn.errors import TextrnnError
from textrnn.storage import write_atomically

__all__ = ["Position", "check_same_run", "read_checkpoint", "write_checkpoint"]


@dataclasses.dataclass
class Position:
    """Where a run stands: everything a checkpoint holds beside arrays.

    Args:
        epoch: Epochs that are over.
        batch: Batches of this epoch that are over.
        step: Steps that are over.
        first_step: The step at which the learning rate's schedule began.
        num_steps: The step at which the run ends; 0 while that is not known.
        best_criteria: Criteria of the best validations, the best first.
        validations_without_gain: Validations since the best one.
        bad_steps: Steps in a row whose loss or gradient was not finite.
        loss_sum: Summed training loss since the last validation, in nats.
        num_targets: Targets since the last validation.
        step_seconds: Seconds in steps since the last validation.
        seconds: Seconds that the run has taken in all its sessions.
        history: One row per validation.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    first_step: int = 0
    num_steps: int = 0
    best_criteria: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    validations_without_gain: int = 0
    bad_steps: int = 0
    loss_sum: float = 0.0
    num_targets: float = 0.0
    step_seconds: float = 0.0
    seconds: float = 0.0
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)


def write_checkpoint(
    path: pathlib.Path, arrays: dict[str, np.ndarray], position: Position, identity: dict[str, Any], options: Any
) -> None:
    """Writes a checkpoint; at any moment the file is the old one or the new one.

    Args:
        path: Where to.
        arrays: Every array that training changes.
        position: Where the run stands.
        identity: What must be the same for the run to be resumed; see `check_same_run`.
        options: What the run was called with, so that resuming needs none of it again.
    """
    facts = {"position": dataclasses.asdict(position), "identity": identity, "options": options}
    metadata = {name: json.dumps(value) for name, value in facts.items()}
    write_atomically(path, safetensors.numpy.save(arrays, metadata=metadata))


def read_checkpoint(path: pathlib.Path) -> tuple[dict[str, np.ndarray], Position, dict[str, Any]]:
    """Returns the arrays, the position and the identity of a run.

    Raises:
        TextrnnError: If there is no checkpoint, or it cannot be read.
    """
    if not path.is_file():
        raise TextrnnError(f"{path}: there is no checkpoint to resume from.")
    try:
        with safetensors.safe_open(path, "np") as file:
            facts = {name: json.loads(value) for name, value in (file.metadata() or {}).items() if name != "format"}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        position = Position(**facts["position"])
    except (safetensors.SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise TextrnnError(f"{path}: cannot be read: {error}. Train anew without resuming.") from error
    position.best_criteria = [(score, loss) for score, loss in position.best_criteria]
    return arrays, position, facts.get("identity", {})


def check_same_run(path: pathlib.Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    """Raises `TextrnnError` naming what differs between a checkpoint's run and this one, but for its length.

    Args:
        path: The checkpoint.
        there: The checkpoint's identity: "network" and "training" are options by name, the rest are hashes.
        here: This run's.
    """
    here = json.loads(json.dumps(here))  # as it was written: lists in place of tuples
    for name in ("text", "vocabulary"):
        if here.get(name) != there.get(name):
            raise TextrnnError(
                f"{path}: was made with another {name}. Pass the same {name} to resume, or train into another output "
                "directory; `--initial-model` goes on from a model with other text."
            )
    for part in ("network", "training"):
        options, expected = here.get(part, {}), there.get(part, {})
        for name in sorted({*options, *expected} - {*BUDGET, "patience"}):
            if options.get(name) != expected.get(name):
                raise TextrnnError(
                    f"{path}: was made with {name}={expected.get(name)!r}, and now {name}={options.get(name)!r} is "
                    "asked for. Leave the option out to resume, or train into another output directory."
                )
