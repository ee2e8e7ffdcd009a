"""`python -m textrnn.generate "To be or not to"`: continues a prompt, without TensorFlow."""

import dataclasses
import sys
from collections.abc import Sequence
from typing import Any

from textrnn.commands import Parser, add_config_options, chosen_options, print_result, read_prompt, run
from textrnn.inference.sampling import SamplingOptions
from textrnn.tasks.language_model import Generation, LanguageModel

__all__ = ["command"]

DEFAULT_MODEL = "shakespeare"


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn generate", description="Continues a prompt with a trained language model.")
    parser.add_argument("prompt", nargs="*", help="text to continue; several make one batch; - reads standard input")
    parser.add_argument("--model", default=DEFAULT_MODEL, help=f"a shipped model or a directory ({DEFAULT_MODEL})")
    parser.add_argument("--num-samples", type=int, default=1, help="how many texts to make for each prompt")
    parser.add_argument("--explain", action="store_true", help="show each token's probability and three alternatives")
    parser.add_argument("--memorisation", action="store_true", help="report how much stands in the training corpus")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_config_options(parser, SamplingOptions)
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Generates text; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    prompts = [read_prompt(prompt) for prompt in parsed.prompt] or [""]
    options = chosen_options(parsed, SamplingOptions)
    model = LanguageModel.load(parsed.model)
    warn_of_unknown(model, prompts)
    plain = not (parsed.json or parsed.explain or parsed.memorisation)
    if plain and len(prompts) == 1 and parsed.num_samples == 1:
        for text in model.stream(prompts[0], **options):
            print(text, end="", flush=True)
        print()
        return
    groups = model.generations(prompts, num_samples=parsed.num_samples, explain=parsed.explain, **options)
    results = [result for group in groups for result in group]
    if parsed.json:
        print_result({"model": parsed.model, "results": [as_dict(model, result, parsed) for result in results]}, True)
        return
    for number, result in enumerate(results):
        if number:
            print("\n" + "-" * 20 + "\n")
        print(explanation(result) if parsed.explain else result.text)
        if parsed.memorisation:
            print(f"\n{model.memorisation(result.text)}")


def warn_of_unknown(model: LanguageModel, prompts: list[str]) -> None:
    """Says once on standard error which parts of the prompts the model does not know."""
    unknown = list(dict.fromkeys(token for prompt in prompts for token in model.unknown_tokens(prompt)))
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
    }
    if parsed.explain:
        content["choices"] = [dataclasses.asdict(choice) for choice in result.choices]
    if parsed.memorisation:
        content["memorisation"] = dataclasses.asdict(model.memorisation(result.text))
    return content


if __name__ == "__main__":
    sys.exit(run(command))
