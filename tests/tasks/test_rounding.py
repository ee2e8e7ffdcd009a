"""Weights of half a byte are rounded by what they are multiplied by."""

import numpy as np
import pytest

from tests.exporting.pages import stored
from textrnn import LanguageModel
from textrnn.config import NetworkConfig
from textrnn.errors import TextrnnError
from textrnn.preprocessing.tokenizers import make_tokenizer
from textrnn.tasks.rounding import rounded, rounded_weights
from textrnn.weight_formats import restored, stored_arrays
from textrnn.weights import is_matrix


def nearest(matrix):
    """Returns what "int4" makes of a matrix by itself."""
    return restored(stored_arrays({"kernel": matrix}, "int4"), {"kernel": matrix.shape}, "int4")["kernel"]


@pytest.mark.parametrize("inputs_are_rows", [True, False])
def test_outputs_change_less_than_if_each_weight_is_rounded_by_itself(inputs_are_rows):
    """Of inputs that vary together; groups of 32 weights end within rows too, and the last one is shorter."""
    draw = np.random.default_rng(1)
    matrix = draw.normal(size=(90, 43) if inputs_are_rows else (43, 90)).astype(np.float32)
    inputs = draw.normal(size=(4, 500, 12)) @ draw.normal(size=(12, 90)) + 0.3 * draw.normal(size=(4, 500, 90))
    found = rounded(matrix, inputs, inputs_are_rows)
    assert (found.dtype, found.shape) == (np.float32, matrix.shape)

    def change(other):
        off = (other - matrix) if inputs_are_rows else (other - matrix).T
        return np.square(inputs @ off).mean()

    assert change(found) < 0.4 * change(nearest(matrix))
    np.testing.assert_array_equal(nearest(found), found)  # saving changes nothing more
    np.testing.assert_array_equal(rounded(found, inputs, inputs_are_rows), found)


def test_inputs_that_are_zero_say_nothing():
    matrix = np.random.default_rng(2).normal(size=(40, 32)).astype(np.float32)
    np.testing.assert_array_equal(rounded(matrix, np.zeros((9, 40)), True), nearest(matrix))


@pytest.mark.parametrize("options", [{}, {"tie_weights": True, "layer_normalization": True}])
def test_a_saved_language_model_holds_such_weights(options, tmp_path):
    tokenizer = make_tokenizer("char", ["The keeper climbed the stairs."], 100)
    config = NetworkConfig(
        vocabulary_size=tokenizer.vocabulary_size, cell="gru", units=(24, 40), embedding_dim=32, **options
    )
    model = stored(tmp_path / "first", config, {"tokenizer": tokenizer}, "float32")
    model.weights["recurrent_0/kernel"][:, 5:] = 0  # of a sparse matrix
    model.save(tmp_path / "m", weight_format="int4")
    found, expected = LanguageModel.load(tmp_path / "m").weights, rounded_weights(model)
    for name, weight in expected.items():
        np.testing.assert_array_equal(found[name], nearest(weight) if is_matrix(name) else weight, err_msg=name)
    assert not found["recurrent_0/kernel"][:, 5:].any()
    assert not np.array_equal(found["recurrent_1/kernel"], nearest(model.weights["recurrent_1/kernel"]))


def test_weights_that_are_not_finite_are_refused(tmp_path):
    model = LanguageModel.load("shakespeare")
    model.weights = {**model.weights, "output/bias": np.full(4000, np.nan, np.float32)}
    with pytest.raises(TextrnnError, match="'output/bias' holds values that are not finite"):
        model.save(tmp_path / "m", weight_format="int4")
