import pytest

from textrnn.preprocessing.typed_text import are_tokenized, is_tokenized, put_together, segments, with_marks_of


def cost(word):
    return float(word.isupper())


@pytest.mark.parametrize("text", ["...", "???", "!", "-", "42", "12:30", "2025-03-14", "😀", "👍🏽 👩‍💻", "$19.99"])
def test_text_without_letters_is_never_translated(text):
    found = segments(text, cost)
    assert not any(segment.text for segment in found)
    assert put_together(found, []) == text


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("I love you 😀", ["I love you"]),
        ("😀 Hello! 👍🏽👍 Bye 🇪🇸", ["Hello!", "Bye"]),
        ("• Buy some milk.", ["Buy some milk."]),
        ("(a) Buy some milk.", ["Buy some milk."]),
        ("3) Buy some milk.", ["Buy some milk."]),
        ("1984 was a year. 2 + 2 is 4.", ["1984 was a year.", "2 + 2 is 4."]),
        ("Is it cold? Yes. 42. No!", ["Is it cold?", "Yes.", "42. No!"]),
        ("HELLO!!! I&apos;m here", ["Hello!", "I'm here"]),
        ("two young , white males are outside .", ["two young , white males are outside ."]),
        ("HELLO , TOM .", ["HELLO , TOM ."]),
    ],
)
def test_sentences_are_what_is_translated(text, texts):
    assert [segment.text for segment in segments(text, cost) if segment.text] == texts


@pytest.mark.parametrize(
    "text",
    [
        "I love you 😀",
        "😀 Hello! 👍🏽👍 Bye 🇪🇸",
        "- a. B? C!!! 12 (a) D",
        "a) One. Two",
        "WAIT! PLEASE GO!!",
        "I see , Tom .",
    ],
)
def test_text_that_is_given_back_untranslated_is_the_text(text):
    found = segments(text, cost)
    expected = [segment.text for segment in found if segment.text]
    assert put_together(found, expected) == text


def test_long_sentences_are_translated_by_clauses_and_stay_one_sentence():
    text = "I went to the market today, " * 5 + "and Tom slept."
    found = segments(text, cost)
    assert len(found) > 1
    translations = [f"¡Frase {number}!" for number in range(len(found))]
    assert put_together(found, translations) == "Frase 0, frase 1."


def test_clauses_without_letters_stay():
    numbers = ", ".join(map(str, range(30)))
    found = segments(f"These are the numbers that we drew today in the lottery of our town: {numbers}.", cost)
    assert put_together(found, ["Estos son los números: 0, 1, 2, 3, 4, 5."]) == f"Estos son los números: {numbers}."


def test_the_last_clause_of_a_question_asks():
    text = (
        "When I went to the market today with my old friends and their six children, what did you do at home with Tom?"
    )
    assert put_together(segments(text, cost), ["Cuando fui.", "¿Qué hiciste?"]) == "Cuando fui, ¿qué hiciste?"


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("“It’s a nice day.”", ["It's a nice day."]),
        ('"HELLO!!!"', ["Hello!"]),
        ('"Yes," he said.', ['"Yes," he said.']),
        ('"Yes" and "no"', ['"Yes" and "no"']),
    ],
)
def test_a_quoted_sentence_is_translated_without_its_marks(text, texts):
    found = segments(text, cost)
    assert [segment.text for segment in found if segment.text] == texts
    assert with_marks_of(text, put_together(found, texts)) == text.replace("’", "'").replace("Hello!", "HELLO!")


def test_lower_case_translators_keep_small_letters():
    assert segments("PLEASE WAIT", None)[0].case == "as is"


def test_tokenised_text_is_told_from_typed_text():
    assert is_tokenized("I see , Tom .")
    assert not is_tokenized("I see, Tom. Wait ... no : 3.5 , "[:-3])
    assert are_tokenized(["a man , smiling ."] * 3 + ["A man."])
    assert not are_tokenized(["A man."] * 50 + ["a man ."])
    assert not are_tokenized([])
