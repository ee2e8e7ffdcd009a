"""What one step of training or validation computes, compiled."""

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from textrnn.config import FittingConfig
from textrnn.training.devices import is_large
from textrnn.training.layer_rates import LayerRates, learning
from textrnn.training.protocol import TrainableNetwork
from textrnn.training.pruning import Pruning
from textrnn.training.workers import Workers

__all__ = ["Steps"]


class Steps:
    """The two steps over a network, traced once for any shape of batch, and the variables that they change.

    `train(inputs, targets, states, learning_rate, decay)` moves the weights; it returns the summed loss, the number of
    real targets, whether loss and gradient were finite (if not, nothing was changed), and the states to carry on with.
    `validate(inputs, targets, states)` returns the summed loss, the number of real targets, and the states.

    Where several workers train, all are given the same batch, and each computes with its own rows of it: `states` are
    those of these rows, the sums that `train` returns are of the whole batch, and those of `validate` of these rows.

    Args:
        network: The network, which knows its loss.
        config: How to train.
        max_targets: Most targets in a training batch, padding included.
        workers: The processes that train together.
    """

    def __init__(
        self, network: TrainableNetwork, config: FittingConfig, max_targets: int, workers: Workers | None = None
    ) -> None:
        self.network = network
        self.workers = workers or Workers()
        self.config = config
        named = learning(network.named_variables(), config.frozen)
        self.names, self.variables = list(named), list(named.values())
        self.pruning = Pruning(named, config.prune)
        self.layer_rates = LayerRates(self.names, config)
        self.optimizer = self._make_optimizer()
        self.averages = [tf.Variable(v.value, trainable=False) for v in self.variables] if config.moving_average else []
        self.max_targets = max_targets
        num_weights, device = sum(math.prod(variable.shape) for variable in self.variables), network.device
        # Compiled into one loop over each weight, an update is twice as fast.
        is_compiled = device.may_compile and is_large(num_weights)
        self._update = tf.function(self._update_body, jit_compile=is_compiled, autograph=False)
        self.num_parts = config.parts or device.num_parts(num_weights, config.usual_rows)
        signature = network.step_signature()
        scalar = tf.TensorSpec((), tf.float32)
        # No `if` and no loop of these methods asks a tensor: autograph would rewrite nothing, and take a while for it.
        self.train = tf.function(self._train, input_signature=[*signature, scalar, scalar], autograph=False)
        self.validate = tf.function(self._validate, input_signature=signature, autograph=False)
        if self.workers.are_several:
            self._gradients = tf.function(self._summed_gradients, input_signature=[scalar, *signature], autograph=False)
            self._moved = tf.function(self._move, autograph=False)
            self._own_validate = self.validate
            self.train, self.validate = self._train_together, self._validate_together

    def _make_optimizer(self) -> Any:
        options = {"learning_rate": self.config.learning_rate, "beta_2": 0.99, "name": "optimizer"}
        if self.config.optimizer == "adamw":
            optimizer = keras.optimizers.AdamW(weight_decay=self.config.weight_decay, **options)
            optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        else:
            optimizer = keras.optimizers.Adam(**options)
        optimizer.build(self.variables)
        return optimizer

    def _train(self, inputs: Any, targets: Any, states: Any, learning_rate: Any, decay: Any) -> Any:
        num_targets = self.network.num_targets(targets)
        loss_sum, gradients, states = self._summed_gradients(num_targets, inputs, targets, states)
        return loss_sum, num_targets, self._move(loss_sum, gradients, learning_rate, decay), states

    def _train_together(self, inputs: Any, targets: Any, states: Any, learning_rate: float, decay: float) -> Any:
        """Does what `_train` does, each worker with its rows of a batch; the states are those of its rows."""
        num_targets = self.network.num_targets(targets)
        (inputs, targets), weight = self.workers.share((inputs, targets))
        loss_sum, gradients, states = self._gradients(num_targets, inputs, targets, states)
        loss_sum, *gradients = self.workers.summed([weight * tensor for tensor in (loss_sum, *gradients)])
        finite = self._moved(loss_sum, gradients, tf.constant(learning_rate), tf.constant(decay))
        return loss_sum, num_targets, finite, states

    def _summed_gradients(self, num_targets: Any, inputs: Any, targets: Any, states: Any) -> Any:
        """Returns the summed loss of a batch, its gradients by the weights, and the states."""
        parts = divided((inputs, targets, states), self.num_parts)
        results = [self._loss_and_gradients(num_targets, *part) for part in parts]
        loss_sums, part_gradients, states = zip(*results, strict=True)
        gradients = [tf.add_n(parts) for parts in zip(*part_gradients, strict=True)]
        return tf.add_n(loss_sums), gradients, joined(states)

    def _move(self, loss_sum: Any, gradients: Any, learning_rate: Any, decay: Any) -> Any:
        """Moves the weights against the gradients of a batch; returns whether these were finite: if not, none moves."""
        norm = tf.linalg.global_norm(gradients)
        finite = tf.math.is_finite(norm) & tf.math.is_finite(loss_sum)

        def update() -> Any:
            scale = tf.minimum(self.config.clip_norm / tf.maximum(norm, 1e-12), 1.0)
            self._update(gradients, scale, learning_rate, decay)
            return finite

        # A gradient that is not finite must never reach the weights.
        tf.cond(finite, update, lambda: finite)
        return finite

    def _loss_and_gradients(self, num_targets: Any, inputs: Any, targets: Any, states: Any) -> Any:
        """Returns the summed loss of some rows of a batch, its gradients by the weights, and the states."""
        with tf.GradientTape() as tape:
            loss_sum, states = self.network.step_loss(inputs, targets, states, True, self.max_targets)
            loss = loss_sum / tf.maximum(num_targets, 1.0)
        gradients = tape.gradient(loss, [variable.value for variable in self.variables])
        return loss_sum, [tf.convert_to_tensor(gradient) for gradient in gradients], states

    def _update_body(self, gradients: Any, scale: Any, learning_rate: Any, decay: Any) -> None:
        """Moves the weights against the scaled gradients, and their averages after them; what is pruned stays zero."""
        self.optimizer.learning_rate.assign(learning_rate)
        before = [] if self.layer_rates.are_equal else [variable.value + 0.0 for variable in self.variables]
        self.optimizer.apply([gradient * scale for gradient in gradients], self.variables)
        for index, (old, variable) in enumerate(zip(before, self.variables, strict=bool(before))):
            variable.assign(self.layer_rates.slowed(index, old, variable.value))
        for name, matrix in self.pruning.matrices.items():
            matrix.assign(self.pruning.masked(name, matrix.value))
        for name, average, variable in zip(self.names, self.averages, self.variables, strict=bool(self.averages)):
            average.assign(self.pruning.masked(name, decay * average + (1.0 - decay) * variable.value))

    def _validate(self, inputs: Any, targets: Any, states: Any) -> Any:
        results = [self._loss_alone(*part) for part in divided((inputs, targets, states), self.num_parts)]
        loss_sums, counts, states = zip(*results, strict=True)
        return tf.add_n(loss_sums), tf.add_n(counts), joined(states)

    def _validate_together(self, inputs: Any, targets: Any, states: Any) -> Any:
        """Does what `_validate` does with this worker's rows of a batch, which count 0 if it has none."""
        (inputs, targets), weight = self.workers.share((inputs, targets))
        loss_sum, num_targets, states = self._own_validate(inputs, targets, states)
        return weight * loss_sum, weight * num_targets, states

    def _loss_alone(self, inputs: Any, targets: Any, states: Any) -> Any:
        """Returns the summed loss of some rows of a batch without dropout, the number of targets, and the states."""
        loss_sum, states = self.network.step_loss(inputs, targets, states, False, self.max_targets)
        return loss_sum, self.network.num_targets(targets), states

    @contextlib.contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Puts the averages in the place of the weights while a `with` block runs; does nothing without averages."""
        kept = [variable.numpy() for variable in self.variables] if self.averages else []
        for variable, average in zip(self.variables, self.averages, strict=bool(self.averages)):
            variable.assign(average)
        try:
            yield
        finally:
            for variable, value in zip(self.variables, kept, strict=bool(kept)):
                variable.assign(value)


def divided(batch: Any, number: int) -> list[Any]:
    """Divides the rows of all tensors of a structure into parts of like size.

    Nothing in one part waits for another, so they run side by side. That keeps as many cores busier than dividing each
    of a thousand small operations among them.
    """
    if number == 1:
        return [batch]
    num_rows = tf.shape(tf.nest.flatten(batch)[0])[0]
    ends = [num_rows * part // number for part in range(number + 1)]
    return [
        tf.nest.map_structure(lambda rows, start=start, end=end: rows[start:end], batch)
        for start, end in itertools.pairwise(ends)
    ]


def joined(parts: Sequence[Any]) -> Any:
    """Puts the rows of equal structures together again."""
    return tf.nest.map_structure(lambda *rows: tf.concat(rows, axis=0), *parts)
