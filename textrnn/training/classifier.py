"""The Keras network of a classifier, built from a config."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn.config.classifier import GRAM_PLACES, LINEAR_STEP, ClassifierConfig, ClassifierTrainingConfig
from textrnn.preprocessing.labelled import LabelledPlan
from textrnn.preprocessing.tokenizers import UNK_ID
from textrnn.training import layers
from textrnn.training.estimates import advice, length_of, num_parameters, num_passes, seconds_for
from textrnn.training.networks import NamedNetwork
from textrnn.training.stack import RecurrentStack
from textrnn.wording import counted

__all__ = ["SequenceClassifier", "describe_run"]


class AttentionPooling(keras.layers.Layer):
    """A learned average over time (Yang et al. 2016, section 2.2): `softmax(v . tanh(h W + b))` says what counts.

    Args:
        seed: Fixes the initial weights.
    """

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.seed = seed

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs whose last axis has a fixed size."""
        size = input_shape[-1]
        uniform = keras.initializers.GlorotUniform(seed=self.seed)
        self.kernel = self.add_weight(name="kernel", shape=(size, size), initializer=uniform)
        self.bias = self.add_weight(name="bias", shape=(size,), initializer="zeros")
        self.vector = self.add_weight(name="vector", shape=(size,), initializer="zeros")  # all steps count the same
        self.built = True

    def call(self, outputs: Any, mask: Any) -> Any:
        """Maps `(batch, time, size)` to `(batch, size)`."""
        asked = tf.tanh(tf.matmul(outputs, self.kernel) + self.bias)
        scores = tf.linalg.matvec(asked, tf.convert_to_tensor(self.vector))  # (batch, time)
        weights = tf.nn.softmax(tf.where(mask, scores, -1e9))
        return tf.reduce_sum(outputs * weights[:, :, tf.newaxis], axis=1)


class LinearClassifier(keras.layers.Layer):
    """A linear classifier of the words, pairs of words and pieces of words that a text holds (Joulin et al. 2017).

    Args:
        num_outputs: Number of logits.
        rate: Share of what a text holds that is left out, in training.
        seed: Fixes what is left out.
    """

    def __init__(self, num_outputs: int, rate: float, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.num_outputs = num_outputs
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: Any) -> None:
        """Makes the weights: zero, so that what nobody has seen says nothing."""
        shape = (1 + GRAM_PLACES, self.num_outputs)
        self.embeddings = self.add_weight(name="embeddings", shape=shape, initializer="zeros")
        self.bias = self.add_weight(name="bias", shape=(self.num_outputs,), initializer="zeros")
        self.built = True

    def call(self, grams: Any, training: bool = False) -> Any:
        """Maps places of shape `(batch, grams)`, 0 at padding, to logits of shape `(batch, num_outputs)`."""
        words = tf.cast((grams > 0) & (grams <= GRAM_PLACES // 2), tf.float32)
        pieces = tf.cast(grams > GRAM_PLACES // 2, tf.float32)
        # Each sort by itself, since there are ten times as many pieces as words.
        weights = sum(sort / tf.sqrt(tf.maximum(tf.reduce_sum(sort, 1, True), 1.0)) for sort in (words, pieces))
        if training and self.rate:
            weights = keras.random.dropout(weights, self.rate, seed=self.seed_generator)
        found = tf.gather(tf.convert_to_tensor(self.embeddings), grams) * weights[:, :, tf.newaxis]
        return LINEAR_STEP * tf.reduce_sum(found, axis=1) + self.bias


class SequenceClassifier(NamedNetwork):
    """Embedding, recurrent layers, pooling over time and output; a plain Keras model.

    Called on `(inputs, mask)`, and `grams` as a third where there is a linear classifier, it returns the logits, shape
    `(batch, num_labels)`: `inputs` are token ids of shape `(batch, time)`, or scaled vectors of shape
    `(batch, time, num_features)`; `mask` is false at padding; `grams` are places of shape `(batch, grams)`.

    Args:
        config: What the network is.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.
        seed: Fixes the initial weights and the dropout.
        label_smoothing: Share of each target spread evenly over the labels, in training.
        class_weights: How much a target of each class counts; None counts all the same.
    """

    target_name = "sequence"
    loss_unit = "nats per sequence"
    network_config: ClassifierConfig

    def __init__(
        self,
        config: ClassifierConfig,
        precision: str = "float32",
        seed: int = 0,
        label_smoothing: float = 0.0,
        class_weights: np.ndarray | None = None,
        **options: Any,
    ) -> None:
        super().__init__(config, precision, seed, **options)
        self.label_smoothing = label_smoothing
        self.class_weights = None if class_weights is None else tf.constant(class_weights, tf.float32)
        self.embedding = None
        if config.vocabulary_size:
            self.embedding = layers.TokenEmbedding(
                config.vocabulary_size, config.embedding_dim, seed=next(self.seeds), name="embedding"
            )
        recurrent = self.make_recurrent_layers(config.units, config.directions)
        self.input_dropout = self.make_dropout(config.input_dropout, "input_dropout")
        rates = [config.dropout] * (len(config.units) - 1) + [0.0]
        self.stack = RecurrentStack(
            recurrent, [self.make_dropout(rate, f"dropout_{layer}") for layer, rate in enumerate(rates)], name="stack"
        )
        self.attention = AttentionPooling(next(self.seeds), name="attention") if "attention" in config.pooling else None
        self.output_dropout = self.make_dropout(config.output_dropout, "output_dropout", has_time=False)
        self.word_dropout = self.make_dropout(config.word_dropout, "word_dropout", has_time=False)
        self.output_layer = keras.layers.Dense(
            config.num_outputs,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(self.seeds)),
            name="output",
        )
        self.linear = None
        if config.has_linear:
            self.linear = LinearClassifier(config.num_outputs, config.input_dropout, next(self.seeds), name="linear")
        self.build((None, None))

    def build(self, input_shape: Any) -> None:
        """Makes all the weights, so that they are there before the first batch."""
        config = self.network_config
        if self.embedding is not None:
            self.embedding.build(input_shape)
        self.stack.build((None, None, config.embedding_dim if config.vocabulary_size else config.num_features))
        size = self.stack.output_dim
        if self.attention is not None:
            self.attention.build((None, None, size))
        self.output_layer.build((None, size * len(config.pooling)))
        if self.linear is not None:
            self.linear.build((None, None))
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns the logits; see the class for shapes."""
        logits = self.both(inputs, training)
        share = self.network_config.linear_share
        return logits[0] if self.linear is None else (1 - share) * logits[0] + share * logits[1]

    def both(self, inputs: Any, training: bool) -> list[Any]:
        """Returns the logits of the recurrent layers, and those of the linear classifier if there is one."""
        inputs, mask, *grams = inputs
        if self.network_config.word_dropout and training and self.embedding is not None:
            kept = self.word_dropout(tf.ones_like(inputs, tf.float32), training=True) > 0
            inputs = tf.where(kept | tf.equal(inputs, 0), inputs, UNK_ID)
        hidden = inputs if self.embedding is None else self.embedding(inputs, training=training)
        hidden = self.input_dropout(hidden, training=training)  # (batch, time, size)
        outputs, ends = self.stack.read(hidden, mask, training)
        pooled = [self._pooled(name, outputs, ends, mask) for name in self.network_config.pooling]
        logits = self.output_layer(self.output_dropout(tf.concat(pooled, axis=-1), training=training))
        return [logits] if self.linear is None else [logits, self.linear(*grams, training=training)]

    def _pooled(self, name: str, outputs: Any, ends: Any, mask: Any) -> Any:
        """Returns one of the poolings, shape `(batch, size)`; see `ClassifierConfig.pooling`."""
        if name == "last":
            return ends
        if name == "attention" and self.attention is not None:
            return self.attention(outputs, mask)
        real = mask[:, :, tf.newaxis]  # (batch, time, 1)
        if name == "max":
            return tf.reduce_max(tf.where(real, outputs, -1e9), axis=1)
        real = tf.cast(real, tf.float32)
        return tf.reduce_sum(outputs * real, axis=1) / tf.maximum(tf.reduce_sum(real, axis=1), 1.0)

    def weight_owners(self) -> list[Any]:
        """Returns the layers that hold weights."""
        owners = [self.embedding, *self.stack.weight_owners, self.attention, self.output_layer, self.linear]
        return [owner for owner in owners if owner is not None]

    # What the trainer asks of a network

    def step_signature(self) -> list[Any]:
        """Returns the specs of a training step's inputs, targets and states."""
        config = self.network_config
        inputs = tf.TensorSpec((None, None), tf.int32)
        if not config.vocabulary_size:
            inputs = tf.TensorSpec((None, None, config.num_features), tf.float32)
        targets = tf.TensorSpec((None, config.num_outputs), tf.float32)
        grams = [tf.TensorSpec((None, None), tf.int32)] if config.has_linear else []
        return [(inputs, tf.TensorSpec((None, None), tf.bool), *grams), targets, []]

    def initial_states(self, batch_size: Any) -> list[Any]:
        """Returns the states before a batch: none."""
        return []

    def num_targets(self, targets: Any) -> Any:
        """Returns the number of sequences."""
        return tf.cast(tf.shape(targets)[0], tf.float32)

    def step_loss(self, inputs: Any, targets: Any, states: Any, training: bool, max_targets: int) -> tuple[Any, Any]:
        """Returns the cross-entropy summed over the sequences, in nats, and no states.

        Targets are 1 for each label that a sequence has, shape `(batch, num_labels)`. Of several labels each has a
        cross-entropy of its own, and they are added up. In training the linear classifier has a loss of its own, so
        that the recurrent layers learn what they would learn without it.
        """
        found = self.both(inputs, training) if training else [self(inputs, training=False)]
        return tf.add_n([self._loss(logits, targets, training) for logits in found]), states

    def _loss(self, logits: Any, targets: Any, training: bool) -> Any:
        """Returns the summed cross-entropy of logits."""
        smoothing = self.label_smoothing if training else 0.0
        if self.network_config.multi_label:
            losses = tf.nn.sigmoid_cross_entropy_with_logits(targets * (1 - smoothing) + smoothing / 2, logits)
        else:
            smoothed = targets * (1 - smoothing) + smoothing / targets.shape[1]
            losses = tf.nn.softmax_cross_entropy_with_logits(smoothed, logits)[:, tf.newaxis]
        if self.class_weights is not None and training:
            losses *= tf.reduce_sum(targets * self.class_weights, axis=1, keepdims=True)
        return tf.reduce_sum(losses)


def describe_run(
    config: ClassifierConfig,
    training: ClassifierTrainingConfig,
    sequences: Sequence[np.ndarray],
    plans: tuple[LabelledPlan, LabelledPlan],
) -> str:
    """Returns the lines that are shown before a classifier's training starts."""
    steps = sum(map(len, sequences))
    multiplied = sum(
        math.prod(shape) for name, shape in config.weight_shapes().items() if not name.endswith("embeddings")
    )
    passes = num_passes(training, plans[0].num_batches)
    seconds = seconds_for(multiplied * steps * passes, training.precision)
    read = (
        f"a vocabulary of {config.vocabulary_size:,}" if config.vocabulary_size else f"{config.num_features} features"
    )
    lines = [
        f"{counted(plans[0].num_targets, 'training sequence')} of {steps / len(sequences):.0f} steps on average, "
        f"{counted(plans[1].num_targets, 'validation sequence')}, {read}, {config.num_outputs} classes",
        f"{num_parameters(config):,} parameters; {length_of(training, plans[0].num_batches, seconds)}",
    ]
    return "\n".join([*lines, *advice(training, plans[0].num_batches)])
