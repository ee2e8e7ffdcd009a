"""What several workers on one computer cost and give beside one process: `python -m benchmarks.workers TEXT`.

Trains the same network on the same batches in turns: one process with all cores, and workers that share them. Prints
tokens per second of each turn after the first validation, which also compiles, and how far validation losses lie apart.
"""

import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

OPTIONS = {
    "--level": "subword", "--vocabulary-size": "4000", "--units": "256 256", "--embedding-dim": "256",
    "--batch-size": "32", "--length": "64", "--dropout": "0", "--input-dropout": "0", "--output-dropout": "0",
    "--embedding-dropout": "0", "--weight-drop": "0", "--validations": "3", "--patience": "0",
    "--initial-model": "none", "--moving-average": "0",
}  # fmt: skip


def train(
    text: pathlib.Path, output: pathlib.Path, num_workers: int, steps: int, rest: list[str]
) -> list[dict[str, float]]:
    """Trains once; returns the rows of the history."""
    options = [word for name, value in OPTIONS.items() for word in (name, *value.split())]
    command = [sys.executable, "-m", "textrnn.train", "language-model", str(text), "--output", str(output), *options]
    command += ["--steps", str(steps), *rest]
    if num_workers > 1:
        command += ["--workers", str(num_workers)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    with open(output / "history.csv", encoding="utf-8", newline="") as file:
        return [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", type=pathlib.Path, help="a text of at least a megabyte")
    parser.add_argument("--workers", type=int, default=2, help="number of workers (default 2)")
    parser.add_argument("--steps", type=int, default=150, help="steps of each run (default 150)")
    parser.add_argument("--turns", type=int, default=3, help="runs of each (default 3)")
    parsed, rest = parser.parse_known_args()
    speeds: dict[int, list[float]] = {1: [], parsed.workers: []}
    losses: dict[int, list[float]] = {}
    for turn in range(parsed.turns):
        for number, found in speeds.items():
            with tempfile.TemporaryDirectory() as directory:
                rows = train(parsed.text, pathlib.Path(directory) / "model", number, parsed.steps, rest)
            found += [row["targets_per_second"] for row in rows[1:]]
            losses[number] = [row["validation_loss"] for row in rows]
            print(f"turn {turn + 1}, {number} of {parsed.workers}: {found[-1]:,.0f} tokens/s", flush=True)
    alone, together = (statistics.median(found) for found in speeds.values())
    apart = [abs(one - other) for one, other in zip(*losses.values(), strict=True)]
    print("| | tokens/s, median | share |\n| --- | --- | --- |")
    print(
        f"| one process | {alone:,.0f} | 1 |\n| {parsed.workers} workers | {together:,.0f} | {together / alone:.2f} |"
    )
    print(f"validation losses differ by {max(apart):.1e} at most, the last ones by {apart[-1]:.1e}")


if __name__ == "__main__":
    main()
