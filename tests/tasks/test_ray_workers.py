"""What becomes of a run on a Ray cluster; `tests/reliability/test_workers.py` has such runs."""

import os

import pytest

from textrnn.config.cluster import WORKER_LOST
from textrnn.errors import TextrnnError
from textrnn.storage import CHECKPOINT
from textrnn.tasks import ray_workers


def test_bad_input_is_not_a_lost_worker():
    bad, lost, died = TextrnnError("no such file"), TextrnnError(WORKER_LOST), RuntimeError("the actor died")
    assert ray_workers.raised_by([lost, died]) is None
    assert ray_workers.raised_by([lost, bad]) is bad


@pytest.mark.parametrize("is_written", [False, True])
def test_a_run_that_is_started_again_goes_on_where_the_command_stood(tmp_path, monkeypatch, is_written):
    monkeypatch.chdir(tmp_path)  # to come back from it
    (tmp_path / "here" / "model").mkdir(parents=True)
    told = []
    settings = {
        "command": lambda arguments: told.append((os.path.basename(os.getcwd()), arguments)),
        "arguments": ["language-model", "text.txt", "--overwrite"],
        "directory": str(tmp_path / "here"),
        "output": str(tmp_path / "here" / "model"),
        "before": 0.0,
    }
    if is_written:
        (tmp_path / "here" / "model" / CHECKPOINT).touch()
    ray_workers.train_as_worker(settings)
    assert told == [("here", ["language-model", "text.txt", "--resume" if is_written else "--overwrite"])]
