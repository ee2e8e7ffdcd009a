"""Megabytes of text per second that the tokenizers learn from and encode."""

from benchmarks.turns import Turns

VOCABULARY_SIZES = {"char": 1000, "word": 8000, "subword": 4000}


def tokenizer_training(turns: Turns, level: str, path: str) -> None:
    """A side: learns a vocabulary from a text."""
    from textrnn.preprocessing import corpora
    from textrnn.preprocessing.tokenizers import make_tokenizer

    lines = list(corpora.read(path).lines())
    while True:
        turns.wait()
        make_tokenizer(level, lines, VOCABULARY_SIZES[level])


def tokenizer_encoding(turns: Turns, level: str, path: str) -> None:
    """A side: encodes a text."""
    from textrnn.preprocessing import corpora
    from textrnn.preprocessing.tokenizers import make_tokenizer

    lines = list(corpora.read(path).lines())
    tokenizer = make_tokenizer(level, lines, VOCABULARY_SIZES[level])
    while True:
        turns.wait()
        tokenizer.encode_lines(lines)
