"""What is chosen for a translator, by the number of sentence pairs."""

import dataclasses

from textrnn.defaults.choice import Choice, Options, as_sizes, going_on, length_in_words, with_length
from textrnn.wording import counted

__all__ = ["translator_choice", "translator_tuning_choice", "validation_share"]


@dataclasses.dataclass(frozen=True)
class TranslatorSize:
    """How up to so many sentence pairs are trained on.

    Args:
        pairs: Most pairs.
        vocabulary_size: Most subwords of each language.
        units: Size of each of the layers: one of the encoder, two of the decoder.
        dropout: Dropout on token vectors, between layers and before the output.
        batch_tokens: Target tokens per step.
        epochs: How often the pairs are read.
        learning_rate: The highest.
    """

    pairs: float
    vocabulary_size: int
    units: int
    dropout: float
    batch_tokens: int
    epochs: int
    learning_rate: float


TRANSLATOR_SIZES = (
    TranslatorSize(5_000, 1000, 128, 0.3, 400, 40, 0.003),
    TranslatorSize(50_000, 4000, 192, 0.3, 600, 14, 0.006),
    TranslatorSize(200_000, 4000, 192, 0.3, 600, 8, 0.006),
    TranslatorSize(float("inf"), 8000, 256, 0.2, 1200, 10, 0.006),
)


def translator_choice(num_pairs: int, model: Options, training: Options) -> Choice:
    """Chooses network and training of a translator.

    Args:
        num_pairs: Sentence pairs to train on.
        model: The options of the network that are set, with `level` and `vocabulary_size`.
        training: The options of training that are set.
    """
    size = next(size for size in TRANSLATOR_SIZES if num_pairs <= size.pairs)
    level = model.get("level", "subword")
    network: Options = {
        "level": level,
        "vocabulary_size": size.vocabulary_size if level == "subword" else None,
        "encoder_units": (size.units,),
        "decoder_units": (size.units, size.units),
        "embedding_dim": size.units,
        "input_dropout": size.dropout,
        "dropout": size.dropout,
        "output_dropout": size.dropout,
    }
    fitting: Options = {
        "batch_tokens": size.batch_tokens,
        "learning_rate": size.learning_rate,
        "warmup_steps": 200,
        "label_smoothing": 0.1,
        "moving_average": 0.99 if num_pairs <= 5000 else 0.998,
        "subword_regularization": 0.05,
        "validations": 10,
        "patience": 4,
    }
    fitting = with_length(fitting, training, "epochs", size.epochs)
    chosen = {**network, **model}
    layers = " and ".join(" + ".join(map(str, as_sizes(chosen[name]))) for name in ("encoder_units", "decoder_units"))
    vocabulary = f"{chosen['vocabulary_size']:,} {level}s" if chosen["vocabulary_size"] else f"{level}s"
    reason = f"{counted(num_pairs, 'pair')}: {vocabulary}, {layers} units, {length_in_words({**fitting, **training})}"
    return Choice(network, fitting, (reason,))


def translator_tuning_choice(num_pairs: int, training: Options) -> Choice:
    """Chooses how a trained translator goes on with other pairs.

    Args:
        num_pairs: Sentence pairs to train on.
        training: The options of training that are set.
    """
    fitting: Options = {
        "batch_tokens": 400 if num_pairs < 5000 else 1200,
        "learning_rate": 0.0006,
        "warmup_steps": 50,
        "label_smoothing": 0.1,
        "moving_average": 0.99,
        "validations": 6,
        "patience": 3,
    }
    epochs = 4
    if training.get("objective") == "minimum-risk":
        # A sixth of the tokens are given, the others drawn. Smoothing would reward a bad candidate's uncertainty.
        fitting |= {"batch_tokens": 6000, "learning_rate": 0.0002, "label_smoothing": 0.0}
        epochs = 2
    return going_on(counted(num_pairs, "pair"), with_length(fitting, training, "epochs", epochs), training)


def validation_share(num_pairs: int) -> float:
    """Returns the share of the pairs that is set aside: a fiftieth, and more of a few thousand or fewer."""
    return min(max(0.02, 200 / max(num_pairs, 1)), 0.1)
