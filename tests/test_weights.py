import numpy as np
import pytest

from textrnn.config import NetworkConfig
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.weights import with_larger_vocabulary


@pytest.mark.parametrize("tied", [True, False])
def test_old_tokens_keep_their_rows_and_new_ones_begin_improbable(tied):
    """The logits of old tokens stay as they were; a new token's logit is about the average, with the lowest bias."""
    config = NetworkConfig(vocabulary_size=9, units=(6,), embedding_dim=6, tie_weights=tied)
    random = np.random.default_rng(0)
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in config.weight_shapes().items()}
    larger = NetworkConfig(vocabulary_size=11, units=(6,), embedding_dim=6, tie_weights=tied)
    extended = with_larger_vocabulary(weights, 11)
    assert {name: array.shape for name, array in extended.items()} == larger.weight_shapes()
    networks = RecurrentNetwork(config, weights), RecurrentNetwork(larger, extended)
    before, after = (network(np.array([[4, 5, 8]]), network.initial_states(1))[0] for network in networks)
    np.testing.assert_allclose(after[..., :9], before, atol=1e-5)
    mean = before.mean(axis=-1) - weights["output/bias"].mean() + weights["output/bias"].min()
    np.testing.assert_allclose(after[..., 9], mean, atol=0.2)
    assert not np.array_equal(extended["embedding/embeddings"][9], extended["embedding/embeddings"][10])


def test_new_tokens_that_are_like_old_ones_share_their_probability():
    config = NetworkConfig(vocabulary_size=9, units=(6,), embedding_dim=6)
    random = np.random.default_rng(0)
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in config.weight_shapes().items()}
    counts = np.array([0, 0, 0, 0, 0, 9, 0, 0, 0, 29, 0, 59])
    extended = with_larger_vocabulary(weights, 12, {9: 5, 11: 5}, counts)
    networks = (
        RecurrentNetwork(config, weights),
        RecurrentNetwork(NetworkConfig(vocabulary_size=12, units=(6,), embedding_dim=6), extended),
    )
    before, after = (network(np.array([[4, 5, 8]]), network.initial_states(1))[0] for network in networks)
    shared = np.exp(after[..., [5, 9, 11]] - before[..., [5]])
    np.testing.assert_allclose(shared, np.broadcast_to([0.1, 0.3, 0.6], shared.shape), rtol=1e-4)  # 10, 30, 60 of 100
    read = [
        network(np.array([[token]]), network.initial_states(1))[0] for token in (5, 9, 11) for network in networks[1:]
    ]
    np.testing.assert_array_equal(read[0], read[1])
    np.testing.assert_array_equal(read[0], read[2])
