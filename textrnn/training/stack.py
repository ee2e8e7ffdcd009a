"""Recurrent layers on top of one another, in Keras."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

__all__ = ["RecurrentStack", "normalizations"]


class RecurrentStack(keras.layers.Layer):
    """Layers that read one after the other, each in one direction or in both, with what stands between them.

    Args:
        recurrent: For each layer its recurrent layers: one that reads forwards, or a second one that reads backwards.
        dropouts: For each layer the dropout on its output.
        normalizations: For each layer a `keras.layers.LayerNormalization` of its output, or none at all.
    """

    def __init__(
        self,
        recurrent: Sequence[Sequence[Any]],
        dropouts: Sequence[keras.layers.Dropout],
        normalizations: Sequence[keras.layers.LayerNormalization] = (),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.recurrent = [list(layers) for layers in recurrent]
        self.normalizations = list(normalizations)
        self.dropouts = list(dropouts)

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs whose last axis has a fixed size."""
        size = input_shape[-1]
        for number, layers in enumerate(self.recurrent):
            for layer in layers:
                layer.build((None, None, size))
            size = sum(layer.units for layer in layers)
            if self.normalizations:
                self.normalizations[number].build((None, None, size))
        self.built = True

    @property
    def output_dim(self) -> int:
        """Size of the last layer's output."""
        return sum(layer.units for layer in self.recurrent[-1])

    @property
    def weight_owners(self) -> list[Any]:
        """The layers that hold weights."""
        return [*(layer for layers in self.recurrent for layer in layers), *self.normalizations]

    def call(self, hidden: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """Reads sequences of one direction, which go on where the states were left.

        Args:
            hidden: What the first layer is given, shape `(batch, time, size)`.
            states: For each layer a list of tensors of shape `(batch, units)`.
            training: Whether dropout is on.

        Returns:
            Outputs of the last layer, shape `(batch, time, units)`, and the states to carry on with.
        """
        new_states = []
        for number, (layer,) in enumerate(self.recurrent):
            hidden, *state = layer(hidden, initial_state=states[number], training=training)
            hidden = self._after_layer(number, hidden, training)  # (batch, time, units)
            new_states.append(state)
        return hidden, new_states

    def read(self, hidden: Any, mask: Any, training: bool = False) -> tuple[Any, Any]:
        """Reads whole sequences, in all directions.

        Args:
            hidden: What the first layer is given, shape `(batch, time, size)`.
            mask: Booleans of shape `(batch, time)`, false at padding.
            training: Whether dropout is on.

        Returns:
            Outputs of the last layer, shape `(batch, time, directions * units)`, each in the place of its input, after
            dropout; and where its directions have ended, shape `(batch, directions * units)`, before normalisation and
            dropout.
        """
        last = len(self.recurrent) - 1
        hidden, ends = self._read_layer(last, self._read_below(last, hidden, mask, training), mask, training)
        return self._after_layer(last, hidden, training), ends

    def read_ends(self, hidden: Any, mask: Any, training: bool = False) -> Any:
        """Returns where the last layer's directions have ended, `(batch, directions * units)`, after dropout.

        What the last layer says at each step is not needed, so dropout is drawn for its ends alone; see `read`.
        """
        last = len(self.recurrent) - 1
        _, ends = self._read_layer(last, self._read_below(last, hidden, mask, training), mask, training)
        return self._after_layer(last, ends[:, tf.newaxis], training)[:, 0]

    def _read_below(self, top: int, hidden: Any, mask: Any, training: bool) -> Any:
        """Returns what layer `top` is given."""
        for number in range(top):
            hidden, _ = self._read_layer(number, hidden, mask, training)
            hidden = self._after_layer(number, hidden, training)
        return hidden

    def _read_layer(self, number: int, hidden: Any, mask: Any, training: bool) -> tuple[Any, Any]:
        """Returns what the directions of a layer say at each step and at their ends, side by side."""
        outputs, ends = [], []
        for layer in self.recurrent[number]:
            sequence, end, *_ = layer(hidden, mask=mask, training=training)
            outputs.append(tf.reverse(sequence, [1]) if layer.go_backwards else sequence)
            ends.append(end)
        return tf.concat(outputs, axis=-1), tf.concat(ends, axis=-1)

    def _after_layer(self, number: int, hidden: Any, training: bool) -> Any:
        if self.normalizations:
            hidden = self.normalizations[number](hidden)
        return self.dropouts[number](hidden, training=training)


def normalizations(number: int) -> list[keras.layers.LayerNormalization]:
    """Returns the normalisation of so many layers."""
    return [keras.layers.LayerNormalization(name=f"normalization_{layer}") for layer in range(number)]
