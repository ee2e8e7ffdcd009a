"""Sound of one rate as sound of another: a windowed sinc, one phase of it for each place between two samples."""

import functools
import math
from collections.abc import Iterable, Iterator

import numpy as np

__all__ = ["resampled", "resampled_blocks"]

ZERO_CROSSINGS = 16  # of the sinc on each side
ROLL_OFF = 0.92  # where the band ends that is kept, as a share of what the lower rate can hold
KAISER_BETA = 8.0  # 80 dB below in what is left out
MOST_AT_ONCE = 8000  # samples that are made at once, so that what is in between stays small


def resampled(samples: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Returns sound at another rate.

    Args:
        samples: Shape `(num_samples,)`.
        rate: Their number per second.
        new_rate: What it shall be.

    Returns:
        float32 of shape `(ceil(num_samples * new_rate / rate),)`.
    """
    found = list(resampled_blocks([samples], rate, new_rate))
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def resampled_blocks(blocks: Iterable[np.ndarray], rate: int, new_rate: int) -> Iterator[np.ndarray]:
    """Yields sound at another rate, of sound that comes block by block; the blocks leave no trace.

    Args:
        blocks: float32 arrays of shape `(some_number,)`.
        rate: Their samples per second.
        new_rate: What it shall be.
    """
    if rate == new_rate:
        yield from blocks
        return
    up, down = new_rate // math.gcd(rate, new_rate), rate // math.gcd(rate, new_rate)
    reach = math.ceil(ZERO_CROSSINGS * max(1.0, down / up) / ROLL_OFF)  # samples on each side that count
    phases = filter_bank(up, down, reach)
    waiting = np.zeros(reach, np.float32)  # before the first sample there is silence
    first, made, total = -reach, 0, 0  # the place of waiting[0]; samples made; samples received
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        total += len(block)
        # Sample `n` stands at `n * down / up` and needs `reach` samples from there on.
        ready = max(((total - reach) * up - 1) // down + 1, made)
        yield from made_samples(waiting, first, made, ready, up, down, phases)
        made = ready
        kept = max(made * down // up - reach + 1 - first, 0)
        waiting, first = waiting[kept:], first + kept
    waiting = np.concatenate([waiting, np.zeros(reach + 1, np.float32)])
    yield from made_samples(waiting, first, made, -(-total * up // down), up, down, phases)


def made_samples(
    waiting: np.ndarray, first: int, start: int, end: int, up: int, down: int, phases: np.ndarray
) -> Iterator[np.ndarray]:
    """Yields the samples from `start` up to `end`, of samples of which the first stands at `first`."""
    width = phases.shape[1]
    for begin in range(start, end, MOST_AT_ONCE):
        numbers = np.arange(begin, min(begin + MOST_AT_ONCE, end))
        places = numbers * down // up - width // 2 + 1 - first
        windows = np.lib.stride_tricks.sliding_window_view(waiting, width)[places]  # (samples, width)
        yield np.einsum("nw,nw->n", windows, phases[numbers * down % up])


@functools.lru_cache(maxsize=8)
def filter_bank(up: int, down: int, reach: int) -> np.ndarray:
    """Returns what the samples around each phase count, float32 of shape `(up, 2 * reach)`.

    The sinc ends where the lower of both rates can hold no more, and a Kaiser window ends it.
    """
    band = ROLL_OFF * min(1.0, up / down)
    places = np.arange(1 - reach, reach + 1) - np.arange(up)[:, np.newaxis] / up  # (phases, samples)
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(1 - (places / reach) ** 2, 0))) / np.i0(KAISER_BETA)
    bank = band * np.sinc(band * places) * window
    return np.asarray(bank / bank.sum(axis=1, keepdims=True), dtype=np.float32)
