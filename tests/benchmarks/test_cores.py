"""What more cores would give, computed from what fewer gave."""

import pytest

from benchmarks import cores
from benchmarks.training import Task
from benchmarks.turns import Result


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 1.0])
def test_the_share_that_made_the_times_is_found(share):
    seconds = {number: 8.0 / cores.amdahl(share, number) for number in (1, 2, 4)}
    assert cores.serial_share(seconds) == pytest.approx(share, abs=1e-6)


def test_more_than_twice_as_fast_is_no_negative_share():
    assert cores.serial_share({1: 10.0, 2: 4.0}) == 0.0


def result(*seconds):
    return Result(list(seconds), {}, 100.0)


def test_what_is_computed_is_marked_and_ends_where_a_batch_cannot_be_divided_further():
    """16,384 tokens a block: 4,096 tokens/s on one core, 1.6 times that on two, so a quarter of a step is serial."""
    task = Task(256, 4000)
    found = cores.table(task, {1: result(4.0, 3.9, 4.2), 2: result(2.5)}).splitlines()
    assert found[2:7] == [
        "| 1 | 1 | 4,096 | 1.00 | measured, 3,901 to 4,201 |",
        "| 2 | 2 | 6,554 | 1.60 | measured, 6,554 to 6,554 |",
        "| 4 | 4 | at most 9,362 | 2.29 | computed |",
        "| 8 | 4 | at most 9,362 | 2.29 | computed |",
        "| 16 | 4 | at most 9,362 | 2.29 | computed |",
    ]
    assert "25% of a step" in found[-1]
    assert "16 | 16" in cores.table(Task(256, 4000, batch_size=128), {1: result(16.0), 2: result(10.0)})


def test_one_core_says_nothing_of_more():
    assert "computed" not in cores.table(Task(256, 4000), {1: result(4.0)})
