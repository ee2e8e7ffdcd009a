import numpy as np
import pytest

from textrnn.training import keras, tf
from textrnn.training.layers import TokenEmbedding, TokenOutput
from textrnn.training.losses import num_real, projected_cross_entropy, summed_cross_entropy


def test_uniform_logits_cost_the_log_of_the_vocabulary():
    """Four equal logits: each of the three real targets costs log 4; the padded one costs nothing."""
    targets = tf.constant([[1, 2], [3, 0]])
    assert float(num_real(targets)) == 3
    total = summed_cross_entropy(tf.zeros((2, 2, 4)), targets)
    assert float(total) == pytest.approx(3 * np.log(4), rel=1e-6)


def test_targets_count_by_their_weights():
    """Four equal logits: a weight of two, one of minus one, and a padded target whose weight is nothing."""
    targets = tf.constant([[1, 2, 0]])
    total = summed_cross_entropy(tf.zeros((1, 3, 4)), targets, weights=tf.constant([[2.0, -1.0, 5.0]]))
    assert float(total) == pytest.approx(np.log(4), rel=1e-6)


def test_label_smoothing_equals_that_of_keras():
    generator = np.random.default_rng(0)
    logits = tf.constant(generator.normal(size=(5, 7)).astype(np.float32))
    targets = generator.integers(1, 7, 5)
    total = summed_cross_entropy(logits, tf.constant(targets), label_smoothing=0.1)
    expected = keras.losses.categorical_crossentropy(
        np.eye(7, dtype=np.float32)[targets], logits, from_logits=True, label_smoothing=0.1
    )
    assert float(total) == pytest.approx(float(tf.reduce_sum(expected)), rel=1e-5)


@pytest.mark.parametrize("vocabulary_size", [30, 700])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("block_rows", [4, 64])
@pytest.mark.parametrize("weighted", [False, True])
def test_projecting_in_blocks_changes_nothing(vocabulary_size, tied, smoothing, block_rows, weighted):
    """Loss and all gradients are those of the plain loss over all logits, whatever the blocks."""
    generator = np.random.default_rng(0)
    embedding = TokenEmbedding(vocabulary_size, 6, seed=1)
    embedding.build()
    output = TokenOutput(vocabulary_size, tied_to=embedding if tied else None, seed=2)
    output.build((None, 6))
    output.bias.assign(generator.normal(size=vocabulary_size))
    hidden = tf.constant(generator.normal(size=(3, 5, 6)), tf.float32)
    targets = tf.constant(generator.integers(0, vocabulary_size, (3, 5)) * (generator.random((3, 5)) < 0.8))
    counts = tf.constant(generator.normal(size=(3, 5)), tf.float32) if weighted else None
    weights = [embedding.embeddings if tied else output.kernel, output.bias]
    results = []
    for compute in (
        lambda: summed_cross_entropy(output(hidden), targets, smoothing, counts),
        lambda: projected_cross_entropy(hidden, output, targets, smoothing, block_rows, counts),
    ):
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            total = compute()
            loss = 3.0 * total
        results.append([total, *tape.gradient(loss, [hidden, *(weight.value for weight in weights)])])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(found), tf.convert_to_tensor(expected), rtol=1e-5, atol=1e-5)
