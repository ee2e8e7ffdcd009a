import pathlib
import runpy

RECIPE = pathlib.Path(__file__).parents[2] / "benchmarks" / "recipes" / "eng-spa"


def test_odd_words_are_counted_without_case_and_marks():
    score = runpy.run_path(str(RECIPE / "score_forms.py"))
    known = score["words"]("Hola, ¿cómo estás? 3 perros")
    assert known == {"hola", "cómo", "estás", "perros"}
    assert score["num_odd"](["¡HOLA! 5", "Hola PERA", ""], known) == 1
    assert [form("It's I.") for form in score["FORMS"].values()] == [
        "It's I.",
        "IT'S I.",
        "“It’s I.”",
        "It's I. 😀",
        "It's I!",
    ]
