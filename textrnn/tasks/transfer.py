"""What of a trained language model serves other text: its vocabulary with new tokens."""

import itertools
from collections.abc import Callable, Iterable

import numpy as np

from textrnn.preprocessing.marks import typewritten
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.weights import with_larger_vocabulary

__all__ = ["with_new_tokens"]

COUNTED_LINES = 20_000  # which tell how often a printed mark stands where the old text has a typewritten one

Weights = dict[str, np.ndarray]


def with_new_tokens(
    weights: Weights, tokenizer: Tokenizer, lines: Callable[[], Iterable[str]]
) -> tuple[Weights, Tokenizer]:
    """Returns the weights and the tokenizer of a language model with the tokens that a text has beside its own.

    A token that another mark alone sets apart from an old one ("don\u2019t") begins as that one.

    Args:
        weights: Arrays by the names of `NetworkConfig.weight_shapes`.
        tokenizer: The model's.
        lines: Reads the lines of the text from the beginning.
    """
    extended = tokenizer.extended(lines())
    if extended.vocabulary_size == tokenizer.vocabulary_size:
        return weights, tokenizer
    new = range(tokenizer.vocabulary_size, extended.vocabulary_size)
    known = {index: tokenizer.ids.get(typewritten(extended.tokens[index])) for index in new}
    like = {index: other for index, other in known.items() if other is not None}
    counts = np.zeros(extended.vocabulary_size, dtype=np.int64)
    for line in itertools.islice(lines(), COUNTED_LINES) if like else ():
        counts += np.bincount(extended.encode(line), minlength=len(counts))
    return with_larger_vocabulary(weights, extended.vocabulary_size, like, counts), extended
