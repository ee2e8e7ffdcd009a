"""What can be done to trained weights without an engine: NumPy on named arrays."""

import numpy as np

__all__ = ["with_larger_vocabulary"]

NOISE = 0.01  # spread of new rows around the mean, so that they do not stay equal


def with_larger_vocabulary(weights: dict[str, np.ndarray], vocabulary_size: int) -> dict[str, np.ndarray]:
    """Returns the weights of a language model with rows for new tokens at the end of its vocabulary.

    A new token begins as the average of all others, and as improbable as the least probable of them.

    Args:
        weights: Arrays by the names of `NetworkConfig.weight_shapes`.
        vocabulary_size: The new number of token ids, at least the old one.
    """
    result = dict(weights)
    number = vocabulary_size - len(weights["embedding/embeddings"])
    noise = np.random.Generator(np.random.PCG64(0))

    def extended(rows: np.ndarray) -> np.ndarray:
        mean = rows.mean(axis=0, keepdims=True)
        spread = NOISE * noise.standard_normal((number, rows.shape[1]))
        return np.concatenate([rows, (mean + spread).astype(np.float32)])

    result["embedding/embeddings"] = extended(weights["embedding/embeddings"])
    if "output/kernel" in weights:  # (units, vocabulary_size)
        result["output/kernel"] = np.ascontiguousarray(extended(weights["output/kernel"].T).T)
    bias = weights["output/bias"]
    result["output/bias"] = np.concatenate([bias, np.full(number, bias.min(), dtype=np.float32)])
    return result
