"""Promise 4: damage is noticed, or harmless; no damaged model is silently another one."""

import shutil

import numpy as np
import pytest

from tests.conftest import random_weights
from textrnn import TextrnnError, storage
from textrnn.config import NetworkConfig, TranslatorConfig
from textrnn.preprocessing.tokenizers import make_tokenizer

LINES = ["the lamp is lit", "the lamp is out", "the keeper goes home"] * 20


def make_models():
    for level in ("word", "subword"):
        tokenizer = make_tokenizer(level, LINES, 290)
        config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, units=(6,), embedding_dim=4)
        ngrams = {"words_3": np.arange(50, dtype=np.uint8)}
        yield storage.StoredModel(config, {"tokenizer": tokenizer}, random_weights(config), ngrams, {"epochs": 3})
    config = TranslatorConfig(
        source_vocabulary_size=tokenizer.vocabulary_size,
        target_vocabulary_size=tokenizer.vocabulary_size,
        encoder_units=(3,),
        decoder_units=(4,),
        embedding_dim=4,
    )
    tokenizers = {"source_tokenizer": tokenizer, "target_tokenizer": tokenizer}
    yield storage.StoredModel(config, tokenizers, random_weights(config), {}, {"epochs": 3})


def kind_of(model):
    return model.config.kind


def assert_equal(found, expected):
    assert found.config == expected.config
    assert found.facts == expected.facts
    for name, array in expected.weights.items():
        np.testing.assert_array_equal(found.weights[name], array)
    for name, array in expected.ngrams.items():
        np.testing.assert_array_equal(found.ngrams[name], array)
    for name, tokenizer in expected.tokenizers.items():
        assert found.tokenizers[name].files(name) == tokenizer.files(name)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_bit_flips_and_truncations(tmp_path, number):
    """340 kinds of damage to each of three models, over all their files, the manifest included."""
    model = list(make_models())[number]
    directory = tmp_path / "model"
    storage.save_model(directory, model)
    names = sorted(path.name for path in directory.iterdir())
    generator = np.random.default_rng(number)
    messages = []
    for round_number in range(340):
        name = names[round_number % len(names)]
        content = (directory / name).read_bytes()
        damaged = bytearray(content)
        if generator.random() < 0.3:
            damaged = damaged[: generator.integers(0, len(content))]
        else:
            for position in generator.integers(0, len(content), generator.integers(1, 4)):
                damaged[position] ^= 1 << int(generator.integers(0, 8))
        (directory / name).write_bytes(bytes(damaged))
        try:
            found = storage.load_model(directory, kind_of(model))
        except TextrnnError as error:
            messages.append(str(error))
        else:
            assert_equal(found, model)
        (directory / name).write_bytes(content)
    assert len(messages) > 320
    assert all(str(directory) in message and len(message.splitlines()) <= 3 for message in messages)
    assert_equal(storage.load_model(directory, kind_of(model)), model)


def test_files_of_two_models_do_not_mix(tmp_path):
    models = list(make_models())[:2]
    for number, model in enumerate(models):
        storage.save_model(tmp_path / str(number), model)
    for name in ("config.json", "tokenizer.json", "weights.safetensors"):
        shutil.copytree(tmp_path / "0", tmp_path / name)
        shutil.copy(tmp_path / "1" / name, tmp_path / name / name)
        with pytest.raises(TextrnnError, match=f"{name} is damaged"):
            storage.load_model(tmp_path / name, "language-model")
