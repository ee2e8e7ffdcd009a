"""What of a trained language model serves other text: which model to start from, its vocabulary with new tokens."""

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.sampling import log_softmax
from textrnn.preprocessing.marks import typewritten
from textrnn.preprocessing.survey import Survey, is_english_prose
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.storage import shipped_models
from textrnn.weights import with_larger_vocabulary

__all__ = ["DROPOUTS", "NO_MODEL", "initial_model_for", "surplus_loss", "with_new_tokens"]

NO_MODEL = "none"  # to start from
ENGLISH = "english"
MOST_CHARACTERS = 1_000_000  # a larger text is better off with a network of its own

# What of a network is no part of its weights, so that it may be another when training goes on.
DROPOUTS = ("input_dropout", "dropout", "output_dropout", "variational_dropout", "embedding_dropout", "weight_drop")
MEASURED_TOKENS = 1000
COUNTED_LINES = 20_000  # which tell how often a printed mark stands where the old text has a typewritten one

Weights = dict[str, np.ndarray]


def initial_model_for(text: Survey, documents: str | None, options: dict[str, Any], asked: str | None) -> str | None:
    """Returns the model that a new one starts from, or None for random weights.

    Args:
        text: What the text looks like.
        documents: What a document is in it; None is running text.
        options: The options of the model that are set.
        asked: A model that is asked for, "none", or None: then English prose has one.

    Raises:
        TextrnnError: If options are set that are those of the model.
    """
    given = [name for name in options if name != "documents" or options[name] is not None]
    fixed = [name for name in given if name not in DROPOUTS]
    if asked is not None and asked != NO_MODEL and fixed:
        raise TextrnnError(f"`{fixed[0]}` is fixed by the initial model {asked}. Leave one of them out.")
    if asked is not None:
        return None if asked == NO_MODEL else asked
    fits = documents is None and text.num_characters < MOST_CHARACTERS and is_english_prose(text)
    return ENGLISH if fits and not given and ENGLISH in shipped_models() else None


def surplus_loss(network: RecurrentNetwork, tokenizer: Tokenizer, text: str, usual: float) -> float:
    """Returns how much more a text costs a language model than what it was trained for, in nats per token.

    Args:
        network: The model's network; it reads from left to right.
        tokenizer: The model's.
        text: The beginning of the text.
        usual: The model's validation loss when it was trained.
    """
    token_ids = tokenizer.encode(text)[:MEASURED_TOKENS]
    if len(token_ids) < 2:
        return 0.0
    logits, _ = network(token_ids[np.newaxis, :-1], network.initial_states(1))
    found = log_softmax(logits[0])[np.arange(len(token_ids) - 1), token_ids[1:]]
    return float(-found.mean()) - usual


def with_new_tokens(
    weights: Weights, tokenizer: Tokenizer, lines: Callable[[], Iterable[str]], max_new: int | None = None
) -> tuple[Weights, Tokenizer]:
    """Returns the weights and the tokenizer of a language model with the tokens that a text has beside its own.

    A token that another mark alone sets apart from an old one ("don\u2019t") begins as that one.

    Args:
        weights: Arrays by the names of `NetworkConfig.weight_shapes`.
        tokenizer: The model's.
        lines: Reads the lines of the text from the beginning.
        max_new: Most new tokens; None lets their number follow from the text.
    """
    extended = tokenizer.extended(lines(), max_new)
    if extended.vocabulary_size == tokenizer.vocabulary_size:
        return weights, tokenizer
    new = range(tokenizer.vocabulary_size, extended.vocabulary_size)
    known = {index: tokenizer.ids.get(typewritten(extended.tokens[index])) for index in new}
    like = {index: other for index, other in known.items() if other is not None}
    counts = np.zeros(extended.vocabulary_size, dtype=np.int64)
    for line in itertools.islice(lines(), COUNTED_LINES) if like else ():
        counts += np.bincount(extended.encode(line), minlength=len(counts))
    return with_larger_vocabulary(weights, extended.vocabulary_size, like, counts), extended
