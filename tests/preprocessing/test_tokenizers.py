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

SPECIAL = b'["<pad>", "<unk>", "<bos>", "<eos>"]'
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
def test_word_round_trip_of_known_words_is_exact(text):
    tokenizer = WordTokenizer.train(text.split("\n"), 100)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_char_round_trip_of_known_characters_is_exact(text):
    tokenizer = CharTokenizer.train(text.split("\n"), 100)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_special_ids_are_the_same_at_every_level(lines, subword):
    for tokenizer in (subword, make_tokenizer("char", lines, 100), make_tokenizer("word", lines, 100)):
        assert [tokenizer.tokens[i] for i in (PAD_ID, UNK_ID, BOS_ID, EOS_ID)] == ["<pad>", "<unk>", "<bos>", "<eos>"]
        assert tokenizer.decode([PAD_ID, BOS_ID, EOS_ID]) == ""


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
    assert loaded.format_version == tokenizer.format_version == (2 if level == "word" else 1)
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
        ({"tokenizer.json": b'{"level": "word", "splitting": 3, "tokens": []}'}, "must start with"),
        ({"tokenizer.json": b'{"level": "word", "splitting": 3, "tokens": %s}' % SPECIAL}, "one of 1, 2. Received: 3"),
        ({"tokenizer.json": b'{"level": "word", "splitting": [], "tokens": %s}' % SPECIAL}, "one of 1, 2"),
        ({"tokenizer.json": b'{"level": "char", "lowercase": "yes", "tokens": %s}' % SPECIAL}, "one of True, False"),
        ({"tokenizer.json": b'{"level": "char", "lowercased": true, "tokens": []}'}, "Did you mean 'lowercase'"),
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


def test_options_that_change_nothing_are_not_written(lines):
    """Files of the first format have no such entries."""
    assert CharTokenizer.train(lines).to_dict().keys() == {"level", "tokens"}
    assert WordTokenizer(["<pad>", "<unk>", "<bos>", "<eos>"], splitting=1).to_dict().keys() == {"level", "tokens"}


@pytest.mark.parametrize("level", ["char", "word", "subword"])
def test_lower_case_is_remembered(level, lines, tmp_path):
    tokenizer = make_tokenizer(level, lines, lowercase=True)
    assert not any(token.isupper() for token in tokenizer.tokens if token[0] != "<")
    np.testing.assert_array_equal(tokenizer.encode("The LAMP"), tokenizer.encode("the lamp"))
    assert tokenizer.decode(tokenizer.encode_lines(["The Lamp\nMarta"])[0]) == "the lamp\nmarta"
    assert tokenizer.unknown_tokens("MARTA") == []
    tokenizer.save(tmp_path)
    loaded = Tokenizer.load(tmp_path)
    assert loaded.lowercase
    assert loaded.format_version == 2
    np.testing.assert_array_equal(loaded.encode("The LAMP"), tokenizer.encode("the lamp"))


@pytest.mark.parametrize("level", ["char", "word", "subword"])
def test_token_texts_stand_beside_the_ids(level, lines):
    tokenizer = make_tokenizer(level, lines)
    texts = tokenizer.token_texts("The lamp, Zoë!")
    assert len(texts) == len(tokenizer.encode("The lamp, Zoë!"))
    assert level == "subword" or "".join(texts).replace(" ", "") == "Thelamp,Zoë!"


@pytest.mark.parametrize("level", ["char", "word"])
def test_an_extended_vocabulary_keeps_its_ids(level, lines):
    tokenizer = make_tokenizer(level, lines)
    more = ["Ζωή είδε τη Ζωή, 5 5"] * 3
    extended = tokenizer.extended(more)
    assert extended.tokens[: tokenizer.vocabulary_size] == tokenizer.tokens
    assert tokenizer.unknown_tokens(more[0]) != extended.unknown_tokens(more[0]) == []
    assert tokenizer.extended(more, max_new=2).tokens == extended.tokens[: tokenizer.vocabulary_size + 2]
    assert tokenizer.extended(lines) is tokenizer
    assert tokenizer.extended([]) is tokenizer


def test_subwords_are_never_extended(subword):
    assert subword.extended(["Ζωή"]) is subword


@pytest.mark.parametrize("level", ["char", "word"])
def test_a_newline_is_counted_truly_and_never_falls_out(level):
    """Three lines end in three newlines, more than any of the four words or letters occurs."""
    assert make_tokenizer(level, ["a", "b b", "c d"], 100).tokens[4] == "\n"
    assert "\n" in make_tokenizer(level, ["aaa aaa aaa bbb"], 5).tokens
