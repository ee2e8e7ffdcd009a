"""Has programs that speak say the digits, since five people are few to learn from.

    apt-get install espeak-ng flite festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts
    python benchmarks/recipes/digits/voices.py OUTPUT

writes WAV files and `OUTPUT/voices.tsv`: file, text, speaker. Programs with voices of people, put together from what
they have recorded, are flite and festival; espeak-ng computes a voice from formants, in accents and variants of which
each is a speaker here. Speed and pitch are drawn anew for each clip. Silence at both ends is cut off.
"""

import io
import pathlib
import random
import subprocess
import sys
import tempfile
import wave

import numpy as np
from prepare import WORDS

TAKES = 2
ACCENTS = (
    "en-gb", "en-us", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029", "en-us-nyc",
)  # fmt: skip
VARIANTS = " ".join(
    [
        "Adam Alex Alicia Andrea Andy Annie Antonio Auntie Belinda Benjamin Boris Caleb David Denis Diogo Ed Edward",
        "Gene Gustave Henrique Hugo Iven Iven2 Jacky John Lee Linda Marcelo Marco Mario Max Michael Michel Miguel Mike",
        "Nguyen Pablo Paul Pedro Quincy Rob Robert Steph Steph2 Tweaky Zac anika f1 f2 f3 f4 f5 grandma grandpa klatt",
        "klatt2 klatt3 klatt4 m1 m2 m3 m4 m5 m6 m7 m8 norbert sandro shelby travis victor",
    ]
).split()
FLITE_VOICES = ("kal", "kal16", "awb", "rms", "slt")
FESTIVAL_VOICES = ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts")
FAINTEST = 0.02  # share of the loudest sample, below which the ends of a clip are silence
MARGINS = (0.02, 0.03)  # seconds of it that stay


def heard(command: list[str], text: str = "") -> bytes:
    """Returns the WAV file that a program writes for `OUTPUT` in its command."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "clip.wav"
        subprocess.run([str(path) if one == "OUTPUT" else one for one in command], input=text.encode(), check=True)
        return path.read_bytes()


def espeak(voice: str, word: str, draw: random.Random) -> bytes:
    speed, pitch = draw.randint(110, 220), draw.randint(25, 75)
    return heard(["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", "OUTPUT", word])


def flite(voice: str, word: str, draw: random.Random) -> bytes:
    pitch, stretch = draw.choice([85, 100, 120, 150, 190]), draw.uniform(0.7, 1.4)
    settings = ["--setf", f"duration_stretch={stretch:.2f}", "--setf", f"int_f0_target_mean={pitch}"]
    return heard(["flite", "-voice", voice, *settings, "-t", word, "-o", "OUTPUT"])


def festival(voice: str, word: str, draw: random.Random) -> bytes:
    stretch = f"(Parameter.set 'Duration_Stretch {draw.uniform(0.7, 1.4):.2f})"
    return heard(["text2wave", "-o", "OUTPUT", "-eval", f"(voice_{voice})", "-eval", stretch], word)


def write_trimmed(data: bytes, path: pathlib.Path) -> None:
    """Writes a clip without the silence at its ends."""
    with wave.open(io.BytesIO(data)) as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2")
    loudness = np.abs(samples.astype(np.int64))
    loud = np.flatnonzero(loudness > FAINTEST * loudness.max())
    first, last = max(loud[0] - int(MARGINS[0] * rate), 0), loud[-1] + int(MARGINS[1] * rate)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples[first:last].tobytes())


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    output = pathlib.Path(sys.argv[1])
    output.mkdir(parents=True, exist_ok=True)
    draw = random.Random(1)
    variants = draw.sample(VARIANTS, len(VARIANTS))
    voices = [(espeak, f"{draw.choice(ACCENTS)}+{variant}", TAKES) for variant in variants]
    voices += [(flite, voice, 2 * TAKES) for voice in FLITE_VOICES]
    voices += [(festival, voice, TAKES) for voice in FESTIVAL_VOICES]
    lines = []
    for speak, voice, takes in voices:
        for take in range(takes):
            for word in WORDS:
                path = output / f"{word}_{speak.__name__}_{voice}_{take}.wav"
                write_trimmed(speak(voice, word, draw), path)
                lines.append(f"{path.absolute()}\t{word}\t{speak.__name__} {voice}\n")
    (output / "voices.tsv").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
