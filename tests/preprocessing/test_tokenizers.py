import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn import TextrnnError
from textrnn.preprocessing.tokenizers import (
    BOS_ID,
    EOS_ID,
    PAD_ID,
    UNK_ID,
    CharTokenizer,
    SubwordTokenizer,
    Tokenizer,
    WordTokenizer,
    load_tokenizer,
    make_tokenizer,
)

TEXTS = [
    "",
    "a",
    "\n",
    "\n\n a",
    "The lamp went out.\nIt was dark.",
    "  two  spaces\tand a tab ",
    "日本語 \U0001f600 e\u0301",
    "\u2581 the \u2581\u2581 mark\u2581",
    "<pad> <0x41> <newline>",
    "\u2028\x85\x0b",
]


@pytest.fixture(scope="module")
def lines() -> list[str]:
    import pathlib

    text = (pathlib.Path(__file__).parents[2] / "corpora" / "lighthouse.txt").read_text(encoding="utf-8")
    return text.split("\n")


@pytest.fixture(scope="module")
def subword(lines) -> SubwordTokenizer:
    return make_tokenizer("subword", lines, 400)


@pytest.mark.parametrize("text", TEXTS)
def test_subword_round_trip_is_exact(subword, text):
    assert subword.decode(subword.encode(text)) == text


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_subword_round_trip_of_any_text(subword, text):
    assert subword.decode(subword.encode(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_char_round_trip_of_known_characters_is_exact(text):
    tokenizer = CharTokenizer.train(text.split("\n"), 100)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_special_ids_are_the_same_at_every_level(lines, subword):
    for tokenizer in (subword, make_tokenizer("char", lines, 100), make_tokenizer("word", lines, 100)):
        assert [tokenizer.tokens[i] for i in (PAD_ID, UNK_ID, BOS_ID, EOS_ID)] == ["<pad>", "<unk>", "<bos>", "<eos>"]
        assert tokenizer.decode([PAD_ID, BOS_ID, EOS_ID]) == ""


def test_char_ids_are_ordered_by_frequency_then_code_point():
    """ "aab": a twice, then b and the newline once each; the newline has the smaller code point."""
    tokenizer = CharTokenizer.train(["aab"], 100)
    assert tokenizer.tokens[4:] == ["a", "\n", "b"]
    assert tokenizer.encode("ab\nz").tolist() == [4, 6, 5, UNK_ID]
    assert tokenizer.unknown_tokens("zazy") == ["z", "y"]
    assert tokenizer.decode([4, UNK_ID]) == "a\ufffd"


def test_word_tokens_keep_case_and_newlines():
    tokenizer = WordTokenizer.train(["The cat saw the cat."], 100)
    assert tokenizer.tokens[4:] == ["cat", "\n", ".", "The", "saw", "the"]
    assert tokenizer.decode(tokenizer.encode("The cat saw.\nThe cat.")) == "The cat saw.\nThe cat."


def test_word_text_that_spells_a_special_token_is_unknown():
    tokenizer = WordTokenizer(["<pad>", "<unk>", "<bos>", "<eos>", "a"])
    assert UNK_ID in tokenizer.encode("a <pad> a")
    assert PAD_ID not in tokenizer.encode("<pad>")


def test_vocabulary_is_cut_to_the_most_frequent():
    tokenizer = WordTokenizer.train(["b b b a a c"], 6)
    assert tokenizer.tokens[4:] == ["b", "a"]
    assert tokenizer.unknown_tokens("a c b d") == ["c", "d"]


@pytest.mark.parametrize("level", ["char", "word", "subword"])
def test_streamed_text_equals_text_decoded_at_once(level, lines):
    tokenizer = make_tokenizer(level, lines, 500)
    ids = tokenizer.encode("\n".join(lines[:12]))
    decoder = tokenizer.decoder()
    streamed = "".join([decoder.feed(int(token)) for token in ids]) + decoder.finish()
    assert streamed == tokenizer.decode(ids)
    assert "Marta" in streamed


@pytest.mark.parametrize("level", ["char", "word", "subword"])
def test_skipping_a_prompt_leaves_only_what_follows(level, lines):
    tokenizer = make_tokenizer(level, lines, 500)
    decoder = tokenizer.decoder()
    prompt, whole = tokenizer.encode("The lamp").tolist(), tokenizer.encode("The lamp was dark").tolist()
    assert whole[: len(prompt)] == prompt
    decoder.skip(prompt)
    rest = "".join(decoder.feed(token) for token in whole[len(prompt) :]) + decoder.finish()
    assert "The lamp" + rest == "The lamp was dark"


@pytest.mark.parametrize("level", ["char", "word", "subword"])
def test_saved_and_loaded_tokenizers_are_equal(level, lines, tmp_path):
    tokenizer = make_tokenizer(level, lines, 400)
    tokenizer.save(tmp_path)
    loaded = Tokenizer.load(tmp_path)
    assert loaded.tokens == tokenizer.tokens
    np.testing.assert_array_equal(loaded.encode(lines[0]), tokenizer.encode(lines[0]))


def test_training_twice_gives_the_same_vocabulary(lines, subword):
    assert make_tokenizer("subword", lines, 400).model == subword.model


def test_encode_lines_equals_encoding_one_by_one(subword, lines):
    together = subword.encode_lines([*lines[:5], "mark \u2581", "a\nb"])
    for text, ids in zip([*lines[:5], "mark \u2581", "a\nb"], together, strict=True):
        np.testing.assert_array_equal(ids, subword.encode(text))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "tokenizer.json is missing"),
        ({"tokenizer.json": b"{"}, "not JSON"),
        ({"tokenizer.json": b"[]"}, "one object"),
        ({"tokenizer.json": b'{"level": "chars"}'}, "Did you mean 'char'"),
        ({"tokenizer.json": b'{"level": "char", "tokens": [1]}'}, "list of strings"),
        ({"tokenizer.json": b'{"level": "char", "tokens": ["a"]}'}, "must start with"),
        ({"tokenizer.json": b'{"level": "subword"}'}, "tokenizer.model is missing"),
        ({"tokenizer.json": b'{"level": "subword"}', "tokenizer.model": b"xx"}, "cannot be read"),
    ],
)
def test_damaged_files_are_refused(files, message):
    with pytest.raises(TextrnnError, match=message):
        load_tokenizer(files)


def test_a_token_twice_is_refused():
    content = {"level": "word", "tokens": ["<pad>", "<unk>", "<bos>", "<eos>", "a", "a"]}
    with pytest.raises(TextrnnError, match="twice"):
        load_tokenizer({"tokenizer.json": json.dumps(content).encode()})


@pytest.mark.parametrize(
    ("level", "size", "message"),
    [("words", 100, "Did you mean 'word'"), ("char", 4, "at least 5"), ("subword", 100, "at least 262")],
)
def test_impossible_vocabularies_are_refused(level, size, message):
    with pytest.raises(TextrnnError, match=message):
        make_tokenizer(level, ["some text"], size)
