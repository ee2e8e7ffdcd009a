"""`python -m textrnn.evaluate perplexity FILE --model DIR`: scores a model on a text, or a text against a model."""

import dataclasses
import sys
from collections.abc import Sequence

from textrnn.commands import Parser, print_result, run
from textrnn.errors import check_choice
from textrnn.preprocessing import corpora
from textrnn.progress import Progress
from textrnn.tasks.language_model import LanguageModel

__all__ = ["command"]

MEASURES = ("perplexity", "memorisation")


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn evaluate", description="Scores a model on a text, or a text against a model.")
    parser.add_argument("measure", help="perplexity, or memorisation: how much of a text stands in the training corpus")
    parser.add_argument("corpus", nargs="+", help="text files, directories, or - for standard input")
    parser.add_argument("--model", required=True, help="a shipped model or a directory")
    parser.add_argument(
        "--window", type=int, help="tokens per window that starts cold (default 4096); 0 carries the state through"
    )
    parser.add_argument("--encoding", default="utf-8", help="encoding of the files (default utf-8)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Scores a text; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    check_choice("measure", parsed.measure, MEASURES)
    model = LanguageModel.load(parsed.model)
    corpus = corpora.read(parsed.corpus, parsed.encoding)
    if parsed.measure == "memorisation":
        report = model.memorisation(corpus.text())
        print_result(dataclasses.asdict(report) if parsed.json else report, parsed.json)
        return
    evaluation = model.evaluate(corpus, window=parsed.window, progress=Progress())
    derived = {"perplexity": evaluation.perplexity, "bits_per_character": evaluation.bits_per_character}
    print_result({**dataclasses.asdict(evaluation), **derived} if parsed.json else evaluation, parsed.json)


if __name__ == "__main__":
    sys.exit(run(command))
