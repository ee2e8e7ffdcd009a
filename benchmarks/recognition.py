"""How well the recogniser reads digits, and how fast; on what `benchmarks/recipes/digits/prepare.py` has written.

    python -m benchmarks.recognition score DATA --model digits
    python -m benchmarks.recognition score DATA --model digits --split validation
    python -m benchmarks.recognition speakers DATA --minutes 3

`score` gives the share of single digits that are read rightly, the word and character error rate of strings, and how
many seconds of sound are transcribed in a second of one core. `speakers` trains without each of the speakers and gives
the share of that speaker's digits that are read rightly: of takes 0 to 4, of all takes, and of takes 0 to 4 with a
language model, if one is named. `--options` are options of `Recogniser` and its `fit`. Choose by `--split validation`;
the test part is for the figure in the end.
"""

import argparse
import pathlib
import time

import textrnn
from benchmarks.options import divided, parsed_options
from textrnn.config import RecogniserConfig
from textrnn.evaluation.recognition import Recognition
from textrnn.preprocessing import speech
from textrnn.progress import Progress

TEST_TAKES = 5  # of each speaker, beginning with 0


def share(found: Recognition) -> str:
    return f"{100 * found.num_right / found.num_texts:.1f}% of {found.num_texts}"


def score(parsed: argparse.Namespace) -> None:
    recogniser = textrnn.Recogniser.load(parsed.model)
    how = {"num_beams": parsed.num_beams, "language_model": parsed.language_model}
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


def speakers(parsed: argparse.Namespace) -> None:
    network, fitting = divided(parsed_options(parsed.options), [*RecogniserConfig.option_names(), "lowercase"])
    if not any(name in fitting for name in ("steps", "epochs")):
        fitting["minutes"] = parsed.minutes
    shares = []
    for directory in sorted((parsed.data / "without").iterdir()):
        if parsed.only and directory.name not in parsed.only:
            continue
        recogniser = textrnn.Recogniser(**network)
        recogniser.fit(
            directory / "train.tsv",
            validation=directory / "validation.tsv",
            progress=Progress(quiet=not parsed.verbose),
            **fitting,
        )
        clips = speech.read(directory / "test.tsv")
        takes = [int(pathlib.Path(clip).stem.rsplit("_", 1)[1]) for clip in clips.sounds]
        of_test = clips.take([number for number, take in enumerate(takes) if take < TEST_TAKES])
        how = {"num_beams": parsed.num_beams, "language_model": parsed.language_model}
        found = [recogniser.evaluate(part) for part in (of_test, clips)]
        if parsed.language_model:
            found.append(recogniser.evaluate(of_test, **how))
        shares.append([one.num_right / one.num_texts for one in found])
        print(f"without {directory.name}: {', '.join(map(share, found))}", flush=True)
    means = [f"{100 * sum(column) / len(shares):.1f}%" for column in zip(*shares, strict=True)]
    print(f"mean: {', '.join(means)}")


def main() -> None:
    parser = argparse.ArgumentParser(description="How well the recogniser reads digits.")
    parser.add_argument("what", choices=["score", "speakers"])
    parser.add_argument("data", type=pathlib.Path, help="what benchmarks/recipes/digits/prepare.py has written")
    parser.add_argument("--model", default="digits")
    parser.add_argument("--split", default="test", choices=["validation", "test"])
    parser.add_argument("--language-model", help="one that `score` uses, such as that of the recipe")
    parser.add_argument("--num-beams", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--only", nargs="+", help="the speakers to leave out, in place of each")
    parser.add_argument("--options", default="")
    parser.add_argument("--verbose", action="store_true")
    parsed = parser.parse_args()
    {"score": score, "speakers": speakers}[parsed.what](parsed)


if __name__ == "__main__":
    main()
