"""`python -m textrnn.import_keras MODEL.keras --vocabulary FILE --output DIR`: makes a Keras model one of textrnn."""

import sys
from collections.abc import Sequence

from textrnn.commands import Parser, run
from textrnn.importing.keras_models import import_keras
from textrnn.importing.vocabulary import read_tokens

__all__ = ["command"]


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(
        prog="textrnn import-keras",
        description="Makes a model of textrnn of a Keras model: an Embedding, recurrent layers, Dropout and a Dense "
        "output. Nothing in the archive is run.",
    )
    parser.add_argument("archive", help="a .keras file, as Keras 3 writes it")
    parser.add_argument(
        "--vocabulary",
        required=True,
        metavar="FILE",
        help="a token a line in the order of the ids; 0 (padding) and 1 (unknown) may be left out, \\n is a newline",
    )
    parser.add_argument("--labels", metavar="FILE", help="a class a line, of a classifier (default: numbers from 0)")
    parser.add_argument("--output", required=True, metavar="DIR", help="directory for the model")
    parser.add_argument("--overwrite", action="store_true", help="replace a model in the output directory")
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Imports a model; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    labels = read_tokens(parsed.labels) if parsed.labels else None
    model, notes = import_keras(
        parsed.archive, read_tokens(parsed.vocabulary), parsed.output, labels=labels, overwrite=parsed.overwrite
    )
    for note in notes:
        print(note, file=sys.stderr)
    print(f"{parsed.output}: {model}")


if __name__ == "__main__":
    sys.exit(run(command))
