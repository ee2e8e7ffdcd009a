"""From sound to text: utterances, what the network says of each, and the transcript that follows from it."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from textrnn.config.recogniser import FIRST_CHARACTER, RecogniserConfig
from textrnn.errors import check_range
from textrnn.inference.ctc import Alignment, beam_search, greedy, log_likelihood
from textrnn.inference.lexicon import Lexicon
from textrnn.inference.prefix_search import SymbolModel
from textrnn.inference.recogniser import SpeechRecogniser
from textrnn.inference.threads import on_one_blas_thread
from textrnn.preprocessing.labelled import padded
from textrnn.preprocessing.spectra import Spectrum, is_silent, normalized, num_margin_frames, stacked, with_margins
from textrnn.preprocessing.speech import CUT_OFF, SHOWN, frames_of
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.preprocessing.utterances import utterances
from textrnn.preprocessing.waves import Sound

__all__ = ["Character", "DecodingOptions", "Transcriber", "Transcript", "Word"]

BATCH_SIZE = 16  # utterances that are read side by side
SPACE = " "
UNUSUAL_SHARE = 0.02  # of the validation clips; a person who hears the note with each clip stops reading it
IMPOSSIBLE = -100.0  # nats a step, of a text that a clip has no room for


@dataclasses.dataclass(frozen=True)
class Character:
    """A character that was heard.

    Args:
        text: The character.
        seconds: Where in the clip the network wrote it, which is within its sound or soon after.
        probability: How sure the network was of it there.
    """

    text: str
    seconds: float
    probability: float


@dataclasses.dataclass(frozen=True)
class Word:
    """A word that was heard.

    Args:
        text: The word.
        seconds: Where its first character is.
        probability: The least of its characters' probabilities.
    """

    text: str
    seconds: float
    probability: float


@dataclasses.dataclass(frozen=True)
class Transcript:
    """What was heard in a clip; as a string, a line with its time for each word.

    Args:
        characters: The characters, in order.
        seconds: How long the clip is.
        note: What there is to say of it: that it is silent, was cut off, or sounds like nothing of the training.
    """

    characters: tuple[Character, ...]
    seconds: float
    note: str = ""

    @property
    def text(self) -> str:
        """The text, with one space between words."""
        return " ".join(word.text for word in self.words)

    @property
    def words(self) -> tuple[Word, ...]:
        """The words, which spaces part."""
        groups = itertools.groupby(self.characters, key=lambda character: character.text.isspace())
        words = [list(group) for is_space, group in groups if not is_space]
        return tuple(
            Word(
                "".join(character.text for character in word),
                word[0].seconds,
                min(character.probability for character in word),
            )
            for word in words
        )

    @property
    def confidence(self) -> float:
        """How sure the network was: the mean of its words' probabilities, 0 where it heard none."""
        words = self.words
        return sum(word.probability for word in words) / len(words) if words else 0.0

    def __str__(self) -> str:
        return "\n".join(f"{word.seconds:8.2f} s  {100 * word.probability:3.0f}%  {word.text}" for word in self.words)

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary that JSON can hold."""
        return {
            "text": self.text,
            "seconds": round(self.seconds, 3),
            "note": self.note,
            "confidence": round(self.confidence, 4),
            "words": [
                {"text": word.text, "seconds": round(word.seconds, 3), "probability": round(word.probability, 4)}
                for word in self.words
            ],
            "characters": [
                {"text": one.text, "seconds": round(one.seconds, 3), "probability": round(one.probability, 4)}
                for one in self.characters
            ],
        }


@dataclasses.dataclass(frozen=True)
class DecodingOptions:
    """How the text is found in what the network says.

    Args:
        num_beams: Beginnings of texts that are kept at each step; 1 takes the most probable symbol of each.
        language_model_weight: Weight of a language model's log probabilities, where there is one.
        insertion_bonus: Added for each character, in nats, since language models favour short texts.
    """

    num_beams: int = 1
    language_model_weight: float = 0.5
    insertion_bonus: float = 0.0

    def __post_init__(self) -> None:
        check_range("num_beams", self.num_beams, 1, 10_000, whole=True)
        check_range("language_model_weight", self.language_model_weight, 0, 100)
        check_range("insertion_bonus", self.insertion_bonus, -100, 100)


@dataclasses.dataclass(frozen=True, eq=False)
class Utterance:
    """A stretch of a clip.

    Args:
        clip: The number of the clip.
        first: The number of its first frame in the clip.
        frames: Its log energies, shape `(num_frames, num_bands)`.
    """

    clip: int
    first: int
    frames: np.ndarray


@dataclasses.dataclass
class Heard:
    """What has been heard of a clip so far.

    Args:
        expected_seconds: How long it is by the file's own word, if it says so.
        seconds: How much of it has been read.
        is_silent: Whether there was nothing that could be speech.
        characters: What was said.
        num_utterances: How many stretches it consists of.
        unlike: The seconds at which utterances begin that sound unlike the clips of the training.
    """

    expected_seconds: float | None
    seconds: float = 0.0
    is_silent: bool = True
    characters: list[Character] = dataclasses.field(default_factory=list)
    num_utterances: int = 0
    unlike: list[float] = dataclasses.field(default_factory=list)

    def transcript(self) -> Transcript:
        """Returns the transcript."""
        notes = []
        if self.expected_seconds is not None and self.seconds < self.expected_seconds - CUT_OFF:
            notes.append(f"it was cut off after {self.seconds:.1f} of {self.expected_seconds:.1f} seconds")
        elif self.is_silent:
            notes.append("there is no sound in it")
        if self.unlike:
            begins = ", ".join(f"{seconds:.1f}" for seconds in self.unlike[:SHOWN])
            more = ", ..." if len(self.unlike) > SHOWN else ""
            what = "it" if len(self.unlike) == self.num_utterances else f"what begins at {begins}{more} seconds"
            notes.append(f"{what} sounds unlike the clips that the recogniser was trained on, so its text may be wrong")
        return Transcript(tuple(self.characters), self.seconds, "; ".join(notes))


class Transcriber:
    """Writes down what is said in clips.

    Args:
        network: The network.
        tokenizer: Its characters.
        options: How the text is found.
        language_model: Which characters follow one another, or None.
        lexicon: The words that are written, or None.
    """

    def __init__(
        self,
        network: SpeechRecogniser,
        tokenizer: Tokenizer,
        options: DecodingOptions,
        language_model: SymbolModel | None = None,
        lexicon: Lexicon | None = None,
    ) -> None:
        self.network = network
        self.config: RecogniserConfig = network.config
        self.tokenizer = tokenizer
        self.options = options
        self.language_model = language_model
        self.lexicon = lexicon
        self.spectrum = Spectrum(self.config)

    @on_one_blas_thread
    def __call__(self, sounds: Iterable[Sound]) -> list[Transcript]:
        """Returns the transcript of each sound; they are opened and read one after the other."""
        heard: list[Heard] = []
        every = self._utterances(sounds, heard)
        while batch := list(itertools.islice(every, BATCH_SIZE)):
            for utterance, (said, is_usual) in zip(batch, self._said(batch), strict=True):
                clip, seconds = heard[utterance.clip], utterance.first * self.config.hop_ms / 1000
                clip.num_utterances += 1
                if not is_usual:
                    clip.unlike.append(seconds)
                if clip.characters and said:
                    clip.characters.append(Character(SPACE, seconds, 1.0))
                clip.characters += said
        return [one.transcript() for one in heard]

    def _utterances(self, sounds: Iterable[Sound], heard: list[Heard]) -> Iterator[Utterance]:
        """Yields the utterances of all sounds that are not silent; says of each sound in `heard` how long it was."""
        hop = self.config.hop_ms / 1000
        for clip, sound in enumerate(sounds):
            heard.append(Heard(None if sound.num_samples is None else sound.num_samples / sound.rate))
            for first, frames in utterances(frames_of(sound, self.spectrum, self.config), 1 / hop):
                heard[clip].seconds = (first + len(frames)) * hop
                if not is_silent(frames):
                    heard[clip].is_silent = False
                    yield Utterance(clip, first, frames)

    def _said(self, batch: list[Utterance]) -> Iterator[tuple[list[Character], bool]]:
        """Yields the characters of each utterance, and whether it sounds like the clips of the training."""
        inputs, mask = padded([self.read(utterance.frames) for utterance in batch])
        least = self.config.usual_likelihood
        for utterance, row in zip(batch, self.network.log_probabilities(inputs, mask), strict=True):
            found = self.decoded(row)
            is_usual = least is None or likelihood_per_step(row, found) >= least
            yield self._timed(utterance, found, row), is_usual

    def read(self, frames: np.ndarray) -> np.ndarray:
        """Returns what the network reads of the frames of an utterance, shape `(num_steps, num_features)`."""
        return stacked(normalized(with_margins(frames, self.config), self.config), self.config)

    def decoded(self, log_probabilities: np.ndarray) -> Alignment:
        """Returns the best text of an utterance, and where its symbols are."""
        if self.options.num_beams == 1 and self.language_model is None and self.lexicon is None:
            return greedy(log_probabilities)
        return beam_search(
            log_probabilities,
            num_beams=self.options.num_beams,
            language_model=self.language_model,
            language_model_weight=self.options.language_model_weight,
            insertion_bonus=self.options.insertion_bonus,
            lexicon=self.lexicon,
        )[0]

    def usual_likelihood(self, rows: Iterable[np.ndarray]) -> float:
        """Returns the `likelihood_per_step` which all but a few clips reach.

        Args:
            rows: What the network says of each clip, log-probabilities of shape `(num_steps, num_symbols)`.
        """
        found = [max(likelihood_per_step(row, self.decoded(row)), IMPOSSIBLE) for row in rows]
        return round(float(np.quantile(found, UNUSUAL_SHARE)), 6)

    def _timed(self, utterance: Utterance, found: Alignment, log_probabilities: np.ndarray) -> list[Character]:
        """Returns the characters of an utterance with their times in the clip."""
        margin, last = num_margin_frames(self.config), len(utterance.frames) - 1
        characters = []
        for symbol, step in zip(found.symbols, found.frames, strict=True):
            frame = utterance.first + min(max(step * self.config.stride - margin, 0), last)
            text = self.tokenizer.token_text(symbol + FIRST_CHARACTER - 1)
            probability = float(np.exp(log_probabilities[step, symbol]))
            characters.append(Character(text, frame * self.config.hop_ms / 1000, probability))
        return characters


def likelihood_per_step(log_probabilities: np.ndarray, found: Alignment) -> float:
    """Returns the log-likelihood of a text that was found, in nats a step.

    A network that hears what it knows is sure of nearly every step.

    Args:
        log_probabilities: What the network says, shape `(num_steps, num_symbols)`.
        found: The text.
    """
    return log_likelihood(log_probabilities, found.symbols) / max(len(log_probabilities), 1)
