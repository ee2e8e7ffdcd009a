"""Clips of speech and their texts: a manifest, a folder of folders, or what is in memory."""

import dataclasses
import hashlib
import os
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from textrnn.config.recogniser import RecogniserConfig
from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing.files import as_read
from textrnn.preprocessing.pairs import check_characters
from textrnn.preprocessing.resampling import resampled_blocks
from textrnn.preprocessing.spectra import Spectrum
from textrnn.preprocessing.tables import rows
from textrnn.preprocessing.waves import Sound, opened_sound, sound_of
from textrnn.progress import Progress
from textrnn.wording import counted

__all__ = [
    "CUT_OFF",
    "SHOWN",
    "Clips",
    "as_clips",
    "frames_of",
    "headers_of",
    "is_path",
    "opened_clips",
    "read",
    "read_frames",
    "split",
]

FILE_NAMES = ("file", "path", "filename", "file_name", "audio", "clip", "wav")  # of columns of a manifest
TEXT_NAMES = ("text", "sentence", "transcript", "transcription", "label")
SPEAKER_NAMES = ("speaker", "speaker_id", "client_id")
SUFFIX = ".wav"
HOW_TO_SAY = (
    "Pass a manifest, whose lines hold the path of a WAV file, a tab and its text, or a folder with a folder for each "
    "text."
)
HEAD = f" If that is the head of a table, name its columns {FILE_NAMES[0]}, {TEXT_NAMES[0]} and {SPEAKER_NAMES[0]}."
CUT_OFF = 0.1  # seconds by which a clip is shorter than its file says, from which on that is worth a note
SHOWN = 3  # clips that a message names
MOST_SECONDS = 60  # of a clip that is trained on; a longer one has no text that one could align


@dataclasses.dataclass(frozen=True, eq=False)
class Clips:
    """Clips and their texts.

    Args:
        sounds: Paths of WAV files, or samples of shape `(num_samples,)` or `(num_samples, channels)`.
        texts: What is said in each.
        speakers: Who says it; empty if nobody knows.
        rate: Samples per second of those that are no files.
    """

    sounds: list[Any]
    texts: list[str]
    speakers: list[str]
    rate: int | None = None

    def __len__(self) -> int:
        return len(self.sounds)

    def take(self, indices: Iterable[int]) -> "Clips":
        """Returns some of the clips."""
        chosen = list(indices)
        speakers = [self.speakers[i] for i in chosen] if self.speakers else []
        return Clips([self.sounds[i] for i in chosen], [self.texts[i] for i in chosen], speakers, self.rate)


def read(data: Any, texts: Any = None, rate: int | None = None, encoding: str = "utf-8") -> Clips:
    """Reads which clips there are, and their texts.

    Args:
        data: A manifest, a table whose rows hold the path of a WAV file, its text and perhaps its speaker, as two or
            three columns or under such names as file, text and speaker; or a folder with a folder of WAV files for each
            text; or, with `texts`, a list of paths or arrays of samples.
        texts: The text of each clip.
        rate: Samples per second of arrays.
        encoding: Encoding of the manifest.

    Raises:
        TextrnnError: If there are none, or a row has no file or no text.
    """
    if isinstance(data, Clips):
        return data
    if texts is not None:
        return from_memory(data, texts, rate)
    if not isinstance(data, (str, os.PathLike)):
        raise TextrnnError("Pass a manifest or a folder, or clips and their texts: fit(clips, texts).")
    path = pathlib.Path(data)
    if path.suffix.lower() == SUFFIX and path.is_file():
        raise TextrnnError(f"{path}: is one clip, whose text nobody knows. {HOW_TO_SAY}")
    return from_folders(path) if path.is_dir() else from_manifest(path, encoding)


def from_memory(data: Any, texts: Any, rate: int | None) -> Clips:
    """Returns clips and texts that are lists."""
    clips, said = list(as_clips(data)[0]), list(texts)
    if len(clips) != len(said):
        raise TextrnnError(
            f"Received {counted(len(clips), 'clip')} and {counted(len(said), 'text')}. Each needs its own."
        )
    if not clips:
        raise TextrnnError("There are no clips.")
    if rate is None and any(not is_path(clip) for clip in clips):
        raise TextrnnError("Say how many samples a second the arrays have: fit(arrays, texts, rate=16000).")
    return Clips(clips, [checked_text(text, f"Text {number}") for number, text in enumerate(said)], [], rate)


def from_folders(path: pathlib.Path) -> Clips:
    """Reads a folder with a folder for each text; those whose names begin with a dot or an underline are no texts."""
    files = [
        (file, folder.name)
        for folder in sorted(item for item in path.iterdir() if item.is_dir() and item.name[0] not in "._")
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() == SUFFIX and not file.name.startswith(".")
    ]
    if not files:
        raise TextrnnError(
            f"{path}: holds no folders with WAV files. Name each folder by what is said in its files, or pass a "
            "manifest."
        )
    return Clips([str(file) for file, _ in files], [checked_text(text, str(path)) for _, text in files], [])


def from_manifest(path: pathlib.Path, encoding: str) -> Clips:
    """Reads a table of files and their texts; relative paths begin where the table is."""
    files: list[str] = []
    texts: list[str] = []
    speakers: list[str] = []
    columns = None
    for number, cells in rows(path, encoding):
        if columns is None:
            columns, is_header = columns_of(cells)
            if is_header:
                continue
        place = f"{path}, line {number}"
        file, text, speaker = (cells[i].strip() if i is not None and i < len(cells) else "" for i in columns)
        if not file or not text:
            raise TextrnnError(f"{place}: expected the path of a WAV file, a tab and its text.")
        if not (path.parent / file).is_file():
            is_head = not files and "." not in file
            raise TextrnnError(f"{place}: there is no file {path.parent / file}.{HEAD if is_head else ''}")
        files.append(str(path.parent / file))
        texts.append(checked_text(text, place))
        speakers.append(speaker)
    if not files:
        raise TextrnnError(f"{path}: is empty. Its lines hold the path of a WAV file, a tab and its text.")
    return Clips(files, texts, speakers if any(speakers) else [])


def columns_of(cells: Sequence[str]) -> tuple[tuple[int | None, int | None, int | None], bool]:
    """Returns the columns of files, texts and speakers by a table's first row, and whether that is a header."""
    names = [cell.strip().casefold() for cell in cells]

    def place(known: tuple[str, ...]) -> int | None:
        return next((names.index(name) for name in known if name in names), None)

    file, text = place(FILE_NAMES), place(TEXT_NAMES)
    if file is not None and text is not None:
        return (file, text, place(SPEAKER_NAMES)), True
    return (0, 1, 2), False


def checked_text(text: Any, place: str) -> str:
    """Returns a text as a file's would be read; raises if there is none, or it holds half a character."""
    if not isinstance(text, str) or not text.strip():
        raise TextrnnError(f"{place}: each clip needs a text. Received: {text!r}.")
    check_characters(text, place)
    return " ".join(as_read(text).split())


def is_path(clip: Any) -> bool:
    """Says whether a clip is the name of a file."""
    return isinstance(clip, (str, os.PathLike))


def as_clips(data: Any) -> tuple[list[Any], bool]:
    """Returns clips as a list, and whether it was just one: a path, or the samples of one clip."""
    if is_path(data) or isinstance(data, np.ndarray):
        return [data], True
    if not isinstance(data, Iterable):
        raise TextrnnError(f"Pass the path of a WAV file, an array of samples, or a list of them. Received: {data!r}.")
    clips = list(data)
    for number, clip in enumerate(clips):
        if not is_path(clip) and not isinstance(clip, np.ndarray):
            raise TextrnnError(f"Clip {number} is neither a path nor an array of samples: {clip!r:.60}.")
    return clips, False


# From sound to frames


def headers_of(clips: Clips) -> list[tuple[int, float]]:
    """Returns the samples per second of each clip, and its length in seconds."""
    found = []
    for sound in opened_clips(clips.sounds, clips.rate):
        number = sum(map(len, sound.blocks)) if sound.num_samples is None else sound.num_samples
        found.append((sound.rate, number / sound.rate))
    return found


def opened_clips(clips: Iterable[Any], rate: int | None) -> Iterator[Sound]:
    """Yields the sound of each clip, which is open until the next one is asked for.

    Args:
        clips: Paths, or arrays of samples.
        rate: Samples per second of arrays.

    Raises:
        TextrnnError: If one cannot be read.
    """
    for number, clip in enumerate(clips):
        if is_path(clip):
            with opened_sound(clip) as sound:
                yield sound
        else:
            yield sound_of(clip, int(rate or 0), f"clip {number}")


def read_frames(clips: Clips, config: RecogniserConfig, progress: Progress, use: str) -> list[np.ndarray]:
    """Returns the frames of clips that are trained or validated on, as float16, which is enough for what is heard.

    Args:
        clips: The clips.
        config: What is read of them.
        progress: Where to say how far it is.
        use: What the clips are for: to "train on" or to "validate on".

    Raises:
        TextrnnError: If a clip cannot be read, or is too long.
    """
    spectrum = Spectrum(config)
    found, cut = [], []
    progress.start(f"reading clips to {use}", len(clips), "clips")
    try:
        for sound in opened_clips(clips.sounds, clips.rate):
            frames = whole_frames(sound, spectrum, config)
            if (sound.num_samples or 0) / sound.rate - len(frames) * config.hop_ms / 1000 > CUT_OFF:
                cut.append(sound.name)
            found.append(frames)
            progress.advance(1)
    finally:
        progress.finish()
    if cut:
        progress.message(
            f"note: {len(cut):,} of {counted(len(found), 'clip')} to {use} were cut off, and may lack the end of their "
            f"texts: {', '.join(cut[:SHOWN])}{', ...' if len(cut) > SHOWN else ''}"
        )
    return found


def whole_frames(sound: Sound, spectrum: Spectrum, config: RecogniserConfig) -> np.ndarray:
    """Returns the frames of a sound that is not too long to be trained on."""
    most = MOST_SECONDS * 1000 // config.hop_ms
    frames: list[np.ndarray] = [np.zeros((0, config.num_bands), np.float16)]
    for block in frames_of(sound, spectrum, config):
        frames.append(block.astype(np.float16))
        if sum(map(len, frames)) > most:
            raise TextrnnError(
                f"{sound.name}: is longer than {MOST_SECONDS} seconds. Cut it into sentences, each with its text."
            )
    return np.concatenate(frames)


def frames_of(sound: Sound, spectrum: Spectrum, config: RecogniserConfig) -> Iterable[np.ndarray]:
    """Yields the frames of a sound as it is read."""
    return spectrum.frames(resampled_blocks(sound.blocks, sound.rate, config.sample_rate))


def split(clips: Clips, fraction: float, seed: int = 0) -> tuple[Clips, Clips]:
    """Sets clips aside to validate on.

    Raises:
        TextrnnError: If either side would be empty.
    """
    check_range("fraction", fraction, 0, 1, above=True, below=True)
    if len(clips) < 2:
        raise TextrnnError("One clip is too few: some are trained on, and others are validated on.")
    names = [f"{seed}\0{number}\0{text}" for number, text in enumerate(clips.texts)]
    order = sorted(range(len(clips)), key=lambda i: hashlib.blake2b(names[i].encode(), digest_size=8).digest())
    number = min(max(round(fraction * len(clips)), 1), len(clips) - 1)
    return clips.take(sorted(order[number:])), clips.take(sorted(order[:number]))
