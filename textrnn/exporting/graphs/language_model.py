"""A language model told to an engine; see `textrnn.inference.language_model`."""

from typing import Any

from textrnn.config import NetworkConfig
from textrnn.exporting.graphs import Array, Graph
from textrnn.exporting.graphs.states import flat, in_layers, state_arrays
from textrnn.exporting.layers import Layers

__all__ = ["graphs"]

TOKEN_IDS = Array("token_ids", ("batch", "time"), "int32")


def graphs(config: NetworkConfig) -> list[Graph]:
    """Returns the graphs of a language model; one that reads both ways has no step."""
    if config.bidirectional:
        logits = Array("logits", ("batch", config.vocabulary_size))
        return [Graph("sequence", (TOKEN_IDS,), (logits,), lambda layers, ids: [after_ngrams(config, layers, ids)])]
    logits = Array("logits", ("batch", "time", config.vocabulary_size))

    def step(layers: Layers, token_ids: Any, *states: Any) -> list[Any]:
        found, after = read(config, layers, token_ids, in_layers(states, config.num_states) or None)
        return [found, *flat(after)]

    before = state_arrays(config.units, config.num_states)
    after = state_arrays(config.units, config.num_states, "next_state")
    return [
        Graph("sequence", (TOKEN_IDS,), (logits,), lambda layers, ids: [read(config, layers, ids, None)[0]]),
        Graph("step", (TOKEN_IDS, *before), (logits, *after), step),
    ]


def read(config: NetworkConfig, layers: Layers, token_ids: Any, states: Any) -> tuple[Any, list[list[Any]]]:
    """Reads from left to right; returns logits of shape `(batch, time, vocabulary_size)` and the states after."""
    vectors = layers.embedding("embedding/embeddings", token_ids)
    hidden, after = layers.stack(
        config.cell, "recurrent", len(config.units), vectors, states=states, normalized=config.layer_normalization
    )
    return logits_of(config, layers, hidden), after


def after_ngrams(config: NetworkConfig, layers: Layers, token_ids: Any) -> Any:
    """Returns the logits of the token after each pre-padded sequence, shape `(batch, vocabulary_size)`."""
    token_ids = layers.right_padded(token_ids)
    _, finals = layers.stack(
        config.cell,
        "recurrent",
        len(config.units),
        layers.embedding("embedding/embeddings", token_ids),
        directions=config.directions,
        mask=layers.above(token_ids, 0),
        normalized=config.layer_normalization,
    )
    ends = finals[-1][0]
    if config.layer_normalization:
        ends = layers.normalization(f"normalization_{len(config.units) - 1}", ends)
    return logits_of(config, layers, ends)


def logits_of(config: NetworkConfig, layers: Layers, hidden: Any) -> Any:
    """Returns the logits of the next token."""
    if config.has_projection:
        hidden = layers.dense(hidden, "projection/kernel")
    if config.tie_weights:
        return layers.dense(hidden, "embedding/embeddings", "output/bias", transposed=True)
    return layers.dense(hidden, "output/kernel", "output/bias")
