"""Recurrent cells in NumPy: one layer run over one or many time steps.

Each cell keeps Keras's weights and formulas, with the gates put in an order that lets one call serve all the sigmoids.
"""

import dataclasses

import numpy as np

__all__ = ["GRUCell", "LSTMCell", "SimpleRNNCell", "make_cell", "sigmoid"]


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function, through tanh: no overflow, and faster in NumPy than through exp."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


@dataclasses.dataclass
class SimpleRNNCell:
    """`h = tanh(x W + b + h_previous U)`; weights as in `keras.layers.SimpleRNN`."""

    kernel: np.ndarray  # (inputs, units)
    recurrent_kernel: np.ndarray  # (units, units)
    bias: np.ndarray  # (units,)
    num_states = 1

    def project(self, inputs: np.ndarray) -> np.ndarray:
        """Returns the part of the next step that needs no state, shape `(..., gates)`."""
        projected = inputs @ self.kernel
        projected += self.bias
        return projected

    def step(self, projected: np.ndarray, states: list[np.ndarray]) -> list[np.ndarray]:
        """Returns the new states, each of shape `(batch, units)`; the first one is the output."""
        return [np.tanh(projected + states[0] @ self.recurrent_kernel)]


class GRUCell(SimpleRNNCell):
    """`h = z * h_previous + (1 - z) * n`; weights as in `keras.layers.GRU` with `reset_after=True`."""

    def project(self, inputs: np.ndarray) -> np.ndarray:
        return inputs @ self.kernel + self.bias[0]

    def step(self, projected: np.ndarray, states: list[np.ndarray]) -> list[np.ndarray]:
        (h,) = states
        units = h.shape[1]
        product = h @ self.recurrent_kernel + self.bias[1]
        gates = sigmoid(projected[:, : 2 * units] + product[:, : 2 * units])
        z, r = gates[:, :units], gates[:, units:]
        n = np.tanh(projected[:, 2 * units :] + r * product[:, 2 * units :])
        return [n + z * (h - n)]


@dataclasses.dataclass
class LSTMCell(SimpleRNNCell):
    """`c = f * c_previous + i * g`, `h = o * tanh(c)`; weights as in `keras.layers.LSTM`."""

    num_states = 2

    def __post_init__(self) -> None:
        # Keras keeps the gates as i, f, g, o; here they stand as i, f, o, g.
        units = self.recurrent_kernel.shape[0]
        order = np.r_[0 : 2 * units, 3 * units : 4 * units, 2 * units : 3 * units]
        self.kernel, self.recurrent_kernel = self.kernel[:, order], self.recurrent_kernel[:, order]
        self.bias = self.bias[order]

    def step(self, projected: np.ndarray, states: list[np.ndarray]) -> list[np.ndarray]:
        h, c = states
        units = h.shape[1]
        total = h @ self.recurrent_kernel
        total += projected
        gates = sigmoid(total[:, : 3 * units])
        c = gates[:, units : 2 * units] * c + gates[:, :units] * np.tanh(total[:, 3 * units :])
        return [gates[:, 2 * units :] * np.tanh(c), c]


CELLS: dict[str, type[SimpleRNNCell]] = {"simple_rnn": SimpleRNNCell, "gru": GRUCell, "lstm": LSTMCell}


def make_cell(name: str, weights: dict[str, np.ndarray], prefix: str) -> SimpleRNNCell:
    """Builds the named cell from the weights called `{prefix}/kernel` and so on."""
    return CELLS[name](*(weights[f"{prefix}/{part}"] for part in ("kernel", "recurrent_kernel", "bias")))


def run(
    cell: SimpleRNNCell,
    inputs: np.ndarray,
    states: list[np.ndarray],
    mask: np.ndarray | None = None,
    backwards: bool = False,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Runs a cell over whole sequences.

    Args:
        cell: The cell.
        inputs: Shape `(batch, time, inputs)`.
        states: Initial states, each of shape `(batch, units)`.
        mask: None, or booleans of shape `(batch, time)`; where it is false the states stay as they were.
        backwards: Whether to read from the last step to the first.

    Returns:
        Outputs of shape `(batch, time, units)`, each in the place of the input it was made at, and the final states.
    """
    projected = cell.project(inputs)
    steps = range(inputs.shape[1])
    outputs = np.empty((*inputs.shape[:2], states[0].shape[1]), dtype=states[0].dtype)
    for t in reversed(steps) if backwards else steps:
        new = cell.step(projected[:, t], states)
        if mask is not None and not mask[:, t].all():
            real = mask[:, t, np.newaxis]
            new = [np.where(real, a, b) for a, b in zip(new, states, strict=True)]
        states = new
        outputs[:, t] = states[0]
    return outputs, states
