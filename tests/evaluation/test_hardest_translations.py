"""Which sentences of a test are translated worst."""

import pytest
import sacrebleu

from textrnn import TextrnnError, evaluate
from textrnn.evaluation.hardest_translations import hardest_translations

SOURCES = ["eins", "zwei", "drei"]
HYPOTHESES = ["the lamp is lit", "a boat comes home", "nothing"]
REFERENCES = ["the lamp is lit", "the boat comes home", "all the ships are at sea"]


def test_they_are_ranked_by_their_chrf_and_those_that_are_right_are_left_out():
    first, second = hardest_translations(HYPOTHESES, REFERENCES, SOURCES)
    assert (first.number, first.source, first.hypothesis, first.reference) == (3, "drei", "nothing", REFERENCES[2])
    assert second.chrf == sacrebleu.CHRF().sentence_score(HYPOTHESES[1], [REFERENCES[1]]).score
    assert str(second) == (
        f"{second.chrf:7.1f}  line 2: 'a boat comes home' of 'zwei', where the reference has 'the boat comes home'"
    )


def test_of_several_references_the_nearest_is_shown():
    sets = [["x", "y", "z"], REFERENCES]
    assert [one.reference for one in hardest_translations(HYPOTHESES, sets)][1] == REFERENCES[1]
    assert hardest_translations(["THE LAMP"], ["the lamp"], lowercase=True) == ()
    assert " of " not in str(hardest_translations(["a"], ["b"])[0])


def test_sources_belong_to_hypotheses():
    with pytest.raises(TextrnnError, match="one sentence for each of the 3 hypotheses"):
        hardest_translations(HYPOTHESES, REFERENCES, ["one"])


def test_the_commands_show_them(call, reverser, tmp_path):
    for name, lines in (("source", ["a b c", "h d"]), ("reference", ["c b a", "nothing like it"])):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    files = ["--references", tmp_path / "reference", "--explain"]
    output = call(evaluate, "translation", "--source", tmp_path / "source", "--model", reverser[1], *files)[1]
    assert "hardest sentences, with the chrF of each:\n" in output
    assert "line 2: 'd h' of 'h d', where the reference has 'nothing like it'" in output
    assert "line 1: 'a b c', where the reference has 'c b a'" in call(evaluate, "bleu", tmp_path / "source", *files)[1]
