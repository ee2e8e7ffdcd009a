"""What a trainer asks of a network: a network that has these can be trained, checkpointed and resumed."""

from typing import Any, Protocol

import numpy as np

from textrnn.training.devices import Device

__all__ = ["TrainableNetwork"]


class TrainableNetwork(Protocol):
    """A Keras model that knows its loss.

    A batch has `inputs`, `targets` and states, each a tensor or a structure of tensors whose first axis are the rows of
    the batch. Where rows go on in the next batch, the states they leave are given back to the network; one without such
    rows has `[]` for states.

    Attributes:
        device: What it is trained on, which says how a step is divided and compiled.
        stop_training: Set by a callback to end training.
        optimizer: Set by the trainer, for callbacks.
        target_name: What a target is called, such as "token".
        loss_unit: What a loss is in, such as "nats per token".
    """

    device: Device
    stop_training: bool
    optimizer: Any
    target_name: str
    loss_unit: str

    def step_signature(self) -> list[Any]:
        """Returns the `tf.TensorSpec`s of inputs, targets and states."""
        raise NotImplementedError

    def initial_states(self, batch_size: int) -> Any:
        """Returns the states of so many rows that begin."""
        raise NotImplementedError

    def num_targets(self, targets: Any) -> Any:
        """Returns how many of the targets count, a float32 scalar: what the summed loss of a batch is divided by."""
        raise NotImplementedError

    def step_loss(self, inputs: Any, targets: Any, states: Any, training: bool, max_targets: int) -> tuple[Any, Any]:
        """Returns the loss summed over the targets that count, a float32 scalar, and the states to carry on with.

        Args:
            inputs: What is read.
            targets: What should come out.
            states: What `initial_states` or the batch before returned.
            training: Whether dropout and label smoothing are on.
            max_targets: Most targets in a training batch, padding included, to cut large work into blocks.
        """
        raise NotImplementedError

    def named_variables(self) -> dict[str, Any]:
        """Returns the variables that training changes, under the names and in the order of `weight_shapes`."""
        raise NotImplementedError

    def named_state(self) -> dict[str, Any]:
        """Returns all that a checkpoint keeps: the variables of `named_variables`, and the seeds of dropout."""
        raise NotImplementedError

    def get_weights_by_name(self) -> dict[str, np.ndarray]:
        """Returns the weights under the names of the config's `weight_shapes`."""
        raise NotImplementedError

    def set_weights_by_name(self, weights: dict[str, np.ndarray]) -> None:
        """Sets the weights from arrays under the names of the config's `weight_shapes`."""
        raise NotImplementedError
