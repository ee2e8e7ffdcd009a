import dataclasses

import pytest

from textrnn.config import NetworkConfig, TrainingConfig
from textrnn.defaults.language_model import SIZES, fine_tuning_choice, language_model_choice
from textrnn.preprocessing.survey import Survey

NOVEL = Survey(
    num_characters=100_000,
    num_lines=400,
    num_files=1,
    num_distinct_lines=400,
    num_words=18_000,
    is_spaced=True,
    blank_share=0.0,
    sentence_share=0.5,
    punctuation_share=0.6,
    lowercase_share=0.3,
    longest_line=900,
    mean_line=250.0,
    sentences_per_line=3.0,
)


def of_size(num_characters, **changes):
    return dataclasses.replace(NOVEL, num_characters=num_characters, **changes)


def test_what_is_chosen_makes_a_network_and_a_training():
    for size in (2_000, 10_000, 100_000, 1_000_000, 10_000_000, 1_000_000_000):
        for changes in ({}, {"is_spaced": False}):
            for documents in (None, "line", "file"):
                choice = language_model_choice(of_size(size, **changes), documents, {}, {})
                options = {**choice.model, "vocabulary_size": choice.model["vocabulary_size"] or 100}
                level = options.pop("level")
                assert NetworkConfig(**options).documents == documents
                assert level == "char" or changes == {}
                training = TrainingConfig(**choice.training)
                assert training.steps >= 300
                assert training.steps > 5 * training.warmup_steps


def test_smaller_texts_get_more_dropout():
    rates = [
        language_model_choice(of_size(size.characters), None, {}, {}).model["output_dropout"] for size in SIZES[:-1]
    ]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > rates[-1]


def test_the_subword_vocabulary_grows_with_the_text():
    sizes = [
        language_model_choice(of_size(number), None, {"level": "subword"}, {}).model["vocabulary_size"]
        for number in (100_000, 1_000_000, 3_000_000, 10_000_000, 1_000_000_000)
    ]
    assert sizes == [500, 2000, 2000, 4000, 8000]


def test_what_is_set_stays_as_set():
    """Steps follow from the batch that was set: 100,000 characters in steps of 4 * 64, fifteen times."""
    model = {"units": (32,), "level": "word"}
    choice = language_model_choice(NOVEL, None, model, {"batch_size": 4, "epochs": 3})
    assert "steps" not in choice.training
    assert "3 epochs in batches of 4" in choice.reasons[0]
    assert "words, 32 units" in choice.reasons[0]
    steps = language_model_choice(NOVEL, None, {}, {"batch_size": 4}).training["steps"]
    assert steps == round(SIZES[1].passes * 100_000 / (4 * 64))


def test_epochs_are_validated_one_by_one():
    assert "validations" in language_model_choice(NOVEL, None, {}, {}).training
    for given in ({"epochs": 3}, {"validations_per_epoch": 2}):
        assert "validations" not in language_model_choice(NOVEL, None, {}, given).training


def test_minutes_leave_the_number_of_steps_open():
    choice = language_model_choice(NOVEL, None, {}, {"minutes": 10})
    assert TrainingConfig(**choice.training, minutes=10).steps is None
    assert "10 minutes" in choice.reasons[0]


def test_a_script_without_spaces_is_read_by_characters():
    choice = language_model_choice(of_size(5_000_000, is_spaced=False), None, {}, {})
    assert choice.model["level"] == "char"
    assert "without spaces between words" in choice.reasons[0]


@pytest.mark.parametrize(("number", "form"), [(400, "lines"), (4, "stream")])
def test_long_documents_are_read_as_a_stream(number, form):
    assert language_model_choice(NOVEL, "line", {}, {}, number).model["form"] == form


def test_fine_tuning_is_short_and_gentle():
    config = NetworkConfig(vocabulary_size=4000)
    training = TrainingConfig(**fine_tuning_choice(NOVEL, config, {}).training)
    slowest = training.learning_rate * training.layer_decay**2
    assert slowest < TrainingConfig(**language_model_choice(NOVEL, None, {}, {}).training).learning_rate / 5
    assert 60 <= training.steps < 1000
    assert training.warmup_steps < training.steps / 2


def test_what_is_pruned_learns_at_one_rate_in_all_layers():
    config = NetworkConfig(vocabulary_size=100, units=(32, 32))
    assert fine_tuning_choice(NOVEL, config, {"prune": 0.5}).training["layer_decay"] == 1.0
    assert fine_tuning_choice(NOVEL, config, {}).training["layer_decay"] < 1.0


def test_lower_layers_learn_more_slowly_but_where_little_text_of_another_kind_is_gone_on_with():
    config = NetworkConfig(vocabulary_size=100)
    page = dataclasses.replace(NOVEL, num_characters=10_000)
    decays = [
        fine_tuning_choice(text, config, {}, surplus).training["layer_decay"]
        for text, surplus in ((NOVEL, None), (NOVEL, 2.0), (NOVEL, 0.1), (page, 2.0), (page, 0.1))
    ]
    assert decays == [0.3, 0.3, 0.3, 1.0, 0.3]


def test_it_is_said_that_a_model_knows_such_text():
    page = dataclasses.replace(NOVEL, num_characters=10_000)
    choice = fine_tuning_choice(page, NetworkConfig(vocabulary_size=100), {}, 0.1)
    assert choice.reasons[0].startswith(
        "going on from trained weights with 10 thousand characters of a kind that it knows"
    )
