"""`.tflite`: a file for LiteRT (TensorFlow Lite), which runs on phones, in browsers and on small computers.

Its signatures are the model's graphs, for one row: a "step" of one token where a model is asked again and again, and a
translator's "encoder"; otherwise a "sequence". Weights are constants: what Keras and TensorFlow write of a recurrent
layer with variables does not convert, or computes what is not a number.
"""

import pathlib
import tempfile
from typing import Any

import tensorflow as tf

from textrnn.errors import TextrnnError
from textrnn.exporting.graphs import Graph, graphs_of
from textrnn.exporting.tensorflow_layers import TensorFlowLayers, function_of
from textrnn.storage import write_atomically
from textrnn.tasks.task import Task
from textrnn.training import without_notes

__all__ = ["write"]


def write(model: Task, path: pathlib.Path, weight_format: str) -> list[pathlib.Path]:
    """Writes a model as one file, and returns it."""
    graphs = graphs_of(model.config)
    chosen = {name: graph for name, graph in graphs.items() if name != "sequence"} or graphs
    content = converted(chosen, model, weight_format)
    try:
        write_atomically(path, content)
    except OSError as error:
        raise TextrnnError(f"{path}: cannot be written: {error.strerror or error}.") from error
    return [path]


def converted(graphs: dict[str, Graph], model: Task, weight_format: str) -> bytes:
    """Returns graphs as the content of a file."""
    layers = TensorFlowLayers(lambda name: tf.constant(model.weights[name]))
    functions = {name: function_of(graph, layers, sizes_in(name)) for name, graph in graphs.items()}
    with tempfile.TemporaryDirectory() as place:
        tf.saved_model.save(tf.Module(), place, functions)
        converter = tf.lite.TFLiteConverter.from_saved_model(place, signature_keys=list(functions))
        set_weight_format(converter, weight_format)
        with without_notes():
            return bytes(converter.convert())


def sizes_in(graph: str) -> dict[str, int]:
    """Returns the sizes of axes that LiteRT is told beforehand."""
    return {"batch": 1, "time": 1} if graph == "step" else {"batch": 1}


def set_weight_format(converter: Any, weight_format: str) -> None:
    """Tells a converter how to keep weights."""
    if weight_format != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if weight_format == "float16":
        converter.target_spec.supported_types = [tf.float16]
