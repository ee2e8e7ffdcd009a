"""The network of `textrnn.training.forecaster` in NumPy, from the same config and weights."""

import numpy as np

from textrnn.config.forecaster import ForecasterConfig
from textrnn.inference.cells import project
from textrnn.inference.networks import check_weights
from textrnn.inference.stack import RecurrentStack
from textrnn.inference.threads import on_one_blas_thread

__all__ = ["SeriesForecaster"]


class SeriesForecaster:
    """Maps windows of series to scaled quantiles of what comes after them.

    Args:
        config: What the network is.
        weights: Arrays with the names and shapes of `config.weight_shapes()`.

    Raises:
        TextrnnError: If a weight is missing or has another shape.
    """

    def __init__(self, config: ForecasterConfig, weights: dict[str, np.ndarray]) -> None:
        check_weights(config.weight_shapes(), weights)
        self.config = config
        self.weights = weights
        self.stack = RecurrentStack(config.cell, weights, config.units)

    @on_one_blas_thread
    def __call__(self, values: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Reads windows.

        Args:
            values: See `textrnn.preprocessing.windows.Windows`, shape `(batch, lookback, 1 + num_known)`.
            context: Shape `(batch, context_dim)`.

        Returns:
            Shape `(batch, output_steps, outputs_per_step)`.
        """
        config, weights = self.config, self.weights
        segments = values.reshape(len(values), config.lookback // config.segment, -1)
        _, ends = self.stack.read(segments)  # (batch, units)
        hidden = np.concatenate([ends, context], axis=-1)
        if config.head_units:
            hidden = np.maximum(project(hidden, weights["head/kernel"], weights["head/bias"]), 0)
        outputs = project(hidden, weights["output/kernel"], weights["output/bias"])
        outputs = outputs.reshape(len(values), config.output_steps, config.outputs_per_step)
        if config.linear:
            linear = np.concatenate([values[:, :, 0], context], axis=-1) @ weights["linear/kernel"]
            outputs = outputs + linear[:, :, np.newaxis]
        return np.asarray(outputs)
