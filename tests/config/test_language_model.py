import pytest

from textrnn import TextrnnError
from textrnn.config import NETWORKS, NetworkConfig, TrainingConfig


def test_configs_round_trip_through_dictionaries():
    config = NetworkConfig(vocabulary_size=9, units=(3, 4), cell="gru")
    assert NetworkConfig.from_dict(config.to_dict()) == config
    assert TrainingConfig.from_dict(TrainingConfig(epochs=3).to_dict()) == TrainingConfig(epochs=3)


def test_unknown_options_suggest_the_nearest():
    with pytest.raises(TextrnnError, match="no option `droput`. Did you mean 'dropout'"):
        NetworkConfig.from_dict({"vocabulary_size": 9, "droput": 0.1})


def test_the_tutorials_network_has_the_tutorials_parameters():
    """Embedding 1000 * 100, LSTM 4 * 150 * (100 + 150 + 1), LSTM 4 * 100 * (150 + 100 + 1), Dense 100 * 1000 + 1000."""
    shapes = NetworkConfig(vocabulary_size=1000, **NETWORKS["tutorial"]).weight_shapes()
    total = 0
    for shape in shapes.values():
        size = 1
        for number in shape:
            size *= number
        total += size
    assert total == 100_000 + 150_600 + 100_400 + 101_000


def test_one_layer_may_be_given_as_a_number():
    assert NetworkConfig(vocabulary_size=9, units=5).units == (5,)


@pytest.mark.parametrize("value", [0, 5.5, True, "9", -3, float("inf")])
def test_impossible_numbers(value):
    with pytest.raises(TextrnnError, match=r"`embedding_dim` must be a whole number at least 1.*Received"):
        NetworkConfig(vocabulary_size=9, embedding_dim=value)


def test_a_tied_output_of_another_size_is_projected():
    options = {"vocabulary_size": 9, "units": (5,), "embedding_dim": 3}
    tied, untied = NetworkConfig(**options, tie_weights=True), NetworkConfig(**options)
    assert tied.weight_shapes()["projection/kernel"] == (5, 3)
    assert tied.format_version == 2  # format 1 knows no projection
    assert untied.format_version == 1
    assert not untied.has_projection


def test_flags_must_be_flags():
    with pytest.raises(TextrnnError, match="`tie_weights` must be true or false"):
        NetworkConfig(vocabulary_size=9, tie_weights="no")
