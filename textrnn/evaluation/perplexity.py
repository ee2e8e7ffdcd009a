"""How well a language model predicts a text: perplexity per token, and bits per character.

Perplexity depends on the tokens; bits per character compare models of any level on the same text.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from textrnn.errors import TextrnnError, check_range
from textrnn.evaluation.hardest import HardestLines, HardLine
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.networks import cross_entropies
from textrnn.inference.stack import States
from textrnn.preprocessing.batches import pad
from textrnn.preprocessing.encoding import let_go
from textrnn.preprocessing.sequences import EncodedText, TextPlan, line_groups
from textrnn.preprocessing.tokenizers import PAD_ID
from textrnn.wording import counted

__all__ = ["DEFAULT_WINDOW", "Evaluation", "Group", "Score", "evaluate", "scored"]

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
            f"nats per token, {counted(self.num_tokens, 'token')}, {counted(self.num_characters, 'character')}, "
            f"{100 * self.unknown_share:.2f}% unknown"
        )
        lines = [summary, *(f"note: {note}" for note in self.notes)]
        if self.hardest:
            lines += ["hardest lines, in bits per character, and the most surprising token of each:"]
            lines += map(str, self.hardest)
        return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class Group:
    """Rows that are scored together, and do not depend on others.

    Args:
        starts: The first token of each window of running text, or the number of each document.
        length: Tokens of each window; 0 for documents.
    """

    starts: tuple[int, ...]
    length: int = 0


@dataclasses.dataclass(frozen=True)
class Score:
    """What a group has cost.

    Args:
        losses: Summed nats of each batch that it was read in, one after another.
        num_tokens: Tokens that were predicted.
        rows: Targets and the loss at each, for those who want to see lines.
    """

    losses: tuple[float, ...]
    num_tokens: int
    rows: tuple[tuple[np.ndarray, np.ndarray], ...] = ()


ScoreAll = Callable[[Iterable[Group], Callable[[Score], None]], None]


class Total:
    """Adds scores up, in the order of the text, so that the sum is the same whoever has scored.

    Args:
        progress: Called with the number of tokens scored since the last call.
        hardest: Is told of all lines; None keeps none.
        are_cold: Whether rows begin within a text.
    """

    def __init__(
        self, progress: Callable[[int], object] | None, hardest: HardestLines | None, are_cold: bool = False
    ) -> None:
        self.progress = progress
        self.hardest = hardest
        self.are_cold = are_cold
        self.loss, self.num_tokens = 0.0, 0

    def take(self, score: Score) -> None:
        """Adds the score of the next group."""
        for loss in score.losses:
            self.loss += loss
        self.num_tokens += score.num_tokens
        if self.hardest is not None:
            for targets, losses in score.rows:
                self.hardest.add(targets, losses, is_cold=self.are_cold)
        if self.progress is not None:
            self.progress(score.num_tokens)


def evaluate(
    network: RecurrentNetwork,
    text: EncodedText,
    window: int = DEFAULT_WINDOW,
    batch_size: int = 64,
    progress: Callable[[int], object] | None = None,
    hardest: HardestLines | None = None,
    score_all: ScoreAll | None = None,
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
        score_all: Scores groups, and gives what takes them each score in its turn; None scores them here. Where one
            state is carried, and where a network reads in both directions, there are no groups.

    Raises:
        TextrnnError: If there is nothing to predict.
    """
    check_range("window", window, 0, 1_000_000_000, whole=True)
    config = network.config
    progress_of_scores = progress
    if score_all is None:
        progress_of_scores = None  # it is told while a group is scored

        def score_all(groups: Iterable[Group], take: Callable[[Score], None]) -> None:
            for group in groups:
                take(scored(network, text, group, hardest is not None, progress))

    if config.form != "stream" or text.markers:
        return evaluate_documents(network, text, batch_size, Total(progress_of_scores, hardest), score_all)
    if text.num_tokens < 2:
        raise TextrnnError(
            f"A text of {counted(text.num_tokens, 'token')} leaves nothing to predict. Pass a longer text."
        )
    if window:
        total = Total(progress_of_scores, hardest, are_cold=True)
        score_all(window_groups(text.num_tokens, window, batch_size), total.take)
        loss = total.loss
    else:
        loss = carried_loss(network, text.token_ids, progress, hardest)
    num_tokens = text.num_tokens - 1
    share = num_tokens / text.num_tokens  # the first token is read, not predicted
    num_characters = round(text.num_characters * share)
    return Evaluation(loss / num_tokens, num_tokens, num_characters, text.unknown_share, lines_of(hardest))


def window_groups(num_tokens: int, window: int, batch_size: int) -> Iterator[Group]:
    """Cuts running text into windows, so many together; what is left at the end is a shorter one."""
    num_whole = (num_tokens - 1) // window
    starts = [number * window for number in range(num_whole)]
    for first in range(0, num_whole, batch_size):
        yield Group(tuple(starts[first : first + batch_size]), window)
    rest = num_tokens - 1 - num_whole * window
    if rest:
        yield Group((num_whole * window,), rest)


def scored(
    network: RecurrentNetwork,
    text: EncodedText,
    group: Group,
    with_rows: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Score:
    """Scores a group.

    Args:
        network: The network.
        text: The text.
        group: Which of it.
        with_rows: Whether to tell the loss at each token.
        progress: Called with the number of tokens scored since the last call.
    """
    states = network.initial_states(len(group.starts))
    losses, rows, num_tokens = [], [], 0
    for inputs, targets in batches_of(text, group):
        costs, states = losses_of_rows(network, inputs, targets, states, progress)
        losses.append(float(costs.sum()))
        num_tokens += int((targets != PAD_ID).sum())
        if with_rows:
            rows.append((targets, costs))
    return Score(tuple(losses), num_tokens, tuple(rows))


def batches_of(text: EncodedText, group: Group) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields inputs and targets of a group, shape `(rows, time)`; each batch goes on from the states of the last."""
    if group.length:
        cut = np.stack([text.token_ids[start : start + group.length + 1] for start in group.starts]).astype(np.int64)
        let_go(text.token_ids)
        yield cut[:, :-1], cut[:, 1:]
        return
    rows = [text.document(number) for number in group.starts]
    let_go(text.token_ids)
    inputs, targets = pad([row[:-1] for row in rows]), pad([row[1:] for row in rows])
    for start in range(0, inputs.shape[1], ROW_TOKENS - 1):
        window = slice(start, start + ROW_TOKENS - 1)
        yield inputs[:, window], targets[:, window].astype(np.int64)


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
    network: RecurrentNetwork, text: EncodedText, batch_size: int, total: Total, score_all: ScoreAll
) -> Evaluation:
    """Scores each document, or line, from its beginning to its end."""
    if network.config.bidirectional:
        plan = TextPlan(text, "ngrams", batch_size, 1, network.config.max_length)
        for batch in plan.batches():
            losses = cross_entropies(network.ngram_logits(batch.inputs), batch.targets.astype(np.int64))
            total.take(Score((float(losses.sum()),), len(losses)))
    else:
        groups = line_groups(text.lengths, batch_size, None, 0)
        score_all((Group(tuple(map(int, group))) for group in groups), total.take)
    if not total.num_tokens:
        raise TextrnnError("No line has a token to predict. Pass a text with lines of at least two tokens.")
    share = 1.0
    if not text.markers:  # each line's first token is read, not predicted
        share = total.num_tokens / max(int(text.lengths.sum()), 1)
    num_characters = round(text.num_characters * share)
    return Evaluation(
        total.loss / total.num_tokens, total.num_tokens, num_characters, text.unknown_share, lines_of(total.hardest)
    )
