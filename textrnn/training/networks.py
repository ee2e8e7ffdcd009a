"""What the Keras networks share: weights by name, recurrent layers and dropout from a config, losses over tokens."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from textrnn.config.base import Config
from textrnn.training import layers
from textrnn.training.devices import Device, chosen_device
from textrnn.training.losses import num_real, projected_cross_entropy, summed_cross_entropy

__all__ = ["NamedNetwork", "TokenNetwork"]

SEED_GENERATORS = ("seed_generator", "dropout_seed", "weight_drop_seed")  # what layers call theirs


class NamedNetwork(keras.Model):
    """What all networks share: a seed for each layer, and weights under the names that the config gives them.

    Equal seeds would give layers of equal shape equal weights and dropout masks.

    Args:
        config: What the network is.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.
        seed: Fixes the initial weights and the dropout.
        device: What the network is trained on; None is what `chosen_device` takes.
    """

    network_config: Any  # of the class that each network names

    def __init__(
        self, config: Config, precision: str = "float32", seed: int = 0, device: Device | None = None, **options: Any
    ) -> None:
        super().__init__(name="network", **options)
        self.network_config = config
        self.device = device or chosen_device()
        self.named_dropouts: dict[str, keras.layers.Dropout] = {}
        self.precision = precision
        self.seed = seed
        self.seeds = iter(int(value) for value in np.random.SeedSequence(seed).generate_state(128) % (2**31))

    def make_dropout(self, rate: float, name: str, has_time: bool = True) -> keras.layers.Dropout:
        """Returns a dropout layer; over an axis of time its mask may stay the same for a whole sequence."""
        noise_shape = (None, 1, None) if has_time and self.network_config.variational_dropout else None
        dropout = keras.layers.Dropout(rate, noise_shape=noise_shape, seed=next(self.seeds), name=name)
        self.named_dropouts[name] = dropout
        return dropout

    def make_recurrent(self, units: int, name: str) -> layers.FastLoop:
        """Returns a recurrent layer; one whose name ends in "_backward" reads backwards."""
        config, device = self.network_config, self.device
        has_keras_loop = device.uses_keras_loop(config.cell, self.has_left_padding)
        return layers.CELLS[config.cell](
            units,
            return_sequences=True,
            return_state=True,
            go_backwards=name.endswith("_backward"),
            weight_drop=config.weight_drop,
            precision=device.recurrent_precision(self.precision) if has_keras_loop else self.precision,
            compiled=device.compiles_loop(units, self.precision, self.has_fixed_shape),
            has_keras_loop=has_keras_loop,
            seed=next(self.seeds),
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(self.seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(self.seeds)),
            name=name,
        )

    def make_recurrent_layers(
        self, units: Sequence[int], directions: Sequence[str] = ("",), prefix: str = "recurrent"
    ) -> list[list[layers.FastLoop]]:
        """Returns for each layer its recurrent layers, one for each direction of reading.

        Args:
            units: Size of each layer.
            directions: Suffixes of their names: `("",)`, or `("", "_backward")`.
            prefix: What the names begin with, before the number of a layer.
        """
        return [
            [self.make_recurrent(size, f"{prefix}_{layer}{direction}") for direction in directions]
            for layer, size in enumerate(units)
        ]

    @property
    def has_fixed_shape(self) -> bool:
        """Whether all training batches have one shape."""
        return False

    @property
    def has_left_padding(self) -> bool:
        """Whether padding stands before the sequences of a batch."""
        return False

    def weight_owners(self) -> list[Any]:
        """Returns the layers that hold weights."""
        raise NotImplementedError

    def named_variables(self) -> dict[str, Any]:
        """Returns the trainable variables under the names of `weight_shapes`."""
        return {
            f"{owner.name}/{variable.name}": variable
            for owner in self.weight_owners()
            for variable in owner.trainable_variables
        }

    def named_state(self) -> dict[str, Any]:
        """Returns all variables by name: those of `named_variables`, and the seeds that dropout draws from."""
        state = self.named_variables()
        for layer in [*self.weight_owners(), *self.named_dropouts.values()]:
            for owner in (layer, getattr(layer, "cell", None)):
                for name in SEED_GENERATORS:
                    generator = getattr(owner, name, None)
                    if generator is not None:
                        state[f"{layer.name}/{name}"] = generator.state
        return state

    def get_weights_by_name(self) -> dict[str, np.ndarray]:
        """Returns the weights as NumPy arrays under the names of `weight_shapes`."""
        return {name: variable.numpy() for name, variable in self.named_variables().items()}

    def set_weights_by_name(self, weights: dict[str, np.ndarray]) -> None:
        """Sets the weights from NumPy arrays under the names of `weight_shapes`."""
        for name, variable in self.named_variables().items():
            variable.assign(weights[name])


class TokenNetwork(NamedNetwork):
    """A network whose targets are token ids: its loss is their cross-entropy, and 0 is padding.

    Args:
        config: What the network is.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.
        seed: Fixes the initial weights and the dropout.
        label_smoothing: Share of each target spread evenly over the vocabulary, in training.
    """

    output_projection: layers.TokenOutput
    target_name = "token"
    loss_unit = "nats per token"

    def __init__(
        self, config: Config, precision: str = "float32", seed: int = 0, label_smoothing: float = 0.0, **options: Any
    ) -> None:
        super().__init__(config, precision, seed, **options)
        self.label_smoothing = label_smoothing

    def step_hidden(self, inputs: Any, states: Any, training: bool) -> tuple[Any, Any]:
        """Returns what the output layer is given for each target, `(..., units)`, and the states to carry on with."""
        raise NotImplementedError

    def target_weights(self, inputs: Any, targets: Any) -> Any:
        """Returns what each target counts, of the shape of `targets`; None where all count alike."""
        return None

    def num_targets(self, targets: Any) -> Any:
        """Returns the number of targets that are not padding."""
        return num_real(targets)

    def step_loss(self, inputs: Any, targets: Any, states: Any, training: bool, max_targets: int) -> tuple[Any, Any]:
        """Returns the cross-entropy summed over real targets, in nats, and the states to carry on with."""
        hidden, states = self.step_hidden(inputs, states, training)
        weights = self.target_weights(inputs, targets)
        if not (training and self.device.may_compile):
            smoothing = self.label_smoothing if training else 0.0
            return summed_cross_entropy(self.output_projection(hidden), targets, smoothing, weights), states
        # Four blocks to a batch: few enough to cost nothing, small enough for the cache.
        block_rows = max(-(-max_targets // 4), 16)
        return projected_cross_entropy(
            hidden, self.output_projection, targets, self.label_smoothing, block_rows, weights
        ), states
