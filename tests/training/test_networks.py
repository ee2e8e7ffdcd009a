"""The Keras and the NumPy network agree, for every cell and option."""

import itertools

import numpy as np
import pytest

from tests.conftest import random_weights
from textrnn.config import NETWORKS, NetworkConfig
from textrnn.inference.language_model import RecurrentNetwork as NumPyNetwork
from textrnn.inference.networks import cross_entropies
from textrnn.training import keras, tf
from textrnn.training.language_model import RecurrentNetwork as KerasNetwork
from textrnn.training.losses import summed_cross_entropy

CELLS = ("simple_rnn", "gru", "lstm")


def both(**options):
    """Returns the two networks with equal weights, large enough for every option to show in the logits."""
    config = NetworkConfig(**{"vocabulary_size": 20, "units": (7, 5), "embedding_dim": 6, **options})
    weights = random_weights(config)
    keras_network = KerasNetwork(config)
    keras_network.set_weights_by_name(weights)
    return keras_network, NumPyNetwork(config, weights)


def cases():
    """Yields all combinations: by default those of two layers, and of one and of four an extreme one."""
    for case in itertools.product(CELLS, (1, 2, 4), (0, 1), ("untied", "tied", "projected")):
        is_quick = case[1] == 2 or case[1:] in ((1, 0, "untied"), (4, 1, "projected"))
        yield case if is_quick else pytest.param(*case, marks=pytest.mark.slow)


@pytest.mark.parametrize(("cell", "layers", "normalized", "tied"), cases())
def test_logits_and_states_agree(cell, layers, normalized, tied):
    keras_network, numpy_network = both(
        cell=cell,
        units=(7, 5, 8, 6)[-layers:],
        layer_normalization=bool(normalized),
        tie_weights=tied != "untied",
        embedding_dim=4 if tied == "projected" else 6,
    )
    token_ids = np.random.default_rng(1).integers(1, 20, (3, 9))
    keras_states, numpy_states = keras_network.initial_states(3), numpy_network.initial_states(3)
    for window in (token_ids[:, :4], token_ids[:, 4:]):
        expected, keras_states = keras_network.run(tf.constant(window), keras_states)
        found, numpy_states = numpy_network(window, numpy_states)
        np.testing.assert_allclose(found, expected, atol=1e-5)
    for layer, reference in zip(numpy_states, keras_states, strict=True):
        for state, expected in zip(layer, reference, strict=True):
            np.testing.assert_allclose(state, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("cell", "bidirectional", "normalized"), list(itertools.product(CELLS, (False, True), (False, True)))
)
def test_ngram_logits_agree(cell, bidirectional, normalized):
    keras_network, numpy_network = both(
        cell=cell, bidirectional=bidirectional, layer_normalization=normalized, form="ngrams"
    )
    token_ids = np.random.default_rng(1).integers(1, 20, (4, 9))
    token_ids[0, :5] = token_ids[1, :8] = 0
    expected = keras_network(tf.constant(token_ids))
    np.testing.assert_allclose(numpy_network.ngram_logits(token_ids), expected, atol=1e-5)


def test_ngrams_are_projected_too():
    keras_network, numpy_network = both(form="ngrams", bidirectional=True, tie_weights=True)  # 10 outputs, vectors of 6
    token_ids = np.random.default_rng(1).integers(1, 20, (4, 9))
    expected = keras_network(tf.constant(token_ids))
    np.testing.assert_allclose(numpy_network.ngram_logits(token_ids), expected, atol=1e-5)


def test_the_state_names_every_variable():
    options = {"embedding_dropout": 0.1, "weight_drop": 0.1, "dropout": 0.2, "layer_normalization": True}
    network, _ = both(**options)
    state = network.named_state()
    assert sorted(map(id, state.values())) == sorted(map(id, network.variables))
    assert {"embedding/dropout_seed", "recurrent_0/weight_drop_seed", "recurrent_0/kernel"} <= set(state)
    assert set(state) == set(both(**options)[0].named_state())  # another network in the same process


@pytest.mark.parametrize("cell", CELLS)
def test_ngram_form_and_lines_form_have_the_same_loss(cell):
    """Every prefix of a line predicts its next token: the n-gram losses add up to the loss of the line run once."""
    keras_network, numpy_network = both(cell=cell, form="lines")
    line = np.random.default_rng(4).integers(1, 20, 12)
    logits, _ = keras_network.run(tf.constant(line[np.newaxis, :-1]), keras_network.initial_states(1))
    lines_loss = summed_cross_entropy(logits, tf.constant(line[np.newaxis, 1:]))
    prefixes = np.zeros((11, 14), np.int64)
    for end in range(1, 12):
        prefixes[end - 1, 14 - end :] = line[:end]
    targets = tf.constant(line[1:])
    ngram_loss = summed_cross_entropy(keras_network.ngram_logits(tf.constant(prefixes)), targets)
    assert float(lines_loss) / 11 == pytest.approx(float(ngram_loss) / 11, abs=1e-5)
    numpy_loss = cross_entropies(numpy_network.ngram_logits(prefixes), line[1:]).sum()
    assert float(lines_loss) / 11 == pytest.approx(numpy_loss / 11, abs=1e-5)


def test_padding_on_either_side_changes_nothing():
    keras_network, _ = both(form="lines")
    line = np.array([[5, 6, 7, 8]])
    plain, _ = keras_network.run(tf.constant(line), keras_network.initial_states(1))
    right, _ = keras_network.run(tf.constant(np.pad(line, ((0, 0), (0, 3)))), keras_network.initial_states(1))
    np.testing.assert_allclose(right[:, :4], plain, atol=1e-6)
    left = keras_network.ngram_logits(tf.constant(np.pad(line, ((0, 0), (3, 0)))))
    np.testing.assert_allclose(left, plain[:, -1], atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_tutorials_networks_are_what_the_tutorials_build(name):
    """Embedding 100, LSTM 150, Dropout 0.2, LSTM 100, a softmax over the words; stock Keras gives the same numbers."""
    config = NetworkConfig(vocabulary_size=30, **NETWORKS[name])
    ours = KerasNetwork(config)
    wrap = keras.layers.Bidirectional if config.bidirectional else (lambda layer: layer)
    tutorial = keras.Sequential(
        [
            keras.layers.Embedding(30, 100, mask_zero=True),
            wrap(keras.layers.LSTM(150, return_sequences=True)),
            keras.layers.Dropout(0.2),
            wrap(keras.layers.LSTM(100)),
            keras.layers.Dense(30),
        ]
    )
    token_ids = np.array([[0, 0, 4, 5, 6], [7, 8, 9, 10, 11]])
    tutorial(token_ids)
    assert (
        tutorial.count_params()
        == ours.count_params()
        == sum(np.prod(shape) for shape in config.weight_shapes().values())
    )
    tutorial.set_weights(list(ours.get_weights_by_name().values()))
    np.testing.assert_allclose(ours(tf.constant(token_ids)), tutorial(token_ids), atol=1e-5)


def test_the_network_compiles_and_fits_as_a_keras_model():
    network = KerasNetwork(NetworkConfig(vocabulary_size=12, units=(16,), embedding_dim=8))
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    inputs = np.tile(np.arange(4, 12), (16, 1))
    history = network.fit(inputs[:, :-1], inputs[:, 1:], epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_equal_seeds_give_equal_networks():
    config = NetworkConfig(vocabulary_size=12, units=(6, 6), embedding_dim=6)
    first, second, third = (KerasNetwork(config, seed=seed).get_weights_by_name() for seed in (1, 1, 2))
    for name, weight in first.items():
        np.testing.assert_array_equal(weight, second[name])
    assert not np.array_equal(first["recurrent_0/kernel"], third["recurrent_0/kernel"])
    assert not np.array_equal(first["recurrent_0/kernel"], first["recurrent_1/kernel"])


@pytest.mark.parametrize("option", ["input_dropout", "dropout", "output_dropout", "embedding_dropout", "weight_drop"])
@pytest.mark.parametrize("variational", [False, True])
def test_every_dropout_acts_in_training_only(option, variational):
    none = {"input_dropout": 0.0, "dropout": 0.0, "output_dropout": 0.0}
    network, _ = both(**{**none, option: 0.5}, variational_dropout=variational)
    token_ids = tf.constant(np.random.default_rng(5).integers(1, 20, (2, 6)))
    states = network.initial_states(2)
    still = network.run(token_ids, states)[0].numpy()
    np.testing.assert_array_equal(still, network.run(token_ids, states)[0])
    assert np.abs(network.run(token_ids, states, training=True)[0] - still).max() > 1e-3


def test_variational_dropout_keeps_its_mask_over_time():
    network, _ = both(variational_dropout=True, output_dropout=0.5, dropout=0.0)
    masks = network.stack.dropouts[-1](tf.ones((2, 6, 50)), training=True).numpy()
    assert (masks == masks[:, :1]).all()
    assert 0 < masks.mean() < 2
