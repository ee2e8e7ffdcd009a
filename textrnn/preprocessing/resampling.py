"""Sound of one rate as sound of another: a windowed sinc, one phase of it for each place between two samples."""

import functools
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

__all__ = ["resampled", "resampled_blocks"]

ZERO_CROSSINGS = 16  # of the sinc on each side
ROLL_OFF = 0.92  # where the band ends that is kept, as a share of what the lower rate can hold
KAISER_BETA = 8.0  # 80 dB below in what is left out
GROUP = 64  # samples that are made in one row of a product, at least
MOST_PHASES = 640  # those from 11,025 to 16,000; of rates that need more, the ratio is a few parts in 100,000 off


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
    ratio = Fraction(rate, new_rate).limit_denominator(MOST_PHASES)
    many = math.ceil(GROUP / ratio.denominator)
    down, up = many * ratio.numerator, many * ratio.denominator  # `down` samples become `up`
    kernel = group_kernel(down, up)
    waiting = np.zeros((len(kernel) - down) // 2 - 1, np.float32)  # before the first sample there is silence
    received = made = 0
    for block in blocks:
        received += len(block)
        waiting = np.concatenate([waiting, block])
        number = max((len(waiting) - len(kernel)) // down + 1, 0)
        if number:
            yield groups(waiting, number, down, kernel)
            made, waiting = made + number * up, waiting[number * down :]
    missing = -(-received * up // down) - made
    if missing > 0:
        number = -(-missing // up)
        waiting = np.pad(waiting, (0, (number - 1) * down + len(kernel)))
        yield groups(waiting, number, down, kernel)[:missing]


def groups(samples: np.ndarray, number: int, down: int, kernel: np.ndarray) -> np.ndarray:
    """Returns what the first so many groups of `down` samples become."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, len(kernel))[::down][:number]
    return np.asarray((np.ascontiguousarray(windows, dtype=np.float32) @ kernel).reshape(-1))


@functools.lru_cache(maxsize=8)
def group_kernel(down: int, up: int) -> np.ndarray:
    """Returns what each sample counts in each of the `up` samples that `down` of them become.

    The sinc ends where the lower of both rates can hold no more, and a Kaiser window ends it.

    Returns:
        float32 of shape `(down + 2 * reach, up)`: beside the `down` samples, those within `reach` count.
    """
    reach = math.ceil(ZERO_CROSSINGS * max(1.0, down / up) / ROLL_OFF)
    band = ROLL_OFF * min(1.0, up / down)
    places = np.arange(1 - reach, down + reach + 1)[:, np.newaxis] - np.arange(up) * (down / up)  # (samples, up)
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(1 - (places / reach) ** 2, 0))) / np.i0(KAISER_BETA)
    kernel = band * np.sinc(band * places) * window * (np.abs(places) <= reach)
    return np.asarray(kernel / kernel.sum(axis=0), dtype=np.float32)
