"""How good the defaults are: text of many sizes, trained with no option set, beside PPMd and beside other options.

    python -m benchmarks.defaults novel FILE ... --characters 100000 --test-from 320000
    python -m benchmarks.defaults lines FILE ... --trials 12
    python -m benchmarks.defaults novel FILE --characters 100000 --trial "units=512 seed=1" --trial units=256
    python -m benchmarks.defaults samples FILE ... --words spa.txt
    python -m benchmarks.defaults pairs FILE --pairs 20000 --trials 12

`novel` trains on the beginning of each file and scores 30,000 characters of a later part. `lines` sets aside every
tenth line. Bits per character, the state carried through; PPMd (order 3 to 6, the best one) is given the training text
first and then compresses pieces of 1,000 characters, or lines. `--trials N` tries that many other options, `--trial`
those named, `initial_model=none` among them. `--beside MODEL` shows what a model needs that has not seen the text.

`samples` trains on all of each file and looks at 100 texts at the default temperature, and at 1,000 at temperature 1
where documents are lines: how many end by themselves, are one line, are distinct, stand in no line of the file; and how
many of their words stand in the file or in the first column of `--words`.

`pairs` takes so many pairs drawn at random, and translates 500 other sentences that are in none of them. The other
options get the time that the defaults took, or all get `--minutes`. BLEU is scored as validation does it: by characters
for Chinese.
"""

import argparse
import pathlib
import random
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import pyppmd

import textrnn
from benchmarks.options import divided, parsed_options
from textrnn import corpora
from textrnn.config import BUDGET, NetworkConfig, TranslatorConfig
from textrnn.preprocessing import pairs as pair_files
from textrnn.preprocessing.pairs import Pairs
from textrnn.progress import Progress

TEST_CHARACTERS = 30_000
TEST_SENTENCES = 500
PIECE = 1000
MEMORY = 256 << 20

# Other options than the defaults, for running text and for lines.
TRIALS: list[dict[str, Any]] = [
    {"level": "char", "units": (128,), "embedding_dim": 32},
    {"level": "char", "units": (256,)},
    {"level": "char", "units": (384,)},
    {"level": "char", "units": (512,)},
    {"level": "char", "units": (256, 256)},
    {"level": "char", "cell": "gru"},
    {"level": "char", "output_dropout": 0.2, "input_dropout": 0.0},
    {"level": "char", "output_dropout": 0.6},
    {"level": "char", "learning_rate": 0.001},
    {"level": "char", "learning_rate": 0.006},
    {"level": "char", "batch_size": 4},
    {"level": "char", "batch_size": 32},
    {"level": "subword", "vocabulary_size": 500},
    {"level": "word"},
]

# The same for sentence pairs.
PAIR_TRIALS: list[dict[str, Any]] = [
    {"encoder_units": (128,), "decoder_units": (128, 128), "embedding_dim": 128},
    {"encoder_units": (384,), "decoder_units": (384, 384), "embedding_dim": 384},
    {"decoder_units": (256,)},
    {"vocabulary_size": 2000},
    {"vocabulary_size": 8000},
    {"joint_vocabulary": True},
    {"input_dropout": 0.1, "dropout": 0.1, "output_dropout": 0.1},
    {"input_dropout": 0.4, "dropout": 0.4, "output_dropout": 0.4},
    {"learning_rate": 0.0015},
    {"batch_tokens": 2400},
    {"subword_regularization": 0.0},
    {"level": "word", "vocabulary_size": 8000},
    {"level": "char"},
    {"learning_rate": 0.012},
    {"batch_tokens": 300},
]


def ppmd_bits(training: str, pieces: list[str]) -> float:
    """Returns the bits per character of the best PPMd that has read the training text before each piece."""
    found = []
    data = training.encode()
    for order in (3, 4, 5, 6):
        base = compressed_size(data, order)
        sizes = [compressed_size(data + piece.encode(), order) - base for piece in pieces]
        found.append(8 * sum(sizes) / sum(map(len, pieces)))
    return min(found)


def compressed_size(data: bytes, order: int) -> int:
    """Returns the size that PPMd variant H compresses data to."""
    encoder = pyppmd.Ppmd7Encoder(order, MEMORY)
    return len(encoder.encode(data) + encoder.flush())


def sides(path: str, parsed: argparse.Namespace, directory: pathlib.Path) -> tuple[str, str, list[str]]:
    """Returns training text, test text and the pieces of the test text that PPMd compresses."""
    text = corpora.read(path).text()
    if parsed.kind == "novel":
        test = text[parsed.test_from : parsed.test_from + TEST_CHARACTERS]
        return text[: parsed.characters], test, [test[i : i + PIECE] for i in range(0, len(test), PIECE)]
    lines = list(dict.fromkeys(line for line in text.split("\n") if line.strip()))[: parsed.lines]
    test_lines = lines[9::10]
    training = [line for number, line in enumerate(lines) if number % 10 != 9]
    pieces = [line + "\n" for line in test_lines]
    return "\n".join(training) + "\n", "".join(pieces), pieces[:: max(len(pieces) // 300, 1)]


def trained_model(training: pathlib.Path, options: dict[str, Any]) -> dict[str, Any]:
    """Trains with some options set and returns the model and the seconds that it took."""
    network, fitting = divided(options, [*NetworkConfig.option_names(), "level"])
    model = textrnn.LanguageModel(**network)
    start = time.monotonic()
    model.fit(str(training), progress=Progress(quiet=True), **fitting)
    return {"model": model, "seconds": time.monotonic() - start}


def trained(training: pathlib.Path, test: pathlib.Path, options: dict[str, Any]) -> dict[str, Any]:
    """Trains with some options set and returns bits per character, seconds and what was chosen."""
    row = trained_model(training, options)
    model, seconds = row["model"], row["seconds"]
    bits = model.evaluate(str(test), window=0).bits_per_character
    return {
        "bits": bits,
        "seconds": seconds,
        "steps": model.facts["steps"],
        "level": model.level,
        "units": list(model.config.units),
        "sample": model.generate("", max_tokens=150, seed=1),
    }


def trials(parsed: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yields the options to try: none, which are the defaults, unless they are not wanted; then the others."""
    if not parsed.trials_only:
        yield {}
    yield from (PAIR_TRIALS if parsed.kind == "pairs" else TRIALS)[: parsed.trials]
    for text in parsed.trial:
        yield parsed_options(text)


def pair_sides(path: str, number: int, left_out: str | None) -> tuple[Pairs, list[str], list[list[str]]]:
    """Returns pairs to train on, test sentences that are in none of them, and all the translations of each."""
    pairs = pair_files.opened(path)
    never = set() if left_out is None else {line.casefold() for line in corpora.read(left_out).text().splitlines()}
    translations: dict[str, list[str]] = {}
    for source, target in zip(pairs.sources, pairs.targets, strict=True):
        if source.casefold() not in never:
            translations.setdefault(source, []).append(target)
    sources = sorted(translations)
    random.Random(0).shuffle(sources)
    tests, rest = sources[:TEST_SENTENCES], sources[TEST_SENTENCES:]
    training = [(source, target) for source in rest for target in translations[source]][:number]
    most = max(len(translations[source]) for source in tests)
    sets = [[(translations[source] * most)[i] for source in tests] for i in range(most)]
    return Pairs(*map(list, zip(*training, strict=True))), tests, sets


def trained_on_pairs(
    training: Pairs, tests: list[str], references: list[list[str]], options: dict[str, Any]
) -> dict[str, Any]:
    """Trains a translator with some options set and returns BLEU, seconds and what was chosen."""
    network, fitting = divided(options, [*TranslatorConfig.option_names(), "level", "vocabulary_size"])
    model = textrnn.Translator(**network)
    start = time.monotonic()
    records = model.fit(training, progress=Progress(quiet=True), **fitting)
    seconds = time.monotonic() - start
    scores = model.evaluate(tests, references)
    return {
        "bleu": scores.bleu.score,
        "seconds": seconds,
        "steps": records[-1].step,
        "level": model.level,
        "units": [*model.config.encoder_units, *model.config.decoder_units],
        "signature": scores.bleu.signature,
    }


def words_of(text: str) -> list[str]:
    """Returns the words of a text in small letters."""
    return re.findall(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*", text.lower())


def look_at_samples(parsed: argparse.Namespace) -> None:
    """Prints a Markdown table with a row or two for each file, and below it some of the texts."""
    columns = [
        "text",
        "characters",
        "minutes",
        "temperature",
        "texts",
        "end",
        "one line",
        "distinct",
        "new and distinct",
    ]
    print("| " + " | ".join([*columns, "known words"]) + " |")
    print("| " + " | ".join(["---"] * (len(columns) + 1)) + " |")
    known: set[str] = set()
    if parsed.words:
        known = {word for line in corpora.read(parsed.words).lines() for word in words_of(line.split("\t")[0])}
    shown = []
    for path in parsed.files:
        text = corpora.read(path).text()
        for options in trials(parsed):
            row = trained_model(pathlib.Path(path), options)
            named = f"{pathlib.Path(path).stem} {described(options)} | {len(text):,} | {row['seconds'] / 60:.1f}"
            settings: list[tuple[int, dict[str, float]]] = [(100, {})]
            if row["model"].config.documents == "line":
                settings.append((1000, {"temperature": 1.0, "top_p": 1.0}))
            for number, sampling in settings:
                drawn = row["model"].generations([""], num_samples=number, seed=1, **sampling)[0]
                print(
                    f"| {named} | {sampling.get('temperature', 0.7)} | {number:,} | {judged(drawn, text, known)} |",
                    flush=True,
                )
                shown += ["", f"{named}:", *(one.text[:300] for one in drawn[:5])]
    print("\n".join(shown))


def judged(drawn: list[Any], text: str, known: set[str]) -> str:
    """Returns the last columns of a row of `look_at_samples`."""
    lines = {line.strip() for line in text.split("\n")}
    vocabulary = known | set(words_of(text))
    texts = [one.text.strip() for one in drawn]
    words = [word for one in texts for word in words_of(one)]
    share = 100 * sum(word in vocabulary for word in words) / max(len(words), 1)
    num_ended, num_lines = sum(one.finish_reason == "eos" for one in drawn), sum("\n" not in one for one in texts)
    return f"{num_ended:,} | {num_lines:,} | {len(set(texts)):,} | {len(set(texts) - lines):,} | {share:.1f}%"


def compare_pairs(parsed: argparse.Namespace) -> None:
    """Prints a Markdown table; one row for each set of options."""
    print("| pairs | options | tokens | units | steps | minutes | BLEU |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for path in parsed.files:
        sides = pair_sides(path, parsed.pairs, parsed.leave_out)
        minutes = parsed.minutes
        for options in trials(parsed):
            budget = {"minutes": minutes} if minutes and not set(BUDGET) & set(options) else {}
            row = trained_on_pairs(*sides, {**budget, **options})
            minutes = minutes or row["seconds"] / 60
            print(
                f"| {pathlib.Path(path).stem}, {len(sides[0]):,} | {described(options)} | {row['level']} "
                f"| {' + '.join(map(str, row['units']))} | {row['steps']:,} | {row['seconds'] / 60:.1f} "
                f"| {row['bleu']:.2f} |",
                flush=True,
            )
        print(f"\n{row['signature']}\n", flush=True)


def described(options: dict[str, Any]) -> str:
    """Returns options in a line."""
    return " ".join(f"{name}={value}" for name, value in options.items()) or "**defaults**"


def main() -> None:
    """Prints a Markdown table; one row for each text and each set of options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.defaults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("kind", choices=("novel", "lines", "samples", "pairs"))
    parser.add_argument("files", nargs="+")
    parser.add_argument("--characters", type=int, default=100_000, help="how much of a novel to train on")
    parser.add_argument(
        "--test-from", type=int, default=320_000, help="where the part of a novel begins that is scored"
    )
    parser.add_argument("--pairs", type=int, default=20_000, help="how many sentence pairs to train on")
    parser.add_argument("--minutes", type=float, default=0.0, help="time for each training on pairs")
    parser.add_argument("--words", help="file whose first column's words are known too")
    parser.add_argument("--leave-out", help="file of sentences that are neither trained on nor tested, one a line")
    parser.add_argument("--lines", type=int, default=None, help="how many lines to use at most")
    parser.add_argument("--trials", type=int, default=0, help="how many other sets of options to try")
    parser.add_argument("--trial", action="append", default=[], help="options to try, as in 'units=512 seed=1'")
    parser.add_argument("--trials-only", action="store_true", help="leave the defaults out")
    parser.add_argument("--beside", help="model that is scored beside, as it is")
    parser.add_argument("--quick", action="store_true", help="no PPMd")
    parsed = parser.parse_args()
    if parsed.kind in ("pairs", "samples"):
        return compare_pairs(parsed) if parsed.kind == "pairs" else look_at_samples(parsed)
    print("| text | options | tokens | units | steps | minutes | bits per character | PPMd | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    beside = None if parsed.beside is None else textrnn.LanguageModel.load(parsed.beside)
    defaults = []
    for path in parsed.files:
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            training, test, pieces = sides(path, parsed, directory)
            (directory / "training.txt").write_text(training, encoding="utf-8")
            (directory / "test.txt").write_text(test, encoding="utf-8")
            base = None if parsed.quick else ppmd_bits(training, pieces)
            if beside is not None:
                bits = beside.evaluate(directory / "test.txt", window=0).bits_per_character
                compared = "| |" if base is None else f"{base:.3f} | {bits / base:.3f} |"
                print(
                    f"| {pathlib.Path(path).stem} | {parsed.beside} as it is | | | | | {bits:.3f} | {compared}",
                    flush=True,
                )
            for options in trials(parsed):
                row = trained(directory / "training.txt", directory / "test.txt", options)
                if not options:
                    defaults.append(row["bits"])
                compared = "| |" if base is None else f"{base:.3f} | {row['bits'] / base:.3f} |"
                print(
                    f"| {pathlib.Path(path).stem} | {described(options)} | {row['level']} "
                    f"| {' + '.join(map(str, row['units']))} | {row['steps']:,} "
                    f"| {row['seconds'] / 60:.1f} | {row['bits']:.3f} | {compared}",
                    flush=True,
                )
    if defaults:
        print(f"\nmedian of the defaults: {statistics.median(defaults):.3f}")


if __name__ == "__main__":
    main()
