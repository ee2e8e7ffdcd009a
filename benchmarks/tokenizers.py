"""Megabytes of text per second that the tokenizers learn from, split, encode and decode.

`python -m benchmarks.tokenizers FILE...` measures the word level on texts of one's own, beside NLTK's splitting, and
says how many of its lines have other words than NLTK's and whether the text comes back.
"""

import pathlib
import sys
import time
from collections.abc import Callable
from typing import Any

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


def tokenizer_decoding(turns: Turns, level: str, path: str) -> None:
    """A side: decodes a text, token by token."""
    from textrnn.preprocessing import corpora
    from textrnn.preprocessing.tokenizers import make_tokenizer

    lines = list(corpora.read(path).lines())
    tokenizer = make_tokenizer(level, lines, VOCABULARY_SIZES[level])
    token_ids = tokenizer.encode("\n".join(lines)).tolist()
    while True:
        turns.wait()
        tokenizer.decode(token_ids)


def word_speed(paths: list[str]) -> None:
    """Prints what the word level does with some texts: each step once, in seconds of the processor, nothing cached."""
    from nltk.tokenize import NLTKWordTokenizer

    from textrnn.preprocessing import corpora
    from textrnn.preprocessing.words import WordTokenizer, splitting

    lines = [line for path in paths for line in corpora.read(path).lines()]
    text = "\n".join(lines)
    megabytes = len(text.encode()) / 1e6
    print(f"{megabytes:.1f} MB, {len(lines):,} lines in {len(paths)} files")

    def timed(what: str, work: Callable[[], Any]) -> Any:
        start = time.process_time()
        result = work()
        print(f"{what:32} {megabytes / (time.process_time() - start):6.2f} MB/s")
        return result

    timed("splitting", lambda: splitting.split(text))
    timed("splitting, words met before", lambda: splitting.split(text))
    nltk_words = timed("splitting by NLTK", lambda: [NLTKWordTokenizer().tokenize(line) for line in lines])
    tokenizer = timed("learning a vocabulary", lambda: WordTokenizer.train(lines, 1_000_000))
    token_ids = timed("encoding", lambda: tokenizer.encode(text)).tolist()
    decoded = timed("decoding", lambda: tokenizer.decode(token_ids))
    pairs = zip(lines, nltk_words, strict=True)
    different = sum(WordTokenizer.split(line) != [QUOTES.get(word, word) for word in words] for line, words in pairs)
    print(f"{different:,} of {len(lines):,} lines have other words than NLTK's; text comes back: {decoded == text}")
    print(f"{len(token_ids):,} tokens (NLTK {sum(map(len, nltk_words)) + len(lines) - 1:,} with newlines)")
    print(f"{tokenizer.vocabulary_size:,} in the vocabulary, {WordTokenizer.train(lines).vocabulary_size:,} by default")


QUOTES = {"``": '"', "''": '"'}

if __name__ == "__main__":
    if len(sys.argv) < 2 or not all(pathlib.Path(path).is_file() for path in sys.argv[1:]):
        raise SystemExit("usage: python -m benchmarks.tokenizers FILE...")
    word_speed(sys.argv[1:])
