"""How many threads TensorFlow has: as many as it likes, but for networks whose batches are trained in parts.

Operations of one part follow one another and wait for nothing in the others: each part wants its share of the cores,
and no operation should be divided further. TensorFlow takes such numbers only until it begins to work, once in a
process.
"""

import dataclasses
import os
from typing import TypeVar

import tensorflow as tf

from textrnn.config import FittingConfig
from textrnn.config.base import Config
from textrnn.progress import Progress
from textrnn.training.devices import Device, usable_cores
from textrnn.training.estimates import num_parameters

__all__ = ["prepare_threads", "share_cores"]

Fitting = TypeVar("Fitting", bound=FittingConfig)

NOTE = (
    "note: TensorFlow was at work before this run, so it keeps its threads, which can cost a fifth of the speed. "
    "`fit` sets them if it comes first in a process."
)
noted: list[str] = []  # what has been said in this process, and need not be said again


def prepare_threads(device: Device, config: Config, fitting: Fitting, progress: Progress | None = None) -> Fitting:
    """Gives each part of a training batch its share of the cores; to be called before the network is built.

    Leaves TensorFlow as it is where a batch is not divided, and where somebody has set its threads or
    `TF_NUM_INTRAOP_THREADS`. So it does, and says so once, where TensorFlow has begun to work, as in a notebook.

    Args:
        device: What the network is trained on.
        config: The network that will be trained.
        fitting: How; where it names no number of parts, the device has one.
        progress: Where the note goes, or None.

    Returns:
        How to train, with the number of parts.
    """
    num_parts = fitting.parts or device.num_parts(num_parameters(config), fitting.usual_rows)
    fitting = dataclasses.replace(fitting, parts=num_parts)
    if num_parts == 1 or device.name != "cpu" or "TF_NUM_INTRAOP_THREADS" in os.environ:
        return fitting
    if tf.config.threading.get_intra_op_parallelism_threads():
        return fitting
    if not share_cores(num_parts) and progress is not None and not noted:
        noted.append(NOTE)
        progress.message(NOTE)
    return fitting


def share_cores(num_parts: int) -> bool:
    """Lets operations of so many parts run side by side; returns whether it was in time for that.

    Each part has a thread of its own. What cores are left over help them, in the one pool that all operations share.
    """
    num_helpers = usable_cores() - num_parts
    try:
        tf.config.threading.set_intra_op_parallelism_threads(max(num_helpers, 1))
        tf.config.threading.set_inter_op_parallelism_threads(num_parts)
    except RuntimeError:  # it has begun
        return False
    return True
