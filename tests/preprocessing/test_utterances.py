"""Long sound is cut at its pauses, and nothing of it is lost."""

import numpy as np
import pytest

from textrnn.preprocessing.utterances import LONGEST, utterances


def frames_of(pauses, seconds):
    """Returns loud frames, a hundred a second, with a pause of half a second at each of some seconds."""
    frames = np.random.default_rng(0).normal(0, 0.1, (100 * seconds, 4)).astype(np.float32)
    for pause in pauses:
        frames[100 * pause : 100 * pause + 50] -= 8
    return frames


def test_cuts_are_in_the_pauses():
    frames = frames_of([9, 17, 28], 36)
    found = list(utterances([frames], 100))
    starts = [first for first, _ in found]
    assert starts[0] == 0
    for start, pause in zip(starts[1:], [9, 17, 28], strict=True):
        assert 100 * pause <= start <= 100 * pause + 50


@pytest.mark.parametrize("size", [7, 100, 1000, 5000])
def test_every_frame_is_in_one_utterance(size):
    frames = frames_of([5, 10, 20], 50)
    blocks = [frames[start : start + size] for start in range(0, len(frames), size)]
    found = list(utterances(blocks, 100))
    np.testing.assert_array_equal(np.concatenate([part for _, part in found]), frames)
    assert [first for first, _ in found] == np.cumsum([0, *(len(part) for _, part in found)])[:-1].tolist()
    assert max(len(part) for _, part in found) <= 100 * LONGEST


def test_short_sound_is_one_utterance():
    frames = frames_of([1], 3)
    ((first, found),) = utterances([frames], 100)
    assert first == 0
    np.testing.assert_array_equal(found, frames)
    assert list(utterances([], 100)) == []
    assert list(utterances([frames[:0]], 100)) == []
