import pytest

from textrnn.preprocessing.letter_case import given_back, with_usual_case

NAMES = {"Tom", "Mary", "Boston", "Brown", "Smith"}


def cost(word):
    """Knows names with a capital and all other words without."""
    return float((word.istitle() and word not in NAMES) + (word.islower() and word.title() in NAMES) + word.isupper())


@pytest.mark.parametrize(
    ("text", "usual", "case"),
    [
        ("HAPPY BIRTHDAY!", "Happy birthday!", "capitals"),
        ("TOM IS IN BOSTON AND I'M NOT.", "Tom is in Boston and I'm not.", "capitals"),
        ("STOP", "Stop", "capitals"),
        ("OK", "OK", "as is"),
        ("I", "I", "as is"),
        ("wHERE iS tHE bANK?", "Where is the bank?", "as is"),
        ("How To Train Your Dragon", "How to train your dragon", "title"),
        ("Tom Brown And Mary Smith", "Tom Brown And Mary Smith", "as is"),
        ("I met Tom Brown in Boston.", "I met Tom Brown in Boston.", "as is"),
        ("NASA and the UN agreed.", "NASA and the UN agreed.", "as is"),
        ("Good Morning", "Good Morning", "as is"),
        ("please help me", "please help me", "as is"),
        ("12:30", "12:30", "as is"),
        ("你好", "你好", "as is"),
        ("", "", "as is"),
    ],
)
def test_only_capitals_that_shout_or_head_are_taken_away(text, usual, case):
    assert with_usual_case(text, cost) == (usual, case)


def test_case_is_given_back():
    assert given_back("¿Dónde está la salida?", "capitals") == "¿DÓNDE ESTÁ LA SALIDA?"
    assert given_back("Cómo entrenar a tu dragón", "title") == "Cómo Entrenar a Tu Dragón"
    assert given_back("Tom está aquí.", "as is") == "Tom está aquí."
