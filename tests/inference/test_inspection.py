import math

import numpy as np
import pytest

from tests.conftest import random_weights
from textrnn import LanguageModel, TextrnnError
from textrnn.config import NetworkConfig
from textrnn.config.classifier import ClassifierConfig
from textrnn.inference.cells import make_cell, sigmoid
from textrnn.inference.classifier import SequenceClassifier
from textrnn.inference.inspection import MOST_TOKENS, predicted_text, record
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.preprocessing.tokenizers import make_tokenizer

CELLS = ["simple_rnn", "gru", "lstm"]
NUM_WEIGHTS = {"simple_rnn": 1, "gru": 3, "lstm": 4}


def network_of(cell, **options):
    config = NetworkConfig(vocabulary_size=20, cell=cell, units=(7, 5), embedding_dim=6, **options)
    return RecurrentNetwork(config, random_weights(config))


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_what_is_recorded_is_what_the_engine_does(cell, normalized):
    """The logits that follow from the recorded outputs are the engine's, and so are the states after each token."""
    network = network_of(cell, layer_normalization=normalized)
    token_ids = np.random.default_rng(0).integers(1, 20, (2, 9))
    layers, states = record(network.stack, network.embeddings[token_ids])
    logits, final = network(token_ids, network.initial_states(2))
    hidden = network.stack.normalize(1, layers[1].hidden)
    np.testing.assert_allclose(network._logits(hidden), logits, atol=1e-6)
    before = network.initial_states(2)
    for step in range(9):
        _, before = network(token_ids[:, step : step + 1], before)
        for layer, state in zip(layers, before, strict=True):
            np.testing.assert_allclose(layer.hidden[:, step], state[0], atol=1e-6)
            if cell == "lstm":
                np.testing.assert_allclose(layer.cell[:, step], state[1], atol=1e-6)
    for layer, other in zip(states, final, strict=True):
        np.testing.assert_allclose(np.stack(layer), np.stack(other), atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_a_state_carried_over_equals_recording_at_once(cell):
    network = network_of(cell)
    vectors = network.embeddings[np.random.default_rng(1).integers(1, 20, (2, 8))]
    whole, _ = record(network.stack, vectors)
    first, states = record(network.stack, vectors[:, :3])
    second, _ = record(network.stack, vectors[:, 3:], states)
    for layer, parts in enumerate(zip(first, second, strict=True)):
        for name, expected in whole[layer].parts.items():
            together = np.concatenate([part.parts[name] for part in parts], axis=1)
            np.testing.assert_allclose(together, expected, atol=1e-6)


def test_an_lstms_gates_make_its_states():
    """`c = f * c_previous + i * g` and `h = o * tanh(c)`, Hochreiter and Schmidhuber's cell with forget gates."""
    network = network_of("lstm")
    layers, _ = record(network.stack, network.embeddings[np.arange(1, 9)[np.newaxis]])
    for layer in layers:
        before = np.concatenate([np.zeros_like(layer.cell[:, :1]), layer.cell[:, :-1]], axis=1)
        gates = layer.gates
        c = gates["forget"] * before + gates["input"] * gates["candidate"]
        np.testing.assert_allclose(c, layer.cell, atol=1e-6)
        np.testing.assert_allclose(gates["output"] * np.tanh(c), layer.hidden, atol=1e-6)


def test_a_grus_gates_make_its_states():
    """`h = z * h_previous + (1 - z) * n`."""
    network = network_of("gru")
    layers, _ = record(network.stack, network.embeddings[np.arange(1, 9)[np.newaxis]])
    for layer in layers:
        before = np.concatenate([np.zeros_like(layer.hidden[:, :1]), layer.hidden[:, :-1]], axis=1)
        z, n = layer.gates["update"], layer.gates["candidate"]
        np.testing.assert_allclose(z * before + (1 - z) * n, layer.hidden, atol=1e-6)
        assert layer.cell is None


def test_gates_are_told_apart():
    """One unit whose biases, in Keras's order i, f, g, o and z, r, n, say alone what each gate lets through."""
    weights = {"x/kernel": np.zeros((1, 4)), "x/recurrent_kernel": np.zeros((1, 4)), "x/bias": np.array([1.0, 2, 3, 4])}
    cell = make_cell("lstm", weights, "x")
    found = cell.gates(cell.project(np.zeros((1, 1))), np.zeros((1, 1)))
    expected = {"input": sigmoid(1), "forget": sigmoid(2), "candidate": np.tanh(3), "output": sigmoid(4)}
    assert {name: pytest.approx(gate.item()) for name, gate in found.items()} == expected
    weights = {
        "x/kernel": np.zeros((1, 3)), "x/recurrent_kernel": np.zeros((1, 3)),
        "x/bias": np.array([[1.0, 2, 3], [0, 0, 0.5]]),
    }  # fmt: skip
    cell = make_cell("gru", weights, "x")
    found = cell.gates(cell.project(np.zeros((1, 1))), np.zeros((1, 1)))
    expected = {"update": sigmoid(1), "reset": sigmoid(2), "candidate": np.tanh(3 + 0.5 * sigmoid(2))}
    assert {name: pytest.approx(gate.item()) for name, gate in found.items()} == expected


@pytest.mark.parametrize("cell", CELLS)
def test_a_stack_that_reads_both_ways(cell):
    config = ClassifierConfig(
        labels=("a", "b"), vocabulary_size=20, cell=cell, units=(4, 3), embedding_dim=5, bidirectional=True
    )
    network = SequenceClassifier(config, random_weights(config))
    vectors = network.weights["embedding/embeddings"][np.arange(1, 8)[np.newaxis]]
    layers, _ = record(network.stack, vectors)
    assert [layer.name for layer in layers] == ["layer 0", "layer 0 backward", "layer 1", "layer 1 backward"]
    outputs, _ = network.stack.read(vectors)
    np.testing.assert_allclose(np.concatenate([layer.hidden for layer in layers[2:]], axis=-1), outputs, atol=1e-6)
    backward = layers[3]
    if cell == "lstm":  # the last step is the first one that is read
        gates = {name: gate[0, -1] for name, gate in backward.gates.items()}
        np.testing.assert_allclose(gates["input"] * gates["candidate"], backward.cell[0, -1], atol=1e-6)
        before, gates = backward.cell[0, 1], {name: gate[0, 0] for name, gate in backward.gates.items()}
        expected = gates["forget"] * before + gates["input"] * gates["candidate"]
        np.testing.assert_allclose(expected, backward.cell[0, 0], atol=1e-6)


def test_probabilities_are_those_of_scoring(trained):
    """The surprise of all tokens adds up to what `evaluate` counts: here the first line, its newline read before."""
    model, _, _ = trained
    text = "The lamp was lit.\nA boat came home."
    found = model.inspect(text)
    token_ids = np.array([model.prompt_ids(text)])
    logits, _ = model.network(token_ids[:, :-1], model.network.initial_states(1))
    probabilities = np.exp(logits[0]) / np.exp(logits[0]).sum(axis=1, keepdims=True)
    expected = np.take_along_axis(probabilities, token_ids[0, 1:, np.newaxis], axis=1)[:, 0]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(found.surprise, -np.log2(expected), rtol=1e-4)
    assert found.tokens == tuple(text)
    assert found.ends.tolist() == list(range(1, len(text) + 1))
    assert found.layers[0].hidden.shape == (len(text), 48)
    best = dict(found.choices[0].alternatives)
    ranked = np.sort(np.delete(probabilities[0], token_ids[0, 1]))[::-1]
    np.testing.assert_allclose(sorted(best.values(), reverse=True), ranked[:3], atol=1e-6)


def test_an_inspection_prints_one_line_a_token(trained):
    model, _, _ = trained
    found = model.inspect("a <b>\n")
    lines = str(found).splitlines()
    assert len(lines) == 1 + len(found.tokens)
    assert lines[0].split() == ["token", "probability", "bits", "others"]
    assert f"{100 * found.probabilities[0]:.2f}%" in lines[1]
    assert found.to_dict()["tokens"][0]["probability"] == found.probabilities[0]
    page = found._repr_html_()
    assert page.count("<span") == len(found.tokens)
    assert ">&lt;</span>" in page
    assert page.count("rgba(230, 110, 40, 1.00)") == 1


def test_the_first_token_is_not_predicted_where_nothing_stands_before_a_text():
    tokenizer = make_tokenizer("word", ["the lamp is lit", "the lamp is out"], 12)
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, units=(5,), embedding_dim=4, form="lines")
    network = RecurrentNetwork(config, random_weights(config))
    found = predicted_text(network, tokenizer, "the lamp is unheard", [])
    assert math.isnan(found.probabilities[0])
    assert np.isfinite(found.probabilities[1:]).all()
    assert found.tokens == ("the", "lamp", "is", "unheard")
    assert [found.text[a:b] for a, b in zip([0, *found.ends], found.ends, strict=False)] == [
        "the", " lamp", " is", " unheard"
    ]  # fmt: skip
    assert "nan" not in found._repr_html_().partition("title")[0]


def test_one_units_activation(trained):
    model, _, _ = trained
    found = model.inspect("The lamp")
    np.testing.assert_array_equal(found.activation(0, 3), found.layers[0].hidden[:, 3])
    np.testing.assert_array_equal(found.activation(-1, 3, "update"), found.layers[-1].gates["update"][:, 3])
    with pytest.raises(TextrnnError, match="`layer` must be a whole number"):
        found.activation(1, 0)
    with pytest.raises(TextrnnError, match="`unit` must be .* at most 47. Received: 48"):
        found.activation(0, 48)
    with pytest.raises(TextrnnError, match="'hidden', 'update', 'reset', 'candidate'. Received: 'cell'"):
        found.activation(0, 0, "cell")


def test_what_cannot_be_inspected(trained):
    model, _, _ = trained
    with pytest.raises(TextrnnError, match="The text is empty"):
        model.inspect("")
    with pytest.raises(TextrnnError, match="10,001 tokens; .* `find_units`"):
        model.inspect("a" * (MOST_TOKENS + 1))
    with pytest.raises(TextrnnError, match="must be a string. Received: 5"):
        model.inspect(5)
    with pytest.raises(TextrnnError, match="has not been trained"):
        LanguageModel().inspect("a")
