"""How well classifiers do with no option set, beside a linear SVM on words and characters.

    python -m benchmarks.classification sst DIRECTORY --seeds 5
    python -m benchmarks.classification trec DIRECTORY
    python -m benchmarks.classification trec DIRECTORY --clean
    python -m benchmarks.classification trec DIRECTORY --dev --initial-model shakespeare
    python -m benchmarks.classification sms FILE
    python -m benchmarks.classification mnist --options "network=tutorial epochs=5"
    python -m benchmarks.classification mnist --minutes 15

`sst` is SST-2, the 6,920 sentences alone (`stsa.binary.train`, `.dev`, `.test`); `trec` the six types of TREC
questions; `sms` spam among text messages, duplicates out, five stratified folds; `mnist` digits row by row. `--dev`
scores the part that is for choosing: `stsa.binary.dev`, a tenth of TREC's or SMS's training drawn with seed 0, the last
10,000 training digits. `--clean` takes the test questions and the duplicates out of TREC's training. `--options` are
options of `Classifier` and its `fit`. `--initial-model` begins with a language model; `--training-size` trains on so
many rows alone, drawn with seed 0, since what a language model knows counts for most where there are few. Of several
seeds the mean and the ensemble, whose probabilities are averaged, are shown.
"""

import argparse
import collections
import pathlib
import random
import time
from typing import Any

import numpy as np

import textrnn
from benchmarks.options import divided, parsed_options
from textrnn.config import ClassifierConfig
from textrnn.evaluation.classification import calibration_error
from textrnn.preprocessing.images import mnist
from textrnn.progress import Progress

Rows = list[tuple[Any, Any]]


def sst(path: pathlib.Path, part: str) -> Rows:
    lines = (path / f"stsa.binary.{part}").read_text(encoding="utf-8").splitlines()
    return [(text, label) for label, text in (line.split(" ", 1) for line in lines)]


def trec(path: pathlib.Path, part: str) -> Rows:
    lines = (path / f"TREC.{part}").read_text(encoding="latin-1").splitlines()
    return [(line.split(" ", 1)[1], line.split(":")[0]) for line in lines]


def sms(path: pathlib.Path) -> Rows:
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return list(dict.fromkeys((text, label) for label, text in (line.split("\t", 1) for line in lines)))


def digits(part: str) -> Rows:
    images, labels = mnist(part)
    return list(zip(images, labels.tolist(), strict=True))


def folds(rows: Rows, number: int, seed: int = 0) -> list[tuple[Rows, Rows]]:
    """Returns training and test parts of folds in which each label has its share."""
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row[1]].append(row)
    parts: list[Rows] = [[] for _ in range(number)]
    for _, members in sorted(groups.items()):
        random.Random(seed).shuffle(members)
        for index, row in enumerate(members):
            parts[index % number].append(row)
    return [([row for other in parts if other is not part for row in other], part) for part in parts]


def without(rows: Rows, test: Rows) -> Rows:
    """Returns rows without duplicates and without those of the test."""
    seen = {text for text, _ in test}
    return [row for row in dict.fromkeys(rows) if row[0] not in seen]


def svm(training: Rows, test: Rows) -> tuple[float, float]:
    """Returns accuracy and macro F1 of a linear SVM on words, pairs of words and characters within words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import f1_score
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+")
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    model = make_pipeline(make_union(words, characters), LinearSVC(C=0.5))
    model.fit(*zip(*training, strict=True))
    named = model.predict([text for text, _ in test])
    labels = [label for _, label in test]
    return float(np.mean(named == np.array(labels))), float(f1_score(labels, named, average="macro"))


def macro_f1(named: np.ndarray, truth: np.ndarray, number: int) -> float:
    scores = []
    for label in range(number):
        hits = ((named == label) & (truth == label)).sum()
        scores.append(2 * hits / max((named == label).sum() + (truth == label).sum(), 1))
    return float(np.mean(scores))


def scored(training: Rows, test: Rows, parsed: argparse.Namespace, validation: Rows | None) -> dict[str, Any]:
    """Trains with each seed; returns what they make of the test."""
    if parsed.training_size:
        training = random.Random(0).sample(training, parsed.training_size)
    names = [*ClassifierConfig.option_names(), "level", "vocabulary_size", "lowercase", "network"]
    network, fitting = divided(parsed_options(parsed.options), names)
    if parsed.minutes:
        fitting["minutes"] = parsed.minutes
    if validation is not None:
        fitting |= {
            "validation": [one for one, _ in validation],
            "validation_labels": [label for _, label in validation],
        }
    probabilities, seconds = [], []
    for seed in range(parsed.seeds):
        start = time.monotonic()
        begun = parsed.initial_model
        classifier = textrnn.Classifier.begun(begun, **network) if begun else textrnn.Classifier(**network)
        quiet = Progress(quiet=not parsed.verbose)
        classifier.fit([x for x, _ in training], [y for _, y in training], seed=seed, progress=quiet, **fitting)
        seconds.append(time.monotonic() - start)
        probabilities.append(classifier.probabilities([x for x, _ in test]))
    labels = list(classifier.labels)
    truth = np.array([labels.index(label) for _, label in test])
    targets = np.eye(len(labels))[truth]
    named = [one.argmax(axis=1) for one in probabilities]
    return {
        "accuracies": [float((one == truth).mean()) for one in named],
        "f1": float(np.mean([macro_f1(one, truth, len(labels)) for one in named])),
        "error": float(np.mean([calibration_error(one, targets) for one in probabilities])),
        "ensemble": float((np.mean(probabilities, axis=0).argmax(axis=1) == truth).mean()),
        "seconds": float(np.median(seconds)),
    }


def shown(name: str, found: dict[str, Any]) -> str:
    each = ", ".join(f"{100 * one:.2f}" for one in found["accuracies"])
    ensemble = f", ensemble {100 * found['ensemble']:.2f}%" if len(found["accuracies"]) > 1 else ""
    return (
        f"{name}: accuracy {100 * np.mean(found['accuracies']):.2f}% ({each}){ensemble}, macro F1 {found['f1']:.4f}, "
        f"calibration error {found['error']:.3f}, {found['seconds']:.0f} s a training"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=["sst", "trec", "sms", "mnist"])
    parser.add_argument("path", nargs="?", type=pathlib.Path)
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--initial-model")
    parser.add_argument("--training-size", type=int)
    parser.add_argument("--options", default="")
    parser.add_argument("--verbose", action="store_true")
    parsed = parser.parse_args()
    begun = f" from {parsed.initial_model}" if parsed.initial_model else ""
    some = f" {parsed.training_size:,} rows" if parsed.training_size else ""
    name = f"{parsed.data}{' dev' * parsed.dev}{' clean' * parsed.clean}{some}{begun} {parsed.options or 'defaults'}"
    validation: Rows | None = None
    if parsed.data == "sms":
        rows = sms(parsed.path)
        splits = [folds(rows, 10)[0]] if parsed.dev else folds(rows, 5)
        found = [scored(training, test, parsed, None) for training, test in splits]
        for number, one in enumerate(found):
            print(shown(f"{name}, fold {number + 1}", one), flush=True)
        machines = [svm(*split) for split in splits]
        accuracy, f1 = (np.mean([one["accuracies"][0] for one in found]), np.mean([one["f1"] for one in found]))
        print(f"sms, mean of the folds: accuracy {100 * accuracy:.2f}%, macro F1 {f1:.4f}")
        print("linear SVM: accuracy {:.4f}, macro F1 {:.4f}".format(*np.mean(machines, axis=0)))
        return
    if parsed.data == "sst":
        training, validation = sst(parsed.path, "train"), sst(parsed.path, "dev")
        test = validation if parsed.dev else sst(parsed.path, "test")
    elif parsed.data == "trec":
        training, test = trec(parsed.path, "train"), trec(parsed.path, "test")
        if parsed.clean:
            training = without(training, test)
        if parsed.dev:
            training, test = folds(training, 10)[0]
    else:
        rows = digits("train")
        training, validation = rows[:-10_000], rows[-10_000:]
        test = validation if parsed.dev else digits("test")
    print(shown(name, scored(training, test, parsed, validation)), flush=True)
    if parsed.data != "mnist":
        print("linear SVM: accuracy {:.4f}, macro F1 {:.4f}".format(*svm(training, test)))


if __name__ == "__main__":
    main()
