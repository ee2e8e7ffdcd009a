"""The recogniser of speech that people call: fit it to clips and their texts, write down what others say."""

import contextlib
import dataclasses
import itertools
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np

from textrnn.config.recogniser import FIRST_CHARACTER, FROM_DATA, RecogniserConfig, RecogniserTrainingConfig
from textrnn.config.signatures import with_options
from textrnn.defaults.recogniser import lexicon_choice, recogniser_choice, recogniser_tuning_choice
from textrnn.errors import TextrnnError, check_options, check_range
from textrnn.evaluation import recognition
from textrnn.evaluation.bootstrap import NUM_SAMPLES
from textrnn.evaluation.recognition import Recognition
from textrnn.inference.fusion import symbol_model
from textrnn.inference.lexicon import Lexicon
from textrnn.inference.prefix_search import SymbolModel
from textrnn.inference.recognition import DecodingOptions, Transcriber, Transcript
from textrnn.inference.threads import on_one_blas_thread, parts
from textrnn.preprocessing import corpora, speech
from textrnn.preprocessing.spectra import mean_profile
from textrnn.preprocessing.speech import SHOWN, Clips, as_clips, headers_of, is_path, opened_clips, read_frames
from textrnn.preprocessing.speech_batches import Augmentation, SpeechData, SpeechPlan, have_room
from textrnn.preprocessing.tokenizers import UNK_ID, CharTokenizer, Tokenizer
from textrnn.preprocessing.vocabulary import SPECIAL_TOKENS
from textrnn.progress import Progress
from textrnn.tasks.run import digest
from textrnn.tasks.scoring import said_of
from textrnn.tasks.task import Prepared, Task
from textrnn.wording import counted

if TYPE_CHECKING:
    from textrnn.tasks.language_model import LanguageModel

__all__ = ["Recogniser"]

LexiconLike: TypeAlias = Lexicon | str | os.PathLike[str] | Iterable[str] | None
LanguageModelLike: TypeAlias = Union["LanguageModel", str, os.PathLike[str], None]

MODEL_OPTIONS = ("lowercase",)  # beside those of the config
NUM_BEAMS = 16  # with a language model or a lexicon
ANY_WORDS = "none"  # in the place of a lexicon
TOO_SHORT = "too short for their texts, or without a character that is known"
TRIAL_SECONDS = 10
VALIDATION_SECONDS = 120.0  # of sound in a batch
CLIPS_AT_ONCE = 64  # that are evaluated together
NOTES_SHOWN = 3  # of single clips
MOST_CALIBRATED = 250  # validation clips, each time that weights are kept


class Recogniser(Task):
    """A recurrent recogniser of speech, "from the signal to the text".

    Example:

        recogniser = Recogniser()
        recogniser.fit("manifest.tsv", output="my-recogniser")
        print(recogniser.transcribe("clip.wav"))

    Args:
        lowercase: Whether only small letters are written; None lets `fit` choose.
        **options: Options of `textrnn.config.RecogniserConfig`. What is not set here is chosen by `fit`.

    Raises:
        TextrnnError: If an option is unknown or its value impossible.
    """

    kind = "recogniser"
    noun = "recogniser"
    usage = "textrnn transcribe clip.wav --model {model}\ntextrnn evaluate recognition MANIFEST --model {model}"

    @with_options(RecogniserConfig, skip=FROM_DATA, are_chosen=True)
    def __init__(self, *, lowercase: bool | None = None, **options: Any) -> None:
        options = {name: value for name, value in options.items() if value is not None}
        names = [name for name in RecogniserConfig.option_names() if name not in FROM_DATA]
        check_options(options, [*names, *MODEL_OPTIONS], "Recogniser")
        given = options if lowercase is None else {**options, "lowercase": lowercase}
        super().__init__(RecogniserConfig(**options), given)  # until `fit` completes it

    @classmethod
    def load(cls, model: str | os.PathLike[str]) -> "Recogniser":
        """Loads a recogniser from a directory, or the one that ships with the package, "digits".

        Raises:
            TextrnnError: If there is no such model, or it is damaged, incomplete or of a newer format.
        """
        result: Recogniser = cls._loaded(model)
        return result

    def __repr__(self) -> str:
        config, trained = self.config, "trained" if self.weights else "not trained"
        layers = f"{config.cell} {'+'.join(map(str, config.units))}{' both ways' * config.bidirectional}"
        sound = f"{config.sample_rate / 1000:g} kHz"
        return f"<Recogniser: {config.num_symbols - 1} characters from {sound}, {layers}, {trained}>"

    @property
    def tokenizer(self) -> Tokenizer:
        """The characters that it writes."""
        return self._tokenizer("tokenizer")

    # Training

    @with_options(RecogniserTrainingConfig, are_chosen=True)
    def fit(
        self,
        data: Any = None,
        texts: Any = None,
        *,
        rate: int | None = None,
        validation: Any = None,
        validation_texts: Any = None,
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
    ) -> "Recogniser":
        """Trains the recogniser on clips and their texts, and keeps the weights that write validation clips best.

        What is not set, here or when the recogniser was made, follows from the data. A recogniser that has been trained
        or loaded goes on from its weights, with its own characters. If training fails, it stays as it was; if it is
        interrupted, it has the best weights so far.

        Args:
            data: A manifest, a table whose rows hold the path of a WAV file, its text and perhaps its speaker; a folder
                with a folder of WAV files for each text; or, with `texts`, a list of paths or arrays of samples.
            texts: The text of each clip.
            rate: Samples per second of arrays.
            validation: The same as `data` for validation; by default a part is set aside.
            validation_texts: The same as `texts` for validation.
            validation_fraction: How large a part, by default a tenth; 0 trains on everything, and validates on that.
            encoding: Encoding of the manifest.
            output: Directory for the model, the checkpoint, `history.csv` and `loss.png`; None writes nothing.
            resume: Whether to go on from the checkpoint in `output`, with the options that it was made with.
            overwrite: Whether to replace an earlier run in `output`; otherwise that is an error.
            half_precision: Whether to save the weights as float16.
            callbacks: Keras callbacks.
            progress: Where messages go; by default standard error.
            device: "cpu" or "gpu" to train on; None takes what is faster. A run may be resumed on the other.
            **options: Options of `textrnn.config.RecogniserTrainingConfig`, such as `epochs`.

        Returns:
            The recogniser itself; `history` has one record per validation.

        Raises:
            TextrnnError: If the data are missing, unreadable or too few, or an option is wrong.
        """
        asked = {
            "data": data,
            "labels": texts,
            "rate": rate,
            "validation": validation,
            "validation_labels": validation_texts,
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
        from textrnn.training.recogniser import describe_run

        clips = self._read(asked, progress)
        config = self._choose(clips, model_options, asked, progress)
        training, validation = (
            self._encoded(side, use, progress) for side, use in zip(clips, ("train on", "validate on"), strict=True)
        )
        if not self.weights:
            self.config = dataclasses.replace(self.config, means=mean_profile(training.frames))
        change = Augmentation(**config.augmentation())
        plans = (
            SpeechPlan(training, self.config, config.batch_seconds, config.joined_clips, change, config.seed),
            SpeechPlan(validation, self.config, VALIDATION_SECONDS, config.joined_clips),
        )
        return Prepared(
            config,
            plans,
            lambda config: describe_run(self.config, config, plans),
            data_facts={
                "training_clips": len(training),
                "training_seconds": round(sum(map(len, training.frames)) * self.config.hop_ms / 1000),
                "validation_clips": len(validation),
            },
            text_digest=digest(array.tobytes() for arrays in (training.frames, training.symbols) for array in arrays),
            validation_score=lambda: self._score(plans[1]),
            settle=lambda: self._calibrate(validation),
        )

    def _read(self, asked: dict[str, Any], progress: Progress) -> tuple[Clips, Clips]:
        """Returns clips to train on and clips to validate on."""
        if asked["data"] is None:
            raise TextrnnError(
                "Pass the clips: a manifest, a folder with a folder for each text, or fit(clips, texts)."
            )
        how = {"rate": asked["rate"], "encoding": asked["encoding"] or "utf-8"}
        clips = speech.read(asked["data"], asked["labels"], **how)
        if asked["validation"] is not None:
            return clips, speech.read(asked["validation"], asked["validation_labels"], **how)
        fraction = 0.1 if asked["validation_fraction"] is None else asked["validation_fraction"]
        check_range("validation_fraction", fraction, 0, 1, below=True)
        if fraction == 0:
            progress.message("nothing is set aside: the validation loss is that of the training data")
            return clips, clips
        return speech.split(clips, fraction, asked.get("seed") or 0)

    def _choose(
        self, sides: tuple[Clips, Clips], model_options: dict[str, Any], asked: dict[str, Any], progress: Progress
    ) -> RecogniserTrainingConfig:
        """Completes the config of a recogniser without weights, and returns how to train; says what was chosen."""
        given = self._given(asked)
        clips = sides[0]
        headers = headers_of(clips)
        rates, seconds = [rate for rate, _ in headers], [length for _, length in headers]
        if self.weights:
            choice = recogniser_tuning_choice(seconds, given)
        else:
            choice = recogniser_choice(rates, seconds, model_options, given)
            self.chosen = {**choice.model, **model_options}
            tokenizer = character_tokenizer(clips.texts, bool(self.chosen.get("lowercase")))
            self.tokenizers = {"tokenizer": tokenizer}
            options = {name: value for name, value in self.chosen.items() if name not in MODEL_OPTIONS}
            self.config = RecogniserConfig(**{**options, "vocabulary_size": tokenizer.vocabulary_size})
        self.config = dataclasses.replace(self.config, lexicon=self._lexicon_of(sides))
        for line in choice.reasons:
            progress.message(line)
        if self.config.lexicon:
            progress.message(
                f"the clips say {len(self.config.lexicon):,} different words, so no others are written, unless "
                f"transcribing gets a `--lexicon` of its own, or `--lexicon {ANY_WORDS}`"
            )
        return RecogniserTrainingConfig(**{**choice.training, **given})

    def _lexicon_of(self, sides: tuple[Clips, Clips]) -> tuple[str, ...]:
        """Returns the words to write, with those that were known before; none if there may be any."""
        words = lexicon_choice([self.tokenizer.cased(text) for clips in sides for text in clips.texts])
        known = set(self._characters())
        if not words or not all(known.issuperset(word) for word in words) or (self.weights and not self.config.lexicon):
            return ()
        return tuple(sorted({*self.config.lexicon, *words}))

    @on_one_blas_thread
    def _encoded(self, clips: Clips, use: str, progress: Progress) -> SpeechData:
        """Returns clips as the network reads them, without those that are too short for their texts."""
        frames = read_frames(clips, self.config, progress, use)
        symbols = [self._symbols(text) for text in clips.texts]
        fits = have_room(frames, symbols, self.config)
        kept, lost = np.flatnonzero(fits), np.flatnonzero(~fits)
        if len(lost):
            named = ", ".join(
                f"{clips.sounds[i] if is_path(clips.sounds[i]) else i} ({clips.texts[i]!r:.40})" for i in lost[:SHOWN]
            )
            progress.message(
                f"left out {len(lost):,} of {counted(len(frames), 'clip')} to {use}, {TOO_SHORT}: {named}"
                f"{', ...' if len(lost) > SHOWN else ''}"
            )
        if not len(kept):
            raise TextrnnError(f"No clips are left to {use}: all are {TOO_SHORT}.")
        numbers = {speaker: number for number, speaker in enumerate(dict.fromkeys(clips.speakers))}
        speakers = np.array([numbers[speaker] for speaker in clips.speakers] or [0] * len(clips))
        return SpeechData(frames, symbols, self._symbols(" "), speakers).take(kept.tolist())

    def _symbols(self, text: str) -> np.ndarray:
        """Returns what the network should write for a text; characters that it does not know are left out."""
        ids = self.tokenizer.encode(text)
        return np.asarray(ids[ids != UNK_ID] - (FIRST_CHARACTER - 1), dtype=np.int32)

    def _text(self, symbols: Iterable[int]) -> str:
        """Returns the text of symbols."""
        return self.tokenizer.decode([symbol + FIRST_CHARACTER - 1 for symbol in symbols])

    def _score(self, plan: SpeechPlan) -> Any:
        """Returns the error rate of characters over the rows of a plan."""
        from textrnn.training.history import Score

        transcriber = self._transcriber(DecodingOptions())
        written = [
            self._text(transcriber.decoded(row).symbols)
            for batch in plan.batches()
            for row in self.network.log_probabilities(*batch.inputs)
        ]
        said = [self._text(symbols) for symbols in plan.texts()]
        found = recognition.evaluate(written, said, num_bootstrap=0)
        return Score("CER", found.characters.rate, higher_is_better=False)

    def _calibrate(self, validation: SpeechData) -> None:
        """Finds out how well the texts of validation clips fit their sound, to know what sounds unlike them."""
        some = np.linspace(0, len(validation) - 1, min(len(validation), MOST_CALIBRATED)).astype(int)
        plan = SpeechPlan(validation.take(some.tolist()), self.config, VALIDATION_SECONDS)
        rows = (row for batch in plan.batches() for row in self.network.log_probabilities(*batch.inputs))
        options = DecodingOptions(num_beams=NUM_BEAMS if self.config.lexicon else 1)
        found = self._transcriber(options, lexicon=self.lexicon()).usual_likelihood(rows)
        self.config, self._network = dataclasses.replace(self.config, usual_likelihood=found), None

    def _network_options(self, config: Any) -> dict[str, Any]:
        return {}

    # Use

    @with_options(DecodingOptions)
    def transcribe(
        self,
        clips: Any,
        *,
        rate: int | None = None,
        language_model: LanguageModelLike = None,
        lexicon: LexiconLike = None,
        **options: Any,
    ) -> str | list[str]:
        """Writes down what is said in a clip, or in several.

        Args:
            clips: The path of a WAV file, an array of samples, or a list of these.
            rate: See `transcripts`.
            language_model: See `transcripts`.
            lexicon: See `transcripts`.
            **options: See `transcripts`.

        Returns:
            The text, or a list of texts.

        Raises:
            TextrnnError: If a clip cannot be read, an option is wrong, or the recogniser not trained.
        """
        items, is_one = as_clips(clips)
        found = self.transcripts(items, rate=rate, language_model=language_model, lexicon=lexicon, **options)
        texts = [transcript.text for transcript in found]
        return texts[0] if is_one else texts

    @with_options(DecodingOptions)
    def transcripts(
        self,
        clips: Any,
        *,
        rate: int | None = None,
        language_model: LanguageModelLike = None,
        lexicon: LexiconLike = None,
        **options: Any,
    ) -> list[Transcript]:
        """Writes down what is said in clips, and when.

        Long clips are cut where they are quietest and read piece by piece, so that memory stays flat.

        Args:
            clips: A list of paths of WAV files, or of arrays of samples; one of either is a list of one.
            rate: Samples per second of arrays; None takes that which the recogniser reads.
            language_model: A `LanguageModel`, the directory of one or the name of a shipped one, by which more probable
                texts are preferred; None goes by the sound alone.
            lexicon: The words that may be written: a list of them, the path of a file with white space between them,
                what `lexicon()` has made of these, or "none" for any. None takes those of training, if they were few
                (`config.lexicon`). With a lexicon or a language model, `num_beams` is 16 if it is not set.
            **options: Options of `textrnn.inference.recognition.DecodingOptions`, such as `num_beams`.

        Returns:
            A transcript for each clip, with the time of each word and each character.

        Raises:
            TextrnnError: If a clip cannot be read, an option is wrong, or the recogniser not trained.
        """
        if language_model is None and "language_model_weight" in options:
            raise TextrnnError("`language_model_weight` is the weight of a language model: pass `language_model` too.")
        words = self.lexicon(lexicon)
        if language_model is not None or words is not None:
            options = {"num_beams": NUM_BEAMS, **options}
        transcriber = self._transcriber(DecodingOptions(**options), self._symbol_model(language_model), words)
        items, _ = as_clips(clips)
        return transcriber(opened_clips(items, rate or self.config.sample_rate))

    def _transcriber(
        self, options: DecodingOptions, language_model: SymbolModel | None = None, lexicon: Lexicon | None = None
    ) -> Transcriber:
        return Transcriber(self.network, self.tokenizer, options, language_model, lexicon)

    def _characters(self) -> list[str]:
        """Returns what each symbol writes; the blank writes nothing."""
        return ["", *map(self.tokenizer.token_text, range(FIRST_CHARACTER, self.config.vocabulary_size))]

    def lexicon(self, lexicon: LexiconLike = None) -> Lexicon | None:
        """Returns the words that texts consist of, ready for the search; None if there may be any.

        Args:
            lexicon: See `transcripts`.

        Raises:
            TextrnnError: If the file cannot be read, or a word holds a character that the recogniser does not write.
        """
        if isinstance(lexicon, Lexicon):
            return lexicon
        if lexicon is None:
            words: list[str] = list(self.config.lexicon)
        elif isinstance(lexicon, (str, os.PathLike)):
            if lexicon == ANY_WORDS:
                return None
            words = corpora.read(lexicon).text().split()
            if not words:
                raise TextrnnError(f"{lexicon}: holds no words.")
        else:
            words = [word for text in lexicon for word in str(text).split()]
            if not words:
                raise TextrnnError(f'`lexicon` holds no words. Pass some, or "{ANY_WORDS}" to allow any.')
        if not words:
            return None
        characters = self._characters()
        symbols = {text: symbol for symbol, text in enumerate(characters) if text}
        return Lexicon.of([self.tokenizer.cased(word) for word in words], symbols, len(characters))

    def _symbol_model(self, language_model: LanguageModelLike) -> SymbolModel | None:
        """Returns a language model as the search for texts asks it."""
        model = loaded(language_model)
        if model is None:
            return None
        return symbol_model(model.network, model.tokenizers["tokenizer"], self._characters())

    @with_options(DecodingOptions)
    def evaluate(
        self,
        data: Any,
        texts: Any = None,
        *,
        rate: int | None = None,
        encoding: str | None = None,
        num_bootstrap: int = NUM_SAMPLES,
        explain: bool = False,
        lowercase: bool = False,
        language_model: LanguageModelLike = None,
        lexicon: LexiconLike = None,
        jobs: int = 1,
        **options: Any,
    ) -> Recognition:
        """Compares what is written down with what was said.

        Args:
            data: See `fit`.
            texts: See `fit`.
            rate: See `fit`.
            encoding: See `fit`.
            num_bootstrap: How many bootstrap samples the intervals are made from; 0 makes none.
            explain: Whether to tell the clips with the highest error rates.
            lowercase: Whether case counts for nothing.
            language_model: See `transcripts`.
            lexicon: See `transcripts`.
            jobs: How many processes work side by side; the figures are the same.
            **options: See `transcripts`.

        Returns:
            The error rates of words and of characters, in the case that the recogniser writes.
        """
        clips = speech.read(data, texts, rate=rate, encoding=encoding or "utf-8")
        how = {
            "rate": clips.rate,
            "language_model": loaded(language_model),
            "lexicon": self.lexicon(lexicon) or ANY_WORDS,
            **options,
        }
        blocks = (clips.sounds[rows] for rows in parts(len(clips), CLIPS_AT_ONCE))
        found = list(itertools.chain.from_iterable(said_of(blocks, self, "transcripts", jobs, **how)))
        names = [str(clip) if is_path(clip) else f"clip {number}" for number, clip in enumerate(clips.sounds)]
        scores = recognition.evaluate(
            [one.text for one in found],
            [self.tokenizer.cased(text) for text in clips.texts],
            names=names,
            num_bootstrap=num_bootstrap,
            explain=explain,
            lowercase=lowercase,
        )
        notes = [f"{name}: {one.note}" for name, one in zip(names, found, strict=True) if one.note]
        if len(notes) > NOTES_SHOWN:
            notes[NOTES_SHOWN:] = [
                f"{len(notes) - NOTES_SHOWN:,} more of {counted(len(found), 'clip')} have a note: transcribe them"
            ]
        return dataclasses.replace(scores, notes=(*scores.notes, *notes))

    def score_on(self, *data: Any, **how: Any) -> tuple[str, float]:
        return "CER", self.evaluate(*data, **how, num_bootstrap=0).characters.rate

    def trial(self) -> tuple[int, str]:
        self.transcripts([np.random.default_rng(0).normal(0, 0.1, TRIAL_SECONDS * self.config.sample_rate)])
        return TRIAL_SECONDS, "seconds of sound"


def loaded(language_model: LanguageModelLike) -> "LanguageModel | None":
    """Returns a language model that was passed, or loads the one that was named."""
    from textrnn.tasks.language_model import LanguageModel

    if isinstance(language_model, (str, os.PathLike)):
        return LanguageModel.load(language_model)
    if language_model is None or isinstance(language_model, LanguageModel):
        return language_model
    raise TextrnnError(
        "`language_model` must be a LanguageModel, its directory, or the name of a shipped one. Received: "
        f"{language_model!r}."
    )


def character_tokenizer(texts: Sequence[str], lowercase: bool) -> CharTokenizer:
    """Returns a tokenizer of the characters in texts, and of the space, which joins them."""
    characters = {character for text in texts for character in (text.lower() if lowercase else text)}
    return CharTokenizer([*SPECIAL_TOKENS, *sorted(characters | {" "})], lowercase)
