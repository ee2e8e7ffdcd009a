"""What a recogniser may be, and what not."""

import dataclasses

import pytest

from textrnn import TextrnnError
from textrnn.config import RecogniserConfig, RecogniserTrainingConfig


def test_sizes_by_hand():
    """40 bands of 3 frames; 10 token ids are 4 special ones and 6 characters, which with the blank are 7 symbols."""
    config = RecogniserConfig(vocabulary_size=10, units=(5,))
    assert (config.num_features, config.num_symbols, config.step_seconds) == (120, 7, 0.02)
    assert config.weight_shapes() == {
        "recurrent_0/kernel": (120, 15),
        "recurrent_0/recurrent_kernel": (5, 15),
        "recurrent_0/bias": (2, 15),
        "recurrent_0_backward/kernel": (120, 15),
        "recurrent_0_backward/recurrent_kernel": (5, 15),
        "recurrent_0_backward/bias": (2, 15),
        "output/kernel": (10, 7),
        "output/bias": (7,),
    }
    assert RecogniserConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rate": 4000}, "`sample_rate` must be a whole number at least 8000 and at most 48000"),
        ({"num_bands": 0}, "`num_bands` must be"),
        ({"stride": 0}, "`stride` must be"),
        ({"stacked_frames": 2.5}, "`stacked_frames` must be a whole number"),
        ({"units": ()}, "`units` must name 1 to 4 layer sizes"),
        ({"cell": "rnn"}, "`cell` must be one of"),
        ({"means": (1.0,)}, "`means` must hold a number for each of the 40 bands"),
        ({"means": ("a",) * 40}, "`means` must be a number"),
        ({"bidirectional": 1}, "`bidirectional` must be true or false"),
    ],
)
def test_networks_that_cannot_be(options, message):
    with pytest.raises(TextrnnError, match=message):
        RecogniserConfig(**options)


@pytest.mark.parametrize("name", ["speed", "warp", "colour", "noise", "frequency_mask", "time_mask", "batch_seconds"])
def test_trainings_that_cannot_be(name):
    for value in (-0.1, 100_001):
        with pytest.raises(TextrnnError, match=f"`{name}` must be"):
            RecogniserTrainingConfig(**{name: value})


def test_augmentation_is_what_the_batches_take():
    from textrnn.preprocessing.speech_batches import Augmentation

    options = RecogniserTrainingConfig(warp=0.3).augmentation()
    assert Augmentation(**options).warp == 0.3
    assert {field.name for field in dataclasses.fields(Augmentation)} == set(options)
