"""How far scores would lie apart on other samples of the same kind: bootstrap intervals (Efron 1979)."""

import numpy as np

from textrnn.errors import TextrnnError, check_range

__all__ = ["check_num_bootstrap", "ratio_interval", "share_interval"]

NUM_SAMPLES = 1000
SEED = 12345  # as sacreBLEU's
ENDS = (0.025, 0.975)
DRAWN_AT_ONCE = 1 << 22  # numbers


def check_num_bootstrap(number: int) -> None:
    """Raises `TextrnnError` unless so many samples can be drawn; 0 makes no interval."""
    check_range("num_bootstrap", number, 0, 1_000_000, whole=True)
    if number == 1:
        raise TextrnnError("An interval needs at least 2 bootstrap samples, better 1000. Received: num_bootstrap=1.")


def share_interval(right: np.ndarray) -> tuple[float, float]:
    """Returns 95% of the means of samples of the same size, drawn with replacement, of booleans."""
    means = generator().binomial(len(right), right.mean(), NUM_SAMPLES) / len(right)
    return ends(means)


def ratio_interval(
    numerators: np.ndarray, denominators: np.ndarray, num_samples: int = NUM_SAMPLES
) -> tuple[float, float]:
    """Returns 95% of the ratios of sums in samples of the same size, drawn with replacement.

    Args:
        numerators: One for each text, such as its errors, shape `(texts,)`.
        denominators: The same, such as its words; where a sample has none at all, its ratio is to 1.
        num_samples: How many samples are drawn.
    """
    randomness, size = generator(), len(numerators)
    rows = max(DRAWN_AT_ONCE // size, 1)
    ratios = []
    for start in range(0, num_samples, rows):
        drawn = randomness.multinomial(size, np.full(size, 1 / size), min(rows, num_samples - start))
        ratios.append((drawn @ numerators) / np.maximum(drawn @ denominators, 1))
    return ends(np.concatenate(ratios))


def generator() -> np.random.Generator:
    """Returns random numbers that are the same each time."""
    return np.random.Generator(np.random.PCG64(SEED))


def ends(values: np.ndarray) -> tuple[float, float]:
    """Returns between what 95% of the values lie."""
    low, high = np.quantile(values, ENDS)
    return float(low), float(high)
