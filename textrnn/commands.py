"""What the commands share: options from configs, errors to exit codes, printing; and `textrnn` on the command line."""

import argparse
import codecs
import contextlib
import dataclasses
import io
import json
import os
import pathlib
import signal
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import IO, Any, NoReturn

from textrnn.config.signatures import field_descriptions
from textrnn.errors import TextrnnError, check_choice, nearest
from textrnn.preprocessing.files import (
    UNREADABLE,
    as_read,
    decoded_stream,
    unpacked,
    unreadable,
)
from textrnn.systems import ENDING_SIGNALS

__all__ = [
    "RAW_HELP",
    "Parser",
    "add_config_options",
    "add_device_option",
    "add_series_options",
    "argument_text",
    "check_no_files",
    "check_writable",
    "chosen_options",
    "main",
    "parsed_by_kind",
    "print_result",
    "read_prompt",
    "run",
    "series_options",
    "standard_bytes",
    "standard_input",
    "typed",
]

COMMANDS = {
    "generate": "continue a prompt",
    "translate": "translate sentences",
    "classify": "name the classes of texts",
    "forecast": "forecast a time series",
    "transcribe": "write down speech",
    "train": "train a model on your text",
    "encode": "encode text once, for training on it",
    "evaluate": "score a model, a text or translations",
    "compress": "make a model smaller",
    "export": "write a model for other programs, or as a page",
    "import-keras": "make a model of a Keras model",
    "serve": "show a model's page and answer JSON on this computer",
    "completion": "let a shell complete these commands with the Tab key",
}
USAGE_ERROR = 2
DISTRIBUTIONS = {"google": "protobuf", "sklearn": "scikit-learn"}  # packages that are installed by another name
RAW_HELP = "give lines to the network as they are: no sentences apart, no characters or capitals changed"


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line that says what to do, and suggests the nearest option."""

    def error(self, message: str) -> NoReturn:
        """Prints one line and exits with status 2."""
        unknown = message.removeprefix("unrecognized arguments: ").split()[0] if "unrecognized" in message else ""
        if unknown:
            options = [option for action in self._actions for option in action.option_strings]
            message = f"unknown argument {unknown}.{nearest(unknown.split('=')[0], options)}"
        self.exit(USAGE_ERROR, f"{self.prog}: {message} (see {self.prog} --help)\n")


def add_config_options(
    parser: argparse.ArgumentParser, config: type, skip: Sequence[str] = (), title: str | None = None
) -> None:
    """Adds one command-line option for each field of a config dataclass, described by its docstring."""
    descriptions = field_descriptions(config)
    group = parser.add_argument_group(title or f"{config.__name__} options")
    for field in dataclasses.fields(config):
        if field.name in skip:
            continue
        name = "--" + field.name.replace("_", "-")
        text = descriptions.get(field.name, "").replace("%", "%%")
        if field.default not in (dataclasses.MISSING, None, ()):
            text = f"{text.rstrip('.')} (default {field.default})."
        kinds = annotated_types(field.type)
        if kinds == [bool]:
            group.add_argument(name, action=argparse.BooleanOptionalAction, default=None, help=text)
        elif typing.get_origin(field.type) is tuple:
            many: dict[str, Any] = {"nargs": "+", "type": kinds[0]} if kinds[0] is not str else {"action": "append"}
            group.add_argument(name, help=text, **many)
        else:
            group.add_argument(name, type=kinds[0], help=text)


def annotated_types(annotation: Any) -> list[type]:
    """Returns the types that an annotation names, but for None: `[int]` for `int | None` and `tuple[int, ...]`."""
    if typing.get_origin(annotation) is None:
        return [annotation]
    return [one for one in typing.get_args(annotation) if one not in (type(None), Ellipsis)]


def chosen_options(arguments: argparse.Namespace, config: type) -> dict[str, Any]:
    """Returns the options of a config that were given on the command line."""
    names = [field.name for field in dataclasses.fields(config)]
    return {name: getattr(arguments, name) for name in names if getattr(arguments, name, None) is not None}


class OneOrMany(argparse.Action):
    """Keeps one value as it is, several as a list: one column is one series, a list a list of series."""

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: str | None = None
    ) -> None:
        setattr(namespace, self.dest, values[0] if len(values) == 1 else values)


def add_series_options(parser: argparse.ArgumentParser) -> None:
    """Adds what says which time series a file holds."""
    parser.add_argument(
        "--column", nargs="+", action=OneOrMany, help="columns of the series, by name or by number from 1"
    )
    parser.add_argument("--time", help="column of the times (default: found)")
    parser.add_argument("--group", help="column that names the series of each row, where several stand in one column")
    parser.add_argument("--known", nargs="+", help="columns of variables that are known beforehand, such as holidays")
    parser.add_argument("--missing", help="for missing values: interpolate (default), previous, or error for none")
    parser.add_argument("--encoding", help="encoding of the file (default utf-8)")


def add_device_option(parser: argparse.ArgumentParser) -> None:
    """Adds what says what training runs on."""
    parser.add_argument("--device", help="cpu or gpu; by default a GPU that has cuDNN, and else the processor")


def series_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns what `add_series_options` asks for, as far as it is given."""
    names = ("column", "time", "group", "known", "missing", "encoding")
    return {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}


def parsed_by_kind(
    prog: str, kinds: Mapping[str, tuple[str, Callable[[Parser], None]]], arguments: Sequence[str] | None
) -> argparse.Namespace:
    """Parses the arguments of a command whose first argument says which kind of work to do.

    Args:
        prog: The command.
        kinds: For each kind what it does, and a function that adds its options to a parser.
        arguments: The command line.

    Returns:
        The options, with `kind` among them.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if not arguments or arguments[0].startswith("-"):
        print(f"usage: {prog} KIND ...\n")
        for name, (text, _) in kinds.items():
            print(f"  {name:<16} {text}")
        print(f"\n`{prog} KIND --help` says more.")
        sys.exit(0 if arguments[:1] in (["-h"], ["--help"]) else USAGE_ERROR)
    check_choice("kind", arguments[0], kinds)
    text, add_options = kinds[arguments[0]]
    parser = Parser(prog=f"{prog} {arguments[0]}", description=text[0].upper() + text[1:] + ".")
    add_options(parser)
    return parser.parse_args(arguments[1:], argparse.Namespace(kind=arguments[0]))


def read_prompt(prompt: str) -> str:
    """Returns the text that was given, or standard input for "-", as a file of the same bytes would be read."""
    return "".join(standard_input()).removesuffix("\n") if prompt == "-" else typed(prompt)


def typed(text: str) -> str:
    """Returns text from the command line as it would have been read from a file; see `argument_text`."""
    return as_read(argument_text(text))


def argument_text(text: str) -> str:
    """Returns text from the command line as it was typed.

    Raises:
        TextrnnError: If it holds bytes of another encoding than UTF-8.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:  # bytes that Python could not decode reach it as lone surrogates
        try:
            text = os.fsencode(text).decode("utf-8")  # as in a locale that knows nothing but ASCII
        except UnicodeError:
            raise TextrnnError(
                f"The text holds bytes that are not valid UTF-8, at character {error.start + 1}."
            ) from error
    return text


def standard_bytes() -> IO[bytes]:
    """Returns the bytes of standard input, unpacked if they are gzip; raises `TextrnnError` if it cannot be read."""
    try:
        return unpacked(getattr(sys.stdin, "buffer", None) or io.BytesIO(sys.stdin.read().encode()))
    except OSError as error:
        raise unreadable(error) from error


def standard_input() -> Iterator[str]:
    """Yields the lines of standard input as they come, each with its newline, unpacked and decoded as files are.

    Raises:
        TextrnnError: If it cannot be read, or is no text; names the line and the byte.
    """
    try:
        yield from decoded_stream(standard_bytes())
    except UNREADABLE as error:
        raise unreadable(error) from error


def check_no_files(texts: Sequence[str], verb: str, command: str) -> None:
    """Raises `TextrnnError` if a text is the name of a file, whose content was meant.

    Args:
        texts: What was typed.
        verb: What the command does with a text, such as "translate".
        command: The command that reads standard input.
    """
    for text in texts:
        if os.path.isfile(text):
            raise TextrnnError(
                f"{text} is a file. To {verb} what is in it, pass --input {text}, or - < {text}. "
                f"To {verb} the name: echo {text} | {command}"
            )


def check_writable(path: str | None, read: Sequence[str | None] = (), is_picture: bool = False) -> None:
    """Raises `TextrnnError` if a file cannot be written there: better known before long work than after it.

    Args:
        path: The file; None writes nothing.
        read: Files that are read, which must not be written over.
        is_picture: Whether it will be a PNG or SVG.
    """
    if path is None:
        return
    directory = pathlib.Path(path).absolute().parent
    if pathlib.Path(path).is_dir():
        raise TextrnnError(f"{path}: is a directory, which is not written over. Name another place.")
    if not directory.is_dir() or not os.access(directory, os.W_OK):
        raise TextrnnError(f"{path}: cannot be written. Name a file in a directory that is there.")
    if os.path.exists(path) and any(one and os.path.exists(one) and os.path.samefile(path, one) for one in read):
        raise TextrnnError(f"{path}: is read, and is not written over. Name another file.")
    if is_picture:
        from textrnn.plots.files import check_picture

        check_picture(path)


def print_result(result: Any, as_json: bool) -> None:
    """Prints a result for people, or as one JSON object, which any encoding can hold."""
    if as_json:
        text = json.dumps(result, ensure_ascii=False)
        result = text if fits(text, sys.stdout) else json.dumps(result)
    print(result)


class Terminated(KeyboardInterrupt):
    """The process was asked to end, by SIGTERM or on Windows by Ctrl-Break."""


def run(command: Callable[[Sequence[str] | None], None], arguments: Sequence[str] | None = None) -> int:
    """Runs a command and turns its errors into exit codes.

    Returns:
        0; 2 for wrong use or bad input; 130 or 143 for an interruption.
    """

    def terminate(number: int, frame: Any) -> NoReturn:
        raise Terminated

    open_closed_streams()
    accept_any_text(sys.stdout)
    for number in ENDING_SIGNALS:
        signal.signal(number, terminate)
    try:
        command(arguments)
        sys.stdout.flush()
    except SystemExit:  # of --help and of wrong use
        try:
            sys.stdout.flush()
        except OSError:
            drop_output()
        raise
    except TextrnnError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except Terminated:
        return 143
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has gone, as after `| head`.
        drop_output()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "textrnn":
            raise
        print(f"error: {missing_package(package)}", file=sys.stderr)
        return USAGE_ERROR
    except OSError as error:
        # Whatever had a place to be named has become a TextrnnError; a full disk can strike anywhere.
        drop_output()
        print(f"error: {error.filename or 'output'}: {error.strerror or error}.", file=sys.stderr)
        return USAGE_ERROR
    except MemoryError:
        print("error: not enough memory. Use a smaller `batch_size`, `length` or network.", file=sys.stderr)
        return USAGE_ERROR
    return 0


def drop_output() -> None:
    """Sends what is still buffered for standard output nowhere, so that it cannot fail a second time."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def missing_package(package: str) -> str:
    """Says what cannot be done without a package."""
    if package in ("tensorflow", "keras"):
        return (
            "training needs TensorFlow, which is not installed: pip install tensorflow, or install textrnn with all "
            "that it depends on"
        )
    package = DISTRIBUTIONS.get(package, package)
    return f"this needs {package}, which is not installed: pip install {package}"


def open_closed_streams() -> None:
    """Opens those of the standard streams that were closed when the process began.

    No file of ours may get their numbers, since libraries write there. Using such an input or output is an error that
    can be reported; messages for such a standard error are lost.
    """
    for name, flags in (("stdin", os.O_WRONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, flags)  # the lowest free number, which is that of the stream
            setattr(sys, name, os.fdopen(handle, "r" if name == "stdin" else "w", encoding="utf-8"))


def accept_any_text(stream: Any) -> None:
    """Lets a stream of an encoding such as cp1252 or ASCII replace what it cannot hold, and say so once."""
    if not hasattr(stream, "reconfigure"):
        return
    if os.name == "nt" and not stream.isatty() and "PYTHONIOENCODING" not in os.environ:
        stream.reconfigure(encoding="utf-8")  # in a file or a pipe there, every program expects another encoding
    noted: list[str] = []

    def replaced(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        if not noted:
            noted.append(error.object[error.start])
            print(
                f"note: standard output is in {stream.encoding}, which has no U+{ord(noted[0]):04X}; a ? stands for "
                "what it lacks. PYTHONIOENCODING=utf-8 keeps everything.",
                file=sys.stderr,
            )
        return "?" * (error.end - error.start), error.end

    codecs.register_error("replace-and-note", replaced)
    stream.reconfigure(errors="replace-and-note")


def fits(text: str, stream: Any) -> bool:
    """Says whether a stream's encoding holds all the characters of a text."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def main() -> int:
    """Runs `textrnn COMMAND ...`, or answers a shell that wants such a line completed."""
    if "_ARGCOMPLETE" in os.environ:
        import_module("textrnn.completion").complete()
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: textrnn COMMAND ...\n")
        for name, text in COMMANDS.items():
            print(f"  {name:<12} {text}")
        print("\n`textrnn COMMAND --help` says more.")
        return 0
    if arguments[0] == "--version":
        from textrnn import __version__

        print(f"textrnn {__version__}")
        return 0
    if arguments[0] not in COMMANDS:
        print(f"textrnn: no command {arguments[0]!r}.{nearest(arguments[0], COMMANDS)}", file=sys.stderr)
        return USAGE_ERROR
    return run(lambda rest: import_module(f"textrnn.{arguments[0].replace('-', '_')}").command(rest), arguments[1:])
