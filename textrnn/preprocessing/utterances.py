"""Long sound cut into utterances where it is quietest, so that an hour of it costs no more memory than a minute."""

from collections.abc import Iterable, Iterator

import numpy as np

from textrnn.preprocessing.spectra import loudness

__all__ = ["LONGEST", "utterances"]

LONGEST = 12.0  # seconds of an utterance
SHORTEST = 6.0  # seconds of one that is cut off
PAUSE = 0.2  # seconds over which loudness is averaged, so that no gap within a word counts as a pause


def utterances(blocks: Iterable[np.ndarray], frames_per_second: float) -> Iterator[tuple[int, np.ndarray]]:
    """Cuts frames that come block by block; each goes into one utterance.

    Args:
        blocks: Log energies, arrays of shape `(some_number, num_bands)`.
        frames_per_second: How many there are in a second.

    Yields:
        The number of an utterance's first frame, and its frames.
    """
    longest, shortest = int(LONGEST * frames_per_second), int(SHORTEST * frames_per_second)
    waiting: list[np.ndarray] = []
    first = 0
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) < longest:
            continue
        frames = np.concatenate(waiting)
        while len(frames) >= longest:
            end = shortest + quietest(frames[shortest:longest], max(int(PAUSE * frames_per_second), 1))
            yield first, frames[:end]
            first, frames = first + end, frames[end:]
        waiting = [frames]
    frames = np.concatenate(waiting) if waiting else np.zeros((0, 1), np.float32)
    if len(frames):
        yield first, frames


def quietest(frames: np.ndarray, width: int) -> int:
    """Returns the middle of the quietest stretch of so many frames."""
    levels = np.convolve(loudness(frames), np.ones(width) / width, mode="valid")
    return int(levels.argmin()) + width // 2
