"""The language model that people call: fit it to text, continue prompts, score texts, save and load it."""

import contextlib
import dataclasses
import itertools
import os
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.config import NETWORKS, NetworkConfig, TrainingConfig
from textrnn.config.signatures import with_options
from textrnn.defaults.language_model import fine_tuning_choice, language_model_choice
from textrnn.errors import TextrnnError, check_choice, check_options, check_range
from textrnn.jobs.crews import check_jobs
from textrnn.preprocessing import corpora
from textrnn.preprocessing.sequences import EncodedText, TextPlan, encode_corpus
from textrnn.preprocessing.shards import opened as opened_shards
from textrnn.preprocessing.shards import shard_directories
from textrnn.preprocessing.survey import Survey, num_documents
from textrnn.preprocessing.tokenizers import LEVELS, UNK_ID, Tokenizer, make_tokenizer
from textrnn.progress import Progress
from textrnn.storage import StoredModel, load_model
from textrnn.systems import temporary_directory
from textrnn.tasks.encoded_text import MEASURED_LINES, TextEncoder
from textrnn.tasks.generations import Generation, Writer, described
from textrnn.tasks.inspections import Inspector
from textrnn.tasks.rounding import rounded_weights
from textrnn.tasks.run import digest
from textrnn.tasks.task import Prepared, Task, Weights
from textrnn.tasks.training_text import (
    Source,
    cut_for,
    documents_of,
    opened,
    read_training_text,
    share_set_aside,
    training_sides,
)
from textrnn.tasks.transfer import DROPOUTS, NO_MODEL, initial_model_for, surplus_loss, with_new_tokens

if TYPE_CHECKING:
    from textrnn.evaluation.memorisation import Memorisation, NgramFilter
    from textrnn.evaluation.perplexity import Evaluation
    from textrnn.training.history import EpochRecord

__all__ = ["Generation", "LanguageModel"]

VALIDATION_ROWS = 8
RUNNING_TEXT = "none"
DIGESTED_TOKENS = 1 << 22  # at once
TRIAL_TOKENS = 200


class LanguageModel(Task, Writer, Inspector, TextEncoder):
    """A recurrent language model over characters, words or subwords.

    Example:

        model = LanguageModel(level="char", units=(128,), embedding_dim=64)
        model.fit("my_book.txt", epochs=5, output="my-model")
        print(model.generate("It was", max_tokens=200, seed=1))

    Args:
        network: Name of a ready-made network ("tutorial", "tutorial-bidirectional"), or None.
        level: "char", "word" or "subword"; None lets `fit` choose by the text.
        vocabulary_size: Most token ids to use; None lets `fit` choose.
        lowercase: Whether text and prompts are put into small letters, as in the tutorials.
        **options: Options of `textrnn.config.NetworkConfig`; they override those of `network`. What is not set here is
            chosen by `fit`, by the size, the script and the lines of the text.

    Raises:
        TextrnnError: If an option is unknown or its value impossible.
    """

    kind = "language-model"
    usage = 'textrnn generate "The beginning" --model {model}\ntextrnn evaluate perplexity TEXT --model {model}'
    data_options = ("column", "encoding")

    @with_options(NetworkConfig, are_chosen=True)
    def __init__(
        self,
        network: str | None = None,
        *,
        level: str | None = None,
        vocabulary_size: int | None = None,
        lowercase: bool | None = None,
        **options: Any,
    ) -> None:
        options = {name: value for name, value in options.items() if value is not None or name == "documents"}
        if network is not None:
            check_choice("network", network, NETWORKS)
            options = {**network_defaults(), **NETWORKS[network], **options}
            level = level or "word"
        if options.get("documents") == RUNNING_TEXT:
            options["documents"] = None
        if level is not None:
            check_choice("level", level, LEVELS)
        names = [name for name in NetworkConfig.option_names() if name != "vocabulary_size"]
        check_options(options, [*names, "level", "vocabulary_size", "lowercase", "network"], "LanguageModel")
        given = {**options, "level": level, "vocabulary_size": vocabulary_size, "lowercase": lowercase}
        given = {name: value for name, value in given.items() if value is not None or name == "documents"}
        if vocabulary_size is not None:
            check_range("vocabulary_size", vocabulary_size, 5, 10_000_000, whole=True)
        # Until `fit` completes it.
        super().__init__(NetworkConfig(vocabulary_size=vocabulary_size or 5, **options), given)
        self.level = level or "char"

    # Storage

    @classmethod
    def load(cls, model: str | os.PathLike[str]) -> "LanguageModel":
        """Loads a model from a directory, or a shipped one by name ("shakespeare").

        Raises:
            TextrnnError: If there is no such model, or it is damaged, incomplete or of a newer format.
        """
        result: LanguageModel = cls._loaded(model)
        return result

    def _take(self, stored: StoredModel) -> None:
        super()._take(stored)
        self.level = self._trained_tokenizer().level

    @classmethod
    def begun(cls, initial_model: str | os.PathLike[str], **options: Any) -> "LanguageModel":
        dropouts = {name: options.pop(name) for name in DROPOUTS if name in options}
        result: LanguageModel = super().begun(initial_model, **options)
        result.given = dropouts
        return result

    def weights_for(self, weight_format: str) -> Weights:
        if weight_format != "int4" or self.config.bidirectional:  # which does not write
            return self.weights
        return rounded_weights(self)

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The tokenizer; None before `fit`."""
        return self.tokenizers.get("tokenizer")

    def _trained_tokenizer(self) -> Tokenizer:
        return self._tokenizer("tokenizer")

    def __repr__(self) -> str:
        return described(self.config, self.level, self.facts, bool(self.weights))

    # Training

    @with_options(TrainingConfig, are_chosen=True)
    def fit(
        self,
        corpus: Source | None = None,
        *,
        validation: Source | None = None,
        validation_fraction: float | None = None,
        split_by: str | None = None,
        documents: str | None = None,
        column: str | int | None = None,
        encoding: str | None = None,
        initial_model: str | os.PathLike[str] | None = None,
        output: str | os.PathLike[str] | None = None,
        resume: bool = False,
        overwrite: bool = False,
        half_precision: bool = False,
        sample_prompt: str | None = None,
        callbacks: Sequence[Any] = (),
        progress: Progress | None = None,
        device: str | None = None,
        **options: Any,
    ) -> "list[EpochRecord]":
        """Trains the model on text and keeps the weights that predict the validation text best.

        What is not set, here or when the model was made, follows from the text, and a few lines say what was chosen. A
        model that has been trained or loaded goes on from its weights; characters and words that it does not know are
        added to its vocabulary. If training fails, the model stays as it was; if it is interrupted, it has the best
        weights so far.

        Args:
            corpus: A file, several files, a directory, "-", a name for `corpora.load`, a `Corpus`, or anything that
                yields texts: a list of strings, a generator, a column of a table. None only to resume.
            validation: The same for validation text; by default a part of the corpus is set aside.
            validation_fraction: How large a part; 0 trains on everything, as is done with a page or two.
            split_by: "block", "document", "line" or "group"; by default blocks of running text, and whole documents
                otherwise.
            documents: What a document is: "line", "file", "item", or a string that separates documents; "none" is
                running text, and None finds out whether lines or files are documents.
            column: Name or number of the column of a CSV, TSV or JSON lines file that holds the text.
            encoding: Encoding of the files; by default UTF-8.
            initial_model: A shipped model or a directory whose weights training starts from; "none" starts from random
                weights. By default English prose of less than a million characters starts from "english", if no option
                of the network is set.
            output: Directory for the model, the checkpoint, `history.csv` and `loss.png`; None writes nothing.
            resume: Whether to go on from the checkpoint in `output`, with the options that it was made with. More
                `epochs`, `steps` or `minutes` than before train longer.
            overwrite: Whether to replace an earlier run in `output`; otherwise that is an error.
            half_precision: Whether to save the weights as float16.
            sample_prompt: What the line sampled after each validation continues.
            callbacks: Keras callbacks.
            progress: Where messages go; by default standard error.
            device: "cpu" or "gpu" to train on; None takes what is faster. A run may be resumed on the other.
            **options: Options of `textrnn.config.TrainingConfig`, such as `minutes`, `epochs` or `learning_rate`.

        Returns:
            The history, one record per validation.

        Raises:
            TextrnnError: If the text is missing, unreadable or too small, or an option is wrong.
        """
        asked = {
            "corpus": corpus,
            "validation": validation,
            "validation_fraction": validation_fraction,
            "split_by": split_by,
            "documents": documents,
            "column": column,
            "encoding": encoding,
            "initial_model": None if initial_model is None else str(initial_model),
            "sample_prompt": sample_prompt,
            **self._checked(options),
        }
        return self._fit(
            asked,
            output=output,
            resume=resume,
            overwrite=overwrite,
            half_precision=half_precision,
            callbacks=callbacks,
            progress=progress,
            device=device,
        )

    def _prepared(
        self, model_options: dict[str, Any], asked: dict[str, Any], progress: Progress, resources: contextlib.ExitStack
    ) -> Prepared:
        directories = shard_directories(asked["corpus"])
        if directories:
            texts, config = self._taken_over(opened_shards(directories), model_options, asked, progress)
        else:
            directory = resources.enter_context(temporary_directory())
            _, _, texts, config = self._encoded(model_options, asked, pathlib.Path(directory), progress)
        return self._batched(texts, config, asked)

    def _encoded(
        self, model_options: dict[str, Any], asked: dict[str, Any], directory: pathlib.Path, progress: Progress
    ) -> tuple[corpora.Corpus, Survey, tuple[EncodedText, EncodedText], TrainingConfig]:
        """Reads the text, chooses what is not set, and encodes both sides into files below a directory."""
        if asked["documents"] is not None:
            running = asked["documents"] == RUNNING_TEXT
            model_options = {**model_options, "documents": None if running else asked["documents"]}
        source, text = read_training_text(asked, self.config.to_dict() if self.weights else model_options)
        self._start(source, text, model_options, asked, progress)
        number = 1 if self.weights else num_documents(source, text)
        config = self._choose(text, source.documents, number, source.pieces, model_options, asked, progress)
        for line in source.notes:
            progress.message(line)
        fraction = share_set_aside(asked, text.num_characters, self.config.documents, not self.weights)
        if fraction == 0 and asked["validation"] is None:
            progress.message("no text is set aside: the validation loss is that of the training text")
        sides = training_sides(source, self.config, asked, fraction, config.seed)
        texts = self._encode(*sides, directory, progress)
        self._remember(sides[0], texts[0], sides[1] if asked["validation"] is None else None)
        return source, text, texts, config

    def _start(
        self,
        source: corpora.Corpus,
        text: Survey,
        model_options: dict[str, Any],
        asked: dict[str, Any],
        progress: Progress,
    ) -> None:
        """Takes over the model that this one starts from, if there is one; says so if nobody has asked for it."""
        is_asked = asked["initial_model"] is not None
        if self.weights:
            if is_asked and asked["initial_model"] != self.origin:
                raise TextrnnError("This model has weights, with which `fit` goes on. Leave out `initial_model`.")
            return
        name = initial_model_for(text, source.documents, model_options, asked["initial_model"])
        asked["initial_model"] = name or NO_MODEL  # for the checkpoint: resuming must not choose again
        if name is None:
            return
        self._take(load_model(name, self.kind))
        self.origin = name
        if not is_asked:
            progress.message(f"English prose: starting from the model {name} (`--initial-model none`: from nothing)")

    def _batched(
        self, texts: tuple[EncodedText, EncodedText], config: TrainingConfig, asked: dict[str, Any]
    ) -> Prepared:
        """Makes batches of the encoded texts."""
        plans, is_trained = self._batch_plans(texts, config), bool(self.weights)
        check_size(plans, texts, self.config)
        from textrnn.training.history import perplexity
        from textrnn.training.language_model import describe_run

        def sample() -> str:
            return str(self.generate(asked.get("sample_prompt") or "", max_tokens=40, seed=config.seed))

        return Prepared(
            config,
            plans,
            lambda config: describe_run(self.config, config, texts, plans[0], is_trained),
            data_facts={
                "training_tokens": texts[0].num_tokens,
                "validation_tokens": texts[1].num_tokens,
                "unknown_share": round(texts[1].unknown_share, 6),
            },
            text_digest=digest(
                texts[0].token_ids[start : start + DIGESTED_TOKENS].tobytes()
                for start in range(0, texts[0].num_tokens, DIGESTED_TOKENS)
            ),
            sample=None if self.config.bidirectional else sample,
            loss_score=perplexity,
        )

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
        """Completes the config of a model without weights, and returns how to train; says what was chosen.

        Args:
            text: What the text looks like.
            documents: What a document is in it.
            number: How many there are.
            pieces: Reads it from its beginning.
            model_options: The options of the model that are set.
            asked: The options of `fit`.
            progress: Where messages go.
        """
        given = self._given(asked)
        if self.weights:
            choice = fine_tuning_choice(text, self.config, given, self._surplus_loss(pieces))
            dropouts = {name: value for name, value in model_options.items() if name in DROPOUTS}
            dropouts = {**choice.model, **dropouts}
            self.chosen = {**self.chosen, **dropouts}
            self.config = dataclasses.replace(self.config, **dropouts)
        else:
            choice = language_model_choice(text, documents, model_options, given, number)
            self.chosen = {**choice.model, **model_options}
            options = {name: value for name, value in self.chosen.items() if name not in ("level", "lowercase")}
            self.level = self.chosen["level"]
            self.config = NetworkConfig(**{**options, "vocabulary_size": options["vocabulary_size"] or 5})
        for line in choice.reasons:
            progress.message(line)
        return TrainingConfig(**{**choice.training, **given})

    def _surplus_loss(self, pieces: Callable[[], Iterable[str]]) -> float | None:
        """Returns how much more a text costs than the model's own validation text did; None if that is not known."""
        usual = self.facts.get("validation_loss")
        if usual is None or self.config.form != "stream":
            return None
        beginning = "".join(itertools.islice(pieces(), MEASURED_LINES))
        return surplus_loss(self.network, self._trained_tokenizer(), beginning, usual)

    def _encode(
        self, training: corpora.Corpus, validation: corpora.Corpus, directory: pathlib.Path, progress: Progress
    ) -> tuple[EncodedText, EncodedText]:
        """Makes a vocabulary of the training text, or adds its tokens to that of the model, and encodes both texts."""
        if self.tokenizer is None:
            progress.message(f"building a {self.level} vocabulary")
            size, lowercase = self.chosen["vocabulary_size"], bool(self.chosen.get("lowercase"))
            self.tokenizers = {"tokenizer": make_tokenizer(self.level, training.lines(), size, lowercase)}
        elif self.weights:
            self._extend_vocabulary(training, progress)
        tokenizer = self._trained_tokenizer()
        self.config = dataclasses.replace(self.config, vocabulary_size=tokenizer.vocabulary_size)
        texts = []
        for name, corpus in (("training", training), ("validation", validation)):
            progress.start(f"encoding {name} text", corpus.num_bytes(), "characters")
            markers = self.config.documents is not None
            texts.append(encode_corpus(corpus, tokenizer, directory, name, progress.advance, markers))
            progress.finish()
        return texts[0], texts[1]

    def _extend_vocabulary(self, training: corpora.Corpus, progress: Progress) -> None:
        weights, tokenizer = with_new_tokens(self.weights, self._trained_tokenizer(), training.lines)
        num_new = tokenizer.vocabulary_size - self._trained_tokenizer().vocabulary_size
        if num_new:
            progress.message(f"{num_new:,} new tokens are added to the vocabulary")
            self.weights, self.tokenizers = weights, {"tokenizer": tokenizer}

    def _batch_plans(self, texts: tuple[EncodedText, EncodedText], config: TrainingConfig) -> tuple[TextPlan, TextPlan]:
        shared = (self.config.form, config.batch_size, config.length, self.config.max_length)
        training = TextPlan(texts[0], *shared, seed=config.seed, state_reset=config.state_reset)
        validation = TextPlan(texts[1], *shared)
        if self.config.form == "stream":  # few rows: each begins with a cold state
            rows = max(min(VALIDATION_ROWS, texts[1].num_tokens // (4 * config.length)), 1)
            validation = dataclasses.replace(validation, batch_size=rows)
        return training, validation

    def _remember(self, corpus: corpora.Corpus, text: EncodedText, held_out: corpora.Corpus | None) -> None:
        """Adds to the record of the training text; `held_out` is what validation got of the same corpus."""
        from textrnn.evaluation.memorisation import remembered

        more = held_out.marked_pieces if held_out is not None else list
        self.ngrams = remembered(self.ngrams, corpus.marked_pieces, text.num_characters // 4, more)

    # Evaluation

    def evaluate(
        self,
        corpus: Source,
        *,
        window: int | None = None,
        encoding: str = "utf-8",
        explain: bool = False,
        jobs: int = 1,
        progress: Progress | None = None,
    ) -> "Evaluation":
        """Returns how well the model predicts a text: perplexity and bits per character.

        Args:
            corpus: The text; see `fit`.
            window: The text is cut into windows of so many tokens that start cold; 0 carries the state through the
                whole text; None stands for 4,096.
            encoding: Encoding of the files.
            explain: Whether to name the lines that are predicted worst, of all but those that a window begins in; a
                bidirectional model predicts no lines.
            jobs: How many processes score windows or documents side by side; the figures are the same.
            progress: Where progress goes; by default nowhere.
        """
        from textrnn.evaluation.hardest import HardestLines
        from textrnn.evaluation.perplexity import DEFAULT_WINDOW, evaluate
        from textrnn.tasks.scoring import in_processes

        check_jobs(jobs)
        progress = progress or Progress(quiet=True)
        with temporary_directory() as directory:
            source = cut_for(self.config, opened(corpus, encoding))
            markers = self.config.documents is not None
            text = encode_corpus(source, self._trained_tokenizer(), directory, markers=markers)
            progress.start("scoring", text.num_tokens, "tokens")
            window = DEFAULT_WINDOW if window is None else window
            hardest = HardestLines(self._trained_tokenizer()) if explain else None
            score_all = in_processes(jobs, directory, self._stored(self.weights, {}), text, explain)
            result = evaluate(
                self.network, text, window, progress=progress.advance, hardest=hardest, score_all=score_all
            )
            progress.finish()
        return result

    def data_of(self, files: list[str]) -> tuple[Any, ...]:
        return ([pathlib.Path(file) for file in files],)

    def score_on(self, *data: Any, **how: Any) -> tuple[str, float]:
        return "bits per character", self.evaluate(corpora.read(*data, **how)).bits_per_character

    def trial(self) -> tuple[int, str]:
        if self.config.bidirectional:
            token_ids = np.full((TRIAL_TOKENS, self.config.max_length), UNK_ID)
            return len(self.network.ngram_logits(token_ids)), "tokens"
        ((written,),) = self.generations([""], max_tokens=TRIAL_TOKENS, seed=0)
        return len(written.token_ids), "tokens"

    def memorisation(self, text: str | Iterable[str] | corpora.Corpus) -> "Memorisation":
        """Returns how much of a text, generated or not, stands in the training text.

        The record of a training text of more than about 4 MB is a sample, and what it tells an estimate with its error.

        Args:
            text: A text or corpus, which is cut into what are documents to this model, or a list of documents.

        Raises:
            TextrnnError: If the model keeps no record of its training text, or the text is too short.
        """
        from textrnn.evaluation.memorisation import report

        unit = "line" if self.config.documents == "line" else "document"
        return report(documents_of(self.config, text), self._ngram_filter(), unit)

    def _ngram_filter(self) -> "NgramFilter":
        from textrnn.evaluation.memorisation import NgramFilter

        if not self.ngrams:
            raise TextrnnError("This model keeps no n-grams of its training text, so it cannot tell what was copied.")
        return NgramFilter.from_arrays(self.ngrams)


def network_defaults() -> dict[str, Any]:
    """Returns the options of a network as its config has them, for networks whose options do not follow from a text."""
    fields = dataclasses.fields(NetworkConfig)
    return {field.name: field.default for field in fields if field.default is not dataclasses.MISSING}


def check_size(plans: tuple[TextPlan, TextPlan], texts: tuple[EncodedText, EncodedText], config: NetworkConfig) -> None:
    """Raises if there is too little text to train or validate on."""
    for plan, text, name in zip(plans, texts, ("training", "validation"), strict=True):
        if plan.num_targets < 1 and text.num_tokens and config.form != "stream" and config.documents is None:
            raise TextrnnError(
                f"Each line of the {name} text has one token, and no other to predict. Pass documents='line', so that "
                "lines begin and end, or level='char'."
            )
        if plan.num_targets < 1:
            raise TextrnnError(
                f"The {name} text has {text.num_tokens} tokens, which leaves nothing to predict in the "
                f"{config.form!r} form. Pass a longer corpus."
            )
