import json

import numpy as np
import pytest
import tensorflow as tf

from tests.training.worker_runs import RUNS
from textrnn import TextrnnError
from textrnn.config.cluster import Cluster
from textrnn.tasks.local_workers import free_ports
from textrnn.training.workers import Workers, joined_strategy

ONE_CORE = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "2", "OMP_NUM_THREADS": "1"}


CODE = "import sys; from tests.training import worker_runs; worker_runs.run(*sys.argv[1:])"


@pytest.fixture
def train(forks):
    """Returns a function that trains models of `worker_runs` in some processes.

    It returns for each process what it printed, by name.
    """

    def train(directory, num_workers, steps, *options):
        addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(num_workers))
        clusters = [Cluster(addresses, rank).to_environment() for rank in range(num_workers)]
        variables = [{**ONE_CORE, **cluster} for cluster in (clusters if num_workers > 1 else [{}])]
        results = forks.run_together(CODE, [str(directory), str(steps), *options], variables)
        assert [result.returncode for result in results] == [0] * num_workers, results[0].stderr[-3000:]
        return [{row["name"]: row for row in map(json.loads, result.stdout.splitlines())} for result in results]

    return train


@pytest.mark.parametrize(("names", "steps"), [(["stream"], 24), pytest.param(list(RUNS), 200, marks=pytest.mark.slow)])
def test_two_workers_train_what_one_trains(train, tmp_path, names, steps):
    """Sums of float32 differ by their order, and nothing else does; the first worker writes."""
    (alone,) = train(tmp_path / "alone", 1, steps, *names)
    first, second = train(tmp_path / "together", 2, steps, *names)
    assert first == second
    for name in names:
        assert len(alone[name]["steps"]) == steps
        for part in ("steps", "validations"):
            np.testing.assert_allclose(first[name][part], alone[name][part], rtol=1e-6)
        files = [{path.name for path in (tmp_path / how / name).iterdir()} for how in ("alone", "together")]
        assert files[0] == files[1]


@pytest.mark.slow
def test_with_dropout_workers_repeat_themselves_and_learn_as_well(train, tmp_path):
    (alone,) = train(tmp_path / "alone", 1, 200, *RUNS, "--dropout")
    first, again = (train(tmp_path / name, 2, 200, *RUNS, "--dropout")[0] for name in ("first", "again"))
    assert first == again
    for name in RUNS:
        assert first[name]["steps"] != alone[name]["steps"]
        assert first[name]["validations"][-1] == pytest.approx(alone[name]["validations"][-1], rel=0.05)


def test_rows_are_shared_out_in_order():
    rows = np.arange(7)
    shares = [several(rank, 3).share((rows, rows[:, np.newaxis])) for rank in range(3)]
    assert np.concatenate([own for (own, _), _ in shares]).tolist() == rows.tolist()
    assert [weight for _, weight in shares] == [1.0, 1.0, 1.0]


def test_a_worker_without_rows_computes_one_that_does_not_count():
    shares = [several(rank, 3).share(np.array([4, 5])) for rank in range(3)]
    assert [(own.tolist(), weight) for own, weight in shares] == [([4], 0.0), ([4], 1.0), ([5], 1.0)]


def test_each_worker_has_dropout_of_its_own():
    seed = np.array([2**32 - 1, 9], np.uint32)
    seeds = [several(rank, 3).shifted(seed) for rank in range(3)]
    assert seeds[0].tolist() == seed.tolist()
    assert len({int(one[0]) for one in seeds}) == 3
    assert {(int(one[1]), one.dtype) for one in seeds} == {(9, np.dtype(np.uint32))}


def test_a_process_by_itself_needs_nobody():
    workers = Workers()
    assert workers.is_first
    assert not workers.are_several
    assert workers.summed_numbers(2.5, 3.0) == [2.5, 3.0]
    assert workers.of_the_first(7.0) == 7.0
    assert workers.any_interrupted(True)
    assert not workers.any_stopped(False)
    workers.check_same("whatever")
    rows = np.arange(3)
    assert workers.share(rows)[0] is rows
    assert workers.gathered([rows], 3)[0].tolist() == [0, 1, 2]


def several(rank, size):
    """Returns a worker that has not joined the others, and can do what it does by itself."""
    workers = Workers()
    workers.rank, workers.size = rank, size
    return workers


def test_workers_that_cannot_be_joined(monkeypatch):
    def refuse(**options):
        raise tf.errors.UnknownError(None, None, "Could not start gRPC server\nand more")

    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", refuse)
    with pytest.raises(
        TextrnnError, match="Worker 1 of 2, at b:2, cannot be joined to the others: .* gRPC server. Its"
    ):
        joined_strategy(Cluster(("a:1", "b:2"), 1))
