import io
import json
import sys
import types

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


def test_two_processes_score_alike(trained):
    alone = trained.evaluate(wave(), windows=40, stride=2, explain=True)
    assert trained.evaluate(wave(), windows=40, stride=2, explain=True, jobs=2).to_dict() == alone.to_dict()


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


def dated(frequency, number=60, start="2020-01-01"):
    return pandas.Series(wave(number), index=pandas.date_range(start, periods=number, freq=frequency), name="x")


@pytest.fixture(scope="module")
def monthly():
    return textrnn.Forecaster(6, lookback=12, **FAST).fit(dated("MS"), steps=5, progress=textrnn.Progress(quiet=True))


def test_steps_of_another_length_are_refused(monthly, quiet):
    for call in (monthly.forecast, monthly.evaluate, lambda data: monthly.fit(data, steps=2, progress=quiet)):
        with pytest.raises(
            TextrnnError, match="has steps of one hour, and this forecaster was trained on steps of one month"
        ):
            call(dated("h"))


def test_months_may_be_named_by_their_last_days(monthly):
    found = monthly.forecast(dated("ME", start="2020-01-31"))
    assert found.labels()[:2] == ["2025-01-31", "2025-02-28"]
    assert len(monthly.forecast(wave(40))) == 6  # nobody knows its steps


def test_a_few_weekdays_are_no_other_steps(quiet):
    model = textrnn.Forecaster(2, lookback=4, **FAST).fit(dated("B"), steps=2, progress=quiet)
    assert model.config.frequency == "B"
    week = dated("D", 5, "2024-01-01")
    assert model.forecast(week).labels() == ["2024-01-08", "2024-01-09"]
    with pytest.raises(TextrnnError, match="steps of one day, and this forecaster was trained on steps of one weekday"):
        model.forecast(dated("D", 8, "2024-01-01"))


@pytest.mark.parametrize("name", ["windows", "stride"])
@pytest.mark.parametrize("value", [-1, 0, "2", 1.5])
def test_windows_are_counted_before_anything_is_done(trained, name, value):
    for call in (trained.evaluate, trained.backtest):
        with pytest.raises(TextrnnError, match=f"`{name}` must be a whole number at least 1. Received: "):
            call(data="nowhere.csv", **{name: value})


@pytest.mark.parametrize("share", ["x", 2, -0.1, None])
def test_intervals_are_shares(trained, share):
    with pytest.raises(TextrnnError, match="`share` must be a number at least 0 and at most 1"):
        trained.forecast().interval(share)


def test_a_forecast_without_quantiles_has_no_interval():
    found = textrnn.Forecast("x", np.ones(3), (), np.ones((3, 0)))
    with pytest.raises(TextrnnError, match="no quantiles"):
        found.interval()


def test_an_explanation_names_what_the_forecast_is_made_from(trained):
    found = trained.explain()
    forecast = trained.forecast()
    assert found.mean == pytest.approx(np.mean(forecast.values))
    config = trained.config
    names = [one.name for one in found.without]
    assert names[-2:] == ["the linear forecast", "the recurrent layers"]
    assert names[0] == f"the values 1 to {8 if config.period == 8 else 3} steps back"
    assert all(one.change > 0 for one in found.without)
    naive = np.abs(forecast.values - wave()[-1]).mean()
    assert {one.name: one.change for one in found.beside}["the naive forecast"] == pytest.approx(naive)
    several = trained.explain([wave(40, seed=1), wave(60, seed=2)])
    assert [one.num_steps for one in several] == [6, 6]
    with pytest.raises(TextrnnError, match="has 3 steps"):
        trained.explain([1.0, 2.0, 1.5])
    with pytest.raises(TextrnnError, match="has not been trained"):
        textrnn.Forecaster(6).explain([1.0, 2.0])


# Commands


def test_explanations_stand_below_forecasts_and_in_json(file, trained, tmp_path, monkeypatch, capsys):
    trained.save(tmp_path / "m")
    forecast.command(["--model", str(tmp_path / "m"), "--explain"])
    printed = capsys.readouterr().out
    assert printed.endswith(f"\n{trained.explain()}\n")
    forecast.command(["--model", str(tmp_path / "m"), "--explain", "--json"])
    content = json.loads(capsys.readouterr().out)
    assert content["explanations"] == [json.loads(json.dumps(trained.explain().to_dict()))]
    text = "x\n" + "".join(f"{value}\n" for value in wave(50))
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(text.encode())))
    forecast.command(["-", "--model", str(tmp_path / "m"), "--explain", "--json"])
    content = json.loads(capsys.readouterr().out)
    assert content["explanations"][0]["num_steps"] == 6
    assert content["explanations"][0]["mean"] == pytest.approx(np.mean(content["forecasts"][0]["values"]))


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
    assert (found["num_windows"], found["hardest"]) == (5, [])
    evaluate.command(["forecast", str(file), "--model", str(output), "--windows", "2", "--explain"])
    assert "hardest windows, with the MASE of each:" in capsys.readouterr().out
    assert found["baselines"][0]["name"] == "naive"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{file}", "--column", "ferris"], "Did you mean 'ferries'"),
        (["{file}", "--horizon", "100"], "Use a shorter `horizon`"),
        (["nowhere.csv"], "cannot be read"),
        ([], "Pass a file with a series"),
        (["{file}", "--model", "nowhere", "--units", "3"], "is fixed by --model"),
        (["{file}", "--windows", "-1"], "`windows` must be a whole number at least 0"),
    ],
)
def test_wrong_use_is_one_sentence(arguments, message, file, capsys):
    assert run(forecast.command, [argument.format(file=file) for argument in arguments]) == 2
    assert message in capsys.readouterr().err


def test_forecasts_are_not_lost_with_their_score(file, monkeypatch, capsys):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(textrnn.Forecaster, "backtest", interrupted)
    arguments = [str(file), "--horizon", "6", "--steps", "2", "--units", "8"]
    assert run(forecast.command, arguments) == 130
    assert "2023-05-01" in capsys.readouterr().out
    assert run(forecast.command, [*arguments, "--json"]) == 130
    found = json.loads(capsys.readouterr().out)
    assert (len(found["forecasts"]), found["backtest"]) == (1, None)


def test_series_from_standard_input(file, tmp_path, monkeypatch, capsys):
    output = tmp_path / "model"
    arguments = ["forecaster", "-", "--horizon", "6", "--steps", "2", "--units", "8", "--output", str(output)]
    for command, given in ((train.command, arguments), (forecast.command, ["-", "--model", str(output)])):
        monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(file.read_bytes())))
        command(given)
    assert "2023-05-01" in capsys.readouterr().out


def test_notes_on_the_reading_are_told_beside_a_forecast(monthly, tmp_path, capsys):
    monthly.save(tmp_path / "m")
    path = tmp_path / "x.csv"
    path.write_text("date,x\n" + "".join(f"day {day},{day % 7}\n" for day in range(30)), encoding="utf-8")
    forecast.command([str(path), "--model", str(tmp_path / "m")])
    assert "note: " in capsys.readouterr().err


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


def test_something_has_to_be_set_aside(quiet):
    with pytest.raises(TextrnnError, match="`validation_fraction` must be above 0: the end of the series says which"):
        textrnn.Forecaster().fit(wave(), validation_fraction=0, progress=quiet)
