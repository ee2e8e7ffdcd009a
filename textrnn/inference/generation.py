"""The generation loop: many sequences at once, each with its own prompt, state and random numbers.

The recurrent state is carried, so a token costs the same however long the text has become. A sequence that has ended
leaves the batch. What must or must not come is up to the constraints of each sequence.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np

from textrnn.inference.constraints import Banned, Constraint, Unfinished, ban_table, token_index
from textrnn.inference.prompts import Network, Prompt, ReadPrompt, read_prompt
from textrnn.inference.sampling import SamplingOptions, log_softmax, next_token
from textrnn.inference.stack import States
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Tokenizer

__all__ = ["Choice", "Piece", "constrained", "constraints_of", "generate"]

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
class Continuation:
    """A sequence in the making."""

    index: int
    token_ids: list[int]
    randomness: np.random.Generator
    text: "StoppableText"
    constraints: list[Constraint]
    num_generated: int = 0


class StoppableText:
    """Decodes tokens to text, holds back what may be the beginning of a stop string, and cuts at a whole one.

    Args:
        tokenizer: Whose tokens.
        prompt: Tokens whose text is out already.
        stop: Where to cut.
        known: With what the text that comes may begin and what is out already.
    """

    def __init__(self, tokenizer: Tokenizer, prompt: list[int], stop: tuple[str, ...], known: str = "") -> None:
        self.decoder = tokenizer.decoder()
        self.decoder.skip(prompt)
        self.stop = stop
        self.known = known
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

    def _added(self, text: str) -> str:
        """Returns what of a text is not known yet."""
        same = 0
        while text[same : same + 1] == self.known[same : same + 1] != "":
            same += 1
        self.known = self.known[same:] if same == len(text) else ""
        return text[same:]

    def _release(self, text: str, may_stop: bool) -> str:
        self.held += self._added(text) if self.known else text
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
    network: Network,
    tokenizer: Tokenizer,
    prompts: Sequence[Prompt],
    options: SamplingOptions,
    samples: Sequence[int] = (0,),
    attempt: int = 0,
    explain: bool = False,
    first_samples: Sequence[int] = (),
) -> Iterator[Piece]:
    """Continues prompts.

    Args:
        network: Gives the logits.
        tokenizer: Turns tokens into text.
        prompts: What to continue.
        options: How to choose tokens and when to stop.
        samples: Numbers of the samples to draw for each prompt; sample `samples[j]` of prompt `i` is sequence
            `i * len(samples) + j`.
        attempt: How often these samples were drawn before; another attempt draws other texts.
        explain: Whether each piece says how probable its token was.
        first_samples: What is added to the numbers of the samples of each prompt; nothing unless it is given.

    Yields:
        Pieces of text in the order in which they become certain.
    """
    # A sample's random numbers depend on the seed and on its number for its prompt, not on its place in the batch.
    seed = options.seed if options.seed is not None else int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
    sequences: list[Continuation] = []
    reads: list[ReadPrompt] = []
    for prompt, first in zip(prompts, first_samples or [0] * len(prompts), strict=True):
        read = read_prompt(network, tokenizer, prompt)
        for sample in (first + sample for sample in samples):
            entropy = [seed, sample, attempt] if attempt else [seed, sample]
            text = StoppableText(tokenizer, read.token_ids, options.stop, read.known)
            randomness = np.random.Generator(np.random.PCG64(entropy))
            constraints = constraints_of(tokenizer, read, options)
            sequences.append(Continuation(len(sequences), list(read.token_ids), randomness, text, constraints))
            reads.append(read)
    logits = np.concatenate([read.logits for read in reads])
    layers = zip(*(read.states for read in reads), strict=True)
    states: States = [[np.concatenate(parts) for parts in zip(*layer, strict=True)] for layer in layers]
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


def constraints_of(tokenizer: Tokenizer, read: ReadPrompt, options: SamplingOptions) -> list[Constraint]:
    """Returns what a continuation of a prompt has to keep to."""
    constraints: list[Constraint] = []
    if read.unfinished:
        constraints.append(Unfinished(token_index(tokenizer), read.unfinished))
    if options.banned:
        constraints.append(Banned(ban_table(tokenizer, options.banned, options.stop), read.token_ids, read.text))
    return constraints


def constrained(logits: np.ndarray, constraints: list[Constraint], last: bool) -> np.ndarray:
    """Returns the logits with minus infinity for every token that a constraint rules out."""
    for constraint in constraints:
        allowed = constraint.allowed(last)
        if allowed is not None:
            logits = np.where(allowed, logits, -np.inf)
    return logits


def extend(
    sequence: Continuation, logits: np.ndarray, tokenizer: Tokenizer, options: SamplingOptions, explain: bool
) -> Piece:
    """Adds one token to a sequence."""
    may_stop = sequence.num_generated + 1 >= options.min_tokens
    forbidden = [PAD_ID, UNK_ID, BOS_ID] + ([] if sequence.num_generated >= options.min_tokens else [EOS_ID])
    scores = constrained(logits, sequence.constraints, last=sequence.num_generated + 1 == options.max_tokens)
    if sequence.constraints and not np.isfinite(np.delete(scores, forbidden)).any():
        token_id = EOS_ID  # nothing else is left
    else:
        token_id = next_token(scores, options, sequence.randomness, sequence.token_ids, forbidden)
    choice = explained(logits, token_id, tokenizer) if explain else None
    sequence.token_ids.append(token_id)
    sequence.num_generated += 1
    for constraint in sequence.constraints:
        constraint.feed(token_id)
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
