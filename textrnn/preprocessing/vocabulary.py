"""What the tokenizers of all levels share: the special ids, the interface, and which tokens a vocabulary holds."""

import codecs
import functools
import json
import pathlib
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import chain
from typing import Any, ClassVar

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.preprocessing.marks import with_known_marks

__all__ = [
    "BOS_ID",
    "EOS_ID",
    "NEWLINE",
    "PAD_ID",
    "SPECIAL_TOKENS",
    "UNKNOWN_TEXT",
    "UNK_ID",
    "BytesDecoder",
    "Decoder",
    "Tokenizer",
    "covering",
    "most_common",
]

PAD_ID, UNK_ID, BOS_ID, EOS_ID = 0, 1, 2, 3
SPECIAL_TOKENS = ("<pad>", "<unk>", "<bos>", "<eos>")
NEWLINE = "\n"
UNKNOWN_TEXT = "\ufffd"


class Tokenizer:
    """What the three levels share. `tokens[i]` is the text of token id `i`.

    Args:
        tokens: The vocabulary, beginning with the four special tokens.
        lowercase: Whether text is put into lower case before it is encoded.
    """

    level: ClassVar[str]

    def __init__(self, tokens: Iterable[str], lowercase: bool = False) -> None:
        self.tokens = list(tokens)
        self.lowercase = lowercase
        self.ids = {token: index for index, token in enumerate(self.tokens)}
        if tuple(self.tokens[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise TextrnnError(f"A vocabulary must start with {' '.join(SPECIAL_TOKENS)}.")
        if len(self.ids) != len(self.tokens):
            raise TextrnnError("A vocabulary must not hold a token twice.")

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids, the special ones included."""
        return len(self.tokens)

    @property
    def format_version(self) -> int:
        """The lowest version of the model format in which this tokenizer means what it means here."""
        return 2 if self.lowercase else 1

    @classmethod
    def train(cls, lines: Iterable[str], vocabulary_size: int | None = None, lowercase: bool = False) -> "Tokenizer":
        """Builds a vocabulary from lines of training text.

        Args:
            lines: The text, without the newlines that end the lines.
            vocabulary_size: Most tokens to use, the special ones and the newline included; by default the number
                follows from the text.
            lowercase: Whether the text, and all that is encoded later, is put into lower case.
        """
        raise NotImplementedError

    def encode(self, text: str) -> np.ndarray:
        """Returns the token ids of `text`, int32 of shape `(num_tokens,)`; no special ids are added."""
        raise NotImplementedError

    def encode_lines(self, lines: list[str]) -> list[np.ndarray]:
        """Encodes several texts at once."""
        return [self.encode(line) for line in lines]

    def beginning(self, name: str | None) -> list[int]:
        """Returns the ids that are read before a text: the mark "bos", a "newline", or nothing for None."""
        if name == "bos":
            return [BOS_ID]
        return self.encode(NEWLINE).tolist() if name == "newline" else []

    def unlikeliness(self, word: str) -> float:
        """Returns how unlikely a word is within a sentence, by the vocabulary alone; the unit is the level's own."""
        return float(len(self.encode(word)))

    def token_texts(self, text: str) -> list[str]:
        """Returns what of `text` each id of `encode(text)` stands for, the unknown ones included."""
        return [self.token_text(int(token_id)) for token_id in self.encode(text)]

    def unknown_tokens(self, text: str) -> list[str]:
        """Returns the distinct parts of `text` that encode to the unknown id, in order of appearance."""
        raise NotImplementedError

    def extended(self, lines: Iterable[str], max_new: int | None = None) -> "Tokenizer":
        """Returns a tokenizer that also knows what `lines` hold; the ids of the old tokens stay.

        Args:
            lines: Lines of the text to go on with.
            max_new: Most tokens to append; by default the number follows from the text, as in `train`.

        Returns:
            A new tokenizer, or this one if nothing is to be added.
        """
        raise NotImplementedError

    def decoder(self) -> "Decoder":
        """Returns an object that turns one token id after another into text."""
        raise NotImplementedError

    def decode(self, token_ids: Iterable[int]) -> str:
        """Returns the text of token ids; padding, `bos` and `eos` have none, and unknown ids become U+FFFD."""
        decoder = self.decoder()
        return "".join([decoder.feed(int(token)) for token in token_ids]) + decoder.finish()

    def token_text(self, token_id: int) -> str:
        """Returns one token as a person would want to see it."""
        return self.tokens[token_id]

    def with_known_marks(self, text: str) -> str:
        """Returns a text whose quotation marks and dashes are known, if the typewritten ones are and these are not."""
        return text if text.isascii() else with_known_marks(text, self.characters)

    @functools.cached_property
    def characters(self) -> frozenset[str]:
        """The characters that tokens hold."""
        return frozenset(chain.from_iterable(self.tokens[len(SPECIAL_TOKENS) :])) | {" "}

    def cased(self, text: str) -> str:
        """Returns `text` in the case that the vocabulary is in."""
        return text.lower() if self.lowercase else text

    def to_dict(self) -> dict[str, Any]:
        """Returns what `tokenizer.json` holds."""
        lowercase = {"lowercase": True} if self.lowercase else {}
        return {"level": self.level, **lowercase, "tokens": self.tokens}

    def files(self, name: str = "tokenizer") -> dict[str, bytes]:
        """Returns the files that keep this tokenizer, by name: `NAME.json`, and `NAME.model` for subwords."""
        return {f"{name}.json": json.dumps(self.to_dict(), ensure_ascii=False, indent=0).encode("utf-8")}

    def save(self, directory: str | pathlib.Path) -> None:
        """Writes the tokenizer's files into a directory that exists."""
        for name, content in self.files().items():
            (pathlib.Path(directory) / name).write_bytes(content)

    @staticmethod
    def load(directory: str | pathlib.Path) -> "Tokenizer":
        """Reads a tokenizer that `save` has written."""
        from textrnn.preprocessing.tokenizers import load_tokenizer

        return load_tokenizer({path.name: path.read_bytes() for path in pathlib.Path(directory).glob("tokenizer.*")})


class Decoder:
    """Turns token ids into text one at a time: `feed` returns what is certain so far, `finish` the rest."""

    def feed(self, token_id: int) -> str:
        """Returns the text that this token adds, possibly empty."""
        raise NotImplementedError

    def finish(self) -> str:
        """Returns the text still held back."""
        return ""

    def skip(self, token_ids: Iterable[int]) -> None:
        """Takes in tokens whose text is out already, such as a prompt's."""
        for token_id in token_ids:
            self.feed(token_id)


class BytesDecoder(Decoder):
    """Decodes tokens that each stand for fixed bytes; a character split over tokens waits for its last byte."""

    def __init__(self, token_bytes: list[bytes]) -> None:
        self.token_bytes = token_bytes
        self.utf8 = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, token_id: int) -> str:
        return self.utf8.decode(self.token_bytes[token_id])

    def finish(self) -> str:
        return self.utf8.decode(b"", final=True)


def most_common(counts: Counter[str], number: int, kept: Collection[str] = ()) -> list[str]:
    """Returns the most frequent keys; equal counts are ordered by the keys, so the result never varies.

    Args:
        counts: How often each key occurs.
        number: How many keys to return at most, those of `kept` included.
        kept: Keys that are returned however rare they are.
    """
    order = sorted(counts, key=lambda key: (-counts[key], key))
    chosen = set(kept)
    chosen.update([key for key in order if key not in chosen][: max(number - len(chosen), 0)])
    return [key for key in order if key in chosen]


def covering(counts: Counter[str], share: float) -> int:
    """Returns how many of the most frequent keys it takes to cover a share of everything counted.

    Example:

    >>> covering(Counter("aaaaaabbbc"), 0.9)
    2
    """
    missing = counts.total() * (1 - share)
    number = len(counts)
    for count in sorted(counts.values()):
        missing -= count
        if missing < -1e-9:
            break
        number -= 1
    return number
