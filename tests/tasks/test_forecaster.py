import json

import numpy as np
import pandas
import pytest

import textrnn
from textrnn import TextrnnError, evaluate, forecast, train
from textrnn.commands import run

FAST = {"units": 8, "head_units": 8}


def wave(number=160, period=8, seed=0):
    return np.sin(2 * np.pi * np.arange(number) / period) + np.random.default_rng(seed).normal(0, 0.05, number) + 3


@pytest.fixture(scope="module")
def trained():
    model = textrnn.Forecaster(6, **FAST)
    model.fit(wave(), steps=40, progress=textrnn.Progress(quiet=True))
    return model


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("series") / "ferries.csv"
    times = pandas.date_range("2010-01-01", periods=160, freq="MS")
    pandas.DataFrame({"month": times.strftime("%Y-%m"), "ferries": wave(period=12).round(3)}).to_csv(path, index=False)
    return path


def test_a_wave_goes_on(trained):
    found = trained.forecast()
    truth = np.sin(2 * np.pi * np.arange(160, 166) / 8) + 3
    assert np.abs(np.asarray(found) - truth).max() < 0.25
    low, high = found.interval(0.95)
    assert (low < found.values).all()
    assert (found.values < high).all()
    assert (np.diff(found.quantiles, axis=1) >= 0).all()
    assert found.labels() == ["+1", "+2", "+3", "+4", "+5", "+6"]
    assert "forecast" in str(found)


def test_other_series_and_several(trained):
    found = trained.forecast([wave(40, seed=1), wave(60, seed=2)])
    assert [len(one) for one in found] == [6, 6]
    with pytest.raises(TextrnnError, match=r"has 3 steps, and this forecaster reads"):
        trained.forecast([1.0, 2.0, 1.5])


def test_a_loaded_forecaster_goes_on_from_the_training_data(trained, tmp_path):
    trained.save(tmp_path / "m")
    loaded = textrnn.Forecaster.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.forecast().quantiles, trained.forecast().quantiles)
    assert repr(loaded).startswith("<Forecaster: 6 steps from ")


def test_evaluation_stands_beside_the_naive_ones_and_says_what_was_seen(trained):
    found = trained.evaluate(wave(), windows=6)
    assert [one.name for one in found.baselines] == ["naive", "drift", "seasonal naive"]
    assert "trained on some of these values" in found.notes[0]
    assert found.scores.mase < 1
    longer = np.concatenate([wave(), wave(240, seed=9)])
    later = trained.evaluate(longer, windows=40)
    assert later.notes == ()
    assert later.has_skill


def test_backtest_trains_on_what_comes_before(trained, quiet):
    found = trained.backtest(20, data=wave(300), progress=quiet, steps=20)
    assert (found.num_windows, found.num_apart, found.horizon) == (20, 20, 6)
    assert found.scores.mae < found.best_baseline.mae
    assert "Diebold-Mariano p" in found.verdict


def test_the_tutorials_network_feeds_its_forecast_back(quiet):
    model = textrnn.Forecaster(4, network="tutorial", units=8)
    model.fit(wave(), steps=30, progress=quiet)
    assert (model.config.strategy, model.config.cell, model.config.lookback) == ("recursive", "simple_rnn", 10)
    assert model.config.output_steps == 1
    assert len(model.forecast()) == 4
    assert model.forecast().quantiles.shape == (4, 0)


def test_recursive_quantiles_spread_and_repeat(quiet):
    model = textrnn.Forecaster(5, strategy="recursive", **FAST)
    model.fit(wave(), steps=30, progress=quiet)
    found, again = model.forecast(), model.forecast()
    np.testing.assert_array_equal(found.quantiles, again.quantiles)
    widths = found.quantiles[:, -1] - found.quantiles[:, 0]
    assert (widths > 0).all()


def test_known_variables_are_used(quiet):
    draw = np.random.default_rng(0)
    holiday = (draw.random(126) < 0.2).astype(float)
    frame = pandas.DataFrame({"sold": 5 + 3 * holiday + draw.normal(0, 0.05, 126), "holiday": holiday})
    frame.loc[120:, "sold"] = np.nan
    model = textrnn.Forecaster(6, lookback=6, scaling="series", **FAST)
    model.fit(frame, "sold", known=["holiday"], steps=60, progress=quiet)
    np.testing.assert_allclose(model.forecast().values, 5 + 3 * holiday[120:], atol=0.6)
    other = frame.assign(holiday=1 - holiday)
    found = model.forecast(other, "sold", known=["holiday"]).values
    np.testing.assert_allclose(found, 5 + 3 * (1 - holiday[120:]), atol=0.6)


def test_squared_errors_forecast_the_mean(quiet):
    model = textrnn.Forecaster(3, point="mean", quantiles=(0.1, 0.9), **FAST)
    model.fit(wave(), steps=30, progress=quiet)
    assert model.config.outputs_per_step == 3
    assert model.forecast().quantiles.shape == (3, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": 0}, "`horizon` must be a whole number at least 1"),
        ({"lookback": 10, "segment": 3}, "must be a multiple of `segment`"),
        ({"quantiles": (0.1, 0.5)}, "symmetric around 0.5"),
        ({"quantiles": (0.1, 0.9)}, "must hold 0.5"),
        ({"network": "tutorail"}, "Did you mean 'tutorial'"),
        ({"names": ("a",)}, "no option `names`"),
        ({"calendar": "century"}, "`calendar` must be one of"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(TextrnnError, match=message):
        textrnn.Forecaster(**options)


def test_options_of_other_kinds_are_refused():
    with pytest.raises(TextrnnError, match="no option `label_smoothing`"):
        textrnn.Forecaster(6, **FAST).fit(wave(), label_smoothing=0.1)


def test_a_short_series_leaves_the_forecaster_as_it_was(trained, quiet):
    before = trained.forecast().values
    with pytest.raises(TextrnnError, match="too short"):
        trained.fit(wave(10), progress=quiet)
    np.testing.assert_array_equal(trained.forecast().values, before)


# Commands


def test_in_one_go(file, tmp_path, capsys):
    arguments = [str(file), "--horizon", "6", "--steps", "20", "--units", "8", "--plot", str(tmp_path / "fan.png")]
    forecast.command(arguments)
    printed = capsys.readouterr()
    assert printed.out.splitlines()[1].startswith("2023-05-01")
    assert "seasonal naive" in printed.err
    assert (tmp_path / "fan.png").read_bytes().startswith(b"\x89PNG")


def test_train_evaluate_and_forecast(file, tmp_path, capsys):
    output = tmp_path / "model"
    train.command(["forecaster", str(file), "--column", "ferries", "--horizon", "6", "--steps", "20", "--units", "8",
                   "--output", str(output)])  # fmt: skip
    assert (output / "loss.png").is_file()
    forecast.command(["--model", str(output), "--json"])
    alone = json.loads(capsys.readouterr().out)
    forecast.command([str(file), "--model", str(output), "--json"])
    assert json.loads(capsys.readouterr().out)["forecasts"] == alone["forecasts"]
    evaluate.command(["forecast", str(file), "--model", str(output), "--windows", "5", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["num_windows"] == 5
    assert found["baselines"][0]["name"] == "naive"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{file}", "--column", "ferris"], "Did you mean 'ferries'"),
        (["{file}", "--horizon", "100"], "Use a shorter `horizon`"),
        (["nowhere.csv"], "cannot be read"),
        ([], "Pass a file with a series"),
        (["{file}", "--model", "nowhere", "--units", "3"], "is fixed by --model"),
    ],
)
def test_wrong_use_is_one_sentence(arguments, message, file, capsys):
    assert run(forecast.command, [argument.format(file=file) for argument in arguments]) == 2
    assert message in capsys.readouterr().err


def test_thousands_of_series_fit_into_a_model(tmp_path):
    from textrnn.config import ForecasterConfig
    from textrnn.storage import StoredModel, load_model, save_model

    number = 5000
    config = ForecasterConfig(
        names=tuple(f"shop number {i}" for i in range(number)), locations=(1 / 3,) * number, scales=(2 / 3,) * number
    )
    weights = {name: np.zeros(shape, np.float32) for name, shape in config.weight_shapes().items()}
    save_model(tmp_path / "m", StoredModel(config, {}, weights))
    assert load_model(tmp_path / "m", "forecaster").config == config
