"""What becomes of a hypothesis: a translation that people can read; and hypotheses that are drawn or given, not found.

Like `beam_search`, everything here takes one network or an ensemble, whose probabilities are averaged.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError, check_options
from textrnn.inference.beam_search import BeamOptions, Hypothesis, length_limit, ranking_score
from textrnn.inference.sampling import SamplingOptions, log_softmax, next_token
from textrnn.inference.translator import EncoderDecoder
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, UNK_ID, Tokenizer

__all__ = [
    "SAMPLING_NAMES",
    "Translation",
    "drawn_apart",
    "forced",
    "sample",
    "translation_of",
]

SAMPLING_NAMES = ("temperature", "top_k", "top_p", "repetition_penalty", "seed")
UNKNOWN_TEXT = "\ufffd"


@dataclasses.dataclass(frozen=True, eq=False)
class Translation:
    """A translation and how it came about.

    Two translations are equal if everything in them is, attention included.

    Args:
        source: The sentence that was translated.
        text: The translation.
        score: What translations of one sentence are ranked by: log-probability with length and coverage penalty.
        log_probability: Natural logarithm of its probability, the end of the sentence included.
        source_tokens: The source as the network read it, its end included.
        tokens: The translation as the network wrote it, its end included.
        probabilities: Probability of each of `tokens`.
        attention: Weights of shape `(len(tokens), len(source_tokens))`; each row adds up to 1.
    """

    source: str
    text: str
    score: float
    log_probability: float
    source_tokens: tuple[str, ...]
    tokens: tuple[str, ...]
    probabilities: tuple[float, ...]
    attention: np.ndarray

    def __str__(self) -> str:
        return self.text

    @property
    def confidence(self) -> float:
        """How sure the network was of each token on average: the geometric mean of their probabilities."""
        return math.exp(self.log_probability / len(self.tokens)) if self.tokens else 1.0

    def _plain(self) -> tuple[Any, ...]:
        """Returns every field but the array, which neither `==` nor `hash` can take."""
        return tuple(getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "attention")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Translation):
            return NotImplemented
        return self._plain() == other._plain() and np.array_equal(self.attention, other.attention)

    def __hash__(self) -> int:
        return hash(self._plain())

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints, but for the source sentence."""
        return {
            **{name: getattr(self, name) for name in ("text", "score", "log_probability", "confidence")},
            **{name: list(getattr(self, name)) for name in ("source_tokens", "tokens", "probabilities")},
            "attention": self.attention.round(4).tolist(),
        }


def translation_of(
    sentence: str, source_ids: np.ndarray, hypothesis: Hypothesis, source: Tokenizer, target: Tokenizer
) -> Translation:
    """Puts a hypothesis into words.

    Args:
        sentence: The sentence that was translated.
        source_ids: Its token ids, without special ids.
        hypothesis: What the network wrote.
        source: The tokenizer of the source language.
        target: The tokenizer of the target language.
    """
    return Translation(
        sentence,
        text_of(sentence, source_ids, hypothesis, source, target),
        hypothesis.score,
        float(hypothesis.log_probabilities.sum()),
        (*(source.token_text(int(i)) for i in source_ids), "<eos>"),
        (*(target.token_text(i) for i in hypothesis.token_ids), "<eos>"),
        tuple(np.exp(hypothesis.log_probabilities).tolist()),
        hypothesis.attention,
    )


def text_of(sentence: str, source_ids: np.ndarray, hypothesis: Hypothesis, source: Tokenizer, target: Tokenizer) -> str:
    """Returns the text of a hypothesis; an unknown token becomes the source token that it stands for.

    That is the one with most attention, among the unknown ones if there are any.
    """
    text = target.decode(hypothesis.token_ids)
    if UNK_ID in hypothesis.token_ids:
        words = source.token_texts(sentence)
        unknown = np.flatnonzero(source_ids[: len(words)] == UNK_ID)
        places = unknown if len(unknown) else np.arange(len(words))
        for position in [i for i, token_id in enumerate(hypothesis.token_ids) if token_id == UNK_ID]:
            place = places[hypothesis.attention[position, places].argmax()]
            text = text.replace(UNKNOWN_TEXT, words[place], 1)
    # What is left are bytes that make no character.
    return text.replace(UNKNOWN_TEXT, "").strip()


def drawn_apart(options: dict[str, Any]) -> tuple[SamplingOptions | None, dict[str, Any]]:
    """Returns the sampling options among the options for translating, or None, and the other options."""
    names = [field.name for field in dataclasses.fields(BeamOptions)]
    check_options(options, [*names, *SAMPLING_NAMES], "translate")
    given = {name: value for name, value in options.items() if name in SAMPLING_NAMES}
    others = {name: value for name, value in options.items() if name not in SAMPLING_NAMES}
    if not given:
        return None, others
    for name in ("num_beams", "num_best"):
        if name in others:
            raise TextrnnError(f"`{next(iter(given))}` draws a translation and `{name}` searches for one. Choose one.")
    return SamplingOptions(**given), others


def averaged(logits: Sequence[np.ndarray]) -> np.ndarray:
    """Returns log-probabilities over the last axis, float64, of networks whose probabilities are averaged."""
    if len(logits) == 1:
        return log_softmax(logits[0])
    probabilities: np.ndarray = np.mean([np.exp(log_softmax(one)) for one in logits], axis=0)
    return np.log(probabilities + 1e-300)


def sample(
    networks: Sequence[EncoderDecoder], sources: list[np.ndarray], sampling: SamplingOptions, options: BeamOptions
) -> list[Hypothesis]:
    """Draws one translation of each sentence with the language model's samplers.

    Args:
        networks: One network, or several with the same vocabularies, whose probabilities are averaged.
        sources: Token ids of each sentence, without special ids.
        sampling: How to draw; `max_tokens` counts for nothing here.
        options: Their `max_length_ratio` and `allow_unknown` count.
    """
    seed = sampling.seed if sampling.seed is not None else int(np.random.SeedSequence().generate_state(1)[0])
    return [drawn(networks, source, sampling, options, seed) for source in sources]


def drawn(
    networks: Sequence[EncoderDecoder],
    source: np.ndarray,
    sampling: SamplingOptions,
    options: BeamOptions,
    seed: int,
) -> Hypothesis:
    """Draws a translation of one sentence; see `sample`."""
    randomness = np.random.Generator(np.random.PCG64([seed, 0]))
    encoded = [network.encode(np.append(source, EOS_ID)[np.newaxis]) for network in networks]
    states = [first for _, first in encoded]
    token_ids: list[int] = []
    passed: list[float] = []
    looked: list[np.ndarray] = []
    limit = length_limit(len(source), options.max_length_ratio)
    while EOS_ID not in token_ids[-1:]:
        last = np.array([[token_ids[-1] if token_ids else BOS_ID]])  # (1, 1)
        steps = [
            network.step(last, state, memory)
            for network, state, (memory, _) in zip(networks, states, encoded, strict=True)
        ]
        states = [state for _, state, _ in steps]
        log_probabilities = averaged([logits[0] for logits, _, _ in steps])  # (vocabulary_size,)
        token_id = EOS_ID
        if len(token_ids) + 1 < limit:
            # One network's logits stay what they are, because the penalty on repetitions depends on their sign.
            scores = steps[0][0][0] if len(steps) == 1 else log_probabilities
            token_id = next_token(scores, sampling, randomness, token_ids, options.banned())
        token_ids.append(token_id)
        passed.append(float(log_probabilities[token_id]))
        looked.append(np.mean([attention[0, 0] for _, _, attention in steps], axis=0))  # (source_time,)
    weights = np.stack(looked)  # (target_time, source_time)
    score = ranking_score(sum(passed), len(passed), weights, options)
    return Hypothesis(token_ids[:-1], np.array(passed), score, weights)


def forced(networks: Sequence[EncoderDecoder], source: np.ndarray, target: np.ndarray) -> Hypothesis:
    """Returns a given translation as if the networks had written it; its score is its log-probability.

    Args:
        networks: One network, or several with the same vocabularies, whose probabilities are averaged.
        source: Token ids of the sentence, without special ids.
        target: Token ids of its translation, without special ids.
    """
    inputs, outputs = np.insert(target, 0, BOS_ID), np.append(target, EOS_ID)  # (target_time,)
    passes = []
    for network in networks:
        memory, states = network.encode(np.append(source, EOS_ID)[np.newaxis])
        passes.append(network.decode(inputs[np.newaxis], states, memory))
    log_probabilities = averaged([logits[0] for logits, _, _ in passes])  # (target_time, vocabulary_size)
    passed = np.take_along_axis(log_probabilities, outputs[:, np.newaxis].astype(np.int64), axis=1)[:, 0]
    attention = np.mean([weights[0] for _, _, weights in passes], axis=0)  # (target_time, source_time)
    return Hypothesis(target.tolist(), passed, float(passed.sum()), attention)
