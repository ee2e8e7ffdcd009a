"""`python -m textrnn.train language-model FILE... --output DIR`: trains a language model or a translator."""

import argparse
import dataclasses
import json
import os
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

from textrnn.commands import (
    Parser,
    add_config_options,
    add_device_option,
    add_series_options,
    chosen_options,
    parsed_by_kind,
    run,
)
from textrnn.config import (
    NETWORKS,
    ClassifierConfig,
    ClassifierTrainingConfig,
    ForecasterConfig,
    ForecasterTrainingConfig,
    NetworkConfig,
    RecogniserConfig,
    RecogniserTrainingConfig,
    TrainingConfig,
    TranslatorConfig,
    TranslatorTrainingConfig,
    classifier,
    forecaster,
    recogniser,
)
from textrnn.config.cluster import RAY_VARIABLE, Cluster
from textrnn.config.kinds import KINDS
from textrnn.cores import num_cores
from textrnn.errors import TextrnnError
from textrnn.storage import CHECKPOINT, checkpoint_time, read_options
from textrnn.tasks.local_workers import LocalWorkers, end_with_launcher
from textrnn.tasks.ray_workers import train_on_ray
from textrnn.tasks.transfer import NO_MODEL

__all__ = ["command"]

MOST_WORKERS = 1024
TEXT_OPTIONS = ("validation", "validation_fraction", "encoding", "half_precision", "device")
LANGUAGE_MODEL_OPTIONS = ("network", "level", "lowercase", "split_by", "column", "documents", "sample_prompt")
TRANSLATOR_OPTIONS = ("level", "vocabulary_size", "lowercase", "validation_target", "columns", "reverse")
FORECASTER_OPTIONS = ("network", "column", "time", "group", "known", "missing")
RECOGNISER_OPTIONS = ("lowercase",)
CLASSIFIER_OPTIONS = ("network", "level", "vocabulary_size", "lowercase", "text", "label")
FIT_OPTIONS = (
    "text",
    "label",
    "split_by",
    "validation_target",
    "sample_prompt",
    "column",
    "documents",
    "columns",
    "reverse",
    "time",
    "group",
    "known",
    "missing",
)


def add_run_options(parser: Parser, more: str = "") -> None:
    """Adds what all kinds have; `more` is what else can be said of an initial model."""
    parser.add_argument("--output", required=True, help="directory for model, checkpoint, history and loss curve")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the output directory")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier run in the output directory")
    parser.add_argument("--config", type=pathlib.Path, help="JSON file with options; those given here override it")
    parser.add_argument(
        "--initial-model",
        help=f"a shipped model or a directory whose weights training goes on from{more}; {NO_MODEL}: random weights",
    )
    parser.add_argument(
        "--workers",
        type=int,
        help="processes that train together, each with its part of a batch: on this computer, or on the Ray cluster "
        f"that {RAY_VARIABLE} names",
    )
    parser.add_argument("--half-precision", action="store_true", default=None, help="save the weights as float16")
    add_device_option(parser)


def add_shared_options(parser: Parser, more: str = "") -> None:
    """Adds what all kinds that read text have; see `add_run_options`."""
    add_run_options(parser, more)
    parser.add_argument("--level", help="tokens: char, word or subword; by default what fits the text")
    parser.add_argument("--lowercase", action="store_true", default=None, help="read and write small letters only")
    parser.add_argument("--encoding", help="encoding of the files (default utf-8)")


def add_language_model_options(parser: Parser) -> None:
    """Adds the options for training a language model."""
    parser.add_argument(
        "corpus", nargs="*", type=pathlib.Path, help="text files (gzip too), directories, tables, - for standard input"
    )
    add_shared_options(parser)
    parser.add_argument("--network", help=f"a ready-made network: {', '.join(NETWORKS)}")
    parser.add_argument(
        "--validation", nargs="+", type=pathlib.Path, help="text to validate on, instead of a part of the corpus"
    )
    parser.add_argument(
        "--validation-fraction",
        type=float,
        help="part of the corpus to validate on; 0 for none, as for a page of running text",
    )
    parser.add_argument("--split-by", help="how that part is chosen: block, document, line or group (whole files)")
    parser.add_argument("--column", help="name or number of the column with the text, in a CSV, TSV or JSON lines file")
    parser.add_argument(
        "--documents",
        help=r"what a document is: line, file, item (a row of a table), or the line between documents ('\n\n': a blank "
        "one); none is running text",
    )
    parser.add_argument("--sample-prompt", help="what the line sampled after each validation continues")
    add_config_options(parser, NetworkConfig, skip=["documents"])
    add_config_options(parser, TrainingConfig)


def add_translator_options(parser: Parser) -> None:
    """Adds the options for training a translator."""
    parser.add_argument(
        "pairs", nargs="?", help="file with tab-separated sentence pairs (CSV, JSON lines), or a name: tatoeba:eng-spa"
    )
    parser.add_argument("--source", help="file with source sentences, one a line, instead of PAIRS")
    parser.add_argument("--target", help="file with the translation of each line of --source")
    parser.add_argument(
        "--columns",
        nargs=2,
        metavar=("SOURCE", "TARGET"),
        help="columns of the sentences and their translations, by number from 1 or by name (default 1 2)",
    )
    parser.add_argument("--reverse", action="store_true", default=None, help="translate from the second language")
    add_shared_options(parser)
    parser.add_argument("--vocabulary-size", type=int, help="most token ids per language (default 8000 subwords)")
    parser.add_argument("--validation", help="pairs, or source sentences, to validate on")
    parser.add_argument("--validation-target", help="file with the translation of each line of --validation")
    parser.add_argument(
        "--validation-fraction", type=float, help="part of the pairs to validate on (default 0.02; 0 trains on all)"
    )
    add_config_options(parser, TranslatorConfig, skip=["source_vocabulary_size", "target_vocabulary_size"])
    add_config_options(parser, TranslatorTrainingConfig)


def add_classifier_options(parser: Parser) -> None:
    """Adds the options for training a classifier."""
    parser.add_argument(
        "data", nargs="?", help="CSV, TSV or JSON lines file, a folder with a folder for each class, or mnist:train"
    )
    parser.add_argument("--network", help=f"a ready-made network: {', '.join(classifier.CLASSIFIERS)}")
    parser.add_argument("--text", help="column of the texts, by name or by number from 1 (default: found)")
    parser.add_argument("--label", help="column of the labels, by name or by number from 1 (default: found)")
    add_shared_options(parser, "; of a language model its tokenizer, embedding and recurrent layers")
    parser.add_argument("--vocabulary-size", type=int, help="most token ids (default: as the text has)")
    parser.add_argument("--validation", help="the same as the data, to validate on")
    parser.add_argument(
        "--validation-fraction", type=float, help="part of the data to validate on (default 0.1; 0 trains on all)"
    )
    add_config_options(parser, ClassifierConfig, skip=classifier.FROM_DATA)
    add_config_options(parser, ClassifierTrainingConfig)


def add_forecaster_options(parser: Parser) -> None:
    """Adds the options for training a forecaster."""
    parser.add_argument("series", nargs="?", help="CSV, TSV or JSON lines file, - for standard input")
    add_series_options(parser)
    add_run_options(parser)
    parser.add_argument("--network", help=f"a ready-made network: {', '.join(forecaster.FORECASTERS)}")
    parser.add_argument(
        "--validation-fraction",
        type=float,
        help="part of the end of each series to validate on and to fit the intervals to (default: by length; never 0)",
    )
    add_config_options(parser, ForecasterConfig, skip=forecaster.FROM_DATA)
    add_config_options(parser, ForecasterTrainingConfig)


def add_recogniser_options(parser: Parser) -> None:
    """Adds the options for training a recogniser of speech."""
    parser.add_argument(
        "clips", nargs="?", help="manifest (path of a WAV file, tab, text), or a folder with a folder for each text"
    )
    add_run_options(parser)
    parser.add_argument("--validation", help="the same as the clips, to validate on")
    parser.add_argument(
        "--validation-fraction", type=float, help="part of the clips to validate on (default 0.1; 0 trains on all)"
    )
    parser.add_argument(
        "--lowercase", action=argparse.BooleanOptionalAction, default=None, help="write small letters only (default)"
    )
    parser.add_argument("--encoding", help="encoding of the manifest (default utf-8)")
    add_config_options(parser, RecogniserConfig, skip=recogniser.FROM_DATA)
    add_config_options(parser, RecogniserTrainingConfig)


def text_of(parsed: argparse.Namespace) -> tuple[Any, ...]:
    """Returns what a language model is fitted to."""
    return (parsed.corpus or None,)


def pairs_of(parsed: argparse.Namespace) -> tuple[Any, ...]:
    """Returns what a translator is fitted to: pairs, or sources and targets."""
    is_named = (parsed.pairs is None) != (parsed.source is None) or parsed.resume
    if not is_named or (parsed.source is None) != (parsed.target is None):
        raise TextrnnError("Pass one file with tab-separated pairs, or both --source and --target.")
    return parsed.pairs or parsed.source, parsed.target


@dataclasses.dataclass(frozen=True)
class Training:
    """How the command line trains a kind of model.

    Args:
        add_options: Adds its options to a parser.
        names: Options beside those of its configs.
        data: Returns what `fit` is given first.
        trial: The command to try the model with.
    """

    add_options: Callable[[Parser], None]
    names: tuple[str, ...]
    data: Callable[[argparse.Namespace], tuple[Any, ...]]
    trial: str


TRAININGS = {
    "language-model": Training(add_language_model_options, LANGUAGE_MODEL_OPTIONS, text_of, "generate --model {}"),
    "classifier": Training(
        add_classifier_options, CLASSIFIER_OPTIONS, lambda parsed: (parsed.data,), 'classify --model {} "..."'
    ),
    "forecaster": Training(
        add_forecaster_options, FORECASTER_OPTIONS, lambda parsed: (parsed.series,), "forecast --model {}"
    ),
    "recogniser": Training(
        add_recogniser_options, RECOGNISER_OPTIONS, lambda parsed: (parsed.clips,), "transcribe --model {} clip.wav"
    ),
    "translator": Training(add_translator_options, TRANSLATOR_OPTIONS, pairs_of, 'translate --model {} "..."'),
}


def options_from_file(path: pathlib.Path | None) -> dict[str, Any]:
    """Reads the options of a `--config` file."""
    if path is None:
        return {}
    try:
        options = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise TextrnnError(f"{path}: cannot be read as JSON: {error}.") from error
    if not isinstance(options, dict):
        raise TextrnnError(f"{path}: must hold one JSON object with options.")
    if "kind" in options and isinstance(options.get("network"), dict):
        raise TextrnnError(
            f"{path}: says what a trained model is. To go on from that model, pass --initial-model {path.parent}."
        )
    return options


def gathered_options(
    parsed: argparse.Namespace, names: Sequence[str], configs: tuple[type, type]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the options for the model and those for `fit`, from the config file and the command line."""
    given = {name: getattr(parsed, name) for name in names if getattr(parsed, name, None) is not None}
    options = {**options_from_file(parsed.config), **given}
    for config in configs:
        options |= chosen_options(parsed, config)
    if parsed.initial_model == NO_MODEL:
        parsed.initial_model = None
        options |= {"initial_model": NO_MODEL} if parsed.kind == "language-model" else {}
    for_fit = ["initial_model", *configs[1].option_names(), *TEXT_OPTIONS, *FIT_OPTIONS]  # type: ignore[attr-defined]
    fit_options = {name: options.pop(name) for name in for_fit if name in options}
    places = {name: getattr(parsed, name) for name in ("output", "resume", "overwrite")}
    return options, {**places, **fit_options}


def origin_of(parsed: argparse.Namespace) -> str | None:
    """Returns the model that a run which is to be resumed began with, if there was one."""
    return read_options(pathlib.Path(parsed.output) / CHECKPOINT).get("initial_model") if parsed.resume else None


def in_workers(parsed: argparse.Namespace, arguments: list[str]) -> None:
    """Runs this command in several processes that train together."""
    if not 1 <= parsed.workers <= MOST_WORKERS:
        raise TextrnnError(f"--workers must be from 1 to {MOST_WORKERS}. Received: {parsed.workers}.")
    if "-" in map(str, vars(parsed).get("corpus") or [getattr(parsed, "series", None)]):
        raise TextrnnError("Several workers cannot read one standard input. Name a file, or leave out --workers.")
    if os.environ.get(RAY_VARIABLE):
        return train_on_ray(command, arguments, pathlib.Path(parsed.output), parsed.workers)
    code = LocalWorkers(["-m", "textrnn.train", *arguments], parsed.workers, num_cores()).run()
    if code:
        sys.exit(code)


def what_is_left(output: pathlib.Path, before: float) -> str:
    """Returns what there is to say of a run that was interrupted.

    Args:
        output: Its directory.
        before: The `checkpoint_time` of that when the run began.
    """
    if checkpoint_time(output) == before:
        return "The run had not come to its first step, so there is nothing new to go on from."
    return f"{output}: has a checkpoint of the last step. The same command with --resume goes on from there."


def command(arguments: Sequence[str] | None = None) -> None:
    """Trains a model; raises `TextrnnError` for bad input."""
    kinds = {name: (KINDS[name].purpose, training.add_options) for name, training in TRAININGS.items()}
    parsed = parsed_by_kind("textrnn train", kinds, arguments)
    kind, training = KINDS[parsed.kind], TRAININGS[parsed.kind]
    data = training.data(parsed)
    if parsed.workers not in (None, 1, Cluster.from_environment().size):
        return in_workers(parsed, sys.argv[1:] if arguments is None else list(arguments))
    end_with_launcher()
    configs = kind.load("config", "config"), kind.load("config", "fitting")
    options, fit_options = gathered_options(parsed, (*TEXT_OPTIONS, *training.names), configs)
    initial_model = parsed.initial_model or origin_of(parsed)
    task = kind.load("tasks", "task")
    model = task.begun(initial_model, **options) if initial_model else task(**options)
    before = checkpoint_time(pathlib.Path(parsed.output))
    try:
        model.fit(*data, **fit_options)
    except KeyboardInterrupt:
        if Cluster.from_environment().is_first:
            print(what_is_left(pathlib.Path(parsed.output), before), file=sys.stderr)
        raise
    if not Cluster.from_environment().is_first:
        return
    trial = training.trial.format(parsed.output)
    print(f"{parsed.output}: model saved. Try: python -m textrnn.{trial}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(run(command))
