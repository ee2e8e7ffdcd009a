"""The recogniser that people call: it learns to write down tones, alone and one after the other."""

import re

import numpy as np
import pytest

from tests.clips import tones, write_manifest, write_wave
from textrnn import Recogniser, TextrnnError
from textrnn.preprocessing.vocabulary import SPECIAL_TOKENS
from textrnn.tasks.recogniser import character_tokenizer

LETTERS = "aeimq"
SMALL = {"sample_rate": 8000, "num_bands": 24, "units": (24,), "dropout": 0.0, "output_dropout": 0.0}


def words(number, seed):
    draw = np.random.default_rng(seed)
    return ["".join(draw.choice(list(LETTERS), draw.integers(1, 4))) for _ in range(number)]


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory):
    """A recogniser of words of five tones, trained for some seconds, its directory and the messages."""
    directory = tmp_path_factory.mktemp("recogniser")
    model = Recogniser(**SMALL)
    model.fit(
        write_manifest(directory, words(160, 1)),
        output=directory / "model",
        steps=300,
        validations=2,
        batch_seconds=20,
        joined_clips=3,
        learning_rate=0.01,
        noise=0.01,
        warp=0.0,
        colour=0.0,
        echo=0.0,
        gate=0.0,
        frequency_mask=0.0,
        time_mask=0.0,
        moving_average=0.9,
    )
    return model


def test_words_are_written_down(recogniser):
    said = words(30, 7)
    written = recogniser.transcribe([tones(word) for word in said], rate=8000)
    assert sum(a == b for a, b in zip(said, written, strict=True)) >= 24
    assert recogniser.history[-1].score.name == "CER"
    assert recogniser.history[-1].score.value < 0.1


def test_sound_of_another_kind_is_noted(recogniser):
    assert recogniser.config.usual_likelihood < 0
    found = recogniser.transcripts([tones(word) for word in words(30, 8)], rate=8000)
    assert sum(bool(one.note) for one in found) <= 6
    (chord,) = recogniser.transcripts([tones("aqaqaq") + tones("mimimi") + tones("zyzyzy")], rate=8000)
    assert chord.note.startswith("it sounds unlike")


def test_sequences_of_words_are_written_down_though_no_clip_holds_one(recogniser):
    """Where a short word ends is hard to hear for so small a network, and plain once it knows which words there are."""
    clip = tones("mi   qa   e")
    assert recogniser.transcribe(clip, rate=8000).replace(" ", "") == "miqae"
    (found,) = recogniser.transcripts([clip], rate=8000, lexicon=["e", "mi", "qa", "am"])
    assert found.text == "mi qa e"
    np.testing.assert_allclose([word.seconds for word in found.words], [0.0, 0.4, 0.8], atol=0.08)


def test_other_rates_channels_and_files(recogniser, tmp_path):
    stereo = np.stack([tones("mi", 44_100), 0.5 * tones("mi", 44_100)], axis=1)
    for samples, rate, width in ((tones("mi"), 8000, 2), (stereo, 44_100, 3), (tones("mi", 48_000), 48_000, 1)):
        path = write_wave(tmp_path / f"{rate}.wav", samples, rate, width)
        assert recogniser.transcribe(path) == recogniser.transcribe(str(path)) == "mi"
    assert recogniser.transcribe(tones("mi", 16_000), rate=16_000) == "mi"
    assert recogniser.transcribe([]) == []
    assert recogniser.transcribe(np.zeros(8000)) == ""


def test_evaluate_tells_errors_by_clip(recogniser, tmp_path):
    manifest = write_manifest(tmp_path, ["mi", "QA", "e"])
    manifest.write_text(manifest.read_text().replace("\te\n", "\tee\n"))
    found = recogniser.evaluate(manifest, explain=True, num_bootstrap=10)
    assert (found.num_right, found.num_texts) == (2, 3)  # it writes small letters, in which it is compared
    assert found.words.edits.substitutions == 1
    assert found.worst[0].name == str(tmp_path / "2.wav")
    assert recogniser.score_on(manifest) == ("CER", pytest.approx(1 / 6))


def test_two_processes_score_alike_with_a_language_model_too(recogniser, tmp_path):
    manifest = write_manifest(tmp_path, ["mi", "QA", "e", "qa"] * 9)
    how = {"language_model": "english", "lexicon": ["mi", "qa", "e", "ee"], "num_beams": 4, "num_bootstrap": 0}
    alone = recogniser.evaluate(manifest, explain=True, **how)
    assert recogniser.evaluate(manifest, explain=True, jobs=2, **how) == alone


def test_no_special_token_can_be_written(recogniser):
    assert recogniser.config.num_symbols == 1 + len(LETTERS) + 1  # the blank, the letters and the space
    assert recogniser.tokenizer.tokens == [*SPECIAL_TOKENS, " ", *LETTERS]


def test_going_on_keeps_the_characters(recogniser, tmp_path, quiet):
    again = Recogniser.load(recogniser_directory(recogniser, tmp_path))
    again.fit(write_manifest(tmp_path, ["ma", "me", "mx", "ia"] * 5), steps=3, progress=quiet)
    assert again.tokenizer.tokens == recogniser.tokenizer.tokens


def recogniser_directory(recogniser, tmp_path):
    recogniser.save(tmp_path / "model")
    return tmp_path / "model"


def test_few_words_that_are_said_again_and_again_become_a_lexicon(tmp_path, capsys):
    fit = {"steps": 2, "batch_seconds": 5, "validations": 1}
    (tmp_path / "first").mkdir()
    model = Recogniser(**SMALL).fit(write_manifest(tmp_path / "first", ["MI", "qa", "e"] * 5), **fit)
    assert model.config.lexicon == ("e", "mi", "qa")
    assert "the clips say 3 different words, so no others are written" in capsys.readouterr().err
    model.save(tmp_path / "model")
    loaded = Recogniser.load(tmp_path / "model")
    assert loaded.config == model.config
    assert set(loaded.transcribe(tones("mi qa i i i")).split()) <= {"e", "mi", "qa"}
    (tmp_path / "second").mkdir()
    model.fit(write_manifest(tmp_path / "second", ["aqi", "mi"] * 5), **fit)
    assert model.config.lexicon == ("aqi", "e", "mi", "qa")  # those that it knew before are not forgotten
    (tmp_path / "third").mkdir()
    model.fit(write_manifest(tmp_path / "third", words(9, 0)), **fit)
    assert model.config.lexicon == ()  # people say other words


def test_clips_that_are_too_short_for_their_texts_are_left_out(tmp_path, capsys):
    manifest = write_manifest(tmp_path, ["a"] * 8)
    long = "a text that nobody says in this time"
    manifest.write_text(manifest.read_text().replace("0.wav\ta\n", f"0.wav\t{long}\n"))
    Recogniser(**SMALL).fit(manifest, validation=manifest, steps=2)
    assert (
        "left out 1 of 8 clips to train on, too short for their texts, or without a character that is known: "
        in capsys.readouterr().err
    )
    manifest.write_text(f"{tmp_path / '0.wav'}\t{long}\n")
    with pytest.raises(TextrnnError, match="No clips are left to train on"):
        Recogniser(**SMALL).fit(manifest, validation=manifest, steps=2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.fit(None), "Pass the clips"),
        (lambda model: model.fit("nowhere.tsv"), "nowhere.tsv"),
        (lambda model: model.fit([np.zeros(800)], ["a"]), "how many samples a second"),
        (lambda model: model.fit([np.zeros(800)], ["a"], rate=8000), "One clip is too few"),
        (lambda model: model.fit([np.zeros(800)] * 2, ["a", "b"], rate=8000, noise=2), "`noise` must be"),
        (lambda model: model.fit([np.zeros(800)] * 2, ["a", "b"], rate=800), "800 samples a second"),
        (lambda model: Recogniser(sample_rate=4000), "`sample_rate` must be"),
        (lambda model: Recogniser(bands=4), "no option `bands`. Did you mean 'num_bands'"),
        (lambda model: Recogniser(vocabulary_size=9), "no option `vocabulary_size`"),
    ],
)
def test_wrong_use(call, message, quiet):
    with pytest.raises(TextrnnError, match=re.escape(message)):
        call(Recogniser(**SMALL))


def test_what_a_trained_recogniser_refuses(recogniser, tmp_path):
    for clip, message in (
        (tmp_path / "nowhere.wav", "cannot be read"),
        (3, "Pass the path of a WAV file"),
        ([tones("mi"), 3], "Clip 1 is neither a path nor an array"),
        (np.zeros((2, 3, 4)), "of shape"),
    ):
        with pytest.raises(TextrnnError, match=message):
            recogniser.transcribe(clip)
    with pytest.raises(TextrnnError, match="`num_beams` must be"):
        recogniser.transcribe(tones("mi"), num_beams=0)
    with pytest.raises(TextrnnError, match="192,000 samples a second"):
        recogniser.transcribe(tones("mi"), rate=192_000)


def test_the_space_is_always_a_character():
    """Clips of single words are joined with it."""
    assert character_tokenizer(["One"], True).tokens == [*SPECIAL_TOKENS, " ", "e", "n", "o"]
    assert character_tokenizer(["One"], False).tokens == [*SPECIAL_TOKENS, " ", "O", "e", "n"]
