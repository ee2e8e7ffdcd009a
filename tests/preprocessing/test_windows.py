import dataclasses

import numpy as np
import pandas
import pytest

from textrnn import TextrnnError
from textrnn.config import ForecasterConfig
from textrnn.preprocessing import series
from textrnn.preprocessing.windows import WindowPlan, WindowReader

CONFIG = ForecasterConfig(
    horizon=3, lookback=4, names=("x",), locations=(10.0,), scales=(2.0,), frequency="D", known=()
)
DATA = series.read(
    pandas.Series(np.arange(20.0) ** 1.5 + 1, index=pandas.date_range("2024", periods=20, freq="D"), name="x")
)


def reader(**options):
    return WindowReader(dataclasses.replace(CONFIG, **options), DATA)


def at(place, reader):
    return reader.at(np.array([0]), np.array([place]))


@pytest.mark.parametrize("scaling", ["series", "window", "last"])
@pytest.mark.parametrize("log", [False, True])
def test_scaling_is_undone(scaling, log):
    read = reader(scaling=scaling, log=log)
    windows = at(9, read)
    truth = DATA.series[0].values
    back = read.in_units(read.unscaled(windows.values[:, :, 0], windows))
    np.testing.assert_allclose(back[0], truth[5:9], rtol=1e-6)
    targets = read.targets(np.array([0]), np.array([9]), windows)
    np.testing.assert_allclose(read.in_units(read.unscaled(targets, windows))[0], truth[9:12], rtol=1e-6)


def test_what_was_filled_in_is_no_target():
    data = series.read([1.0, 2, 3, 5, 4, np.nan, 7, 8])
    config = dataclasses.replace(CONFIG, names=(), locations=(), scales=())
    read = WindowReader(config, data)
    targets = read.targets(np.array([0]), np.array([4]), at(4, read))
    assert np.isnan(targets[0]).tolist() == [False, True, False]


def test_later_values_move_the_window():
    read = reader()
    windows = read.at(np.array([0]), np.array([9]), np.array([[50.0, 60.0]]))
    expected = (np.array([*DATA.series[0].values[7:9], 50, 60]) - 10) / 2
    np.testing.assert_allclose(windows.values[0, :, 0], expected, rtol=1e-6)


def test_the_calendar_tells_weekdays_apart():
    read = reader(calendar=("week",))
    contexts = np.array([at(place, read).context[0] for place in range(4, 18)])
    np.testing.assert_allclose(contexts[:7], contexts[7:], atol=1e-5)
    assert len(np.unique(contexts[:7].round(4), axis=0)) == 7
    # The context at the end, where a forecast begins, is that of the first day to come.
    np.testing.assert_allclose(at(20, read).context, at(13, read).context, atol=1e-5)


def test_a_series_without_times_has_no_calendar():
    with pytest.raises(TextrnnError, match="has no times"):
        WindowReader(dataclasses.replace(CONFIG, calendar=("week",)), series.read([1.0, 2, 4]))


def test_a_logarithm_needs_positive_values():
    with pytest.raises(TextrnnError, match="has no logarithm"):
        WindowReader(dataclasses.replace(CONFIG, log=True), series.read([1.0, 0, 4]))


def test_known_variables_reach_into_the_future():
    frame = pandas.DataFrame({"x": [1.0, 2, 3, 5, 4, np.nan, np.nan, np.nan], "k": np.arange(8.0)})
    config = dataclasses.replace(
        CONFIG, known=("k",), known_locations=(0.0,), known_scales=(1.0,), names=(), locations=(), scales=()
    )
    read = WindowReader(config, series.read(frame, "x", known=["k"]))
    windows = at(5, read)
    assert windows.values[0, :, 1].tolist() == [1, 2, 3, 4]
    assert windows.context[0].tolist() == [5, 6, 7]
    short = WindowReader(config, series.read(frame[:7], "x", known=["k"]))
    with pytest.raises(TextrnnError, match="lacks k for 1 of the steps to come"):
        at(5, short)
    with pytest.raises(TextrnnError, match="needs the variables k"):
        WindowReader(config, series.read([1.0, 2, 3, 5, 4]))


def test_a_plan_shows_every_window_once_in_another_order_each_epoch():
    owners, origins = np.zeros(13, int), np.arange(4, 17)
    plan = WindowPlan(reader(), owners, origins, batch_size=4, seed=1)
    epochs = [np.concatenate([batch.targets for batch in plan.batches(epoch)]) for epoch in (0, 0, 1)]
    np.testing.assert_array_equal(epochs[0], epochs[1])
    assert (epochs[0] != epochs[2]).any()
    np.testing.assert_array_equal(np.sort(epochs[0][:, 0]), np.sort(epochs[2][:, 0]))
    assert (plan.num_batches, plan.num_targets, plan.max_targets) == (4, 39, 12)
    assert len(list(plan.batches())) == 4
