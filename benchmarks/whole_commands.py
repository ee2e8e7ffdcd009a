"""Time and peak memory of whole commands, each from its process's start to its end."""

import dataclasses
import os
import statistics
import subprocess
import sys
import time

HEAVY = ("tensorflow", "keras", "nltk", "matplotlib")


@dataclasses.dataclass
class CommandResult:
    """What a command took.

    Args:
        seconds: Duration of each run.
        peak_megabytes: Highest resident memory among the runs.
        heavy: Heavy packages that it imported.
    """

    seconds: list[float]
    peak_megabytes: float
    heavy: list[str]

    @property
    def median(self) -> float:
        """Median duration in seconds."""
        return statistics.median(self.seconds)


def run_once(arguments: list[str]) -> tuple[float, float]:
    """Runs `python -m ARGUMENTS`; returns seconds and peak megabytes."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    assert process.stderr is not None
    if status:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{process.stderr.read().decode()[-2000:]}")
    return seconds, usage.ru_maxrss / 1000


def measure(arguments: list[str], runs: int) -> CommandResult:
    """Measures a command, its module first."""
    results = [run_once(arguments) for _ in range(runs)]
    module, *rest = arguments
    code = (
        f"import sys; from textrnn import commands, {module.split('.')[1]} as module; commands.run(module.command, "
        f"sys.argv[1:]); print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    shown = subprocess.run([sys.executable, "-c", code, *rest], capture_output=True, text=True, check=True)
    heavy = [name for name in HEAVY if name in shown.stderr.splitlines()[-1]]
    return CommandResult([seconds for seconds, _ in results], max(megabytes for _, megabytes in results), heavy)
