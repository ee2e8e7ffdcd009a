"""The sorted arrays give the numbers of `nltk.lm`, which counts in dictionaries and looks through all of them."""

import itertools
import os
import pathlib
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.lm import KneserNeyInterpolated
from nltk.util import everygrams

from benchmarks import kneser_ney
from benchmarks.kneser_ney import KneserNey


def by_nltk(texts, order, discount):
    model = KneserNeyInterpolated(order, discount)
    words = [[str(token) for token in text] for text in texts]
    model.fit([list(everygrams(text, max_len=order)) for text in words], vocabulary_text=itertools.chain(*words))
    return model


def score_by_nltk(model, text, position):
    words = [str(token) for token in text]
    return model.unmasked_score(words[position], tuple(words[max(position - model.order + 1, 0) : position]))


def tokens(text):
    """Returns the words or characters of a text as whole numbers."""
    return np.unique(np.array(text), return_inverse=True)[1].astype(np.int32)


@pytest.mark.parametrize(("order", "discount"), [(2, 0.5), (3, 0.9), (5, 0.75)])
def test_characters_of_the_story_score_as_by_nltk(lighthouse, order, discount):
    token_ids = tokens(list(lighthouse.read_text()[:2500]))
    texts, rest = [token_ids[:1200], token_ids[1200:2000]], token_ids[2000:]
    scores = KneserNey(texts, order, int(token_ids.max()) + 1, discount).scores(rest)
    expected = by_nltk(texts, order, discount)
    for position in range(60):
        assert scores[position] == pytest.approx(score_by_nltk(expected, rest, position), rel=1e-12)
    assert expected.vocab.counts.keys() != set(map(str, rest))


def test_words_of_hamlet_score_as_by_nltk():
    place = pathlib.Path(os.environ.get("TEXTRNN_CORPORA", "absent"), "lm", "gutenberg", "shakespeare-hamlet.txt")
    if not place.is_file():
        pytest.skip("needs Hamlet below $TEXTRNN_CORPORA")
    token_ids = tokens(place.read_text(encoding="utf-8").split())
    train, rest = token_ids[: -len(token_ids) // 5], token_ids[-len(token_ids) // 5 :]
    model = KneserNey([train], 4, int(token_ids.max()) + 1, 0.8)
    expected = by_nltk([train], 4, 0.8)
    assert model.num_words == len(expected.vocab)
    scores = model.scores(rest)
    for position in range(40):
        assert scores[position] == pytest.approx(score_by_nltk(expected, rest, position), rel=1e-12)


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=20), min_size=1, max_size=3), st.integers(2, 5))
def test_short_texts_score_as_by_nltk(texts, order):
    """Where NLTK divides by zero, after a context that only begins texts, the smaller context decides here."""
    texts = [np.array(text, np.int32) for text in texts]
    text = np.array([0, 1, 2, 3, 2, 1, 1, 0, 0, 3, 1], np.int32)
    if max(map(len, texts)) < 2:
        return
    scores = KneserNey(texts, order, 4, 0.6).scores(text)
    expected = by_nltk(texts, order, 0.6)
    for position, score in enumerate(scores):
        try:
            assert score == pytest.approx(score_by_nltk(expected, text, position), rel=1e-12)
        except ZeroDivisionError:
            assert score >= 0


def test_probabilities_of_a_vocabulary_sum_to_one(lighthouse):
    token_ids = tokens(list(lighthouse.read_text()[:3000]))
    size = int(token_ids.max()) + 1
    model = KneserNey([token_ids], 4, size, 0.7)
    for start in (0, 100, 1000):
        context = token_ids[start : start + 3]
        total = sum(model.scores(np.append(context, word))[-1] for word in range(size))
        assert total == pytest.approx(1, abs=1e-12)


def test_bits_by_hand():
    """Of `0 1 0 1 1` the bigrams are 01, 10, 11: before 1 stand two different words, before 0 one, of three bigrams.

    After 0, seen twice with one follower, 1 costs (2 - d) / 2 + d * 1 / 2 * 2 / 3; with d = 0.6 that is 0.9.
    """
    model = KneserNey([np.array([0, 1, 0, 1, 1])], 2, 3, 0.6)
    np.testing.assert_allclose(model.scores(np.array([0, 1])), [1 / 3, 0.9])
    assert model.bits(np.array([0, 1])) == pytest.approx(-np.log2(0.999 * 0.9 + 0.001 / 3))
    assert model.bits(np.array([1, 2])) == pytest.approx(-np.log2(0.001 / 3))  # never seen


def test_the_command_scores_each_test_text(trained, lighthouse, tmp_path, monkeypatch, capsys):
    _, directory, _ = trained
    text = lighthouse.read_text()
    parts = {"train/a": text[:2000], "train/b": text[2000:4000], "valid": text[4000:4800], "c": text[4800:5600]}
    (tmp_path / "train").mkdir()
    for name, part in {**parts, "d": text[5600:]}.items():
        (tmp_path / f"{name}.txt").write_text(part)
    options = ["--model", directory, "--train", tmp_path / "train", "--validation", tmp_path / "valid.txt"]
    options += ["--test", tmp_path / "c.txt", tmp_path / "d.txt", "--order", "4"]
    monkeypatch.setattr(sys, "argv", ["kneser_ney", *map(str, options)])
    kneser_ney.main()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "2 training texts, 4,000 tokens"
    assert [line.split(",")[0] for line in printed[-3:-1]] == ["c.txt", "d.txt"]
    shown = [float(line.split()[-4]) for line in printed[-3:]]
    assert shown[2] == pytest.approx((shown[0] + shown[1]) / 2, abs=1e-4)
    assert 2 < shown[2] < 4
