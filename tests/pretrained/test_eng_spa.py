"""The translator that ships: it is there, small, and translates what a visitor would type."""

import os
import pathlib
import runpy
import subprocess
import sys

import pytest

import textrnn
from textrnn import pairs
from textrnn.storage import PRETRAINED

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def translator():
    return textrnn.Translator.load("eng-spa")


def test_it_is_small():
    assert sum(path.stat().st_size for path in (PRETRAINED / "eng-spa").iterdir()) <= 7_200_000


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("I am a student", {"Soy estudiante.", "Soy un estudiante.", "Yo soy estudiante."}),
        ("Where is the train station?", {"¿Dónde está la estación de tren?", "¿Dónde está la estación de trenes?"}),
        ("How much does this cost?", {"¿Cuánto cuesta esto?", "¿Cuánto cuesta?"}),
        ("I lost my passport yesterday.", {"Perdí mi pasaporte ayer.", "Ayer perdí mi pasaporte."}),
    ],
)
def test_it_translates(translator, english, spanish):
    assert translator.translate(english) in spanish


def test_it_copies_names_and_numbers(translator):
    assert "Zorvath" in translator.translate("Zorvath is my friend.")
    assert "47" in translator.translate("I am 47 years old.")


def test_its_attention_finds_a_name(translator):
    ((found,),) = translator.translations(["Tom lives in Boston."])
    place = found.tokens.index(" Boston")
    assert found.source_tokens[found.attention[place].argmax()] == " Boston"


def test_it_does_well_on_the_sample_pairs(translator):
    """Sentences written for this project; the score is far below that if anything is wrong with the model."""
    sample = pairs.read(ROOT / "corpora" / "eng-spa.tsv")
    assert translator.evaluate(sample.sources, sample.targets).bleu.score > 35


def test_translating_imports_no_tensorflow():
    code = (
        "import sys, textrnn; textrnn.Translator.load('eng-spa').translate('Hello.');"
        "print(sorted({'tensorflow', 'keras', 'nltk', 'matplotlib', 'sacrebleu'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.slow
def test_its_figure_on_the_test_sentences(translator, tmp_path, monkeypatch):
    corpora = os.environ.get("TEXTRNN_CORPORA")
    if not corpora:
        pytest.skip("needs the pairs below $TEXTRNN_CORPORA")
    sources = [pathlib.Path(corpora, "mt", name) for name in ("tatoeba_eng_spa/spa.txt", "extra_eng_spa/pairs.tsv")]
    monkeypatch.setattr(sys, "argv", ["prepare.py", *map(str, sources), str(tmp_path)])
    recipe = ROOT / "benchmarks" / "recipes" / "eng-spa"
    monkeypatch.syspath_prepend(str(recipe))
    runpy.run_path(str(recipe / "prepare.py"))["main"]()
    sources, targets = ((tmp_path / name).read_text(encoding="utf-8").splitlines() for name in ("test.en", "test.es"))
    assert translator.evaluate(sources, targets).bleu.score > 40


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("WE HAVE TWO DOGS.", "TENEMOS DOS PERROS."),
        ("We have two dogs. 😀 Where is the bank?", "Tenemos dos perros. 😀 ¿Dónde está el banco?"),
        ("I don&apos;t know…", "No sé."),
        ("12:30", "12:30"),
    ],
)
def test_it_reads_what_people_type(translator, english, spanish):
    assert translator.translate(english) == spanish


def test_raw_text_reaches_the_network_as_it_is(translator):
    assert translator.translate("WE HAVE TWO DOGS.", raw=True) != "TENEMOS DOS PERROS."
