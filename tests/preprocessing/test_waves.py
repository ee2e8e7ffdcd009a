"""WAV files are read as the `wave` module reads them, and what it refuses is read or refused with a sentence."""

import io
import re
import struct
import sys
import wave

import numpy as np
import pytest

from tests.clips import tones, write_wave
from textrnn import TextrnnError
from textrnn.preprocessing.waves import opened_sound, sound_of


def samples_of(path):
    with opened_sound(path) as sound:
        return np.concatenate([np.zeros(0, np.float32), *sound.blocks]), sound


def riff(*chunks):
    """Returns a file of chunks, each a name and its content."""
    body = b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2) for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def form(coding, channels, rate, width, more=b""):
    block = channels * width
    return struct.pack("<HHIIHH", coding, channels, rate, rate * block, block, 8 * width) + more


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 11025, 44_100, 48_000])
def test_pcm_of_every_width(width, channels, rate, tmp_path):
    """A sample of `b` bits is a whole number of steps of `2^(1 - b)`, and is mixed down to the mean of its channels."""
    draw = np.random.default_rng(width).uniform(-0.9, 0.9, (1000, channels))
    found, sound = samples_of(write_wave(tmp_path / "a.wav", draw if channels > 1 else draw[:, 0], rate, width))
    assert (sound.rate, sound.num_samples, found.dtype) == (rate, 1000, np.float32)
    np.testing.assert_allclose(found, draw.mean(axis=1), atol=0.51 * 2.0 ** (1 - 8 * width) + 1e-6)


def test_the_largest_samples(tmp_path):
    assert samples_of(write_wave(tmp_path / "a.wav", [-1.0, 1.0, 0.0]))[0].tolist() == [-1.0, 1 - 2**-15, 0.0]


def test_the_header_of_ffmpeg_for_24_bits(tmp_path):
    """`WAVE_FORMAT_EXTENSIBLE`, with chunks before and after that say other things."""
    identifier = b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    content = struct.pack("<3i", 0, 1 << 30, -(1 << 30))
    narrow = b"".join(content[4 * i + 1 : 4 * i + 4] for i in range(3))
    extended = form(0xFFFE, 1, 16_000, 3, struct.pack("<HHI", 22, 24, 4) + identifier)
    (tmp_path / "a.wav").write_bytes(riff((b"JUNK", b"odd"), (b"fmt ", extended), (b"LIST", b"x"), (b"data", narrow)))
    assert samples_of(tmp_path / "a.wav")[0].tolist() == [0.0, 0.5, -0.5]


@pytest.mark.parametrize("width", [4, 8])
def test_floats(width, tmp_path):
    content = np.array([0.25, -0.5, np.nan, np.inf], f"<f{width}").tobytes()
    (tmp_path / "a.wav").write_bytes(riff((b"fmt ", form(3, 1, 8000, width)), (b"data", content)))
    assert samples_of(tmp_path / "a.wav")[0].tolist() == [0.25, -0.5, 0.0, 0.0]


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_size_that_nobody_knew(size, tmp_path, monkeypatch):
    """A program that writes into a pipe leaves such a size; here it comes from one."""
    content = bytearray(write_wave(tmp_path / "a.wav", tones("boat")).read_bytes())
    expected, _ = samples_of(tmp_path / "a.wav")
    content[40:44] = struct.pack("<I", size)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    found, sound = samples_of("-")
    np.testing.assert_array_equal(found, expected)
    assert sound.num_samples is None


def test_a_file_that_was_cut_off_gives_what_is_there(tmp_path):
    content = write_wave(tmp_path / "a.wav", tones("boat")).read_bytes()
    (tmp_path / "b.wav").write_bytes(content[:1001])
    found, sound = samples_of(tmp_path / "b.wav")
    np.testing.assert_array_equal(found, samples_of(tmp_path / "a.wav")[0][:478])  # 957 bytes after the header of 44
    assert sound.num_samples == len(tones("boat"))


def test_an_hour_is_read_in_blocks(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        for _ in range(40):
            file.writeframes(bytes(4 * 48_000))
    with opened_sound(tmp_path / "a.wav") as sound:
        sizes = [len(block) for block in sound.blocks]
    assert sum(sizes) == 40 * 48_000
    assert max(sizes) <= 10 * 48_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"fLaC" + bytes(40), "is FLAC, and WAV files are read. Convert it: ffmpeg -i"),
        (b"\xff\xfb\x90" + bytes(40), "is MP3, and WAV files are read"),
        (b"a text, and a longer one than that", "is no WAV file, and WAV files are read"),
        (b"RIFF\0\0\0\0WAVE", "it ends before its samples begin"),
        (riff((b"data", b"abcd")), "it ends before its samples begin"),
        (riff((b"fmt ", b"\1\0")), "it does not say how its samples are written"),
        (riff((b"fmt ", form(7, 1, 8000, 1))), "is coded as mu-law, and plain samples"),
        (riff((b"fmt ", form(99, 1, 8000, 1))), "is coded as number 99"),
        (riff((b"fmt ", form(1, 0, 8000, 2))), "has 0 channels"),
        (riff((b"fmt ", form(1, 1, 8000, 5))), "of 40 bits, which are not read"),
        (riff((b"fmt ", form(1, 1, 4000, 2))), "4,000 samples a second; 8,000 to 48,000 are read"),
        (riff((b"fmt ", form(1, 1, 192_000, 2))), "192,000 samples a second"),
    ],
)
def test_what_is_no_sound(content, message, tmp_path):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(TextrnnError, match=re.escape(f"{tmp_path / 'a.wav'}: ") + ".*" + re.escape(message)):
        samples_of(tmp_path / "a.wav")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(TextrnnError, match="cannot be read: No such file"):
        samples_of(tmp_path / "a.wav")
    with pytest.raises(TextrnnError, match="is a directory. Name the WAV files in it"):
        samples_of(tmp_path)


def test_samples_in_memory():
    """Whole numbers as files hold them, floats as they are, channels mixed down."""
    for array, expected in (
        (np.array([0, 16384, -32768], np.int16), [0.0, 0.5, -1.0]),
        (np.array([128, 192, 0], np.uint8), [0.0, 0.5, -1.0]),
        (np.array([[0.5, -0.5], [1.0, 0.0]]), [0.0, 0.5]),
    ):
        assert np.concatenate(list(sound_of(array, 8000).blocks)).tolist() == expected
    for array, message in (
        (np.zeros((2, 3, 4)), "of shape"),
        (np.array(["a"]), "must be numbers"),
        (np.zeros((2, 8000)), "8,000 channels; samples come first"),
        (np.array([np.nan]), "not finite"),
    ):
        with pytest.raises(TextrnnError, match=message):
            sound_of(array, 8000)
    with pytest.raises(TextrnnError, match="4,000 samples a second"):
        sound_of(np.zeros(3), 4000)


def test_a_header_that_asks_for_the_moon_costs_nothing(tmp_path):
    """Sizes in headers are what an attacker writes: nothing is taken in memory for them."""
    head = b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", 0xFFFFFFFE) + form(1, 64, 48_000, 4)
    (tmp_path / "a.wav").write_bytes(head)
    with pytest.raises(TextrnnError, match="it ends before its samples begin"):
        samples_of(tmp_path / "a.wav")
