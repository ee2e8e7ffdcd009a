"""How weights are kept in a file: as numbers of fewer bits, and of sparse matrices only what is not zero.

    float32, float16   all weights as such numbers
    int8               matrices as whole numbers from -127 to 127, with a float32 scale for each row, or for every 32
                       weights that follow one another where rows are shorter
    int4               matrices as whole numbers from -7 to 7, two a byte, with a float16 scale for every 32 weights

Beside whole numbers, biases and normalisation stay float32: they are few. Of a matrix that is at least half zeros, as
pruned ones are, a file of any format holds a bitmap of the others and their values alone, if that is smaller; they have
a scale for every 32 that follow one another. The arrays of a file are

    NAME               the values
    NAME/scales        what whole numbers are multiplied by
    NAME/bitmap        of a sparse matrix: a bit for each weight, the first one highest, set where a value stands

Here each weight is rounded to the nearest whole number; `textrnn.tasks.rounding` finds better ones for int4.

Networks compute in float32 (`restored`), whatever the file holds: a format makes a model smaller, not faster.
"""

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from textrnn.array_files import Layout
from textrnn.config.base import Shapes
from textrnn.errors import TextrnnError
from textrnn.weights import is_matrix

__all__ = [
    "GROUP",
    "HIGHEST",
    "WEIGHT_FORMATS",
    "expected_arrays",
    "quantized",
    "restored",
    "saves_space",
    "stored_arrays",
]

WEIGHT_FORMATS = ("float32", "float16", "int8", "int4")
GROUP = 32  # weights that share a scale where rows do not have one each
HIGHEST = {"int8": 127, "int4": 7}  # as far down as up
SMALLEST_SCALE = {"int8": float(np.finfo(np.float32).tiny), "int4": 2.0**-20}  # float16 has 4 bits left there
ENTRY_BYTES = 100  # of an array in the head of a file, so that no bitmap costs more than it saves
# Of each byte the two whole numbers in it, the low half first.
HALVES = np.array([[byte % 16 - 8, byte // 16 - 8] for byte in range(256)], np.float32)


def stored_arrays(weights: dict[str, np.ndarray], weight_format: str) -> dict[str, np.ndarray]:
    """Returns the arrays that a file of a format holds.

    Args:
        weights: Arrays under the names of a config's `weight_shapes`.
        weight_format: One of `WEIGHT_FORMATS`.

    Raises:
        TextrnnError: If a weight is not finite, or has no finite number in the format.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, array in weights.items():
        kept, values = format_of(name, weight_format), array
        if is_matrix(name) and saves_space(array, kept):
            arrays[f"{name}/bitmap"] = np.packbits(array.ravel() != 0)
            values = array[array != 0]
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is refused below
            if kept in HIGHEST:
                values, arrays[f"{name}/scales"] = quantized(values, kept)
            else:
                values = np.ascontiguousarray(values, dtype=kept)
        arrays[name] = packed(values.ravel()) if kept == "int4" else values
        if not all(np.isfinite(one).all() for one in (array, values, arrays.get(f"{name}/scales", values))):
            raise TextrnnError(f"Weight {name!r} holds values that are not finite; the model was not saved.")
    return arrays


def format_of(name: str, weight_format: str) -> str:
    """Returns the format of one weight: only matrices become whole numbers."""
    return weight_format if is_matrix(name) or weight_format not in HIGHEST else "float32"


def quantized(values: np.ndarray, weight_format: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns whole numbers and what to multiply them by; no product is more than half a scale off.

    Args:
        values: Shape `(rows, columns)`, or `(number,)` for what is left of a sparse matrix.
        weight_format: "int8" or "int4".

    Returns:
        The whole numbers, int8 of the same shape, and the scales of rows or groups, float32 for "int8" and float16 for
        "int4".

    Example:

    >>> numbers, scales = quantized(np.array([[-1.0, 0.5, 0.0], [0.0, 0.0, 0.0]]), "int4")
    >>> numbers.tolist(), scales.tolist()
    ([[-7, 4, 0], [0, 0, 0]], [0.142822265625])
    """
    rows = in_rows(values.ravel(), values.shape, weight_format)
    highest = np.abs(rows).max(axis=1, initial=0.0)
    scales = np.maximum(highest / HIGHEST[weight_format], SMALLEST_SCALE[weight_format])  # of zeros too: none is zero
    scales = scales.astype(np.float32 if weight_format == "int8" else np.float16)
    numbers = np.rint(rows / scales[:, np.newaxis].astype(np.float32)).astype(np.int8)
    return numbers.ravel()[: values.size].reshape(values.shape), scales


def has_scaled_rows(shape: tuple[int, ...], weight_format: str) -> bool:
    """Says whether each row of values has a scale, and not each group of `GROUP` of them."""
    return weight_format == "int8" and len(shape) == 2 and shape[1] >= GROUP


def in_rows(values: np.ndarray, shape: tuple[int, ...], weight_format: str) -> np.ndarray:
    """Returns values in rows that have one scale each; zeros follow the last one of a group.

    Args:
        values: Shape `(number,)`.
        shape: The shape that they have in the file.
        weight_format: "int8" or "int4".
    """
    if has_scaled_rows(shape, weight_format):
        return values.reshape(shape)
    rest = -len(values) % GROUP
    return (np.pad(values, (0, rest)) if rest else values).reshape(-1, GROUP)


def packed(numbers: np.ndarray) -> np.ndarray:
    """Returns whole numbers from -8 to 7 two a byte, the first one in the low half; after an odd number comes a zero.

    >>> packed(np.array([-8, 7, 1])).tolist(), unpacked(np.array([240, 137])).tolist()
    ([240, 137], [-8.0, 7.0, 1.0, 0.0])
    """
    halves = np.pad(numbers, (0, len(numbers) % 2)).astype(np.int16) + 8
    return (halves[0::2] + 16 * halves[1::2]).astype(np.uint8)


def unpacked(halves: np.ndarray) -> np.ndarray:
    """Returns the whole numbers that bytes hold, two each, as float32."""
    return np.take(HALVES, halves, axis=0).reshape(-1)  # ten times as fast as HALVES[halves]


def num_bytes(num_values: int, weight_format: str) -> int:
    """Returns the bytes of so many values, without scales."""
    bits = {"float32": 32, "float16": 16, "int8": 8, "int4": 4}
    return math.ceil(num_values * bits[weight_format] / 8)


def saves_space(matrix: np.ndarray, weight_format: str) -> bool:
    """Says whether at least half of a matrix is zeros, and a file without them is smaller."""
    number = int(np.count_nonzero(matrix))
    sparse = num_bytes(number, weight_format) + math.ceil(matrix.size / 8) + ENTRY_BYTES
    return 2 * number <= matrix.size and sparse < num_bytes(matrix.size, weight_format)


def expected_arrays(shapes: Shapes, weight_format: str, names: Collection[str]) -> dict[str, Layout]:
    """Returns the arrays that a file of a format must hold, and what each must be.

    Args:
        shapes: The network's weights.
        weight_format: The format.
        names: The arrays that the file has, which say what of it is sparse.
    """
    layouts = {}
    for name, shape in shapes.items():
        kept, size = format_of(name, weight_format), math.prod(shape)
        is_sparse = is_matrix(name) and f"{name}/bitmap" in names
        dtypes = {"int8": ("I8",), "int4": ("U8",)}.get(kept, ("F32", "F16"))
        whole = shape if kept != "int4" else (num_bytes(size, kept),)
        layouts[name] = Layout(dtypes, (None,) if is_sparse else whole)  # `restored` counts those of a sparse matrix
        if is_sparse:
            layouts[f"{name}/bitmap"] = Layout(("U8",), (math.ceil(size / 8),))
        if kept in HIGHEST:
            scales = Layout(("F32",) if kept == "int8" else ("F16",), (None if is_sparse else num_scales(shape, kept),))
            layouts[f"{name}/scales"] = scales
    return layouts


def num_scales(shape: tuple[int, ...], weight_format: str) -> int:
    """Returns how many scales values of a shape have."""
    return shape[0] if has_scaled_rows(shape, weight_format) else math.ceil(math.prod(shape) / GROUP)


def restored(arrays: dict[str, np.ndarray], shapes: Shapes, weight_format: str) -> dict[str, np.ndarray]:
    """Returns the weights that a file holds, float32 arrays under the names of `shapes`.

    Args:
        arrays: What `expected_arrays` names.
        shapes: The network's weights.
        weight_format: The format.

    Raises:
        TextrnnError: If a scale is not positive, a weight not finite, or a bitmap does not fit its values.
    """
    weights = {}
    for name, shape in shapes.items():
        kept = format_of(name, weight_format)
        values, scales, bitmap = (arrays.get(one) for one in (name, f"{name}/scales", f"{name}/bitmap"))
        if bitmap is None:
            weight = dequantized(name, values, scales, shape, kept)
        else:
            is_there = np.unpackbits(bitmap, count=math.prod(shape)).view(bool)
            weight = np.zeros(is_there.size, np.float32)
            weight[is_there] = dequantized(name, values, scales, (int(np.count_nonzero(is_there)),), kept)
        if not np.isfinite(weight).all():
            raise TextrnnError(f"{name!r} holds values that are not finite.")
        weights[name] = weight.reshape(shape)
    return weights


def dequantized(
    name: str, values: Any, scales: np.ndarray | None, shape: tuple[int, ...], weight_format: str
) -> np.ndarray:
    """Returns what values and their scales stand for, float32 of shape `shape`.

    Args:
        name: The weight, for messages.
        values: The values as the file holds them.
        scales: Those of whole numbers, or None.
        shape: The shape of the values; of a sparse matrix `(number,)`.
        weight_format: The format.
    """
    size = math.prod(shape)
    num_values = num_bytes(size, "int4") if weight_format == "int4" else size
    if values.size != num_values or (scales is not None and len(scales) != num_scales(shape, weight_format)):
        raise TextrnnError(f"the bitmap of {name!r} marks {size:,} values, and there is another number of them.")
    if scales is None:
        return np.asarray(values, np.float32)
    if not (np.isfinite(scales) & (scales > 0)).all():
        raise TextrnnError(f"the scales of {name!r} must be positive numbers.")
    flat = unpacked(values)[:size] if weight_format == "int4" else values.reshape(-1)
    with np.errstate(over="ignore"):  # what comes of it is refused
        rows = in_rows(flat, shape, weight_format)
        product: np.ndarray = np.multiply(rows, scales.astype(np.float32)[:, np.newaxis], dtype=np.float32)
    return product.reshape(-1)[:size].reshape(shape)
