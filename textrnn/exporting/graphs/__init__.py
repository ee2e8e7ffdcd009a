"""Each kind of model told to an engine, one file a kind: what goes in, what comes out, and the layers between."""

import dataclasses
import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

from textrnn.config.kinds import KINDS
from textrnn.errors import TextrnnError
from textrnn.exporting.layers import Layers

__all__ = ["Array", "Graph", "graphs_of"]


@dataclasses.dataclass(frozen=True)
class Array:
    """What goes into a graph or comes out of it.

    Args:
        name: What it is called.
        shape: Its axes: numbers, or names of those that may have any size.
        dtype: "float32", "int32" or "bool".
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str = "float32"


@dataclasses.dataclass(frozen=True)
class Graph:
    """Something that a model computes.

    A graph "sequence" reads everything at once. Models that are asked again and again have a "step" too, whose states
    go out and in; a translator's is preceded by an "encoder".

    Args:
        name: "sequence", "step" or "encoder".
        inputs: What goes in.
        outputs: What comes out.
        tell: Called with an engine's layers and the inputs in order; returns the outputs in order.
    """

    name: str
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    tell: Callable[..., list[Any]]

    def told(self, layers: Layers, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns the outputs by name for inputs by name."""
        found = self.tell(layers, *(inputs[array.name] for array in self.inputs))
        return dict(zip((array.name for array in self.outputs), found, strict=True))


def graphs_of(config: Any) -> dict[str, Graph]:
    """Returns by name what a model of a config computes.

    Raises:
        TextrnnError: If nobody has told models of this kind to engines yet.
    """
    module = f"textrnn.exporting.graphs.{KINDS[config.kind].module}"
    if importlib.util.find_spec(module) is None:
        raise TextrnnError(f"A {config.kind.replace('-', ' ')} cannot be written in this form: no engine knows it yet.")
    return {graph.name: graph for graph in importlib.import_module(module).graphs(config)}
