"""What is heard of sound: the right band, whatever the loudness, frame by frame and block by block."""

import dataclasses

import numpy as np
import pytest

from textrnn.config import RecogniserConfig
from textrnn.preprocessing.spectra import (
    SILENCE,
    Spectrum,
    is_silent,
    mean_profile,
    mel_bands,
    normalized,
    num_steps,
    stacked,
    with_margins,
)

CONFIG = RecogniserConfig(sample_rate=8000, num_bands=20, stacked_frames=3, stride=2)


def noise(seconds, seed=0, level=0.1):
    return np.random.default_rng(seed).normal(0, level, round(8000 * seconds)).astype(np.float32)


def test_bands_by_hand():
    """The peak of band `k` is `k + 1` of 21 equal steps on the mel scale between 60 and 4,000 hertz."""
    bands = mel_bands(8000, 512, 20)
    mel = np.linspace(*(2595 * np.log10(1 + np.array([60, 4000]) / 700)), 22)
    peaks = 700 * (10 ** (mel / 2595) - 1)
    found = bands.argmax(axis=0) * 8000 / 512
    assert np.abs(found - peaks[1:-1]).max() <= 8000 / 512
    np.testing.assert_allclose(bands.sum(axis=0), 1, rtol=1e-5)
    assert (bands > 0).any(axis=0).all()


@pytest.mark.parametrize("frequency", [200, 700, 1500, 3000])
def test_a_tone_is_in_its_band(frequency):
    samples = np.sin(2 * np.pi * frequency * np.arange(4000) / 8000).astype(np.float32)
    frames = Spectrum(CONFIG)(samples)
    band = mel_bands(8000, 512, 20)[round(frequency * 512 / 8000)].argmax()
    assert (frames.argmax(axis=1) == band).all()


def test_an_energy_by_definition():
    """One frame by the formula of the transform, without FFT."""
    samples = noise(0.025)
    frame = samples - samples.mean()
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, 201) / 201)
    frequencies = np.arange(257)[:, np.newaxis] * np.arange(200) / 512
    power = np.abs((frame * window * np.exp(-2j * np.pi * frequencies)).sum(axis=1)) ** 2 / 200
    expected = np.log(power @ mel_bands(8000, 512, 20) + 1e-10)
    np.testing.assert_allclose(Spectrum(CONFIG)(samples)[0], expected, atol=1e-4)


def test_blocks_leave_no_trace():
    samples, spectrum = noise(1.013), Spectrum(CONFIG)
    whole = spectrum(samples)
    assert len(whole) == 100  # 200 samples each 80 of 8,104: 99 whole frames, and one for the 64 that are left
    for cuts in ([7], [80, 81, 4000], list(range(0, 8104, 50))):
        found = np.concatenate(list(spectrum.frames(np.split(samples, cuts))))
        np.testing.assert_allclose(found, whole, atol=1e-5)
    assert spectrum(np.zeros(0, np.float32)).shape == (0, 20)
    assert len(spectrum(noise(0.02))) == 1  # a clip that is shorter than a frame


def test_loudness_and_pauses_do_not_count():
    samples, spectrum = noise(0.5), Spectrum(CONFIG)
    expected = normalized(spectrum(samples), CONFIG)
    np.testing.assert_allclose(normalized(spectrum(samples * 0.05), CONFIG), expected, atol=1e-3)
    paused = np.pad(spectrum(samples), ((30, 70), (0, 0)), constant_values=SILENCE)
    np.testing.assert_allclose(normalized(paused, CONFIG)[30:-70], expected, atol=1e-5)


@pytest.mark.parametrize(("frames", "left"), [(50, 0.8), (200, 0.5), (1800, 0.1)])
def test_a_microphone_counts_the_less_the_more_is_said(frames, left):
    """Of half a second, 0.5 / 2.5 of the clip's own mean counts, of two seconds a half, of eighteen nine tenths."""
    speech = np.random.default_rng(0).normal(0, 0.1, (frames, 20)).astype(np.float32)
    microphone = np.linspace(-1, 1, 20).astype(np.float32)
    apart = normalized(speech + microphone, CONFIG) - normalized(speech, CONFIG)
    np.testing.assert_allclose(apart, np.broadcast_to(left * microphone / 3, apart.shape), atol=2e-3)
    same = dataclasses.replace(CONFIG, means=tuple(microphone.tolist()))  # that all clips were recorded with
    np.testing.assert_allclose(normalized(speech + microphone, same), normalized(speech, CONFIG), atol=1e-5)


def test_the_mean_over_clips_by_hand():
    """Of two clips of speech and silence: 1 and 3 in the lower half of the bands, 5 in the upper one."""
    clips = [np.full((9, 20), 5.0, np.float16) for _ in range(2)]
    for clip, low in zip(clips, (1, 3), strict=True):
        clip[:, :10] = low
        clip[6:] = SILENCE
    assert mean_profile(clips) == (-1.5,) * 10 + (1.5,) * 10


def test_silence():
    spectrum = Spectrum(CONFIG)
    assert is_silent(spectrum(np.zeros(4000, np.float32)))
    assert is_silent(spectrum(noise(0.5, level=1e-4)))  # 80 dB below the loudest there is
    assert not is_silent(spectrum(noise(0.5, level=3e-3)))
    assert is_silent(np.zeros((0, 20), np.float32))
    assert np.isfinite(normalized(spectrum(np.zeros(4000, np.float32)), CONFIG)).all()


def test_steps_by_hand():
    """Frames 0 to 4, three side by side, every second; what is missing at the end is the last one again."""
    frames = np.arange(5, dtype=np.float32)[:, np.newaxis] * np.ones(2, np.float32)
    config = RecogniserConfig(num_bands=4, stacked_frames=3, stride=2)
    assert stacked(frames, config)[:, ::2].tolist() == [[0, 1, 2], [2, 3, 4], [4, 4, 4]]
    for number in range(1, 12):
        assert len(stacked(np.zeros((number, 2), np.float32), config)) == num_steps(number, config)


def test_margins():
    """A tenth of a second on each side, which is ten frames."""
    frames = with_margins(np.ones((3, 20), np.float32), CONFIG)
    assert frames.shape == (23, 20)
    assert (frames[:10] == SILENCE).all()
    assert (frames[10:13] == 1).all()
    assert (frames[13:] == SILENCE).all()
