"""Word splitting: the same words as NLTK's on ordinary text, and text that comes back."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.tokenize import NLTKWordTokenizer

from textrnn.preprocessing.splitting import JOINER, MAX_SPACES, Chunks, joins, split, surface
from textrnn.preprocessing.words import WordTokenizer

SENTENCES = [
    "The keeper's lamp, which hadn't been lit since 1,847, went out at 12:30.",
    'She said, "I can\'t go; it\'s too late," and he said "No."',
    "'You'll have to,' he answered. 'They've gone.'",
    "'Tis the sailors' song -- the old one -- that we'd sing (or so I'm told)!",
    "Mr. Brown paid $5.50, i.e. 3.3% more; AT&T's offer was lower...",
    "You cannot wanna go? Gimme that, lemme see: gonna be fine.",
    "It's a well-known, half-forgotten rock 'n' roll tune [see p. 7].",
    "I'd've come, but couldn't; D'ye mind? More'n once!",
    "He read (and reread) the U.S.A. report.",
    'The man with the "young man\'s" hat said "Hm." )',
    "One—two – three―four: the dashes.",
    "“Yes,” she wrote; ‘no’ he read «maybe».",
    "A {curly} <b>tag</b> costs 10%* at 5:x, 1:2,3:x.",
    "`Well,' said he, ``fine''.",
    "He ate 'em, the poor ol' cats'-eyes.",
    "end.)'",
    "end. )",
    ".",
    "...",
]
EXACT = {
    "It’s late—don’t": ["It", "’s", "late", "—", "do", "n’t"],
    "‘Tomorrow’ is the dogs’ day": ["‘", "Tomorrow", "’", "is", "the", "dogs", "’", "day"],
    "Wait…what": ["Wait", "…", "what"],
    "see http://a.example/b?c=d&e=f#g, or www.example.org.": (
        ["see", "http://a.example/b?c=d&e=f#g", ",", "or", "www.example.org", "."]
    ),
    "(https://example.org/x)": ["(", "https://example.org/x", ")"],
    "mail anna.b+c@mail.example.org!": ["mail", "anna.b+c@mail.example.org", "!"],
    "@anna @bo@social.example #spring C# #5": (["@anna", "@bo@social.example", "#spring", "C", "#", "#", "5"]),
    "fine :-) sad :( ha :D love <3, ok ;)": (["fine", ":-)", "sad", ":(", "ha", ":D", "love", "<3", ",", "ok", ";)"]),
    "(see 8) and (it follows:)": ["(", "see", "8", ")", "and", "(", "it", "follows", ":", ")"],
    "ha😂😂 👩‍🚀 👍🏽 🇫🇷🇪🇸 ❤️": ["ha", "😂", "😂", "👩‍🚀", "👍🏽", "🇫🇷", "🇪🇸", "❤️"],
    "a != b; p->q == r <= s && t || u": (
        ["a", "!=", "b", ";", "p", "->", "q", "==", "r", "<=", "s", "&&", "t", "||", "u"]
    ),
    "1,000,000.50 12:30 3/4 2024-05-06 -7": ["1,000,000.50", "12:30", "3/4", "2024-05-06", "-7"],
    "¿Qué? ¡No!": ["¿", "Qué", "?", "¡", "No", "!"],
    "C++ ==== and/or": ["C++", "====", "and/or"],
}
ROUND_TRIPS = [
    *SENTENCES,
    *EXACT,
    "",
    "\n",
    " \n ",
    "a\n\n b \n",
    "def f(x):\n    if x != 3:\n\treturn [x[0], {'a': \"b\"}]  # no\n",
    "a  b   c" + " " * 40 + "d",
    "  both ends  ",
    "x\u00a0y \u00a0 z\u3000w\u200bv\r",
    'a"b "c" "d', "'", '"', "''", "``x''", "it's 'quoted'",
    "&nbsp; <br/> &lt;b&gt; <|begin|>",
    "|:GAB c2d|edc B2A:|",
    f"a {JOINER} b{JOINER}{JOINER} {JOINER}\t{JOINER}",
    "مرحبا بالعالم، كيف حالك؟",
    "नमस्ते दुनिया। आप कैसे हैं?",
    "你好，世界。",
    "\u2028\x85\x0b\x1c",
]  # fmt: skip


def text_of(tokens):
    """The rule in its simplest form: a space between two tokens unless a mark or white space stands there."""
    text, touching = "", True
    for token in tokens:
        left, right = (True, True) if token.isspace() else joins(token)
        text += surface(token) if touching or left else " " + surface(token)
        touching = right
    return text


def plain(tokens):
    return ['"' if token in ("``", "''") else token for token in tokens]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_words_are_those_of_nltk(sentence):
    assert plain(WordTokenizer.split(sentence)) == plain(NLTKWordTokenizer().tokenize(sentence))


WORDS = """the a keeper's can't cannot I'd dogs' 'em 'tis o'clock wanna more'n U.S. well-known Mr. 1,000 3.5 $5 50%
etc. says: yes, no; what? (or so) [7] --"""


@given(st.lists(st.sampled_from(WORDS.split()), max_size=12), st.sampled_from(["", ".", "!", '."', ".)", "...", ".'"]))
def test_words_are_those_of_nltk_in_any_order(words, end):
    sentence = " ".join(words) + end
    assert plain(WordTokenizer.split(sentence)) == plain(NLTKWordTokenizer().tokenize(sentence))


@pytest.mark.parametrize("text", EXACT)
def test_what_nltk_would_tear_apart_is_whole(text):
    assert WordTokenizer.split(text) == EXACT[text]


def test_the_punctuation_mark_carries_the_joiner():
    """Words keep one form, whatever stands beside them; `"` has an opening form and a closing one."""
    assert split('"Well," (she) said; "it\'s—no."') == (
        ['"￭', "Well", "￭,", '￭"', "(￭", "she", "￭)", "said", "￭;", '"￭', "it", "￭'s", "￭—￭", "no", "￭.", '￭"']
    )


def test_white_space_beyond_one_space_is_a_token():
    assert split("  a  b\tc d ") == ["  ", "a", "  ", "b", "\t", "c", "d", " "]
    assert split(" " * (MAX_SPACES + 2) + "a") == [" " * MAX_SPACES, "  ", "a"]


@pytest.mark.parametrize("text", ROUND_TRIPS)
def test_text_comes_back(text):
    assert text_of(split(text)) == text


PARTS = st.sampled_from(
    [*"\"'`´“”‘’—-–.,;:!?()[]{}<>@#$%&*+=/|~^_… \t\n" + JOINER, "a", "Don't", "x1", "  ", JOINER, "😂", "->"]
)


@settings(max_examples=500)
@given(st.lists(PARTS, max_size=30).map("".join))
def test_any_mixture_comes_back(text):
    assert text_of(split(text)) == text


@settings(max_examples=300)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_comes_back(text):
    assert text_of(split(text)) == text


def test_lines_without_spaces_take_no_more_than_linear_time():
    """Each piece is an attack on one of the patterns: a quadratic one would take minutes."""
    start = time.process_time()
    for piece in ("a.", ".'", "a@", "=oo", ":oo*", "''", "www.", "a://", "a-", "\u200d😂", "…:", "d'y"):
        text = piece * 10_000
        assert text_of(split(text)) == text
    assert time.process_time() - start < 30


def test_the_memory_of_chunks_is_bounded(monkeypatch):
    monkeypatch.setattr(Chunks, "MAX_CHUNKS", 10)
    chunks = Chunks(ends_line=False)
    assert [chunks[f"w{number},"] for number in range(100)] == [(f"w{number}", "￭,") for number in range(100)]
    assert len(chunks) <= 10
