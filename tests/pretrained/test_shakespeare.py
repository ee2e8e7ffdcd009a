"""The model that ships: it is there, small, and knows its trade."""

import os
import pathlib
import re
import runpy

import pytest

import textrnn
from tests.pretrained.shuffling import cost_of_shuffling
from textrnn.storage import PRETRAINED

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shakespeare():
    return textrnn.LanguageModel.load("shakespeare")


def test_it_is_small():
    assert sum(path.stat().st_size for path in (PRETRAINED / "shakespeare").iterdir()) <= 6_500_000


def test_it_writes_lines_and_speakers(shakespeare):
    text = shakespeare.generate("HAMLET:\nTo be or not to", max_tokens=400, seed=7)
    assert text.startswith("HAMLET:\nTo be or not to")
    assert len(re.findall(r"^[A-Z][A-Za-z ]+:$", text, re.MULTILINE)) >= 4
    words = re.findall(r"[a-z]+", text.lower())
    assert len(set(words)) > 80


def test_it_prefers_sense_to_nonsense(shakespeare, tmp_path):
    line = "My lord, I do beseech you, tell me what the king hath said of this unhappy day."
    assert cost_of_shuffling(shakespeare, line, tmp_path) > 1.0


def test_it_did_not_learn_by_heart(shakespeare):
    report = shakespeare.memorisation(shakespeare.generate("KING LEAR:\n", max_tokens=1000, seed=1))
    assert report.longest_span < 20
    assert report.new_shares[5] > 0.5


@pytest.mark.slow
def test_its_figure_on_the_test_play(shakespeare, tmp_path):
    corpora = os.environ.get("TEXTRNN_CORPORA")
    if not corpora:
        pytest.skip("needs the plays below $TEXTRNN_CORPORA")
    prepare = runpy.run_path(str(ROOT / "benchmarks" / "recipes" / "shakespeare" / "prepare.py"))["main"]
    prepare(str(pathlib.Path(corpora, "lm", "shakespeare_plays")), str(tmp_path))
    assert shakespeare.evaluate(tmp_path / "test" / "asyoulikeit.txt").bits_per_character < 2.2
