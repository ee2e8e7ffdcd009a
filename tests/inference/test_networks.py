import numpy as np
import pytest

from tests.conftest import random_weights
from textrnn import TextrnnError
from textrnn.config import NetworkConfig
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.networks import cross_entropies


@pytest.mark.parametrize("cell", ["simple_rnn", "gru", "lstm"])
def test_a_state_carried_over_equals_reading_everything_at_once(cell):
    config = NetworkConfig(vocabulary_size=20, cell=cell, units=(7, 5), embedding_dim=6)
    network = RecurrentNetwork(config, random_weights(config))
    token_ids = np.random.default_rng(0).integers(1, 20, (2, 10))
    whole, final = network(token_ids, network.initial_states(2))
    states = network.initial_states(2)
    for step in range(10):
        last, states = network(token_ids[:, step : step + 1], states, last_only=True)
        np.testing.assert_allclose(last, whole[:, step], atol=1e-5)
    np.testing.assert_allclose(states[1][0], final[1][0], atol=1e-5)


def test_wrong_weights_are_refused():
    config = NetworkConfig(vocabulary_size=20, units=(7,), embedding_dim=6)
    weights = random_weights(config)
    weights["recurrent_0/bias"] = weights["recurrent_0/bias"][:-1]
    with pytest.raises(TextrnnError, match=r"'recurrent_0/bias' must have shape \(28,\). Received: \(27,\)"):
        RecurrentNetwork(config, weights)
    del weights["recurrent_0/bias"]
    with pytest.raises(TextrnnError, match="Received: None"):
        RecurrentNetwork(config, weights)


def test_a_bidirectional_network_does_not_read_whole_texts():
    config = NetworkConfig(vocabulary_size=20, units=(7,), embedding_dim=6, bidirectional=True, form="ngrams")
    network = RecurrentNetwork(config, random_weights(config))
    with pytest.raises(TextrnnError, match="would see its own targets"):
        network(np.array([[4]]), network.initial_states(1))


def test_cross_entropies():
    """Probabilities 1/4 and 3/4."""
    losses = cross_entropies(np.array([[0.0, np.log(3.0)], [1e4, 0.0]]), np.array([1, 0]))
    np.testing.assert_allclose(losses, [np.log(4 / 3), 0.0], atol=1e-12)
