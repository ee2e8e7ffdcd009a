import numpy as np
import pytest

from textrnn.config import NetworkConfig
from textrnn.inference.cells import GRUCell, LSTMCell, SimpleRNNCell, run, sigmoid
from textrnn.inference.language_model import RecurrentNetwork


def softmax(x):
    return np.exp(x) / np.exp(x).sum(axis=0)


def tutorial(*input_shape):
    """The figures of the NumPy tutorial on recurrent networks: features first, `np.random.seed(1)`."""
    np.random.seed(1)
    x, state = np.random.randn(*input_shape), np.random.randn(5, 10)
    recurrent, kernel, output = np.random.randn(5, 5), np.random.randn(5, 3), np.random.randn(2, 5)
    bias, output_bias = np.random.randn(5, 1), np.random.randn(2, 1)
    return x, state, SimpleRNNCell(kernel.T, recurrent.T, bias[:, 0]), output, output_bias


def test_one_step_gives_the_tutorials_figures():
    x, state, cell, output, output_bias = tutorial(3, 10)
    (h,) = cell.step(cell.project(x.T), [state.T])
    expected_state = [0.59584544, 0.18141802, 0.61311866, 0.99808218, 0.85016201,
                      0.99980978, -0.18887155, 0.99815551, 0.6531151, 0.82872037]  # fmt: skip
    expected_output = [0.9888161, 0.01682021, 0.21140899, 0.36817467, 0.98988387,
                       0.88945212, 0.36920224, 0.9966312, 0.9982559, 0.17746526]  # fmt: skip
    np.testing.assert_allclose(h.T[4], expected_state, atol=1e-8)
    np.testing.assert_allclose(softmax(output @ h.T + output_bias)[1], expected_output, atol=1e-8)


def test_a_sequence_gives_the_tutorials_figures():
    x, state, cell, output, output_bias = tutorial(3, 10, 4)
    outputs, _ = run(cell, cell.project(x.transpose(1, 2, 0)), [state.T])
    np.testing.assert_allclose(outputs[1, :, 4], [-0.99999375, 0.77911235, -0.99861469, -0.99833267], atol=1e-8)
    predicted = softmax(np.einsum("os,bts->obt", output, outputs) + output_bias[:, :, None])
    np.testing.assert_allclose(predicted[1, 3], [0.79560373, 0.86224861, 0.11118257, 0.81515947], atol=1e-8)


def test_lstm_by_hand():
    """All weights zero but the biases i = f = o = 0 (gates of one half) and g = 1: c = c/2 + tanh(1)/2."""
    bias = np.array([0.0, 0.0, 1.0, 0.0])  # Keras's order i, f, g, o
    cell = LSTMCell(np.zeros((1, 4)), np.zeros((1, 4)), bias)
    h, c = cell.step(cell.project(np.zeros((1, 1))), [np.zeros((1, 1)), np.full((1, 1), 2.0)])
    assert c[0, 0] == pytest.approx(1.0 + np.tanh(1.0) / 2)
    assert h[0, 0] == pytest.approx(np.tanh(c[0, 0]) / 2)


def test_gru_by_hand():
    """z = r = one half, h_previous = 1, only the recurrent bias of n is 2: n = tanh(2 / 2), h = 1/2 + n/2."""
    bias = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
    cell = GRUCell(np.zeros((1, 3)), np.zeros((1, 3)), bias)
    (h,) = cell.step(cell.project(np.zeros((1, 1))), [np.ones((1, 1))])
    assert h[0, 0] == pytest.approx(0.5 + 0.5 * np.tanh(1.0))


def test_sigmoid_does_not_overflow():
    with np.errstate(all="raise"):
        np.testing.assert_allclose(sigmoid(np.array([-1e4, 0.0, 1e4])), [0.0, 0.5, 1.0])


def test_the_table_of_projected_tokens_gives_what_projecting_gives():
    generator = np.random.default_rng(0)
    config = NetworkConfig(vocabulary_size=50, units=(6,), embedding_dim=5)
    weights = {name: generator.normal(size=shape).astype("f") for name, shape in config.weight_shapes().items()}
    network = RecurrentNetwork(config, weights)
    token_ids = generator.integers(0, 50, (40, 1))
    first, _ = network(token_ids, network.initial_states(40))
    assert network.first_inputs.table is None
    second, _ = network(token_ids, network.initial_states(40))
    assert network.first_inputs.table is not None
    np.testing.assert_allclose(first, second, atol=1e-6)
    few, _ = network(token_ids[:15], network.initial_states(15))
    fresh = RecurrentNetwork(config, weights)
    np.testing.assert_array_equal(few, fresh(token_ids[:15], fresh.initial_states(15))[0])  # to the last bit
