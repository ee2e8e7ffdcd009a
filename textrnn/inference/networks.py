"""What all NumPy networks share."""

import numpy as np

from textrnn.config.base import Shapes
from textrnn.errors import TextrnnError

__all__ = ["check_weights", "cross_entropies"]

BLOCK_ROWS = 32  # logits whose cross-entropies are taken together: what is in between stays in the cache


def check_weights(shapes: Shapes, weights: dict[str, np.ndarray]) -> None:
    """Raises `TextrnnError` if a weight is missing or has another shape than a config's `weight_shapes()` say."""
    for name, shape in shapes.items():
        found = weights[name].shape if name in weights else None
        if found != shape:
            raise TextrnnError(f"Weight {name!r} must have shape {shape}. Received: {found}.")


def cross_entropies(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Returns the negative log-probability of each target, float64, in nats.

    Args:
        logits: Shape `(..., vocabulary_size)`.
        targets: Token ids of shape `(...)`.
    """
    rows, flat = logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)
    losses = np.empty(len(flat))
    for start in range(0, len(flat), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS].astype(np.float64)
        highest = block.max(axis=1)
        chosen = np.take_along_axis(block, flat[start : start + BLOCK_ROWS, np.newaxis], axis=1)[:, 0]
        block -= highest[:, np.newaxis]
        np.exp(block, out=block)
        losses[start : start + BLOCK_ROWS] = highest + np.log(block.sum(axis=1)) - chosen
    return losses.reshape(targets.shape)
