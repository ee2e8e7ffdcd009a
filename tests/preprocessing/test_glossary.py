import pytest

from textrnn import TextrnnError
from textrnn.preprocessing.glossary import Glossary
from textrnn.preprocessing.placeholders import NUMBERS, THINGS, masked
from textrnn.preprocessing.typed_text import put_together, segments

TERMS = {"mouse": "ratón", "mouse pad": "alfombrilla", "NATO": "OTAN", "e-mail": "correo", "灯": "lamp", "C++": "C++"}


def found(text, terms=TERMS):
    return [(text[begin:end], str(term)) for begin, end, term, _ in Glossary(terms).found(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A mouse pad and a mouse.", [("mouse pad", "alfombrilla"), ("mouse", "ratón")]),
        ("mousetrap, dormouse, mouse's", [("mouse", "ratón")]),
        ("Mouse, MOUSE", [("Mouse", "ratón"), ("MOUSE", "RATÓN")]),
        ("nato NATO Nato", [("NATO", "OTAN")]),
        ("An e-mail in C++.", [("e-mail", "correo"), ("C++", "C++")]),
        ("在灯下", [("灯", "lamp")]),
        ("nothing here", []),
        ("", []),
    ],
)
def test_terms_are_found_as_whole_words(text, expected):
    assert found(text) == expected


def reread(text, terms=TERMS):
    """Returns a text whose every sentence is translated by itself, but for the terms."""
    glossary = Glossary(terms)
    text_segments = segments(
        text, lambda word: float(word.isupper()), lambda one: masked(one, None, glossary.found(one))
    )
    return text_segments, put_together(text_segments, [segment.text for segment in text_segments if segment.text])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mouse.", "Ratón."),  # nothing is left to translate
        ("The mouse is here.", "The ratón is here."),
        ("Mouse and cat.", "Ratón and cat."),
        ("mouse and cat.", "ratón and cat."),
        ("THE MOUSE IS HERE!!!", "THE RATÓN IS HERE!!!"),
        ("Write to mouse@example.org, not to the mouse.", "Write to mouse@example.org, not to the ratón."),
        ("It costs $19.99. Mouse!", "It costs $19.99. Ratón!"),
    ],
)
def test_terms_stand_in_the_translation_with_the_capitals_of_the_text(text, expected):
    assert reread(text)[1] == expected


def test_a_term_comes_before_a_number_or_an_address():
    (segment,), _ = reread("Pay 1,000 pesos at example.org.", {"1,000 pesos": "mil pesos"})
    assert segment.text == f"Pay {THINGS[0]} at {THINGS[1]}."
    (segment,), _ = reread("Pay 1,000 pesos.", {"dollars": "dólares"})
    assert segment.text == f"Pay {NUMBERS[0]} pesos."


@pytest.mark.parametrize(("terms", "message"), [({}, "is empty"), ({"a": " "}, "'a': ''"), ({" ": "a"}, "'': 'a'")])
def test_what_is_no_glossary_is_refused(terms, message):
    with pytest.raises(TextrnnError, match=message):
        Glossary(terms)


def test_a_line_that_is_no_term_is_named(tmp_path, capsys):
    path = tmp_path / "terms.tsv"
    path.write_text("mouse\tratón\nserver servidor\n", encoding="utf-8")
    assert Glossary.opened(path).terms == {"mouse": "ratón"}
    assert f"left out 1 of 2 pairs in {path}: a side is empty or missing, first in line 2" in capsys.readouterr().err


def test_glossaries_from_files_and_memory(tmp_path, capsys):
    path = tmp_path / "terms.tsv"
    path.write_text("mouse\tratón\nmouse  pad\talfombrilla\n", encoding="utf-8")
    expected = {"mouse": "ratón", "mouse pad": "alfombrilla"}
    for source in (path, str(path), expected, list(expected.items()), Glossary(expected)):
        assert Glossary.opened(source).terms == expected
    assert capsys.readouterr().err == ""
    path.write_text("mouse\tratón\nmouse\traton\n", encoding="utf-8")
    with pytest.raises(TextrnnError, match=r"terms.tsv: has two translations of 'mouse': 'ratón' and 'raton'"):
        Glossary.opened(path)
    with pytest.raises(TextrnnError, match="missing.tsv"):
        Glossary.opened(tmp_path / "missing.tsv")
