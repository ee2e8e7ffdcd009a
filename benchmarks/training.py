"""Training throughput: textrnn, the same network from stock Keras layers, and PyTorch.

Each side makes whole training steps: forward, backward, clipping of the gradient's norm, Adam. Textrnn's are those of
its own `Trainer.fit`. PyTorch runs eagerly with its fused Adam, which is its fastest on a CPU. Equal weights must give
equal losses over the first steps before anything is timed.
"""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.turns import Turns

__all__ = ["keras_language_model", "pytorch_language_model", "textrnn_language_model"]

CHECKED_STEPS = 3
OPTIMIZER = {"learning_rate": 1e-3, "beta_2": 0.99, "epsilon": 1e-7, "clip_norm": 1.0}


@dataclasses.dataclass
class StackedNetwork:
    """An embedding, LSTM layers of the same size, and an output layer."""

    units: int
    vocabulary_size: int
    num_layers: int = 2

    @property
    def operations_per_token(self) -> int:
        """Multiplications and additions in the matrix products of one token, forward."""
        return 2 * (self.num_layers * 8 * self.units**2 + self.units * self.vocabulary_size)

    def config(self) -> Any:
        """Returns the network's config."""
        from textrnn.config import NetworkConfig

        sizes = {"units": (self.units,) * self.num_layers, "embedding_dim": self.units}
        return NetworkConfig(vocabulary_size=self.vocabulary_size, dropout=0.0, **sizes)

    def weights(self) -> dict[str, np.ndarray]:
        """Returns the weights, under textrnn's names."""
        return random_weights(self.config().weight_shapes())


@dataclasses.dataclass
class Task(StackedNetwork):
    """A network and the batch it is trained on."""

    batch_size: int = 32
    length: int = 64
    steps: int = 8

    @property
    def tokens(self) -> int:
        """Tokens in one block."""
        return self.steps * self.batch_size * self.length

    @property
    def operations(self) -> int:
        """Multiplications and additions in the matrix products of one block, forward and backward."""
        return 3 * self.operations_per_token * self.tokens

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns inputs and targets, shape `(batch, length)`."""
        randomness = np.random.default_rng(0)
        token_ids = randomness.integers(4, self.vocabulary_size, (self.batch_size, self.length + 1), dtype=np.int32)
        return token_ids[:, :-1], token_ids[:, 1:]


def random_weights(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Returns weights of reasonable size."""
    randomness = np.random.default_rng(1)
    return {
        name: randomness.uniform(-1, 1, shape).astype(np.float32) * (1 / shape[0] ** 0.5 if len(shape) > 1 else 0.0)
        for name, shape in shapes.items()
    }


@dataclasses.dataclass
class OneBatch:
    """A plan that gives one batch over and over, for the trainer."""

    batch: Any
    num_batches: int

    @property
    def max_targets(self) -> int:
        return self.batch.targets.size

    def batches(self, epoch: int = 0) -> Any:
        return itertools.repeat(self.batch, self.num_batches)


def fit_in_turns(turns: Turns, network: Any, config: Any, batch: Any, steps: int) -> None:
    """Runs `Trainer.fit` on one batch, stopping for each turn."""
    from textrnn.training import keras
    from textrnn.training.schedule import MEASURED_STEPS
    from textrnn.training.trainer import Trainer

    losses: list[float] = []

    class Pause(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            losses.append(logs["loss"])
            # After the steps that the trainer measures, and the validation that follows on them.
            passed = len(losses) - MEASURED_STEPS - 1
            if passed >= 0 and passed % steps == 0:
                turns.wait(losses=losses[:CHECKED_STEPS])

    Trainer(network, config, OneBatch(batch, 10**9), OneBatch(batch, 1), callbacks=[Pause()]).fit()


def textrnn_language_model(turns: Turns, precision: str = "float32", **options: Any) -> None:
    """A side: textrnn."""
    from textrnn.config import TrainingConfig
    from textrnn.preprocessing.batches import Batch
    from textrnn.training.devices import chosen_device
    from textrnn.training.language_model import RecurrentNetwork
    from textrnn.training.threads import prepare_threads

    task = Task(**options)
    config = fitting(TrainingConfig, precision, state_reset=0.0)
    config = prepare_threads(chosen_device(), task.config(), config)
    network = RecurrentNetwork(task.config(), precision=precision)
    network.set_weights_by_name(task.weights())
    fit_in_turns(turns, network, config, Batch(*task.batch()), task.steps)


def fitting(kind: Callable, precision: str, **options: Any) -> Any:
    """Returns the training options that all sides share."""
    return kind(
        optimizer="adam",
        learning_rate=OPTIMIZER["learning_rate"],
        clip_norm=OPTIMIZER["clip_norm"],
        schedule="constant",
        warmup_steps=0,
        precision=precision,
        **options,
    )


def keras_language_model(turns: Turns, **options: Any) -> None:
    """A side: stock Keras layers, in a compiled step."""
    import keras
    import tensorflow as tf

    task = Task(**options)
    network = keras.Sequential([
        keras.Input((None,)),
        keras.layers.Embedding(task.vocabulary_size, task.units),
        *(keras.layers.LSTM(task.units, return_sequences=True) for _ in range(task.num_layers)),
        keras.layers.Dense(task.vocabulary_size),
    ])  # fmt: skip
    network.set_weights(list(task.weights().values()))
    loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(
        OPTIMIZER["learning_rate"],
        beta_2=OPTIMIZER["beta_2"],
        epsilon=OPTIMIZER["epsilon"],
        global_clipnorm=OPTIMIZER["clip_norm"],
    )
    optimizer.build(network.trainable_variables)

    @tf.function
    def step(inputs, targets):
        with tf.GradientTape() as tape:
            loss = loss_function(targets, network(inputs, training=True))
        gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
        optimizer.apply(gradients, network.trainable_variables)
        return loss

    inputs, targets = (tf.constant(array) for array in task.batch())
    losses = [float(step(inputs, targets)) for _ in range(CHECKED_STEPS)]
    while True:
        turns.wait(losses=losses)
        for _ in range(task.steps):
            float(step(inputs, targets))


def pytorch_language_model(turns: Turns, precision: str = "float32", **options: Any) -> None:
    """A side: PyTorch; in bfloat16 by its `autocast`, with weights and Adam in float32, as textrnn has them."""
    import torch

    from benchmarks.pytorch_networks import LanguageModel

    task = Task(**options)
    network = LanguageModel(task.units, task.num_layers, task.vocabulary_size, task.weights())
    inputs, targets = (torch.from_numpy(np.ascontiguousarray(array.T)).long() for array in task.batch())

    def loss() -> Any:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            return network.loss(inputs, targets)

    train_pytorch(turns, network, loss, task.steps)


def train_pytorch(turns: Turns, network: Any, loss_function: Callable, steps: int) -> None:
    """Trains a PyTorch network block by block."""
    import torch

    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    betas = (0.9, OPTIMIZER["beta_2"])
    optimizer = torch.optim.Adam(trained, OPTIMIZER["learning_rate"], betas=betas, eps=OPTIMIZER["epsilon"], fused=True)

    steps_done = itertools.count(1)

    def step() -> float:
        # Keras adds epsilon before it corrects the bias of the second moment, PyTorch afterwards.
        optimizer.param_groups[0]["eps"] = OPTIMIZER["epsilon"] / (1 - betas[1] ** next(steps_done)) ** 0.5
        optimizer.zero_grad()
        loss = loss_function()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, OPTIMIZER["clip_norm"])
        optimizer.step()
        return float(loss.detach())

    losses = [step() for _ in range(CHECKED_STEPS)]
    while True:
        turns.wait(losses=losses)
        for _ in range(steps):
            step()


@dataclasses.dataclass
class TranslationTask:
    """The translator's network at its default sizes, and a batch like those of Multi30k."""

    vocabulary_size: int = 8000
    units: int = 256
    num_pairs: int = 100
    steps: int = 4

    def config(self) -> Any:
        """Returns the network's config."""
        from textrnn.config import TranslatorConfig

        sizes = {"encoder_units": (self.units,), "decoder_units": (self.units,) * 2, "embedding_dim": self.units}
        return TranslatorConfig(
            source_vocabulary_size=self.vocabulary_size,
            target_vocabulary_size=self.vocabulary_size,
            joint_vocabulary=True,
            input_dropout=0.0,
            dropout=0.0,
            output_dropout=0.0,
            **sizes,
        )

    def batch(self) -> Any:
        """Returns a batch of pairs of like length."""
        from textrnn.preprocessing.pair_batches import pair_batch

        randomness = np.random.default_rng(0)
        sides = [
            [
                randomness.integers(4, self.vocabulary_size, length)
                for length in randomness.integers(12, 17, self.num_pairs)
            ]
            for _ in range(2)
        ]
        return pair_batch(*sides)

    @property
    def tokens(self) -> int:
        """Real target tokens in one block."""
        return self.steps * int((self.batch().targets != 0).sum())


def textrnn_translator(turns: Turns, precision: str = "float32", **options: Any) -> None:
    """A side: textrnn."""
    from textrnn.config import TranslatorTrainingConfig
    from textrnn.training.devices import chosen_device
    from textrnn.training.threads import prepare_threads
    from textrnn.training.translator import EncoderDecoder

    task = TranslationTask(**options)
    config = prepare_threads(chosen_device(), task.config(), fitting(TranslatorTrainingConfig, precision))
    network = EncoderDecoder(task.config(), precision=precision)
    network.set_weights_by_name(random_weights(task.config().weight_shapes()))
    fit_in_turns(turns, network, config, task.batch(), task.steps)


def pytorch_translator(turns: Turns, **options: Any) -> None:
    """A side: PyTorch."""
    import torch

    from benchmarks.pytorch_networks import EncoderDecoder

    task = TranslationTask(**options)
    network = EncoderDecoder(task.config(), random_weights(task.config().weight_shapes()))
    batch = task.batch()
    arrays = [torch.from_numpy(array).long() for array in (*batch.inputs, batch.targets)]
    train_pytorch(turns, network, lambda: network.loss(*arrays), task.steps)
