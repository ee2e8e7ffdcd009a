"""The network of `textrnn.training.recogniser` in NumPy, from the same config and weights."""

import numpy as np

from textrnn.config.recogniser import RecogniserConfig
from textrnn.inference.cells import project
from textrnn.inference.networks import check_weights
from textrnn.inference.sampling import log_softmax
from textrnn.inference.stack import RecurrentStack
from textrnn.inference.threads import on_one_blas_thread

__all__ = ["SpeechRecogniser"]


class SpeechRecogniser:
    """Maps the frames of clips to what is said at each step.

    Args:
        config: What the network is.
        weights: Arrays with the names and shapes of `config.weight_shapes()`.

    Raises:
        TextrnnError: If a weight is missing or has another shape.
    """

    def __init__(self, config: RecogniserConfig, weights: dict[str, np.ndarray]) -> None:
        check_weights(config.weight_shapes(), weights)
        self.config = config
        self.weights = weights
        self.stack = RecurrentStack(config.cell, weights, config.units, config.directions)

    @on_one_blas_thread
    def __call__(self, inputs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Reads clips.

        Args:
            inputs: Stacked frames of shape `(batch, time, num_features)`, right-padded.
            mask: Booleans of shape `(batch, time)`, false at padding.

        Returns:
            Logits of shape `(batch, time, num_symbols)`, of which symbol 0 is the blank.
        """
        outputs, _ = self.stack.read(inputs, mask)
        return project(outputs, self.weights["output/kernel"], self.weights["output/bias"])

    def log_probabilities(self, inputs: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
        """Returns the log probability of each symbol at each step, one array of shape `(time, num_symbols)` a clip."""
        found = log_softmax(self(inputs, mask))
        return [row[:length] for row, length in zip(found, mask.sum(axis=1), strict=True)]
