"""`python -m textrnn.translate "I am a student"`: translates sentences, without TensorFlow."""

import argparse
import contextlib
import dataclasses
import io
import itertools
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any, TypeVar

from textrnn.commands import (
    RAW_HELP,
    Parser,
    add_config_options,
    check_no_files,
    check_writable,
    chosen_options,
    print_result,
    read_prompt,
    run,
    standard_bytes,
)
from textrnn.errors import TextrnnError
from textrnn.inference.alignments import left_out, pharaoh
from textrnn.inference.beam_search import BeamOptions
from textrnn.inference.line_translation import MAX_SOURCE_TOKENS
from textrnn.inference.sampling import SamplingOptions
from textrnn.inference.translation import SAMPLING_NAMES, Translation
from textrnn.preprocessing.files import STANDARD_INPUT, UNREADABLE, decoded_lines, decoded_stream, unreadable
from textrnn.preprocessing.glossary import Glossary
from textrnn.preprocessing.subtitles import Subtitles
from textrnn.tasks.translator import Translator

__all__ = ["command"]

DEFAULT_MODEL = "eng-spa"
LINES_AT_FIRST = 64  # lines that are translated together; twice as many each time, so that the first ones come soon
LINES_AT_ONCE = 1024

Stream = TypeVar("Stream", bound=IO[str] | None)


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn translate", description="Translates sentences with a trained translator.")
    parser.add_argument(
        "text", nargs="*", help="sentences to translate; - reads them from standard input and answers line by line"
    )
    parser.add_argument("--input", metavar="FILE", help="file to translate, one sentence a line")
    parser.add_argument("--output", metavar="FILE", help="where to write the translations (standard output)")
    parser.add_argument("--encoding", default="utf-8", help="encoding of what is read (default utf-8)")
    parser.add_argument(
        "--model",
        action="append",
        help=f"a shipped model or a directory ({DEFAULT_MODEL}); several of one vocabulary are averaged",
    )
    parser.add_argument(
        "--glossary",
        metavar="FILE",
        help="terms that translations must have: a term, a tab, its translation, each line",
    )
    parser.add_argument("--attention", metavar="PICTURE", help="draw which source words each word came from")
    parser.add_argument(
        "--alignments", metavar="FILE", help="write for each line which words belong together, such as 0-0 1-2"
    )
    parser.add_argument(
        "--confidence", action="store_true", help="put before each translation, and a tab, how sure the model is of it"
    )
    parser.add_argument("--explain", action="store_true", help="show each token's probability and source")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--raw", action="store_true", help=RAW_HELP)
    add_config_options(parser, BeamOptions, skip=["allow_unknown"])
    others = [field.name for field in dataclasses.fields(SamplingOptions) if field.name not in SAMPLING_NAMES]
    add_config_options(parser, SamplingOptions, skip=others, title="draw a translation instead of searching for one")
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Translates; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    check_arguments(parsed)
    options = {**chosen_options(parsed, BeamOptions), **chosen_options(parsed, SamplingOptions), "raw": parsed.raw}
    if parsed.glossary is not None:
        options["glossary"] = Glossary.opened(parsed.glossary)
    translator = Translator.load(*(parsed.model or [DEFAULT_MODEL]))
    with opened_output(parsed.output, sys.stdout) as stream, opened_output(parsed.alignments, None) as alignments:
        writer = Writer(translator, options, parsed, stream, alignments)
        for is_input, texts in itertools.groupby(parsed.text, "-".__eq__):
            if is_input:
                answer_standard_input(LineQueue(writer, STANDARD_INPUT), parsed.encoding)
            else:
                writer.write([read_prompt(text) for text in texts])
        if parsed.input is not None:
            with LineQueue(writer, parsed.input) as queue:
                queue.extend(decoded_lines(parsed.input, parsed.encoding))
        writer.finish()


def check_arguments(parsed: argparse.Namespace) -> None:
    """Raises `TextrnnError` unless it is clear what is to be translated and where to."""
    check_writable(parsed.attention, is_picture=True)
    check_writable(parsed.output, read=[parsed.input, parsed.glossary])
    check_writable(parsed.alignments, read=[parsed.input, parsed.glossary, parsed.output])
    if not parsed.text and parsed.input is None:
        raise TextrnnError('Pass text to translate, - for standard input, or --input FILE: textrnn translate "Hello."')
    check_no_files(parsed.text, "translate", "textrnn translate -")
    if parsed.attention and (len(parsed.text) != 1 or parsed.text == ["-"] or parsed.input is not None):
        raise TextrnnError("--attention draws one translation. Pass one sentence.")


def opened_output(path: str | None, otherwise: Stream) -> contextlib.AbstractContextManager[IO[str] | Stream]:
    """Opens a file to write, or gives `otherwise`, which stays open, where there is none."""
    return contextlib.nullcontext(otherwise) if path is None else open(path, "w", encoding="utf-8", newline="\n")


class Writer:
    """Translates sentences and writes the translations in the form that was asked for.

    Args:
        translator: What translates.
        options: How to translate.
        parsed: The command line.
        stream: Where translations are written.
        alignments: Where their alignments are written, if anywhere.
    """

    def __init__(
        self,
        translator: Translator,
        options: dict[str, Any],
        parsed: argparse.Namespace,
        stream: IO[str],
        alignments: IO[str] | None,
    ) -> None:
        self.translator = translator
        self.options = options
        self.parsed = parsed
        self.stream = stream
        self.alignments = alignments
        self.is_noted = False
        self.results: list[dict[str, Any]] = []
        self.num_sentences = 0

    def write(self, sentences: list[str], kept: frozenset[int] = frozenset()) -> None:
        """Translates and writes some sentences; those at the indices `kept` stay as they are."""
        asked = ["" if index in kept else sentence for index, sentence in enumerate(sentences)]
        for index, group in enumerate(self.translator.translations(asked, **self.options)):
            if self.parsed.json:
                self.results.append({"source": sentences[index], "translations": [one.to_dict() for one in group]})
            else:
                print(sentences[index] if index in kept else self.shown(group), file=self.stream)
            self.num_sentences += 1
            if self.alignments is not None:
                print(pharaoh(group[0]) if group else "", file=self.alignments)
            if group and not self.is_noted:
                self.note(group[0])
            if self.parsed.attention and group:
                from textrnn import plots

                plots.attention(group[0].source_tokens, group[0].tokens, group[0].attention, self.parsed.attention)
        self.stream.flush()

    def note(self, translation: Translation) -> None:
        """Says, once, where a translation can be no good: the line is in another language, or a part is missing."""
        found = self.translator.foreign_note(translation.source)
        missing = left_out(translation) if found is None else None
        if missing is not None:
            found = f'"{missing}" seems to be missing from the translation; shorter sentences are translated whole'
        if found is not None:
            print(f"note: line {self.num_sentences}: {found}. Such notes come once.", file=sys.stderr)
            self.is_noted = True

    def shown(self, group: list[Translation]) -> str:
        """Returns what to print of the translations of the next sentence."""
        number = self.options.get("num_best", 1)
        if self.parsed.explain:
            return "\n".join(map(explanation, group))
        if number == 1:
            text = group[0].text if group else ""
            return f"{group[0].confidence if group else 1:.3f}\t{text}" if self.parsed.confidence else text
        # Groups of equal size, whatever was found, in the form that Moses and its tools have.
        lines = [f"{self.num_sentences} ||| {one.text} ||| {one.score:.4f}" for one in group]
        missing = f"{self.num_sentences} |||  ||| {-math.inf if group else 0.0:.4f}"
        return "\n".join([*lines, *[missing] * (number - len(lines))])

    def finish(self) -> None:
        """Writes what is written at the end."""
        if self.parsed.json:
            with contextlib.redirect_stdout(self.stream):
                print_result({"model": self.parsed.model or [DEFAULT_MODEL], "results": self.results}, True)


class LineQueue:
    """Lines of a file that wait to be translated together; as a context, the last ones are translated at its end.

    Lines before one that cannot be read are translated too.

    Args:
        writer: What translates and writes them.
        name: What notes call the file.
    """

    def __init__(self, writer: Writer, name: str) -> None:
        self.writer = writer
        self.name = name
        self.lines: list[str] = []
        self.num_answered = 0
        self.most = LINES_AT_FIRST
        self.subtitles = Subtitles()

    def __enter__(self) -> "LineQueue":
        return self

    def __exit__(self, kind: type[BaseException] | None, *others: object) -> None:
        if kind is None or issubclass(kind, TextrnnError):
            self.answer()

    def extend(self, lines: Iterable[str]) -> None:
        """Takes in lines, and translates them as soon as there are enough."""
        for line in lines:
            self.lines.append(line)
            if len(self.lines) >= self.most:
                self.answer()
                self.most = min(2 * self.most, LINES_AT_ONCE)

    def answer(self) -> None:
        """Translates the lines that wait."""
        lines, self.lines = self.lines, []
        if not lines:
            return
        kept = frozenset() if self.writer.parsed.json else self.subtitles.kept(lines)
        fitting = [line if index in kept else self.fitting(line, index + 1) for index, line in enumerate(lines)]
        self.writer.write(fitting, kept)
        self.num_answered += len(lines)

    def fitting(self, line: str, number: int) -> str:
        """Returns as much of a line as is translated at once, and says what is cut off."""
        if len(line.encode()) < MAX_SOURCE_TOKENS:  # a token is a byte at least
            return line
        begin, num_tokens = self.writer.translator.shortened(line, self.writer.parsed.raw)
        if num_tokens > MAX_SOURCE_TOKENS:
            print(
                f"note: {self.name}, line {self.num_answered + number}: has {num_tokens:,} tokens; only the first "
                f"{MAX_SOURCE_TOKENS:,} are translated. Put each of its sentences on a line of its own.",
                file=sys.stderr,
            )
        return begin


class InputThatWaits(io.RawIOBase):
    """A stream that calls `before_waiting` each time before it reads on, which may take until somebody types."""

    def __init__(self, stream: IO[bytes], before_waiting: Callable[[], None]) -> None:
        self.stream = stream
        self.before_waiting = before_waiting

    def read1(self, size: int) -> bytes:
        """Returns what has come, at least a byte unless the stream has ended."""
        self.before_waiting()
        try:
            content: bytes = self.stream.read1(size)  # type: ignore[attr-defined]
        except UNREADABLE as error:
            raise unreadable(error) from error
        return content


def answer_standard_input(queue: LineQueue, encoding: str) -> None:
    """Translates the lines of standard input as they come."""
    with queue:
        pieces = decoded_stream(InputThatWaits(standard_bytes(), queue.answer), encoding)  # type: ignore[arg-type]
        queue.extend(piece.removesuffix("\n") for piece in pieces)


def explanation(translation: Translation) -> str:
    """Returns the translation and one line per token: the token, its probability, and where it came from."""
    lines = [f"{translation.text}   (log-probability {translation.log_probability:.2f})", ""]
    for token, probability, weights in zip(
        translation.tokens, translation.probabilities, translation.attention, strict=True
    ):
        place = int(weights.argmax())
        lines.append(
            f"{token!r:>16} {100 * probability:5.1f}%   from {translation.source_tokens[place]!r} "
            f"({100 * float(weights[place]):.0f}% of the attention)"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(run(command))
