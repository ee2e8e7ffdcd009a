"""What is chosen for a person who does not choose: options of network and training that fit a text.

Whatever the user has set stays as set. `python -m benchmarks.defaults` compares the rules with others over corpora of
many sizes; its table stands in `benchmarks/RESULTS.md`.
"""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import Any

from textrnn.config import BUDGET, NetworkConfig
from textrnn.preprocessing.scripts import has_spaces
from textrnn.preprocessing.survey import BLANK_LINE, Survey

__all__ = [
    "Choice",
    "classifier_choice",
    "classifier_tuning_choice",
    "fine_tuning_choice",
    "language_model_choice",
    "translator_choice",
    "translator_tuning_choice",
    "validation_share",
]

Options = dict[str, Any]

NOMINAL_FLOPS = 60e9  # a second, in training on two plain cores; only the length of a run follows from it
USUAL_MINUTES = 5  # for a million characters or fewer, and more for more
WARMUP_STEPS = 40
VALIDATIONS = 12
FEWEST_STEPS = 300
PATIENCE = 4  # validations
LONG_DOCUMENT = 1000  # characters on average; longer ones are read as a stream
MOST_SUBWORDS = 8000


@dataclasses.dataclass(frozen=True)
class Choice:
    """Options that fit a text, and the lines that say why.

    Args:
        model: Options of `NetworkConfig`, and `level` and `vocabulary_size`.
        training: Options of `TrainingConfig`.
        reasons: What was chosen and why, for people.
    """

    model: Options
    training: Options
    reasons: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Size:
    """How text of up to so many characters is trained on.

    Args:
        characters: Most characters.
        level: Level of the tokens, where the script has spaces.
        units: Size of each layer.
        embedding_dim: Size of a token vector.
        input_dropout: Dropout on the token vectors.
        output_dropout: Dropout before the output.
        weight_drop: Share of the recurrent kernels zeroed for a step.
        batch_size: Rows per step.
        passes: How often the text is read.
        learning_rate: The highest.
    """

    characters: float
    level: str
    units: tuple[int, ...]
    embedding_dim: int
    input_dropout: float
    output_dropout: float
    weight_drop: float
    batch_size: int
    passes: float
    learning_rate: float


SIZES = (
    Size(30_000, "char", (384,), 256, 0.4, 0.7, 0.3, 4, 36, 0.006),
    Size(150_000, "char", (512,), 256, 0.2, 0.6, 0.0, 8, 10, 0.004),
    Size(500_000, "char", (384,), 256, 0.1, 0.5, 0.0, 16, 12, 0.004),
    Size(4_000_000, "subword", (256,), 256, 0.1, 0.3, 0.0, 16, 15, 0.003),
    Size(float("inf"), "subword", (384,), 384, 0.1, 0.2, 0.0, 16, 4, 0.003),
)
CHARACTERS_PER_SUBWORD = 3.5


def language_model_choice(
    text: Survey, documents: str | None, model: Options, training: Options, num_documents: int = 1
) -> Choice:
    """Chooses network and training of a language model.

    Args:
        text: What the text looks like.
        documents: What a document is in it; None is running text.
        model: The options of the network that are set, with `level` and `vocabulary_size`.
        training: The options of training that are set.
        num_documents: How many documents there are.
    """
    mean_document = text.num_characters / num_documents
    size = next(size for size in SIZES if text.num_characters <= size.characters)
    level = model.get("level") or (size.level if text.is_spaced else "char")
    form = model.get("form") or ("lines" if documents and mean_document <= LONG_DOCUMENT else "stream")
    last = as_sizes(model.get("units", size.units))[-1]
    network: Options = {
        "level": level,
        "vocabulary_size": vocabulary_size(text, level),
        "units": size.units,
        "embedding_dim": last if level != "char" else size.embedding_dim,
        "tie_weights": level != "char" and not model.get("bidirectional", False),
        "input_dropout": size.input_dropout,
        "dropout": 0.3,
        "output_dropout": size.output_dropout,
        "weight_drop": size.weight_drop,
        "variational_dropout": True,
        "form": form,
        "documents": documents,
        "max_length": 256,
    }
    if "embedding_dim" in model and model["embedding_dim"] != last:
        network["tie_weights"] = False
    chosen = {**network, **model}
    fitting = fitting_choice(size, chosen, text, training, mean_document)
    return Choice(network, fitting, reasons(text, chosen, {**fitting, **training}))


def vocabulary_size(text: Survey, level: str) -> int | None:
    """Returns the number of token ids to use; None where the tokenizer counts for itself."""
    if level != "subword":
        return None
    number = text.num_characters // 500
    return min(max(number, 500), max(number // 5, 2000), MOST_SUBWORDS)


def fitting_choice(size: Size, model: Options, text: Survey, given: Options, mean_document: float) -> Options:
    """Returns the options of training that fit a size of text."""
    per_token = 1.0 if model["level"] == "char" else CHARACTERS_PER_SUBWORD if model["level"] == "subword" else 5.5
    num_tokens = text.num_characters / per_token
    batch_size = given.get("batch_size", size.batch_size)
    length = given.get("length", 64)
    if model["form"] != "stream":
        batch_size = given.get("batch_size", lines_batch_size(text.num_characters / mean_document))
    per_step = batch_size * (length if model["form"] == "stream" else mean_document / per_token)
    if model["form"] == "ngrams":
        per_step = batch_size
    options: Options = {
        "batch_size": batch_size,
        "length": length,
        "learning_rate": size.learning_rate,
        "warmup_steps": WARMUP_STEPS,
        "validations": VALIDATIONS,
        "patience": PATIENCE,
        "moving_average": 0.99,
        "weight_decay": 0.01,
    }
    if not any(given.get(name) is not None for name in BUDGET):
        wanted = round(size.passes * num_tokens / per_step)
        options["steps"] = max(min(wanted, affordable_steps(text, model, per_step)), FEWEST_STEPS)
    if counts_epochs(given):
        del options["validations"]
    return options


def counts_epochs(given: Options) -> bool:
    """Returns whether the user thinks in epochs, and so expects a validation at the end of each."""
    return given.get("epochs") is not None or given.get("validations_per_epoch") is not None


def affordable_steps(text: Survey, model: Options, tokens_per_step: float) -> int:
    """Returns how many steps take about `USUAL_MINUTES` on a plain machine, or longer for a larger text."""
    guessed = {"char": text.num_distinct_characters + 5, "word": 10_000, "subword": MOST_SUBWORDS}
    size = model["vocabulary_size"] or guessed[model["level"]]
    network = {name: value for name, value in model.items() if name not in ("level", "lowercase", "vocabulary_size")}
    shapes = NetworkConfig(vocabulary_size=size, **network).weight_shapes()
    multiplied = sum(
        math.prod(shape) for name, shape in shapes.items() if model["tie_weights"] or "embedding" not in name
    )
    minutes = USUAL_MINUTES * math.sqrt(max(text.num_characters / 1e6, 1.0))
    return int(60 * minutes * NOMINAL_FLOPS / (6 * multiplied * tokens_per_step))


def lines_batch_size(num_documents: float) -> int:
    """Returns how many documents go into a step: more of them where there are many."""
    return 32 if num_documents >= 4000 else 16 if num_documents >= 1000 else 8


def reasons(text: Survey, model: Options, training: Options) -> tuple[str, ...]:
    """Returns two lines that say what was chosen."""
    names = {"char": "characters", "word": "words", "subword": "subwords"}
    units = as_sizes(model["units"])
    documents = {None: "running text", "line": "each line a document", "file": "each file a document"}
    documents |= {"item": "each item a document", BLANK_LINE: "documents between blank lines"}
    kind = documents.get(model["documents"], f"documents between lines of {model['documents']!r}")
    script = "" if text.is_spaced else " without spaces between words"
    return (
        f"{readable_size(text.num_characters)} of text{script}, {kind}: {names[model['level']]}, "
        f"{' + '.join(str(size) for size in units)} units, {length_in_words(training)} in batches of "
        f"{training['batch_size']}",
    )


def length_in_words(training: Options) -> str:
    """Returns how long a run is: steps, epochs or minutes."""
    return next(f"{training[name]:,} {name}" for name in ("steps", "epochs", "minutes") if training.get(name))


def readable_size(num_characters: int) -> str:
    """Returns a number of characters as people say it."""
    for limit, unit in ((1e6, "million"), (1e3, "thousand")):
        if num_characters >= limit:
            return f"{num_characters / limit:.3g} {unit} characters"
    return f"{num_characters} characters"


def fine_tuning_choice(text: Survey, model: NetworkConfig, given: Options) -> Choice:
    """Chooses how a trained language model goes on with other text.

    Args:
        text: What the new text looks like.
        model: The model's config.
        given: The options of training that are set.
    """
    batch_size = given.get("batch_size", 8 if text.num_characters < 1_000_000 else 32)
    length = given.get("length", 64)
    options: Options = {
        "batch_size": batch_size,
        "length": length,
        "learning_rate": 0.001,
        "warmup_steps": 20,
        "validations": 8,
        "patience": 3,
        "moving_average": 0.99,
    }
    if counts_epochs(given):
        del options["validations"]
    if not any(given.get(name) is not None for name in BUDGET):
        num_tokens = text.num_characters / 3
        options["steps"] = max(round(4 * num_tokens / (batch_size * length)), 60)
    chosen = {**options, **given}
    line = f"going on from trained weights with {readable_size(text.num_characters)}: {length_in_words(chosen)}, "
    return Choice({}, options, (line + f"learning rate {chosen['learning_rate']}",))


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
    learning_rate: float = 0.003


TRANSLATOR_SIZES = (
    TranslatorSize(5_000, 1000, 128, 0.3, 400, 40),
    TranslatorSize(50_000, 4000, 256, 0.3, 1200, 14),
    TranslatorSize(float("inf"), 8000, 256, 0.2, 2400, 10),
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
    if counts_epochs(training):
        del fitting["validations"]
    if not any(training.get(name) is not None for name in BUDGET):
        fitting["epochs"] = size.epochs
    chosen = {**network, **model}
    layers = " and ".join(" + ".join(map(str, as_sizes(chosen[name]))) for name in ("encoder_units", "decoder_units"))
    vocabulary = f"{chosen['vocabulary_size']:,} {level}s" if chosen["vocabulary_size"] else f"{level}s"
    reason = f"{num_pairs:,} pairs: {vocabulary}, {layers} units, {length_in_words({**fitting, **training})}"
    return Choice(network, fitting, (reason,))


def as_sizes(units: Any) -> tuple[int, ...]:
    """Returns layer sizes as a tuple, also where one layer is given as a number."""
    return tuple(units) if isinstance(units, (list, tuple)) else (units,)


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
    if counts_epochs(training):
        del fitting["validations"]
    if not any(training.get(name) is not None for name in BUDGET):
        fitting["epochs"] = 4
    chosen = {**fitting, **training}
    line = f"going on from trained weights with {num_pairs:,} pairs: {length_in_words(chosen)}, "
    return Choice({}, fitting, (line + f"learning rate {chosen['learning_rate']}",))


def validation_share(num_pairs: int) -> float:
    """Returns the share of the pairs that is set aside: a fiftieth, and more of a few thousand or fewer."""
    return min(max(0.02, 200 / max(num_pairs, 1)), 0.1)


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
            "input_dropout": 0.5,
            "output_dropout": 0.5,
            "word_dropout": 0.1,
        }
        what = f"{number:,} texts of {len(counts)} classes: {level}s"
    else:
        network |= {"units": (128,), "input_dropout": 0.0, "output_dropout": 0.2, "pooling": ("last",)}
        what = f"{number:,} sequences of vectors of {len(counts)} classes"
    batch_size = 32 if number >= 2000 else 16
    fitting: Options = {
        "batch_size": training.get("batch_size", batch_size),
        "learning_rate": 0.002,
        "warmup_steps": 50,
        "label_smoothing": 0.1,
        "moving_average": 0.99,
        "validations": 10,
        "patience": 4,
    }
    if counts_epochs(training):
        del fitting["validations"]
    if not any(training.get(name) is not None for name in BUDGET):
        steps = 8 * number / fitting["batch_size"]
        fitting["steps"] = int(min(max(steps, FEWEST_STEPS), 6000))
    chosen = {**network, **model}
    layers = " + ".join(map(str, as_sizes(chosen["units"])))
    return Choice(network, fitting, (f"{what}, {layers} units, {length_in_words({**fitting, **training})}",))


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
    if counts_epochs(training):
        del fitting["validations"]
    if not any(training.get(name) is not None for name in BUDGET):
        fitting["epochs"] = 4
    chosen = {**fitting, **training}
    line = f"going on from trained weights with {number:,} sequences: {length_in_words(chosen)}, "
    return Choice({}, fitting, (line + f"learning rate {chosen['learning_rate']}",))
