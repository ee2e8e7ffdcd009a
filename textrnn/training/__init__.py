"""The room that imports TensorFlow; that of exporting imports it through this one."""

import contextlib
import logging
import os
import pathlib
import sys
from collections.abc import Iterator

# What Keras imports where it is installed, for what no command of textrnn uses: a third and more of the time.
NOT_NEEDED = ("sklearn", "pandas", "matplotlib", "IPython", "scipy")


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


def is_a_command() -> bool:
    """Says whether this process is one of textrnn's commands, and not somebody's program or notebook."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return pathlib.Path(sys.argv[0]).stem == "textrnn" if spec is None else spec.name.partition(".")[0] == "textrnn"


@contextlib.contextmanager
def left_out(names: tuple[str, ...]) -> Iterator[None]:
    """Makes packages that have not been imported yet look as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # so that an import of it raises ImportError
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def is_worth_saying(record: logging.LogRecord) -> bool:
    """Says whether a line of TensorFlow's log is more than the news that another training compiles steps of its own."""
    message = record.getMessage()
    return not ("triggered tf.function retracing" in message and "textrnn." in message)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what goes wrong is raised anyway
with without_notes(), left_out(NOT_NEEDED if is_a_command() else ()):
    import keras  # noqa: F401
    import tensorflow as tf

    tf.config.list_physical_devices()  # the notes come with the first look at the devices
tf.get_logger().addFilter(is_worth_saying)
