import json

import numpy as np
import pytest

from textrnn.evaluation.classification import bag_of_words, calibration_error, evaluate, fitted_temperature


def test_scores_by_hand():
    """Named a, a, b, b of a, b, b, c: half are right; F1 of a is 2/3, of b 1/2, of c 0."""
    probabilities = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.7, 0.2], [0.1, 0.5, 0.4]])
    targets = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]])
    found = evaluate(probabilities, targets, ["a", "b", "c"], {"a": 1, "b": 7, "c": 2})
    assert (found.accuracy, found.majority, found.num_sequences) == (0.5, 0.5, 4)
    assert found.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert [scores.f1 for scores in found.classes] == pytest.approx([2 / 3, 1 / 2, 0])
    assert found.macro_f1 == pytest.approx((2 / 3 + 1 / 2) / 3)
    assert found.interval == (0.0, 1.0)
    assert "always the most frequent class: 50.0%" in str(found)


def test_the_hardest_sequences_are_those_whose_labels_are_the_least_probable():
    probabilities = np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
    targets = np.array([[1, 0], [0, 1], [0, 1]])
    found = evaluate(probabilities, targets, ["a", "b"], {}, sequences=["one", "two\tor more", "three"])
    assert [(one.number, one.probability) for one in found.hardest] == [(2, 0.4), (1, 0.8), (3, 0.9)]
    assert str(found).splitlines()[-3:] == [
        "  40.0%  number 2: b, taken for a  'two or more'",
        "  80.0%  number 1: a  'one'",
        "  90.0%  number 3: b  'three'",
    ]
    assert json.loads(json.dumps(found.to_dict()))["hardest"][0]["named"] == ["a"]
    assert evaluate(probabilities, targets, ["a", "b"], {}).hardest == ()


def test_of_several_labels_all_have_to_be_probable():
    """A sequence of a and b, of which .9 and .4 are given: .9 x .4; one of none, of which .3 and .2 are: .7 x .8."""
    probabilities, targets = np.array([[0.9, 0.4], [0.3, 0.2]]), np.array([[1, 1], [0, 0]])
    arrays = [np.zeros((3, 2)), np.zeros((1, 2))]
    found = evaluate(probabilities, targets, ["a", "b"], {}, is_multi=True, sequences=arrays).hardest
    assert [one.probability for one in found] == pytest.approx([0.36, 0.56])
    assert [str(one) for one in found] == ["  36.0%  number 1: a and b, taken for a", "  56.0%  number 2: nothing"]


def test_calibration_by_hand():
    """Two of confidence 0.9, one right, and one of 0.6 that is right: (2 * 0.4 + 0.4) / 3."""
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    targets = np.array([[1, 0], [0, 1], [0, 1]])
    assert calibration_error(probabilities, targets) == pytest.approx((2 * 0.4 + 0.4) / 3)


def test_the_temperature_makes_targets_probable():
    """Logits of 3 times log odds that hold: dividing by 3 gives the true probabilities back."""
    draw = np.random.default_rng(0)
    probability = draw.uniform(0.05, 0.95, 20_000)
    is_first = draw.random(20_000) < probability
    logits = 3 * np.stack([np.log(probability), np.log(1 - probability)], axis=1)
    targets = np.stack([is_first, ~is_first], axis=1).astype(float)
    assert fitted_temperature(logits, targets).temperature == pytest.approx(3, rel=0.05)
    single = 3 * np.log(probability / (1 - probability))[:, np.newaxis]
    assert fitted_temperature(single, targets[:, :1], is_multi=True).temperature == pytest.approx(3, rel=0.05)


def test_words_alone():
    pytest.importorskip("sklearn")
    training = (["good day", "good night", "bad day", "bad night"] * 3, ["yes", "yes", "no", "no"] * 3)
    assert bag_of_words(training, (["good one", "bad one"], ["yes", "no"])) == 1.0
    assert bag_of_words((["a"], ["x"]), (["a"], ["x"])) is None
