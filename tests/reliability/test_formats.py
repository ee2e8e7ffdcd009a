"""Promise 7: models of every earlier format load and write what they wrote; a newer format is refused by name.

`fixtures/format-N/` holds small models written by the release that introduced the format, and the texts that they wrote
then. `python -m tests.reliability.test_formats` writes those of this release.
"""

import json
import pathlib
import shutil

import numpy as np
import pytest

from tests.conftest import random_weights
from tests.damage import reseal
from textrnn import LanguageModel, TextrnnError, Translator, storage
from textrnn.config import NetworkConfig, TranslatorConfig
from textrnn.preprocessing.tokenizers import make_tokenizer

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
COMPRESSED = ("int8", "int4", "sparse")  # since format 2
LINES = ["the lamp is lit", "the lamp is out", "the keeper goes home", "the sea was calm"] * 20
FORMATS = sorted(FIXTURES.glob("format-*"))


def written_by(directory, kind):
    if kind == "language-model":
        return LanguageModel.load(directory).generate("the lamp", max_tokens=12, temperature=0.0)
    return Translator.load(directory).translate("the lamp is lit", num_beams=2)


def write_fixtures():
    place = FIXTURES / f"format-{storage.FORMAT_VERSION}"
    texts = {}
    for level, cell in (("char", "gru"), ("word", "simple_rnn"), ("subword", "lstm")):
        tokenizer = make_tokenizer(level, LINES, 290)
        documents = {"form": "lines", "documents": "\n\n"}  # what format 1 cannot hold
        options = {"vocabulary_size": tokenizer.vocabulary_size, "cell": cell, "units": (6, 5), "embedding_dim": 4}
        config = NetworkConfig(**options, **documents)
        model = storage.StoredModel(config, {"tokenizer": tokenizer}, random_weights(config), {}, {"epochs": 1})
        storage.save_model(place / level, model, "float16" if level == "word" else "float32")
        texts[level] = ["language-model", written_by(place / level, "language-model")]
    tokenizer = make_tokenizer("word", LINES, 40)
    size = tokenizer.vocabulary_size
    config = TranslatorConfig(
        source_vocabulary_size=size,
        target_vocabulary_size=size,
        encoder_units=(4,),
        decoder_units=(5, 6),
        embedding_dim=6,
        attention="additive",
    )
    tokenizers = {"source_tokenizer": tokenizer, "target_tokenizer": tokenizer}
    storage.save_model(place / "translator", storage.StoredModel(config, tokenizers, random_weights(config)))
    texts["translator"] = ["translator", written_by(place / "translator", "translator")]
    tokenizer = make_tokenizer("char", LINES, 100)
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, units=(33,), embedding_dim=6)
    weights = random_weights(config, scale=1.0)
    for name in COMPRESSED:
        weight_format = "int8" if name == "sparse" else name
        if name == "sparse":
            weights = {key: np.where(np.abs(weight) < 0.8, 0, weight) for key, weight in weights.items()}
        model = storage.StoredModel(config, {"tokenizer": tokenizer}, weights)
        storage.save_model(place / name, model, weight_format)
        texts[name] = ["language-model", written_by(place / name, "language-model")]
    (place / "texts.json").write_text(json.dumps(texts, indent=1) + "\n")


def test_there_are_fixtures_of_every_format():
    assert [path.name for path in FORMATS] == [f"format-{n}" for n in range(1, storage.FORMAT_VERSION + 1)]


@pytest.mark.parametrize("place", FORMATS, ids=lambda place: place.name)
@pytest.mark.parametrize("name", ["char", "word", "subword", "translator"])
def test_earlier_models_write_what_they_wrote(place, name):
    kind, text = json.loads((place / "texts.json").read_text())[name]
    assert written_by(place / name, kind) == text


@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_models_write_what_they_wrote(name):
    kind, text = json.loads((FIXTURES / "format-2" / "texts.json").read_text())[name]
    assert written_by(FIXTURES / "format-2" / name, kind) == text


def test_a_manifest_without_a_checksum_loads(tmp_path):
    """The first models had none."""
    shutil.copytree(FORMATS[0] / "char", tmp_path / "char")
    path = tmp_path / "char" / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["checksum"]
    path.write_text(json.dumps(manifest))
    assert LanguageModel.load(tmp_path / "char").config.cell == "gru"


def test_a_newer_format_is_refused_by_naming_both_versions(tmp_path):
    shutil.copytree(FORMATS[-1] / "char", tmp_path / "char")
    newer = storage.FORMAT_VERSION + 1
    reseal(tmp_path / "char", format_version=newer, something_new=True)
    with pytest.raises(TextrnnError, match=rf"format version {newer} is newer than .*\({storage.FORMAT_VERSION}\)"):
        LanguageModel.load(tmp_path / "char")


if __name__ == "__main__":
    write_fixtures()
