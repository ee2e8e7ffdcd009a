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
from textrnn.preprocessing.pairs import PairBatch, PairPlan
from textrnn.preprocessing.sequences import Batch, BatchPlan
from textrnn.progress import Progress
from textrnn.storage import CHECKPOINT, write_atomically
from textrnn.training.history import EpochRecord, history_csv
from textrnn.training.losses import projected_cross_entropy, summed_cross_entropy
from textrnn.training.signals import PostponedSignals

__all__ = ["Trainer", "learning_rate_at"]

MAX_BAD_STEPS = 10
LARGE_NETWORK = 300_000  # weights; what makes a step of such a network fast would only delay a smaller one's start


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
        self.variables = list(network.trainable_variables)
        self.optimizer = self._make_optimizer()
        self.averages = [tf.Variable(v.value, trainable=False) for v in self.variables] if config.moving_average else []
        self.best_weights: list[dict[str, np.ndarray]] = []  # of the best validations, the best first
        self.states: Any = None
        self.callbacks = keras.callbacks.CallbackList(
            list(callbacks), model=network, epochs=config.epochs, steps=self.num_batches, add_history=False
        )
        self.signals = PostponedSignals()
        self.clock = time.monotonic()
        self._compile_steps()

    def _make_optimizer(self) -> Any:
        options = {"learning_rate": self.config.learning_rate, "beta_2": 0.99}
        if self.config.optimizer == "adamw":
            optimizer = keras.optimizers.AdamW(weight_decay=self.config.weight_decay, **options)
            optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        else:
            optimizer = keras.optimizers.Adam(**options)
        optimizer.build(self.variables)
        return optimizer

    def _compile_steps(self) -> None:
        """Traces one training and one validation step for any batch shape."""
        signature = self.network.step_signature()
        scalar = tf.TensorSpec((), tf.float32)
        is_large = sum(math.prod(variable.shape) for variable in self.variables) >= LARGE_NETWORK
        # Compiled into one loop over each weight, an update is twice as fast.
        self._update = tf.function(self._update_body, jit_compile=is_large)
        self._parts = halves if is_large else lambda batch: [batch]
        # Four blocks to a batch: few enough to cost nothing, small enough for the cache.
        self.block_rows = max(-(-self.training.max_targets // 4), 16)
        self._train_step = tf.function(self._train_step_body, input_signature=[*signature, scalar, scalar])
        self._validation_step = tf.function(self._validation_step_body, input_signature=signature)

    def _train_step_body(self, inputs: Any, targets: Any, states: Any, learning_rate: Any, decay: Any) -> Any:
        num_targets = tf.reduce_sum(tf.cast(tf.not_equal(targets, 0), tf.float32))
        results = [self._loss_and_gradients(num_targets, *part) for part in self._parts((inputs, targets, states))]
        loss_sums, part_gradients, states = zip(*results, strict=True)
        loss_sum = tf.add_n(loss_sums)
        gradients = [tf.add_n(parts) for parts in zip(*part_gradients, strict=True)]
        norm = tf.linalg.global_norm(gradients)
        finite = tf.math.is_finite(norm) & tf.math.is_finite(loss_sum)

        def update() -> Any:
            scale = tf.minimum(self.config.clip_norm / tf.maximum(norm, 1e-12), 1.0)
            self._update(gradients, scale, learning_rate, decay)
            return finite

        # A gradient that is not finite must never reach the weights.
        tf.cond(finite, update, lambda: finite)
        return loss_sum, num_targets, finite, joined(states)

    def _loss_and_gradients(self, num_targets: Any, inputs: Any, targets: Any, states: Any) -> Any:
        """Returns the summed loss of some rows of a batch, its gradients by the weights, and the states."""
        with tf.GradientTape() as tape:
            hidden, states = self.network.step_hidden(inputs, states, training=True)
            loss_sum, _ = projected_cross_entropy(
                hidden, self.network.output_projection, targets, self.config.label_smoothing, self.block_rows
            )
            loss = loss_sum / tf.maximum(num_targets, 1.0)
        gradients = tape.gradient(loss, [variable.value for variable in self.variables])
        return loss_sum, [tf.convert_to_tensor(gradient) for gradient in gradients], states

    def _update_body(self, gradients: Any, scale: Any, learning_rate: Any, decay: Any) -> None:
        """Moves the weights against the scaled gradients, and their averages after them."""
        self.optimizer.learning_rate.assign(learning_rate)
        self.optimizer.apply([gradient * scale for gradient in gradients], self.variables)
        for average, variable in zip(self.averages, self.variables, strict=bool(self.averages)):
            average.assign(decay * average + (1.0 - decay) * variable.value)

    def _validation_step_body(self, inputs: Any, targets: Any, states: Any) -> Any:
        results = [self._loss_alone(*part) for part in self._parts((inputs, targets, states))]
        loss_sums, counts, states = zip(*results, strict=True)
        return tf.add_n(loss_sums), tf.add_n(counts), joined(states)

    def _loss_alone(self, inputs: Any, targets: Any, states: Any) -> Any:
        """Returns the summed loss of some rows of a batch without dropout, the number of targets, and the states."""
        hidden, states = self.network.step_hidden(inputs, states, training=False)
        return (*summed_cross_entropy(self.network.output_projection(hidden), targets), states)

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
        loss_sum, num_targets, finite, self.states = self._train_step(
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
        with self._averaged_weights():
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
            loss_sum, num_targets, states = self._validation_step(
                batch.inputs, batch.targets, self._states_for(batch, states)
            )
            total, count = total + float(loss_sum), count + float(num_targets)
        return total / max(count, 1.0)

    def _averaged_weights(self) -> "SwappedWeights":
        return SwappedWeights(self.variables, self.averages)

    def _arrays(self) -> dict[str, Any]:
        """Returns every variable that training changes, by name: weights, averages, optimizer and dropout seeds."""
        return {
            **{f"network/{index}": variable for index, variable in enumerate(self.network.variables)},
            **{f"optimizer/{index}": variable for index, variable in enumerate(self.optimizer.variables)},
            **{f"average/{index}": variable for index, variable in enumerate(self.averages)},
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


def halves(batch: Any) -> list[Any]:
    """Splits the rows of all tensors of a structure in two.

    Nothing in one half waits for the other, so the two run side by side. That keeps two cores busier than dividing
    each of a thousand small operations between them.
    """
    middle = tf.shape(tf.nest.flatten(batch)[0])[0] // 2
    return [
        tf.nest.map_structure(lambda rows: rows[:middle], batch),
        tf.nest.map_structure(lambda rows: rows[middle:], batch),
    ]


def joined(parts: Sequence[Any]) -> Any:
    """Puts the rows of equal structures together again."""
    return tf.nest.map_structure(lambda *rows: tf.concat(rows, axis=0), *parts)


def shown(criterion: tuple[float, float]) -> str:
    """Returns a criterion as people read it; a zero stands for no score."""
    return " and ".join(f"{value:.4f}" for value in criterion if value)


class SwappedWeights:
    """Puts the averages in the place of the weights while its `with` block runs; does nothing without averages."""

    def __init__(self, variables: list[Any], averages: list[Any]) -> None:
        self.variables, self.averages = variables, averages

    def __enter__(self) -> None:
        self.kept = [variable.numpy() for variable in self.variables] if self.averages else []
        for variable, average in zip(self.variables, self.averages, strict=bool(self.averages)):
            variable.assign(average)

    def __exit__(self, *exception: object) -> None:
        for variable, value in zip(self.variables, self.kept, strict=bool(self.kept)):
            variable.assign(value)
