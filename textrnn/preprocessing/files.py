"""Turns bytes into text, in one place: files, archives and standard input give the same lines for the same bytes.

`decoded_pieces` reads a file, `decoded_stream` standard input as it comes, and `as_read` does to typed text what
reading would have done to it. `tables` builds rows and columns on these.
"""

import codecs
import contextlib
import gzip
import io
import os
import pathlib
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO, cast

from textrnn.errors import TextrnnError

__all__ = [
    "MAX_LINE_BYTES",
    "STANDARD_INPUT",
    "UNREADABLE",
    "as_read",
    "decoded_lines",
    "decoded_pieces",
    "decoded_stream",
    "decoded_text",
    "shown_name",
    "unpacked",
    "unreadable",
    "why_not_text",
    "why_unreadable",
]

MAX_LINE_BYTES = 16_000_000
CHUNK_BYTES = 1 << 18
SAMPLE_BYTES = 8000  # what decides whether a file is text
STANDARD_INPUT = "standard input"

BYTE_ORDER_MARKS = (  # the longest first: that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
GZIP = b"\x1f\x8b"
OTHER_FORMATS = (  # what files begin with that hold text in a form of their own
    (b"%PDF-", "a PDF. Save its text as a text file first."),
    (b"PAR1", "a Parquet table. Save it as CSV, or pass the column from pandas."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file. Save it as CSV, or as a text file."),
    (b"\x28\xb5\x2f\xfd", "packed with zstd. Unpack it first: zstd -d FILE."),
    (b"\xfd7zXZ", "packed with xz. Unpack it first: unxz FILE."),
    (b"BZh91AY&SY", "packed with bzip2. Unpack it first: bunzip2 FILE."),
)
TURKISH = "ĞİŞğış".encode("iso-8859-9")  # letters that latin-1 has not
SHARED_WITH_TURKISH = "çöüÇÖÜâîûÂÎÛ".encode("iso-8859-9")
UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError)  # the last: an archive with a password


def decoded_pieces(path: str | os.PathLike[str], encoding: str = "utf-8", name: str | None = None) -> Iterator[str]:
    r"""Yields a file's lines as NFC, each with the newline that ends it, as `wc -l` counts them.

    Only `\n` ends a line, but in a file without any, where `\r` does. A byte order mark and a `\r` before `\n` go. Gzip
    is unpacked, and so is a zip archive with one text in it. Memory stays flat.

    Args:
        path: The file.
        encoding: Its encoding, unless a byte order mark tells another.
        name: What errors call the file; by default its path.

    Raises:
        TextrnnError: If the file cannot be read or is no text; names the file, the line and the byte.
    """
    name = name or shown_name(path)
    try:
        with opened_bytes(pathlib.Path(path), name) as stream:
            yield from decoded_stream(stream, encoding, name)
    except UNREADABLE as error:
        raise TextrnnError(f"{name}: cannot be read: {why_unreadable(error)}.") from error


def decoded_lines(path: str | os.PathLike[str], encoding: str = "utf-8", name: str | None = None) -> Iterator[str]:
    """Yields a file's lines without their newlines; see `decoded_pieces`."""
    for piece in decoded_pieces(path, encoding, name):
        yield piece.removesuffix("\n")


def decoded_stream(stream: IO[bytes], encoding: str = "utf-8", name: str = STANDARD_INPUT) -> Iterator[str]:
    """Yields the lines of a binary stream as they come, each with its newline, without waiting for the stream's end.

    Args:
        stream: A buffered binary stream, such as `sys.stdin.buffer`.
        encoding: Its encoding, unless a byte order mark tells another.
        name: What errors call it.

    Raises:
        TextrnnError: If it is no text in this encoding; names the line and the byte.
    """
    try:
        "x".encode(encoding)
        if codecs.lookup(encoding).name in ("idna", "punycode"):
            raise LookupError("an encoding of names, not of text")
    except (LookupError, TypeError, ValueError) as error:
        raise TextrnnError(f"`encoding` is unknown: {encoding!r}. Try utf-8, utf-16, cp1252 or latin-1.") from error
    head = stream_head(stream)
    encoding = marked_encoding(head, encoding)
    chunks = chunked(head, stream)
    if "\n".encode(encoding) != b"\n":
        chunks, encoding = transcoded(chunks, encoding, name), "utf-8"
    for number, block in whole_lines(chunks, name):
        yield from block_pieces(block, number, encoding, name, chunks)


def decoded_text(data: bytes, encoding: str = "utf-8", name: str = STANDARD_INPUT) -> str:
    """Returns bytes as text; see `decoded_stream`."""
    return "".join(decoded_stream(io.BytesIO(data), encoding, name))


def as_read(text: str) -> str:
    r"""Returns typed text as it would have been read from a file: NFC, `\n` as line end, no byte order mark."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    return unicodedata.normalize("NFC", text)


def shown_name(path: str | os.PathLike[str]) -> str:
    """Returns what errors call a file: its path, but for temporary files."""
    return getattr(path, "shown", "") or str(path)


def why_not_text(path: pathlib.Path) -> str | None:
    """Returns why a file is not to be read as text, judged by its beginning, or None."""
    try:
        with opened_bytes(path, str(path)) as stream:
            return None if looks_like_text(stream.read(SAMPLE_BYTES)) else "no text"
    except TextrnnError as error:
        return str(error).removeprefix(f"{path}: ")
    except UNREADABLE:
        return "cannot be read"


def looks_like_text(sample: bytes) -> bool:
    """Says whether bytes are text in some encoding: a byte order mark, or no NUL and hardly any control character."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        return True
    controls = sum(byte < 32 and byte not in b"\t\n\v\f\r\x1b" for byte in sample)
    return b"\0" not in sample and controls <= len(sample) / 20


# Containers


@contextlib.contextmanager
def opened_bytes(path: pathlib.Path, name: str) -> Iterator[IO[bytes]]:
    """Opens a file's bytes, unpacked."""
    with open(path, "rb") as raw:
        magic = raw.peek(10)[:10]
        other = next((what for start, what in OTHER_FORMATS if magic.startswith(start)), None)
        if magic.startswith(GZIP):
            with gzip.GzipFile(fileobj=raw) as stream:
                yield cast(IO[bytes], stream)
        elif magic.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(raw) as archive, archive.open(only_text(archive, name)) as member:
                yield member
        elif other is not None:
            raise TextrnnError(f"{name}: is {other}")
        else:
            yield raw


def unpacked(stream: IO[bytes]) -> IO[bytes]:
    """Returns a stream that gives what another holds, unpacked if that is gzip; waits for its first bytes."""
    if not hasattr(stream, "peek"):
        return stream
    return cast(IO[bytes], gzip.GzipFile(fileobj=stream)) if stream.peek(2)[:2] == GZIP else stream


def unreadable(error: BaseException) -> TextrnnError:
    """Returns what to raise when standard input cannot be read."""
    return TextrnnError(f"{STANDARD_INPUT}: cannot be read: {why_unreadable(error)}.")


def why_unreadable(error: BaseException) -> str:
    """Returns what an error of `UNREADABLE` says, without its number and the path."""
    return getattr(error, "strerror", None) or str(error)


def only_text(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Returns the one text in an archive, beside what its makers added: names such as _about.txt and __MACOSX."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    names = {member.filename for member in members}
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise TextrnnError(f"{name}: is an office document or an e-book. Save its text as a text file first.")
    members = [member for member in members if not any(p.startswith(("_", ".")) for p in member.filename.split("/"))]
    texts = []
    for member in members:
        with archive.open(member) as stream:
            if looks_like_text(stream.read(SAMPLE_BYTES)):
                texts.append(member)
    if len(texts) == 1:
        return texts[0]
    shown = ", ".join(member.filename for member in texts[:5]) + (", ..." if len(texts) > 5 else "")
    found = f"{len(texts)} texts ({shown})" if texts else "no text"
    raise TextrnnError(f"{name}: this archive holds {found}, where one is expected. Unzip it and pass the files.")


# Encodings


def stream_head(stream: IO[bytes]) -> bytes:
    """Reads a stream's first bytes: enough to tell whether a byte order mark is there."""
    head = b""
    while chunk := stream.read1(CHUNK_BYTES):  # type: ignore[attr-defined]
        head += chunk
        if not any(mark.startswith(head) for mark, _ in BYTE_ORDER_MARKS):
            break
    return head


def marked_encoding(head: bytes, encoding: str) -> str:
    """Returns the encoding that a byte order mark tells, else the one given; UTF-16 and UTF-32 with their order."""
    for mark, marked in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return marked
    canonical = codecs.lookup(encoding).name
    if canonical in ("utf-16", "utf-32"):
        zeros = [head[start:SAMPLE_BYTES:2].count(0) for start in (0, 1)]
        return canonical + ("-be" if zeros[0] > zeros[1] else "-le")
    return encoding


def chunked(head: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    """Yields a stream's bytes as they come, after those that were read already."""
    while head:
        yield head
        head = stream.read1(CHUNK_BYTES)  # type: ignore[attr-defined]


def transcoded(chunks: Iterator[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """Yields UTF-8 for bytes of an encoding in which a newline is not the byte 10."""
    decoder = codecs.getincrementaldecoder(encoding)()
    number, passed, last = 1, 0, False
    while not last:
        chunk = next(chunks, b"")
        last, passed = not chunk, passed + len(chunk)
        try:
            text = decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            number += error.object[: error.start].decode(encoding).count("\n")
            position = passed - len(error.object) + error.start + 1
            raise TextrnnError(
                f"{name}, line {number}, byte {position} of the file: not valid {encoding}. Convert it to UTF-8 first."
            ) from error
        yield text.encode()
        number += text.count("\n")


def whole_lines(chunks: Iterator[bytes], name: str) -> Iterator[tuple[int, bytes]]:
    r"""Cuts bytes after line ends; yields the number of the first line in each block, and the block.

    Without a `\n` in the text, or in its first `MAX_LINE_BYTES`, `\r` ends a line.
    """
    number, rest, returns = 1, b"", False
    for chunk in chunks:
        if returns:
            chunk = chunk.replace(b"\r", b"\n")
        end = chunk.rfind(b"\n") + 1
        if not end and len(rest) + len(chunk) > MAX_LINE_BYTES and number == 1 and b"\r" in rest + chunk:
            returns, chunk, rest = True, (rest + chunk).replace(b"\r", b"\n"), b""
            end = chunk.rfind(b"\n") + 1
        block, rest = (rest + chunk[:end], chunk[end:]) if end else (b"", rest + chunk)
        if max(block.find(b"\n"), len(rest)) > MAX_LINE_BYTES:
            number += block.count(b"\n") if len(rest) > MAX_LINE_BYTES else 0
            raise TextrnnError(
                f"{name}, line {number}: longer than {MAX_LINE_BYTES:,} bytes. Break the text into lines first."
            )
        if block:
            yield number, block
            number += block.count(b"\n")
    if rest:
        yield number, rest.replace(b"\r", b"\n") if number == 1 else rest


def block_pieces(block: bytes, number: int, encoding: str, name: str, following: Iterator[bytes]) -> Iterator[str]:
    """Yields the lines of a block that begins with line `number`, up to one that is not text, which is an error."""
    problem, good = "", block
    if b"\0" in block:
        problem, good = nul_problem(block, number, name), before_line_of(block, block.index(0))
    try:
        text = good.decode(encoding)
    except UnicodeDecodeError as error:
        advice = encoding_advice(block[error.start :] + next(following, b""), encoding, name)
        problem = f"{place(block, error.start, number, name)}: not valid {encoding}. {advice}"
        text = before_line_of(block, error.start).decode(encoding)
    text = (text.removeprefix("\ufeff") if number == 1 else text).replace("\r\n", "\n")
    yield from io.StringIO(text if text.isascii() else unicodedata.normalize("NFC", text), newline="\n")
    if problem:
        raise TextrnnError(problem)


def nul_problem(block: bytes, number: int, name: str) -> str:
    """Returns what to say of a block with a NUL byte in it."""
    guess = unmarked_utf16(block) if number == 1 else None
    advice = f"It looks like {guess}: name that with --encoding {guess}." if guess else "Pass a text file."
    return f"{place(block, block.index(0), number, name)}: a NUL byte, so this is no text. {advice}"


def before_line_of(block: bytes, position: int) -> bytes:
    """Returns the lines before the one that a position is in."""
    return block[: block.rfind(b"\n", 0, position) + 1]


def place(block: bytes, position: int, number: int, name: str) -> str:
    """Returns the file, the line and the byte in it of a position in a block that begins with line `number`."""
    begin = len(before_line_of(block, position))
    return f"{name}, line {number + block.count(10, 0, begin)}, byte {position - begin + 1}"


def unmarked_utf16(block: bytes) -> str | None:
    """Returns which UTF-16 bytes with NULs in them are, if they are."""
    places = [position % 2 for position, byte in enumerate(block[:SAMPLE_BYTES]) if not byte]
    if len(places) < max(min(len(block), SAMPLE_BYTES) / 50, 2) or len(set(places)) > 1:
        return None
    return "utf-16-le" if places[0] else "utf-16-be"


def is_plausible(text: str) -> bool:
    """Says whether text that was decoded as Western European looks like that: its accented letters stand in words.

    In other encodings the same bytes are signs within words, or whole words of accented letters.
    """
    high = re.findall(r"[^\x00-\x7f]+", text)
    within = re.findall(r"(?<=[A-Za-zÀ-ÿ])[^\x00-\x7f](?=[A-Za-zÀ-ÿ])", text)
    num_signs = sum(not (sign.isalpha() or sign in "\u2019\u2013\u2014\xad\xb7") for sign in within)
    num_runs = sum(sum(map(str.isalpha, run)) > 2 or bool(re.search("[µ-ÿ][À-Þ]", run)) for run in high)
    return num_signs <= len(within) / 10 and num_runs <= len(high) / 4


def is_turkish(high: Sequence[int]) -> bool:
    """Says whether bytes of 128 and more are Turkish letters: ğ, ı and ş stand where Icelandic has ð, ý and þ.

    Icelandic has others beside these, such as á and æ, which Turkish lacks, and medieval English has no ý.
    """
    letters = bytes(byte for byte in high if byte >= 0xC0)
    own, shared = (sum(map(letters.count, some)) for some in (TURKISH, SHARED_WITH_TURKISH))
    return bool(set(letters) & {0xDD, 0xFD}) and own > len(letters) / 4 and own + shared > len(letters) * 0.9


def encoding_advice(sample: bytes, encoding: str, name: str) -> str:
    """Returns what to do about bytes that are not valid in an encoding; the first byte of `sample` is not."""
    high = [byte for byte in sample if byte >= 128]
    if codecs.lookup(encoding).name != "utf-8":
        return "Name the file's encoding with --encoding, or convert it to UTF-8."
    if len(sample.decode("utf-8", "ignore").encode()) - len(sample) + len(high) > len(high) / 2:
        return "The rest looks like UTF-8: correct these bytes."
    if len(high) > len(sample) / 3 and len(sample) > 30:
        guess = "its encoding (cp1251 for Russian, gb18030 for Chinese, shift_jis for Japanese, ...)"
        return f"Convert it to UTF-8, or name {guess} with --encoding."
    controls = {byte for byte in high if byte < 160}  # in latin-1; cp1252 has characters for all but five of them
    if controls.intersection(b"\x81\x8d\x8f\x90\x9d"):
        return "Convert it to UTF-8, or name its encoding with --encoding (for example mac_roman or cp850)."
    turkish = is_turkish(high)
    guess = ("cp1254" if controls else "iso-8859-9") if turkish else ("cp1252" if controls else "latin-1")
    if not turkish and not is_plausible(sample.decode(guess, "ignore")):
        return (
            "Convert it to UTF-8, or name its encoding with --encoding (cp1250 for Polish or Czech, cp1251 for "
            "Russian, cp1256 for Arabic, gb18030 for Chinese, ...)."
        )
    if name == STANDARD_INPUT:
        return f"It looks like {guess}; convert it to UTF-8, as with iconv -f {guess} -t utf-8."
    return f"Convert the file to UTF-8, or name its encoding with --encoding (it looks like {guess})."
