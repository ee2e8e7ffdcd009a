"""Draws several translations of each of many sentences at once, for a translator to learn from."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from textrnn.inference.beam_search import BeamOptions, length_limit
from textrnn.inference.translator import EncoderDecoder
from textrnn.preprocessing.batches import pad
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID

__all__ = ["Drawn", "draw_translations"]


@dataclasses.dataclass(frozen=True, eq=False)
class Drawn:
    """A translation that was drawn.

    Args:
        token_ids: Its tokens, without `bos` and `eos`.
        log_probability: Natural logarithm of its probability, `eos` included.
    """

    token_ids: np.ndarray
    log_probability: float


def draw_translations(
    network: EncoderDecoder,
    sources: Sequence[np.ndarray],
    number: int,
    randomness: np.random.Generator,
    max_length_ratio: float = 2.0,
) -> list[list[Drawn]]:
    """Draws translations of each of some sentences, by the network's probabilities as they are.

    Args:
        network: The network.
        sources: Token ids of each sentence, at least one each, without special ids.
        number: How many translations of each; equal ones may be among them.
        randomness: Where chance comes from.
        max_length_ratio: Longest translation, in tokens per source token; 10 more are always allowed.
    """
    memory, states = network.encode(pad([np.append(ids, EOS_ID) for ids in sources]))
    # From here on one row for each translation: (sentences * number, ...).
    states = [[np.repeat(state, number, axis=0) for state in layer] for layer in states]
    limits = np.repeat([length_limit(len(ids), max_length_ratio) for ids in sources], number)
    tokens: list[list[int]] = [[] for _ in limits]
    log_probabilities = np.zeros(len(limits))
    alive = np.arange(len(sources))  # the sentences of which a translation goes on
    last = np.full((len(sources), number), BOS_ID)
    time = 0
    while len(alive):
        time += 1
        rows = (alive[:, np.newaxis] * number + np.arange(number)).reshape(-1)  # (len(alive) * number,)
        goes_on = last.reshape(-1) != EOS_ID
        logits, states, _ = network.step(last, states, memory)
        chosen, gained = drawn_tokens(logits, limits[rows] <= time, randomness)
        chosen[~goes_on] = EOS_ID
        log_probabilities[rows[goes_on]] += gained[goes_on]
        for row, token in zip(rows[goes_on], chosen[goes_on], strict=True):
            if token != EOS_ID:
                tokens[row].append(int(token))
        last = chosen.reshape(-1, number)
        left = np.flatnonzero((last != EOS_ID).any(axis=1))
        if len(left) < len(alive):
            flat = (left[:, np.newaxis] * number + np.arange(number)).reshape(-1)
            states = [[state[flat] for state in layer] for layer in states]
            alive, last, memory = alive[left], last[left], memory.take(left)
    drawn = [
        Drawn(np.array(ids, dtype=np.int32), float(total)) for ids, total in zip(tokens, log_probabilities, strict=True)
    ]
    return [drawn[start : start + number] for start in range(0, len(drawn), number)]


def drawn_tokens(
    logits: np.ndarray, must_end: np.ndarray, randomness: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draws the next token of each row, `eos` where a row must end.

    Args:
        logits: Shape `(rows, vocabulary_size)`; changed.
        must_end: Booleans of shape `(rows,)`.
        randomness: One number is drawn for each row.

    Returns:
        The tokens and the logarithms of their probabilities, each of shape `(rows,)`.
    """
    logits[:, BeamOptions().banned()] = -np.inf
    logits -= logits.max(axis=1, keepdims=True)
    rows = np.arange(len(logits))
    cumulative = np.exp(logits).cumsum(axis=1, dtype=np.float64)  # (rows, vocabulary_size)
    totals = cumulative[:, -1]
    chances = randomness.random(len(logits)) * totals
    tokens = (cumulative <= chances[:, np.newaxis]).sum(axis=1)
    tokens = np.where(must_end, EOS_ID, np.minimum(tokens, logits.shape[1] - 1))
    return tokens, logits[rows, tokens] - np.log(totals)
