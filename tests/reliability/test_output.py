"""Promises 15 and 16: very long lines, closed pipes, closed and full outputs, encodings that lack characters."""

import json
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


def test_closed_standard_streams(trained, reverser, tmp_path):
    python = f"{sys.executable} -m"
    generate = f"{python} textrnn.generate It --model {trained[1]} --max-tokens 3"
    translate = f"{python} textrnn.translate - --model {reverser[1]}"
    for command, status, error in (
        (f"{generate} >&-", 2, "error: output: Bad file descriptor.\n"),
        (f"echo a | {translate} >&-", 2, "error: output: Bad file descriptor.\n"),
        (f"{generate} --help >&-", 0, ""),
        (f"{translate} <&-", 2, "error: standard input: cannot be read: Bad file descriptor.\n"),
        (f"{generate} --temperature -1 2>&-", 2, ""),
        (f"{generate} <&- >&- 2>&-", 2, ""),
    ):
        result = shell(command)
        assert (result.returncode, result.stdout, result.stderr) == (status, "", error)


@pytest.mark.parametrize("variables", ["PYTHONIOENCODING=cp1252", "PYTHONIOENCODING=ascii", "LC_ALL=C PYTHONUTF8=0"])
def test_an_output_that_lacks_characters(trained, variables):
    prompt = "\u65e5 \U0001f602 It"
    command = f"{variables} {sys.executable} -m textrnn.generate '{prompt}' --model {trained[1]} --max-tokens 3"
    result = shell(command)
    assert result.returncode == 0
    assert result.stdout.startswith("? ? It")
    assert result.stderr.count("note: standard output is in ") == 1
    assert "which has no U+65E5; a ? stands for what it lacks" in result.stderr
    plain = json.loads(shell(f"{command} --json").stdout)
    assert plain["results"][0]["prompt"] == prompt


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
