"""Recurrent layers on top of one another, in NumPy."""

from collections.abc import Sequence

import numpy as np

from textrnn.inference.cells import make_cell, run

__all__ = ["RecurrentStack", "States"]

NORMALIZATION_EPSILON = 1e-3  # that of keras.layers.LayerNormalization

States = list[list[np.ndarray]]


class RecurrentStack:
    """Layers that read one after the other, each in one direction or in both.

    Args:
        cell: "simple_rnn", "gru" or "lstm".
        weights: The network's weights by name.
        units: Size of each layer.
        directions: Suffixes of the layers' names: `("",)`, or `("", "_backward")` for layers that read both ways.
        prefix: Name of the layers, before the number of a layer.
        normalized: Whether each layer's output is normalised.
    """

    def __init__(
        self,
        cell: str,
        weights: dict[str, np.ndarray],
        units: Sequence[int],
        directions: Sequence[str] = ("",),
        prefix: str = "recurrent",
        normalized: bool = False,
    ) -> None:
        self.units = tuple(units)
        self.cells = [
            [make_cell(cell, weights, f"{prefix}_{layer}{direction}") for direction in directions]
            for layer in range(len(self.units))
        ]
        self.normalizations = [
            (weights[f"normalization_{layer}/gamma"], weights[f"normalization_{layer}/beta"])
            for layer in range(len(self.units) if normalized else 0)
        ]
        self.dtype = self.cells[0][0].kernel.dtype

    def initial_states(self, batch_size: int) -> States:
        """Returns zero states: for each layer a list of arrays of shape `(batch_size, units)`."""
        num_states = self.cells[0][0].num_states
        return [[np.zeros((batch_size, units), self.dtype) for _ in range(num_states)] for units in self.units]

    def __call__(
        self,
        projected: np.ndarray,
        states: States | None = None,
        mask: np.ndarray | None = None,
        last_only: bool = False,
    ) -> tuple[np.ndarray, States]:
        """Reads sequences of one direction.

        Args:
            projected: What the first layer's cell has projected, shape `(batch, time, gates)`.
            states: What `initial_states` or the call before returned; None begins anew.
            mask: None, or booleans of shape `(batch, time)`; where it is false, states stay as they were.
            last_only: Whether only the last step is wanted of the last layer.

        Returns:
            Outputs of the last layer, shape `(batch, time, units)`, or `(batch, units)` with `last_only`; and states to
            carry on with.
        """
        states = self.initial_states(len(projected)) if states is None else states
        new_states, hidden = [], projected
        for layer, (cell,) in enumerate(self.cells):
            hidden, state = run(cell, cell.project(hidden) if layer else projected, states[layer], mask)
            new_states.append(state)
            hidden = self.normalize(layer, hidden)  # (batch, time, units)
        return (hidden[:, -1] if last_only else hidden), new_states

    def read(self, hidden: np.ndarray, mask: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Reads whole sequences, in all directions.

        Args:
            hidden: What the first layer is given, shape `(batch, time, size)`.
            mask: None, or booleans of shape `(batch, time)`, false at padding.

        Returns:
            Outputs of the last layer, shape `(batch, time, directions * units)`, each in the place of its input; and
            where its directions have ended, shape `(batch, directions * units)`.
        """
        states = self.initial_states(len(hidden))
        for layer, cells in enumerate(self.cells):
            passes = [
                run(cell, cell.project(hidden), states[layer], mask, backwards=number == 1)
                for number, cell in enumerate(cells)
            ]
            hidden = self.normalize(layer, np.concatenate([outputs for outputs, _ in passes], axis=-1))
        ends = np.concatenate([final[0] for _, final in passes], axis=-1)  # (batch, directions * units)
        return hidden, self.normalize(len(self.cells) - 1, ends)

    def normalize(self, layer: int, hidden: np.ndarray) -> np.ndarray:
        """Returns the output of a layer, normalised if the stack does that."""
        if not self.normalizations:
            return hidden
        gamma, beta = self.normalizations[layer]
        mean = hidden.mean(axis=-1, keepdims=True)
        variance = hidden.var(axis=-1, keepdims=True)
        normalized: np.ndarray = (hidden - mean) / np.sqrt(variance + NORMALIZATION_EPSILON) * gamma + beta
        return normalized
