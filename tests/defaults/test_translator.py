"""What is chosen for a translator follows from the number of its pairs, unless it is set."""

import pytest

from textrnn.defaults.translator import translator_choice, translator_tuning_choice, validation_share

NUMBERS = (500, 5_000, 20_000, 50_000, 100_000, 10_000_000)


def test_more_pairs_get_a_larger_network():
    choices = [translator_choice(number, {}, {}) for number in NUMBERS]
    for name in ("vocabulary_size", "embedding_dim", "encoder_units", "decoder_units"):
        sizes = [choice.model[name] for choice in choices]
        assert sizes == sorted(sizes)
        assert sizes[0] < sizes[-1]
    batches = [choice.training["batch_tokens"] for choice in choices]
    assert batches == sorted(batches)
    assert all(f"{number:,} pairs" in choice.reasons[0] for number, choice in zip(NUMBERS, choices, strict=True))


@pytest.mark.parametrize("number", [20_000, 100_000])
def test_steps_are_small_and_rates_high(number):
    """At equal time 600 target tokens a step at a rate of 0.006 reach twice the BLEU of 2,400 at 0.003."""
    training = translator_choice(number, {}, {}).training
    assert training["batch_tokens"] == 600
    assert training["learning_rate"] == 0.006


def test_what_is_set_stays():
    choice = translator_choice(
        20_000, {"level": "word", "encoder_units": (32,)}, {"minutes": 3.0, "learning_rate": 0.001}
    )
    assert choice.model["vocabulary_size"] is None
    assert "epochs" not in choice.training
    assert "32 and 192 + 192 units" in choice.reasons[0]
    assert translator_choice(20_000, {}, {}).training["epochs"] == 14


def test_the_last_stage_by_reward():
    likelihood = translator_tuning_choice(29_000, {}).training
    risk = translator_tuning_choice(29_000, {"objective": "minimum-risk"}).training
    assert (likelihood["epochs"], risk["epochs"]) == (4, 2)
    assert likelihood["label_smoothing"] == 0.1
    assert risk["label_smoothing"] == 0.0
    assert risk["learning_rate"] < likelihood["learning_rate"]


def test_little_is_set_aside_of_much():
    assert validation_share(100) == 0.1
    assert validation_share(4000) == 0.05
    assert validation_share(1_000_000) == 0.02
