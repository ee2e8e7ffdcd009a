"""The translator that people call: fit it to sentence pairs, translate, look inside, score, save and load it."""

import contextlib
import dataclasses
import itertools
import math
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.config import TranslatorConfig, TranslatorTrainingConfig
from textrnn.config.signatures import with_options
from textrnn.defaults.translator import translator_choice, translator_tuning_choice, validation_share
from textrnn.errors import TextrnnError, check_choice, check_options, check_range
from textrnn.inference.beam_search import BeamOptions
from textrnn.inference.line_translation import LineTranslator
from textrnn.inference.neighbours import Neighbour, neighbours
from textrnn.inference.threads import parts
from textrnn.inference.translation import (
    Translation,
    drawn_apart,
    forced,
    translation_of,
)
from textrnn.inference.translator import EncoderDecoder
from textrnn.preprocessing import pairs as pair_files
from textrnn.preprocessing.glossary import Glossary, GlossarySource
from textrnn.preprocessing.languages import common_words, foreign_note
from textrnn.preprocessing.pair_batches import EncodedPairs, PairPlan, encoded_pairs, pairs_digest
from textrnn.preprocessing.pair_tables import Columns
from textrnn.preprocessing.pairs import Pairs, PairSource, normalized, sentence_list
from textrnn.preprocessing.placeholders import PLACEHOLDERS, knows_placeholders, with_placeholders
from textrnn.preprocessing.resegmentation import resegmentation
from textrnn.preprocessing.tokenizers import EOS_ID, LEVELS, Tokenizer, make_tokenizer
from textrnn.preprocessing.typed_text import TypedReader, are_tokenized
from textrnn.preprocessing.typography import plain
from textrnn.progress import Progress
from textrnn.tasks.minimum_risk import RiskBatches
from textrnn.tasks.run import digest
from textrnn.tasks.scoring import said_of
from textrnn.tasks.task import TOKENIZER_OPTIONS, Prepared, Task

if TYPE_CHECKING:
    from textrnn.evaluation.bleu import TranslationScores
    from textrnn.training.history import EpochRecord

__all__ = ["Translation", "Translator"]

COMMON_WORDS, SIDES = "common_words", ("source", "target")
TRIAL_SENTENCES, TRIAL_TOKENS = 16, 8
SENTENCES_AT_ONCE = 512  # that are evaluated together
NO_DROPOUT = {"input_dropout": 0.0, "dropout": 0.0, "output_dropout": 0.0, "weight_drop": 0.0}


class Translator(Task):
    """A recurrent encoder-decoder translator with attention.

    Example:

        translator = Translator(encoder_units=(256,), decoder_units=(256, 256))
        translator.fit("pairs.tsv", epochs=10, output="my-translator")
        print(translator.translate("I am a student"))

    Args:
        level: "char", "word" or "subword" (the default), for both languages.
        vocabulary_size: Most token ids to use for each language, or for both together with a joint vocabulary; None
            lets `fit` choose.
        lowercase: Whether sentences and translations are put into small letters, as in the tutorials.
        **options: Options of `textrnn.config.TranslatorConfig`. What is not set here is chosen by `fit`, by the number
            of pairs.

    Raises:
        TextrnnError: If an option is unknown or its value impossible.
    """

    kind = "translator"
    noun = "translator"
    usage = (
        'textrnn translate "A sentence" --model {model}\ntextrnn translate --input FILE --output FILE --model {model}'
    )

    @with_options(TranslatorConfig, skip=["source_vocabulary_size", "target_vocabulary_size"], are_chosen=True)
    def __init__(
        self,
        *,
        level: str | None = None,
        vocabulary_size: int | None = None,
        lowercase: bool | None = None,
        **options: Any,
    ) -> None:
        options = {name: value for name, value in options.items() if value is not None}
        if level is not None:
            check_choice("level", level, LEVELS)
        if vocabulary_size is not None:
            check_range("vocabulary_size", vocabulary_size, 5, 1_000_000, whole=True)
        names = [name for name in TranslatorConfig.option_names() if not name.endswith("vocabulary_size")]
        check_options(options, [*names, *TOKENIZER_OPTIONS], "Translator")
        given = {**options, "level": level, "vocabulary_size": vocabulary_size, "lowercase": lowercase}
        sizes: dict[str, Any] = {f"{side}_vocabulary_size": vocabulary_size or 5 for side in ("source", "target")}
        # Until `fit` completes it.
        super().__init__(
            TranslatorConfig(**sizes, **options), {name: value for name, value in given.items() if value is not None}
        )
        self.level = level or "subword"
        self.vocabulary_size = vocabulary_size
        self.partners: list[Translator] = []

    def __repr__(self) -> str:
        config = self.config
        size = sum(math.prod(shape) for shape in config.weight_shapes().values())
        layers = " to ".join("+".join(map(str, units)) for units in (config.encoder_units, config.decoder_units))
        vocabularies = " and ".join(f"{number:,}" for number in config.vocabulary_sizes)
        pairs = f"trained on {self.facts['training_pairs']:,} pairs" if "training_pairs" in self.facts else "trained"
        return (
            f"<Translator: {self.level}, vocabulary {vocabularies}, {config.cell} {layers}, {size:,} weights, "
            f"{pairs if self.weights else 'not trained'}>"
        )

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
        result: Translator = cls._loaded(model)
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

    @property
    def source_tokenizer(self) -> Tokenizer:
        """The tokenizer of the source language."""
        return self._tokenizer(self.config.tokenizer_names[0])

    @property
    def target_tokenizer(self) -> Tokenizer:
        """The tokenizer of the target language."""
        return self._tokenizer(self.config.tokenizer_names[-1])

    @property
    def networks(self) -> list[EncoderDecoder]:
        """The networks whose probabilities are averaged: this translator's own, and its partners'."""
        return [self.network, *(partner.network for partner in self.partners)]

    # Training

    @with_options(TranslatorTrainingConfig, are_chosen=True)
    def fit(
        self,
        pairs: PairSource | None = None,
        target: str | os.PathLike[str] | Iterable[str] | None = None,
        *,
        columns: Columns | None = None,
        reverse: bool = False,
        validation: PairSource | None = None,
        validation_target: str | os.PathLike[str] | Iterable[str] | None = None,
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
    ) -> "list[EpochRecord]":
        """Trains the translator on sentence pairs and keeps the weights that translate the validation pairs best.

        What is not set, here or when the translator was made, follows from the number of pairs. A translator that has
        been trained or loaded goes on from its weights, with its own vocabularies. If training fails, the translator
        stays as it was; if it is interrupted, it has the best weights so far.

        Args:
            pairs: A file with tab-separated pairs (CSV and JSON lines too), a directory of such files, a name such as
                "tatoeba:eng-spa", `Pairs`, an iterable of (sentence, translation) tuples, or a data frame; with
                `target`, a file of sentences or an iterable of them. Pairs with an empty side are left out.
            target: The translation of each sentence of `pairs`: a file or an iterable.
            columns: The columns of the sentences and their translations: numbers that begin with 1, or names. By
                default the first two, unless only two others hold sentences.
            reverse: Whether to learn to translate from the second language to the first; for validation too.
            validation: The same for validation; by default some source sentences are set aside with all their
                translations.
            validation_target: The same for validation.
            validation_fraction: Share of the distinct source sentences that is set aside; 0 trains on everything, and
                validates on that.
            encoding: Encoding of the files.
            output: Directory for the model, the checkpoint, `history.csv` and `loss.png`; None writes nothing.
            resume: Whether to go on from the checkpoint in `output`, with the options that it was made with. More
                `epochs`, `steps` or `minutes` than before train longer.
            overwrite: Whether to replace an earlier run in `output`; otherwise that is an error.
            half_precision: Whether to save the weights as float16.
            callbacks: Keras callbacks.
            progress: Where messages go; by default standard error.
            device: "cpu" or "gpu" to train on; None takes what is faster. A run may be resumed on the other.
            **options: Options of `textrnn.config.TranslatorTrainingConfig`, such as `minutes` or `epochs`.

        Returns:
            The history, one record per validation.

        Raises:
            TextrnnError: If pairs are missing, unreadable or too few, or an option is wrong.
        """
        asked = {
            "pairs": pairs,
            "target": target,
            "columns": columns,
            "reverse": reverse or None,
            "validation": validation,
            "validation_target": validation_target,
            "validation_fraction": validation_fraction,
            "encoding": encoding,
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
        training_pairs, validation_pairs = self._read(asked, progress)
        config = self._choose(training_pairs, model_options, asked, progress)
        if self.config.typed_text:
            training_pairs, validation_pairs = (
                Pairs([plain(source) for source in pairs.sources], pairs.targets)
                for pairs in (training_pairs, validation_pairs)
            )
        read_pairs = with_placeholders if self._has_placeholders() else None
        if read_pairs is not None:
            training_pairs = read_pairs(training_pairs)
        if not self.tokenizers:
            progress.message(f"building {self.level} vocabularies")
            self._train_tokenizers(training_pairs)
        both = self.source_tokenizer, self.target_tokenizer
        training = encoded_pairs(training_pairs, both, config, "train on", progress)
        validation = encoded_pairs(validation_pairs, both, config, "validate on", progress, read_pairs)
        return self._batched(training, validation, config, progress)

    def _has_placeholders(self) -> bool:
        """Says whether the network reads placeholders, or will when there are vocabularies."""
        if not self.tokenizers:
            return self.config.typed_text and self.level == "subword"
        return self.config.typed_text and knows_placeholders(self.source_tokenizer, self.target_tokenizer)

    def _batched(
        self,
        training: tuple[Pairs, EncodedPairs],
        validation: tuple[Pairs, EncodedPairs],
        config: TranslatorTrainingConfig,
        progress: Progress,
    ) -> Prepared:
        """Makes batches of the encoded pairs."""
        from textrnn.evaluation.validation import ValidationBleu
        from textrnn.training.history import Score, perplexity
        from textrnn.training.translator import describe_run

        both = self.source_tokenizer, self.target_tokenizer
        resegment = resegmentation(*training, both, config.subword_regularization, self._has_placeholders())
        draws = config.has_drawn_candidates
        batch_tokens = config.batch_tokens // (1 + config.candidates) if draws else config.batch_tokens
        plans = (
            PairPlan(training[1], batch_tokens, config.seed, config.joined_pairs, resegment, are_weighted=draws),
            PairPlan(validation[1], config.batch_tokens, are_weighted=draws),
        )
        bleu = ValidationBleu(
            validation[0], config.validation_sentences, progress, lowercase=self.target_tokenizer.lowercase
        )
        return Prepared(
            config,
            plans,
            lambda config: describe_run(self.config, config, training[1], validation[1], plans[0]),
            data_facts={
                "training_pairs": len(training[1]),
                "validation_pairs": len(validation[1]),
                "unknown_share": round(validation[1].unknown_share, 6),
                "validation_tokenizer": bleu.tokenize,
                COMMON_WORDS: {
                    "source": common_words(training[0].sources),
                    "target": common_words(training[0].targets),
                },
            },
            text_digest=digest([pairs_digest(training[1])]),
            sample=lambda: bleu.sample,
            validation_score=lambda: Score("BLEU", bleu.score(list(self.translate(bleu.sources, num_beams=1)))),
            loss_score=perplexity,
            extended=RiskBatches(self.config, config, self.target_tokenizer, bleu.tokenize) if draws else None,
        )

    def _network_to_train(self, config: Any) -> Any:
        # Candidates are drawn from the whole network, and what is learned from them is about that one. Wu et al. (2016)
        # leave dropout out of this stage too.
        return dataclasses.replace(self.config, **NO_DROPOUT) if config.has_drawn_candidates else self.config

    def _network_options(self, config: Any) -> dict[str, Any]:
        return {**super()._network_options(config), "are_weighted": config.has_drawn_candidates}

    def _read(self, asked: dict[str, Any], progress: Progress) -> tuple[Pairs, Pairs]:
        """Returns training and validation pairs."""
        if asked["pairs"] is None:
            raise TextrnnError("Pass the pairs to train on: a file, or a list of (sentence, translation) tuples.")
        how: dict[str, Any] = {
            "columns": asked["columns"], "reverse": bool(asked["reverse"]), "progress": progress
        }  # fmt: skip
        encoding = asked["encoding"] or "utf-8"
        pairs = pair_files.opened(asked["pairs"], asked["target"], encoding, **how)
        if asked["validation"] is not None:
            return pairs, pair_files.opened(asked["validation"], asked["validation_target"], encoding, **how)
        share = asked["validation_fraction"]
        fraction = validation_share(len(pairs)) if share is None else share
        check_range("validation_fraction", fraction, 0, 1, below=True)
        if fraction == 0:
            progress.message("nothing is set aside: the validation loss is that of the training pairs")
            return pairs, pairs
        return pair_files.split(pairs, fraction, asked.get("seed") or 0)

    def _choose(
        self, pairs: Pairs, model_options: dict[str, Any], asked: dict[str, Any], progress: Progress
    ) -> TranslatorTrainingConfig:
        """Completes the config of a translator without weights, and returns how to train; says what was chosen."""
        given = self._given(asked)
        if self.weights:
            choice = translator_tuning_choice(len(pairs), given)
        else:
            choice = translator_choice(len(pairs), model_options, given)
            self.chosen = {**choice.model, **model_options}
            self.level, self.vocabulary_size = self.chosen["level"], self.chosen["vocabulary_size"]
            self.chosen.setdefault("typed_text", not are_tokenized(pairs.sources))
            options = {name: value for name, value in self.chosen.items() if name not in TOKENIZER_OPTIONS}
            sizes: dict[str, Any] = {
                f"{side}_vocabulary_size": self.vocabulary_size or 5 for side in ("source", "target")
            }
            self.config = TranslatorConfig(**sizes, **options)
        for line in choice.reasons:
            progress.message(line)
        config = TranslatorTrainingConfig(**{**choice.training, **given})
        if config.subword_regularization and self.level != "subword":
            if "subword_regularization" in given:
                raise TextrnnError(f"`subword_regularization` is for level='subword'. Received: level={self.level!r}.")
            config = dataclasses.replace(config, subword_regularization=0.0)
        if config.has_drawn_candidates and not self.weights:
            raise TextrnnError(
                "objective='minimum-risk' is a last stage for a translator that is trained: name one as "
                "--initial-model, or call `fit` again."
            )
        if config.joined_pairs and self.level == "char":
            raise TextrnnError("`joined_pairs` is for words and subwords: characters would be joined without a space.")
        return config

    def _train_tokenizers(self, pairs: Pairs) -> None:
        symbols = PLACEHOLDERS if self._has_placeholders() else ()
        texts = [pairs.sources, pairs.targets]
        if self.config.joint_vocabulary:
            texts = [pairs.sources + pairs.targets]
        self.tokenizers = {
            name: make_tokenizer(self.level, lines, self.vocabulary_size, bool(self.chosen.get("lowercase")), symbols)
            for name, lines in zip(self.config.tokenizer_names, texts, strict=True)
        }
        self.config = dataclasses.replace(
            self.config,
            source_vocabulary_size=self.source_tokenizer.vocabulary_size,
            target_vocabulary_size=self.target_tokenizer.vocabulary_size,
        )

    # Translation

    @with_options(BeamOptions)
    def translate(
        self, text: str | Iterable[str], *, raw: bool = False, glossary: GlossarySource | None = None, **options: Any
    ) -> str | list[str]:
        """Translates a line of text, or several.

        Args:
            text: One line, or several: a list, a generator, a column of a table. An empty one stays empty.
            raw: See `translations`.
            glossary: See `translations`.
            **options: See `translations`.

        Returns:
            The translation, or a list of translations.

        Raises:
            TextrnnError: If an option is wrong, a line is no string or too long, or the translator not trained.
        """
        lines = [text] if isinstance(text, str) else text
        results = self.translations(lines, raw=raw, glossary=glossary, **options)
        texts = [group[0].text if group else "" for group in results]
        return texts[0] if isinstance(text, str) else texts

    @with_options(BeamOptions)
    def translations(
        self, texts: Iterable[str], *, raw: bool = False, glossary: GlossarySource | None = None, **options: Any
    ) -> list[list[Translation]]:
        """Translates lines of text and tells how each translation came about.

        Sentences of one line are translated one by one, with characters and capitals as the network knows them, unless
        the translator was trained without `typed_text`.

        Args:
            texts: The lines.
            raw: Whether the network gets each line as it is.
            glossary: Terms and the translation that each must have: a dictionary, a file with a term, a tab and its
                translation in each line, or pairs in memory; see `textrnn.preprocessing.glossary.Glossary`. Of a
                sentence, the first eight different ones hold.
            **options: Options of `textrnn.inference.beam_search.BeamOptions`, such as `num_beams` or `num_best`; or
                `temperature`, `top_k`, `top_p`, `repetition_penalty` and `seed` of
                `textrnn.inference.sampling.SamplingOptions`, to draw a translation instead of searching for the best.

        Returns:
            For each line its translations, the best first; an empty list for a line without text.
        """
        sampling, options = drawn_apart(options)
        beam_options = BeamOptions(**{"allow_unknown": self.level == "word", **options})
        lines = [normalized(text) for text in sentence_list(texts)]
        return self._lines(raw, glossary).translations(lines, sampling, beam_options)

    def _lines(self, raw: bool = False, glossary: GlossarySource | None = None) -> LineTranslator:
        """Returns what translates lines."""
        both = self.source_tokenizer, self.target_tokenizer
        terms = None if glossary is None else Glossary.opened(glossary)
        if terms is not None and raw:
            raise TextrnnError(
                "A glossary changes what the network gets, and `raw` leaves it as it is. Pass one of both."
            )
        reads_as_typed = self.config.typed_text or terms is not None
        reader = TypedReader(*both, terms) if reads_as_typed and not raw else None
        return LineTranslator(self.networks, *both, reader)

    def foreign_note(self, line: str) -> str | None:
        """Returns what a line looks like if it is not in the language that is read; None if it is, or nobody knows.

        See `textrnn.preprocessing.languages`. Models of less than a thousand pairs, and earlier ones, do not know.
        """
        known = self.facts.get(COMMON_WORDS)
        if not isinstance(known, dict) or not all(isinstance(words, list) for words in known.values()):
            return None
        source, target = ([word for word in known.get(side, []) if isinstance(word, str)] for side in SIDES)
        return foreign_note(line, source, target)

    def shortened(self, line: str, raw: bool = False) -> tuple[str, int]:
        """Returns as much of a line as is translated at once, and how many tokens the longest sentence of it has.

        Args:
            line: The line.
            raw: Whether the network gets it as it is.
        """
        return self._lines(raw).shortened(line)

    def score(self, sources: Iterable[str], targets: Iterable[str]) -> list[float]:
        """Returns the natural logarithm of the probability of each given translation."""
        return [translation.log_probability for translation in self.forced(sources, targets)]

    def forced(self, sources: Iterable[str], targets: Iterable[str]) -> list[Translation]:
        """Returns given translations with their probabilities and attention, as if the network had written them.

        Args:
            sources: The sentences.
            targets: A translation of each.

        Raises:
            TextrnnError: If the numbers differ or a sentence is empty.
        """
        pairs = Pairs(*([normalized(text) for text in sentence_list(side)] for side in (sources, targets)))
        for name, sentences in (("sources", pairs.sources), ("targets", pairs.targets)):
            if "" in sentences:
                raise TextrnnError(f"`{name}` holds an empty sentence at index {sentences.index('')}.")
        numbers = range(1, len(pairs) + 1)
        encoded = (self._lines().source_ids(pairs.sources, numbers), self.target_tokenizer.encode_lines(pairs.targets))
        results = []
        for source, target, source_ids, target_ids in zip(pairs.sources, pairs.targets, *encoded, strict=True):
            hypothesis = forced(self.networks, source_ids, target_ids)
            found = translation_of(source, source_ids, hypothesis, self.source_tokenizer, self.target_tokenizer)
            results.append(dataclasses.replace(found, text=target))
        return results

    def neighbours(self, token: str, number: int = 10, side: str = "target") -> list[Neighbour]:
        """Returns the tokens whose vectors are most like that of a token, as pairs of text and cosine similarity.

        With a joint vocabulary both sides have the same vectors, and a word's neighbours may be of either language.

        Args:
            token: The text of a token: a word, a character, or a part of a word, as the translator's level has it.
            number: How many.
            side: "source" or "target".

        Raises:
            TextrnnError: If that is no token of the vocabulary, or the translator not trained.
        """
        check_choice("side", side, ["source", "target"])
        network: EncoderDecoder = self.network
        if side == "source":
            return neighbours(network.source_embeddings, self.source_tokenizer, token, number)
        return neighbours(network.target_embeddings, self.target_tokenizer, token, number)

    # Evaluation

    @with_options(BeamOptions)
    def evaluate(
        self,
        sources: Sequence[str],
        references: Sequence[Any],
        *,
        tokenize: str | None = None,
        lowercase: bool = False,
        effective_order: bool = False,
        explain: bool = False,
        jobs: int = 1,
        **options: Any,
    ) -> "TranslationScores":
        """Translates sentences and scores the translations: BLEU, chrF and TER with signatures and notes.

        Args:
            sources: The sentences.
            references: A translation of each, or several lists of that.
            tokenize: See `textrnn.bleu`; by default what fits the script of the references.
            lowercase: Whether case counts for nothing.
            effective_order: See `textrnn.bleu`.
            explain: Whether to tell the sentences whose translations have the lowest chrF.
            jobs: How many processes work side by side, of one model; the figures are the same.
            **options: See `translations`.
        """
        from textrnn.evaluation.bleu import translation_scores
        from textrnn.evaluation.bleu_tokenizers import chosen_tokenizer
        from textrnn.evaluation.references import checked

        sources, sets = checked(sources, references, "source")  # before the long part
        tokenize = chosen_tokenizer(tokenize, [one for group in sets for one in group if one is not None])
        if self.partners and jobs != 1:
            raise TextrnnError("Several models that translate together work in one process. Leave out `jobs`.")
        blocks = (sources[rows] for rows in parts(len(sources), SENTENCES_AT_ONCE))
        return translation_scores(
            list(itertools.chain.from_iterable(said_of(blocks, self, "translate", jobs, **options))),
            sets,
            tokenize=tokenize,
            lowercase=lowercase,
            effective_order=effective_order,
            explain=explain,
            sources=sources,
        )

    def data_of(self, files: list[str]) -> tuple[Any, ...]:
        if len(files) > 2:
            raise TextrnnError(
                "A translator takes one file of pairs, or a file of sentences and one of their translations. Received: "
                f"{', '.join(map(str, files))}."
            )
        return tuple(files)

    def score_on(self, *data: Any, **how: Any) -> tuple[str, float]:
        pairs = pair_files.opened(*data, **how, progress=Progress(quiet=True))
        return "BLEU", self.evaluate(pairs.sources, pairs.targets).bleu.score

    def trial(self) -> tuple[int, str]:
        draw = np.random.default_rng(0)
        size = self.config.source_vocabulary_size
        rows = [draw.integers(EOS_ID + 1, size, TRIAL_TOKENS).tolist() for _ in range(TRIAL_SENTENCES)]
        written = self.translations([self.source_tokenizer.decode(ids) for ids in rows])
        return sum(len(best.tokens) for group in written for best in group[:1]), "tokens"
