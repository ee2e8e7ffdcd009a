import functools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn import TextrnnError
from textrnn.evaluation.recognition import Edits, edits, evaluate

texts = st.lists(st.sampled_from("abc"), max_size=6)


def by_recursion(hypothesis, reference):
    """The fewest edits, of those the fewest insertions and deletions: every alignment is tried."""

    @functools.cache
    def best(i, j):
        if i == 0 or j == 0:
            return (i + j, i + j, (0, i, j))
        ways = []
        for edit, (k, m) in ((0, (i - 1, j - 1)), (1, (i - 1, j)), (2, (i, j - 1))):
            total, unpaired, counts = best(k, m)
            cost = 0 if edit == 0 and hypothesis[k] == reference[m] else 1
            counts = tuple(count + cost * (kind == edit) for kind, count in enumerate(counts))
            ways.append((total + cost, unpaired + (edit > 0), counts))
        return min(ways)

    return Edits(*best(len(hypothesis), len(reference))[2], len(reference))


@given(texts, texts)
def test_edits_are_the_fewest(hypothesis, reference):
    assert edits(hypothesis, reference) == by_recursion(tuple(hypothesis), tuple(reference))


@pytest.mark.parametrize(
    ("hypothesis", "reference", "expected"),
    [
        ("three four", "three four", Edits(0, 0, 0, 2)),
        ("three one four", "three four", Edits(0, 1, 0, 2)),
        ("four", "three four", Edits(0, 0, 1, 2)),
        ("three for", "three four", Edits(1, 0, 0, 2)),
        ("four three", "three four", Edits(2, 0, 0, 2)),  # or one inserted and one deleted
        ("b c d", "a b c", Edits(0, 1, 1, 3)),  # three substituted would be more
        ("", "three four", Edits(0, 0, 2, 2)),
        ("three four", "", Edits(0, 2, 0, 0)),
        ("", "", Edits(0, 0, 0, 0)),
    ],
)
def test_edits_by_hand(hypothesis, reference, expected):
    assert edits(hypothesis.split(), reference.split()) == expected


def test_rates_are_those_of_all_texts_together():
    """2 of 7 words and 5 of 33 characters: "one " is deleted, and the u of "four"."""
    found = evaluate(["two three", "for", "seven eight nine"], ["one two three", "four", "seven eight nine"])
    assert found.words.edits == Edits(1, 0, 1, 7)
    assert found.characters.edits == Edits(0, 0, 5, 13 + 4 + 16)
    assert (found.words.rate, found.characters.rate) == (2 / 7, 5 / 33)
    assert (found.num_right, found.num_texts) == (1, 3)
    low, high = found.words.interval
    assert 0 <= low < 2 / 7 < high <= 1
    assert str(found).startswith("WER 28.57% (0.00 to ")
    assert "1 substituted, 0 inserted, 1 deleted of 7 words\nCER 15.15% (" in str(found)
    assert str(found).endswith("0 substituted, 0 inserted, 5 deleted of 33 characters\n1 of 3 texts without an error")
    assert json.loads(json.dumps(found.to_dict()))["words"]["edits"]["deletions"] == 1


def test_the_interval_covers_as_it_says():
    """Errors of a known rate: about 95 of 100 intervals hold it."""
    draw = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        right = draw.random(150) < 0.9
        hypotheses = ["yes" if one else "no" for one in right]
        low, high = evaluate(hypotheses, ["yes"] * 150, num_bootstrap=300).words.interval
        held += low <= 0.1 <= high
    assert 88 <= held <= 99


def test_without_an_interval():
    found = evaluate(["a"], ["b"], num_bootstrap=0)
    assert found.words.interval is None
    assert str(found).startswith("WER 100.00%: 1 substituted")


def test_space_and_forms_of_characters_count_for_nothing():
    assert evaluate([" cafe\u0301\tnoir\n"], ["caf\u00e9 noir"]).characters.rate == 0
    assert evaluate(["Seven"], ["seven"]).words.rate == 1
    assert evaluate(["Seven"], ["seven"], lowercase=True).words.rate == 0


def test_what_is_said_where_nothing_was_said_is_inserted():
    found = evaluate(["one two", "seven"], ["", "seven"], explain=True)
    assert found.words.edits == Edits(0, 2, 0, 1)
    assert found.words.rate == 2.0
    (worst,) = found.worst
    assert str(worst) == " 700.0%  text 1: '' read as 'one two'"


def test_the_worst_come_first():
    references = [*["seven"] * 8, "four five"]
    hypotheses = ["seven", *["eleven"] * 7, "our five"]
    found = evaluate(hypotheses, references, names=[f"{number}.wav" for number in range(9)], explain=True)
    assert [one.name for one in found.worst] == ["1.wav", "2.wav", "3.wav", "4.wav", "5.wav"]
    assert "\n  40.0%  1.wav: 'seven' read as 'eleven'\n" in str(found)
    assert not evaluate(hypotheses, references).worst


def test_a_script_without_spaces_is_noted():
    found = evaluate(["灯塔昨天亮了", "海很平静"], ["灯塔今天亮了", "海很平静"])
    assert (found.words.rate, found.characters.rate) == (1 / 2, 1 / 10)
    assert "\nnote: the references have no spaces" in str(found)


@pytest.mark.parametrize(
    ("hypotheses", "references", "options", "message"),
    [
        ("seven", ["seven"], {}, "`hypotheses` must be a list of sentences. Received one string"),
        (["seven"], "seven", {}, "`references` must be a list of sentences. Received one string"),
        (["seven"], ["seven", "one"], {}, "Received 1 hypothesis and 2 references"),
        (["seven"], [["seven"], ["one"]], {}, "Each text needs one reference. Received: 2 lists"),
        (["seven"], [7], {}, "must be a list of sentences. Received: 7"),
        ([], [], {}, "There are no hypotheses to score"),
        (["seven"], [" "], {}, "All references are empty"),
        (["seven"], ["one"], {"names": [], "explain": True}, "Each of 1 text needs a name. Received: 0"),
        (["seven"], ["seven"], {"num_bootstrap": 1}, "at least 2 bootstrap samples"),
        (["seven"], ["seven"], {"num_bootstrap": -1}, "`num_bootstrap` must be"),
    ],
)
def test_what_cannot_be_scored(hypotheses, references, options, message):
    with pytest.raises(TextrnnError, match=message):
        evaluate(hypotheses, references, **options)
