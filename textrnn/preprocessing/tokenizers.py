"""Character, word and subword tokenizers behind one interface.

`train` builds a vocabulary from training text, `encode` turns text into token ids and `decode` turns them back. All
three levels keep the same four ids for padding, unknown tokens and the beginning and end of a sequence. Decoding goes
through `decoder()`, which takes one id at a time, so that text streamed token by token equals text decoded at once.
"""

import codecs
import functools
import io
import json
import pathlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import numpy as np

from textrnn.errors import TextrnnError, check_choice, check_range

__all__ = [
    "BOS_ID",
    "EOS_ID",
    "LEVELS",
    "PAD_ID",
    "UNK_ID",
    "CharTokenizer",
    "SubwordTokenizer",
    "Tokenizer",
    "WordTokenizer",
    "load_tokenizer",
    "make_tokenizer",
]

PAD_ID, UNK_ID, BOS_ID, EOS_ID = 0, 1, 2, 3
SPECIAL_TOKENS = ("<pad>", "<unk>", "<bos>", "<eos>")
NEWLINE = "\n"
UNKNOWN_TEXT = "\ufffd"


class Tokenizer:
    """What the three levels share. `tokens[i]` is the text of token id `i`."""

    level: ClassVar[str]

    def __init__(self, tokens: Iterable[str]) -> None:
        self.tokens = list(tokens)
        self.ids = {token: index for index, token in enumerate(self.tokens)}
        if tuple(self.tokens[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise TextrnnError(f"A vocabulary must start with {' '.join(SPECIAL_TOKENS)}.")
        if len(self.ids) != len(self.tokens):
            raise TextrnnError("A vocabulary must not hold a token twice.")

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids, the special ones included."""
        return len(self.tokens)

    @classmethod
    def train(cls, lines: Iterable[str], vocabulary_size: int) -> "Tokenizer":
        """Builds a vocabulary of at most `vocabulary_size` tokens from lines of training text."""
        raise NotImplementedError

    def encode(self, text: str) -> np.ndarray:
        """Returns the token ids of `text`, int32 of shape `(num_tokens,)`; no special ids are added."""
        raise NotImplementedError

    def encode_lines(self, lines: list[str]) -> list[np.ndarray]:
        """Encodes several texts at once."""
        return [self.encode(line) for line in lines]

    def unknown_tokens(self, text: str) -> list[str]:
        """Returns the distinct parts of `text` that encode to the unknown id, in order of appearance."""
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

    def to_dict(self) -> dict[str, Any]:
        """Returns what `tokenizer.json` holds."""
        return {"level": self.level, "tokens": self.tokens}

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


class LinesDecoder(BytesDecoder):
    """Takes away the space that stands before every line."""

    def __init__(self, token_bytes: list[bytes], newline_id: int) -> None:
        super().__init__(token_bytes)
        self.newline_id = newline_id
        self.begins_line = True

    def feed(self, token_id: int) -> str:
        text = super().feed(token_id)
        if self.begins_line and text:
            self.begins_line = False
            text = text.removeprefix(" ")
        if token_id == self.newline_id:
            self.begins_line = True
        return text


class CharTokenizer(Tokenizer):
    """One token per Unicode character; decoding gives back exactly the text, if its characters are known."""

    level = "char"

    def __init__(self, tokens: Iterable[str]) -> None:
        super().__init__(tokens)
        characters = self.tokens[len(SPECIAL_TOKENS) :]
        if any(len(character) != 1 for character in characters):
            raise TextrnnError("A character vocabulary must hold single characters.")
        code_points = np.array([ord(character) for character in characters], dtype=np.int64)
        self.table = np.full(max(code_points, default=0) + 2, UNK_ID, dtype=np.int32)
        self.table[code_points] = np.arange(len(SPECIAL_TOKENS), len(self.tokens))

    @classmethod
    def train(cls, lines: Iterable[str], vocabulary_size: int) -> "CharTokenizer":
        counts: Counter[str] = Counter({NEWLINE: 1})
        for line in lines:
            counts.update(line)
        return cls([*SPECIAL_TOKENS, *most_common(counts, vocabulary_size - len(SPECIAL_TOKENS))])

    def encode(self, text: str) -> np.ndarray:
        code_points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        return self.table[np.minimum(code_points, len(self.table) - 1)]

    def unknown_tokens(self, text: str) -> list[str]:
        return [character for character in dict.fromkeys(text) if character not in self.ids]

    def decoder(self) -> Decoder:
        return BytesDecoder(self.token_bytes)

    @functools.cached_property
    def token_bytes(self) -> list[bytes]:
        """The bytes that each token id stands for."""
        special = [b"", UNKNOWN_TEXT.encode(), b"", b""]
        return special + [token.encode("utf-8") for token in self.tokens[len(SPECIAL_TOKENS) :]]


class WordTokenizer(Tokenizer):
    """Words and punctuation marks by NLTK's tokenizer, case kept; a newline is a token of its own.

    Decoding gives readable text by NLTK's detokenizer, not always the same spaces.
    """

    level = "word"

    @staticmethod
    @functools.cache
    def _nltk() -> tuple[Any, Any]:
        # NLTK takes most of a second to import, and only this level needs it.
        from nltk.tokenize import NLTKWordTokenizer
        from nltk.tokenize.treebank import TreebankWordDetokenizer

        return NLTKWordTokenizer(), TreebankWordDetokenizer()

    @classmethod
    def split(cls, text: str) -> list[str]:
        """Splits text into words, punctuation marks and newlines."""
        tokenize = cls._nltk()[0].tokenize
        tokens: list[str] = []
        for number, line in enumerate(text.split(NEWLINE)):
            if number:
                tokens.append(NEWLINE)
            tokens.extend(tokenize(line))
        return tokens

    @classmethod
    def train(cls, lines: Iterable[str], vocabulary_size: int) -> "WordTokenizer":
        counts: Counter[str] = Counter({NEWLINE: 1})
        for line in lines:
            counts.update(cls.split(line))
            if len(counts) > 2_000_000:  # keeps memory flat on any corpus; only rarities are lost
                counts = Counter({word: count for word, count in counts.items() if count > 1})
        for token in SPECIAL_TOKENS:
            counts.pop(token, None)
        return cls([*SPECIAL_TOKENS, *most_common(counts, vocabulary_size - len(SPECIAL_TOKENS))])

    def encode(self, text: str) -> np.ndarray:
        return np.array([self._id(token) for token in self.split(text)], dtype=np.int32)

    def _id(self, token: str) -> int:
        # Text that happens to spell "<pad>" is an unknown word, never padding.
        return UNK_ID if token in SPECIAL_TOKENS else self.ids.get(token, UNK_ID)

    def unknown_tokens(self, text: str) -> list[str]:
        return [token for token in dict.fromkeys(self.split(text)) if self._id(token) == UNK_ID]

    def decoder(self) -> Decoder:
        return WordDecoder(self)


class WordDecoder(Decoder):
    """Detokenizes the current line anew with each word, and gives out what the next word can no longer change."""

    def __init__(self, tokenizer: WordTokenizer) -> None:
        self.tokens = tokenizer.tokens
        self.detokenize = tokenizer._nltk()[1].detokenize
        self.words: list[str] = []
        self.given = ""

    def feed(self, token_id: int) -> str:
        if token_id in (PAD_ID, BOS_ID, EOS_ID):
            return ""
        word = UNKNOWN_TEXT if token_id == UNK_ID else self.tokens[token_id]
        if word == NEWLINE:
            return self.finish() + NEWLINE
        before = self.detokenize(self.words)
        self.words.append(word)
        return self._give(before if self.detokenize(self.words).startswith(before) else self.given)

    def finish(self) -> str:
        text = self._give(self.detokenize(self.words))
        self.words, self.given = [], ""
        return text

    def skip(self, token_ids: Iterable[int]) -> None:
        super().skip(token_ids)
        self.given = self.detokenize(self.words)

    def _give(self, line: str) -> str:
        if not line.startswith(self.given):
            return ""
        text, self.given = line[len(self.given) :], line
        return text


class SubwordTokenizer(Tokenizer):
    """Subwords by SentencePiece's unigram model (Kudo 2018) with byte fallback: any text decodes to exactly itself.

    A line is encoded with a space before it and decoded without, so that a word has the same pieces at the beginning of
    a line and within it. The unigram model keeps whole words and names where byte-pair encoding keeps the fragments it
    merged on the way.
    """

    level = "subword"
    SPACE = "\u2581"  # SentencePiece writes a space as this character

    def __init__(self, model: bytes) -> None:
        import sentencepiece

        self.model = model
        self.processor = sentencepiece.SentencePieceProcessor()
        try:
            self.processor.LoadFromSerializedProto(model)
        except Exception as error:
            raise TextrnnError(f"The SentencePiece model cannot be read: {error}.") from error
        processor = self.processor
        super().__init__([processor.IdToPiece(index) for index in range(processor.GetPieceSize())])
        missing = [name for name in (NEWLINE_PIECE, *BYTE_PIECES) if name not in self.ids]
        if missing:
            raise TextrnnError(f"The SentencePiece model lacks the piece {missing[0]!r}; it was not made by textrnn.")
        self.newline_id = self.ids[NEWLINE_PIECE]
        self.space_ids = np.array([self.ids[f"<0x{byte:02X}>"] for byte in self.SPACE.encode()], dtype=np.int32)

    @classmethod
    def train(cls, lines: Iterable[str], vocabulary_size: int) -> "SubwordTokenizer":
        import sentencepiece

        smallest = len(SPECIAL_TOKENS) + len(BYTE_PIECES) + 2
        check_range("vocabulary_size", vocabulary_size, smallest, 1_000_000, whole=True)
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.Train(
                sentence_iterator=(" " + line.replace(cls.SPACE, " ") for line in sample_lines(lines)),
                model_writer=model,
                model_type="unigram",
                vocab_size=vocabulary_size,
                hard_vocab_limit=False,
                character_coverage=0.9999,
                byte_fallback=True,
                normalization_rule_name="identity",
                remove_extra_whitespaces=False,
                add_dummy_prefix=False,
                allow_whitespace_only_pieces=True,
                control_symbols=[NEWLINE_PIECE],
                pad_id=PAD_ID,
                unk_id=UNK_ID,
                bos_id=BOS_ID,
                eos_id=EOS_ID,
                pad_piece=SPECIAL_TOKENS[PAD_ID],
                unk_piece=SPECIAL_TOKENS[UNK_ID],
                bos_piece=SPECIAL_TOKENS[BOS_ID],
                eos_piece=SPECIAL_TOKENS[EOS_ID],
                num_threads=1,  # the vocabulary must not depend on the machine
                minloglevel=2,
            )
        except RuntimeError as error:
            raise TextrnnError(
                f"SentencePiece could not build {vocabulary_size} subwords from this text: {error}. "
                "Pass another `vocabulary_size` or a longer text."
            ) from error
        return cls(model.getvalue())

    def encode(self, text: str) -> np.ndarray:
        return self.encode_lines([text])[0]

    def encode_lines(self, lines: list[str]) -> list[np.ndarray]:
        parts = [[" " + line if line else "" for line in text.split(NEWLINE)] for text in lines]
        flat = self.processor.EncodeAsIds([line for text in parts for line in text if self.SPACE not in line])
        encoded = iter(flat)
        result = []
        for text in parts:
            pieces: list[Any] = []
            for number, line in enumerate(text):
                if number:
                    pieces.append([self.newline_id])
                pieces.append(self._encode_with_space_mark(line) if self.SPACE in line else next(encoded))
            result.append(np.concatenate([np.asarray(piece, dtype=np.int32) for piece in pieces]))
        return result

    def _encode_with_space_mark(self, line: str) -> list[int]:
        """Encodes a line that holds the character which SentencePiece would take for a space, by its bytes."""
        ids: list[int] = []
        for number, part in enumerate(line.split(self.SPACE)):
            if number:
                ids.extend(self.space_ids.tolist())
            ids.extend(self.processor.EncodeAsIds(part))
        return ids

    def unknown_tokens(self, text: str) -> list[str]:
        return []

    def decoder(self) -> Decoder:
        return LinesDecoder(self.token_bytes, self.newline_id)

    @functools.cached_property
    def token_bytes(self) -> list[bytes]:
        """The bytes that each token id stands for."""
        result = [token.replace(self.SPACE, " ").encode("utf-8") for token in self.tokens]
        result[PAD_ID] = result[BOS_ID] = result[EOS_ID] = b""
        result[UNK_ID] = UNKNOWN_TEXT.encode()
        result[self.newline_id] = NEWLINE.encode()
        for byte, name in enumerate(BYTE_PIECES):
            result[self.ids[name]] = bytes([byte])
        return result

    def token_text(self, token_id: int) -> str:
        if token_id < len(SPECIAL_TOKENS):
            return self.tokens[token_id]
        return self.token_bytes[token_id].decode("utf-8", errors="backslashreplace")

    def to_dict(self) -> dict[str, Any]:
        return {"level": self.level}

    def files(self, name: str = "tokenizer") -> dict[str, bytes]:
        return {**super().files(name), f"{name}.model": self.model}


NEWLINE_PIECE = "<newline>"
BYTE_PIECES = tuple(f"<0x{byte:02X}>" for byte in range(256))

LEVELS: dict[str, type[Tokenizer]] = {kind.level: kind for kind in (CharTokenizer, WordTokenizer, SubwordTokenizer)}


def most_common(counts: Counter[str], number: int) -> list[str]:
    """Returns the `number` most frequent keys; equal counts are ordered by the keys, so the result never varies."""
    return sorted(counts, key=lambda key: (-counts[key], key))[: max(number, 0)]


def sample_lines(lines: Iterable[str], max_characters: int = 8_000_000) -> Iterator[str]:
    """Yields the non-empty lines until `max_characters` have passed: enough for any vocabulary, and memory stays flat.

    Long lines are cut, because SentencePiece skips those of more than a few thousand bytes without a word.
    """
    passed = 0
    for line in lines:
        for start in range(0, len(line), 1000):
            yield line[start : start + 1000]
        passed += len(line)
        if passed > max_characters:
            return


def make_tokenizer(level: str, lines: Iterable[str], vocabulary_size: int) -> Tokenizer:
    """Trains a tokenizer of the named level ("char", "word" or "subword") on lines of training text.

    Raises:
        TextrnnError: If the level is unknown, the size impossible or the text empty.
    """
    check_choice("level", level, LEVELS)
    check_range("vocabulary_size", vocabulary_size, len(SPECIAL_TOKENS) + 1, 1_000_000, whole=True)
    return LEVELS[level].train(lines, vocabulary_size)


def load_tokenizer(files: dict[str, bytes], name: str = "tokenizer") -> Tokenizer:
    """Builds a tokenizer from the contents of the files that `Tokenizer.files` names.

    Raises:
        TextrnnError: If a file is missing or does not hold a tokenizer.
    """
    if f"{name}.json" not in files:
        raise TextrnnError(f"{name}.json is missing.")
    try:
        content = json.loads(files[f"{name}.json"].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise TextrnnError(f"{name}.json is not JSON in UTF-8: {error}.") from error
    if not isinstance(content, dict):
        raise TextrnnError(f"{name}.json must hold one object.")
    level = str(content.get("level"))
    check_choice("level", level, LEVELS)
    if level == "subword":
        if f"{name}.model" not in files:
            raise TextrnnError(f"{name}.model is missing.")
        return SubwordTokenizer(files[f"{name}.model"])
    tokens = content.get("tokens")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise TextrnnError(f"{name}.json must hold a list of strings under 'tokens'.")
    return LEVELS[level](tokens)
