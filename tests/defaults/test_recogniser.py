"""What is chosen for a recogniser follows from its clips, unless it is set."""

import pytest

from textrnn.defaults.recogniser import recogniser_choice, recogniser_tuning_choice


@pytest.mark.parametrize(
    ("rates", "expected"),
    [([8000] * 3, 8000), ([44_100] * 3, 16_000), ([8000, 16_000, 48_000], 16_000), ([11_025], 8000)],
)
def test_the_rate_is_no_higher_than_that_of_most_clips(rates, expected):
    assert recogniser_choice(rates, [1.0] * len(rates), {}, {}).model["sample_rate"] == expected


@pytest.mark.parametrize(("rate", "bands"), [(8000, 24), (11_025, 24), (16_000, 40), (44_100, 40)])
def test_sound_of_few_samples_is_described_by_few_bands(rate, bands):
    assert recogniser_choice([rate] * 3, [1.0] * 3, {}, {}).model["num_bands"] == bands
    assert recogniser_choice([48_000] * 3, [1.0] * 3, {"sample_rate": rate}, {}).model["num_bands"] == bands


@pytest.mark.parametrize(("seconds", "joined"), [(0.2, 15), (0.5, 6), (1.0, 3), (1.9, 1), (2.5, 1), (10.0, 1)])
def test_short_clips_are_joined_to_about_three_seconds(seconds, joined):
    choice = recogniser_choice([8000] * 50, [seconds] * 50, {}, {})
    assert choice.training["joined_clips"] == joined
    assert recogniser_tuning_choice([seconds] * 50, {}).training["joined_clips"] == joined
    assert ("are read as one" in choice.reasons[0]) == (joined > 1)


def test_the_length_follows_from_how_much_is_said():
    def steps(seconds, **training):
        return recogniser_choice([8000] * 1000, [seconds] * 1000, {}, training).training.get("steps")

    assert steps(0.1) == 300  # never fewer
    assert steps(0.5) == 750  # 60 passes of 500 seconds, 40 seconds a step
    assert steps(0.5, batch_seconds=30.0) == 1000
    assert steps(50) == 6000  # never more
    assert steps(0.5, epochs=3) is None


def test_what_is_set_stays():
    choice = recogniser_choice([8000] * 9, [0.5] * 9, {"units": (7,), "lowercase": False}, {"joined_clips": 1})
    assert "7 units" in choice.reasons[0]
    assert "small letters" not in choice.reasons[0]
    assert "are read as one" not in choice.reasons[0]
