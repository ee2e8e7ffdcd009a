"""The lines of a text that a language model predicts worst; how texts are shown in such lists."""

import dataclasses
import heapq
import itertools
import math

import numpy as np

from textrnn.preprocessing.tokenizers import EOS_ID, PAD_ID, Tokenizer
from textrnn.preprocessing.vocabulary import NEWLINE

__all__ = ["FEWEST_CHARACTERS", "NUM_SHOWN", "HardLine", "HardestLines", "shortened"]

FEWEST_CHARACTERS = 20  # of a shorter line one odd word says everything
SHOWN_CHARACTERS = 72
NUM_SHOWN = 5


def shortened(text: str) -> str:
    """Returns as much of a text as a line of such a list shows."""
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."


@dataclasses.dataclass(frozen=True)
class HardLine:
    """A line that was predicted badly.

    Args:
        text: The line, or the part of it that was predicted at once.
        bits_per_character: What its characters told that was not expected.
        token: Its most surprising token.
        bits: What that told.
    """

    text: str
    bits_per_character: float
    token: str
    bits: float

    def __str__(self) -> str:
        text = f"{shortened(self.text):<{SHOWN_CHARACTERS}}"
        return f"{self.bits_per_character:6.2f}  {text}  {self.token!r} {self.bits:.1f} bits"


class HardestLines:
    """Keeps the lines that were predicted worst, of all that it is told of.

    Args:
        tokenizer: What decodes the lines.
        number: How many are kept.
    """

    def __init__(self, tokenizer: Tokenizer, number: int = NUM_SHOWN) -> None:
        self.tokenizer = tokenizer
        self.number = number
        self.ends = [EOS_ID, *tokenizer.encode(NEWLINE).tolist()]
        self.kept: list[tuple[float, int, HardLine]] = []
        self.counter = itertools.count()

    def add(self, targets: np.ndarray, losses: np.ndarray, is_cold: bool = False) -> None:
        """Takes in rows of tokens.

        Args:
            targets: Token ids, padded, shape `(rows, time)`.
            losses: The loss at each in nats, the same shape.
            is_cold: Whether rows began within a text: what is hard at first is so for that reason alone, so the line
                that a row begins in is left out.
        """
        for row, costs in zip(targets, losses, strict=True):
            size = int((row != PAD_ID).sum())
            breaks = np.flatnonzero(np.isin(row[:size], self.ends)) + 1
            for place, (start, end) in enumerate(itertools.pairwise([0, *breaks.tolist(), size])):
                if end > start and not (is_cold and place == 0):
                    self._consider(row[start:end], costs[start:end])

    def _consider(self, token_ids: np.ndarray, losses: np.ndarray) -> None:
        text = self.tokenizer.decode(token_ids)
        if len(text.strip()) < FEWEST_CHARACTERS:
            return
        cost = float(losses.sum()) / math.log(2) / len(text)
        worst = int(losses.argmax())
        line = HardLine(
            text, cost, self.tokenizer.token_text(int(token_ids[worst])), float(losses[worst]) / math.log(2)
        )
        heapq.heappush(self.kept, (cost, -next(self.counter), line))  # of equal lines the first stays
        if len(self.kept) > self.number:
            heapq.heappop(self.kept)

    def lines(self) -> tuple[HardLine, ...]:
        """Returns the lines, the hardest first."""
        return tuple(line for *_, line in sorted(self.kept, key=lambda one: one[:2], reverse=True))
