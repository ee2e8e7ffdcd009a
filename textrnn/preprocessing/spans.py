"""Where in a text each of its tokens ends."""

import numpy as np

from textrnn.preprocessing.tokenizers import SubwordTokenizer, Tokenizer

__all__ = ["token_ends"]

FARTHEST = 64  # bytes in which a token is looked for: more than any gap that is no token


def token_ends(tokenizer: Tokenizer, text: str) -> np.ndarray:
    r"""Returns where each token ends in the text that it came from; it begins where the one before it ends.

    Gaps that are no tokens, such as the spaces between words, belong to the token that follows. A character that is
    made of several tokens belongs to the last of them.

    Args:
        tokenizer: What encodes the text.
        text: The text, in the case that the tokenizer keeps.

    Returns:
        Numbers of characters, int64 of shape `(num_tokens,)`, never falling.
    """
    if isinstance(tokenizer, SubwordTokenizer):
        return subword_ends(tokenizer, text)
    content = text.encode()
    place, places = 0, []
    for token in tokenizer.token_texts(text):
        place = end_of(token.encode(), content, place)
        places.append(place)
    return whole_characters(content)[places]


def subword_ends(tokenizer: SubwordTokenizer, text: str) -> np.ndarray:
    """Returns where subwords end: of their text with a space before each line, they are the bytes, one after another.

    Args:
        tokenizer: See `token_ends`.
        text: See `token_ends`.
    """
    lines = text.split("\n")
    spaced = [" " + line if line else "" for line in lines]
    content = "\n".join(spaced).encode()
    lengths = [len(tokenizer.token_bytes[token_id]) for token_id in tokenizer.encode(text).tolist()]
    ends = whole_characters(content)[np.cumsum(lengths, dtype=np.int64)]
    begins = np.cumsum([0, *(len(line) + 1 for line in spaced[:-1])])[[bool(line) for line in lines]]
    return ends - np.searchsorted(begins, ends, side="left")  # without the spaces before them


def end_of(token: bytes, content: bytes, place: int) -> int:
    """Returns where a token ends that begins at a place or soon after it; the place itself if it is not found there."""
    found = content.find(token, place, place + FARTHEST + len(token))
    return found + len(token) if found >= 0 else place


def whole_characters(content: bytes) -> np.ndarray:
    """Returns how many whole characters of a text in UTF-8 stand before each of its bytes, and before its end."""
    goes_on = np.frombuffer(content, np.uint8) & 0xC0 == 0x80  # a byte that goes on with a character
    begun = np.cumsum(np.concatenate([[0], ~goes_on]))
    return np.asarray(begun - np.concatenate([goes_on, [False]]))
