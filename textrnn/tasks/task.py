"""What all kinds of model share: load, save, fit."""

import contextlib
import dataclasses
import os
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from textrnn.config import FittingConfig
from textrnn.config.kinds import KINDS
from textrnn.errors import TextrnnError, check_options
from textrnn.preprocessing.batches import Batch, Plan
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.progress import Progress
from textrnn.storage import StoredModel, load_model, save_model
from textrnn.tasks.model_card import write_model_card
from textrnn.tasks.run import Run, unchanged_by_failure, vocabulary_digest, with_fitting_warmup

if TYPE_CHECKING:
    from textrnn.training.devices import Device
    from textrnn.training.history import EpochRecord, Score

__all__ = ["TOKENIZER_OPTIONS", "Prepared", "Task", "Weights"]

TOKENIZER_OPTIONS = ("level", "vocabulary_size", "lowercase")

Weights = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What a run is made of: data that has become batches, and what is special about the kind.

    Args:
        config: How to train.
        plans: Training and validation batches.
        description: Called with the config, returns the lines to show before training starts.
        data_facts: What the manifest tells about the data.
        text_digest: A hash of the training data, of which a checkpoint can only be resumed with the same.
        sample: Called after each validation, with the weights in place; returns a line to look at.
        validation_score: Called at each validation, with the weights in place; returns the score that decides which
            weights are best. None leaves that to the validation loss.
        loss_score: Returns the score that a validation loss amounts to, for people.
        settle: Called with the weights in place before they are saved: what else of the model follows from them.
        initial_weights: Weights by name to begin with, in the place of those that are drawn.
        extended: Called with a batch, the weights by name and the number of the step, returns what is trained on.
    """

    config: FittingConfig
    plans: tuple[Plan, Plan]
    description: Callable[[Any], str]
    data_facts: dict[str, Any]
    text_digest: str
    sample: Callable[[], str] | None = None
    validation_score: "Callable[[], Score] | None" = None
    loss_score: "Callable[[float], Score] | None" = None
    settle: Callable[[], None] | None = None
    initial_weights: Weights = dataclasses.field(default_factory=dict)
    extended: Callable[[Batch, Weights, int], Batch] | None = None


class Task:
    """A model that people call. A kind says its name, and how data becomes batches (`_prepared`).

    Args:
        config: What the network is; `fit` may complete it.
        given: The options that the user has set.
    """

    kind: ClassVar[str]
    noun: ClassVar[str] = "model"
    usage: ClassVar[str] = ""  # commands that use a model of this kind, with "{model}" where they name it
    data_options: ClassVar[tuple[str, ...]] = ("encoding",)  # of `fit` and `evaluate`: how files of data are read

    def __init__(self, config: Any, given: dict[str, Any]) -> None:
        self.config = config
        self.given = given
        self.tokenizers: dict[str, Tokenizer] = {}
        self.weights: Weights = {}
        self.ngrams: dict[str, np.ndarray] = {}  # a record of the training text, where the kind keeps one
        self.facts: dict[str, Any] = {}
        self.chosen: dict[str, Any] = {}  # the options that `fit` has settled on
        self.origin: str | None = None  # the model that was loaded
        self.history: list[EpochRecord] = []  # of the last `fit`, one record per validation
        self._network: Any = None

    # Storage

    @classmethod
    def _loaded(cls, model: str | os.PathLike[str]) -> Any:
        """Returns a model read from a directory, or a shipped one by name."""
        stored = load_model(model, cls.kind)
        result = cls.__new__(cls)
        Task.__init__(result, stored.config, {})
        result._take(stored)
        result.origin = str(model)
        return result

    @classmethod
    def begun(cls, initial_model: str | os.PathLike[str], **options: Any) -> Any:
        """Returns a model that training goes on from.

        Args:
            initial_model: The directory or the shipped name of a model.
            **options: The options of the new model that are set; the initial model has fixed them all, unless a kind
                can begin with a model of another kind.

        Raises:
            TextrnnError: If there is no such model, or it has fixed an option.
        """
        if options:
            raise TextrnnError(f"`{next(iter(options))}` is fixed by --initial-model {initial_model}; leave it out.")
        return cls.load(initial_model)  # type: ignore[attr-defined]

    def _take(self, stored: StoredModel) -> None:
        """Takes over what was read."""
        self.config, self.tokenizers, self.weights = stored.config, stored.tokenizers, stored.weights
        self.ngrams, self.facts = stored.ngrams, stored.facts

    def save(
        self, directory: str | os.PathLike[str], half_precision: bool = False, *, weight_format: str | None = None
    ) -> None:
        """Writes the model directory.

        Args:
            directory: Where to; a model that is there is replaced, anything else is left alone with an error.
            half_precision: The same as `weight_format="float16"`.
            weight_format: How to keep the weights: "float32" (the default), "float16" for half the size, "int8" for a
                quarter of it, or "int4" for about a seventh, which costs some quality. Whatever it is, the model that
                is loaded computes in float32.

        Raises:
            TextrnnError: If there are no weights yet, or the place cannot be written or holds something else.
        """
        if half_precision and weight_format not in (None, "float16"):
            raise TextrnnError(f"`half_precision` means 'float16'. Received: weight_format={weight_format!r} too.")
        chosen = weight_format or ("float16" if half_precision else "float32")
        stored = self._stored(self.weights_for(chosen), self.facts)
        save_model(directory, stored, chosen)
        write_model_card(pathlib.Path(directory), stored, chosen)

    def weights_for(self, weight_format: str) -> Weights:
        """Returns the weights to keep in a format, which a kind may round in a way of its own."""
        return self.weights

    def _stored(self, weights: Weights, facts: dict[str, Any]) -> StoredModel:
        if not weights:
            raise TextrnnError(f"This {self.noun} has no weights to save yet. Call `fit` first.")
        return StoredModel(self.config, self.tokenizers, weights, self.ngrams, facts)

    @property
    def network(self) -> Any:
        """The NumPy network with the current weights."""
        if not self.weights:
            raise TextrnnError(f"This {self.noun} has not been trained yet. Call `fit`, or load a {self.noun}.")
        if self._network is None:
            self._network = KINDS[self.kind].load("inference", "network")(self.config, self.weights)
        return self._network

    def _tokenizer(self, name: str) -> Tokenizer:
        if name not in self.tokenizers:
            raise TextrnnError(f"This {self.noun} has not been trained yet. Call `fit`, or load a {self.noun}.")
        return self.tokenizers[name]

    # Training

    def _checked(self, options: dict[str, Any]) -> dict[str, Any]:
        """Returns the options of training that are set; raises if one is unknown or wrong, before anything is read."""
        config = KINDS[self.kind].load("config", "fitting")
        given = {name: value for name, value in options.items() if value is not None}
        check_options(given, config.option_names(), "fit")
        config(**given)
        return given

    def _given(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Returns, of the options of `fit`, those of training that are set."""
        names = KINDS[self.kind].load("config", "fitting").option_names()
        return {name: asked[name] for name in names if asked.get(name) is not None}

    def _fit(self, asked: dict[str, Any], **how: Any) -> "list[EpochRecord]":
        """Does the work of `fit`.

        Args:
            asked: The options of `fit` that say what to train on, and how; None where one is not set.
            **how: The arguments of `textrnn.tasks.run.Run`.
        """
        with unchanged_by_failure(self), Run(**how) as run, contextlib.ExitStack() as resources:
            model_options, asked = run.resumed(self.given, asked)
            if run.initial_model is not None and self.origin is None and not self.weights:
                vars(self).update(vars(self.begun(run.initial_model, **self.given)))
            prepared = self._prepared(model_options, asked, run.progress, resources)
            self.history = self._train(run, prepared, asked)
            return self.history

    def _prepared(
        self, model_options: dict[str, Any], asked: dict[str, Any], progress: Progress, resources: contextlib.ExitStack
    ) -> Prepared:
        """Reads the data, completes the config where it has no weights yet, and makes batches.

        Args:
            model_options: The options of the model that are set.
            asked: The options of `fit`.
            progress: Where messages go.
            resources: What is closed when the run is over.
        """
        raise NotImplementedError

    def _network_options(self, config: Any) -> dict[str, Any]:
        """Returns the options of training that the Keras network takes, beside precision and seed."""
        return {"label_smoothing": config.label_smoothing}

    def _network_to_train(self, config: Any) -> Any:
        """Returns the config of the Keras network."""
        return self.config

    def _train(self, run: Run, prepared: Prepared, asked: dict[str, Any]) -> "list[EpochRecord]":
        from textrnn.training.devices import chosen_device

        device = chosen_device(run.device)
        with device.placed():
            return self._train_on(device, run, prepared, asked)

    def _train_on(self, device: "Device", run: Run, prepared: Prepared, asked: dict[str, Any]) -> "list[EpochRecord]":
        from textrnn.training.threads import prepare_threads

        config = with_fitting_warmup(prepared.config, asked, prepared.plans[0].num_batches)
        config = prepare_threads(device, self.config, config, run.progress)
        workers = run.joined()
        make_network = KINDS[self.kind].load("training", "network")
        options = self._network_options(config)
        network = make_network(self._network_to_train(config), config.precision, config.seed, device=device, **options)
        is_trained = bool(self.weights)
        if self.weights or prepared.initial_weights:
            network.set_weights_by_name({**network.get_weights_by_name(), **self.weights, **prepared.initial_weights})
        run.progress.message(prepared.description(config))

        def with_weights(call: Callable[[], Any] | None) -> Callable[[Weights], Any] | None:
            def called(weights: Weights) -> Any:
                self.weights, self._network = weights, None
                return call()  # type: ignore[misc]

            return None if call is None else called

        def stored(weights: Weights, facts: dict[str, Any]) -> StoredModel:
            settle = with_weights(prepared.settle)
            if settle is not None:
                settle(weights)
            return self._stored(weights, facts)

        try:
            records, self.weights, self.facts = run.train(
                network,
                config,
                prepared.plans,
                workers=workers,
                stored=stored,
                data_facts=prepared.data_facts,
                identity={
                    "network": self.config.to_dict(),
                    "vocabulary": vocabulary_digest(self.tokenizers.values()),
                    "text": prepared.text_digest,
                },
                options={"model": self.chosen, "fit": asked, "initial_model": self.origin},
                sample=with_weights(prepared.sample),
                validation_score=with_weights(prepared.validation_score),
                loss_score=prepared.loss_score,
                extended=prepared.extended,
                is_trained=is_trained,
            )
        except KeyboardInterrupt:
            self.weights = network.get_weights_by_name()  # the best so far, or those reached
            raise
        finally:
            self._network = None
        return records

    # What is measured of a model when it is made smaller

    def data_of(self, files: list[str]) -> tuple[Any, ...]:
        """Returns what `fit` and `score_on` are given first to read files."""
        if len(files) != 1:
            raise TextrnnError(f"A {self.noun} takes one file of data. Received: {', '.join(map(str, files))}.")
        return (files[0],)

    def score_on(self, *data: Any, **how: Any) -> tuple[str, float]:
        """Returns what the score of `evaluate` on data is called, and its value.

        Args:
            data: What `data_of` returns.
            how: Some of `data_options`.
        """
        raise NotImplementedError

    def trial(self) -> tuple[int, str]:
        """Does what such a model does, with input that is made up; returns how much it did, and of what."""
        raise NotImplementedError
