"""Resampled sound is what would have been recorded at the other rate."""

import numpy as np
import pytest

from textrnn.preprocessing.resampling import resampled, resampled_blocks

RATES = [(44_100, 8000), (48_000, 16_000), (8000, 16_000), (22_050, 16_000), (11_025, 8000), (12_000, 16_000)]


def tone(frequency, rate, phase=0.0):
    return np.sin(2 * np.pi * frequency * np.arange(rate // 2) / rate + phase).astype(np.float32)


@pytest.mark.parametrize(("rate", "new_rate"), RATES)
def test_tones_are_kept_in_place(rate, new_rate):
    """Against the same tones sampled at the other rate, but for the ends, before and after which there is nothing."""
    for frequency in (100, 440, 1000, 3000):
        found, expected = resampled(tone(frequency, rate, 0.3), rate, new_rate), tone(frequency, new_rate, 0.3)
        assert found.dtype == np.float32
        assert abs(len(found) - len(expected)) <= 1
        end = min(len(found), len(expected)) - 150
        np.testing.assert_allclose(found[150:end], expected[150:end], atol=2e-4)


@pytest.mark.parametrize(("rate", "frequency"), [(44_100, 4300), (48_000, 7000), (16_000, 5000), (44_100, 15_000)])
def test_what_the_lower_rate_cannot_hold_is_gone(rate, frequency):
    """It would come back as a tone that nobody played: 5,000 hertz at 8,000 samples a second as 3,000."""
    assert np.abs(resampled(tone(frequency, rate), rate, 8000)[200:-200]).max() < 1e-3


@pytest.mark.parametrize(("rate", "new_rate"), RATES)
def test_blocks_leave_no_trace(rate, new_rate):
    samples = np.random.default_rng(0).normal(size=9000).astype(np.float32)
    whole = resampled(samples, rate, new_rate)
    assert len(whole) == -(-len(samples) * new_rate // rate)
    for cuts in ([1], [10, 11, 4000], list(range(100, 9000, 100)), [0, 9000]):
        found = np.concatenate(list(resampled_blocks(np.split(samples, cuts), rate, new_rate)))
        np.testing.assert_allclose(found, whole, atol=1e-5)


def test_nothing_and_hardly_anything():
    assert resampled(np.zeros(0, np.float32), 44_100, 8000).shape == (0,)
    assert resampled(np.ones(1, np.float32), 44_100, 8000).shape == (1,)
    same = np.arange(5, dtype=np.float32)
    np.testing.assert_array_equal(resampled(same, 8000, 8000), same)


def test_like_the_resampling_of_scipy():
    """scipy comes with the extra "classification"; it has another filter, so the two agree where both let pass."""
    signal = pytest.importorskip("scipy.signal")
    samples = np.convolve(np.random.default_rng(1).normal(size=8820), np.hanning(64) / 32, mode="same")  # low tones
    found = resampled(samples.astype(np.float32), 44_100, 16_000)
    expected = signal.resample_poly(samples, 160, 441)
    np.testing.assert_allclose(found[50:-50], expected[50:-50], atol=5e-3 * np.abs(expected).max())


def test_a_rate_that_nobody_has():
    """47,999 to 8,000 would need 8,000 phases; 48,000 to 8,000 needs one, and is off by 75 milliseconds in an hour."""
    found = resampled(tone(440, 47_999), 47_999, 8000)
    expected = tone(440, 8000)[: len(found)]
    np.testing.assert_allclose(found[150:3000], expected[150:3000], atol=0.03)
