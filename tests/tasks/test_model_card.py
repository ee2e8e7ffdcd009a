import json
import os

import pytest

import textrnn
from benchmarks.model_cards import SOURCES, shipped_card
from tests.conftest import random_weights
from textrnn.config import ClassifierConfig, ForecasterConfig, NetworkConfig, TranslatorConfig
from textrnn.storage import PRETRAINED, StoredModel, shipped_models
from textrnn.tasks.model_card import MARKER, About, model_card, write_model_card

CONFIGS = (
    NetworkConfig(vocabulary_size=9),
    TranslatorConfig(source_vocabulary_size=9, target_vocabulary_size=9),
    ClassifierConfig(vocabulary_size=9, labels=("a", "b")),
    ForecasterConfig(),
)
FACTS = {"training_tokens": 1234567, "validation_loss": 3.25, "options": {"seed": 3}, "label_counts": {"a<b>\n": 3}}


def stored(config, **facts):
    return StoredModel(config, {}, random_weights(config), facts=facts)


@pytest.fixture
def model():
    return textrnn.LanguageModel.load("shakespeare")


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.kind)
def test_a_card_of_every_kind(config):
    card = model_card("mine", stored(config, **FACTS), "int8")
    size = sum(weight.size for weight in stored(config).weights.values())
    assert card.splitlines()[:3] == [MARKER, "", "# mine"]
    assert (
        f"A {config.kind.replace('-', ' ')} of textrnn: a recurrent network of {size:,} weights, kept as int8." in card
    )
    assert "- training tokens: 1,234,567\n" in card
    assert "- label counts: a&lt;b> 3\n" in card
    assert "- validation loss: 3.25\n" in card
    assert "nor under which licence" in card
    assert "seed" not in card
    assert card.count("    textrnn ") == card.count(" --model mine\n") == 2
    assert "hf download USER/mine --local-dir mine" in card


def test_what_people_know_of_a_model():
    about = About("Letters of 1820.", "Public domain.", "More elsewhere.")
    card = model_card("mine", stored(CONFIGS[0]), "float32", about)
    assert "## Trained on\n\nLetters of 1820.\n" in card
    assert "## Licence\n\nPublic domain.\n" in card
    assert "Nothing was measured in training.\n\nMore elsewhere.\n" in card
    assert "does not know" not in card


def test_saving_writes_a_card_that_is_no_part_of_the_model(model, tmp_path):
    model.save(tmp_path / "copy", weight_format="int8")
    card = tmp_path / "copy" / "README.md"
    assert "# copy\n" in card.read_text()
    assert "README.md" not in (tmp_path / "copy" / "manifest.json").read_text()
    card.write_bytes(b"\xff\x00 anything")
    assert textrnn.LanguageModel.load(tmp_path / "copy").facts == model.facts


def test_our_own_card_is_written_anew(model, tmp_path):
    model.save(tmp_path, weight_format="int8")
    model.save(tmp_path, weight_format="float16")
    assert "kept as float16" in (tmp_path / "README.md").read_text()


def test_the_card_of_somebody_else_stays(model, tmp_path):
    (tmp_path / "README.md").write_text("# What my model is")
    model.save(tmp_path)
    assert (tmp_path / "README.md").read_text() == "# What my model is"


def test_a_link_or_a_pipe_in_the_place_of_a_card_stays(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(MARKER)
    for name in ("link", "pipe", "nowhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "link" / "README.md").symlink_to(elsewhere)
    (tmp_path / "nowhere" / "README.md").symlink_to(tmp_path / "missing")
    os.mkfifo(tmp_path / "pipe" / "README.md")
    for name in ("link", "pipe", "nowhere"):
        write_model_card(tmp_path / name, stored(CONFIGS[0]), "float32")
    assert elsewhere.read_text() == MARKER
    assert (tmp_path / "link" / "README.md").is_symlink()
    assert (tmp_path / "pipe" / "README.md").is_fifo()
    assert not (tmp_path / "missing").exists()


def test_training_writes_a_card_with_its_figures(trained):
    _, directory, _ = trained
    card = (directory / "README.md").read_text()
    training = json.loads((directory / "manifest.json").read_text())["training"]
    assert f"- training tokens: {training['training_tokens']:,}\n" in card
    assert f"- validation loss: {training['validation_loss']:,}\n" in card


@pytest.mark.parametrize("name", shipped_models())
def test_shipped_models_have_theirs(name):
    found = (PRETRAINED / name / "README.md").read_text(encoding="utf-8")
    assert found == shipped_card(name), "run `python -m benchmarks.model_cards`"
    assert name in SOURCES
