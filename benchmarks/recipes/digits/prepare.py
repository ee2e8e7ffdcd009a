"""Makes manifests, and strings of digits, of the Free Spoken Digit Dataset for the recipe in this directory.

    python benchmarks/recipes/digits/prepare.py "$TEXTRNN_CORPORA/speech/digits" OUTPUT [VOICES/voices.tsv]

reads `DIGIT_SPEAKER_TAKE.wav` and writes three parts: takes 0 to 4 are the test part, as the data set says, takes 5 to
9 that to validate on, and the rest is trained on, with the clips that `voices.py` has made, if they are named.

    OUTPUT/words/{train,validation,test}.tsv              single digits: file, text, speaker
    OUTPUT/strings/{validation,test}.tsv, *.wav           strings of 3 to 7 digits
    OUTPUT/lines.txt                                      lines of 1 to 7 digits in words, for a language model
    OUTPUT/without/SPEAKER/{train,validation,test}.tsv    the same as words, the speaker in test alone, with all takes

A string is of one speaker, with 50 to 300 milliseconds between the digits, and faint noise, 50 dB below full scale,
under all of it. Each clip is in as many strings as any other, give or take one.
"""

import pathlib
import sys
import wave
from typing import NamedTuple

import numpy as np

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RATE = 8000
STRINGS = 300  # in each part
LINES = 3000
LENGTHS = (3, 7)  # digits, fewest and most
PAUSE = (0.05, 0.3)  # seconds, shortest and longest
PEOPLE = 2  # times that clips of people are trained on in an epoch, beside the voices of programs
NOISE = 10 ** (-50 / 20)


class Clip(NamedTuple):
    """A digit that somebody has said."""

    path: pathlib.Path
    digit: int
    speaker: str
    take: int

    @property
    def part(self) -> str:
        """The part of the data that it belongs to."""
        return "test" if self.take < 5 else "validation" if self.take < 10 else "train"

    @property
    def line(self) -> str:
        """Its line in a manifest."""
        return f"{self.path.absolute()}\t{WORDS[self.digit]}\t{self.speaker}\n"


def clips_in(directory: pathlib.Path) -> list[Clip]:
    clips = []
    for path in sorted(directory.glob("*_*_*.wav")):
        digit, speaker, take = path.stem.split("_")
        clips.append(Clip(path, int(digit), speaker, int(take)))
    if not clips:
        sys.exit(f"{directory}: holds no DIGIT_SPEAKER_TAKE.wav")
    return clips


def write_words(clips: list[Clip], directory: pathlib.Path, voices: str, without: str = "") -> None:
    """Writes a manifest for each part, `voices` to train on; one speaker can be in the test part alone."""
    directory.mkdir(parents=True, exist_ok=True)
    for part in ("train", "validation", "test"):
        chosen = [clip for clip in clips if clip.part == part and clip.speaker != without]
        if without and part == "test":
            chosen = [clip for clip in clips if clip.speaker == without]
        lines = "".join(clip.line for clip in chosen)
        if part == "train" and voices:
            lines = PEOPLE * lines + voices
        (directory / f"{part}.tsv").write_text(lines, encoding="utf-8")


def samples_of(path: pathlib.Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2), path
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 2**15


def dealt(clips: list[Clip], draw: np.random.Generator) -> list[list[Clip]]:
    """Returns strings of clips of one speaker; clips are dealt like cards, shuffled anew when all have been."""
    speakers = sorted({clip.speaker for clip in clips})
    packs: dict[str, list[Clip]] = {speaker: [] for speaker in speakers}
    strings = []
    for number in range(STRINGS):
        speaker = speakers[number % len(speakers)]
        string = []
        for _ in range(draw.integers(LENGTHS[0], LENGTHS[1] + 1)):
            if not packs[speaker]:
                theirs = [clip for clip in clips if clip.speaker == speaker]
                packs[speaker] = [theirs[place] for place in draw.permutation(len(theirs))]
            string.append(packs[speaker].pop())
        strings.append(string)
    return strings


def write_strings(clips: list[Clip], directory: pathlib.Path, part: str, seed: int) -> None:
    """Writes strings of the clips of a part, and their manifest."""
    directory.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(seed)
    lines = []
    for number, string in enumerate(dealt([clip for clip in clips if clip.part == part], draw)):
        pauses = [np.zeros(int(RATE * draw.uniform(*PAUSE))) for _ in range(len(string) + 1)]
        pieces = [pauses[0]]
        for clip, pause in zip(string, pauses[1:], strict=True):
            pieces += [samples_of(clip.path), pause]
        samples = np.concatenate(pieces)
        samples += draw.normal(0, NOISE, len(samples))
        path = directory / f"{part}_{number:03}.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes((np.clip(samples, -1, 1) * (2**15 - 1)).round().astype("<i2").tobytes())
        lines.append(f"{path.name}\t{' '.join(WORDS[clip.digit] for clip in string)}\t{string[0].speaker}\n")
    (directory / f"{part}.tsv").write_text("".join(lines), encoding="utf-8")


def write_lines(path: pathlib.Path) -> None:
    """Writes lines of digits, every one as probable as any other."""
    draw = np.random.default_rng(0)
    lines = [" ".join(draw.choice(WORDS, draw.integers(1, LENGTHS[1] + 1))) + "\n" for _ in range(LINES)]
    path.write_text("".join(lines), encoding="utf-8")


def main() -> None:
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    clips, output = clips_in(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2])
    voices = pathlib.Path(sys.argv[3]).read_text(encoding="utf-8") if len(sys.argv) == 4 else ""
    write_words(clips, output / "words", voices)
    for speaker in sorted({clip.speaker for clip in clips}):
        write_words(clips, output / "without" / speaker, voices, speaker)
    for seed, part in enumerate(("validation", "test")):
        write_strings(clips, output / "strings", part, seed)
    write_lines(output / "lines.txt")


if __name__ == "__main__":
    main()
