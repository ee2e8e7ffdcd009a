"""`python -m textrnn.classify "a masterpiece" --model DIR`: names the classes of texts, without TensorFlow."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from textrnn.commands import Parser, check_no_files, print_result, run, standard_input, typed
from textrnn.errors import TextrnnError
from textrnn.preprocessing.files import decoded_lines
from textrnn.tasks.classifier import Classifier

__all__ = ["command"]


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn classify", description="Names the classes of texts with a trained classifier.")
    parser.add_argument("text", nargs="*", help="texts; - reads them from standard input, one a line")
    parser.add_argument("--input", metavar="FILE", help="file of texts, one a line")
    parser.add_argument("--model", required=True, help="the directory of a classifier")
    parser.add_argument("--encoding", default="utf-8", help="encoding of the file (default utf-8)")
    parser.add_argument("--explain", action="store_true", help="show which tokens carried each decision")
    parser.add_argument("--probabilities", action="store_true", help="show the probability of every class")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Names classes; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    if not parsed.text and parsed.input is None:
        raise TextrnnError('Pass a text, - for standard input, or --input FILE: textrnn classify "..." --model DIR')
    check_no_files(parsed.text, "classify", f"textrnn classify - --model {parsed.model}")
    classifier = Classifier.load(parsed.model)
    if not classifier.config.vocabulary_size:
        raise TextrnnError(f"{parsed.model}: reads vectors, not text. Use it from Python: Classifier.load(...).predict")
    if parsed.json:
        results = [described(classifier, text, parsed.explain) for text in texts(parsed)]
        print_result({"model": parsed.model, "results": results}, True)
        return
    for text in texts(parsed):  # each answered as it comes
        print(shown(classifier, text, parsed), flush=True)


def texts(parsed: argparse.Namespace) -> Iterator[str]:
    """Yields the texts in the order in which they were named; blank lines too, so that lines keep their numbers."""
    for text in parsed.text:
        yield from without_newlines(standard_input()) if text == "-" else [typed(text)]
    if parsed.input is not None:
        yield from decoded_lines(parsed.input, parsed.encoding)


def without_newlines(lines: Iterable[str]) -> Iterator[str]:
    """Yields lines without the newlines that end them."""
    return (line.removesuffix("\n") for line in lines)


def shown(classifier: Classifier, text: str, parsed: argparse.Namespace) -> str:
    """Returns what is printed for one text."""
    if not text.strip():
        return ""
    if parsed.explain:
        return f"{classifier.explain(text)}\n"
    if parsed.probabilities:
        (row,) = classifier.probabilities([text])
        ranked = sorted(zip(row, classifier.labels, strict=True), key=lambda pair: -pair[0])
        return "  ".join(f"{label} {100 * probability:.1f}%" for probability, label in ranked)
    found = classifier.predict(text)
    return "|".join(map(str, found)) if isinstance(found, tuple) else str(found)


def described(classifier: Classifier, text: str, explain: bool) -> dict[str, Any]:
    """Returns what `--json` prints for one text."""
    probabilities = classifier.probabilities([text])
    labels = [str(label) for label in classifier.labels]
    content: dict[str, Any] = {
        "text": text,
        "label": classifier.named(probabilities)[0],
        "probabilities": dict(zip(labels, map(float, probabilities[0]), strict=True)),
    }
    if explain:
        found = classifier.explain(text)
        content["effects"] = [list(pair) for pair in zip(found.tokens, found.effects, strict=True)]
    return content


if __name__ == "__main__":
    sys.exit(run(command))
