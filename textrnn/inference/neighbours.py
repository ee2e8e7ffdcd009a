"""Tokens whose vectors are alike: what a network has found to be used alike."""

from typing import NamedTuple

import numpy as np

from textrnn.errors import TextrnnError, check_range, nearest
from textrnn.preprocessing.tokenizers import EOS_ID, UNK_ID, Tokenizer

__all__ = ["Neighbour", "neighbours"]


class Neighbour(NamedTuple):
    """A token that is used like another one.

    Args:
        token: Its text.
        similarity: The cosine of the angle between the two vectors, 1 at most.
    """

    token: str
    similarity: float

    def __str__(self) -> str:
        return f"{self.token!r} {self.similarity:.2f}"


def neighbours(embeddings: np.ndarray, tokenizer: Tokenizer, token: str, number: int) -> list[Neighbour]:
    """Returns the tokens whose vectors point most nearly where that of a token points, the nearest first.

    Args:
        embeddings: The vectors, shape `(vocabulary_size, embedding_dim)`.
        tokenizer: Whose tokens they are.
        token: The text of a token; of subwords that of a whole word, or of a part of one.
        number: How many at most.

    Raises:
        TextrnnError: If that is no token of the vocabulary.
    """
    check_range("number", number, 1, 1_000_000, whole=True)
    chosen = id_of(tokenizer, token)
    vectors = embeddings.astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    similarities = vectors @ vectors[chosen]
    order = np.argsort(-similarities, kind="stable")
    others = [int(other) for other in order if other > EOS_ID and other != chosen][:number]
    return [Neighbour(tokenizer.token_text(other), float(similarities[other])) for other in others]


def id_of(tokenizer: Tokenizer, token: str) -> int:
    """Returns the id of the token that a text is; raises `TextrnnError` if it is none."""
    if not isinstance(token, str):
        raise TextrnnError(f"`token` must be a string. Received: {token!r}.")
    encoded = tokenizer.encode(token).tolist()
    if len(encoded) == 1 and encoded[0] != UNK_ID:
        return int(encoded[0])
    texts = [tokenizer.token_text(token_id) for token_id in range(tokenizer.vocabulary_size)]
    if token in texts[EOS_ID + 1 :]:  # within a word
        return texts.index(token, EOS_ID + 1)
    if len(encoded) > 1 and UNK_ID not in encoded:
        parts = ", ".join(repr(part) for part in tokenizer.token_texts(token))
        raise TextrnnError(f"{token!r} is no token of the vocabulary, but several: {parts}. Pass one of these.")
    raise TextrnnError(f"{token!r} is no token of the vocabulary.{nearest(token, texts[EOS_ID + 1 :])}")
