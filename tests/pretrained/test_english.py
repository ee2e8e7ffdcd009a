"""The model of English prose that ships: it is there, small, writes sentences, and makes a good start."""

import io
import os
import pathlib
import re
import runpy
import zlib

import pytest

import textrnn
from tests.pretrained.shuffling import cost_of_shuffling
from textrnn.progress import Progress
from textrnn.storage import PRETRAINED, shipped_models

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def english():
    return textrnn.LanguageModel.load("english")


def test_it_is_small():
    assert sum(path.stat().st_size for path in (PRETRAINED / "english").iterdir()) <= 12_000_000


def test_it_writes_sentences(english):
    text = english.generate("The door opened", max_tokens=300, seed=7)
    assert text.startswith("The door opened")
    sentences = re.findall(r"[A-Z][^.!?]*[.!?]", text)
    assert len(sentences) >= 5
    words = re.findall(r"[a-z]+", text.lower())
    assert len(set(words)) > 80


def test_it_reads_printed_marks(english):
    assert english.prompt_ids("\u201cI don\u2019t know,\u201d") == english.prompt_ids('"I don\'t know,"')


def test_it_prefers_sense_to_nonsense(english, tmp_path):
    line = "She looked out of the window, and saw that the carriage had already stopped at the gate."
    assert cost_of_shuffling(english, line, tmp_path) > 1.0


def test_it_did_not_learn_by_heart(english):
    report = english.memorisation(english.generate("The door opened", max_tokens=1500, seed=1))
    assert report.new_shares[5] > 0.5


def test_a_short_story_is_better_off_with_it(lighthouse):
    """Two steps suffice to see that it is taken."""
    messages = io.StringIO()
    model = textrnn.LanguageModel()
    model.fit(lighthouse, steps=2, batch_size=2, length=8, progress=Progress(messages))
    assert "English prose: starting from the model english" in messages.getvalue()
    assert model.config.units == textrnn.LanguageModel.load("english").config.units
    assert model.evaluate(lighthouse).bits_per_character < 2.2


@pytest.mark.slow
def test_its_figure_on_the_test_novels(english, tmp_path):
    corpora = os.environ.get("TEXTRNN_CORPORA")
    if not corpora:
        pytest.skip("needs the novels below $TEXTRNN_CORPORA")
    prepare = runpy.run_path(str(ROOT / "benchmarks" / "recipes" / "english" / "prepare.py"))["main"]
    prepare(str(pathlib.Path(corpora, "lm", "novels")), str(tmp_path))
    novels = sorted((tmp_path / "test").iterdir())
    assert len(novels) == 6
    assert sum(english.evaluate(novel).bits_per_character for novel in novels) / 6 < 1.7


def test_all_shipped_models_fit_into_a_wheel_of_30_megabytes():
    """Packed as a wheel packs them, and with a megabyte for the rest of the package."""
    files = [path for model in shipped_models() for path in (PRETRAINED / model).iterdir()]
    assert sum(len(zlib.compress(path.read_bytes())) for path in files) <= 29_000_000
