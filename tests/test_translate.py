"""`textrnn translate` on what people type, pipe and keep in files."""

import gzip
import io
import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT, assert_refused
from textrnn import Translator, translate


class Arriving(io.RawIOBase):
    """Standard input of which one part comes at each read; notes what had been printed when it was asked for more."""

    def __init__(self, parts, printed):
        self.parts = list(parts)
        self.printed = printed
        self.seen = []

    def read1(self, size):
        self.seen.append(self.printed())
        return self.parts.pop(0) if self.parts else b""


@pytest.fixture
def piped(call, reverser, monkeypatch):
    """Translates standard input; returns (status, standard output, standard error)."""

    def run(content, *arguments):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))
        return call(translate, "-", "--model", reverser[1], *arguments)

    return run


def test_gzip_on_standard_input(piped):
    plain = piped(b"a b c\n\nc a\n")
    assert plain[0] == 0
    packed = gzip.compress(b"a b c\n") + gzip.compress(b"\nc a\n")
    assert piped(packed) == plain
    status, output, error = piped(packed[:15])
    assert (status, output) == (2, "")
    assert (
        error
        == "error: standard input: cannot be read: Compressed file ended before the end-of-stream marker was reached.\n"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a b\nc\n", "b a\nc\n"),
        (b"a b\nc", "b a\nc\n"),
        (b"", ""),
        (b"\n", "\n"),
        (b"\n\na\n\n", "\n\na\n\n"),
        (b"\xef\xbb\xbfa b\r\na b\r\n", "b a\nb a\n"),
        (b"a b\rc d\r", "b a\nd c\n"),
        (b"a\rb\nc\n", "b a\nc\n"),
        ("a b\n".encode("utf-16"), "b a\n"),
        ("a\u200b b\n\u200b\n\ufeff\n\u00ada\u00a0b\n".encode(), "b a\n\n\nb a\n"),
        ("a\u2028b\x0bc\x85\n".encode(), "c b a\n"),
    ],
)
def test_standard_input_is_read_as_files_are(piped, content, expected):
    assert piped(content) == (0, expected, "")


def test_other_encodings(piped, reverser, call, tmp_path):
    status, output, error = piped(b"a b\nb a\nc\xe9\na\n")
    assert (status, output) == (2, "b a\na b\n")
    assert "standard input, line 3, byte 2: not valid utf-8" in error
    assert piped(b"a b\xa0\n", "--encoding", "latin-1")[:2] == (0, "b a\n")
    (tmp_path / "in.txt").write_bytes(b"a b\xa0\n")
    arguments = ["--input", tmp_path / "in.txt", "--model", reverser[1]]
    assert call(translate, *arguments, "--encoding", "latin-1")[1] == "b a\n"
    assert_refused(call(translate, *arguments), "in.txt, line 1, byte 4", "not valid utf-8")


def test_lines_are_answered_before_the_next_ones_are_waited_for(reverser, monkeypatch, capsys):
    printed = []

    def so_far():
        printed.append(capsys.readouterr().out)
        return "".join(printed)

    stream = Arriving([b"a b\n", b"c d\ne", b" f\n"], so_far)
    monkeypatch.setattr("sys.stdin", type("Input", (), {"buffer": stream}))
    translate.command(["-", "--model", str(reverser[1])])
    assert stream.seen[:4] == ["", "b a\n", "b a\nd c\n", "b a\nd c\nf e\n"]


def test_a_filter_answers_each_line_as_it_comes(reverser):
    command = [sys.executable, "-m", "textrnn.translate", "-", "--model", str(reverser[1])]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for line, answer in (("a b", "b a"), ("c d", "d c")):
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{answer}\n"
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_many_lines_keep_their_order(piped):
    lines = [" ".join("abcdefgh"[: 1 + number % 6]) for number in range(300)]
    status, output, _ = piped("".join(f"{line}\n" for line in lines).encode())
    assert status == 0
    assert output.splitlines() == [line[::-1] for line in lines]


def test_a_line_that_is_too_long_is_cut_and_named(piped):
    """Line 1,101 of 1,102; all the others are translated as if it were not there."""
    content = "a b\n" * 1100 + "a " * 1500 + "\nc d\n"
    status, output, error = piped(content.encode(), "--num-beams", "1", "--max-length-ratio", "0.01")
    assert (status, output.count("\n")) == (0, 1102)
    assert output.splitlines()[1101] == "d c"
    cut, missing = error.splitlines()
    assert cut.startswith("note: standard input, line 1101: has 1,500 tokens; only the first 1,000 are translated.")
    assert missing.startswith('note: line 1101: "a a a')


def test_several_translations_come_in_groups_of_equal_size(piped):
    """As Moses writes them: number ||| text ||| score."""
    _, output, _ = piped(b"a b\n\nc d e\n", "--num-best", "3")
    rows = [line.split(" ||| ") for line in output.splitlines()]
    assert [row[0] for row in rows] == ["0"] * 3 + ["1"] * 3 + ["2"] * 3
    assert [row[1] for row in rows[::3]] == ["b a", "", "e d c"]
    scores = [float(row[2]) for row in rows]
    assert scores[3:6] == [0.0] * 3
    assert scores[:3] == sorted(scores[:3], reverse=True)
    assert all(len(row) == 3 for row in rows)


def test_files(call, reverser, tmp_path):
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text("a b\n\nc d\n")
    model = ["--model", reverser[1]]
    assert call(translate, "--input", source, *model) == (0, "b a\n\nd c\n", "")
    assert call(translate, "--input", source, "--output", target, *model) == (0, "", "")
    assert target.read_text() == "b a\n\nd c\n"
    assert call(translate, "a b", "--output", target, "--json", *model)[0] == 0
    assert json.loads(target.read_text())["results"][0]["translations"][0]["text"] == "b a"
    assert call(translate, "f g", "--input", source, *model)[1] == "g f\nb a\n\nd c\n"


def test_what_cannot_be_translated_is_refused(call, reverser, tmp_path):
    source = tmp_path / "in.txt"
    source.write_text("a b\n")
    model = ["--model", reverser[1]]
    for words, arguments in (
        (["in.txt is a file", "--input", "- < "], [source]),
        (["Pass text to translate", "--input FILE"], []),
        (["no-such.txt: cannot be read"], ["--input", tmp_path / "no-such.txt"]),
        (["is read, and is not written over"], ["--input", source, "--output", source]),
        (["cannot be written"], ["a", "--output", tmp_path / "no" / "out.txt"]),
        (["--attention draws one translation"], ["--input", source, "--attention", tmp_path / "heat.png"]),
        (["Sentence 2 has 1,200 tokens"], ["a", "a " * 1200]),
    ):
        assert_refused(call(translate, *arguments, *model), *words)
    assert source.read_text() == "a b\n"


def test_subtitles_keep_their_numbers_and_times(piped):
    content = b"1\n00:00:07,312 --> 00:00:09,993\na b\n\n2\n00:01:09,994 --> 00:01:13,227\nc d\ne f\n"
    expected = content.replace(b"a b", b"b a").replace(b"c d\ne f", b"d c\nf e").decode()
    assert piped(content) == (0, expected, "")


def test_standard_input_without_bytes(call, reverser, monkeypatch):
    """As notebooks have it."""
    monkeypatch.setattr("sys.stdin", io.StringIO("a b\n\nc\n"))
    assert call(translate, "-", "--model", reverser[1])[1] == "b a\n\nc\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_output_file_is_reported(call, reverser):
    status, _, error = call(translate, "a b", "--output", "/dev/full", "--model", reverser[1])
    assert status == 2
    assert "No space left on device" in error


def test_alignments_are_written_line_by_line(call, reverser, tmp_path):
    lines, aligned = tmp_path / "lines.txt", tmp_path / "aligned.txt"
    lines.write_text("a b c\n\nd\n", encoding="utf-8")
    status, output, _ = call(
        translate, "--input", str(lines), "--model", reverser[1], "--alignments", str(aligned), "--confidence"
    )
    assert status == 0
    confidences, texts = zip(*(line.split("\t") for line in output.splitlines()), strict=True)
    assert texts == ("c b a", "", "d")
    assert all(0 < float(one) <= 1 for one in confidences)
    rows = aligned.read_text(encoding="utf-8").splitlines()
    assert [len(row.split()) for row in rows] == [3, 0, 1]
    assert rows[2] == "0-0"


def test_a_glossary_that_cannot_hold_is_refused(call, reverser, tmp_path):
    terms = tmp_path / "terms.tsv"
    terms.write_text("a\tz\n", encoding="utf-8")
    assert_refused(call(translate, "a b", "--model", reverser[1], "--glossary", str(terms)), "has no placeholders")
    assert_refused(call(translate, "a b", "--output", str(terms), "--glossary", str(terms)), "is not written over")


def test_a_line_of_another_language_is_noted_once(call, reverser, tmp_path):
    directory, lines = tmp_path / "model", tmp_path / "lines.txt"
    lines.write_text("a b a b\nz y z y\nz y z y\n", encoding="utf-8")
    translator = Translator.load(reverser[1])
    translator.facts["common_words"] = {"source": ["a", "b"], "target": ["y", "z"]}
    translator.save(directory)
    status, output, error = call(translate, "--input", str(lines), "--model", str(directory))
    assert status == 0
    assert len(output.splitlines()) == 3
    assert error.count("note: line 2: looks like what this translator writes") == 1
    assert error.count("note:") == 1
