"""Seconds from process start to 60 generated tokens and to a translation, and the heavy packages imported on the way.

python -m benchmarks.start_up
"""

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "generate": ["To be or not to", "--seed", "7", "--max-tokens", "60"],
    "translate": ["I am a student"],
}
HEAVY = ("tensorflow", "keras", "nltk", "matplotlib")


def main() -> None:
    """Prints the median of ten runs of each command."""
    for name, arguments in COMMANDS.items():
        times = []
        for _ in range(10):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-m", f"textrnn.{name}", *arguments], capture_output=True, check=True)
            times.append(time.perf_counter() - start)
        imports = (
            f"import sys; from textrnn import commands, {name}; commands.run({name}.command, sys.argv[1:]);"
            f"print([package for package in {HEAVY} if package in sys.modules], file=sys.stderr)"
        )
        run = subprocess.run([sys.executable, "-c", imports, *arguments], capture_output=True, text=True, check=True)
        spread = f"{min(times):.2f} to {max(times):.2f}"
        print(f"{name}: {statistics.median(times):.2f} s (median of {len(times)}; {spread})")
        print(f"  heavy packages imported: {run.stderr.strip()}")


if __name__ == "__main__":
    main()
