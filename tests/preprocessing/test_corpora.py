import gzip
import io
import sys
import zipfile

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
    write(tmp_path / "notes.pdf", b"no")
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
