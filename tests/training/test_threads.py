"""TensorFlow takes its threads once in a process, so each case here is a fork of its own, and one a new process."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT, reversal_pairs
from textrnn import LanguageModel, Translator

PRELUDE = """
import io, json
from textrnn.config import NetworkConfig, TrainingConfig
from textrnn.progress import Progress
from textrnn.training import devices, tf
from textrnn.training.threads import prepare_threads

set_by = tf.config.threading
notes = io.StringIO()

def prepare(units, **options):
    config = NetworkConfig(vocabulary_size=100, units=(units,), embedding_dim=8)
    parts.append(prepare_threads(devices.Device(), config, TrainingConfig(**options), Progress(notes)).parts)
    tf.zeros(1)
    threads.append([set_by.get_intra_op_parallelism_threads(), set_by.get_inter_op_parallelism_threads()])

threads, parts = [], []
devices.num_cores = lambda: cores
"""
SMALL, LARGE = 16, 300  # units of networks with 10,000 and 400,000 weights


@pytest.fixture
def prepared(forks):
    """Returns a function that runs code where TensorFlow has not begun to work, on so many cores.

    It returns the threads after each `prepare`, 0 being TensorFlow's own choice; the numbers of parts; the notes.
    """

    def run(code, cores=2, **variables):
        unset = dict.fromkeys(name for name in os.environ if name.startswith("TF_NUM_"))
        result = forks.run(program(code, cores), **unset, **variables)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout.splitlines()[-1])

    return run


def program(code, cores):
    return f"{PRELUDE}cores = {cores}; {code}; print(json.dumps([threads, parts, notes.getvalue().splitlines()]))"


@pytest.mark.parametrize(
    ("cores", "rows", "parts", "threads"),
    [
        (1, 32, 1, [0, 0]),
        (2, 32, 2, [1, 2]),
        (3, 32, 3, [1, 3]),
        (4, 32, 4, [1, 4]),
        (16, 32, 4, [12, 4]),  # the other twelve help the four
        (16, 512, 16, [1, 16]),
        (4, 12, 1, [0, 0]),
    ],
)
def test_a_large_network_gets_a_part_and_a_thread_for_each_core(prepared, cores, rows, parts, threads):
    code = f"prepare({LARGE}, batch_size={rows}); prepare({LARGE}, batch_size={rows}); prepare({SMALL})"
    assert prepared(code, cores) == [[threads] * 3, [parts, parts, 1], []]


def test_a_new_process_does_what_a_fork_does():
    command = [sys.executable, "-c", program(f"prepare({LARGE}, batch_size=32)", cores=4)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_NUM_")}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(result.stdout.splitlines()[-1]) == [[[1, 4]], [4], []]


def test_a_run_that_is_resumed_keeps_its_parts_and_gets_threads_for_them(prepared):
    assert prepared(f"prepare({LARGE}, parts=2)", cores=8) == [[[6, 2]], [2], []]
    assert prepared(f"prepare({LARGE}, parts=1)", cores=8) == [[[0, 0]], [1], []]


def test_a_small_network_leaves_tensorflow_as_it_is_and_a_later_large_one_says_so_once(prepared):
    threads, parts, notes = prepared(f"prepare({SMALL}); prepare({LARGE}); prepare({LARGE})")
    assert threads == [[0, 0]] * 3
    assert parts == [1, 2, 2]
    (note,) = notes
    assert note.startswith("note: TensorFlow was at work before this run, so it keeps its threads")


@pytest.mark.parametrize(
    ("code", "variables", "threads", "parts"),
    [
        ("set_by.set_intra_op_parallelism_threads(3); tf.zeros(1); ", {}, [3, 0], 3),
        ("", {"TF_NUM_INTRAOP_THREADS": "3"}, [0, 0], 3),
        ("", {"TF_NUM_INTRAOP_THREADS": "1"}, [0, 0], 1),
        ("", {"TF_NUM_INTRAOP_THREADS": "8"}, [0, 0], 4),  # more than there are cores
    ],
)
def test_threads_that_somebody_has_set_are_left_alone_and_say_how_many_parts_there_are(
    prepared, code, variables, threads, parts
):
    assert prepared(f"{code}prepare({LARGE})", cores=4, **variables) == [[threads], [parts], []]


class PreparedError(Exception):
    """Raised in the place of building a network."""


@pytest.mark.parametrize("kind", [LanguageModel, Translator])
def test_each_fit_prepares_threads_before_its_network_is_built(kind, monkeypatch, lighthouse, quiet):
    def prepare(device, config, fitting, progress):
        raise PreparedError

    monkeypatch.setattr("textrnn.training.threads.prepare_threads", prepare)
    for place in ("language_model.RecurrentNetwork", "translator.EncoderDecoder"):
        monkeypatch.setattr(f"textrnn.training.{place}.__init__", None)
    with pytest.raises(PreparedError):
        kind(level="word").fit(lighthouse if kind is LanguageModel else reversal_pairs(200, seed=1), progress=quiet)
