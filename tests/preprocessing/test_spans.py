import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.preprocessing.spans import token_ends
from textrnn.preprocessing.tokenizers import LEVELS, UNK_ID, SubwordTokenizer, WordTokenizer, make_tokenizer

LINES = [
    'He said, "I will not go; the lamp was lit twice."',
    "A boat came home in the dark.",
    "",
    "(Nobody saw it.)",
] * 9
TOKENIZERS = {level: make_tokenizer(level, LINES, {"subword": 330}.get(level)) for level in LEVELS}


def parts(tokenizer, text):
    ends = token_ends(tokenizer, text).tolist()
    return [text[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def test_words_take_the_gap_before_them():
    assert parts(TOKENIZERS["word"], 'He  said: "go"\n\n now') == [
        "He", "  said", ":", ' "', "go", '"', "\n", "\n", " now"
    ]  # fmt: skip


def test_subwords_have_a_space_before_each_line_that_the_text_has_not():
    tokenizer = TOKENIZERS["subword"]
    text = "A boat\n\nA boat"
    found = parts(tokenizer, text)
    assert "".join(found) == text
    spelled = [tokenizer.token_bytes[token_id].decode() for token_id in tokenizer.encode(text).tolist()]
    first, *others = spelled[: spelled.index("\n")]
    assert found[: len(others) + 1] == [first.removeprefix(" "), *others]


def test_a_character_of_several_tokens_belongs_to_the_last_of_them():
    """U+1F600 is four bytes, and one token each."""
    found = parts(TOKENIZERS["subword"], "boat \U0001f600")
    assert found[-4:] == ["", "", "", "\U0001f600"]


def test_old_words_have_quotation_marks_of_their_own():
    """NLTK writes `` and '' for marks; they end nowhere, and what follows is found again."""
    tokenizer = WordTokenizer(["<pad>", "<unk>", "<bos>", "<eos>", "\n", "go"], splitting=1)
    assert parts(tokenizer, 'he said "go" now') == ["he", " said", "", ' "go', "", '" now']


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=list(TOKENIZERS))
@given(text=st.text(alphabet=st.sampled_from("He said\n\"lamp. éß😀中\t(▁'")))
def test_ends_rise_to_the_end_of_any_text(tokenizer, text):
    ends = token_ends(tokenizer, text).tolist()
    token_ids = tokenizer.encode(text)
    assert len(ends) == len(token_ids)
    assert ends == sorted(ends)
    if not isinstance(tokenizer, WordTokenizer) and ends:
        assert ends[-1] == len(text)
    if isinstance(tokenizer, SubwordTokenizer):
        assert UNK_ID not in token_ids


def test_without_text_there_are_no_ends():
    assert [token_ends(tokenizer, "").tolist() for tokenizer in TOKENIZERS.values()] == [[], [], []]
