"""What systems do differently: files that are open cannot be replaced or deleted on Windows, and signals have names.

Everything here does the plain thing first, and another only where that was refused.
"""

import atexit
import contextlib
import gc
import os
import pathlib
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator

__all__ = ["ENDING_SIGNALS", "remove", "replace", "temporary_directory"]

# What asks a process to end; Windows sends the last where a window is closed or Ctrl-Break is pressed.
ENDING_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGBREAK") if hasattr(signal, name))
IN_USE = (5, 32)  # what Windows says where another program has a file open: "access denied", "sharing violation"
PATIENCE_SECONDS = 2.0  # virus scanners and indexers are done with a new file by then


def replace(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Renames a file over another one; waits for a program on Windows that has it open, such as a virus scanner.

    Raises:
        OSError: If it cannot be done, or the file is open for longer than two seconds.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return os.replace(source, target)
        except PermissionError as error:
            if getattr(error, "winerror", None) not in IN_USE or time.monotonic() > end:
                raise
        time.sleep(0.02)


def remove(path: pathlib.Path) -> None:
    """Deletes a temporary file or directory; what is open or mapped on Windows goes when the process ends.

    Nothing is raised: the system clears what is left in its directory of temporary files.
    """
    if not is_removed(path):
        gc.collect()  # arrays that map a file may be waiting for that
        if not is_removed(path):
            atexit.register(is_removed, path)


def is_removed(path: pathlib.Path) -> bool:
    """Deletes a file or directory as far as that is possible; returns whether nothing is left."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
    return not path.exists()


@contextlib.contextmanager
def temporary_directory() -> Iterator[pathlib.Path]:
    """Makes a directory that is removed when its `with` block ends; see `remove` for files that are still mapped."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="textrnn-"))
    try:
        yield path
    finally:
        remove(path)
