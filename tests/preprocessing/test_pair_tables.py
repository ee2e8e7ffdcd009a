import pytest

from textrnn import TextrnnError, pairs
from textrnn.preprocessing.pairs import Pairs

EXPECTED = Pairs(["Go on.", "Hi.", "I am 5."], ["Sigue.", "Hola.", "Tengo 5."])


def read(tmp_path, content, name="pairs.tsv", **options):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return pairs.read(path, **options)


def rows_of(*columns, separator="\t"):
    """Lines with the three sentences, their translations and other columns in the order given."""
    known = {"source": EXPECTED.sources, "target": EXPECTED.targets}
    cells = [known[column] if isinstance(column, str) else column for column in columns]
    return "".join(separator.join(row) + "\n" for row in zip(*cells, strict=True))


IDS, OTHER_IDS, CODES = ["12", "1304", "9"], ["77", "78", "79"], ["eng"] * 3


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (rows_of("source", "target"), "a.tsv"),
        (rows_of("source", "target", ["by me", "by you", "by me"]), "further-columns.txt"),
        (rows_of(IDS, "source", OTHER_IDS, "target"), "ids.tsv"),
        (rows_of(IDS, CODES, "source", OTHER_IDS, ["spa"] * 3, "target"), "languages.tsv"),
        (rows_of(["1.07", "1.2", "0.9"], "source", "target"), "scores.tsv"),
        (rows_of(["sent_01", "sent_02", "sent_03"], "source", "target"), "names.tsv"),
        (rows_of(["http://a.org/1", "http://a.org/2", "https://b.org"], "source", "target"), "addresses.tsv"),
        ("id\tenglish\tspanish\n" + rows_of(IDS, "source", "target"), "header.tsv"),
        (rows_of(["ann", "bob", "ann"], "source", "target"), "users.tsv"),
        (rows_of(["2020-01-01", "2020-01-02", "2020-01-03"], "source", "target"), "dates.tsv"),
        (rows_of(["(12)", "(13)", "(14)"], "source", ["true", "false", "true"], "target"), "brackets.tsv"),
        (rows_of(["0a", "s1.", "news-doc1-3"], "source", "target"), "made-up-ids.tsv"),
        (rows_of(["1e-03", "2e-03", "0.5"], "source", "target"), "small-scores.tsv"),
        (
            "source,english_sentence,hindi_sentence\n"
            + rows_of(["ted", "tides", "ted"], "source", "target", separator=","),
            "corpus-as-source.csv",
        ),
        ("note\tSource text\tTarget text\n" + rows_of(["by me", "by you", "me"], "source", "target"), "texts.tsv"),
        ("who\tEnglish\tHindi\n" + rows_of(["by me", "by you", "by me"], "source", "target"), "languages-named.tsv"),
        ("English\tSpanish\n" + rows_of("source", "target"), "header-of-two.tsv"),
        ("English\tHindi\n" + rows_of("source", "target"), "header-of-languages.tsv"),
        ("English sentences\tHindi translations\n" + rows_of("source", "target"), "header-of-words.tsv"),
        ("target,source\n" + rows_of("target", "source", separator=","), "by-name.csv"),
        (rows_of("source", "target", separator=" ||| "), "bars.txt"),
        (rows_of("source", "target", separator=";"), "semicolons.csv"),
        (rows_of("source", "target", separator=","), "commas.csv"),
    ],
    ids=lambda value: value if len(value) < 30 else "",
)
def test_the_columns_of_sentences_are_found(tmp_path, content, name):
    assert read(tmp_path, content, name) == EXPECTED


def test_words_are_sentences_where_nothing_else_is(tmp_path, capsys):
    words = "dog\tperro\ta noun\ncat\tgato\ta noun, too\n"
    assert read(tmp_path, words) == Pairs(["dog", "cat"], ["perro", "gato"])
    assert "sentences from column 1, their translations from column 2" in capsys.readouterr().err
    greetings = "Go on.\tSigue.\tby Ann\nHi.\tHola.\tby Bo\nStop now.\tAlto.\tby Ann\n"
    assert read(tmp_path, greetings).targets == ["Sigue.", "Hola.", "Alto."]
    japanese = "Go on.\t続けて\tby Ann\nHi you.\tやあ\tby Bo\nStop it.\t止めて\tby Ann\n"
    assert read(tmp_path, japanese).targets == ["続けて", "やあ", "止めて"]


def test_quotes_are_read(tmp_path):
    content = '"She said ""Hi"".","Dijo ""Hola""."\n"One, two","Uno,\ndos"\n'
    assert read(tmp_path, content, "a.csv") == Pairs(['She said "Hi".', "One, two"], ['Dijo "Hola".', "Uno, dos"])
    assert read(tmp_path, content.replace('","', '"\t"')) == read(tmp_path, content, "a.csv")
    assert read(tmp_path, '"Hi," he said.\t"Hola", dijo.\n') == Pairs(['"Hi," he said.'], ['"Hola", dijo.'])


@pytest.mark.parametrize(
    "fields",
    [
        '"en": "Go on.", "es": "Sigue."',
        '"id": 4, "en": "Go on.", "es": "Sigue."',
        '"translation": {"en": "Go on.", "es": "Sigue."}',
    ],
)
def test_json_lines_are_read(tmp_path, fields, capsys):
    content = f"{{{fields}}}\n" * 2
    assert read(tmp_path, content, "a.jsonl") == Pairs(["Go on."] * 2, ["Sigue."] * 2)
    assert "sentences from " in capsys.readouterr().err
    assert read(tmp_path, content, "a.jsonl", columns=("es", "en")) == Pairs(["Sigue."] * 2, ["Go on."] * 2)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ((2, 4), EXPECTED),
        ((4, 2), EXPECTED.reversed()),
        (["2", "4"], EXPECTED),
        (("english", "Spanish"), EXPECTED),
        (("spanish", "ENGLISH"), EXPECTED.reversed()),
        ((2, "Spanish"), EXPECTED),
    ],
)
def test_columns_are_chosen_by_number_or_name(tmp_path, columns, expected):
    content = "a\tenglish\tb\tSpanish\n" + rows_of(["x", "y", "z"], "source", ["y", "z", "x"], "target")
    assert read(tmp_path, content, columns=columns) == expected
    assert read(tmp_path, content, columns=columns, reverse=True) == expected.reversed()


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (
            rows_of(IDS, "source"),
            {},
            r"column 1 holds numbers, ids.*columns=\(1, 2\) or --columns 1 2.\nThe first row, 1: 12",
        ),
        (rows_of("source", OTHER_IDS), {}, "column 2 holds numbers"),
        (rows_of(IDS, "source", "target", "source"), {}, "column 1 holds numbers"),
        (rows_of(IDS, "source"), {"columns": (1, 3)}, "no column 3.* Its columns: 1 to 2"),
        (rows_of(IDS, "source"), {"columns": (0, 1)}, "no column 0"),
        (rows_of(IDS, "source"), {"columns": (1, 1)}, "two different columns"),
        (rows_of(IDS, "source"), {"columns": (1,)}, "must name two columns"),
        (rows_of(IDS, "source"), {"columns": "12"}, "must name two columns"),
        (
            "english\tspanish\n" + rows_of("source", "target"),
            {"columns": ("english", "spanis")},
            "Did you mean 'spanish'",
        ),
        ("Go on.    Sigue.\n", {}, "line 1: expected a sentence, a tab and its translation. Received: Go on."),
        ("a\tb\tc\nd\te\nf\tg\n", {"columns": (1, 3)}, "no column 3"),
        ("a\tb\tc\nd\te\nf\tg\nh\ti\tj\nk\tl\tm\n", {"columns": (1, 3)}, None),
    ],
)
def test_columns_that_are_not_there(tmp_path, content, options, message):
    if message is None:
        found = read(tmp_path, content, **options)
        assert found == Pairs(["a", "h", "k"], ["c", "j", "m"])
        return
    with pytest.raises(TextrnnError, match=message):
        read(tmp_path, content, **options)


def test_numbers_are_sentences_for_those_who_say_so(tmp_path):
    assert read(tmp_path, "1\tone\n2\ttwo\n", columns=(1, 2)) == Pairs(["1", "2"], ["one", "two"])
    assert read(tmp_path, "3 May 1979\t1979-05-03\n4 May 1980\t1980-05-04\n").targets == ["1979-05-03", "1980-05-04"]


def test_a_pair_of_words_is_no_header(tmp_path):
    """ "time" is the name of many a column, but "tiempo" is not."""
    assert read(tmp_path, "time\ttiempo\nday\td\u00eda\n").sources == ["time", "day"]


def test_a_delimiter_within_a_sentence_is_noticed(tmp_path):
    content = "Hi.,Hola.\nBye.,Adi\u00f3s.\nYes.,S\u00ed.\nYes, Ana.,S\u00ed, Ana.\n"
    with pytest.raises(TextrnnError, match=r"a.csv, line 4: has 4 columns, where most rows have 2.*double quotes"):
        read(tmp_path, content, "a.csv")


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("<?xml version='1.0'?><tmx></tmx>\n", "a.tmx", "TMX and XLIFF are XML.*Convert it to tab-separated text"),
        ('[{"en": "Hi."}]\n', "a.json", "one JSON list. Write one object a line"),
        ('{"en": "Hi.", "es": \n', "a.jsonl", "line 1: not a line of JSON"),
        ('{"en": "Hi."}\n', "a.jsonl", "line 1: expected a sentence"),
        ("\n \n", "a.tsv", "no text in .*a.tsv"),
    ],
)
def test_files_that_hold_no_rows(tmp_path, content, name, message):
    with pytest.raises(TextrnnError, match=message):
        read(tmp_path, content, name)
