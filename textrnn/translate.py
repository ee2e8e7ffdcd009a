"""`python -m textrnn.translate "I am a student"`: translates sentences, without TensorFlow."""

import dataclasses
import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from textrnn.commands import Parser, add_config_options, check_writable, chosen_options, print_result, read_prompt, run
from textrnn.errors import TextrnnError
from textrnn.inference.beam_search import BeamOptions
from textrnn.inference.sampling import SamplingOptions
from textrnn.inference.translation import SAMPLING_NAMES, Translation
from textrnn.tasks.translator import Translator

__all__ = ["command"]

DEFAULT_MODEL = "eng-spa"
LINES_AT_ONCE = 1000


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn translate", description="Translates sentences with a trained translator.")
    parser.add_argument("text", nargs="+", help="sentences to translate; - reads them from standard input, one a line")
    parser.add_argument(
        "--model",
        action="append",
        help=f"a shipped model or a directory ({DEFAULT_MODEL}); several of one vocabulary are averaged",
    )
    parser.add_argument("--attention", metavar="PNG", help="draw which source words each word came from")
    parser.add_argument("--explain", action="store_true", help="show each token's probability and source")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_config_options(parser, BeamOptions, skip=["allow_unknown"])
    others = [field.name for field in dataclasses.fields(SamplingOptions) if field.name not in SAMPLING_NAMES]
    add_config_options(parser, SamplingOptions, skip=others, title="draw a translation instead of searching for one")
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Translates; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    options = {**chosen_options(parsed, BeamOptions), **chosen_options(parsed, SamplingOptions)}
    check_writable(parsed.attention)
    translator = Translator.load(*(parsed.model or [DEFAULT_MODEL]))
    if parsed.attention and (len(parsed.text) > 1 or parsed.text == ["-"]):
        raise TextrnnError("--attention draws one translation. Pass one sentence.")
    texts = ((text, read_prompt(text)) for text in parsed.text)
    sentences = (line for text, read in texts for line in (read.split("\n") if text == "-" else [read]))
    results: list[dict[str, Any]] = []
    for chunk in chunks(sentences):
        groups = translator.translations(chunk, **options)
        if parsed.json:
            results.extend(as_dict(sentence, group) for sentence, group in zip(chunk, groups, strict=True))
            continue
        for group in groups:
            print("\n".join(explanation(one) if parsed.explain else one.text for one in group), flush=True)
        if parsed.attention and groups[0]:
            from textrnn import plots

            best = groups[0][0]
            plots.attention(best.source_tokens, best.tokens, best.attention, parsed.attention)
    if parsed.json:
        print_result({"model": parsed.model or [DEFAULT_MODEL], "results": results}, True)


def chunks(sentences: Iterator[str]) -> Iterator[list[str]]:
    """Groups sentences, so that the first translations of a long input come soon."""
    while group := list(itertools.islice(sentences, LINES_AT_ONCE)):
        yield group


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


def as_dict(sentence: str, group: list[Translation]) -> dict[str, Any]:
    """Returns what `--json` prints for one sentence."""
    return {
        "source": sentence,
        "translations": [
            {
                **{name: getattr(one, name) for name in ("text", "score", "log_probability")},
                **{name: list(getattr(one, name)) for name in ("source_tokens", "tokens", "probabilities")},
                "attention": one.attention.round(4).tolist(),
            }
            for one in group
        ],
    }


if __name__ == "__main__":
    sys.exit(run(command))
