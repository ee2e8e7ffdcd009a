"""`python -m textrnn.transcribe clip.wav --model DIR`: writes down what is said in clips, without TensorFlow."""

import argparse
import dataclasses
import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

from textrnn.commands import Parser, add_config_options, chosen_options, print_result, run
from textrnn.errors import TextrnnError
from textrnn.inference.recognition import DecodingOptions, Transcript
from textrnn.jobs.crews import crew
from textrnn.line_commands import add_jobs_option
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.recogniser import ANY_WORDS, Recogniser
from textrnn.wording import counted

__all__ = ["command"]

SHIPPED = "digits"


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn transcribe", description="Writes down what is said in clips of sound.")
    parser.add_argument("clip", nargs="*", help="WAV files; - reads one from standard input")
    parser.add_argument(
        "--model", default=SHIPPED, help=f"the directory of a recogniser (default {SHIPPED}, which hears the digits)"
    )
    parser.add_argument(
        "--language-model", metavar="NAME|DIR", help="a language model by which more probable texts are preferred"
    )
    parser.add_argument(
        "--lexicon",
        metavar="FILE|none",
        help="the words that may be written; none allows any (default: those of the training, if they were few)",
    )
    parser.add_argument("--times", action="store_true", help="show when each word was said, and how sure that is")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_jobs_option(parser)
    add_config_options(parser, DecodingOptions)
    return parser


@dataclasses.dataclass(frozen=True)
class Written:
    """What comes of a clip.

    Args:
        clip: Its name.
        transcript: What was heard; None if the clip could not be read.
        error: Why not.
    """

    clip: str
    transcript: Transcript | None = None
    error: str = ""


def clip_transcriber(parsed: argparse.Namespace) -> Callable[[str], Written]:
    """Loads the models and returns what writes down a clip."""
    recogniser = Recogniser.load(parsed.model)
    options: dict[str, Any] = {
        **chosen_options(parsed, DecodingOptions),
        "lexicon": recogniser.lexicon(parsed.lexicon) or ANY_WORDS,
    }
    if parsed.language_model:
        options["language_model"] = LanguageModel.load(parsed.language_model)
    recogniser.transcripts([], **options)  # what is wrong with them is said once, not for each clip

    def write_down(clip: str) -> Written:
        try:
            (transcript,) = recogniser.transcripts([clip], **options)
        except TextrnnError as error:
            return Written(clip, error=str(error))
        return Written(clip, transcript)

    return write_down


def command(arguments: Sequence[str] | None = None) -> None:
    """Writes down clips; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    if not parsed.clip:
        raise TextrnnError("Pass a WAV file, or - for standard input: textrnn transcribe clip.wav --model DIR")
    if "-" in parsed.clip and parsed.jobs > 1:
        raise TextrnnError("Standard input, -, is one clip: leave --jobs out.")
    results: list[dict[str, Any]] = []
    refused: list[str] = []

    def take(written: Written) -> None:
        if written.transcript is None:
            if len(parsed.clip) == 1:
                raise TextrnnError(written.error)
            print(f"error: {written.error}", file=sys.stderr)
            refused.append(written.clip)  # one damaged clip of a thousand must not cost the others
            return
        if written.transcript.note:
            print(f"note: {written.clip}: {written.transcript.note}", file=sys.stderr)
        if parsed.json:
            results.append({"file": written.clip, **written.transcript.to_dict()})
        else:
            print(shown(written.clip, written.transcript, parsed), flush=True)  # each as soon as it is there

    with crew(functools.partial(clip_transcriber, parsed), take, parsed.jobs) as workers:
        for clip in parsed.clip:
            workers.put(clip)
    if parsed.json:
        print_result({"model": parsed.model, "results": results}, True)
    if refused:
        raise TextrnnError(f"{len(refused):,} of {counted(len(parsed.clip), 'clip')} could not be read.")


def shown(clip: str, transcript: Transcript, parsed: argparse.Namespace) -> str:
    """Returns what is printed for one clip: its text, after its name where there are several."""
    if parsed.times:
        return f"{clip}:\n{transcript}" if len(parsed.clip) > 1 else str(transcript)
    return f"{clip}\t{transcript.text}" if len(parsed.clip) > 1 else transcript.text


if __name__ == "__main__":
    sys.exit(run(command))
