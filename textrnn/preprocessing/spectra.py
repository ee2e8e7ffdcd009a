"""What a recogniser reads of sound: the energies of mel bands, frame by frame, however loud the sound is."""

import functools
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from textrnn.config.recogniser import RecogniserConfig

__all__ = [
    "MARGIN",
    "SILENCE",
    "Spectrum",
    "band_frequencies",
    "is_silent",
    "loudness",
    "mean_profile",
    "normalized",
    "stacked",
    "with_margins",
]

SILENCE = np.float32(math.log(1e-10))  # a band without any energy
FAINTEST = math.log(1e-7)  # loudness of the loudest frame, below which a clip is silent: 66 dB below full scale
LOWEST_FREQUENCY = 60.0  # hertz; what is below is hum
LOUD = 7.0  # nats below the loudest frame, 30 dB, up to which a frame counts as speech
DEEPEST, SCALE = -10.0, 3.0  # nats below speech at which silence begins, and what a unit of the input is
MARGIN = 0.1  # seconds of silence before and after what is read, for the network to begin and end in


class Spectrum:
    """The log energies of mel bands (Davis and Mermelstein 1980), without their cosine transform.

    Args:
        config: Says which bands, of which frames.
    """

    def __init__(self, config: RecogniserConfig) -> None:
        self.size = round(config.sample_rate * config.frame_ms / 1000)
        self.hop = max(round(config.sample_rate * config.hop_ms / 1000), 1)
        self.num_bands = config.num_bands
        self.fft_size = 2 ** math.ceil(math.log2(2 * self.size))  # twice the frame, so that no band falls between
        self.window = np.hanning(self.size + 2)[1:-1].astype(np.float32)
        self.bands = mel_bands(config.sample_rate, self.fft_size, config.num_bands)

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Returns the frames of sound, float32 of shape `(num_frames, num_bands)`, in nats."""
        found = list(self.frames([samples]))
        return np.concatenate(found) if found else np.zeros((0, self.num_bands), np.float32)

    def frames(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yields the frames of sound that comes block by block; the last one is filled up with its last sample."""
        waiting = np.zeros(0, np.float32)
        for block in blocks:
            waiting = np.concatenate([waiting, block])
            number = max((len(waiting) - self.size) // self.hop + 1, 0)
            if number:
                yield self._energies(waiting, number)
                waiting = waiting[number * self.hop :]
        if len(waiting) > max(self.size - self.hop, 0):  # more than the frame before has seen
            yield self._energies(np.pad(waiting, (0, self.size), mode="edge"), 1)

    def _energies(self, samples: np.ndarray, number: int) -> np.ndarray:
        """Returns the first frames of samples."""
        frames = np.lib.stride_tricks.sliding_window_view(samples, self.size)[:: self.hop][:number]
        frames = frames - frames.mean(axis=1, keepdims=True)  # no constant share, as cheap sound cards add
        power = np.square(np.abs(np.fft.rfft(frames * self.window, self.fft_size))) / self.size
        return np.asarray(np.log(power.astype(np.float32) @ self.bands + np.float32(1e-10)))


@functools.lru_cache(maxsize=8)
def mel_bands(rate: int, fft_size: int, number: int) -> np.ndarray:
    """Returns what each frequency counts in each band, float32 of shape `(fft_size // 2 + 1, number)`.

    Triangles that overlap by half, evenly spaced on the mel scale.
    """
    corners = band_frequencies(rate, number)
    frequencies = np.arange(fft_size // 2 + 1) * rate / fft_size
    below, peak, above = corners[:-2], corners[1:-1], corners[2:]
    rising = (frequencies[:, np.newaxis] - below) / (peak - below)
    falling = (above - frequencies[:, np.newaxis]) / (above - peak)
    bands = np.maximum(np.minimum(rising, falling), 0)
    return np.asarray(bands / np.maximum(bands.sum(axis=0), 1e-9), dtype=np.float32)


def band_frequencies(rate: int, number: int) -> np.ndarray:
    """Returns where bands begin, peak and end, in hertz, evenly spaced on the mel scale, shape `(number + 2,)`.

    Mels are `2595 log10(1 + f / 700)`. A band begins at the peak of the one before it and ends at that of the next.
    """
    low, high = (2595 * np.log10(1 + np.array([LOWEST_FREQUENCY, rate / 2]) / 700)).tolist()
    return np.asarray(700 * (10 ** (np.linspace(low, high, number + 2) / 2595) - 1))


def is_silent(frames: np.ndarray) -> bool:
    """Says whether frames hold nothing that could be speech."""
    return not len(frames) or float(loudness(frames).max()) < FAINTEST


def loudness(frames: np.ndarray) -> np.ndarray:
    """Returns the log of the mean energy of the bands of each frame, in nats."""
    return np.asarray(np.log(np.exp(frames).mean(axis=1)))


def normalized(frames: np.ndarray, config: RecogniserConfig) -> np.ndarray:
    """Returns frames on a scale on which loudness, microphone and the length of pauses hardly count.

    Each band is centred on its mean over speech. How much of that mean is the clip's own, and how much the mean of all
    clips that were trained on, depends on how much speech there is: a single word says little about a microphone.

    Args:
        frames: Log energies, shape `(num_frames, num_bands)`.
        config: Its `means` are those of all clips, and `known_after` says how soon the clip's own count more.
    """
    speech = speech_of(frames)
    found = speech.mean(axis=0)
    means = np.array(config.means or np.zeros(config.num_bands), np.float32)
    seconds = len(speech) * config.hop_ms / 1000
    share = np.float32(seconds / (seconds + config.known_after))
    centre = found.mean() + means + share * (found - found.mean() - means)
    return np.asarray(np.maximum(frames - centre, DEEPEST) / SCALE, dtype=np.float32)


def speech_of(frames: np.ndarray) -> np.ndarray:
    """Returns the frames that count as speech: those that are nearly as loud as the loudest one."""
    levels = loudness(frames)
    return np.asarray(frames[levels >= levels.max() - LOUD])


def mean_profile(clips: Sequence[np.ndarray]) -> tuple[float, ...]:
    """Returns how loud speech is in each band above or below its mean, on average over clips; see `normalized`."""
    found = [speech_of(frames.astype(np.float32)).mean(axis=0) for frames in clips]
    mean = np.mean([one - one.mean() for one in found], axis=0)
    return tuple(round(float(value), 4) for value in mean)


def with_margins(frames: np.ndarray, config: RecogniserConfig) -> np.ndarray:
    """Returns frames with silence before and after them; see `MARGIN`."""
    number = num_margin_frames(config)
    return np.pad(frames, ((number, number), (0, 0)), constant_values=SILENCE)


def num_margin_frames(config: RecogniserConfig) -> int:
    """Returns how many frames a margin has."""
    return round(1000 * MARGIN / config.hop_ms)


def stacked(frames: np.ndarray, config: RecogniserConfig) -> np.ndarray:
    """Returns what the recurrent layers read at each step: some frames side by side.

    Args:
        frames: Shape `(num_frames, num_bands)`.
        config: Says how many, and how far apart the steps are.

    Returns:
        Shape `(num_steps(num_frames), num_features)`.
    """
    number = num_steps(len(frames), config)
    missing = max((number - 1) * config.stride + config.stacked_frames - len(frames), 0)
    padded = np.pad(frames, ((0, missing), (0, 0)), mode="edge")
    places = np.arange(number)[:, np.newaxis] * config.stride + np.arange(config.stacked_frames)
    return np.asarray(padded[places].reshape(number, -1))


def num_steps(num_frames: int, config: RecogniserConfig) -> int:
    """Returns how many steps the recurrent layers make over so many frames."""
    return -(-num_frames // config.stride)
