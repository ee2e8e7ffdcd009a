import gc
import gzip
import io
import os
import pathlib
import subprocess
import sys

import pytest

from textrnn import TextrnnError, corpora


def write(path, content):
    path.write_bytes(content)
    return path


def test_files_directories_and_gzip(tmp_path):
    write(tmp_path / "b.txt", b"bee\n")
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub" / "a.txt.gz", gzip.compress(b"ay\n", mtime=0))
    write(tmp_path / "notes.pdf", b"%PDF-1.7")
    assert list(corpora.read(tmp_path).lines()) == ["bee", "ay"]
    assert list(corpora.read([tmp_path / "sub" / "a.txt.gz", tmp_path / "b.txt"]).lines()) == ["ay", "bee"]


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe\n")))
    corpus = corpora.read("-")
    assert list(corpus.lines()) == list(corpus.lines()) == ["from a pipe"]


def test_missing_files_suggest_the_nearest_name(tmp_path):
    write(tmp_path / "hamlet.txt", b"x")
    with pytest.raises(TextrnnError, match=r"no such file. Did you mean 'hamlet.txt'"):
        corpora.read(tmp_path / "hamlett.txt")
    (tmp_path / "hollow").mkdir()
    with pytest.raises(TextrnnError, match="no text files"):
        corpora.read(tmp_path / "hollow")
    with pytest.raises(TextrnnError, match="No corpus"):
        corpora.read([])


def test_any_text_file_of_a_directory_is_read_and_what_is_left_out_is_said(tmp_path):
    for name in ("a.py", "b.md", "c.abc", "d", "sub/e.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, f"{name}\n".encode())
    write(tmp_path / "photo.png", b"\x89PNG\0\0")
    write(tmp_path / ".hidden", b"no\n")
    (tmp_path / ".git").mkdir()
    write(tmp_path / ".git" / "config", b"no\n")
    corpus = corpora.read(tmp_path)
    assert list(corpus.lines()) == ["a.py", "b.md", "c.abc", "d", "sub/e.csv"]
    assert corpus.skipped == (
        f"{tmp_path}/.git (hidden)",
        f"{tmp_path}/.hidden (hidden)",
        f"{tmp_path}/photo.png (no text)",
    )
    assert corpus.notes[0].startswith(f"left out 3 files: {tmp_path}/.git (hidden), ")


def test_no_two_files_are_glued(tmp_path):
    paths = [write(tmp_path / name, name.encode()) for name in ("a", "b", "c")]
    write(paths[1], b"b\n")
    assert corpora.read(paths).text() == "a\nb\nc"
    assert corpora.read(tmp_path).text() == "a\nb\nc"


class Column:
    """What a column of a data frame or of a data set does: it yields its strings."""

    def __init__(self, texts):
        self.texts = texts

    def __iter__(self):
        return iter(self.texts)


class Frame:
    """What a data frame does."""

    columns = ("id", "text")

    def __getitem__(self, name):
        return Column({"id": [1, 2], "text": ["one", "two\nthree"]}[name])

    def __iter__(self):
        return iter(self.columns)


TEXTS = ["one", "two\nthree"]


@pytest.mark.parametrize(
    ("source", "column"),
    [
        (TEXTS, None),
        (tuple(TEXTS), None),
        (set(TEXTS), None),
        ((text for text in TEXTS), None),
        (Column(TEXTS), None),
        (["one", None, float("nan"), "two\r\nthree"], None),
        (["\ufeffone", "two\rthree"], None),
        (Frame(), "text"),
        ({"id": [1, 2], "text": TEXTS}, "text"),
        ([{"id": 1, "text": "one"}, {"id": 2, "text": "two\nthree"}], "text"),
    ],
)
def test_anything_that_yields_strings(source, column):
    corpus = corpora.read(source, column=column)
    assert corpus.text() == corpus.text() == "one\ntwo\nthree"
    marked = corpora.read(corpus, documents="item").marked_pieces()
    assert list(marked) == [(True, "one"), (True, "two\n"), (False, "three")]


def test_a_pandas_column():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": ["one", None, "two"], "id": [1, 2, 3]})
    assert corpora.read(frame["text"]).text() == corpora.read(frame, column="text").text() == "one\ntwo"


def test_a_long_generator_is_not_kept_in_memory_and_its_file_goes_with_the_corpus():
    corpus = corpora.read(f"line {number}" for number in range(5000))
    assert sum(1 for _ in corpus.lines()) == 5000
    (path,) = corpus.paths
    name = str(path)
    training, validation = corpora.split(corpus, 0.1, "line")
    del corpus, path
    gc.collect()
    assert os.path.exists(name)
    assert sum(1 for _ in training.lines()) + sum(1 for _ in validation.lines()) == 5000
    lines = training.lines()
    next(lines)
    del training, validation
    gc.collect()
    assert os.path.exists(name)
    del lines
    gc.collect()
    assert not os.path.exists(name)


def test_temporary_files_are_removed_at_exit():
    program = "from textrnn import corpora; c = corpora.read(['a', 'b']); print(c.paths[0])"
    name = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert name
    assert not os.path.exists(name)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("Anna", {}, r"^Anna: no such file. To pass text itself in Python, put it in a list: \[text\].$"),
        ("Anna\nBob\n", {}, r"^'Anna\\nBob\\n': no file has such a name. To pass text itself, put it in a list"),
        ("It was a dark night. " * 50, {}, "It was a dark.*: no file has such a name. To pass text itself"),
        (pathlib.Path("Anna"), {}, "^Anna: no such file"),
        ("a\0b", {}, "no file has such a name"),
        ("book.txt", {}, "^book.txt: no such file. Did you mean 'here.txt'.$"),
        (["book.txt", "texts/other.txt"], {}, "^book.txt: no such file. Did you mean 'here.txt'.$"),
        (["here.txt", "some text"], {}, "Of these 2 items 'here.txt' is a file, 'some text' not"),
        (["here.txt", "gone.txt"], {}, "'here.txt' is a file, 'gone.txt' not"),
        (["one", 2], {}, "Item 2 is no text but int: 2"),
        (["one", b"two"], {}, "Item 2 is no text but bytes"),
        (b"one", {}, "Received: bytes. Decode them first"),
        (7, {}, "A corpus is a file, several files, or anything that yields strings. Received: int"),
        (["one", "a\udce9"], {}, "Item 2, character 2: half of a surrogate pair"),
        ([" ", "\n"], {}, "There is no text in the texts: nothing but white space"),
        ((text for text in ()), {}, "No corpus was named"),
        (Frame(), {}, "Choose one of its columns with column=...: id, text"),
        (Frame(), {"column": "txt"}, "There is no column 'txt'. Did you mean 'text'?"),
        ([{"text": "one"}], {}, "Item 1 holds the fields text. Name the one with the text, as in column='text'"),
        ([{"text": "one"}], {"column": "txt"}, "Item 1 has no field 'txt'. Did you mean 'text'?"),
        (["one"], {"documents": ""}, "`documents` must be one of 'line', 'file', 'item', or the line"),
        (["one"], {"documents": 7}, "`documents` must be one of"),
        (["one"], {"documents": "lines"}, "there is no line 'lines' in the texts .*Did you mean 'line'?"),
        (["one"], {"documents": "\n\n"}, "there is no blank line in the texts"),
    ],
)
def test_sources_that_cannot_be_read(tmp_path, monkeypatch, source, options, message):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "here.txt", b"text\n")
    with pytest.raises(TextrnnError, match=message):
        corpora.read(source, **options)


def test_names_that_are_files_and_texts_in_the_same_form(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "Ida", b"a file\n")
    assert corpora.read(["Ida"]).text() == "a file\n"
    assert corpora.read(["Ida\n", "Bob"]).text() == "Ida\nBob"
    assert corpora.read([".", "-", "tatoeba: a site", "Bob"]).text() == ".\n-\ntatoeba: a site\nBob"
    assert corpora.read(".").text() == corpora.read(["."]).text() == "a file\n"


CSV = 'id,body,day\n1,"Hi, ""all""\nbye",2020-01-02\n2,"",2020-01-03\n3,no,2020-01-04\n'


@pytest.mark.parametrize(
    ("name", "content", "column"),
    [
        ("a.csv", CSV, "body"),
        ("a.csv", CSV, 2),
        ("a.tsv", 'id\tbody\n1\t"Hi, ""all""\nbye"\n2\t\n3\tno\n', "BODY"),
        ("a.jsonl", '{"body": "Hi, \\"all\\"\\nbye"}\n{"body": null}\n{"body": "no"}\n', "body"),
    ],
)
def test_a_column_of_a_table(tmp_path, name, content, column):
    path = write(tmp_path / name, content.encode())
    corpus = corpora.read(path, column=column, documents="item")
    assert list(corpus.marked_pieces()) == [(True, 'Hi, "all"\n'), (False, "bye"), (True, "no")]
    assert corpora.read(path, column=column).text() == 'Hi, "all"\nbye\nno'
    assert corpus.notes == ()


def test_tables_as_documents_and_as_groups(tmp_path):
    for number in range(8):
        write(tmp_path / f"{number}.csv", f"id,text\n1,a{number}\n2,b{number}\n".encode())
    corpus = corpora.read(tmp_path, column="text", documents="file")
    marked = list(corpus.marked_pieces())
    assert marked == [pair for number in range(8) for pair in ((True, f"a{number}\n"), (False, f"b{number}"))]
    training, validation = corpora.split(corpus, 0.4, "group", seed=1)
    assert [*training.lines(), *validation.lines()] != list(corpus.lines())
    assert {line[1:] for line in training.lines()}.isdisjoint(line[1:] for line in validation.lines())


def test_a_table_that_is_read_like_other_text_is_noticed(tmp_path):
    corpus = corpora.read(write(tmp_path / "a.csv", CSV.encode()))
    assert corpus.text() == CSV
    assert corpus.notes == (
        f"{tmp_path}/a.csv looks like a table with the columns id, body, day: choose one with column=... (--column)",
    )
    assert corpora.read(write(tmp_path / "b.csv", b"One, two.\nThree.\nFour, five, six.\n")).notes == ()
    assert corpora.read(write(tmp_path / "c.txt", CSV.encode())).notes == ()
    with pytest.raises(TextrnnError, match="no column 'bodi'. Did you mean 'body'"):
        corpora.read(tmp_path / "a.csv", column="bodi")


@pytest.mark.parametrize(
    ("name", "content", "field"),
    [
        ("a.jsonl", '{"text": "one"}\n{"text": "two\\nthree"}\n', "text"),
        ("a.jsonl", '{"id": 1, "text": "one"}\n{"id": 2, "text": "two\\nthree"}\n', "text"),
        ("a.ndjson", '{"poem": "one"}\n{"poem": "two\\nthree"}\n', "poem"),
        ("a.json", '{"data": {"text": "one"}, "n": 1}\n{"data": {"text": "two\\nthree"}}\n', "data.text"),
        ("a.json", '["one", "two\\nthree"]', "text"),
        ("a.json", '[\n  {"id": 1, "text": "one"},\n  {"text": "two\\nthree"}\n]', "text"),
    ],
)
def test_the_text_in_json_is_read_without_its_braces(tmp_path, name, content, field):
    corpus = corpora.read(write(tmp_path / name, content.encode()))
    assert (corpus.text(), corpus.has_items) == ("one\ntwo\nthree", True)
    note = f"{tmp_path}/{name}: the text is that of the field {field!r}; column=... (--column) takes another"
    assert corpus.notes == (note,)


def test_json_that_is_no_text_or_not_the_only_text(tmp_path):
    for name, content in (("b.json", '{"a": "b"}\n'), ("c.json", "[[1], [2]]"), ("d.json", '["a", 1]')):
        assert corpora.read(write(tmp_path / name, content.encode())).text() == content
    write(tmp_path / "a.jsonl", b'{"text": "one"}\n')
    corpus = corpora.read(tmp_path)
    assert corpus.text().startswith('{"text": "one"}\n{"a": "b"}')
    assert corpus.notes == (
        f"{tmp_path}/a.jsonl looks like a table with the columns text: choose one with column=... (--column)",
    )
    with pytest.raises(TextrnnError, match="e.jsonl, line 2: not a line of JSON"):
        corpora.read(write(tmp_path / "e.jsonl", b'{"text": "one"}\n{"text": \n'))


def test_standard_input_is_named_in_errors(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"fine\ncaf\xe9\n")))
    with pytest.raises(TextrnnError, match="^standard input, line 2, byte 4: "):
        corpora.read("-").text()
