"""The loss of a recogniser is that of CTC, by a forward algorithm of our own, and training brings it down."""

import numpy as np
import tensorflow as tf

from tests.conftest import random_weights
from textrnn.config import RecogniserConfig
from textrnn.inference.ctc import log_likelihood
from textrnn.inference.recogniser import SpeechRecogniser as NumpyRecogniser
from textrnn.training.recogniser import SpeechRecogniser, summed_ctc

CONFIG = RecogniserConfig(vocabulary_size=9, num_bands=5, units=(6, 5), stacked_frames=2)
TARGETS = np.array([[1, 2, 2, 3], [5, 4, 0, 0], [3, 3, 3, 0]], np.int32)
LENGTHS = np.array([12, 7, 5], np.int32)


def batch():
    inputs = np.random.default_rng(0).normal(size=(3, 12, 10)).astype(np.float32)
    return inputs, np.arange(12) < LENGTHS[:, np.newaxis]


def test_the_loss_is_the_probability_of_the_text():
    """The NumPy network and `ctc.log_likelihood`, clip by clip, and TensorFlow's loss of a batch."""
    weights = random_weights(CONFIG, seed=1)
    network = SpeechRecogniser(CONFIG)
    network.set_weights_by_name(weights)
    inputs, mask = batch()
    loss, _ = network.step_loss((inputs, mask), tf.constant(TARGETS), [], False, 0)
    numpy_network = NumpyRecogniser(CONFIG, weights)
    expected = 0.0
    for row, length, target in zip(inputs, LENGTHS, TARGETS, strict=True):
        (found,) = numpy_network.log_probabilities(row[np.newaxis, :length], np.ones((1, length), bool))
        expected -= log_likelihood(found, target[target > 0].tolist())
    np.testing.assert_allclose(float(loss), expected, rtol=1e-4)
    assert float(network.num_targets(TARGETS)) == 9


def test_two_steps_by_hand():
    """Of four paths of a blank and one character, each of probability 1/4, three are written as that character."""
    loss = summed_ctc(tf.zeros((1, 2, 2)), tf.constant([[1]]), tf.constant([2]))
    np.testing.assert_allclose(float(loss), -np.log(0.75), rtol=1e-6)


def test_padding_changes_nothing():
    logits = tf.constant(np.random.default_rng(2).normal(size=(3, 12, 6)).astype(np.float32))
    alone = 0.0
    for row, length in enumerate(LENGTHS):
        one = slice(row, row + 1)
        alone += float(summed_ctc(logits[one, :length], tf.constant(TARGETS[one]), tf.constant(LENGTHS[one])))
    together = float(summed_ctc(logits, tf.constant(TARGETS), tf.constant(LENGTHS)))
    np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_half_a_batch_may_be_empty():
    """Large networks read a batch in two halves, and a batch may have one clip."""
    network = SpeechRecogniser(CONFIG)
    inputs, mask = batch()
    with tf.GradientTape() as tape:
        loss, _ = network.step_loss((inputs[:0], mask[:0]), tf.constant(TARGETS[:0]), [], True, 0)
    gradients = tape.gradient(loss, [variable.value for variable in network.named_variables().values()])
    assert float(loss) == 0.0
    assert all(gradient is None or not np.asarray(gradient).any() for gradient in gradients)


def test_padding_gets_no_gradient():
    network = SpeechRecogniser(CONFIG)
    inputs, mask = (tf.constant(part) for part in batch())
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss, _ = network.step_loss((inputs, mask), tf.constant(TARGETS), [], False, 0)
    gradient = np.abs(tape.gradient(loss, inputs)).sum(axis=2) > 0
    np.testing.assert_array_equal(gradient, mask)
