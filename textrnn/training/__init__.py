"""The room that imports TensorFlow; that of exporting imports it through this one."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def without_notes() -> Iterator[None]:
    """Keeps what TensorFlow writes past Python's streams, such as notes about missing GPU drivers, off the screen."""
    try:
        kept = os.dup(sys.__stderr__.fileno())  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):  # no such stream, as in some notebooks
        yield
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def is_worth_saying(record: logging.LogRecord) -> bool:
    """Says whether a line of TensorFlow's log is more than the news that another training compiles steps of its own."""
    message = record.getMessage()
    return not ("triggered tf.function retracing" in message and "textrnn." in message)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what goes wrong is raised anyway
with without_notes():
    import keras  # noqa: F401
    import tensorflow as tf

    tf.config.list_physical_devices()  # the notes come with the first look at the devices
tf.get_logger().addFilter(is_worth_saying)
