"""The classifier that people call: fit it to labelled sequences, name the classes of others, see why."""

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from textrnn.config import NetworkConfig
from textrnn.config.classifier import CLASSIFIERS, FROM_DATA, ClassifierConfig, ClassifierTrainingConfig
from textrnn.config.signatures import with_options
from textrnn.defaults import linear_classifier
from textrnn.defaults.classifier import classifier_choice, classifier_tuning_choice, encoder_choice
from textrnn.errors import TextrnnError, check_choice, check_options, check_range
from textrnn.preprocessing import labelled
from textrnn.preprocessing.labelled import Encoded, Label, Labelled, LabelledPlan, encoded_targets
from textrnn.preprocessing.tokenizers import EOS_ID, LEVELS, make_tokenizer
from textrnn.progress import Progress
from textrnn.storage import kind_of
from textrnn.tasks.encoders import Encoder
from textrnn.tasks.predictions import BATCH_SIZE, Explanation, Predictor
from textrnn.tasks.task import TOKENIZER_OPTIONS, Prepared, Task, Weights

__all__ = ["Classifier", "Explanation"]

TRIAL_STEPS = 20
FIXED = ("cell", "units", "embedding_dim", "bidirectional")  # by the language model that a classifier begins with
LINEAR_SHARES = tuple(number / 10 for number in range(11))


class Classifier(Task, Predictor):
    """A recurrent classifier of sequences of tokens or of vectors.

    Example:

        classifier = Classifier()
        classifier.fit("reviews.csv", text="review", label="stars", output="my-classifier")
        print(classifier.predict(["a masterpiece"]))

    Args:
        network: A ready-made network: "tutorial", that of the well-known Keras tutorials on digits.
        level: "char", "word" or "subword"; None lets `fit` choose.
        vocabulary_size: Most token ids to use; None lets `fit` choose.
        lowercase: Whether texts are put into small letters.
        **options: Options of `textrnn.config.ClassifierConfig`. What is not set here is chosen by `fit`.

    Raises:
        TextrnnError: If an option is unknown or its value impossible.
    """

    kind = "classifier"
    data_options = ("text", "label", "encoding")
    noun = "classifier"
    usage = 'textrnn classify "A text" --model {model}\ntextrnn evaluate classification TABLE --model {model}'
    _class_weights: np.ndarray | None = None  # of the run that is under way
    _encoder: Encoder | None = None  # of the language model to begin with, if there is one

    @with_options(ClassifierConfig, skip=FROM_DATA, are_chosen=True)
    def __init__(
        self,
        network: str | None = None,
        *,
        level: str | None = None,
        vocabulary_size: int | None = None,
        lowercase: bool | None = None,
        **options: Any,
    ) -> None:
        options = {name: value for name, value in options.items() if value is not None}
        names = [name for name in ClassifierConfig.option_names() if name not in FROM_DATA]
        check_options(options, [*names, *TOKENIZER_OPTIONS], "Classifier")
        if network is not None:
            check_choice("network", network, CLASSIFIERS)
            options = {**CLASSIFIERS[network], **options}
        if level is not None:
            check_choice("level", level, LEVELS)
        if vocabulary_size is not None:
            check_range("vocabulary_size", vocabulary_size, 5, 1_000_000, whole=True)
        given = {**options, "level": level, "vocabulary_size": vocabulary_size, "lowercase": lowercase}
        # Until `fit` completes it.
        super().__init__(
            ClassifierConfig(**options), {name: value for name, value in given.items() if value is not None}
        )

    @classmethod
    def load(cls, model: str | os.PathLike[str]) -> "Classifier":
        """Loads a classifier from a directory.

        Raises:
            TextrnnError: If there is no such model, or it is damaged, incomplete or of a newer format.
        """
        result: Classifier = cls._loaded(model)
        return result

    @classmethod
    @with_options(ClassifierConfig, skip=(*FROM_DATA, *FIXED), are_chosen=True)
    def from_language_model(cls, model: Any, *, vocabulary_size: int | None = None, **options: Any) -> "Classifier":
        """Returns a classifier that begins with what a language model has learned about text.

        The tokenizer, the embedding and the recurrent layers are the language model's; pooling and output are new.
        `fit` trains all of them.

        Example:

            classifier = Classifier.from_language_model("shakespeare").fit("scenes.csv", text="text", label="play")

        Args:
            model: A trained `LanguageModel`, the directory of one, or the name of one that is shipped.
            vocabulary_size: Most token ids, at least those of the language model: the more are for characters or words
                that it does not know. None lets `fit` choose.
            **options: Options of `textrnn.config.ClassifierConfig`. Those that the language model fixes (`cell`,
                `units`, `embedding_dim`, `bidirectional`, `level`, `lowercase`) may be left out.

        Raises:
            TextrnnError: If there is no such model, or an option is unknown, impossible or another than the language
                model's.

        Reference: Howard and Ruder 2018, "Universal Language Model Fine-tuning for Text Classification".
        """
        encoder = Encoder.of(model)
        given = {name: value for name, value in options.items() if value is not None}
        if vocabulary_size is not None:
            given["vocabulary_size"] = vocabulary_size
        encoder.check(given)
        fixed = {name: value for name, value in encoder.options.items() if name not in FROM_DATA}
        result = cls(**{**given, **fixed})
        result.given["beginning"] = encoder.config.beginning
        result._take_over(encoder)
        result.origin = encoder.origin
        return result

    @classmethod
    def begun(cls, initial_model: str | os.PathLike[str], **options: Any) -> "Classifier":
        if kind_of(initial_model) == NetworkConfig.kind:
            return cls.from_language_model(initial_model, **options)
        result: Classifier = super().begun(initial_model, **options)
        return result

    def _take_over(self, encoder: Encoder) -> None:
        """Makes the tokenizer of a language model that of this classifier."""
        self._encoder = encoder
        self.tokenizers = {"tokenizer": encoder.tokenizer}
        self.config = dataclasses.replace(self.config, vocabulary_size=encoder.tokenizer.vocabulary_size)

    def __repr__(self) -> str:
        config, trained = self.config, "trained" if self.weights else "not trained"
        read = f"{self.tokenizers['tokenizer'].level}s" if self.tokenizers else f"{config.num_features} features a step"
        layers = f"{config.cell} {'+'.join(map(str, config.units))}{' both ways' * config.bidirectional}"
        return f"<Classifier: {len(config.labels)} classes of {read}, {layers}, {trained}>"

    # Training

    @with_options(ClassifierTrainingConfig, are_chosen=True)
    def fit(
        self,
        data: Any = None,
        labels: Any = None,
        *,
        text: str | int | None = None,
        label: str | int | None = None,
        validation: Any = None,
        validation_labels: Any = None,
        validation_fraction: float | None = None,
        encoding: str | None = None,
        output: str | os.PathLike[str] | None = None,
        resume: bool = False,
        overwrite: bool = False,
        half_precision: bool = False,
        callbacks: Sequence[Any] = (),
        progress: Progress | None = None,
        device: str | None = None,
        **options: Any,
    ) -> "Classifier":
        """Trains the classifier on labelled sequences and keeps the weights that name validation classes best.

        What is not set, here or when the classifier was made, follows from the data. A classifier that has been trained
        or loaded goes on from its weights, with its own labels and vocabulary. If training fails, it stays as it was;
        if it is interrupted, it has the best weights so far.

        Args:
            data: A CSV, TSV or JSON lines file, a folder with a folder of text files for each class, a data frame, rows
                of (text, label), or, with `labels`, texts or arrays of shape `(samples, time, num_features)`.
            labels: The label of each sequence, or a list of several.
            text: The column of the texts: a name, or a number that begins with 1.
            label: The column of the labels.
            validation: The same as `data` for validation; by default a part is set aside.
            validation_labels: The same as `labels` for validation.
            validation_fraction: How large a part, by default a tenth; 0 trains on everything, and validates on that.
            encoding: Encoding of the files.
            output: Directory for the model, the checkpoint, `history.csv` and `loss.png`; None writes nothing.
            resume: Whether to go on from the checkpoint in `output`, with the options that it was made with.
            overwrite: Whether to replace an earlier run in `output`; otherwise that is an error.
            half_precision: Whether to save the weights as float16.
            callbacks: Keras callbacks.
            progress: Where messages go; by default standard error.
            device: "cpu" or "gpu" to train on; None takes what is faster. A run may be resumed on the other.
            **options: Options of `textrnn.config.ClassifierTrainingConfig`, such as `epochs`.

        Returns:
            The classifier itself; `history` has one record per validation.

        Raises:
            TextrnnError: If the data are missing, unreadable or too few, or an option is wrong.
        """
        asked = {
            "data": data,
            "labels": labels,
            "text": text,
            "label": label,
            "validation": validation,
            "validation_labels": validation_labels,
            "validation_fraction": validation_fraction,
            "encoding": encoding,
            **self._checked(options),
        }
        self._fit(
            asked,
            output=output,
            resume=resume,
            overwrite=overwrite,
            half_precision=half_precision,
            callbacks=callbacks,
            progress=progress,
            device=device,
        )
        return self

    def _prepared(
        self, model_options: dict[str, Any], asked: dict[str, Any], progress: Progress, resources: contextlib.ExitStack
    ) -> Prepared:
        is_multi = bool(self.config.multi_label if self.weights else model_options.get("multi_label"))
        training, validation = self._read(asked, is_multi, progress)
        config = self._choose(training, model_options, asked, progress)
        sides = (training, "train on"), (validation, "validate on")
        whole = [self._encoded(side.sequences) for side, _ in sides]
        encoded = [
            Encoded(self._cut(sequences), self._grams(side.sequences))
            for sequences, (side, _) in zip(whole, sides, strict=True)
        ]
        targets = [encoded_targets(side, self.labels, is_multi, use) for side, use in sides]
        num_cut = sum(len(one) > self.config.max_length for one in whole[0])
        if num_cut:
            progress.message(
                f"{num_cut:,} of {len(training):,} sequences are longer than {self.config.max_length} steps, and only "
                "their beginnings are read (max_length)"
            )
        self._class_weights = balanced_weights(targets[0]) if config.balanced else None
        return self._batched(encoded, targets, training, config)

    def _batched(self, encoded: list[Encoded], targets: list[np.ndarray], training: Labelled, config: Any) -> Prepared:
        """Makes batches of the encoded sequences."""
        from textrnn.evaluation.classification import fitted_temperature, named_labels
        from textrnn.training.classifier import describe_run
        from textrnn.training.history import Score

        plans = (
            LabelledPlan(encoded[0], targets[0], config.batch_size, config.seed),
            LabelledPlan(encoded[1], targets[1], max(config.batch_size, BATCH_SIZE)),
        )

        is_multi = self.config.multi_label

        def accuracy() -> Score:
            named = named_labels(self._as_probabilities(self._logits(encoded[1])), is_multi)
            return Score("accuracy", float((named == (targets[1] > 0)).all(axis=1).mean()))

        def calibrate() -> None:
            logits = {}
            for share in LINEAR_SHARES if self.config.has_linear else (self.config.linear_share,):
                self.config, self._network = dataclasses.replace(self.config, linear_share=share), None
                logits[share] = self._logits(encoded[1])
            found = {share: fitted_temperature(one, targets[1], is_multi) for share, one in logits.items()}
            share = min(found, key=lambda share: found[share].loss)
            self.config = dataclasses.replace(self.config, linear_share=share, temperature=found[share].temperature)
            self._network = None

        return Prepared(
            config,
            plans,
            lambda config: describe_run(self.config, config, encoded[0].sequences, plans),
            data_facts={
                "training_sequences": len(training),
                "validation_sequences": len(encoded[1]),
                "label_counts": {str(label): count for label, count in training.counts().items()},
            },
            text_digest=sequences_digest(encoded[0].sequences, targets[0]),
            validation_score=accuracy,
            settle=calibrate,
            initial_weights={} if self.weights else self._initial_weights(encoded, targets),
        )

    def _initial_weights(self, encoded: list[Encoded], targets: list[np.ndarray]) -> Weights:
        """Returns the weights to begin with that are not drawn: of a language model, and of the linear classifier."""
        weights = {} if self._encoder is None else self._encoder.initial_weights
        return {**weights, **self._linear(encoded, targets)} if self.config.has_linear else weights

    def _linear(self, encoded: list[Encoded], targets: list[np.ndarray]) -> Weights:
        """Returns the weights of the linear classifier to begin with."""
        from textrnn.evaluation.classification import cross_entropy

        sides = [(side.grams or [], one) for side, one in zip(encoded, targets, strict=True)]
        is_multi = self.config.multi_label
        return linear_classifier.fitted(
            sides[0], sides[1], lambda logits, wanted: cross_entropy(logits, wanted, is_multi)
        )

    def _read(self, asked: dict[str, Any], is_multi: bool, progress: Progress) -> tuple[Labelled, Labelled]:
        """Returns training and validation data; says what there is to say of them."""
        if asked["data"] is None:
            raise TextrnnError("Pass the data to train on: a CSV file, a folder of folders, or fit(texts, labels).")
        how = {"text": asked["text"], "label": asked["label"], "encoding": asked["encoding"] or "utf-8"}
        data = labelled.read(asked["data"], asked["labels"], multi_label=is_multi, **how)
        for note in data.notes:
            progress.message(note)
        if not self.weights:
            if self._encoder is not None:
                check_texts(data)
            check_labels(data)
        if asked["validation"] is not None:
            validation = labelled.read(asked["validation"], asked["validation_labels"], multi_label=is_multi, **how)
            for note in validation.notes:
                progress.message(note)
            return data, validation
        fraction = 0.1 if asked["validation_fraction"] is None else asked["validation_fraction"]
        check_range("validation_fraction", fraction, 0, 1, below=True)
        if fraction == 0:
            progress.message("nothing is set aside: the validation loss is that of the training data")
            return data, data
        return labelled.split(data, fraction, asked.get("seed") or 0)

    def _choose(
        self, data: Labelled, model_options: dict[str, Any], asked: dict[str, Any], progress: Progress
    ) -> ClassifierTrainingConfig:
        """Completes the config of a classifier without weights, and returns how to train; says what was chosen."""
        given = self._given(asked)
        if self.weights:
            choice = classifier_tuning_choice(len(data), given)
        else:
            counts = data.counts()
            if self._encoder is None:
                choice = classifier_choice(data.sequences, counts, model_options, given)
            else:
                choice = encoder_choice(len(data), len(counts), self._encoder.options, given)
            self.chosen = {**choice.model, **model_options}
            self._complete(data, tuple(counts), progress)
        for line in choice.reasons:
            progress.message(line)
        return ClassifierTrainingConfig(**{**choice.training, **given})

    def _complete(self, data: Labelled, labels: tuple[Label, ...], progress: Progress) -> None:
        """Completes the config, with what follows from the training data."""
        options = {name: value for name, value in self.chosen.items() if name not in TOKENIZER_OPTIONS}
        if self._encoder is not None:
            encoder, before = self._encoder.extended(data.sequences, self.chosen["vocabulary_size"]), self._encoder
            options["vocabulary_size"] = encoder.tokenizer.vocabulary_size
            num_new = encoder.tokenizer.vocabulary_size - before.tokenizer.vocabulary_size
            if num_new:
                progress.message(f"{num_new:,} new tokens are added to the vocabulary")
            self._take_over(encoder)
        elif data.are_texts:
            chosen = self.chosen
            tokenizer = make_tokenizer(
                chosen["level"], data.sequences, chosen["vocabulary_size"], bool(chosen.get("lowercase"))
            )
            self.tokenizers = {"tokenizer": tokenizer}
            options["vocabulary_size"] = tokenizer.vocabulary_size
        else:
            options |= statistics(data.sequences, self.config.scaling)
        self.config = ClassifierConfig(**{**options, "labels": labels})

    def _network_options(self, config: Any) -> dict[str, Any]:
        return {**super()._network_options(config), "class_weights": self._class_weights}

    def score_on(self, *data: Any, **how: Any) -> tuple[str, float]:
        return "accuracy", self.evaluate(*data, **how).accuracy

    def trial(self) -> tuple[int, str]:
        draw = np.random.default_rng(0)
        size = min(self.config.max_length, TRIAL_STEPS), max(self.config.num_features, 1)
        inputs: list[Any] = [draw.normal(size=size) for _ in range(BATCH_SIZE)]
        if self.config.vocabulary_size:
            rows = draw.integers(EOS_ID + 1, self.config.vocabulary_size, (BATCH_SIZE, size[0])).tolist()
            inputs = [self._tokenizer("tokenizer").decode(ids) for ids in rows]
        return len(self.probabilities(inputs)), "sequences"


def check_labels(data: Labelled) -> None:
    """Raises `TextrnnError` unless the labels are some, and not too many to be classes."""
    counts = data.counts()
    if len(counts) < 2:
        raise TextrnnError(
            f"All data have the same label, {next(iter(counts))!r}: there is nothing to learn. If this is not the "
            "right column, name it: label='stars'."
        )
    if len(counts) > labelled.MOST_LABELS:
        raise TextrnnError(
            f"There are {len(counts):,} different labels for {len(data):,} sequences, such as "
            f"{next(iter(counts))!r:.40}. If this is not the right column, name it: label='stars'."
        )


def check_texts(data: Labelled) -> None:
    """Raises `TextrnnError` unless the sequences are texts, which alone a language model reads."""
    if not data.are_texts:
        raise TextrnnError(
            "These sequences are vectors, and a language model reads texts. Use Classifier() without a language model."
        )


def balanced_weights(targets: np.ndarray) -> np.ndarray:
    """Returns how much each class counts so that all count the same, 1 on average over the sequences."""
    counts = np.maximum(targets.sum(axis=0), 1)
    return np.asarray(targets.sum() / (len(counts) * counts), dtype=np.float32)


def statistics(sequences: Sequence[np.ndarray], scaling: str) -> dict[str, Any]:
    """Returns the number of features, what is subtracted from each, and what it is divided by then.

    Args:
        sequences: Arrays of shape `(time, num_features)`.
        scaling: "feature" or "range".

    Raises:
        TextrnnError: If sequences differ in their features.
    """
    sizes = {sequence.shape[1] for sequence in sequences}
    if len(sizes) > 1:
        raise TextrnnError(f"All sequences must have as many features a step. Received: {sorted(sizes)}.")
    steps = np.concatenate(sequences).astype(np.float64)
    if scaling == "feature":
        means, deviations = steps.mean(axis=0), steps.std(axis=0)
    else:
        means, deviations = np.zeros(steps.shape[1]), np.full(steps.shape[1], np.abs(steps).max())
    deviations[deviations < 1e-8] = 1.0  # a feature that is always the same
    return {
        "num_features": sizes.pop(),
        "means": tuple(float(np.float32(mean)) for mean in means),
        "deviations": tuple(float(np.float32(deviation)) for deviation in deviations),
    }


def sequences_digest(sequences: list[np.ndarray], targets: np.ndarray) -> str:
    """Returns a hash of encoded sequences and their targets."""
    digest = hashlib.sha256(targets.tobytes())
    for sequence in sequences:
        digest.update(sequence.tobytes())
    return digest.hexdigest()
