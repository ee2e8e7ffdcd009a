import numpy as np
import pandas
import pytest

from textrnn.config.forecaster import ForecasterConfig
from textrnn.evaluation.influences import ForecastExplanation, Influence, explained, parts_of
from textrnn.inference.forecaster import SeriesForecaster
from textrnn.preprocessing import series
from textrnn.preprocessing.windows import WindowReader

VALUES = [1.0, 5.0, 2.0, 8.0]
OPTIONS = {
    "horizon": 2, "lookback": 4, "units": (3,), "head_units": 0, "quantiles": (0.5,), "names": ("x",),
    "locations": (0.0,), "scales": (1.0,),
}  # fmt: skip


def network_of(config, **weights):
    """Returns a network whose weights are zero but for those that are given."""
    zeros = {name: np.zeros(shape, np.float32) for name, shape in config.weight_shapes().items()}
    return SeriesForecaster(config, {**zeros, **{name.replace("_", "/"): array for name, array in weights.items()}})


def explanation(config, network, values, **options):
    data = series.read(pandas.Series(values, name="x", **options))
    return explained(network, WindowReader(config, data), 0, len(values))


def test_a_linear_forecast_by_hand():
    """Step 1 is the last value, 8, and step 2 half of it and 3 times the one before, 4 + 6; the mean of all is 4.

    Without the last value 8 and 10 become 4 and 8, without that before the second becomes 4 + 12.
    """
    config = ForecasterConfig(**OPTIONS)
    kernel = np.zeros((4, 2), np.float32)
    kernel[3], kernel[2] = [1.0, 0.5], [0.0, 3.0]
    found = explanation(config, network_of(config, linear_kernel=kernel), VALUES)
    assert found.mean == 9.0
    assert [(one.name, one.change) for one in found.without] == [
        ("the values 1 step back", 3.0),
        ("the values 2 steps back", 3.0),
        ("the values 3 steps back", 0.0),
        ("the values 4 steps back", 0.0),
        ("the linear forecast", 9.0),
        ("the recurrent layers", 0.0),
    ]
    assert found.beside == (Influence("the naive forecast", 1.0),)  # 8 and 8 are 0 and 2 away


def test_what_is_known_beside_the_window():
    """The sine of the year's position counts twice, and nothing else; in December and January it is not zero."""
    config = ForecasterConfig(**{**OPTIONS, "calendar": ("week", "year")}, frequency="MS")
    kernel = np.zeros((4 + config.context_dim, 2), np.float32)
    kernel[4 + 6] = 2.0  # the week has three sines and three cosines before
    months = pandas.date_range("2024-01-01", periods=4, freq="MS")
    found = explanation(config, network_of(config, linear_kernel=kernel), VALUES, index=months)
    changes = {one.name: one.change for one in found.without}
    assert changes["the position in the week"] == 0.0
    assert changes["the position in the year"] == pytest.approx(abs(found.mean))
    assert found.mean != 0.0
    assert list(changes)[4:6] == ["the position in the week", "the position in the year"]


def test_known_variables_and_recurrent_layers_alone():
    config = ForecasterConfig(**OPTIONS, known=("holiday",), linear=False)
    kernel = np.zeros((3 + config.context_dim, 2), np.float32)
    kernel[3] = 5.0  # the variable at the first step to come
    data = series.read(
        pandas.DataFrame({"x": [*VALUES, None, None], "holiday": [0, 0, 1, 0, 1, 0]}), column="x", known=["holiday"]
    )
    found = explained(network_of(config, output_kernel=kernel), WindowReader(config, data), 0, 4)
    assert [(one.name, one.change) for one in found.without][4:] == [("the variable holiday", 5.0)]


@pytest.mark.parametrize(
    ("lookback", "period", "expected"),
    [
        (3, 1, [(1, 1), (2, 2), (3, 3)]),
        (10, 1, [(2, 1), (4, 3), (6, 5), (8, 7), (10, 9)]),
        (24, 12, [(12, 1), (24, 13)]),
        (24, 24, [(3, 1), (6, 4), (9, 7), (12, 10), (15, 13), (18, 16), (21, 19), (24, 22)]),
        (30, 12, [(12, 1), (24, 13), (30, 25)]),
        (240, 12, [(36, 1), (72, 37), (108, 73), (144, 109), (180, 145), (216, 181), (240, 217)]),
    ],
)
def test_windows_are_cut_into_seasons_or_a_few_parts(lookback, period, expected):
    assert parts_of(ForecasterConfig(horizon=2, lookback=lookback, period=period)) == expected


def test_a_recursive_forecast_is_made_anew():
    """Each step is the one before it: without the last value the mean of the window goes on."""
    config = ForecasterConfig(**{**OPTIONS, "strategy": "recursive", "point": "mean", "quantiles": ()})
    kernel = np.zeros((4, 1), np.float32)
    kernel[3] = 1.0
    found = explanation(config, network_of(config, linear_kernel=kernel), VALUES)
    assert found.mean == 8.0
    assert [one.change for one in found.without][:2] == [4.0, 0.0]


def test_an_explanation_is_aligned():
    found = ForecastExplanation("x", 9.0, 2, (Influence("the values 1 step back", 3.0),), (Influence("that", 10.0),))
    assert str(found).splitlines() == [
        "x: the forecast, 9.0000 on average over 2 steps, moves by so much without",
        "  the values 1 step back  3.0000",
        "and is so far from",
        "  that                    10.000",
    ]
