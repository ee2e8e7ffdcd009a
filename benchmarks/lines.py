"""Many lines in one process and in several: the same bytes, the time, and the memory of each process.

    python -m benchmarks.lines 1 2 --lines 100000                       # sentences of Tatoeba, below $TEXTRNN_CORPORA
    python -m benchmarks.lines 1 2 --input english.txt --num-beams 1

Each number is of processes, as `textrnn translate --jobs` takes it; all of them have one thread, that of 1 too. Times
are of the whole command. Memory is the peak of each process, as Linux tells it once a second.
"""

import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def sentences(number: int) -> list[str]:
    """Returns distinct English sentences of Tatoeba, in an order drawn once."""
    from textrnn.preprocessing import corpora

    lines = sorted({line.split("\t")[0] for line in corpora.load("tatoeba:eng-spa").lines()})
    if len(lines) < number:
        raise SystemExit(f"There are {len(lines):,} sentences, and {number:,} were asked for.")
    return [lines[index] for index in np.random.default_rng(0).permutation(len(lines))[:number]]


def peaks_of(process: int, peaks: dict[int, int]) -> None:
    """Notes the peak memory, in kilobytes, of a process and those that it has started."""
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text(encoding="utf-8").rpartition(") ")[2].split()[1])
            lines = (entry / "status").read_text(encoding="utf-8").splitlines()
        except OSError:  # it has just ended
            continue
        peak = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
        if process in (parent, int(entry.name)) and peak:
            peaks[int(entry.name)] = peak


def measured(jobs: int, source: pathlib.Path, output: pathlib.Path, options: list[str]) -> str:
    """Translates a file; returns what it took, in words."""
    command = [sys.executable, "-m", "textrnn.translate", "--input", str(source), "--output", str(output)]
    peaks: dict[int, int] = {}
    start, before = time.perf_counter(), os.times()
    with subprocess.Popen([*command, "--jobs", str(jobs), *options], env={**os.environ, **ONE_THREAD}) as process:
        while process.poll() is None:
            peaks_of(process.pid, peaks)
            time.sleep(1)
    if process.returncode:
        raise SystemExit(process.returncode)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    memory = ", ".join(f"{peak / 1024:.0f}" for peak in sorted(peaks.values(), reverse=True))
    digest = hashlib.sha256(output.read_bytes()).hexdigest()[:16]
    seconds = time.perf_counter() - start
    return f"{jobs} jobs: {seconds:.0f} s ({used:.0f} s of processors), {memory} MB, {digest}"


def main() -> None:
    """Measures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("jobs", nargs="+", type=int)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--input", type=pathlib.Path, help="a file, instead of sentences of Tatoeba")
    parser.add_argument("--num-beams", default="5")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        source = parsed.input or pathlib.Path(name, "lines.txt")
        if parsed.input is None:
            source.write_text("".join(f"{line}\n" for line in sentences(parsed.lines)), encoding="utf-8")
        outputs = [pathlib.Path(name, f"{place}.txt") for place in range(len(parsed.jobs))]
        for jobs, output in zip(parsed.jobs, outputs, strict=True):
            print(measured(jobs, source, output, ["--num-beams", parsed.num_beams]), flush=True)
        contents = {output.read_bytes() for output in outputs}
        print("the same bytes" if len(contents) == 1 else f"{len(contents)} different outputs")


if __name__ == "__main__":
    main()
