"""Commands on a machine that others use: alone, beside two busy processes, and the same with one BLAS thread.

    python -m benchmarks.busy
    python -m benchmarks.busy --rounds 3 --only translate

A library that waits at full speed for threads that do not come makes a command many times slower beside others; with
`OPENBLAS_NUM_THREADS=1` there is nothing to wait for. The three situations take turns, and each command runs as a
process of its own. The column "alone" means something only on a machine that does nothing else.
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

CORPORA = pathlib.Path(__file__).parent.parent / "corpora"
NUM_BUSY = 2
SITUATIONS = ("alone", "busy", "busy, one BLAS thread")


@dataclasses.dataclass
class Command:
    """A command and what it reads from standard input."""

    arguments: list[str]
    content: str = ""

    def seconds(self, variables: dict[str, str]) -> tuple[float, float]:
        """Runs it; returns the time that passed, and that of all cores."""
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        run = subprocess.run(
            [sys.executable, "-m", *self.arguments],
            input=self.content,
            env={**os.environ, **variables},
            capture_output=True,
            encoding="utf-8",
        )
        passed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if run.returncode:
            raise SystemExit(f"{' '.join(self.arguments)} failed:\n{run.stderr[-2000:]}")
        return passed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def commands(directory: pathlib.Path) -> dict[str, Command]:
    """Returns what is measured, each taking some seconds on two cores."""
    sources = [line.split("\t")[0] for line in (CORPORA / "eng-spa.tsv").read_text(encoding="utf-8").splitlines()]
    text = directory / "text.txt"
    text.write_text((CORPORA / "lighthouse.txt").read_text(encoding="utf-8") * 8, encoding="utf-8")
    return {
        "generate, 300 tokens": Command(["textrnn.generate", "To be or not to", "--max-tokens", "300", "--seed", "7"]),
        "generate, 100 samples": Command(
            ["textrnn.generate", "To be or not to", "--num-samples", "100", "--max-tokens", "60", "--seed", "7"]
        ),
        "translate, 300 sentences": Command(["textrnn.translate", "-"], "".join(f"{line}\n" for line in sources * 3)),
        "evaluate perplexity": Command(["textrnn.evaluate", "perplexity", str(text), "--model", "shakespeare"]),
    }


@contextlib.contextmanager
def busy_processes(number: int) -> Iterator[None]:
    """Keeps so many other processes busy while a `with` block runs."""
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


def measure(command: Command, rounds: int) -> dict[str, tuple[float, float]]:
    """Returns the medians of the time that passed and that of all cores, in seconds, for each situation."""
    found: dict[str, list[tuple[float, float]]] = {situation: [] for situation in SITUATIONS}
    for _ in range(rounds):
        for situation in SITUATIONS:
            variables = {"OPENBLAS_NUM_THREADS": "1"} if "one" in situation else {}
            with busy_processes(0 if situation == "alone" else NUM_BUSY):
                found[situation].append(command.seconds(variables))
    return {
        situation: (statistics.median(passed for passed, _ in runs), statistics.median(cores for _, cores in runs))
        for situation, runs in found.items()
    }


def main() -> None:
    """Prints a table of seconds, those of all cores in brackets, and how much busy differs from one thread."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each command in each situation (default 5)")
    parser.add_argument("--only", default="", help="measure only commands that contain this")
    options = parser.parse_args()
    print(f"| command | {' | '.join(SITUATIONS)} | busy beside one thread |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as directory:
        for name, command in commands(pathlib.Path(directory)).items():
            if options.only in name:
                found = measure(command, options.rounds)
                cells = [f"{passed:.2f} s ({cores:.2f})" for passed, cores in found.values()]
                ratio = found["busy"][0] / found["busy, one BLAS thread"][0]
                print(f"| {name} | {' | '.join(cells)} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
