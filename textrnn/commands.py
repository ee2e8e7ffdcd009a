"""What the commands share: options from configs, errors to exit codes, printing; and `textrnn` on the command line."""

import argparse
import dataclasses
import inspect
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from textrnn.errors import TextrnnError, nearest

__all__ = ["Parser", "add_config_options", "chosen_options", "main", "print_result", "run"]

COMMANDS = {
    "generate": "continue a prompt",
    "train": "train a model on your text",
    "evaluate": "score a model or a text",
}
USAGE_ERROR = 2


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line that says what to do, and suggests the nearest option."""

    def error(self, message: str) -> NoReturn:
        """Prints one line and exits with status 2."""
        unknown = message.removeprefix("unrecognized arguments: ").split()[0] if "unrecognized" in message else ""
        if unknown:
            options = [option for action in self._actions for option in action.option_strings]
            message = f"unknown argument {unknown}.{nearest(unknown.split('=')[0], options)}"
        self.exit(USAGE_ERROR, f"{self.prog}: {message} (see {self.prog} --help)\n")


def add_config_options(parser: argparse.ArgumentParser, config: type, skip: Sequence[str] = ()) -> None:
    """Adds one command-line option for each field of a config dataclass, described by its docstring."""
    descriptions = field_descriptions(config)
    group = parser.add_argument_group(f"{config.__name__} options")
    for field in dataclasses.fields(config):
        if field.name in skip:
            continue
        name = "--" + field.name.replace("_", "-")
        text = descriptions.get(field.name, "").replace("%", "%%")
        if field.default not in (dataclasses.MISSING, None, ()):
            text = f"{text.rstrip('.')} (default {field.default})."
        if field.type is bool:
            group.add_argument(name, action=argparse.BooleanOptionalAction, default=None, help=text)
        elif field.type == tuple[int, ...]:
            group.add_argument(name, type=int, nargs="+", help=text)
        elif field.type == tuple[str, ...]:
            group.add_argument(name, action="append", help=text)
        else:
            kind = next(kind for kind in (int, float, str) if kind.__name__ in str(field.type))
            group.add_argument(name, type=kind, help=text)


def field_descriptions(config: type) -> dict[str, str]:
    """Returns what a config's docstring says of each field, so that help texts never drift from it."""
    _, _, arguments = (inspect.getdoc(config) or "").partition("Args:\n")
    descriptions: dict[str, str] = {}
    name = ""
    for line in arguments.splitlines():
        if re.match(r" {4}\w+:", line):
            name, _, text = line.strip().partition(":")
            descriptions[name] = text.strip()
        elif name and line.strip():
            descriptions[name] += " " + line.strip()
    return descriptions


def chosen_options(arguments: argparse.Namespace, config: type) -> dict[str, Any]:
    """Returns the options of a config that were given on the command line."""
    names = [field.name for field in dataclasses.fields(config)]
    return {name: getattr(arguments, name) for name in names if getattr(arguments, name, None) is not None}


def print_result(result: Any, as_json: bool) -> None:
    """Prints a result for people, or as one JSON object."""
    print(json.dumps(result, ensure_ascii=False) if as_json else result)


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM."""


def run(command: Callable[[Sequence[str] | None], None], arguments: Sequence[str] | None = None) -> int:
    """Runs a command and turns its errors into exit codes.

    Returns:
        0; 2 for wrong use or bad input; 130 or 143 for an interruption.
    """

    def terminate(number: int, frame: Any) -> NoReturn:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
    try:
        command(arguments)
        sys.stdout.flush()
    except TextrnnError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except Terminated:
        return 143
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has gone, as after `| head`; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MemoryError:
        print("error: not enough memory. Use a smaller `batch_size`, `length` or network.", file=sys.stderr)
        return USAGE_ERROR
    return 0


def main() -> int:
    """Runs `textrnn COMMAND ...`."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: textrnn COMMAND ...\n")
        for name, text in COMMANDS.items():
            print(f"  {name:<10} {text}")
        print("\n`textrnn COMMAND --help` says more.")
        return 0
    if arguments[0] == "--version":
        from textrnn import __version__

        print(f"textrnn {__version__}")
        return 0
    if arguments[0] not in COMMANDS:
        print(f"textrnn: no command {arguments[0]!r}.{nearest(arguments[0], COMMANDS)}", file=sys.stderr)
        return USAGE_ERROR
    return run(import_module(f"textrnn.{arguments[0]}").command, arguments[1:])
