"""The fast layers against Keras's own: outputs, states and gradients, for every cell and way of calling."""

import numpy as np
import pytest

from textrnn.training import keras, layers, tf

CELLS = ["SimpleRNN", "GRU", "LSTM"]
BATCH, TIME, INPUTS, UNITS = 4, 7, 5, 6


def pair(cell, **options):
    """Returns our layer and Keras's with equal random weights."""
    options = {"return_sequences": True, "return_state": True, **options}
    ours = getattr(layers, cell)(UNITS, **options)
    theirs = getattr(keras.layers, cell)(UNITS, **options)
    generator = np.random.default_rng(0)
    for layer in (ours, theirs):
        layer.build((BATCH, TIME, INPUTS))
    weights = [generator.normal(size=weight.shape).astype(np.float32) for weight in ours.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


def results(layer, mask=None, with_states=True):
    """Returns outputs, and the gradients of a loss that weighs every output and state differently."""
    generator = np.random.default_rng(1)
    inputs = tf.constant(generator.normal(size=(BATCH, TIME, INPUTS)).astype(np.float32))
    num_states = 2 if isinstance(layer, keras.layers.LSTM) else 1
    states = [tf.constant(generator.normal(size=(BATCH, UNITS)).astype(np.float32)) for _ in range(num_states)]

    @tf.function(autograph=False)
    def run():
        with tf.GradientTape() as tape:
            tape.watch([inputs, *states])
            outputs = layer(inputs, initial_state=states if with_states else None, mask=mask)
            outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            loss = sum(tf.reduce_sum(tf.sin(output) * (number + 1.0)) for number, output in enumerate(outputs))
        watched = [inputs, *(states if with_states else []), *(weight.value for weight in layer.trainable_variables)]
        return outputs, tape.gradient(loss, watched)

    return run()


def assert_equal(ours, theirs, **options):
    for group, reference in zip(results(ours, **options), results(theirs, **options), strict=True):
        for value, expected in zip(group, reference, strict=True):
            np.testing.assert_allclose(
                tf.convert_to_tensor(value), tf.convert_to_tensor(expected), rtol=1e-4, atol=5e-5
            )


def masks():
    right = np.ones((BATCH, TIME), bool)
    right[0, 3:] = right[1, 6:] = False
    left = right[:, ::-1].copy()
    holes = np.random.default_rng(2).random((BATCH, TIME)) > 0.4
    holes[3] = False
    return {"none": None, "right": right, "left": left, "holes": holes}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("mask", list(masks()))
@pytest.mark.parametrize("go_backwards", [False, True])
def test_forward_and_gradient_equal_those_of_keras(cell, mask, go_backwards):
    mask = masks()[mask]
    ours, theirs = pair(cell, go_backwards=go_backwards)
    assert ours.has_fast_loop
    assert_equal(ours, theirs, mask=None if mask is None else tf.constant(mask))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "options",
    [
        {"return_sequences": False},
        {"return_state": False},
        {"use_bias": False},
        {"zero_output_for_mask": True},
        {"return_sequences": False, "return_state": False},
    ],
)
def test_options_mean_what_they_mean_in_keras(cell, options):
    assert_equal(*pair(cell, **options), mask=tf.constant(masks()["right"]))
    assert_equal(*pair(cell, **options), with_states=False)


@pytest.mark.parametrize(
    ("cell", "options"),
    [("GRU", {"reset_after": False}), ("LSTM", {"activation": "relu"}), ("SimpleRNN", {"unroll": True})],
)
def test_what_the_fast_loop_does_not_cover_runs_through_keras(cell, options):
    ours, theirs = pair(cell, **options)
    assert not ours.has_fast_loop
    assert_equal(ours, theirs)


@pytest.mark.parametrize("cell", CELLS)
def test_bidirectional_wrapper(cell):
    mask = tf.constant(masks()["left"])
    inputs = tf.random.stateless_normal((BATCH, TIME, INPUTS), [1, 2])
    ours = keras.layers.Bidirectional(getattr(layers, cell)(UNITS, return_sequences=True))
    theirs = keras.layers.Bidirectional(getattr(keras.layers, cell)(UNITS, return_sequences=True))
    ours(inputs), theirs(inputs)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(inputs, mask=mask), theirs(inputs, mask=mask), atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_saving_and_loading_in_a_keras_model(cell, tmp_path):
    model = keras.Sequential([keras.Input((TIME, INPUTS)), getattr(layers, cell)(UNITS, weight_drop=0.2)])
    inputs = np.random.default_rng(3).normal(size=(BATCH, TIME, INPUTS)).astype(np.float32)
    expected = model.predict(inputs, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].weight_drop == 0.2
    np.testing.assert_allclose(loaded.predict(inputs, verbose=0), expected, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_bfloat16_products_stay_close(cell):
    exact, _ = pair(cell)
    rounded = getattr(layers, cell)(UNITS, return_sequences=True, return_state=True, precision="bfloat16")
    rounded.build((BATCH, TIME, INPUTS))
    rounded.set_weights([weight * 0.2 for weight in exact.get_weights()])
    exact.set_weights([weight * 0.2 for weight in exact.get_weights()])
    difference = np.abs(results(exact)[0][0] - results(rounded)[0][0]).max()
    assert 0 < difference < 0.02


def test_weight_drop_drops_whole_recurrent_weights_in_training_only():
    """With a recurrent kernel of ones and no inputs, h = tanh(h_previous U): the drop shows in the first step."""
    layer = layers.SimpleRNN(50, weight_drop=0.5, use_bias=False, seed=1)
    layer.build((1, 1, 1))
    layer.set_weights([np.zeros((1, 50)), np.full((50, 50), 0.01)])
    state = tf.ones((1, 50))
    plain = layer(tf.zeros((1, 1, 1)), initial_state=state)
    np.testing.assert_allclose(plain, np.full((1, 50), np.tanh(0.5)), rtol=1e-5)
    dropped = layer(tf.zeros((1, 1, 1)), initial_state=state, training=True)
    assert np.std(dropped) > 0.01
    assert abs(np.mean(dropped) - np.tanh(0.5)) < 0.05
    np.testing.assert_allclose(layer(tf.zeros((1, 1, 1)), initial_state=state), plain)


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="`weight_drop` must be at least 0 and below 1"):
        layers.LSTM(4, weight_drop=1.0)
    with pytest.raises(ValueError, match="`precision` must be one of"):
        layers.LSTM(4, precision="float8")
    layer = layers.GRU(4, weight_drop=0.5, reset_after=False)
    with pytest.raises(ValueError, match="`weight_drop` needs"):
        layer(tf.zeros((1, 2, 3)))


def test_embedding_dropout_drops_whole_words():
    embedding = layers.TokenEmbedding(200, 8, dropout=0.5, seed=1)
    embedding.build()
    embedding.embeddings.assign(tf.ones((200, 8)))
    vectors = embedding(tf.range(200), training=True).numpy()
    assert set(np.unique(vectors)) == {0.0, 2.0}
    assert (vectors == vectors[:, :1]).all()
    np.testing.assert_array_equal(embedding(tf.range(200)), np.ones((200, 8)))


def test_tied_output_uses_the_embedding_and_trains_it():
    embedding = layers.TokenEmbedding(9, 4, seed=1)
    embedding.build()
    output = layers.TokenOutput(9, tied_to=embedding)
    output.build((None, 4))
    hidden = tf.random.stateless_normal((2, 3, 4), [1, 1])
    np.testing.assert_allclose(output(hidden), hidden.numpy() @ embedding.embeddings.numpy().T, atol=1e-5)
    assert [weight.name for weight in output.trainable_variables] == ["bias"]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(output(hidden))
    assert np.abs(tape.gradient(loss, embedding.embeddings.value)).sum() > 0


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("mask", ["none", "right"])
def test_the_compiled_loop_equals_keras(cell, mask):
    mask = masks()[mask]
    ours, theirs = pair(cell)
    ours.compiled = True
    assert_equal(ours, theirs, mask=None if mask is None else tf.constant(mask))
