"""What is said before a run of any kind starts: how large it is, how long it takes, and advice on that."""

import math
import time
from typing import Any

import tensorflow as tf

from textrnn.config import FittingConfig
from textrnn.training.devices import usable_cores
from textrnn.wording import counted, duration

__all__ = ["BASE_MEMORY", "advice", "length_of", "num_parameters", "num_passes", "precision_advice", "seconds_for"]

EFFICIENCY = 0.5  # share of the matrix-product peak that training has been seen to reach
FEW_STEPS = 200  # fewer than these leave a network untrained
BASE_MEMORY = 700_000_000  # bytes that TensorFlow takes by itself


def num_parameters(config: Any) -> int:
    """Returns how many numbers training adjusts."""
    return sum(math.prod(shape) for shape in config.weight_shapes().values())


def flops_per_second(precision: str, seconds: float = 0.15) -> float:
    """Measures this machine's rate on matrix products of a training step's size, for all parts of a batch."""
    left, right = (tf.cast(tf.random.normal(shape), precision) for shape in ((1024, 512), (512, 1024)))
    tf.matmul(left, right)
    count, start = 0, time.monotonic()
    while time.monotonic() - start < seconds:
        tf.matmul(left, right)
        count += 1
    passed = time.monotonic() - start
    # Where each part has threads of its own, what is measured here is one of them.
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    side_by_side = max(usable_cores() // threads, 1) if threads else 1
    return side_by_side * count * 2 * 1024 * 512 * 1024 / passed


def seconds_for(products: float, precision: str) -> float:
    """Returns about how long training takes, from how often a weight is multiplied by a value read.

    Each costs six operations: two forwards, four backwards.
    """
    return 6 * products / (EFFICIENCY * flops_per_second(precision))


def advice(training: FittingConfig, num_batches: int) -> list[str]:
    """Returns what is to be said of the run of any kind."""
    return [*short_run_advice(training, num_batches), *precision_advice(training.precision)]


def precision_advice(precision: str) -> list[str]:
    """Returns a line if this processor is slower in the chosen precision than in float32, else nothing."""
    if precision == "float32" or flops_per_second(precision) > flops_per_second("float32"):
        return []
    return [f'advice: {precision} products are slower than float32 on this processor; use precision="float32".']


def num_passes(training: FittingConfig, num_batches: int) -> float:
    """Returns how often the data is read; 0 if that is still to be measured."""
    return training.epochs or (training.steps or 0) / max(num_batches, 1)


def length_of(training: FittingConfig, num_batches: int, seconds: float) -> str:
    """Returns how long a run is, in words."""
    if training.minutes is not None:
        return counted(training.minutes, "minute")
    if training.epochs is not None:
        return (
            f"at most {counted(training.epochs, 'epoch')} of {counted(num_batches, 'batch')}; about {duration(seconds)}"
        )
    passes = num_passes(training, num_batches)
    return f"{counted(training.steps or 0, 'step')}, {passes:.3g} times through the data; about {duration(seconds)}"


def short_run_advice(training: FittingConfig, num_batches: int) -> list[str]:
    """Returns a line if a run has hardly any steps, or ends before its learning rate has risen."""
    num_steps = training.steps or (training.epochs or 0) * num_batches
    if training.minutes is not None or num_steps >= max(FEW_STEPS, 2 * training.warmup_steps):
        return []
    return [
        f"advice: only {counted(num_steps, 'step')}, {min(training.warmup_steps, num_steps)} of them while the "
        "learning rate rises, which hardly trains anything. Pass more `epochs` or `steps`, a smaller `batch_size`, or "
        "fewer `warmup_steps`."
    ]
