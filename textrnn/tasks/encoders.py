"""A language model as the start of a classifier: its tokenizer, its embedding and its recurrent layers.

What the language model names the next token with stays behind: output and projection. Pooling and output of the
classifier begin anew. Reference: Howard and Ruder 2018, "Universal Language Model Fine-tuning for Text Classification".
"""

import dataclasses
import os
from collections.abc import Iterable, Sequence
from typing import Any

from textrnn.config import NetworkConfig
from textrnn.defaults.choice import as_sizes
from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.storage import load_model
from textrnn.tasks.task import Task, Weights
from textrnn.tasks.transfer import with_new_tokens
from textrnn.weights import encoder_weights

__all__ = ["Encoder"]


@dataclasses.dataclass(frozen=True, eq=False)
class Encoder:
    """What a classifier takes over from a language model.

    Args:
        config: The language model's.
        tokenizer: The language model's.
        weights: The language model's, by name.
        origin: The directory or the shipped name that the language model was loaded from; None for one from memory.
    """

    config: NetworkConfig
    tokenizer: Tokenizer
    weights: Weights
    origin: str | None

    @classmethod
    def of(cls, model: Any) -> "Encoder":
        """Returns what there is to take over.

        Args:
            model: A `LanguageModel`, or the directory or shipped name of one.

        Raises:
            TextrnnError: If it is none, has not been trained, or normalises its layers.
        """
        if isinstance(model, (str, os.PathLike)):
            stored = load_model(model, NetworkConfig.kind)
            found = cls(stored.config, stored.tokenizers["tokenizer"], stored.weights, str(model))
        elif isinstance(model, Task) and model.kind == NetworkConfig.kind:
            if not model.weights:
                raise TextrnnError("This language model has not been trained yet. Call its `fit`, or load one.")
            found = cls(model.config, model.tokenizers["tokenizer"], model.weights, model.origin)
        else:
            raise TextrnnError(f"Pass a LanguageModel, or the directory or the name of one. Received: {model!r:.80}.")
        if found.config.layer_normalization:
            raise TextrnnError(
                f"{found} normalises its layers (layer_normalization), and a classifier does not. Begin with one that "
                "was trained without."
            )
        return found

    def __str__(self) -> str:
        return f"the language model{'' if self.origin is None else f' {self.origin}'}"

    @property
    def options(self) -> dict[str, Any]:
        """The options of a classifier that it fixes, `beginning` among them."""
        return {
            "cell": self.config.cell,
            "units": self.config.units,
            "embedding_dim": self.config.embedding_dim,
            "bidirectional": self.config.bidirectional,
            "beginning": self.config.beginning,
            "level": self.tokenizer.level,
            "lowercase": self.tokenizer.lowercase,
        }

    def check(self, options: dict[str, Any]) -> None:
        """Raises `TextrnnError` at an option of a classifier that contradicts the language model."""
        if "network" in options:
            raise TextrnnError(f"`network` is fixed by {self}, which is the network to begin with. Leave it out.")
        for name, fixed in self.options.items():
            value = options.get(name, fixed)
            if (as_sizes(value) if name == "units" else value) != fixed:
                raise TextrnnError(f"`{name}` is fixed by {self}: {fixed}. Received: {value!r}. Leave it out.")
        if "vocabulary_size" in options:  # what there is above the language model's is room for new tokens
            check_range("vocabulary_size", options["vocabulary_size"], self.tokenizer.vocabulary_size, whole=True)

    def extended(self, texts: Sequence[str], vocabulary_size: int | None) -> "Encoder":
        """Returns what also knows the characters or words of texts.

        Args:
            texts: What will be read.
            vocabulary_size: Most token ids; None adds as many as going on with the language model would.
        """

        def lines() -> Iterable[str]:
            return (line for text in texts for line in text.split("\n"))

        max_new = None if vocabulary_size is None else vocabulary_size - self.tokenizer.vocabulary_size
        weights, tokenizer = with_new_tokens(self.weights, self.tokenizer, lines, max_new)
        return dataclasses.replace(self, tokenizer=tokenizer, weights=weights)

    @property
    def initial_weights(self) -> Weights:
        """The weights that a classifier begins with, by name."""
        return encoder_weights(self.weights)
