import dataclasses
import itertools
import types

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import cells, race
from benchmarks.elementwise import Elementwise, ElementwiseLayer, gated_average
from textrnn.config import TrainingConfig
from textrnn.preprocessing.sequences import EncodedText

VOCABULARY = 12
ELEMENTWISE = {name: network for name, network in cells.NETWORKS.items() if not isinstance(network.cell, str)}
LAYERS = sorted({layer for network in ELEMENTWISE.values() for layer in network.cell}, key=repr)


def small(name):
    """A network of the race with few units, projected where the large one is."""
    network = cells.NETWORKS[name]
    embedding_dim = 16 if network.units[-1] == network.embedding_dim else 12
    return dataclasses.replace(network, units=(16,) * len(network.units), embedding_dim=embedding_dim)


def random_layer(options, size=5, precision="float32"):
    layer = ElementwiseLayer(size, options, precision, seed=1)
    layer.build((None, None, size))
    generator = np.random.default_rng(2)
    for variable in layer.trainable_variables:
        variable.assign(variable + generator.normal(0, 0.5, variable.shape))
    return layer


def random_tensors(*shapes):
    generator = np.random.default_rng(3)
    return [tf.constant(generator.normal(size=shape).astype(np.float32)) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_average_by_hand():
    """All gates 0 are a half each: 0.5 * 0 + 0.5 * 4 = 2, then 0.5 * 2 + 0.5 * 8 = 5."""
    averages = gated_average(tf.constant([[[4.0]], [[8.0]]]), tf.zeros((2, 1, 1)), tf.zeros(1), tf.zeros((1, 1)))
    assert averages.numpy().ravel().tolist() == [2.0, 5.0]


def test_gradients_are_those_of_automatic_differentiation():
    inputs = random_tensors((6, 3, 4), (6, 3, 4), (4,), (3, 4))
    (weights,) = random_tensors((6, 3, 4))

    def unrolled(candidates, gates, feedback, c):
        averages = []
        for z, a in zip(tf.unstack(candidates), tf.unstack(gates), strict=True):
            f = tf.sigmoid(a + feedback * c)
            c = f * c + (1 - f) * z
            averages.append(c)
        return tf.stack(averages)

    @tf.function
    def averages_and_gradients(function):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            averages = function(*inputs)
            loss = tf.reduce_sum(weights * averages)
        return averages, *tape.gradient(loss, inputs)

    for ours, expected in zip(*map(averages_and_gradients, (gated_average, unrolled)), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


def test_a_quasi_recurrent_layer_is_that_of_the_paper():
    """Bradbury et al. 2017, equations 2 and 4: a window of two inputs, `c = f c + (1 - f) z`, `h = o c`."""
    layer = random_layer(Elementwise(window=2, tanh=True, output_gate=True))
    inputs, c, before = random_tensors((2, 4, 5), (2, 5), (2, 5))
    outputs, *states = layer(inputs, initial_state=[c, before])
    expected = []
    for x in np.swapaxes(inputs, 0, 1):
        z, f, o = np.split(np.concatenate([before, x], axis=1) @ layer.kernel.numpy() + layer.bias.numpy(), 3, axis=1)
        c = sigmoid(f) * c + (1 - sigmoid(f)) * np.tanh(z)
        expected.append(sigmoid(o) * c)
        before = x
    np.testing.assert_allclose(outputs, np.stack(expected, axis=1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(states[0], c, rtol=1e-4, atol=1e-5)


def test_a_simple_recurrent_unit_is_that_of_the_paper():
    """Lei et al. 2018, equations 1 to 4: both gates see the state before them; a highway past the cell."""
    layer = random_layer(Elementwise(highway=True, feedback=True))
    inputs, c = random_tensors((2, 4, 5), (2, 5))
    outputs, state = layer(inputs, initial_state=[c])
    v_f, v_r = layer.feedback.numpy()
    expected = []
    for x in np.swapaxes(inputs, 0, 1):
        z, f, r = np.split(x @ layer.kernel.numpy() + layer.bias.numpy(), 3, axis=1)
        f, r = sigmoid(f + v_f * c), sigmoid(r + v_r * c)
        c = f * c + (1 - f) * z
        expected.append(r * c + (1 - r) * x)
    np.testing.assert_allclose(outputs, np.stack(expected, axis=1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(state, c, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", LAYERS, ids=repr)
def test_a_state_carried_over_windows_equals_one_long_window(options):
    layer = random_layer(options)
    (inputs,) = random_tensors((2, 7, 5))
    start = [tf.zeros((2, size)) for size in layer.state_sizes]
    whole, *ends = layer(inputs, initial_state=start)
    first, *states = layer(inputs[:, :3], initial_state=start)
    second, *states = layer(inputs[:, 3:], initial_state=states)
    np.testing.assert_allclose(tf.concat([first, second], axis=1), whole, rtol=1e-5, atol=1e-6)
    for state, end in zip(states, ends, strict=True):
        np.testing.assert_allclose(state, end, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("options", LAYERS, ids=repr)
def test_bfloat16_gives_about_the_same_gradients(options):
    (inputs,) = random_tensors((2, 4, 5))
    found = []
    for precision in ("float32", "bfloat16"):
        layer = random_layer(options, precision=precision)
        start = [tf.zeros((2, size)) for size in layer.state_sizes]

        @tf.function
        def gradients(layer=layer, start=start):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(layer(inputs, initial_state=start)[0] ** 2)
            return tape.gradient(loss, [variable.value for variable in layer.trainable_variables])

        found.append(gradients())
    for exact, rounded in zip(*found, strict=True):
        np.testing.assert_allclose(rounded, exact, atol=0.05 * float(tf.reduce_max(tf.abs(exact))))


def test_a_highway_needs_inputs_of_its_size():
    with pytest.raises(ValueError, match="Received: size=3, units=5"):
        ElementwiseLayer(5, Elementwise(highway=True)).build((None, None, 3))


@pytest.fixture
def short_race(monkeypatch):
    """A race over a text that repeats itself, on a clock by which each step takes a second."""
    ticks = itertools.count()
    monkeypatch.setattr(race, "time", types.SimpleNamespace(monotonic=lambda: float(next(ticks))))
    token_ids = np.tile(np.arange(4, VOCABULARY, dtype=np.uint16), 300)
    text = EncodedText(token_ids, np.array([0]), np.array([len(token_ids)]), 4 * len(token_ids), 0)
    return race.Race(text, text, VOCABULARY, 1.0, "float32", "cosine", seed=1)


@pytest.mark.parametrize("name", ["lstm", *ELEMENTWISE])
def test_networks_train_for_the_same_time_and_learn(name, short_race):
    network = small(name)
    model = network.build(VOCABULARY, short_race.precision, short_race.seed)
    config = dataclasses.replace(short_race.config(0.1), warmup_steps=1)
    trainer = race.RaceTrainer(model, config, short_race)
    trainer.fit()
    assert [round(60 * minutes) for minutes, _, _ in trainer.history] == list(range(6, 61, 6))
    assert trainer.history[-1][1] == 60
    assert trainer.history[-1][2] < 0.7 * np.log(8)  # guessing among the tokens that occur


def test_the_rate_rises_by_steps_and_falls_by_the_clock():
    clock = race.Clock(TrainingConfig(learning_rate=0.01, warmup_steps=4), minutes=1)
    assert clock.learning_rate(0) == pytest.approx(0.0025)
    clock.seconds = 30.0
    assert clock.learning_rate(100) == pytest.approx(0.005)
    clock.seconds = 61.0
    assert clock.learning_rate(100) == pytest.approx(0.0)


@pytest.mark.parametrize(("loss", "expected"), [(5.0, 1.0), (4.5, 1.5), (4.0, 2.0), (3.9, None), (9.0, 1.0)])
def test_minutes_until_a_loss(loss, expected):
    result = race.Result("", "", 0, 0.0, 0.0, [(1.0, 10, 5.0), (2.0, 20, 4.0), (3.0, 30, 4.2)])
    assert result.minutes_until(loss) == expected


def test_the_table_says_when_the_loss_of_the_lstm_was_reached(short_race):
    """A token stands for four characters: 2.7726 nats = 4 bits per token = 1 bit per character."""
    results = [
        race.Result("lstm", "LSTM", 1234, 0.002, 100.0, [(1.0, 10, 4.0), (2.0, 20, 4 * np.log(2))]),
        race.Result("sru", "SRU", 1234, 0.002, 100.0, [(1.0, 10, 4 * np.log(2)), (2.0, 20, 2.0)]),
    ]
    rows = [line.strip("| ").split(" | ") for line in cells.table(results, short_race).splitlines()]
    assert rows[2] == ["lstm", "LSTM", "1,234", "0.002", "20", "100", "2.7726", "1.0000", "2.0"]
    assert rows[3][-1] == "1.0"
