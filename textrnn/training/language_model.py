"""The Keras network of a language model, built from a config."""

from typing import Any

import tensorflow as tf

from textrnn.config import NetworkConfig, TrainingConfig
from textrnn.preprocessing.sequences import EncodedText, TextPlan
from textrnn.training import layers
from textrnn.training.estimates import (
    BASE_MEMORY,
    advice,
    length_of,
    num_parameters,
    num_passes,
    precision_advice,
    seconds_for,
)
from textrnn.training.networks import TokenNetwork
from textrnn.training.stack import RecurrentStack, normalizations

__all__ = ["RecurrentNetwork", "describe_run"]


class RecurrentNetwork(TokenNetwork):
    """Stacked Embedding, recurrent layers, Dropout and output; a plain Keras model over token ids.

    Called on token ids of shape `(batch, time)` it returns next-token logits: `(batch, time, vocabulary_size)`, or, for
    a config in the n-gram form, `(batch, vocabulary_size)` for the token after each pre-padded sequence.

    Args:
        config: What the network is.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.
        seed: Fixes the initial weights and the dropout.
        label_smoothing: Share of each target spread evenly over the vocabulary, in training.
    """

    network_config: NetworkConfig

    def __init__(
        self,
        config: NetworkConfig,
        precision: str = "float32",
        seed: int = 0,
        label_smoothing: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(config, precision, seed, label_smoothing, **options)
        self.embedding = layers.TokenEmbedding(
            config.vocabulary_size,
            config.embedding_dim,
            dropout=config.embedding_dropout,
            seed=next(self.seeds),
            name="embedding",
        )
        recurrent = self.make_recurrent_layers(config.units, config.directions)
        self.input_dropout = self.make_dropout(config.input_dropout, "input_dropout")
        rates = [config.dropout] * (len(config.units) - 1) + [config.output_dropout]
        self.stack = RecurrentStack(
            recurrent,
            [self.make_dropout(rate, f"dropout_{layer}") for layer, rate in enumerate(rates)],
            normalizations(len(rates)) if config.layer_normalization else (),
            name="stack",
        )
        self.projection = None
        if config.has_projection:
            self.projection = layers.LinearProjection(
                config.embedding_dim, precision, seed=next(self.seeds), name="projection"
            )
        self.output_projection = layers.TokenOutput(
            config.vocabulary_size,
            tied_to=self.embedding if config.tie_weights else None,
            precision=precision,
            seed=next(self.seeds),
            name="output",
        )
        self.build((None, None))

    def build(self, input_shape: Any) -> None:
        """Makes all the weights, so that they are there before the first batch."""
        self.embedding.build(input_shape)
        self.stack.build((None, None, self.network_config.embedding_dim))
        size = self.stack.output_dim
        if self.projection is not None:
            self.projection.build((None, size))
            size = self.network_config.embedding_dim
        self.output_projection.build((None, size))
        self.built = True

    def call(self, token_ids: Any, training: bool = False) -> Any:
        """Returns the logits; see the class for shapes."""
        if self.network_config.form == "ngrams":
            return self.ngram_logits(token_ids, training)
        return self.run(token_ids, self.initial_states(tf.shape(token_ids)[0]), training)[0]

    def initial_states(self, batch_size: Any) -> list[Any]:
        """Returns zero states: for each layer a list of tensors of shape `(batch_size, units)`."""
        config = self.network_config
        return [[tf.zeros((batch_size, units))] * config.num_states for units in config.units]

    def run(self, token_ids: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """Reads tokens from left to right.

        Args:
            token_ids: Shape `(batch, time)`; padding only on the right, where it changes nothing before it.
            states: What `initial_states` or the call before returned.
            training: Whether dropout is on.

        Returns:
            Logits of shape `(batch, time, vocabulary_size)`, and the states to carry on with.
        """
        hidden, new_states = self.hidden_states(token_ids, states, training)
        return self.output_projection(hidden), new_states

    def hidden_states(self, token_ids: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """The same as `run`, but for the output layer: returns what it would be given."""
        hidden, new_states = self.stack(self._vectors(token_ids, training), states, training=training)
        return self._projected(hidden), new_states

    def _projected(self, hidden: Any) -> Any:
        """Maps `(..., units)` to `(..., embedding_dim)` where the output layer wants that."""
        return hidden if self.projection is None else self.projection(hidden)

    def _vectors(self, token_ids: Any, training: bool) -> Any:
        """Looks up token ids of shape `(batch, time)`, with dropout; returns `(batch, time, embedding_dim)`."""
        return self.input_dropout(self.embedding(token_ids, training=training), training=training)

    def ngram_logits(self, token_ids: Any, training: bool = False) -> Any:
        """Returns the logits of the token after each pre-padded sequence, shape `(batch, vocabulary_size)`."""
        return self.output_projection(self.ngram_hidden(token_ids, training))

    def ngram_hidden(self, token_ids: Any, training: bool = False) -> Any:
        """The same as `ngram_logits`, but for the output layer: returns what it would be given."""
        ends = self.stack.read_ends(self._vectors(token_ids, training), tf.not_equal(token_ids, 0), training)
        return self._projected(ends)

    def weight_owners(self) -> list[Any]:
        """Returns the layers that hold weights."""
        projections = [] if self.projection is None else [self.projection]
        return [self.embedding, *self.stack.weight_owners, *projections, self.output_projection]

    # What the trainer asks of a network

    @property
    def has_fixed_shape(self) -> bool:
        """Whether all training batches have one shape."""
        return self.network_config.form == "stream"

    @property
    def has_left_padding(self) -> bool:
        """Whether padding stands before the sequences of a batch."""
        return self.network_config.form == "ngrams"

    def step_signature(self) -> list[Any]:
        """Returns the specs of a training step's inputs, targets and states."""
        config = self.network_config
        targets_shape = (None,) if config.form == "ngrams" else (None, None)
        states = [[tf.TensorSpec((None, units), tf.float32)] * config.num_states for units in config.units]
        return [tf.TensorSpec((None, None), tf.int32), tf.TensorSpec(targets_shape, tf.int32), states]

    def step_hidden(self, inputs: Any, states: Any, training: bool) -> tuple[Any, Any]:
        """Returns what the output layer is given for each of a step's targets, and the states to carry on with."""
        if self.network_config.form == "ngrams":
            return self.ngram_hidden(inputs, training), states
        return self.hidden_states(inputs, states, training)


def estimated_seconds(config: NetworkConfig, training: TrainingConfig, plan: TextPlan) -> float:
    """Returns about how long all epochs take."""
    multiplied = num_parameters(config) - (0 if config.tie_weights else config.vocabulary_size * config.embedding_dim)
    positions = plan.num_targets
    if config.form == "ngrams":  # every prefix is read in full, padding included
        positions *= plan.longest_row - 1
    passes = num_passes(training, plan.num_batches)
    return seconds_for(multiplied * positions * passes, training.precision)


def estimated_bytes(config: NetworkConfig, training: TrainingConfig) -> int:
    """Returns about how much memory training takes at most."""
    length = training.length if config.form == "stream" else config.max_length
    positions = training.batch_size * length
    per_position = 14 * sum(config.units) * len(config.directions) + 2 * config.embedding_dim
    logits = training.batch_size if config.form == "ngrams" else positions
    copies = 6 if training.moving_average else 5  # weights, gradients, two moments, the best weights
    numbers = copies * num_parameters(config) + positions * per_position + 4 * logits * config.vocabulary_size
    return BASE_MEMORY + 4 * numbers


def describe_run(
    config: NetworkConfig,
    training: TrainingConfig,
    texts: tuple[EncodedText, EncodedText],
    plan: TextPlan,
    is_trained: bool = False,
) -> str:
    """Returns the lines that are shown before training starts; `is_trained` says that it goes on from weights."""
    parameters = num_parameters(config)
    seconds = estimated_seconds(config, training, plan)
    lines = [
        f"{texts[0].num_tokens:,} training tokens, {texts[1].num_tokens:,} validation tokens "
        f"({100 * texts[1].unknown_share:.2f}% unknown), vocabulary of {config.vocabulary_size:,}",
        f"{parameters:,} parameters; {length_of(training, plan.num_batches, seconds)} and "
        f"{estimated_bytes(config, training) / 1e9:.1f} GB",
    ]
    if parameters > 100 * texts[0].num_tokens and config.output_dropout < 0.5 and not is_trained:
        lines.append(
            f"advice: {parameters / texts[0].num_tokens:.0f} parameters per token is a lot; the model will learn "
            "the text by heart. Use more text, fewer `units`, or more dropout."
        )
    if texts[1].unknown_share > 0.05:
        lines.append(
            f"advice: {100 * texts[1].unknown_share:.0f}% of the validation tokens are unknown; "
            'a larger `vocabulary_size`, or level="subword", which knows every word, predicts them.'
        )
    more = precision_advice(training.precision) if is_trained else advice(training, plan.num_batches)
    return "\n".join([*lines, *more])
