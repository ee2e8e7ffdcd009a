"""Batches of speech: each clip once, joined clips with their texts, changes that stay within their bounds."""

import numpy as np
import pytest

from textrnn.config import RecogniserConfig, RecogniserTrainingConfig
from textrnn.preprocessing.spectra import SILENCE, band_frequencies, normalized, num_steps, stacked, with_margins
from textrnn.preprocessing.speech_batches import (
    Augmentation,
    SpeechData,
    SpeechPlan,
    coloured,
    echoing,
    faster,
    gated,
    masked,
    needed_steps,
    noisy,
    warped,
)

CONFIG = RecogniserConfig(num_bands=20, stacked_frames=3, stride=2)
CHANGES = Augmentation(**RecogniserTrainingConfig().augmentation())


def data(number=40, speakers=2, seed=0):
    """Returns clips whose symbols are their own numbers, twice; the space is symbol 1."""
    draw = np.random.default_rng(seed)
    frames = [draw.normal(-5, 2, (draw.integers(10, 60), 20)).astype(np.float16) for _ in range(number)]
    symbols = [np.array([clip + 2, clip + 2], np.int32) for clip in range(number)]
    return SpeechData(frames, symbols, np.array([1], np.int32), np.arange(number) % speakers)


def rows_of(plan, epoch=0):
    """Returns the clips of each row, read from its symbols."""
    rows = []
    for batch in plan.batches(epoch):
        for row in batch.targets:
            words = " ".join(map(str, row[row > 0])).split(" 1 ")
            assert all(len(set(word.split())) == 1 and len(word.split()) == 2 for word in words)
            rows.append([int(word.split()[0]) - 2 for word in words])
    return rows


def test_each_clip_once_an_epoch_and_only_with_its_speaker():
    plan = SpeechPlan(data(), CONFIG, 5.0, joined_clips=5, augmentation=CHANGES)
    for epoch in (0, 1):
        rows = rows_of(plan, epoch)
        assert sorted(clip for row in rows for clip in row) == list(range(40))
        assert all(len({clip % 2 for clip in row}) == 1 for row in rows)
        assert {len(row) for row in rows} >= {1, 2, 3}
        assert max(map(len, rows)) <= 5
    assert rows_of(plan, 0) != rows_of(plan, 1)
    assert len(list(plan.batches())) == plan.num_batches > 3


def test_validation_reads_each_clip_alone_and_with_others():
    plan = SpeechPlan(data(), CONFIG, 5.0, joined_clips=4)
    rows = rows_of(plan)
    assert sorted(clip for row in rows for clip in row) == sorted(2 * list(range(40)))
    assert sum(len(row) == 1 for row in rows) >= 40
    texts = [row.tolist() for row in plan.texts()]
    found = [row[row > 0].tolist() for batch in plan.batches() for row in batch.targets]
    assert texts == found


def test_batches_are_a_function_of_seed_and_epoch():
    plan = SpeechPlan(data(), CONFIG, 5.0, joined_clips=3, augmentation=CHANGES, seed=1)
    same, other = (SpeechPlan(data(), CONFIG, 5.0, 3, CHANGES, seed) for seed in (1, 2))
    for one, another in zip(plan.batches(3), same.batches(3), strict=True):
        np.testing.assert_array_equal(one.inputs[0], another.inputs[0])
        np.testing.assert_array_equal(one.targets, another.targets)
    assert rows_of(plan) != rows_of(other)


def test_a_batch_holds_no_more_than_its_seconds():
    plan = SpeechPlan(data(200), CONFIG, 6.0, joined_clips=3, augmentation=CHANGES)
    for batch in plan.batches():
        rows, steps = batch.inputs[1].shape
        assert rows == 1 or rows * (steps - 1) * CONFIG.step_seconds <= 6.0


@pytest.mark.parametrize("change", [None, CHANGES])
def test_every_row_has_room_for_its_text(change):
    """Clips of five frames and texts of ten characters: pauses make up for what is missing."""
    short = SpeechData(
        [np.zeros((5, 20), np.float16)] * 12, [np.full(10, 3, np.int32)] * 12, np.array([1], np.int32), np.zeros(12)
    )
    for batch in SpeechPlan(short, CONFIG, 5.0, 4, change).batches():
        lengths = batch.inputs[1].sum(axis=1)
        needed = [needed_steps(row[row > 0]) for row in batch.targets]
        assert (lengths >= needed).all()


def test_a_clip_alone_is_read_in_validation_as_it_is_transcribed():
    """The same frames that `textrnn.inference.recognition` makes of a clip."""
    clips = data(1)
    (batch,) = SpeechPlan(clips, CONFIG, 5.0).batches()
    expected = stacked(normalized(with_margins(clips.frames[0].astype(np.float32), CONFIG), CONFIG), CONFIG)
    np.testing.assert_array_equal(batch.inputs[0][0], expected)
    assert batch.inputs[1].all()
    assert len(expected) == num_steps(len(clips.frames[0]) + 20, CONFIG)


def test_speed_by_hand():
    frames = np.arange(5, dtype=np.float32)[:, np.newaxis]
    assert faster(frames, 5 / 3)[:, 0].tolist() == [0, 2, 4]
    assert faster(frames, 5 / 9)[:, 0].tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]
    assert faster(frames, 1.0) is frames
    assert faster(frames[:0], 1.3).shape == (0, 1)


@pytest.mark.parametrize("factor", [0.85, 1.15])
def test_a_shorter_vocal_tract_is_higher(factor):
    """What is at a frequency moves to that frequency times the factor, wherever it is."""
    centres = band_frequencies(CONFIG.sample_rate, CONFIG.num_bands)[1:-1]
    for band in range(2, CONFIG.num_bands - 2):
        frames = -np.abs(centres - centres[band])[np.newaxis].astype(np.float32)
        peak = int(warped(frames, factor, CONFIG).argmax())
        assert peak == np.abs(centres / factor - centres[band]).argmin()
    frames = np.random.default_rng(0).normal(size=(3, CONFIG.num_bands)).astype(np.float32)
    np.testing.assert_array_equal(warped(frames, 1.0, CONFIG), frames)


def test_colours_are_slow_and_as_large_as_asked_for():
    """Three waves of deviation 0.5, each of a mean square of one half: 0.5 * sqrt(3 / 2) altogether, in the middle."""
    found = np.array([coloured(40, 0.5, np.random.default_rng(seed)) for seed in range(500)])
    middle = found[:, 12:28]
    assert middle.std() == pytest.approx(0.5 * np.sqrt(1.5), rel=0.1)
    assert np.abs(np.diff(middle, axis=1)).max() < 0.6
    assert -2.0 < found[:, [0, -1]].mean() < -0.7  # less at the ends, by 3 * 0.5 * sqrt(2 / pi) at their very end
    assert not coloured(40, 0.0, np.random.default_rng(0)).any()


def test_an_echo_fades_as_fast_as_it_should():
    """A click in a room of 0.3 seconds: 60 decibels in 30 frames are 2 in each."""
    frames = np.full((60, 2), SILENCE)
    frames[5] = [0.0, -3.0]
    heard = echoing(frames, 0.3, per_second=100)
    np.testing.assert_allclose(np.diff(heard[5:20], axis=0), -0.2 * np.log(10), rtol=1e-3)
    assert (heard[:5] < -22).all()  # silence stays silent
    np.testing.assert_allclose(heard[5], frames[5], atol=1e-6)
    for seconds in (0.0, 1e-4):
        np.testing.assert_allclose(echoing(frames, seconds, per_second=100), frames, atol=1e-5)
    assert echoing(frames[:1], 3.0, per_second=100).shape == (1, 2)


def test_a_gate_leaves_what_is_loud():
    frames = np.linspace(-15, 0, 151, dtype=np.float32)[:, np.newaxis].repeat(2, axis=1)
    for seed in range(20):
        found = gated(frames, np.random.default_rng(seed))
        taken = found == SILENCE
        assert -9.8 < frames[~taken].min() < -4.6  # 4 to 9 nats below the loudest frames
        np.testing.assert_array_equal(found[~taken], frames[~taken])


def test_noise_is_never_louder_than_asked_for():
    """Speech at 0 and noise of at most a tenth of its level: 2 log 0.1 = -4.6 nats, a tilt and a ripple apart."""
    frames = np.full((200, 20), SILENCE)
    frames[50:150] = 0.0
    levels = []
    for seed in range(50):
        noise = noisy(frames, 0.1, np.random.default_rng(seed))
        assert (noise >= frames).all()
        levels.append(noise[:50].mean())
        assert noise[50:150].mean() < 0.05
    assert -4.6 + 0.3 > max(levels) > -6.6
    assert min(levels) < -10


def test_masks_by_count():
    frames = np.ones((100, 20), np.float32)
    shares = []
    for seed in range(200):
        found = masked(frames, Augmentation(frequency_mask=0.2, time_mask=0.1), np.random.default_rng(seed))
        assert set(np.unique(found)) <= {0.0, 1.0}
        assert (found == 0).all(axis=0).sum() <= 8  # two masks of at most a fifth of 20 bands
        assert (found == 0).all(axis=1).sum() <= 10  # two masks of at most a twentieth of 100 frames
        shares.append((found == 0).mean())
    assert 0.15 < np.mean(shares) < 0.25  # 2 * 2 of 20 bands and 2 * 2.5 of 100 frames, less what they share
    np.testing.assert_array_equal(masked(frames, Augmentation(), np.random.default_rng(0)), frames)
