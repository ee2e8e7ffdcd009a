import gzip
import io
import os
import zipfile

import pytest

from textrnn import TextrnnError
from textrnn.preprocessing import files


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "pieces"),
    [
        (b"one\ntwo\n", ["one\n", "two\n"]),
        (b"one\ntwo", ["one\n", "two"]),
        (b"\xef\xbb\xbfone\r\ntwo\r\r\n", ["one\n", "two\r\n"]),
        ("a\u2028b\x85c\x0bd\re\n".encode(), ["a\u2028b\x85c\x0bd\re\n"]),
        ("e\u0301\n\u0301\n".encode(), ["\xe9\n", "\u0301\n"]),
        (b"one\rtwo\r\rthree", ["one\n", "two\n", "\n", "three"]),
        (b"one\r", ["one\n"]),
        (b"", []),
    ],
)
def test_lines(tmp_path, content, pieces):
    assert list(files.decoded_pieces(write(tmp_path / "text.txt", content))) == pieces
    assert list(files.decoded_stream(io.BytesIO(content))) == pieces
    assert list(files.decoded_lines(tmp_path / "text.txt")) == [piece.removesuffix("\n") for piece in pieces]
    assert files.as_read(content.decode()) == files.decoded_text(content) == "".join(pieces)


TEXT = "Der Käse\r\nist 漢字 und \U0001f600.\nEnde"


@pytest.mark.parametrize("marked", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("named", ["utf-8", "latin-1", "utf-16"])
def test_a_byte_order_mark_tells_the_encoding_whatever_was_said(marked, named):
    assert files.decoded_text(TEXT.encode(marked), named) == TEXT.replace("\r", "")


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf16_in_both_orders(order):
    marked = "\ufeff" + TEXT.replace("\r\n", "\r").replace("\n", "\r")
    assert files.decoded_text(marked.encode(f"utf-16-{order}")) == TEXT.replace("\r", "")
    assert files.decoded_text(TEXT.encode(f"utf-16-{order}"), "utf-16") == TEXT.replace("\r", "")
    with pytest.raises(TextrnnError, match=rf"line 1, byte \d: a NUL byte.*--encoding utf-16-{order}"):
        files.decoded_text("The lamp\nis lit\n".encode(f"utf-16-{order}"))


def test_an_encoding_in_which_a_newline_is_another_byte():
    assert list(files.decoded_stream(io.BytesIO("one\ntwo\n".encode("cp037")), "cp037")) == ["one\n", "two\n"]


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (b"fine\ncaf\xe9\n", "utf-8", "text, line 2, byte 4: not valid utf-8.*looks like latin-1"),
        (b"fine\ncaf\xe9 au lait\nit\x92s\n", "utf-8", "line 2, byte 4: .*--encoding .*looks like cp1252"),
        ("Kapının ışığı söndü.\n".encode("iso-8859-9"), "utf-8", "looks like iso-8859-9"),
        ("İSTANBUL’DA GÜNEŞ\n".encode("cp1254"), "utf-8", "looks like cp1254"),
        ("Það var á þeim árum, sagði hún, að ný ljós voru kveikt.\n".encode("latin-1"), "utf-8", "like latin-1"),
        ("þe olde kyng of þat londe".encode("latin-1"), "utf-8", "looks like latin-1"),
        ("Ça va très bien.\n".encode("mac_roman"), "utf-8", "for example mac_roman or cp850"),
        ("Лампа горит, и море спокойно.\n".encode("cp1251") * 2, "utf-8", "cp1251 for Russian"),
        ("The lamp: фонарь горит.\n".encode("cp1251") * 9, "utf-8", "cp1251 for Russian"),
        ("Być może są dziś łąki\n".encode("cp1250") * 9, "utf-8", "cp1250 for Polish"),
        ("The 灯 lamp 亮着 is lit\n".encode("gb18030") * 9, "utf-8", "gb18030 for Chinese"),
        ("déjà vu\n".encode() * 5 + b"a\xff\n" + "déjà vu\n".encode() * 5, "utf-8", "line 6, byte 2: .*correct these"),
        (b"a\n" * 200_000 + b"\xe9", "utf-8", "line 200001, byte 1:"),
        (b"a\rb\rc\xe9\r", "utf-8", "line 3, byte 2:"),
        (b"a\x81\n", "cp1252", "line 1, byte 2: not valid cp1252. Name the file's encoding"),
        (b"one\ntwo\0\n", "utf-8", "line 2, byte 4: a NUL byte, so this is no text. Pass a text file."),
        ("a\0b\n".encode("utf-16"), "utf-8", r"a NUL byte.* Pass a text file\.$"),
        (b"\xff\xfea\0\n\0b\0\n", "utf-8", "line 2, byte 9 of the file: not valid utf-16-le"),
        (b"x", "utf-99", "`encoding` is unknown: 'utf-99'"),
        (b"x", "hex", "`encoding` is unknown: 'hex'"),
        (b"x", None, "`encoding` is unknown: None"),
    ],
)
def test_what_is_not_text_is_refused(content, encoding, message):
    with pytest.raises(TextrnnError, match=message):
        files.decoded_text(content, encoding, "text")


def test_standard_input_is_told_what_it_can_do():
    with pytest.raises(TextrnnError, match="standard input, line 1, byte 4: .*iconv -f latin-1"):
        files.decoded_text(b"caf\xe9\n")


def test_lines_before_a_wrong_one_are_read():
    stream = files.decoded_stream(io.BytesIO(b"one\ntwo\n\xff\n"))
    assert [next(stream), next(stream)] == ["one\n", "two\n"]
    with pytest.raises(TextrnnError, match="line 3, byte 1"):
        next(stream)


def test_a_stream_gives_each_line_as_it_comes():
    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb", buffering=0) as sender:
        lines = files.decoded_stream(stream)
        for word in ("one", "two", "zwölf"):
            sender.write(f"{word}\n".encode())
            assert next(lines) == f"{word}\n"
        sender.write(b"the end")
        sender.close()
        assert list(lines) == ["the end"]


def test_endless_lines_are_refused(monkeypatch):
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 100)
    monkeypatch.setattr(files, "CHUNK_BYTES", 30)
    assert files.decoded_text(b"a" * 100 + b"\n" + b"b" * 100) == "a" * 100 + "\n" + "b" * 100
    for content in (b"x\n" + b"a" * 101, b"x\n" + b"a" * 101 + b"\n", b"x\nyy\n" * 40 + b"a" * 1000):
        number = content.count(b"\n", 0, content.index(b"a" * 101)) + 1
        with pytest.raises(TextrnnError, match=f"line {number}: longer than 100 bytes"):
            files.decoded_text(content)


def test_carriage_returns_end_lines_in_files_of_any_size(monkeypatch):
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 100)
    monkeypatch.setattr(files, "CHUNK_BYTES", 30)
    content = b"".join(b"line %d\r" % number for number in range(100))
    assert files.decoded_text(content) == content.decode().replace("\r", "\n")
    with pytest.raises(TextrnnError, match="line 101, byte 1"):
        files.decoded_text(content + b"\xff")


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_gzip_and_archives(tmp_path):
    assert "".join(files.decoded_pieces(write(tmp_path / "a.gz", gzip.compress(b"ay\r\n", mtime=0)))) == "ay\n"
    path = tmp_path / "one.zip"
    zipped(
        path, **{"spa.txt": b"Go.\tVe.\r\n", "_about.txt": b"x", "__MACOSX/._spa.txt": b"x", "logo.png": b"\x89PNG\0"}
    )
    assert "".join(files.decoded_pieces(path)) == "Go.\tVe.\n"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"a.txt": b"a", "sub/b.txt": b"b"}, r"archive holds 2 texts \(a.txt, sub/b.txt\), where one is expected"),
        ({"a.png": b"\0\0"}, "archive holds no text"),
        ({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}, "office document"),
    ],
)
def test_archives_without_the_one_text(tmp_path, members, message):
    with pytest.raises(TextrnnError, match=message):
        list(files.decoded_pieces(zipped(tmp_path / "a.zip", **members)))


@pytest.mark.parametrize(
    "content", [gzip.compress(b"text\n" * 99, mtime=0)[:-9], b"\x1f\x8b\x08\0", b"PK\x03\x04rubbish"]
)
def test_damaged_containers_are_refused(tmp_path, content):
    with pytest.raises(TextrnnError, match="damaged: cannot be read"):
        list(files.decoded_pieces(write(tmp_path / "damaged", content), name="damaged"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"text\n", None),
        (b"", None),
        ("caf\xe9\n".encode("latin-1"), None),
        (TEXT.encode("utf-16"), None),
        (gzip.compress(b"text\n", mtime=0), None),
        (gzip.compress(b"te\0xt\n", mtime=0), "no text"),
        (b"\x89PNG\r\n\x1a\n\0\0", "no text"),
        (bytes(range(1, 32)) * 9, "no text"),
        (b"%PDF-1.7\n", "is a PDF.*"),
        (b"PAR1\x15\x04", "is a Parquet table.*"),
        (b"\x28\xb5\x2f\xfd\x04", "is packed with zstd.*"),
        (b"PK\x03\x04rubbish", "cannot be read"),
    ],
)
def test_which_files_are_text(tmp_path, content, reason):
    found = files.why_not_text(write(tmp_path / "file", content))
    assert found == reason or (reason and found.startswith(reason.removesuffix(".*")))
