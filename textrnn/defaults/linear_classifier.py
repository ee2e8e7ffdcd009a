"""The linear classifier that stands beside the recurrent layers: ridge regression on what texts hold, in closed form.

Conjugate gradients solve it, and where they stop is what keeps it from learning texts by heart: each step is scored on
the validation texts.
"""

from collections.abc import Callable, Sequence

import numpy as np

from textrnn.config.classifier import GRAM_PLACES, LINEAR_STEP
from textrnn.preprocessing.batches import evenly

__all__ = ["fitted"]

STEPS = 40
PENALTY = 0.1
MOST_TEXTS = 30_000  # that it is fitted to
SCALES = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)  # from regression to logits


class Grams:
    """A sparse matrix: a row for each text, a column for each place of `textrnn.preprocessing.grams`.

    A text's words and pairs of words weigh `1 / sqrt(number of them)`, and so do its pieces of words.

    Args:
        grams: The places of each text.
    """

    def __init__(self, grams: Sequence[np.ndarray]) -> None:
        self.places = np.concatenate([*grams, np.zeros(0, np.int32)])
        lengths = np.array([len(one) for one in grams])
        self.rows = np.repeat(np.arange(len(grams)), lengths)
        sort = 2 * self.rows + (self.places > GRAM_PLACES // 2)
        self.weights = 1 / np.sqrt(np.bincount(sort, minlength=2 * len(grams))[sort])
        self.num_rows = len(grams)

    def times(self, kernel: np.ndarray) -> np.ndarray:
        """Returns the product with a kernel of shape `(1 + GRAM_PLACES, outputs)`: shape `(texts, outputs)`."""
        columns = [
            np.bincount(self.rows, self.weights * column[self.places], minlength=self.num_rows) for column in kernel.T
        ]
        return np.stack(columns, axis=1)

    def transposed_times(self, values: np.ndarray) -> np.ndarray:
        """Returns the product of the transposed matrix with values of shape `(texts, outputs)`."""
        columns = [
            np.bincount(self.places, self.weights * column[self.rows], minlength=1 + GRAM_PLACES) for column in values.T
        ]
        return np.stack(columns, axis=1)


def fitted(
    training: tuple[Sequence[np.ndarray], np.ndarray],
    validation: tuple[Sequence[np.ndarray], np.ndarray],
    loss: Callable[[np.ndarray, np.ndarray], float],
) -> dict[str, np.ndarray]:
    """Returns the weights of the linear classifier to begin with.

    Args:
        training: The places of texts, and 1 for each label that a text has, shape `(texts, labels)`.
        validation: The same to choose by.
        loss: Returns the loss of logits, both of shape `(texts, labels)`.
    """
    chosen = evenly(len(training[0]), MOST_TEXTS)
    matrix, seen = Grams([training[0][i] for i in chosen]), Grams(validation[0])
    targets = training[1][chosen].astype(np.float64)
    means = targets.mean(axis=0)
    kernel = np.zeros((1 + GRAM_PLACES, targets.shape[1]))
    residual = matrix.transposed_times(targets - means)
    direction, size = residual.copy(), (residual**2).sum(axis=0)
    best = (np.inf, kernel, 1.0)
    for _ in range(STEPS):
        image = matrix.transposed_times(matrix.times(direction)) + PENALTY * direction
        step = size / np.maximum((direction * image).sum(axis=0), 1e-12)
        kernel = kernel + step * direction
        residual = residual - step * image
        new_size = (residual**2).sum(axis=0)
        direction = residual + new_size / np.maximum(size, 1e-12) * direction
        size = new_size
        scores = seen.times(kernel) + means
        found = min((loss(scale * scores, validation[1]), scale) for scale in SCALES)
        if found[0] < best[0]:
            best = (found[0], kernel, found[1])
    _, kernel, scale = best
    return {
        "linear/embeddings": (scale / LINEAR_STEP * kernel).astype(np.float32),
        "linear/bias": (scale * means).astype(np.float32),
    }
