import pytest

from textrnn import TextrnnError
from textrnn.config.cluster import Cluster


def test_a_process_by_itself():
    cluster = Cluster.from_environment({})
    assert (cluster.size, cluster.rank, cluster.is_first) == (1, 0, True)


def test_a_worker_knows_its_place():
    cluster = Cluster(("a:1", "b:2", "c:3"), 2)
    assert Cluster.from_environment(cluster.to_environment()) == cluster
    assert (cluster.size, cluster.is_first) == (3, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "TF_CONFIG: cannot be read"),
        ("[]", "TF_CONFIG: cannot be read"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker"}}', "TF_CONFIG: cannot be read"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "no worker 1 among 1"),
        ('{"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}', "the workers are 'a:1'"),
        ('{"cluster": {"worker": 5}, "task": {"type": "worker", "index": 0}}', "the workers are 5"),
        ('{"cluster": {"worker": ["a", "b:2"]}, "task": {"type": "worker", "index": 0}}', "the workers are"),
        ('{"cluster": {"worker": ["a:1", "a:1"]}, "task": {"type": "worker", "index": 0}}', "a:1 stands there twice"),
        ('{"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}', "of the type 'worker'"),
    ],
)
def test_what_describes_no_workers(text, said):
    with pytest.raises(TextrnnError, match=said):
        Cluster.from_environment({"TF_CONFIG": text})
