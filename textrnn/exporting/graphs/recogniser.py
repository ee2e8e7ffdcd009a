"""A recogniser told to an engine; see `textrnn.inference.recogniser`."""

from typing import Any

from textrnn.config.recogniser import RecogniserConfig
from textrnn.exporting.graphs import Array, Graph
from textrnn.exporting.layers import Layers

__all__ = ["graphs"]


def graphs(config: RecogniserConfig) -> list[Graph]:
    """Returns the graph of a recogniser: of right-padded frames, as `preprocessing.spectra` stacks them."""
    inputs = (Array("frames", ("batch", "time", config.num_features)), Array("lengths", ("batch",), "int32"))

    def sequence(layers: Layers, frames: Any, lengths: Any) -> list[Any]:
        mask = layers.within(lengths, frames)
        outputs, _ = layers.stack(
            config.cell, "recurrent", len(config.units), frames, directions=config.directions, mask=mask
        )
        return [layers.dense(outputs, "output/kernel", "output/bias")]

    return [Graph("sequence", inputs, (Array("logits", ("batch", "time", config.num_symbols)),), sequence)]
