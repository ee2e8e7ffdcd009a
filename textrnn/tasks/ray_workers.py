"""Trains with several processes on a Ray cluster, which starts them, and starts them again when one is lost."""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from textrnn.errors import TextrnnError
from textrnn.storage import CHECKPOINT

__all__ = ["train_on_ray"]

MOST_RESTARTS = 3


def train_on_ray(
    command: Callable[[Sequence[str]], None], arguments: Sequence[str], output: pathlib.Path, size: int
) -> None:
    """Runs a command that trains in several workers on the cluster that this process belongs to.

    A run that loses a worker goes on from its last checkpoint, so `output` is on a disk that all machines see; so are
    the files that are trained on.

    Args:
        command: The command, as a function of its arguments.
        arguments: They; each worker is told by `TF_CONFIG` which one it is.
        output: The output directory among them.
        size: Number of workers.

    Raises:
        TextrnnError: If the run has failed, more often than it is started again.
        ModuleNotFoundError: If Ray is not installed.
    """
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.tensorflow import TensorflowTrainer

    settings = {
        "command": command,
        "arguments": list(arguments),
        "output": str(output.absolute()),
        "before": stamp(output),
    }
    trainer = TensorflowTrainer(
        train_as_worker,
        train_loop_config=settings,
        scaling_config=ScalingConfig(num_workers=size),
        run_config=RunConfig(failure_config=FailureConfig(max_failures=MOST_RESTARTS)),
    )
    try:
        trainer.fit()
    except RuntimeError as error:
        raise TextrnnError(f"The workers on the Ray cluster have failed: {error}") from error


def train_as_worker(settings: dict[str, Any]) -> None:
    """Trains as one of the workers, from the last checkpoint of this run if there is one.

    Args:
        settings: "command", "arguments" and "output" as in `train_on_ray`, and the `stamp` of the checkpoint "before"
            the run began.
    """
    arguments = list(settings["arguments"])
    if stamp(pathlib.Path(settings["output"])) != settings["before"]:
        arguments = [*(argument for argument in arguments if argument != "--overwrite"), "--resume"]
    settings["command"](arguments)


def stamp(output: pathlib.Path) -> float:
    """Returns when the checkpoint of a run was written, in seconds; 0 where there is none."""
    try:
        return (output / CHECKPOINT).stat().st_mtime
    except OSError:
        return 0.0
