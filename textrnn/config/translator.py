"""What a translator is, and how it is trained."""

import dataclasses
from typing import Any, ClassVar, Self

from textrnn.config.architecture import Architecture, Link, Part, chained, recurrent_part, with_dropout
from textrnn.config.base import NUM_GATES, Config, Shapes, num_states, recurrent_shapes
from textrnn.config.fitting import CategoricalFittingConfig
from textrnn.errors import TextrnnError, check_choice, check_range

__all__ = ["TranslatorConfig", "TranslatorTrainingConfig"]

ATTENTIONS = ("dot", "general", "additive")
OBJECTIVES = ("likelihood", "minimum-risk")
REWARDS = ("bleu", "chrf")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TranslatorConfig(Config):
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
        typed_text: Whether sentences are taken as people type and paste them: printed marks, entities, capitals, emoji,
            several sentences in a line; see `textrnn.preprocessing.typed_text`. Otherwise they are read as they are.
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
    typed_text: bool = True

    kind: ClassVar[str] = "translator"

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
    def format_version(self) -> int:  # type: ignore[override]
        """The lowest format that holds a model of this config: 1 reads sentences as they are."""
        return 2 if self.typed_text else 1

    def stored(self, version: int) -> dict[str, Any]:
        """Returns the dictionary that a model of a format keeps; format 1 knows no `typed_text`."""
        options = self.to_dict()
        return options if version > 1 else {name: value for name, value in options.items() if name != "typed_text"}

    @classmethod
    def from_stored(cls, options: dict[str, Any]) -> Self:
        """Builds a config from what a model of any format keeps; one that says nothing reads sentences as they are."""
        return cls.from_dict({"typed_text": False, **options})

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

    def architecture(self) -> Architecture:
        encoder, decoder = self._encoder_parts(), self._decoder_parts()
        names = [f"decoder_{layer}" for layer in range(len(self.decoder_units))]
        last = f"encoder_{len(self.encoder_units) - 1}"
        memory = with_dropout(f"memory: vectors of {self.memory_dim:,}", self.dropout, self.variational_dropout)
        links = [
            *chained(encoder, self._encoder_labels()),
            *chained(decoder, self._decoder_labels()),
            Link(last, "bridge", ("the ends:", f"{self.memory_dim:,}")),
            Link("bridge", "decoder", ("initial", "states")),
            Link(last, "attention", memory),
            Link("decoder_0", "attention", (f"query: {self.decoder_units[0]:,}",)),
        ]
        links += [Link("attention", name, (f"context: {self.memory_dim:,}",)) for name in [*names[1:], "combination"]]
        if self.tie_weights:
            links.append(Link("target_embedding", "output", ("one matrix",), is_shared=True))
        if self.joint_vocabulary:
            links.append(Link("source_embedding", "target_embedding", ("one matrix",), is_shared=True))
        return Architecture((encoder, self._middle_parts(), decoder), tuple(links))

    def _encoder_parts(self) -> tuple[Part, ...]:
        size = f"{self.source_vocabulary_size:,} × {self.embedding_dim:,}"
        weights = () if self.joint_vocabulary else ("source_embedding/",)
        layers = [
            recurrent_part(self.cell, f"encoder_{layer}", units, True, self.weight_drop, "encoder")
            for layer, units in enumerate(self.encoder_units)
        ]
        tokens = Part("source", ("source tokens", f"vocabulary of {self.source_vocabulary_size:,}"))
        return (tokens, Part("source_embedding", ("embedding", size), weights), *layers)

    def _encoder_labels(self) -> list[tuple[str, ...]]:
        sizes = [2 * units for units in self.encoder_units]
        return [
            ("token ids",),
            with_dropout(f"vectors of {self.embedding_dim:,}", self.input_dropout, self.variational_dropout),
            *(with_dropout(f"vectors of {size:,}", self.dropout, self.variational_dropout) for size in sizes),
        ]

    def _middle_parts(self) -> tuple[Part, ...]:
        count = self.num_states * len(self.decoder_units)
        lines = {"dot": "dot product", "general": "general", "additive": "additive"}
        weights = () if self.attention == "dot" else ("attention/",)
        return (
            Part("bridge", ("bridge", f"{count} tanh layer{'s' * (count > 1)}"), ("bridge_",)),
            Part("attention", ("attention", lines[self.attention]), weights),
        )

    def _decoder_parts(self) -> tuple[Part, ...]:
        vocabulary = f"{self.target_vocabulary_size:,}"
        layers = [
            recurrent_part(self.cell, f"decoder_{layer}", units, False, self.weight_drop, "decoder")
            for layer, units in enumerate(self.decoder_units)
        ]
        size = self.decoder_units[-1] + self.memory_dim
        return (
            Part("target", ("target tokens so far", f"vocabulary of {vocabulary}")),
            Part("target_embedding", ("embedding", f"{vocabulary} × {self.embedding_dim:,}"), ("target_embedding/",)),
            *layers,
            Part("combination", ("combination (tanh)", f"{size:,} → {self.embedding_dim:,}"), ("combination/",)),
            Part("output", ("output", f"{self.embedding_dim:,} → {vocabulary}"), ("output/",)),
            Part("probabilities", ("probabilities", "of each token to be the next")),
        )

    def _decoder_labels(self) -> list[tuple[str, ...]]:
        embedded = f"vectors of {self.embedding_dim:,}"
        between = [
            with_dropout(f"vectors of {units:,}", self.dropout, self.variational_dropout)
            for units in self.decoder_units[:-1]
        ]
        return [
            ("token ids",),
            with_dropout(embedded, self.input_dropout, self.variational_dropout),
            *between,
            (f"vectors of {self.decoder_units[-1]:,}",),
            with_dropout(embedded, self.output_dropout, self.variational_dropout),
            ("softmax",),
        ]

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
class TranslatorTrainingConfig(CategoricalFittingConfig):
    """How a translator is trained: the options of `CategoricalFittingConfig`, and these.

    Args:
        batch_tokens: Target tokens per step, padding included.
        max_length: Longest sentence of either language in tokens; pairs with a longer one are left out.
        max_ratio: Pairs in which one side has so many times the other's tokens are left out, unless both are short;
            between English and Chinese, say, so many times what is usual in the corpus.
        subword_regularization: Share of the words that get another segmentation in each epoch, drawn by its
            probability: what BPE-dropout is to byte pairs (Kudo 2018). Only for subwords.
        joined_pairs: Share of the pairs that are joined with another one to a row of two sentences, so that the network
            meets several sentences in one input.
        validation_sentences: How many validation sentences are translated, greedily, for the validation BLEU.
        objective: What is made likely: "likelihood" the given translations; "minimum-risk" those that get a high reward
            among translations that the network draws itself, as a last stage for one that is trained, without dropout
            (Shen et al. 2016).
        reward: How drawn translations are scored: "bleu" or "chrf", of one sentence.
        candidates: Translations drawn of each sentence.
        likelihood_weight: Share of the likelihood of the given translations in the loss, beside the risk; 1 is all of
            it. The risk changes by a small part of a reward, so a small share weighs as much (Wu et al. 2016, section
            5, from which the default is).
    """

    batch_tokens: int = 2000
    max_length: int = 100
    max_ratio: float = 4.0
    subword_regularization: float = 0.0
    joined_pairs: float = 0.0
    validation_sentences: int = 500
    objective: str = "likelihood"
    reward: str = "bleu"
    candidates: int = 5
    likelihood_weight: float = 0.017

    @property
    def usual_rows(self) -> int:
        """Rows of a usual training batch: as many as it holds short sentences."""
        return self.batch_tokens // 16

    @property
    def has_drawn_candidates(self) -> bool:
        """Whether the network learns from translations that it draws itself."""
        return self.objective == "minimum-risk"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("batch_tokens", self.batch_tokens, 1, 1_000_000, whole=True)
        check_range("max_length", self.max_length, 1, 10_000, whole=True)
        check_range("max_ratio", self.max_ratio, 1, 10_000)
        check_range("subword_regularization", self.subword_regularization, 0, 1)
        self._check_shares("joined_pairs")
        check_range("validation_sentences", self.validation_sentences, 1, 1_000_000, whole=True)
        check_choice("objective", self.objective, OBJECTIVES)
        check_choice("reward", self.reward, REWARDS)
        check_range("candidates", self.candidates, 2, 1000, whole=True)
        check_range("likelihood_weight", self.likelihood_weight, 0, 1)
        for name in ("reward", "candidates", "likelihood_weight"):
            if not self.has_drawn_candidates and getattr(self, name) != getattr(type(self), name):
                raise TextrnnError(f"`{name}` is for objective='minimum-risk'. Received: objective={self.objective!r}.")
