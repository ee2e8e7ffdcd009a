"""Clips for tests: a tone for each character, which is as much of speech as a small network needs."""

import pathlib
import wave

import numpy as np

TONE_SECONDS = 0.08
LETTERS = "abcdefghijklmnopqrstuvwxyz "


def tones(text, rate=8000, level=0.3):
    """Returns the samples of a text, float32: a tone for each letter, large or small, and silence for a space."""
    times = np.arange(round(TONE_SECONDS * rate)) / rate
    pieces = [
        level * np.sin(2 * np.pi * (300 + 120 * LETTERS.index(letter)) * times) * (letter != " ")
        for letter in text.lower()
    ]
    return np.concatenate([np.zeros(0), *pieces]).astype(np.float32)


def write_wave(path, samples, rate=8000, width=2):
    """Writes samples between -1 and 1, of one channel or of several, by the `wave` module; returns the path."""
    samples = np.asarray(samples, dtype=np.float64)
    whole = np.clip(np.round(samples * 2 ** (8 * width - 1)), -(2 ** (8 * width - 1)), 2 ** (8 * width - 1) - 1)
    if width == 1:
        content = (whole + 128).astype(np.uint8).tobytes()
    elif width == 3:
        content = whole.astype("<i4")[..., np.newaxis].view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    else:
        content = whole.astype(f"<i{width}").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(content)
    return path


def write_manifest(directory, texts, rate=8000):
    """Writes a clip of each text, and the manifest that names them; returns its path."""
    directory = pathlib.Path(directory)
    lines = []
    for number, text in enumerate(texts):
        path = write_wave(directory / f"{number}.wav", tones(text, rate), rate)
        lines.append(f"{path}\t{text}\n")
    (directory / "manifest.tsv").write_text("".join(lines))
    return directory / "manifest.tsv"
