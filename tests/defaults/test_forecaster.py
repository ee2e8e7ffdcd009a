import numpy as np
import pandas
import pytest

from textrnn import TextrnnError
from textrnn.config import ForecasterConfig
from textrnn.defaults import forecaster as defaults
from textrnn.defaults.linear_forecast import fitted, naive_kernel
from textrnn.defaults.seasons import found_period
from textrnn.preprocessing import series
from textrnn.preprocessing.windows import WindowReader


def seasonal(number, period, noise=0.1, seed=0):
    steps = np.arange(number)
    return np.sin(2 * np.pi * steps / period) + np.random.default_rng(seed).normal(0, noise, number)


@pytest.mark.parametrize("period", [4, 7, 12, 29])
def test_a_season_is_found(period):
    assert found_period(series.read(seasonal(300, period))) == period


def test_noise_and_a_random_walk_have_no_season():
    draw = np.random.default_rng(3)
    assert found_period(series.read(draw.normal(size=300))) == 1
    assert found_period(series.read(draw.normal(size=300).cumsum())) == 1


def test_a_usual_season_comes_before_its_multiples():
    hours = pandas.date_range("2024", periods=24 * 40, freq="h")
    values = seasonal(len(hours), 24) + 0.5 * seasonal(len(hours), 168)
    data = series.read(pandas.Series(values, index=hours))
    assert found_period(data) == 24


def test_growth_by_factors_is_read_as_logarithms():
    values = np.exp(0.02 * np.arange(160) + 0.3 * seasonal(160, 12, 0.05))
    choice = defaults.forecaster_choice(series.read(values), {"horizon": 12}, {})
    assert choice.model["log"]
    assert choice.model["period"] == 12
    assert "logarithms" in choice.reasons[0]


def test_what_is_set_is_kept():
    data = series.read(seasonal(200, 8))
    options = {"horizon": 5, "lookback": 16, "segment": 4, "scaling": "window", "log": False, "calendar": ()}
    choice = defaults.forecaster_choice(data, options, {"batch_size": 16, "epochs": 2})
    assert {name: {**choice.model, **options}[name] for name in options} == options
    assert choice.training["batch_size"] == 16
    assert "steps" not in choice.training


def test_windows_to_validate_on_come_after_those_to_train_on():
    data = series.read([seasonal(100, 8), seasonal(60, 8)])
    config = ForecasterConfig(horizon=4, lookback=8)
    training, validation = defaults.windows_of(WindowReader(config, data))
    for owner in (0, 1):
        last = training[1][training[0] == owner].max() + config.horizon
        assert last <= validation[1][validation[0] == owner].min()
        assert validation[1][validation[0] == owner].max() == len(data.series[owner]) - config.horizon


def test_what_is_validated_on_does_not_count_for_the_scaling():
    values = np.concatenate([seasonal(100, 8), np.full(100, 50.0)])
    config = defaults.complete({"horizon": 4, "lookback": 8}, series.read(values), share=0.5)
    assert config.locations[0] == pytest.approx(values[:100].mean())


def test_a_short_series_among_others_is_left_out():
    data = series.read({"long": seasonal(100, 8), "short": seasonal(9, 8), "longer": seasonal(200, 8)})
    left = defaults.without_short_series(data, {"horizon": 8})
    assert [one.name for one in left.series] == ["long", "longer"]
    assert left.notes[-1] == "left out 1 of 3 series, with fewer than 18 steps: short"
    assert defaults.without_short_series(series.read([seasonal(9, 8)]), {"horizon": 8}).notes == ()


@pytest.mark.parametrize("base", ["last", "season"])
def test_naive_kernels(base):
    config = ForecasterConfig(horizon=5, lookback=6, period=3)
    window = np.arange(6.0)
    expected = {"last": [5, 5, 5, 5, 5], "season": [3, 4, 5, 3, 4]}
    assert (window @ naive_kernel(config, base)).tolist() == expected[base]


def test_a_linear_forecast_finds_a_linear_rule():
    values = [1.0, 0.5]
    for _ in range(200):
        values.append(1.6 * values[-1] - 0.9 * values[-2] + 0.01)
    data = series.read(np.array(values) + np.random.default_rng(0).normal(0, 1e-6, 202))
    config = ForecasterConfig(horizon=2, lookback=4, names=("series",), locations=(0.0,), scales=(1.0,))
    reader = WindowReader(config, data)
    linear = fitted(reader, defaults.splits_of(reader))
    assert linear.error < 0.01


def test_too_short_a_series_says_how_long_it_must_be():
    with pytest.raises(TextrnnError, match=r"has 20 steps; to learn to forecast 12 it needs at least 26"):
        defaults.forecaster_choice(series.read(seasonal(20, 8)), {"horizon": 12}, {})
