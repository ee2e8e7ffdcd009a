"""`python -m textrnn.evaluate KIND ...`: scores a model on text, a text against a model, or translations."""

import argparse
import dataclasses
import functools
import os
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

from textrnn.commands import (
    RAW_HELP,
    Parser,
    add_config_options,
    add_series_options,
    check_writable,
    chosen_options,
    parsed_by_kind,
    print_result,
    run,
    series_options,
)
from textrnn.errors import TextrnnError
from textrnn.evaluation.bleu_tokenizers import TOKENIZERS
from textrnn.evaluation.hardest import FEWEST_CHARACTERS
from textrnn.inference.beam_search import BeamOptions
from textrnn.inference.recognition import DecodingOptions
from textrnn.jobs.blocks import Block, LineQueue
from textrnn.jobs.crews import crew
from textrnn.line_commands import add_jobs_option
from textrnn.preprocessing import corpora, files
from textrnn.progress import Progress
from textrnn.wording import counted

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
    parser.add_argument("--explain", action="store_true", help="show the lines that are predicted worst")
    add_jobs_option(parser)


def add_memorisation_options(parser: Parser) -> None:
    """Adds the options for finding what was copied from the training corpus."""
    parser.add_argument("corpus", nargs="+", type=pathlib.Path, help="text files, directories, or - for standard input")
    parser.add_argument("--model", required=True, help="a shipped model or a directory")
    add_shared_options(parser)


def add_score_options(parser: Parser) -> None:
    """Adds what both kinds of scoring translations have."""
    parser.add_argument("--references", required=True, nargs="+", help="reference translations, one or more files")
    parser.add_argument(
        "--tokenize",
        metavar="NAME",
        help=f"sacreBLEU's tokenizer: {', '.join(TOKENIZERS)}; none is for tokenised text (default: by the script, 13a "
        "for text with spaces)",
    )
    parser.add_argument("--lowercase", action="store_true", help="ignore case in all scores")
    parser.add_argument(
        "--effective-order", action="store_true", help="leave out n-grams that all translations are too short for"
    )
    parser.add_argument("--bootstrap", type=int, default=0, metavar="N", help="confidence interval from N samples")
    parser.add_argument("--by-length", action="store_true", help="also BLEU for short to long sources (--source)")
    parser.add_argument("--plot", metavar="PICTURE", help="draw BLEU by source length (--source)")
    parser.add_argument("--explain", action="store_true", help="show the translations with the lowest chrF")
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
    add_jobs_option(parser)
    parser.add_argument("--model", required=True, action="append", help="a shipped model or a directory; or several")
    parser.add_argument("--save", metavar="FILE", help="where to write the translations")
    parser.add_argument("--raw", action="store_true", help=RAW_HELP)
    add_score_options(parser)
    add_config_options(parser, BeamOptions, skip=["allow_unknown", "num_best"])


def add_classification_options(parser: Parser) -> None:
    """Adds the options for scoring a classifier."""
    parser.add_argument("data", help="labelled texts: a CSV, TSV or JSON lines file, or a folder for each class")
    parser.add_argument("--model", required=True, help="the directory of a classifier")
    parser.add_argument("--text", help="column of the texts, by name or by number from 1 (default: found)")
    parser.add_argument("--label", help="column of the labels, by name or by number from 1 (default: found)")
    parser.add_argument("--training", help="the training data, to compare with a logistic regression on their words")
    parser.add_argument("--confusion", metavar="PICTURE", help="draw which classes are taken for which")
    parser.add_argument("--explain", action="store_true", help="show the texts whose labels are the least probable")
    add_jobs_option(parser)
    add_shared_options(parser)


def add_recognition_options(parser: Parser) -> None:
    """Adds the options for scoring a recogniser, or transcriptions."""
    parser.add_argument("clips", nargs="?", help="clips and their texts: a manifest, or a folder for each text")
    parser.add_argument("--model", help="a shipped recogniser or a directory")
    parser.add_argument("--language-model", metavar="NAME|DIR", help="a language model that it is used with")
    parser.add_argument("--lexicon", metavar="FILE|none", help="the words that it may write; see textrnn transcribe")
    parser.add_argument("--hypotheses", metavar="FILE", help="transcriptions to score, one a line")
    parser.add_argument("--references", metavar="FILE", help="what was said, one text a line")
    parser.add_argument("--lowercase", action="store_true", help="ignore case")
    parser.add_argument("--explain", action="store_true", help="show the texts with the highest error rates")
    parser.add_argument(
        "--bootstrap", type=int, default=1000, metavar="N", help="samples of the 95%% intervals (default 1000; 0: none)"
    )
    add_jobs_option(parser)
    add_shared_options(parser)
    add_config_options(parser, DecodingOptions)


def add_forecast_options(parser: Parser) -> None:
    """Adds the options for scoring a forecaster."""
    parser.add_argument("series", help="CSV, TSV or JSON lines file, or -, whose end was not trained on")
    parser.add_argument("--model", required=True, help="the directory of a forecaster")
    parser.add_argument("--windows", type=int, help="windows at the end to forecast (default: what fits into a fifth)")
    parser.add_argument("--stride", type=int, help="steps between their beginnings (default: the horizon)")
    add_series_options(parser)
    parser.add_argument("--explain", action="store_true", help="show the windows that are forecast worst")
    add_jobs_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def evaluate_memorisation(parsed: argparse.Namespace) -> None:
    """Prints how much of a text was copied."""
    from textrnn.tasks.language_model import LanguageModel

    report = LanguageModel.load(parsed.model).memorisation(corpora.read(parsed.corpus, parsed.encoding))
    print_result({"notes": [], **dataclasses.asdict(report)} if parsed.json else report, parsed.json)


def evaluate_perplexity(parsed: argparse.Namespace) -> None:
    """Prints how well a language model predicts a text."""
    from textrnn.tasks.language_model import LanguageModel

    model = LanguageModel.load(parsed.model)
    corpus = corpora.read(parsed.corpus, parsed.encoding)
    how = {"window": parsed.window, "explain": parsed.explain, "jobs": parsed.jobs}
    evaluation = model.evaluate(corpus, **how, progress=Progress())
    content = dataclasses.asdict(evaluation)
    if not parsed.explain:
        del content["hardest"]
    derived = {name: getattr(evaluation, name) for name in ("perplexity", "bits_per_character", "notes")}
    print_result({**content, **derived} if parsed.json else evaluation, parsed.json)
    if parsed.explain and not evaluation.hardest:
        print(
            f"note: --explain shows lines of {FEWEST_CHARACTERS} characters or more; there are none.", file=sys.stderr
        )


@dataclasses.dataclass(frozen=True)
class Sentences:
    """The lines of a file, and what one of them is: such as a "source", "hypothesis" or "reference"."""

    path: str
    noun: str
    lines: list[str]


def read_sentences(path: str, noun: str, encoding: str, beside: Sentences | None = None) -> Sentences:
    """Reads a file, blank lines too; only hypotheses may be nothing but blank lines.

    Args:
        path: The file, or "-" for standard input; it is read once, so that a pipe will do.
        noun: What a line is.
        encoding: The encoding.
        beside: Sentences that it must have as many of.
    """
    if path == "-":
        lines = [line.removesuffix("\n") for line in files.decoded_stream(sys.stdin.buffer, encoding)]
    elif os.path.exists(path) and not os.path.isdir(path):
        lines = list(files.decoded_lines(path, encoding))
    else:
        lines = list(corpora.read(path, encoding).lines())
    found = Sentences(path, noun, lines)
    if not lines or (not noun.endswith("hypothesis") and not any(map(str.strip, lines))):
        raise TextrnnError(f"There is no text in {path}: nothing but white space. Pass a file with text.")
    if beside is not None:
        check_same_number(beside, found)
    return found


def check_same_number(first: Sentences, second: Sentences) -> None:
    """Raises `TextrnnError`, which names both files, if they have different numbers of lines."""
    if len(first.lines) == len(second.lines):
        return
    numbers = " and ".join(counted(len(one.lines), one.noun) for one in (first, second))
    blank = [one.path for one in (first, second) if not any(map(str.strip, one.lines))]
    raise TextrnnError(
        f"{first.path} and {second.path}: received {numbers}. Line i of one must belong to line i of the other."
        + "".join(f" There is no text in {path}, only blank lines." for path in blank)
    )


def read_references(parsed: argparse.Namespace, beside: Sentences) -> list[list[str]]:
    """Returns the lines of each reference file, and settles which tokenizer fits them."""
    from textrnn.evaluation.bleu_tokenizers import chosen_tokenizer

    sets = [read_sentences(path, "reference", parsed.encoding, beside).lines for path in parsed.references]
    parsed.tokenize = chosen_tokenizer(parsed.tokenize, [sentence for one in sets for sentence in one])
    return sets


def block_translator(parsed: argparse.Namespace) -> Callable[[Block], list[str]]:
    """Returns what translates the lines of a block."""
    from textrnn.tasks.translator import Translator

    translator = Translator.load(*parsed.model)
    options = chosen_options(parsed, BeamOptions)
    return lambda block: list(translator.translate(block.lines, raw=parsed.raw, **options))


def evaluate_translation(parsed: argparse.Namespace) -> None:
    """Translates a file and prints the scores."""
    check_writable(parsed.save, read=[parsed.source, *parsed.references])
    sources = read_sentences(parsed.source, "source", parsed.encoding)
    references = read_references(parsed, sources)  # what is wrong there is better known before than after translating
    hypotheses: list[str] = []
    with crew(functools.partial(block_translator, parsed), hypotheses.extend, parsed.jobs) as workers:
        LineQueue(workers.put).read(sources.path, sources.lines)
    if parsed.save:
        with open(parsed.save, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in hypotheses)
    print_scores(hypotheses, references, sources.lines, parsed)


def evaluate_bleu(parsed: argparse.Namespace) -> None:
    """Prints the scores of a file of translations."""
    from textrnn.evaluation import bleu

    hypotheses = read_sentences(parsed.hypotheses, "hypothesis", parsed.encoding)
    references = read_references(parsed, hypotheses)
    if (parsed.by_length or parsed.plot) and not parsed.source:
        raise TextrnnError("--by-length and --plot need --source, the sentences whose lengths count.")
    sources = read_sentences(parsed.source, "source", parsed.encoding, hypotheses).lines if parsed.source else []
    more: dict[str, Any] = {}
    if parsed.sentences:
        how = {"tokenize": parsed.tokenize, "lowercase": parsed.lowercase}
        more["sentences"] = bleu.sentence_bleus(hypotheses.lines, references, **how)
    if parsed.baseline:
        baseline = read_sentences(parsed.baseline, "baseline hypothesis", parsed.encoding, hypotheses)
        more["comparison"] = bleu.compare(baseline.lines, hypotheses.lines, references, **settings(parsed))
    print_scores(hypotheses.lines, references, sources, parsed, more)


def evaluate_classifier(parsed: argparse.Namespace) -> None:
    """Prints how well a classifier does."""
    from textrnn.tasks.classifier import Classifier

    check_writable(parsed.confusion, is_picture=True)
    classifier = Classifier.load(parsed.model)
    names = ("text", "label", "training", "encoding", "explain", "jobs")
    found = classifier.evaluate(parsed.data, **{name: getattr(parsed, name) for name in names})
    if parsed.confusion:
        from textrnn import plots

        plots.confusion(found.confusion, [str(label) for label in classifier.labels], parsed.confusion)
    print_result(found.to_dict() if parsed.json else found, parsed.json)


def evaluate_forecaster(parsed: argparse.Namespace) -> None:
    """Prints how well a forecaster does, beside what needs no network."""
    from textrnn.tasks.forecaster import Forecaster

    forecaster = Forecaster.load(parsed.model)
    how = {name: getattr(parsed, name) for name in ("windows", "stride", "explain", "jobs")}
    found = forecaster.evaluate(parsed.series, **how, **series_options(parsed))
    print_result(found.to_dict() if parsed.json else found, parsed.json)


def evaluate_recogniser(parsed: argparse.Namespace) -> None:
    """Prints how many errors a recogniser makes, or how many transcriptions have."""
    given = {name for name in ("clips", "model", "hypotheses", "references") if getattr(parsed, name)}
    decoding = {**chosen_options(parsed, DecodingOptions), "language_model": parsed.language_model}
    decoding["lexicon"] = parsed.lexicon
    how = {"num_bootstrap": parsed.bootstrap, "explain": parsed.explain, "lowercase": parsed.lowercase}
    if given == {"clips", "model"}:
        from textrnn.tasks.recogniser import Recogniser

        how |= {"encoding": parsed.encoding, "jobs": parsed.jobs}
        found = Recogniser.load(parsed.model).evaluate(parsed.clips, **decoding, **how)
    elif given == {"hypotheses", "references"}:
        found = scored_transcriptions(parsed, how)
    else:
        raise TextrnnError(
            "Pass clips and a model: textrnn evaluate recognition manifest.tsv --model DIR; or transcriptions: textrnn "
            "evaluate recognition --hypotheses FILE --references FILE"
        )
    print_result(found.to_dict() if parsed.json else found, parsed.json)


def scored_transcriptions(parsed: argparse.Namespace, how: dict[str, Any]) -> Any:
    """Returns the error rates of a file of transcriptions."""
    from textrnn.evaluation import recognition

    hypotheses = read_sentences(parsed.hypotheses, "hypothesis", parsed.encoding)
    references = read_sentences(parsed.references, "reference", parsed.encoding, hypotheses)
    names = [f"line {number}" for number in range(1, len(references.lines) + 1)]
    return recognition.evaluate(hypotheses.lines, references.lines, names=names, **how)


def settings(parsed: argparse.Namespace) -> dict[str, Any]:
    """Returns how BLEU is to be counted."""
    return {name: getattr(parsed, name) for name in ("tokenize", "lowercase", "effective_order")}


def print_scores(
    hypotheses: list[str],
    references: list[list[str]],
    sources: list[str],
    parsed: argparse.Namespace,
    more: dict[str, Any] | None = None,
) -> None:
    """Prints BLEU, chrF and TER, and what else was asked for."""
    from textrnn.evaluation.bleu import bleu_by_length, translation_scores

    how = {"num_bootstrap": parsed.bootstrap, "explain": parsed.explain, **settings(parsed)}
    content: dict[str, Any] = {
        "scores": translation_scores(hypotheses, references, sources=sources, **how),
        **(more or {}),
    }
    if parsed.by_length or parsed.plot:
        content["by_length"] = bleu_by_length(sources, hypotheses, references, **settings(parsed))
    if parsed.plot:
        from textrnn import plots

        plots.bleu_by_length(content["by_length"], parsed.plot)
    if parsed.json:
        notes = list(content["scores"].notes)
        print_result({**{name: plain(value) for name, value in content.items()}, "notes": notes}, True)
        return
    for score in content.pop("sentences", []):
        print(f"{score:6.2f}")
    for value in content.values():
        print("\n".join(map(str, value)) if isinstance(value, list) else value)


def plain(value: Any) -> Any:
    """Returns what JSON can hold of a result; its notes stand beside it."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if name != "notes"}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    return value


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """A kind of scoring.

    Args:
        purpose: What it says.
        add_options: Adds its options to a parser.
        run: Does it.
    """

    purpose: str
    add_options: Callable[[Parser], None]
    run: Callable[[argparse.Namespace], None]


EVALUATIONS = {
    "perplexity": Evaluation("how well a language model predicts a text", add_perplexity_options, evaluate_perplexity),
    "memorisation": Evaluation(
        "how much of a text stands in a model's training corpus", add_memorisation_options, evaluate_memorisation
    ),
    "classification": Evaluation(
        "how well a classifier names the classes of texts", add_classification_options, evaluate_classifier
    ),
    "recognition": Evaluation("how many errors transcriptions have", add_recognition_options, evaluate_recogniser),
    "forecast": Evaluation(
        "how well a forecaster forecasts the end of series", add_forecast_options, evaluate_forecaster
    ),
    "bleu": Evaluation("how close translations come to references", add_bleu_options, evaluate_bleu),
    "translation": Evaluation("how well a translator translates a file", add_translation_options, evaluate_translation),
}


def command(arguments: Sequence[str] | None = None) -> None:
    """Scores; raises `TextrnnError` for bad input."""
    kinds = {name: (one.purpose, one.add_options) for name, one in EVALUATIONS.items()}
    parsed = parsed_by_kind("textrnn evaluate", kinds, arguments)
    check_writable(getattr(parsed, "plot", None), is_picture=True)
    EVALUATIONS[parsed.kind].run(parsed)


if __name__ == "__main__":
    sys.exit(run(command))
