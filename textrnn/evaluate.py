"""`python -m textrnn.evaluate KIND ...`: scores a model on text, a text against a model, or translations."""

import argparse
import dataclasses
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

from textrnn.commands import (
    Parser,
    add_config_options,
    check_writable,
    chosen_options,
    parsed_by_kind,
    print_result,
    run,
)
from textrnn.inference.beam_search import BeamOptions
from textrnn.preprocessing import corpora
from textrnn.progress import Progress

__all__ = ["command"]


def add_shared_options(parser: Parser) -> None:
    """Adds what all kinds have."""
    parser.add_argument("--encoding", default="utf-8", help="encoding of the files (default utf-8)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_perplexity_options(parser: Parser) -> None:
    """Adds the options for scoring a language model."""
    add_memorisation_options(parser)
    parser.add_argument(
        "--window", type=int, help="tokens per window that starts cold (default 4096); 0 carries the state through"
    )


def add_memorisation_options(parser: Parser) -> None:
    """Adds the options for finding what was copied from the training corpus."""
    parser.add_argument("corpus", nargs="+", type=pathlib.Path, help="text files, directories, or - for standard input")
    parser.add_argument("--model", required=True, help="a shipped model or a directory")
    add_shared_options(parser)


def add_score_options(parser: Parser) -> None:
    """Adds what both kinds of scoring translations have."""
    parser.add_argument("--references", required=True, nargs="+", help="reference translations, one or more files")
    parser.add_argument("--tokenize", default="13a", help="sacreBLEU's tokenizer (13a); none for tokenised text")
    parser.add_argument("--lowercase", action="store_true", help="ignore case")
    parser.add_argument("--bootstrap", type=int, default=0, metavar="N", help="confidence interval from N samples")
    parser.add_argument("--by-length", action="store_true", help="also BLEU for short to long sources (--source)")
    parser.add_argument("--plot", metavar="PNG", help="draw BLEU by source length (--source)")
    add_shared_options(parser)


def add_bleu_options(parser: Parser) -> None:
    """Adds the options for scoring a file of translations."""
    parser.add_argument("hypotheses", help="translations to score, one a line")
    parser.add_argument("--source", help="the source sentences, for --by-length and --plot")
    parser.add_argument("--baseline", help="another system's translations, to test the difference for significance")
    parser.add_argument("--sentences", action="store_true", help="also print the BLEU of each sentence")
    add_score_options(parser)


def add_translation_options(parser: Parser) -> None:
    """Adds the options for translating a file and scoring that."""
    parser.add_argument("--source", required=True, help="sentences to translate, one a line")
    parser.add_argument("--model", required=True, action="append", help="a shipped model or a directory; or several")
    parser.add_argument("--save", metavar="FILE", help="where to write the translations")
    add_score_options(parser)
    add_config_options(parser, BeamOptions, skip=["allow_unknown", "num_best"])


KINDS = {
    "perplexity": ("how well a language model predicts a text", add_perplexity_options),
    "memorisation": ("how much of a text stands in a model's training corpus", add_memorisation_options),
    "bleu": ("how close translations come to references", add_bleu_options),
    "translation": ("how well a translator translates a file", add_translation_options),
}


def evaluate_language_model(parsed: argparse.Namespace) -> None:
    """Prints perplexity or memorisation."""
    from textrnn.tasks.language_model import LanguageModel

    model = LanguageModel.load(parsed.model)
    corpus = corpora.read(parsed.corpus, parsed.encoding)
    if parsed.kind == "memorisation":
        report = model.memorisation(corpus)
        print_result(dataclasses.asdict(report) if parsed.json else report, parsed.json)
        return
    evaluation = model.evaluate(corpus, window=parsed.window, progress=Progress())
    derived = {"perplexity": evaluation.perplexity, "bits_per_character": evaluation.bits_per_character}
    print_result({**dataclasses.asdict(evaluation), **derived} if parsed.json else evaluation, parsed.json)


def lines_of(path: str, encoding: str) -> list[str]:
    """Returns the lines of a file."""
    return list(corpora.read(path, encoding).lines())


def evaluate_translation(parsed: argparse.Namespace) -> None:
    """Translates a file and prints the scores."""
    from textrnn.evaluation.bleu import checked
    from textrnn.tasks.translator import Translator

    check_writable(parsed.save)
    sources = lines_of(parsed.source, parsed.encoding)
    references = [lines_of(path, parsed.encoding) for path in parsed.references]
    checked(sources, references)  # unequal counts are better known before than after translating
    translator = Translator.load(*parsed.model)
    hypotheses = translator.translate(sources, **chosen_options(parsed, BeamOptions))
    if parsed.save:
        with open(parsed.save, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in hypotheses)
    print_scores(list(hypotheses), references, sources, parsed)


def evaluate_bleu(parsed: argparse.Namespace) -> None:
    """Prints the scores of a file of translations."""
    from textrnn.errors import TextrnnError
    from textrnn.evaluation import bleu

    hypotheses = lines_of(parsed.hypotheses, parsed.encoding)
    references = [lines_of(path, parsed.encoding) for path in parsed.references]
    if (parsed.by_length or parsed.plot) and not parsed.source:
        raise TextrnnError("--by-length and --plot need --source, the sentences whose lengths count.")
    sources = lines_of(parsed.source, parsed.encoding) if parsed.source else []
    more: dict[str, Any] = {}
    if parsed.sentences:
        bleu.checked(hypotheses, references)
        groups = zip(*references, strict=True)
        more["sentences"] = [bleu.sentence_bleu(h, list(r)) for h, r in zip(hypotheses, groups, strict=True)]
    if parsed.baseline:
        baseline = lines_of(parsed.baseline, parsed.encoding)
        more["comparison"] = bleu.compare(
            baseline, hypotheses, references, tokenize=parsed.tokenize, lowercase=parsed.lowercase
        )
    print_scores(hypotheses, references, sources, parsed, more)


def print_scores(
    hypotheses: list[str],
    references: list[list[str]],
    sources: list[str],
    parsed: argparse.Namespace,
    more: dict[str, Any] | None = None,
) -> None:
    """Prints BLEU, chrF and TER, and what else was asked for."""
    from textrnn.evaluation.bleu import bleu_by_length, translation_scores

    how = {"tokenize": parsed.tokenize, "lowercase": parsed.lowercase}
    content: dict[str, Any] = {
        "scores": translation_scores(hypotheses, references, num_bootstrap=parsed.bootstrap, **how),
        **(more or {}),
    }
    if parsed.by_length or parsed.plot:
        content["by_length"] = bleu_by_length(sources, hypotheses, references, **how)
    if parsed.plot:
        from textrnn import plots

        plots.bleu_by_length(content["by_length"], parsed.plot)
    if parsed.json:
        print_result({name: plain(value) for name, value in content.items()}, True)
        return
    for score in content.pop("sentences", []):
        print(f"{score:6.2f}")
    for value in content.values():
        print("\n".join(map(str, value)) if isinstance(value, list) else value)


def plain(value: Any) -> Any:
    """Returns what JSON can hold of a result."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value


def command(arguments: Sequence[str] | None = None) -> None:
    """Scores; raises `TextrnnError` for bad input."""
    parsed = parsed_by_kind("textrnn evaluate", KINDS, arguments)
    check_writable(getattr(parsed, "plot", None))
    if parsed.kind == "bleu":
        evaluate_bleu(parsed)
    elif parsed.kind == "translation":
        evaluate_translation(parsed)
    else:
        evaluate_language_model(parsed)


if __name__ == "__main__":
    sys.exit(run(command))
