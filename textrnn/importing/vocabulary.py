"""What the ids of a network from elsewhere mean, and the order in which textrnn has them.

Keras keeps no vocabulary in a model, so a file says it: a token a line, in the order of the ids. 0, which is padding,
and 1, which is unknown, may be left out, as a tokenizer's `word_index` and a `TextVectorization` layer leave them out.
"""

import pathlib
from collections.abc import Sequence

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.preprocessing.files import decoded_lines
from textrnn.preprocessing.tokenizers import CharTokenizer, Tokenizer, WordTokenizer
from textrnn.preprocessing.vocabulary import SPECIAL_TOKENS

__all__ = ["Vocabulary", "read_tokens"]

# What people and libraries call the four special tokens.
NAMES = (
    ("", "<pad>", "[PAD]", "<padding>"),
    ("<unk>", "[UNK]", "<UNK>", "<OOV>", "<oov>", "UNK", "<unknown>"),
    ("<bos>", "<s>", "[START]", "<start>", "startseq", "<sos>", "<go>", "[BOS]"),
    ("<eos>", "</s>", "[END]", "<end>", "endseq", "[EOS]"),
)
ESCAPES = {"\\n": "\n", "\\t": "\t"}
NEVER = -100.0  # the logit of a special token that a network does not know


def read_tokens(path: str) -> list[str]:
    r"""Returns the lines of a file; `\n` stands for a newline, and `\t` for a tab."""
    lines = [line.removesuffix("\n") for line in decoded_lines(pathlib.Path(path))]
    return [ESCAPES.get(line, line) for line in lines]


class Vocabulary:
    """A vocabulary in the order of textrnn: the special tokens, then the others as they came.

    Args:
        tokens: The tokens in the order of the network's ids.
        size: Number of the network's ids, up to two more than there are tokens.

    Raises:
        TextrnnError: If the numbers do not fit, or a token is there twice.
    """

    def __init__(self, tokens: Sequence[str], size: int) -> None:
        missing = size - len(tokens)
        if not 0 <= missing <= 2:
            raise TextrnnError(
                f"The network has {size:,} token ids, and the vocabulary {len(tokens):,} lines. There must be a line "
                "for each id; only 0 (padding) and 1 (unknown) may be left out."
            )
        self.tokens = [*SPECIAL_TOKENS[:missing], *tokens]
        specials = [self._special(names) for names in NAMES]
        ordinary = [token_id for token_id in range(size) if token_id not in specials]
        self.sources: list[int | None] = [*specials, *ordinary]
        self.tokenizer = make_tokenizer([self.tokens[token_id] for token_id in ordinary])

    def _special(self, names: Sequence[str]) -> int | None:
        """Returns the id of a special token, or None."""
        found = [token_id for token_id, token in enumerate(self.tokens) if token in names]
        if len(found) > 1:
            first, second = (self.tokens[token_id] for token_id in found[:2])
            raise TextrnnError(f"The vocabulary has two tokens of one meaning, {first!r} and {second!r}.")
        return found[0] if found else None

    def rows(self, matrix: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """Returns the rows of a matrix in the order of textrnn.

        Args:
            matrix: Shape `(size, ...)`, in the order of the network's ids.
            missing: What special tokens get that the network does not know.
        """
        return np.stack([missing if source is None else matrix[source] for source in self.sources])


def make_tokenizer(tokens: Sequence[str]) -> Tokenizer:
    """Returns the tokenizer of a vocabulary: of characters if all tokens are, else of words.

    Its text is put into lower case if no token has a capital.
    """
    lowercase = any(token.isalpha() for token in tokens) and all(token == token.lower() for token in tokens)
    make = CharTokenizer if all(len(token) == 1 for token in tokens) else WordTokenizer
    return make([*SPECIAL_TOKENS, *tokens], lowercase)
