"""Training throughput against the number of cores: measured as far as this machine has them, computed beyond.

    python -m benchmarks.cores
    python -m benchmarks.cores --units 512 --batch-size 128 --rounds 5

Each number of cores is a process that may be scheduled on so many, and they take turns. From what was measured follows
the share of a step that more cores do not make faster, and from that, by Amdahl's law (1967), what more would give. The
law is kind: it knows nothing of the memory that all cores share, of parts with fewer rows, or of clocks that slow down.
So rows beyond the measured ones say how much there can be at most.
"""

import argparse
import importlib
import os
from collections.abc import Mapping
from typing import Any

from benchmarks.training import Task, textrnn_language_model
from benchmarks.turns import Result, Turns, take_turns

__all__ = ["amdahl", "on_cores", "serial_share", "table"]

COMPUTED = (4, 8, 16)


def on_cores(turns: Turns, cores: int, **options: Any) -> None:
    """A side: training on the first so many of the cores that this process may use."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    textrnn_language_model(turns, **options)


def serial_share(seconds: Mapping[int, float]) -> float:
    """Returns the share of one core's time that stays with any number of cores, by least squares.

    >>> serial_share({1: 10.0, 2: 6.0})
    0.2

    Args:
        seconds: What the same work takes, by the number of cores; 1 among them, and one more at least.
    """
    # seconds[n] / seconds[1] = share + (1 - share) / n, so that one unknown stands in an equation for each n.
    rows = [(1 - 1 / cores, taken / seconds[1] - 1 / cores) for cores, taken in seconds.items() if cores > 1]
    share = sum(weight * excess for weight, excess in rows) / sum(weight**2 for weight, _ in rows)
    return round(min(max(share, 0.0), 1.0), 6)


def amdahl(share: float, cores: int) -> float:
    """Returns how many times as fast so many cores are as one.

    >>> amdahl(0.2, 4)
    2.5
    """
    return 1 / (share + (1 - share) / cores)


def parts_of(task: Task, cores: int) -> int:
    """Returns in how many parts a batch is divided on so many cores."""
    from textrnn.training.devices import FEWEST_ROWS

    return max(min(cores, task.batch_size // FEWEST_ROWS), 1)


def table(task: Task, results: Mapping[int, Result]) -> str:
    """Returns the table in Markdown, from a result for each number of cores."""
    seconds = {cores: result.median for cores, result in results.items()}
    one = task.tokens / seconds[1]
    lines = ["| cores | parts | tokens/s | times one core | |", "| --- | --- | --- | --- | --- |"]
    for cores, result in results.items():
        rates = sorted(task.tokens / taken for taken in result.seconds)
        spread = f"measured, {rates[0]:,.0f} to {rates[-1]:,.0f}"
        rate = task.tokens / seconds[cores]
        lines.append(f"| {cores} | {parts_of(task, cores)} | {rate:,.0f} | {rate / one:.2f} | {spread} |")
    if len(seconds) < 2:
        return "\n".join([*lines, "", "One core alone says nothing of more."])
    share = serial_share(seconds)
    for cores in COMPUTED:
        if cores not in seconds:
            parts = parts_of(task, cores)
            faster = amdahl(share, parts)
            lines.append(f"| {cores} | {parts} | at most {one * faster:,.0f} | {faster:.2f} | computed |")
    ending = f"Computed by Amdahl's law: {share:.0%} of a step takes as long on any number of cores. Not measured."
    return "\n".join([*lines, "", ending])


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.cores", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--vocabulary-size", type=int, default=4000)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parsed = parser.parse_args()
    if not hasattr(os, "sched_setaffinity"):
        raise SystemExit("This system does not let a process choose its cores (Linux does).")
    options = {name: getattr(parsed, name) for name in ("units", "vocabulary_size", "batch_size")}
    available = len(os.sched_getaffinity(0))
    numbers = sorted({available, *(2**power for power in range(available.bit_length()))})
    side = importlib.import_module("benchmarks.cores").on_cores  # under the name by which other processes find it
    sides: Any = {str(cores): (side, {"cores": cores, **options}) for cores in numbers}
    results = take_turns(sides, parsed.rounds)
    print(table(Task(**options), {int(cores): result for cores, result in results.items()}))


if __name__ == "__main__":
    main()
