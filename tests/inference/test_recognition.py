"""Transcripts: times by hand, long clips in pieces, silence, and what is said of a clip that was cut off."""

import dataclasses
import json

import numpy as np
import pytest

from tests.clips import tones, write_wave
from textrnn.config import RecogniserConfig
from textrnn.inference.recognition import Character, DecodingOptions, Heard, Transcriber, Transcript
from textrnn.inference.threads import one_blas_thread
from textrnn.preprocessing import speech
from textrnn.preprocessing.spectra import Spectrum, mel_bands
from textrnn.preprocessing.speech import opened_clips
from textrnn.preprocessing.tokenizers import CharTokenizer
from textrnn.preprocessing.vocabulary import SPECIAL_TOKENS
from textrnn.preprocessing.waves import sound_of
from textrnn.tasks.recogniser import Recogniser

CONFIG = RecogniserConfig(vocabulary_size=7, sample_rate=8000, num_bands=20, stacked_frames=1, stride=2)
BANDS = [int(mel_bands(8000, 512, 20)[round(hertz * 512 / 8000)].argmax()) for hertz in (300, 2500)]
TOKENIZER = CharTokenizer([*SPECIAL_TOKENS, " ", "a", "b"])


class RiggedNetwork:
    """Hears "a" wherever the band of 300 hertz is loud, "b" wherever that of 2,500 is, else the blank."""

    config = CONFIG

    def log_probabilities(self, inputs, mask):
        found = []
        for row, length in zip(inputs, mask.sum(axis=1), strict=True):
            low, high = (row[:length, band] for band in BANDS)
            said = np.where(np.maximum(low, high) < -0.5, 0, np.where(low > high, 2, 3))
            probabilities = np.full((length, 4), 0.001 / 3)
            probabilities[np.arange(length), said] = 0.999
            found.append(np.log(probabilities))
        return found


def tone(letter, seconds, rate=8000):
    """Returns a tone that begins and ends without a click, which would be heard as "b"."""
    frequency = {"a": 300, "b": 2500, " ": 0}[letter]
    times = np.arange(round(seconds * rate)) / rate
    edges = np.minimum(np.minimum(times, times[::-1]) / 0.02, 1)
    return 0.3 * edges * np.sin(2 * np.pi * frequency * times)


def both(*parts):
    """Returns tones one after the other; the network knows loud from faint where it has heard both."""
    return np.concatenate([tone(letter, seconds) for letter, seconds in parts])


def transcript_of(*parts, rate=8000):
    samples = np.concatenate([tone(letter, seconds, rate) for letter, seconds in parts])
    transcriber = Transcriber(RiggedNetwork(), TOKENIZER, DecodingOptions())
    return transcriber([sound_of(samples, rate)])[0]


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_times_are_those_of_the_sound(rate):
    """Tones that begin at 0.5, 1.2 and 2 seconds, within a frame of 25 ms and a step of 20 ms."""
    found = transcript_of((" ", 0.5), ("a", 0.3), (" ", 0.4), ("b", 0.2), (" ", 0.6), ("a", 0.5), rate=rate)
    assert [character.text for character in found.characters] == ["a", "b", "a"]
    np.testing.assert_allclose([character.seconds for character in found.characters], [0.5, 1.2, 2.0], atol=0.045)
    np.testing.assert_allclose([character.probability for character in found.characters], 0.999, rtol=1e-5)
    assert found.seconds == pytest.approx(2.5, abs=0.03)
    assert found.note == ""


def test_times_of_a_long_clip_count_from_its_beginning():
    """Forty tones, three seconds apart, are more than one utterance; each is heard once, in its place."""
    parts = [part for _ in range(20) for part in ((" ", 2.5), ("a", 0.5), (" ", 2.5), ("b", 0.5))]
    found = transcript_of(*parts)
    heard = [character for character in found.characters if character.text != " "]
    assert "".join(character.text for character in heard) == "ab" * 20
    np.testing.assert_allclose([one.seconds for one in heard], [3 * n + 2.5 for n in range(40)], atol=0.045)
    assert sum(character.text == " " for character in found.characters) >= 9  # between utterances
    assert found.seconds == pytest.approx(120, abs=0.05)


def test_clips_side_by_side_are_heard_as_alone():
    transcriber = Transcriber(RiggedNetwork(), TOKENIZER, DecodingOptions())
    draw = np.random.default_rng(0)
    samples = [np.concatenate([tone(one, draw.uniform(0.1, 2)) for one in "a b a"]) for _ in range(20)]
    together = transcriber(sound_of(one, 8000) for one in samples)
    for one, expected in zip(samples, together, strict=True):
        (alone,) = transcriber([sound_of(one, 8000)])
        assert alone == expected


def test_silence_is_no_text():
    for samples in (np.zeros(0), np.zeros(10), np.zeros(20_000), np.full(20_000, 0.2)):
        (found,) = Transcriber(RiggedNetwork(), TOKENIZER, DecodingOptions())([sound_of(samples, 8000)])
        assert (found.text, found.confidence, found.note) == ("", 0.0, "there is no sound in it")


def test_what_is_left_of_a_clip_is_heard(tmp_path):
    path = write_wave(tmp_path / "a.wav", both(("a", 0.5), (" ", 0.2), ("b", 0.3), ("a", 1.0)))
    path.write_bytes(path.read_bytes()[: 44 + 16_000])
    (found,) = Transcriber(RiggedNetwork(), TOKENIZER, DecodingOptions())(opened_clips([path], None))
    assert found.text == "ab"
    assert found.note == "it was cut off after 1.0 of 2.0 seconds"


class UnsureNetwork(RiggedNetwork):
    """Is sure of "a" and of the blank, and not of "b"."""

    config = dataclasses.replace(CONFIG, usual_likelihood=-0.1)

    def log_probabilities(self, inputs, mask):
        unsure = np.log([0.1, 0.1, 0.3, 0.5])
        return [
            np.where(row.argmax(axis=1, keepdims=True) == 3, unsure, row)
            for row in super().log_probabilities(inputs, mask)
        ]


def test_sound_that_is_unlike_the_training_is_noted():
    transcriber = Transcriber(UnsureNetwork(), TOKENIZER, DecodingOptions())
    known = both((" ", 0.3), ("a", 0.5), (" ", 0.3), ("a", 0.5), (" ", 0.3))
    unknown = both((" ", 0.3), ("a", 0.5), (" ", 0.3), ("b", 0.5), (" ", 0.3))
    found = transcriber([sound_of(samples, 8000) for samples in (known, unknown)])
    assert [(one.text, one.note.partition(" the ")[0]) for one in found] == [("aa", ""), ("ab", "it sounds unlike")]
    # Nearly the worse of two clips: a step of it costs log(2).
    rows = [np.log([[0.5, 0.5]] * 4), np.log([[0.999, 0.001]] * 4)]
    assert transcriber.usual_likelihood(rows) == pytest.approx(-0.68, abs=0.1)


def test_where_sound_is_unlike_the_training_is_said_in_a_long_clip():
    heard = Heard(5.0, seconds=4.0, is_silent=False, num_utterances=9, unlike=[1.04, 2.0, 3.0, 3.5])
    cut, unlike = heard.transcript().note.split("; ")
    assert cut == "it was cut off after 4.0 of 5.0 seconds"
    assert unlike.startswith("what begins at 1.0, 2.0, 3.0, ... seconds sounds unlike the clips ")


def test_words_by_hand():
    characters = tuple(
        Character(text, seconds, probability)
        for text, seconds, probability in (("a", 0.5, 0.9), ("b", 0.6, 0.5), (" ", 1.0, 0.8), ("b", 1.25, 0.7))
    )
    found = Transcript(characters, 2.0)
    assert [(word.text, word.seconds, word.probability) for word in found.words] == [("ab", 0.5, 0.5), ("b", 1.25, 0.7)]
    assert found.text == "ab b"
    assert found.confidence == pytest.approx(0.6)
    assert str(found) == "    0.50 s   50%  ab\n    1.25 s   70%  b"
    content = json.loads(json.dumps(found.to_dict()))
    assert content["words"][1] == {"text": "b", "seconds": 1.25, "probability": 0.7}
    assert len(content["characters"]) == 4
    assert str(Transcript((), 1.0)) == ""


def test_memory_does_not_grow_with_the_length_of_a_clip():
    """Frames of ten minutes are never there together: what waits is less than two batches of utterances."""
    seen = []

    class Network(RiggedNetwork):
        def log_probabilities(self, inputs, mask):
            seen.append(mask.sum())
            return super().log_probabilities(inputs, mask)

    Transcriber(Network(), TOKENIZER, DecodingOptions())([sound_of(np.tile(both(("a", 0.6), ("b", 0.4)), 600), 8000)])
    assert sum(seen) >= 30_000
    assert max(seen) <= 16 * 12 * 50 + 16 * 11


def test_beams_find_what_the_best_path_finds_of_clear_sound():
    samples = both((" ", 0.2), ("a", 0.5), (" ", 0.5), ("b", 0.5))
    (found,) = Transcriber(RiggedNetwork(), TOKENIZER, DecodingOptions(num_beams=4))([sound_of(samples, 8000)])
    assert found.text == "ab"
    assert [one.seconds for one in found.characters] == pytest.approx([0.2, 1.2], abs=0.045)


def test_spectra_are_computed_on_one_thread(monkeypatch):
    """Their products are small; a second thread of the library's would only wait for more of them, at full speed."""
    inside = []

    def frames_of(*arguments):
        inside.append(one_blas_thread.num_threads_inside)
        return speech.frames_of(*arguments)

    monkeypatch.setattr("textrnn.inference.recognition.frames_of", frames_of)
    assert transcript_of(("a", 0.5)).text == "a"
    assert inside == [1]
    assert one_blas_thread.num_threads_inside == 0


def test_numbers_of_frames_and_seconds():
    assert len(Spectrum(CONFIG)(tones("boat"))) == 31  # 0.32 seconds less a frame, each ten milliseconds, and the rest
    assert Recogniser(sample_rate=8000).config.step_seconds == 0.02
