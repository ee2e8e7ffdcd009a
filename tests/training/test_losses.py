import numpy as np
import pytest

from textrnn.training import keras, tf
from textrnn.training.losses import summed_cross_entropy


def test_uniform_logits_cost_the_log_of_the_vocabulary():
    """Four equal logits: each of the three real targets costs log 4; the padded one costs nothing."""
    total, count = summed_cross_entropy(tf.zeros((2, 2, 4)), tf.constant([[1, 2], [3, 0]]))
    assert float(count) == 3
    assert float(total) == pytest.approx(3 * np.log(4), rel=1e-6)


def test_label_smoothing_equals_that_of_keras():
    generator = np.random.default_rng(0)
    logits = tf.constant(generator.normal(size=(5, 7)).astype(np.float32))
    targets = generator.integers(1, 7, 5)
    total, _ = summed_cross_entropy(logits, tf.constant(targets), label_smoothing=0.1)
    expected = keras.losses.categorical_crossentropy(
        np.eye(7, dtype=np.float32)[targets], logits, from_logits=True, label_smoothing=0.1
    )
    assert float(total) == pytest.approx(float(tf.reduce_sum(expected)), rel=1e-5)
