import dataclasses
import math

import numpy as np
import pytest

from tests.inference.test_beam_search import SOURCES, forced_log_probability, make_network
from textrnn.inference.beam_search import BeamOptions, Hypothesis, beam_search
from textrnn.inference.sampling import SamplingOptions, log_softmax
from textrnn.inference.translation import Translation, forced, sample, translation_of
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, UNK_ID, make_tokenizer


def test_sampling():
    network = make_network(9)
    options = BeamOptions()
    cold = sample([network], SOURCES, SamplingOptions(temperature=0), options)
    best = beam_search([network], SOURCES, BeamOptions(num_beams=1))
    assert [one.token_ids for one in cold] == [hypotheses[0].token_ids for hypotheses in best]
    warm = SamplingOptions(temperature=1.0, top_p=1.0, seed=3)
    drawn = sample([network], SOURCES, warm, options)
    assert [one.token_ids for one in drawn] == [one.token_ids for one in sample([network], SOURCES, warm, options)]
    (alone,) = sample([network], SOURCES[1:2], warm, options)
    assert alone.token_ids == drawn[1].token_ids
    others = sample([network], SOURCES, dataclasses.replace(warm, seed=4), options)
    assert [one.token_ids for one in others] != [one.token_ids for one in drawn]


def test_greedy_sampling_of_an_ensemble_is_its_greedy_search():
    """Two implementations: the beam search averages probabilities too."""
    networks = [make_network(9, seed=seed) for seed in range(3)]
    cold = sample(networks, SOURCES, SamplingOptions(temperature=0), BeamOptions())
    best = [hypotheses[0] for hypotheses in beam_search(networks, SOURCES, BeamOptions(num_beams=1))]
    for drawn, found in zip(cold, best, strict=True):
        assert drawn.token_ids == found.token_ids
        np.testing.assert_allclose(drawn.log_probabilities, found.log_probabilities, atol=1e-6)
        np.testing.assert_allclose(drawn.attention, found.attention, atol=1e-6)


def test_an_ensemble_of_one_network_twice_draws_what_it_draws_alone():
    network, warm = make_network(9), SamplingOptions(temperature=1.0, top_p=1.0, seed=3)
    alone, twice = (sample([network] * number, SOURCES, warm, BeamOptions()) for number in (1, 2))
    assert [one.token_ids for one in alone] == [one.token_ids for one in twice]


def test_a_drawn_token_has_the_average_of_the_probabilities():
    """The first token of the first sentence, step by step."""
    networks = [make_network(9, seed=seed) for seed in range(2)]
    (drawn, *_) = sample(networks, SOURCES, SamplingOptions(temperature=1.0, top_p=1.0, seed=1), BeamOptions())
    first = [*drawn.token_ids, EOS_ID][0]
    probabilities = []
    for network in networks:
        memory, states = network.encode(np.append(SOURCES[0], EOS_ID)[np.newaxis])
        probabilities.append(np.exp(log_softmax(network.step(np.array([[BOS_ID]]), states, memory)[0]))[0, first])
    assert np.exp(drawn.log_probabilities[0]) == pytest.approx(np.mean(probabilities), abs=1e-9)


@pytest.mark.parametrize("num_networks", [1, 2, 3])
def test_a_given_translation_has_the_ensembles_probability(num_networks):
    networks = [make_network(9, seed=seed) for seed in range(num_networks)]
    for source in SOURCES:
        hypothesis = forced(networks, source, np.array([4, 5, 7]))
        assert hypothesis.score == pytest.approx(forced_log_probability(networks, source, [4, 5, 7]), abs=1e-6)
        assert hypothesis.log_probabilities.shape == (4,)
        assert hypothesis.attention.shape == (4, len(source) + 1)
        np.testing.assert_allclose(hypothesis.attention.sum(axis=1), 1, atol=1e-6)


def make_translation(**changes):
    whole = {
        "source": "a b",
        "text": "b a",
        "score": -0.5,
        "log_probability": -0.4,
        "source_tokens": ("a", "b", "<eos>"),
        "tokens": ("b", "a", "<eos>"),
        "probabilities": (0.9, 0.9, 0.8),
        "attention": np.eye(3, dtype=np.float32),
    }
    return Translation(**{**whole, **changes})


def test_translations_can_be_compared_and_collected():
    one, same = make_translation(), make_translation()
    assert one == same
    assert hash(one) == hash(same)
    assert len({one, same}) == 1
    for change in ({"text": "a b"}, {"score": -0.6}, {"attention": np.ones((3, 3)) / 3}, {"attention": np.eye(2)}):
        assert one != make_translation(**change)
    assert one != "b a"
    assert [same] == [one]


def test_a_translation_as_a_dictionary():
    assert make_translation(attention=np.array([[0.123456, 0.876544]])).to_dict() == {
        "text": "b a",
        "score": -0.5,
        "log_probability": -0.4,
        "confidence": pytest.approx(math.exp(-0.4 / 3)),
        "source_tokens": ["a", "b", "<eos>"],
        "tokens": ["b", "a", "<eos>"],
        "probabilities": [0.9, 0.9, 0.8],
        "attention": [[0.1235, 0.8765]],
    }


@pytest.mark.parametrize(("level", "expected"), [("word", "xyz two"), ("char", "yt")])
def test_unknown_tokens_become_what_was_looked_at(level, expected):
    """The first token written is unknown and looks at the second token read: a word, or a character."""
    source, target = (make_tokenizer(level, [text], 100) for text in ("one two", "two"))
    sentence = "one xyz" if level == "word" else "xyz"
    token_ids = [UNK_ID, *target.encode("two")[:1].tolist()]
    attention = np.zeros((3, len(source.encode(sentence)) + 1))
    attention[:, 1] = 1
    found = translation_of(
        sentence, source.encode(sentence), Hypothesis(token_ids, np.zeros(3), 0.0, attention), source, target
    )
    assert found.text == expected
    assert found.tokens[0] == "<unk>"


def test_an_unknown_token_stands_for_an_unknown_one():
    """Most attention is on the full stop, more on "Zoe" than on "Max": the names are unknown, the full stop is not."""
    source, target = (make_tokenizer("word", [text], 100) for text in ("I saw and .", "Vi a y ."))
    sentence = "I saw Zoe and Max."
    ids = source.encode(sentence)
    assert source.unknown_tokens(sentence) == ["Zoe", "Max"]
    token_ids = [*target.encode("Vi a").tolist(), UNK_ID, *target.encode("y").tolist(), UNK_ID]
    attention = np.tile([0.0, 0.0, 0.2, 0.1, 0.1, 0.6, 0.0], (6, 1))
    attention[4, [2, 4]] = 0.1, 0.2
    found = translation_of(sentence, ids, Hypothesis(token_ids, np.zeros(6), 0.0, attention), source, target)
    assert found.text == "Vi a Zoe y Max"
