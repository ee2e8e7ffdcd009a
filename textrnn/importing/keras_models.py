"""A Keras model becomes a model of textrnn: a language model, or a classifier."""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from textrnn.config import ClassifierConfig, NetworkConfig
from textrnn.config.kinds import KINDS
from textrnn.errors import TextrnnError
from textrnn.importing.keras_archive import KerasNetwork, read_archive
from textrnn.importing.keras_weights import read_weights
from textrnn.importing.vocabulary import NEVER, Vocabulary
from textrnn.storage import StoredModel, save_model
from textrnn.tasks.model_card import write_model_card
from textrnn.tasks.run import check_no_model, gone_if_empty, prepared_output
from textrnn.tasks.task import Task

__all__ = ["import_keras"]

FACTS = {"made_of": "a Keras model"}
PADDING_IS_READ = (
    "note: the Keras model has no mask (mask_zero=False), so it read its padding as if that were a token. textrnn "
    "reads no padding: of texts as long as the model's inputs both say the same, of shorter ones not quite."
)


def import_keras(
    archive: str | os.PathLike[str],
    vocabulary: Sequence[str],
    output: str | os.PathLike[str],
    *,
    labels: Sequence[str] | None = None,
    overwrite: bool = False,
) -> tuple[Any, list[str]]:
    """Writes the model of a `.keras` archive as a model of textrnn.

    An output of the vocabulary's size is a language model's; any other one, or any with labels, a classifier's.

    Args:
        archive: The archive; it may be a stranger's.
        vocabulary: The tokens in the order of their ids; see `textrnn.importing.vocabulary`.
        output: The directory to write.
        labels: The classes of a classifier in the order of its outputs; None numbers them from 0.
        overwrite: Whether to replace a model in `output`.

    Returns:
        The model, and notes on what differs from Keras.

    Raises:
        TextrnnError: If the archive holds anything else, the vocabulary does not fit, or `output` cannot be written.
    """
    path = pathlib.Path(archive)
    network, content = read_archive(path)
    ids = Vocabulary(vocabulary, network.vocabulary_size)
    try:
        config = config_of(network, ids, labels)
    except TextrnnError as error:
        raise TextrnnError(f"{path}: {error}") from error
    weights = read_weights(path, content, network.places, network.shapes)
    stored = StoredModel(config, {"tokenizer": ids.tokenizer}, renamed(network, config, ids, weights), facts=FACTS)
    with gone_if_empty(output):
        directory = prepared_output(output, may_hold_run=True)
        if not overwrite:
            check_no_model(directory)
        save_model(directory, stored)
        write_model_card(directory, stored, "float32")
    task: type[Task] = KINDS[config.kind].load("tasks", "task")
    notes = [] if network.is_masked else [PADDING_IS_READ]
    return task.load(directory), notes  # type: ignore[attr-defined]


def config_of(network: KerasNetwork, ids: Vocabulary, labels: Sequence[str] | None) -> Any:
    """Returns the config of the model that a network becomes."""
    shared: dict[str, Any] = {
        "vocabulary_size": ids.tokenizer.vocabulary_size,
        "embedding_dim": network.embedding_dim,
        "cell": network.cell,
        "units": network.units,
        "bidirectional": network.bidirectional,
        **dict(zip(("input_dropout", "dropout", "output_dropout"), network.dropouts, strict=True)),
    }
    if labels is None and network.num_outputs == network.vocabulary_size:
        if network.activation == "sigmoid":
            raise TextrnnError("has a sigmoid for each token. A language model has a softmax, or no activation.")
        form = "lines" if network.returns_sequences else "ngrams"
        return NetworkConfig(**shared, form=form, max_length=(network.length or 99) + 1)
    if network.returns_sequences:
        raise TextrnnError("has a label for each token. A classifier has one for a text (return_sequences=False).")
    return ClassifierConfig(
        **shared,
        labels=labels_of(network, labels),
        multi_label=network.activation == "sigmoid" and network.num_outputs > 1,
        pooling=("last",),
        variational_dropout=False,
        max_length=network.length or 400,
    )


def labels_of(network: KerasNetwork, labels: Sequence[str] | None) -> tuple[Any, ...]:
    """Returns the labels of a classifier; a single output with a sigmoid tells two apart."""
    number = network.num_outputs
    if number == 1:
        if network.activation != "sigmoid":
            raise TextrnnError("has one output without a sigmoid: it says a number, which is no kind of textrnn.")
        number = 2
    if labels is None:
        return tuple(range(number))
    if len(labels) != number:
        raise TextrnnError(f"tells {number} classes apart, and there are {len(labels)} labels.")
    return tuple(labels)


def renamed(network: KerasNetwork, config: Any, ids: Vocabulary, found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the weights of the model: tokens in its order, and zeros for biases that Keras was told to leave out."""
    weights = {name: found.get(name, np.zeros(shape, np.float32)) for name, shape in network.shapes.items()}
    embeddings = weights["embedding/embeddings"]
    weights["embedding/embeddings"] = ids.rows(embeddings, embeddings.mean(axis=0))
    kernel, bias = weights["output/kernel"], weights["output/bias"]
    if config.kind == "language-model":
        weights["output/kernel"] = np.ascontiguousarray(ids.rows(kernel.T, np.zeros(len(kernel), np.float32)).T)
        weights["output/bias"] = ids.rows(bias, np.array(NEVER, np.float32))
    elif network.num_outputs == 1:  # sigmoid(x) is a softmax of 0 and x
        weights["output/kernel"] = np.concatenate([np.zeros_like(kernel), kernel], axis=1)
        weights["output/bias"] = np.concatenate([np.zeros_like(bias), bias])
    return {name: weights[name] for name in config.weight_shapes()}
