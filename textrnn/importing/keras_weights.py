"""Reads the arrays of a Keras archive: `python -m textrnn.importing.keras_weights`, in a process of its own.

HDF5 is a large format whose library is written in C. So whatever a file makes of it happens in a process that lives
for this file alone: it may take no more memory, time and space than its arrays need, loads no plugins, and hands back
plain arrays (safetensors), which are checked as those of any stranger. It reads the arrays that it is told to, where
they must be, and looks at nothing else; links, arrays in other files and types other than floats are refused.

This is the only module of textrnn that opens an HDF5 file (docs/RELIABILITY.md, promise 6).
"""

import contextlib
import json
import math
import os
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
import safetensors.numpy

from textrnn.array_files import Layout, parsed_arrays
from textrnn.config.base import Shapes
from textrnn.errors import TextrnnError
from textrnn.systems import temporary_directory

__all__ = ["read_weights"]

TIMEOUT_SECONDS = 120
BASE_MEMORY = 2 << 30  # addresses that Python and its libraries take without any array
CONTENT, REQUEST, RESULT = "model.weights.h5", "request.json", "weights.safetensors"


def read_weights(path: pathlib.Path, content: bytes, places: dict[str, str], shapes: Shapes) -> dict[str, np.ndarray]:
    """Returns arrays of a Keras archive, float32 and finite.

    Args:
        path: The archive, for messages.
        content: Its `model.weights.h5`.
        places: Where in it each array stands, by the names to return them under.
        shapes: Their shapes by the same names.

    Raises:
        TextrnnError: If an array is not there, not what it must be, or reading it took too much.
    """
    with temporary_directory() as directory:
        (directory / CONTENT).write_bytes(content)
        wanted = {name: [where, shapes[name]] for name, where in places.items()}
        (directory / REQUEST).write_text(json.dumps(wanted), encoding="utf-8")
        run_apart(path, directory)
        found = (directory / RESULT).read_bytes()
    arrays = parsed_arrays(found, path, lambda _: {name: Layout(("F32",), shapes[name]) for name in places})
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise TextrnnError(f"{path}: {places[name]} holds values that are not finite.")
    return arrays


def run_apart(path: pathlib.Path, directory: pathlib.Path) -> None:
    """Runs this module as a process that reads what lies in a directory; raises with what it says if it fails."""
    environment = {
        name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
    }
    environment |= {
        "PYTHONPATH": str(pathlib.Path(__file__).parents[2]),
        "PYTHONUTF8": "1",  # what it prints comes back as it is
        "HDF5_PLUGIN_PRELOAD": "::",  # no plugins
        "OPENBLAS_NUM_THREADS": "1",  # each of which takes addresses
    }
    command = [sys.executable, "-P", "-m", "textrnn.importing.keras_weights"]
    try:
        done = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, encoding="utf-8", errors="replace",
            timeout=TIMEOUT_SECONDS, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise TextrnnError(
            f"{path}: reading its weights took more than {TIMEOUT_SECONDS} seconds, and was ended."
        ) from error
    if done.returncode == 2:
        raise TextrnnError(f"{path}: {done.stdout.strip()}")
    if done.returncode:
        raise TextrnnError(
            f"{path}: the process that read its weights ended with status {done.returncode}; "
            "the archive is damaged, or made to do harm."
        )


# In that process


def main() -> int:
    """Reads what `request.json` asks for of `model.weights.h5` in this directory into `weights.safetensors`."""
    wanted = json.loads(pathlib.Path(REQUEST).read_text(encoding="utf-8"))
    import h5py

    limit_this_process(sum(math.prod(shape) for _, shape in wanted.values()))
    try:
        with h5py.File(CONTENT, "r") as file:
            arrays = {name: array_at(file, where, tuple(shape)) for name, (where, shape) in wanted.items()}
    except (TextrnnError, OSError, KeyError, ValueError, RuntimeError, MemoryError) as error:
        print(" ".join(str(error).split()) or type(error).__name__)
        return 2
    pathlib.Path(RESULT).write_bytes(safetensors.numpy.save(arrays))
    return 0


def limit_this_process(num_numbers: int) -> None:
    """Sees that this process takes no more than arrays of so many numbers need, where the system can see to that."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        size = 8 * num_numbers
        resource.setrlimit(resource.RLIMIT_AS, (BASE_MEMORY + 8 * size, BASE_MEMORY + 8 * size))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + (1 << 20), size + (1 << 20)))
        resource.setrlimit(resource.RLIMIT_CPU, (TIMEOUT_SECONDS, TIMEOUT_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def array_at(file: Any, where: str, shape: tuple[int, ...]) -> np.ndarray:
    """Returns an array of a file as float32; raises unless it is an array of floats of a shape, and in the file itself.

    Args:
        file: The HDF5 file.
        where: The path in it.
        shape: What its shape must be.
    """
    import h5py

    place = file
    for name in where.split("/"):
        link = place.get(name, getlink=True) if isinstance(place, h5py.Group) else None
        if not isinstance(link, h5py.HardLink):
            problem = "is not there" if link is None else "is a link, which is not followed"
            raise TextrnnError(f"{where} in its weights {problem}.")
        place = place[name]
    if not isinstance(place, h5py.Dataset) or place.external or place.is_virtual:
        raise TextrnnError(f"{where} in its weights is no array of its own, and is not read.")
    if place.shape != shape or place.dtype.kind != "f" or place.dtype.itemsize > 8:
        raise TextrnnError(
            f"{where} in its weights is {place.dtype} of shape {place.shape}; expected floats of {shape}."
        )
    if place.compression not in (None, "gzip"):
        raise TextrnnError(f"{where} in its weights is packed in a way that is not read.")
    return np.ascontiguousarray(place[()], np.float32)


if __name__ == "__main__":
    sys.exit(main())
