"""Time and peak memory of whole commands, each from its process's start to its end."""

import dataclasses
import json
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
        peak_megabytes: Highest resident memory of one run.
        heavy: Heavy packages that it imported.
    """

    seconds: list[float]
    peak_megabytes: float
    heavy: list[str]

    @property
    def median(self) -> float:
        """Median duration in seconds."""
        return statistics.median(self.seconds)


def measure(arguments: list[str], runs: int) -> CommandResult:
    """Measures a command, its module first; one more run says what it imported and how much memory it took."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        run = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, encoding="utf-8")
        seconds.append(time.perf_counter() - start)
        if run.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed:\n{run.stderr[-2000:]}")
    module, *rest = arguments
    code = (
        f"import json, sys; from textrnn import commands, {module.split('.')[1]} as module;"
        "commands.run(module.command, sys.argv[1:]); from benchmarks.turns import peak_megabytes;"
        f"names = [name for name in {HEAVY} if name in sys.modules];"
        "print(json.dumps([names, peak_megabytes()]), file=sys.stderr)"
    )
    shown = subprocess.run([sys.executable, "-c", code, *rest], capture_output=True, encoding="utf-8", check=True)
    heavy, megabytes = json.loads(shown.stderr.splitlines()[-1])
    return CommandResult(seconds, megabytes, heavy)
