"""What is chosen for a classifier, by the number of its sequences and what they are."""

import itertools
from collections.abc import Sequence
from typing import Any

from textrnn.defaults.choice import FEWEST_STEPS, Choice, Options, as_sizes, going_on, length_in_words, with_length
from textrnn.preprocessing.scripts import has_spaces
from textrnn.wording import counted

__all__ = ["classifier_choice", "classifier_tuning_choice", "encoder_choice"]


def classifier_choice(sequences: Sequence[Any], counts: dict[Any, int], model: Options, training: Options) -> Choice:
    """Chooses network and training of a classifier.

    Args:
        sequences: The sequences to train on: texts, or arrays of shape `(time, num_features)`.
        counts: How many sequences have each label.
        model: The options of the network that are set, with `level` and `vocabulary_size`.
        training: The options of training that are set.
    """
    number = len(sequences)
    network: Options = {"max_length": 400}
    if isinstance(sequences[0], str):
        sample = "\n".join(itertools.islice(sequences, 1000))
        level = model.get("level") or ("word" if has_spaces(sample) else "char")
        network |= {
            "level": level,
            "vocabulary_size": 8000 if level == "subword" else None,
            "lowercase": True,
            "units": (128,),
            "embedding_dim": 128,
            "input_dropout": 0.3,
            "output_dropout": 0.4,
            "word_dropout": 0.2,
            "linear": True,
        }
        what = f"{counted(number, 'text')} of {len(counts)} classes: {level}s"
    else:
        network |= {"units": (128,), "input_dropout": 0.0, "output_dropout": 0.2, "pooling": ("last",)}
        what = f"{counted(number, 'sequence')} of vectors of {len(counts)} classes"
    fitting = fitting_choice(number, training, learning_rate=0.002, passes=8, validations=10, patience=4)
    chosen = {**network, **model}
    layers = " + ".join(map(str, as_sizes(chosen["units"])))
    return Choice(network, fitting, (f"{what}, {layers} units, {length_in_words({**fitting, **training})}",))


def encoder_choice(number: int, num_labels: int, model: Options, training: Options) -> Choice:
    """Chooses network and training of a classifier that begins with a language model.

    Args:
        number: Texts to train on.
        num_labels: How many classes there are.
        model: What the language model fixes; see `textrnn.tasks.encoders`.
        training: The options of training that are set.
    """
    network: Options = {
        "max_length": 400,
        "vocabulary_size": None,
        "pooling": ("last", "max", "mean", "attention"),
        "linear": True,
        "input_dropout": 0.3,
        "dropout": 0.3,
        "output_dropout": 0.4,
        "word_dropout": 0.1,
    }
    fitting = fitting_choice(number, training, learning_rate=0.001, passes=5, validations=8, patience=3)
    layers = " + ".join(map(str, model["units"]))
    what = f"{counted(number, 'text')} of {num_labels} classes: {model['level']}s, {layers} units of a language model"
    return Choice(network, fitting, (f"{what}, {length_in_words({**fitting, **training})}",))


def fitting_choice(
    number: int, training: Options, *, learning_rate: float, passes: int, validations: int, patience: int
) -> Options:
    """Returns the options of training from the beginning, for so many sequences."""
    fitting: Options = {
        "batch_size": training.get("batch_size", 32 if number >= 2000 else 16),
        "learning_rate": learning_rate,
        "warmup_steps": 50,
        "label_smoothing": 0.05,
        "moving_average": 0.99,
        "validations": validations,
        "patience": patience,
    }
    steps = int(min(max(passes * number / fitting["batch_size"], FEWEST_STEPS), 6000))
    return with_length(fitting, training, "steps", steps)


def classifier_tuning_choice(number: int, training: Options) -> Choice:
    """Chooses how a trained classifier goes on with other data.

    Args:
        number: Sequences to train on.
        training: The options of training that are set.
    """
    fitting: Options = {
        "learning_rate": 0.0005,
        "warmup_steps": 20,
        "label_smoothing": 0.1,
        "moving_average": 0.99,
        "validations": 6,
        "patience": 3,
    }
    return going_on(f"{number:,} sequences", with_length(fitting, training, "epochs", 4), training)
