"""Greedy generation: textrnn's NumPy, a `tf.function`, PyTorch, and the tutorials' `model.predict` loop.

All sides hold the same LSTM network and continue the same one-token prompts, each carrying its state from token to
token, but for the tutorials' loop, which reads the last tokens anew each time. All must write the same tokens.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.training import StackedNetwork
from benchmarks.turns import Turns

CHECKED_TOKENS = 20


@dataclasses.dataclass
class Task(StackedNetwork):
    """A network, and how many texts it continues at once, and by how much in a block."""

    units: int = 512
    vocabulary_size: int = 8000
    batch_size: int = 1
    num_tokens: int = 100

    @property
    def tokens(self) -> int:
        """Tokens made in one block."""
        return self.num_tokens * self.batch_size

    @property
    def operations(self) -> int:
        """Multiplications and additions in the matrix products of one block."""
        return self.operations_per_token * self.tokens

    def weights(self) -> dict[str, np.ndarray]:
        """Returns weights so large that the texts vary."""
        return {name: 3 * array for name, array in super().weights().items()}

    def prompts(self) -> np.ndarray:
        """Returns the first token of each text, shape `(batch_size,)`."""
        return 4 + np.arange(self.batch_size) % (self.vocabulary_size - 4)


def generate_in_turns(turns: Turns, task: Task, start: Callable[[], Any]) -> None:
    """Runs a loop block by block.

    Args:
        turns: The conversation.
        task: What to do.
        start: Returns a function from the last tokens, shape `(batch_size,)`, to the next ones; it carries its state.
    """

    def run(num_tokens: int) -> list[list[int]]:
        step, tokens, made = start(), task.prompts(), []
        for _ in range(num_tokens):
            tokens = step(tokens)
            made.append(tokens)
        return np.stack([np.asarray(one) for one in made]).tolist()

    made = run(CHECKED_TOKENS)
    while True:
        turns.wait(tokens=made)
        run(task.num_tokens)


def textrnn_generation(turns: Turns, **options: Any) -> None:
    """A side: textrnn."""
    from textrnn.inference.language_model import RecurrentNetwork

    task = Task(**options)
    network = RecurrentNetwork(task.config(), task.weights())

    def start() -> Callable:
        states = network.initial_states(task.batch_size)

        def step(tokens):
            nonlocal states
            logits, states = network(tokens[:, np.newaxis], states, last_only=True)
            return logits.argmax(axis=1)

        return step

    generate_in_turns(turns, task, start)


def keras_network(task: Task) -> Any:
    """Returns the network from stock Keras layers, from token ids and states to logits and states."""
    import keras

    token_ids = keras.Input((None,), dtype="int32")
    states = [keras.Input((task.units,)) for _ in range(2 * task.num_layers)]
    hidden = keras.layers.Embedding(task.vocabulary_size, task.units)(token_ids)
    new_states = []
    for layer in range(task.num_layers):
        recurrent = keras.layers.LSTM(task.units, return_sequences=True, return_state=True)
        hidden, *state = recurrent(hidden, initial_state=states[2 * layer : 2 * layer + 2])
        new_states += state
    logits = keras.layers.Dense(task.vocabulary_size)(hidden[:, -1])
    network = keras.Model([token_ids, *states], [logits, *new_states])
    network.set_weights(list(task.weights().values()))
    return network


def tensorflow_generation(turns: Turns, **options: Any) -> None:
    """A side: one compiled TensorFlow step per token."""
    import tensorflow as tf

    task = Task(**options)
    network = keras_network(task)

    @tf.function
    def compiled(tokens, states):
        logits, *states = network([tokens[:, tf.newaxis], *states])
        return tf.argmax(logits, axis=1, output_type=tf.int32), states

    def start() -> Callable:
        states = [tf.zeros((task.batch_size, task.units))] * (2 * task.num_layers)

        def step(tokens):
            nonlocal states
            tokens, states = compiled(tf.cast(tokens, tf.int32), states)
            return tokens

        return step

    generate_in_turns(turns, task, start)


def pytorch_generation(turns: Turns, **options: Any) -> None:
    """A side: PyTorch."""
    import torch

    from benchmarks.pytorch_networks import LanguageModel

    task = Task(**options)
    network = LanguageModel(task.units, task.num_layers, task.vocabulary_size, task.weights()).eval()

    def start() -> Callable:
        states = None

        @torch.inference_mode()
        def step(tokens):
            nonlocal states
            hidden, states = network.recurrent(network.embedding(torch.as_tensor(tokens))[None], states)
            return network.output(hidden[0]).argmax(dim=1)

        return step

    generate_in_turns(turns, task, start)


def predict_generation(turns: Turns, window: int = 49, **options: Any) -> None:
    """A side: the tutorials' loop, which pads the text and calls `model.predict` for each token."""
    import keras

    task = Task(**options)
    network = keras.Sequential([
        keras.Input((window,)),
        keras.layers.Embedding(task.vocabulary_size, task.units, mask_zero=True),
        *(
            keras.layers.LSTM(task.units, return_sequences=layer + 1 < task.num_layers)
            for layer in range(task.num_layers)
        ),
        keras.layers.Dense(task.vocabulary_size, activation="softmax"),
    ])  # fmt: skip
    network.set_weights(list(task.weights().values()))

    def start() -> Callable:
        text: list[np.ndarray] = []

        def step(tokens):
            text.append(tokens)
            padded = keras.utils.pad_sequences(np.stack(text, axis=1), maxlen=window, padding="pre")
            return network.predict(padded, verbose=0).argmax(axis=1)

        return step

    generate_in_turns(turns, task, start)
