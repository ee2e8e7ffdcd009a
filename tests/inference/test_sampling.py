import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn import TextrnnError
from textrnn.inference.sampling import SamplingOptions, log_softmax, next_token, repeated_ngram_tokens, truncated

PROBABILITIES = np.array([0.05, 0.5, 0.15, 0.3])


def draw(logits, count=4000, earlier=(), banned=(), **options):
    """Returns how often each token was drawn."""
    randomness = np.random.Generator(np.random.PCG64(0))
    options = SamplingOptions(**{"temperature": 1.0, "top_p": 1.0, **options})
    tokens = [next_token(logits, options, randomness, list(earlier), list(banned)) for _ in range(count)]
    return np.bincount(tokens, minlength=len(logits)) / count


def test_draws_follow_the_probabilities():
    np.testing.assert_allclose(draw(np.log(PROBABILITIES)), PROBABILITIES, atol=0.03)


def test_temperature_sharpens():
    """At temperature 1/2 the probabilities are squared and normalised again."""
    expected = PROBABILITIES**2 / (PROBABILITIES**2).sum()
    np.testing.assert_allclose(draw(np.log(PROBABILITIES), temperature=0.5), expected, atol=0.03)


def test_temperature_zero_is_greedy():
    assert draw(np.log(PROBABILITIES), count=10, temperature=0)[1] == 1.0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"top_k": 1}, [0, 1, 0, 0]),
        ({"top_k": 2}, [0, 0.625, 0, 0.375]),
        ({"top_p": 0.5}, [0, 1, 0, 0]),
        ({"top_p": 0.51}, [0, 0.625, 0, 0.375]),
        ({"top_p": 0.79}, [0, 0.625, 0, 0.375]),
        ({"top_k": 3, "top_p": 0.5}, [0, 1, 0, 0]),
        ({"top_k": 3, "top_p": 0.9}, [0, 0.526, 0.158, 0.316]),
    ],
)
def test_top_k_and_top_p(options, expected):
    """The kept probabilities, normalised again; top-p counts its share within what top-k has left."""
    np.testing.assert_allclose(draw(np.log(PROBABILITIES), **options), expected, atol=0.03)


@settings(max_examples=100)
@given(seed=st.integers(0, 1000), size=st.integers(2, 2000), top_p=st.floats(0.01, 1.0), top_k=st.integers(0, 2000))
def test_truncation_equals_sorting_everything(seed, size, top_p, top_k):
    scores = np.random.default_rng(seed).normal(size=size)
    candidates, _ = truncated(scores, top_k, top_p)
    order = np.argsort(-scores)
    kept = order[:top_k] if top_k else order
    shares = np.exp(scores[kept]) / np.exp(scores[kept]).sum()
    if top_p < 1.0:
        kept = kept[: int(np.searchsorted(shares.cumsum(), top_p)) + 1]
    assert set(candidates) == set(kept)


def test_repetition_penalty_makes_seen_tokens_less_likely():
    """Logits 2 and 2, the first seen before: 2 / 2 = 1 against 2."""
    expected = np.exp([1.0, 2.0]) / np.exp([1.0, 2.0]).sum()
    np.testing.assert_allclose(draw(np.array([2.0, 2.0]), earlier=[0], repetition_penalty=2.0), expected, atol=0.03)
    assert draw(np.array([-1.0, -1.5]), count=5, earlier=[0], repetition_penalty=2.0, temperature=0)[1] == 1.0


def test_no_repeated_ngrams():
    assert repeated_ngram_tokens([5, 6, 7, 5, 6], 3) == [7]
    assert repeated_ngram_tokens([5, 6], 3) == []
    assert repeated_ngram_tokens([5, 5], 1) == [5, 5]
    assert draw(np.array([0.0, 9.0]), count=5, earlier=[0, 1, 0], no_repeat_ngram_size=2)[0] == 1.0


def test_where_every_token_would_repeat_one_is_still_chosen():
    assert draw(np.array([0.0, 9.0]), count=5, earlier=[0, 1, 0, 0], no_repeat_ngram_size=1, temperature=0)[1] == 1.0


def test_banned_tokens_are_never_drawn():
    assert draw(np.log(PROBABILITIES), banned=[1, 3])[[1, 3]].sum() == 0


def test_log_softmax():
    np.testing.assert_allclose(log_softmax(np.log(PROBABILITIES) + 1e3), np.log(PROBABILITIES), atol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "`temperature` must be a number at least 0"),
        ({"temperature": float("nan")}, "Received: nan"),
        ({"top_p": 0.0}, "`top_p` must be a number above 0 and at most 1"),
        ({"top_k": 1.5}, "`top_k` must be a whole number"),
        ({"max_tokens": -1}, "`max_tokens`"),
        ({"min_tokens": 200}, "`min_tokens` must be a whole number at least 0 and at most 100"),
        ({"stop": ("",)}, "`stop` must hold strings that are not empty"),
        ({"seed": -1}, "`seed`"),
        ({"repetition_penalty": 0.0}, "`repetition_penalty`"),
    ],
)
def test_impossible_options(options, message):
    with pytest.raises(TextrnnError, match=message):
        SamplingOptions(**options)
