import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from textrnn import TextrnnError
from textrnn.weight_formats import WEIGHT_FORMATS, expected_arrays, quantized, restored, stored_arrays

WHOLE = ("int8", "int4")
DTYPES = {"float32": "F32", "float16": "F16", "int8": "I8", "uint8": "U8"}
matrices = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, max_side=70),
    elements=st.floats(-1000, 1000, width=32) | st.sampled_from([0.0, np.float32(1e-30), np.float32(-1e-5)]),
)


def there_and_back(weights, weight_format):
    """Returns what comes out of a file, and the arrays in it, which are those that a reader expects."""
    shapes = {name: weight.shape for name, weight in weights.items()}
    stored = stored_arrays(weights, weight_format)
    expected = expected_arrays(shapes, weight_format, stored)
    assert stored.keys() == expected.keys()
    for name, array in stored.items():
        assert DTYPES[str(array.dtype)] in expected[name].dtypes
        assert expected[name].fits(list(array.shape))
    return restored(stored, shapes, weight_format), stored


@pytest.mark.parametrize("weight_format", WHOLE)
@given(matrix=matrices)
def test_no_weight_is_more_than_half_a_scale_off(weight_format, matrix):
    """Rows of zeros, of one value and of very small values; sizes that are no multiple of a group."""
    numbers, scales = quantized(matrix, weight_format)
    assert np.abs(numbers).max() <= {"int8": 127, "int4": 7}[weight_format]
    assert (scales > 0).all()
    weights_per_scale = matrix.shape[1] if weight_format == "int8" and matrix.shape[1] >= 32 else 32
    of_each = np.repeat(scales.astype(np.float64), weights_per_scale)[: matrix.size].reshape(matrix.shape)
    assert (np.abs(numbers * of_each - matrix) <= 0.5001 * of_each).all()
    weights, stored = there_and_back({"kernel": matrix}, weight_format)
    found = weights["kernel"]
    assert (found.dtype, found.shape) == (np.float32, matrix.shape)
    if "kernel/bitmap" in stored:
        assert (np.abs(found - matrix) <= 0.5001 * scales.max()).all()
    else:
        np.testing.assert_allclose(found, numbers * of_each, rtol=1e-6)


@pytest.mark.parametrize("weight_format", WHOLE)
def test_rows_of_one_value_and_of_zeros_come_back_exactly(weight_format):
    matrix = np.zeros((3, 64), np.float32)
    matrix[1] = -0.4375  # 7 / 16: its scale is a float16
    found = there_and_back({"kernel": matrix}, weight_format)[0]["kernel"]
    np.testing.assert_allclose(found, matrix, rtol=1e-7)


def test_each_row_and_each_group_has_its_own_scale():
    """By hand: of a row that goes up to 127 and of one that goes up to 1.27, both are exact."""
    numbers = np.tile(np.array([[127, -5, 8], [127, 3, 0]], np.float32), 11)
    matrix = numbers * np.array([[1.0], [0.01]], np.float32)
    stored = stored_arrays({"kernel": matrix}, "int8")
    np.testing.assert_array_equal(stored["kernel"], numbers.astype(np.int8))
    np.testing.assert_allclose(stored["kernel/scales"], [1.0, 0.01], rtol=1e-6)
    groups = np.concatenate([np.full(32, 7.0), np.full(3, 0.5)]).astype(np.float32).reshape(5, 7)
    stored = stored_arrays({"kernel": groups}, "int4")
    assert stored["kernel"].tolist() == [15 + 16 * 15] * 17 + [
        15 + 16 * 8
    ]  # 7 + 8 each, and a zero after an odd number
    np.testing.assert_allclose(stored["kernel/scales"], [1.0, 0.5 / 7], rtol=1e-3)


def test_biases_and_normalisation_stay_as_they_are():
    weights = {"kernel": np.ones((2, 4)), "bias": np.array([0.1, 0.2]), "normalization_0/gamma": np.array([1.1])}
    for weight_format in WHOLE:
        found, stored = there_and_back({name: w.astype(np.float32) for name, w in weights.items()}, weight_format)
        assert stored["bias"].dtype == stored["normalization_0/gamma"].dtype == np.float32
        assert found["bias"].tolist() == np.array([0.1, 0.2], np.float32).tolist()


@pytest.mark.parametrize("weight_format", WEIGHT_FORMATS)
@pytest.mark.parametrize("columns", [48, 49])
def test_a_matrix_that_is_half_zeros_is_kept_without_them(weight_format, columns):
    random = np.random.default_rng(0)
    dense = random.normal(size=(53, columns)).astype(np.float32)
    for share, is_sparse in ((0.4, False), (0.55, True), (0.9, True), (1.0, True)):
        matrix = np.where(random.random(dense.shape) < share, 0, dense)
        found, stored = there_and_back({"kernel": matrix}, weight_format)
        assert ("kernel/bitmap" in stored) == is_sparse
        assert (found["kernel"][matrix == 0] == 0).all()
        tolerance = {"float32": 0, "float16": 0.002, "int8": 0.02, "int4": 0.35}[weight_format]
        np.testing.assert_allclose(found["kernel"], matrix, atol=tolerance)
        num_bytes = sum(array.nbytes for array in stored.values())
        assert num_bytes <= sum(array.nbytes for array in stored_arrays({"kernel": dense}, weight_format).values())
    tiny = np.zeros((4, 4), np.float32)
    assert "kernel/bitmap" not in stored_arrays({"kernel": tiny}, weight_format)
    assert "bias/bitmap" not in stored_arrays({"bias": np.zeros(4000, np.float32)}, weight_format)


@pytest.mark.parametrize("weight_format", WEIGHT_FORMATS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(weight_format, value):
    for name in ("kernel", "bias"):
        with pytest.raises(TextrnnError, match=f"Weight '{name}' holds values that are not finite"):
            stored_arrays({name: np.array([[1.0, value]], np.float32)}, weight_format)


def test_what_is_too_large_for_a_format_is_refused():
    with pytest.raises(TextrnnError, match="not finite"):
        stored_arrays({"bias": np.array([1e5], np.float32)}, "float16")
    with pytest.raises(TextrnnError, match="not finite"):
        stored_arrays({"kernel": np.array([[1e6]], np.float32)}, "int4")
    stored_arrays({"kernel": np.array([[1e38]], np.float32)}, "int8")


def test_a_model_that_is_read_and_written_again_is_the_same():
    matrix = np.random.default_rng(1).normal(size=(40, 50)).astype(np.float32)
    for weight_format in WEIGHT_FORMATS:
        found, stored = there_and_back({"kernel": matrix}, weight_format)
        again, stored_again = there_and_back(found, weight_format)
        np.testing.assert_array_equal(stored_again["kernel"], stored["kernel"])
        np.testing.assert_allclose(again["kernel"], found["kernel"], rtol=1e-6)
