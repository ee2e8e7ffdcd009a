"""A translator told to an engine; see `textrnn.inference.translator`."""

from collections.abc import Sequence
from typing import Any

from textrnn.config import TranslatorConfig
from textrnn.exporting.graphs import Array, Graph
from textrnn.exporting.graphs.states import flat, in_layers, state_arrays
from textrnn.exporting.layers import Layers

__all__ = ["graphs"]

SOURCE_IDS = Array("source_ids", ("batch", "source_time"), "int32")


def graphs(config: TranslatorConfig) -> list[Graph]:
    """Returns the graphs of a translator.

    The encoder's outputs are called as the step's inputs are. With dot attention the memory is its own keys, and there
    is no input `keys`.
    """
    token_ids = Array("token_ids", ("batch", "time"), "int32")
    logits = Array("logits", ("batch", "time", config.target_vocabulary_size))
    weights = Array("attention", ("batch", "time", "source_time"))
    states = state_arrays(config.decoder_units, config.num_states)
    after = state_arrays(config.decoder_units, config.num_states, "next_state")
    memory = [Array("memory", ("batch", "source_time", config.memory_dim))]
    if config.attention != "dot":
        memory.append(Array("keys", ("batch", "source_time", config.decoder_units[0])))
    memory.append(Array("source_mask", ("batch", "source_time"), "bool"))

    def encoder(layers: Layers, source_ids: Any) -> list[Any]:
        found, begun = encoded(config, layers, source_ids)
        return [*found, *flat(begun)]

    def step(layers: Layers, ids: Any, *rest: Any) -> list[Any]:
        found, begun = rest[: len(memory)], rest[len(memory) :]
        before = in_layers(begun, config.num_states)
        answer, states_after, attention = decoded(config, layers, ids, found, before)
        return [answer, attention, *flat(states_after)]

    def sequence(layers: Layers, source_ids: Any, target_ids: Any) -> list[Any]:
        found, begun = encoded(config, layers, source_ids)
        return [decoded(config, layers, target_ids, found, begun)[0]]

    target_ids = Array("target_ids", token_ids.shape, "int32")
    return [
        Graph("sequence", (SOURCE_IDS, target_ids), (logits,), sequence),
        Graph("encoder", (SOURCE_IDS,), (*memory, *states), encoder),
        Graph("step", (token_ids, *memory, *states), (logits, weights, *after), step),
    ]


def encoded(config: TranslatorConfig, layers: Layers, source_ids: Any) -> tuple[list[Any], list[list[Any]]]:
    """Reads right-padded source sentences; returns memory, keys and mask, and the decoder's first states."""
    name = "target" if config.joint_vocabulary else "source"
    mask = layers.above(source_ids, 0)
    values, finals = layers.stack(
        config.cell,
        "encoder",
        len(config.encoder_units),
        layers.embedding(f"{name}_embedding/embeddings", source_ids),
        directions=("", "_backward"),
        mask=mask,
    )
    states = [
        [projected(layers, f"bridge_{layer}_{state}", finals[-1][0]) for state in range(config.num_states)]
        for layer in range(len(config.decoder_units))
    ]
    keys = [] if config.attention == "dot" else [layers.dense(values, "attention/memory_kernel")]
    return [values, *keys, mask], states


def decoded(
    config: TranslatorConfig, layers: Layers, token_ids: Any, memory: Sequence[Any], states: Sequence[Sequence[Any]]
) -> tuple[Any, list[list[Any]], Any]:
    """Reads target tokens; returns logits, the states after, and attention weights."""
    vectors = layers.embedding("target_embedding/embeddings", token_ids)
    hidden, first = layers.recurrent(config.cell, ["decoder_0"], vectors, states[0], None)
    values, keys, mask = memory[0], memory[-2], memory[-1]
    queries, vector = hidden, None
    if config.attention == "additive":
        queries, vector = layers.dense(hidden, "attention/query_kernel", "attention/bias"), "attention/vector"
    context, attention = layers.attention(queries, keys, values, mask, vector)
    after = [first]
    for layer in range(1, len(config.decoder_units)):
        inputs = layers.concatenation([hidden, context])
        hidden, state = layers.recurrent(config.cell, [f"decoder_{layer}"], inputs, states[layer], None)
        after.append(state)
    combined = projected(layers, "combination", layers.concatenation([hidden, context]))
    if config.tie_weights:
        return layers.dense(combined, "target_embedding/embeddings", "output/bias", transposed=True), after, attention
    return layers.dense(combined, "output/kernel", "output/bias"), after, attention


def projected(layers: Layers, name: str, inputs: Any) -> Any:
    """Returns `tanh(inputs kernel + bias)`."""
    return layers.tanh(layers.dense(inputs, f"{name}/kernel", f"{name}/bias"))
