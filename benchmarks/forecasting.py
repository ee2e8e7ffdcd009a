"""How good forecasts are, with no option set but the horizon, beside forecasts that need no network.

    python -m benchmarks.forecasting rolling airline-passengers.csv --horizon 12 --windows 13 --stride 1
    python -m benchmarks.forecasting rolling monthly-sunspots.csv --horizon 24 --windows 20
    python -m benchmarks.forecasting rolling daily-min-temperatures.csv --horizon 30 --windows 12
    python -m benchmarks.forecasting rolling sp500.csv --column close --horizon 20 --windows 25
    python -m benchmarks.forecasting rolling exchange_rate.csv --column 1 2 3 4 5 6 7 8 --horizon 96 --windows 15
    python -m benchmarks.forecasting sine --seeds 4
    python -m benchmarks.forecasting m4 Hourly-train.csv Hourly-test.csv --minutes 5
    python -m benchmarks.forecasting long ETTh1.csv --horizon 96 --options "lookback=96"

`rolling` trains on what comes before the first window and forecasts each window from all that comes before it.
`sine` is a sine wave with noise, of which 30 steps are forecast and compared with the wave itself, beside the
tutorials' network. `m4` is the M4 competition: sMAPE, MASE, OWA and MSIS of 414 series. `long` standardises each
column on the training part, as papers on long forecasts do: 12, 4 and 4 months of hours, or 70, 10 and 20% of rows.

`--before N` leaves out the last N windows, to choose by others than those that are reported. `--options` are options of
`Forecaster` and its `fit`, `--seeds` so many trainings whose scores are averaged.
"""

import argparse
import csv
import pathlib
import time
from typing import Any

import numpy as np

import textrnn
from benchmarks.options import divided, parsed_options
from textrnn.config import ForecasterConfig
from textrnn.evaluation import forecasting
from textrnn.inference.forecasting import forecast_quantiles
from textrnn.preprocessing import series as series_files
from textrnn.preprocessing.windows import WindowReader
from textrnn.progress import Progress

MONTH = 30 * 24  # hours of a month, as the papers count


def trained(horizon: int, data: Any, parsed: argparse.Namespace, seed: int, **fixed: Any) -> textrnn.Forecaster:
    network, fitting = divided(parsed_options(parsed.options), [*ForecasterConfig.option_names(), "network"])
    forecaster = textrnn.Forecaster(**{"horizon": horizon, **network})
    forecaster.fit(data, seed=seed, progress=Progress(quiet=not parsed.verbose or seed > 0), **{**fixed, **fitting})
    return forecaster


def rolling(parsed: argparse.Namespace) -> None:
    column = parsed.column[0] if parsed.column and len(parsed.column) == 1 else parsed.column
    data = series_files.read(parsed.files[0], column)
    stride = parsed.stride or parsed.horizon
    later = parsed.before * stride
    data = data.map(lambda one: one.before(len(one) - later))
    first = parsed.horizon + (parsed.windows - 1) * stride
    results, seconds = [], []
    for seed in range(parsed.seeds):
        start = time.monotonic()
        before = data.map(lambda one: one.before(len(one) - first))
        forecaster = trained(parsed.horizon, before, parsed, seed)
        seconds.append(time.monotonic() - start)
        results.append(forecaster.evaluate(data, windows=parsed.windows, stride=stride))
    print(results[0])
    mean = {name: np.mean([getattr(one.scores, name) for one in results]) for name in ("mae", "rmse", "mase")}
    coverage = np.mean([one.coverage for one in results]) if results[0].coverage is not None else float("nan")
    each = ", ".join(f"{one.scores.mae:.2f}" for one in results)
    print(
        f"{parsed.files[0].stem} {parsed.options}: MAE {mean['mae']:.3f} ({each}), RMSE {mean['rmse']:.3f}, MASE "
        f"{mean['mase']:.3f}, 95% intervals hold {100 * coverage:.1f}%, {np.median(seconds):.0f} s each"
    )


def sine(parsed: argparse.Namespace) -> None:
    steps = np.arange(1030) * 0.1
    for title, options in (("defaults", parsed.options), ("the tutorials' network", "network=tutorial epochs=20")):
        parsed.options = options
        errors = []
        for seed in range(parsed.seeds):
            noisy = np.sin(steps[:1000]) + np.random.default_rng(parsed.before + seed).normal(0, 0.1, 1000)
            forecaster = trained(30, noisy, parsed, 0)
            errors.append(float(np.sqrt(np.mean((np.asarray(forecaster.forecast()) - np.sin(steps[1000:])) ** 2))))
        print(f"sine, {title}: RMSE {np.mean(errors):.4f} ({', '.join(f'{error:.3f}' for error in errors)})")
    print(f"sine, repeat the last value: RMSE {np.sqrt(np.mean((np.sin(steps[999]) - np.sin(steps[1000:])) ** 2)):.4f}")


def m4_rows(path: pathlib.Path) -> list[np.ndarray]:
    """Returns the series of a file of the competition, a row each."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [np.array([float(cell) for cell in row[1:] if cell]) for row in rows]


def m4(parsed: argparse.Namespace) -> None:
    known = m4_rows(parsed.files[0])
    horizon, period = 48, 24
    if parsed.before:  # choose by the 48 hours before those of the competition
        truth, known = [one[-horizon:] for one in known], [one[:-horizon] for one in known]
    else:
        truth = m4_rows(parsed.files[1])
    start = time.monotonic()
    results = []
    for seed in range(parsed.seeds):
        forecaster = trained(horizon, known, parsed, seed, **({"minutes": parsed.minutes} if parsed.minutes else {}))
        results.append(forecaster.forecast())
    seconds = (time.monotonic() - start) / parsed.seeds
    rows = [
        np.mean([np.column_stack([one[i].values, one[i].quantiles]) for one in results], axis=0)
        for i in range(len(known))
    ]
    whole = [np.concatenate(pair) for pair in zip(known, truth, strict=True)]
    owners, origins = np.arange(len(known)), np.array([len(one) for one in known])
    found = forecasting.evaluate(whole, owners, origins, np.array(rows), forecaster.config.quantiles, period)
    naive2 = {"smape": 18.383, "mase": 2.395}  # of the competition's Naive 2 on these series
    owa = (found.scores.smape / naive2["smape"] + found.scores.mase / naive2["mase"]) / 2
    print(found)
    print(
        f"m4 hourly {parsed.options}: sMAPE {found.scores.smape:.3f}, MASE {found.scores.mase:.3f}, OWA {owa:.3f}, "
        f"MSIS {found.msis:.2f}, 95% intervals hold {100 * (found.coverage or 0):.1f}%, {seconds:.0f} s"
    )


def long(parsed: argparse.Namespace) -> None:
    path = parsed.files[0]
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    has_header = not rows[0][-1].replace(".", "").isdecimal()
    values = np.array([[float(cell) for cell in row[has_header:]] for row in rows[has_header:]])
    is_ett = path.stem.startswith("ETT")
    shares = (0.7, 0.8, 1.0)
    ends = [months * MONTH for months in (12, 16, 20)] if is_ett else [int(share * len(values)) for share in shares]
    values = (values - values[: ends[0]].mean(axis=0)) / values[: ends[0]].std(axis=0)
    results = []
    start = time.monotonic()
    for seed in range(parsed.seeds):
        # As in the papers the training part is the first one; the second one is for choosing.
        share = (ends[1] - ends[0]) / ends[1]
        forecaster = trained(parsed.horizon, values[: ends[1]], parsed, seed, validation_fraction=share)
        config = forecaster.config
        reader = WindowReader(config, series_files.read(values))
        first, last = (ends[0], ends[1]) if parsed.before else (ends[1], ends[2])
        origins = np.arange(first, last - parsed.horizon + 1)
        found = [
            forecast_quantiles(forecaster.network, reader, np.full(len(origins), i), origins)
            for i in range(values.shape[1])
        ]
        results.append((np.array([one[:, :, 0] for one in found]), np.array(found)))
    views = np.lib.stride_tricks.sliding_window_view(values, parsed.horizon, axis=0)  # (rows, columns, horizon)
    truth = views[origins].transpose(1, 0, 2)
    point = np.mean([one for one, _ in results], axis=0)
    outer = np.mean([one for _, one in results], axis=0)
    coverage = ((truth >= outer[..., 1]) & (truth <= outer[..., -1])).mean()
    part = "validation" if parsed.before else "test"
    naive = np.array([values[origins - 1, i] for i in range(values.shape[1])])[:, :, np.newaxis]
    for name, forecast in ((parsed.options or "defaults", point), ("repeat the last value", naive)):
        error = forecast - truth
        print(f"{path.stem} {part}, {name}: MSE {np.mean(error**2):.4f}, MAE {np.mean(np.abs(error)):.4f}")
    seconds = (time.monotonic() - start) / parsed.seeds
    print(f"95% intervals hold {100 * coverage:.1f}%, {seconds:.0f} s a training")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["rolling", "sine", "m4", "long"])
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--column", nargs="+")
    parser.add_argument("--horizon", type=int, default=12)
    parser.add_argument("--windows", type=int, default=12)
    parser.add_argument("--stride", type=int)
    parser.add_argument("--before", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--options", default="")
    parser.add_argument("--verbose", action="store_true")
    parsed = parser.parse_args()
    {"rolling": rolling, "sine": sine, "m4": m4, "long": long}[parsed.kind](parsed)


if __name__ == "__main__":
    main()
