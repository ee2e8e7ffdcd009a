"""How well a language model predicts a text: perplexity per token, and bits per character.

Perplexity depends on the tokens; bits per character compare models of any level on the same text.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from textrnn.errors import TextrnnError, check_range
from textrnn.evaluation.hardest import HardestLines, HardLine
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.networks import cross_entropies
from textrnn.inference.stack import States
from textrnn.preprocessing.sequences import EncodedText, TextPlan
from textrnn.preprocessing.tokenizers import PAD_ID

__all__ = ["DEFAULT_WINDOW", "Evaluation", "evaluate"]

DEFAULT_WINDOW = 4096
STEPS_AT_ONCE = 32  # so many of each row: more logits would cost memory, and time to fetch it
ROW_TOKENS = 512  # of a document that are scored at once; the rest follows with the state carried
MUCH_UNKNOWN = 0.01  # share of unknown tokens from which a figure needs a note


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How well a text was predicted.

    Args:
        loss: Nats per token.
        num_tokens: Tokens that were predicted.
        num_characters: Characters that those tokens stand for.
        unknown_share: Share of the tokens that the vocabulary does not hold. Unknown words are predicted as one token
            `<unk>`, which is too easy: with a large share the figures flatter the model.
        hardest: The lines that were predicted worst, if they were asked for.
    """

    loss: float
    num_tokens: int
    num_characters: int
    unknown_share: float
    hardest: tuple[HardLine, ...] = ()

    @property
    def perplexity(self) -> float:
        """`exp(loss)`: the number of equally likely tokens that would be as hard to guess."""
        return math.exp(min(self.loss, 700.0))

    @property
    def bits_per_character(self) -> float:
        """Information per character of the text, in bits."""
        return self.loss * self.num_tokens / max(self.num_characters, 1) / math.log(2)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before trusting the figures."""
        if self.unknown_share < MUCH_UNKNOWN:
            return ()
        return (
            f"{100 * self.unknown_share:.1f}% of the tokens are unknown to the vocabulary. Each was predicted as <unk>,"
            " a far easier guess than the word itself, so the figures flatter the model.",
        )

    def __str__(self) -> str:
        summary = (
            f"perplexity {self.perplexity:.3f}, {self.bits_per_character:.4f} bits per character, loss {self.loss:.4f} "
            f"nats per token, {self.num_tokens:,} tokens, {self.num_characters:,} characters, "
            f"{100 * self.unknown_share:.2f}% unknown"
        )
        lines = [summary, *(f"note: {note}" for note in self.notes)]
        if self.hardest:
            lines += ["hardest lines, in bits per character, and the most surprising token of each:"]
            lines += map(str, self.hardest)
        return "\n".join(lines)


def evaluate(
    network: RecurrentNetwork,
    text: EncodedText,
    window: int = DEFAULT_WINDOW,
    batch_size: int = 64,
    progress: Callable[[int], object] | None = None,
    hardest: HardestLines | None = None,
) -> Evaluation:
    """Scores a text in the form that the network was trained in.

    Args:
        network: The network.
        text: The encoded text.
        window: For running text: it is cut into windows of that many tokens, each begun with a
            zero state; 0 carries one state through the whole text. Windows are scored many at once, and a state that
            has become older than any in training predicts worse than a new one.
        batch_size: Rows scored at once where rows do not depend on each other.
        progress: Called with the number of tokens scored since the last call.
        hardest: Is told of all lines; None keeps none.

    Raises:
        TextrnnError: If there is nothing to predict.
    """
    check_range("window", window, 0, 1_000_000_000, whole=True)
    config = network.config
    if config.form != "stream" or text.markers:
        return evaluate_documents(network, text, batch_size, progress, hardest)
    if text.num_tokens < 2:
        raise TextrnnError(f"A text of {text.num_tokens} tokens leaves nothing to predict. Pass a longer text.")
    if window:
        total = windowed_loss(network, text.token_ids, window, batch_size, progress, hardest)
    else:
        total = carried_loss(network, text.token_ids, progress, hardest)
    num_tokens = text.num_tokens - 1
    share = num_tokens / text.num_tokens  # the first token is read, not predicted
    num_characters = round(text.num_characters * share)
    return Evaluation(total / num_tokens, num_tokens, num_characters, text.unknown_share, lines_of(hardest))


def lines_of(hardest: HardestLines | None) -> tuple[HardLine, ...]:
    """Returns the hardest lines, if they were asked for."""
    return () if hardest is None else hardest.lines()


def carried_loss(
    network: RecurrentNetwork,
    token_ids: np.ndarray,
    progress: Callable[[int], object] | None,
    hardest: HardestLines | None = None,
) -> float:
    """Returns the summed loss in nats of one pass with the state carried from the first token to the last."""
    total, states, kept = 0.0, network.initial_states(1), []
    for start in range(0, len(token_ids) - 1, 256):
        inputs = token_ids[start : start + 256].astype(np.int64)
        targets = token_ids[start + 1 : start + 257].astype(np.int64)
        logits, states = network(inputs[np.newaxis, : len(targets)], states)
        losses = cross_entropies(logits[0], targets)
        total += float(losses.sum())
        if hardest is not None:
            kept.append(losses)
        if progress is not None:
            progress(len(targets))
    if hardest is not None:
        hardest.add(token_ids[np.newaxis, 1:], np.concatenate(kept)[np.newaxis])
    return total


def windowed_loss(
    network: RecurrentNetwork,
    token_ids: np.ndarray,
    window: int,
    batch_size: int,
    progress: Callable[[int], object] | None,
    hardest: HardestLines | None = None,
) -> float:
    """Returns the summed loss in nats of windows that each start cold."""
    total = 0.0
    num_whole = (len(token_ids) - 1) // window
    starts = [start * window for start in range(num_whole)]
    groups = [starts[first : first + batch_size] for first in range(0, num_whole, batch_size)]
    rest = len(token_ids) - 1 - num_whole * window
    for group, length in [*((group, window) for group in groups), *([([num_whole * window], rest)] if rest else [])]:
        inputs = np.stack([token_ids[start : start + length] for start in group]).astype(np.int64)
        targets = np.stack([token_ids[start + 1 : start + length + 1] for start in group]).astype(np.int64)
        losses, _ = losses_of_rows(network, inputs, targets, network.initial_states(len(group)), progress)
        total += float(losses.sum())
        if hardest is not None:
            hardest.add(targets, losses, is_cold=True)
    return total


def losses_of_rows(
    network: RecurrentNetwork,
    inputs: np.ndarray,
    targets: np.ndarray,
    states: States,
    progress: Callable[[int], object] | None,
) -> tuple[np.ndarray, States]:
    """Returns the loss at each target in nats, shape `(rows, time)`, zero at padding, and the states after them."""
    losses = np.zeros(targets.shape)
    for start in range(0, targets.shape[1], STEPS_AT_ONCE):
        steps = slice(start, start + STEPS_AT_ONCE)
        logits, states = network(inputs[:, steps], states)
        real = targets[:, steps] != PAD_ID
        losses[:, steps] = np.where(real, cross_entropies(logits, targets[:, steps]), 0.0)
        if progress is not None:
            progress(int(real.sum()))
    return losses, states


def evaluate_documents(
    network: RecurrentNetwork,
    text: EncodedText,
    batch_size: int,
    progress: Callable[[int], object] | None,
    hardest: HardestLines | None = None,
) -> Evaluation:
    """Scores each document, or line, from its beginning to its end."""
    form = "ngrams" if network.config.bidirectional else "lines"
    plan = TextPlan(text, form, batch_size, 1, network.config.max_length if form == "ngrams" else ROW_TOKENS)
    total, num_tokens = 0.0, 0
    states: States = []
    for batch in plan.batches():
        targets = batch.targets.astype(np.int64)
        if form == "ngrams":
            losses = cross_entropies(network.ngram_logits(batch.inputs), targets)
            if progress is not None:
                progress(len(targets))
        else:
            before = states if batch.continues else network.initial_states(len(targets))
            losses, states = losses_of_rows(network, batch.inputs, targets, before, progress)
            if hardest is not None:
                hardest.add(targets, losses)
        total += float(losses.sum())
        num_tokens += int((targets != PAD_ID).sum())
    if not num_tokens:
        raise TextrnnError("No line has a token to predict. Pass a text with lines of at least two tokens.")
    share = 1.0
    if not text.markers:  # each line's first token is read, not predicted
        share = num_tokens / max(int(text.lengths.sum()), 1)
    num_characters = round(text.num_characters * share)
    return Evaluation(total / num_tokens, num_tokens, num_characters, text.unknown_share, lines_of(hardest))
