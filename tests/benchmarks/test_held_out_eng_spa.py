"""The test sets written for the translator: they are whole, what is to be copied is there, and training is kept off."""

import collections
import importlib.util
import os
import pathlib
import re
import sys
import unicodedata

import pytest

from textrnn import pairs
from textrnn.preprocessing.pairs import normalized

RECIPE = pathlib.Path(__file__).parents[2] / "benchmarks" / "recipes" / "eng-spa"


@pytest.fixture
def recipe(monkeypatch):
    """Imports a script of the recipe, as it finds its neighbours when it is run."""
    monkeypatch.syspath_prepend(str(RECIPE))

    def load(name):
        spec = importlib.util.spec_from_file_location(f"eng_spa_{name}", RECIPE / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop("held_out", None)


@pytest.fixture
def held_out(recipe):
    return recipe("held_out")


@pytest.mark.parametrize(("name", "columns", "number"), [("visitors.tsv", 4, 200), ("copied.tsv", 3, 500)])
def test_rows_and_columns(name, columns, number):
    text = (RECIPE / name).read_text(encoding="utf-8")
    cells = [line.split("\t") for line in text.splitlines()]
    assert len(cells) == number + 1
    assert {len(row) for row in cells} == {columns}
    assert all(cell and cell == normalized(cell) for row in cells for cell in row)
    assert unicodedata.is_normalized("NFC", text)


def test_no_sentence_is_there_twice(held_out):
    english = [held_out.key(row.english) for row in [*held_out.visitors(), *held_out.copied()]]
    assert all(english)
    assert [key for key, times in collections.Counter(english).items() if times > 1] == []


def test_the_two_translations_differ(held_out):
    alike = [row for row in held_out.visitors() if held_out.key(row.spanish[0]) == held_out.key(row.spanish[1])]
    assert alike == []
    assert all(map(held_out.key, (text for row in held_out.visitors() for text in row.spanish)))


def test_spanish_opens_what_it_closes(held_out):
    for row in held_out.visitors():
        for text in row.spanish:
            assert (text.count("¿"), text.count("¡")) == (text.count("?"), text.count("!")), text


def test_kinds_are_explained(held_out):
    shown = (RECIPE / "README.md").read_text(encoding="utf-8")
    kinds = {
        kind for line in shown.splitlines() if line.startswith("| ") for kind in line.split(" | ")[0][2:].split(", ")
    }
    assert {row.kind for row in held_out.visitors()} <= kinds
    assert len({row.kind for row in held_out.copied()}) == 18


def test_what_visitors_type_is_copied(held_out):
    """Figures, addresses, hashtags, mentions and emoji of a sentence stand in both translations."""
    copied = re.compile(
        r"\S*\d[\d:.,]*\d(?!\w)|\d(?!\w)|\S+@[\w.]+\w|[#@]\w+|[\u2600-\u27bf\U0001f300-\U0001faff]\ufe0f?"
    )
    for row in held_out.visitors():
        for text in row.spanish:
            assert held_out.missing(copied.findall(row.english), row.english, text) == []


def test_things_stand_in_their_sentences(held_out):
    for row in held_out.copied():
        for thing, number in collections.Counter(row.things).items():
            assert held_out.times(thing, row.english) == number, (row.english, thing)


def test_no_figure_sign_or_tag_is_forgotten(held_out):
    for row in held_out.copied():
        rest = row.english
        for thing in row.things:
            rest = held_out.pattern(thing).sub(" ", rest, count=1)
        assert not re.search(r"[\d@#{}<>%$€£\\_*+=~]|[^\W\d][./:][^\W\d]", rest), (row.english, rest)
        assert rest.isascii() or set(rest) - set(map(chr, range(128))) <= set("“”’"), rest


def test_sentences_are_of_4_to_25_words(held_out):
    assert {row.english for row in held_out.copied() if not 4 <= len(row.english.split()) <= 25} == set()


@pytest.mark.parametrize(
    ("thing", "text", "times"),
    [
        ("3:45", "A las 3:45.", 1),
        ("3:45", "A las 13:45 o a las 3:450.", 0),
        ("3:45", "A las 3:45:10.", 0),
        ("5", "2.5, 5.1 y 15", 0),
        ("1,234", "1,234.56 o 1.234", 0),
        ("€5", "€50", 0),
        ("€5", "€5, o sea €5", 2),
        ("5 km", "5 km/h, 5 kms y 15 km", 0),
        ("-12 °C", "a -12 °C", 1),
        ("8%", "18%", 0),
        ("ana@example.org", "juana@example.org y ana@example.org.mx", 0),
        ("www.example.com", "(www.example.com).", 1),
        ("@ana", "juan@ana y @anab", 0),
        ("{a}", "{{a}} ${a} %{a}", 0),
        ("{a}", "{a}{a}", 2),
        ("%d", "%d%%", 1),
        ("<b>", "<b>a</b>", 1),
        ("👍", "👍🏽", 0),
        ("👍", "👍👍", 2),
        ("👩", "👩‍⚕️ y 👨‍👩", 0),
        (".0", "2.0 y .0", 1),
    ],
)
def test_a_thing_stands_by_itself(held_out, thing, text, times):
    assert held_out.times(thing, text) == times


def test_sentences_are_compared_as_letters_and_digits(held_out):
    assert held_out.key("Don't go, NOW!") == held_out.key("dont go now") == "dontgonow"
    assert (
        held_out.key("Sí, a las 3:45 👍") == held_out.key(unicodedata.normalize("NFD", "sí a las 345")) != "sialas345"
    )
    english, spanish = held_out.visitors()[0].english, held_out.visitors()[0].spanish[1]
    assert held_out.holds(english.upper(), "")
    assert held_out.holds("Hello.", spanish.replace("!", ""))
    assert held_out.holds(held_out.copied()[-1].english)
    assert not held_out.holds("Hello.", "Hola.")


def test_a_file_with_such_a_pair_is_refused(held_out, tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("Hello.\tHola.\nBye.\tAdiós.\tnote\n", encoding="utf-8")
    held_out.check(path)
    path.write_text(f"Hello.\tHola.\nBye.\t{held_out.visitors()[5].spanish[0].upper()}\tnote\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"line 2: .* is a sentence that is held out"):
        held_out.check(path)


def test_prepare_leaves_such_pairs_out(recipe, held_out, monkeypatch, tmp_path):
    prepare = recipe("prepare")
    monkeypatch.setattr(prepare, "NUM_TEST", 1)
    monkeypatch.setattr(prepare, "NUM_VALIDATION", 1)
    row = held_out.visitors()[3]
    known = [(f"This is house {word}.", f"Esta es la casa {word}.") for word in ("alpha", "beta", "gamma", "delta")]
    others = [*known, ("Who lives in house eta?", "¿Quién vive en la casa alpha?"), ("Good night.", "Buenas noches.")]
    # What is said in other words elsewhere, or is a sentence of the sets, is no training pair either.
    more = [(english.upper(), "Otra cosa.") for english, _ in known] + [("No, no.", spanish) for _, spanish in known]
    more += [(row.english.lower(), "No."), ("No, no.", row.spanish[1].upper()), ("Yes, sir.", "Sí, señor.")]
    for name, written in (("spa.txt", others), ("pairs.tsv", more)):
        (tmp_path / name).write_text("".join(f"{a}\t{b}\n" for a, b in written), encoding="utf-8")
    monkeypatch.setattr(
        sys, "argv", ["prepare.py", *map(str, (tmp_path / "spa.txt", tmp_path / "pairs.tsv", tmp_path))]
    )
    prepare.main()
    train, validation = (pairs.read(tmp_path / f"{name}.tsv") for name in ("train", "validation"))
    sides = [(tmp_path / name).read_text(encoding="utf-8").splitlines() for name in ("test.en", "test.es")]
    drawn = {held_out.key(text) for text in (*validation.sources, *validation.targets, *sides[0], *sides[1])}
    assert len(drawn) == 4
    assert "Yes, sir." in train.sources
    assert not any(held_out.holds(*pair, drawn=drawn) for pair in zip(train.sources, train.targets, strict=True))
    turned = [(tmp_path / "spa-eng" / name).read_text(encoding="utf-8").splitlines() for name in ("test.en", "test.es")]
    assert turned == sides


def test_the_score_counts_and_lists(recipe, held_out):
    score = recipe("score_copied")
    rows = [
        held_out.Copied("Bus 42 is late.", ("42",), "number"),
        held_out.Copied("Rooms 7, 8 and 7.", ("7", "8", "7"), "number"),
        held_out.Copied("Hi {name}!", ("{name}",), "placeholder"),
    ]
    shown = score.report(rows, ["El autobús 42 llega tarde.", "Las salas 7 y 8.", "Hi {name}!"])
    assert [line.split() for line in shown.splitlines()[:3]] == [
        ["number", "1", "of", "2"],
        ["placeholder", "0", "of", "1"],
        ["all", "1", "of", "3", "33.3%"],
    ]
    assert "number: 7\n    Rooms 7, 8 and 7.\n    Las salas 7 y 8." in shown
    assert "placeholder: not translated" in shown


@pytest.mark.parametrize("place", ["mt/tatoeba_eng_spa/spa.txt", "mt/extra_eng_spa/pairs.tsv", "phrases.tsv"])
def test_no_sentence_is_in_the_training_data(held_out, place):
    path = (
        RECIPE / place if place == "phrases.tsv" else pathlib.Path(os.environ.get("TEXTRNN_CORPORA", "absent"), place)
    )
    if not path.is_file():
        pytest.skip(f"needs {place} below $TEXTRNN_CORPORA")
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert [line for line in lines if held_out.holds(*line.split("\t")[:2])] == []
