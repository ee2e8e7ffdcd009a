from collections import Counter

import numpy as np
import pytest

from tests.inference.test_beam_search import SOURCES, forced_log_probability, make_network
from textrnn.inference.drawing import draw_translations
from textrnn.preprocessing.tokenizers import EOS_ID


def draws(number, seed=0, sources=SOURCES, **options):
    network = make_network(target_vocabulary_size=6)
    return network, draw_translations(network, sources, number, np.random.default_rng(seed), **options)


def test_translations_are_drawn_as_often_as_they_are_probable():
    """Tokens 4 and 5 are left beside the end: of each first token, its share of 4,000 draws within 0.03."""
    network, (group,) = draws(4000, sources=SOURCES[:1])
    memory, states = network.encode(np.append(SOURCES[0], EOS_ID)[np.newaxis])
    logits = network.step(np.array([[2]]), states, memory)[0][0, [EOS_ID, 4, 5]].astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum()
    firsts = Counter(int(one.token_ids[0]) if len(one.token_ids) else EOS_ID for one in group)
    for token, share in zip((EOS_ID, 4, 5), expected, strict=True):
        assert firsts[token] / 4000 == pytest.approx(share, abs=0.03)


def test_log_probabilities_are_those_of_the_tokens_that_may_be_drawn():
    network, groups = draws(3)
    assert [len(group) for group in groups] == [3] * len(SOURCES)
    for source, group in zip(SOURCES, groups, strict=True):
        for one in group:
            assert not {0, 1, 2, 3} & set(one.token_ids.tolist())
            # Padding, unknown and the beginning are never drawn, so the others have a little more.
            assert one.log_probability >= forced_log_probability([network], source, one.token_ids.tolist()) - 1e-6


def test_draws_depend_on_the_seed_alone():
    for one, other in zip(draws(4)[1], draws(4)[1], strict=True):
        assert [a.token_ids.tolist() for a in one] == [b.token_ids.tolist() for b in other]
    assert any(
        a.token_ids.tolist() != b.token_ids.tolist()
        for one, other in zip(draws(4)[1], draws(4, seed=1)[1], strict=True)
        for a, b in zip(one, other, strict=True)
    )


def test_translations_end():
    _, groups = draws(50, max_length_ratio=0.01)
    lengths = [len(one.token_ids) for group in groups for one in group]
    assert max(lengths) <= 9
