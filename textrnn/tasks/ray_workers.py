"""Trains with several processes on a Ray cluster, which starts them, and starts them again when one is lost."""

import os
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from textrnn.config.cluster import WORKER_LOST
from textrnn.errors import TextrnnError
from textrnn.progress import Progress
from textrnn.storage import checkpoint_time

__all__ = ["train_on_ray"]

MOST_RESTARTS = 3
PRINT_TWICE = "RAY_TRAIN_ENABLE_PRINT_PATCH"  # whether Ray logs what workers print, beside showing it


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
        TextrnnError: If a worker raises it, or the run has lost workers more often than it is started again.
        ModuleNotFoundError: If Ray is not installed.
    """
    os.environ.setdefault(PRINT_TWICE, "0")
    from ray.train import ScalingConfig, WorkerGroupError
    from ray.train.tensorflow import TensorflowTrainer

    settings = {
        "command": command,
        "arguments": list(arguments),
        "directory": os.getcwd(),
        "output": str(output.absolute()),
        "before": checkpoint_time(output),
    }
    for number in range(MOST_RESTARTS + 1):
        # Ray would start the run again whatever it has ended with, bad input too, so that is done here.
        trainer = TensorflowTrainer(
            train_as_worker, train_loop_config=settings, scaling_config=ScalingConfig(num_workers=size)
        )
        try:
            trainer.fit()
            return
        except WorkerGroupError as error:
            raised = raised_by(error.worker_failures.values())
            if raised is not None:
                raise raised from error
            lost = error
        except RuntimeError as error:
            raise TextrnnError(f"The Ray cluster does not train: {error}") from error
        if number < MOST_RESTARTS:
            Progress().message("A worker on the Ray cluster is lost; the run is started again.")
    raise TextrnnError(f"The workers on the Ray cluster have failed, {number + 1} times: {lost}") from lost


def raised_by(failures: Iterable[Exception]) -> TextrnnError | None:
    """Returns the error in what was asked for that a worker has raised; None if the run has but lost a worker.

    Args:
        failures: What has become of the workers that did not reach their end.
    """
    raised = (one for one in failures if isinstance(one, TextrnnError))
    return next((one for one in raised if str(one) != WORKER_LOST), None)


def train_as_worker(settings: dict[str, Any]) -> None:
    """Trains as one of the workers, from the last checkpoint of this run if there is one.

    Args:
        settings: "command", "arguments" and "output" as in `train_on_ray`, the "directory" that paths are relative to,
            and the `checkpoint_time` "before" the run began.
    """
    if os.path.isdir(settings["directory"]):
        os.chdir(settings["directory"])
    arguments = list(settings["arguments"])
    if checkpoint_time(pathlib.Path(settings["output"])) != settings["before"]:
        arguments = [*(argument for argument in arguments if argument != "--overwrite"), "--resume"]
    settings["command"](arguments)
