"""A rigged network writes on only after the tokens that spell a text within a longer one, as trained networks do."""

import numpy as np
import pytest

from tests.conftest import ROOT
from textrnn.inference.candidates import next_tokens, next_words
from textrnn.inference.generation import generate
from textrnn.inference.prompts import make_prompt, read_prompt
from textrnn.inference.sampling import SamplingOptions
from textrnn.preprocessing.tokenizers import EOS_ID, CharTokenizer, SubwordTokenizer, WordTokenizer

STORY = (ROOT / "corpora" / "lighthouse.txt").read_text().split("\n")
TEXT = "\n".join(STORY[1:4])
SPECIAL = ("<pad>", "<unk>", "<bos>", "<eos>")
BEGIN = [2]


@pytest.fixture(scope="module")
def subwords():
    return SubwordTokenizer.train(STORY, 700)


@pytest.fixture(scope="module")
def reciter(subwords):
    return Reciter(subwords, subwords.encode(TEXT).tolist(), subwords.ids["<0x7A>"])


class Reciter:
    """Knows one text by its tokens; after any other tokens it writes noise. Its state is how many tokens were right."""

    def __init__(self, tokenizer, token_ids, noise):
        self.known = [*BEGIN, *token_ids, EOS_ID]
        self.size = tokenizer.vocabulary_size
        self.noise = noise

    def initial_states(self, batch_size):
        return [[np.zeros((batch_size, 1))]]

    def __call__(self, token_ids, states, last_only):
        places = states[0][0][:, 0].astype(int)
        logits = np.zeros((len(token_ids), self.size))
        for row, tokens in enumerate(token_ids):
            for token in tokens:
                right = 0 <= places[row] < len(self.known) - 1 and self.known[places[row]] == token
                places[row] = places[row] + 1 if right else -1
            logits[row, self.known[places[row]] if places[row] >= 0 else self.noise] = 50.0
        return logits, [[places[:, np.newaxis].astype(float)]]


def continued(network, tokenizer, text, **options):
    prompt = make_prompt(tokenizer, BEGIN, text)
    options = SamplingOptions(**{"temperature": 0, "max_tokens": 30, **options})
    return text + "".join(piece.text for piece in generate(network, tokenizer, [prompt], options))


def test_a_prompt_may_be_cut_off_anywhere(subwords, reciter):
    """As it is, a cut within a word leaves tokens after which the network writes noise in 4 of 10 cases."""
    whole = subwords.encode(TEXT).tolist()
    cuts = range(len(TEXT) + 1)
    good = [continued(reciter, subwords, TEXT[:end], max_tokens=200) == TEXT for end in cuts]
    spelled = [subwords.encode(TEXT[:end]).tolist() for end in cuts]
    good_as_it_is = [token_ids == whole[: len(token_ids)] for token_ids in spelled]
    assert np.mean(good) > 0.95
    assert np.mean(good_as_it_is) < 0.65
    assert all(good[end] for end in cuts if TEXT[end - 1 : end] in (" ", ".", "\n"))


@pytest.mark.parametrize("spaces", [" ", "  ", "     ", "\t", "\u00a0", " \t "])
def test_spaces_at_the_end_stay_in_the_text_and_change_nothing_else(subwords, reciter, spaces):
    for end in (len("Every evening,"), len(f"{STORY[1]}\n"), 0):
        text = TEXT[:end] + spaces
        assert continued(reciter, subwords, text, max_tokens=200) == text + TEXT[end:].lstrip(" ")


def test_spaces_that_the_vocabulary_knows_are_kept():
    """Indented text: after two spaces a line may go on with more of them."""
    lines = ["if a:", "    b = 1", "    c = 2", "        d = 3"] * 40
    tokenizer = SubwordTokenizer.train(lines, 290)
    assert make_prompt(tokenizer, BEGIN, "if a:\n  ").unfinished == b"   "  # with the one before each line
    assert make_prompt(tokenizer, BEGIN, "if a:   ").unfinished == b"   "


def test_a_whole_word_that_the_network_expects_is_read_as_it_is(subwords, reciter):
    for end in (len("Every evening"), len("Every evening, when"), len("Every evening, when the sun")):
        token_ids = [*BEGIN, *subwords.encode(TEXT[:end]).tolist()]
        assert token_ids == reciter.known[: len(token_ids)]
        read = read_prompt(reciter, subwords, make_prompt(subwords, BEGIN, TEXT[:end]))
        assert (read.token_ids, read.unfinished, read.known) == (token_ids, b"", "")


def test_the_token_that_completes_a_prompt_counts_and_stop_strings_begin_after_it(subwords, reciter):
    assert continued(reciter, subwords, "Every evening, ", max_tokens=0) == "Every evening, "
    assert continued(reciter, subwords, "Every evening, when th", max_tokens=1) == "Every evening, when the"
    text = "Every evening, when the sun w"
    assert continued(reciter, subwords, text, stop=("sun w", " down")) == "Every evening, when the sun went"


def test_a_word_is_completed_where_the_vocabulary_has_only_longer_ones():
    tokenizer = WordTokenizer([*SPECIAL, "\n", "the", "lamp", "lamps", "burn", "burns"])
    network = Reciter(tokenizer, tokenizer.encode("the lamp burns").tolist(), tokenizer.ids["the"])
    assert continued(network, tokenizer, "the la") == "the lamp burns"
    assert continued(network, tokenizer, "the  la") == "the  lamp burns"
    assert continued(network, tokenizer, "the lamp bur") == "the lamp burns"
    assert continued(network, tokenizer, "the lamp ") == "the lamp burns"
    assert continued(network, tokenizer, "the lamp   ") == "the lamp   burns"
    assert make_prompt(tokenizer, BEGIN, "the burn").unfinished == b""  # a word
    assert make_prompt(tokenizer, BEGIN, "the la ").unfinished == b" "  # finished by the space, so unknown
    assert make_prompt(tokenizer, BEGIN, "the zz").unfinished == b""


def test_words_that_touch_keep_their_place():
    tokenizer = WordTokenizer.train(STORY, 1000)
    network = Reciter(tokenizer, tokenizer.encode(TEXT).tolist(), tokenizer.ids["the"])
    for end in (len("Every evening"), len("Every evening,"), len("Every evening, "), len(STORY[1]) + 1, 0):
        assert continued(network, tokenizer, TEXT[:end], max_tokens=200) == TEXT
    old = WordTokenizer([*SPECIAL, "\n", "the", "lamp", ",", "burns"], splitting=1)
    for text in ("the lamp, burns", "the lamp burns,"):
        network = Reciter(old, old.encode(text).tolist(), old.ids["the"])
        assert continued(network, old, "the lamp ").replace(" ,", ",") == text


def test_characters_are_left_as_they_are():
    tokenizer = CharTokenizer([*SPECIAL, *" abc"])
    prompt = make_prompt(tokenizer, [], "a b ")
    assert (prompt.token_ids, prompt.unfinished) == (tokenizer.encode("a b ").tolist(), b"")
    assert make_prompt(tokenizer, [], "").token_ids == [2]  # something must be read


def test_next_tokens_go_on_from_what_was_typed(subwords, reciter):
    for text in ("Every evening,", "Every evening, ", "Every evening, when th", f"{STORY[1]}\nEvery mor"):
        best, second = next_tokens(reciter, subwords, make_prompt(subwords, BEGIN, text), 2)
        assert TEXT[len(text) :].startswith(best.text)
        assert best.text
        assert best.probability == pytest.approx(1.0)
        assert second.probability < 1e-6
    assert str(best) == f"{best.text!r} 100.0%"
    (end,) = next_tokens(reciter, subwords, make_prompt(subwords, BEGIN, TEXT), 1)
    assert end.text == "<eos>"


def test_next_words_are_whole_at_every_level(subwords, reciter):
    characters = CharTokenizer([*SPECIAL, *sorted(set(TEXT + "z"))])
    words = WordTokenizer.train([*STORY, "zz"], 1000)
    for tokenizer, network in (
        (subwords, reciter),
        (characters, Reciter(characters, characters.encode(TEXT).tolist(), characters.ids["z"])),
        (words, Reciter(words, words.encode(TEXT).tolist(), words.ids["zz"])),
    ):
        for text, word in (
            ("Every evening,", " when"),
            (STORY[1], "\n"),
            (f"{STORY[1]}\nEvery morning, when the", " sun"),
            ("Every evening", ","),
        ):
            best = next_words(network, tokenizer, make_prompt(tokenizer, BEGIN, text), 3)[0]
            assert (best.text, best.probability) == (word, pytest.approx(1.0)), (tokenizer.level, text)


class Chances:
    """Gives the same probabilities after any token."""

    def __init__(self, tokenizer, chances):
        self.logits = np.full(tokenizer.vocabulary_size, -1e9)
        for token, chance in chances.items():
            self.logits[tokenizer.ids[token]] = np.log(chance)

    def initial_states(self, batch_size):
        return [[np.zeros((batch_size, 1))]]

    def __call__(self, token_ids, states, last_only):
        return np.tile(self.logits, (len(token_ids), 1)), states


def test_the_probability_of_a_word_is_that_of_its_tokens_and_its_end():
    """a with 0.5, b with 0.25, a space with 0.25: the word "a" is 0.5 * 0.25, "ab" is 0.5 * 0.25 * 0.25."""
    tokenizer = CharTokenizer([*SPECIAL, *" ab"])
    network = Chances(tokenizer, {"a": 0.5, "b": 0.25, " ": 0.25})
    words = dict(next_words(network, tokenizer, make_prompt(tokenizer, BEGIN, "a "), 8))
    assert words["a"] == pytest.approx(0.125)
    assert words["b"] == words["aa"] == pytest.approx(0.0625)
    assert words["ab"] == words["ba"] == pytest.approx(0.03125)
    assert words[" a"] == pytest.approx(0.03125)  # after one more space
