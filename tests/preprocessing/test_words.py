"""Vocabularies of words, and the decoders of both formats."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.tokenize.treebank import TreebankWordDetokenizer

from textrnn.preprocessing.splitting import JOINER
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, PAD_ID, SPECIAL_TOKENS, UNK_ID, load_tokenizer
from textrnn.preprocessing.words import NltkDecoder, WordTokenizer

TWICE = ["The cat saw the cat.", "The dog didn’t.", "The dog didn’t.", "“Run,” said the cat.", "“Run,” said the cat."]


def test_word_tokens_keep_case_and_newlines():
    tokenizer = WordTokenizer.train(["The cat saw the cat."], 100)
    assert tokenizer.tokens[4:] == ["cat", "\n", "The", "saw", "the", "￭."]
    assert tokenizer.decode(tokenizer.encode("The cat saw.\nThe cat.")) == "The cat saw.\nThe cat."
    assert [tokenizer.token_text(index) for index in (8, 9)] == ["the", "."]


def test_word_text_that_spells_a_special_token_is_unknown():
    tokenizer = WordTokenizer([*SPECIAL_TOKENS, "a"])
    assert UNK_ID in tokenizer.encode("a <pad> a")
    assert PAD_ID not in tokenizer.encode("<pad>")
    old = WordTokenizer([*SPECIAL_TOKENS, "a"], splitting=1)
    assert PAD_ID not in old.encode("<pad>")


def test_vocabulary_is_cut_to_the_most_frequent():
    tokenizer = WordTokenizer.train(["b b b a a c"], 6)
    assert tokenizer.tokens[4:] == ["b", "\n"]
    assert tokenizer.unknown_tokens("a c b d") == ["a", "c", "d"]


def test_words_that_occur_once_train_the_unknown_token():
    tokenizer = WordTokenizer.train([*TWICE, "Zoë saw it."])
    assert tokenizer.unknown_tokens("Zoë saw it.") == ["Zoë", "it"]
    assert WordTokenizer.train([*TWICE, "Zoë saw it."], 1000).unknown_tokens("Zoë saw it.") == []


def test_a_list_of_words_that_all_occur_once_keeps_them():
    assert WordTokenizer.train(["Anna", "Bo", "Cleo"]).unknown_tokens("Anna Bo Cleo") == []


@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_known_text_comes_back(ending):
    tokenizer = WordTokenizer.train([*TWICE, "    twice  twice\t."], 1000)
    text = "\n".join([*TWICE, "    twice  twice\t."]) + ending
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_unknown_words_keep_their_spaces():
    tokenizer = WordTokenizer.train(TWICE)
    assert tokenizer.decode(tokenizer.encode("“Zoë didn’t,” said Bo.")) == "“\ufffd didn’t,” said \ufffd."


def test_a_mark_is_known_in_any_position():
    """The vocabulary holds `“` before a word and `,` after one only; a space is less of a loss than the mark."""
    tokenizer = WordTokenizer.train(TWICE)
    assert tokenizer.unknown_tokens("The “ cat , ,the dog” said") == []
    assert tokenizer.unknown_tokens("cat;") == [";"]


def test_a_word_is_known_before_a_full_stop_in_mid_line():
    """There NLTK keeps the two together; the vocabulary holds them apart only, and the text is the same."""
    tokenizer = WordTokenizer.train(TWICE)
    assert tokenizer.token_texts("The dog. The cow.") == ["The", "dog", ".", "The", "cow", "."]
    assert len(tokenizer.encode("The dog. The cow.")) == 6
    assert tokenizer.decode(tokenizer.encode("The dog. The cat.")) == "The dog. The cat."
    assert WordTokenizer.train(["The dog. The"] * 2).token_texts("The dog. The") == ["The", "dog.", "The"]


def test_white_space_that_is_not_known_is_written_shorter_or_left_out():
    known = WordTokenizer([*SPECIAL_TOKENS, "\n", "a", " ", "  "])
    assert known.decode(known.encode("a     a\ta \n")) == "a     a a \n"
    unknown = WordTokenizer([*SPECIAL_TOKENS, "\n", "a"])
    assert unknown.decode(unknown.encode("  a     a\ta\n")) == "a a a\n"
    assert unknown.token_texts("  a     a\ta\n") == ["a", "a", "a", "\n"]


def test_what_is_copied_from_lower_case_text_has_its_case():
    tokenizer = WordTokenizer.train(TWICE, lowercase=True)
    assert tokenizer.token_texts("Zoë didn’t RUN") == ["Zoë", "did", "n’t", "RUN"]
    assert tokenizer.unknown_tokens("Zoë RUN") == ["Zoë"]


def test_special_ids_have_no_text_and_change_no_space():
    tokenizer = WordTokenizer.train(["a b ."], 100)
    first, second = tokenizer.encode("a b")
    assert tokenizer.decode([BOS_ID, first, PAD_ID, second, EOS_ID]) == "a b"


@settings(max_examples=100)
@given(st.text(st.sampled_from("ab'’\"“” .,-\n\t" + JOINER), max_size=60))
def test_any_text_comes_back_if_its_words_are_known(text):
    tokenizer = WordTokenizer.train(text.split("\n"), 1000)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("splitting", [1, 2])
def test_decoding_takes_constant_time_per_token(splitting, monkeypatch):
    """No call of NLTK's joins more than the last words; the new decoder calls nothing."""
    text = "the keeper , who ca n't sing , said `` no '' to ( all ) . " * 20
    tokenizer = WordTokenizer([*SPECIAL_TOKENS, *dict.fromkeys(text.split())], splitting=splitting)
    token_ids = [tokenizer.ids[word] for word in text.split()]
    decoder = tokenizer.decoder()
    lengths = []
    if splitting == 1:
        detokenize = decoder.detokenize
        monkeypatch.setattr(decoder, "detokenize", lambda words: lengths.append(len(words)) or detokenize(words))
    else:
        assert vars(decoder).keys() == {"tokens", "touches_next"}
    streamed = "".join([decoder.feed(token) for token in token_ids]) + decoder.finish()
    assert streamed == tokenizer.decode(token_ids)
    assert max(lengths, default=0) <= NltkDecoder.MAX_WORDS + 1
    assert len(lengths) <= 3 * len(token_ids)


OLD_WORDS = """the a cat I 's n't 'll ' '' `` -- - . .. ... , : ; ! ? ( ) [ ] { } < > # $ % & * @ ca can not gon na
't is wan " \ufffd d 'ye"""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(OLD_WORDS.split()), max_size=150), st.sampled_from([16, 64]))
def test_the_old_decoder_writes_what_nltk_writes_for_the_whole_line(words, max_words):
    tokenizer = WordTokenizer([*SPECIAL_TOKENS, *dict.fromkeys(words)], splitting=1)
    decoder = tokenizer.decoder()
    decoder.MAX_WORDS = max_words
    text = "".join([decoder.feed(tokenizer.ids[word]) for word in words]) + decoder.finish()
    assert text == whole_line(words)


def whole_line(words):
    """The decoder of the first format: it gives out what two readings of the line agree on, one word apart."""
    detokenize = TreebankWordDetokenizer().detokenize
    given, text = "", ""
    for number in range(1, len(words) + 1):
        before, now = detokenize(words[: number - 1]), detokenize(words[:number])
        certain = before if now.startswith(before) else given
        if certain.startswith(given):
            text, given = text + certain[len(given) :], certain
    whole = detokenize(words)
    return text + whole[len(given) :] if whole.startswith(given) else text


def test_a_tokenizer_without_the_record_is_of_the_first_format():
    content = {"level": "word", "tokens": [*SPECIAL_TOKENS, "do", "n't", "\n", ".", "``", "''"]}
    tokenizer = load_tokenizer({"tokenizer.json": json.dumps(content).encode()})
    assert tokenizer.format_version == 1
    token_ids = tokenizer.encode('"don\'t  do ."\n')
    assert [tokenizer.tokens[token] for token in token_ids] == ["``", "do", "n't", "do", ".", "''", "\n"]
    assert tokenizer.decode(token_ids) == '"don\'t do."\n'
    assert tokenizer.extended(["Zoë Zoë"]).format_version == 1
