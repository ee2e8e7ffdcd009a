"""What the commands share that answer lines, one by one, of any number of files."""

import argparse
import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import IO, cast

from textrnn.commands import Parser, check_writable, print_result, standard_bytes, typed
from textrnn.jobs.blocks import Block, InputThatWaits, Kept, LineQueue
from textrnn.jobs.crews import crew
from textrnn.jobs.outputs import Answer, Outputs
from textrnn.preprocessing.files import STANDARD_INPUT, decoded_lines, decoded_stream

__all__ = ["add_jobs_option", "add_line_options", "answer_lines", "check_outputs"]


def add_jobs_option(parser: Parser) -> None:
    """Adds in how many processes to work."""
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="work in so many processes of one thread, each with the model; the results are the same (default 1)",
    )


def add_line_options(parser: Parser, verb: str, noun: str) -> None:
    """Adds what is read and written.

    Args:
        parser: The parser.
        verb: What is done to lines.
        noun: What is written.
    """
    parser.add_argument("--input", nargs="+", metavar="FILE", help=f"files to {verb}, line by line")
    parser.add_argument("--output", metavar="FILE", help=f"where to write the {noun} (standard output)")
    parser.add_argument("--encoding", default="utf-8", help="encoding of what is read (default utf-8)")
    parser.add_argument("--resume", action="store_true", help="go on with the file --output after what it holds")
    add_jobs_option(parser)


def check_outputs(parsed: argparse.Namespace, further: Sequence[str] = (), read: Sequence[str | None] = ()) -> None:
    """Raises `TextrnnError` unless the output, and `further` options that name files to write, can be written.

    Args:
        parsed: The command line.
        further: Names of such options.
        read: Other files that are read than those of --input.
    """
    untouched = [*(parsed.input or []), *read]
    for path in [parsed.output, *(getattr(parsed, name) for name in further)]:
        check_writable(path, read=untouched)
        untouched.append(path)


def answer_lines(
    parsed: argparse.Namespace,
    make: Callable[[], Callable[[Block], Answer]],
    outputs: Outputs,
    texts: Sequence[str] = (),
    kept: Callable[[], Kept] | None = None,
) -> None:
    """Reads what was typed, standard input and files, and writes the answers.

    Args:
        parsed: The command line; see `add_line_options`.
        make: Makes what answers a block, in each process.
        outputs: Where the answers go.
        texts: What was typed; "-" stands for standard input.
        kept: Called for each file; returns what says which of its lines stay as they are.
    """
    workers = crew(make, outputs.take, parsed.jobs)
    with outputs:
        with workers:
            queue = LineQueue(outputs.unanswered(workers.put), kept)
            for is_input, group in itertools.groupby(texts, "-".__eq__):
                if is_input:
                    # Several processes wait for whole blocks; and blocks must be those of before to go on with them.
                    is_waited_for = parsed.jobs == 1 and not parsed.resume
                    queue.read(STANDARD_INPUT, input_lines(parsed.encoding, queue.flush if is_waited_for else None))
                else:
                    queue.typed([typed(text) for text in group])
            for path in parsed.input or []:
                queue.read(path, decoded_lines(path, parsed.encoding))
            outputs.end_of_input(workers.put, queue.num_lines)
        if parsed.json:
            outputs.open()
            with contextlib.redirect_stdout(outputs.streams[0]):
                print_result({"model": parsed.model, "results": outputs.results}, True)
    outputs.finish(queue.num_lines, is_said=parsed.jobs > 1 or parsed.resume)


def input_lines(encoding: str, before_waiting: Callable[[], None] | None) -> Iterator[str]:
    """Yields the lines of standard input as they come.

    Args:
        encoding: Their encoding.
        before_waiting: Called each time before more is read, which may take until somebody types; None calls nothing.
    """
    stream = standard_bytes()
    if before_waiting is not None:
        stream = cast(IO[bytes], InputThatWaits(stream, before_waiting))
    return (piece.removesuffix("\n") for piece in decoded_stream(stream, encoding))
