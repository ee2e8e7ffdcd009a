"""Promise 21: a training of several workers loses nothing when one of them is killed."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT

COMMAND = [
    sys.executable, "-m", "textrnn.train", "language-model", str(ROOT / "corpora" / "lighthouse.txt"),
    "--level", "char", "--units", "12", "--embedding-dim", "8", "--batch-size", "5", "--length", "20",
    "--dropout", "0.2", "--weight-drop", "0.1", "--steps", "120", "--validations", "20", "--patience", "0",
    "--initial-model", "none",
]  # fmt: skip


def train(output, *options, num_workers=2):
    """Starts a training of several workers."""
    command = [*COMMAND, "--workers", str(num_workers), "--output", str(output), *options]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def finish(process):
    """Waits for a training; returns its exit code and what it said."""
    _, errors = process.communicate()
    return process.returncode, errors


def workers_of(process):
    """Returns the ids of the processes that a training has started, in their order."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(child) for child in children.split()]


def wait_for_validations(output, number, process):
    """Waits until a run has been validated so often, or is over."""
    history = output / "history.csv"
    while process.poll() is None and (not history.exists() or history.read_bytes().count(b"\n") <= number):
        time.sleep(0.02)


def rows(output):
    """Returns the history, but for what the clock says."""
    return [line.split(",")[:5] for line in (output / "history.csv").read_text().splitlines()]


def assert_the_same_run(first, second):
    assert rows(first) == rows(second)
    assert (first / "weights.safetensors").read_bytes() == (second / "weights.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    output = tmp_path_factory.mktemp("workers") / "whole"
    code, errors = finish(train(output))
    assert code == 0, errors[-3000:]
    return output


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="finds the workers in /proc")
kills = pytest.mark.parametrize("num_kills", [1, pytest.param(10, marks=pytest.mark.slow)])


@needs_proc
@kills
def test_a_killed_worker_costs_nothing(whole, tmp_path, num_kills):
    output, randomness = tmp_path / "killed", random.Random(num_kills)
    for kill in range(num_kills):
        process = train(output, *(["--resume"] if kill else []))
        wait_for_validations(output, kill + 1, process)
        time.sleep(randomness.uniform(0, 0.3))
        began, victim = time.monotonic(), randomness.randrange(2)
        os.kill(workers_of(process)[victim], signal.SIGKILL)
        code, errors = finish(process)
        assert code == 2
        assert f"Worker {victim} of 2 was killed by signal 9" in errors
        assert time.monotonic() - began < 10
    code, errors = finish(train(output, "--resume"))
    assert code == 0, errors[-3000:]
    assert_the_same_run(whole, output)


@pytest.mark.slow
@needs_proc
def test_ray_starts_a_run_again_that_has_lost_a_worker(whole, tmp_path):
    pytest.importorskip("ray")
    output = tmp_path / "killed"
    command = [*COMMAND, "--workers", "2", "--output", str(output)]
    environment = {**os.environ, "RAY_ADDRESS": "local", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    wait_for_validations(output, 2, process)
    os.kill(descendants_called("ray::RayTrainWorker", process.pid)[-1], signal.SIGKILL)
    code, errors = finish(process)
    assert code == 0, errors[-3000:]
    assert "A worker on the Ray cluster is lost; the run is started again." in errors
    assert_the_same_run(whole, output)


@pytest.mark.slow
def test_ray_says_bad_input_once(tmp_path):
    """From the directory that paths are relative to."""
    pytest.importorskip("ray")
    (tmp_path / "text.txt").write_text("")
    command = [sys.executable, "-m", "textrnn.train", "language-model", "text.txt", "--workers", "2", "--output", "m"]
    environment = {**os.environ, "RAY_ADDRESS": "local", "PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert found.returncode == 2
    assert "\nerror: There is no text in text.txt: nothing but white space. Pass a corpus with text.\n" in found.stderr
    assert "started again" not in found.stderr


def descendants_called(name, ancestor):
    """Returns the ids of the processes of a name that a process has started, or those which it has started."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    parents, found = {}, []
    for line in listed.splitlines()[1:]:
        number, parent, arguments = line.split(maxsplit=2)
        parents[int(number)] = int(parent)
        if arguments.startswith(name):
            found.append(int(number))
    return [number for number in found if ancestor in ancestors(number, parents)]


def ancestors(number, parents):
    while number in parents:
        number = parents[number]
        yield number


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_all_at_one_step(whole, tmp_path, interruptible, name, code):
    output = tmp_path / "interrupted"
    process = train(output)
    wait_for_validations(output, 2, process)
    workers, began = workers_of(process), time.monotonic()
    process.send_signal(getattr(signal, name))
    assert finish(process)[0] == code
    assert time.monotonic() - began < 10
    assert not any(pathlib.Path(f"/proc/{worker}").exists() for worker in workers)
    assert finish(train(output, "--resume"))[0] == 0
    assert_the_same_run(whole, output)


@pytest.mark.slow
@needs_proc
def test_workers_end_with_the_command_that_started_them(tmp_path):
    output = tmp_path / "orphans"
    process = train(output)
    wait_for_validations(output, 2, process)
    workers = workers_of(process)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while any(pathlib.Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(pathlib.Path(f"/proc/{worker}").exists() for worker in workers)


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_workers(tmp_path, interruptible):
    rates = ("dropout", "weight-drop", "input-dropout", "output-dropout", "embedding-dropout")
    options = [word for rate in rates for word in (f"--{rate}", "0")]
    process = train(tmp_path / "changed", *options)
    wait_for_validations(tmp_path / "changed", 5, process)
    process.send_signal(signal.SIGINT)
    finish(process)
    for number in (3, 1):
        process = train(tmp_path / "changed", "--resume", *options, num_workers=number)
        if number == 3:
            wait_for_validations(tmp_path / "changed", 11, process)
            process.send_signal(signal.SIGINT)
        code, errors = finish(process)
    assert code == 0, errors[-3000:]
    assert finish(train(tmp_path / "alone", *options, num_workers=1))[0] == 0
    for found, expected in zip(rows(tmp_path / "changed")[1:], rows(tmp_path / "alone")[1:], strict=True):
        assert [float(value) for value in found] == pytest.approx([float(value) for value in expected], rel=1e-5)


def test_bad_input_is_said_once():
    command = [*COMMAND[:4], "missing.txt", "--workers", "2", "--output", os.devnull + "/x"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 2
    assert found.stderr.count("error:") == 1


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        (["--workers", "0"], {}, "--workers must be from 1 to 1024. Received: 0."),
        (["-", "--workers", "2"], {}, "Several workers cannot read one standard input."),
        (["--workers", "2"], {"TF_CONFIG": "{}"}, "TF_CONFIG says already which workers there are."),
    ],
)
def test_what_cannot_be(tmp_path, options, environment, said):
    start = len(COMMAND) if options[0] != "-" else 4
    command = [*COMMAND[:start], *options, "--output", str(tmp_path / "out")]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment})
    assert found.returncode == 2
    assert said in found.stderr
