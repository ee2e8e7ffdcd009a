"""What a model is, and how it is trained: validated plain data that both engines read.

A `NetworkConfig` fixes the name and shape of every weight (`weight_shapes`), so that the Keras network, the NumPy
network and the storage agree without knowing one another.
"""

import dataclasses
from typing import Any

from textrnn.errors import TextrnnError, check_choice, check_options, check_range

__all__ = ["NETWORKS", "NetworkConfig", "TrainingConfig", "weight_shapes"]

NUM_GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}
FORMS = ("stream", "lines", "ngrams")
OPTIMIZERS = ("adam", "adamw")
SCHEDULES = ("cosine", "linear", "constant")
PRECISIONS = ("float32", "bfloat16")

# The network of the well-known Keras tutorials on next-word prediction.
TUTORIAL: dict[str, Any] = {
    "cell": "lstm",
    "units": (150, 100),
    "embedding_dim": 100,
    "dropout": 0.2,
    "form": "ngrams",
    "line_markers": False,
}
NETWORKS = {"tutorial": TUTORIAL, "tutorial-bidirectional": {**TUTORIAL, "bidirectional": True}}


class _Config:
    """What the two configs share: dictionaries in and out."""

    @classmethod
    def option_names(cls) -> list[str]:
        """Returns the names of all options, in order."""
        return [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, options: dict[str, Any]):
        """Builds a config from a dictionary such as `to_dict` returns; unknown names are errors."""
        check_options(options, cls.option_names(), cls.__name__)
        return cls(**options)

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary that JSON can hold."""
        return dataclasses.asdict(self)  # type: ignore[call-overload]


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkConfig(_Config):
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
        tie_weights: Whether the embedding is also the output matrix; needs `units[-1] == embedding_dim`.
        bidirectional: Whether the recurrent layers read both ways; only for `form="ngrams"`.
        form: How text becomes training sequences: "stream", "lines" or "ngrams".
        line_markers: Whether lines and n-gram sequences start with `bos` and end with `eos`.
        max_length: Longest sequence in the "lines" and "ngrams" forms, in tokens.
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
    line_markers: bool = True
    max_length: int = 100

    def __post_init__(self) -> None:
        units = (self.units,) if isinstance(self.units, int) else tuple(self.units)
        object.__setattr__(self, "units", units)
        check_range("vocabulary_size", self.vocabulary_size, 5, 10_000_000, whole=True)
        check_choice("cell", self.cell, NUM_GATES)
        check_choice("form", self.form, FORMS)
        if not 1 <= len(units) <= 4:
            raise TextrnnError(f"`units` must name 1 to 4 layer sizes. Received: {units}.")
        for size in units:
            check_range("units", size, 1, 16_384, whole=True)
        check_range("embedding_dim", self.embedding_dim, 1, 16_384, whole=True)
        check_range("max_length", self.max_length, 2, 100_000, whole=True)
        for name in ("input_dropout", "dropout", "output_dropout", "embedding_dropout", "weight_drop"):
            check_range(name, getattr(self, name), 0, 1, below=True)
        for field in dataclasses.fields(self):
            if field.type is bool and not isinstance(getattr(self, field.name), bool):
                raise TextrnnError(f"`{field.name}` must be true or false. Received: {getattr(self, field.name)!r}.")
        if self.tie_weights and self.output_dim != self.embedding_dim:
            raise TextrnnError(
                "`tie_weights` makes the embedding the output matrix, so the last layer must have its size. "
                f"Received: units[-1]={units[-1]}, embedding_dim={self.embedding_dim}, "
                f"bidirectional={self.bidirectional}."
            )
        if self.bidirectional and self.form != "ngrams":
            raise TextrnnError(
                "A bidirectional network reads ahead, so over a whole line or stream it would see the very tokens it "
                f"has to predict. Received: form={self.form!r}. Use form='ngrams', or bidirectional=False."
            )

    @property
    def output_dim(self) -> int:
        """Size of the last recurrent layer's output."""
        return self.units[-1] * (2 if self.bidirectional else 1)

    @property
    def num_states(self) -> int:
        """Number of state arrays per recurrent layer."""
        return 2 if self.cell == "lstm" else 1

    @property
    def directions(self) -> tuple[str, ...]:
        """Suffixes of the recurrent layers' weight names, one for each direction of reading."""
        return ("", "_backward") if self.bidirectional else ("",)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig(_Config):
    """How a network is trained.

    Args:
        epochs: Passes over the training text.
        batch_size: Sequences per step.
        length: Tokens per training window in the "stream" form.
        state_reset: Share of the rows whose state starts anew at each window of the "stream" form, so that the network
            learns to begin, and meets states of every age.
        optimizer: "adam" or "adamw".
        learning_rate: Highest learning rate.
        warmup_steps: Steps over which the learning rate rises from zero.
        schedule: What the learning rate does afterwards: "cosine" or "linear" down to zero, or "constant".
        weight_decay: Decoupled weight decay, for "adamw".
        clip_norm: Largest global gradient norm; a longer gradient is scaled down to it.
        label_smoothing: Share of the target spread evenly over the vocabulary, in training only.
        moving_average: Decay of a moving average of the weights that validation and saving use; 0 turns it off.
        patience: Epochs without a better validation loss before training stops; 0 never stops early.
        validations_per_epoch: How often an epoch is validated and checkpointed.
        seed: Fixes initial weights, batch order and dropout.
        precision: Arithmetic of the matrix products: "float32" or "bfloat16".
    """

    epochs: int = 10
    batch_size: int = 32
    length: int = 64
    state_reset: float = 0.01
    optimizer: str = "adamw"
    learning_rate: float = 0.002
    warmup_steps: int = 100
    schedule: str = "cosine"
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    label_smoothing: float = 0.0
    moving_average: float = 0.0
    patience: int = 3
    validations_per_epoch: int = 1
    seed: int = 0
    precision: str = "float32"

    def __post_init__(self) -> None:
        check_range("epochs", self.epochs, 1, 1_000_000, whole=True)
        check_range("batch_size", self.batch_size, 1, 65_536, whole=True)
        check_range("length", self.length, 1, 65_536, whole=True)
        check_range("state_reset", self.state_reset, 0, 1)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_choice("precision", self.precision, PRECISIONS)
        check_range("learning_rate", self.learning_rate, 0, 10, above=True)
        check_range("warmup_steps", self.warmup_steps, 0, 10_000_000, whole=True)
        check_range("weight_decay", self.weight_decay, 0, 1)
        check_range("clip_norm", self.clip_norm, 0, 1e6, above=True)
        check_range("label_smoothing", self.label_smoothing, 0, 1, below=True)
        check_range("moving_average", self.moving_average, 0, 1, below=True)
        check_range("patience", self.patience, 0, 1_000_000, whole=True)
        check_range("validations_per_epoch", self.validations_per_epoch, 1, 1000, whole=True)
        check_range("seed", self.seed, 0, 2**31 - 1, whole=True)


def weight_shapes(config: NetworkConfig) -> dict[str, tuple[int, ...]]:
    """Returns the name and shape of every weight of a network, in order.

    Example:

    >>> weight_shapes(NetworkConfig(vocabulary_size=9, cell="gru", units=(3,), embedding_dim=2))["recurrent_0/kernel"]
    (2, 9)
    """
    gates = NUM_GATES[config.cell]
    shapes: dict[str, tuple[int, ...]] = {"embedding/embeddings": (config.vocabulary_size, config.embedding_dim)}
    size = config.embedding_dim
    for layer, units in enumerate(config.units):
        for direction in config.directions:
            name = f"recurrent_{layer}{direction}"
            shapes[f"{name}/kernel"] = (size, gates * units)
            shapes[f"{name}/recurrent_kernel"] = (units, gates * units)
            # A GRU has one bias for the inputs and one inside the reset gate's reach.
            shapes[f"{name}/bias"] = (2, gates * units) if config.cell == "gru" else (gates * units,)
        size = units * len(config.directions)
        if config.layer_normalization:
            shapes[f"normalization_{layer}/gamma"] = (size,)
            shapes[f"normalization_{layer}/beta"] = (size,)
    if not config.tie_weights:
        shapes["output/kernel"] = (size, config.vocabulary_size)
    shapes["output/bias"] = (config.vocabulary_size,)
    return shapes
