"""How good the defaults are: text of many sizes, trained with no option set, beside PPMd and beside other options.

    python -m benchmarks.defaults novel FILE ... --characters 100000 --test-from 320000
    python -m benchmarks.defaults lines FILE ... --trials 12
    python -m benchmarks.defaults novel FILE --characters 100000 --trial "units=512 seed=1" --trial units=256

`novel` trains on the beginning of each file and scores 30,000 characters of a later part. `lines` sets aside every
tenth line. Bits per character, the state carried through; PPMd (order 3 to 6, the best one) is given the training text
first and then compresses pieces of 1,000 characters, or lines. `--trials N` tries that many other options, `--trial`
those named.
"""

import argparse
import json
import pathlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import pyppmd

import textrnn
from textrnn import corpora
from textrnn.config import NetworkConfig
from textrnn.progress import Progress

TEST_CHARACTERS = 30_000
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


def trained(training: pathlib.Path, test: pathlib.Path, options: dict[str, Any]) -> dict[str, Any]:
    """Trains with some options set and returns bits per character, seconds and what was chosen."""
    names = [*NetworkConfig.option_names(), "level"]
    model = textrnn.LanguageModel(**{name: value for name, value in options.items() if name in names})
    fit_options = {name: value for name, value in options.items() if name not in names}
    start = time.monotonic()
    model.fit(str(training), progress=Progress(quiet=True), **fit_options)
    seconds = time.monotonic() - start
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
    """Yields the options to try: none, which are the defaults, then the others."""
    yield {}
    yield from TRIALS[: parsed.trials]
    for text in parsed.trial:
        yield {name: literal(value) for name, value in (item.split("=") for item in text.split())}


def literal(value: str) -> Any:
    """Returns a number, a list of numbers or a word."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def main() -> None:
    """Prints a Markdown table; one row for each text and each set of options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.defaults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("kind", choices=("novel", "lines"))
    parser.add_argument("files", nargs="+")
    parser.add_argument("--characters", type=int, default=100_000, help="how much of a novel to train on")
    parser.add_argument(
        "--test-from", type=int, default=320_000, help="where the part of a novel begins that is scored"
    )
    parser.add_argument("--lines", type=int, default=None, help="how many lines to use at most")
    parser.add_argument("--trials", type=int, default=0, help="how many other sets of options to try")
    parser.add_argument("--trial", action="append", default=[], help="options to try, as in 'units=512 seed=1'")
    parser.add_argument("--quick", action="store_true", help="no PPMd")
    parsed = parser.parse_args()
    print("| text | options | tokens | units | steps | minutes | bits per character | PPMd | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    defaults = []
    for path in parsed.files:
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            training, test, pieces = sides(path, parsed, directory)
            (directory / "training.txt").write_text(training, encoding="utf-8")
            (directory / "test.txt").write_text(test, encoding="utf-8")
            base = None if parsed.quick else ppmd_bits(training, pieces)
            for options in trials(parsed):
                row = trained(directory / "training.txt", directory / "test.txt", options)
                if not options:
                    defaults.append(row["bits"])
                compared = "| |" if base is None else f"{base:.3f} | {row['bits'] / base:.3f} |"
                named = " ".join(f"{name}={value}" for name, value in options.items()) or "**defaults**"
                print(
                    f"| {pathlib.Path(path).stem} | {named} | {row['level']} "
                    f"| {' + '.join(map(str, row['units']))} | {row['steps']:,} "
                    f"| {row['seconds'] / 60:.1f} | {row['bits']:.3f} | {compared}",
                    flush=True,
                )
    print(f"\nmedian of the defaults: {statistics.median(defaults):.3f}")


if __name__ == "__main__":
    main()
