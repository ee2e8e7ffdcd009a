"""`python -m textrnn.translate "I am a student"`: translates sentences, without TensorFlow."""

import argparse
import dataclasses
import functools
import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from textrnn.commands import (
    RAW_HELP,
    Parser,
    add_config_options,
    check_no_files,
    check_writable,
    chosen_options,
    run,
)
from textrnn.errors import TextrnnError
from textrnn.inference.alignments import left_out, pharaoh
from textrnn.inference.beam_search import BeamOptions
from textrnn.inference.line_translation import MAX_SOURCE_TOKENS
from textrnn.inference.sampling import SamplingOptions
from textrnn.inference.translation import SAMPLING_NAMES, Translation
from textrnn.jobs.blocks import Block
from textrnn.jobs.outputs import Answer, Outputs
from textrnn.line_commands import add_line_options, answer_lines, check_outputs
from textrnn.preprocessing.glossary import Glossary
from textrnn.preprocessing.subtitles import Subtitles
from textrnn.tasks.translator import Translator

__all__ = ["command"]

DEFAULT_MODEL = "eng-spa"


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn translate", description="Translates sentences with a trained translator.")
    parser.add_argument(
        "text", nargs="*", help="sentences to translate; - reads them from standard input and answers line by line"
    )
    add_line_options(parser, "translate", "translations")
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
    parsed.model = parsed.model or [DEFAULT_MODEL]
    check_arguments(parsed)
    options = {**chosen_options(parsed, BeamOptions), **chosen_options(parsed, SamplingOptions), "raw": parsed.raw}
    if parsed.glossary is not None:
        options["glossary"] = Glossary.opened(parsed.glossary)
    if parsed.resume and chosen_options(parsed, SamplingOptions) and parsed.seed is None:
        raise TextrnnError("--resume needs the --seed of the first time: without one, other translations are drawn.")
    lines_each = None if parsed.json or parsed.explain else options.get("num_best", 1)
    outputs = Outputs([parsed.output, parsed.alignments], [lines_each, 1], parsed.resume, parsed.input)
    make = functools.partial(BlockTranslator, parsed, options)
    answer_lines(parsed, make, outputs, parsed.text, None if parsed.json else lambda: Subtitles().kept)


def check_arguments(parsed: argparse.Namespace) -> None:
    """Raises `TextrnnError` unless it is clear what is to be translated and where to."""
    check_writable(parsed.attention, is_picture=True)
    check_outputs(parsed, ["alignments"], read=[parsed.glossary])
    if not parsed.text and parsed.input is None:
        raise TextrnnError('Pass text to translate, - for standard input, or --input FILE: textrnn translate "Hello."')
    check_no_files(parsed.text, "translate", "textrnn translate -")
    if parsed.attention and (len(parsed.text) != 1 or parsed.text == ["-"] or parsed.input is not None):
        raise TextrnnError("--attention draws one translation. Pass one sentence.")


class BlockTranslator:
    """Translates blocks of lines, and puts the translations in the form that was asked for.

    Args:
        parsed: The command line.
        options: How to translate.
    """

    def __init__(self, parsed: argparse.Namespace, options: dict[str, Any]) -> None:
        self.parsed = parsed
        self.options = options
        self.translator = Translator.load(*parsed.model)
        self.is_remarked = False

    def __call__(self, block: Block) -> Answer:
        """Translates a block; its lines that are kept stay as they are."""
        notes: list[str] = []
        sentences = block.lines if block.name is None else [*self.fitting(block, notes)]
        asked = ["" if index in block.kept else sentence for index, sentence in enumerate(sentences)]
        groups = self.translator.translations(asked, **self.options)
        shown, results = [], []
        for index, group in enumerate(groups):
            if self.parsed.json:
                results.append({"source": sentences[index], "translations": [one.to_dict() for one in group]})
            else:
                shown.append(sentences[index] if index in block.kept else self.shown(group, block.start + index))
            if self.parsed.attention and group:
                from textrnn import plots

                plots.attention(group[0].source_tokens, group[0].tokens, group[0].attention, self.parsed.attention)
        aligned = [pharaoh(group[0]) if group else "" for group in groups] if self.parsed.alignments else []
        texts = tuple("".join(f"{line}\n" for line in lines) for lines in (shown, aligned))
        return Answer(block.start, block.end, texts, tuple(notes), self.remark(groups, block.start), tuple(results))

    def fitting(self, block: Block, notes: list[str]) -> Iterator[str]:
        """Yields as much of each line as is translated at once; what is to be said of those cut off joins `notes`."""
        for index, line in enumerate(block.lines):
            if index in block.kept or len(line.encode()) < MAX_SOURCE_TOKENS:  # a token is a byte at least
                yield line
                continue
            begin, num_tokens = self.translator.shortened(line, self.parsed.raw)
            if num_tokens > MAX_SOURCE_TOKENS:
                notes.append(
                    f"{block.name}, line {block.line + index}: has {num_tokens:,} tokens; only the first "
                    f"{MAX_SOURCE_TOKENS:,} are translated. Put each of its sentences on a line of its own."
                )
            yield begin

    def remark(self, groups: list[list[Translation]], start: int) -> str | None:
        """Says, once, where a translation can be no good: the line is in another language, or a part is missing."""
        for number, group in enumerate(groups if not self.is_remarked else [], start + 1):
            found = self.translator.foreign_note(group[0].source) if group else None
            missing = left_out(group[0]) if group and found is None else None
            if missing is not None:
                found = f'"{missing}" seems to be missing from the translation; shorter sentences are translated whole'
            if found is not None:
                self.is_remarked = True
                return f"line {number}: {found}"
        return None

    def shown(self, group: list[Translation], number: int) -> str:
        """Returns what to print of the translations of a sentence, which has this number from 0."""
        num_best = self.options.get("num_best", 1)
        if self.parsed.explain:
            return "\n".join(map(explanation, group))
        if num_best == 1:
            text = group[0].text if group else ""
            return f"{group[0].confidence if group else 1:.3f}\t{text}" if self.parsed.confidence else text
        # Groups of equal size, whatever was found, in the form that Moses and its tools have.
        lines = [f"{number} ||| {one.text} ||| {one.score:.4f}" for one in group]
        missing = f"{number} |||  ||| {-math.inf if group else 0.0:.4f}"
        return "\n".join([*lines, *[missing] * (num_best - len(lines))])


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
