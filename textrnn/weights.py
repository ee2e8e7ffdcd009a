"""What can be done to trained weights without an engine: NumPy on named arrays."""

import re
from collections.abc import Iterable, Mapping

import numpy as np

__all__ = ["encoder_weights", "is_matrix", "layer_of", "layers_of", "smallest", "with_larger_vocabulary"]

NOISE = 0.01  # spread of new rows around the mean, so that they do not stay equal


def with_larger_vocabulary(
    weights: dict[str, np.ndarray],
    vocabulary_size: int,
    like: Mapping[int, int] | None = None,
    counts: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Returns the weights of a language model with rows for new tokens at the end of its vocabulary.

    A new token begins as the average of all others, and as improbable as the least probable of them; or as the token
    that it is like, with which it shares that one's probability.

    Args:
        weights: Arrays by the names of `NetworkConfig.weight_shapes`.
        vocabulary_size: The new number of token ids, at least the old one.
        like: For ids of new tokens the old ids that they are like.
        counts: How often each token occurs, shape `(vocabulary_size,)`: in this proportion they share.
    """
    result = dict(weights)
    number = vocabulary_size - len(weights["embedding/embeddings"])
    noise = np.random.Generator(np.random.PCG64(0))
    new, known = np.array(list((like or {}).items()), dtype=np.int64).reshape(-1, 2).T

    def extended(rows: np.ndarray) -> np.ndarray:
        mean = rows.mean(axis=0, keepdims=True)
        spread = NOISE * noise.standard_normal((number, rows.shape[1]))
        rows = np.concatenate([rows, (mean + spread).astype(np.float32)])
        rows[new] = rows[known]
        return rows

    result["embedding/embeddings"] = extended(weights["embedding/embeddings"])
    if "output/kernel" in weights:  # (units, vocabulary_size)
        result["output/kernel"] = np.ascontiguousarray(extended(weights["output/kernel"].T).T)
    bias = weights["output/bias"]
    result["output/bias"] = bias = np.concatenate([bias, np.full(number, bias.min(), dtype=np.float32)])
    for token in np.unique(known):
        sharing = np.array([token, *new[known == token]])
        shares = np.ones(len(sharing)) if counts is None else counts[sharing] + 1.0
        bias[sharing] = bias[token] + np.log(shares / shares.sum())
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


def layer_of(name: str) -> str:
    """Returns the layer of a network that a weight belongs to, both directions of reading being one.

    >>> [layer_of(name) for name in ("recurrent_0_backward/kernel", "normalization_0/gamma", "bridge_1_0/bias")]
    ['recurrent_0', 'recurrent_0', 'bridge']
    """
    owner = name.partition("/")[0].removesuffix("_backward")
    owner = re.sub(r"^(source|target)_embedding$", "embedding", owner)
    owner = re.sub(r"^bridge_.*$", "bridge", owner)
    return owner.replace("normalization_", "recurrent_")


def layers_of(names: Iterable[str]) -> list[str]:
    """Returns the layers of a network from the input to the output, by the names of its weights in order."""
    return list(dict.fromkeys(layer_of(name) for name in names))


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
