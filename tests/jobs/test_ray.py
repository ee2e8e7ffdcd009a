"""Blocks on a Ray cluster of this computer; needs Ray, `pip install 'textrnn[ray]'`."""

import functools
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.jobs import workers
from textrnn.errors import TextrnnError

pytest.importorskip("ray")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two processors, whatever this computer has."""
    import ray

    os.environ["PYTHONPATH"] = str(ROOT)
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=10**8, log_to_driver=False)
    yield
    ray.shutdown()


def worked(make, items, results=None):
    from textrnn.jobs.ray_jobs import RayJobs

    results = [] if results is None else results
    with RayJobs(make, results.append, 2) as team:
        for item in items:
            team.put(item)
    return results


def test_results_come_in_order(cluster):
    """More than are sent together."""
    assert worked(workers.make_doubler, range(150)) == [2 * number for number in range(150)]


def test_an_error_comes_in_its_turn(cluster):
    results = []
    with pytest.raises(TextrnnError, match="3 is not doubled"):
        worked(workers.Failing, range(10), results)
    assert results == [0, 1, 2]


def test_what_a_process_died_of_is_begun_again(cluster, tmp_path):
    assert worked(functools.partial(functools.partial, workers.Dying(tmp_path, 5, 1)), range(12)) == list(range(12))
    assert len(list(tmp_path.iterdir())) == 1


def test_what_kills_three_processes_ends_the_work(cluster, tmp_path):
    results = []
    with pytest.raises(TextrnnError, match="^5: the Ray cluster has failed"):
        worked(functools.partial(functools.partial, workers.Dying(tmp_path, 5, 99)), range(12), results)
    assert results == [0, 1, 2, 3, 4]
    assert len(list(tmp_path.iterdir())) == 3


def test_translations_are_those_of_one_process(tmp_path):
    """The command, with an address."""
    lines = tmp_path / "lines.txt"
    lines.write_text("".join(f"I have {number} cats.\n" for number in range(300)))
    command = [sys.executable, "-m", "textrnn.translate", "--input", lines, "--num-beams", "1", "--output"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([*command, tmp_path / "one"], cwd=ROOT, env=environment, check=True)
    environment["RAY_ADDRESS"] = "local"
    found = subprocess.run(
        [*command, tmp_path / "two", "--jobs", "2"],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert f"{tmp_path / 'two'}: 300 lines for the 300 of {lines}" in found.stderr
