"""The learning rate and the share of pruned weights at each step, and how many steps fit into a time."""

import math

from textrnn.config import FittingConfig

__all__ = ["MEASURED_STEPS", "StepClock", "learning_rate_at", "pruned_share_at"]

MEASURED_STEPS = 20
COMPILING_STEPS = 5  # the first of them, which also compile what they run
PRUNING_PART = 0.5  # of a run; in the rest of it the weights that are left make up for those that are gone
PRUNING_ROUNDS = 50  # so often weights are pruned: looking for the smallest takes time


def learning_rate_at(step: int, num_steps: int, config: FittingConfig) -> float:
    """Returns the learning rate of a step, counted from 0: a linear rise, then the schedule down to zero.

    While the first steps are measured the rate does not depend on `num_steps`, so that a run whose length follows from
    them is the same as one that was told its length.
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    start = max(config.warmup_steps, MEASURED_STEPS)
    if step < start or num_steps <= start:
        return config.learning_rate
    done = min((step - start) / (num_steps - start), 1.0)
    share = {"constant": 1.0, "linear": 1.0 - done, "cosine": 0.5 * (1.0 + math.cos(math.pi * done))}
    return config.learning_rate * share[config.schedule]


def pruned_share_at(step: int, num_steps: int, share: float) -> float:
    """Returns the share of the weights that is pruned before a step, counted from 0.

    It rises fast while there are many weights that hardly count, then ever more slowly up to `share`, in
    `PRUNING_ROUNDS` rounds over a part of the run.

    Args:
        step: The step.
        num_steps: Steps of the run; 0 while that is not known.
        share: The share in the end.

    Reference: `1 - (1 - t)^3`, Zhu and Gupta 2017, equation 1.
    """
    if num_steps <= MEASURED_STEPS:  # so short a run prunes at its first step
        return share if 0 <= step < num_steps else 0.0
    done = (step + 1 - MEASURED_STEPS) / (PRUNING_PART * (num_steps - MEASURED_STEPS))
    done = math.floor(PRUNING_ROUNDS * min(max(done, 0.0), 1.0)) / PRUNING_ROUNDS
    return share * (1.0 - (1.0 - done) ** 3)


class StepClock:
    """Measures the first steps of a run."""

    def __init__(self) -> None:
        self.durations: list[float] = []

    def add(self, seconds: float) -> None:
        """Adds a step, as long as there is something to measure."""
        if len(self.durations) < MEASURED_STEPS:
            self.durations.append(seconds)

    @property
    def is_ready(self) -> bool:
        """Whether enough steps have been measured."""
        return len(self.durations) > COMPILING_STEPS

    @property
    def seconds(self) -> float:
        """Seconds per step, by all measured steps but those that also compile; 0 while there are none."""
        measured = self.durations[COMPILING_STEPS:]
        return sum(measured) / len(measured) if measured else 0.0

    def steps_in(self, seconds: float, validation_seconds: float, config: FittingConfig) -> int:
        """Returns how many steps, and the validations among them, take `seconds`; at least as many as were measured."""
        left = seconds - (config.validations or 0) * validation_seconds
        return max(int(left / max(self.seconds, 1e-6)), MEASURED_STEPS)

    def seconds_of(self, num_steps: int, validation_seconds: float, config: FittingConfig) -> float:
        """Returns how long a number of steps takes, validations included."""
        return num_steps * self.seconds + (config.validations or config.epochs or 0) * validation_seconds
