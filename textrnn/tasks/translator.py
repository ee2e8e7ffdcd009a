"""The translator that people call: fit it to sentence pairs, translate, look inside, score, save and load it."""

import dataclasses
import functools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.config import TranslatorConfig, TranslatorTrainingConfig
from textrnn.errors import TextrnnError, check_choice, check_options, check_range
from textrnn.inference.beam_search import BeamOptions, Hypothesis, beam_search, sample
from textrnn.inference.encoder_decoder import EncoderDecoder
from textrnn.inference.networks import cross_entropies
from textrnn.inference.sampling import SamplingOptions
from textrnn.preprocessing import pairs as pair_files
from textrnn.preprocessing.pairs import (
    EncodedPairs,
    PairBatch,
    PairPlan,
    Pairs,
    PairSource,
    SegmentationSampler,
    encode_pairs,
    normalized,
    pairs_digest,
    resegmented,
)
from textrnn.preprocessing.tokenizers import LEVELS, UNK_ID, SubwordTokenizer, Tokenizer, WordTokenizer, make_tokenizer
from textrnn.progress import Progress
from textrnn.storage import StoredModel, load_model, save_model
from textrnn.tasks.fitting import Run, fingerprint

if TYPE_CHECKING:
    from textrnn.evaluation.bleu import TranslationScores
    from textrnn.training.history import EpochRecord

__all__ = ["Translation", "Translator"]

DEFAULT_VOCABULARY_SIZE = {"char": 1000, "word": 10_000, "subword": 8000}
MAX_SOURCE_TOKENS = 1000
BATCH_SIZE = 64
SAMPLING_NAMES = ("temperature", "top_k", "top_p", "repetition_penalty", "seed")


@dataclasses.dataclass(frozen=True)
class Translation:
    """A translation and how it came about.

    Args:
        source: The sentence that was translated.
        text: The translation.
        score: What translations of one sentence are ranked by: log-probability with length and coverage penalty.
        log_probability: Natural logarithm of its probability, the end of the sentence included.
        source_tokens: The source as the network read it, its end included.
        tokens: The translation as the network wrote it, its end included.
        probabilities: Probability of each of `tokens`.
        attention: Weights of shape `(len(tokens), len(source_tokens))`; each row adds up to 1.
    """

    source: str
    text: str
    score: float
    log_probability: float
    source_tokens: tuple[str, ...]
    tokens: tuple[str, ...]
    probabilities: tuple[float, ...]
    attention: np.ndarray

    def __str__(self) -> str:
        return self.text


class Translator:
    """A recurrent encoder-decoder translator with attention.

    Example:

        translator = Translator(encoder_units=(256,), decoder_units=(256, 256))
        translator.fit("pairs.tsv", epochs=10, output="my-translator")
        print(translator.translate("I am a student"))

    Args:
        level: "char", "word" or "subword", for both languages.
        vocabulary_size: Most token ids to use for each language, or for both together with a joint vocabulary; by
            default 1,000 characters, 10,000 words or 8,000 subwords.
        **options: Options of `textrnn.config.TranslatorConfig`.

    Raises:
        TextrnnError: If an option is unknown or its value impossible.
    """

    def __init__(self, *, level: str = "subword", vocabulary_size: int | None = None, **options: Any) -> None:
        check_choice("level", level, LEVELS)
        size = DEFAULT_VOCABULARY_SIZE[level] if vocabulary_size is None else vocabulary_size
        check_range("vocabulary_size", size, 5, 1_000_000, whole=True)
        names = [name for name in TranslatorConfig.option_names() if not name.endswith("vocabulary_size")]
        check_options(options, [*names, "level", "vocabulary_size"], "Translator")
        self.level = level
        self.vocabulary_size = size
        self.config = TranslatorConfig(source_vocabulary_size=size, target_vocabulary_size=size, **options)
        self.tokenizers: dict[str, Tokenizer] = {}
        self.weights: dict[str, np.ndarray] = {}
        self.facts: dict[str, Any] = {}
        self.partners: list[Translator] = []
        self._network: EncoderDecoder | None = None

    # Storage

    @classmethod
    def load(cls, model: str | os.PathLike[str], *others: str | os.PathLike[str]) -> "Translator":
        """Loads a model from a directory, or a shipped one by name ("eng-spa").

        Args:
            model: The model.
            others: More models with the same vocabularies; their probabilities are averaged in translating.

        Raises:
            TextrnnError: If there is no such model, it is damaged, incomplete or of a newer format, or the
                vocabularies of several models differ.
        """
        stored = load_model(model, "translator")
        result = cls.__new__(cls)
        result.config, result.tokenizers, result.weights = stored.config, stored.tokenizers, stored.weights
        result.facts, result._network = stored.facts, None
        result.level = result.target_tokenizer.level
        result.vocabulary_size = result.target_tokenizer.vocabulary_size
        result.partners = [cls.load(other) for other in others]
        for name, partner in zip(others, result.partners, strict=True):
            if result._vocabulary_files() != partner._vocabulary_files():
                raise TextrnnError(
                    f"{name}: has other vocabularies than {model}, so their probabilities cannot be averaged. "
                    "Train the models of an ensemble on the same pairs with different seeds."
                )
        return result

    def _vocabulary_files(self) -> list[dict[str, bytes]]:
        return [self.source_tokenizer.files(), self.target_tokenizer.files()]

    def save(self, directory: str | os.PathLike[str], half_precision: bool = False) -> None:
        """Writes the model directory.

        Args:
            directory: Where to; a model that is there is replaced, anything else is left alone with an error.
            half_precision: Whether to keep the weights as float16, half the size.
        """
        self._check_trained()
        save_model(directory, self._stored(self.weights, self.facts), half_precision)

    def _stored(self, weights: dict[str, np.ndarray], facts: dict[str, Any]) -> StoredModel:
        return StoredModel(self.config, self.tokenizers, weights, facts=facts)

    def _check_trained(self) -> None:
        if not self.tokenizers:
            raise TextrnnError("This translator has not been trained yet. Call `fit` with pairs, or load a model.")

    @property
    def source_tokenizer(self) -> Tokenizer:
        """The tokenizer of the source language."""
        self._check_trained()
        return self.tokenizers[self.config.tokenizer_names[0]]

    @property
    def target_tokenizer(self) -> Tokenizer:
        """The tokenizer of the target language."""
        self._check_trained()
        return self.tokenizers[self.config.tokenizer_names[-1]]

    @property
    def network(self) -> EncoderDecoder:
        """The NumPy network with the current weights."""
        self._check_trained()
        if self._network is None:
            self._network = EncoderDecoder(self.config, self.weights)
        return self._network

    # Training

    def fit(
        self,
        pairs: PairSource,
        target: str | os.PathLike[str] | None = None,
        *,
        validation: PairSource | None = None,
        validation_target: str | os.PathLike[str] | None = None,
        validation_fraction: float = 0.02,
        encoding: str = "utf-8",
        output: str | os.PathLike[str] | None = None,
        resume: bool = False,
        overwrite: bool = False,
        half_precision: bool = False,
        callbacks: Sequence[Any] = (),
        progress: Progress | None = None,
        **options: Any,
    ) -> "list[EpochRecord]":
        """Trains the translator on sentence pairs and keeps the weights that translate the validation pairs best.

        A translator that has been trained or loaded goes on from its weights, with its own vocabularies.

        Args:
            pairs: A file with tab-separated pairs, a name such as "tatoeba:eng-spa", or `Pairs`; with `target`, a file
                of source sentences.
            target: A file with the translation of each line of `pairs`.
            validation: The same for validation; by default some source sentences are set aside with all their
                translations.
            validation_target: The same for validation.
            validation_fraction: Share of the distinct source sentences that is set aside.
            encoding: Encoding of the files.
            output: Directory for the model, the checkpoint, `history.csv` and `loss.png`; None writes nothing.
            resume: Whether to go on from the checkpoint in `output`.
            overwrite: Whether to replace an earlier run in `output`; otherwise that is an error.
            half_precision: Whether to save the weights as float16.
            callbacks: Keras callbacks.
            progress: Where messages go; by default standard error.
            **options: Options of `textrnn.config.TranslatorTrainingConfig`, such as `epochs`.

        Returns:
            The history, one record per validation.

        Raises:
            TextrnnError: If pairs are missing, unreadable or too few, or an option is wrong.
        """
        check_options(options, TranslatorTrainingConfig.option_names(), "fit")
        config = TranslatorTrainingConfig(**options)
        check_range("validation_fraction", validation_fraction, 0, 1, above=True, below=True)
        if config.subword_regularization and self.level != "subword":
            raise TextrnnError(f"`subword_regularization` is for level='subword'. Received: level={self.level!r}.")
        if config.joined_pairs and self.level == "char":
            raise TextrnnError("`joined_pairs` is for words and subwords: characters would be joined without a space.")
        with Run(output, resume, overwrite, half_precision, callbacks, progress) as run:
            training_pairs = pair_files.opened(pairs, target, encoding)
            if validation is None:
                training_pairs, validation_pairs = pair_files.split(training_pairs, validation_fraction, config.seed)
            else:
                validation_pairs = pair_files.opened(validation, validation_target, encoding)
            if not self.tokenizers:
                run.progress.message(f"building {self.level} vocabularies")
                self._train_tokenizers(training_pairs)
            sides = [self._encode(pairs, config, run.progress) for pairs in (training_pairs, validation_pairs)]
            return self._train(run, config, sides[0], sides[1])

    def _train_tokenizers(self, pairs: Pairs) -> None:
        texts = [pairs.sources, pairs.targets]
        if self.config.joint_vocabulary:
            texts = [pairs.sources + pairs.targets]
        self.tokenizers = {
            name: make_tokenizer(self.level, lines, self.vocabulary_size)
            for name, lines in zip(self.config.tokenizer_names, texts, strict=True)
        }
        self.config = dataclasses.replace(
            self.config,
            source_vocabulary_size=self.source_tokenizer.vocabulary_size,
            target_vocabulary_size=self.target_tokenizer.vocabulary_size,
        )

    def _encode(self, pairs: Pairs, config: TranslatorTrainingConfig, progress: Progress) -> tuple[Pairs, EncodedPairs]:
        """Encodes pairs and leaves out those that are too long or too unequal, saying how many."""
        encoded = encode_pairs(pairs, self.source_tokenizer, self.target_tokenizer)
        kept = encoded.kept(config.max_length, config.max_ratio)
        if len(kept) < len(pairs):
            progress.message(
                f"left out {len(pairs) - len(kept):,} of {len(pairs):,} pairs: a side of more than "
                f"{config.max_length} tokens, or {config.max_ratio:g} times as long as the other"
            )
        if not len(kept):
            raise TextrnnError("No sentence pairs are left to train on. Raise `max_length` or `max_ratio`.")
        chosen = Pairs([pairs.sources[i] for i in kept], [pairs.targets[i] for i in kept])
        return chosen, encoded.take(kept)

    def _train(
        self,
        run: Run,
        config: TranslatorTrainingConfig,
        training: tuple[Pairs, EncodedPairs],
        validation: tuple[Pairs, EncodedPairs],
    ) -> "list[EpochRecord]":
        from textrnn.training.encoder_decoder import EncoderDecoder as KerasNetwork
        from textrnn.training.estimates import describe_translator_run

        resegment = None
        if config.subword_regularization:
            samplers = [
                SegmentationSampler(tokenizer, config.subword_regularization)
                for tokenizer in (self.source_tokenizer, self.target_tokenizer)
                if isinstance(tokenizer, SubwordTokenizer)
            ]
            resegment = functools.partial(resegmented, training[0], samplers)
        plans = (
            PairPlan(training[1], config.batch_tokens, config.seed, config.joined_pairs, resegment),
            PairPlan(validation[1], config.batch_tokens),
        )
        network = KerasNetwork(self.config, config.precision, config.seed)
        if self.weights:
            network.set_weights_by_name(self.weights)
        run.progress.message(describe_translator_run(self.config, config, training[1], validation[1], plans[0]))
        distinct = list(dict.fromkeys(validation[0].sources))[: config.validation_sentences]
        references = pair_files.references(validation[0], distinct)
        shown: list[str] = []

        def validation_score(weights: dict[str, np.ndarray]) -> float:
            from textrnn.evaluation.bleu import bleu

            self.weights, self._network = weights, None
            shown[:] = self.translate(distinct, num_beams=1)
            return bleu(shown, references).score

        def sample_line(weights: dict[str, np.ndarray]) -> str:
            return f"{distinct[0]} -> {shown[0]}"

        records, self.weights, self.facts = run.train(
            network,
            config,
            plans,
            stored=self._stored,
            data_facts={
                "training_pairs": len(training[1]),
                "validation_pairs": len(validation[1]),
                "unknown_share": round(validation[1].unknown_share, 6),
            },
            fingerprint=fingerprint(self.config, config, self.tokenizers.values(), [pairs_digest(training[1])]),
            sample=sample_line,
            validation_score=validation_score,
        )
        self._network = None
        return records

    # Translation

    def translate(self, text: str | Sequence[str], **options: Any) -> str | list[str]:
        """Translates a sentence, or a list of sentences.

        Args:
            text: One sentence, or several; an empty one stays empty.
            **options: See `translations`.

        Returns:
            The translation, or a list of translations.

        Raises:
            TextrnnError: If an option is wrong, a sentence too long, or the translator not trained.
        """
        results = self.translations([text] if isinstance(text, str) else text, **options)
        texts = [group[0].text if group else "" for group in results]
        return texts[0] if isinstance(text, str) else texts

    def translations(self, texts: Sequence[str], **options: Any) -> list[list[Translation]]:
        """Translates sentences and tells how each translation came about.

        Args:
            texts: The sentences.
            **options: Options of `textrnn.inference.beam_search.BeamOptions`, such as `num_beams` or `num_best`; or
                `temperature`, `top_k`, `top_p`, `repetition_penalty` and `seed` of
                `textrnn.inference.sampling.SamplingOptions`, to draw a translation instead of searching for the best.

        Returns:
            For each sentence its translations, the best first; an empty list for a sentence without text.
        """
        sampling, options = drawn_apart(options)
        beam_options = BeamOptions(**{"allow_unknown": self.level == "word", **options})
        sentences = checked_sentences(texts)
        sources = self.source_ids(sentences)
        results: list[list[Translation]] = [[] for _ in sentences]
        # Sentences of like length together; a sentence's own result does not depend on its neighbours.
        order = sorted((i for i, ids in enumerate(sources) if len(ids)), key=lambda i: len(sources[i]))
        networks = [self.network, *(partner.network for partner in self.partners)]
        for start in range(0, len(order), BATCH_SIZE):
            chosen = order[start : start + BATCH_SIZE]
            batch = [sources[i] for i in chosen]
            if sampling is None:
                found = beam_search(networks, batch, beam_options)
            else:
                found = [[one] for one in sample(self.network, batch, sampling, beam_options)]
            for index, hypotheses in zip(chosen, found, strict=True):
                results[index] = [self._translation(sentences[index], sources[index], one) for one in hypotheses]
        return results

    def source_ids(self, sentences: Sequence[str]) -> list[np.ndarray]:
        """Returns the token ids of source sentences; raises if one is too long to translate."""
        encoded = self.source_tokenizer.encode_lines(list(sentences)) if sentences else []
        for number, ids in enumerate(encoded, start=1):
            if len(ids) > MAX_SOURCE_TOKENS:
                raise TextrnnError(
                    f"Sentence {number} has {len(ids):,} tokens; at most {MAX_SOURCE_TOKENS:,} are translated at once. "
                    "Put each of its sentences on a line of its own."
                )
        return encoded

    def _translation(self, sentence: str, source_ids: np.ndarray, hypothesis: Hypothesis) -> Translation:
        tokenizer = self.target_tokenizer
        source_tokens = [*(self.source_tokenizer.token_text(int(i)) for i in source_ids), "<eos>"]
        tokens = [*(tokenizer.token_text(i) for i in hypothesis.token_ids), "<eos>"]
        return Translation(
            sentence,
            self._text(sentence, hypothesis),
            hypothesis.score,
            float(hypothesis.log_probabilities.sum()),
            tuple(source_tokens),
            tuple(tokens),
            tuple(np.exp(hypothesis.log_probabilities).tolist()),
            hypothesis.attention,
        )

    def _text(self, sentence: str, hypothesis: Hypothesis) -> str:
        """Returns the text of a hypothesis; an unknown word becomes the source word that got most attention."""
        text = self.target_tokenizer.decode(hypothesis.token_ids)
        if UNK_ID not in hypothesis.token_ids:
            return text.strip()
        words = WordTokenizer.split(sentence)
        for position in [i for i, token_id in enumerate(hypothesis.token_ids) if token_id == UNK_ID]:
            place = int(hypothesis.attention[position, : len(words)].argmax())
            text = text.replace("\ufffd", words[place], 1)
        return text.strip()

    def score(self, sources: Sequence[str], targets: Sequence[str]) -> list[float]:
        """Returns the natural logarithm of the probability of each given translation."""
        return [translation.log_probability for translation in self.forced(sources, targets)]

    def forced(self, sources: Sequence[str], targets: Sequence[str]) -> list[Translation]:
        """Returns given translations with their probabilities and attention, as if the network had written them.

        Args:
            sources: The sentences.
            targets: A translation of each.

        Raises:
            TextrnnError: If the numbers differ or a sentence is empty.
        """
        sources, targets = checked_sentences(sources), checked_sentences(targets)
        if len(sources) != len(targets):
            raise TextrnnError(f"There are {len(sources):,} sources and {len(targets):,} targets.")
        for name, sentences in (("sources", sources), ("targets", targets)):
            if "" in sentences:
                raise TextrnnError(f"`{name}` holds an empty sentence at index {sentences.index('')}.")
        encoded = EncodedPairs(self.source_ids(sources), self.target_tokenizer.encode_lines(targets))
        results = []
        for index, sentence in enumerate(sources):
            batch = PairBatch.of(encoded.sources[index : index + 1], encoded.targets[index : index + 1])
            memory, states = self.network.encode(batch.inputs[0])
            logits, _, attention = self.network.decode(batch.inputs[1], states, memory)
            passed = -cross_entropies(logits[0], batch.targets[0].astype(np.int64))
            hypothesis = Hypothesis(encoded.targets[index].tolist(), passed, float(passed.sum()), attention[0])
            found = self._translation(sentence, encoded.sources[index], hypothesis)
            results.append(dataclasses.replace(found, text=targets[index]))
        return results

    # Evaluation

    def evaluate(
        self, sources: Sequence[str], references: Sequence[Any], *, tokenize: str = "13a", **options: Any
    ) -> "TranslationScores":
        """Translates sentences and scores the translations: BLEU, chrF and TER with signatures.

        Args:
            sources: The sentences.
            references: A translation of each, or several lists of that.
            tokenize: See `textrnn.bleu`.
            **options: See `translations`.
        """
        from textrnn.evaluation.bleu import checked, translation_scores

        checked(sources, references)  # before the long part
        return translation_scores(self.translate(list(sources), **options), references, tokenize=tokenize)


def checked_sentences(texts: Sequence[str]) -> list[str]:
    """Returns sentences without surplus space; raises unless they are a list of strings."""
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise TextrnnError("Sentences must be a list of strings.")
    return [normalized(text) for text in texts]


def drawn_apart(options: dict[str, Any]) -> tuple[SamplingOptions | None, dict[str, Any]]:
    """Returns the sampling options among the options of `translations`, or None, and the other options."""
    names = [field.name for field in dataclasses.fields(BeamOptions)]
    check_options(options, [*names, *SAMPLING_NAMES], "translate")
    given = {name: value for name, value in options.items() if name in SAMPLING_NAMES}
    others = {name: value for name, value in options.items() if name not in SAMPLING_NAMES}
    if not given:
        return None, others
    for name in ("num_beams", "num_best"):
        if name in others:
            raise TextrnnError(f"`{next(iter(given))}` draws a translation and `{name}` searches for one. Choose one.")
    return SamplingOptions(**given), others
