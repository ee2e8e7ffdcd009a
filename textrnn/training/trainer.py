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

import numpy as np
import tensorflow as tf

from textrnn.config import BUDGET, FittingConfig
from textrnn.errors import TextrnnError
from textrnn.preprocessing.batches import Batch, Plan
from textrnn.progress import Progress
from textrnn.storage import CHECKPOINT, write_atomically
from textrnn.training.callbacks import Callbacks
from textrnn.training.checkpoint import Position, check_same_run, read_checkpoint, write_checkpoint
from textrnn.training.history import EpochRecord, Score, history_csv
from textrnn.training.protocol import TrainableNetwork
from textrnn.training.schedule import MEASURED_STEPS, StepClock, learning_rate_at, pruned_share_at
from textrnn.training.signals import PostponedSignals
from textrnn.training.steps import Steps
from textrnn.training.workers import Workers
from textrnn.wording import counted, duration

__all__ = ["Trainer"]

MAX_BAD_STEPS = 10


class Trainer:
    """Fits a network to batches.

    Args:
        network: The network, which knows its loss.
        config: How to train.
        training: The training batches.
        validation: The validation batches.
        output: Directory for checkpoint, history and model, or None to write nothing.
        save_best: Called with the weights by name and a record whenever validation has improved.
        sample: Called with the weights by name after each validation; returns a line to look at.
        validation_score: Called with the weights by name at each validation; returns the score that decides which
            weights are best. None leaves that to the validation loss.
        loss_score: Returns the score that a validation loss amounts to, for people, such as its perplexity.
        extended: Called with a batch, the weights by name and the number of the step, returns what is trained on: for a
            network that learns from what it writes itself.
        callbacks: Keras callbacks.
        progress: Where messages go.
        identity: What the data and the model are, by name; a checkpoint of another identity is not resumed.
        options: What the run was called with; kept in the checkpoint.
        is_trained: Whether the network has been trained before: then its weights are validated too, and stay if none
            are better.
        workers: The processes that train together; the first of them writes.
    """

    def __init__(
        self,
        network: TrainableNetwork,
        config: FittingConfig,
        training: Plan,
        validation: Plan,
        *,
        output: pathlib.Path | None = None,
        save_best: Callable[[dict[str, np.ndarray], EpochRecord], None] | None = None,
        sample: Callable[[dict[str, np.ndarray]], str] | None = None,
        validation_score: Callable[[dict[str, np.ndarray]], Score] | None = None,
        loss_score: Callable[[float], Score] | None = None,
        extended: Callable[[Batch, dict[str, np.ndarray], int], Batch] | None = None,
        callbacks: Sequence[Any] = (),
        progress: Progress | None = None,
        identity: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        is_trained: bool = False,
        workers: Workers | None = None,
    ) -> None:
        self.network = network
        self.config = config
        self.training = training
        self.validation = validation
        self.output = output
        self.save_best = save_best
        self.sample = sample
        self.validation_score = validation_score
        self.loss_score = loss_score
        self.extended = extended
        self.progress = progress or Progress(quiet=True)
        self.identity = identity or {}
        self.options = options or {}
        self.is_trained = is_trained
        self.num_batches = training.num_batches
        self.position = Position(num_steps=self._asked_steps())
        self.workers = workers or Workers()
        self.steps = Steps(network, config, training.max_targets, self.workers)
        self.best_weights: list[dict[str, np.ndarray]] = []  # of the best validations, the best first
        self.states: Any = None  # of the rows of this worker
        self.num_rows = 0  # of the batch that left them, with all workers
        self.callbacks = Callbacks(callbacks, network, self.steps.optimizer, config, self.num_batches, self.progress)
        self.signals = PostponedSignals()
        network.stop_training = False
        self.clock = time.monotonic()
        self.step_clock = StepClock()

    def _asked_steps(self) -> int:
        """Returns the number of steps that the config asks for; 0 if that has to be measured."""
        return self.config.steps or (self.config.epochs or 0) * self.num_batches

    def _states_for(self, batch: Batch, states: Any) -> Any:
        """Returns the states of the rows that continue, and zeros for those that begin."""
        continues = np.asarray(batch.continues)
        if states is None or not continues.any():
            return self.network.initial_states(len(self.workers.share(batch.targets)[0]))
        if continues.all():
            return states
        kept = self.workers.share(continues)[0][:, np.newaxis].astype(np.float32)
        return tf.nest.map_structure(lambda state: state * kept, states)

    def fit(self, resume: bool = False) -> list[EpochRecord]:
        """Trains until the last step or until patience runs out, and leaves the best weights in the network.

        Args:
            resume: Whether to go on from the checkpoint in `output`, if there is one.

        Returns:
            One record per validation.

        Raises:
            TextrnnError: If the checkpoint does not fit, or the loss is no longer finite.
        """
        self.network.stop_training = False
        self.workers.check_same(json.dumps(self.identity, sort_keys=True, default=str))
        if resume:
            self._restore()
        if not self.workers.is_first:
            self._seed_worker()
        self.workers.align(self._arrays().values())
        self.clock = time.monotonic()
        if not self._is_over():
            self.callbacks.begin()
            if self.is_trained and not self.position.history:
                self._validate_and_record()  # if going on makes them no better, they stay
            self._train()
            self.callbacks.end()
        self._settle_weights()
        return self.records

    def _train(self) -> None:
        total = self.position.num_steps or MEASURED_STEPS
        self.progress.start("training", total, "steps", self.position.step)
        try:
            with PostponedSignals() as self.signals:
                while not self._is_over() and not self._is_interrupted():
                    self._train_epoch()
                self.progress.finish()
                if self._is_interrupted():
                    self._write_checkpoint()
                    self.draw_curve()
                    if not self.signals.received:
                        raise KeyboardInterrupt("another worker was interrupted")
        finally:
            self.progress.finish()
        if self._is_out_of_patience() and not self._is_finished():
            self.progress.message(
                f"stopped early: no better for {self.position.validations_without_gain} validations "
                f"(patience {self.config.patience}); the best weights are kept. `--patience 0` never stops early."
            )

    def _settle_weights(self) -> None:
        """Leaves the best weights in the network: those of the best validation, or the average of the best ones."""
        if not self.best_weights:
            return
        if len(self.best_weights) > 1 and not self._is_interrupted():
            average = {
                name: np.mean([weights[name] for weights in self.best_weights], axis=0) for name in self.best_weights[0]
            }
            self.network.set_weights_by_name(average)
            score = None if self.validation_score is None else self._score_of(average)
            found = dataclasses.replace(self.records[-1], validation_loss=self.validation_loss(), score=score)
            best = self.position.best_criteria[0]
            named = "validation loss" if score is None else f"{score.direction} {score.name} and validation loss"
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
        return [EpochRecord.from_dict(row) for row in self.position.history]

    def _is_out_of_patience(self) -> bool:
        per_epoch = 1 if self.config.validations else self.config.validations_per_epoch
        patience = self.config.patience * per_epoch
        return bool(patience) and self.position.validations_without_gain >= patience

    def _is_finished(self) -> bool:
        if self.config.epochs is not None:
            return self.position.epoch >= self.config.epochs
        return 0 < self.position.num_steps <= self.position.step

    def _is_stopped(self) -> bool:
        """Returns whether a callback has ended training."""
        return self.workers.any_stopped(bool(self.network.stop_training))

    def _is_interrupted(self) -> bool:
        return self.workers.any_interrupted(bool(self.signals.received))

    def _is_over(self) -> bool:
        return self._is_finished() or self._is_out_of_patience() or self._is_stopped()

    def _train_epoch(self) -> None:
        position = self.position
        self.callbacks.begin_epoch(position.epoch)
        for batch in self._batches_from(position.batch):
            self.callbacks.begin_batch(position.batch)
            loss = self._train_on(batch)
            self.callbacks.end_batch(position.batch, {"loss": loss})
            position.batch += 1
            self._set_length()
            self.progress.advance(1, f"loss {position.loss_sum / max(position.num_targets, 1):.3f}")
            if self._is_validation_step():
                self._validate_and_record()
            if self._is_over() or self._is_interrupted():
                return
        position.epoch, position.batch, self.states = position.epoch + 1, 0, None
        logs = {"loss": position.loss_sum / max(position.num_targets, 1.0)}
        if not self.config.validations or self._is_over():
            logs = self._validate_and_record()
        self.callbacks.end_epoch(position.epoch - 1, logs)

    def _is_validation_step(self) -> bool:
        """Returns whether to validate within an epoch, after the step just made."""
        position, config = self.position, self.config
        if self._is_stopped() or (config.epochs is None and position.step == position.num_steps):
            return True
        if config.validations is None:
            parts = config.validations_per_epoch
            return position.batch in {self.num_batches * part // parts for part in range(1, parts)}
        total, done = position.num_steps - position.first_step, position.step - position.first_step
        # Not while steps are measured: a run whose length is not known yet does what one of known length does.
        return (
            MEASURED_STEPS < done < total
            and done * config.validations // total > (done - 1) * config.validations // total
        )

    def _set_length(self) -> None:
        """Says after the first steps how long the run will take; turns minutes into a number of steps."""
        position, done = self.position, self.position.step - self.position.first_step
        if not self.step_clock.is_ready or done < MEASURED_STEPS or (done > MEASURED_STEPS and position.num_steps):
            return
        began = time.monotonic()
        self.validation_loss()  # what a validation costs is measured too
        validation_seconds = time.monotonic() - began
        if position.num_steps == 0:
            left = 60 * (self.config.minutes or 0) - self._passed_seconds()
            num_steps = position.step + self.step_clock.steps_in(left, validation_seconds, self.config)
            position.num_steps = int(self.workers.of_the_first(num_steps))
            self.options["steps"] = position.num_steps
            self.progress.message(
                f"a step takes {1000 * self.step_clock.seconds:.0f} ms: {counted(position.num_steps, 'step')} in "
                f"{counted(self.config.minutes or 0, 'minute')} (`--steps {position.num_steps}` repeats this run)"
            )
            self.progress.start("training", position.num_steps, "steps", position.step - 1)
        else:
            seconds = self.step_clock.seconds_of(position.num_steps - position.step, validation_seconds, self.config)
            self.progress.message(f"about {duration(seconds)}, by the first {MEASURED_STEPS} steps")

    def _batches_from(self, first: int) -> Iterator[Batch]:
        batches = self.training.batches(self.position.epoch)
        for _ in range(first):
            next(batches, None)
        return batches

    def _train_on(self, batch: Batch) -> float:
        """Makes one step; returns its loss per target."""
        position, config = self.position, self.config
        start = time.monotonic()
        self._prune()
        if self.extended is not None:
            batch = self.extended(batch, self.network.get_weights_by_name(), position.step)
        self.steps.layer_rates.go_to(position.step - position.first_step)
        learning_rate = self.callbacks.learning_rate(self._scheduled_learning_rate())
        decay = min(config.moving_average, (1 + position.step) / (10 + position.step))
        self.workers.tell(bool(self.signals.received), bool(self.network.stop_training))
        loss_sum, num_targets, finite, self.states = self.steps.train(
            batch.inputs, batch.targets, self._states_for(batch, self.states), learning_rate, decay
        )
        position.step += 1
        self.num_rows = len(batch.targets)
        self.step_clock.add(time.monotonic() - start)
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

    def _scheduled_learning_rate(self) -> float:
        position = self.position
        return learning_rate_at(
            position.step - position.first_step, position.num_steps - position.first_step, self.config
        )

    def _prune(self) -> None:
        """Prunes weights, if it is time for that."""
        position = self.position
        step, num_steps = position.step - position.first_step, position.num_steps - position.first_step
        share, before = (pruned_share_at(one, num_steps, self.config.prune) for one in (step, step - 1))
        if share > before:
            self.steps.pruning.prune(share)

    def _validate_and_record(self) -> dict[str, float]:
        """Validates, keeps the weights if they are the best so far, and writes checkpoint and history."""
        position = self.position
        self.workers.align(self._arrays().values())
        with self.steps.averaged_weights():
            loss = self.validation_loss()
            weights = self.network.get_weights_by_name()
            score = None if self.validation_score is None else self._score_of(weights)
            record = EpochRecord(
                epoch=round(position.epoch + position.batch / max(self.num_batches, 1), 4),
                step=position.step,
                training_loss=position.loss_sum / position.num_targets if position.num_targets else math.nan,
                validation_loss=loss,
                learning_rate=float(self.steps.optimizer.learning_rate.numpy()),
                targets_per_second=position.num_targets / max(position.step_seconds, 1e-9),
                seconds=self._passed_seconds(),
                score=score,
                may_be_kept=self.steps.pruning.is_complete,
            )
            has_lowest_loss = loss < min((row["validation_loss"] for row in position.history), default=math.inf)
            position.history.append(dataclasses.asdict(record))
            improved = self._remember(record.criterion, weights)
            # A score that chance has given early is not beaten for a while, but the loss shows that more is learned.
            gained = improved or has_lowest_loss or not record.may_be_kept
            position.validations_without_gain = 0 if gained else position.validations_without_gain + 1
            if improved and self.save_best is not None and self.workers.is_first:
                self.save_best(weights, record)
        position.loss_sum = position.num_targets = position.step_seconds = 0.0
        self._report(record, improved, weights)
        self._write_checkpoint()
        if self.output is not None and self.workers.is_first:
            write_atomically(self.output / "history.csv", history_csv(self.records))
        logs = {"loss": record.training_loss, "val_loss": loss}
        return logs | {f"val_{found.key}": found.value for found in self._scores(record)}

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

    def _scores(self, record: EpochRecord) -> list[Score]:
        """Returns what a validation's loss amounts to, and what else was scored."""
        scores = [] if self.loss_score is None else [self.loss_score(record.validation_loss)]
        return scores if record.score is None else [*scores, record.score]

    def _report(self, record: EpochRecord, improved: bool, weights: dict[str, np.ndarray]) -> None:
        scores = "".join(f", {score}" for score in self._scores(record))
        if record.step == 0:
            self.progress.message(f"before training: validation loss {record.validation_loss:.4f}{scores}")
            return
        self.progress.message(
            f"epoch {record.epoch:.4g}: training loss {record.training_loss:.4f}, validation loss "
            f"{record.validation_loss:.4f}{scores}, {record.targets_per_second:,.0f} {self.network.target_name}s/s, "
            f"{record.seconds / 60:.1f} min"
            f"{', best so far' if improved else ''}{'' if record.may_be_kept else ', more weights to prune'}"
        )
        if self.sample is not None and self.workers.is_first:
            self.progress.message(f"  sample: {self.sample(weights)!r}")

    def validation_loss(self) -> float:
        """Returns the loss on the validation batches per target."""
        total = count = 0.0
        states = None
        for batch in self.validation.batches():
            loss_sum, num_targets, states = self.steps.validate(
                batch.inputs, batch.targets, self._states_for(batch, states)
            )
            total, count = total + float(loss_sum), count + float(num_targets)
        total, count = self.workers.summed_numbers(total, count)
        return total / max(count, 1.0)

    def _score_of(self, weights: dict[str, np.ndarray]) -> Score:
        """Returns the score of weights as the first worker finds it, so that all find the same ones best."""
        score = self.validation_score(weights)  # type: ignore[misc]
        return dataclasses.replace(score, value=self.workers.of_the_first(score.value))

    def draw_curve(self) -> None:
        """Draws the losses so far, as `loss.png` in the output directory."""
        if self.output is not None and self.records and self.workers.is_first:
            from textrnn import plots

            plots.loss_curve(self.records, self.output / "loss.png", self.network.loss_unit)

    def _arrays(self) -> dict[str, Any]:
        """Returns every variable that training changes, by name: weights and what goes with them, dropout seeds."""
        averages = zip(self.steps.names, self.steps.averages, strict=bool(self.steps.averages))
        return {
            **{f"network/{name}": variable for name, variable in self.network.named_state().items()},
            **{variable.path: variable for variable in self.steps.optimizer.variables},  # optimizer/...
            **{f"average/{name}": average for name, average in averages},
            **{f"mask/{name}": mask for name, mask in self.steps.pruning.masks.items()},
        }

    def _write_checkpoint(self) -> None:
        if self.output is None:
            return
        self._passed_seconds()
        states = self.workers.gathered(tf.nest.flatten(self.states) if self.states is not None else [], self.num_rows)
        if not self.workers.is_first:
            return
        arrays = {name: np.asarray(variable.numpy()) for name, variable in self._arrays().items()}
        for rank, weights in enumerate(self.best_weights):
            arrays |= {f"best/{rank}/{name}": array for name, array in weights.items()}
        arrays |= {f"state/{index}": state for index, state in enumerate(states)}
        write_checkpoint(self.output / CHECKPOINT, arrays, self.position, self.identity, self.options)

    def _seed_worker(self) -> None:
        """Gives this worker dropout of its own, from the seeds of the first one."""
        weights = self.network.named_variables()
        for name, variable in self.network.named_state().items():
            if name not in weights:
                variable.assign(self.workers.shifted(variable.numpy()))

    def _restore(self) -> None:
        if self.output is None:
            raise TextrnnError("There is no output directory to resume from. Pass `output`.")
        path = self.output / CHECKPOINT
        arrays, self.position, identity = read_checkpoint(path)
        check_same_run(path, identity, self.identity)
        for name, variable in self._arrays().items():
            variable.assign(arrays[name])
        names = list(self.network.get_weights_by_name())
        ranks = range(len(self.position.best_criteria))
        self.best_weights = [{name: arrays[f"best/{rank}/{name}"] for name in names} for rank in ranks]
        num_states = sum(name.startswith("state/") for name in arrays)
        states = [arrays[f"state/{index}"] for index in range(num_states)]
        self.num_rows = len(states[0]) if states else 0
        flat = [tf.constant(state) for state in (self.workers.share(states)[0] if states else [])]
        self.states = tf.nest.pack_sequence_as(self.network.initial_states(1), flat) if flat else None
        self._go_on(identity.get("training", {}))

    def _go_on(self, before: dict[str, Any]) -> None:
        """Says where a resumed run stands; one that has been given more time gets a new schedule."""
        position = self.position
        budget = {name: getattr(self.config, name) for name in BUDGET}
        if budget == {name: before.get(name) for name in BUDGET}:
            if self._is_over():
                self.progress.message(
                    f"this run is finished, after {counted(position.step, 'step')}. More `--epochs`, `--steps` "
                    "or `--minutes` than it had go on with it."
                )
            else:
                self.progress.message(f"resuming at epoch {position.epoch + 1}, step {position.step}")
            return
        position.first_step, position.validations_without_gain = position.step, 0
        position.num_steps = self._asked_steps()
        if self._is_over():
            self.progress.message(
                f"this run has made {counted(position.step, 'step')} already, so there is nothing to do"
            )
            return
        if self.best_weights:
            self.network.set_weights_by_name(self.best_weights[0])
            for average, variable in zip(self.steps.averages, self.steps.variables, strict=bool(self.steps.averages)):
                average.assign(variable)
        length = f" to step {position.num_steps:,}" if position.num_steps else ""
        self.progress.message(
            f"going on from the best weights of {counted(position.step, 'step')}{length}, with a learning rate that "
            "rises and falls anew"
        )


def shown(criterion: tuple[float, float]) -> str:
    """Returns a criterion as people read it; a zero stands for no score."""
    return " and ".join(f"{value:.4f}" for value in criterion if value)
