import numpy as np
import pytest

from textrnn.evaluation.bloom_filters import HashSample, SampledFilters, are_sampled

HASHES = np.random.default_rng(0).integers(0, 2**64, 20_000, dtype=np.uint64)


def sample_of(hashes, max_bytes):
    sample = HashSample(8, max_bytes)
    for part in np.array_split(np.concatenate([hashes, hashes]), 7):
        sample.add(part)
    return sample


def test_a_sample_holds_each_hash_once_and_those_of_small_value():
    for max_bytes, one_in in ((20_000, 1), (19_999, 2), (6000, 4), (1, 2**15)):
        sample = sample_of(HASHES, max_bytes)
        found = sample.hashes()
        assert len(found) <= max_bytes
        assert sample.one_in == pytest.approx(one_in, rel=1)  # the last depends on chance
        np.testing.assert_array_equal(found, np.sort(HASHES[are_sampled(HASHES, sample.one_in)]))


def test_one_in_so_many_is_sampled_and_all_of_a_larger_sample_hold_a_smaller_one():
    assert are_sampled(np.array([0, 2**64 - 1], np.uint64), 1).all()
    for one_in in (2, 7, 64):
        assert are_sampled(HASHES, one_in).mean() == pytest.approx(1 / one_in, rel=0.1)
    assert are_sampled(HASHES[are_sampled(HASHES, 8)], 4).all()


def test_nothing_is_a_sample_too():
    assert (HashSample(8, 100).hashes().tolist(), HashSample(8, 100).num_bytes) == ([], 0)
    filters = SampledFilters({})
    filters.add(HashSample(8, 100), 0.55)
    assert (filters.bits, filters.one_in, filters.false_positive_rate()) == ({}, 1, 0.0)
    assert filters.known(HASHES).sum() == 0


def test_filters_of_several_shares_miss_nothing_and_take_as_much_for_known_as_they_say():
    filters = SampledFilters({})
    for part, max_bytes in ((HASHES[:2000], 2000), (HASHES[2000:10_000], 2100), (HASHES[10_000:], 2000)):
        filters.add(sample_of(part, max_bytes), 0.55)
    assert set(filters.bits) == {1, 4, 8}
    assert filters.known(HASHES[:2000]).all()
    assert filters.known(HASHES[are_sampled(HASHES, 8)]).all()
    new = np.random.default_rng(1).integers(0, 2**64, 200_000, dtype=np.uint64)
    rate = filters.known(new[are_sampled(new, 8)]).mean()
    assert rate == pytest.approx(filters.false_positive_rate(), abs=0.01)
    assert rate < 0.08
    few = filters.known(HASHES[are_sampled(HASHES, 8)], one_in=1)
    assert few.mean() < 0.2
