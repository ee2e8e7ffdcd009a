"""From what a person passes to `fit` to the two texts that a language model is trained and validated on."""

import dataclasses
import os
from collections.abc import Iterable
from typing import Any

from textrnn.config import NetworkConfig
from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing import corpora
from textrnn.preprocessing.files import shown_name
from textrnn.preprocessing.survey import Survey, detected_documents, num_documents, survey

__all__ = [
    "Source",
    "check_enough",
    "cut_for",
    "documents_of",
    "opened",
    "read_training_text",
    "share_set_aside",
    "training_sides",
]

Source = str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | corpora.Corpus

SMALL = 30_000  # characters; of a smaller text a larger part is set aside, or its loss would say nothing
TINY = 3_000  # characters of running text; a tenth of less is a sentence or two, which choose weights that know no word


def opened(
    source: Source, encoding: str | None = None, column: str | int | None = None, documents: str | None = None
) -> corpora.Corpus:
    """Returns a corpus for anything that `fit` accepts."""
    if isinstance(source, corpora.Corpus):
        return source if documents is None else dataclasses.replace(source, documents=documents)
    return corpora.read(source, encoding or "utf-8", column=column, documents=documents)


def read_training_text(asked: dict[str, Any], model_options: dict[str, Any]) -> tuple[corpora.Corpus, Survey]:
    """Opens the training text and finds out what its documents are, unless that is set.

    Args:
        asked: The options of `fit`.
        model_options: The options of the model that are set; `documents` and `form` have a say.
    """
    if asked["corpus"] is None:
        raise TextrnnError("Pass the text to train on: a file, a directory, or a list of texts.")
    documents = model_options.get("documents")
    source = opened(asked["corpus"], asked["encoding"], asked["column"], documents)
    text = survey(source)
    check_enough(text, source)
    if "documents" not in model_options and source.documents is None:
        asks_for_lines = model_options.get("form") in ("lines", "ngrams")
        are_items = source.has_items and num_documents(dataclasses.replace(source, documents="item"), text) > 1
        documents = "item" if are_items else "line" if asks_for_lines else detected_documents(text)
        source = dataclasses.replace(source, documents=documents)
    return source, text


def check_enough(text: Survey, source: corpora.Corpus) -> None:
    """Raises if there is nothing to learn: one word, once or over and over."""
    if text.num_distinct_lines <= 1 and text.num_words <= text.num_lines and text.is_spaced:
        name = ", ".join(shown_name(path) for path in source.paths[:3])
        raise TextrnnError(f"{name}: holds one word, which leaves nothing to learn. Pass a longer text.")


def cut_for(config: NetworkConfig, source: corpora.Corpus) -> corpora.Corpus:
    """Returns a corpus whose documents are those of a network; without documents, its lines if its form needs them."""
    return dataclasses.replace(source, documents=config.documents or (None if config.form == "stream" else "line"))


def share_set_aside(asked: dict[str, Any], num_characters: int, documents: str | None, is_new: bool) -> float:
    """Returns how large a part of a text is validated on.

    Args:
        asked: The options of `fit`.
        num_characters: Characters of the whole text.
        documents: What a document is in it; None is running text.
        is_new: Whether the network has no weights yet.
    """
    fraction: float | None = asked["validation_fraction"]
    if fraction is not None:
        check_range("validation_fraction", fraction, 0, 1, below=True)
        return fraction
    if num_characters < TINY and documents is None and is_new:
        return 0.0
    return 0.1 if num_characters < SMALL else 0.05


def training_sides(
    source: corpora.Corpus, config: NetworkConfig, asked: dict[str, Any], fraction: float, seed: int
) -> tuple[corpora.Corpus, corpora.Corpus]:
    """Returns the training corpus and the validation corpus.

    Args:
        source: The whole text.
        config: The network's; its form and documents say how the text is cut.
        asked: The options of `fit`.
        fraction: Share of the text that is validated on, unless there is another text for that; 0 takes all of it.
        seed: Draws what is set aside.
    """
    source = cut_for(config, source)
    if asked["validation"] is not None:
        return source, cut_for(config, opened(asked["validation"], asked["encoding"], asked["column"]))
    if fraction == 0:
        return source, source
    by = asked["split_by"] or ("block" if source.documents is None else "document")
    return corpora.split(source, fraction, by, seed)


def documents_of(config: NetworkConfig, text: str | Iterable[str] | corpora.Corpus) -> list[str]:
    """Returns the documents of a text, as a model knows documents.

    Args:
        config: What the network is.
        text: A text or corpus, which is cut into what are documents to the model, or a list of documents.

    Raises:
        TextrnnError: If something is no text.
    """
    from textrnn.evaluation.memorisation import joined_documents, split_documents

    if isinstance(text, corpora.Corpus):
        return joined_documents(cut_for(config, text).marked_pieces())
    texts = split_documents(text, config.documents) if isinstance(text, str) else list(text)
    if not all(isinstance(one, str) for one in texts):
        raise TextrnnError("Pass a text, or a list of texts.")
    return texts
