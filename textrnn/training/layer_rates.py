"""Which weights learn, and how fast, by the layer that they belong to (Howard and Ruder 2018, section 3)."""

from typing import Any

import numpy as np
import tensorflow as tf

from textrnn.config import FittingConfig
from textrnn.errors import TextrnnError, nearest
from textrnn.weights import layer_of, layers_of

__all__ = ["LayerRates", "learning"]


def learning(variables: dict[str, Any], frozen: tuple[str, ...]) -> dict[str, Any]:
    """Returns the weights of a network without those that are frozen.

    Args:
        variables: All weights by name.
        frozen: Names of weights, of what owns them ("recurrent_0_backward") or of layers ("recurrent_0", which is both
            directions of reading).

    Raises:
        TextrnnError: If there is no such layer, or nothing is left to learn.
    """
    known = {name: {name, name.partition("/")[0], layer_of(name)} for name in variables}
    for asked in frozen:
        if not any(asked in names for names in known.values()):
            layers = layers_of(variables)
            raise TextrnnError(
                f"This network has no layer {asked!r} to freeze.{nearest(asked, layers)} Its layers, from the input to "
                f"the output: {', '.join(layers)}."
            )
    result = {name: variable for name, variable in variables.items() if not known[name] & set(frozen)}
    if not result:
        raise TextrnnError(f"With {', '.join(frozen)} frozen nothing is left to learn. Leave one out.")
    return result


class LayerRates:
    """How much of the learning rate each weight gets: less towards the input, and nothing before its layer's turn.

    The shares are a variable, so that a compiled step reads them.

    Args:
        names: The weights that learn, from the input to the output.
        config: How to train.
    """

    def __init__(self, names: list[str], config: FittingConfig) -> None:
        layers = layers_of(names)[::-1]  # the output first
        self.depths = np.array([layers.index(layer_of(name)) for name in names])
        self.decay, self.wait = config.layer_decay, config.unfreeze_steps
        self.are_equal = self.decay == 1.0 and self.wait == 0
        self.current = self.shares_at(0)
        self.shares = tf.Variable(self.current, trainable=False)

    def shares_at(self, step: int) -> np.ndarray:
        """Returns the share of the learning rate for each weight at a step, counted from 0: float32."""
        has_begun = step >= self.depths * self.wait
        shares: np.ndarray = np.where(has_begun, self.decay**self.depths, 0.0).astype(np.float32)
        return shares

    def go_to(self, step: int) -> None:
        """Sets the shares for a step."""
        shares = self.shares_at(step)
        if not np.array_equal(shares, self.current):
            self.current = shares
            self.shares.assign(shares)

    def slowed(self, index: int, before: Any, after: Any) -> Any:
        """Returns where a weight goes that would have gone from one value to another."""
        return before + self.shares[index] * (after - before)
