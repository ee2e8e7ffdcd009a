import pytest

from textrnn.preprocessing.languages import common_words, foreign_note

ENGLISH = ["the", "i", "to", "is", "a", "dog"]
SPANISH = ["el", "yo", "a", "es", "un", "perro"]


@pytest.mark.parametrize(
    ("line", "begin"),
    [
        ("The dog is big.", None),
        ("El perro es grande.", "looks like what this translator writes"),
        ("Der Hund ist groß und alt.", "does not look like what this translator reads"),
        ("Der Hund", None),  # too short to tell
        ("EL PERRO ES GRANDE", "looks like"),
        ("12 34 56 78 90", None),
        ("", None),
    ],
)
def test_lines_are_told_by_common_words(line, begin):
    note = foreign_note(line, ENGLISH, SPANISH)
    assert note is None if begin is None else note.startswith(begin)


def test_without_common_words_nothing_is_told():
    assert foreign_note("El perro es grande.", [], []) is None


def test_common_words_are_counted_in_small_letters_and_only_of_many_sentences():
    assert common_words(["The dog, the cat."] * 999) == []
    assert common_words(["The dog, the cat's."] * 1000)[0] == "the"
    assert common_words(["灯亮了", "灯"] * 500)[0] == "灯"
