"""Promises 15 and 16: very long lines, closed pipes, full disks."""

import os
import resource
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def shell(command):
    return subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("reader", ["head -c 10", "head -n 1", "true"])
def test_a_closed_pipe_ends_quietly(trained, reverser, reader):
    lines = "a b c\\n" * 300
    for command in (
        f"{sys.executable} -m textrnn.generate It --model {trained[1]} --max-tokens 3000",
        f"printf '{lines}' | {sys.executable} -m textrnn.translate - --model {reverser[1]}",
    ):
        result = shell(f"{command} | {reader}")
        assert result.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_standard_output_is_reported(trained, reverser):
    for command in (
        f"generate It --model {trained[1]} --max-tokens 3000",
        f"generate It --model {trained[1]} --max-tokens 3 --json",
        f"translate 'a b' --model {reverser[1]}",
    ):
        result = shell(f"{sys.executable} -m textrnn.{command} > /dev/full")
        assert result.returncode == 2
        assert result.stderr.strip().splitlines() == ["error: output: No space left on device."]


MEASURED = (
    "import resource, sys; from textrnn import commands, evaluate;"
    "base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
    "status = commands.run(evaluate.command, sys.argv[1:]);"
    "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1000); sys.exit(status)"
)


@pytest.mark.slow
def test_a_gigabyte_in_one_line_is_refused(tmp_path, trained):
    path = tmp_path / "line.txt"
    with open(path, "wb") as file:
        for _ in range(1000):
            file.write(b"word " * 200_000)
    command = ["perplexity", str(path), "--model", str(trained[1])]
    run = subprocess.run([sys.executable, "-c", MEASURED, *command], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 2
    assert "line.txt, line 1" in run.stderr
    assert len(run.stderr.strip().splitlines()) <= 3
    assert int(run.stdout) < 300
    output = ["train", "language-model", str(path), "--output", str(tmp_path / "out")]
    run = subprocess.run([sys.executable, "-m", "textrnn", *output], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 2
    assert "line.txt, line 1" in run.stderr
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2_000_000
