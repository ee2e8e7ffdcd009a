import numpy as np
import pytest

from textrnn.evaluation import forecasting

SERIES = np.array([3.0, 5, 2, 4, 6, 3, 5, 7, 4, 6, 8, 5])


def test_naive_forecasts():
    found = forecasting.naive_forecasts(SERIES, 4, 3)
    assert found["naive"].tolist() == [5, 5, 5, 5]
    np.testing.assert_allclose(found["drift"], 5 + 2 / 11 * np.arange(1, 5))
    assert found["seasonal naive"].tolist() == [6, 8, 5, 6]
    assert set(forecasting.naive_forecasts(SERIES, 4, 1)) == {"naive", "drift"}


def scored(forecasts, levels=(), period=3, origins=(8,)):
    return forecasting.evaluate([SERIES], np.zeros(len(origins), int), np.array(origins), forecasts, levels, period)


def test_scores_by_hand():
    # Of 4, 6 and 8 forecast as 5, 6 and 6; a season before the first origin values rose by 1 each time.
    found = scored(np.array([[[5.0], [6], [6]]]))
    assert found.scores.mae == 1.0
    assert found.scores.rmse == pytest.approx(np.sqrt(5 / 3))
    assert found.scores.smape == pytest.approx(200 / 3 * (1 / 9 + 2 / 14))
    assert found.scores.mase == 1.0
    assert {one.name: one.mae for one in found.baselines}["seasonal naive"] == 1.0
    assert found.coverage is None
    assert "too few to tell" in found.verdict


def test_intervals_are_counted_and_missing_them_costs():
    bounds = np.array([[[6.0, 3, 6, 7], [6, 4, 6, 8], [6, 7, 7, 7]]])  # the last one is missed by 1
    found = scored(bounds, (0.025, 0.5, 0.975))
    assert found.coverage == pytest.approx(2 / 3)
    assert found.msis == pytest.approx((4 + 4 + 0 + 40 * 1) / 3)


def test_the_hardest_windows_stand_beside_the_best_baseline():
    """Of 4, 6 and 8 forecast as 5, 6 and 6 the errors are 1, 0 and 2; 6, 8 and 5 are forecast exactly.

    The seasonal naive forecast of a series that rises by 1 in each season errs by 1 everywhere, which is the scale.
    """
    forecasts = np.array([[[5.0], [6], [6]], [[6.0], [8], [5]]])
    chosen = np.zeros(2, int), np.array([8, 9])
    found = forecasting.evaluate([SERIES], *chosen, forecasts, (), 3, names=["from May", "from June"])
    assert [(one.name, one.mase, one.baseline) for one in found.hardest] == [
        ("from May", 1.0, "seasonal naive"),
        ("from June", 0.0, "seasonal naive"),
    ]
    assert str(found).splitlines()[-2] == "   1.000  from May (seasonal naive: 1.000)"
    assert forecasting.evaluate([SERIES], *chosen, forecasts, (), 3).hardest == ()


def test_what_was_not_observed_does_not_count():
    observed = [np.arange(12) != 10]
    forecasts = np.array([[[5.0], [6], [6]]])
    found = forecasting.evaluate([SERIES], np.array([0]), np.array([8]), forecasts, (), 3, observed)
    assert found.scores.mae == 0.5


def test_a_random_walk_cannot_be_forecast_and_a_wave_can():
    draw = np.random.default_rng(1)
    walk = draw.normal(size=400).cumsum()
    wave = np.sin(np.arange(400) / 3) + draw.normal(0, 0.1, 400)
    origins = np.arange(200, 400, 10)
    for series, guess, has_skill in ((walk, 0.3, False), (wave, 0.0, True)):
        truth = np.array([series[o : o + 10] for o in origins])
        forecasts = np.sin((origins[:, np.newaxis] + np.arange(10)) / 3) if has_skill else truth[:, :1] * 0 + np.array(
            [series[o - 1] + guess * draw.normal(size=10) for o in origins]
        )  # fmt: skip
        found = forecasting.evaluate([series], np.zeros(20, int), origins, forecasts[:, :, np.newaxis], (), 1)
        assert found.has_skill == has_skill
        assert found.num_apart == 20
        assert ("no evidence of skill over" in found.verdict) != has_skill
        assert "Diebold-Mariano p" in found.verdict


def test_windows_that_overlap_are_left_out_of_the_test():
    differences = np.arange(7.0)
    apart = forecasting.means_apart(differences, np.zeros(7, int), np.arange(10, 17), [np.zeros(20)], 3)
    assert apart.tolist() == [6, 3, 0]


# Tail probabilities of Student's t, from tables.
@pytest.mark.parametrize(("statistic", "freedom", "p"), [(2.776, 4, 0.05), (2.064, 24, 0.05), (4.604, 4, 0.01)])
def test_students_tail(statistic, freedom, p):
    assert forecasting.student_tail(statistic, freedom) == pytest.approx(p, abs=5e-5)


def test_equal_forecasts_do_not_differ():
    assert forecasting.diebold_mariano(np.zeros(8)) == 1.0
    assert forecasting.diebold_mariano(np.full(8, -0.5)) == 0.0


def test_an_exact_baseline_is_named_in_words():
    line = np.arange(12.0)  # which drift continues
    found = forecasting.evaluate([line], np.array([0]), np.array([8]), np.array([[[8.0], [9], [11]]]), (), 1)
    assert found.verdict == "no evidence of skill over drift, which is exact, while this one errs by 0.3333"
    assert "\n1 window of 3 steps\n" in str(found)
    exact = forecasting.evaluate([line], np.array([0]), np.array([8]), np.array([[[8.0], [9], [10]]]), (), 1)
    assert exact.verdict == "no evidence of skill over drift: both are exact"
