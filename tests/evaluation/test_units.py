import numpy as np
import pytest

from tests.conftest import random_weights
from textrnn import LanguageModel, TextrnnError, corpora
from textrnn.config import NetworkConfig
from textrnn.evaluation.properties import bracket_depth, line_position
from textrnn.evaluation.units import ROWS, WARM_UP, Unit, UnitSearch, correlations, find_units, halves_of, labels_of
from textrnn.inference.inspection import record
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.preprocessing.tokenizers import make_tokenizer

CELLS = ["simple_rnn", "gru", "lstm"]
UNITS, PLANTED = 6, 4


def bracketed_text(number, seed):
    """Returns lines of letters with a bracket now and then, which ends some letters later."""
    draw = np.random.default_rng(seed)
    letters, depth = [], 0
    for letter in draw.choice(list("abcde "), number):
        if not depth and draw.random() < 0.02:
            letter = "\n"
        elif draw.random() < 0.08:
            letter, depth = (")", 0) if depth else ("(", 1)
        letters.append(str(letter))
    return "".join(letters)


TEXT = bracketed_text(4000, 1)
TOKENIZER = make_tokenizer("char", [TEXT])


def random_network(cell, seed=2, **options):
    config = NetworkConfig(
        vocabulary_size=TOKENIZER.vocabulary_size, cell=cell, units=(UNITS, 3), embedding_dim=5, **options
    )
    return RecurrentNetwork(config, random_weights(config, seed))


def planted_network(cell):
    """A random network but for one unit of the first layer, which a "(" pushes up, a ")" down, and nothing else moves.

    The vectors of tokens have two places for it: 1 for "(" and -1 for ")", and 1 for both and -1 for all others. An
    LSTM's cell state counts; the unit of a GRU, and a simple one that holds itself, stay where they were pushed.
    """
    config = NetworkConfig(vocabulary_size=TOKENIZER.vocabulary_size, cell=cell, units=(UNITS, 3), embedding_dim=5)
    weights = random_weights(config, seed=2)
    vectors = weights["embedding/embeddings"]
    vectors[:, 0], vectors[:, 1] = 0.0, -1.0
    vectors[TOKENIZER.ids["("], :2] = 1.0, 1.0
    vectors[TOKENIZER.ids[")"], :2] = -1.0, 1.0
    kernel, recurrent, bias = (weights[f"recurrent_0/{part}"] for part in ("kernel", "recurrent_kernel", "bias"))
    places = slice(PLANTED, None, UNITS)  # of the unit, in each of the gates
    kernel[:, places] = recurrent[:, places] = bias[..., places] = 0.0
    if cell == "simple_rnn":
        kernel[0, PLANTED], recurrent[PLANTED, PLANTED] = 10.0, 3.0
    elif cell == "gru":  # z, r, n
        kernel[:2, places] = [[0, 0, 10.0], [-10.0, 0, 0]]
    else:  # i, f, g, o
        kernel[:2, places] = [[0, 0, 10.0, 0], [10.0, 0, 0, 0]]
        bias[places] = [0, 10.0, 0, 10.0]
    return RecurrentNetwork(config, weights)


@pytest.mark.parametrize("cell", CELLS)
def test_a_planted_unit_is_found(cell):
    (found,) = find_units(planted_network(cell), TOKENIZER, [TEXT], [], ["bracket_depth"])
    best = found.units[0]
    assert (best.layer, best.unit) == (0, PLANTED)
    assert best.held_out > 0.98
    assert best.correlation > 0.98
    assert found.is_found
    assert found.p_value == 1 / 100
    assert max(found.controls) < 0.5
    assert len({(one.layer, one.unit) for one in found.units}) == 5
    assert found.num_tokens == 2000


@pytest.mark.parametrize("cell", CELLS)
def test_nothing_follows_what_has_nothing_to_do_with_the_text(cell):
    """Of ten properties drawn without looking at the text, a chance of 1 in 40 each, hardly one is followed."""

    def drawn(seed):
        def blocks(text):  # as slow as brackets are, so that it is correlated by chance
            return np.repeat(np.random.default_rng(seed).normal(size=len(text) // 20 + 1), 20)[: len(text)]

        return blocks

    properties = [drawn(seed) for seed in range(10)]
    found = find_units(random_network(cell), TOKENIZER, [TEXT], [], properties, num_controls=39)
    assert sum(one.is_found for one in found) <= 1
    assert np.mean([one.p_value for one in found]) > 0.25
    assert found[0].follows == "blocks"


def test_correlations_are_pearsons():
    """Of one row, beside `numpy.corrcoef` on what the recorder has seen of the whole text; shifted in a circle too."""
    network = random_network("lstm")
    halves = halves_of(TOKENIZER, [TEXT[:900]], [], ["bracket_depth", "line_position"])
    assert [len(half.rows) for half in halves] == [1, 1]
    layers, _ = record(network.stack, network.embeddings[TOKENIZER.encode(TEXT[:900])[np.newaxis]], has_gates=False)
    seen = np.concatenate([part[0] for layer in layers for part in layer.parts.values()], axis=-1)
    values = np.stack([bracket_depth(TEXT[:900]), line_position(TEXT[:900])], axis=1)
    found = [correlations(network, half, np.array([0.25])) for half in halves]
    assert found[0].shape == (2 * (UNITS + 3), 2, 2)
    for index, (layer, part, unit) in enumerate(labels_of(network)):
        np.testing.assert_array_equal(seen[:, index], layers[layer].parts[part][0, :, unit])
    for half, part in zip(found, (slice(450), slice(450, 900)), strict=True):
        for number in range(2):
            wanted = values[part, number]
            for shift, expected in enumerate([wanted, np.roll(wanted, -round(0.25 * 450))]):
                for index in range(seen.shape[1]):
                    r = np.corrcoef(seen[part, index], expected)[0, 1]
                    assert half[index, number, shift] == pytest.approx(r, abs=1e-3)


def test_rows_that_are_read_side_by_side_equal_reading_on():
    """Each row warms up on the text before it, long enough for a network that forgets."""
    network = random_network("gru")
    half = halves_of(TOKENIZER, [TEXT * 2], [5], ["bracket_depth"])[1]
    assert len(half.rows) == 4000 // (4 * WARM_UP)
    assert len(half.rows) <= ROWS
    layers, _ = record(network.stack, network.embeddings[np.array([[5, *TOKENIZER.encode(TEXT * 2)]])], has_gates=False)
    seen = np.concatenate([layer.hidden[0, 4001:] for layer in layers], axis=-1)
    found = correlations(network, half, np.array([0.5]))
    expected = [np.corrcoef(seen[:, index], half.values[:, 0])[0, 1] for index in range(seen.shape[1])]
    np.testing.assert_allclose(found[:, 0, 0], expected, atol=1e-3)


def test_documents_begin_anew():
    """Padded side by side or each by itself, with the mark that begins it, not counted."""
    network = random_network("lstm", documents="line")
    documents = [TEXT[start : start + 37 + start % 11] for start in range(0, 900, 50)]
    halves = halves_of(TOKENIZER, documents, [2], ["bracket_depth"])
    assert sum(len(half.rows) for half in halves) == len(documents)
    assert len(halves[0].values) + len(halves[1].values) == sum(map(len, documents))
    first = documents[: len(halves[0].rows)]
    seen = []
    for document in first:
        ids = np.array([[2, *TOKENIZER.encode(document)]])
        layers, _ = record(network.stack, network.embeddings[ids], has_gates=False)
        seen.append(np.concatenate([part[0, 1:] for layer in layers for part in layer.parts.values()], axis=-1))
    together, values = np.concatenate(seen), np.concatenate([bracket_depth(document) for document in first])
    found = correlations(network, halves[0], np.array([0.5]))[:, 0, 0]
    expected = [np.corrcoef(together[:, index], values)[0, 1] for index in range(together.shape[1])]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_unit_that_never_moves_follows_nothing():
    network = random_network("gru")
    network.stack.cells[0][0].kernel[:] = network.stack.cells[0][0].recurrent_kernel[:] = 0.0
    network.stack.cells[0][0].bias[:] = 0.0
    half = halves_of(TOKENIZER, [TEXT], [], ["bracket_depth"])[0]
    np.testing.assert_array_equal(correlations(network, half, np.array([0.5]))[:UNITS], 0.0)


def test_chance_is_counted():
    """A unit that a quarter of the controls reach, one whose sign turns, and one that is better than all."""
    units = (Unit(0, 1, "hidden", 0.5, 0.3),)
    search = UnitSearch("quotes", units, (0.1, 0.2, 0.35), 100)
    assert search.p_value == 0.5
    assert not search.is_found
    assert "none is better than chance" in str(search)
    assert "0.350 at most, 0.217 on average (p = 0.500)" in str(search)
    turned = UnitSearch("quotes", (Unit(0, 1, "hidden", 0.5, -0.9),), (0.1,), 100)
    assert turned.p_value == 1.0
    assert not turned.is_found
    best = UnitSearch("quotes", (Unit(0, 1, "cell", -0.5, -0.4),), (0.1, 0.2, 0.35), 100)
    assert best.is_found
    assert best.to_dict()["p_value"] == 0.25
    assert "layer 0, unit    1, cell    -0.400 on held-out text  (-0.500 where it was chosen)" in str(best)


def test_a_model_searches_texts_and_corpora(trained, lighthouse):
    model, _, _ = trained
    found = model.find_units(corpora.read(lighthouse), ["line_position", "upper_case"], number=2, num_controls=9)
    assert [one.follows for one in found] == ["line_position", "upper_case"]
    assert [len(one.units) for one in found] == [2, 2]
    assert found[1].is_found  # a character that was just read is in the state
    text = corpora.read(lighthouse).text()
    one = model.find_units(text, "upper_case", number=2, num_controls=9)
    assert one.units[0].unit == found[1].units[0].unit
    assert one.units[0].held_out == pytest.approx(found[1].units[0].held_out, abs=1e-3)


def test_what_cannot_be_searched(trained):
    model, _, _ = trained
    text = "The lamp was lit. " * 40
    with pytest.raises(TextrnnError, match="The text has 18 tokens. Pass one of 400 at least"):
        model.find_units(text[:18], "quotes")
    with pytest.raises(TextrnnError, match="Nothing follows 'quotes': it is the same at all tokens of the first half"):
        model.find_units(text, "quotes")
    with pytest.raises(TextrnnError, match="the second half"):
        model.find_units('"The" lamp. ' + text, "quotes")
    with pytest.raises(TextrnnError, match="Did you mean 'upper_case'"):
        model.find_units(text, "uppercase")
    with pytest.raises(TextrnnError, match="Pass a text, or a list of texts"):
        model.find_units([1, 2], "quotes")
    with pytest.raises(TextrnnError, match="`number` must be"):
        model.find_units(text, "upper_case", number=0)
    config = NetworkConfig(
        vocabulary_size=TOKENIZER.vocabulary_size, units=(4,), embedding_dim=3, bidirectional=True, form="ngrams"
    )
    with pytest.raises(TextrnnError, match="bidirectional"):
        find_units(RecurrentNetwork(config, random_weights(config)), TOKENIZER, [TEXT], [], ["bracket_depth"])
    with pytest.raises(TextrnnError, match="has not been trained"):
        LanguageModel().find_units(text, "quotes")
