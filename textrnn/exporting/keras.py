"""`.keras`: a Keras model of stock layers, which reads whole sequences and can be trained on.

`keras.models.load_model("model.keras")` needs no textrnn. Where the output layer is the embedding, it is a copy here.
"""

import pathlib
import tempfile
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from textrnn.errors import TextrnnError
from textrnn.exporting.graphs import Array, graphs_of
from textrnn.exporting.layers import MASKED, NORMALIZATION_EPSILON, Layers
from textrnn.systems import replace
from textrnn.tasks.task import Task

__all__ = ["KerasLayers", "keras_model", "write"]

CELLS = {"simple_rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}


def write(model: Task, path: pathlib.Path, weight_format: str) -> list[pathlib.Path]:
    """Writes a model as one `.keras` file, and returns it."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as place:
            whole = pathlib.Path(place) / "model.keras"
            keras_model(model).save(whole)
            replace(whole, path)
    except OSError as error:
        raise TextrnnError(f"{path}: cannot be written: {error.strerror or error}.") from error
    return [path]


def keras_model(model: Task) -> Any:
    """Returns a `keras.Model` of stock layers that computes what the model computes of whole sequences."""
    graph = graphs_of(model.config)["sequence"]
    inputs = {array.name: keras.Input(axes(array), dtype=array.dtype, name=array.name) for array in graph.inputs}
    (output,) = graph.told(KerasLayers(model.weights), inputs).values()
    given = list(inputs.values())
    return keras.Model(given if len(given) > 1 else given[0], output, name=model.config.kind.replace("-", "_"))


def axes(array: Array) -> list[int | None]:
    """Returns the shape of an array as Keras wants it: without the batch, None for what may have any size."""
    return [None if isinstance(axis, str) else axis for axis in array.shape[1:]]


class KerasLayers(Layers):
    """Stock Keras layers, and `keras.ops` between them; values are symbolic tensors.

    Args:
        weights: Arrays by name.
    """

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights
        self.layers: dict[str, Any] = {}

    def called(self, layer: Any, arrays: Sequence[np.ndarray], *inputs: Any, **options: Any) -> Any:
        """Calls a layer, or the one of its name that is there already, and gives it its weights."""
        is_new = layer.name not in self.layers
        layer = self.layers.setdefault(layer.name, layer)
        result = layer(*inputs, **options)
        if is_new:
            layer.set_weights(list(arrays))
        return result

    # Layers with weights

    def embedding(self, name: str, token_ids: Any) -> Any:
        matrix = self.weights[name]
        return self.called(keras.layers.Embedding(*matrix.shape, name=name.partition("/")[0]), [matrix], token_ids)

    def recurrent(
        self, cell: str, names: Sequence[str], inputs: Any, states: Sequence[Any] | None, mask: Any | None
    ) -> tuple[Any, list[Any]]:
        arrays = [self.weights[f"{name}/{part}"] for name in names for part in ("kernel", "recurrent_kernel", "bias")]
        units = self.weights[f"{names[0]}/recurrent_kernel"].shape[0]
        layer = CELLS[cell](units, return_sequences=True, return_state=True, name=names[0])
        if len(names) == 2:
            layer = keras.layers.Bidirectional(layer, name=names[0])
        outputs, *finals = self.called(layer, arrays, inputs, initial_state=states and list(states), mask=mask)
        number = len(finals) // len(names)
        return outputs, [self.concatenation(finals[state::number]) for state in range(number)]

    def normalization(self, name: str, inputs: Any) -> Any:
        arrays = [self.weights[f"{name}/{part}"] for part in ("gamma", "beta")]
        return self.called(keras.layers.LayerNormalization(epsilon=NORMALIZATION_EPSILON, name=name), arrays, inputs)

    def dense(self, inputs: Any, kernel: str, bias: str | None = None, transposed: bool = False) -> Any:
        matrix = self.weights[kernel]
        matrix = matrix[:, np.newaxis] if matrix.ndim == 1 else matrix.T if transposed else matrix
        owner, _, part = kernel.partition("/")
        name = bias.partition("/")[0] if transposed and bias else owner if part == "kernel" else f"{owner}_{part}"
        arrays = [matrix] if bias is None else [matrix, self.weights[bias]]
        return self.called(keras.layers.Dense(matrix.shape[1], use_bias=bias is not None, name=name), arrays, inputs)

    def biased(self, inputs: Any, bias: str) -> Any:
        """Adds a bias through a dense layer that multiplies by 1: Keras has none for a bias alone."""
        size = len(self.weights[bias])
        arrays = [np.eye(size, dtype=np.float32), self.weights[bias]]
        return self.called(keras.layers.Dense(size, name=bias.replace("/", "_")), arrays, inputs)

    def attention(self, queries: Any, keys: Any, values: Any, mask: Any, vector: str | None) -> tuple[Any, Any]:
        inputs, options = [queries, values, keys], {"mask": [None, mask], "return_attention_scores": True}
        if vector is None:
            found = self.called(keras.layers.Attention(name="attention"), [], inputs, **options)
        else:
            layer = keras.layers.AdditiveAttention(name="attention")
            found = self.called(layer, [self.weights[vector]], inputs, **options)
        return found[0], found[1]

    # Arithmetic

    def concatenation(self, values: Sequence[Any]) -> Any:
        return keras.layers.Concatenate()(list(values)) if len(values) > 1 else values[0]

    def product(self, left: Any, right: Any, transposed: bool = False) -> Any:
        return ops.matmul(left, ops.transpose(right, (0, 2, 1)) if transposed else right)

    def added(self, left: Any, right: Any) -> Any:
        return ops.add(left, right)

    def divided(self, left: Any, right: Any) -> Any:
        return ops.divide(left, right)

    def scaled(self, values: Any, factor: float) -> Any:
        return ops.multiply(values, factor)

    def tanh(self, values: Any) -> Any:
        return ops.tanh(values)

    def sqrt(self, values: Any) -> Any:
        return ops.sqrt(values)

    def softmax(self, scores: Any) -> Any:
        return ops.softmax(scores)

    def at_least(self, values: Any, lowest: float) -> Any:
        return ops.maximum(values, lowest)

    def above(self, token_ids: Any, number: int) -> Any:
        return ops.greater(token_ids, number)

    def within(self, lengths: Any, vectors: Any) -> Any:
        places = ops.cumsum(ops.ones_like(self.column(vectors, 0)), axis=1)
        return ops.less_equal(places, ops.cast(ops.expand_dims(lengths, 1), "float32"))

    def number(self, mask: Any) -> Any:
        return ops.cast(mask, "float32")

    def chosen(self, mask: Any, values: Any) -> Any:
        return ops.where(mask, values, MASKED)

    def reduced(self, how: str, values: Any, axis: int) -> Any:
        return {"max": ops.max, "sum": ops.sum}[how](values, axis=axis, keepdims=True)

    def expanded(self, values: Any, axis: int) -> Any:
        return ops.expand_dims(values, axis)

    def squeezed(self, values: Any, axis: int) -> Any:
        return ops.squeeze(values, axis)

    def reshaped(self, values: Any, shape: Sequence[int]) -> Any:
        return keras.layers.Reshape(tuple(shape))(values)

    def column(self, values: Any, number: int) -> Any:
        return ops.take(values, number, axis=-1)
