"""`textrnn completion SHELL`: what lets a shell complete commands, options and models with the Tab key.

The shell calls `textrnn` itself to complete a line, and argcomplete answers from the parsers of the commands, of which
only that of the line is made.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from textrnn.commands import COMMANDS, Parser, run
from textrnn.config.base import NUM_GATES
from textrnn.config.fitting import DEVICES, OPTIMIZERS, PRECISIONS, SCHEDULES
from textrnn.config.forecaster import POINTS, STRATEGIES
from textrnn.config.kinds import KINDS
from textrnn.config.language_model import FORMS
from textrnn.config.translator import ATTENTIONS, OBJECTIVES, REWARDS
from textrnn.preprocessing.tokenizers import LEVELS
from textrnn.storage import shipped_models
from textrnn.weight_formats import WEIGHT_FORMATS

__all__ = ["command", "complete", "make_parser", "parsers"]

SHELLS = ("bash", "zsh", "fish", "powershell")
# What options take, by the names of their values.
WORDS: dict[str, Sequence[str]] = {
    "attention": ATTENTIONS,
    "cell": tuple(NUM_GATES),
    "device": DEVICES,
    "form": FORMS,
    "level": tuple(LEVELS),
    "objective": OBJECTIVES,
    "optimizer": OPTIMIZERS,
    "point": POINTS,
    "precision": PRECISIONS,
    "reward": REWARDS,
    "schedule": SCHEDULES,
    "strategy": STRATEGIES,
    "weight_format": WEIGHT_FORMATS,
}
MODELS = ("model", "initial_model")


def make_parser() -> Parser:
    """Returns the parser of the command's options."""
    parser = Parser(prog="textrnn completion", description="Print what lets a shell complete textrnn's command lines.")
    parser.add_argument("shell", choices=SHELLS, help='for bash: eval "$(textrnn completion bash)" in ~/.bashrc')
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Prints a shell's script."""
    parsed = make_parser().parse_args(arguments)
    from argcomplete.shell_integration import shellcode

    print(shellcode(["textrnn"], shell=parsed.shell))


def kinds_of(name: str) -> Mapping[str, Any]:
    """Returns the kinds of work that a command asks for first, each with what adds its options; most have none."""
    if name == "train":
        from textrnn.train import TRAININGS

        return TRAININGS
    if name == "evaluate":
        from textrnn.evaluate import EVALUATIONS

        return EVALUATIONS
    return {}


def parsers(name: str) -> Iterator[tuple[str, str, Parser]]:
    """Yields the kinds of a command, what each is for, and its parser; "" twice where there are no kinds."""
    kinds = kinds_of(name)
    if not kinds:
        yield "", "", import_module(f"textrnn.{name.replace('-', '_')}").make_parser()
    for kind, one in kinds.items():
        parser = Parser(prog=f"textrnn {name} {kind}")
        one.add_options(parser)
        yield kind, KINDS[kind].purpose if name == "train" else one.purpose, parser


def parser_for(words: Sequence[str]) -> tuple[Parser, int]:
    """Returns what parses the rest of a line that begins with these words, and how many of them it leaves out."""
    if not words or words[0] not in COMMANDS:
        parser = Parser(prog="textrnn")
        parser.add_argument("--version", action="store_true")
        parser.add_argument("command", choices=list(COMMANDS))
        return parser, 0
    kinds = kinds_of(words[0])
    if not kinds:
        ((_, _, parser),) = parsers(words[0])
        return parser, 1
    if len(words) > 1 and words[1] in kinds:
        parser = Parser()
        kinds[words[1]].add_options(parser)
        return parser, 2
    parser = Parser()
    parser.add_argument("kind", choices=list(kinds))
    return parser, 1


def complete() -> None:
    """Answers the shell that has called this process to complete a line, and ends it.

    The line stands in the environment, with the number of its words that name the program.
    """
    import argcomplete
    from argcomplete.lexers import split_line

    program = int(os.environ["_ARGCOMPLETE"])
    *_, words, _ = split_line(os.environ["COMP_LINE"], int(os.environ["COMP_POINT"]))
    parser, left_out = parser_for(words[program:])
    os.environ["_ARGCOMPLETE"] = str(program + left_out)
    for action in parser._actions:
        words_for(action)
    argcomplete.autocomplete(parser, always_complete_options=False)


def words_for(action: Any) -> None:
    """Says which words an argument or option takes; for others the shell names files."""
    from argcomplete.completers import DirectoriesCompleter

    if action.dest in MODELS:
        directories = DirectoriesCompleter()
        action.completer = lambda prefix, **rest: [*shipped_models(), *directories(prefix, **rest)]
    elif action.dest in WORDS:
        action.completer = lambda **rest: WORDS[action.dest]


if __name__ == "__main__":
    sys.exit(run(command))
