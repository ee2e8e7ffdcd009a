import numpy as np
import pytest

from textrnn.preprocessing.pair_batches import (
    EncodedPairs,
    PairPlan,
    pair_batch,
    pairs_digest,
)
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID


def encoded(*lengths):
    generator = np.random.default_rng(0)
    return EncodedPairs(
        *([generator.integers(4, 90, pair[side]).astype(np.int32) for pair in lengths] for side in (0, 1))
    )


def test_filters():
    """A ratio of 3 drops (10, 31); lengths over 40 drop (41, 41); short pairs pass whatever their ratio."""
    some = encoded((10, 30), (10, 31), (41, 41), (40, 40), (1, 8), (1, 9))
    assert some.kept(max_length=40, max_ratio=3).tolist() == [0, 3, 4]


def test_pairs_of_languages_with_unlike_tokens_are_measured_by_what_is_usual():
    """A target token for four source tokens: 40 and 10 are as usual, 40 and 40 or 160 and 10 four times that."""
    usual = [(40, 10)] * 150
    some = encoded(*usual, (40, 40), (39, 40), (160, 10), (164, 10), (44, 10))
    assert some.kept(max_length=200, max_ratio=4).tolist()[150:] == [150, 152, 154]
    alike = encoded(*[(40, 30)] * 150, (40, 10), (40, 9))
    assert alike.kept(max_length=200, max_ratio=4).tolist()[150:] == [150]


def test_a_batch_is_padded_on_the_right():
    batch = pair_batch([np.array([5, 6]), np.array([7])], [np.array([8]), np.array([9, 10])])
    assert batch.inputs[0].tolist() == [[5, 6, EOS_ID], [7, EOS_ID, 0]]
    assert batch.inputs[1].tolist() == [[BOS_ID, 8, 0], [BOS_ID, 9, 10]]
    assert batch.targets.tolist() == [[8, EOS_ID, 0], [9, 10, EOS_ID]]


def rows(batch):
    return [
        (tuple(source[source != 0]), tuple(target[target != 0]))
        for source, target in zip(batch.inputs[0], batch.targets, strict=True)
    ]


def test_batches_hold_every_pair_once_within_the_budget():
    lengths = np.random.default_rng(1).integers(1, 30, (500, 2))
    some = encoded(*lengths)
    plan = PairPlan(some, batch_tokens=200, seed=5)
    batches = list(plan.batches(0))
    assert len(batches) == plan.num_batches
    assert all(batch.targets.size <= 200 for batch in batches)
    found = [row for batch in batches for row in rows(batch)]
    expected = [((*s, EOS_ID), (*t, EOS_ID)) for s, t in zip(some.sources, some.targets, strict=True)]
    assert sorted(found) == sorted(expected)
    waste = 1 - sum((batch.targets != 0).sum() for batch in batches) / sum(batch.targets.size for batch in batches)
    assert waste < 0.05
    again = [row for batch in plan.batches(0) for row in rows(batch)]
    assert again == found
    assert [row for batch in plan.batches(1) for row in rows(batch)] != found
    assert plan.num_targets == sum(length + 1 for length in lengths[:, 1])


def test_a_pair_over_the_budget_is_a_batch_of_its_own():
    (batch, *rest) = PairPlan(encoded((3, 50)), batch_tokens=10).batches()
    assert batch.targets.shape == (1, 51)
    assert not rest


def test_joined_pairs():
    """About the share asked for stands in rows of two; nothing is lost."""
    some = encoded(*np.random.default_rng(1).integers(1, 9, (2000, 2)))
    plan = PairPlan(some, batch_tokens=400, seed=5, joined_pairs=0.3)
    num_rows = sum(len(batch.targets) for batch in plan.batches())
    assert 2 * (2000 - num_rows) / 2000 == pytest.approx(0.3, abs=0.04)
    num_real = sum(int((batch.targets > EOS_ID).sum()) for batch in plan.batches())
    assert num_real == sum(len(ids) for ids in some.targets)


def test_digest_sees_where_sentences_end():
    one = EncodedPairs([np.array([5, 6]), np.array([7])], [np.array([8]), np.array([9])])
    other = EncodedPairs([np.array([5]), np.array([6, 7])], [np.array([8]), np.array([9])])
    assert pairs_digest(one) != pairs_digest(other)
