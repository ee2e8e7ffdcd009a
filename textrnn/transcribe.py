"""`python -m textrnn.transcribe clip.wav --model DIR`: writes down what is said in clips, without TensorFlow."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from textrnn.commands import Parser, add_config_options, chosen_options, print_result, run
from textrnn.errors import TextrnnError
from textrnn.inference.recognition import DecodingOptions, Transcript
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.recogniser import Recogniser

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
    add_config_options(parser, DecodingOptions)
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Writes down clips; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    if not parsed.clip:
        raise TextrnnError("Pass a WAV file, or - for standard input: textrnn transcribe clip.wav --model DIR")
    recogniser = Recogniser.load(parsed.model)
    options: dict[str, Any] = {**chosen_options(parsed, DecodingOptions), "lexicon": parsed.lexicon}
    if parsed.language_model:
        options["language_model"] = LanguageModel.load(parsed.language_model)
    recogniser.transcripts([], **options)  # what is wrong with them is said once, not for each clip
    results: list[dict[str, Any]] = []
    num_refused = 0
    for clip in parsed.clip:
        try:
            (transcript,) = recogniser.transcripts([clip], **options)
        except TextrnnError as error:
            if len(parsed.clip) == 1:
                raise
            print(f"error: {error}", file=sys.stderr)
            num_refused += 1  # one damaged clip of a thousand must not cost the others
            continue
        if transcript.note:
            print(f"note: {clip}: {transcript.note}", file=sys.stderr)
        if parsed.json:
            results.append({"file": clip, **transcript.to_dict()})
        else:
            print(shown(clip, transcript, parsed), flush=True)  # each as soon as it is there
    if parsed.json:
        print_result({"model": parsed.model, "results": results}, True)
    if num_refused:
        raise TextrnnError(f"{num_refused:,} of {len(parsed.clip):,} clips could not be read.")


def shown(clip: str, transcript: Transcript, parsed: argparse.Namespace) -> str:
    """Returns what is printed for one clip: its text, after its name where there are several."""
    if parsed.times:
        return f"{clip}:\n{transcript}" if len(parsed.clip) > 1 else str(transcript)
    return f"{clip}\t{transcript.text}" if len(parsed.clip) > 1 else transcript.text


if __name__ == "__main__":
    sys.exit(run(command))
