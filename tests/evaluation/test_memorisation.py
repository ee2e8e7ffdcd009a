import numpy as np
import pytest

from textrnn import TextrnnError
from textrnn.evaluation.memorisation import NgramFilter, longest_run, report

WORDS = [f"word{number}" for number in range(3000)]


@pytest.fixture(scope="module")
def ngrams():
    filters = NgramFilter.for_size(3000)
    filters.add(" ".join(WORDS[start : start + 10]) for start in range(0, 3000, 10))
    return filters


def test_everything_in_the_corpus_is_found(ngrams):
    found = report(" ".join(WORDS[100:400]), ngrams)
    assert (found.num_words, found.longest_span, found.new_shares) == (300, 300, {3: 0.0, 5: 0.0})


def test_the_longest_span_is_named(ngrams):
    """Seven words of the corpus between new ones: three 5-grams in a row, so a span of seven."""
    new = [f"new{number}" for number in range(40)]
    found = report(" ".join(new[:20] + WORDS[50:57] + new[20:]), ngrams)
    assert found.longest_span == 7
    assert found.longest_text == " ".join(WORDS[50:57])
    assert "longest span found in the training corpus: 7 words" in str(found)


def test_false_positives_are_as_rare_as_reported(ngrams):
    new = [f"other{number}" for number in range(20_000)]
    rate = ngrams.contains(new, 5).mean()
    assert rate < 0.05
    assert rate == pytest.approx(ngrams.false_positive_rate(), abs=0.01)


def test_arrays_round_trip(ngrams):
    again = NgramFilter.from_arrays(ngrams.to_arrays())
    np.testing.assert_array_equal(again.contains(WORDS[:50], 3), np.ones(48, bool))
    with pytest.raises(TextrnnError, match="must be the arrays"):
        NgramFilter.from_arrays({"words_9": np.zeros(8, np.uint8)})


def test_chunks_do_not_lose_ngrams():
    """More words than one chunk holds: the n-grams that span the chunks are known too."""
    lines = [f"a{number} b{number}" for number in range(60_000)]
    filters = NgramFilter.for_size(120_000)
    filters.add(lines)
    words = " ".join(lines).split()
    assert filters.contains(words, 5).all()


def test_texts_too_short_are_refused(ngrams):
    with pytest.raises(TextrnnError, match="2 words are too few"):
        report("two words", ngrams)


def test_longest_run():
    assert longest_run(np.array([], bool)) == (0, 0)
    assert longest_run(np.array([False, True, True, False, True])) == (1, 2)
