"""`python -m textrnn.generate "To be or not to"`: continues a prompt, without TensorFlow."""

import argparse
import dataclasses
import functools
import re
import sys
from collections.abc import Sequence
from typing import Any

from textrnn.commands import (
    Parser,
    add_config_options,
    argument_text,
    chosen_options,
    print_result,
    run,
    standard_input,
)
from textrnn.errors import TextrnnError
from textrnn.inference.sampling import SamplingOptions
from textrnn.jobs.blocks import Block
from textrnn.jobs.outputs import Answer, Outputs
from textrnn.line_commands import add_line_options, answer_lines, check_outputs
from textrnn.preprocessing.corpora import separator_line
from textrnn.tasks.generations import MAX_ATTEMPTS
from textrnn.tasks.language_model import Generation, LanguageModel

__all__ = ["command"]

DEFAULT_MODEL = "shakespeare"
ESCAPES = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}
SIGNS = {character: sign for sign, character in ESCAPES.items()}
TEXTS_AT_ONCE = 64


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn generate", description="Continues a prompt with a trained language model.")
    parser.add_argument("prompt", nargs="*", help="text to continue; several make one batch; - reads standard input")
    add_line_options(parser, r"continue (\n, \t and \\ are read in them)", r"texts, one a line (with \n, \t and \\)")
    parser.add_argument("--model", default=DEFAULT_MODEL, help=f"a shipped model or a directory ({DEFAULT_MODEL})")
    parser.add_argument("--num-samples", type=int, default=1, help="how many texts to make for each prompt")
    parser.add_argument(
        "--new-only",
        action="store_true",
        help="draw texts again that stand in the training text, as far as its record tells",
    )
    parser.add_argument("--unique", action="store_true", help="draw texts again that were written before")
    parser.add_argument("--interactive", action="store_true", help="write together: choose among the next words")
    parser.add_argument("--explain", action="store_true", help="show each token's probability and three alternatives")
    parser.add_argument("--memorisation", action="store_true", help="report how much stands in the training text")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_config_options(parser, SamplingOptions, title=r"SamplingOptions options; \n, \t and \\ are read in strings")
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Generates text; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    options = chosen_options(parsed, SamplingOptions)
    for name in ("stop", "banned"):
        if name in options:
            options[name] = tuple(unescaped(text) for text in options[name])
    SamplingOptions(**options)  # what is wrong is better known before standard input is read
    if parsed.interactive:
        check_interactive(parsed)
    if parsed.input is not None:
        continue_lines(parsed, options)
        return
    check_input_options(parsed)
    prompts = [prompt_text(prompt) for prompt in parsed.prompt] or [""]
    model = LanguageModel.load(parsed.model)
    warn_of_unknown(model, prompts)
    if parsed.interactive:
        from textrnn.interactive import converse

        converse(model, prompts[0], options)
    elif len(prompts) == parsed.num_samples == 1 and not needs_whole_texts(parsed):
        for text in model.stream(prompts[0], **options):
            print(text, end="", flush=True)
        print()
    else:
        print_generations(model, prompts, options, parsed)


def prompt_text(prompt: str) -> str:
    """Returns a prompt as it was typed, since it stands in the output; or standard input for "-", as files are read."""
    return "".join(standard_input()).removesuffix("\n") if prompt == "-" else argument_text(prompt)


def unescaped(text: str) -> str:
    r"""Returns what a person means who types a newline as `\n`, a tab as `\t` and a backslash as `\\`."""
    return re.sub(r"\\[nt\\]", lambda found: ESCAPES[found[0]], text)


def escaped(text: str) -> str:
    """Returns a text in one line, with what `unescaped` reads in place of newlines, tabs and backslashes."""
    return re.sub(r"[\n\t\\]", lambda found: SIGNS[found[0]], text)


def needs_whole_texts(parsed: argparse.Namespace, but_json: bool = False) -> bool:
    """Says whether a text must be complete before it can be printed, perhaps but for --json."""
    result: bool = parsed.explain or parsed.memorisation or parsed.new_only or parsed.unique
    return result or (parsed.json and not but_json)


def check_interactive(parsed: argparse.Namespace) -> None:
    """Raises `TextrnnError` for what does not go with --interactive."""
    if needs_whole_texts(parsed) or parsed.num_samples != 1 or len(parsed.prompt) > 1 or parsed.prompt == ["-"]:
        raise TextrnnError(
            "--interactive goes on from one typed prompt, and reads standard input itself. Leave out further prompts, "
            "-, --num-samples, --new-only, --unique, --explain, --memorisation and --json."
        )


def check_input_options(parsed: argparse.Namespace) -> None:
    """Raises `TextrnnError` for options that are for --input alone."""
    for name in ("output", "resume"):
        if getattr(parsed, name):
            raise TextrnnError(
                f"--{name} is for --input FILE, whose lines are prompts. One text goes to a file with >."
            )
    if parsed.jobs != 1:
        raise TextrnnError("--jobs is for --input FILE, whose lines are prompts.")


def continue_lines(parsed: argparse.Namespace, options: dict[str, Any]) -> None:
    """Continues each line of files."""
    if parsed.prompt or parsed.interactive or needs_whole_texts(parsed, but_json=True):
        raise TextrnnError(
            "--input continues each line of a file, and no more. Leave out further prompts, --interactive, --new-only, "
            "--unique, --explain and --memorisation."
        )
    if parsed.resume and parsed.seed is None:
        raise TextrnnError("--resume needs the --seed of the first time: without one, the texts are others each time.")
    check_outputs(parsed)
    outputs = Outputs([parsed.output], [None if parsed.json else parsed.num_samples], parsed.resume, parsed.input)
    answer_lines(parsed, functools.partial(BlockWriter, parsed, options), outputs)


class BlockWriter:
    """Continues the prompts of blocks of lines. What is drawn for a line depends on its number and the seed.

    Args:
        parsed: The command line.
        options: How to draw.
    """

    def __init__(self, parsed: argparse.Namespace, options: dict[str, Any]) -> None:
        self.parsed = parsed
        self.options = options
        self.model = LanguageModel.load(parsed.model)

    def __call__(self, block: Block) -> Answer:
        """Continues the prompts of a block."""
        prompts = [unescaped(line) for line in block.lines]
        number = self.parsed.num_samples
        at_once = max(TEXTS_AT_ONCE // number, 1)
        results = []
        for start in range(0, len(prompts), at_once):
            some = prompts[start : start + at_once]
            first = [number * (block.start + start + index) for index in range(len(some))]
            groups = self.model.generations(some, num_samples=number, first_samples=first, **self.options)
            results += [result for group in groups for result in group]
        if self.parsed.json:
            described = tuple(as_dict(self.model, result, self.parsed) for result in results)
            return Answer(block.start, block.end, ("",), results=described)
        return Answer(block.start, block.end, ("".join(f"{escaped(result.text)}\n" for result in results),))


def print_generations(
    model: LanguageModel, prompts: list[str], options: dict[str, Any], parsed: argparse.Namespace
) -> None:
    """Prints several texts, or what is known about them."""
    chosen = {name: getattr(parsed, name) for name in ("num_samples", "explain", "new_only", "unique")}
    groups = model.generations(prompts, **chosen, **options)
    results = [result for group in groups for result in group]
    missing = parsed.num_samples * len(prompts) - len(results)
    if missing:
        print(
            f"note: {missing} of {len(results) + missing} samples are missing: each of {MAX_ATTEMPTS} attempts gave a "
            "text that was not wanted. A higher --temperature or --top-p gives more.",
            file=sys.stderr,
        )
    if parsed.json:
        print_result({"model": parsed.model, "results": [as_dict(model, result, parsed) for result in results]}, True)
        return
    texts = [explanation(result) if parsed.explain else result.text for result in results]
    documents = model.config.documents
    if documents == "line" and not parsed.explain:
        print("\n".join(texts))
        if parsed.memorisation:
            print(f"\n{model.memorisation(texts)}")
        return
    if parsed.memorisation:
        reports = [str(model.memorisation([result.text])) for result in results]
        texts = [f"{text}\n\n{report}" for text, report in zip(texts, reports, strict=True)]
    print(separator(documents, parsed).join(texts))


def separator(documents: str | None, parsed: argparse.Namespace) -> str:
    """Returns what stands between two samples: the line that stands between a model's documents, or dashes."""
    if documents in (None, "line", "file", "item") or parsed.explain or parsed.memorisation:
        return "\n\n" + "-" * 20 + "\n\n"
    return f"\n{separator_line(str(documents))}\n"


def warn_of_unknown(model: LanguageModel, prompts: list[str]) -> None:
    """Says once on standard error which parts of the prompts the model does not know."""
    unknown = list(dict.fromkeys(token for prompt in prompts for token in model.unknown_in_prompt(prompt)))
    if unknown:
        shown = ", ".join(repr(token) for token in unknown[:10]) + (", ..." if len(unknown) > 10 else "")
        print(f"note: not in the model's vocabulary, read as unknown: {shown}", file=sys.stderr)


def explanation(result: Generation) -> str:
    """Returns one line per token: the token, its probability, and what else was likely."""
    lines = [result.text, ""]
    for choice in result.choices:
        others = "  ".join(f"{text!r} {100 * probability:.1f}%" for text, probability in choice.alternatives)
        lines.append(f"{choice.token!r:>16} {100 * choice.probability:5.1f}%   {others}")
    return "\n".join(lines)


def as_dict(model: LanguageModel, result: Generation, parsed: Any) -> dict[str, Any]:
    """Returns what `--json` prints for one text."""
    content: dict[str, Any] = {
        "prompt": result.prompt,
        "text": result.text,
        "finish_reason": result.finish_reason,
        "num_tokens": len(result.token_ids),
        "unknown": list(result.unknown),
    }
    if parsed.explain:
        content["choices"] = [dataclasses.asdict(choice) for choice in result.choices]
    if parsed.memorisation:
        content["memorisation"] = dataclasses.asdict(model.memorisation([result.text]))
    return content


if __name__ == "__main__":
    sys.exit(run(command))
