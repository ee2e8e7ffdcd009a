import csv
import io
import json

import hypothesis
import hypothesis.strategies as st
import pytest

from textrnn import TextrnnError
from textrnn.preprocessing.tables import opened_table, rows


def write(path, text):
    path.write_bytes(text.encode())
    return path


def columns(path):
    return [row for _, row in rows(path)]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.tsv", "Go.\tVe.\tby Ann\n\nStop.\tAlto.\n", [(1, ["Go.", "Ve.", "by Ann"]), (3, ["Stop.", "Alto."])]),
        ("a.txt", "Go. ||| Ve.\nStop. ||| \n", [(1, ["Go.", "Ve."]), (2, ["Stop.", ""])]),
        ("a.csv", "Go, now;Ve ya\nStop;Alto, ya\n", [(1, ["Go, now", "Ve ya"]), (2, ["Stop", "Alto, ya"])]),
        ("a.csv", "Go|Ve\nStop|Alto\n", [(1, ["Go", "Ve"]), (2, ["Stop", "Alto"])]),
        ("a.csv", "Go\tVe\nStop, now\tAlto\n", [(1, ["Go", "Ve"]), (2, ["Stop, now", "Alto"])]),
        ("a.csv", "1,5;2,5\na;b\n", [(1, ["1,5", "2,5"]), (2, ["a", "b"])]),
        ("a.txt", '"Go; now","Ve"\n"Stop","Alto"\n', [(1, ["Go; now", "Ve"]), (2, ["Stop", "Alto"])]),
        ("a.csv", 'n,t\n1,"a, ""b""\n\nc"\n2,d\n', [(1, ["n", "t"]), (2, ["1", 'a, "b"\n\nc']), (5, ["2", "d"])]),
        ("a.tsv", '"Say ""go"""\t"Di ve"\n"x"\t"y"\n', [(1, ['Say "go"', "Di ve"]), (2, ["x", "y"])]),
        ("a.tsv", "plain\nwords, only\n", [(1, ["plain"]), (2, ["words, only"])]),
        ("a.jsonl", '{"a": {"en": "Go", "n": 1}}\n\n{"a": {"en": "x"}}\n', [(1, ["Go", "1"]), (3, ["x", ""])]),
        ("a.jsonl", '"one"\n["two", "three"]\n', [(1, ["one"]), (2, ["two\nthree"])]),
        ("a.csv", "sep=;\nGo, now;Ve\nStop, now;Alto\n", [(2, ["Go, now", "Ve"]), (3, ["Stop, now", "Alto"])]),
        ("a.csv", '"sep=\t"\nGo,\tVe\n', [(2, ["Go,", "Ve"])]),
        ("a.csv", '"a \\"b\\", ok",pos\n"\\"c\\"",neg\n', [(1, ['a "b", ok', "pos"]), (2, ['"c"', "neg"])]),
        ("a.csv", '"C:\\",pos\n"D:\\, ok",neg\n', [(1, ["C:\\", "pos"]), (2, ["D:\\, ok", "neg"])]),
    ],
)
def test_rows(tmp_path, name, text, expected):
    assert list(rows(write(tmp_path / name, text))) == expected


@pytest.mark.parametrize(
    "text",
    [
        '"Come in,\t"Pasa,\nhe said.\tdijo.\nGo."\tVe."\n',  # a speech that goes on over lines
        '"Yes."\t"Sí."\nNo.\tNo.\nGo.\tVe.\n',  # one sentence that is all speech
        '"Yes." "No."\t"Sí." "No."\n"Go."\t"Ve."\n',
        '"\tA lone one.\nGo.\tVe."\n',
        'He has a 5" pipe.\tTiene un tubo.\n"Oh!"\t"¡Oh!"\n',
        '"Hello\tHola"\n"Go"\t"Ve"\nStop\tAlto\n',
    ],
)
def test_quotation_marks_of_sentences_are_kept(tmp_path, text):
    path = write(tmp_path / "pairs.tsv", text)
    assert columns(path) == [line.split("\t") for line in text.splitlines()]


def test_a_lone_quote_swallows_no_lines_of_a_quoted_file(tmp_path):
    lines = [f'"The {number}th ""word"""\t"La {number}ª ""palabra"""' for number in range(300)]
    lines[50] = '"A lone one\tUna sola'
    found = columns(write(tmp_path / "pairs.tsv", "\n".join(lines)))
    assert len(found) == 300
    assert found[50] == ['"A lone one', "Una sola"]
    assert found[51] == ['The 51th "word"', 'La 51ª "palabra"']
    found = columns(write(tmp_path / "table.csv", 'id,text\n1,"open\n2,"shut, ""x"""\n3,"y"\n'))
    assert found == [["id", "text"], ["1", '"open'], ["2", 'shut, "x"'], ["3", "y"]]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.tsv", "a\tb\nc\td\re\tf\ng\th\r\n", [(1, "a b"), (2, "c d"), (2, "e f"), (3, "g h")]),
        ("a.tsv", "a\tb\rc\td\ne\tf\n", [(1, "a b"), (1, "c d"), (2, "e f")]),
        ("a.csv", 'a,b\n"x\ry",d\r"e, e",f\r\r\n', [(1, "a b"), (2, "x\ry d"), (2, "e, e f")]),
        ("a.csv", 'a,b\n"x,\ry, z",d\n', [(1, "a b"), (2, "x,\ry, z d")]),
        ("a.tsv", "a\tb\nc\rc\td\n", [(1, "a b"), (2, "c\rc d")]),  # white space within a sentence
    ],
)
def test_a_lone_carriage_return_ends_a_row_outside_quotes(tmp_path, name, text, expected):
    found = rows(write(tmp_path / name, text))
    assert [(number, " ".join(row)) for number, row in found] == expected


CELL = st.text(st.sampled_from('ab é"\n,;'), max_size=8)


@hypothesis.given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8), st.sampled_from("\t,;"), st.booleans())
def test_what_a_csv_writer_writes_is_read_as_a_csv_reader_does(tmp_path_factory, content, delimiter, always):
    written = io.StringIO()
    writer = csv.writer(
        written, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL if always else csv.QUOTE_MINIMAL
    )
    writer.writerow(["number", "text", "title"])
    writer.writerows(content)
    path = write(tmp_path_factory.mktemp("csv") / ("a.tsv" if delimiter == "\t" else "a.csv"), written.getvalue())
    assert columns(path) == [["number", "text", "title"], *map(list, content)]


PLAIN = st.text(st.sampled_from('ab é"'), min_size=1, max_size=8).filter(str.strip)


@hypothesis.given(st.lists(st.tuples(PLAIN, PLAIN), min_size=1, max_size=8))
def test_plain_pairs_stay_plain_beside_one_quotation_mark_within_a_sentence(tmp_path_factory, content):
    lines = [*("\t".join(pair) for pair in content), 'He said "no".\tDijo "no".']
    path = write(tmp_path_factory.mktemp("tsv") / "a.tsv", "\n".join(lines) + "\n")
    assert columns(path) == [line.split("\t") for line in lines]


def test_quotes_are_decided_over_the_whole_file(tmp_path):
    plain = "".join(f"Sentence {number}.\tFrase {number}.\n" for number in range(5000))
    assert columns(write(tmp_path / "a.tsv", plain + 'Say "go".\tDi "ve".\n"Go."\t"Ve."\n'))[-1] == ['"Go."', '"Ve."']
    assert columns(write(tmp_path / "b.tsv", plain + '"Say ""go""."\tDi ve.\n'))[-1] == ['Say "go".', "Di ve."]


@pytest.mark.parametrize(
    ("text", "has_header"),
    [
        ("English\tSpanish\nGo.\tVe.\n", True),
        ("id\tkind\n1\tx\n2\ty\n", True),
        ("Hello\tHola\nGood day.\tBuenos días.\n", False),
        ("Go.\tVe.\nStop.\tAlto.\n", False),
        ("1\tGo.\n2\tStop.\n", False),
        ("text\n", False),
        ("Month\t#Passengers\n2001-01\t5\n2001-02\t6\n", True),
        ("max. wv (m/s)\t2023 sales\n1.5\t$3\n\t4\n0.5\t5\n", True),
        ("value\tvalue\n1\t2\n3\t4\n", True),
        ("closed\t2\n1\t2\n3\t4\n", False),
        ("NA\tx\n1\ty\n3\tz\n", False),
        ("source\tenglish_sentence\thindi_sentence\nted\tGo.\tX.\nted\tNo.\tY.\n", True),
        ("Source text\tTarget text\nGo.\tX.\nNo.\tY.\n", True),
        ("A fine day\tenglish\nUn jour\tfrench\nA night\tenglish\n", False),  # what stands there again is no name
    ],
)
def test_headers(tmp_path, text, has_header):
    assert opened_table(write(tmp_path / "a.tsv", text)).has_header == has_header


TWEETS = 'id,user_name,text,time\n1,ann,"Hi, ""all""",2020-01-02\n2,bo,no,2020-01-03\n'


@pytest.mark.parametrize("column", ["text", 3, "3", "TEXT"])
def test_columns_by_name_and_number(tmp_path, column):
    table = opened_table(write(tmp_path / "tweets.csv", TWEETS))
    assert list(table.cells(column)) == [(2, ['Hi, "all"']), (3, ["no"])]
    assert list(table.cells("id", column))[1] == (3, ["2", "no"])


def test_a_file_without_a_header_keeps_its_first_row(tmp_path):
    table = opened_table(write(tmp_path / "a.csv", "Go there,1\nStop here,2\n"))
    assert [row for _, row in table.cells(1)] == [["Go there"], ["Stop here"]]
    assert [row for _, row in table.cells("Go there")] == [["Stop here"]]  # who names it says that it is a header


def test_names_that_are_blank_or_stand_there_twice(tmp_path):
    table = opened_table(write(tmp_path / "a.csv", ",price,price,note\n1,2,3,a\n2,3,4,b\n"))
    assert table.first == ("column 1", "price", "price (2)", "note")
    assert list(table.cells("price", "price (2)", 3)) == [(2, ["2", "3", "3"]), (3, ["3", "4", "4"])]


def test_fields_of_json_lines(tmp_path):
    lines = [{"id": 1, "body": {"text": "e\u0301\r\n!", "tags": ["a", "b"]}}, {"body": {"text": None}}]
    table = opened_table(write(tmp_path / "a.txt", "\n".join(json.dumps(line) for line in lines)))
    assert table.first == ("id", "body.text", "body.tags")
    assert list(table.cells("text", "tags")) == [(1, ["\xe9\n!", "a\nb"]), (2, ["", ""])]


@pytest.mark.parametrize(
    ("name", "text", "column", "message"),
    [
        ("a.csv", TWEETS, "txt", r"a.csv: no column 'txt'. Did you mean 'text'\? Its 4 columns: id, user_name, text"),
        ("a.csv", TWEETS, 5, "no column '5'"),
        ("a.csv", TWEETS, 0, "no column '0'"),
        ("a.csv", TWEETS + "3,cy\n", "text", "a.csv, line 4: has 2 columns, but column 3 is asked for"),
        ("a.jsonl", '{"a": 1}\n{"a": \n', "a", "a.jsonl, line 2: not a line of JSON"),
        ("a.jsonl", '{"a": "\\ud800"}\n', "a", "a.jsonl, line 1: not a line of JSON: .*surrogates"),
        ("a.jsonl", "[" * 100_000 + "\n", "a", "is one JSON list|line 1: not a line of JSON"),
        ("a.json", '[\n{"a": 1}\n]\n', "a", "a.json: is one JSON list. Write one object a line"),
        ("a.tmx", '<?xml version="1.0"?>\n<tmx>\n', 1, "a.tmx: is XML or HTML .TMX.*Convert it to tab-separated text"),
        ("a.csv", "", 1, "a.csv: is no table, so it has no column '1'"),
        ("a.txt", "Good day.\n", "text", "is no table"),
    ],
)
def test_what_cannot_be_read(tmp_path, name, text, column, message):
    with pytest.raises(TextrnnError, match=message):
        list(opened_table(write(tmp_path / name, text)).cells(column))


def test_missing_files(tmp_path):
    with pytest.raises(TextrnnError, match="none.csv: cannot be read: No such file"):
        opened_table(tmp_path / "none.csv")


def test_a_changed_file_is_looked_at_again(tmp_path):
    path = write(tmp_path / "a.csv", "a,b\n")
    assert columns(path) == [["a", "b"]]
    assert columns(write(path, "a;b;c\n")) == [["a", "b", "c"]]
