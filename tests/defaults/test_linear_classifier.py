import numpy as np
import pytest

from textrnn.config.classifier import GRAM_PLACES, LINEAR_STEP
from textrnn.defaults.linear_classifier import Grams, fitted
from textrnn.evaluation.classification import cross_entropy
from textrnn.preprocessing.grams import grams

TEXTS = ["a red boat", "the boat is red", "a blue car", "the car is blue", "red red boat", "my blue car"]
TARGETS = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 0], [0, 1]], np.float32)


def test_products_are_those_of_the_dense_matrix():
    read = [grams(text) for text in TEXTS]
    dense = np.zeros((len(TEXTS), 1 + GRAM_PLACES))
    for row, places in zip(dense, read, strict=True):
        words = places <= GRAM_PLACES // 2
        row[places] = np.where(words, 1 / np.sqrt(words.sum()), 1 / np.sqrt((~words).sum()))
    draw = np.random.default_rng(0)
    kernel, values = draw.normal(size=(1 + GRAM_PLACES, 3)), draw.normal(size=(len(TEXTS), 3))
    matrix = Grams(read)
    np.testing.assert_allclose(matrix.times(kernel), dense @ kernel)
    np.testing.assert_allclose(matrix.transposed_times(values), dense.T @ values)


def test_a_word_that_decides_is_found():
    read = [grams(text) for text in TEXTS]
    weights = fitted((read[:4], TARGETS[:4]), (read[4:], TARGETS[4:]), cross_entropy)
    logits = LINEAR_STEP * Grams(read).times(weights["linear/embeddings"]) + weights["linear/bias"]
    assert (logits.argmax(axis=1) == TARGETS.argmax(axis=1)).all()


def test_texts_without_words_are_no_obstacle():
    read = [grams(text) for text in ("", "red", "blue", "")]
    weights = fitted((read, TARGETS[:4]), (read, TARGETS[:4]), cross_entropy)
    assert all(np.isfinite(one).all() for one in weights.values())


def test_cross_entropy_by_hand():
    logits, targets = np.array([[0.0, np.log(3)]]), np.array([[0.0, 1.0]])
    assert cross_entropy(logits, targets) == pytest.approx(-np.log(0.75))
    assert cross_entropy(logits, targets, is_multi=True) == pytest.approx((np.log(2) - np.log(0.75)) / 2)
