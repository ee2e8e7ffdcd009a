import pytest

from textrnn import corpora
from textrnn.preprocessing.survey import detected_documents, is_english_prose, num_documents, survey

NAMES = [f"{first}{last}" for first in ("Ann", "Bar", "Cor", "Del", "Em") for last in ("a", "ella", "ine", "y", "is")]
SENTENCES = [f"The {noun} stands near the {place}." for noun in ("boat", "cart", "mill") for place in NAMES]
WRAPPED = [
    "The lamp was lit before the boats came home, and the keeper sat at",
    "the window with his pipe. He counted the sails, as he had done each",
    "evening for thirty years, and found that one was missing.",
] * 12
PARAGRAPHS = [
    "The lamp was lit. The keeper sat at the window. He counted the sails, one by one, and then again.",
    '"One is missing," he said. "It is the blue one. It left before the wind turned."',
    "Nobody answered. The kettle sang. Outside the rain began, and the gulls went in under the roof.",
] * 12
VERSE = [
    "The lamp is lit, the boats are home,",
    "The keeper counts them one by one;",
    "",
    "And out beyond the foam",
] * 12
CHINESE = [f"灯亮了{character}，船回来了，雨下了。" for character in "一二三四五六七八九十百千万日月星风花雪山水火木石"]


def surveyed(tmp_path, lines, names=("text.txt",)):
    for name in names:
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return survey(corpora.read([tmp_path / name for name in names]))


def test_a_survey_counts_what_is_there(tmp_path):
    """Three lines with text and one blank: two end as sentences, one begins with a small letter."""
    text = surveyed(tmp_path, ["One lamp.", "", "two boats", "Three gulls!"])
    assert (text.num_characters, text.num_lines, text.num_files) == (10 + 1 + 10 + 13, 3, 1)
    assert (text.num_words, text.longest_line) == (6, 12)
    assert text.blank_share == pytest.approx(1 / 4)
    assert text.sentence_share == pytest.approx(2 / 3)
    assert text.lowercase_share == pytest.approx(1 / 3)
    assert text.mean_line == pytest.approx(30 / 3)
    assert text.is_spaced


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (NAMES, "line"),
        ([name.lower() for name in NAMES], "line"),
        (SENTENCES, "line"),
        (CHINESE, "line"),
        (WRAPPED, None),
        (PARAGRAPHS, None),
        (VERSE, None),
        (["X: 1", "A2 Bc|d4", "", "X: 2", "GA Bd|e4", ""] * 12, "\n\n"),
        (NAMES[:5], None),
    ],
)
def test_lines_are_documents_where_they_look_like_a_list(tmp_path, lines, expected):
    assert detected_documents(surveyed(tmp_path, lines)) == expected


def test_documents_are_counted(tmp_path):
    (tmp_path / "text.txt").write_text("one\ntwo\n\nthree\n***\nfour\n")
    for documents, expected in ((None, 1), ("line", 5), ("file", 1), ("\n\n", 2), ("***", 2)):
        corpus = corpora.read(tmp_path / "text.txt", documents=documents)
        assert num_documents(corpus, survey(corpus)) == expected


def test_several_files_of_prose_are_a_document_each(tmp_path):
    assert detected_documents(surveyed(tmp_path, WRAPPED, ("one.txt", "two.txt"))) == "file"
    assert detected_documents(surveyed(tmp_path, NAMES, ("one.txt", "two.txt"))) == "line"


GERMAN = [
    "Die Lampe brannte schon, als die Boote kamen. Der W\u00e4rter sa\u00df am Fenster und z\u00e4hlte sie alle."
] * 20
CODE = ["if the_lamp.is_lit and not self.boats:", "    return [boat for boat in self.boats if boat.is_home]"] * 20
CHAT = [
    "Ann: I have seen the boat and it was not the one that you said it would be",
    "Bo: What was it then, and who?",
] * 20
TABLE = [
    "the lamp was lit and the boats were all at home by then\tpositive",
    "it was not what we had been told\tnegative",
] * 20


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (WRAPPED, True),
        (PARAGRAPHS, True),
        *[(lines, False) for lines in (VERSE, NAMES, GERMAN, CODE, CHAT, TABLE, CHINESE)],
    ],
)
def test_english_prose_is_told_from_all_else(tmp_path, lines, expected):
    assert is_english_prose(surveyed(tmp_path, lines)) is expected
