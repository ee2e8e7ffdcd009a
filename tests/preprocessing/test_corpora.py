import gc
import gzip
import io
import os
import pathlib
import subprocess
import sys
import zipfile

import hypothesis
import hypothesis.strategies as st
import pytest

from textrnn import TextrnnError, corpora
from textrnn.preprocessing import files


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr("nltk.download", lambda *arguments, **options: False)

    def not_found(name):
        raise LookupError(name)

    monkeypatch.setattr("nltk.data.find", not_found)
    monkeypatch.delenv("TEXTRNN_CORPORA", raising=False)


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\ntwo", ["one", "two"]),
        (b"\xef\xbb\xbfone\r\ntwo\r\r\n", ["one", "two\r"]),
        ("a\u2028b\x85c\x0bd\re\n".encode(), ["a\u2028b\x85c\x0bd\re"]),
        ("e\u0301\n".encode(), ["\xe9"]),
        (b"one\n\n\ntwo\n", ["one", "", "", "two"]),
    ],
)
def test_only_newlines_end_lines(tmp_path, content, lines):
    corpus = corpora.read(write(tmp_path / "text.txt", content))
    assert list(corpus.lines()) == lines
    assert len(lines) == content.count(b"\n") + (not content.endswith(b"\n"))  # what `wc -l` counts


def test_text_is_kept_to_the_character(tmp_path):
    assert corpora.read(write(tmp_path / "a.txt", b"one\ntwo")).text() == "one\ntwo"


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


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"", "no text in .*empty.txt"),
        ("white.txt", b" \n\t\n", "nothing but white space"),
        ("latin.txt", "fine\ncaf\xe9\n".encode("latin-1"), r"latin.txt, line 2, byte 4: not valid utf-8.*--encoding"),
        ("nul.txt", b"a\0b\n", "line 1, byte 2: a NUL byte"),
        ("utf16.txt", "text\n".encode("utf-16-le"), "NUL byte"),
        ("cut.txt.gz", gzip.compress(b"text\n" * 100, mtime=0)[:-12], "cut.txt.gz: cannot be read"),
    ],
)
def test_what_is_not_text_is_refused(tmp_path, name, content, message):
    with pytest.raises(TextrnnError, match=message):
        corpora.read(write(tmp_path / name, content)).text()


def test_missing_files_suggest_the_nearest_name(tmp_path):
    write(tmp_path / "hamlet.txt", b"x")
    with pytest.raises(TextrnnError, match=r"no such file. Did you mean 'hamlet.txt'"):
        corpora.read(tmp_path / "hamlett.txt")
    (tmp_path / "hollow").mkdir()
    with pytest.raises(TextrnnError, match="no text files"):
        corpora.read(tmp_path / "hollow")
    with pytest.raises(TextrnnError, match="No corpus"):
        corpora.read([])


def test_other_encodings_are_read_by_name(tmp_path):
    path = write(tmp_path / "latin.txt", "caf\xe9\n".encode("latin-1"))
    assert corpora.read(path, encoding="latin-1").text() == "caf\xe9\n"
    with pytest.raises(TextrnnError, match="`encoding` is unknown"):
        corpora.read(path, encoding="latin-99")


def test_endless_lines_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 100)
    with pytest.raises(TextrnnError, match="line 2: longer than 100 bytes"):
        corpora.read(write(tmp_path / "long.txt", b"x\n" + b"a" * 101)).text()


def test_block_split_is_exact_and_disjoint(tmp_path):
    """Ten characters, the last 30%: cut after the seventh, in the middle of a line."""
    corpus = corpora.read(write(tmp_path / "a.txt", b"abc\ndefgh\n"))
    training, validation = corpora.split(corpus, 0.3)
    assert (training.text(), validation.text()) == ("abc\ndef", "gh\n")


def test_line_split_keeps_equal_lines_together(tmp_path):
    content = "".join(f"line {number % 50}\n" for number in range(200))
    corpus = corpora.read(write(tmp_path / "a.txt", content.encode()))
    training, validation = corpora.split(corpus, 0.3, by="line", seed=1)
    assert not set(training.lines()) & set(validation.lines())
    assert len(list(training.lines())) + len(list(validation.lines())) == 200
    assert list(validation.lines()) == list(corpora.split(corpus, 0.3, by="line", seed=1)[1].lines())
    assert list(validation.lines()) != list(corpora.split(corpus, 0.3, by="line", seed=2)[1].lines())


def test_group_split_keeps_files_whole(tmp_path):
    for number in range(12):
        write(tmp_path / f"{number}.txt", f"{number}\n".encode() * 5)
    training, validation = corpora.split(corpora.read(tmp_path), 0.4, by="group", seed=2)
    assert not set(training.lines()) & set(validation.lines())
    assert set(training.lines()) | set(validation.lines()) == {str(number) for number in range(12)}


def test_a_split_that_leaves_nothing_is_an_error(tmp_path):
    corpus = corpora.read(write(tmp_path / "a.txt", b"a\n"))
    with pytest.raises(TextrnnError, match="leaves no validation text"):
        corpora.split(corpus, 0.001)
    with pytest.raises(TextrnnError, match="`by` must be one of"):
        corpora.split(corpus, 0.5, by="lines")


def test_pairs(tmp_path):
    path = write(tmp_path / "pairs.tsv", "Hello.\tHola.\tCC-BY\nBye.\tAdi\xf3s.\n".encode())
    assert list(corpora.read_pairs(path)) == [("Hello.", "Hola."), ("Bye.", "Adi\xf3s.")]
    with pytest.raises(TextrnnError, match="line 2: expected a sentence"):
        list(corpora.read_pairs(write(tmp_path / "bad.tsv", b"a\tb\nc\t \n")))


def test_named_corpora_come_from_the_local_directory_first(tmp_path, monkeypatch, no_network):
    for place, name in (("lm/gutenberg/poe.txt", "gutenberg:poe"), ("mt/tatoeba_eng_spa/spa.txt", "tatoeba:eng-spa")):
        path = tmp_path / place
        path.parent.mkdir(parents=True)
        path.write_text("Hello.\tHola.\n")
        monkeypatch.setenv("TEXTRNN_CORPORA", str(tmp_path))
        assert corpora.load(name).text() == corpora.read(name).text() == "Hello.\tHola.\n"


@pytest.mark.parametrize("name", ["gutenberg:shakespeare-hamlet", "tatoeba:eng-spa"])
def test_without_a_network_one_sentence_says_what_to_do(no_network, tmp_path, monkeypatch, name):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(TextrnnError, match=rf"{name} is not on this computer.*TEXTRNN_CORPORA"):
        corpora.load(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gutenburg:x", "Did you mean 'gutenberg'"),
        ("tatoeba:eng", "three-letter codes"),
        ("gutenberg:../x", "holds no path"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(TextrnnError, match=message):
        corpora.load(name)


# Where text comes from


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


def test_a_table_that_is_read_like_other_text_is_noticed(tmp_path):
    corpus = corpora.read(write(tmp_path / "a.csv", CSV.encode()))
    assert corpus.text() == CSV
    assert corpus.notes == (
        f"{tmp_path}/a.csv looks like a table with the columns id, body, day. "
        "To read one of them, name it with --column",
    )
    assert corpora.read(write(tmp_path / "b.csv", b"One, two.\nThree.\nFour, five, six.\n")).notes == ()
    assert corpora.read(write(tmp_path / "c.txt", CSV.encode())).notes == ()
    with pytest.raises(TextrnnError, match="no column 'bodi'. Did you mean 'body'"):
        corpora.read(tmp_path / "a.csv", column="bodi")


def test_standard_input_is_named_in_errors(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"fine\ncaf\xe9\n")))
    with pytest.raises(TextrnnError, match="^standard input, line 2, byte 4: "):
        corpora.read("-").text()


# Documents

POEMS = "\n \nOne\n\ttwo\n\n  \n\nThree\n\n\nFour\nfive\n\n"


@pytest.mark.parametrize(
    ("documents", "content", "expected"),
    [
        ("line", "Anna\n\n Bob\n \nCy", [["Anna"], [" Bob"], ["Cy"]]),
        ("\n\n", POEMS, [["One\n", "\ttwo"], ["Three"], ["Four\n", "five"]]),
        (r"\n\n", POEMS, [["One\n", "\ttwo"], ["Three"], ["Four\n", "five"]]),
        ("\n", POEMS, [["One\n", "\ttwo"], ["Three"], ["Four\n", "five"]]),
        ("***", "One\n\ntwo\n\n***\n *** \n\nThree\n", [["One\n", "\n", "two"], ["Three"]]),
        ("file", "One\n\ntwo\n\n\n", [["One\n", "\n", "two"]]),
        ("item", "One\n\ntwo\n", [["One\n", "\n", "two"]]),
    ],
)
def test_documents(tmp_path, documents, content, expected):
    write(tmp_path / "a.txt", content.encode())
    write(tmp_path / "b.txt", b"Another")
    corpus = corpora.read(tmp_path, documents=documents)
    found = []
    for begins, piece in corpus.marked_pieces():
        found.extend([[]] * begins)
        found[-1] = [*found[-1], piece]
    assert found == [*expected, ["Another"]]
    assert corpus.text() == "".join("".join(document) + "\n" for document in found)


def test_running_text_has_no_beginnings(tmp_path):
    corpus = corpora.read(write(tmp_path / "a.txt", POEMS.encode()))
    assert list(corpus.marked_pieces()) == [(False, line + "\n") for line in POEMS[:-1].split("\n")]
    read = []
    assert sum(len(piece) for _, piece in corpus.marked_pieces(read.append)) == sum(read) == len(POEMS)


def test_items_may_hold_blank_lines_and_separators_cut_them():
    poems = ["One\n\ntwo", "Three"]
    assert [begins for begins, _ in corpora.read(poems, documents="item").marked_pieces()] == [True, False, False, True]
    assert list(corpora.read(poems, documents="\n\n").lines()) == ["One", "two", "Three"]
    assert [begins for begins, _ in corpora.read(poems, documents="\n\n").marked_pieces()] == [True, True, True]


# Splitting


def numbered_lines(number):
    return [f"line {index}" for index in range(number)]


@pytest.mark.parametrize("second", ["line", "block"])
def test_what_was_split_can_be_split_again(second):
    """Of 2,000 lines 400 are set aside, then 5% of the other 1,600: none comes back, and none is lost."""
    corpus = corpora.read(numbered_lines(2000))
    rest, test = corpora.split(corpus, 0.2, "line", seed=3)
    training, validation = corpora.split(rest, 0.05, second, seed=3)
    sides = [list(side.lines()) for side in (training, validation, test)]
    assert sorted(line for side in sides for line in side) == sorted(numbered_lines(2000))
    assert len(sides[2]) == pytest.approx(400, abs=80)
    assert len(sides[1]) == pytest.approx(80, abs=30)


def test_a_line_split_of_a_block():
    training, test = corpora.split(corpora.read(numbered_lines(1000)), 0.3)
    left, right = corpora.split(training, 0.5, "line")
    assert set(left.lines()) | set(right.lines()) == set(training.lines())
    assert set(training.lines()).isdisjoint(test.lines())


def test_a_first_draw_is_the_one_it_always_was(tmp_path):
    """Splits of earlier releases, by blake2b of the seed, a NUL and the line."""
    corpus = corpora.read(write(tmp_path / "a.txt", "\n".join(numbered_lines(40)).encode()))
    expected = [f"line {number}" for number in (6, 8, 11, 13, 15, 18, 24, 25, 27, 29, 30)]
    assert list(corpora.split(corpus, 0.2, "line", seed=5)[1].lines()) == expected


@pytest.mark.parametrize("by", ["line", "document"])
@pytest.mark.parametrize("seed", range(5))
def test_a_few_units_are_enough_for_two_sides(by, seed):
    corpus = corpora.read(["one", "two", "three"], documents="item")
    for fraction in (0.01, 0.99):
        sides = [list(side.lines()) for side in corpora.split(corpus, fraction, by, seed)]
        assert sorted(map(len, sides)) == [1, 2]
        assert sorted(sides[0] + sides[1]) == ["one", "three", "two"]


def test_documents_stay_whole_and_equal_ones_together():
    poems = [f"Poem {number % 20}\nfirst\n\nlast" + "\n" * (number // 20) for number in range(60)]
    corpus = corpora.read(poems, documents="item")
    sides = corpora.split(corpus, 0.3, "document", seed=1)
    titles = []
    for side in sides:
        marked = list(side.marked_pieces())
        assert [begins for begins, _ in marked] == [True, False, False, False] * (len(marked) // 4)
        titles.append([piece for begins, piece in marked if begins])
    assert set(titles[0]).isdisjoint(titles[1])
    assert len(titles[0]) + len(titles[1]) == 60
    again, other = corpora.split(sides[0], 0.3, "document", seed=1)
    left = [sum(begins for begins, _ in side.marked_pieces()) for side in (again, other)]
    assert sum(left) == len(titles[0])
    assert min(left) > 0
    with pytest.raises(TextrnnError, match="needs documents"):
        corpora.split(corpora.read(poems), 0.3, "document")


def test_lines_drawn_from_a_document_leave_its_beginning():
    corpus = corpora.read([f"a{number}\nb{number}\nc{number}" for number in range(50)], documents="item")
    for side in corpora.split(corpus, 0.5, "line"):
        marked = list(side.marked_pieces())
        numbers = [piece.strip()[1:] for _, piece in marked]
        changes = [number != before for number, before in zip(numbers, ["", *numbers], strict=False)]
        assert [begins for begins, _ in marked] == changes


def test_groups_do_not_depend_on_how_paths_are_spelled(tmp_path, monkeypatch):
    for number in range(20):
        write(tmp_path / f"{number}.txt", f"{number}\n".encode())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    files = [f"{number}.txt" for number in range(20)]
    spellings = [files, [tmp_path / name for name in files], [f"sub/../{name}" for name in files]]
    spellings.append([pathlib.Path("link") / name for name in files])
    found = {tuple(corpora.split(corpora.read(paths), 0.4, "group")[1].lines()) for paths in spellings}
    assert len(found) == 1
    os.remove("link")
    assert set(corpora.split(corpora.read("."), 0.4, "group")[1].lines()) == set(found.pop())


def test_blocks_begin_with_a_line_or_document_if_one_is_near(tmp_path):
    """100 lines of 10 characters, 5%: line 95. In documents of 8 lines: 96 is one line from there, of five."""
    lines = [f"line {number:04}" for number in range(100)]
    corpus = corpora.read(write(tmp_path / "a.txt", "\n".join(lines).encode()))
    assert list(corpora.split(corpus, 0.052)[1].lines()) == lines[95:]
    poems = "\n\n".join("\n".join(lines[start : start + 8]) for start in range(0, 100, 8))
    corpus = corpora.read(write(tmp_path / "b.txt", poems.encode()), documents="\n\n")
    training, validation = corpora.split(corpus, 0.05)
    assert list(validation.marked_pieces()) == [
        *((True, "line 0096\n"), (False, "line 0097\n"), (False, "line 0098\n"), (False, "line 0099"))
    ]
    assert list(training.marked_pieces())[-1] == (False, lines[95])


@hypothesis.given(
    st.lists(st.text(st.sampled_from("ab \n"), max_size=12), min_size=2, max_size=30),
    st.sampled_from([None, "line", "item"]),
    st.lists(st.sampled_from(["block", "line", "document"]), min_size=1, max_size=3),
    st.integers(0, 3),
)
def test_no_character_is_lost_or_doubled_by_splits(items, documents, ways, seed):
    sides = []
    try:
        rest = whole = corpora.read([item + "\n" for item in items], documents=documents)
        for by in ways:
            rest, side = corpora.split(rest, 0.3, by, seed)
            sides.append(side)
    except TextrnnError:
        hypothesis.assume(len(sides) > 0)
    found = sorted("".join(side.text() for side in (rest, *sides)))
    assert found == sorted(whole.text())


class Answer(io.BytesIO):
    """What `urlopen` returns."""


def archive(name, content):
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as files:
        files.writestr(name, content)
    return result.getvalue()


def test_downloads_are_checked_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TEXTRNN_CORPORA", raising=False)
    answers = [
        b"not a zip",
        archive("other.txt", "a\tb\n"),
        archive("spa.txt", "no tab\n"),
        archive("spa.txt", "a\tb\n"),
    ]
    monkeypatch.setattr("urllib.request.urlopen", lambda *arguments, **options: Answer(answers.pop(0)))
    for message in ("not an archive", "not an archive", "expected a sentence"):
        with pytest.raises(TextrnnError, match=message):
            corpora.load("tatoeba:eng-spa")
    assert list(corpora.load("tatoeba:eng-spa").lines()) == ["a\tb"]
    assert list(corpora.load("tatoeba:eng-spa").lines()) == ["a\tb"]  # from the cache: no answer is left
    assert [path.name for path in (tmp_path / "textrnn").iterdir()] == ["tatoeba-eng-spa.tsv"]
