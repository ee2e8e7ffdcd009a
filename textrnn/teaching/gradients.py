"""Are the gradients right, and how far back do they reach?"""

from collections.abc import Callable, Mapping

import numpy as np

from textrnn.errors import TextrnnError, check_range
from textrnn.teaching.cells import CELLS, Arrays
from textrnn.teaching.shapes import check_sequence, check_shape
from textrnn.teaching.training import clip, zero_states

__all__ = ["gradient_check", "gradient_norms"]


def gradient_check(
    loss: Callable[[], float], arrays: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray], step: float = 1e-5
) -> dict[str, float]:
    """Compares gradients with numeric ones: each number is moved a little to both sides, and the loss computed anew.

    An error of less than 1e-7 means that the formula is right, one of more than 1e-3 that it is wrong.

    >>> w = np.array([1.0, 2.0, 3.0])
    >>> errors = gradient_check(lambda: np.sum(w**2), {"w": w}, {"w": 2 * w})
    >>> errors["w"] < 1e-9
    True

    Args:
        loss: Computes the loss from the arrays as they are at the moment it is called.
        arrays: What to differentiate by, float64, by name; moved in place, and put back.
        gradients: The gradient of each, of its shape, by the same name with or without a `d` before it.
        step: How far each number is moved.

    Returns:
        For each array ||a - b|| / (||a|| + ||b||), where a and b are the two gradients; 0 where both are zero.

    Raises:
        TextrnnError: If an array is not float64, or its gradient is missing or has another shape.

    Reference: central differences; their error is of the order of `step ** 2` and `1e-16 / step`.
    """
    check_range("step", step, 0, 1, above=True)
    errors = {}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype != np.float64:
            raise TextrnnError(
                f"`arrays[{name!r}]` must be a float64 array: the differences drown in the rounding of others. "
                "Pass the result of `array.astype(float)` to both the loss and this check."
            )
        key = next((key for key in (f"d{name}", name) if key in gradients), None)
        if key is None:
            raise TextrnnError(
                f"`gradients` must hold 'd{name}', the gradient of {name!r}. Received: {', '.join(gradients)}."
            )
        gradient = gradients[key]
        check_shape(
            f"gradients[{key!r}]", gradient, array.shape, "A gradient has the shape of what it is the gradient of."
        )
        numeric = np.empty_like(array)
        for place in np.ndindex(array.shape):
            value = array[place]
            array[place] = value + step
            above = loss()
            array[place] = value - step
            below = loss()
            array[place] = value
            numeric[place] = (above - below) / (2 * step)
        total = np.linalg.norm(gradient) + np.linalg.norm(numeric)
        errors[name] = float(np.linalg.norm(gradient - numeric) / total) if total else 0.0
    return errors


def gradient_norms(
    cell: str, parameters: Arrays, x: np.ndarray, max_norm: float | None = None, seed: int = 0
) -> np.ndarray:
    """Says how large the gradient of the last step is, by its distance in time.

    A gradient by the last state, of norm 1 and in a random direction, is carried back step by step; each step
    multiplies it with the derivative of one state by the one before. Where these products shrink, the gradient
    vanishes, and nothing is learned from what happened long ago. Where they grow, it explodes, and one step of training
    destroys what was learned. Clipping helps against the second, and never against the first.

    Args:
        cell: "simple_rnn", "lstm" or "gru".
        parameters: Those of the cell.
        x: Inputs, shape `(n_x, m, T_x)`.
        max_norm: None, or the norm to which the gradient is clipped at each step on its way back.
        seed: Fixes the direction of the first gradient.

    Returns:
        The norm of the gradient by the state 0, 1, ..., `T_x` steps before the last, shape `(T_x + 1,)`; for an LSTM by
        state and memory together.

    Raises:
        TextrnnError: If there is no such cell, or a shape does not fit.

    Reference: Bengio et al. 1994; Pascanu et al. 2013. Clipping on the way back: Graves 2013, section 2.1.
    """
    check_sequence(x)
    a0, *_ = states = zero_states(cell, parameters, np.shape(x)[1])
    *_, (steps, _) = CELLS[cell].forward(x, a0, parameters)
    da = np.random.default_rng(seed).normal(size=a0.shape)
    carried = [da / np.linalg.norm(da), *(np.zeros_like(state) for state in states[1:])]  # [da] or [da, dc]
    norms = [1.0]
    for cache in reversed(steps):
        gradients = CELLS[cell].cell_backward(*carried, cache)
        before: Arrays = {name: gradients[name] for name in ("da_prev", "dc_prev") if name in gradients}
        carried = list((before if max_norm is None else clip(before, max_norm)).values())
        norms.append(float(np.linalg.norm(np.stack(carried))))
    return np.array(norms)
