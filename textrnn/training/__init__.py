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
