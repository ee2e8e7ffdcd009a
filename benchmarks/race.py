"""What makes `benchmarks.cells` a race: one clock for all, textrnn's trainer by that clock, and the same in PyTorch."""

import dataclasses
import itertools
import math
import statistics
import sys
import time
from typing import Any

import numpy as np

from textrnn.config import TrainingConfig
from textrnn.preprocessing.sequences import EncodedText, TextPlan
from textrnn.training.devices import usable_cores
from textrnn.training.history import EpochRecord
from textrnn.training.threads import share_cores
from textrnn.training.trainer import Trainer

__all__ = ["Clock", "Race", "RaceTrainer", "Result", "run", "run_pytorch"]

VALIDATIONS = 10


@dataclasses.dataclass(frozen=True)
class Race:
    """What all networks have in common: texts, time and the options of training."""

    training: EncodedText
    validation: EncodedText
    vocabulary_size: int
    minutes: float
    precision: str
    schedule: str
    seed: int

    def config(self, learning_rate: float) -> TrainingConfig:
        """Returns how a network is trained, but for the time."""
        average = 0.99 if self.schedule == "constant" else 0.0
        options: dict[str, Any] = {"schedule": self.schedule, "precision": self.precision, "moving_average": average}
        options |= {"epochs": 10**6, "patience": 0, "validations": VALIDATIONS, "seed": self.seed}
        return TrainingConfig(learning_rate=learning_rate, **options)

    def plans(self, config: TrainingConfig) -> tuple[TextPlan, TextPlan]:
        """Returns the batches of training and validation."""
        shape = ("stream", config.batch_size, config.length, 2)
        training = TextPlan(self.training, *shape, seed=self.seed, state_reset=config.state_reset)
        return training, TextPlan(self.validation, *shape)


@dataclasses.dataclass
class Result:
    """What became of a network; `history` holds minutes, steps and validation loss (nats per token)."""

    name: str
    layers: str
    parameters: int
    learning_rate: float
    tokens_per_second: float
    history: list[tuple[float, int, float]]

    @property
    def best_loss(self) -> float:
        """The lowest validation loss."""
        return min(loss for _, _, loss in self.history)

    def minutes_until(self, loss: float) -> float | None:
        """Returns when a loss was reached, between validations by a straight line; None if it never was.

        >>> Result("", "", 0, 0.0, 0.0, [(1.0, 10, 5.0), (2.0, 20, 4.0)]).minutes_until(4.5)
        1.5
        """
        minutes_before, loss_before = 0.0, math.inf
        for minutes, _, now in self.history:
            if now <= loss:
                share = 1.0 if math.isinf(loss_before) else (loss_before - loss) / (loss_before - now)
                return minutes_before + share * (minutes - minutes_before)
            minutes_before, loss_before = minutes, now
        return None


class Clock:
    """The time that a network has trained, and what goes by it: learning rate, validations, and the end."""

    def __init__(self, config: TrainingConfig, minutes: float) -> None:
        self.config = config
        self.budget = 60 * minutes
        self.seconds = 0.0
        self.num_validations = 0

    @property
    def share(self) -> float:
        """How much of the time is over, from 0 to 1."""
        return min(self.seconds / self.budget, 1.0)

    def learning_rate(self, step: int) -> float:
        """Returns the learning rate of a step, counted from 0: it rises by steps and falls by the time."""
        rise = min((step + 1) / self.config.warmup_steps, 1.0)
        fall = 0.5 * (1.0 + math.cos(math.pi * self.share)) if self.config.schedule == "cosine" else 1.0
        return self.config.learning_rate * rise * fall

    def wants_validation(self) -> bool:
        """Returns whether it is time for the next validation, once for each."""
        due = int(self.share * VALIDATIONS)
        is_due = due > self.num_validations
        self.num_validations = due
        return is_due


class RaceTrainer(Trainer):
    """textrnn's trainer, but by the clock."""

    def __init__(self, network: Any, config: TrainingConfig, race: Race) -> None:
        super().__init__(network, config, *race.plans(config))
        self.race_clock = Clock(config, race.minutes)
        self.history: list[tuple[float, int, float]] = []

    def _scheduled_learning_rate(self) -> float:
        return self.race_clock.learning_rate(self.position.step)

    def _set_length(self) -> None:
        """The length is known."""

    def _train_on(self, batch: Any) -> float:
        start = time.monotonic()
        loss = super()._train_on(batch)
        self.race_clock.seconds += time.monotonic() - start
        self.network.stop_training = self.race_clock.share >= 1.0
        return loss

    def _is_validation_step(self) -> bool:
        return self.race_clock.wants_validation()

    def _report(self, record: EpochRecord, improved: bool, weights: Any) -> None:
        self.history.append((self.race_clock.seconds / 60, record.step, record.validation_loss))
        show(self.history[-1])


def show(passed: tuple[float, int, float]) -> None:
    """Says how a run is going."""
    print("{:7.2f} min {:>8,} steps: validation loss {:.4f}".format(*passed), file=sys.stderr, flush=True)


def run(name: str, network: Any, race: Race) -> Result:
    """Trains a network of textrnn's, in a process that has done nothing else: it sets the threads of TensorFlow."""
    share_cores(usable_cores())
    model = network.build(race.vocabulary_size, race.precision, race.seed)
    trainer = RaceTrainer(model, race.config(network.learning_rate), race)
    trainer.fit()
    parameters = sum(variable.shape.num_elements() for variable in model.named_variables().values())
    # The first of the validations' intervals compiles, and the median leaves it out.
    speed = statistics.median(record.targets_per_second for record in trainer.records)
    return Result(name, network.layers, parameters, network.learning_rate, speed, trainer.history)


def run_pytorch(name: str, network: Any, race: Race) -> Result:
    """Trains the same shape in PyTorch, with the same batches, optimizer and clock."""
    import torch

    from benchmarks.pytorch_networks import ProjectedLanguageModel

    torch.manual_seed(race.seed)
    config = race.config(network.learning_rate)
    model = ProjectedLanguageModel(race.vocabulary_size, network.embedding_dim, *network.units)
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    biases = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": biases, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.99), eps=1e-7, fused=True)
    clock, history, training_seconds = Clock(config, race.minutes), [], []
    training, validation = race.plans(config)

    def loss_of(batch: Any, states: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16, enabled=race.precision == "bfloat16"):
            return model.loss(*(torch.from_numpy(ids).long() for ids in (batch.inputs, batch.targets)), states)

    def validation_loss() -> float:
        total, count, states = 0.0, 0, None
        with torch.no_grad():
            for batch in validation.batches():
                loss, states = loss_of(batch, states)
                total, count = total + float(loss) * batch.targets.size, count + batch.targets.size
        return total / count

    def kept(states: Any, batch: Any) -> Any:
        """Returns zeros for the rows that begin."""
        if states is None:
            return None
        rows = torch.from_numpy(np.broadcast_to(batch.continues, len(batch.inputs)).astype(np.float32))
        return tuple(state * rows[:, None].to(state.dtype) for state in states)

    states = None
    for step, batch in enumerate(batch for epoch in itertools.count() for batch in training.batches(epoch)):
        start = time.monotonic()
        for group in optimizer.param_groups:
            group["lr"] = clock.learning_rate(step)
        optimizer.zero_grad()
        loss, states = loss_of(batch, kept(states, batch))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
        optimizer.step()
        training_seconds.append(time.monotonic() - start)
        clock.seconds += training_seconds[-1]
        if clock.wants_validation():
            history.append((clock.seconds / 60, step + 1, validation_loss()))
            show(history[-1])
        if clock.share >= 1.0:
            break
    parameters = sum(parameter.numel() for parameter in model.parameters())
    speed = config.batch_size * config.length / statistics.median(training_seconds)
    return Result(name, f"PyTorch's {network.layers}", parameters, network.learning_rate, speed, history)
