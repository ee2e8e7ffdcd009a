"""Reads WAV files block by block: PCM of 8, 16, 24 and 32 bits and floats, any number of channels, mixed down to one.

Not by Python's `wave` module, which before Python 3.12 refuses the header that ffmpeg and others write for 24 bits or
more (`WAVE_FORMAT_EXTENSIBLE`), and floats in every version. The form of the file is that of RIFF (IBM and Microsoft
1991): chunks, each a name of four bytes, a size of four and its content.
"""

import contextlib
import dataclasses
import os
import shlex
import struct
import sys
from collections.abc import Iterator
from typing import IO

import numpy as np

from textrnn.errors import TextrnnError

__all__ = ["BLOCK_SECONDS", "RATES", "Sound", "opened_sound", "sound_of"]

BLOCK_SECONDS = 10  # of sound are read at once
BLOCK_BYTES = 1 << 22
FORM_BYTES = 64  # of the "fmt " chunk are read, at most
RATES = (8000, 48_000)  # samples per second, lowest and highest
UNKNOWN_SIZE = 0xFFFF_F000  # bytes of samples, from which on a size stands for all there is
MOST_CHANNELS = 64
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
WIDTHS = {PCM: (1, 2, 3, 4), FLOAT: (4, 8)}  # bytes of a sample
CODINGS = {2: "ADPCM", 6: "A-law", 7: "mu-law", 0x11: "ADPCM", 0x31: "GSM", 0x55: "MP3"}
OTHER_FORMATS = (
    (b"fLaC", "FLAC"),
    (b"OggS", "Ogg"),
    (b"ID3", "MP3"),
    (b"\xff\xfb", "MP3"),
    (b"FORM", "AIFF"),
    (b"RF64", "RF64, a WAV file of more than 4 GB"),
    (b"\x1aE\xdf\xa3", "Matroska or WebM"),
)
STANDARD_INPUT = "standard input"


@dataclasses.dataclass(frozen=True)
class Sound:
    """Sound that is read as it is gone through, once.

    Args:
        name: What errors call it.
        rate: Samples per second.
        num_samples: How many there are by the file's own word; None if it does not say.
        blocks: The samples, between -1 and 1, float32 of shape `(some_number,)`.
    """

    name: str
    rate: int
    num_samples: int | None
    blocks: Iterator[np.ndarray]


@dataclasses.dataclass(frozen=True)
class Form:
    """How the samples of a file are written.

    Args:
        coding: `PCM` or `FLOAT`.
        channels: Samples side by side.
        rate: Of them per second.
        width: Bytes of a sample.
    """

    coding: int
    channels: int
    rate: int
    width: int


@contextlib.contextmanager
def opened_sound(path: str | os.PathLike[str]) -> Iterator[Sound]:
    """Opens a WAV file, or standard input for "-"; memory stays flat, however long it is.

    Raises:
        TextrnnError: If it cannot be read, is no WAV file, or of a form that is not read; says how to convert it.
    """
    name = os.fspath(path)
    if name == "-":
        yield read_header(sys.stdin.buffer, STANDARD_INPUT)
        return
    try:
        with open(path, "rb") as file:
            yield read_header(file, name)
    except IsADirectoryError as error:
        raise TextrnnError(f"{name}: is a directory. Name the WAV files in it, as {name.rstrip('/')}/*.wav.") from error
    except OSError as error:
        raise TextrnnError(f"{name}: cannot be read: {error.strerror or error}.") from error


def sound_of(samples: np.ndarray, rate: int, name: str = "the array") -> Sound:
    """Returns samples in memory as sound.

    Args:
        samples: Shape `(num_samples,)` or `(num_samples, channels)`: floats between -1 and 1, or whole numbers of which
            the largest their type holds is 1.
        rate: Samples per second.
        name: What errors call them.

    Raises:
        TextrnnError: If that is no sound, or of a rate that is not read.
    """
    array = np.asarray(samples)
    if array.ndim not in (1, 2) or array.dtype.kind not in "iuf":
        raise TextrnnError(
            f"{name}: samples must be numbers of shape (samples,) or (samples, channels). Received: {array.dtype} of "
            f"shape {array.shape}."
        )
    if array.ndim == 2 and array.shape[1] > MOST_CHANNELS:
        raise TextrnnError(f"{name}: {array.shape[1]:,} channels; samples come first, as in (samples, channels).")
    check_rate(rate, name)
    if array.dtype.kind in "iu":
        middle = 2 ** (8 * array.dtype.itemsize - 1)
        array = (array.astype(np.float64) - (middle if array.dtype.kind == "u" else 0)) / middle
    mono = array if array.ndim == 1 else array.mean(axis=1)
    if not np.isfinite(mono).all():
        raise TextrnnError(f"{name}: holds samples that are not finite.")
    step = BLOCK_SECONDS * rate
    blocks = (mono[start : start + step].astype(np.float32) for start in range(0, len(mono), step))
    return Sound(name, rate, len(mono), blocks)


def conversion(name: str, options: str = "-c:a pcm_s16le") -> str:
    """Returns what to do about sound that is not read; what is no file has to become one first."""
    file = shlex.quote(name) if os.path.isfile(name) else "FILE"
    return f"Convert it: ffmpeg -i {file} {options} converted.wav"


def check_rate(rate: int, name: str) -> None:
    """Raises `TextrnnError` unless sound of this rate is read."""
    if not RATES[0] <= rate <= RATES[1]:
        raise TextrnnError(
            f"{name}: {rate:,} samples a second; {RATES[0]:,} to {RATES[1]:,} are read. {conversion(name, '-ar 16000')}"
        )


def read_header(file: IO[bytes], name: str) -> Sound:
    """Reads a file up to its samples."""
    head = file.read(12)
    if not head:
        raise TextrnnError(f"{name}: is empty.")
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        other = next((what for start, what in OTHER_FORMATS if head.startswith(start)), "")
        found = f"is {other}" if other else "is no WAV file"
        raise TextrnnError(f"{name}: {found}, and WAV files are read. {conversion(name)}")
    form = None
    while len(chunk := file.read(8)) == 8:
        size = int.from_bytes(chunk[4:], "little")
        if chunk[:4] == b"data":
            if form is None:
                break
            return with_samples(file, name, form, size)
        if chunk[:4] == b"fmt ":
            content = file.read(min(size, FORM_BYTES))
            form = read_form(content, name)
            size -= len(content)
        skip(file, size + size % 2)
    raise TextrnnError(f"{name}: is damaged: it ends before its samples begin. Copy or record it again.")


def skip(file: IO[bytes], size: int) -> None:
    """Reads over so many bytes of a file that may be a pipe."""
    while size > 0 and (content := file.read(min(size, 1 << 16))):
        size -= len(content)


def read_form(content: bytes, name: str) -> Form:
    """Returns what the "fmt " chunk says."""
    if len(content) < 16:
        raise TextrnnError(f"{name}: is damaged: it does not say how its samples are written.")
    coding, channels, rate, _, block, bits = struct.unpack("<HHIIHH", content[:16])
    if coding == EXTENSIBLE and len(content) >= 26:
        coding = int.from_bytes(content[24:26], "little")  # the beginning of a long identifier
    if coding not in WIDTHS:
        raise TextrnnError(
            f"{name}: is coded as {CODINGS.get(coding, f'number {coding}')}, and plain samples (PCM) are read. "
            f"{conversion(name)}"
        )
    if not 1 <= channels <= MOST_CHANNELS or block % channels or block // channels not in WIDTHS[coding]:
        raise TextrnnError(f"{name}: has {channels} channels of {bits} bits, which are not read. {conversion(name)}")
    check_rate(rate, name)
    return Form(coding, channels, rate, block // channels)


def with_samples(file: IO[bytes], name: str, form: Form, size: int) -> Sound:
    """Returns the sound of a file that has been read up to its samples.

    A program that writes into a pipe does not know the size and leaves a number that stands for all there is; of a file
    that was cut off, all there is is read too.
    """
    known = size if 0 < size < UNKNOWN_SIZE else None
    number = None if known is None else known // (form.channels * form.width)
    return Sound(name, form.rate, number, blocks_of(file, form, known))


def blocks_of(file: IO[bytes], form: Form, size: int | None) -> Iterator[np.ndarray]:
    """Yields the samples of a file, mixed down."""
    frame = form.channels * form.width
    step = min(BLOCK_SECONDS * form.rate, BLOCK_BYTES // frame) * frame
    while content := file.read(step if size is None else min(step, size)):
        size = None if size is None else size - len(content)
        content = content[: len(content) // frame * frame]  # a frame that was cut off goes
        samples = as_floats(content, form)
        yield samples.reshape(-1, form.channels).mean(axis=1, dtype=np.float32)


def as_floats(content: bytes, form: Form) -> np.ndarray:
    """Returns the samples that bytes stand for, between -1 and 1."""
    if form.coding == FLOAT:
        floats = np.nan_to_num(np.frombuffer(content, f"<f{form.width}").astype(np.float32), posinf=0.0, neginf=0.0)
        return np.asarray(floats)
    if form.width == 1:  # the only width without a sign
        return (np.frombuffer(content, np.uint8).astype(np.float32) - 128) / 128
    if form.width == 3:
        padded = np.zeros((len(content) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
        content = padded.tobytes()
    whole = np.frombuffer(content, "<i2" if form.width == 2 else "<i4")
    return np.asarray(whole.astype(np.float32) / np.float32(2.0 ** (8 * whole.itemsize - 1)))
