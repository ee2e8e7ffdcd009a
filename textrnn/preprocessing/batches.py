"""What training is fed with: batches, and plans that make them."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from textrnn.preprocessing.tokenizers import PAD_ID

__all__ = ["Batch", "Plan", "budgeted", "evenly", "pad"]


@dataclasses.dataclass(frozen=True, eq=False)
class Batch:
    """One training step's input.

    Args:
        inputs: What is read: an array, or a tuple of arrays, whose first axis are the rows of the batch.
        targets: What should come out of each row, an array. What counts among it is known to the network: of token ids
            all but `PAD_ID`.
        continues: Whether row `i` goes on where row `i` of the batch before it ended: one answer for all rows, or
            booleans of shape `(batch,)`.
    """

    inputs: Any
    targets: np.ndarray
    continues: bool | np.ndarray = False


class Plan(Protocol):
    """All batches of a training run or a validation, as a pure function of (seed, epoch)."""

    def batches(self, epoch: int = 0) -> Iterator[Batch]:
        """Yields the batches of one epoch."""
        raise NotImplementedError

    @property
    def num_batches(self) -> int:
        """Batches in the first epoch; other epochs may have a few more or fewer."""
        raise NotImplementedError

    @property
    def num_targets(self) -> int:
        """Targets of an epoch."""
        raise NotImplementedError

    @property
    def max_targets(self) -> int:
        """Most targets in a batch, padding included."""
        raise NotImplementedError


def evenly(number: int, most: int) -> np.ndarray:
    """Returns the places of so many items at most, evenly taken from a number of them, rising.

    >>> evenly(9, 3).tolist(), evenly(2, 3).tolist()
    ([0, 4, 8], [0, 1])
    """
    return np.unique(np.linspace(0, number - 1, min(number, most)).round().astype(int))


def budgeted(order: np.ndarray, lengths: np.ndarray, budget: float) -> Iterator[np.ndarray]:
    """Cuts rows sorted by length into groups whose padded size stays within a budget; a longer row is a group alone.

    Args:
        order: The numbers of the rows.
        lengths: The length of each row, by its number.
        budget: The largest size: rows times the longest of them.
    """
    start = longest = 0
    for position, index in enumerate(order):
        longest = max(longest, int(lengths[index]))
        if position > start and longest * (position + 1 - start) > budget:
            yield order[start:position]
            start, longest = position, int(lengths[index])
    if start < len(order):
        yield order[start:]


def pad(sequences: Sequence[np.ndarray], side: str = "right", length: int | None = None) -> np.ndarray:
    """Stacks sequences of ids into one int32 array, filled up with `PAD_ID` on one side.

    Example:

    >>> pad([np.array([5, 6, 7]), np.array([8])], side="left").tolist()
    [[5, 6, 7], [0, 0, 8]]

    Args:
        sequences: Token ids, each of shape `(some_length,)`.
        side: "left" or "right", where the padding goes.
        length: Length of the result; by default that of the longest sequence. Longer sequences lose their beginning.

    Returns:
        Shape `(num_sequences, length)`.
    """
    length = max((len(ids) for ids in sequences), default=0) if length is None else length
    result = np.full((len(sequences), length), PAD_ID, dtype=np.int32)
    for row, ids in zip(result, sequences, strict=True):
        ids = ids[-length:] if length else ids[:0]
        if side == "left":
            row[length - len(ids) :] = ids
        else:
            row[: len(ids)] = ids
    return result
