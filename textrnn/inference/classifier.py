"""The network of `textrnn.training.classifier` in NumPy, from the same config and weights."""

from collections.abc import Callable

import numpy as np

from textrnn.config.classifier import GRAM_PLACES, LINEAR_STEP, ClassifierConfig
from textrnn.inference.cells import project
from textrnn.inference.networks import check_weights
from textrnn.inference.stack import RecurrentStack
from textrnn.inference.threads import on_one_blas_thread

__all__ = ["SequenceClassifier"]


class SequenceClassifier:
    """Maps sequences of tokens or of vectors to the logits of their classes.

    Args:
        config: What the network is.
        weights: Arrays with the names and shapes of `config.weight_shapes()`.

    Raises:
        TextrnnError: If a weight is missing or has another shape.
    """

    def __init__(self, config: ClassifierConfig, weights: dict[str, np.ndarray]) -> None:
        check_weights(config.weight_shapes(), weights)
        self.config = config
        self.weights = weights
        self.stack = RecurrentStack(config.cell, weights, config.units, config.directions)

    @on_one_blas_thread
    def __call__(self, inputs: np.ndarray, mask: np.ndarray, grams: np.ndarray | None = None) -> np.ndarray:
        """Reads sequences.

        Args:
            inputs: Token ids of shape `(batch, time)`, or scaled vectors of shape `(batch, time, num_features)`,
                right-padded.
            mask: Booleans of shape `(batch, time)`, false at padding.
            grams: What the linear classifier reads, places of shape `(batch, grams)`, 0 at padding.

        Returns:
            Logits of shape `(batch, num_labels)`.
        """
        hidden = self.weights["embedding/embeddings"][inputs] if self.config.vocabulary_size else inputs
        outputs, ends = self.stack.read(hidden, mask)
        weights, share = self.weights, np.float32(self.config.linear_share)
        logits = project(self._pooled(outputs, ends, mask), weights["output/kernel"], weights["output/bias"])
        return logits if grams is None else (1 - share) * logits + share * self.linear(grams)

    def linear(self, grams: np.ndarray) -> np.ndarray:
        """Returns the logits of the linear classifier, shape `(batch, num_labels)`."""
        half = GRAM_PLACES // 2
        sorts = ((grams > 0) & (grams <= half), grams > half)  # words and pairs of words, and pieces of words
        weights = sum(sort / np.sqrt(np.maximum(sort.sum(axis=1, keepdims=True), 1)) for sort in sorts)
        found = self.weights["linear/embeddings"][grams]  # (batch, grams, num_labels)
        total = np.einsum("bg,bgl->bl", np.asarray(weights, np.float32), found)
        return np.asarray(np.float32(LINEAR_STEP) * total + self.weights["linear/bias"])

    def _pooled(self, outputs: np.ndarray, ends: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Returns what the output layer sees, shape `(batch, num_poolings * size)`; see `ClassifierConfig.pooling`."""
        real = mask[:, :, np.newaxis]  # (batch, time, 1)
        pools: dict[str, Callable[[], np.ndarray]] = {
            "last": lambda: ends,
            "max": lambda: np.where(real, outputs, np.float32(-1e9)).max(axis=1),
            "mean": lambda: (outputs * real).sum(axis=1) / np.maximum(real.sum(axis=1), 1),
            "attention": lambda: (outputs * self.attention(outputs, mask)[:, :, np.newaxis]).sum(axis=1),
        }
        return np.concatenate([pools[name]() for name in self.config.pooling], axis=-1).astype(outputs.dtype)

    def attention(self, outputs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Returns how much each step counts in the "attention" pooling, shape `(batch, time)`."""
        asked = np.tanh(project(outputs, self.weights["attention/kernel"], self.weights["attention/bias"]))
        scores = np.where(mask, asked @ self.weights["attention/vector"], np.float32(-1e9))
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))
