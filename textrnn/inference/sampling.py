"""Chooses the next token from logits: greedy, or sampled with temperature, top-k and top-p.

Every random draw comes from float64 probabilities and one `PCG64` stream per sample, so a sample does not change with
the batch it is made in.
"""

import dataclasses
import math
from collections.abc import Iterable

import numpy as np

from textrnn.errors import TextrnnError, check_range

__all__ = ["SamplingOptions", "log_softmax", "next_token", "repeated_ngram_tokens"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """How tokens are chosen and when generation stops.

    Args:
        max_tokens: Most tokens to generate.
        min_tokens: Tokens before which neither the end of sequence nor a stop string ends the text.
        temperature: Divides the logits; 0 is greedy.
        top_k: Keep only this many most probable tokens; 0 keeps all.
        top_p: Keep the fewest most probable tokens that hold this share of the probability (Holtzman et al. 2020).
        repetition_penalty: Divides positive and multiplies negative logits of tokens seen before (Keskar et al. 2019).
        no_repeat_ngram_size: Never produce an n-gram of this size twice; 0 allows it.
        stop: Strings at which the text ends; they are not part of it.
        banned: Words and other strings that the text never holds, in no case; words are banned as whole words.
        seed: Fixes the draws; None draws differently each time.
    """

    max_tokens: int = 100
    min_tokens: int = 0
    temperature: float = 0.7
    top_k: int = 0
    top_p: float = 0.9
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    stop: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()
    seed: int | None = None

    def __post_init__(self) -> None:
        self._set_strings("stop")
        self._set_strings("banned")
        check_range("max_tokens", self.max_tokens, 0, 10_000_000, whole=True)
        check_range("min_tokens", self.min_tokens, 0, self.max_tokens, whole=True)
        check_range("temperature", self.temperature, 0, 100)
        check_range("top_k", self.top_k, 0, 10_000_000, whole=True)
        check_range("top_p", self.top_p, 0, 1, above=True)
        check_range("repetition_penalty", self.repetition_penalty, 0, 100, above=True)
        check_range("no_repeat_ngram_size", self.no_repeat_ngram_size, 0, 1000, whole=True)
        if self.seed is not None:
            check_range("seed", self.seed, 0, 2**63 - 1, whole=True)

    def _set_strings(self, name: str) -> None:
        """Makes the option a tuple of strings, of one if it is a string."""
        value = getattr(self, name)
        strings = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (None,)
        if not all(isinstance(text, str) and text for text in strings):
            raise TextrnnError(f"`{name}` must hold strings that are not empty. Received: {value!r}.")
        object.__setattr__(self, name, strings)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Returns log-probabilities over the last axis, float64."""
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    result: np.ndarray = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return result


def repeated_ngram_tokens(token_ids: list[int], size: int) -> list[int]:
    """Returns the tokens that would complete an n-gram of `size` tokens already in `token_ids`.

    Example:

    >>> repeated_ngram_tokens([5, 6, 7, 5, 6], size=3)
    [7]
    """
    if not 0 < size <= len(token_ids):
        return []
    ending = token_ids[len(token_ids) - size + 1 :]
    starts = range(len(token_ids) - size + 1)
    return [token_ids[start + size - 1] for start in starts if token_ids[start : start + size - 1] == ending]


def next_token(
    logits: np.ndarray,
    options: SamplingOptions,
    randomness: np.random.Generator,
    earlier: list[int],
    forbidden: list[int],
) -> int:
    """Chooses the next token of one sequence.

    Args:
        logits: Shape `(vocabulary_size,)`.
        options: How to choose.
        randomness: The sample's own random numbers; exactly one is drawn per call, unless the choice is greedy.
        earlier: The tokens so far, the prompt included.
        forbidden: Token ids that must not be chosen.
    """
    scores = logits.astype(np.float64)
    if options.repetition_penalty != 1.0 and earlier:
        seen = np.unique(earlier)
        scores[seen] = np.where(
            scores[seen] > 0, scores[seen] / options.repetition_penalty, scores[seen] * options.repetition_penalty
        )
    scores[forbidden] = -math.inf
    if options.no_repeat_ngram_size:
        repeated = repeated_ngram_tokens(earlier, options.no_repeat_ngram_size)
        if np.isfinite(np.delete(scores, repeated)).any():
            scores[repeated] = -math.inf
    if options.temperature == 0:
        return int(scores.argmax())
    candidates, probabilities = truncated(scores / options.temperature, options.top_k, options.top_p)
    cumulative = probabilities.cumsum()
    drawn = int(np.searchsorted(cumulative, randomness.random() * cumulative[-1], side="right"))
    return int(candidates[min(drawn, len(candidates) - 1)])


def truncated(scores: np.ndarray, top_k: int, top_p: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns the candidates that top-k and top-p leave, most probable first, and their unnormalised probabilities."""
    probabilities = np.exp(scores - scores.max())
    size = len(scores)
    wanted = min(top_k, size) if top_k else size
    total = np.partition(probabilities, size - wanted)[size - wanted :].sum() if wanted < size else probabilities.sum()
    if top_p >= 1.0 and wanted == size:
        return np.arange(size), probabilities
    # Sorting a few hundred candidates is enough almost always, and far cheaper than sorting the vocabulary.
    head = min(wanted, 256) if top_p < 1.0 else wanted
    while True:
        candidates = np.argpartition(-probabilities, head - 1)[:head] if head < size else np.arange(size)
        candidates = candidates[np.lexsort((candidates, -probabilities[candidates]))]
        kept = probabilities[candidates]
        enough = int(np.searchsorted(kept.cumsum(), top_p * total)) + 1
        if enough <= head or head >= wanted:
            return candidates[:enough], kept[:enough]
        head = min(head * 8, wanted)
