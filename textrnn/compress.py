"""`python -m textrnn.compress MODEL --output DIR`: makes a model smaller, and says what that changes."""

import sys
from collections.abc import Sequence

from textrnn.commands import Parser, add_config_options, add_series_options, print_result, run, series_options
from textrnn.config import BUDGET, FittingConfig
from textrnn.progress import Progress
from textrnn.tasks.compression import compress
from textrnn.weight_formats import WEIGHT_FORMATS

__all__ = ["command"]


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(
        prog="textrnn compress",
        description="Writes a smaller model beside a trained one, and prints size, speed and score of both.",
    )
    parser.add_argument("model", help="a shipped model or a directory")
    parser.add_argument(
        "data",
        nargs="*",
        default=[],
        help="what to score both models on, and to train on with --prune: text files for a language model, one file of "
        "pairs or two of sentences for a translator, a table for a classifier or a forecaster",
    )
    parser.add_argument("--output", required=True, help="directory for the smaller model")
    parser.add_argument("--overwrite", action="store_true", help="replace a model in the output directory")
    parser.add_argument(
        "--weight-format", default="int8", help=f"how the weights are kept: {', '.join(WEIGHT_FORMATS)} (default int8)"
    )
    parser.add_argument(
        "--prune",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="set this share of each matrix to zero while training goes on with the data, such as 0.8",
    )
    parser.add_argument("--test", nargs="+", default=[], help="what to score on in place of the data")
    parser.add_argument("--text", help="column of the texts of a classifier's data (default: found)")
    parser.add_argument("--label", help="column of their labels (default: found)")
    add_series_options(parser)
    skipped = [name for name in FittingConfig.option_names() if name not in BUDGET]
    add_config_options(parser, FittingConfig, skip=skipped, title="how long --prune trains (default: by the data)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Makes a model smaller; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_intermixed_args(arguments)
    given = {name: getattr(parsed, name) for name in (*BUDGET, "text", "label")}
    given = {name: value for name, value in given.items() if value is not None}
    result = compress(
        parsed.model,
        parsed.output,
        parsed.data,
        test=parsed.test,
        weight_format=parsed.weight_format,
        prune=parsed.prune,
        overwrite=parsed.overwrite,
        budget={name: given.pop(name) for name in BUDGET if name in given},
        how={**given, **series_options(parsed)},
        progress=Progress(),
    )
    print_result(result.to_dict() if parsed.json else result, parsed.json)


if __name__ == "__main__":
    sys.exit(run(command))
