"""The generation loop: many sequences at once, each with its own prompt, state and random numbers.

The recurrent state is carried, so a token costs the same however long the text has become. A sequence that has ended
leaves the batch.
"""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from textrnn.inference.networks import RecurrentNetwork, States
from textrnn.inference.sampling import SamplingOptions, log_softmax, next_token
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Tokenizer

__all__ = ["Choice", "Piece", "generate"]

NUM_ALTERNATIVES = 3


@dataclasses.dataclass(frozen=True)
class Choice:
    """One generated token and what the network thought of it.

    Args:
        token: Its text.
        probability: Its probability under the network, before temperature and truncation.
        alternatives: The most probable other tokens with their probabilities.
    """

    token: str
    probability: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclasses.dataclass(frozen=True)
class Piece:
    """A part of a generated text, as soon as it is certain.

    Args:
        sequence: Which sequence it belongs to.
        text: The text that has become certain; may be empty.
        token_id: The token just generated, or None for text that was held back until the end.
        choice: What is known about that token, if it was asked for.
        finish_reason: None, or why the sequence has ended: "eos", "stop" or "length".
    """

    sequence: int
    text: str
    token_id: int | None = None
    choice: Choice | None = None
    finish_reason: str | None = None


@dataclasses.dataclass
class Sequence:
    """A sequence in the making."""

    index: int
    token_ids: list[int]
    randomness: np.random.Generator
    text: "StoppableText"
    num_generated: int = 0


class StoppableText:
    """Decodes tokens to text, holds back what may be the beginning of a stop string, and cuts at a whole one."""

    def __init__(self, tokenizer: Tokenizer, prompt: list[int], stop: tuple[str, ...]) -> None:
        self.decoder = tokenizer.decoder()
        self.decoder.skip(prompt)
        self.stop = stop
        self.held = ""
        self.stopped = False

    def feed(self, token_id: int, may_stop: bool) -> str:
        """Returns the text that is certain after this token."""
        return self._release(self.decoder.feed(token_id), may_stop)

    def finish(self) -> str:
        """Returns the rest."""
        text = self._release(self.decoder.finish(), True)
        rest, self.held = ("" if self.stopped else self.held), ""
        return text + rest

    def _release(self, text: str, may_stop: bool) -> str:
        self.held += text
        found = [position for position in map(self.held.find, self.stop) if position >= 0] if may_stop else []
        if found:
            text, self.held, self.stopped = self.held[: min(found)], "", True
            return text
        keep = max((overlap(self.held, stop) for stop in self.stop), default=0) if may_stop else 0
        text, self.held = self.held[: len(self.held) - keep], self.held[len(self.held) - keep :]
        return text


def overlap(text: str, stop: str) -> int:
    """Returns how many characters at the end of `text` could be the beginning of `stop`."""
    sizes = range(min(len(text), len(stop) - 1), 0, -1)
    return next((size for size in sizes if text.endswith(stop[:size])), 0)


def generate(
    network: RecurrentNetwork,
    tokenizer: Tokenizer,
    prompts: list[list[int]],
    options: SamplingOptions,
    num_samples: int = 1,
    explain: bool = False,
) -> Iterator[Piece]:
    """Continues prompts.

    Args:
        network: Gives the logits.
        tokenizer: Turns tokens into text.
        prompts: Token ids of each prompt, at least one each.
        options: How to choose tokens and when to stop.
        num_samples: How many texts to make for each prompt; sample `j` of prompt `i` is sequence `i * num_samples + j`.
        explain: Whether each piece says how probable its token was.

    Yields:
        Pieces of text in the order in which they become certain.
    """
    # A sample's random numbers depend on the seed and on its number for its prompt, not on its place in the batch.
    seed = options.seed if options.seed is not None else int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
    sequences: list[Sequence] = []
    logits_parts: list[np.ndarray] = []
    states_parts: list[States] = []
    for number, prompt in enumerate(prompts):
        logits, states = network(np.array([prompt]), network.initial_states(1), last_only=True)
        for sample in range(num_samples):
            randomness = np.random.Generator(np.random.PCG64([seed, sample]))
            text = StoppableText(tokenizer, prompt, options.stop)
            sequences.append(Sequence(number * num_samples + sample, list(prompt), randomness, text))
            logits_parts.append(logits)
            states_parts.append(states)
    logits = np.concatenate(logits_parts)
    states = [
        [np.concatenate(parts) for parts in zip(*layers, strict=True)] for layers in zip(*states_parts, strict=True)
    ]
    if options.max_tokens == 0:
        yield from (Piece(sequence.index, "", finish_reason="length") for sequence in sequences)
        return
    while True:
        going_on = []
        for row, sequence in enumerate(sequences):
            piece = extend(sequence, logits[row], tokenizer, options, explain)
            yield piece
            if piece.finish_reason is None:
                going_on.append(row)
        if not going_on:
            return
        if len(going_on) < len(sequences):
            sequences = [sequences[row] for row in going_on]
            states = [[state[going_on] for state in layer] for layer in states]
        last = np.array([[sequence.token_ids[-1]] for sequence in sequences])
        logits, states = network(last, states, last_only=True)


def extend(
    sequence: Sequence, logits: np.ndarray, tokenizer: Tokenizer, options: SamplingOptions, explain: bool
) -> Piece:
    """Adds one token to a sequence."""
    may_stop = sequence.num_generated + 1 >= options.min_tokens
    banned = [PAD_ID, UNK_ID, BOS_ID] + ([] if sequence.num_generated >= options.min_tokens else [EOS_ID])
    token_id = next_token(logits, options, sequence.randomness, sequence.token_ids, banned)
    choice = explained(logits, token_id, tokenizer) if explain else None
    sequence.token_ids.append(token_id)
    sequence.num_generated += 1
    if token_id == EOS_ID:
        return Piece(sequence.index, sequence.text.finish(), token_id, choice, "eos")
    text = sequence.text.feed(token_id, may_stop)
    if sequence.text.stopped:
        return Piece(sequence.index, text, token_id, choice, "stop")
    if sequence.num_generated == options.max_tokens:
        return Piece(sequence.index, text + sequence.text.finish(), token_id, choice, "length")
    return Piece(sequence.index, text, token_id, choice)


def explained(logits: np.ndarray, token_id: int, tokenizer: Tokenizer) -> Choice:
    """Says how probable a token was, and which others were likely."""
    log_probabilities = log_softmax(logits)
    best = np.argsort(-log_probabilities, kind="stable")[: NUM_ALTERNATIVES + 1]
    others = [int(other) for other in best if other != token_id][:NUM_ALTERNATIVES]
    return Choice(
        tokenizer.token_text(token_id),
        math.exp(log_probabilities[token_id]),
        tuple((tokenizer.token_text(other), math.exp(log_probabilities[other])) for other in others),
    )
