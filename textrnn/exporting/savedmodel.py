"""`.savedmodel`: a TensorFlow SavedModel, a directory of that name, for TensorFlow in any language and its servers.

Its signatures are the model's graphs: "sequence", which is also "serving_default", and where a model is asked again
and again "step", whose states are inputs and outputs by name, and a translator's "encoder".
"""

import pathlib
import shutil
import tempfile

import tensorflow as tf

from textrnn.errors import TextrnnError
from textrnn.exporting.graphs import graphs_of
from textrnn.exporting.tensorflow_layers import TensorFlowLayers, function_of
from textrnn.tasks.task import Task

__all__ = ["write"]


def write(model: Task, path: pathlib.Path, weight_format: str) -> list[pathlib.Path]:
    """Writes a model as a directory, and returns it.

    Raises:
        TextrnnError: If something stands there, or it cannot be written.
    """
    if path.exists():
        raise TextrnnError(f"{path}: is there already, and a directory is not replaced. Name another place.")
    module = tf.Module()
    module.weights_by_name = [
        tf.Variable(weight.astype(weight_format), trainable=False) for weight in model.weights.values()
    ]
    variables = dict(zip(model.weights, module.weights_by_name, strict=True))
    layers = TensorFlowLayers(lambda name: tf.cast(variables[name], tf.float32))
    signatures = {name: function_of(graph, layers, {}) for name, graph in graphs_of(model.config).items()}
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as place:
            whole = pathlib.Path(place) / "model"
            tf.saved_model.save(module, whole, {**signatures, "serving_default": signatures["sequence"]})
            shutil.move(whole, path)
    except OSError as error:
        raise TextrnnError(f"{path}: cannot be written: {error.strerror or error}.") from error
    return [path]
