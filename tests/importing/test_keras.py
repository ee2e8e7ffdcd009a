"""Models that Keras has written say the same in textrnn."""

import numpy as np
import pytest

import textrnn
from tests.conftest import random_weights
from tests.exporting.cases import Model
from textrnn import TextrnnError
from textrnn.config import NetworkConfig
from textrnn.exporting import export
from textrnn.importing.keras_models import import_keras
from textrnn.importing.vocabulary import NEVER, Vocabulary, read_tokens
from textrnn.training import keras  # imports it without its notes

layers = keras.layers
WORDS = [f"w{number}" for number in range(21)]  # ids 2 to 22 in Keras, 4 to 24 in textrnn
IDS = np.array([[5, 9, 22, 7, 2, 3], [4, 4, 8, 2, 9, 11]], np.int32)
OURS = IDS + 2


def saved(path, *parts):
    """Writes a Keras model with random weights, biases too; returns what it says of `IDS`."""
    model = keras.Sequential([layers.Input((None,), dtype="int32"), *parts])
    generator = np.random.default_rng(0)
    model.set_weights([generator.normal(0, 0.5, weight.shape) for weight in model.get_weights()])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.save(path)
    return np.asarray(model(IDS))


def probabilities(logits):
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("cell", ["SimpleRNN", "GRU", "LSTM"])
def test_a_language_model(cell, tmp_path):
    recurrent = getattr(layers, cell)
    wanted = saved(
        tmp_path / "model.keras",
        layers.Embedding(23, 6, mask_zero=True),
        recurrent(7, return_sequences=True),
        layers.Dropout(0.25),
        recurrent(5, return_sequences=True, use_bias=False),
        layers.Dense(23, activation="softmax"),
    )
    model, notes = import_keras(tmp_path / "model.keras", WORDS, tmp_path / "mine")
    logits, _ = model.network(OURS, model.network.initial_states(2))
    np.testing.assert_allclose(probabilities(logits)[..., 4:], wanted[..., 2:], atol=1e-5)
    np.testing.assert_allclose(probabilities(logits)[..., :2], wanted[..., :2], atol=1e-5)
    assert (model.config.dropout, model.config.form, notes) == (0.25, "lines", [])
    assert model.tokenizer.encode("w0 w20 other").tolist() == [4, 24, 1]
    assert model.generate("w3 w4", max_tokens=5, seed=1)


def test_a_language_model_of_ngrams_that_reads_both_ways(tmp_path):
    """The network of the tutorials; id 0 on the left is padding."""
    wanted = saved(
        tmp_path / "model.keras",
        layers.Embedding(23, 6, mask_zero=True),
        layers.Bidirectional(layers.LSTM(7, return_sequences=True)),
        layers.Dropout(0.2),
        layers.Bidirectional(layers.LSTM(5)),
        layers.Dense(23, activation="softmax"),
    )
    model, _ = import_keras(tmp_path / "model.keras", ["<OOV>", *WORDS], tmp_path / "mine")
    np.testing.assert_allclose(probabilities(model.network.ngram_logits(OURS))[:, 4:], wanted[:, 2:], atol=1e-5)
    assert model.config.form == "ngrams"


@pytest.mark.parametrize(("outputs", "activation"), [(1, "sigmoid"), (3, "softmax"), (3, "sigmoid"), (2, "linear")])
def test_a_classifier(outputs, activation, tmp_path):
    wanted = saved(
        tmp_path / "model.keras",
        layers.Embedding(23, 6),
        layers.Bidirectional(layers.GRU(5)),
        layers.Dense(outputs, activation=activation),
    )
    names = ["no", "yes", "perhaps"][: max(outputs, 2)]
    model, notes = import_keras(tmp_path / "model.keras", ["", "[UNK]", *WORDS], tmp_path / "mine", labels=names)
    logits = model.network(OURS, OURS > 0)
    if activation == "linear":
        found = logits
    elif outputs == 1:
        found = probabilities(logits)[:, 1:]
    else:
        found = probabilities(logits) if activation == "softmax" else 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert model.config.labels == tuple(names)
    assert model.config.multi_label == (activation == "sigmoid" and outputs > 1)
    assert len(notes) == 1
    assert "it read its padding" in notes[0]
    assert model.predict(["w1 w2"])[0] in (*names, [], ()) or model.config.multi_label


def test_what_textrnn_has_exported_comes_back(tmp_path):
    config = NetworkConfig(vocabulary_size=25, units=(7, 5), embedding_dim=6, cell="gru")
    model = Model(config)
    export(model, tmp_path / "model.keras")
    tokens = ["<pad>", "<unk>", "<bos>", "<eos>", *WORDS]
    back, _ = import_keras(tmp_path / "model.keras", tokens, tmp_path / "mine")
    for name, weight in random_weights(config).items():
        np.testing.assert_array_equal(back.weights[name], weight)
    assert back.tokenizer.tokens == tokens


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((layers.LSTM(5, return_sequences=True), layers.Dense(3)), "has a label for each token"),
        ((layers.LSTM(5), layers.Dense(1)), "one output without a sigmoid"),
        ((layers.LSTM(5), layers.Dense(23, activation="sigmoid")), "a sigmoid for each token"),
        ((layers.LSTM(5), layers.Dense(4)), "tells 4 classes apart, and there are 2 labels"),
        (
            (layers.Bidirectional(layers.LSTM(5, return_sequences=True)), layers.Dense(23)),
            "A bidirectional network reads ahead",
        ),
    ],
)
def test_models_that_textrnn_has_no_kind_for(parts, words, tmp_path):
    saved(tmp_path / "model.keras", layers.Embedding(23, 6), *parts)
    labels = ["a", "b"] if "labels" in words else None
    with pytest.raises(TextrnnError, match=words):
        import_keras(tmp_path / "model.keras", WORDS, tmp_path / "mine", labels=labels)
    assert not (tmp_path / "mine").exists()


def test_special_tokens_move_to_their_places():
    """Unknown ones get what is told, here -1; the order of the others stays."""
    vocabulary = Vocabulary(["b", "<s>", "a", "</s>"], 5)
    assert vocabulary.tokenizer.tokens == ["<pad>", "<unk>", "<bos>", "<eos>", "b", "a"]
    rows = vocabulary.rows(np.array([0.0, 10, 20, 30, 40]), np.array(-1.0))
    assert rows.tolist() == [0, -1, 20, 40, 10, 30]


def test_a_token_that_the_network_does_not_know_never_comes(tmp_path):
    saved(tmp_path / "model.keras", layers.Embedding(23, 6), layers.LSTM(5), layers.Dense(23))
    model, _ = import_keras(tmp_path / "model.keras", ["a", *WORDS], tmp_path / "mine")
    logits = model.network.ngram_logits(OURS)
    np.testing.assert_allclose(logits[:, 1:4], NEVER)
    assert logits[:, 4:].min() > NEVER + 50


def test_characters_and_case(tmp_path):
    (tmp_path / "tokens.txt").write_text("a\nb\n\\n\n \n", encoding="utf-8")
    tokenizer = Vocabulary(read_tokens(tmp_path / "tokens.txt"), 5).tokenizer
    assert (tokenizer.level, tokenizer.lowercase) == ("char", True)
    assert tokenizer.decode(tokenizer.encode("Ab\na")) == "ab\na"
    assert not Vocabulary(["The", "lamp"], 4).tokenizer.lowercase


def test_what_is_imported_can_be_trained_on(tmp_path, quiet):
    saved(
        tmp_path / "model.keras",
        layers.Embedding(23, 6, mask_zero=True),
        layers.GRU(5, return_sequences=True),
        layers.Dense(23),
    )
    model, _ = import_keras(tmp_path / "model.keras", WORDS, tmp_path / "mine")
    before = model.weights["output/kernel"].copy()
    texts = [" ".join(WORDS[number % 21] for number in range(start, start + 9)) for start in range(60)]
    model.fit(texts, validation=texts[:9], steps=2, progress=quiet)
    assert not np.array_equal(model.weights["output/kernel"], before)
    assert isinstance(model, textrnn.LanguageModel)
