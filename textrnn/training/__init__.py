"""The only room that imports TensorFlow."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Keeps TensorFlow's notes about missing GPU drivers, written past Python's streams, off the screen."""
    try:
        kept = os.dup(sys.__stderr__.fileno())  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):  # no such stream, as in some notebooks
        yield
        return
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what goes wrong is raised anyway
with quiet_import():
    import keras  # noqa: F401
    import tensorflow as tf

    tf.config.list_physical_devices()  # the notes come with the first look at the devices


def use_threads_for_halves() -> None:
    """Gives each of the two halves of a training batch its share of the cores, unless TensorFlow has begun to work."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(RuntimeError):  # it has
        tf.config.threading.set_intra_op_parallelism_threads(max(cores // 2, 1))
        tf.config.threading.set_inter_op_parallelism_threads(2)


if "TF_NUM_INTRAOP_THREADS" not in os.environ:
    use_threads_for_halves()
