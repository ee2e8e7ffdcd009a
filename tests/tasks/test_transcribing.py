"""Transcribing with a language model. What the network says is rigged, so that texts have a best one."""

import dataclasses
import json
import math

import numpy as np
import pytest

from tests.clips import tones, write_manifest
from tests.conftest import assert_refused
from textrnn import LanguageModel, Recogniser, TextrnnError, evaluate, transcribe
from textrnn.inference.recogniser import SpeechRecogniser
from textrnn.tasks.recogniser import character_tokenizer

SAID = "she looked out at the sea"
ALPHABET = " abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def english():
    return LanguageModel.load("english")


@pytest.fixture(scope="module")
def recogniser():
    """Knows small letters, and has weights of no meaning."""
    found = Recogniser(sample_rate=8000, num_bands=10, units=(6,))
    found.tokenizers = {"tokenizer": character_tokenizer([ALPHABET], lowercase=True)}
    found.config = type(found.config)(**{**found.config.to_dict(), "vocabulary_size": len(ALPHABET) + 4})
    draw = np.random.default_rng(0)
    found.weights = {name: draw.normal(size=shape).astype("f") for name, shape in found.config.weight_shapes().items()}
    return found


@pytest.fixture
def heard(monkeypatch):
    """Whatever the clip, the network hears SAID, but for its last letter, which is rather an e."""
    shares = np.full((2 * len(SAID), len(ALPHABET) + 1), 0.001)
    shares[1::2, 0] = 1.0
    shares[np.arange(0, len(shares), 2), [1 + ALPHABET.index(letter) for letter in SAID]] = 1.0
    shares[-2, 1 + ALPHABET.index("a")] = 0.4
    shares[-2, 1 + ALPHABET.index("e")] = 0.6
    rows = np.log(shares / shares.sum(axis=1, keepdims=True))
    monkeypatch.setattr(SpeechRecogniser, "log_probabilities", lambda self, inputs, mask: [rows] * len(inputs))


def test_a_language_model_knows_the_word(heard, recogniser, english):
    clip = tones("a b")
    assert recogniser.transcribe(clip) == "she looked out at the see"
    assert recogniser.transcribe(clip, num_beams=16) == "she looked out at the see"
    for language_model in (english, "english"):
        assert recogniser.transcribe(clip, language_model=language_model) == SAID
    assert recogniser.transcribe([clip], language_model=english, language_model_weight=0) == [SAID[:-1] + "e"]
    (transcript,) = recogniser.transcripts([clip], language_model=english)
    assert [word.text for word in transcript.words] == SAID.split()
    assert transcript.words[-1].probability == pytest.approx(0.4, abs=0.02)


def test_a_lexicon_allows_its_words_alone(heard, recogniser, tmp_path, monkeypatch):
    clip = tones("a b")
    for lexicon in (SAID.split(), [SAID.upper(), "sear"], tmp_path / "words.txt", str(tmp_path / "words.txt")):
        (tmp_path / "words.txt").write_text("she looked\nout at the\n\nsea sear")
        assert recogniser.transcribe(clip, lexicon=lexicon) == SAID
    few = recogniser.transcribe(clip, lexicon=("she", "sea"))
    assert few
    assert set(few.split()) <= {"she", "sea"}
    monkeypatch.setattr(recogniser, "config", dataclasses.replace(recogniser.config, lexicon=(*SAID.split(), "no")))
    assert recogniser.transcribe(clip) == SAID
    assert recogniser.transcribe(clip, lexicon="none") == SAID[:-1] + "e"
    assert recogniser.evaluate([clip], [SAID], rate=8000).num_right == 1
    assert recogniser.evaluate([clip], [SAID], rate=8000, lexicon="none").num_right == 0


def test_a_lexicon_and_a_language_model(heard, recogniser, english):
    words = [*SAID.split(), "see", "seat"]
    assert recogniser.transcribe(tones("a"), lexicon=words) == SAID[:-1] + "e"
    assert recogniser.transcribe(tones("a"), lexicon=words, language_model=english) == SAID


@pytest.mark.parametrize(
    ("lexicon", "message"),
    [
        (["she", "größe"], "'größe' holds 'ö', which this recogniser does not write"),
        ([], '`lexicon` holds no words. Pass some, or "none" to allow any.'),
        ("no-such-file.txt", "no-such-file.txt"),
    ],
)
def test_a_lexicon_that_cannot_be_written(recogniser, lexicon, message):
    with pytest.raises(TextrnnError, match=message):
        recogniser.transcribe(tones("a"), lexicon=lexicon)


def test_a_language_model_of_another_kind_is_refused(recogniser):
    with pytest.raises(TextrnnError, match="translator"):
        recogniser.transcribe(tones("a"), language_model="eng-spa")
    with pytest.raises(TextrnnError, match="`language_model` must be a LanguageModel"):
        recogniser.transcribe(tones("a"), language_model=3)
    with pytest.raises(TextrnnError, match="trained"):
        recogniser.transcribe(tones("a"), language_model=LanguageModel())


def test_the_commands_take_a_language_model(heard, recogniser, tmp_path, call):
    recogniser.save(tmp_path / "model")
    manifest = write_manifest(tmp_path, ["a b", "c"])
    clip = tmp_path / "0.wav"
    assert call(transcribe, clip, "--model", tmp_path / "model")[1] == SAID[:-1] + "e\n"
    assert call(transcribe, clip, "--model", tmp_path / "model", "--language-model", "english")[1] == SAID + "\n"
    (tmp_path / "words.txt").write_text(SAID)
    lexicon = ("--model", tmp_path / "model", "--lexicon", tmp_path / "words.txt")
    assert call(transcribe, clip, *lexicon)[1] == SAID + "\n"
    manifest.write_text(f"{clip}\t{SAID}\n{tmp_path / '1.wav'}\t{SAID}\n")
    assert call(evaluate, "recognition", manifest, *lexicon)[1].startswith("WER 0.00%")
    scored = ("recognition", manifest, "--model", tmp_path / "model")
    _, output, _ = call(evaluate, *scored, "--explain")
    assert output.startswith("WER 16.67% (16.67 to 16.67): 2 substituted, 0 inserted, 0 deleted of 12 words\nCER 4.00%")
    assert f"  4.0%  {clip}: '{SAID}' read as '{SAID[:-1]}e'\n" in output
    _, output, _ = call(evaluate, *scored, "--language-model", "english", "--json", "--bootstrap", 0)
    found = json.loads(output)
    assert (found["words"]["rate"], found["words"]["interval"], found["num_right"]) == (0, None, 2)
    assert math.isclose(found["words"]["edits"]["reference_length"], 12)


def test_transcriptions_in_files_are_scored(tmp_path, call):
    hypotheses, references = tmp_path / "hypotheses", tmp_path / "references"
    hypotheses.write_text("three for\n\nSeven\n")
    references.write_text("three four\none\nseven\n")
    files = ("--hypotheses", hypotheses, "--references", references)
    status, output, error = call(evaluate, "recognition", *files, "--explain", "--lowercase")
    assert (status, error) == (0, "")
    assert output.startswith("WER 50.00% (")
    assert "1 substituted, 0 inserted, 1 deleted of 4 words\n" in output
    assert output.endswith(
        "1 of 3 texts without an error\n 100.0%  line 2: 'one' read as ''\n  10.0%  line 1: 'three four' read as "
        "'three for'\n"
    )
    references.write_text("three four\n")
    assert_refused(call(evaluate, "recognition", *files), "3 hypotheses and 1 reference", "hypotheses", "references")


@pytest.mark.parametrize(
    "arguments", [(), ("clips",), ("--model", "m"), ("--hypotheses", "h"), ("clips", "--references", "r")]
)
def test_clips_need_a_model_and_transcriptions_references(arguments, call):
    refused = call(evaluate, "recognition", *arguments)
    assert_refused(refused, "Pass clips and a model: textrnn evaluate recognition manifest.tsv --model DIR")
