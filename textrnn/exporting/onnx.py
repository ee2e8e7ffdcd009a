"""`.onnx`: the graph of a network written with the `onnx` package alone, for ONNX Runtime and what else reads it.

A model that is asked again and again becomes a step: tokens and states go in, logits and states come out, for any
number of rows and of tokens. A translator becomes two files, NAME.encoder.onnx and NAME.decoder.onnx. docs/ENGINES.md
has the loops around them.

float16 and int8 are how the file holds its matrices; they become float32 when a session begins, and all is computed in
float32. A matrix in int8 has a scale for each row, as in `textrnn.weight_formats`, so a model that is kept in int8
loses nothing more.
"""

import json
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from textrnn.errors import TextrnnError
from textrnn.exporting.graphs import Array, Graph, graphs_of
from textrnn.exporting.layers import MASKED, NORMALIZATION_EPSILON, Layers, gate_order
from textrnn.storage import write_atomically
from textrnn.tasks.task import Task
from textrnn.weights import is_matrix

__all__ = ["OnnxLayers", "write"]

OPSET = 17  # the first with layer normalisation; ONNX Runtime reads it since 1.12 (2022)
IR_VERSION = 8
OPERATORS = {"simple_rnn": ("RNN", "h"), "gru": ("GRU", "zrh"), "lstm": ("LSTM", "iofg")}
DTYPES = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32, "bool": TensorProto.BOOL}
MAX_BYTES = 2**31 - 1  # that a protocol buffer can have


def write(model: Task, path: pathlib.Path, weight_format: str) -> list[pathlib.Path]:
    """Writes a model as one or two `.onnx` files, and returns which."""
    graphs = graphs_of(model.config)
    names = {"": graphs.get("step", graphs["sequence"])}
    if "encoder" in graphs:
        names = {".encoder": graphs["encoder"], ".decoder": graphs["step"]}
    written = []
    for name, graph in names.items():
        written.append(path.with_name(f"{path.stem}{name}.onnx"))
        content = serialized(graph, model, weight_format)
        try:
            write_atomically(written[-1], content)
        except OSError as error:
            raise TextrnnError(f"{written[-1]}: cannot be written: {error.strerror or error}.") from error
    return written


def serialized(graph: Graph, model: Task, weight_format: str) -> bytes:
    """Returns a graph as the content of a file."""
    layers = OnnxLayers(model.weights, weight_format)
    found = graph.told(layers, {array.name: array.name for array in graph.inputs})
    for name, value in found.items():
        layers.nodes.append(helper.make_node("Identity", [value], [name]))
    body = helper.make_graph(
        layers.nodes,
        "textrnn",
        [described(array) for array in graph.inputs],
        [described(array) for array in graph.outputs],
        list(layers.constants.values()),
    )
    result = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="textrnn"
    )
    config = {"kind": model.config.kind, "network": model.config.to_dict()}
    helper.set_model_props(result, {"textrnn": json.dumps(config)})
    if result.ByteSize() > MAX_BYTES:
        raise TextrnnError('The model is larger than the 2 GB that an .onnx file can have. Pass weight_format="int8".')
    onnx.checker.check_model(result)
    return bytes(result.SerializeToString())


def described(array: Array) -> Any:
    """Returns what ONNX is told about an input or output."""
    return helper.make_tensor_value_info(array.name, DTYPES[array.dtype], array.shape)


class OnnxLayers(Layers):
    """Layers as ONNX nodes; values are their names.

    Args:
        weights: Arrays by name.
        weight_format: "float32", "float16" or "int8".
    """

    def __init__(self, weights: dict[str, np.ndarray], weight_format: str = "float32") -> None:
        self.weights = weights
        self.weight_format = weight_format
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node of one output and returns its name."""
        return self.nodes_of(operator, inputs, 1, **attributes)[0]

    def nodes_of(self, operator: str, inputs: Sequence[str], num_outputs: int, **attributes: Any) -> list[str]:
        """Adds a node and returns the names of its outputs."""
        first = f"{operator.lower()}_{len(self.nodes)}"
        outputs = [first, *(f"{first}_{number}" for number in range(1, num_outputs))]
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs

    def constant(self, values: Any, dtype: Any = np.float32, name: str | None = None) -> str:
        """Adds numbers, once under one name, and returns that."""
        array = np.array(values, dtype, order="C")
        name = name or f"{array.dtype}_{'_'.join(map(str, array.ravel().tolist()))}_{array.ndim}"
        self.constants.setdefault(name, numpy_helper.from_array(array, name))
        return name

    # Weights

    def stored(self, name: str, columns: Sequence[int] | None = None) -> tuple[str, str | None]:
        """Adds a weight as the file keeps it; returns it, and the scales of its rows if it is whole numbers.

        Args:
            name: The weight.
            columns: An order for its columns; None leaves them.
        """
        values = self.weights[name] if columns is None else self.weights[name][..., columns]
        if not is_matrix(name) or self.weight_format == "float32":
            return self.constant(values, np.float32, name), None
        if self.weight_format == "float16":
            return self.constant(half(name, values), np.float16, name), None
        numbers, scales = whole_numbers(values)
        return self.constant(numbers, np.int8, name), self.constant(scales, np.float32, f"{name}/scales")

    def weight(self, name: str, columns: Sequence[int] | None = None) -> str:
        """Returns a weight as float32; a session computes that once, when it begins."""
        values, scales = self.stored(name, columns)
        numbers = self.as_float(values, values)
        return numbers if scales is None else self.node("Mul", numbers, scales)

    def as_float(self, constant: str, values: str) -> str:
        """Returns values that come from a constant as float32."""
        is_float = self.constants[constant].data_type == TensorProto.FLOAT
        return values if is_float else self.node("Cast", values, to=TensorProto.FLOAT)

    # Layers with weights

    def embedding(self, name: str, token_ids: Any) -> Any:
        values, scales = self.stored(name)
        rows = self.as_float(values, self.node("Gather", values, token_ids))
        return rows if scales is None else self.node("Mul", rows, self.node("Gather", scales, token_ids))

    def recurrent(
        self, cell: str, names: Sequence[str], inputs: Any, states: Sequence[Any] | None, mask: Any | None
    ) -> tuple[Any, list[Any]]:
        operator, _ = OPERATORS[cell]
        units = self.weights[f"{names[0]}/recurrent_kernel"].shape[0]
        lengths = ""
        if mask is not None:
            lengths = self.node("ReduceSum", self.node("Cast", mask, to=TensorProto.INT32), self.axes(1), keepdims=0)
        begun = [self.expanded(state, 0) for state in states or ()]
        attributes: dict[str, Any] = {"linear_before_reset": 1} if cell == "gru" else {}
        if len(names) == 2:
            attributes["direction"] = "bidirectional"
        given = [self.node("Transpose", inputs, perm=[1, 0, 2]), *self.recurrent_weights(cell, names), lengths, *begun]
        num_outputs = 3 if cell == "lstm" else 2
        outputs, *finals = self.nodes_of(operator, given, num_outputs, hidden_size=units, **attributes)
        # (time, directions, batch, units) becomes (batch, time, directions * units)
        together = self.node("Transpose", outputs, perm=[2, 0, 1, 3])
        together = self.node("Reshape", together, self.constant([0, 0, len(names) * units], np.int64))
        ends = [self.node("Transpose", final, perm=[1, 0, 2]) for final in finals]
        return together, [self.node("Reshape", end, self.constant([0, len(names) * units], np.int64)) for end in ends]

    def recurrent_weights(self, cell: str, names: Sequence[str]) -> list[str]:
        """Returns kernels of shape `(directions, gates, size)`, and biases of shape `(directions, 2 * gates)`."""
        _, gates = OPERATORS[cell]
        kernels: list[list[str]] = [[], []]
        biases = []
        for name in names:
            columns = gate_order(cell, gates, self.weights[f"{name}/recurrent_kernel"].shape[0])
            for found, part in zip(kernels, ("kernel", "recurrent_kernel"), strict=True):
                matrix = self.node("Transpose", self.weight(f"{name}/{part}", columns), perm=[1, 0])
                found.append(self.expanded(matrix, 0))
            bias = self.weights[f"{name}/bias"][..., columns]
            biases.append(bias.ravel() if cell == "gru" else np.concatenate([bias, np.zeros_like(bias)]))
        joined = [self.node("Concat", *found, axis=0) if len(found) > 1 else found[0] for found in kernels]
        return [*joined, self.constant(np.stack(biases), np.float32, f"{names[0]}/biases")]

    def normalization(self, name: str, inputs: Any) -> Any:
        parts = [self.weight(f"{name}/{part}") for part in ("gamma", "beta")]
        return self.node("LayerNormalization", inputs, *parts, epsilon=NORMALIZATION_EPSILON)

    def dense(self, inputs: Any, kernel: str, bias: str | None = None, transposed: bool = False) -> Any:
        matrix = self.weight(kernel)
        if transposed:
            matrix = self.node("Transpose", matrix, perm=[1, 0])
        elif self.weights[kernel].ndim == 1:
            matrix = self.expanded(matrix, 1)
        result = self.node("MatMul", inputs, matrix)
        return result if bias is None else self.biased(result, bias)

    def biased(self, inputs: Any, bias: str) -> Any:
        return self.node("Add", inputs, self.weight(bias))

    # Arithmetic

    def axes(self, axis: int) -> str:
        """Returns an axis as nodes want it."""
        return self.constant([axis], np.int64)

    def concatenation(self, values: Sequence[Any]) -> Any:
        return self.node("Concat", *values, axis=-1)

    def product(self, left: Any, right: Any, transposed: bool = False) -> Any:
        return self.node("MatMul", left, self.node("Transpose", right, perm=[0, 2, 1]) if transposed else right)

    def added(self, left: Any, right: Any) -> Any:
        return self.node("Add", left, right)

    def divided(self, left: Any, right: Any) -> Any:
        return self.node("Div", left, right)

    def scaled(self, values: Any, factor: float) -> Any:
        return self.node("Mul", values, self.constant(factor))

    def tanh(self, values: Any) -> Any:
        return self.node("Tanh", values)

    def sqrt(self, values: Any) -> Any:
        return self.node("Sqrt", values)

    def softmax(self, scores: Any) -> Any:
        return self.node("Softmax", scores, axis=-1)

    def at_least(self, values: Any, lowest: float) -> Any:
        return self.node("Max", values, self.constant(lowest))

    def above(self, token_ids: Any, number: int) -> Any:
        return self.node("Greater", token_ids, self.constant(number, np.int32))

    def within(self, lengths: Any, vectors: Any) -> Any:
        size = self.node("Squeeze", self.node("Shape", vectors, start=1, end=2), self.axes(0))
        steps = self.node("Range", self.constant(0, np.int64), size, self.constant(1, np.int64))
        wide = self.node("Cast", lengths, to=TensorProto.INT64)
        return self.node("Less", steps, self.expanded(wide, 1))

    def number(self, mask: Any) -> Any:
        return self.node("Cast", mask, to=TensorProto.FLOAT)

    def chosen(self, mask: Any, values: Any) -> Any:
        return self.node("Where", mask, values, self.constant(MASKED))

    def reduced(self, how: str, values: Any, axis: int) -> Any:
        if how == "max":  # whose axes are an attribute until opset 18
            return self.node("ReduceMax", values, axes=[axis], keepdims=1)
        return self.node("ReduceSum", values, self.axes(axis), keepdims=1)

    def expanded(self, values: Any, axis: int) -> Any:
        return self.node("Unsqueeze", values, self.axes(axis))

    def squeezed(self, values: Any, axis: int) -> Any:
        return self.node("Squeeze", values, self.axes(axis))

    def reshaped(self, values: Any, shape: Sequence[int]) -> Any:
        return self.node("Reshape", values, self.constant([-1, *shape], np.int64))

    def column(self, values: Any, number: int) -> Any:
        return self.node("Gather", values, self.constant(number, np.int64), axis=-1)

    def right_padded(self, token_ids: Any) -> Any:
        """Turns each row to the left by the number of its padding ids before the first real one.

        ONNX's recurrent layers are told of lengths, and so read right-padded sequences alone.
        """
        real = self.node("Cast", self.above(token_ids, 0), to=TensorProto.INT64)
        start = self.node("ArgMax", real, axis=1, keepdims=1)  # (batch, 1)
        size = self.node("Squeeze", self.node("Shape", token_ids, start=1, end=2), self.axes(0))
        steps = self.node("Range", self.constant(0, np.int64), size, self.constant(1, np.int64))
        places = self.node("Mod", self.node("Add", steps, start), size)
        return self.node("GatherElements", token_ids, places, axis=1)


def half(name: str, values: np.ndarray) -> np.ndarray:
    """Returns weights as float16; raises if one is too large for it."""
    with np.errstate(over="ignore"):
        result = values.astype(np.float16)
    if not np.isfinite(result).all():
        raise TextrnnError(f'Weight {name!r} holds values too large for float16. Pass weight_format="float32".')
    return result


def whole_numbers(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns int8 numbers, and what to multiply them by, a column of one scale for each row."""
    highest = np.abs(values).max(axis=-1, keepdims=True)
    scales = np.maximum(highest / 127, np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(values / scales).astype(np.int8), scales
