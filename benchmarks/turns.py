"""Sides of a comparison that take turns, each in a process of its own, one working at a time.

A side is a function `side(turns, **options)` in one of the benchmarks' modules. It prepares, then calls
`turns.wait(...)`, does a block of work, calls `turns.wait()` again, and so on; the time between the go and the next
wait is one measurement. What it passes to the first `wait` are its facts: losses, say, to check that all sides
compute the same.
"""

import contextlib
import dataclasses
import importlib
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Result", "Turns", "matrix_peak", "peak_megabytes", "take_turns"]

Side = tuple[Callable[..., Any], dict[str, Any]]


@dataclasses.dataclass
class Result:
    """What one side gave.

    Args:
        seconds: Duration of each block.
        facts: What the side said about itself before the first block.
        peak_megabytes: Highest resident memory of its process.
    """

    seconds: list[float]
    facts: dict[str, Any]
    peak_megabytes: float

    @property
    def median(self) -> float:
        """Median duration of a block in seconds."""
        return statistics.median(self.seconds)


def peak_megabytes() -> float:
    """Returns the highest resident memory of this process so far.

    Not `ru_maxrss`, which on Linux begins with what the parent process had when it started this one.
    """
    status = pathlib.Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    (line,) = (line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1000


class Turns:
    """A side's end of the conversation: lines of JSON over standard input and output."""

    def __init__(self) -> None:
        # Whatever a library prints must not end up between our lines.
        self.answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        self.started: float | None = None

    def wait(self, **facts: Any) -> None:
        """Says that the block is done, and waits for the next go; ends the process when there is none."""
        seconds = None if self.started is None else time.perf_counter() - self.started
        print(json.dumps({"seconds": seconds, "facts": facts}), file=self.answers, flush=True)
        if not sys.stdin.readline():
            print(json.dumps({"peak_megabytes": peak_megabytes()}), file=self.answers, flush=True)
            os._exit(0)
        self.started = time.perf_counter()


def take_turns(sides: Mapping[str, Side], rounds: int, check: Callable[[dict[str, Any]], None] | None = None) -> dict:
    """Measures sides in turns: first all of them prepare, then each makes one block per round.

    Args:
        sides: For each name the function and its options.
        rounds: Blocks of each side.
        check: Called with the facts of every side, by name, before anything is measured.

    Returns:
        A `Result` for each name.
    """
    with contextlib.ExitStack() as stack:
        processes = {}
        for name, (function, options) in sides.items():
            place = f"{function.__module__}:{function.__name__}"
            errors = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.turns", place, json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
            )
            stack.callback(process.kill)
            processes[name] = (process, errors)

        def answer(name: str) -> dict[str, Any]:
            process, errors = processes[name]
            line = process.stdout.readline()
            if not line:
                errors.seek(0)
                raise SystemExit(f"{name} failed:\n{errors.read()[-3000:]}")
            return json.loads(line)

        facts = {name: answer(name)["facts"] for name in sides}
        if check is not None:
            check(facts)
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name in sides:
                print("go", file=processes[name][0].stdin, flush=True)
                seconds[name].append(answer(name)["seconds"])
        results = {}
        for name, (process, _) in processes.items():
            process.stdin.close()
            results[name] = Result(seconds[name], facts[name], answer(name)["peak_megabytes"])
        return results


MATRIX_SIZE = 2048
MATRIX_PRODUCTS = 4
PEAK_OPERATIONS = MATRIX_PRODUCTS * 2 * MATRIX_SIZE**3  # of one block of `matrix_peak`


def matrix_peak(turns: Turns) -> None:
    """A side that multiplies large float32 matrices: as fast as the machine can go."""
    import numpy as np

    left, right = np.random.default_rng(0).random((2, MATRIX_SIZE, MATRIX_SIZE), dtype=np.float32)
    result = left @ right
    while True:
        turns.wait()
        for _ in range(MATRIX_PRODUCTS):
            np.matmul(left, right, out=result)


if __name__ == "__main__":
    module_name, function_name = sys.argv[1].split(":")
    getattr(importlib.import_module(module_name), function_name)(Turns(), **json.loads(sys.argv[2]))
