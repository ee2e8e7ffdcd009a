"""Keras callbacks around a loop that is not Keras's."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from textrnn.config import FittingConfig
from textrnn.errors import TextrnnError
from textrnn.progress import Progress

__all__ = ["Callbacks"]


class Callbacks:
    """Calls Keras callbacks, and notices when one of them sets the learning rate.

    Args:
        callbacks: The callbacks.
        network: What they see as their model.
        optimizer: What they see as its optimizer.
        config: How training goes.
        num_batches: Batches in an epoch.
        progress: Where messages go.

    Raises:
        TextrnnError: If a callback cannot work here.
    """

    def __init__(
        self,
        callbacks: Sequence[Any],
        network: Any,
        optimizer: Any,
        config: FittingConfig,
        num_batches: int,
        progress: Progress,
    ) -> None:
        check_callbacks(callbacks)
        self.optimizer = optimizer
        self.progress = progress
        self.sets_learning_rate = False
        self.is_empty = not callbacks
        self.expected: float | None = None
        network.optimizer = optimizer  # where callbacks look for it
        self.list = keras.callbacks.CallbackList(
            list(callbacks), model=network, epochs=config.epochs or 1, steps=num_batches, add_history=False, verbose=0
        )

    def begin(self) -> None:
        """Training begins."""
        self.expected = self._current()
        self.list.on_train_begin()

    def end(self) -> None:
        """Training has ended."""
        self.list.on_train_end()

    def begin_epoch(self, epoch: int) -> None:
        """An epoch begins, counted from 0."""
        self.list.on_epoch_begin(epoch)

    def end_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """An epoch has ended, counted from 0."""
        self.list.on_epoch_end(epoch, {**logs, "learning_rate": self._current()})

    def begin_batch(self, batch: int) -> None:
        """A batch begins, counted from 0 within its epoch."""
        self.list.on_train_batch_begin(batch)

    def end_batch(self, batch: int, logs: dict[str, float]) -> None:
        """A batch has ended, counted from 0 within its epoch."""
        self.list.on_train_batch_end(batch, logs)

    def learning_rate(self, scheduled: float) -> float:
        """Returns the learning rate of the next step: the scheduled one, or that of a callback that has set it."""
        if not self.is_empty and not self.sets_learning_rate and self._current() != self.expected:
            self.sets_learning_rate = True
            self.progress.message(
                "a callback sets the learning rate, so `learning_rate`, `warmup_steps` and `schedule` are off; "
                "what the callback remembers is not in the checkpoint"
            )
        if self.sets_learning_rate:
            return self._current()
        self.expected = float(np.float32(scheduled))
        return scheduled

    def _current(self) -> float:
        return float(self.optimizer.learning_rate.numpy())


def check_callbacks(callbacks: Sequence[Any]) -> None:
    """Raises `TextrnnError` if something is no callback, or is one that cannot work without `Model.fit`."""
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TextrnnError(f"`callbacks` must hold Keras callbacks. Received: {callback!r}.")
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            raise TextrnnError(
                "BackupAndRestore does not resume exactly, and textrnn does: leave it out, pass `output`, and go on "
                "with `resume=True`."
            )
        if isinstance(callback, keras.callbacks.ModelCheckpoint) and not callback.save_weights_only:
            raise TextrnnError(
                "A ModelCheckpoint of the whole network cannot be loaded again: pass save_weights_only=True, or "
                "`output`, which keeps the best model."
            )
