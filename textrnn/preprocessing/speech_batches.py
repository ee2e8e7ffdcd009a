"""Batches of speech: clips joined, made faster and slower, warped, mixed with noise and masked."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence

import numpy as np

from textrnn.config.recogniser import RecogniserConfig
from textrnn.preprocessing.batches import Batch, budgeted, pad
from textrnn.preprocessing.labelled import padded
from textrnn.preprocessing.spectra import (
    SILENCE,
    band_frequencies,
    normalized,
    num_margin_frames,
    num_steps,
    stacked,
    with_margins,
)

__all__ = ["Augmentation", "SpeechData", "SpeechPlan", "have_room", "needed_steps"]

BUCKET_POOL = 20  # batches whose rows are sorted by length together
PAUSES = (0.02, 0.4)  # seconds between joined clips, in training
EDGE = 0.3  # seconds of pause before and after what is read, at most, in training
USUAL_PAUSE = 0.15  # seconds between joined clips, in validation
LEVEL_SPREAD = 4.0  # nats between the loudest noise and the faintest that is drawn
FAINTEST_ECHO = 1e-3  # share of the energy
GATES = (4.0, 9.0)  # nats below what is loud, from which on a gate takes all away
EDGE_WIDTHS = (0.05, 0.3)  # share of the bands at either end that a microphone takes less of
EDGE_DEPTH = 3.0  # how much less at the very end, in deviations of the rest
TILT = 1.5  # nats by which noise is louder or fainter at either end of the spectrum


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """How clips are changed in training; see `textrnn.config.RecogniserTrainingConfig`."""

    speed: float = 0.0
    warp: float = 0.0
    colour: float = 0.0
    noise: float = 0.0
    echo: float = 0.0
    gate: float = 0.0
    frequency_mask: float = 0.0
    time_mask: float = 0.0


@dataclasses.dataclass(frozen=True, eq=False)
class SpeechData:
    """Clips as a network reads them.

    Args:
        frames: Log energies of each clip, shape `(num_frames, num_bands)`.
        symbols: What is said in each, int32 of shape `(num_characters,)`, no blanks among them.
        space: What stands between the texts of clips that are joined.
        speakers: Who speaks in each, as numbers; only clips of one speaker are joined.
    """

    frames: list[np.ndarray]
    symbols: list[np.ndarray]
    space: np.ndarray
    speakers: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)

    def take(self, indices: Sequence[int]) -> "SpeechData":
        """Returns some of the clips."""
        return SpeechData(
            [self.frames[i] for i in indices], [self.symbols[i] for i in indices], self.space, self.speakers[indices]
        )


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a batch.

    Args:
        clips: The numbers of the clips that are joined.
        pauses: Frames before, between and after them.
        speed: How much faster they are played.
    """

    clips: tuple[int, ...]
    pauses: tuple[int, ...]
    speed: float


@dataclasses.dataclass(frozen=True)
class SpeechPlan:
    """All batches of a training run or a validation, as a pure function of (seed, epoch).

    Args:
        data: The clips.
        config: What is read of them.
        batch_seconds: Seconds of sound in a batch, padding included; at least one row is in a batch.
        joined_clips: Most clips in a row.
        augmentation: How clips are changed; None for validation, where each clip stands alone in one row and, where
            clips are joined, in a second one with others.
        seed: Fixes order and changes.
    """

    data: SpeechData
    config: RecogniserConfig
    batch_seconds: float
    joined_clips: int = 1
    augmentation: Augmentation | None = None
    seed: int = 0

    def batches(self, epoch: int = 0) -> Iterator[Batch]:
        """Yields the batches of one epoch."""
        randomness = np.random.Generator(np.random.PCG64([self.seed, epoch, 1]))
        for rows in self._batched_rows(epoch):
            inputs = [self._read(row, randomness) for row in rows]
            yield Batch(padded(inputs), pad([self._symbols(row) for row in rows]))

    def texts(self) -> list[np.ndarray]:
        """Returns the symbols of all rows, in the order in which `batches` yields them."""
        return [self._symbols(row) for rows in self._batched_rows(0) for row in rows]

    def _symbols(self, row: Row) -> np.ndarray:
        """Returns what is said in a row."""
        said = [part for clip in row.clips for part in (self.data.space, self.data.symbols[clip])]
        return np.concatenate(said[1:])

    # Which clips stand in which row

    def _batched_rows(self, epoch: int) -> list[list[Row]]:
        """Returns the rows of each batch."""
        randomness = np.random.Generator(np.random.PCG64([self.seed, epoch, 0]))
        is_training = self.augmentation is not None
        sizes: list[list[Row]] = []
        rows = [self._row(clips, randomness) for clips in self._joined(randomness)]
        if not is_training and self.joined_clips > 1:
            rows += [self._row([clip], randomness) for clip in range(len(self.data))]
        if is_training:
            rows = [rows[i] for i in randomness.permutation(len(rows))]
        lengths = np.array([self._num_frames(row) for row in rows])
        budget = self.batch_seconds * 1000 / self.config.hop_ms  # frames
        pool = max(int(BUCKET_POOL * budget / lengths.mean()), 1) if is_training else len(rows)
        for start in range(0, len(rows), pool):
            order = start + np.argsort(lengths[start : start + pool], kind="stable")
            sizes.extend([rows[i] for i in group] for group in budgeted(order, lengths, budget))
        return [sizes[i] for i in randomness.permutation(len(sizes))] if is_training else sizes

    def _joined(self, randomness: np.random.Generator) -> list[list[int]]:
        """Returns each clip in one row, together with others of its speaker."""
        rows: list[list[int]] = []
        for speaker in np.unique(self.data.speakers):
            clips = randomness.permutation(np.flatnonzero(self.data.speakers == speaker)).tolist()
            while clips:
                number = int(randomness.integers(1, self.joined_clips + 1))
                rows.append(clips[:number])
                clips = clips[number:]
        return rows

    def _row(self, clips: Sequence[int], randomness: np.random.Generator) -> Row:
        """Returns a row of clips, with pauses that are drawn, and long enough for CTC to write what is said in it."""
        change = self.augmentation
        per_second = 1000 / self.config.hop_ms
        speed, pauses = 1.0, np.full(len(clips) + 1, USUAL_PAUSE)
        pauses[[0, -1]] = 0.0
        if change is not None:
            speed = float(np.exp(randomness.uniform(-change.speed, change.speed)))
            pauses = randomness.uniform(*PAUSES, len(clips) + 1)
            pauses[[0, -1]] = EDGE * randomness.random(2) ** 2
        row = Row(tuple(clips), tuple(int(pause * per_second) for pause in pauses), speed)
        missing = needed_steps(self._symbols(row)) - num_steps(self._num_frames(row), self.config)
        if missing > 0:
            row = dataclasses.replace(row, pauses=(*row.pauses[:-1], row.pauses[-1] + missing * self.config.stride))
        return row

    def _num_frames(self, row: Row) -> int:
        """Returns how many frames a row has, its margins included."""
        clips = sum(faster_length(len(self.data.frames[clip]), row.speed) for clip in row.clips)
        return clips + sum(row.pauses) + 2 * num_margin_frames(self.config)

    # What is read of a row

    def _read(self, row: Row, randomness: np.random.Generator) -> np.ndarray:
        """Returns what the recurrent layers read, shape `(num_steps, num_features)`."""
        change = self.augmentation
        parts = [self._pause(row.pauses[0])]
        for clip, pause in zip(row.clips, row.pauses[1:], strict=True):
            parts += [faster(self.data.frames[clip].astype(np.float32), row.speed), self._pause(pause)]
        frames = np.concatenate(parts)
        if change is not None:
            frames = warped(frames, 1 + randomness.uniform(-change.warp, change.warp), self.config)
            frames = frames + coloured(frames.shape[1], change.colour, randomness)
            frames = echoing(frames, change.echo * randomness.random(), 1000 / self.config.hop_ms)
            if change.noise:
                frames = noisy(frames, change.noise, randomness)
            if randomness.random() < change.gate:
                frames = gated(frames, randomness)
        frames = normalized(with_margins(frames, self.config), self.config)
        if change is not None:
            frames = masked(frames, change, randomness)
        return stacked(frames, self.config)

    def _pause(self, num_frames: int) -> np.ndarray:
        return np.full((num_frames, self.config.num_bands), SILENCE)

    @property
    def num_targets(self) -> int:
        """Characters that an epoch writes."""
        return sum(len(symbols) for symbols in self.data.symbols)

    @property
    def max_targets(self) -> int:
        """Most steps in a batch, but for a batch of one long row."""
        return int(self.batch_seconds / self.config.step_seconds)

    @functools.cached_property
    def num_batches(self) -> int:
        """Batches in the first epoch; other epochs may have a few more or fewer."""
        return len(self._batched_rows(0))


def needed_steps(symbols: np.ndarray) -> int:
    """Returns how many steps CTC needs to write symbols: one for each, and a blank between two that are equal.

    >>> needed_steps(np.array([3, 5, 5]))
    4
    """
    return len(symbols) + int((symbols[1:] == symbols[:-1]).sum())


def have_room(frames: Sequence[np.ndarray], symbols: Sequence[np.ndarray], config: RecogniserConfig) -> np.ndarray:
    """Says which clips hold sound and symbols, and are long enough for CTC to write them, shape `(clips,)`."""
    margins = 2 * num_margin_frames(config)
    return np.array(
        [
            len(said) > 0 and len(read) > 0 and needed_steps(said) <= num_steps(len(read) + margins, config)
            for read, said in zip(frames, symbols, strict=True)
        ],
        dtype=bool,
    )


# How clips are changed


def faster_length(num_frames: int, speed: float) -> int:
    """Returns how many frames are left of a clip that is played faster."""
    return num_frames if speed == 1.0 else max(round(num_frames / speed), 1) * bool(num_frames)


def faster(frames: np.ndarray, speed: float) -> np.ndarray:
    """Returns frames played faster, each drawn from the two it falls between."""
    number = faster_length(len(frames), speed)
    if number == len(frames):
        return frames
    return between(frames, np.linspace(0, len(frames) - 1, number))


def warped(frames: np.ndarray, factor: float, config: RecogniserConfig) -> np.ndarray:
    """Returns frames whose frequencies are higher by a factor, as with a shorter vocal tract."""
    return between(frames.T, band_places(factor, config)).T


def band_places(factor: float, config: RecogniserConfig) -> np.ndarray:
    """Returns where among the bands what each band shall hold was before frequencies rose by a factor."""
    centres = band_frequencies(config.sample_rate, config.num_bands)[1:-1]
    return np.interp(centres / factor, centres, np.arange(config.num_bands))


def between(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Returns the rows at places between others, by linear interpolation."""
    below = places.astype(np.int64)
    above = np.minimum(below + 1, len(values) - 1)
    share = (places - below).astype(np.float32)[:, np.newaxis]
    return np.asarray((1 - share) * values[below] + share * values[above])


def coloured(num_bands: int, deviation: float, randomness: np.random.Generator) -> np.ndarray:
    """Returns what a microphone adds to each band: three slow waves, and less at either end, as telephones have it."""
    places = (np.arange(num_bands) + 0.5) / num_bands
    waves = [np.cos(np.pi * number * places) * randomness.normal(0, deviation) for number in (1, 2, 3)]
    widths = randomness.uniform(*EDGE_WIDTHS, 2)
    depths = np.abs(randomness.normal(0, EDGE_DEPTH * deviation, 2))
    ends = [np.maximum(1 - place / width, 0) for place, width in zip((places, 1 - places), widths, strict=True)]
    return np.asarray(np.sum(waves, axis=0) - depths @ ends, dtype=np.float32)


def loud_level(frames: np.ndarray) -> float:
    """Returns the log energy of the loudest band where speech is loud, in nats."""
    return float(np.quantile(frames.max(axis=1), 0.95))


def noisy(frames: np.ndarray, loudest: float, randomness: np.random.Generator) -> np.ndarray:
    """Returns frames mixed with steady noise of a spectrum that is drawn.

    Args:
        frames: Log energies, shape `(num_frames, num_bands)`.
        loudest: The level of the loudest noise, as a share of the speech's.
        randomness: Where the spectrum and the level are drawn from.
    """
    number = frames.shape[1]
    loudness = loud_level(frames) + 2 * np.log(loudest)
    level = loudness - randomness.uniform(0, 2 * LEVEL_SPREAD)
    slope = np.linspace(-1, 1, number) * randomness.uniform(-TILT, TILT)
    ripple = randomness.normal(0, 0.5, frames.shape)  # an energy of noise is itself drawn
    return np.asarray(np.logaddexp(frames, (level + slope + ripple).astype(np.float32)), dtype=np.float32)


def echoing(frames: np.ndarray, seconds: float, per_second: float) -> np.ndarray:
    """Returns frames as a room returns them.

    Args:
        frames: Log energies, shape `(num_frames, num_bands)`.
        seconds: How long the room takes to be fainter by 60 decibels.
        per_second: Frames in a second.
    """
    decay = 10 ** (-6 / max(seconds * per_second, 1e-3))  # of energy, from frame to frame
    number = min(int(np.log(FAINTEST_ECHO) / np.log(decay)), len(frames) - 1) if decay > FAINTEST_ECHO else 0
    if number == 0:
        return frames
    energies = np.exp(frames)
    heard = energies.copy()
    for delay in range(1, number + 1):
        heard[delay:] += np.float32(decay**delay) * energies[:-delay]
    return np.asarray(np.log(heard))


def gated(frames: np.ndarray, randomness: np.random.Generator) -> np.ndarray:
    """Returns frames without what is faint in them, as programs do that take noise for silence."""
    level = loud_level(frames) - randomness.uniform(*GATES)
    return np.where(frames < level, SILENCE, frames)


def masked(frames: np.ndarray, change: Augmentation, randomness: np.random.Generator) -> np.ndarray:
    """Returns frames with two stretches of bands, and stretches of time, at their mean (Park et al. 2019)."""
    frames = frames.copy()
    num_frames, num_bands = frames.shape
    for _ in range(2):
        width = int(randomness.integers(0, int(change.frequency_mask * num_bands) + 1))
        start = int(randomness.integers(0, num_bands - width + 1))
        frames[:, start : start + width] = 0.0
    most = int(change.time_mask * num_frames) // 2
    for _ in range(2):
        width = int(randomness.integers(0, most + 1))
        start = int(randomness.integers(0, num_frames - width + 1))
        frames[start : start + width] = 0.0
    return frames
