"""Texts ranked with a language model are compared with all texts, each scored by reading it from beginning to end."""

import itertools
import math

import numpy as np
import pytest

from tests.conftest import random_weights
from textrnn import LanguageModel, TextrnnError
from textrnn.config import NetworkConfig
from textrnn.inference import ctc
from textrnn.inference.fusion import symbol_model
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.sampling import log_softmax
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, UNK_ID, make_tokenizer

SYMBOLS = ["", " ", "a", "b"]


def random_network(tokenizer, **options):
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, units=(6, 5), embedding_dim=4, **options)
    return RecurrentNetwork(config, random_weights(config, scale=0.9))


def random_frames(num_frames=4, seed=0):
    logits = np.random.default_rng(seed).normal(0, 1, (num_frames, len(SYMBOLS)))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def read_at_once(network, token_ids):
    """The log-probabilities of what follows each token, shape `(tokens, vocabulary)`."""
    logits, _ = network(np.array([token_ids]), network.initial_states(1))
    return log_softmax(logits[0])


def doubled(text):
    """The log-probability of spaces that nothing stands between, or before: none, as far as that counts."""
    return sum(not word for word in text.split(" ")[:-1]) * math.log(1e-30)


def assert_ranking(network, tokenizer, score_of):
    """Compares what a search finds with what all texts have by sound and by a function of their own."""
    frames, weight = random_frames(), 0.6
    model = symbol_model(network, tokenizer, SYMBOLS)
    found = ctc.beam_search(
        frames, num_beams=1000, min_probability=0, language_model=model, language_model_weight=weight
    )
    texts = {
        text: ctc.log_likelihood(frames, text) + weight * score_of("".join(SYMBOLS[symbol] for symbol in text))
        for length in range(5)
        for text in itertools.product([1, 2, 3], repeat=length)
    }
    texts = {text: score for text, score in texts.items() if score > -math.inf}
    assert [one.symbols for one in found] == sorted(texts, key=texts.get, reverse=True)
    np.testing.assert_allclose([one.score for one in found], [texts[one.symbols] for one in found], atol=1e-5)


@pytest.mark.parametrize("documents", ["line", None])
def test_a_model_of_characters_says_what_it_would_of_the_whole_text(documents):
    """Of its tokens only the space, a with A, b with B, and the end can be written: newline or eos."""
    tokenizer = make_tokenizer("char", ["a Bab? b A"])
    network = random_network(tokenizer, documents=documents)
    end = tokenizer.ids["\n"] if documents is None else EOS_ID
    groups = [[tokenizer.ids[one] for one in forms] for forms in (" ", "aA", "bB")] + [[end]]

    def score_of(text):
        token_ids = [end if documents is None else BOS_ID, *tokenizer.encode(text)]
        shares = np.array([[np.exp(row[group]).sum() for group in groups] for row in read_at_once(network, token_ids)])
        logs = np.log(shares / shares.sum(axis=1, keepdims=True))
        return sum(row[" ab".find(following)] for row, following in zip(logs, [*text, "end"], strict=True))

    assert_ranking(network, tokenizer, score_of)


def test_a_character_that_the_model_does_not_know_is_an_unknown_one():
    tokenizer = make_tokenizer("char", ["a a"])
    network = random_network(tokenizer, documents="line")
    groups = [tokenizer.ids[" "], tokenizer.ids["a"], UNK_ID, EOS_ID]

    def score_of(text):
        logs = read_at_once(network, [BOS_ID, *tokenizer.encode(text)])[:, groups]
        logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
        return sum(row[" ab".find(following)] for row, following in zip(logs, [*text, "end"], strict=True))

    assert_ranking(network, tokenizer, score_of)


@pytest.mark.parametrize("documents", ["line", None])
def test_a_model_of_words_says_what_it_would_of_the_whole_text(documents):
    """An unknown word has the probability of one, and each of its letters, the end too, one of 4."""
    tokenizer = make_tokenizer("word", ["a b ab ba"] * 2, lowercase=True)
    network = random_network(tokenizer, documents=documents)
    end = tokenizer.ids["\n"] if documents is None else EOS_ID

    def score_of(text):
        words = [tokenizer.ids.get(word, UNK_ID) for word in text.split()]
        logs = read_at_once(network, [end if documents is None else BOS_ID, *words])
        letters = sum(len(word) + 1 for word in text.split() if word not in tokenizer.ids)
        # A space at the end changes nothing: the word before it counts, and then the end.
        return (
            sum(row[token] for row, token in zip(logs, [*words, end], strict=True))
            - letters * math.log(4)
            + doubled(text)
        )

    assert_ranking(network, tokenizer, score_of)


def test_a_word_is_read_with_a_capital_where_that_is_likelier():
    tokenizer = make_tokenizer("word", ["A b Ab ba"] * 2)
    network = random_network(tokenizer, documents="line")

    def score_of(text):
        token_ids, total = [BOS_ID], 0.0
        for word in text.split():
            row = read_at_once(network, token_ids)[-1]
            ids = [tokenizer.ids.get(form, UNK_ID) for form in (word, word.capitalize())]
            scores = [row[one] - (len(word) + 1) * math.log(4) * (one == UNK_ID) for one in ids]
            token_ids.append(ids[int(np.argmax(scores))])
            total += max(scores)
        return total + read_at_once(network, token_ids)[-1][EOS_ID] + doubled(text)

    assert_ranking(network, tokenizer, score_of)


def test_a_model_without_ends_says_nothing_of_them():
    tokenizer = make_tokenizer("char", ["a ab"])
    model = symbol_model(random_network(tokenizer, form="lines"), tokenizer, SYMBOLS)
    _, states = model.begin()
    assert model.ending(states).tolist() == [0.0]
    assert model.ending(model(np.array([2]), states)[1]).tolist() == [0.0]


@pytest.mark.parametrize(("said", "place"), [("she looked out at the sea", 24), ("i did not see him", 12)])
def test_english_knows_which_word_was_said(said, place):
    """At one place a and e sound alike: without a language model there is nothing to choose by."""
    symbols = ["", *" abcdefghijklmnopqrstuvwxyz"]
    shares = np.full((2 * len(said), len(symbols)), 0.001)
    shares[np.arange(0, len(shares), 2), [symbols.index(letter) for letter in said]] = 1.0
    shares[1::2, 0] = 1.0
    shares[2 * place, [symbols.index("a"), symbols.index("e")]] = 0.5
    frames = np.log(shares / shares.sum(axis=1, keepdims=True))
    english = LanguageModel.load("english")
    model = symbol_model(english.network, english.tokenizer, symbols)
    alone = [one.score for one in ctc.beam_search(frames)[:2]]
    assert alone[0] == pytest.approx(alone[1], abs=0.01)
    found = ctc.beam_search(frames, language_model=model)
    assert "".join(symbols[symbol] for symbol in found[0].symbols) == said
    assert found[0].score > found[1].score + 1


@pytest.mark.parametrize("weight", [0.3, 0.7])
def test_words_are_found_in_noise(weight):
    """The beginnings of words count before they are whole; else texts that leave words unfinished would win."""
    symbols, said = ["", *" abcdefghijklmnopqrstuvwxyz"], "the lighthouse keeper looked out at the sea"
    peaks = np.arange(2, 3 * len(said), 3)
    logits = np.random.default_rng(1).normal(0, 1.5, (3 * len(said), len(symbols)))
    logits[:, 0] += 7
    logits[peaks, 0] -= 7
    logits[peaks, [symbols.index(letter) for letter in said]] += 5
    frames = log_softmax(logits)
    english = LanguageModel.load("english")
    model = symbol_model(english.network, english.tokenizer, symbols)
    found = ctc.beam_search(frames, language_model=model, language_model_weight=weight)
    alone, best = ("".join(symbols[one] for one in found.symbols) for found in (ctc.greedy(frames), found[0]))
    assert alone == "the lighthsousewkgrper loooed yux atf the sea"
    assert best == said


def test_models_that_cannot_say_what_comes_next():
    tokenizer = make_tokenizer("word", ["a b"] * 2)
    both_ways = random_network(tokenizer, form="ngrams", bidirectional=True)
    with pytest.raises(TextrnnError, match="A bidirectional language model cannot say what comes next"):
        symbol_model(both_ways, tokenizer, SYMBOLS)
    tokenizer = make_tokenizer("char", ["灯塔今天亮了"])
    with pytest.raises(TextrnnError, match="knows none of the recogniser's characters"):
        symbol_model(random_network(tokenizer), tokenizer, SYMBOLS)
