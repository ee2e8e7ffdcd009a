"""Text that is encoded before a language model is fitted to it: what is written, and what fits when it is read."""

import contextlib
import itertools
import os
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import safetensors.numpy

from textrnn.array_files import Layout, all_like, parsed_arrays
from textrnn.config import NetworkConfig
from textrnn.errors import TextrnnError
from textrnn.preprocessing import shards
from textrnn.preprocessing.corpora import Corpus
from textrnn.preprocessing.encoding import EncodedText
from textrnn.preprocessing.shards import RECORD, EncodedCorpus
from textrnn.preprocessing.survey import Survey, num_documents
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.storage import load_model

__all__ = [
    "MEASURED_LINES",
    "check_cut",
    "encoded_corpus",
    "named_tokenizer",
    "new_directory",
    "options_for",
    "record_of",
    "write_encoded",
]

MEASURED_LINES = 100  # which tell how well a model knows a text
OPTIONS = ("level", "vocabulary_size", "lowercase", "form")  # of a model, that say how text is encoded
SETTLED = ("validation", "validation_fraction", "split_by", "documents", "column", "encoding")


@contextlib.contextmanager
def new_directory(output: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """Makes a directory, which is gone again if the `with` block fails.

    Raises:
        TextrnnError: If there is something there, or it cannot be made.
    """
    path = pathlib.Path(output)
    was_there = path.is_dir()
    try:
        if os.path.lexists(path) and (not was_there or any(path.iterdir())):
            raise TextrnnError(f"{path}: is there already. Name a new directory for the encoded text.")
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TextrnnError(f"{path}: cannot be made: {error.strerror}.") from error
    try:
        yield path
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        if was_there:
            path.mkdir()
        raise


def named_tokenizer(name: str | os.PathLike[str]) -> Tokenizer:
    """Returns the vocabulary of an encoded text, or of a language model."""
    directories = shards.shard_directories(name)
    if directories:
        return shards.tokenizer_of(directories[0])
    return load_model(name, "language-model").tokenizers["tokenizer"]


def encoded_corpus(
    source: Corpus,
    text: Survey,
    texts: tuple[EncodedText, EncodedText],
    tokenizer: Tokenizer,
    config: NetworkConfig,
    given: Mapping[str, Any],
) -> EncodedCorpus:
    """Returns what is kept of an encoded text.

    Args:
        source: The text.
        text: What it looks like.
        texts: The encoded training text and validation text.
        tokenizer: What has encoded them.
        config: The network that they were cut for.
        given: The options of the model that are set.
    """
    return EncodedCorpus(
        (),
        tokenizer,
        texts,
        text,
        source.documents,
        num_documents(source, text),
        {name: given[name] for name in OPTIONS if name in given},
        "".join(itertools.islice(source.pieces(), MEASURED_LINES)),
        has_units(config),
    )


def has_units(config: NetworkConfig) -> bool:
    """Says whether a network reads text in documents or lines."""
    return config.documents is not None or config.form != "stream"


def write_encoded(
    directory: pathlib.Path, encoded: EncodedCorpus, num_shards: int, record: Mapping[str, np.ndarray]
) -> None:
    """Writes an encoded text with the record of its n-grams."""
    shards.written(directory, encoded, num_shards, safetensors.numpy.save(dict(record)) if record else None)


def options_for(
    encoded: EncodedCorpus, tokenizer: Tokenizer | None, model_options: Mapping[str, Any], asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the options of a model that is fitted to an encoded text, those included that it was encoded with.

    Args:
        encoded: The text.
        tokenizer: That of the model, if it has one.
        model_options: Its options that are set.
        asked: The options of `fit`.

    Raises:
        TextrnnError: If the model reads other tokens, or an option is set that encoding has settled.
    """
    name = encoded.directories[0]
    for option in SETTLED:
        if asked.get(option) is not None:
            raise TextrnnError(
                f"`{option}` was settled when {name} was encoded. Leave it out, or encode the text again."
            )
    settled = {"level": encoded.tokenizer.level, "documents": encoded.documents}
    for option, value in settled.items():
        if model_options.get(option, value) != value:
            raise TextrnnError(
                f"{name}: was encoded with {option}={value!r}. Received: {option}={model_options[option]!r}. "
                "Leave it out, or encode the text again."
            )
    if tokenizer is not None and tokenizer.files() != encoded.tokenizer.files():
        raise TextrnnError(
            f"{name}: was not encoded with this model's vocabulary. Encode the text with --tokenizer and the model."
        )
    return {**encoded.options, **model_options, **settled}


def check_cut(encoded: EncodedCorpus, config: NetworkConfig) -> None:
    """Raises `TextrnnError` unless an encoded text is cut as a network reads it."""
    wanted = has_units(config), config.documents is not None
    if wanted != (encoded.has_units, encoded.texts[0].markers):
        raise TextrnnError(
            f"{encoded.directories[0]}: was encoded for another `form` than {config.form!r}, or for other documents. "
            f"Encode the text with --form {config.form}."
        )


def record_of(encoded: EncodedCorpus) -> dict[str, np.ndarray]:
    """Returns the record of a training text; none of a text from several directories, which have one each."""
    path = encoded.directories[0] / RECORD
    if len(encoded.directories) > 1 or not path.is_file():
        return {}
    return parsed_arrays(path.read_bytes(), path, all_like(Layout(("U8",))))
