"""Cores are counted on systems of every kind: their calls and files are replaced."""

import os

import pytest

from textrnn import cores


@pytest.fixture(autouse=True)
def no_container(monkeypatch, tmp_path):
    monkeypatch.setattr(cores, "CONTROL_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(cores, "MOUNTED", tmp_path / "mounted")


def test_where_the_system_tells_its_answer_counts(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 7}, raising=False)
    assert cores.num_cores() == 3


@pytest.mark.parametrize(("count", "expected"), [(8, 8), (None, 1)])
def test_macos_and_windows_tell_only_how_many_there_are(monkeypatch, count, expected):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    assert cores.num_cores() == expected


def grouped(root, groups, files):
    """Writes what Linux would show: which groups a process is in, and the files of groups."""
    (root / "cgroup").write_text(groups, encoding="utf-8")
    for name, text in files.items():
        path = root / "mounted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


VERSION_1 = "12:cpuset:/docker/1f\n4:cpu,cpuacct:/docker/1f\n"


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 2),  # 1.5 cores' time: two threads get more done than one
        ("0::/\n", {"cpu.max": "20000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 16),
        ("0::/\n", {"cpu.max": "6400000 100000\n"}, 16),  # more than there are
        ("0::/a/b\n", {"a/cpu.max": "300000 100000\n", "a/b/cpu.max": "max 100000\n"}, 3),
        ("0::/a/b\n", {"a/cpu.max": "300000 100000\n", "a/b/cpu.max": "100000 100000\n"}, 1),
        ("0::/../../elsewhere\n", {"cpu.max": "400000 100000\n"}, 4),
        (VERSION_1, {"cpu/cpu.cfs_quota_us": "500000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 5),
        (
            VERSION_1,
            {
                "cpu,cpuacct/docker/1f/cpu.cfs_quota_us": "600000\n",
                "cpu,cpuacct/docker/1f/cpu.cfs_period_us": "100000\n",
            },
            6,
        ),
        (VERSION_1, {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 16),
        ("0::/\n", {"unified/cpu.max": "700000 100000\n"}, 7),
        ("0::/\n", {"cpu.max": "nonsense\n"}, 16),
        ("not a group\n", {}, 16),
    ],
)
def test_a_container_has_the_cores_that_its_limit_leaves(monkeypatch, tmp_path, groups, files, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    grouped(tmp_path, groups, files)
    assert cores.num_cores() == expected
