"""How many threads TensorFlow has: as many as it likes, but for networks whose batches are trained in halves.

Operations of one half follow one another and wait for nothing in the other: each half wants half of the cores, and no
operation should be divided further. TensorFlow takes such numbers only until it begins to work, once in a process.
"""

import os
from typing import Any

import tensorflow as tf

from textrnn.progress import Progress
from textrnn.training.estimates import num_parameters
from textrnn.training.steps import LARGE_NETWORK

__all__ = ["prepare_threads", "share_cores"]

NOTE = (
    "note: TensorFlow was at work before this run, so it keeps its threads, which can cost a fifth of the speed. "
    "`fit` sets them if it comes first in a process."
)
noted: list[str] = []  # what has been said in this process, and need not be said again


def prepare_threads(config: Any, progress: Progress | None = None) -> None:
    """Gives each half of a training batch its share of the cores; to be called before the network is built.

    Leaves TensorFlow as it is for networks too small to be trained in halves, and where somebody has set its threads or
    `TF_NUM_INTRAOP_THREADS`. So it does, and says so once, where TensorFlow has begun to work, as in a notebook.

    Args:
        config: The network that will be trained.
        progress: Where the note goes, or None.
    """
    if num_parameters(config) < LARGE_NETWORK or "TF_NUM_INTRAOP_THREADS" in os.environ:
        return
    if tf.config.threading.get_intra_op_parallelism_threads():
        return
    if not share_cores() and progress is not None and not noted:
        noted.append(NOTE)
        progress.message(NOTE)


def share_cores() -> bool:
    """Lets two operations run side by side, each on half of the cores; returns whether it was in time for that."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        tf.config.threading.set_intra_op_parallelism_threads(max(cores // 2, 1))
        tf.config.threading.set_inter_op_parallelism_threads(2)
    except RuntimeError:  # it has begun
        return False
    return True
