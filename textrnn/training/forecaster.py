"""The Keras network of a forecaster, built from a config."""

import math
from typing import Any

import keras
import tensorflow as tf

from textrnn.config.forecaster import ForecasterConfig, ForecasterTrainingConfig
from textrnn.preprocessing.windows import WindowPlan
from textrnn.training.estimates import length_of, num_parameters, num_passes, precision_advice, seconds_for
from textrnn.training.networks import NamedNetwork
from textrnn.training.stack import RecurrentStack

__all__ = ["SeriesForecaster", "describe_run"]


class SeriesForecaster(NamedNetwork):
    """Recurrent layers over the segments of a window, and a linear forecast that they correct; a plain Keras model.

    Called on `(values, context)`, of the shapes that `textrnn.preprocessing.windows.Windows` gives them, it returns the
    scaled quantiles of each step, shape `(batch, output_steps, outputs_per_step)`.

    Args:
        config: What the network is.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.
        seed: Fixes the initial weights and the dropout.
    """

    target_name = "value"
    loss_unit = "scaled quantile loss per value"
    network_config: ForecasterConfig

    def __init__(self, config: ForecasterConfig, precision: str = "float32", seed: int = 0, **options: Any) -> None:
        super().__init__(config, precision, seed, **options)
        recurrent = self.make_recurrent_layers(config.units)
        rates = [config.dropout] * (len(config.units) - 1) + [0.0]
        self.stack = RecurrentStack(
            recurrent, [self.make_dropout(rate, f"dropout_{layer}") for layer, rate in enumerate(rates)], name="stack"
        )
        self.head = self.make_dense(config.head_units, "head", activation="relu") if config.head_units else None
        self.output_dropout = self.make_dropout(config.output_dropout, "output_dropout", has_time=False)
        self.output_layer = self.make_dense(config.output_steps * config.outputs_per_step, "output")
        self.linear = self.make_dense(config.output_steps, "linear", use_bias=False) if config.linear else None
        self.build((None, None))

    def make_dense(self, size: int, name: str, **options: Any) -> keras.layers.Dense:
        """Returns a dense layer."""
        initializer = keras.initializers.GlorotUniform(seed=next(self.seeds))
        return keras.layers.Dense(size, kernel_initializer=initializer, name=name, **options)

    def build(self, input_shape: Any) -> None:
        """Makes all the weights, so that they are there before the first batch."""
        config = self.network_config
        self.stack.build((None, None, config.segment * (1 + len(config.known))))
        size = self.stack.output_dim + config.context_dim
        if self.head is not None:
            self.head.build((None, size))
            size = config.head_units
        self.output_layer.build((None, size))
        if self.linear is not None:
            self.linear.build((None, config.lookback + config.context_dim))
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns scaled quantiles; see the class for shapes."""
        values, context = inputs
        config = self.network_config
        num_segments = config.lookback // config.segment
        segments = tf.reshape(values, (-1, num_segments, config.segment * (1 + len(config.known))))
        _, ends = self.stack.read(segments, None, training)  # (batch, units)
        hidden = tf.concat([ends, context], axis=-1)
        if self.head is not None:
            hidden = self.head(hidden)
        outputs = self.output_layer(self.output_dropout(hidden, training=training))
        outputs = tf.reshape(outputs, (-1, config.output_steps, config.outputs_per_step))
        if self.linear is None:
            return outputs
        return outputs + self.linear(tf.concat([values[:, :, 0], context], axis=-1))[:, :, tf.newaxis]

    def weight_owners(self) -> list[Any]:
        """Returns the layers that hold weights."""
        owners = [*self.stack.weight_owners, self.head, self.output_layer, self.linear]
        return [owner for owner in owners if owner is not None]

    # What the trainer asks of a network

    def step_signature(self) -> list[Any]:
        """Returns the specs of a training step's inputs, targets and states."""
        config = self.network_config
        values = tf.TensorSpec((None, config.lookback, 1 + len(config.known)), tf.float32)
        context = tf.TensorSpec((None, config.context_dim), tf.float32)
        return [(values, context), tf.TensorSpec((None, config.output_steps), tf.float32), []]

    def initial_states(self, batch_size: Any) -> list[Any]:
        """Returns the states before a batch: none."""
        return []

    def num_targets(self, targets: Any) -> Any:
        """Returns the number of values that were observed."""
        return tf.reduce_sum(tf.cast(tf.math.is_finite(targets), tf.float32))

    def step_loss(self, inputs: Any, targets: Any, states: Any, training: bool, max_targets: int) -> tuple[Any, Any]:
        """Returns the loss summed over the observed values, and no states.

        That of a value is the quantile loss (Koenker and Bassett 1978), averaged over the levels and doubled, so that
        the median's is the absolute error; and the squared error of the mean, where that is forecast.
        """
        config = self.network_config
        outputs = self(inputs, training=training)  # (batch, steps, levels)
        seen = tf.math.is_finite(targets)[:, :, tf.newaxis]
        errors = tf.where(seen, tf.where(seen, targets[:, :, tf.newaxis], 0.0) - outputs, 0.0)
        total = 0.0
        if config.quantiles:
            levels = tf.constant(config.quantiles, tf.float32)
            below = errors[:, :, : len(config.quantiles)]
            total += 2.0 * tf.reduce_sum(tf.maximum(levels * below, (levels - 1.0) * below)) / len(config.quantiles)
        if config.point == "mean":
            total += tf.reduce_sum(tf.square(errors[:, :, -1]))
        return total, states


def describe_run(
    config: ForecasterConfig, training: ForecasterTrainingConfig, plans: tuple[WindowPlan, WindowPlan]
) -> str:
    """Returns the lines that are shown before a forecaster's training starts."""
    windows = [len(plan.owners) for plan in plans]
    num_segments = config.lookback // config.segment
    multiplied = sum(
        math.prod(shape) * (num_segments if name.startswith("recurrent") else 1)
        for name, shape in config.weight_shapes().items()
    )
    passes = num_passes(training, plans[0].num_batches)
    seconds = seconds_for(multiplied * windows[0] * passes, training.precision)
    lines = [
        f"{windows[0]:,} training windows of {num_segments} segments, {windows[1]:,} validation windows",
        f"{num_parameters(config):,} parameters; {length_of(training, plans[0].num_batches, seconds)}",
    ]
    return "\n".join([*lines, *precision_advice(training.precision)])
