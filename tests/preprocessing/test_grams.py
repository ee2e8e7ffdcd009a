import numpy as np

from textrnn.config.classifier import GRAM_PLACES
from textrnn.preprocessing.grams import grams


def test_places_are_the_same_everywhere_and_fit_the_table():
    found = grams("A red boat, a red sail")
    assert found.dtype == np.int32
    assert (np.diff(found) > 0).all()
    assert found[0] >= 1
    assert found[-1] <= GRAM_PLACES
    assert grams("ab").tolist() == [18542, 47891, 50529, 51310, 53737, 59284, 63705]


def test_what_is_alike_shares_pieces():
    one, other, different = (set(grams(text).tolist()) for text in ("sailing", "sailed", "mountain"))
    assert len(one & other) > len(one & different) + 5


def test_case_changes_nothing_and_an_empty_text_holds_nothing():
    assert (grams("Red Boat") == grams("red boat")).all()
    assert len(grams("  \n")) == 0
