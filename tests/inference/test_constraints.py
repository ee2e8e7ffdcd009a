import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.inference.constraints import TokenIndex, begins_word, ends_word
from textrnn.inference.generation import generate
from textrnn.inference.prompts import make_prompt
from textrnn.inference.sampling import SamplingOptions
from textrnn.preprocessing.tokenizers import CharTokenizer, SubwordTokenizer, WordTokenizer

SPECIAL = ("<pad>", "<unk>", "<bos>", "<eos>")
LINES = ["as the cat sat on the mat", "asses pass the gate at last", "An ass, a cat! The end; the end", "a sea at east"]
TOKENIZERS = {
    "char": CharTokenizer([*SPECIAL, *"aest ET,.!\n"]),
    "subword": SubwordTokenizer.train(LINES * 20, 400),
    "word": WordTokenizer.train([*LINES, 'He said "ass": no!', "I can't sit at sea."] * 2, 100),
    "NLTK's words": WordTokenizer(
        [*SPECIAL, "\n", "a", "at", "ass", "sat", "The", "sea", "ca", "n't", "!"], splitting=1
    ),
}


class Noise:
    """Likes other tokens after every token, and is as likely to go on as to end."""

    def __init__(self, tokenizer, seed, tokens=None):
        size = tokenizer.vocabulary_size
        self.logits = np.random.default_rng(seed).normal(0, 2, (size, size))
        if tokens is not None:
            self.logits[:, [token for token in range(4, size) if token not in tokens]] = -1e9

    def initial_states(self, batch_size):
        return [[np.zeros((batch_size, 1))]]

    def __call__(self, token_ids, states, last_only):
        return self.logits[token_ids[:, -1]], states


def written(level, number, banned, prompt="", **options):
    tokenizer = TOKENIZERS[level]
    # Bytes would spell what is no text at all.
    tokens = (
        [i for i, text in enumerate(tokenizer.tokens) if not text.startswith("<0x")] if level == "subword" else None
    )
    options = SamplingOptions(
        **{"temperature": 1.0, "top_p": 1.0, "seed": number, "max_tokens": 40, "banned": banned, **options}
    )
    pieces = generate(Noise(tokenizer, number, tokens), tokenizer, [make_prompt(tokenizer, [2], prompt)], options)
    return prompt + "".join(piece.text for piece in pieces)


def found(text, string):
    """An independent reading of the rule: a string that begins or ends with a letter is a whole word there."""
    before = r"(?<![^\W])" if re.match(r"\w", string) else ""
    after = r"(?![^\W])" if re.search(r"\w$", string) else ""
    return re.search(before + re.escape(string) + after, text, re.IGNORECASE)


STRINGS = ["a", "at", "as", "ass", "the", "sat", "tea", "s", "e", "the sea", "!", "a!", ", a", "t.", "\n", "an ass"]


@pytest.mark.parametrize("level", TOKENIZERS)
@given(number=st.integers(0, 10_000), banned=st.lists(st.sampled_from(STRINGS), min_size=1, max_size=4, unique=True))
@settings(max_examples=60)
def test_banned_strings_never_appear(level, number, banned):
    for seed in range(3):
        text = written(level, number, tuple(banned), seed=seed)
        for string in banned:
            assert not found(text, string), (text, string)


@pytest.mark.parametrize("level", TOKENIZERS)
def test_the_same_texts_hold_them_when_they_are_not_banned(level):
    texts = [written(level, number, ()) for number in range(200)]
    for string in ("a", "s", "as", "!") if level == "char" else ("a", "as" if level == "subword" else "sea", "!"):
        assert sum(found(text, string) is not None for text in texts) > 2, string


def test_words_within_words_are_free_and_words_may_grow():
    """With "a" banned and only a, s and a space to write, every word that begins with a goes on."""
    tokenizer = CharTokenizer([*SPECIAL, *"as "])
    options = SamplingOptions(temperature=1.0, top_p=1.0, seed=1, max_tokens=400, min_tokens=400, banned=("a",))
    pieces = generate(Noise(tokenizer, 3), tokenizer, [make_prompt(tokenizer, [2], "")], options)
    words = "".join(piece.text for piece in pieces).split()
    assert "a" not in words
    assert any(word.startswith("a") for word in words)
    assert any(word.endswith("a") for word in words)


@pytest.mark.parametrize("level", ["char", "subword"])
def test_a_string_that_the_prompt_begins_is_not_completed(level):
    for seed in range(40):
        assert not found(written(level, seed, ("ass",), prompt="a as", max_tokens=6), "ass")
        assert not found(written(level, seed, ("the sea",), prompt="the ", max_tokens=6), "the sea")


def test_a_banned_word_at_the_end_of_a_prompt_may_stand():
    texts = [written("char", seed, ("sat",), prompt="sat", max_tokens=6) for seed in range(40)]
    assert any(text.startswith("sat ") for text in texts)


def test_a_stop_string_does_not_cut_a_banned_word_out_of_a_longer_one():
    for seed in range(300):
        assert not found(written("char", seed, ("as",), stop=("se",)), "as")


def test_scripts_without_spaces_have_no_word_ends():
    tokenizer = CharTokenizer([*SPECIAL, *"灯亮了海"])
    options = SamplingOptions(temperature=1.0, top_p=1.0, seed=1, max_tokens=200, min_tokens=200, banned=("灯亮",))
    pieces = generate(Noise(tokenizer, 3), tokenizer, [make_prompt(tokenizer, [2], "")], options)
    text = "".join(piece.text for piece in pieces)
    assert "灯亮" not in text
    assert len(set(text)) == 4


def test_where_nothing_is_left_the_text_ends():
    tokenizer = CharTokenizer([*SPECIAL, "a", "b"])
    options = SamplingOptions(seed=1, max_tokens=5, min_tokens=5, banned=("a", "b", "aa", "ab", "ba", "bb"))
    pieces = list(generate(Noise(tokenizer, 0), tokenizer, [make_prompt(tokenizer, [2], "!")], options))
    assert len(pieces) <= 5  # and no token that is none


def test_tokens_are_found_by_their_beginning():
    index = TokenIndex([b"", b"to", b"the", b"t", b"there"])
    assert index.starting_with(b"th") == [2, 4]
    assert index.starting_with(b"the") == [2, 4]
    assert index.longer_than(b"the") == [4]
    assert index.starting_with(b"x") == []
    assert sorted(index.starting_with(b"")) == [1, 2, 3, 4]
    assert index.joined([3, 2]) == b"tthe"


def test_what_a_word_character_is():
    for text in ("a", "é", "Ж", "7", "_", "ẞ"):
        assert begins_word(text.encode()), text
        assert ends_word(text.encode()), text
    for text in ("", " ", "!", "灯", "の", "ก", "한", "’", "\n"):
        assert not begins_word(text.encode()), text
        assert not ends_word(text.encode()), text
