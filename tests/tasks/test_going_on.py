"""Resuming, interrupting, failing, and going on from a trained model."""

import io
import json
import signal

import numpy as np
import pytest

from tests.callbacks import StopAfter
from textrnn import LanguageModel, TextrnnError, train
from textrnn.progress import Progress
from textrnn.tasks.run import recorded_source

SMALL = {"level": "char", "units": (12,), "embedding_dim": 8}
SHORT = {"batch_size": 8, "length": 16, "warmup_steps": 5, "patience": 0}


def small(**options):
    return LanguageModel(**{**SMALL, **options})


def test_resuming_needs_no_option_again(lighthouse, tmp_path, interruptible):
    """Interrupted in Python, resumed by a command that names the directory alone: the same weights."""
    options = {**SHORT, "steps": 40, "validations": 2, "learning_rate": 0.01}
    whole = small()
    expected = whole.fit(lighthouse, progress=Progress(quiet=True), **options)
    with pytest.raises(KeyboardInterrupt):
        small().fit(
            lighthouse, output=tmp_path / "out", callbacks=[StopAfter(25)], progress=Progress(quiet=True), **options
        )
    train.command(["language-model", "--output", str(tmp_path / "out"), "--resume"])
    resumed = LanguageModel.load(tmp_path / "out")
    assert resumed.facts["validation_loss"] == pytest.approx(min(row.validation_loss for row in expected), abs=1e-6)
    for name, weight in whole.weights.items():
        np.testing.assert_array_equal(weight, resumed.weights[name])


def test_a_finished_run_goes_on_for_more_steps_and_names_what_differs(lighthouse, tmp_path):
    messages = io.StringIO()
    small().fit(lighthouse, output=tmp_path, steps=30, progress=Progress(quiet=True), **SHORT)
    again = LanguageModel()
    again.fit(output=tmp_path, resume=True, progress=Progress(messages))
    assert "this run is finished, after 30 steps" in messages.getvalue()
    longer = LanguageModel()
    records = longer.fit(output=tmp_path, resume=True, steps=60, progress=Progress(messages))
    assert "going on from the best weights of 30 steps to step 60" in messages.getvalue()
    assert records[-1].step == 60
    assert longer.config.units == (12,)
    with pytest.raises(TextrnnError, match=r"was made with units=\[12\], and now units=\(13,\) is asked for"):
        LanguageModel(units=(13,)).fit(output=tmp_path, resume=True)
    with pytest.raises(TextrnnError, match="was made with batch_size=8, and now batch_size=4 is asked for"):
        LanguageModel().fit(output=tmp_path, resume=True, batch_size=4)
    (tmp_path / "other.txt").write_text("quite another text, and not a long one\n" * 40)
    with pytest.raises(TextrnnError, match="was made with another text"):
        LanguageModel().fit(tmp_path / "other.txt", output=tmp_path, resume=True)


def test_resuming_what_is_not_there(tmp_path):
    with pytest.raises(TextrnnError, match="there is no checkpoint to resume from. Leave out `resume` to begin"):
        LanguageModel().fit(output=tmp_path, resume=True)
    with pytest.raises(TextrnnError, match="Pass `output`"):
        LanguageModel().fit(resume=True)
    with pytest.raises(TextrnnError, match="Pass one of them"):
        LanguageModel().fit(output=tmp_path, resume=True, overwrite=True)


def test_an_interrupted_fit_keeps_the_weights_reached(lighthouse, tmp_path, interruptible):
    model = small()
    with pytest.raises(KeyboardInterrupt):
        model.fit(lighthouse, callbacks=[StopAfter(3)], steps=100, progress=Progress(quiet=True), **SHORT)
    assert len(model.generate("It", max_tokens=5, seed=1)) == 7
    model.save(tmp_path / "reached")
    loaded = LanguageModel.load(tmp_path / "reached")
    assert loaded.generate("It", max_tokens=5, seed=1) == model.generate("It", max_tokens=5, seed=1)


def test_a_failed_fit_leaves_the_model_as_it_was(lighthouse, tmp_path):
    model = small()
    with pytest.raises(TextrnnError, match="must hold Keras callbacks"):
        model.fit(lighthouse, callbacks=["tensorboard"], steps=3)
    assert model.tokenizer is None
    with pytest.raises(TextrnnError, match=r"has not been trained yet|no weights to save"):
        model.save(tmp_path / "untrained")
    assert not (tmp_path / "untrained").exists()
    model.fit(lighthouse, steps=25, progress=Progress(quiet=True), **SHORT)
    before = model.generate("It", max_tokens=20, seed=1)
    with pytest.raises(TextrnnError, match="no such file"):
        model.fit(tmp_path / "missing.txt")
    assert model.generate("It", max_tokens=20, seed=1) == before


def test_new_characters_are_learned_when_going_on(lighthouse, tmp_path):
    messages = io.StringIO()
    model = small()
    model.fit(lighthouse, steps=25, progress=Progress(quiet=True), **SHORT)
    before = model.tokenizer.vocabulary_size
    greek = tmp_path / "greek.txt"
    greek.write_text(
        "\u03bf \u03c6\u03ac\u03c1\u03bf\u03c2 \u03ad\u03c3\u03b2\u03b7\u03c3\u03b5.\n" * 60, encoding="utf-8"
    )
    assert model.unknown_tokens("\u03c6") == ["\u03c6"]
    model.fit(greek, progress=Progress(messages))
    assert "new tokens are added to the vocabulary" in messages.getvalue()
    assert "going on from trained weights" in messages.getvalue()
    assert model.config.vocabulary_size > before
    assert model.unknown_tokens("\u03c6\u03ac\u03c1\u03bf\u03c2") == []
    model.save(tmp_path / "model")
    assert LanguageModel.load(tmp_path / "model").unknown_tokens("\u03c6") == []


def test_the_options_settled_on_stand_in_the_manifest(lighthouse, tmp_path):
    LanguageModel(units=(12,)).fit(lighthouse, output=tmp_path, steps=25, progress=Progress(quiet=True))
    options = json.loads((tmp_path / "manifest.json").read_text())["training"]["options"]
    assert options["steps"] == 25
    assert options["batch_size"] == 4
    assert json.loads((tmp_path / "manifest.json").read_text())["training"]["steps"] == 25


def test_minutes_are_a_run_that_can_be_repeated(lighthouse, tmp_path, monkeypatch):
    from textrnn.training.schedule import StepClock

    monkeypatch.setattr(StepClock, "seconds", 0.5)
    timed = small()
    timed.fit(lighthouse, minutes=0.5, output=tmp_path, progress=Progress(quiet=True), **SHORT)
    steps = timed.facts["steps"]
    repeated = small()
    repeated.fit(lighthouse, steps=steps, progress=Progress(quiet=True), **SHORT)
    for name, weight in timed.weights.items():
        np.testing.assert_array_equal(weight, repeated.weights[name])


def test_a_signal_that_is_ignored_stays_ignored(lighthouse):
    """A run in the background goes on when Ctrl-C is pressed in the foreground."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        records = small().fit(lighthouse, callbacks=[StopAfter(3)], steps=25, progress=Progress(quiet=True), **SHORT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert records[-1].step == 25


def test_a_run_with_one_file_is_resumed_from_that_file(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("text,label\n")
    assert recorded_source(file) == recorded_source(str(file)) == str(file)
    assert recorded_source([file]) == [str(file)]
    assert recorded_source("mnist:train") == "mnist:train"
    assert recorded_source(["a text", "another"]) is None
    assert recorded_source("a text") is None


def test_printed_marks_are_added_to_subwords_and_begin_as_the_typewritten_ones(lighthouse, tmp_path):
    """What a model has learned of quotation marks serves for text that has printed ones."""
    text = lighthouse.read_text()
    options = {**SHORT, "learning_rate": 0.01, "progress": Progress(quiet=True)}
    model = LanguageModel(level="subword", vocabulary_size=400, units=(24,), embedding_dim=24)
    model.fit(lighthouse, steps=60, **options)
    printed = text.replace('"', "\u201d")
    (tmp_path / "printed.txt").write_text(printed, encoding="utf-8")
    plain_bits = model.evaluate(lighthouse).bits_per_character
    bytes_bits = model.evaluate(tmp_path / "printed.txt").bits_per_character
    model.fit(tmp_path / "printed.txt", output=tmp_path / "out", steps=1, **{**options, "learning_rate": 1e-9})
    model = LanguageModel.load(tmp_path / "out")
    assert model.config.vocabulary_size > 400
    bits = model.evaluate(tmp_path / "printed.txt").bits_per_character
    assert bits == pytest.approx(plain_bits, abs=0.01)
    assert bits < bytes_bits - 0.01
