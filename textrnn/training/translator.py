"""The Keras encoder-decoder network, built from a config."""

import math
from typing import Any

import tensorflow as tf

from textrnn.config import TranslatorConfig, TranslatorTrainingConfig
from textrnn.preprocessing.pair_batches import EncodedPairs, PairPlan
from textrnn.training import layers
from textrnn.training.estimates import BASE_MEMORY, advice, length_of, num_parameters, num_passes, seconds_for
from textrnn.training.networks import TokenNetwork
from textrnn.training.stack import RecurrentStack

__all__ = ["EncoderDecoder", "describe_run"]


class EncoderDecoder(TokenNetwork):
    """Bidirectional encoder, attention, decoder and output; a plain Keras model.

    Called on `(source_ids, decoder_inputs)`, both right-padded token ids of shape `(batch, time)`, it returns the
    logits of the next target token, shape `(batch, target_time, target_vocabulary_size)`.

    Args:
        config: What the network is.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.
        seed: Fixes the initial weights and the dropout.
        label_smoothing: Share of each target spread evenly over the vocabulary, in training.
        are_weighted: Whether the inputs of a step say what each pair counts in the loss.
    """

    network_config: TranslatorConfig

    def __init__(
        self,
        config: TranslatorConfig,
        precision: str = "float32",
        seed: int = 0,
        label_smoothing: float = 0.0,
        are_weighted: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(config, precision, seed, label_smoothing, **options)
        self.are_weighted = are_weighted
        self.target_embedding = self._make_embedding(config.target_vocabulary_size, "target_embedding")
        self.source_embedding = self.target_embedding
        if not config.joint_vocabulary:
            self.source_embedding = self._make_embedding(config.source_vocabulary_size, "source_embedding")
        encoder = self.make_recurrent_layers(config.encoder_units, ("", "_backward"), "encoder")
        self.bridges = {
            (layer, state): layers.Projection(units, precision, seed=next(self.seeds), name=f"bridge_{layer}_{state}")
            for layer, units in enumerate(config.decoder_units)
            for state in range(config.num_states)
        }
        self.decoder = [
            self.make_recurrent(units, f"decoder_{layer}") for layer, units in enumerate(config.decoder_units)
        ]
        self.attention = layers.Attention(config.attention, seed=next(self.seeds), name="attention")
        self.combination = layers.Projection(config.embedding_dim, precision, seed=next(self.seeds), name="combination")
        self.output_projection = layers.TokenOutput(
            config.target_vocabulary_size,
            tied_to=self.target_embedding if config.tie_weights else None,
            precision=precision,
            seed=next(self.seeds),
            name="output",
        )
        self.input_dropouts = [
            self.make_dropout(config.input_dropout, f"{side}_dropout") for side in ("source", "target")
        ]
        self.encoder = RecurrentStack(
            encoder,
            [self.make_dropout(config.dropout, f"encoder_dropout_{layer}") for layer in range(len(encoder))],
            name="encoder",
        )
        self.decoder_dropouts = [
            self.make_dropout(config.dropout, f"decoder_dropout_{layer}") for layer in range(1, len(self.decoder))
        ]
        self.output_dropout = self.make_dropout(config.output_dropout, "output_dropout")
        self.build((None, None))

    def _make_embedding(self, vocabulary_size: int, name: str) -> layers.TokenEmbedding:
        # Vectors of length 1 on average: as an output matrix, much shorter ones would hardly tell tokens apart.
        size = self.network_config.embedding_dim
        seed = next(self.seeds)
        return layers.TokenEmbedding(vocabulary_size, size, initial_range=math.sqrt(3 / size), seed=seed, name=name)

    def build(self, input_shape: Any) -> None:
        """Makes all the weights, so that they are there before the first batch."""
        config = self.network_config
        for embedding in (self.source_embedding, self.target_embedding):
            if not embedding.built:
                embedding.build(input_shape)
        self.encoder.build((None, None, config.embedding_dim))
        size = self.encoder.output_dim
        for bridge in self.bridges.values():
            bridge.build((None, size))
        inputs = config.embedding_dim
        for layer, units in enumerate(config.decoder_units):
            self.decoder[layer].build((None, None, inputs))
            inputs = units + size
        self.attention.build(config.decoder_units[0], size)
        self.combination.build((None, None, inputs))
        self.output_projection.build((None, config.embedding_dim))
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns the logits; see the class for shapes."""
        return self.output_projection(self.step_hidden(tuple(inputs), [], training)[0])

    def encode(self, source_ids: Any, training: bool = False) -> tuple[Any, Any, list[list[Any]]]:
        """Reads source sentences.

        Args:
            source_ids: Right-padded token ids, shape `(batch, source_time)`.
            training: Whether dropout is on.

        Returns:
            The memory, shape `(batch, source_time, memory_dim)`; its mask, shape `(batch, source_time)`; and the
            decoder's initial states, for each layer a list of tensors of shape `(batch, units)`.
        """
        config = self.network_config
        mask = tf.not_equal(source_ids, 0)
        hidden = self.input_dropouts[0](self.source_embedding(source_ids, training=training), training=training)
        # Of shapes (batch, source_time, memory_dim) and (batch, memory_dim).
        hidden, ends = self.encoder.read(hidden, mask, training)
        states = [
            [self.bridges[layer, state](ends) for state in range(config.num_states)]
            for layer in range(len(config.decoder_units))
        ]
        return hidden, mask, states

    def decode(
        self, decoder_inputs: Any, memory: Any, mask: Any, states: Any, training: bool = False
    ) -> tuple[Any, Any]:
        """Returns the logits of all target steps and the attention weights, `(batch, target_time, source_time)`."""
        hidden, weights = self.decoder_hidden(decoder_inputs, memory, mask, states, training)
        return self.output_projection(hidden), weights

    def decoder_hidden(
        self, decoder_inputs: Any, memory: Any, mask: Any, states: Any, training: bool = False
    ) -> tuple[Any, Any]:
        """The same as `decode`, but for the output layer: returns what it would be given."""
        hidden = self.target_embedding(decoder_inputs, training=training)
        hidden, *_ = self.decoder[0](
            self.input_dropouts[1](hidden, training=training), initial_state=states[0], training=training
        )
        context, weights = self.attention(hidden, memory, mask)
        for layer in range(1, len(self.decoder)):
            both = self.decoder_dropouts[layer - 1](tf.concat([hidden, context], axis=-1), training=training)
            hidden, *_ = self.decoder[layer](both, initial_state=states[layer], training=training)
        combined = self.combination(tf.concat([hidden, context], axis=-1))
        return self.output_dropout(combined, training=training), weights

    def weight_owners(self) -> list[Any]:
        """Returns the layers that hold weights."""
        embeddings = [self.target_embedding]
        if self.source_embedding is not self.target_embedding:
            embeddings.append(self.source_embedding)
        recurrent = [*self.encoder.weight_owners, *self.bridges.values(), *self.decoder]
        return [*embeddings, *recurrent, self.attention, self.combination, self.output_projection]

    # What the trainer asks of a network

    def step_signature(self) -> list[Any]:
        """Returns the specs of a training step's inputs, targets and states."""
        ids = tf.TensorSpec((None, None), tf.int32)
        weights = (tf.TensorSpec((None,), tf.float32),) if self.are_weighted else ()
        return [(ids, ids, *weights), ids, []]

    def initial_states(self, batch_size: Any) -> list[Any]:
        """Returns the states before a batch: none."""
        return []

    def step_hidden(self, inputs: Any, states: Any, training: bool) -> tuple[Any, Any]:
        """Returns what the output layer is given for each of a step's targets, and no states."""
        source_ids, decoder_inputs = inputs[:2]
        memory, mask, initial = self.encode(source_ids, training)
        return self.decoder_hidden(decoder_inputs, memory, mask, initial, training)[0], states

    def target_weights(self, inputs: Any, targets: Any) -> Any:
        """Returns the weights of the pairs for each of their targets, if they have weights."""
        return inputs[2][:, tf.newaxis] * tf.ones_like(targets, tf.float32) if self.are_weighted else None


def estimated_seconds(
    config: TranslatorConfig, training: TranslatorTrainingConfig, pairs: EncodedPairs, num_batches: int
) -> float:
    """Returns about how long all epochs take, translating the validation sentences not included."""
    shapes = config.weight_shapes()
    size = {name: math.prod(shape) for name, shape in shapes.items() if not name.endswith("embeddings")}
    reading = sum(count for name, count in size.items() if name.startswith(("encoder", "attention/memory")))
    writing = sum(size.values()) - reading
    if config.tie_weights:
        writing += math.prod(shapes["target_embedding/embeddings"])
    if training.has_drawn_candidates:
        reading, writing = (cost * (1 + training.candidates) for cost in (reading, writing))
    multiplied = reading * pairs.num_source_tokens + writing * pairs.num_target_tokens
    return seconds_for(multiplied * num_passes(training, num_batches), training.precision)


def describe_run(
    config: TranslatorConfig,
    training: TranslatorTrainingConfig,
    pairs: EncodedPairs,
    validation: EncodedPairs,
    plan: PairPlan,
) -> str:
    """Returns the lines that are shown before a translator's training starts."""
    parameters = num_parameters(config)
    seconds = estimated_seconds(config, training, pairs, plan.num_batches)
    vocabulary = " and ".join(f"{size:,}" for size in config.vocabulary_sizes)
    per_position = 14 * (sum(config.encoder_units) * 2 + sum(config.decoder_units)) + 4 * config.target_vocabulary_size
    copies = 5 + training.averaged_checkpoints + bool(training.moving_average)
    num_bytes = BASE_MEMORY + 4 * (copies * parameters + training.batch_tokens * per_position)
    lines = [
        f"{len(pairs):,} training pairs with {pairs.num_target_tokens:,} target tokens, {len(validation):,} validation "
        f"pairs ({100 * validation.unknown_share:.2f}% of their tokens unknown), vocabulary of {vocabulary}",
        f"{parameters:,} parameters; {length_of(training, plan.num_batches, seconds)} and {num_bytes / 1e9:.1f} GB",
    ]
    if parameters > 50 * pairs.num_target_tokens:
        lines.append(
            f"advice: {parameters / pairs.num_target_tokens:.0f} parameters per target token is a lot; the model will "
            "learn the pairs by heart. Use more pairs, or smaller layers and vocabularies."
        )
    return "\n".join([*lines, *advice(training, plan.num_batches)])
