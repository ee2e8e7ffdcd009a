"""What a new language model starts from."""

import io
import shutil

import numpy as np
import pytest

from tests.callbacks import StopAfter
from textrnn import LanguageModel, TextrnnError, storage, train
from textrnn.progress import Progress
from textrnn.tasks.transfer import surplus_loss

SHORT = {"batch_size": 8, "length": 16, "warmup_steps": 5, "patience": 0, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def small_english(lighthouse, tmp_path_factory):
    """A directory of shipped models that holds a small one named "english"."""
    directory = tmp_path_factory.mktemp("shipped")
    model = LanguageModel(level="char", units=(12,), embedding_dim=8)
    model.fit(lighthouse, steps=30, progress=Progress(quiet=True), **SHORT)
    model.save(directory / "english")
    return directory


@pytest.fixture
def shipped(small_english, monkeypatch):
    monkeypatch.setattr(storage, "PRETRAINED", small_english)


def fitted(*data, given=None, **options):
    messages = io.StringIO()
    model = LanguageModel(**(given or {}))
    model.fit(*data, progress=Progress(messages), **{**SHORT, "steps": 1, **options})
    return model, messages.getvalue()


@pytest.fixture
def begun(trainer_of):
    """Returns a function that gives the network with which a `fit` would begin, and what is said before it does."""

    def begin(*data, given=None, **options):
        messages = io.StringIO()
        options = {**SHORT, "steps": 1, "progress": Progress(messages), **options}
        network = trainer_of(LanguageModel(**(given or {})).fit, *data, **options).network
        return network, messages.getvalue()

    return begin


def test_english_prose_starts_from_the_shipped_model(shipped, lighthouse):
    model, messages = fitted(lighthouse, learning_rate=1e-9)
    assert "English prose: starting from the model english (`--initial-model none`: from nothing)" in messages
    assert "going on from trained weights" in messages
    assert "advice" not in messages  # few steps and many weights are as they should be here
    start = LanguageModel.load("english")
    for name, weight in start.weights.items():
        np.testing.assert_allclose(model.weights[name], weight, atol=1e-6)


@pytest.mark.parametrize(
    ("given", "options"),
    [({}, {"initial_model": "none"}), ({"units": (10,), "level": "char"}, {}), ({}, {"documents": "line"})],
)
def test_what_is_set_starts_from_nothing(begun, shipped, lighthouse, given, options):
    network, messages = begun(lighthouse, given=given, **options)
    assert "starting from" not in messages
    assert network.network_config.units != (12,)


def test_other_text_starts_from_nothing(begun, shipped, tmp_path):
    (tmp_path / "names.txt").write_text("\n".join(f"Anna{letter}" for letter in "abcdefghijklmnopqrstuvwxyz" * 8))
    assert "starting from" not in begun(tmp_path / "names.txt")[1]


def test_a_model_can_be_asked_for(begun, small_english, lighthouse):
    network, messages = begun(lighthouse, initial_model=small_english / "english")
    assert network.network_config.units == (12,)
    assert "starting from" not in messages
    for name, weight in LanguageModel.load(small_english / "english").weights.items():
        np.testing.assert_array_equal(network.get_weights_by_name()[name], weight)
    given = {"output_dropout": 0.7}
    model, _ = fitted(lighthouse, given=given, initial_model=small_english / "english")
    assert (model.config.output_dropout, model.config.units) == (0.7, (12,))
    with pytest.raises(TextrnnError, match="`units` is fixed by the initial model"):
        fitted(lighthouse, given={"units": (9,)}, initial_model=small_english / "english")
    with pytest.raises(TextrnnError, match="no such model directory"):
        fitted(lighthouse, initial_model="klingon")
    with pytest.raises(TextrnnError, match="has weights, with which `fit` goes on"):
        model.fit(lighthouse, steps=1, initial_model="shakespeare")


def test_an_interrupted_run_goes_on_exactly(shipped, small_english, lighthouse, tmp_path, interruptible):
    whole, _ = fitted(lighthouse, steps=20)
    with pytest.raises(KeyboardInterrupt):
        fitted(lighthouse, steps=20, output=tmp_path / "out", callbacks=[StopAfter(9)])
    shutil.copytree(tmp_path / "out", tmp_path / "other")
    train.command(["language-model", "--output", str(tmp_path / "out"), "--resume"])
    LanguageModel().fit(output=tmp_path / "other", resume=True, progress=Progress(quiet=True))
    for directory in ("out", "other"):
        resumed = LanguageModel.load(tmp_path / directory)
        for name, weight in whole.weights.items():
            np.testing.assert_array_equal(weight, resumed.weights[name])


def test_the_command_starts_from_nothing_where_that_is_asked(trainer_of, shipped, lighthouse, tmp_path, capsys):
    options = ["--steps", "1", "--output", str(tmp_path / "out"), "--initial-model", "none", "--batch-size", "4"]
    trainer = trainer_of(train.command, ["language-model", str(lighthouse), *options])
    assert "starting from" not in capsys.readouterr().err
    assert trainer.network.network_config.units != (12,)


def test_text_that_costs_more_than_the_model_is_used_to(small_english, lighthouse):
    """Its own text costs about what its validation text did; capital letters it has hardly seen."""
    model = LanguageModel.load(small_english / "english")
    text, usual = lighthouse.read_text(), model.facts["validation_loss"]
    own, capitals = (surplus_loss(model.network, model.tokenizer, one, usual) for one in (text, text.upper()))
    assert abs(own) < 0.3
    assert capitals > own + 0.5
    assert surplus_loss(model.network, model.tokenizer, "I", usual) == 0.0
    evaluated = model.evaluate([text[:1000]], window=0).loss
    assert own == pytest.approx(evaluated - usual, abs=0.1)
