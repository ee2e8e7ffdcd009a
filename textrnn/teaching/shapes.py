"""Which shape each array has, and a sentence for one that has another.

NumPy would broadcast a state of shape `(n_a, 1)` or a bias without its second axis, and compute something else.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError, check_choice

__all__ = ["GATES", "check_gradients", "check_sequence", "check_shape", "check_step", "parameter_shapes", "sizes"]

# The letters after W and b of a cell's parameters, gates in the order in which Keras keeps them.
GATES = {"simple_rnn": "", "lstm": "ifco", "gru": "urc"}


def parameter_shapes(cell: str, n_x: int, n_a: int, n_y: int) -> dict[str, tuple[int, int]]:
    """Returns the shape of each parameter of a cell and of its output.

    >>> parameter_shapes("simple_rnn", n_x=3, n_a=5, n_y=2)
    {'Wax': (5, 3), 'Waa': (5, 5), 'ba': (5, 1), 'Wya': (2, 5), 'by': (2, 1)}

    Args:
        cell: "simple_rnn", "lstm" or "gru".
        n_x: Number of features of a step.
        n_a: Number of units.
        n_y: Number of classes between which the output decides.

    Raises:
        TextrnnError: If there is no such cell.
    """
    check_choice("cell", cell, GATES)
    if cell == "simple_rnn":
        return {"Wax": (n_a, n_x), "Waa": (n_a, n_a), "ba": (n_a, 1), "Wya": (n_y, n_a), "by": (n_y, 1)}
    weights = {f"W{gate}": (n_a, n_a + n_x) for gate in GATES[cell]}
    return weights | {f"b{gate}": (n_a, 1) for gate in GATES[cell]} | {"Wy": (n_y, n_a), "by": (n_y, 1)}


def check_shape(name: str, array: Any, expected: tuple[int, ...], advice: str) -> None:
    """Raises `TextrnnError`, which ends with the advice, unless the array has the expected shape."""
    if np.shape(array) != expected:
        raise TextrnnError(f"`{name}` must have the shape {expected}. Received: {np.shape(array)}. {advice}")


def check_sequence(x: Any) -> None:
    """Raises `TextrnnError` unless `x` has the three axes of a batch of sequences, and at least one step."""
    if np.ndim(x) != 3 or np.shape(x)[2] == 0:
        raise TextrnnError(
            f"`x` must have the shape (n_x, m, T_x): features, examples, at least one step. Received: {np.shape(x)}. "
            "Use `numpy.moveaxis` on data in another order, and `x[:, np.newaxis]` for a single sequence."
        )


def check_gradients(da: Any, shape: tuple[int, ...], num_steps: int) -> None:
    """Raises `TextrnnError` unless `da` has the shape `(n_a, m)` of the states at some or all of the steps."""
    if np.ndim(da) != 3 or np.shape(da)[:2] != shape or not 1 <= np.shape(da)[2] <= num_steps:
        raise TextrnnError(
            f"`da` must have the shape {(*shape, num_steps)}, or fewer steps. Received: {np.shape(da)}. It needs a "
            "gradient for each state that the forward pass returned; that of a step without a loss is zero."
        )


def check_step(cell: str, xt: Any, states: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """Raises `TextrnnError` unless a cell can take a step from these arrays.

    Args:
        cell: Its name.
        xt: What should have the shape `(n_x, m)`.
        states: What should have the shape `(n_a, m)`, by name.
        parameters: What should have the shapes that `parameter_shapes` gives; others may stand beside them.
    """
    for name, array in {"xt": xt, **states}.items():
        if np.ndim(array) != 2:
            raise TextrnnError(
                f"`{name}` must have two axes, one row a feature or unit and one column an example. Received the shape "
                f"{np.shape(array)}. Use `array[:, np.newaxis]` for a single example, `x[:, :, t]` for a step of many."
            )
    n_x, m = np.shape(xt)
    n_a = np.shape(states["a_prev"])[0]
    for name, state in states.items():
        check_shape(name, state, (n_a, m), f"Each of the {m} examples needs a column, and all states the same units.")
    advice = f"`xt` has {n_x} features and `a_prev` {n_a} units; `initial_parameters` draws what fits them."
    check_parameters(cell, parameters, n_x, n_a, advice)


def check_parameters(cell: str, parameters: Mapping[str, Any], n_x: int, n_a: int, advice: str) -> None:
    """Raises `TextrnnError`, which ends with the advice, unless all parameters are there and have their shapes."""
    for name, shape in parameter_shapes(cell, n_x, n_a, len(parameters.get("by", ()))).items():
        check_shape(f"parameters[{name!r}]", named(cell, parameters, name), shape, advice)


def named(cell: str, parameters: Mapping[str, Any], name: str) -> Any:
    """Returns a parameter, or raises `TextrnnError` if it is missing."""
    if name not in parameters:
        other = name.replace("i", "u")  # what some editions of the course call the gate of equation (4)
        advice = f"Rename {other!r}." if cell == "lstm" and other in parameters else "`initial_parameters` draws all."
        raise TextrnnError(f"`parameters` must hold {name!r}. Received: {', '.join(parameters)}. {advice}")
    return parameters[name]


def sizes(cell: str, parameters: Mapping[str, Any]) -> tuple[int, int]:
    """Returns `n_x` and `n_a` of a cell's parameters, after a look at all of them.

    Raises:
        TextrnnError: If there is no such cell, or a parameter is missing or has another shape than the others ask for.
    """
    check_choice("cell", cell, GATES)
    name = "Wax" if cell == "simple_rnn" else "Wc"
    shape = np.shape(named(cell, parameters, name))
    n_a, columns = shape if len(shape) == 2 else (0, 0)
    n_x = columns if cell == "simple_rnn" else columns - n_a
    check_parameters(cell, parameters, n_x, n_a, f"{name!r} has the shape {shape}, which says what the others must be.")
    return n_x, n_a
