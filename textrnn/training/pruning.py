"""Sets the smallest weights of matrices to zero while training goes on (Zhu and Gupta 2017)."""

from typing import Any

import numpy as np
import tensorflow as tf

from textrnn.weights import is_matrix, smallest

__all__ = ["Pruning"]


class Pruning:
    """Which weights are pruned, as masks that an update is multiplied by: a pruned weight stays zero.

    Masks are variables, so that a compiled step reads them and a checkpoint keeps them.

    Args:
        variables: The weights of a network by name; of them matrices are pruned, not biases and normalisation.
        share: The share of each matrix that is pruned in the end, 0 to 1.
    """

    def __init__(self, variables: dict[str, Any], share: float) -> None:
        self.share = share
        self.matrices = {name: variable for name, variable in variables.items() if share and is_matrix(name)}
        self.masks = {
            name: tf.Variable(tf.ones(variable.shape), trainable=False) for name, variable in self.matrices.items()
        }

    def prune(self, share: float) -> None:
        """Prunes the smallest weights until their share of each matrix is `share`; none comes back."""
        for name, variable in self.matrices.items():
            mask = self.masks[name]
            mask.assign(mask.numpy() * ~smallest(variable.numpy() * mask.numpy(), share))
            variable.assign(variable * mask)

    def masked(self, name: str, value: Any) -> Any:
        """Returns a new value of a weight, with zeros where it is pruned."""
        return value * self.masks[name] if name in self.masks else value

    @property
    def is_complete(self) -> bool:
        """Whether as many weights are pruned as are to be."""
        masks = [mask.numpy() for mask in self.masks.values()]
        return all(np.count_nonzero(mask) <= mask.size - round(self.share * mask.size) for mask in masks)
