"""TensorFlow takes its threads once in a process, so each case here is a process of its own."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

# What each case does after `import textrnn.training`; `fit` trains a network of about so many weights for one epoch.
PRELUDE = """
import contextlib, io, json, sys
from tests.conftest import ROOT
from textrnn import LanguageModel, Progress
from textrnn.training import tf

notes = io.StringIO()

def threads():
    set_by = tf.config.threading
    return [set_by.get_intra_op_parallelism_threads(), set_by.get_inter_op_parallelism_threads()]

def fit(units):
    model = LanguageModel(level="char", units=(units,), embedding_dim=8)
    model.fit(ROOT / "corpora" / "lighthouse.txt", epochs=1, length=32, progress=Progress(notes))

def notes_about_threads():
    return [line for line in notes.getvalue().splitlines() if "TensorFlow" in line]
"""


def run(code, **variables):
    """Returns what the code prints as JSON."""
    result = subprocess.run(
        [sys.executable, "-c", PRELUDE + code],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def test_only_a_fit_of_a_large_network_sets_threads():
    before, small = run("before = threads(); fit(16); print(json.dumps([before, threads()]))")
    assert before == small == [0, 0]  # TensorFlow's own choice
    large, notes = run("fit(300); print(json.dumps([threads(), notes_about_threads()]))")
    assert large == [max(cores() // 2, 1), 2]
    assert notes == []


def test_where_tensorflow_is_at_work_its_threads_stay_and_that_is_said_once():
    threads, notes = run(
        "tf.zeros(1); fit(300); fit(16); fit(300); print(json.dumps([threads(), notes_about_threads()]))"
    )
    assert threads == [0, 0]
    (note,) = notes
    assert note.startswith("note: TensorFlow was at work before this run, so it keeps its threads")


@pytest.mark.parametrize(
    ("code", "variables"),
    [
        ("tf.config.threading.set_intra_op_parallelism_threads(3); tf.zeros(1)", {}),
        ("tf.zeros(1)", {"TF_NUM_INTRAOP_THREADS": "3"}),
    ],
)
def test_threads_that_somebody_has_set_are_left_alone(code, variables):
    notes = run(f"{code}; fit(300); print(json.dumps(notes_about_threads()))", **variables)
    assert notes == []
