"""Rounds a matrix to few bits so that what it computes changes least, instead of each weight by itself.

The method is that of GPTQ (Frantar et al. 2023): one input after the other is rounded, and what that changes in the
outputs the inputs that are still to come make good, as well as they can. How inputs vary together says how well.
"""

from typing import TYPE_CHECKING

import numpy as np

from textrnn.weight_formats import GROUP, HIGHEST, quantized, saves_space

if TYPE_CHECKING:
    from textrnn.tasks.language_model import LanguageModel

__all__ = ["rounded", "rounded_weights"]

TEXTS, TOKENS = 64, 256  # that are written to see what matrices are multiplied by: how many, and how long
DAMPING = 0.1  # of the mean square of an input, added to each: what was seen of the inputs is a sample
TINY = 1e-12  # of which there is at least so much, where all inputs are zero
BLOCK = 32  # inputs whose changes reach all later ones in one product


def rounded_weights(model: "LanguageModel") -> dict[str, np.ndarray]:
    """Returns the weights of a model, rounded by what each matrix is multiplied by while the model writes by itself.

    Matrices with many zeros stay as they are.

    Args:
        model: A model that reads from left to right.
    """
    if not all(np.isfinite(weight).all() for weight in model.weights.values()):
        return model.weights  # which is refused where they are saved
    (written,) = model.generations([""], num_samples=TEXTS, max_tokens=TOKENS, temperature=1.0, top_p=1.0, seed=0)
    token_ids = np.concatenate([np.array(text.token_ids, np.int32) for text in written])
    if not len(token_ids):  # all texts end before they begin
        return model.weights
    size = min(TOKENS, len(token_ids))
    inputs = model.network.read_by_matrices(token_ids[: len(token_ids) // size * size].reshape(-1, size))
    weights = dict(model.weights)
    for name, read in inputs.items():
        if not saves_space(weights[name], "int4"):
            weights[name] = rounded(weights[name], read, inputs_are_rows=name != "embedding/embeddings")
    return weights


def rounded(matrix: np.ndarray, inputs: np.ndarray, inputs_are_rows: bool) -> np.ndarray:
    """Returns a matrix whose weights are such as "int4" keeps, so that saving it changes nothing more.

    Args:
        matrix: The weights, shape `(inputs, outputs)` or `(outputs, inputs)`.
        inputs: A sample of what it is multiplied by, shape `(..., inputs)`.
        inputs_are_rows: Which of the two shapes it is.

    Returns:
        float32 of the same shape.
    """
    numbers, scales = quantized(matrix, "int4")
    steps = np.repeat(scales.astype(np.float64), GROUP)[: matrix.size].reshape(matrix.shape)
    highest = HIGHEST["int4"]
    stays = np.abs(numbers) == highest  # they give their group its scale, so they are rounded as they are
    if inputs_are_rows:
        matrix, numbers, steps, stays = (one.T for one in (matrix, numbers, steps, stays))
    weights, found = matrix.astype(np.float64), np.zeros(matrix.shape)  # (outputs, inputs)
    sample = inputs.reshape(-1, inputs.shape[-1]).astype(np.float64)
    moments = sample.T @ sample / len(sample)
    damped = moments + max(DAMPING * np.diag(moments).mean(), TINY) * np.eye(len(moments))
    shares = np.linalg.cholesky(np.linalg.inv(damped)).T  # [i, j]: what input j > i has to make good for i

    for begin in range(0, len(moments), BLOCK):
        block = slice(begin, begin + BLOCK)
        errors = np.zeros_like(weights[:, block])
        for number, i in enumerate(range(begin, min(begin + BLOCK, len(moments)))):
            nearest = np.clip(np.rint(weights[:, i] / steps[:, i]), -highest, highest)
            found[:, i] = np.where(stays[:, i], numbers[:, i], nearest) * steps[:, i]
            errors[:, number] = (weights[:, i] - found[:, i]) / shares[i, i]
            weights[:, i : block.stop] -= errors[:, number, np.newaxis] * shares[i, i : block.stop]
        weights[:, block.stop :] -= errors @ shares[block, block.stop :]
    return np.ascontiguousarray(found.T if inputs_are_rows else found, dtype=np.float32)
