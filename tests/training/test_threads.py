"""TensorFlow takes its threads once in a process, so each case here is a process of its own."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT, reversal_pairs
from textrnn import LanguageModel, Translator

PRELUDE = """
import io, json
from textrnn.config import NetworkConfig
from textrnn.progress import Progress
from textrnn.training import tf
from textrnn.training.threads import prepare_threads

set_by = tf.config.threading
notes = io.StringIO()

def prepare(units):
    prepare_threads(NetworkConfig(vocabulary_size=100, units=(units,), embedding_dim=8), Progress(notes))
    tf.zeros(1)
    threads.append([set_by.get_intra_op_parallelism_threads(), set_by.get_inter_op_parallelism_threads()])

threads = []
"""
SMALL, LARGE = 16, 300  # units of networks with 10,000 and 400,000 weights


def prepared(code, **variables):
    """Returns the threads after each `prepare` of a new process, 0 being TensorFlow's own choice, and the notes."""
    result = subprocess.run(
        [sys.executable, "-c", f"{PRELUDE}{code}; print(json.dumps([threads, notes.getvalue().splitlines()]))"],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def half_of_the_cores():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(cores // 2, 1)


def test_a_large_network_gets_threads_for_its_halves():
    shared = [half_of_the_cores(), 2]
    assert prepared(f"prepare({LARGE}); prepare({LARGE}); prepare({SMALL})") == [[shared] * 3, []]


def test_a_small_network_leaves_tensorflow_as_it_is_and_a_later_large_one_says_so_once():
    threads, notes = prepared(f"prepare({SMALL}); prepare({LARGE}); prepare({LARGE})")
    assert threads == [[0, 0]] * 3
    (note,) = notes
    assert note.startswith("note: TensorFlow was at work before this run, so it keeps its threads")


@pytest.mark.parametrize(
    ("code", "variables", "threads"),
    [
        ("set_by.set_intra_op_parallelism_threads(3); tf.zeros(1); ", {}, [3, 0]),
        ("", {"TF_NUM_INTRAOP_THREADS": "3"}, [0, 0]),
    ],
)
def test_threads_that_somebody_has_set_are_left_alone(code, variables, threads):
    assert prepared(f"{code}prepare({LARGE})", **variables) == [[threads], []]


class PreparedError(Exception):
    """Raised in the place of building a network."""


@pytest.mark.parametrize("kind", [LanguageModel, Translator])
def test_each_fit_prepares_threads_before_its_network_is_built(kind, monkeypatch, lighthouse, quiet):
    def prepare(config, progress):
        raise PreparedError

    monkeypatch.setattr("textrnn.training.threads.prepare_threads", prepare)
    for place in ("language_model.RecurrentNetwork", "translator.EncoderDecoder"):
        monkeypatch.setattr(f"textrnn.training.{place}.__init__", None)
    with pytest.raises(PreparedError):
        kind(level="word").fit(lighthouse if kind is LanguageModel else reversal_pairs(200, seed=1), progress=quiet)
