"""Says before a run starts how large it is: tokens, parameters, time and memory, with advice on the fit of the two."""

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from textrnn.config import (
    ClassifierConfig,
    ClassifierTrainingConfig,
    FittingConfig,
    ForecasterConfig,
    ForecasterTrainingConfig,
    NetworkConfig,
    TrainingConfig,
    TranslatorConfig,
    TranslatorTrainingConfig,
)
from textrnn.preprocessing.labelled import LabelledPlan
from textrnn.preprocessing.pair_batches import EncodedPairs, PairPlan
from textrnn.preprocessing.sequences import EncodedText, TextPlan
from textrnn.preprocessing.windows import WindowPlan
from textrnn.progress import duration

__all__ = [
    "describe_classifier_run",
    "describe_forecaster_run",
    "describe_run",
    "describe_translator_run",
    "num_parameters",
]

EFFICIENCY = 0.5  # share of the matrix-product peak that training has been seen to reach
FEW_STEPS = 200  # fewer than these leave a network untrained
BASE_MEMORY = 700_000_000  # bytes that TensorFlow takes by itself


def num_parameters(config: Any) -> int:
    """Returns how many numbers training adjusts."""
    return sum(math.prod(shape) for shape in config.weight_shapes().values())


def flops_per_second(precision: str, seconds: float = 0.15) -> float:
    """Measures this machine's rate on matrix products of a training step's size, for both halves of a batch."""
    left, right = (tf.cast(tf.random.normal(shape), precision) for shape in ((1024, 512), (512, 1024)))
    tf.matmul(left, right)
    count, start = 0, time.monotonic()
    while time.monotonic() - start < seconds:
        tf.matmul(left, right)
        count += 1
    # Each half has half of the cores, and what is measured here is one of them.
    return 2 * count * 2 * 1024 * 512 * 1024 / (time.monotonic() - start)


def precision_advice(precision: str) -> list[str]:
    """Returns a line if this processor is slower in the chosen precision than in float32, else nothing."""
    if precision == "float32" or flops_per_second(precision) > flops_per_second("float32"):
        return []
    return [f'advice: {precision} products are slower than float32 on this processor; use precision="float32".']


def estimated_seconds(config: NetworkConfig, training: TrainingConfig, plan: TextPlan) -> float:
    """Returns about how long all epochs take."""
    multiplied = num_parameters(config) - (0 if config.tie_weights else config.vocabulary_size * config.embedding_dim)
    positions = plan.num_targets
    if config.form == "ngrams":  # every prefix is read in full, padding included
        positions *= plan.longest_row - 1
    passes = num_passes(training, plan.num_batches)
    return 6 * multiplied * positions * passes / (EFFICIENCY * flops_per_second(training.precision))


def num_passes(training: FittingConfig, num_batches: int) -> float:
    """Returns how often the data is read; 0 if that is still to be measured."""
    return training.epochs or (training.steps or 0) / max(num_batches, 1)


def length_of(training: FittingConfig, num_batches: int, seconds: float) -> str:
    """Returns how long a run is, in words."""
    if training.minutes is not None:
        return f"{training.minutes:g} minutes"
    if training.epochs is not None:
        return f"at most {training.epochs} epochs of {num_batches:,} batches; about {duration(seconds)}"
    passes = num_passes(training, num_batches)
    return f"{training.steps:,} steps, {passes:.3g} times through the data; about {duration(seconds)}"


def short_run_advice(training: FittingConfig, num_batches: int) -> list[str]:
    """Returns a line if a run has hardly any steps, or ends before its learning rate has risen."""
    num_steps = training.steps or (training.epochs or 0) * num_batches
    if training.minutes is not None or num_steps >= max(FEW_STEPS, 2 * training.warmup_steps):
        return []
    return [
        f"advice: only {num_steps} steps, {min(training.warmup_steps, num_steps)} of them while the learning rate "
        "rises, which hardly trains anything. Pass more `epochs` or `steps`, a smaller `batch_size`, or fewer "
        "`warmup_steps`."
    ]


def estimated_bytes(config: NetworkConfig, training: TrainingConfig) -> int:
    """Returns about how much memory training takes at most."""
    length = training.length if config.form == "stream" else config.max_length
    positions = training.batch_size * length
    per_position = 14 * sum(config.units) * len(config.directions) + 2 * config.embedding_dim
    logits = training.batch_size if config.form == "ngrams" else positions
    copies = 6 if training.moving_average else 5  # weights, gradients, two moments, the best weights
    numbers = copies * num_parameters(config) + positions * per_position + 4 * logits * config.vocabulary_size
    return BASE_MEMORY + 4 * numbers


def describe_run(
    config: NetworkConfig, training: TrainingConfig, texts: tuple[EncodedText, EncodedText], plan: TextPlan
) -> str:
    """Returns the lines that are shown before training starts."""
    parameters = num_parameters(config)
    seconds = estimated_seconds(config, training, plan)
    lines = [
        f"{texts[0].num_tokens:,} training tokens, {texts[1].num_tokens:,} validation tokens "
        f"({100 * texts[1].unknown_share:.2f}% unknown), vocabulary of {config.vocabulary_size:,}",
        f"{parameters:,} parameters; {length_of(training, plan.num_batches, seconds)} and "
        f"{estimated_bytes(config, training) / 1e9:.1f} GB",
    ]
    if parameters > 100 * texts[0].num_tokens and config.output_dropout < 0.5:
        lines.append(
            f"advice: {parameters / texts[0].num_tokens:.0f} parameters per token is a lot; the model will learn "
            "the text by heart. Use more text, fewer `units`, or more dropout."
        )
    if texts[1].unknown_share > 0.05:
        lines.append(
            f"advice: {100 * texts[1].unknown_share:.0f}% of the validation tokens are unknown; "
            'a larger `vocabulary_size`, or level="subword", which knows every word, predicts them.'
        )
    return "\n".join([*lines, *short_run_advice(training, plan.num_batches), *precision_advice(training.precision)])


def estimated_translator_seconds(
    config: TranslatorConfig, training: TranslatorTrainingConfig, pairs: EncodedPairs, num_batches: int
) -> float:
    """Returns about how long all epochs take, translating the validation sentences not included."""
    shapes = config.weight_shapes()
    size = {name: math.prod(shape) for name, shape in shapes.items() if not name.endswith("embeddings")}
    reading = sum(count for name, count in size.items() if name.startswith(("encoder", "attention/memory")))
    writing = sum(size.values()) - reading
    if config.tie_weights:
        writing += math.prod(shapes["target_embedding/embeddings"])
    multiplied = reading * pairs.num_source_tokens + writing * pairs.num_target_tokens
    return 6 * multiplied * num_passes(training, num_batches) / (EFFICIENCY * flops_per_second(training.precision))


def describe_translator_run(
    config: TranslatorConfig,
    training: TranslatorTrainingConfig,
    pairs: EncodedPairs,
    validation: EncodedPairs,
    plan: PairPlan,
) -> str:
    """Returns the lines that are shown before a translator's training starts."""
    parameters = num_parameters(config)
    seconds = estimated_translator_seconds(config, training, pairs, plan.num_batches)
    vocabulary = " and ".join(f"{size:,}" for size in config.vocabulary_sizes)
    per_position = 14 * (sum(config.encoder_units) * 2 + sum(config.decoder_units)) + 4 * config.target_vocabulary_size
    copies = 5 + training.averaged_checkpoints + bool(training.moving_average)
    num_bytes = BASE_MEMORY + 4 * (copies * parameters + training.batch_tokens * per_position)
    lines = [
        f"{len(pairs):,} training pairs with {pairs.num_target_tokens:,} target tokens, {len(validation):,} validation "
        f"pairs ({100 * validation.unknown_share:.2f}% of their tokens unknown), vocabulary of {vocabulary}",
        f"{parameters:,} parameters; {length_of(training, plan.num_batches, seconds)} and {num_bytes / 1e9:.1f} GB",
    ]
    if parameters > 50 * pairs.num_target_tokens:
        lines.append(
            f"advice: {parameters / pairs.num_target_tokens:.0f} parameters per target token is a lot; the model will "
            "learn the pairs by heart. Use more pairs, or smaller layers and vocabularies."
        )
    return "\n".join([*lines, *short_run_advice(training, plan.num_batches), *precision_advice(training.precision)])


def describe_classifier_run(
    config: ClassifierConfig,
    training: ClassifierTrainingConfig,
    sequences: Sequence[np.ndarray],
    plans: tuple[LabelledPlan, LabelledPlan],
) -> str:
    """Returns the lines that are shown before a classifier's training starts."""
    steps = sum(map(len, sequences))
    multiplied = sum(
        math.prod(shape) for name, shape in config.weight_shapes().items() if not name.endswith("embeddings")
    )
    passes = num_passes(training, plans[0].num_batches)
    seconds = 6 * multiplied * steps * passes / (EFFICIENCY * flops_per_second(training.precision))
    read = (
        f"a vocabulary of {config.vocabulary_size:,}" if config.vocabulary_size else f"{config.num_features} features"
    )
    lines = [
        f"{plans[0].num_targets:,} training sequences of {steps / len(sequences):.0f} steps on average, "
        f"{plans[1].num_targets:,} validation sequences, {read}, {config.num_outputs} classes",
        f"{num_parameters(config):,} parameters; {length_of(training, plans[0].num_batches, seconds)}",
    ]
    return "\n".join([*lines, *short_run_advice(training, plans[0].num_batches), *precision_advice(training.precision)])


def describe_forecaster_run(
    config: ForecasterConfig, training: ForecasterTrainingConfig, plans: tuple[WindowPlan, WindowPlan]
) -> str:
    """Returns the lines that are shown before a forecaster's training starts."""
    windows = [len(plan.owners) for plan in plans]
    num_segments = config.lookback // config.segment
    multiplied = sum(
        math.prod(shape) * (num_segments if name.startswith("recurrent") else 1)
        for name, shape in config.weight_shapes().items()
    )
    passes = num_passes(training, plans[0].num_batches)
    seconds = 6 * multiplied * windows[0] * passes / (EFFICIENCY * flops_per_second(training.precision))
    lines = [
        f"{windows[0]:,} training windows of {num_segments} segments, {windows[1]:,} validation windows",
        f"{num_parameters(config):,} parameters; {length_of(training, plans[0].num_batches, seconds)}",
    ]
    return "\n".join([*lines, *precision_advice(training.precision)])
