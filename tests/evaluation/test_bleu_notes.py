import re
import types

import pytest

from textrnn.evaluation.bleu_notes import leftovers, nltk_note, zero_note

PLAIN = ["The lamp is lit, and the sea is calm.", "Pourquoi ? Eh bien !", "Well ... I see .net and .5 there."]


def result(score=0.0, sys_len=9, counts=(5, 3, 0, 0), totals=(9, 6, 3, 0)):
    return types.SimpleNamespace(score=score, sys_len=sys_len, counts=list(counts), totals=list(totals))


@pytest.mark.parametrize(
    ("scored", "note"),
    [
        (result(score=12.0), None),
        (result(sys_len=0, counts=(0,) * 4, totals=(0,) * 4), "the hypotheses hold no tokens"),
        (result(counts=(0,) * 4), "no hypothesis has a token in common"),
        (result(), "no hypothesis has 4 tokens: there is no 4-gram.*effective_order=True, --effective-order"),
        (result(totals=(9, 6, 3, 1)), "so much shorter than the references"),
    ],
)
def test_why_bleu_is_zero(scored, note):
    found = zero_note(scored)
    assert found is None if note is None else re.search(note, found)


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1 hypothesis has fewer than 4 tokens"), (2, "2 hypotheses have fewer than 4 tokens")]
)
def test_why_nltk_differs(number, words):
    assert words in nltk_note(100.0, 90.0, number)
    assert nltk_note(50.0, 50.004, number) is None


def test_plain_text_is_not_noted():
    assert leftovers(PLAIN, [PLAIN, [None, *PLAIN[1:]]], "13a") == []


def test_tokenised_text_is_noted():
    tokenised = ["The lamp is lit , and the sea is calm .", "It is so ."]
    (note,) = leftovers(tokenised, [PLAIN[:2]], "13a")
    assert note.startswith("2 of 2 hypotheses have a space before a period or comma and look tokenised")
    assert "tokenize='none'" in note
    (note,) = leftovers(PLAIN[:1], [tokenised[:1]], "intl")
    assert note.startswith("1 of 1 reference has a space")
    assert leftovers(tokenised, [tokenised], "none") == []
    assert leftovers(tokenised, [tokenised], "char") == []


def test_a_hundred_tokenised_lines_are_enough():
    """As in sacreBLEU: a hundred lines that end in a period after a space, whatever the others are."""
    assert leftovers(["It is so ."] * 99 + PLAIN * 100, [PLAIN], "13a") == []
    assert leftovers(["It is so ."] * 100 + PLAIN * 100, [PLAIN], "13a")[0].startswith("100 of 400 hypotheses")
    assert leftovers(["He , too"] * 100 + PLAIN * 100, [PLAIN], "13a") == []


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("the la@@ mp is l@@ it", "marks of subwords"),
        ("▁the ▁lamp ▁is ▁lit", "marks of subwords"),
        ("I don&apos;t know", "escaped characters"),
        ("&#39;lamp&#39; &amp; sea", "escaped characters"),
    ],
)
@pytest.mark.parametrize("tokenize", ["13a", "none"])
def test_other_leftovers_are_noted(sentence, words, tokenize):
    (note,) = leftovers([sentence], [["the lamp"]], tokenize)
    assert words in note
    assert leftovers(["a@b.c & d@@e"], [["AT&T; x"]], tokenize) == []
