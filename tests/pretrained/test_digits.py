"""The shipped recogniser `digits`."""

import configparser

import numpy as np
import pytest

from tests.clips import tones, write_wave
from tests.conftest import ROOT
from textrnn import Recogniser
from textrnn.preprocessing.downloads import local_copy
from textrnn.preprocessing.resampling import resampled
from textrnn.preprocessing.waves import opened_sound
from textrnn.storage import PRETRAINED

CLIP = ROOT / "corpora" / "digits.wav"
SAID = "three one four"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture(scope="module")
def digits():
    return Recogniser.load("digits")


@pytest.fixture(scope="module")
def samples():
    with opened_sound(CLIP) as sound:
        assert sound.rate == 8000
        return np.concatenate(list(sound.blocks))


def test_it_is_small():
    assert sum(path.stat().st_size for path in (PRETRAINED / "digits").iterdir()) <= 1_000_000


def test_its_licence_is_beside_it_and_named():
    licence = (PRETRAINED / "digits" / "LICENSE").read_text(encoding="utf-8")
    assert "Attribution-ShareAlike 4.0 International" in licence
    assert "Free Spoken Digit Dataset" in licence
    assert "CC BY-SA 4.0" in (PRETRAINED / "digits" / "README.md").read_text(encoding="utf-8")
    assert "CC BY-SA 4.0" in (PRETRAINED / "README.md").read_text(encoding="utf-8")
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg")
    assert "CC-BY-SA-4.0" in metadata["metadata"]["license"]
    assert "textrnn/pretrained/digits/LICENSE" in metadata["metadata"]["license_files"].split()


def test_the_clip_of_the_corpora(digits):
    """A voice that it was not trained on: that of a program."""
    assert digits.transcribe(CLIP) == SAID
    (transcript,) = digits.transcripts([CLIP])
    times = [word.seconds for word in transcript.words]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] < transcript.seconds
    assert transcript.confidence > 0.5
    assert not transcript.note


def test_what_is_no_digit_is_noted(digits):
    """Its words are digits whatever is said; that they fit badly is heard."""
    (transcript,) = digits.transcripts([tones("good morning everybody")])
    assert set(transcript.text.split()) <= set(WORDS)
    assert transcript.note.startswith("it sounds unlike the clips")


@pytest.mark.parametrize("level", [0.02, 0.2, 0.9])
def test_loudness_does_not_matter(digits, samples, level):
    assert digits.transcribe(samples * level / np.abs(samples).max(), rate=8000) == SAID


@pytest.mark.parametrize(("rate", "width"), [(16_000, 1), (44_100, 3), (48_000, 4)])
def test_rate_channels_and_bits_do_not_matter(digits, samples, rate, width, tmp_path):
    other = resampled(samples, 8000, rate)
    path = write_wave(tmp_path / "clip.wav", np.stack([other, other], axis=1), rate, width)
    assert digits.transcribe(path) == SAID


def test_a_long_clip_is_read_piece_by_piece(digits, samples):
    times = 8
    said = digits.transcribe(np.tile(np.append(samples, np.zeros(4000, np.float32)), times), rate=8000)
    assert said == " ".join([SAID] * times)


@pytest.mark.skipif(local_copy("speech", "digits", "0_george_0.wav") is None, reason="wants the data set")
def test_takes_that_it_was_not_trained_on(digits):
    directory = local_copy("speech", "digits", "0_george_0.wav").parent
    clips = sorted(directory.glob("*_[0-4].wav"))
    written = digits.transcribe(clips)
    right = sum(text == WORDS[int(clip.stem[0])] for clip, text in zip(clips, written, strict=True))
    assert right / len(clips) >= 0.97
