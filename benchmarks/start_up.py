"""Seconds from process start to 60 generated tokens, and which heavy packages were imported on the way.

python -m benchmarks.start_up
"""

import statistics
import subprocess
import sys
import time

ARGUMENTS = ["To be or not to", "--seed", "7", "--max-tokens", "60"]
HEAVY = ("tensorflow", "keras", "nltk", "matplotlib")
IMPORTS = (
    "import sys; from textrnn import commands, generate; commands.run(generate.command, sys.argv[1:]);"
    f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
)


def main() -> None:
    """Prints the median of ten runs."""
    times = []
    for _ in range(10):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "textrnn.generate", *ARGUMENTS], capture_output=True, check=True)
        times.append(time.perf_counter() - start)
    print(f"{statistics.median(times):.2f} s (median of {len(times)}; {min(times):.2f} to {max(times):.2f})")
    run = subprocess.run([sys.executable, "-c", IMPORTS, *ARGUMENTS], capture_output=True, text=True, check=True)
    print(f"heavy packages imported: {run.stderr.strip()}")


if __name__ == "__main__":
    main()
