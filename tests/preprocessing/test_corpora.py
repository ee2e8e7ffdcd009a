import gzip

import pytest

from textrnn import TextrnnError, corpora
from textrnn.preprocessing import files


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


def test_other_encodings_are_read_by_name(tmp_path):
    path = write(tmp_path / "latin.txt", "caf\xe9\n".encode("latin-1"))
    assert corpora.read(path, encoding="latin-1").text() == "caf\xe9\n"
    with pytest.raises(TextrnnError, match="`encoding` is unknown"):
        corpora.read(path, encoding="latin-99")


def test_endless_lines_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 100)
    with pytest.raises(TextrnnError, match="line 2: longer than 100 bytes"):
        corpora.read(write(tmp_path / "long.txt", b"x\n" + b"a" * 101)).text()


def test_pairs(tmp_path):
    path = write(tmp_path / "pairs.tsv", "Hello.\tHola.\tCC-BY\nBye.\tAdi\xf3s.\n".encode())
    assert list(corpora.read_pairs(path)) == [("Hello.", "Hola."), ("Bye.", "Adi\xf3s.")]
    with pytest.raises(TextrnnError, match="line 2: expected a sentence"):
        list(corpora.read_pairs(write(tmp_path / "bad.tsv", b"a\tb\nc\t \n")))


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
