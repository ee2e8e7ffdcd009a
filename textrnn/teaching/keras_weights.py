"""The weights of Keras layers as parameters of these cells, and back: plain arrays, without Keras.

Keras multiplies from the right, so its matrices are transposed. It keeps the gates of a layer side by side, those of an
LSTM in the order i, f, c, o and those of a GRU in the order u, r, c. The update gate z of its GRU is the share of the
old state, here 1 - u; as 1 - sigmoid(s) = sigmoid(-s), that changes the sign of Wu and bu.
"""

from collections.abc import Sequence

import numpy as np

from textrnn.errors import TextrnnError, check_choice
from textrnn.teaching.cells import Arrays
from textrnn.teaching.shapes import GATES, check_shape, sizes

__all__ = ["parameters_from_keras", "parameters_to_keras"]


def parameters_from_keras(cell: str, weights: Sequence[np.ndarray], output: Sequence[np.ndarray] = ()) -> Arrays:
    """Turns the weights of a recurrent layer of Keras into parameters.

    Args:
        cell: "simple_rnn", "lstm" or "gru", for `keras.layers.SimpleRNN`, `LSTM` or `GRU(reset_after=False)`.
        weights: `layer.get_weights()`: kernel `(n_x, gates * n_a)`, recurrent kernel `(n_a, gates * n_a)` and bias
            `(gates * n_a,)`.
        output: `get_weights()` of the `keras.layers.Dense` behind it, kernel `(n_a, n_y)` and bias `(n_y,)`. Without it
            there are no classes (`n_y` is 0), and a forward pass is of use for its states.

    Returns:
        What `parameter_shapes` lists; copies.

    Raises:
        TextrnnError: If there is no such cell, or the weights are not of such a layer.
    """
    check_weights(cell, weights, output)
    kernel, recurrent_kernel, bias = (np.array(array) for array in weights)
    n_a = len(recurrent_kernel)
    W_output, b_output = (np.array(array) for array in output) if output else (np.zeros((n_a, 0)), np.zeros(0))
    by = b_output[:, np.newaxis]
    if cell == "simple_rnn":
        return {"Wax": kernel.T, "Waa": recurrent_kernel.T, "ba": bias[:, np.newaxis], "Wya": W_output.T, "by": by}
    stacked = np.concatenate([recurrent_kernel, kernel]).T  # (gates * n_a, n_a + n_x): [a, x]
    parameters = {}
    for place, gate in enumerate(GATES[cell]):
        rows = slice(place * n_a, (place + 1) * n_a)
        parameters[f"W{gate}"] = sign(gate) * stacked[rows]  # (n_a, n_a + n_x)
        parameters[f"b{gate}"] = sign(gate) * bias[rows, np.newaxis]  # (n_a, 1)
    return parameters | {"Wy": W_output.T, "by": by}


def parameters_to_keras(cell: str, parameters: Arrays) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Turns parameters into the weights of a recurrent layer of Keras and of the Dense layer behind it.

    Args:
        cell: "simple_rnn", "lstm" or "gru".
        parameters: Those of the cell.

    Returns:
        Two lists for `layer.set_weights`: kernel, recurrent kernel and bias of the layer, a GRU built with
        `reset_after=False`; kernel and bias of the output.

    Raises:
        TextrnnError: If there is no such cell, or a parameter is missing or has not its shape.
    """
    _, n_a = sizes(cell, parameters)
    output = [parameters["Wya" if cell == "simple_rnn" else "Wy"].T.copy(), parameters["by"][:, 0].copy()]
    if cell == "simple_rnn":
        return [parameters["Wax"].T.copy(), parameters["Waa"].T.copy(), parameters["ba"][:, 0].copy()], output
    stacked = np.concatenate(
        [sign(gate) * parameters[f"W{gate}"] for gate in GATES[cell]]
    ).T  # (n_a + n_x, gates * n_a)
    bias = np.concatenate([sign(gate) * parameters[f"b{gate}"][:, 0] for gate in GATES[cell]])
    return [stacked[n_a:], stacked[:n_a], bias], output


def sign(gate: str) -> int:
    """Returns what a gate's sum is multiplied with between here and there: -1 for `u`, which is `1 - z` there."""
    return -1 if gate == "u" else 1


def check_weights(cell: str, weights: Sequence[np.ndarray], output: Sequence[np.ndarray]) -> None:
    """Raises `TextrnnError` unless these are the weights of such a layer and of a Dense layer, or of no other."""
    check_choice("cell", cell, GATES)
    shapes = [np.shape(array) for array in (*weights, *output)]
    if len(weights) != 3 or len(output) not in (0, 2) or () in shapes:
        raise TextrnnError(
            "`weights` must be kernel, recurrent kernel and bias; `output` kernel and bias, or nothing. Received the "
            f"shapes {shapes}. Pass what `get_weights()` of layers with `use_bias=True` returns."
        )
    n_x, n_a, num_gates = len(weights[0]), len(weights[1]), max(len(GATES[cell]), 1)
    names = ("kernel", "recurrent kernel", "bias")
    expected = ((n_x, num_gates * n_a), (n_a, num_gates * n_a), (num_gates * n_a,))
    for name, array, shape in zip(names, weights, expected, strict=True):
        advice = f"Is it a layer of the kind {cell!r}? A GRU must have been built with `reset_after=False`."
        check_shape(name, array, shape, advice)
    if output:
        check_shape("kernel of the output", output[0], (n_a, len(output[1])), "It must read the states of the layer.")
