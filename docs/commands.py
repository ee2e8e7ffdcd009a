"""Writes `docs/COMMANDS.md` from the parsers of the commands: `python docs/commands.py`."""

import argparse
import pathlib
import sys
from collections.abc import Iterator

from textrnn.commands import COMMANDS
from textrnn.completion import parsers

PATH = pathlib.Path(__file__).parent / "COMMANDS.md"


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


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yields a line for each argument and option."""
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        names = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{(action.metavar or action.dest)!s}`"
        yield f"- {names}: {(action.help or '').replace('%%', '%').rstrip('.')}."


if __name__ == "__main__":
    sys.exit(PATH.write_text(document(), encoding="utf-8") and None)
