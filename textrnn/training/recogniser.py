"""The Keras network of a recogniser of speech, built from a config."""

import math
from typing import Any

import keras
import tensorflow as tf

from textrnn.config.recogniser import RecogniserConfig, RecogniserTrainingConfig
from textrnn.preprocessing.speech_batches import SpeechPlan
from textrnn.training.estimates import advice, length_of, num_parameters, num_passes, seconds_for
from textrnn.training.networks import NamedNetwork
from textrnn.training.stack import RecurrentStack
from textrnn.wording import counted

__all__ = ["SpeechRecogniser", "describe_run"]


class SpeechRecogniser(NamedNetwork):
    """Recurrent layers over the frames of clips, and an output at each step; a plain Keras model.

    Called on `(inputs, mask)` it returns logits, shape `(batch, time, num_symbols)`, of which symbol 0 is the blank:
    `inputs` are stacked frames of shape `(batch, time, num_features)`; `mask` is false at padding.

    Args:
        config: What the network is.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.
        seed: Fixes the initial weights and the dropout.
    """

    target_name = "character"
    loss_unit = "nats per character"
    network_config: RecogniserConfig

    def __init__(self, config: RecogniserConfig, precision: str = "float32", seed: int = 0, **options: Any) -> None:
        super().__init__(config, precision, seed, **options)
        recurrent = self.make_recurrent_layers(config.units, config.directions)
        self.input_dropout = self.make_dropout(config.input_dropout, "input_dropout")
        rates = [config.dropout] * (len(config.units) - 1) + [config.output_dropout]
        self.stack = RecurrentStack(
            recurrent, [self.make_dropout(rate, f"dropout_{layer}") for layer, rate in enumerate(rates)], name="stack"
        )
        self.output_layer = keras.layers.Dense(
            config.num_symbols,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(self.seeds)),
            name="output",
        )
        self.build((None, None, config.num_features))

    def build(self, input_shape: Any) -> None:
        """Makes all the weights, so that they are there before the first batch."""
        self.stack.build((None, None, self.network_config.num_features))
        self.output_layer.build((None, None, self.stack.output_dim))
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns the logits; see the class for shapes."""
        hidden, mask = inputs
        hidden, _ = self.stack.read(self.input_dropout(hidden, training=training), mask, training)
        return self.output_layer(hidden)

    def weight_owners(self) -> list[Any]:
        """Returns the layers that hold weights."""
        return [*self.stack.weight_owners, self.output_layer]

    # What the trainer asks of a network

    def step_signature(self) -> list[Any]:
        """Returns the specs of a training step's inputs, targets and states."""
        inputs = tf.TensorSpec((None, None, self.network_config.num_features), tf.float32)
        mask = tf.TensorSpec((None, None), tf.bool)
        return [(inputs, mask), tf.TensorSpec((None, None), tf.int32), []]

    def initial_states(self, batch_size: Any) -> list[Any]:
        """Returns the states before a batch: none."""
        return []

    def num_targets(self, targets: Any) -> Any:
        """Returns the number of characters: of the symbols, 0 is the blank, and pads."""
        return tf.cast(tf.math.count_nonzero(targets), tf.float32)

    def step_loss(self, inputs: Any, targets: Any, states: Any, training: bool, max_targets: int) -> tuple[Any, Any]:
        """Returns the loss of CTC summed over the clips, in nats, and no states.

        That of a clip is the negative log probability of its text, over all the ways to place its characters (Graves et
        al. 2006, section 4.1). Half of a batch of one clip has no rows, for which TensorFlow has no loss.
        """
        logits = self(inputs, training=training)  # (batch, time, symbols)
        lengths = tf.math.count_nonzero(inputs[1], axis=1, dtype=tf.int32)
        nothing = tf.constant(0.0)
        return tf.cond(tf.size(lengths) > 0, lambda: summed_ctc(logits, targets, lengths), lambda: nothing), states


def summed_ctc(logits: Any, targets: Any, lengths: Any) -> Any:
    """Returns the summed negative log probability of texts, in nats.

    Args:
        logits: Shape `(batch, time, num_symbols)`; symbol 0 is the blank.
        targets: Symbols of shape `(batch, characters)`, right-padded with 0.
        lengths: Steps of each row that are no padding, shape `(batch,)`.
    """
    sparse = tf.sparse.from_dense(targets)  # in this form TensorFlow has a kernel, and not a loop of operations
    losses = tf.nn.ctc_loss(
        labels=sparse,
        logits=logits,
        label_length=None,
        logit_length=lengths,
        logits_time_major=False,
        blank_index=0,
    )
    return tf.reduce_sum(losses)


def describe_run(
    config: RecogniserConfig, training: RecogniserTrainingConfig, plans: tuple[SpeechPlan, SpeechPlan]
) -> str:
    """Returns the lines that are shown before a recogniser's training starts."""
    numbers = [len(plan.data) for plan in plans]
    seconds = [sum(map(len, plan.data.frames)) * config.hop_ms / 1000 for plan in plans]
    multiplied = sum(math.prod(shape) for shape in config.weight_shapes().values())
    passes = num_passes(training, plans[0].num_batches)
    needed = seconds_for(multiplied * seconds[0] / config.step_seconds * passes, training.precision)
    lines = [
        f"{counted(numbers[0], 'training clip')} of {seconds[0] / 60:.3g} minutes, "
        f"{counted(numbers[1], 'validation clip')}, {config.num_symbols - 1} characters",
        f"{num_parameters(config):,} parameters; {length_of(training, plans[0].num_batches, needed)}",
    ]
    return "\n".join([*lines, *advice(training, plans[0].num_batches)])
