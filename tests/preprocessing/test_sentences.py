import pytest

from textrnn.preprocessing.sentences import split_clauses, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Is it cold? Yes. Are you ready? No.", ["Is it cold?", "Yes.", "Are you ready?", "No."]),
        ("No. I do not. No. 5 is alive!", ["No.", "I do not.", "No. 5 is alive!"]),
        ("Mr. and Mrs. Brown met Dr. No. He left.", ["Mr. and Mrs. Brown met Dr. No.", "He left."]),
        ("J. R. Smith lives in the U.S. Army base.", ["J. R. Smith lives in the U.S. Army base."]),
        ("It is 5 p.m. We leave.", ["It is 5 p.m.", "We leave."]),
        ("The price is 3.50 dollars... maybe. Wait... I come.", None),
        ('"Who is it?" asked Tom. "Me."', ['"Who is it?" asked Tom.', '"Me."']),
        ('He said "No. Never." and left. Good.', ['He said "No. Never." and left.', "Good."]),
        ("Look (it is new. Nice!) here. Go.", ["Look (it is new. Nice!) here.", "Go."]),
        ("¿Dónde está? ¡Aquí! Sí.", ["¿Dónde está?", "¡Aquí!", "Sí."]),
        ("你好。再见!", ["你好。", "再见!"]),
        ("Jan. 3 is a day. 42 is not. End", ["Jan. 3 is a day.", "42 is not.", "End"]),
        ("Version 3.2.1 is out", ["Version 3.2.1 is out"]),
        ("... Hello.", ["... Hello."]),
    ],
)
def test_sentences_end_where_a_reader_would_say_so(text, sentences):
    found = split_sentences(text)
    assert "".join(sentence + space for sentence, space in found) == text
    if sentences is not None:
        assert [sentence for sentence, _ in found] == sentences


def test_an_ellipsis_ends_a_sentence_before_a_capital_only():
    assert [one for one, _ in split_sentences("He came... late. Wait... I come.")] == [
        "He came... late.",
        "Wait...",
        "I come.",
    ]


def test_clauses_hold_as_many_words_as_fit_and_are_the_sentence_together():
    sentence = "one two, three four, five six seven eight nine; ten, eleven."
    found = split_clauses(sentence, 4)
    assert "".join(clause + space for clause, space in found) == sentence
    assert [clause for clause, _ in found] == ["one two, three four,", "five six seven eight nine;", "ten, eleven."]


def test_a_sentence_without_marks_is_one_clause():
    assert split_clauses("word " * 50 + "end", 10) == [("word " * 50 + "end", "")]
