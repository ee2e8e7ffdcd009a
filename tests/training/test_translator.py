"""The Keras and the NumPy encoder-decoder agree, for every cell, attention and number of layers."""

import itertools

import numpy as np
import pytest

from tests.conftest import random_weights
from textrnn.config import TranslatorConfig
from textrnn.inference.translator import EncoderDecoder as NumPyNetwork
from textrnn.training import keras, tf
from textrnn.training.layers import Attention
from textrnn.training.losses import summed_cross_entropy
from textrnn.training.translator import EncoderDecoder as KerasNetwork

OPTIONS = {
    "source_vocabulary_size": 20,
    "target_vocabulary_size": 15,
    "encoder_units": (5, 4),
    "decoder_units": (8, 6),
    "embedding_dim": 7,
}
SOURCES = np.array([[5, 6, 7, 8, 3], [9, 3, 0, 0, 0], [10, 11, 3, 0, 0]])
DECODER_INPUTS = np.array([[2, 5, 6, 7], [2, 8, 9, 0], [2, 4, 0, 0]])


def both(**options):
    config = TranslatorConfig(**{**OPTIONS, **options})
    weights = random_weights(config)
    keras_network = KerasNetwork(config)
    keras_network.set_weights_by_name(weights)
    return keras_network, NumPyNetwork(config, weights)


def cases():
    """Yields all combinations: by default two of each cell and attention, one of one layer and one of two."""
    for case in itertools.product(("simple_rnn", "gru", "lstm"), ("dot", "general", "additive"), (1, 2), (True, False)):
        *_, layers, tied = case
        yield case if tied == (layers == 2) else pytest.param(*case, marks=pytest.mark.slow)


@pytest.mark.parametrize(("cell", "attention", "layers", "tied"), cases())
def test_logits_and_attention_agree(cell, attention, layers, tied):
    keras_network, numpy_network = both(
        cell=cell,
        attention=attention,
        encoder_units=(5, 4)[-layers:],
        decoder_units=(8, 6)[:layers],
        tie_weights=tied,
    )
    memory, mask, initial = keras_network.encode(tf.constant(SOURCES))
    logits, weights = keras_network.decode(tf.constant(DECODER_INPUTS), memory, mask, initial)
    numpy_memory, states = numpy_network.encode(SOURCES)
    found, _, attention_weights = numpy_network.decode(DECODER_INPUTS, states, numpy_memory)
    np.testing.assert_allclose(found, logits, atol=1e-5)
    np.testing.assert_allclose(attention_weights, weights, atol=1e-5)


@pytest.mark.parametrize("joint", [True, False])
def test_named_variables_are_those_of_the_config(joint):
    config = TranslatorConfig(**{**OPTIONS, "target_vocabulary_size": 20}, joint_vocabulary=joint)
    network = KerasNetwork(config)
    assert {name: tuple(v.shape) for name, v in network.named_variables().items()} == config.weight_shapes()
    assert len(network.trainable_variables) == len(config.weight_shapes())


def test_padding_changes_nothing():
    """A sentence alone, and in a batch with longer ones, has the same logits and looks at no padding."""
    _, network = both()
    memory, states = network.encode(SOURCES)
    together, _, weights = network.decode(DECODER_INPUTS, states, memory)
    assert (weights[1, :, 2:] == 0).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)
    memory, states = network.encode(SOURCES[1:2, :2])
    alone, _, _ = network.decode(DECODER_INPUTS[1:2, :3], states, memory)
    np.testing.assert_allclose(alone[0], together[1, :3], atol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_steps_equal_the_whole_sequence(cell):
    """Step by step, with two beams that read the same tokens, gives what reading all at once gives."""
    _, network = both(cell=cell)
    memory, states = network.encode(SOURCES)
    expected, _, looked = network.decode(DECODER_INPUTS, states, memory)
    beams = [[np.repeat(state, 2, axis=0) for state in layer] for layer in states]
    for time in range(DECODER_INPUTS.shape[1]):
        logits, beams, weights = network.step(np.repeat(DECODER_INPUTS[:, time : time + 1], 2, axis=1), beams, memory)
        for beam in (0, 1):
            np.testing.assert_allclose(logits.reshape(3, 2, -1)[:, beam], expected[:, time], atol=1e-5)
            np.testing.assert_allclose(weights[:, beam], looked[:, time], atol=1e-5)


def test_dot_attention_by_hand():
    """Scores 0 and ln 3 give weights 1/4 and 3/4; the third place is padding."""
    layer = Attention("dot")
    layer.build(2, 2)
    memory = tf.constant([[[0.0, 4.0], [np.log(3.0), 0.0], [9.0, 9.0]]])
    context, weights = layer(tf.constant([[[1.0, 0.0]]]), memory, tf.constant([[True, True, False]]))
    np.testing.assert_allclose(weights, [[[0.25, 0.75, 0.0]]], atol=1e-6)
    np.testing.assert_allclose(context, [[[0.75 * np.log(3.0), 1.0]]], atol=1e-6)


@pytest.mark.parametrize("kind", ["general", "additive"])
def test_attention_matches_keras(kind):
    """`keras.layers.Attention` on keys that are projected by hand."""
    generator = np.random.default_rng(0)
    layer = Attention(kind, seed=1)
    layer.build(4, 6)
    queries = tf.constant(generator.normal(size=(2, 3, 4)), tf.float32)
    memory = tf.constant(generator.normal(size=(2, 5, 6)), tf.float32)
    mask = tf.constant([[True] * 5, [True] * 3 + [False] * 2])
    keys = memory @ layer.memory_kernel.value
    if kind == "general":
        reference = keras.layers.Attention()
        asked = queries
    else:
        reference = keras.layers.AdditiveAttention()
        asked = queries @ layer.query_kernel.value + layer.bias.value
        reference.build([asked.shape, memory.shape, keys.shape])
        reference.scale.assign(layer.vector)
    expected = reference([asked, memory, keys], mask=[None, mask])
    np.testing.assert_allclose(layer(queries, memory, mask)[0], expected, atol=1e-5)


def test_every_weight_gets_a_gradient():
    network, _ = both(attention="additive", tie_weights=False)
    with tf.GradientTape() as tape:
        logits = network((tf.constant(SOURCES), tf.constant(DECODER_INPUTS)), training=True)
        loss = summed_cross_entropy(logits, tf.constant(np.roll(DECODER_INPUTS, -1, axis=1)))
    gradients = tape.gradient(loss, [variable.value for variable in network.named_variables().values()])
    for name, gradient in zip(network.named_variables(), gradients, strict=True):
        assert gradient is not None, name
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, name


def test_keras_can_fit_it():
    network, _ = both()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(0.02), loss)
    history = network.fit((SOURCES, DECODER_INPUTS), DECODER_INPUTS % 15, epochs=40, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0] / 2
