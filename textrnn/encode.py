"""`python -m textrnn.encode FILE... --output DIR`: encodes text once, for `train`, without TensorFlow."""

import pathlib
import sys
from collections.abc import Sequence

from textrnn.commands import Parser, run
from textrnn.tasks.language_model import LanguageModel

__all__ = ["command"]

MODEL_OPTIONS = ("level", "vocabulary_size", "lowercase", "form")
TEXT_OPTIONS = ("validation_fraction", "split_by", "documents", "column", "encoding", "seed", "shards", "tokenizer")


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn encode", description="Encodes text once, into files that training reads.")
    parser.add_argument(
        "corpus", nargs="+", type=pathlib.Path, help="text files (gzip too), directories, tables, - for standard input"
    )
    parser.add_argument("--output", required=True, help="a new directory for the encoded text")
    parser.add_argument("--shards", type=int, default=1, help="how many files of training text to write (default 1)")
    parser.add_argument(
        "--tokenizer",
        metavar="MODEL",
        help="a model, or the directory of an encoded text, whose vocabulary is used: for one of several parts",
    )
    parser.add_argument("--level", help="tokens: char, word or subword; by default what fits the text")
    parser.add_argument("--vocabulary-size", type=int, help="most token ids to use; by default what fits the text")
    parser.add_argument("--lowercase", action="store_true", default=None, help="read and write small letters only")
    parser.add_argument("--form", help="what it is encoded for: stream, lines or ngrams; by default what fits the text")
    parser.add_argument(
        "--validation", nargs="+", type=pathlib.Path, help="text to validate on, instead of a part of the corpus"
    )
    parser.add_argument("--validation-fraction", type=float, help="part of the corpus to validate on; 0 for none")
    parser.add_argument("--split-by", help="how that part is chosen: block, document, line or group (whole files)")
    parser.add_argument("--seed", type=int, help="draws that part, as the --seed of training does (default 0)")
    parser.add_argument("--column", help="name or number of the column with the text, in a CSV, TSV or JSON lines file")
    parser.add_argument("--documents", help="what a document is; see textrnn train language-model --help")
    parser.add_argument("--encoding", help="encoding of the files (default utf-8)")
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Encodes text; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    model = LanguageModel(**{name: getattr(parsed, name) for name in MODEL_OPTIONS})
    options = {name: getattr(parsed, name) for name in TEXT_OPTIONS}
    model.encode(parsed.corpus, parsed.output, validation=parsed.validation, **options)
    trial = f"python -m textrnn.train language-model {parsed.output} --output MODEL"
    print(f"{parsed.output}: encoded. Try: {trial}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(run(command))
