"""What a recogniser of speech is, and how it is trained."""

import dataclasses
from typing import Any, ClassVar

from textrnn.config.architecture import Architecture, Part, chained, recurrent_part, with_dropout
from textrnn.config.base import NUM_GATES, Config, Shapes, num_states, recurrent_shapes
from textrnn.config.fitting import FittingConfig
from textrnn.errors import TextrnnError, check_choice, check_range

__all__ = ["FIRST_CHARACTER", "FROM_DATA", "RecogniserConfig", "RecogniserTrainingConfig"]

FROM_DATA = ("vocabulary_size", "means", "lexicon", "usual_likelihood")  # nobody sets these
# Symbol 0 is the blank of CTC and symbol 1 is this token id, so that no special token can be written.
FIRST_CHARACTER = 4
AUGMENTATIONS = ("speed", "warp", "colour", "noise", "echo", "gate", "frequency_mask", "time_mask")
SAMPLE_RATES = (8000, 48_000)  # lowest and highest


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecogniserConfig(Config):
    """A network that reads the spectrum of speech and says at each step which character begins, if any.

    What it says is turned into text by connectionist temporal classification (CTC; Graves et al. 2006).

    Args:
        vocabulary_size: Number of token ids, the four special ones included; each of the others is a character.
        sample_rate: Samples per second that are read; sound of another rate is resampled.
        num_bands: Bands of the mel scale that a frame of sound is described by.
        frame_ms: Length of a frame, in milliseconds.
        hop_ms: What lies between the beginnings of two frames, in milliseconds.
        stacked_frames: Frames that the recurrent layers read at once.
        stride: Frames from one step of the recurrent layers to the next.
        known_after: Seconds of speech in a clip whose own mean counts half in what its bands are centred on; 0 takes
            nothing but the clip's own. More for single words, which say little about a microphone.
        cell: "simple_rnn", "gru" or "lstm".
        units: Size of each recurrent layer in each direction, one to four of them.
        bidirectional: Whether the recurrent layers read both ways.
        input_dropout: Dropout on what is read.
        dropout: Dropout between recurrent layers.
        output_dropout: Dropout before the output.
        variational_dropout: Whether a dropout mask stays the same over a whole clip (Gal and Ghahramani 2016).
        weight_drop: Share of the recurrent kernels zeroed for a whole batch (Merity et al. 2018).
        means: How loud speech is in each band, above or below its mean, in nats; found in training.
        lexicon: The words that are written unless transcribing is told otherwise; none for any. Found in training,
            where few words are said again and again.
        usual_likelihood: Log-likelihood per step of the text that was found, in nats, which all but a few of the
            validation clips reach; below it, a clip sounds unlike them. Found in training; None if unknown.
    """

    vocabulary_size: int = 0
    sample_rate: int = 16_000
    num_bands: int = 40
    frame_ms: int = 25
    hop_ms: int = 10
    stacked_frames: int = 3
    stride: int = 2
    known_after: float = 2.0
    cell: str = "gru"
    units: tuple[int, ...] = (128, 128)
    bidirectional: bool = True
    input_dropout: float = 0.0
    dropout: float = 0.1
    output_dropout: float = 0.1
    variational_dropout: bool = True
    weight_drop: float = 0.0
    means: tuple[float, ...] = ()
    lexicon: tuple[str, ...] = ()
    usual_likelihood: float | None = None

    kind: ClassVar[str] = "recogniser"
    tokenizer_names: ClassVar[tuple[str, ...]] = ("tokenizer",)

    def __post_init__(self) -> None:
        self._set_layer_sizes("units")
        check_range("vocabulary_size", self.vocabulary_size, 0, 1_000_000, whole=True)
        check_range("sample_rate", self.sample_rate, *SAMPLE_RATES, whole=True)
        check_range("num_bands", self.num_bands, 4, 256, whole=True)
        check_range("frame_ms", self.frame_ms, 5, 200, whole=True)
        check_range("hop_ms", self.hop_ms, 1, 100, whole=True)
        check_range("stacked_frames", self.stacked_frames, 1, 32, whole=True)
        check_range("stride", self.stride, 1, 32, whole=True)
        check_range("known_after", self.known_after, 0, 1e6)
        check_choice("cell", self.cell, NUM_GATES)
        self._check_shares("input_dropout", "dropout", "output_dropout", "weight_drop")
        self._check_flags()
        means = tuple(self.means)
        object.__setattr__(self, "means", means)
        if len(means) not in (0, self.num_bands):
            raise TextrnnError(f"`means` must hold a number for each of the {self.num_bands} bands.")
        for mean in means:
            check_range("means", mean)
        object.__setattr__(self, "lexicon", tuple(self.lexicon))
        if not all(isinstance(word, str) and word.split() == [word] for word in self.lexicon):
            raise TextrnnError(f"`lexicon` must hold words. Received: {self.lexicon!r:.100}.")
        if self.usual_likelihood is not None:
            check_range("usual_likelihood", self.usual_likelihood)

    @property
    def directions(self) -> tuple[str, ...]:
        """Suffixes of the recurrent layers' weight names, one for each direction of reading."""
        return ("", "_backward") if self.bidirectional else ("",)

    @property
    def num_states(self) -> int:
        """Number of state arrays per recurrent layer."""
        return num_states(self.cell)

    @property
    def vocabulary_sizes(self) -> tuple[int, ...]:
        """Sizes of the vocabularies that `tokenizer_names` names."""
        return (self.vocabulary_size,)

    @property
    def num_features(self) -> int:
        """Numbers that the recurrent layers read at a step."""
        return self.num_bands * self.stacked_frames

    @property
    def num_symbols(self) -> int:
        """Number of outputs: the blank, and one for each character."""
        return max(self.vocabulary_size - FIRST_CHARACTER, 0) + 1

    @property
    def step_seconds(self) -> float:
        """Time from one step of the recurrent layers to the next."""
        return self.stride * self.hop_ms / 1000

    def weight_shapes(self) -> Shapes:
        """Returns the name and shape of every weight of the network, in order."""
        shapes: Shapes = {}
        size = self.num_features
        for layer, units in enumerate(self.units):
            for direction in self.directions:
                shapes |= recurrent_shapes(self.cell, f"recurrent_{layer}{direction}", size, units)
            size = units * len(self.directions)
        return {**shapes, "output/kernel": (size, self.num_symbols), "output/bias": (self.num_symbols,)}

    def architecture(self) -> Architecture:
        column = [
            Part("sound", ("sound", f"{self.sample_rate:,} samples a second")),
            Part("spectrum", ("mel spectrum", f"{self.num_bands} bands every {self.hop_ms} ms")),
        ]
        read = f"{self.stacked_frames} frames every {1000 * self.step_seconds:g} ms"
        labels: list[tuple[str, ...]] = [
            (f"frames of {self.frame_ms} ms",),
            with_dropout(read, self.input_dropout, self.variational_dropout),
        ]
        for layer, units in enumerate(self.units):
            column.append(recurrent_part(self.cell, f"recurrent_{layer}", units, self.bidirectional, self.weight_drop))
            rate = self.dropout if layer + 1 < len(self.units) else self.output_dropout
            text = f"vectors of {units * len(self.directions):,}"
            labels.append(with_dropout(text, rate, self.variational_dropout))
        size = self.units[-1] * len(self.directions)
        column += [
            Part("output", ("output", f"{size:,} → {self.num_symbols:,}"), ("output/",)),
            Part("text", ("text", f"{self.num_symbols - 1:,} characters and the blank")),
        ]
        return Architecture((tuple(column),), tuple(chained(column, [*labels, ("softmax, CTC",)])))


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecogniserTrainingConfig(FittingConfig):
    """How a recogniser is trained: the options of `FittingConfig`, and these.

    Args:
        batch_seconds: Seconds of sound per step, padding included; at least one clip is in a batch.
        joined_clips: Most clips that are joined with pauses between them and read as one, in training; 1 for none. From
            single words it makes sequences of words.
        speed: By how much clips are made faster or slower, in training, at most: 0.1 is from 0.9 to 1.1 times.
        warp: By how much all frequencies are raised or lowered, in training, at most, as shorter and longer vocal
            tracts do (Jaitly and Hinton 2013).
        colour: By how much bands are made louder and fainter, in training, in nats, as microphones and rooms do.
        noise: How loud the noise is that clips are mixed with, in training, at most, as a share of the speech's level;
            0 for none.
        echo: Seconds that a room takes, in training, at most, until what was said is fainter by 60 decibels.
        gate: Share of the clips, in training, from which all that is faint is taken, as in recordings whose noise was
            suppressed.
        frequency_mask: Share of the bands that one of two masks hides, in training, at most (Park et al. 2019).
        time_mask: Share of a clip that masks of its time hide, in training, at most.
    """

    batch_seconds: float = 40.0
    joined_clips: int = 1
    speed: float = 0.15
    warp: float = 0.03
    colour: float = 0.7
    noise: float = 0.05
    echo: float = 0.3
    gate: float = 0.3
    frequency_mask: float = 0.15
    time_mask: float = 0.06

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("batch_seconds", self.batch_seconds, 0, 100_000, above=True)
        check_range("joined_clips", self.joined_clips, 1, 100, whole=True)
        check_range("speed", self.speed, 0, 0.5)
        check_range("warp", self.warp, 0, 0.5)
        check_range("colour", self.colour, 0, 10)
        check_range("noise", self.noise, 0, 1)
        check_range("echo", self.echo, 0, 10)
        self._check_shares("gate", "frequency_mask", "time_mask")

    def augmentation(self) -> dict[str, Any]:
        """Returns the options that say how clips are changed in training."""
        return {name: getattr(self, name) for name in AUGMENTATIONS}
