"""Trains a network: one compiled step, and a short loop of our own around it.

Not `Model.fit`, because that cannot carry a recurrent state from batch to batch, averages the loss over padding and
does not resume exactly. Keras callbacks work all the same.
"""

import bisect
import dataclasses
import json
import math
import pathlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import safetensors.numpy
import tensorflow as tf

from textrnn.config import FittingConfig
from textrnn.errors import TextrnnError
from textrnn.preprocessing.pair_batches import PairBatch, PairPlan
from textrnn.preprocessing.sequences import Batch, BatchPlan
from textrnn.progress import Progress
from textrnn.storage import CHECKPOINT, write_atomically
from textrnn.training.history import EpochRecord, history_csv
from textrnn.training.signals import PostponedSignals
from textrnn.training.steps import Steps

__all__ = ["Trainer", "learning_rate_at"]

MAX_BAD_STEPS = 10


def learning_rate_at(step: int, num_steps: int, config: FittingConfig) -> float:
    """Returns the learning rate of a step, counted from 0: a linear rise, then the schedule down to zero."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    done = min((step - config.warmup_steps) / max(num_steps - config.warmup_steps, 1), 1.0)
    share = {"constant": 1.0, "linear": 1.0 - done, "cosine": 0.5 * (1.0 + math.cos(math.pi * done))}
    return config.learning_rate * share[config.schedule]


@dataclasses.dataclass
class Position:
    """Where a run stands: everything a checkpoint holds beside arrays."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best_criteria: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    epochs_without_gain: int = 0
    bad_steps: int = 0
    loss_sum: float = 0.0
    num_targets: float = 0.0
    step_seconds: float = 0.0
    seconds: float = 0.0
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)


class Trainer:
    """Fits a network to batches.

    Args:
        network: A `textrnn.training.networks.RecurrentNetwork` or `textrnn.training.encoder_decoder.EncoderDecoder`.
        config: How to train.
        training: The training batches.
        validation: The validation batches.
        output: Directory for checkpoint, history and model, or None to write nothing.
        save_best: Called with the weights by name and a record whenever validation has improved.
        sample: Called with the weights by name after each validation; returns a line to look at.
        validation_score: Called with the weights by name at each validation; returns a score, the higher the better,
            that decides which weights are best. None leaves that to the validation loss.
        callbacks: Keras callbacks.
        progress: Where messages go.
        fingerprint: What the data and the model are; a checkpoint of another fingerprint is not resumed.
    """

    def __init__(
        self,
        network: Any,
        config: FittingConfig,
        training: BatchPlan | PairPlan,
        validation: BatchPlan | PairPlan,
        *,
        output: pathlib.Path | None = None,
        save_best: Callable[[dict[str, np.ndarray], EpochRecord], None] | None = None,
        sample: Callable[[dict[str, np.ndarray]], str] | None = None,
        validation_score: Callable[[dict[str, np.ndarray]], float] | None = None,
        callbacks: Sequence[Any] = (),
        progress: Progress | None = None,
        fingerprint: str = "",
    ) -> None:
        self.network = network
        self.config = config
        self.training = training
        self.validation = validation
        self.output = output
        self.save_best = save_best
        self.sample = sample
        self.validation_score = validation_score
        self.progress = progress or Progress(quiet=True)
        self.fingerprint = fingerprint
        self.position = Position()
        self.num_batches = training.num_batches
        self.num_steps = self.num_batches * config.epochs
        self.steps = Steps(network, config, training.max_targets)
        self.best_weights: list[dict[str, np.ndarray]] = []  # of the best validations, the best first
        self.states: Any = None
        self.callbacks = keras.callbacks.CallbackList(
            list(callbacks), model=network, epochs=config.epochs, steps=self.num_batches, add_history=False
        )
        self.signals = PostponedSignals()
        self.clock = time.monotonic()

    def _partly_reset(self, states: Any) -> Any:
        """Zeroes the states of a few rows, drawn from (seed, step), so that resuming draws the same ones."""
        share = getattr(self.config, "state_reset", 0.0)  # only language models carry states
        if not self.network.carries_state or not share:
            return states
        randomness = np.random.Generator(np.random.PCG64([self.config.seed, self.position.step]))
        kept = randomness.random((len(states[0][0]), 1)) >= share
        return tf.nest.map_structure(lambda state: state * kept.astype(np.float32), states)

    def _states_for(self, batch: Batch | PairBatch, states: Any) -> Any:
        if self.network.carries_state and batch.continues and states is not None:
            return states
        return self.network.initial_states(len(batch.targets))

    def fit(self, resume: bool = False) -> list[EpochRecord]:
        """Trains until the last epoch or until patience runs out, and leaves the best weights in the network.

        Args:
            resume: Whether to go on from the checkpoint in `output`, if there is one.

        Returns:
            One record per validation.

        Raises:
            TextrnnError: If the checkpoint does not fit, or the loss is no longer finite.
        """
        if resume:
            self._restore()
        self.network.stop_training = False
        self.clock = time.monotonic()
        self.callbacks.on_train_begin()
        with PostponedSignals() as self.signals:
            while self.position.epoch < self.config.epochs and not self._is_over() and not self.signals.received:
                self._train_epoch()
            if self.signals.received:
                self.progress.finish()
                self._write_checkpoint()
                self.draw_curve()
        self.callbacks.on_train_end()
        self._settle_weights()
        return self.records

    def _settle_weights(self) -> None:
        """Leaves the best weights in the network: those of the best validation, or the average of the best ones."""
        if not self.best_weights:
            return
        if len(self.best_weights) > 1 and not self.signals.received:
            average = {
                name: np.mean([weights[name] for weights in self.best_weights], axis=0) for name in self.best_weights[0]
            }
            self.network.set_weights_by_name(average)
            score = None if self.validation_score is None else self.validation_score(average)
            found = dataclasses.replace(
                self.records[-1], validation_loss=self.validation_loss(), validation_score=score
            )
            best = self.position.best_criteria[0]
            named = "validation loss" if score is None else "negative BLEU and validation loss"
            self.progress.message(
                f"{named} of the average of the best {len(self.best_weights)} weights: {shown(found.criterion)}, "
                f"of the best ones: {shown(best)}"
            )
            if found.criterion < best:
                return
        self.network.set_weights_by_name(self.best_weights[0])

    @property
    def records(self) -> list[EpochRecord]:
        """The history so far."""
        return [EpochRecord(**row) for row in self.position.history]  # type: ignore[arg-type]

    def _is_over(self) -> bool:
        patience = self.config.patience * self.config.validations_per_epoch
        out_of_patience = bool(patience) and self.position.epochs_without_gain >= patience
        return out_of_patience or bool(self.network.stop_training)

    def _train_epoch(self) -> None:
        position, config = self.position, self.config
        self.callbacks.on_epoch_begin(position.epoch)
        self.progress.start(f"epoch {position.epoch + 1}/{config.epochs}", self.num_batches, "batches")
        self.progress.advance(position.batch)
        parts = config.validations_per_epoch
        validate_at = {self.num_batches * part // parts for part in range(1, parts)}
        for batch in self._batches_from(position.batch):
            self.callbacks.on_train_batch_begin(position.batch)
            loss = self._train_on(batch)
            self.callbacks.on_train_batch_end(position.batch, {"loss": loss})
            position.batch += 1
            self.progress.advance(1, f"loss {position.loss_sum / max(position.num_targets, 1):.3f}")
            if position.batch in validate_at or self.network.stop_training:
                self._validate_and_record()
            if self._is_over() or self.signals.received:
                return
        self.progress.finish()
        if not self._is_over():
            position.epoch, position.batch, self.states = position.epoch + 1, 0, None
            logs = self._validate_and_record()
            self.callbacks.on_epoch_end(position.epoch - 1, logs)

    def _batches_from(self, first: int) -> Iterator[Batch | PairBatch]:
        batches = self.training.batches(self.position.epoch)
        for _ in range(first):
            next(batches, None)
        return batches

    def _train_on(self, batch: Batch | PairBatch) -> float:
        """Makes one step; returns its loss in nats per real token."""
        position, config = self.position, self.config
        start = time.monotonic()
        learning_rate = learning_rate_at(position.step, self.num_steps, config)
        decay = min(config.moving_average, (1 + position.step) / (10 + position.step))
        loss_sum, num_targets, finite, self.states = self.steps.train(
            batch.inputs, batch.targets, self._partly_reset(self._states_for(batch, self.states)), learning_rate, decay
        )
        position.step += 1
        if not finite:
            position.bad_steps += 1
            self.states = None
            if position.bad_steps >= MAX_BAD_STEPS:
                raise TextrnnError(
                    f"The loss or its gradient was not finite {MAX_BAD_STEPS} steps in a row (step {position.step}); "
                    "the best weights are kept. Try a lower `learning_rate` or `clip_norm`, or more `warmup_steps`."
                )
            return math.nan
        position.bad_steps = 0
        position.loss_sum += float(loss_sum)
        position.num_targets += float(num_targets)
        position.step_seconds += time.monotonic() - start
        return float(loss_sum) / max(float(num_targets), 1.0)

    def _validate_and_record(self) -> dict[str, float]:
        """Validates, keeps the weights if they are the best so far, and writes checkpoint and history."""
        position = self.position
        with self.steps.averaged_weights():
            loss = self.validation_loss()
            weights = self.network.get_weights_by_name()
            score = None if self.validation_score is None else self.validation_score(weights)
            record = EpochRecord(
                epoch=round(position.epoch + position.batch / max(self.num_batches, 1), 4),
                step=position.step,
                training_loss=position.loss_sum / max(position.num_targets, 1.0),
                validation_loss=loss,
                learning_rate=learning_rate_at(max(position.step - 1, 0), self.num_steps, self.config),
                tokens_per_second=position.num_targets / max(position.step_seconds, 1e-9),
                seconds=self._passed_seconds(),
                validation_score=score,
            )
            position.history.append(dataclasses.asdict(record))
            improved = self._remember(record.criterion, weights)
            position.epochs_without_gain = 0 if improved else position.epochs_without_gain + 1
            if improved and self.save_best is not None:
                self.save_best(weights, record)
        position.loss_sum = position.num_targets = position.step_seconds = 0.0
        self._report(record, improved, weights)
        if self.output is not None:
            self._write_checkpoint()
            write_atomically(self.output / "history.csv", history_csv(self.records))
        return {"loss": record.training_loss, "val_loss": loss, "val_perplexity": record.validation_perplexity}

    def _remember(self, criterion: tuple[float, float], weights: dict[str, np.ndarray]) -> bool:
        """Keeps weights that are among the best; returns whether they are the very best."""
        rank = bisect.bisect_right(self.position.best_criteria, criterion)
        if not np.isfinite(criterion).all() or rank >= self.config.averaged_checkpoints:
            return False
        self.position.best_criteria.insert(rank, criterion)
        self.best_weights.insert(rank, weights)
        del self.position.best_criteria[self.config.averaged_checkpoints :]
        del self.best_weights[self.config.averaged_checkpoints :]
        return rank == 0

    def _passed_seconds(self) -> float:
        """Returns how long the run has taken in all its sessions, validation included."""
        now = time.monotonic()
        self.position.seconds += now - self.clock
        self.clock = now
        return self.position.seconds

    def _report(self, record: EpochRecord, improved: bool, weights: dict[str, np.ndarray]) -> None:
        self.progress.message(
            f"epoch {record.epoch:g}: training loss {record.training_loss:.4f}, validation loss "
            f"{record.validation_loss:.4f} (perplexity {record.validation_perplexity:.2f}), "
            f"{'' if record.validation_score is None else f'BLEU {record.validation_score:.2f}, '}"
            f"{record.tokens_per_second:,.0f} tokens/s, {record.seconds / 60:.1f} min"
            f"{', best so far' if improved else ''}"
        )
        if self.sample is not None:
            self.progress.message(f"  sample: {self.sample(weights)!r}")

    def validation_loss(self) -> float:
        """Returns the loss on the validation batches in nats per real token."""
        total = count = 0.0
        states = None
        for batch in self.validation.batches():
            loss_sum, num_targets, states = self.steps.validate(
                batch.inputs, batch.targets, self._states_for(batch, states)
            )
            total, count = total + float(loss_sum), count + float(num_targets)
        return total / max(count, 1.0)

    def draw_curve(self) -> None:
        """Draws the losses so far, as `loss.png` in the output directory."""
        if self.output is not None and self.records:
            from textrnn import plots

            plots.loss_curve(self.records, self.output / "loss.png")

    def _arrays(self) -> dict[str, Any]:
        """Returns every variable that training changes, by name: weights, averages, optimizer and dropout seeds."""
        return {
            **{f"network/{index}": variable for index, variable in enumerate(self.network.variables)},
            **{f"optimizer/{index}": variable for index, variable in enumerate(self.steps.optimizer.variables)},
            **{f"average/{index}": variable for index, variable in enumerate(self.steps.averages)},
        }

    def _write_checkpoint(self) -> None:
        if self.output is None:
            return
        self._passed_seconds()
        arrays = {name: np.asarray(variable.numpy()) for name, variable in self._arrays().items()}
        for rank, weights in enumerate(self.best_weights):
            arrays |= {f"best/{rank}/{name}": array for name, array in weights.items()}
        for index, state in enumerate(tf.nest.flatten(self.states)) if self.states is not None else ():
            arrays[f"state/{index}"] = state.numpy()
        facts = {"position": json.dumps(dataclasses.asdict(self.position)), "fingerprint": self.fingerprint}
        write_atomically(self.output / CHECKPOINT, safetensors.numpy.save(arrays, metadata=facts))

    def _restore(self) -> None:
        path = self.output / CHECKPOINT if self.output is not None else None
        if path is None or not path.is_file():
            raise TextrnnError(f"{path or 'No output directory'}: there is no checkpoint to resume from.")
        try:
            with safetensors.safe_open(path, "np") as file:
                facts = file.metadata()
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (safetensors.SafetensorError, OSError) as error:
            raise TextrnnError(f"{path}: cannot be read: {error}. Train anew without resuming.") from error
        if facts.get("fingerprint") != self.fingerprint:
            raise TextrnnError(
                f"{path}: was made with other text, another network or other training options. "
                "Pass the same ones to resume, or train into another output directory."
            )
        self.position = Position(**json.loads(facts["position"]))
        self.position.best_criteria = [(score, loss) for score, loss in self.position.best_criteria]
        for name, variable in self._arrays().items():
            variable.assign(arrays[name])
        names = list(self.network.named_variables())
        ranks = range(len(self.position.best_criteria))
        self.best_weights = [{name: arrays[f"best/{rank}/{name}"] for name in names} for rank in ranks]
        num_states = sum(name.startswith("state/") for name in arrays)
        flat = [tf.constant(arrays[f"state/{index}"]) for index in range(num_states)]
        self.states = tf.nest.pack_sequence_as(self.network.initial_states(1), flat) if flat else None
        self.progress.message(f"resuming at epoch {self.position.epoch + 1}, step {self.position.step}")


def shown(criterion: tuple[float, float]) -> str:
    """Returns a criterion as people read it; a zero stands for no score."""
    return " and ".join(f"{value:.4f}" for value in criterion if value)
