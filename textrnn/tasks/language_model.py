"""The language model that people call: fit it to text, continue prompts, score texts, save and load it."""

import dataclasses
import functools
import os
import pathlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.config import NETWORKS, NetworkConfig, TrainingConfig
from textrnn.errors import TextrnnError, check_choice, check_options, check_range
from textrnn.inference.networks import RecurrentNetwork
from textrnn.preprocessing import corpora
from textrnn.preprocessing.sequences import BatchPlan, EncodedText, encode_corpus
from textrnn.preprocessing.tokenizers import Tokenizer, make_tokenizer
from textrnn.progress import Progress
from textrnn.storage import StoredModel, load_model, save_model
from textrnn.tasks.fitting import Run, fingerprint
from textrnn.tasks.generations import Generation, Writer, described, documents_of

if TYPE_CHECKING:
    from textrnn.evaluation.memorisation import Memorisation, NgramFilter
    from textrnn.evaluation.perplexity import Evaluation
    from textrnn.training.history import EpochRecord

__all__ = ["Generation", "LanguageModel"]

DEFAULT_VOCABULARY_SIZE = {"char": 1000, "word": 10_000, "subword": 4000}
VALIDATION_ROWS = 8

Source = str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | corpora.Corpus


class LanguageModel(Writer):
    """A recurrent language model over characters, words or subwords.

    Example:

        model = LanguageModel(level="char", units=(128,), embedding_dim=64)
        model.fit("my_book.txt", epochs=5, output="my-model")
        print(model.generate("It was", max_tokens=200, seed=1))

    Args:
        network: Name of a ready-made network ("tutorial", "tutorial-bidirectional"), or None.
        level: "char", "word" or "subword".
        vocabulary_size: Most token ids to use; by default 1,000 characters, 10,000 words or 4,000 subwords.
        **options: Options of `textrnn.config.NetworkConfig`; they override those of `network`.

    Raises:
        TextrnnError: If an option is unknown or its value impossible.
    """

    def __init__(
        self,
        network: str | None = None,
        *,
        level: str | None = None,
        vocabulary_size: int | None = None,
        **options: Any,
    ) -> None:
        if network is not None:
            check_choice("network", network, NETWORKS)
            options = {**NETWORKS[network], **options}
            level = level or "word"
        self.level = level or "subword"
        check_choice("level", self.level, DEFAULT_VOCABULARY_SIZE)
        if vocabulary_size is None:
            vocabulary_size = DEFAULT_VOCABULARY_SIZE[self.level]
        names = [name for name in NetworkConfig.option_names() if name != "vocabulary_size"]
        check_options(options, [*names, "level", "vocabulary_size", "network"], "LanguageModel")
        self.config = NetworkConfig(vocabulary_size=vocabulary_size, **options)
        self.tokenizer: Tokenizer | None = None
        self.weights: dict[str, np.ndarray] = {}
        self.ngrams: dict[str, np.ndarray] = {}
        self.facts: dict[str, Any] = {}
        self._network: RecurrentNetwork | None = None

    # Storage

    @classmethod
    def load(cls, model: str | os.PathLike[str]) -> "LanguageModel":
        """Loads a model from a directory, or a shipped one by name ("shakespeare").

        Raises:
            TextrnnError: If there is no such model, or it is damaged, incomplete or of a newer format.
        """
        stored = load_model(model, "language-model")
        result = cls.__new__(cls)
        result.config, result.tokenizer, result.weights = stored.config, stored.tokenizers["tokenizer"], stored.weights
        result.level = result.tokenizer.level
        result.ngrams, result.facts, result._network = stored.ngrams, stored.facts, None
        return result

    def save(self, directory: str | os.PathLike[str], half_precision: bool = False) -> None:
        """Writes the model directory.

        Args:
            directory: Where to; a model that is there is replaced, anything else is left alone with an error.
            half_precision: Whether to keep the weights as float16, half the size.
        """
        save_model(directory, self._stored(self.weights, self.facts), half_precision)

    def _stored(self, weights: dict[str, np.ndarray], facts: dict[str, Any]) -> StoredModel:
        return StoredModel(self.config, {"tokenizer": self._trained_tokenizer()}, weights, self.ngrams, facts)

    def _trained_tokenizer(self) -> Tokenizer:
        if self.tokenizer is None:
            raise TextrnnError("This model has not been trained yet. Call `fit` with a corpus, or load a model.")
        return self.tokenizer

    @property
    def network(self) -> RecurrentNetwork:
        """The NumPy network with the current weights."""
        self._trained_tokenizer()
        if self._network is None:
            self._network = RecurrentNetwork(self.config, self.weights)
        return self._network

    def __repr__(self) -> str:
        return described(self.config, self.level, self.facts, bool(self.weights))

    # Training

    def fit(
        self,
        corpus: Source,
        *,
        validation: Source | None = None,
        validation_fraction: float = 0.05,
        split_by: str | None = None,
        encoding: str = "utf-8",
        output: str | os.PathLike[str] | None = None,
        resume: bool = False,
        overwrite: bool = False,
        half_precision: bool = False,
        sample_prompt: str = "",
        callbacks: Sequence[Any] = (),
        progress: Progress | None = None,
        **options: Any,
    ) -> "list[EpochRecord]":
        """Trains the model on text and keeps the weights that predict the validation text best.

        A model that has been trained or loaded goes on from its weights, with its own vocabulary.

        Args:
            corpus: A file, several files, a directory, "-", a name for `corpora.load`, or a `Corpus`.
            validation: The same for validation text; by default a part of the corpus is set aside.
            validation_fraction: How large a part.
            split_by: "block", "line" or "group"; by default blocks for streams and lines for the other forms.
            encoding: Encoding of the files.
            output: Directory for the model, the checkpoint, `history.csv` and `loss.png`; None writes nothing.
            resume: Whether to go on from the checkpoint in `output`.
            overwrite: Whether to replace an earlier run in `output`; otherwise that is an error.
            half_precision: Whether to save the weights as float16.
            sample_prompt: What the line sampled after each validation continues.
            callbacks: Keras callbacks.
            progress: Where messages go; by default standard error.
            **options: Options of `textrnn.config.TrainingConfig`, such as `epochs` or `learning_rate`.

        Returns:
            The history, one record per validation.

        Raises:
            TextrnnError: If the text is missing, unreadable or too small, or an option is wrong.
        """
        check_options(options, TrainingConfig.option_names(), "fit")
        training_config = TrainingConfig(**options)
        check_range("validation_fraction", validation_fraction, 0, 1, above=True, below=True)
        with Run(output, resume, overwrite, half_precision, callbacks, progress) as run:
            training_corpus = opened(corpus, encoding)
            if validation is None:
                by = split_by or ("block" if self.config.form == "stream" else "line")
                training_corpus, validation_corpus = corpora.split(
                    training_corpus, validation_fraction, by, training_config.seed
                )
            else:
                validation_corpus = opened(validation, encoding)
            with tempfile.TemporaryDirectory(prefix="textrnn-") as directory:
                texts = self._encode(training_corpus, validation_corpus, pathlib.Path(directory), run.progress)
                self._remember(training_corpus, texts[0], validation_corpus if validation is None else None)
                return self._train(run, texts, training_config, sample_prompt)

    def _encode(
        self, training: corpora.Corpus, validation: corpora.Corpus, directory: pathlib.Path, progress: Progress
    ) -> tuple[EncodedText, EncodedText]:
        """Trains a tokenizer, unless there is one, on the training text and encodes both texts into `directory`."""
        if self.tokenizer is None:
            progress.message(f"building a {self.level} vocabulary")
            self.tokenizer = make_tokenizer(self.level, training.lines(), self.config.vocabulary_size)
            self.config = dataclasses.replace(self.config, vocabulary_size=self.tokenizer.vocabulary_size)
        texts = []
        for name, corpus in (("training", training), ("validation", validation)):
            progress.start(f"encoding {name} text", corpus.num_bytes(), "characters")
            texts.append(encode_corpus(corpus, self.tokenizer, directory, name, progress.advance))
            progress.finish()
        return texts[0], texts[1]

    def _train(
        self, run: Run, texts: tuple[EncodedText, EncodedText], config: TrainingConfig, sample_prompt: str
    ) -> "list[EpochRecord]":
        plans = self._batch_plans(texts, config)
        check_size(plans, texts, self.config)
        from textrnn.training.estimates import describe_run
        from textrnn.training.networks import RecurrentNetwork as KerasNetwork

        network = KerasNetwork(self.config, config.precision, config.seed)
        if self.weights:
            network.set_weights_by_name(self.weights)
        run.progress.message(describe_run(self.config, config, texts, plans[0]))

        def sample(weights: dict[str, np.ndarray]) -> str:
            self.weights, self._network = weights, None
            return str(self.generate(sample_prompt, max_tokens=40, seed=config.seed))

        def token_ids() -> Iterator[bytes]:
            for start in range(0, texts[0].num_tokens, 1 << 22):
                yield texts[0].token_ids[start : start + (1 << 22)].tobytes()

        records, self.weights, self.facts = run.train(
            network,
            config,
            plans,
            stored=self._stored,
            data_facts={
                "training_tokens": texts[0].num_tokens,
                "validation_tokens": texts[1].num_tokens,
                "unknown_share": round(texts[1].unknown_share, 6),
            },
            fingerprint=fingerprint(self.config, config, [self._trained_tokenizer()], token_ids()),
            sample=None if self.config.bidirectional else sample,
        )
        self._network = None
        return records

    def _batch_plans(
        self, texts: tuple[EncodedText, EncodedText], config: TrainingConfig
    ) -> tuple[BatchPlan, BatchPlan]:
        shared = (self.config.form, config.batch_size, config.length, self.config.max_length, self.config.line_markers)
        training = BatchPlan(texts[0], *shared, seed=config.seed)
        validation = BatchPlan(texts[1], *shared)
        if self.config.form == "stream":  # few rows: each begins with a cold state
            rows = max(min(VALIDATION_ROWS, texts[1].num_tokens // (4 * config.length)), 1)
            validation = dataclasses.replace(validation, batch_size=rows)
        return training, validation

    def _remember(self, corpus: corpora.Corpus, text: EncodedText, held_out: corpora.Corpus | None) -> None:
        """Adds to the record of the training text; `held_out` is what validation got of the same corpus."""
        from textrnn.evaluation.memorisation import remembered

        read, read_held_out = (functools.partial(marked_pieces, side, self.config) for side in (corpus, held_out))
        self.ngrams = remembered(self.ngrams, read, text.num_characters // 4, read_held_out)

    # Evaluation

    def evaluate(
        self,
        corpus: Source,
        *,
        window: int | None = None,
        encoding: str = "utf-8",
        progress: Progress | None = None,
    ) -> "Evaluation":
        """Returns how well the model predicts a text: perplexity and bits per character.

        Args:
            corpus: The text; see `fit`.
            window: The text is cut into windows of so many tokens that start cold; 0 carries the state through the
                whole text; None stands for 4,096.
            encoding: Encoding of the files.
            progress: Where progress goes; by default nowhere.
        """
        from textrnn.evaluation.perplexity import DEFAULT_WINDOW, evaluate

        progress = progress or Progress(quiet=True)
        with tempfile.TemporaryDirectory(prefix="textrnn-") as directory:
            text = encode_corpus(opened(corpus, encoding), self._trained_tokenizer(), pathlib.Path(directory))
            progress.start("scoring", text.num_tokens, "tokens")
            window = DEFAULT_WINDOW if window is None else window
            result = evaluate(self.network, text, window, progress=progress.advance)
            progress.finish()
        return result

    def memorisation(self, text: str | Iterable[str] | corpora.Corpus) -> "Memorisation":
        """Returns how much of a text, generated or not, stands in the training text.

        Args:
            text: A text or corpus, which is cut into what are documents to this model, or a list of documents.

        Raises:
            TextrnnError: If the model keeps no record of its training text, or the text is too short.
        """
        from textrnn.evaluation.memorisation import joined_documents, report, split_documents

        documents = documents_of(self.config)
        if isinstance(text, corpora.Corpus):
            texts = joined_documents(marked_pieces(text, self.config))
        else:
            texts = split_documents(text, documents) if isinstance(text, str) else list(text)
        return report(texts, self._ngram_filter(), "line" if documents == "line" else "document")

    def _ngram_filter(self) -> "NgramFilter":
        from textrnn.evaluation.memorisation import NgramFilter

        if not self.ngrams:
            raise TextrnnError("This model keeps no n-grams of its training text, so it cannot tell what was copied.")
        return NgramFilter.from_arrays(self.ngrams)


def marked_pieces(corpus: corpora.Corpus | None, config: NetworkConfig) -> Iterator[tuple[bool, str]]:
    """Returns the pieces of a corpus with whether each begins a document, of the corpus or else of the model."""
    if corpus is None:
        return iter(())
    return dataclasses.replace(corpus, documents=corpus.documents or documents_of(config)).marked_pieces()


def opened(corpus: Source, encoding: str) -> corpora.Corpus:
    """Returns a corpus for anything that `fit` accepts."""
    return corpus if isinstance(corpus, corpora.Corpus) else corpora.read(corpus, encoding)


def check_size(
    plans: tuple[BatchPlan, BatchPlan], texts: tuple[EncodedText, EncodedText], config: NetworkConfig
) -> None:
    """Raises if there is too little text to train or validate on."""
    for plan, text, name in zip(plans, texts, ("training", "validation"), strict=True):
        if plan.num_targets < 1:
            raise TextrnnError(
                f"The {name} text has {text.num_tokens} tokens, which leaves nothing to predict in the "
                f"{config.form!r} form. Pass a longer corpus."
            )
