import pytest
from nltk.lm.smoothing import KneserNey

from benchmarks.kneser_ney import bits, fitted


def test_counting_once_gives_nltks_numbers(lighthouse):
    token_ids = list(lighthouse.read_text()[:1500])
    ours = fitted(token_ids, 4)
    theirs = fitted(token_ids, 4)
    theirs.estimator = KneserNey(theirs.vocab, theirs.counts, 4, discount=0.75)
    ours.estimator.discount = 0.75
    for position in range(4, 60):
        context = tuple(token_ids[position - 3 : position])
        expected = theirs.unmasked_score(token_ids[position], context)
        assert ours.unmasked_score(token_ids[position], context) == pytest.approx(expected, rel=1e-12)
    assert bits(ours, token_ids[:100], 4) < 99 * 8
