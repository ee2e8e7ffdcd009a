"""Writes a trained model in a form that other programs run, by the ending of the file's name."""

import dataclasses
import os
import pathlib
from importlib import import_module

from textrnn.errors import TextrnnError, check_choice
from textrnn.tasks.task import Task
from textrnn.weight_formats import WEIGHT_FORMATS

__all__ = ["FORMATS", "ExportFormat", "export", "export_format"]


@dataclasses.dataclass(frozen=True)
class ExportFormat:
    """A form that a model can be written in, by names, so that the table imports nothing.

    Args:
        name: What people call it.
        ending: How names of its files end.
        weight_formats: How it can hold the weights, the usual one first.
        purpose: What it is for.
        uses_tensorflow: Whether TensorFlow writes it.
    """

    name: str
    ending: str
    weight_formats: tuple[str, ...]
    purpose: str
    uses_tensorflow: bool = False

    def write(self, model: Task, path: pathlib.Path, weight_format: str) -> list[pathlib.Path]:
        """Writes a model: calls `write` of the module of this name in this room; returns the files written."""
        if self.uses_tensorflow:
            import_module("textrnn.training")  # which imports it without its notes
        return import_module(f"textrnn.exporting.{self.name}").write(model, path, weight_format) or [path]


FORMATS: dict[str, ExportFormat] = {
    form.name: form
    for form in (
        ExportFormat("page", ".html", ("int8", "float32", "float16", "int4"), "a page that runs it in a browser"),
        ExportFormat("onnx", ".onnx", ("float32", "float16", "int8"), "a graph for ONNX Runtime and others"),
        ExportFormat("keras", ".keras", ("float32",), "a Keras model of stock layers", uses_tensorflow=True),
        ExportFormat(
            "savedmodel", ".savedmodel", ("float32", "float16"), "a directory for TensorFlow", uses_tensorflow=True
        ),
        ExportFormat(
            "litert", ".tflite", ("float32", "float16", "int8"), "a file for phones (LiteRT)", uses_tensorflow=True
        ),
    )
}


def export_format(path: str | os.PathLike[str]) -> ExportFormat:
    """Returns the format of a file by the ending of its name.

    Raises:
        TextrnnError: If no format has this ending.
    """
    for form in FORMATS.values():
        if pathlib.Path(path).name.lower().endswith(form.ending):
            return form
    endings = ", ".join(f"{form.ending} ({form.purpose})" for form in FORMATS.values())
    raise TextrnnError(f"{os.fspath(path)}: says by its ending what to write. It may be: {endings}.")


def export(model: Task, path: str | os.PathLike[str], weight_format: str | None = None) -> list[pathlib.Path]:
    """Writes a trained model as a file that other programs run, or as several where its form needs them.

    Args:
        model: A trained model of any kind.
        path: Where to; the ending says in which form (`FORMATS`). A file that is there is replaced.
        weight_format: "float32", "float16", "int8" or, of a page, "int4"; None is the usual one of the form.

    Returns:
        What was written.

    Raises:
        TextrnnError: If the form is unknown, cannot hold this model, or the file cannot be written.
    """
    form = export_format(path)
    chosen = form.weight_formats[0] if weight_format is None else weight_format
    check_choice("weight_format", chosen, WEIGHT_FORMATS)
    if chosen not in form.weight_formats:
        raise TextrnnError(f"{form.ending} holds weights as {' or '.join(form.weight_formats)}. Received: {chosen}.")
    if not model.weights:
        raise TextrnnError(f"This {model.noun} has not been trained yet. Call `fit`, or load a {model.noun}.")
    return form.write(model, pathlib.Path(path), chosen)
