"""Keras callbacks for tests; apart from conftest, which must not import TensorFlow."""

import signal

from textrnn.training import keras


class StopAfter(keras.callbacks.Callback):
    """Interrupts a run as Ctrl-C would, after some steps."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        self.steps -= 1
        if self.steps == 0:
            signal.raise_signal(signal.SIGINT)
