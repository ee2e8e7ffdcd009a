"""What a character model needs beside its cells: numbers for characters, a loss, an update, and drawing from it.

    (21) loss = -sum(log(y[target])) / N                               cross-entropy, in nats per target
    (22) d(Wy @ a + by) = (y - one_hot(target)) / N                    what softmax and logarithm become together
    (23) g = g * min(1, max_norm / ||g||)                              clipping, g being all gradients in one vector
    (24) W = W - learning_rate * dW                                    gradient descent
    (25) S = S + dW**2,  W = W - learning_rate * dW / sqrt(S)          Adagrad

`N` is the number of targets: one for each step of each sequence. The other names are those of `cells`.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from textrnn.errors import TextrnnError, check_range
from textrnn.teaching.cells import CELLS, Arrays
from textrnn.teaching.shapes import check_shape, parameter_shapes, sizes

__all__ = [
    "clip",
    "cross_entropy",
    "cross_entropy_backward",
    "initial_parameters",
    "one_hot",
    "sample",
    "update_parameters",
    "zero_states",
]

TINY = 1e-12  # keeps the logarithm of a probability, and the division by a sum of squares, finite where they are 0


def initial_parameters(cell: str, n_x: int, n_a: int, n_y: int, scale: float = 1.0, seed: int = 0) -> Arrays:
    """Draws the parameters that a network begins with.

    Weights are normal with the standard deviation `scale / sqrt(columns)`, so that a sum is about as large as what is
    summed. Biases are zero, but for that of an LSTM's forget gate, which is 1: at first, memory stays.

    Args:
        cell: "simple_rnn", "lstm" or "gru".
        n_x: Number of features of a step; of characters, if they are one-hot.
        n_a: Number of units.
        n_y: Number of classes between which the output decides.
        scale: Above 1 for gradients that explode, below for such that vanish.
        seed: Fixes the draws.

    Returns:
        Arrays of the shapes that `parameter_shapes` gives.

    Raises:
        TextrnnError: If there is no such cell, or a size is not a whole number of at least 1.

    Reference: the scale, LeCun et al. 1998; the bias, Gers et al. 2000 and Jozefowicz et al. 2015.
    """
    for name, size in (("n_x", n_x), ("n_a", n_a), ("n_y", n_y)):
        check_range(name, size, 1, whole=True)
    check_range("scale", scale, 0)
    generator = np.random.default_rng(seed)
    parameters = {}
    for name, shape in parameter_shapes(cell, n_x, n_a, n_y).items():
        is_weight = name.startswith("W")
        parameters[name] = generator.normal(0, scale / np.sqrt(shape[1]), shape) if is_weight else np.zeros(shape)
    if cell == "lstm":
        parameters["bf"] += 1
    return parameters


def zero_states(cell: str, parameters: Arrays, m: int) -> list[np.ndarray]:
    """Returns the states of `m` sequences before their first step, each of shape `(n_a, m)`.

    Args:
        cell: "simple_rnn", "lstm" or "gru".
        parameters: Those of the cell; they say what `n_a` is.
        m: Number of sequences.

    Returns:
        `[a0]`, or `[a0, c0]` for an LSTM.

    Raises:
        TextrnnError: If there is no such cell, or a parameter is missing.
    """
    _, n_a = sizes(cell, parameters)
    return [np.zeros((n_a, m))] * (2 if cell == "lstm" else 1)


def one_hot(ids: np.ndarray | Sequence[int], n_x: int) -> np.ndarray:
    """Turns whole numbers into columns with a single 1.

    >>> one_hot([2, 0], n_x=3).tolist()
    [[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]

    Args:
        ids: From 0 to `n_x - 1`, of any shape, such as `(m, T_x)`.
        n_x: How many different ones there are.

    Returns:
        Shape `(n_x, *shape of ids)`.

    Raises:
        TextrnnError: If an id is not a whole number in that range.
    """
    check_ids("ids", ids, n_x)
    return np.moveaxis(np.eye(n_x)[np.asarray(ids)], -1, 0)


def check_ids(name: str, ids: np.ndarray | Sequence[int], number: int) -> None:
    """Raises `TextrnnError` unless all ids are whole numbers from 0 to `number - 1`; NumPy counts -1 from the end."""
    ids = np.asarray(ids)
    if ids.size == 0 or ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= number:
        received = f"{ids.dtype} from {ids.min()} to {ids.max()}" if ids.size else "none"
        raise TextrnnError(
            f"`{name}` must be whole numbers from 0 to {number - 1}. Received: {received}. "
            "Number the characters of the text from 0, and pass how many there are."
        )


def cross_entropy(y_pred: np.ndarray, targets: np.ndarray) -> float:
    """Returns the loss (21) in nats per target.

    Args:
        y_pred: Probabilities, shape `(n_y, ...)`, such as `(n_y, m, T_x)`.
        targets: The class that came, shape `(...)`.

    Raises:
        TextrnnError: If the shapes do not fit, or there is no such class.
    """
    check_shape("targets", targets, y_pred.shape[1:], "Each column of `y_pred` needs one target.")
    check_ids("targets", targets, len(y_pred))
    probabilities = np.take_along_axis(y_pred, targets[np.newaxis], axis=0)  # (1, ...)
    return float(-np.log(probabilities + TINY).mean())  # (21)


def cross_entropy_backward(
    y_pred: np.ndarray, targets: np.ndarray, a: np.ndarray, parameters: Arrays
) -> tuple[np.ndarray, Arrays]:
    """Returns the gradients of the loss (21) by the states and by the output's parameters.

    Args:
        y_pred: Predictions of a forward pass, shape `(n_y, m, T_x)`.
        targets: The class that came, shape `(m, T_x)`.
        a: The states that they were made from, shape `(n_a, m, T_x)`.
        parameters: Those of the forward pass.

    Returns:
        `da` of the shape of `a`, for the cell's backward pass, and `dWya` or `dWy`, and `dby`.

    Raises:
        TextrnnError: As `cross_entropy`, or if `a` does not fit.
    """
    check_shape("targets", targets, y_pred.shape[1:], "Each column of `y_pred` needs one target.")
    name = "Wya" if "Wya" in parameters else "Wy"
    W = parameters[name]
    check_shape("a", a, (W.shape[1], *targets.shape), "Pass all states, not only the last.")
    dz = (y_pred - one_hot(targets, len(y_pred))) / targets.size  # (22), (n_y, m, T_x)
    columns = dz.reshape(len(dz), -1)  # (n_y, m * T_x): here no step depends on another
    gradients = {f"d{name}": columns @ a.reshape(len(a), -1).T, "dby": columns.sum(axis=1, keepdims=True)}
    return (W.T @ columns).reshape(a.shape), gradients


def clip(gradients: Mapping[str, np.ndarray], max_norm: float) -> Arrays:
    """Returns the gradients, scaled down (23) if all of them together are longer than `max_norm`.

    The direction stays the same; the course cuts off each number by itself, which turns it.

    >>> clip({"dW": np.array([3.0, 4.0])}, max_norm=2.5)["dW"].tolist()
    [1.5, 2.0]

    Args:
        gradients: By name, of any shapes.
        max_norm: Largest allowed norm, above 0.

    Raises:
        TextrnnError: If `max_norm` is not above 0.

    Reference: Pascanu et al. 2013, algorithm 1.
    """
    check_range("max_norm", max_norm, 0, above=True)
    norm = np.sqrt(sum(float(np.sum(gradient * gradient)) for gradient in gradients.values()))
    factor = min(1.0, max_norm / max(norm, TINY))  # (23)
    return {name: gradient * factor for name, gradient in gradients.items()}


def update_parameters(
    parameters: Arrays, gradients: Mapping[str, np.ndarray], learning_rate: float, squares: Arrays | None = None
) -> None:
    """Takes a step of gradient descent (24), or of Adagrad (25), in place.

    Args:
        parameters: What is changed.
        gradients: The gradient of each parameter, with a `d` before its name; others, such as `dx`, are left alone.
        learning_rate: Size of the step.
        squares: None for gradient descent; for Adagrad a dictionary, empty at first, in which the sums of squares are
            kept from step to step.

    Raises:
        TextrnnError: If a parameter has no gradient, or one of another shape.

    Reference: Adagrad, Duchi et al. 2011.
    """
    check_range("learning_rate", learning_rate, 0)
    for name, parameter in parameters.items():
        if f"d{name}" not in gradients:
            raise TextrnnError(
                f"`gradients` must hold 'd{name}'. Received: {', '.join(gradients)}. Those of the output come from "
                "`cross_entropy_backward`, those of the cell from its backward pass."
            )
        gradient = gradients[f"d{name}"]
        check_shape(f"gradients['d{name}']", gradient, parameter.shape, "A gradient has the shape of its parameter.")
        if squares is not None:
            squares[name] = squares.get(name, 0.0) + gradient * gradient
            gradient = gradient / (np.sqrt(squares[name]) + TINY)  # (25)
        parameter -= learning_rate * gradient  # (24), in place


def sample(
    cell: str,
    parameters: Arrays,
    prompt: Sequence[int],
    length: int,
    temperature: float = 1.0,
    seed: int | None = None,
) -> list[int]:
    """Draws a sequence from a trained network: what is drawn at one step is read at the next.

    Args:
        cell: "simple_rnn", "lstm" or "gru".
        parameters: Those of the cell, with as many features as classes.
        prompt: Ids that are read first, at least one.
        length: How many to draw.
        temperature: Below 1 prefers what is probable, above 1 what is not.
        seed: Fixes the draws; None draws differently each time.

    Returns:
        The ids that were drawn, without the prompt.

    Raises:
        TextrnnError: If the prompt is empty or has ids that the network does not know.
    """
    n_y = len(parameters["by"])
    check_ids("prompt", prompt, n_y)
    check_range("length", length, 0, whole=True)
    check_range("temperature", temperature, 0, above=True)
    generator = np.random.default_rng(seed)
    states = zero_states(cell, parameters, m=1)
    ids = list(prompt)
    for t in range(len(prompt) + length - 1):
        *states, yt_pred, _ = CELLS[cell].cell_forward(one_hot(ids[t : t + 1], n_y), *states, parameters)
        if t + 1 == len(ids):  # the prompt has been read
            y = yt_pred[:, 0]
            weights = (y / y.max()) ** (
                1 / temperature
            )  # divided first, so that a low temperature leaves more than zeros
            ids.append(int(generator.choice(n_y, p=weights / weights.sum())))
    return ids[len(prompt) :]
