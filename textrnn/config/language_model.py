"""What a language model is, and how it is trained."""

import dataclasses
from typing import Any, ClassVar, Self

from textrnn.config.architecture import Architecture, Link, Part, chained, recurrent_part, with_dropout
from textrnn.config.base import NUM_GATES, Config, Shapes, num_states, recurrent_shapes
from textrnn.config.fitting import CategoricalFittingConfig
from textrnn.errors import TextrnnError, check_choice, check_range

__all__ = ["NETWORKS", "NetworkConfig", "TrainingConfig"]

FORMS = ("stream", "lines", "ngrams")

# The network of the well-known Keras tutorials on next-word prediction.
TUTORIAL: dict[str, Any] = {
    "cell": "lstm",
    "units": (150, 100),
    "embedding_dim": 100,
    "dropout": 0.2,
    "form": "ngrams",
}
NETWORKS = {"tutorial": TUTORIAL, "tutorial-bidirectional": {**TUTORIAL, "bidirectional": True}}


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkConfig(Config):
    """A stacked Embedding, recurrent, Dropout and output network.

    Args:
        vocabulary_size: Number of token ids, the four special ones included.
        cell: "simple_rnn", "gru" or "lstm".
        units: Size of each recurrent layer, one to four of them.
        embedding_dim: Size of a token vector.
        input_dropout: Dropout between the embedding and the first recurrent layer.
        dropout: Dropout between recurrent layers.
        output_dropout: Dropout between the last recurrent layer and the output.
        variational_dropout: Whether a dropout mask stays the same over a whole sequence (Gal and Ghahramani 2016).
        embedding_dropout: Share of the vocabulary zeroed for a whole batch.
        weight_drop: Share of the recurrent kernels zeroed for a whole batch (Merity et al. 2018).
        layer_normalization: Whether each recurrent layer's output is normalised (Ba et al. 2016).
        tie_weights: Whether the embedding is also the output matrix. Where the last layer has another size than a token
            vector, a projection without a bias stands between.
        bidirectional: Whether the recurrent layers read both ways; only for `form="ngrams"`.
        form: How text becomes training sequences: "stream", "lines" or "ngrams".
        documents: What begins with `bos` and a fresh state, and ends with `eos`: "line", "file", "item" (an element of
            an iterable, a row of a table), or a string that separates documents, such as a blank line. None is running
            text, of which the "lines" and "ngrams" forms take each line by itself, without `bos` and `eos`.
        max_length: Longest row of the "lines" and "ngrams" forms, in tokens. A longer document goes on in the next
            batch with its state; a longer n-gram loses its beginning.
    """

    vocabulary_size: int
    cell: str = "lstm"
    units: tuple[int, ...] = (256, 256)
    embedding_dim: int = 256
    input_dropout: float = 0.0
    dropout: float = 0.2
    output_dropout: float = 0.0
    variational_dropout: bool = False
    embedding_dropout: float = 0.0
    weight_drop: float = 0.0
    layer_normalization: bool = False
    tie_weights: bool = False
    bidirectional: bool = False
    form: str = "stream"
    documents: str | None = None
    max_length: int = 100

    kind: ClassVar[str] = "language-model"

    def __post_init__(self) -> None:
        self._set_layer_sizes("units")
        check_range("vocabulary_size", self.vocabulary_size, 5, 10_000_000, whole=True)
        check_choice("cell", self.cell, NUM_GATES)
        check_choice("form", self.form, FORMS)
        check_range("embedding_dim", self.embedding_dim, 1, 16_384, whole=True)
        check_range("max_length", self.max_length, 2, 100_000, whole=True)
        self._check_shares("input_dropout", "dropout", "output_dropout", "embedding_dropout", "weight_drop")
        self._check_flags()
        if self.documents is not None and not (isinstance(self.documents, str) and self.documents):
            raise TextrnnError(
                '`documents` must be "line", "file", "item", a string that separates documents, or None for running '
                f"text. Received: {self.documents!r}."
            )
        if self.bidirectional and self.form != "ngrams":
            raise TextrnnError(
                "A bidirectional network reads ahead, so over a whole line or stream it would see the very tokens it "
                f"has to predict. Received: form={self.form!r}. Use form='ngrams', or bidirectional=False."
            )

    @property
    def format_version(self) -> int:  # type: ignore[override]
        """The lowest format that holds a model of this config: 1 knows no projection, and no documents but lines."""
        if self.has_projection:
            return 2
        return 1 if self.documents is None or (self.documents == "line" and self.form != "stream") else 2

    def stored(self, version: int) -> dict[str, Any]:
        """Returns the dictionary that a model of a format keeps; format 1 has `line_markers` in place of `documents`.

        Args:
            version: The format.
        """
        options = self.to_dict()
        if version > 1:
            return options
        markers = self.form == "stream" or self.documents == "line"
        renamed = {"documents": ("line_markers", markers)}
        return dict(renamed.get(name, (name, value)) for name, value in options.items())

    @classmethod
    def from_stored(cls, options: dict[str, Any]) -> Self:
        """Builds a config from what a model of any format keeps."""
        if "line_markers" not in options:
            return cls.from_dict(options)
        rest = {name: value for name, value in options.items() if name != "line_markers"}
        markers = options["line_markers"]
        if not isinstance(markers, bool):
            raise TextrnnError(f"`line_markers` must be true or false. Received: {markers!r}.")
        documents = "line" if markers and options.get("form", "stream") != "stream" else None
        return cls.from_dict({**rest, "documents": documents})

    @property
    def beginning(self) -> str | None:
        """What is read before a text: "bos" begins a document, "newline" a text of running text; None is nothing."""
        if self.documents is not None:
            return "bos"
        return "newline" if self.form == "stream" else None

    @property
    def output_dim(self) -> int:
        """Size of the last recurrent layer's output."""
        return self.units[-1] * (2 if self.bidirectional else 1)

    @property
    def has_projection(self) -> bool:
        """Whether the last layer's output is projected to the size of a token vector, to be multiplied by these."""
        return self.tie_weights and self.output_dim != self.embedding_dim

    @property
    def num_states(self) -> int:
        """Number of state arrays per recurrent layer."""
        return num_states(self.cell)

    @property
    def tokenizer_names(self) -> tuple[str, ...]:
        """Names of the tokenizers that a model of this config has."""
        return ("tokenizer",)

    @property
    def vocabulary_sizes(self) -> tuple[int, ...]:
        """Sizes of the vocabularies that `tokenizer_names` names."""
        return (self.vocabulary_size,)

    @property
    def directions(self) -> tuple[str, ...]:
        """Suffixes of the recurrent layers' weight names, one for each direction of reading."""
        return ("", "_backward") if self.bidirectional else ("",)

    def weight_shapes(self) -> Shapes:
        """Returns the name and shape of every weight of the network, in order.

        Example:

        >>> config = NetworkConfig(vocabulary_size=9, cell="gru", units=(3,), embedding_dim=2)
        >>> config.weight_shapes()["recurrent_0/kernel"]
        (2, 9)
        """
        shapes: Shapes = {"embedding/embeddings": (self.vocabulary_size, self.embedding_dim)}
        size = self.embedding_dim
        for layer, units in enumerate(self.units):
            for direction in self.directions:
                shapes |= recurrent_shapes(self.cell, f"recurrent_{layer}{direction}", size, units)
            size = units * len(self.directions)
            if self.layer_normalization:
                shapes[f"normalization_{layer}/gamma"] = (size,)
                shapes[f"normalization_{layer}/beta"] = (size,)
        if self.has_projection:
            shapes["projection/kernel"] = (size, self.embedding_dim)
        if not self.tie_weights:
            shapes["output/kernel"] = (size, self.vocabulary_size)
        shapes["output/bias"] = (self.vocabulary_size,)
        return shapes

    def architecture(self) -> Architecture:
        vocabulary = f"{self.vocabulary_size:,}"
        drop = (f"dropout of tokens {self.embedding_dropout:g}",) if self.embedding_dropout else ()
        embedding = Part("embedding", ("embedding", f"{vocabulary} × {self.embedding_dim:,}", *drop), ("embedding/",))
        column = [Part("tokens", ("tokens", f"vocabulary of {vocabulary}")), embedding]
        labels = [("token ids",), self._read_label(self.embedding_dim, self.input_dropout)]
        for layer, units in enumerate(self.units):
            rate = self.dropout if layer + 1 < len(self.units) else self.output_dropout
            label = self._read_label(units * len(self.directions), rate, is_last=layer + 1 == len(self.units))
            column.append(recurrent_part(self.cell, f"recurrent_{layer}", units, self.bidirectional, self.weight_drop))
            if self.layer_normalization:
                column.append(Part(f"normalization_{layer}", ("layer normalisation",), (f"normalization_{layer}/",)))
                labels.append((f"vectors of {units * len(self.directions):,}",))
            labels.append(label)
        if self.has_projection:
            sizes = f"{self.output_dim:,} → {self.embedding_dim:,}"
            column.append(Part("projection", ("projection", sizes), ("projection/",)))
            labels.append((f"vectors of {self.embedding_dim:,}",))
        sizes = f"{self.embedding_dim if self.tie_weights else self.output_dim:,} → {vocabulary}"
        column.append(Part("output", ("output", sizes), ("output/",)))
        column.append(Part("probabilities", ("probabilities", "of each token to be the next")))
        links = chained(column, [*labels, ("softmax",)])
        if self.tie_weights:
            links.append(Link("embedding", "output", ("one matrix",), is_shared=True))
        return Architecture((tuple(column),), tuple(links))

    def _read_label(self, size: int, rate: float, is_last: bool = False) -> tuple[str, ...]:
        """Returns the label of what goes from one layer to the next."""
        text = f"vectors of {size:,}"
        if is_last and self.form == "ngrams":
            text = f"the last step: {size:,}"
        return with_dropout(text, rate, self.variational_dropout)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig(CategoricalFittingConfig):
    """How a language model is trained: the options of `CategoricalFittingConfig`, and these.

    Args:
        batch_size: Sequences per step.
        length: Tokens per training window in the "stream" form.
        state_reset: Share of the rows whose state starts anew at each window of the "stream" form, so that the network
            learns to begin, and meets states of every age.
    """

    batch_size: int = 32
    length: int = 64
    state_reset: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("batch_size", self.batch_size, 1, 65_536, whole=True)
        check_range("length", self.length, 1, 65_536, whole=True)
        check_range("state_reset", self.state_reset, 0, 1)
