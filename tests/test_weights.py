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
