"""Measures speed and memory on the machine it stands on, beside stock Keras layers and PyTorch.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks

takes about half an hour and wants the machine for itself. All sides of a comparison take turns, each in a process of
its own; what they compute is checked to be equal first. The results go to `benchmarks/speed.json`, and from there to
`SPEED.md`, `speed.png` and `growth.png`; `--only` measures some parts anew and keeps the others.
"""

import argparse
import functools
import pathlib
import sys
import tempfile
from typing import Any

import numpy as np

from benchmarks import forms, generation, growth, tokenizers, training, translation, whole_commands
from benchmarks.report import Measurement, Report
from benchmarks.turns import PEAK_OPERATIONS, Result, matrix_peak, take_turns
from textrnn import TextrnnError
from textrnn.preprocessing import corpora

CORPORA = pathlib.Path(__file__).parent.parent / "corpora"
TOLERANCES = {"float32": 1e-4, "bfloat16": 0.02}  # of losses about 9, whose sums the sides round at other places


def check_losses(facts: dict[str, Any], tolerance: float = TOLERANCES["float32"]) -> None:
    """Stops unless all sides give the same losses over the first steps."""
    losses = {name: fact["losses"] for name, fact in facts.items() if "losses" in fact}
    first = next(iter(losses.values()))
    for name, values in losses.items():
        np.testing.assert_allclose(values, first, atol=tolerance, err_msg=f"{name} computes something else")


def check_equal(key: str, share: float = 1.0) -> Any:
    """Returns a check that all sides made the same, or nearly all of it."""

    def check(facts: dict[str, Any]) -> None:
        made = {name: fact[key] for name, fact in facts.items() if key in fact}
        first = next(iter(made.values()))
        for name, values in made.items():
            same = sum(a == b for a, b in zip(values, first, strict=True))
            if same < share * len(first):
                raise SystemExit(f"{name} makes something else: {same} of {len(first)} are equal.")

    return check


def rates(
    part: str,
    what: str,
    results: dict[str, Result],
    work: dict[str, float],
    unit: str,
    operations: float | None = None,
) -> list[Measurement]:
    """Turns durations into measurements of work per second.

    Args:
        part: The part of the report.
        what: The row.
        results: Of each side; `matrix peak` is taken as the machine's peak.
        work: What each side does in a block.
        unit: Of the work, per second.
        operations: Per unit of work, for the share of the peak.
    """
    peak = PEAK_OPERATIONS / results["matrix peak"].median if "matrix peak" in results else None
    found = []
    for side, result in results.items():
        if side == "matrix peak":
            continue
        values = [work[side] / seconds for seconds in result.seconds]
        share = operations * work[side] / result.median / peak if peak and operations else None
        found.append(Measurement(part, what, side, unit, values, share, result.peak_megabytes))
    return found


def measure_training(rounds: int, precision: str = "float32") -> list[Measurement]:
    """The language model's training throughput at each size; in bfloat16 beside PyTorch alone."""
    found = []
    part = "Training, language model" + ("" if precision == "float32" else f", {precision}")
    for vocabulary_size in (4000, 16_000):
        for units in (128, 256, 512):
            options = {"units": units, "vocabulary_size": vocabulary_size, "steps": {128: 6, 256: 4, 512: 2}[units]}
            task = training.Task(**options)
            sides: Any = {
                "textrnn": (training.textrnn_language_model, {**options, "precision": precision}),
                "PyTorch": (training.pytorch_language_model, {**options, "precision": precision}),
            }
            if precision == "float32":
                sides |= {"Keras layers": (training.keras_language_model, options), "matrix peak": (matrix_peak, {})}
            results = take_turns(sides, rounds, functools.partial(check_losses, tolerance=TOLERANCES[precision]))
            what = f"{units} units, vocabulary {vocabulary_size:,}"
            operations = task.operations / task.tokens
            work = dict.fromkeys(sides, task.tokens)
            found += rates(part, what, results, work, "tokens/s", operations=operations)
    return found


def measure_translator_training(rounds: int) -> list[Measurement]:
    """The translator's training throughput."""
    sides = {
        "textrnn": (training.textrnn_translator, {}),
        "PyTorch": (training.pytorch_translator, {}),
    }
    results = take_turns(sides, rounds, check_losses)
    work = dict.fromkeys(sides, training.TranslationTask().tokens)
    return rates("Training, translator", "256 units, vocabulary 8,000", results, work, "target tokens/s")


def measure_generation(rounds: int) -> list[Measurement]:
    """Generation one by one and in batches."""
    found = []
    for batch_size, num_tokens, units, vocabulary_size in (
        (1, 400, 128, 4000),
        (1, 100, 512, 8000),
        (64, 50, 512, 8000),
        (256, 30, 512, 8000),
    ):
        options = {
            "batch_size": batch_size, "num_tokens": num_tokens, "units": units, "vocabulary_size": vocabulary_size
        }  # fmt: skip
        task = generation.Task(**options)
        sides: Any = {
            "textrnn": (generation.textrnn_generation, options),
            "PyTorch": (generation.pytorch_generation, options),
            "tf.function": (generation.tensorflow_generation, options),
            "matrix peak": (matrix_peak, {}),
        }
        work = dict.fromkeys(sides, task.tokens)
        if batch_size == 1:
            sides["model.predict"] = (generation.predict_generation, {**options, "num_tokens": 10})
            work["model.predict"] = 10
        results = take_turns(sides, rounds, check_equal("tokens"))
        what = f"{'one by one' if batch_size == 1 else f'batch of {batch_size}'}, {units} units"
        operations = task.operations / task.tokens
        found += rates("Generation", what, results, work, "tokens/s", operations=operations)
    return found


def measure_beam_search(rounds: int) -> list[Measurement]:
    """Translation by the shipped model."""
    sentences = [source for source, _ in corpora.read_pairs(CORPORA / "eng-spa.tsv")]
    found = []
    for num_beams in (1, 5):
        options = {"model": "eng-spa", "sentences": sentences, "num_beams": num_beams}
        sides = {
            "textrnn": (translation.textrnn_translation, options),
            "PyTorch": (translation.pytorch_translation, options),
        }
        results = take_turns(sides, rounds, check_equal("translations", 0.98))
        what = "greedy" if num_beams == 1 else f"{num_beams} beams"
        found += rates("Translation", what, results, dict.fromkeys(sides, len(sentences)), "sentences/s")
    return found


def measure_tokenizers(rounds: int) -> list[Measurement]:
    """Megabytes per second of each tokenizer."""
    found = []
    with tempfile.TemporaryDirectory() as directory:
        path, megabytes = some_text(pathlib.Path(directory), 2)
        for level in tokenizers.VOCABULARY_SIZES:
            options = {"level": level, "path": str(path)}
            sides = {
                "learning": (tokenizers.tokenizer_training, options),
                "encoding": (tokenizers.tokenizer_encoding, options),
                "decoding": (tokenizers.tokenizer_decoding, options),
            }
            results = take_turns(sides, min(rounds, 3))
            found += rates("Tokenizers", level, results, dict.fromkeys(sides, megabytes), "MB/s")
    return found


def some_text(directory: pathlib.Path, megabytes: float) -> tuple[pathlib.Path, float]:
    """Writes a text of about that size: Hamlet where it can be had, else the sample text over and over."""
    try:
        content = corpora.load("gutenberg:shakespeare-hamlet").text().encode()
    except TextrnnError as error:
        print(f"note: {error}; the sample text stands in for Hamlet", file=sys.stderr)
        content = (CORPORA / "lighthouse.txt").read_bytes()
    path = directory / "text.txt"
    with open(path, "wb") as file:
        while file.tell() < megabytes * 1_000_000:
            file.write(content)
    return path, path.stat().st_size / 1e6


def measure_forms(rounds: int) -> list[Measurement]:
    """An epoch of the tutorials' n-gram form beside the `lines` form."""
    with tempfile.TemporaryDirectory() as directory:
        path, _ = some_text(pathlib.Path(directory), 0.1)
        forms_of_training = {
            "lines, batch of 32": {"form": "lines"},
            "lines, batch of 128": {"form": "lines", "batch_size": 128},
            "n-grams, batch of 32": {"form": "ngrams"},
        }
        sides = {name: (forms.training_form, {**form, "path": str(path)}) for name, form in forms_of_training.items()}

        def check(facts: dict[str, Any]) -> None:
            first, *others = facts.values()
            for other in others:
                assert other["targets"] == first["targets"]
                np.testing.assert_allclose(other["loss"], first["loss"], atol=1e-5)

        results = take_turns(sides, rounds, check)
    return [
        Measurement(
            "Forms of training",
            "targets of Hamlet, the tutorials' network",
            form,
            "targets/s",
            [
                result.facts["targets"] * forms.BLOCK / result.facts["batches"] / seconds
                for seconds in result.seconds
            ],
            peak_megabytes=result.peak_megabytes,
        )
        for form, result in results.items()
    ]  # fmt: skip


def measure_commands(rounds: int) -> list[Measurement]:
    """Time and memory of whole commands."""
    lighthouse = str(CORPORA / "lighthouse.txt")
    found = []
    with tempfile.TemporaryDirectory() as directory:
        hypotheses = pathlib.Path(directory, "hypotheses.txt")
        hypotheses.write_text("The lamp was lit.\n" * 5, encoding="utf-8")
        commands = {
            "generate, first token": ["textrnn.generate", "To be or not to", "--max-tokens", "1"],
            "generate, 60 tokens": ["textrnn.generate", "To be or not to", "--max-tokens", "60", "--seed", "7"],
            "translate": ["textrnn.translate", "I am a student"],
            "evaluate perplexity": ["textrnn.evaluate", "perplexity", lighthouse, "--model", "shakespeare"],
            "evaluate bleu": ["textrnn.evaluate", "bleu", str(hypotheses), "--references", str(hypotheses)],
            "train, one epoch of a small model": [
                *("textrnn.train", "language-model", lighthouse, "--output", directory + "/model", "--overwrite"),
                *("--epochs", "1", "--level", "char", "--units", "64", "--embedding-dim", "32"),
            ],
        }  # fmt: skip
        for what, arguments in commands.items():
            result = whole_commands.measure(arguments, rounds)
            side = "imports " + (", ".join(result.heavy) or "nothing heavy")
            found.append(Measurement("Commands", what, side, "s", result.seconds, peak_megabytes=result.peak_megabytes))
    return found


def measure_growth(rounds: int) -> list[Measurement]:
    """How time and memory grow."""
    del rounds
    found = []
    with tempfile.TemporaryDirectory() as directory:
        path, _ = some_text(pathlib.Path(directory), 0.1)
        for name, (function, option, values) in growth.SWEEPS.items():
            for value in values:
                options = {option: value} | ({"path": str(path)} if function is growth.read_corpus else {})
                result = growth.measure(function, **options)
                print(f"  {name} {value}: {result}", file=sys.stderr)
                found.append(
                    Measurement(
                        "Growth",
                        name,
                        str(value),
                        "s",
                        [result["seconds"]],
                        peak_megabytes=result["megabytes"],
                        base_megabytes=result.get("base"),
                    )
                )
    return found


PARTS = {
    "training": measure_training,
    "bfloat16-training": functools.partial(measure_training, precision="bfloat16"),
    "translator-training": measure_translator_training,
    "generation": measure_generation,
    "translation": measure_beam_search,
    "tokenizers": measure_tokenizers,
    "forms": measure_forms,
    "commands": measure_commands,
    "growth": measure_growth,
}


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to measure")
    parser.add_argument("--rounds", type=int, default=9, help="blocks of each side (default 9)")
    parser.add_argument("--output", default=str(pathlib.Path(__file__).parent), help="directory of the results")
    options = parser.parse_args()
    report = Report.read(pathlib.Path(options.output))
    for name in options.only:
        print(f"measuring {name}", file=sys.stderr)
        measurements = PARTS[name](options.rounds)
        report.replace(name, measurements)
        report.write()
        print("\n".join(report.table(name)), flush=True)


if __name__ == "__main__":
    main()
