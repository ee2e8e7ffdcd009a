"""Writes `docs/COMMANDS.md` from the parsers of the commands: `python docs/commands.py`."""

import argparse
import pathlib
import sys
from collections.abc import Iterator

from textrnn import (
    classify,
    compress,
    encode,
    evaluate,
    export,
    forecast,
    generate,
    import_keras,
    serve,
    train,
    transcribe,
    translate,
)
from textrnn.commands import COMMANDS, Parser
from textrnn.config.kinds import KINDS

PATH = pathlib.Path(__file__).parent / "COMMANDS.md"
SIMPLE = {
    "generate": generate,
    "translate": translate,
    "classify": classify,
    "forecast": forecast,
    "transcribe": transcribe,
    "compress": compress,
    "encode": encode,
    "export": export,
    "serve": serve,
    "import-keras": import_keras,
}


def document() -> str:
    """Returns the document."""
    lines = [
        "# The commands",
        "",
        "Written by `python docs/commands.py` from the parsers. `textrnn COMMAND` and `python -m textrnn.COMMAND` are",
        "the same. Results go to standard output, everything else to standard error. Status 0 is success, 2 wrong use",
        "or bad input, 130 and 143 an interruption.",
    ]
    for name, purpose in COMMANDS.items():
        lines += ["", f"## {name}: {purpose}"]
        for kind, text, parser in parsers(name):
            lines += ["", f"### {name} {kind}: {text}"] if kind else []
            lines += ["", *options(parser)]
    return "\n".join(lines) + "\n"


def parsers(command: str) -> Iterator[tuple[str, str, Parser]]:
    """Yields the kinds of a command, what each is for, and its parser."""
    if command in SIMPLE:
        yield "", "", SIMPLE[command].make_parser()
        return
    kinds = {name: (one.purpose, one.add_options) for name, one in evaluate.EVALUATIONS.items()}
    if command == "train":
        kinds = {name: (KINDS[name].purpose, training.add_options) for name, training in train.TRAININGS.items()}
    for kind, (text, add_options) in kinds.items():
        parser = Parser(prog=f"textrnn {command} {kind}")
        add_options(parser)
        yield kind, text, parser


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yields a line for each argument and option."""
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        names = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{(action.metavar or action.dest)!s}`"
        yield f"- {names}: {(action.help or '').replace('%%', '%').rstrip('.')}."


if __name__ == "__main__":
    sys.exit(PATH.write_text(document(), encoding="utf-8") and None)
