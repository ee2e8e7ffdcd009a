"""What can be done to trained weights without an engine: NumPy on named arrays."""

import numpy as np

__all__ = ["encoder_weights", "is_matrix", "smallest", "with_larger_vocabulary"]

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


def encoder_weights(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the weights of a language model that read: those of its embedding and of its recurrent layers.

    >>> list(encoder_weights(dict.fromkeys(["embedding/embeddings", "recurrent_0/kernel", "output/bias"])))
    ['embedding/embeddings', 'recurrent_0/kernel']
    """
    return {name: weight for name, weight in weights.items() if name.startswith(("embedding/", "recurrent_"))}


def is_matrix(name: str) -> bool:
    """Says whether a weight is a matrix, by its name: what can be pruned and kept in whole numbers.

    >>> [name for name in ("embedding/embeddings", "recurrent_0/recurrent_kernel", "output/bias") if is_matrix(name)]
    ['embedding/embeddings', 'recurrent_0/recurrent_kernel']
    """
    return name.endswith(("kernel", "embeddings"))


def smallest(matrix: np.ndarray, share: float) -> np.ndarray:
    """Returns booleans of a matrix's shape, true for the share of its weights that is nearest to zero.

    Args:
        matrix: The weights.
        share: How many of them, 0 to 1; of equal ones it does not say which.

    >>> smallest(np.array([[3.0, -1.0], [0.0, -2.0]]), 0.5).tolist()
    [[False, True], [True, False]]
    """
    number = round(share * matrix.size)
    found = np.zeros(matrix.size, bool)
    if number:
        found[np.argpartition(np.abs(matrix).ravel(), number - 1)[:number]] = True
    return found.reshape(matrix.shape)
