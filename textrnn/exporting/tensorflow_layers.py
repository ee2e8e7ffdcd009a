"""Layers as TensorFlow operations, for a SavedModel and for LiteRT; imported by these alone."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from textrnn.exporting.graphs import Array, Graph
from textrnn.exporting.layers import MASKED, NORMALIZATION_EPSILON, Layers

__all__ = ["TensorFlowLayers", "function_of"]

States = list[Any]


class TensorFlowLayers(Layers):
    """Layers as TensorFlow operations; values are tensors.

    Args:
        weight: Returns a weight by its name, a float32 tensor.
    """

    def __init__(self, weight: Callable[[str], Any]) -> None:
        self.weight = weight

    # Layers with weights

    def embedding(self, name: str, token_ids: Any) -> Any:
        return tf.gather(self.weight(name), token_ids)

    def recurrent(
        self, cell: str, names: Sequence[str], inputs: Any, states: Sequence[Any] | None, mask: Any | None
    ) -> tuple[Any, list[Any]]:
        passes = [
            self._read(cell, name, inputs, states, mask, backwards=number == 1) for number, name in enumerate(names)
        ]
        outputs, finals = zip(*passes, strict=True)
        return self.concatenation(outputs), [self.concatenation(ends) for ends in zip(*finals, strict=True)]

    def _read(
        self, cell: str, name: str, inputs: Any, states: Sequence[Any] | None, mask: Any | None, backwards: bool
    ) -> tuple[Any, States]:
        """Reads sequences in one direction; see `recurrent`."""
        recurrent_kernel, bias = self.weight(f"{name}/recurrent_kernel"), self.weight(f"{name}/bias")
        projected = self._product(inputs, self.weight(f"{name}/kernel")) + (bias[0] if cell == "gru" else bias)
        units = recurrent_kernel.shape[0]
        if states is None:
            zeros = tf.zeros((tf.shape(inputs)[0], units))
            states = [zeros] * (2 if cell == "lstm" else 1)
        step = STEPS[cell](recurrent_kernel, bias)
        if inputs.shape[1] == 1:
            after = masked(step(projected[:, 0], list(states)), list(states), None if mask is None else mask[:, 0])
            return after[0][:, tf.newaxis], after
        return looped(step, projected, list(states), mask, backwards)

    def normalization(self, name: str, inputs: Any) -> Any:
        mean, variance = tf.nn.moments(inputs, [-1], keepdims=True)
        scaled = (inputs - mean) / tf.sqrt(variance + NORMALIZATION_EPSILON)
        return scaled * self.weight(f"{name}/gamma") + self.weight(f"{name}/beta")

    def dense(self, inputs: Any, kernel: str, bias: str | None = None, transposed: bool = False) -> Any:
        matrix = self.weight(kernel)
        if len(matrix.shape) == 1:
            matrix = matrix[:, tf.newaxis]
        result = self._product(inputs, matrix, transposed)
        return result if bias is None else self.biased(result, bias)

    def biased(self, inputs: Any, bias: str) -> Any:
        return inputs + self.weight(bias)

    @staticmethod
    def _product(inputs: Any, matrix: Any, transposed: bool = False) -> Any:
        """Multiplies the last axis by a matrix, in one product whatever axes stand before it."""
        size, new_size = matrix.shape[::-1] if transposed else matrix.shape
        flat = tf.matmul(tf.reshape(inputs, (-1, size)), matrix, transpose_b=transposed)
        return tf.reshape(flat, tf.concat([tf.shape(inputs)[:-1], [new_size]], axis=0))

    # Arithmetic

    def concatenation(self, values: Sequence[Any]) -> Any:
        return tf.concat(values, axis=-1) if len(values) > 1 else values[0]

    def product(self, left: Any, right: Any, transposed: bool = False) -> Any:
        return tf.matmul(left, right, transpose_b=transposed)

    def added(self, left: Any, right: Any) -> Any:
        return left + right

    def divided(self, left: Any, right: Any) -> Any:
        return left / right

    def scaled(self, values: Any, factor: float) -> Any:
        return values * factor

    def tanh(self, values: Any) -> Any:
        return tf.tanh(values)

    def sqrt(self, values: Any) -> Any:
        return tf.sqrt(values)

    def softmax(self, scores: Any) -> Any:
        return tf.nn.softmax(scores)

    def at_least(self, values: Any, lowest: float) -> Any:
        return tf.maximum(values, lowest)

    def above(self, token_ids: Any, number: int) -> Any:
        return token_ids > number

    def within(self, lengths: Any, vectors: Any) -> Any:
        return tf.range(tf.shape(vectors)[1])[tf.newaxis] < lengths[:, tf.newaxis]

    def number(self, mask: Any) -> Any:
        return tf.cast(mask, tf.float32)

    def chosen(self, mask: Any, values: Any) -> Any:
        return tf.where(mask, values, MASKED)

    def reduced(self, how: str, values: Any, axis: int) -> Any:
        return {"max": tf.reduce_max, "sum": tf.reduce_sum}[how](values, axis=axis, keepdims=True)

    def expanded(self, values: Any, axis: int) -> Any:
        return tf.expand_dims(values, axis)

    def squeezed(self, values: Any, axis: int) -> Any:
        return tf.squeeze(values, [axis])

    def reshaped(self, values: Any, shape: Sequence[int]) -> Any:
        return tf.reshape(values, (-1, *shape))

    def column(self, values: Any, number: int) -> Any:
        return values[..., number]


def simple_rnn_step(recurrent_kernel: Any, bias: Any) -> Callable[[Any, States], States]:
    """Returns a step of a simple RNN; see `textrnn.inference.cells`."""
    return lambda projected, states: [tf.tanh(projected + tf.matmul(states[0], recurrent_kernel))]


def gru_step(recurrent_kernel: Any, bias: Any) -> Callable[[Any, States], States]:
    """Returns a step of a GRU whose reset gate stands after the product."""

    def step(projected: Any, states: States) -> States:
        before = tf.split(tf.matmul(states[0], recurrent_kernel) + bias[1], 3, axis=1)
        update, reset, new = tf.split(projected, 3, axis=1)
        update = tf.sigmoid(update + before[0])
        candidate = tf.tanh(new + tf.sigmoid(reset + before[1]) * before[2])
        return [update * states[0] + (1.0 - update) * candidate]

    return step


def lstm_step(recurrent_kernel: Any, bias: Any) -> Callable[[Any, States], States]:
    """Returns a step of an LSTM."""

    def step(projected: Any, states: States) -> States:
        i, f, g, o = tf.split(projected + tf.matmul(states[0], recurrent_kernel), 4, axis=1)
        c = tf.sigmoid(f) * states[1] + tf.sigmoid(i) * tf.tanh(g)
        return [tf.sigmoid(o) * tf.tanh(c), c]

    return step


STEPS = {"simple_rnn": simple_rnn_step, "gru": gru_step, "lstm": lstm_step}


def masked(after: States, before: States, real: Any | None) -> States:
    """Returns states after a step in the rows where it was real, `(batch,)`, and those before it in the others."""
    if real is None:
        return after
    return [tf.where(real[:, tf.newaxis], new, old) for new, old in zip(after, before, strict=True)]


def looped(
    step: Callable[[Any, States], States], projected: Any, states: States, mask: Any | None, backwards: bool
) -> tuple[Any, States]:
    """Runs steps over time; returns outputs, each in the place of its input, and the final states.

    Args:
        step: Returns new states.
        projected: Shape `(batch, time, gates)`.
        states: Initial states.
        mask: Booleans of shape `(batch, time)`, or None.
        backwards: Whether to read from the last step to the first.
    """
    num_steps = tf.shape(projected)[1]
    outputs = tf.TensorArray(tf.float32, size=num_steps, element_shape=states[0].shape)

    def body(number: Any, outputs: Any, *before: Any) -> tuple[Any, ...]:
        place = num_steps - 1 - number if backwards else number
        real = None if mask is None else tf.gather(mask, place, axis=1)
        after = masked(step(tf.gather(projected, place, axis=1), list(before)), list(before), real)
        return (number + 1, outputs.write(place, after[0]), *after)

    _, outputs, *final = tf.while_loop(lambda number, *_: number < num_steps, body, (0, outputs, *states))
    return tf.transpose(outputs.stack(), (1, 0, 2)), list(final)


def function_of(graph: Graph, layers: Layers, sizes: dict[str, int]) -> Any:
    """Returns a graph as a concrete function whose inputs and outputs have its names.

    Args:
        graph: The graph.
        layers: The layers, whose weights it has.
        sizes: Sizes of axes that have a name; the others may have any.
    """

    def spec(array: Array) -> Any:
        shape = [sizes.get(axis) if isinstance(axis, str) else axis for axis in array.shape]
        return tf.TensorSpec(shape, np.dtype(array.dtype), array.name)

    run = tf.function(lambda **inputs: graph.told(layers, inputs), autograph=False)
    return run.get_concrete_function(**{array.name: spec(array) for array in graph.inputs})
