import json
import math

import numpy as np
import pytest

from textrnn import evaluate
from textrnn.evaluation.hardest import FEWEST_CHARACTERS, HardestLines
from textrnn.preprocessing.tokenizers import make_tokenizer

LINES = ["the lamp was lit at night", "a boat came home at night", "nobody saw it come at all"]
TOKENIZER = make_tokenizer("char", LINES)
BIT = math.log(2)


def rows(*lines, cost):
    """Returns the ids and losses of lines that each end with a newline, one bit a character but for some."""
    targets = np.concatenate([TOKENIZER.encode(line + "\n") for line in lines])
    losses = np.full(len(targets), BIT)
    for place, bits in cost.items():
        losses[place] = bits * BIT
    return targets[np.newaxis], losses[np.newaxis]


def test_lines_are_ranked_by_their_bits_per_character():
    """26 characters of a line, its newline included, of which one costs 27 bits and not 1: 52 / 26 = 2."""
    hardest = HardestLines(TOKENIZER, number=2)
    hardest.add(*rows(*LINES, cost={26: 27.0, 60: 14.0}))
    first, second = hardest.lines()
    assert (first.text, first.token) == (LINES[1] + "\n", "a")
    assert (first.bits, first.bits_per_character) == (pytest.approx(27.0), pytest.approx(2.0))
    assert (second.text, second.bits_per_character) == (LINES[2] + "\n", pytest.approx(39 / 26))
    assert str(first) == f"  2.00  {LINES[1]:<72}  'a' 27.0 bits"


def test_the_line_that_a_cold_row_begins_in_is_left_out():
    hardest = HardestLines(TOKENIZER)
    hardest.add(*rows(*LINES, cost={0: 99.0}), is_cold=True)
    assert [line.text for line in hardest.lines()] == [line + "\n" for line in LINES[1:]]


def test_short_lines_and_padding_do_not_count():
    targets, losses = rows("no", LINES[0], cost={0: 99.0})
    padded = np.pad(targets, ((0, 0), (0, 5)))
    hardest = HardestLines(TOKENIZER)
    hardest.add(padded, np.pad(losses, ((0, 0), (0, 5))))
    assert [line.text for line in hardest.lines()] == [LINES[0] + "\n"]
    assert len("no") < FEWEST_CHARACTERS <= len(LINES[0])


@pytest.mark.parametrize("window", [0, 300])
def test_the_hardest_line_of_a_text_is_the_one_that_is_no_english(trained, lighthouse, tmp_path, window):
    """What is said of a line is what `inspect` says of it, read in its place, whichever way the text is cut."""
    model, _, _ = trained
    text = lighthouse.read_text(encoding="utf-8")[:800]
    odd = "qz zvkw wq zv zzvq kw zq vw kq zk"
    (tmp_path / "text.txt").write_text(f"{text}\n{odd}\n{text}", encoding="utf-8")
    found = model.evaluate(tmp_path / "text.txt", window=window, explain=True)
    assert found.hardest[0].text.strip() == odd
    costs = [line.bits_per_character for line in found.hardest]
    assert costs == sorted(costs, reverse=True)
    assert "hardest lines" in str(found)
    assert model.evaluate(tmp_path / "text.txt", window=window).hardest == ()
    if window == 0:
        inspected = model.inspect(f"{text}\n{odd}\n")
        assert inspected.surprise[-len(odd) - 1 :].mean() == pytest.approx(costs[0], rel=1e-2)


def test_the_command_shows_the_hardest_lines(trained, lighthouse, call):
    _, directory, _ = trained
    status, output, _ = call(evaluate, "perplexity", lighthouse, "--model", directory, "--explain", "--json")
    assert status == 0
    content = json.loads(output)
    assert len(content["hardest"]) == 5
    assert set(content["hardest"][0]) == {"text", "bits_per_character", "token", "bits"}
    _, output, _ = call(evaluate, "perplexity", lighthouse, "--model", directory, "--explain")
    assert len(output.splitlines()) == 7
    _, output, _ = call(evaluate, "perplexity", lighthouse, "--model", directory, "--json")
    assert "hardest" not in json.loads(output)


def test_lines_that_are_all_short_are_said_to_be(call, trained, tmp_path):
    (tmp_path / "names.txt").write_text("Ada\nBen\n")
    status, output, error = call(evaluate, "perplexity", tmp_path / "names.txt", "--model", trained[1], "--explain")
    assert (status, output.count("\n")) == (0, 1)
    assert f"lines of {FEWEST_CHARACTERS} characters or more; there are none" in error
