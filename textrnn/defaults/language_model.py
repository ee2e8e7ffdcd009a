"""What is chosen for a language model, by the size, the script and the documents of its text."""

import dataclasses
import math

from textrnn.config import NetworkConfig
from textrnn.defaults.choice import FEWEST_STEPS, Choice, Options, as_sizes, going_on, length_in_words, with_length
from textrnn.preprocessing.survey import BLANK_LINE, Survey
from textrnn.wording import counted

__all__ = ["SIZES", "fine_tuning_choice", "language_model_choice"]

NOMINAL_FLOPS = 60e9  # a second, in training on two plain cores; only the length of a run follows from it
USUAL_MINUTES = 5  # for a million characters or fewer, and more for more
WARMUP_STEPS = 40
VALIDATIONS = 12
PATIENCE = 4  # validations
SMALL_TEXT = 30_000  # characters, to go on with
KNOWN_TEXT = 0.5  # nats per token: no more does text of a kind that a model knows cost above its validation text
LONG_DOCUMENT = 1000  # characters on average; longer ones are read as a stream
MOST_SUBWORDS = 8000


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
    Size(150_000, "char", (512,), 256, 0.2, 0.6, 0.0, 8, 10, 0.006),
    Size(500_000, "char", (512,), 256, 0.1, 0.5, 0.0, 16, 6, 0.006),
    Size(4_000_000, "subword", (256,), 256, 0.1, 0.3, 0.0, 16, 15, 0.01),
    Size(float("inf"), "subword", (384,), 384, 0.1, 0.2, 0.0, 16, 4, 0.01),
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
    wanted = round(size.passes * num_tokens / per_step)
    steps = max(min(wanted, affordable_steps(text, model, per_step)), FEWEST_STEPS)
    return with_length(options, given, "steps", steps)


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


def readable_size(num_characters: int) -> str:
    """Returns a number of characters as people say it."""
    for limit, unit in ((1e6, "million"), (1e3, "thousand")):
        if num_characters >= limit:
            return f"{num_characters / limit:.3g} {unit} characters"
    return counted(num_characters, "character")


def fine_tuning_choice(text: Survey, model: NetworkConfig, given: Options, surplus_loss: float | None = None) -> Choice:
    """Chooses how a trained language model goes on with other text: in small steps where it knows such text already.

    Args:
        text: What the new text looks like.
        model: The model's config.
        given: The options of training that are set.
        surplus_loss: How much more the text costs the model than its own validation text, in nats per token.
    """
    is_small = text.num_characters < SMALL_TEXT
    is_known = surplus_loss is not None and surplus_loss < KNOWN_TEXT
    batch_size = given.get("batch_size", 4 if is_small else 8 if text.num_characters < 1_000_000 else 32)
    length = given.get("length", 32 if is_small else 64)
    # Rates that fall towards the input leave what is known; little text of another kind has no time for that.
    rate, layer_decay = (0.001, 1.0) if is_small and not is_known else (0.002 if is_small else 0.003, 0.3)
    if given.get("prune"):
        layer_decay = 1.0  # each layer has to make good what it lost itself
    options: Options = {
        "batch_size": batch_size,
        "length": length,
        "learning_rate": rate,
        "layer_decay": layer_decay,
        "warmup_steps": 20,
        "validations": 8,
        "patience": 3,
        "moving_average": 0.99,
    }
    passes = 6 if is_known or not is_small else 8
    steps = max(round(passes * text.num_characters / CHARACTERS_PER_SUBWORD / (batch_size * length)), 60)
    what = f"{readable_size(text.num_characters)}{' of a kind that it knows' * is_known}"
    return going_on(what, with_length(options, given, "steps", steps), given)
