"""`python -m textrnn.forecast series.csv --column Close --horizon 30`: forecasts a time series."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from textrnn.commands import (
    Parser,
    add_config_options,
    add_device_option,
    add_series_options,
    check_writable,
    chosen_options,
    print_result,
    run,
    series_options,
)
from textrnn.config.forecaster import FORECASTERS, FROM_DATA, ForecasterConfig, ForecasterTrainingConfig
from textrnn.errors import TextrnnError, check_range
from textrnn.inference.forecasting import Forecast
from textrnn.preprocessing.series import at_hand
from textrnn.progress import Progress
from textrnn.tasks.forecaster import Forecaster

__all__ = ["command"]


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(
        prog="textrnn forecast", description="Forecasts a series: trains and forecasts in one go, or uses a model."
    )
    parser.add_argument(
        "series",
        nargs="?",
        help="CSV, TSV or JSON lines file, - for standard input; with --model the series to go on from",
    )
    add_series_options(parser)
    parser.add_argument("--model", help="the directory of a trained forecaster, which needs no training")
    parser.add_argument("--network", help=f"a ready-made network: {', '.join(FORECASTERS)}")
    parser.add_argument(
        "--windows", type=int, help="windows at the end to train and score another one without; 0 for none (default: 8)"
    )
    parser.add_argument("--plot", metavar="PICTURE", help="draw the end of the series and its forecast")
    parser.add_argument("--explain", action="store_true", help="show what each forecast is based on")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_device_option(parser)
    add_config_options(parser, ForecasterConfig, skip=FROM_DATA)
    add_config_options(parser, ForecasterTrainingConfig)
    return parser


def command(arguments: Sequence[str] | None = None) -> None:
    """Forecasts; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    check_writable(parsed.plot, is_picture=True)
    if parsed.model is None and parsed.series is None:
        raise TextrnnError("Pass a file with a series, or --model DIR: textrnn forecast series.csv --horizon 30")
    if parsed.windows is not None:
        check_range("windows", parsed.windows, 0, whole=True)
    forecaster = trained_forecaster(parsed) if parsed.model is None else loaded_forecaster(parsed)
    data = at_hand(parsed.series) if parsed.model and parsed.series else None  # standard input is read once
    how = series_options(parsed)
    forecasts = as_list(forecaster.forecast(data, **how))
    explanations = as_list(forecaster.explain(data, **how)) if parsed.explain else []
    if parsed.model is not None:  # training has told them
        for note in forecasts[0].notes:
            print(f"note: {note}", file=sys.stderr)
    if parsed.plot:
        from textrnn import plots

        plots.forecast(forecasts, parsed.plot)
    score = None
    try:
        # What was forecast is not lost, whatever becomes of the score.
        if not parsed.json:
            print_forecasts(forecasts)
            print_explanations(explanations)
        if parsed.model is None and parsed.windows != 0:
            score = score_of(forecaster, parsed)
    finally:
        if parsed.json:
            content: dict[str, Any] = {"forecasts": [one.to_dict() for one in forecasts]}
            if parsed.explain:
                content["explanations"] = [one.to_dict() for one in explanations]
            print_result({**content, "backtest": None if score is None else score.to_dict()}, True)
    if score is not None and not parsed.json:
        print(f"\nA forecaster that was trained on the values before these windows:\n{score}", file=sys.stderr)


def print_forecasts(forecasts: list[Forecast]) -> None:
    """Prints forecasts for people."""
    for one in forecasts:
        print(f"{one.name}\n{one}" if len(forecasts) > 1 else one, flush=True)


def print_explanations(explanations: list[Any]) -> None:
    """Prints what forecasts are based on."""
    for one in explanations:
        print(f"\n{one}", flush=True)


def trained_forecaster(parsed: argparse.Namespace) -> Forecaster:
    """Returns a forecaster that is trained on the series."""
    forecaster = Forecaster(**network_options(parsed), network=parsed.network)
    fitting = chosen_options(parsed, ForecasterTrainingConfig)
    return forecaster.fit(parsed.series, **series_options(parsed), **fitting, device=parsed.device)


def score_of(forecaster: Forecaster, parsed: argparse.Namespace) -> Any:
    """Returns how well a forecaster does that has not seen the end, or None, with a note, if there is too little."""
    fitting = chosen_options(parsed, ForecasterTrainingConfig)
    try:
        return forecaster.backtest(parsed.windows, progress=Progress(quiet=True), **fitting)
    except TextrnnError as error:
        print(f"note: not scored, since the series is too short to keep its end aside: {error}", file=sys.stderr)
        return None


def loaded_forecaster(parsed: argparse.Namespace) -> Forecaster:
    """Returns a trained forecaster."""
    options = {**network_options(parsed), **chosen_options(parsed, ForecasterTrainingConfig)}
    if options or parsed.network:
        name = next(iter(options), "network")
        raise TextrnnError(f"`{name}` is fixed by --model {parsed.model}; leave it out.")
    return Forecaster.load(parsed.model)


def network_options(parsed: argparse.Namespace) -> dict[str, Any]:
    """Returns the options of the network that are set."""
    return {name: value for name, value in chosen_options(parsed, ForecasterConfig).items() if name not in FROM_DATA}


def as_list(found: Any) -> list[Any]:
    """Returns one result or several as a list."""
    return found if isinstance(found, list) else [found]


if __name__ == "__main__":
    sys.exit(run(command))
