"""A classifier told to an engine; see `textrnn.inference.classifier`."""

from typing import Any

from textrnn.config.classifier import ClassifierConfig
from textrnn.exporting.graphs import Array, Graph
from textrnn.exporting.layers import Layers

__all__ = ["graphs"]


def graphs(config: ClassifierConfig) -> list[Graph]:
    """Returns the graphs of a classifier: of right-padded tokens, or of vectors and how many of them are real."""
    if config.vocabulary_size:
        inputs: tuple[Array, ...] = (Array("token_ids", ("batch", "time"), "int32"),)
    else:
        vectors = Array("vectors", ("batch", "time", config.num_features))
        inputs = (vectors, Array("lengths", ("batch",), "int32"))
    if config.has_linear:
        inputs = (*inputs, Array("grams", ("batch", "num_grams"), "int32"))

    def sequence(layers: Layers, read: Any, *more: Any) -> list[Any]:
        if not config.vocabulary_size:
            return [recurrent_logits(config, layers, read, layers.within(more[0], read))]
        vectors = layers.embedding("embedding/embeddings", read)
        logits = recurrent_logits(config, layers, vectors, layers.above(read, 0))
        if not config.has_linear:
            return [logits]
        share = config.linear_share
        return [layers.added(layers.scaled(logits, 1 - share), layers.scaled(layers.gram_logits(more[0]), share))]

    return [Graph("sequence", inputs, (Array("logits", ("batch", config.num_outputs)),), sequence)]


def recurrent_logits(config: ClassifierConfig, layers: Layers, vectors: Any, mask: Any) -> Any:
    """Returns the logits of the recurrent layers, shape `(batch, num_labels)`."""
    outputs, finals = layers.stack(
        config.cell, "recurrent", len(config.units), vectors, directions=config.directions, mask=mask
    )
    pools = [finals[-1][0] if how == "last" else layers.pooled(how, outputs, mask) for how in config.pooling]
    together = layers.concatenation(pools) if len(pools) > 1 else pools[0]
    return layers.dense(together, "output/kernel", "output/bias")
