"""Promises 1 and 8: a run that was killed or interrupted goes on as if nothing had happened."""

import json

import pytest


def run_storm(forks, kind, directory, num_kills, seed=0):
    code = "import sys; from tests.reliability import training_runs; training_runs.run(*sys.argv[1:])"
    result = forks.run(code, kind, str(directory), str(num_kills), str(seed))
    assert result.returncode == 0, result.stderr[-3000:]
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("[")]


def steps(log):
    """Returns all logged steps; the last line before a kill may be torn."""
    found = []
    for line in log.read_text().splitlines():
        if line.startswith("[") and line.endswith("]") and line.count(",") == 2:
            epoch, batch, loss = json.loads(line)
            found.append(((epoch, batch), loss))
    return found


def assert_the_same_run(directory, name):
    whole = dict(steps(directory / "whole.log"))
    found = steps(directory / f"{name}.log")
    differing = [place for place, loss in found if whole[place] != loss]
    assert differing == []
    assert {place for place, _ in found} == set(whole)
    files = [(directory / run / "weights.safetensors").read_bytes() for run in ("whole", name)]
    assert files[0] == files[1]
    losses = [(directory / run / "history.csv").read_text().splitlines() for run in ("whole", name)]
    assert [line.split(",")[:5] for line in losses[0]] == [line.split(",")[:5] for line in losses[1]]


def test_a_language_model_survives_a_kill_and_signals(forks, tmp_path):
    interruptions = run_storm(forks, "language-model", tmp_path, num_kills=1)
    assert_the_same_run(tmp_path, "killed")
    assert [(name, status) for name, status, *_ in interruptions] == [("SIGINT", 130), ("SIGTERM", 143)]
    for _, _, seconds, num_steps in interruptions:
        assert seconds < 5
        assert num_steps < len(steps(tmp_path / "whole.log"))
    # The checkpoints are of the very steps at which the signals came: no step was made twice.
    assert len(steps(tmp_path / "interrupted.log")) == len(steps(tmp_path / "whole.log"))
    assert_the_same_run(tmp_path, "interrupted")


def test_a_translator_survives_a_kill(forks, tmp_path):
    run_storm(forks, "translator", tmp_path, num_kills=1)
    assert_the_same_run(tmp_path, "killed")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["language-model", "deep language-model", "translator"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_of_kills(forks, tmp_path, kind, seed):
    run_storm(forks, kind, tmp_path, num_kills=12, seed=seed)
    assert_the_same_run(tmp_path, "killed")
