"""How well the recogniser reads digits, and how fast; on what `benchmarks/recipes/digits/prepare.py` has written.

    python -m benchmarks.recognition score DATA --model digits
    python -m benchmarks.recognition score DATA --model digits --split validation
    python -m benchmarks.recognition speakers DATA --minutes 3
    python -m benchmarks.recognition notes DATA --others clips/*.wav

`score` gives the share of single digits that are read rightly, the word and character error rate of strings, and how
many seconds of sound are transcribed in a second of one core. `speakers` trains without each of the speakers and gives
the share of that speaker's digits that are read rightly: of takes 0 to 4 and of all takes, as words of the recogniser's
lexicon and as any letters; beside them the shares of a support vector machine with radial kernel, which is given each
word as 16 frames. With `--choose`, it is of takes 5 and on: choose by these, and by `--split validation`; the test part
is for the figure in the end. `--options` are options of `Recogniser` and its `fit`. `notes` counts the clips of the
test part, and other ones, that are said to sound unlike the training.
"""

import argparse
import dataclasses
import pathlib
import time
from collections.abc import Iterable

import numpy as np

import textrnn
from benchmarks.options import divided, parsed_options
from textrnn.config import RecogniserConfig
from textrnn.evaluation.recognition import Recognition
from textrnn.preprocessing import spectra, speech
from textrnn.preprocessing.speech_batches import between
from textrnn.progress import Progress

TEST_TAKES = 5  # of each speaker, beginning with 0
LOUD = 5.0  # nats below the loudest frame, up to which a frame counts as part of a word


def share(found: Recognition) -> str:
    return f"{100 * found.num_right / found.num_texts:.1f}% of {found.num_texts}"


def score(parsed: argparse.Namespace) -> None:
    recogniser = textrnn.Recogniser.load(parsed.model)
    how = {"language_model": parsed.language_model, "lexicon": parsed.lexicon}
    if parsed.num_beams:
        how["num_beams"] = parsed.num_beams
    words = recogniser.evaluate(parsed.data / "words" / f"{parsed.split}.tsv", **how)
    print(f"single digits: {share(words)} right", flush=True)
    manifest = parsed.data / "strings" / f"{parsed.split}.tsv"
    strings = recogniser.evaluate(manifest, explain=True, **how)
    print(f"strings of 3 to 7 digits:\n{strings}", flush=True)
    clips = speech.read(manifest)
    start = time.process_time()
    seconds = sum(recogniser.transcripts([clip], **how)[0].seconds for clip in clips.sounds)
    print(
        f"one clip after the other: {seconds / (time.process_time() - start):.0f} seconds of sound a second of one core"
    )


def notes(parsed: argparse.Namespace) -> None:
    recogniser = textrnn.Recogniser.load(parsed.model)
    manifests = {part: parsed.data / part / f"{parsed.split}.tsv" for part in ("words", "strings")}
    clips = {part: speech.read(manifest).sounds for part, manifest in manifests.items()}
    for part, sounds in {**clips, "others": parsed.others}.items():
        found = recogniser.transcripts(sounds, lexicon=parsed.lexicon)
        print(f"{part}: {sum('sounds unlike' in one.note for one in found)} of {len(found)} sound unlike the training")


def speakers(parsed: argparse.Namespace) -> None:
    network, fitting = divided(parsed_options(parsed.options), [*RecogniserConfig.option_names(), "lowercase"])
    if not any(name in fitting for name in ("steps", "epochs")):
        fitting["minutes"] = parsed.minutes
    names = ["takes 5 and on"] if parsed.choose else ["takes 0 to 4", "all takes"]
    columns = [f"{name}, {how}" for name in names for how in ("lexicon", "any letters", "SVM")]
    print("| without | steps | minutes | " + " | ".join(columns) + " |")
    print("| --- " * (len(columns) + 3) + "|")
    rows = []
    for directory in sorted((parsed.data / "without").iterdir()):
        if parsed.only and directory.name not in parsed.only:
            continue
        recogniser = textrnn.Recogniser(**network)
        start = time.monotonic()
        recogniser.fit(
            directory / "train.tsv",
            validation=directory / "validation.tsv",
            progress=Progress(quiet=not parsed.verbose),
            **fitting,
        )
        minutes = (time.monotonic() - start) / 60
        machine = Machine(directory / "train.tsv")
        clips = speech.read(directory / "test.tsv")
        takes = [int(pathlib.Path(clip).stem.rsplit("_", 1)[1]) for clip in clips.sounds]
        numbers = {
            "takes 0 to 4": [number for number, take in enumerate(takes) if take < TEST_TAKES],
            "takes 5 and on": [number for number, take in enumerate(takes) if take >= TEST_TAKES],
            "all takes": list(range(len(takes))),
        }
        row = []
        for part in (clips.take(numbers[name]) for name in names):
            found = (recogniser.evaluate(part, lexicon=lexicon, num_bootstrap=0) for lexicon in (None, "none"))
            row += [*(one.num_right / one.num_texts for one in found), machine.share(part)]
        rows.append(row)
        print(f"| {directory.name} | {recogniser.facts['steps']:,} | {minutes:.1f} | {shown(row)} |", flush=True)
    print(f"| mean | | | {shown(np.mean(rows, axis=0))} |")


def shown(shares: Iterable[float]) -> str:
    return " | ".join(f"{100 * one:.1f}%" for one in shares)


class Machine:
    """A support vector machine that reads single words: 16 frames between the first loud one and the last."""

    def __init__(self, manifest: pathlib.Path) -> None:
        from sklearn.svm import SVC

        clips = speech.read(manifest)
        self.config = RecogniserConfig(sample_rate=8000, num_bands=24)
        frames = self.frames(clips)
        self.config = dataclasses.replace(self.config, means=spectra.mean_profile(frames))
        inputs = np.array([self.read(one) for one in frames])
        self.mean, self.deviation = inputs.mean(axis=0), inputs.std()
        self.machine = SVC(C=10, gamma=1 / inputs.shape[1]).fit((inputs - self.mean) / self.deviation, clips.texts)

    def frames(self, clips: speech.Clips) -> list[np.ndarray]:
        return [one.astype(np.float32) for one in speech.read_frames(clips, self.config, Progress(quiet=True), "read")]

    def read(self, frames: np.ndarray) -> np.ndarray:
        levels = spectra.loudness(frames)
        loud = np.flatnonzero(levels > levels.max() - LOUD)
        frames = spectra.normalized(frames, self.config)[max(loud[0] - 2, 0) : loud[-1] + 3]
        return between(frames, np.linspace(0, len(frames) - 1, 16)).reshape(-1)

    def share(self, clips: speech.Clips) -> float:
        inputs = (np.array([self.read(one) for one in self.frames(clips)]) - self.mean) / self.deviation
        return float(np.mean(self.machine.predict(inputs) == np.array(clips.texts)))


def main() -> None:
    parser = argparse.ArgumentParser(description="How well the recogniser reads digits.")
    parser.add_argument("what", choices=["score", "speakers", "notes"])
    parser.add_argument("data", type=pathlib.Path, help="what benchmarks/recipes/digits/prepare.py has written")
    parser.add_argument("--model", default="digits")
    parser.add_argument("--split", default="test", choices=["validation", "test"])
    parser.add_argument("--language-model", help="one that `score` uses, such as that of the recipe")
    parser.add_argument("--lexicon", help="none: any letters; else a file of words that `score` allows")
    parser.add_argument("--num-beams", type=int)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--choose", action="store_true", help="of the speaker that is left out, takes 5 and on alone")
    parser.add_argument("--only", nargs="+", help="the speakers to leave out, in place of each")
    parser.add_argument("--others", nargs="*", default=[], help="clips for `notes`")
    parser.add_argument("--options", default="")
    parser.add_argument("--verbose", action="store_true")
    parsed = parser.parse_args()
    {"score": score, "speakers": speakers, "notes": notes}[parsed.what](parsed)


if __name__ == "__main__":
    main()
