import numpy as np
import pytest

from benchmarks import scaling


def test_the_document_has_the_tables_as_they_are_computed():
    document = scaling.PATH.read_text(encoding="utf-8")
    assert scaling.with_tables(document) == document, "run `python -m benchmarks.scaling --write`"
    assert [found[2] for found in scaling.TABLE.finditer(document)] == list(scaling.TABLES)
    for machines in (1, 64):
        assert f"{1e9 / scaling.BATCH_TOKENS / machines:,.0f}" in document


def test_a_ring_by_hand():
    """8 machines: 14 messages of an eighth of 37.00564 MB at 125 MB/s, and 0.1 ms for each."""
    assert scaling.ring_seconds(8, 1) == pytest.approx(14 * 37.00564 / 8 / 125 + 14 * 1e-4)
    assert scaling.ring_seconds(1, 1) == 0


@pytest.mark.parametrize("machines", [2, 3, 8])
def test_a_ring_sums_in_so_many_messages(machines):
    """Each machine passes one part on at a time; after `2 (n - 1)` messages of an n-th each, all have the sum."""
    draw = np.random.default_rng(machines)
    gradients = draw.integers(0, 100, (machines, machines))  # machine, part
    held, sent = gradients.copy(), 0
    for message in range(2 * (machines - 1)):
        passed = [(machine, (machine - message) % machines) for machine in range(machines)]
        values = [held[place] for place in passed]
        for (machine, part), value in zip(passed, values, strict=True):
            after = (machine + 1) % machines
            held[after, part] = value + held[after, part] if message < machines - 1 else value
        sent += 1
    assert (held == gradients.sum(axis=0)).all()
    part = scaling.GRADIENT_BYTES / machines
    assert scaling.ring_seconds(machines, 10) == pytest.approx(sent * (part / 1.25e9 + scaling.HOP_SECONDS))


def test_more_machines_are_faster_only_as_far_as_the_sum_lets_them():
    step = scaling.STEPS[0]
    for seconds in (scaling.seconds_with_more_rows, scaling.seconds_with_the_same_rows):
        assert seconds(step, 1e9, 1, 1) == pytest.approx(1e9 / 2048 * step.seconds)
        assert seconds(step, 1e9, 8, 10) > seconds(step, 1e9, 1, 1) / 8
    most = scaling.most_machines(step, 1)
    assert scaling.ring_seconds(most, 1) <= step.seconds < scaling.ring_seconds(most + 1, 1)
