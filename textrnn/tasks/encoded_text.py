"""Text that is encoded before a language model is fitted to it: what is written, and what fits when it is read."""

import contextlib
import copy
import dataclasses
import itertools
import os
import pathlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import safetensors.numpy

from textrnn.array_files import Layout, all_like, parsed_arrays
from textrnn.config import NetworkConfig, TrainingConfig
from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing import shards
from textrnn.preprocessing.corpora import Corpus
from textrnn.preprocessing.encoding import EncodedText
from textrnn.preprocessing.shards import RECORD, EncodedCorpus
from textrnn.preprocessing.survey import Survey, num_documents
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.progress import Progress
from textrnn.storage import load_model
from textrnn.systems import temporary_directory
from textrnn.tasks.training_text import Source
from textrnn.tasks.transfer import NO_MODEL

__all__ = ["MEASURED_LINES", "TextEncoder"]

MEASURED_LINES = 100  # which tell how well a model knows a text
OPTIONS = ("level", "vocabulary_size", "lowercase", "form")  # of a model, that say how text is encoded
SETTLED = ("validation", "validation_fraction", "split_by", "documents", "column", "encoding")


class TextEncoder:
    """The part of a language model that encodes text to be kept, and that takes such text over."""

    config: NetworkConfig
    weights: dict[str, np.ndarray]
    tokenizers: dict[str, Tokenizer]
    given: dict[str, Any]
    ngrams: dict[str, np.ndarray]
    origin: str | None

    def _checked(self, options: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def _choose(
        self,
        text: Survey,
        documents: str | None,
        number: int,
        pieces: Callable[[], Iterable[str]],
        model_options: dict[str, Any],
        asked: dict[str, Any],
        progress: Progress,
    ) -> TrainingConfig:
        raise NotImplementedError

    def _encoded(
        self, model_options: dict[str, Any], asked: dict[str, Any], directory: pathlib.Path, progress: Progress
    ) -> tuple[Corpus, Survey, tuple[EncodedText, EncodedText], TrainingConfig]:
        raise NotImplementedError

    def encode(
        self,
        corpus: Source,
        output: str | os.PathLike[str],
        *,
        shards: int = 1,
        tokenizer: str | os.PathLike[str] | None = None,
        validation: Source | None = None,
        validation_fraction: float | None = None,
        split_by: str | None = None,
        documents: str | None = None,
        column: str | int | None = None,
        encoding: str | None = None,
        seed: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Encodes a text into files that `fit` reads in place of the text, on this machine or another.

        What is trained from them is what the text itself would have given, bit for bit, with the same options. Parts of
        a text that is too large for one machine are encoded on several with one vocabulary (`tokenizer`), and `fit` is
        given all their directories. A model that is trained or loaded encodes with its own.

        Args:
            corpus: See `fit`.
            output: A directory for the files, which must not be there yet or be empty.
            shards: How many files of training text.
            tokenizer: A model, or the directory of an encoded text, whose vocabulary is used.
            validation: See `fit`.
            validation_fraction: See `fit`.
            split_by: See `fit`.
            documents: See `fit`.
            column: See `fit`.
            encoding: See `fit`.
            seed: Draws what is set aside, as the seed of `fit` does.
            progress: Where messages go; by default standard error.

        Raises:
            TextrnnError: If the text is missing or unreadable, the directory holds something, or an option is wrong.
        """
        asked = {
            "corpus": corpus,
            "validation": validation,
            "validation_fraction": validation_fraction,
            "split_by": split_by,
            "documents": documents,
            "column": column,
            "encoding": encoding,
            "initial_model": None if self.weights else NO_MODEL,
            **self._checked({"seed": seed}),
        }
        check_range("shards", shards, 1, 1_000_000, whole=True)
        if self.weights and tokenizer is not None:
            raise TextrnnError("This model has a vocabulary of its own. Leave out `tokenizer`.")
        with temporary_directory() as directory, new_directory(output) as place:
            encoder = copy.copy(self)
            if tokenizer is not None:
                encoder.tokenizers = {"tokenizer": named_tokenizer(tokenizer)}
                encoder.given = {**self.given, "level": encoder.tokenizers["tokenizer"].level}
            source, text, texts, _ = encoder._encoded(
                dict(encoder.given), asked, pathlib.Path(directory), progress or Progress()
            )
            kept = encoded_corpus(source, text, texts, encoder.tokenizers["tokenizer"], encoder.config, encoder.given)
            write_encoded(place, kept, shards, encoder.ngrams)

    def _taken_over(
        self, corpus: EncodedCorpus, model_options: dict[str, Any], asked: dict[str, Any], progress: Progress
    ) -> tuple[tuple[EncodedText, EncodedText], TrainingConfig]:
        """Takes over the vocabulary of a text that was encoded before, and chooses what is not set."""
        model_options = options_for(corpus, self.tokenizers.get("tokenizer"), model_options, asked)
        asked["initial_model"] = asked["initial_model"] or NO_MODEL
        if asked["initial_model"] != NO_MODEL and asked["initial_model"] != self.origin:
            raise TextrnnError("Encoded text is for a new model, or one that is loaded. Leave out `initial_model`.")
        config = self._choose(
            corpus.survey,
            corpus.documents,
            corpus.num_documents,
            lambda: [corpus.beginning],
            model_options,
            asked,
            progress,
        )
        self.tokenizers = {"tokenizer": corpus.tokenizer}
        self.config = dataclasses.replace(self.config, vocabulary_size=corpus.tokenizer.vocabulary_size)
        check_cut(corpus, self.config)
        if not self.weights:
            self.ngrams = record_of(corpus)
        return corpus.texts, config


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
