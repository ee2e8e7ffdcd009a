"""Seconds from process start to 60 generated tokens, and which heavy packages were imported on the way.

python -m benchmarks.start_up
"""

import statistics
import subprocess
import sys
import time

COMMAND = [sys.executable, "-m", "textrnn.generate", "To be or not to", "--seed", "7", "--max-tokens", "60"]
HEAVY = ("tensorflow", "keras", "nltk", "matplotlib")


def main() -> None:
    """Prints the median of ten runs."""
    times = []
    for _ in range(10):
        start = time.perf_counter()
        subprocess.run(COMMAND, capture_output=True, check=True)
        times.append(time.perf_counter() - start)
    code = (
        "import runpy, sys; sys.argv = sys.argv[1:]\ntry:\n runpy.run_module('textrnn.generate', run_name='__main__')\n"
    )
    code += f"except SystemExit: pass\nprint([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", code, "textrnn.generate", *COMMAND[3:]], capture_output=True, text=True)
    print(f"{statistics.median(times):.2f} s (median of {len(times)}; {min(times):.2f} to {max(times):.2f})")
    print(f"heavy packages imported: {run.stderr.strip()}")


if __name__ == "__main__":
    main()
