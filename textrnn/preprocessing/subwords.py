"""Subwords by SentencePiece."""

import functools
import io
import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing.marks import TYPEWRITTEN, typewritten
from textrnn.preprocessing.vocabulary import (
    BOS_ID,
    EOS_ID,
    NEWLINE,
    PAD_ID,
    SPECIAL_TOKENS,
    UNK_ID,
    UNKNOWN_TEXT,
    BytesDecoder,
    Decoder,
    Tokenizer,
)

__all__ = ["SubwordTokenizer", "default_size"]

NEWLINE_PIECE = "<newline>"
BYTE_PIECES = tuple(f"<0x{byte:02X}>" for byte in range(256))
NUM_FIXED = len(SPECIAL_TOKENS) + len(BYTE_PIECES) + 1
COVERAGE, LARGE_ALPHABET_COVERAGE = 0.9999, 0.995
SMALL_ALPHABET = 500
FEWEST_OCCURRENCES = 5  # of a character that is added to a vocabulary


class SubwordTokenizer(Tokenizer):
    """Subwords by SentencePiece's unigram model (Kudo 2018) with byte fallback: any text decodes to exactly itself.

    A line is encoded with a space before it and decoded without, so that a word has the same pieces at the beginning of
    a line and within it. The unigram model keeps whole words and names where byte-pair encoding keeps the fragments it
    merged on the way.
    """

    level = "subword"
    SPACE = "\u2581"  # SentencePiece writes a space as this character

    def __init__(self, model: bytes, lowercase: bool = False) -> None:
        import sentencepiece

        self.model = model
        self.processor = sentencepiece.SentencePieceProcessor()
        try:
            self.processor.LoadFromSerializedProto(model)
        except Exception as error:
            raise TextrnnError(f"The SentencePiece model cannot be read: {error}.") from error
        processor = self.processor
        super().__init__([processor.IdToPiece(index) for index in range(processor.GetPieceSize())], lowercase)
        missing = [name for name in (NEWLINE_PIECE, *BYTE_PIECES) if name not in self.ids]
        if missing:
            raise TextrnnError(f"The SentencePiece model lacks the piece {missing[0]!r}; it was not made by textrnn.")
        self.newline_id = self.ids[NEWLINE_PIECE]
        self.space_ids = np.array([self.ids[f"<0x{byte:02X}>"] for byte in self.SPACE.encode()], dtype=np.int32)

    @classmethod
    def train(
        cls,
        lines: Iterable[str],
        vocabulary_size: int | None = None,
        lowercase: bool = False,
        symbols: Sequence[str] = (),
    ) -> "SubwordTokenizer":
        """Builds a vocabulary; see `default_size` for its size by default.

        Characters for which it has no room are written as bytes.

        Args:
            lines: See `Tokenizer.train`.
            vocabulary_size: See `Tokenizer.train`.
            lowercase: See `Tokenizer.train`.
            symbols: Texts that are one piece each, whether `lines` hold them or not. With them, each digit is a piece.
        """
        sample = list(sample_lines(line.lower() if lowercase else line for line in lines))
        counts = Counter(chain.from_iterable(sample))
        for known in (cls.SPACE, *symbols):
            del counts[known]
        if not counts:
            raise TextrnnError("There is no text to find subwords in. Pass a longer text.")
        size = default_size(counts) if vocabulary_size is None else vocabulary_size
        check_range("vocabulary_size", size, NUM_FIXED + 1, 1_000_000, whole=True)
        marked = (" " + line.replace(cls.SPACE, " ") for line in sample)
        left_out = without_room(counts, size)
        return cls(unigram_model(without(marked, left_out) if left_out else marked, size, symbols), lowercase)

    def encode(self, text: str) -> np.ndarray:
        return self.encode_lines([text])[0]

    def encode_lines(self, lines: list[str]) -> list[np.ndarray]:
        parts = [[" " + line if line else "" for line in self.cased(text).split(NEWLINE)] for text in lines]
        flat = [line for text in parts for line in text if self.SPACE not in line]
        # Of a list SentencePiece encodes the lines in threads of its own, which take longer to start than a line takes.
        encoded = iter(self.processor.EncodeAsIds(flat) if len(flat) > 1 else map(self.processor.EncodeAsIds, flat))
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

    def unlikeliness(self, word: str) -> float:
        return -float(sum(self.processor.GetScore(token_id) for token_id in self.encode(word).tolist()))

    def unknown_tokens(self, text: str) -> list[str]:
        return []

    def extended(self, lines: Iterable[str], max_new: int | None = None) -> Tokenizer:
        """Returns a tokenizer with the characters that it could only spell by bytes; see `Tokenizer.extended`.

        A printed mark comes with all subwords that hold it and are known with the typewritten one, so that text with
        printed marks is cut as other text is.
        """
        sample = list(sample_lines(map(self.cased, lines)))
        counts = Counter(chain.from_iterable(sample))
        del counts[self.SPACE], counts[" "]
        new = {key: count for key, count in counts.items() if key not in self.ids and count >= FEWEST_OCCURRENCES}
        if not new:
            return self
        pieces = [*self._with_printed_marks(sample, new), *sorted(new, key=lambda key: (-new[key], key))]
        return type(self)(with_pieces(self.model, list(dict.fromkeys(pieces))[:max_new]), self.lowercase)

    def _with_printed_marks(self, sample: list[str], characters: Container[str]) -> Iterator[str]:
        """Yields the subwords of a text that are known with typewritten marks in the place of new characters."""
        marks = [mark for mark in TYPEWRITTEN if mark in characters]
        text = NEWLINE.join(" " + line for line in sample)
        for piece in self.tokens[NUM_FIXED:]:
            for mark in marks:
                printed = piece.replace(TYPEWRITTEN[mark], mark)
                if printed not in self.ids and printed.replace(self.SPACE, " ") in text:
                    yield printed

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
        return {name: value for name, value in super().to_dict().items() if name != "tokens"}

    def files(self, name: str = "tokenizer") -> dict[str, bytes]:
        return {**super().files(name), f"{name}.model": self.model}


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


def default_size(counts: Counter[str]) -> int:
    """Returns a vocabulary size that fits a text: small texts would see each of many subwords too seldom to learn it.

    Args:
        counts: How often each character occurs; at most the first 8 million are counted.

    Returns:
        Room for the fixed pieces, for the characters, and for 500 subwords from 100 KB, 1,600 from 1 MB, 4,500 from
        8 MB. Of large sets of characters such as the Chinese, the rarest are left to the bytes.
    """
    characters = num_covering(counts, COVERAGE)
    if characters > SMALL_ALPHABET:
        characters = max(num_covering(counts, LARGE_ALPHABET_COVERAGE), SMALL_ALPHABET)
    return NUM_FIXED + characters + round(1.6 * math.sqrt(counts.total()))


def num_covering(counts: Counter[str], coverage: float) -> int:
    """Returns how many characters SentencePiece takes as pieces of their own for a coverage."""
    totals = accumulate(count for _, count in counts.most_common())
    return next((number for number, total in enumerate(totals, 1) if total >= coverage * counts.total()), 0)


def without_room(counts: Counter[str], vocabulary_size: int) -> list[str]:
    """Returns the rarest characters, for which a vocabulary has no room beside subwords of more than one character."""
    room = vocabulary_size - NUM_FIXED - 1  # one for the space
    if num_covering(counts, COVERAGE) <= room:
        return []
    return [character for character, _ in counts.most_common()[room * 3 // 4 :] if character != " "]


def without(lines: Iterable[str], characters: list[str]) -> Iterator[str]:
    """Yields lines cut at certain characters, so that those are in no subword."""
    table = str.maketrans(dict.fromkeys(characters, NEWLINE))
    for line in lines:
        yield from filter(None, line.translate(table).split(NEWLINE))


def unigram_model(lines: Iterable[str], vocabulary_size: int, symbols: Sequence[str] = ()) -> bytes:
    """Trains SentencePiece's unigram model on lines without newlines."""
    import sentencepiece

    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.Train(
            sentence_iterator=lines,
            model_writer=model,
            model_type="unigram",
            vocab_size=vocabulary_size,
            hard_vocab_limit=False,
            character_coverage=COVERAGE,
            byte_fallback=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,
            allow_whitespace_only_pieces=True,
            control_symbols=[NEWLINE_PIECE],
            user_defined_symbols=list(symbols),
            split_digits=bool(symbols),
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
            f"SentencePiece could not build {vocabulary_size} subwords from this text. "
            "Pass a larger `vocabulary_size`, a longer text, or the level 'char'."
        ) from error
    return model.getvalue()


def with_pieces(model: bytes, pieces: list[str]) -> bytes:
    """Returns a SentencePiece model with more pieces at the end of its vocabulary.

    A piece is as probable as the one that is typewritten for it, or as the least probable one.
    """
    from sentencepiece import sentencepiece_model_pb2

    extended = sentencepiece_model_pb2.ModelProto.FromString(model)  # type: ignore[attr-defined]
    scores = {piece.piece: piece.score for piece in extended.pieces}
    least = min(scores.values())
    for piece in pieces:
        extended.pieces.add(piece=piece, score=scores.get(typewritten(piece), least))
    result: bytes = extended.SerializeToString()
    return result


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
