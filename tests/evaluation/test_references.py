import itertools

import pytest

from textrnn import TextrnnError
from textrnn.evaluation.references import checked, likeness, order_note

HYPOTHESES = ["The cat sat on the mat.", "He reads a long book.", "It is raining again."]
PER_SENTENCE = [  # NLTK's order
    ["The cat sat on a mat.", "A cat was sitting on the mat.", "The cat is on the mat."],
    ["He reads a thick book.", "He is reading a long book.", "He reads a long novel."],
    ["It rains again.", "Once more it is raining.", "It is raining once again."],
]


def transposed(references):
    return list(itertools.zip_longest(*references))


def test_one_set_and_several():
    assert checked(iter(["a", "b"]), ["c", "d"]) == (["a", "b"], [["c", "d"]])
    assert checked(("a", "b"), (("c", "d"), ("e", None))) == (["a", "b"], [["c", "d"], ["e", None]])


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        ("a string", ["a"], r"`hypotheses` must be a list of sentences.*\[hypotheses\]"),
        (["a"], "a string", r"`references` must be a list of sentences.*\[references\]"),
        (None, ["a"], "`hypotheses` must be a list of sentences. Received: None"),
        (["a"], [["a"], "b"], r"`references\[1\]` must be a list"),
        ([], [], "no hypotheses"),
        (["a", "b"], ["a"], r"Received 2 hypotheses and 1 reference\. Each hypothesis needs a reference, in"),
        (["a", "b", "c"], [["a", "b", "c"], ["c"]], r"1 reference in set 2\. Each hypothesis needs .* in each set"),
        (["a"], [], "Received 1 hypothesis and 0 references"),
        (["a"], ["b", "c"], r"\[\[first\], \[second\]\]"),
        (["a", 3], ["a", "b"], "`hypotheses` must hold strings. Received at index 1: 3"),
        ([["a", "b"]], ["a"], "`hypotheses` must hold strings.*Join tokens with spaces"),
        (["a"], [[None]], "hypothesis at index 0 has no reference, only None"),
        (["a", "b"], [["a", None], ["c", None]], "hypothesis at index 1 has no reference"),
        (["a"], [" "], "All references are empty"),
    ],
)
def test_wrong_input(hypotheses, references, message):
    with pytest.raises(TextrnnError, match=message):
        checked(hypotheses, references)


def test_sources_are_called_so():
    with pytest.raises(TextrnnError, match="Received 1 source and 2 references. Each source needs"):
        checked(["a"], ["b", "c"], noun="source")


@pytest.mark.parametrize("references", [[["a"], ["b"], ["c"]], [["a", "x"]] * 3, [["a"], ["b", "y", "z"], ["c", "w"]]])
def test_a_list_per_sentence_gets_a_hint_that_works(references):
    with pytest.raises(TextrnnError, match=r"NLTK's order, pass list\(itertools.zip_longest\(\*references\)\)"):
        checked(["a", "b", "c"], references)
    sets = checked(["a", "b", "c"], transposed(references))[1]
    assert [[one for one in group if one] for group in zip(*sets, strict=True)] == references


def test_nltk_order_is_found_where_both_readings_fit():
    """Three references of three sentences are a square either way; only the sentences tell rows from columns."""
    with pytest.raises(TextrnnError, match=r"is in NLTK's order.*Pass list\(zip\(\*references\)\)"):
        order_note(HYPOTHESES, PER_SENTENCE)
    assert order_note(HYPOTHESES, transposed(PER_SENTENCE)) is None


def test_unlike_hypotheses_leave_the_order_open():
    """Bad translations resemble neither reading, so nothing is refused; references that resemble each other decide."""
    bad = ["xyz", "uvw", "rst"]
    assert "if each holds the references of one hypothesis" in order_note(bad, PER_SENTENCE)
    assert order_note(bad, transposed(PER_SENTENCE)) is None
    assert "3 lists of references for 3 hypotheses" in order_note(["same"] * 3, [["a", "b", "c"], ["d"] * 3, ["e"] * 3])


def test_no_square_no_doubt():
    assert order_note(HYPOTHESES, transposed(PER_SENTENCE)[:2]) is None
    assert order_note(["a"], [["b"]]) is None
    assert order_note(["a", "b"], [["c", "d"], ["d", "c"]]) is None  # both readings are the same


def test_likeness_by_hand():
    """ " abc " has the triples " ab", "abc", "bc "; " abd " has " ab", "abd", "bd ": one of three in common."""
    assert likeness("abc", "abd") == pytest.approx(1 / 3)
    assert likeness("abc", "abc") == 1
    assert likeness("", None) == 0
