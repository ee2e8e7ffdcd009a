"""Recurrent cells in NumPy: one layer run over one or many time steps.

Each cell keeps Keras's weights and formulas, with the gates put in an order that lets one call serve all the sigmoids.
"""

import dataclasses

import numpy as np

__all__ = ["GRUCell", "LSTMCell", "SimpleRNNCell", "TokenProjection", "make_cell", "project", "run", "sigmoid"]

LOOKED_UP_ROWS = 16  # rows of a batch, or of its half, from which on looking tokens up pays


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function, through tanh: no overflow, and faster in NumPy than through exp."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


def project(inputs: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Returns `inputs kernel + bias` for inputs of any number of axes, in one matrix product.

    NumPy would multiply three axes matrix by matrix, which is five times slower where each is a single row.
    """
    projected: np.ndarray = inputs.reshape(-1, inputs.shape[-1]) @ kernel
    projected += bias  # in place: a second array of the size of logits would cost as much as their product
    return projected.reshape(*inputs.shape[:-1], -1)


@dataclasses.dataclass
class SimpleRNNCell:
    """`h = tanh(x W + b + h_previous U)`; weights as in `keras.layers.SimpleRNN`."""

    kernel: np.ndarray  # (inputs, units)
    recurrent_kernel: np.ndarray  # (units, units)
    bias: np.ndarray  # (units,)
    num_states = 1

    def project(self, inputs: np.ndarray) -> np.ndarray:
        """Returns the part of the next step that needs no state, shape `(..., gates)`."""
        return project(inputs, self.kernel, self.bias)

    def step(self, projected: np.ndarray, states: list[np.ndarray]) -> list[np.ndarray]:
        """Returns the new states, each of shape `(batch, units)`; the first one is the output."""
        return [np.tanh(projected + states[0] @ self.recurrent_kernel)]

    def gates(self, projected: np.ndarray, hidden: np.ndarray) -> dict[str, np.ndarray]:
        """Returns what the gates of steps let through, by name, each of shape `(rows, units)`; none for want of gates.

        Args:
            projected: The projected inputs of the steps, shape `(rows, gates)`.
            hidden: The outputs before the steps, shape `(rows, units)`.
        """
        return {}


class GRUCell(SimpleRNNCell):
    """`h = z * h_previous + (1 - z) * n`; weights as in `keras.layers.GRU` with `reset_after=True`."""

    def project(self, inputs: np.ndarray) -> np.ndarray:
        return project(inputs, self.kernel, self.bias[0])

    def step(self, projected: np.ndarray, states: list[np.ndarray]) -> list[np.ndarray]:
        (h,) = states
        units = h.shape[1]
        product = h @ self.recurrent_kernel + self.bias[1]
        gates = sigmoid(projected[:, : 2 * units] + product[:, : 2 * units])
        z, r = gates[:, :units], gates[:, units:]
        n = np.tanh(projected[:, 2 * units :] + r * product[:, 2 * units :])
        return [n + z * (h - n)]

    def gates(self, projected: np.ndarray, hidden: np.ndarray) -> dict[str, np.ndarray]:
        product = hidden @ self.recurrent_kernel + self.bias[1]
        (x_z, x_r, x_n), (h_z, h_r, h_n) = (np.split(array, 3, axis=1) for array in (projected, product))
        r = sigmoid(x_r + h_r)
        return {"update": sigmoid(x_z + h_z), "reset": r, "candidate": np.tanh(x_n + r * h_n)}


@dataclasses.dataclass
class LSTMCell(SimpleRNNCell):
    """`c = f * c_previous + i * g`, `h = o * tanh(c)`; weights as in `keras.layers.LSTM`."""

    num_states = 2

    def __post_init__(self) -> None:
        # Keras keeps the gates as i, f, g, o; here they stand as i, f, o, g. The sigmoids' halves are taken into the
        # weights: sigmoid(x) = tanh(x / 2) / 2 + 1 / 2, so that one call of tanh serves all four gates.
        units = self.recurrent_kernel.shape[0]
        order = np.r_[0 : 2 * units, 3 * units : 4 * units, 2 * units : 3 * units]
        scale = np.repeat(np.array([0.5, 0.5, 0.5, 1.0], self.kernel.dtype), units)
        self.kernel, self.recurrent_kernel, self.bias = (
            np.take(array, order, axis=-1) * scale for array in (self.kernel, self.recurrent_kernel, self.bias)
        )

    def step(self, projected: np.ndarray, states: list[np.ndarray]) -> list[np.ndarray]:
        h, c = states
        units = h.shape[1]
        total = h @ self.recurrent_kernel
        total += projected
        np.tanh(total, out=total)
        sigmoids = total[:, : 3 * units]
        sigmoids *= 0.5
        sigmoids += 0.5
        i, f, o, g = (total[:, gate * units : (gate + 1) * units] for gate in range(4))
        c = f * c
        g *= i
        c += g
        h = np.tanh(c)
        h *= o
        return [h, c]

    def gates(self, projected: np.ndarray, hidden: np.ndarray) -> dict[str, np.ndarray]:
        i, f, o, g = np.split(np.tanh(projected + hidden @ self.recurrent_kernel), 4, axis=1)
        sigmoids = {"input": i, "forget": f, "output": o}  # of which the weights have taken in one half
        return {**{name: 0.5 * gate + 0.5 for name, gate in sigmoids.items()}, "candidate": g}


CELLS: dict[str, type[SimpleRNNCell]] = {"simple_rnn": SimpleRNNCell, "gru": GRUCell, "lstm": LSTMCell}


def make_cell(name: str, weights: dict[str, np.ndarray], prefix: str) -> SimpleRNNCell:
    """Builds the named cell from the weights called `{prefix}/kernel` and so on."""
    return CELLS[name](*(weights[f"{prefix}/{part}"] for part in ("kernel", "recurrent_kernel", "bias")))


class TokenProjection:
    """What a first layer makes of token ids: their vectors, projected.

    Once it has been told of as many tokens as the vocabulary has, it projects the whole vocabulary and only looks up
    from then on, which saves one of the matrix products of a step.

    Args:
        cell: The cell of the first layer.
        embeddings: Shape `(vocabulary_size, embedding_dim)`.
    """

    def __init__(self, cell: SimpleRNNCell, embeddings: np.ndarray) -> None:
        self.cell = cell
        self.embeddings = embeddings
        self.table: np.ndarray | None = None
        self.num_expected = 0

    def expect(self, num_tokens: int) -> None:
        """Says that so many tokens will come in batches; not while other threads look up.

        Looked up and projected at the moment differ in the last bits, which must not depend on who comes first.
        """
        self.num_expected += num_tokens
        if self.table is None and self.num_expected >= len(self.embeddings):
            self.table = self.cell.project(self.embeddings)

    def __call__(self, token_ids: np.ndarray) -> np.ndarray:
        """Maps token ids of any shape; adds a last axis of gates.

        Few rows are projected even if there is a table, so that their last bits do not depend on what came before.
        """
        if self.table is None or len(token_ids) < LOOKED_UP_ROWS:
            return self.cell.project(self.embeddings[token_ids])
        projected: np.ndarray = self.table[token_ids]
        return projected


def run(
    cell: SimpleRNNCell,
    projected: np.ndarray,
    states: list[np.ndarray],
    mask: np.ndarray | None = None,
    backwards: bool = False,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Runs a cell over whole sequences.

    Args:
        cell: The cell.
        projected: The projected inputs, shape `(batch, time, gates)`.
        states: Initial states, each of shape `(batch, units)`.
        mask: None, or booleans of shape `(batch, time)`; where it is false the states stay as they were.
        backwards: Whether to read from the last step to the first.

    Returns:
        Outputs of shape `(batch, time, units)`, each in the place of the input it was made at, and the final states.
    """
    steps = range(projected.shape[1])
    outputs = np.empty((*projected.shape[:2], states[0].shape[1]), dtype=states[0].dtype)
    for t in reversed(steps) if backwards else steps:
        new = cell.step(projected[:, t], states)
        if mask is not None and not mask[:, t].all():
            real = mask[:, t, np.newaxis]
            new = [np.where(real, a, b) for a, b in zip(new, states, strict=True)]
        states = new
        outputs[:, t] = states[0]
    return outputs, states
