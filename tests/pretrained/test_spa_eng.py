"""The translator that ships for the other direction."""

import pytest

import textrnn
from textrnn.storage import PRETRAINED


@pytest.fixture(scope="module")
def translator():
    return textrnn.Translator.load("spa-eng")


def test_it_is_small():
    assert sum(path.stat().st_size for path in (PRETRAINED / "spa-eng").iterdir()) <= 7_200_000


@pytest.mark.parametrize(
    ("spanish", "english"),
    [
        ("Soy estudiante.", {"I'm a student.", "I am a student."}),
        ("¿Dónde está la estación de tren?", {"Where is the train station?", "Where's the train station?"}),
        ("¡Buenos días!", {"Good morning!"}),
        ("TENEMOS DOS PERROS.", {"WE HAVE TWO DOGS."}),
        ("Cuesta $19.99. 😀", {"It costs $19.99. 😀"}),
    ],
)
def test_it_translates(translator, spanish, english):
    assert translator.translate(spanish) in english


def test_it_knows_its_language(translator):
    assert translator.foreign_note("¿Dónde está la estación de tren?") is None
    assert "rather than what it reads" in translator.foreign_note("Where is the train station, please?")


def test_a_glossary_holds(translator):
    found = translator.translate("La casa de Tom es grande.", glossary={"casa": "mansion"})
    assert "mansion" in found
    assert "house" not in found
