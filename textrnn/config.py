"""What a model is, and how it is trained: validated plain data that both engines read.

A `NetworkConfig` or `TranslatorConfig` fixes the name and shape of every weight (`weight_shapes`), so that the Keras
network, the NumPy network and the storage agree without knowing one another.
"""

import dataclasses
from typing import Any

from textrnn.errors import TextrnnError, check_choice, check_options, check_range

__all__ = [
    "NETWORKS",
    "FittingConfig",
    "NetworkConfig",
    "TrainingConfig",
    "TranslatorConfig",
    "TranslatorTrainingConfig",
]

NUM_GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}
FORMS = ("stream", "lines", "ngrams")
OPTIMIZERS = ("adam", "adamw")
SCHEDULES = ("cosine", "linear", "constant")
PRECISIONS = ("float32", "bfloat16")
ATTENTIONS = ("dot", "general", "additive")

Shapes = dict[str, tuple[int, ...]]

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

    def _check_flags(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            if field.type is bool and not isinstance(getattr(self, field.name), bool):
                raise TextrnnError(f"`{field.name}` must be true or false. Received: {getattr(self, field.name)!r}.")

    def _check_shares(self, *names: str) -> None:
        for name in names:
            check_range(name, getattr(self, name), 0, 1, below=True)

    def _set_layer_sizes(self, name: str) -> None:
        """Makes the option a tuple and checks that it names one to four layer sizes."""
        value = getattr(self, name)
        sizes = tuple(value) if isinstance(value, (tuple, list)) else (value,)
        object.__setattr__(self, name, sizes)
        if not 1 <= len(sizes) <= 4:
            raise TextrnnError(f"`{name}` must name 1 to 4 layer sizes. Received: {sizes}.")
        for size in sizes:
            check_range(name, size, 1, 16_384, whole=True)


def recurrent_shapes(cell: str, name: str, inputs: int, units: int) -> Shapes:
    """Returns the weights of one recurrent layer."""
    gates = NUM_GATES[cell] * units
    return {
        f"{name}/kernel": (inputs, gates),
        f"{name}/recurrent_kernel": (units, gates),
        # A GRU has one bias for the inputs and one inside the reset gate's reach.
        f"{name}/bias": (2, gates) if cell == "gru" else (gates,),
    }


def num_states(cell: str) -> int:
    """Returns the number of state arrays of a recurrent layer."""
    return 2 if cell == "lstm" else 1


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
        self._set_layer_sizes("units")
        check_range("vocabulary_size", self.vocabulary_size, 5, 10_000_000, whole=True)
        check_choice("cell", self.cell, NUM_GATES)
        check_choice("form", self.form, FORMS)
        check_range("embedding_dim", self.embedding_dim, 1, 16_384, whole=True)
        check_range("max_length", self.max_length, 2, 100_000, whole=True)
        self._check_shares("input_dropout", "dropout", "output_dropout", "embedding_dropout", "weight_drop")
        self._check_flags()
        if self.tie_weights and self.output_dim != self.embedding_dim:
            raise TextrnnError(
                "`tie_weights` makes the embedding the output matrix, so the last layer must have its size. "
                f"Received: units[-1]={self.units[-1]}, embedding_dim={self.embedding_dim}, "
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
        if not self.tie_weights:
            shapes["output/kernel"] = (size, self.vocabulary_size)
        shapes["output/bias"] = (self.vocabulary_size,)
        return shapes


@dataclasses.dataclass(frozen=True, kw_only=True)
class TranslatorConfig(_Config):
    """An encoder-decoder network with attention.

    The encoder reads the source both ways. The first decoder layer asks the attention, and what it finds is an input to
    the other decoder layers and to the output. No layer that attention depends on depends on attention, so in training
    it is computed for all target steps in one product.

    Args:
        source_vocabulary_size: Number of token ids of the source language, the four special ones included.
        target_vocabulary_size: The same for the target language.
        joint_vocabulary: Whether both languages share one vocabulary and one embedding.
        cell: "simple_rnn", "gru" or "lstm".
        encoder_units: Size of each encoder layer in each direction, one to four layers.
        decoder_units: Size of each decoder layer, one to four layers.
        embedding_dim: Size of a token vector.
        attention: "dot" or "general" (Luong et al. 2015, section 3.1) or "additive" (Bahdanau et al. 2015).
        input_dropout: Dropout on the token vectors of both languages.
        dropout: Dropout between recurrent layers, and on what the encoder hands to the decoder.
        output_dropout: Dropout before the output.
        variational_dropout: Whether a dropout mask stays the same over a whole sequence (Gal and Ghahramani 2016).
        weight_drop: Share of the recurrent kernels zeroed for a whole batch (Merity et al. 2018).
        tie_weights: Whether the target embedding is also the output matrix (Press and Wolf 2017).
    """

    source_vocabulary_size: int
    target_vocabulary_size: int
    joint_vocabulary: bool = False
    cell: str = "lstm"
    encoder_units: tuple[int, ...] = (256,)
    decoder_units: tuple[int, ...] = (256, 256)
    embedding_dim: int = 256
    attention: str = "general"
    input_dropout: float = 0.2
    dropout: float = 0.2
    output_dropout: float = 0.2
    variational_dropout: bool = False
    weight_drop: float = 0.0
    tie_weights: bool = True

    def __post_init__(self) -> None:
        self._set_layer_sizes("encoder_units")
        self._set_layer_sizes("decoder_units")
        for name in ("source_vocabulary_size", "target_vocabulary_size"):
            check_range(name, getattr(self, name), 5, 10_000_000, whole=True)
        check_choice("cell", self.cell, NUM_GATES)
        check_choice("attention", self.attention, ATTENTIONS)
        check_range("embedding_dim", self.embedding_dim, 1, 16_384, whole=True)
        self._check_shares("input_dropout", "dropout", "output_dropout", "weight_drop")
        self._check_flags()
        if self.joint_vocabulary and self.source_vocabulary_size != self.target_vocabulary_size:
            raise TextrnnError(
                "A joint vocabulary has one size. Received: "
                f"source_vocabulary_size={self.source_vocabulary_size}, "
                f"target_vocabulary_size={self.target_vocabulary_size}."
            )
        if self.attention == "dot" and self.memory_dim != self.decoder_units[0]:
            raise TextrnnError(
                "attention='dot' compares the first decoder layer with both directions of the last encoder layer, so "
                f"decoder_units[0] must be 2 * encoder_units[-1]. Received: decoder_units={self.decoder_units}, "
                f"encoder_units={self.encoder_units}. Or use attention='general'."
            )

    @property
    def memory_dim(self) -> int:
        """Size of the vectors that attention chooses from: both directions of the last encoder layer."""
        return 2 * self.encoder_units[-1]

    @property
    def num_states(self) -> int:
        """Number of state arrays per recurrent layer."""
        return num_states(self.cell)

    @property
    def tokenizer_names(self) -> tuple[str, ...]:
        """Names of the tokenizers that a model of this config has."""
        return ("tokenizer",) if self.joint_vocabulary else ("source_tokenizer", "target_tokenizer")

    @property
    def vocabulary_sizes(self) -> tuple[int, ...]:
        """Sizes of the vocabularies that `tokenizer_names` names."""
        sizes = (self.source_vocabulary_size, self.target_vocabulary_size)
        return sizes[:1] if self.joint_vocabulary else sizes

    def weight_shapes(self) -> Shapes:
        """Returns the name and shape of every weight of the network, in order."""
        shapes: Shapes = {"target_embedding/embeddings": (self.target_vocabulary_size, self.embedding_dim)}
        if not self.joint_vocabulary:
            shapes["source_embedding/embeddings"] = (self.source_vocabulary_size, self.embedding_dim)
        size = self.embedding_dim
        for layer, units in enumerate(self.encoder_units):
            for direction in ("", "_backward"):
                shapes |= recurrent_shapes(self.cell, f"encoder_{layer}{direction}", size, units)
            size = 2 * units
        for layer, units in enumerate(self.decoder_units):
            for state in range(self.num_states):
                shapes[f"bridge_{layer}_{state}/kernel"] = (size, units)
                shapes[f"bridge_{layer}_{state}/bias"] = (units,)
        inputs = self.embedding_dim
        for layer, units in enumerate(self.decoder_units):
            shapes |= recurrent_shapes(self.cell, f"decoder_{layer}", inputs, units)
            inputs = units + size
        shapes |= self._attention_shapes()
        shapes["combination/kernel"] = (inputs, self.embedding_dim)
        shapes["combination/bias"] = (self.embedding_dim,)
        if not self.tie_weights:
            shapes["output/kernel"] = (self.embedding_dim, self.target_vocabulary_size)
        shapes["output/bias"] = (self.target_vocabulary_size,)
        return shapes

    def _attention_shapes(self) -> Shapes:
        queries = self.decoder_units[0]
        if self.attention == "dot":
            return {}
        shapes: Shapes = {"attention/memory_kernel": (self.memory_dim, queries)}
        if self.attention == "additive":
            shapes["attention/query_kernel"] = (queries, queries)
            shapes["attention/bias"] = (queries,)
            shapes["attention/vector"] = (queries,)
        return shapes


@dataclasses.dataclass(frozen=True, kw_only=True)
class FittingConfig(_Config):
    """How any network is trained.

    Args:
        epochs: Passes over the training text.
        optimizer: "adam" or "adamw".
        learning_rate: Highest learning rate.
        warmup_steps: Steps over which the learning rate rises from zero.
        schedule: What the learning rate does afterwards: "cosine" or "linear" down to zero, or "constant".
        weight_decay: Decoupled weight decay, for "adamw".
        clip_norm: Largest global gradient norm; a longer gradient is scaled down to it.
        label_smoothing: Share of the target spread evenly over the vocabulary, in training only.
        moving_average: Decay of a moving average of the weights that validation and saving use; 0 turns it off.
        patience: Epochs without a better validation before training stops; 0 never stops early.
        validations_per_epoch: How often an epoch is validated and checkpointed.
        averaged_checkpoints: How many of the best validations' weights are averaged at the end; the average is kept if
            it validates better than the best of them.
        seed: Fixes initial weights, batch order and dropout.
        precision: Arithmetic of the matrix products: "float32" or "bfloat16".
    """

    epochs: int = 10
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
    averaged_checkpoints: int = 1
    seed: int = 0
    precision: str = "float32"

    def __post_init__(self) -> None:
        check_range("epochs", self.epochs, 1, 1_000_000, whole=True)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_choice("precision", self.precision, PRECISIONS)
        check_range("learning_rate", self.learning_rate, 0, 10, above=True)
        check_range("warmup_steps", self.warmup_steps, 0, 10_000_000, whole=True)
        check_range("weight_decay", self.weight_decay, 0, 1)
        check_range("clip_norm", self.clip_norm, 0, 1e6, above=True)
        self._check_shares("label_smoothing", "moving_average")
        check_range("patience", self.patience, 0, 1_000_000, whole=True)
        check_range("validations_per_epoch", self.validations_per_epoch, 1, 1000, whole=True)
        check_range("averaged_checkpoints", self.averaged_checkpoints, 1, 20, whole=True)
        check_range("seed", self.seed, 0, 2**31 - 1, whole=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig(FittingConfig):
    """How a language model is trained: the options of `FittingConfig`, and these.

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class TranslatorTrainingConfig(FittingConfig):
    """How a translator is trained: the options of `FittingConfig`, and these.

    Args:
        batch_tokens: Target tokens per step, padding included.
        max_length: Longest sentence of either language in tokens; pairs with a longer one are left out.
        max_ratio: Pairs in which one side has so many times the other's tokens are left out, unless both are short.
        subword_regularization: Share of the words that get another segmentation in each epoch, drawn by its
            probability: what BPE-dropout is to byte pairs (Kudo 2018). Only for subwords.
        joined_pairs: Share of the pairs that are joined with another one to a row of two sentences, so that the network
            meets several sentences in one input.
        validation_sentences: How many validation sentences are translated, greedily, for the validation BLEU.
    """

    batch_tokens: int = 2000
    max_length: int = 100
    max_ratio: float = 4.0
    subword_regularization: float = 0.0
    joined_pairs: float = 0.0
    validation_sentences: int = 500

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("batch_tokens", self.batch_tokens, 1, 1_000_000, whole=True)
        check_range("max_length", self.max_length, 1, 10_000, whole=True)
        check_range("max_ratio", self.max_ratio, 1, 10_000)
        check_range("subword_regularization", self.subword_regularization, 0, 1)
        self._check_shares("joined_pairs")
        check_range("validation_sentences", self.validation_sentences, 1, 1_000_000, whole=True)
