"""`python -m textrnn.classify "a masterpiece" --model DIR`: names the classes of texts, without TensorFlow."""

import argparse
import functools
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from textrnn.commands import Parser, check_no_files, run
from textrnn.errors import TextrnnError
from textrnn.jobs.blocks import Block
from textrnn.jobs.outputs import Answer, Outputs
from textrnn.line_commands import add_line_options, answer_lines, check_outputs
from textrnn.tasks.classifier import Classifier

__all__ = ["command"]


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn classify", description="Names the classes of texts with a trained classifier.")
    parser.add_argument("text", nargs="*", help="texts; - reads them from standard input, one a line")
    parser.add_argument("--model", required=True, help="the directory of a classifier")
    add_line_options(parser, "classify", "classes")
    parser.add_argument("--explain", action="store_true", help="show which tokens carried each decision")
    parser.add_argument("--probabilities", action="store_true", help="show the probability of every class")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Names classes; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    check_outputs(parsed)
    if not parsed.text and parsed.input is None:
        raise TextrnnError('Pass a text, - for standard input, or --input FILE: textrnn classify "..." --model DIR')
    check_no_files(parsed.text, "classify", f"textrnn classify - --model {parsed.model}")
    outputs = Outputs([parsed.output], [None if parsed.json or parsed.explain else 1], parsed.resume, parsed.input)
    answer_lines(parsed, functools.partial(BlockClassifier, parsed), outputs, parsed.text)


class BlockClassifier:
    """Names the classes of blocks of texts, in the form that was asked for; blank lines keep their place.

    Args:
        parsed: The command line.

    Raises:
        TextrnnError: If the classifier does not read text.
    """

    def __init__(self, parsed: argparse.Namespace) -> None:
        self.parsed = parsed
        self.classifier = Classifier.load(parsed.model)
        if not self.classifier.config.vocabulary_size:
            raise TextrnnError(
                f"{parsed.model}: reads vectors, not text. Use it from Python: Classifier.load(...).predict"
            )

    def __call__(self, block: Block) -> Answer:
        """Names the classes of a block."""
        probabilities = self.classifier.probabilities(block.lines)
        rows = list(zip(block.lines, self.classifier.named(probabilities), probabilities, strict=True))
        if self.parsed.json:
            return Answer(block.start, block.end, ("",), results=tuple(self.described(*row) for row in rows))
        shown = "".join(f"{self.shown(*row) if row[0].strip() else ''}\n" for row in rows)
        return Answer(block.start, block.end, (shown,))

    def shown(self, text: str, named: Any, probabilities: np.ndarray) -> str:
        """Returns what is printed for one text, whose class and probabilities are these."""
        if self.parsed.explain:
            return f"{self.classifier.explain(text)}\n"
        if self.parsed.probabilities:
            ranked = sorted(zip(probabilities, self.classifier.labels, strict=True), key=lambda pair: -pair[0])
            return "  ".join(f"{label} {100 * probability:.1f}%" for probability, label in ranked)
        return "|".join(map(str, named)) if isinstance(named, tuple) else str(named)

    def described(self, text: str, named: Any, probabilities: np.ndarray) -> dict[str, Any]:
        """Returns what `--json` prints for one text, whose class and probabilities are these."""
        labels = map(str, self.classifier.labels)
        content: dict[str, Any] = {
            "text": text,
            "label": named,
            "probabilities": dict(zip(labels, map(float, probabilities), strict=True)),
        }
        if self.parsed.explain:
            found = self.classifier.explain(text)
            content["effects"] = [list(pair) for pair in zip(found.tokens, found.effects, strict=True)]
        return content


if __name__ == "__main__":
    sys.exit(run(command))
