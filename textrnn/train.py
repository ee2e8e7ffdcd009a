"""`python -m textrnn.train language-model FILE... --output DIR`: trains a model on your text."""

import json
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

from textrnn.commands import Parser, add_config_options, chosen_options, run
from textrnn.config import NETWORKS, NetworkConfig, TrainingConfig
from textrnn.errors import TextrnnError, check_choice

__all__ = ["command"]

KINDS = ("language-model",)
TASK_OPTIONS = ("network", "level", "validation", "validation_fraction", "split_by", "encoding", "half_precision")


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn train", description="Trains a model on your text.")
    parser.add_argument("kind", help=f"what to train: {', '.join(KINDS)}")
    parser.add_argument("corpus", nargs="+", help="text files (gzip too), directories, - for standard input")
    parser.add_argument("--output", required=True, help="directory for model, checkpoint, history and loss curve")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the output directory")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier run in the output directory")
    parser.add_argument("--config", type=pathlib.Path, help="JSON file with options; those given here override it")
    parser.add_argument("--initial-model", help="a shipped model or a directory whose weights training goes on from")
    parser.add_argument("--network", help=f"a ready-made network: {', '.join(NETWORKS)}")
    parser.add_argument("--level", help="tokens: char, word or subword (the default)")
    parser.add_argument("--validation", nargs="+", help="text to validate on, instead of a part of the corpus")
    parser.add_argument("--validation-fraction", type=float, help="part of the corpus to validate on (default 0.05)")
    parser.add_argument("--split-by", help="how that part is chosen: block, line or group (whole files)")
    parser.add_argument("--encoding", help="encoding of the files (default utf-8)")
    parser.add_argument("--half-precision", action="store_true", default=None, help="save the weights as float16")
    add_config_options(parser, NetworkConfig)
    add_config_options(parser, TrainingConfig)
    return parser


def options_from_file(path: pathlib.Path | None) -> dict[str, Any]:
    """Reads the options of a `--config` file."""
    if path is None:
        return {}
    try:
        options = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TextrnnError(f"{path}: cannot be read as JSON: {error}.") from error
    if not isinstance(options, dict):
        raise TextrnnError(f"{path}: must hold one JSON object with options.")
    return options


def command(arguments: Sequence[str] | None = None) -> None:
    """Trains a model; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    check_choice("kind", parsed.kind, KINDS)
    from textrnn.tasks.language_model import LanguageModel

    given = {name: getattr(parsed, name) for name in TASK_OPTIONS if getattr(parsed, name) is not None}
    options = {
        **options_from_file(parsed.config),
        **given,
        **chosen_options(parsed, NetworkConfig),
        **chosen_options(parsed, TrainingConfig),
    }
    for_fit = [*TrainingConfig.option_names(), *TASK_OPTIONS[2:], "sample_prompt"]
    fit_options = {name: options.pop(name) for name in for_fit if name in options}
    if parsed.initial_model is None:
        model = LanguageModel(**options)
    elif options:
        raise TextrnnError(f"`{next(iter(options))}` is fixed by --initial-model {parsed.initial_model}; leave it out.")
    else:
        model = LanguageModel.load(parsed.initial_model)
    places = {"output": parsed.output, "resume": parsed.resume, "overwrite": parsed.overwrite}
    model.fit(parsed.corpus, **places, **fit_options)
    print(f"{parsed.output}: model saved. Try: python -m textrnn.generate --model {parsed.output}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(run(command))
