from collections import Counter

import pytest

from textrnn.preprocessing.characters import SMALL_ALPHABET, CharTokenizer
from textrnn.preprocessing.tokenizers import UNK_ID


def test_char_ids_are_ordered_by_frequency_then_code_point():
    """ "aab": a twice, then b and the newline once each; the newline has the smaller code point."""
    tokenizer = CharTokenizer.train(["aab"], 100)
    assert tokenizer.tokens[4:] == ["a", "\n", "b"]
    assert tokenizer.encode("ab\nz").tolist() == [4, 6, 5, UNK_ID]
    assert tokenizer.unknown_tokens("zazy") == ["z", "y"]
    assert tokenizer.decode([4, UNK_ID]) == "a\ufffd"


@pytest.mark.parametrize("offset", [0x4E00, 0xAC00])
def test_a_vocabulary_covers_99_9_percent_of_a_text_with_many_characters(offset):
    """Zipf's law over 3,000 characters: the size follows from the text, neither cut at a limit nor all of them."""
    counts = Counter({chr(offset + rank): 100_000 // (rank + 1) ** 2 + 1 for rank in range(3000)})
    text = "".join(counts.elements())
    lines = [text[start : start + 100] for start in range(0, len(text), 100)]
    tokenizer = CharTokenizer.train(lines)
    unknown = (tokenizer.encode(text) == UNK_ID).mean()
    assert 0.0005 < unknown < 0.00101
    assert SMALL_ALPHABET < tokenizer.vocabulary_size < 3000


def test_an_alphabet_is_kept_whole():
    """A letter that occurs once in 100,000 is far below 0.1% of the text."""
    assert CharTokenizer.train(["a" * 100_000 + "ž"]).unknown_tokens("ž") == []


def test_an_explicit_size_is_kept():
    assert CharTokenizer.train(["aaabbc"], 6).tokens[4:] == ["a", "\n"]
