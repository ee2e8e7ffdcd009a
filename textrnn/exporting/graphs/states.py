"""Recurrent states as a flat row of arrays."""

from collections.abc import Sequence
from typing import Any

from textrnn.exporting.graphs import Array

__all__ = ["flat", "in_layers", "state_arrays"]

NAMES = ("h", "c")  # the hidden state, and an LSTM's cell state


def state_arrays(units: Sequence[int], num_states: int, prefix: str = "state") -> tuple[Array, ...]:
    """Returns what the states of layers are called: `state_0_h`, and `state_0_c` of an LSTM, and so on.

    Args:
        units: Size of each layer.
        num_states: States of a layer.
        prefix: "state", or "next_state" for those that come out.
    """
    return tuple(
        Array(f"{prefix}_{layer}_{name}", ("batch", size))
        for layer, size in enumerate(units)
        for name in NAMES[:num_states]
    )


def in_layers(states: Sequence[Any], num_states: int) -> list[list[Any]]:
    """Returns for each layer its states."""
    return [list(states[first : first + num_states]) for first in range(0, len(states), num_states)]


def flat(layers: Sequence[Sequence[Any]]) -> list[Any]:
    """Returns the states of all layers in a row."""
    return [state for layer in layers for state in layer]
