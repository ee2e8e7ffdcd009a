"""Finds translations: beam search over many sentences at once, with one network or an ensemble.

Each sentence keeps its `num_beams` most probable beginnings. A sentence that is finished leaves the batch. With one
beam this is greedy search; with as many beams as there are sequences it is exhaustive.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from textrnn.errors import check_range
from textrnn.inference.sampling import log_softmax, repeated_ngram_tokens
from textrnn.inference.stack import States
from textrnn.inference.translator import EncoderDecoder, Memory
from textrnn.preprocessing.batches import pad
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, PAD_ID, UNK_ID

__all__ = ["BeamOptions", "Hypothesis", "beam_search", "length_limit", "ranking_score"]

BLOCK = 64  # logits that are looked through together for the highest ones


@dataclasses.dataclass(frozen=True, kw_only=True)
class BeamOptions:
    """How translations are searched for.

    Args:
        num_beams: Beginnings kept for each sentence; 1 is greedy search.
        num_best: Translations returned for each sentence, at most `num_beams`.
        length_penalty: Exponent by which longer translations are favoured; 0 compares plain log-probabilities
            (Wu et al. 2016, section 7).
        coverage_penalty: Weight of a penalty on source tokens that got little attention (Wu et al. 2016, section 7).
        no_repeat_ngram_size: Never produce an n-gram of this size twice; 0 allows it.
        max_length_ratio: Longest translation, in tokens per source token; 10 more are always allowed.
        allow_unknown: Whether the unknown token may be produced, to be replaced by the source word that it stands for.
    """

    num_beams: int = 5
    num_best: int = 1
    length_penalty: float = 1.0
    coverage_penalty: float = 0.0
    no_repeat_ngram_size: int = 0
    max_length_ratio: float = 2.0
    allow_unknown: bool = False

    def __post_init__(self) -> None:
        check_range("num_beams", self.num_beams, 1, 10_000, whole=True)
        check_range("num_best", self.num_best, 1, self.num_beams, whole=True)
        check_range("length_penalty", self.length_penalty, 0, 10)
        check_range("coverage_penalty", self.coverage_penalty, 0, 10)
        check_range("no_repeat_ngram_size", self.no_repeat_ngram_size, 0, 1000, whole=True)
        check_range("max_length_ratio", self.max_length_ratio, 0, 100, above=True)

    def banned(self) -> list[int]:
        """Token ids that are never produced."""
        return [PAD_ID, BOS_ID] + ([] if self.allow_unknown else [UNK_ID])


@dataclasses.dataclass(frozen=True, eq=False)
class Hypothesis:
    """One translation found.

    Args:
        token_ids: Its tokens, without `bos` and `eos`.
        log_probabilities: Natural logarithm of each token's probability, that of `eos` last.
        score: What hypotheses are ranked by: log-probability with length and coverage penalty.
        attention: Shape `(target_time, source_time)`, `eos` included on both sides.
    """

    token_ids: list[int]
    log_probabilities: np.ndarray
    score: float
    attention: np.ndarray


def length_limit(source_length: int, ratio: float) -> int:
    """Returns the most tokens that a translation may have, `eos` included."""
    return int(ratio * source_length) + 10


@dataclasses.dataclass
class Beams:
    """The beginnings of all sentences that are not finished: `B` sentences with `K` beams each, at first with one.

    Args:
        numbers: Which sentence each row is, shape `(B,)`.
        limits: Most tokens of its translation, shape `(B,)`.
        scores: Log-probabilities, shape `(B, K)`; -inf for a beam that is not in use.
        token_ids: `bos` and the tokens so far, shape `(B, K, time + 1)`.
        log_probabilities: Of each token so far, shape `(B, K, time)`.
        attention: Shape `(B, K, time, source_time)`.
        memories: The source, for each network of the ensemble.
        states: For each network its states, arrays of shape `(B * K, units)`.
    """

    numbers: np.ndarray
    limits: np.ndarray
    scores: np.ndarray
    token_ids: np.ndarray
    log_probabilities: np.ndarray
    attention: np.ndarray
    memories: list[Memory]
    states: list[States]

    @classmethod
    def start(cls, networks: Sequence[EncoderDecoder], sources: list[np.ndarray], options: BeamOptions) -> "Beams":
        """Encodes the sources and begins every translation with `bos`."""
        source_ids = pad([np.append(ids, EOS_ID) for ids in sources])  # (B, source_time)
        encoded = [network.encode(source_ids) for network in networks]
        size = len(sources)
        return cls(
            np.arange(size),
            np.array([length_limit(len(ids), options.max_length_ratio) for ids in sources]),
            np.zeros((size, 1)),
            np.full((size, 1, 1), BOS_ID),
            np.zeros((size, 1, 0)),
            np.zeros((size, 1, 0, source_ids.shape[1]), np.float32),
            [memory for memory, _ in encoded],
            [states for _, states in encoded],
        )

    def extended(
        self, parents: np.ndarray, tokens: np.ndarray, log_probabilities: np.ndarray, attention: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns tokens, log-probabilities and attention with one more step; arguments have shape `(B, K, ...)`."""
        rows = np.arange(len(parents))[:, np.newaxis]  # (B, 1)
        # With the step counted: (B, K, time + 1), (B, K, time) and (B, K, time, source_time).
        token_ids = np.concatenate([self.token_ids[rows, parents], tokens[..., np.newaxis]], axis=-1)
        passed = np.concatenate([self.log_probabilities[rows, parents], log_probabilities[..., np.newaxis]], axis=-1)
        looked = np.concatenate([self.attention, attention[:, :, np.newaxis]], axis=2)[rows, parents]
        return token_ids, passed, looked

    def keep(self, rows: np.ndarray) -> None:
        """Drops the sentences that are not among `rows`."""
        num_beams = self.scores.shape[1]
        flat = (rows[:, np.newaxis] * num_beams + np.arange(num_beams)).reshape(-1)  # (len(rows) * K,)
        self.memories = [memory.take(rows) for memory in self.memories]
        self.states = [[[state[flat] for state in layer] for layer in states] for states in self.states]
        for name in ("numbers", "limits", "scores", "token_ids", "log_probabilities", "attention"):
            setattr(self, name, getattr(self, name)[rows])
        self.attention = self.attention[..., : self.memories[0].mask.shape[1]]


def beam_search(
    networks: Sequence[EncoderDecoder], sources: list[np.ndarray], options: BeamOptions
) -> list[list[Hypothesis]]:
    """Finds translations of a batch of sentences.

    Args:
        networks: One network, or several with the same vocabularies, whose probabilities are averaged.
        sources: Token ids of each sentence, at least one each, without special ids.
        options: How to search.

    Returns:
        For each sentence its `num_best` hypotheses (fewer if there are no more), the best first.
    """
    finished: list[list[Hypothesis]] = [[] for _ in sources]
    if not sources:
        return finished
    beams = Beams.start(networks, sources, options)
    time = 0
    while len(beams.numbers):
        time += 1
        width = beams.scores.shape[1]
        logits, normalizers, maxima, attention = next_logits(networks, beams, options, time)
        parents, tokens, gained, scores = best_extensions(beams, logits, normalizers, maxima, options.num_beams)
        done = collect_finished(beams, finished, parents, tokens, gained, scores, attention, options)
        # The first `num_beams` that go on; there are always as many, since each beam can end only once.
        alive = np.argsort(tokens == EOS_ID, axis=1, kind="stable")[:, : options.num_beams]  # (B, K)
        parents, tokens, gained, scores = (
            np.take_along_axis(a, alive, axis=1) for a in (parents, tokens, gained, scores)
        )
        beams.scores = np.where(tokens == EOS_ID, -math.inf, scores)
        beams.token_ids, beams.log_probabilities, beams.attention = beams.extended(parents, tokens, gained, attention)
        flat = (np.arange(len(parents))[:, np.newaxis] * width + parents).reshape(-1)  # (B * K,)
        beams.states = [[[state[flat] for state in layer] for layer in states] for states in beams.states]
        going_on = np.flatnonzero(~done & np.isfinite(beams.scores).any(axis=1) & ~hopeless(beams, finished, options))
        if len(going_on) < len(beams.numbers):
            beams.keep(going_on)
    return [hypotheses[: options.num_best] for hypotheses in finished]


def next_logits(
    networks: Sequence[EncoderDecoder], beams: Beams, options: BeamOptions, time: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Takes one step.

    Returns:
        Logits of shape `(rows, vocabulary)`, -inf for tokens that must not come; what to take from them to get
        log-probabilities, shape `(rows, 1)`; the `block_maxima` of the logits; and attention weights of shape
        `(B, beams, source_time)`.
    """
    last = beams.token_ids[:, :, -1]  # (B, K)
    steps = [
        network.step(last, states, memory)
        for network, states, memory in zip(networks, beams.states, beams.memories, strict=True)
    ]
    beams.states = [states for _, states, _ in steps]
    attention = np.mean([weights for _, _, weights in steps], axis=0) if len(steps) > 1 else steps[0][2]
    if len(steps) == 1:
        result = steps[0][0]
        maxima = block_maxima(result)
        normalizers = log_sum_exp(result, maxima.max(axis=1, keepdims=True))
    else:
        averaged = np.mean([np.exp(log_softmax(logits)) for logits, _, _ in steps], axis=0)  # (rows, vocabulary)
        result = np.log(averaged + 1e-300)
        maxima = block_maxima(result)
        normalizers = np.zeros((len(result), 1))
    result[:, options.banned()] = -np.inf
    maxima[:, 0] = result[:, :BLOCK].max(axis=1)  # the block that holds all of them
    over = np.repeat(beams.limits <= time, last.shape[1])  # (rows,): nothing but the end is left
    if options.no_repeat_ngram_size or over.any():
        ban_repetitions(result, beams, options.no_repeat_ngram_size)
        result[over, :EOS_ID] = result[over, EOS_ID + 1 :] = -np.inf
        maxima = block_maxima(result)
    return result, normalizers, maxima, attention


def ban_repetitions(logits: np.ndarray, beams: Beams, size: int) -> None:
    """Bans the tokens that would repeat an n-gram of `size` tokens."""
    for row, tokens in enumerate(beams.token_ids[:, :, 1:].reshape(len(logits), -1).tolist()):
        logits[row, repeated_ngram_tokens(tokens, size)] = -np.inf


def log_sum_exp(logits: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """Returns the logarithm of the sum of exponentials of each row, shape `(rows, 1)`, given each row's maximum."""
    totals = np.empty_like(highest)
    for start in range(0, len(logits), 32):  # few rows at a time, so that what is in between stays in the cache
        rows = slice(start, start + 32)
        exponentials = logits[rows] - highest[rows]  # (32 or fewer, vocabulary)
        np.exp(exponentials, out=exponentials)
        exponentials.sum(axis=1, keepdims=True, out=totals[rows])
    result: np.ndarray = highest + np.log(totals)
    return result


def block_maxima(values: np.ndarray) -> np.ndarray:
    """Returns the maximum of each block of `BLOCK` columns, the last block being larger, shape `(rows, blocks)`."""
    starts = np.arange(0, max(values.shape[1] - BLOCK + 1, 1), BLOCK)
    return np.maximum.reduceat(values, starts, axis=1)


def highest_columns(values: np.ndarray, maxima: np.ndarray, number: int) -> np.ndarray:
    """Returns the columns of the `number` highest values of each row, in no order.

    Selecting among 8,000 numbers is slow, finding maxima is fast: the highest numbers lie in the blocks with the
    highest maxima, so only those few blocks are looked through.
    """
    size, num_columns = values.shape
    num_blocks = maxima.shape[1]
    if number >= num_blocks:
        return np.argpartition(-values, number - 1, axis=1)[:, :number]
    chosen = np.argpartition(-maxima, number - 1, axis=1)[:, :number]  # (rows, number)
    places = (chosen[:, :, np.newaxis] * BLOCK + np.arange(BLOCK)).reshape(size, -1)  # (rows, number * BLOCK)
    rest = np.broadcast_to(np.arange(num_blocks * BLOCK, num_columns), (size, num_columns - num_blocks * BLOCK))
    places = np.concatenate([places, rest], axis=1)
    best = np.argpartition(-np.take_along_axis(values, places, axis=1), number - 1, axis=1)[:, :number]
    return np.take_along_axis(places, best, axis=1)  # (rows, number)


def best_extensions(
    beams: Beams, logits: np.ndarray, normalizers: np.ndarray, maxima: np.ndarray, num_beams: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns the best `2 * num_beams` ways to go on, the best first, so that enough are left when all beams end.

    Returns:
        Parent beams, tokens, their log-probabilities and the summed scores, each of shape `(B, extensions)`: of
        `2 * num_beams` extensions, or of all if they are fewer.
    """
    size, width = beams.scores.shape
    wanted = min(2 * num_beams, logits.shape[1])
    tokens = highest_columns(logits, maxima, wanted)  # (B * K, wanted)
    gained = np.take_along_axis(logits, tokens, axis=1).astype(np.float64) - normalizers
    scores = (beams.scores.reshape(-1, 1) + gained).reshape(size, -1)  # (B, K * wanted)
    tokens, gained = tokens.reshape(size, -1), gained.reshape(size, -1)
    order = np.lexsort((tokens, -scores), axis=1)[:, : 2 * num_beams]  # (B, extensions)
    parents = np.repeat(np.arange(width), wanted)[order]  # (B, extensions)
    rows = np.arange(size)[:, np.newaxis]
    return parents, tokens[rows, order], gained[rows, order], scores[rows, order]


def collect_finished(
    beams: Beams,
    finished: list[list[Hypothesis]],
    parents: np.ndarray,
    tokens: np.ndarray,
    gained: np.ndarray,
    scores: np.ndarray,
    attention: np.ndarray,
    options: BeamOptions,
) -> np.ndarray:
    """Takes in the hypotheses that end here, if they are among their sentence's `num_beams` best.

    Returns:
        Booleans of shape `(B,)`: whether a sentence has as many hypotheses as beams.
    """
    num_beams = options.num_beams
    ends = (tokens[:, :num_beams] == EOS_ID) & np.isfinite(scores[:, :num_beams])  # (B, num_beams or fewer)
    for row, place in np.argwhere(ends):
        parent = parents[row, place]
        width = int(beams.memories[0].mask[row].sum())
        # (target_time, source_time), without the padding of the source
        looked = np.concatenate([beams.attention[row, parent], attention[row, parent][np.newaxis]])[:, :width]
        hypotheses = finished[beams.numbers[row]]
        hypotheses.append(
            Hypothesis(
                beams.token_ids[row, parent, 1:].tolist(),
                np.append(beams.log_probabilities[row, parent], gained[row, place]),
                ranking_score(float(scores[row, place]), len(looked), looked, options),
                looked,
            )
        )
        hypotheses.sort(key=lambda hypothesis: -hypothesis.score)
    return np.array([len(finished[number]) >= num_beams for number in beams.numbers])


def hopeless(beams: Beams, finished: list[list[Hypothesis]], options: BeamOptions) -> np.ndarray:
    """Returns for each sentence whether no beam can still beat its `num_best` finished hypotheses.

    A log-probability only falls, the length penalty only grows and the coverage penalty is never positive, so the best
    that a beam can reach is its log-probability now at the greatest length.
    """
    best = beams.scores.max(axis=1)  # (B,)
    result = np.zeros(len(best), dtype=bool)
    for row, number in enumerate(beams.numbers):
        if options.num_beams > 1 and len(finished[number]) >= options.num_best:
            bound = ranking_score(float(best[row]), int(beams.limits[row]), None, options)
            result[row] = bound <= finished[number][options.num_best - 1].score
    return result


def ranking_score(log_probability: float, length: int, attention: np.ndarray | None, options: BeamOptions) -> float:
    """Returns `log p / ((5 + length) / 6) ** a + b * sum(log(min(coverage, 1)))` (Wu et al. 2016, equation 14)."""
    score: float = log_probability / ((5.0 + length) / 6.0) ** options.length_penalty
    if attention is not None and options.coverage_penalty:
        coverage = np.clip(attention.sum(axis=0), 1e-9, 1.0)  # (source_time,)
        score += options.coverage_penalty * float(np.log(coverage).sum())
    return score
