import itertools
import math

import numpy as np
import pytest

from tests.conftest import random_weights
from textrnn import TextrnnError
from textrnn.config import TranslatorConfig
from textrnn.inference import beam_search as module
from textrnn.inference.beam_search import BeamOptions, beam_search, length_limit, ranking_score
from textrnn.inference.sampling import log_softmax
from textrnn.inference.translator import EncoderDecoder
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID

SOURCES = [np.array([5, 6]), np.array([7, 8, 9, 10]), np.array([4])]


def make_network(target_vocabulary_size=7, seed=0, **options):
    config = TranslatorConfig(
        source_vocabulary_size=12,
        target_vocabulary_size=target_vocabulary_size,
        encoder_units=(4,),
        decoder_units=(6, 5),
        embedding_dim=5,
        **options,
    )
    return EncoderDecoder(config, random_weights(config, seed, 0.8))


def forced_log_probability(networks, source, tokens):
    """The log-probability of a whole translation, the ensemble's probabilities averaged at each step."""
    steps = []
    for network in networks:
        memory, states = network.encode(np.append(source, EOS_ID)[np.newaxis])
        logits, _, _ = network.decode(np.array([[BOS_ID, *tokens]]), states, memory)
        steps.append(np.exp(log_softmax(logits[0])))
    averaged = np.log(np.mean(steps, axis=0))
    return sum(averaged[time, token] for time, token in enumerate([*tokens, EOS_ID]))


@pytest.fixture
def short_translations(monkeypatch):
    """At most 4 tokens, the end included, so that all translations can be written down."""
    monkeypatch.setattr(module, "length_limit", lambda length, ratio: 4)
    return [tokens for length in range(4) for tokens in itertools.product([4, 5, 6], repeat=length)]


@pytest.mark.parametrize("num_networks", [1, 2])
@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_with_enough_beams_it_finds_the_true_best(short_translations, num_networks, penalty):
    """3 words and at most 3 of them: 1 + 3 + 9 + 27 = 40 translations, scored one by one."""
    networks = [make_network(seed=seed) for seed in range(num_networks)]
    options = BeamOptions(num_beams=40, num_best=40, length_penalty=penalty)
    for source, found in zip(SOURCES, beam_search(networks, SOURCES, options), strict=True):
        expected = sorted(
            (
                (
                    ranking_score(forced_log_probability(networks, source, tokens), len(tokens) + 1, None, options),
                    tokens,
                )
                for tokens in short_translations
            ),
            reverse=True,
        )
        assert [tuple(hypothesis.token_ids) for hypothesis in found] == [tokens for _, tokens in expected]
        np.testing.assert_allclose([one.score for one in found], [score for score, _ in expected], atol=1e-5)


def test_one_best_is_the_first_of_many(short_translations):
    """Stopping early, once no beam can win any more, loses nothing."""
    network = make_network()
    many = beam_search([network], SOURCES, BeamOptions(num_beams=40, num_best=40))
    one = beam_search([network], SOURCES, BeamOptions(num_beams=40, num_best=1))
    assert [hypotheses[0].token_ids for hypotheses in many] == [hypotheses[0].token_ids for hypotheses in one]


def greedy(network, source, limit):
    memory, states = network.encode(np.append(source, EOS_ID)[np.newaxis])
    tokens = [BOS_ID]
    while tokens[-1] != EOS_ID and len(tokens) < limit:
        logits, states, _ = network.step(np.array([tokens[-1:]]), states, memory)
        scores = logits[0].copy()
        scores[[0, 1, 2]] = -np.inf
        tokens.append(int(scores.argmax()))
    return tokens[1:-1] if tokens[-1] == EOS_ID else tokens[1:]


@pytest.mark.parametrize("cell", ["simple_rnn", "gru", "lstm"])
@pytest.mark.parametrize("attention", ["general", "additive"])
def test_one_beam_is_greedy_search(cell, attention):
    network = make_network(30, cell=cell, attention=attention)
    found = beam_search([network], SOURCES, BeamOptions(num_beams=1))
    for source, (hypothesis,) in zip(SOURCES, found, strict=True):
        assert hypothesis.token_ids == greedy(network, source, length_limit(len(source), 2.0))


@pytest.mark.parametrize("num_beams", [1, 4])
def test_a_sentence_is_translated_alike_alone_and_in_a_batch(num_beams):
    network = make_network(30)
    options = BeamOptions(num_beams=num_beams, num_best=num_beams, coverage_penalty=0.2)
    together = beam_search([network], SOURCES, options)
    for source, expected in zip(SOURCES, together, strict=True):
        (found,) = beam_search([network], [source], options)
        assert [one.token_ids for one in found] == [one.token_ids for one in expected]
        for one, other in zip(found, expected, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-5)
            np.testing.assert_allclose(one.attention, other.attention, atol=1e-5)
            assert one.attention.shape == (len(one.token_ids) + 1, len(source) + 1)


def test_log_probabilities_are_those_of_the_network():
    network = make_network(30)
    for source, hypotheses in zip(SOURCES, beam_search([network], SOURCES, BeamOptions(num_best=3)), strict=True):
        for one in hypotheses:
            if len(one.token_ids) + 1 < length_limit(len(source), 2.0):
                expected = forced_log_probability([network], source, one.token_ids)
                assert one.log_probabilities.sum() == pytest.approx(expected, abs=1e-4)


def test_an_ensemble_of_equal_networks_is_the_network():
    network = make_network(30)
    one = beam_search([network], SOURCES, BeamOptions())
    two = beam_search([network, network], SOURCES, BeamOptions())
    assert [hypotheses[0].token_ids for hypotheses in one] == [hypotheses[0].token_ids for hypotheses in two]


def test_no_ngram_comes_twice():
    network = make_network(9)
    network.weights["output/bias"][EOS_ID] = -9.0  # long translations, which would go round in circles
    (repeating, *_) = beam_search([network], SOURCES, BeamOptions(num_beams=2))[1]
    (free, *_) = beam_search([network], SOURCES, BeamOptions(num_beams=2, no_repeat_ngram_size=2))[1]

    def bigrams(hypothesis):
        return list(itertools.pairwise(hypothesis.token_ids))

    assert len(set(bigrams(repeating))) < len(bigrams(repeating))
    assert len(set(bigrams(free))) == len(bigrams(free)) > 5


def test_the_limit_ends_a_translation():
    network = make_network(9)
    network.weights["output/bias"][EOS_ID] = -99.0
    for num_beams in (1, 3):
        for source, hypotheses in zip(
            SOURCES,
            beam_search([network], SOURCES, BeamOptions(num_beams=num_beams, max_length_ratio=0.5)),
            strict=True,
        ):
            assert len(hypotheses[0].token_ids) + 1 == length_limit(len(source), 0.5)


def test_special_tokens_are_never_produced():
    network = make_network(9)
    network.weights["output/bias"][:3] = 9.0
    plain = beam_search([network], SOURCES, BeamOptions())
    assert not {0, 1, 2} & {token for hypotheses in plain for one in hypotheses for token in one.token_ids}
    unknown = beam_search([network], SOURCES, BeamOptions(allow_unknown=True))
    assert 1 in unknown[1][0].token_ids


def test_ranking_by_hand():
    """(5 + 7) / 6 = 2, so -3 becomes -1.5; coverage 0.5 and 1.5 adds 0.2 * (ln 0.5 + ln 1)."""
    attention = np.array([[0.25, 0.75], [0.25, 0.75]])
    assert ranking_score(-3.0, 7, attention, BeamOptions(length_penalty=1.0)) == -1.5
    expected = -1.5 + 0.2 * math.log(0.5)
    assert ranking_score(-3.0, 7, attention, BeamOptions(coverage_penalty=0.2)) == pytest.approx(expected)


@pytest.mark.parametrize(
    "options",
    [
        {"num_beams": 0},
        {"num_best": 6},
        {"length_penalty": -1},
        {"max_length_ratio": 0},
        {"coverage_penalty": math.nan},
    ],
)
def test_impossible_options(options):
    with pytest.raises(TextrnnError, match=f"`{next(iter(options))}` must be"):
        BeamOptions(**options)


def test_nothing_to_translate():
    assert beam_search([make_network()], [], BeamOptions()) == []
