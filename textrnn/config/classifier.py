"""What a classifier is, and how it is trained."""

import dataclasses
from typing import Any, ClassVar

from textrnn.config.architecture import Architecture, Link, Part, chained, recurrent_part, with_dropout
from textrnn.config.base import NUM_GATES, Config, Shapes, num_states, recurrent_shapes
from textrnn.config.fitting import CategoricalFittingConfig
from textrnn.errors import TextrnnError, check_choice, check_range

__all__ = [
    "CLASSIFIERS",
    "FROM_DATA",
    "GRAM_PLACES",
    "LINEAR_STEP",
    "POOLINGS",
    "ClassifierConfig",
    "ClassifierTrainingConfig",
]

FROM_DATA = (  # nobody sets these
    "labels",
    "vocabulary_size",
    "num_features",
    "means",
    "deviations",
    "temperature",
    "linear_share",
    "beginning",
)
BEGINNINGS = ("bos", "newline")
GRAM_PLACES = 65_536  # of words, pairs of words and pieces of words in the linear classifier
LINEAR_STEP = 0.3  # what the linear classifier multiplies by, so that training moves little what it begins with
POOLINGS = ("last", "max", "mean", "attention")
SCALINGS = ("feature", "range")

# The network of the well-known Keras tutorials that reads digits row by row.
TUTORIAL: dict[str, Any] = {
    "cell": "simple_rnn",
    "units": (64,),
    "bidirectional": False,
    "pooling": ("last",),
    "scaling": "range",
    "input_dropout": 0.0,
    "output_dropout": 0.0,
}
CLASSIFIERS = {"tutorial": TUTORIAL}

Label = str | int | float


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassifierConfig(Config):
    """A network that reads a sequence of tokens or of vectors and names its class.

    Args:
        labels: The classes, in the order of the outputs: strings or numbers.
        vocabulary_size: Number of token ids, the four special ones included; 0 for sequences of vectors.
        num_features: Numbers in a vector; 0 for sequences of tokens.
        multi_label: Whether a sequence may have several labels; of one that is read, none may be likely.
        cell: "simple_rnn", "gru" or "lstm".
        units: Size of each recurrent layer in each direction, one to four of them.
        embedding_dim: Size of a token vector.
        bidirectional: Whether the recurrent layers read both ways.
        pooling: What the output sees of the last layer: "last" (where each direction has ended), "max" or "mean" over
            all steps, "attention" (a learned average); several stand side by side.
        linear: Whether a linear classifier of words, pairs of words and pieces of words stands beside the recurrent
            layers, with a loss of its own; their logits are averaged.
        input_dropout: Dropout on what is read.
        dropout: Dropout between recurrent layers.
        output_dropout: Dropout before the output.
        variational_dropout: Whether a dropout mask stays the same over a whole sequence (Gal and Ghahramani 2016).
        word_dropout: Share of the tokens that are read as unknown, in training (Iyyer et al. 2015).
        weight_drop: Share of the recurrent kernels zeroed for a whole batch (Merity et al. 2018).
        max_length: Longest sequence read; of a longer one the beginning.
        scaling: How vectors are scaled: "feature" centres each feature and divides it by its deviation, "range" divides
            all by the largest number there is, as the tutorials do with pixels.
        means: What is subtracted from each feature, found in training.
        deviations: What each feature is divided by then, found in training.
        temperature: Divides the logits, so that probabilities are as often right as they say (Guo et al. 2017); found
            on the validation data.
        linear_share: Share of the linear classifier in the logits; found on the validation data.
        beginning: What is read before each text: "bos", the mark that begins a document, a "newline", or None for
            nothing; that of the language model that the classifier has begun with.
    """

    labels: tuple[Label, ...] = ()
    vocabulary_size: int = 0
    num_features: int = 0
    multi_label: bool = False
    cell: str = "lstm"
    units: tuple[int, ...] = (128,)
    embedding_dim: int = 128
    bidirectional: bool = True
    pooling: tuple[str, ...] = ("max", "mean", "attention")
    linear: bool = False
    input_dropout: float = 0.3
    dropout: float = 0.3
    output_dropout: float = 0.3
    variational_dropout: bool = True
    word_dropout: float = 0.0
    weight_drop: float = 0.0
    max_length: int = 400
    scaling: str = "feature"
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()
    temperature: float = 1.0
    linear_share: float = 0.5
    beginning: str | None = None

    kind: ClassVar[str] = "classifier"

    def __post_init__(self) -> None:
        self._set_layer_sizes("units")
        pooling = (self.pooling,) if isinstance(self.pooling, str) else tuple(self.pooling)
        for name, value in (("pooling", pooling), ("labels", tuple(self.labels))):
            object.__setattr__(self, name, value)
        self._check_labels()
        check_range("vocabulary_size", self.vocabulary_size, 0, 10_000_000, whole=True)
        check_range("num_features", self.num_features, 0, 65_536, whole=True)
        check_choice("cell", self.cell, NUM_GATES)
        check_choice("scaling", self.scaling, SCALINGS)
        check_choice("beginning", self.beginning, (*BEGINNINGS, None))
        check_range("embedding_dim", self.embedding_dim, 1, 16_384, whole=True)
        check_range("max_length", self.max_length, 1, 100_000, whole=True)
        check_range("temperature", self.temperature, 0, 1000, above=True)
        self._check_shares("input_dropout", "dropout", "output_dropout", "word_dropout", "weight_drop")
        check_range("linear_share", self.linear_share, 0, 1)
        self._check_flags()
        if not pooling or len(set(pooling)) < len(pooling):
            raise TextrnnError(f"`pooling` must name each way of pooling once. Received: {pooling}.")
        for name in pooling:
            check_choice("pooling", name, POOLINGS)
        for name in ("means", "deviations"):
            self._check_statistics(name)

    def _check_labels(self) -> None:
        if any(isinstance(label, bool) or not isinstance(label, (str, int, float)) for label in self.labels):
            raise TextrnnError(f"`labels` must hold strings or numbers. Received: {self.labels}.")
        if len(set(self.labels)) < len(self.labels):
            raise TextrnnError(f"`labels` must not hold a label twice. Received: {self.labels}.")

    def _check_statistics(self, name: str) -> None:
        values = tuple(getattr(self, name))
        object.__setattr__(self, name, values)
        if len(values) not in (0, self.num_features):
            raise TextrnnError(f"`{name}` must hold a number for each of the {self.num_features} features.")
        for value in values:
            check_range(name, value, 0 if name == "deviations" else None, above=name == "deviations")

    @property
    def directions(self) -> tuple[str, ...]:
        """Suffixes of the recurrent layers' weight names, one for each direction of reading."""
        return ("", "_backward") if self.bidirectional else ("",)

    @property
    def num_states(self) -> int:
        """Number of state arrays per recurrent layer."""
        return num_states(self.cell)

    @property
    def tokenizer_names(self) -> tuple[str, ...]:
        """Names of the tokenizers that a model of this config has."""
        return ("tokenizer",) if self.vocabulary_size else ()

    @property
    def vocabulary_sizes(self) -> tuple[int, ...]:
        """Sizes of the vocabularies that `tokenizer_names` names."""
        return (self.vocabulary_size,) if self.vocabulary_size else ()

    @property
    def has_linear(self) -> bool:
        """Whether there is a linear classifier: of vectors there is none."""
        return self.linear and self.vocabulary_size > 0

    @property
    def num_outputs(self) -> int:
        """Number of logits."""
        return len(self.labels)

    def weight_shapes(self) -> Shapes:
        """Returns the name and shape of every weight of the network, in order."""
        shapes: Shapes = {}
        size = self.num_features
        if self.vocabulary_size:
            shapes["embedding/embeddings"] = (self.vocabulary_size, self.embedding_dim)
            size = self.embedding_dim
        for layer, units in enumerate(self.units):
            for direction in self.directions:
                shapes |= recurrent_shapes(self.cell, f"recurrent_{layer}{direction}", size, units)
            size = units * len(self.directions)
        if "attention" in self.pooling:
            shapes |= {"attention/kernel": (size, size), "attention/bias": (size,), "attention/vector": (size,)}
        shapes["output/kernel"] = (size * len(self.pooling), self.num_outputs)
        shapes["output/bias"] = (self.num_outputs,)
        if self.has_linear:
            shapes["linear/embeddings"] = (1 + GRAM_PLACES, self.num_outputs)
            shapes["linear/bias"] = (self.num_outputs,)
        return shapes

    def architecture(self) -> Architecture:
        column, labels = self._recurrent_parts()
        size = self.units[-1] * len(self.directions) * len(self.pooling)
        output = Part("output", ("output", f"{size:,} → {self.num_outputs:,}"), ("output/",))
        labels_named = f"of {self.num_outputs:,} labels, {'each by itself' if self.multi_label else 'one of them true'}"
        probabilities = Part("probabilities", ("probabilities", labels_named))
        squashed = "sigmoid" if self.multi_label else "softmax"
        column = [*column, output]
        labels = [*labels, with_dropout(f"a vector of {size:,}", self.output_dropout)]
        if not self.has_linear:
            column.append(probabilities)
            return Architecture((tuple(column),), tuple(chained(column, [*labels, (squashed,)])))
        column += [Part("average", ("average", f"{self.linear_share:.0%} of it linear")), probabilities]
        links = chained(column, [*labels, ("logits",), (squashed,)])
        grams = Part("grams", ("words, pairs, pieces", f"{GRAM_PLACES:,} places"))
        linear = Part("linear", ("linear classifier", f"{GRAM_PLACES:,} → {self.num_outputs:,}"), ("linear/",))
        links += [
            Link("grams", "linear", with_dropout("those in the text", self.input_dropout)),
            Link("linear", "average", ("logits",)),
        ]
        return Architecture((tuple(column), (grams, linear)), tuple(links))

    def _recurrent_parts(self) -> tuple[list[Part], list[tuple[str, ...]]]:
        """Returns what reads and pools, and the labels of the links between."""
        size = self.embedding_dim if self.vocabulary_size else self.num_features
        labels: list[tuple[str, ...]] = []
        if self.vocabulary_size:
            sizes = f"{self.vocabulary_size:,} × {size:,}"
            column = [
                Part("tokens", ("tokens", f"vocabulary of {self.vocabulary_size:,}")),
                Part("embedding", ("embedding", sizes), ("embedding/",)),
            ]
            labels = [("token ids", f"word dropout {self.word_dropout:g}") if self.word_dropout else ("token ids",)]
        elif self.num_features:
            column = [Part("vectors", ("vectors", f"of {size:,} numbers, scaled"))]
        else:
            column = [Part("vectors", ("tokens or vectors", "as the data are"))]
        labels.append(with_dropout(f"vectors of {size:,}", self.input_dropout, self.variational_dropout))
        for layer, units in enumerate(self.units):
            column.append(recurrent_part(self.cell, f"recurrent_{layer}", units, self.bidirectional, self.weight_drop))
            rate = self.dropout if layer + 1 < len(self.units) else 0.0
            text = f"vectors of {units * len(self.directions):,}"
            labels.append(with_dropout(text, rate, self.variational_dropout))
        weights = ("attention/",) if "attention" in self.pooling else ()
        column.append(Part("pooling", ("pooling over the steps", ", ".join(self.pooling)), weights))
        return column, labels


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassifierTrainingConfig(CategoricalFittingConfig):
    """How a classifier is trained: the options of `CategoricalFittingConfig`, and these.

    Args:
        batch_size: Sequences per step.
        balanced: Whether errors on rare classes count for more, so that all classes count the same.
    """

    batch_size: int = 32
    balanced: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("batch_size", self.batch_size, 1, 65_536, whole=True)
        self._check_flags()
