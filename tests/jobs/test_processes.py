import functools
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT
from tests.jobs import workers
from textrnn.errors import TextrnnError
from textrnn.jobs.crews import crew
from textrnn.jobs.processes import WAITING_PER_JOB


def worked(make, items, jobs=2, results=None, last=None):
    """Returns the results; where that is an error, `results` has those before it."""
    results = [] if results is None else results
    with crew(make, results.append, jobs) as team:
        for item in items:
            team.put(item)
        if last is not None:
            raise last
    return results


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_order(jobs):
    assert worked(workers.make_doubler, range(50), jobs) == [2 * number for number in range(50)]
    assert worked(workers.make_doubler, [], jobs) == []


def test_a_script_needs_no_guard(tmp_path):
    """Processes that are spawned run the script that starts them again, by Python's own rules."""
    path = tmp_path / "script.py"
    path.write_text(
        "from tests.jobs import test_processes, workers\n"
        "print(test_processes.worked(workers.make_doubler, range(5)), __file__)\n"
    )
    found = subprocess.run(
        [sys.executable, str(path)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
        check=True, text=True,
    )  # fmt: skip
    assert (found.stdout, found.stderr) == (f"[0, 2, 4, 6, 8] {path}\n", "")


def test_what_is_done_early_waits_for_its_turn_and_not_without_end():
    results, most = [], 0
    with crew(workers.make_slow_beginner, results.append, 2) as team:
        for number in range(40):
            team.put(number)
            most = max(most, len(team.pieces))
    assert results == list(range(40))
    assert most == 2 * WAITING_PER_JOB


def test_each_process_has_one_thread():
    told = worked(workers.make_process_teller, range(6))
    assert len({process for process, _, _ in told} - {os.getpid()}) == 2
    assert {threads for _, threads, _ in told} == {1}
    assert {blas for _, _, blas in told} == {1}


@pytest.mark.parametrize("times", [1, 2])
def test_what_a_process_died_of_is_begun_again(tmp_path, times):
    make = functools.partial(functools.partial, workers.Dying(tmp_path, 5, times))
    assert worked(make, range(12)) == list(range(12))
    assert len(list(tmp_path.iterdir())) == times


def test_what_kills_three_processes_is_named_after_all_before_it_is_done(tmp_path):
    make = functools.partial(functools.partial, workers.Dying(tmp_path, 5, 99))
    results = []
    with pytest.raises(TextrnnError, match="^5: 3 processes have ended"):
        worked(make, range(100), results=results)
    assert results == [0, 1, 2, 3, 4]


def test_an_error_comes_in_its_turn():
    results = []
    with pytest.raises(TextrnnError, match="3 is not doubled"):
        worked(workers.Failing, range(100), results=results)
    assert results == [0, 1, 2]


def test_what_was_begun_is_ended_where_no_more_can_be_read():
    results = []
    with pytest.raises(TextrnnError, match="unreadable"):
        worked(workers.make_doubler, range(5), results=results, last=TextrnnError("unreadable"))
    assert results == [0, 2, 4, 6, 8]


def test_what_cannot_be_made_is_known_at_once():
    with pytest.raises(TextrnnError, match="no such model"):
        crew(workers.make_broken, print, 2)
    for jobs in (0, -1, 1.5, 100_000):
        with pytest.raises(TextrnnError, match="`jobs` must be a whole number"):
            crew(workers.make_doubler, print, jobs)


SLEEPING = """
import os, sys
from tests.jobs import workers
from textrnn import commands
from textrnn.jobs.crews import crew

def command(arguments):
    with crew(workers.make_sleeper, print, 2) as team:
        team.put(0)
        team.put(1)
        print(*(list(worker.executor._processes)[0] for worker in team.workers), flush=True)

if __name__ == "__main__":
    sys.exit(commands.run(command))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="there is no /proc here")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
@pytest.mark.parametrize("seconds", [0.0, 1.5])  # while the processes begin, and while they work
def test_no_process_outlives_its_crew(tmp_path, interruptible, number, status, seconds):
    """A Ctrl-C goes to the whole group, as a terminal sends it; the others to the first process alone."""
    script = tmp_path / "sleeping.py"
    script.write_text(SLEEPING)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        [sys.executable, script], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, process_group=0, **pipes
    ) as process:
        found = [int(one) for one in process.stdout.readline().split()]
        assert len(found) == 2
        time.sleep(seconds)
        begun = time.monotonic()
        if number == signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        error = process.communicate(timeout=20)[1]  # which ends when nobody has the pipe any more
        assert time.monotonic() - begun < 5
    assert process.returncode == status
    if number != signal.SIGKILL:  # after which Python cleans up and says so
        assert error == ("interrupted\n" if number == signal.SIGINT else "")
    assert not any(is_running(one) for one in found)


def is_running(process):
    """Says whether a process still does anything: one that has ended may wait there until somebody asks for its end."""
    try:
        state = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
