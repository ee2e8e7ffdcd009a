import ast
import pathlib
import re

import numpy as np
import pytest

from textrnn import TextrnnError, teaching

# The course's figures: its draws with `np.random.seed(1)`, in its order. Those of the LSTM's backward pass over a
# sequence are the gradients; the first edition of the course printed others, for it carried nothing back in time.


def drawn(*shapes):
    np.random.seed(1)
    return [np.random.randn(*shape) for shape in shapes]


def draw(names, n_x=3, n_a=5, n_y=2):
    """Draws the named parameters on, in the order of the names."""
    shapes = {"Wax": (n_a, n_x), "Waa": (n_a, n_a), "Wya": (n_y, n_a), "Wy": (n_y, n_a), "by": (n_y, 1)}
    rest = {"W": (n_a, n_a + n_x), "b": (n_a, 1)}
    return {name: np.random.randn(*shapes.get(name, rest[name[0]])) for name in names.split()}


LSTM = "Wf bf Wi bi Wo bo Wc bc Wy by"


def assert_printed(values, figures):
    """Every digit of the figures is right; NumPy prints the numbers of an array with as many decimals as one needs."""
    figures = figures.split()
    decimals = max(len(figure.partition(".")[2]) for figure in figures)
    np.testing.assert_allclose(
        np.ravel(values), [float(figure) for figure in figures], rtol=0, atol=0.501 / 10**decimals
    )


def test_a_step_of_the_simple_rnn_gives_the_courses_figures():
    xt, a_prev = drawn((3, 10), (5, 10))
    a_next, yt, cache = teaching.rnn_cell_forward(xt, a_prev, draw("Waa Wax Wya ba by"))
    assert_printed(a_next[4], "0.59584544 0.18141802 0.61311866 0.99808218 0.85016201 0.99980978 -0.18887155 "
                              "0.99815551 0.6531151 0.82872037")  # fmt: skip
    assert_printed(yt[1], "0.9888161 0.01682021 0.21140899 0.36817467 0.98988387 0.88945212 0.36920224 0.9966312 "
                          "0.9982559 0.17746526")  # fmt: skip
    assert cache[0] is a_next
    assert cache[2] is xt


def test_a_sequence_of_the_simple_rnn_gives_the_courses_figures():
    x, a0 = drawn((3, 10, 4), (5, 10))
    a, y, caches = teaching.rnn_forward(x, a0, draw("Waa Wax Wya ba by"))
    assert (a.shape, y.shape) == ((5, 10, 4), (2, 10, 4))
    assert_printed(a[4][1], "-0.99999375 0.77911235 -0.99861469 -0.99833267")
    assert_printed(y[1][3], "0.79560373 0.86224861 0.11118257 0.81515947")
    assert len(caches) == 2
    assert_printed(caches[1][1][3], "-1.1425182 -0.34934272 -0.20889423 0.58662319")


def test_the_gradients_of_the_simple_rnn_are_the_courses_figures():
    x, a0 = drawn((3, 10, 4), (5, 10))
    *_, caches = teaching.rnn_forward(x, a0, draw("Wax Waa Wya ba by"))
    gradients = teaching.rnn_backward(np.random.randn(5, 10, 4), caches)
    assert_printed(gradients["dx"][1][2], "-2.07101689 -0.59255627 0.02466855 0.01483317")
    assert_printed(gradients["da0"][2][3], "-0.314942375")
    assert_printed(gradients["dWax"][3][1], "11.2641045")
    assert_printed(gradients["dWaa"][1][2], "2.30333313")
    assert_printed(gradients["dba"][4], "-0.74747722")


def test_a_step_of_the_lstm_gives_the_courses_figures():
    xt, a_prev, c_prev = drawn((3, 10), (5, 10), (5, 10))
    a_next, c_next, yt, cache = teaching.lstm_cell_forward(xt, a_prev, c_prev, draw(LSTM))
    assert_printed(a_next[4][:3], "-0.66408471 0.0036921 0.02088357")
    assert_printed(c_next[2][:3], "0.63267805 1.00570849 0.35504474")
    assert_printed(yt[1][:2], "0.79913913 0.15986619")
    gradients = teaching.lstm_cell_backward(np.random.randn(5, 10), np.random.randn(5, 10), cache)
    assert_printed(gradients["dxt"][1][2], "3.23055912")
    assert_printed(gradients["dWf"][3][1], "-0.14795484")
    assert_printed(gradients["dWi"][1][2], "1.05749806")
    assert_printed(gradients["dWc"][3][1], "2.30456216")
    assert_printed(gradients["dWo"][1][2], "0.33131160")


def test_a_sequence_of_the_lstm_gives_the_courses_figures():
    x, a0 = drawn((3, 10, 7), (5, 10))
    a, y, c, _ = teaching.lstm_forward(x, a0, draw(LSTM))
    assert_printed(a[4][3][6], "0.172117767533")
    assert_printed(y[1][4][3], "0.95087346185")
    assert_printed(c[1][2][1], "-0.855544916718")


def test_the_gradients_of_the_lstm_are_the_figures_of_the_courses_later_editions():
    """It draws no output for them, and has a loss of the first four of seven steps."""
    x, a0 = drawn((3, 10, 7), (5, 10))
    parameters = draw("Wf bf Wi bi Wo bo Wc bc")
    da = np.random.randn(5, 10, 4)
    *_, caches = teaching.lstm_forward(x, a0, parameters | {"Wy": np.zeros((2, 5)), "by": np.zeros((2, 1))})
    gradients = teaching.lstm_backward(da, caches)
    assert gradients["dx"].shape == (3, 10, 4)
    assert_printed(gradients["dx"][1][2], "0.00218254 0.28205375 -0.48292508 -0.43281115")
    assert_printed(gradients["da0"][2][3], "0.31277031")
    assert_printed(gradients["dWf"][3][1], "-0.08098023")
    whole = teaching.lstm_backward(np.concatenate([da, np.zeros((5, 10, 3))], axis=2), caches)
    assert not whole["dx"][:, :, 4:].any()
    np.testing.assert_allclose(whole["dWf"], gradients["dWf"], rtol=1e-12)


# Gradients, by equations and by numbers


def loss_of(states, weights):
    """A loss that reads every number of every state with a weight of its own, so that no gradient is left out."""
    return sum(float(np.sum(state * weight)) for state, weight in zip(states, weights, strict=True))


@pytest.mark.parametrize("cell", teaching.CELLS)
def test_the_gradients_of_a_step_are_the_numeric_ones(cell):
    np.random.seed(2)
    parameters = {name: np.random.randn(*shape) for name, shape in teaching.parameter_shapes(cell, 3, 5, 2).items()}
    xt, states = np.random.randn(3, 4), [np.random.randn(5, 4) for _ in teaching.zero_states(cell, parameters, 4)]
    weights = [np.random.randn(5, 4) for _ in states]

    def forward():
        return teaching.CELLS[cell].cell_forward(xt, *states, parameters)

    gradients = teaching.CELLS[cell].cell_backward(*weights, forward()[-1])
    arrays = {name: parameters[name] for name in parameters if name not in ("Wy", "Wya", "by")}
    arrays |= {"xt": xt} | dict(zip(("a_prev", "c_prev"), states, strict=False))
    errors = teaching.gradient_check(lambda: loss_of(forward()[: len(states)], weights), arrays, gradients)
    assert set(gradients) == {f"d{name}" for name in errors}
    assert max(errors.values()) < 1e-7, errors


@pytest.mark.parametrize("cell", teaching.CELLS)
def test_the_gradients_of_a_sequence_are_the_numeric_ones(cell):
    np.random.seed(3)
    parameters = {name: np.random.randn(*shape) for name, shape in teaching.parameter_shapes(cell, 3, 5, 2).items()}
    x, a0, da = np.random.randn(3, 4, 6), np.random.randn(5, 4), np.random.randn(5, 4, 6)

    def forward():
        return teaching.CELLS[cell].forward(x, a0, parameters)

    gradients = teaching.CELLS[cell].backward(da, forward()[-1])
    arrays = {name: parameters[name] for name in parameters if name not in ("Wy", "Wya", "by")} | {"x": x, "a0": a0}
    errors = teaching.gradient_check(lambda: loss_of(forward()[:1], [da]), arrays, gradients)
    assert set(gradients) == {f"d{name}" for name in errors}
    assert max(errors.values()) < 1e-7, errors


def whole_loss(cell, parameters, ids):
    """The loss of a character model, and all its gradients."""
    x = teaching.one_hot(ids[:, :-1], n_x=4)
    a0, *_ = teaching.zero_states(cell, parameters, len(ids))
    a, y, *_, caches = teaching.CELLS[cell].forward(x, a0, parameters)
    da, of_output = teaching.cross_entropy_backward(y, ids[:, 1:], a, parameters)
    return teaching.cross_entropy(y, ids[:, 1:]), of_output | teaching.CELLS[cell].backward(da, caches)


@pytest.mark.parametrize("cell", teaching.CELLS)
def test_the_gradients_of_a_character_model_are_the_numeric_ones(cell):
    ids = np.random.default_rng(4).integers(0, 4, (3, 6))
    parameters = teaching.initial_parameters(cell, n_x=4, n_a=5, n_y=4, seed=4)
    _, gradients = whole_loss(cell, parameters, ids)
    errors = teaching.gradient_check(lambda: whole_loss(cell, parameters, ids)[0], parameters, gradients)
    assert max(errors.values()) < 1e-7, errors


@pytest.mark.parametrize("cell", teaching.CELLS)
def test_examples_do_not_touch_each_other(cell):
    """A batch gives what its examples give one by one; their gradients of the weights add up."""
    generator = np.random.default_rng(5)
    parameters = teaching.initial_parameters(cell, n_x=3, n_a=5, n_y=2, seed=5)
    x, a0, da = generator.normal(size=(3, 4, 6)), generator.normal(size=(5, 4)), generator.normal(size=(5, 4, 6))
    a, y, *_, caches = teaching.CELLS[cell].forward(x, a0, parameters)
    together = teaching.CELLS[cell].backward(da, caches)
    weights = [name for name in together if name not in ("dx", "da0")]
    sums = {name: np.zeros_like(together[name]) for name in weights}
    for one in (slice(k, k + 1) for k in range(4)):
        a_one, y_one, *_, caches = teaching.CELLS[cell].forward(x[:, one], a0[:, one], parameters)
        alone = teaching.CELLS[cell].backward(da[:, one], caches)
        np.testing.assert_allclose(a_one, a[:, one], rtol=0, atol=1e-12)
        np.testing.assert_allclose(y_one, y[:, one], rtol=0, atol=1e-12)
        np.testing.assert_allclose(alone["dx"], together["dx"][:, one], rtol=0, atol=1e-12)
        sums = {name: sums[name] + alone[name] for name in weights}
    for name in weights:
        np.testing.assert_allclose(sums[name], together[name], rtol=0, atol=1e-12)


def test_a_wrong_gradient_is_found():
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    errors = teaching.gradient_check(lambda: float(np.sum(w**3)), {"w": w}, {"dw": 3 * w**2})
    assert errors["w"] < 1e-9
    assert w.tolist() == [[1, 2], [3, 4]]  # put back
    wrong = teaching.gradient_check(lambda: float(np.sum(w**3)), {"w": w}, {"w": 3 * w**2 + 1})
    assert wrong["w"] > 1e-2
    assert teaching.gradient_check(lambda: 1.0, {"w": w}, {"dw": np.zeros((2, 2))}) == {"w": 0.0}
    with pytest.raises(TextrnnError, match="must hold 'dw'"):
        teaching.gradient_check(lambda: 1.0, {"w": w}, {"db": w})
    with pytest.raises(TextrnnError, match="float64"):
        teaching.gradient_check(lambda: 1.0, {"w": w.astype(np.float32)}, {"dw": w})
    with pytest.raises(TextrnnError, match="the shape of what it is the gradient of"):
        teaching.gradient_check(lambda: 1.0, {"w": w}, {"dw": w[:1]})


# Keras


def keras_layer(cell, n_a):
    import keras

    if cell == "simple_rnn":
        return keras.layers.SimpleRNN(n_a, return_sequences=True)
    if cell == "lstm":
        return keras.layers.LSTM(n_a, return_sequences=True)
    return keras.layers.GRU(n_a, return_sequences=True, reset_after=False)


@pytest.mark.parametrize("cell", teaching.CELLS)
def test_keras_computes_the_same_and_its_weights_come_back(cell):
    import keras

    generator = np.random.default_rng(6)
    layer, dense = keras_layer(cell, 5), keras.layers.Dense(2, activation="softmax")
    x = generator.normal(size=(3, 10, 4)).astype(np.float32)  # (n_x, m, T_x)
    batch = np.moveaxis(x, 0, 2)  # (m, T_x, n_x), as Keras has it
    dense(layer(batch))
    for part in (layer, dense):  # biases too, which begin with zeros
        part.set_weights([generator.normal(0, 0.7, array.shape) for array in part.get_weights()])
    expected = [np.moveaxis(np.asarray(array), 2, 0) for array in (layer(batch), dense(layer(batch)))]

    parameters = teaching.parameters_from_keras(cell, layer.get_weights(), dense.get_weights())
    assert {name: array.shape for name, array in parameters.items()} == teaching.parameter_shapes(cell, 3, 5, 2)
    a, y, *_ = teaching.CELLS[cell].forward(x, np.zeros((5, 10), np.float32), parameters)
    np.testing.assert_allclose(a, expected[0], rtol=0, atol=1e-6)
    np.testing.assert_allclose(y, expected[1], rtol=0, atol=1e-6)

    weights, output = teaching.parameters_to_keras(cell, parameters)
    for array, original in zip(weights + output, layer.get_weights() + dense.get_weights(), strict=True):
        np.testing.assert_array_equal(array, original)
    a, y, *_ = teaching.CELLS[cell].forward(
        x, np.zeros((5, 10)), teaching.parameters_from_keras(cell, layer.get_weights())
    )
    np.testing.assert_allclose(a, expected[0], rtol=0, atol=1e-6)
    assert y.shape == (0, 10, 4)


def test_weights_of_other_layers_are_refused():
    kernel, recurrent_kernel = np.zeros((3, 15)), np.zeros((5, 15))
    with pytest.raises(TextrnnError, match=r"`bias` must have the shape \(15,\).*reset_after=False"):
        teaching.parameters_from_keras("gru", [kernel, recurrent_kernel, np.zeros((2, 15))])
    with pytest.raises(TextrnnError, match="of the kind 'lstm'"):
        teaching.parameters_from_keras("lstm", [kernel, recurrent_kernel, np.zeros(15)])
    with pytest.raises(TextrnnError, match="use_bias=True"):
        teaching.parameters_from_keras("gru", [kernel, recurrent_kernel])
    with pytest.raises(TextrnnError, match="kernel of the output"):
        teaching.parameters_from_keras("gru", [kernel, recurrent_kernel, np.zeros(15)], [np.zeros((4, 2)), np.zeros(2)])
    with pytest.raises(TextrnnError, match="must be one of 'simple_rnn', 'lstm', 'gru'"):
        teaching.parameters_from_keras("LSTM", [kernel, recurrent_kernel, np.zeros(15)])
    parameters = teaching.initial_parameters("gru", 3, 5, 2)
    with pytest.raises(TextrnnError, match="must hold 'bu'"):
        teaching.parameters_to_keras("gru", {name: array for name, array in parameters.items() if name != "bu"})


# How far gradients reach


def linear(recurrent, n_x=2):
    """A simple RNN whose states stay so small that tanh is the identity."""
    n_a = len(recurrent)
    parameters = teaching.initial_parameters("simple_rnn", n_x, n_a, n_y=2, scale=0)
    return parameters | {"Waa": recurrent}


def test_the_norms_of_a_linear_network_are_powers():
    """With Waa = 2 Q, Q orthogonal, each step back doubles the gradient; with 0.5 Q it halves it; clipped, it is 1."""
    orthogonal, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(4, 4)))
    x = np.zeros((2, 3, 10))
    double = teaching.gradient_norms("simple_rnn", linear(2 * orthogonal), x)
    np.testing.assert_allclose(double, 2.0 ** np.arange(11))
    half = teaching.gradient_norms("simple_rnn", linear(0.5 * orthogonal), x)
    np.testing.assert_allclose(half, 0.5 ** np.arange(11))
    np.testing.assert_allclose(teaching.gradient_norms("simple_rnn", linear(2 * orthogonal), x, max_norm=1.0), 1.0)
    clipped = teaching.gradient_norms("simple_rnn", linear(0.5 * orthogonal), x, max_norm=1.0)
    np.testing.assert_allclose(clipped, half)  # what vanishes is not brought back


def test_gates_keep_what_a_simple_rnn_loses():
    x = np.random.default_rng(8).normal(size=(3, 4, 60))
    norms = {}
    for cell in teaching.CELLS:
        parameters = teaching.initial_parameters(cell, n_x=3, n_a=32, n_y=2, scale=0.5)
        if cell == "lstm":
            parameters["bf"] += 3
        if cell == "gru":
            parameters["bu"] -= 4
        norms[cell] = teaching.gradient_norms(cell, parameters, x)
    assert norms["simple_rnn"][60] < 1e-12
    assert min(norms["lstm"][60], norms["gru"][60]) > 1e-2


# Training


def test_a_loss_by_hand():
    """Probabilities 1/2 and 1/4 of what came: (ln 2 + ln 4) / 2 = 1.5 ln 2."""
    y = np.array([[[0.5, 0.25]], [[0.25, 0.25]], [[0.25, 0.5]]])  # (3, 1, 2)
    assert teaching.cross_entropy(y, np.array([[0, 1]])) == pytest.approx(1.5 * np.log(2))
    assert np.isfinite(teaching.cross_entropy(np.array([[1.0], [0.0]]), np.array([1])))


def test_updates_by_hand():
    """Descent takes off 0.1 times the gradient; Adagrad's first step is the rate, its second the rate / sqrt(2)."""
    parameters = {"W": np.array([[1.0, 1.0]])}
    teaching.update_parameters(parameters, {"dW": np.array([[2.0, -4.0]]), "dx": np.zeros(3)}, learning_rate=0.1)
    np.testing.assert_allclose(parameters["W"], [[0.8, 1.4]])
    squares = {}
    for expected in (1 - 0.1, 1 - 0.1 - 0.1 / np.sqrt(2)):
        parameters = {"W": parameters["W"] if squares else np.array([[1.0]])}
        teaching.update_parameters(parameters, {"dW": np.array([[5.0]])}, learning_rate=0.1, squares=squares)
        np.testing.assert_allclose(parameters["W"], [[expected]])
    with pytest.raises(TextrnnError, match="cross_entropy_backward"):
        teaching.update_parameters(parameters, {}, learning_rate=0.1)


def test_clipping_keeps_the_direction():
    gradients = {"dW": np.array([[3.0]]), "db": np.array([[4.0]])}
    clipped = teaching.clip(gradients, 0.5)
    np.testing.assert_allclose([clipped["dW"][0, 0], clipped["db"][0, 0]], [0.3, 0.4])
    assert teaching.clip(gradients, 6.0)["dW"] == 3.0
    assert not teaching.clip({"dW": np.zeros(2)}, 1.0)["dW"].any()


@pytest.mark.parametrize("cell", teaching.CELLS)
def test_a_network_learns_to_count_and_writes_what_it_learned(cell):
    """Only a network that remembers can tell which of the two `1` of 0 1 2 1 0 1 2 1 ... it has read."""
    ids = np.array([[0, 1, 2, 1] * 4, [2, 1, 0, 1] * 4])
    parameters = teaching.initial_parameters(cell, n_x=4, n_a=12, n_y=4, seed=1)
    squares = {}
    for _ in range(150):
        loss, gradients = whole_loss(cell, parameters, ids)
        teaching.update_parameters(parameters, teaching.clip(gradients, 5.0), 0.1, squares)
    assert loss < 0.1
    written = teaching.sample(cell, parameters, [0, 1, 2], length=9, temperature=0.1, seed=2)
    assert written == [1, 0, 1, 2, 1, 0, 1, 2, 1]
    assert teaching.sample(cell, parameters, [0], length=0) == []
    assert teaching.sample(cell, parameters, [0], 20, 2.0, seed=3) == teaching.sample(
        cell, parameters, [0], 20, 2.0, seed=3
    )


# What does not fit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"x": (3, 10)},
            "`x` must have the shape (n_x, m, T_x): features, examples, at least one step. Received: (3, 10).",
        ),
        ({"x": (3, 10, 0)}, "at least one step. Received: (3, 10, 0)."),
        ({"a0": (5,)}, "`a_prev` must have two axes, one row a feature or unit and one column an example."),
        (
            {"a0": (5, 1)},
            "`a_prev` must have the shape (5, 10). Received: (5, 1). Each of the 10 examples needs a column",
        ),
        ({"Waa": (5, 4)}, "`parameters['Waa']` must have the shape (5, 5). Received: (5, 4). `xt` has 3 features and"),
        ({"ba": (5,)}, "`parameters['ba']` must have the shape (5, 1). Received: (5,)."),
    ],
)
def test_a_wrong_shape_is_named(change, message):
    parameters = teaching.initial_parameters("simple_rnn", 3, 5, 2) | {
        name: np.zeros(shape) for name, shape in change.items() if name not in ("x", "a0")
    }
    with pytest.raises(TextrnnError, match=re.escape(message)):
        teaching.rnn_forward(np.zeros(change.get("x", (3, 10, 4))), np.zeros(change.get("a0", (5, 10))), parameters)


def test_the_other_name_of_the_lstms_update_gate_is_known():
    parameters = teaching.initial_parameters("lstm", 3, 5, 2)
    renamed = {name.replace("i", "u"): array for name, array in parameters.items()}
    with pytest.raises(TextrnnError, match="must hold 'Wi'.* Rename 'Wu'."):
        teaching.lstm_forward(np.zeros((3, 1, 2)), np.zeros((5, 1)), renamed)
    del parameters["Wo"]
    with pytest.raises(TextrnnError, match="must hold 'Wo'.*`initial_parameters` draws all."):
        teaching.lstm_forward(np.zeros((3, 1, 2)), np.zeros((5, 1)), parameters)


def test_a_gradient_of_another_shape_is_named():
    parameters = teaching.initial_parameters("lstm", 3, 5, 2)
    *_, caches = teaching.lstm_forward(np.zeros((3, 2, 4)), np.zeros((5, 2)), parameters)
    for shape in ((5, 2), (5, 2, 5), (5, 2, 0), (4, 2, 4)):
        with pytest.raises(TextrnnError, match=r"`da` must have the shape \(5, 2, 4\), or fewer steps. Received"):
            teaching.lstm_backward(np.zeros(shape), caches)
    with pytest.raises(TextrnnError, match="`dc_next` must have the shape"):
        teaching.lstm_cell_backward(np.zeros((5, 2)), np.zeros((5, 1)), caches[0][0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: teaching.one_hot([0, 3], 3), "`ids` must be whole numbers from 0 to 2. Received: int64 from 0 to 3."),
        (lambda: teaching.one_hot([-1], 3), "Received: int64 from -1 to -1."),
        (lambda: teaching.one_hot([0.5], 3), "Received: float64"),
        (lambda: teaching.one_hot([], 3), "Received: none."),
        (lambda: teaching.cross_entropy(np.ones((3, 2, 4)), np.zeros((4, 2), int)), "must have the shape (2, 4)"),
        (lambda: teaching.cross_entropy(np.ones((3, 2)), np.array([0, 3])), "from 0 to 2"),
        (lambda: teaching.clip({}, 0), "`max_norm` must be a number above 0"),
        (lambda: teaching.initial_parameters("rnn", 3, 5, 2), "`cell` must be one of 'simple_rnn', 'lstm', 'gru'"),
        (lambda: teaching.initial_parameters("gru", 3, 0, 2), "`n_a` must be a whole number at least 1"),
        (lambda: teaching.sample("gru", teaching.initial_parameters("gru", 3, 4, 3), [], 5), "`prompt` must be"),
        (
            lambda: teaching.gradient_norms("gru", teaching.initial_parameters("gru", 3, 4, 3), np.zeros((3, 4))),
            "`x` must have the shape (n_x, m, T_x)",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(call, message):
    with pytest.raises(TextrnnError, match=re.escape(message)):
        call()


# The package


def test_it_imports_numpy_and_errors_alone():
    """Whoever reads it needs nothing else, and it runs where Keras is not."""
    for path in pathlib.Path(teaching.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert name in ("numpy", "textrnn.errors", "collections.abc", "typing") or name.startswith(
                    "textrnn.teaching."
                ), f"{path.name} imports {name}"


def test_no_other_room_depends_on_it():
    package = pathlib.Path(teaching.__file__).parent.parent
    for path in package.rglob("*.py"):
        if path.parent.name != "teaching" and path != package / "__init__.py":
            assert "teaching" not in path.read_text(encoding="utf-8"), path


def test_each_formula_has_its_number_where_it_is_computed():
    """Every equation that a module lists is named beside the code, or is one of the two that describe the loops."""
    for module, numbers in (("cells", range(1, 21)), ("training", range(21, 26))):
        text = (pathlib.Path(teaching.__file__).parent / f"{module}.py").read_text(encoding="utf-8")
        _, listed, code = text.split('"""', 2)
        for number in numbers:
            assert f"    ({number}) " in listed
            assert f"({number})" in code, number
