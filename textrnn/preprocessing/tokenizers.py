"""Character, word and subword tokenizers behind one interface.

`train` builds a vocabulary from training text, `encode` turns text into token ids and `decode` turns them back. All
three levels keep the same four ids for padding, unknown tokens and the beginning and end of a sequence. Decoding goes
through `decoder()`, which takes one id at a time, so that text streamed token by token equals text decoded at once.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from textrnn.errors import TextrnnError, check_choice, check_options, check_range
from textrnn.preprocessing.characters import CharTokenizer
from textrnn.preprocessing.subwords import SubwordTokenizer
from textrnn.preprocessing.vocabulary import BOS_ID, EOS_ID, PAD_ID, SPECIAL_TOKENS, UNK_ID, Decoder, Tokenizer
from textrnn.preprocessing.words import SPLITTINGS, WordTokenizer

__all__ = [
    "BOS_ID",
    "EOS_ID",
    "LEVELS",
    "PAD_ID",
    "UNK_ID",
    "CharTokenizer",
    "Decoder",
    "SubwordTokenizer",
    "Tokenizer",
    "WordTokenizer",
    "load_tokenizer",
    "make_tokenizer",
]

LEVELS: dict[str, type[Tokenizer]] = {kind.level: kind for kind in (CharTokenizer, WordTokenizer, SubwordTokenizer)}


def make_tokenizer(
    level: str,
    lines: Iterable[str],
    vocabulary_size: int | None = None,
    lowercase: bool = False,
    symbols: Sequence[str] = (),
) -> Tokenizer:
    """Trains a tokenizer of the named level ("char", "word" or "subword") on lines of training text.

    Args:
        level: What a token is.
        lines: The text, without the newlines that end the lines.
        vocabulary_size: Most token ids to use; by default the number follows from the text.
        lowercase: Whether the text, and all that is encoded later, is put into lower case.
        symbols: Texts that are one token each, for subwords.

    Raises:
        TextrnnError: If the level is unknown, the size impossible or the text empty.
    """
    check_choice("level", level, LEVELS)
    if vocabulary_size is not None:
        check_range("vocabulary_size", vocabulary_size, len(SPECIAL_TOKENS) + 1, 1_000_000, whole=True)
    if symbols:
        return SubwordTokenizer.train(lines, vocabulary_size, lowercase, symbols)
    return LEVELS[level].train(lines, vocabulary_size, lowercase)


def load_tokenizer(files: dict[str, bytes], name: str = "tokenizer") -> Tokenizer:
    """Builds a tokenizer from the contents of the files that `Tokenizer.files` names.

    Raises:
        TextrnnError: If a file is missing or does not hold a tokenizer.
    """
    content = parsed(files, name)
    level = str(content.get("level"))
    check_choice("level", level, LEVELS)
    check_options(content, ["level", "lowercase", "splitting", "tokens"], f"{name}.json")
    lowercase = content.get("lowercase", False)
    check_choice("lowercase", lowercase, [True, False])
    if level == "subword":
        if f"{name}.model" not in files:
            raise TextrnnError(f"{name}.model is missing.")
        return SubwordTokenizer(files[f"{name}.model"], bool(lowercase))
    tokens = content.get("tokens")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise TextrnnError(f"{name}.json must hold a list of strings under 'tokens'.")
    if level == "char":
        return CharTokenizer(tokens, bool(lowercase))
    return WordTokenizer(tokens, bool(lowercase), content.get("splitting", SPLITTINGS[0]))


def parsed(files: dict[str, bytes], name: str) -> dict[str, Any]:
    """Returns the object that `NAME.json` holds."""
    if f"{name}.json" not in files:
        raise TextrnnError(f"{name}.json is missing.")
    try:
        content = json.loads(files[f"{name}.json"].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise TextrnnError(f"{name}.json is not JSON in UTF-8: {error}.") from error
    if not isinstance(content, dict):
        raise TextrnnError(f"{name}.json must hold one object.")
    return content
