"""The loop over time of a recurrent layer, with a gradient written by hand.

`recurrent_loop` takes one of three cells, each a pair of functions: a step forward, and its gradient. The loop keeps
only what the gradient needs, makes one matrix product per step in each direction, and forms the gradient of the
recurrent kernel in one product after the loop. Where the shapes stay the same from batch to batch, the loop can be
compiled, which fuses all that a step does beside its product.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

__all__ = ["GRUSteps", "LSTMSteps", "SimpleRNNSteps", "matrix_product", "recurrent_loop"]


def matrix_product(
    left: Any, right: Any, precision: str = "float32", transpose_left: bool = False, transpose_right: bool = False
) -> Any:
    """Multiplies two float32 matrices and returns float32, in the arithmetic that `precision` names."""
    if precision == "bfloat16":
        left, right = tf.cast(left, tf.bfloat16), tf.cast(right, tf.bfloat16)
    product = tf.matmul(left, right, transpose_a=transpose_left, transpose_b=transpose_right)
    return tf.cast(product, tf.float32)


class SimpleRNNSteps:
    """One step of a simple RNN and its gradient: `h = tanh(x + h_previous U)`."""

    num_gates, num_saved = 1, 1

    @staticmethod
    def forward(projected: Any, product: Any, states: list[Any]) -> tuple[list[Any], list[Any]]:
        h = tf.tanh(projected + product)
        return [h], [h]

    @staticmethod
    def backward(saved: list[Any], states: list[Any], d_states: list[Any]) -> tuple[Any, Any, list[Any]]:
        (h,) = saved
        d_sum = d_states[0] * (1.0 - h * h)
        return d_sum, d_sum, [None]


class GRUSteps:
    """One step of a GRU in Keras's form (`reset_after=True`) and its gradient.

    `z, r = sigmoid`, `n = tanh(x_n + r * (h U_n + b_n))`, `h = z * h_previous + (1 - z) * n`.
    """

    num_gates, num_saved = 3, 4

    @staticmethod
    def forward(projected: Any, product: Any, states: list[Any]) -> tuple[list[Any], list[Any]]:
        (h_previous,) = states
        x_z, x_r, x_n = tf.split(projected, 3, axis=1)
        u_z, u_r, u_n = tf.split(product, 3, axis=1)
        z = tf.sigmoid(x_z + u_z)
        r = tf.sigmoid(x_r + u_r)
        n = tf.tanh(x_n + r * u_n)
        return [n + z * (h_previous - n)], [z, r, n, u_n]

    @staticmethod
    def backward(saved: list[Any], states: list[Any], d_states: list[Any]) -> tuple[Any, Any, list[Any]]:
        z, r, n, u_n = saved
        (h_previous,), (d_h,) = states, d_states
        d_n = d_h * (1.0 - z) * (1.0 - n * n)
        d_z = d_h * (h_previous - n) * z * (1.0 - z)
        d_r = d_n * u_n * r * (1.0 - r)
        return tf.concat([d_z, d_r, d_n], axis=1), tf.concat([d_z, d_r, d_n * r], axis=1), [d_h * z]


class LSTMSteps:
    """One step of an LSTM, gates in Keras's order `i, f, g, o`, and its gradient.

    `c = f * c_previous + i * g`, `h = o * tanh(c)`.
    """

    num_gates, num_saved = 4, 5

    @staticmethod
    def forward(projected: Any, product: Any, states: list[Any]) -> tuple[list[Any], list[Any]]:
        i, f, g, o = tf.split(projected + product, 4, axis=1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = f * states[1] + i * g
        tanh_c = tf.tanh(c)
        return [o * tanh_c, c], [i, f, g, o, tanh_c]

    @staticmethod
    def backward(saved: list[Any], states: list[Any], d_states: list[Any]) -> tuple[Any, Any, list[Any]]:
        i, f, g, o, tanh_c = saved
        d_h, d_c = d_states
        d_c = d_c + d_h * o * (1.0 - tanh_c * tanh_c)
        d_i = d_c * g * i * (1.0 - i)
        d_f = d_c * states[1] * f * (1.0 - f)
        d_g = d_c * i * (1.0 - g * g)
        d_o = d_h * tanh_c * o * (1.0 - o)
        d_sum = tf.concat([d_i, d_f, d_g, d_o], axis=1)
        return d_sum, d_sum, [None, d_c * f]


CellSteps = type[SimpleRNNSteps] | type[GRUSteps] | type[LSTMSteps]


def add(*terms: Any) -> Any:
    """Adds the tensors among `terms`; None stands for zero."""
    present = [term for term in terms if term is not None]
    return sum(present[1:], start=present[0])


def rounded_product(matrix: Any, kernel: Any) -> Any:
    """Multiplies in the arithmetic of the kernel and returns float32."""
    return tf.cast(tf.matmul(tf.cast(matrix, kernel.dtype), kernel), tf.float32)


def new_array(num_steps: Any, values: Any = None) -> Any:
    """Returns a list of matrices for a loop to write to, or to read `values` from, shape `(time, batch, size)`."""
    array = tf.TensorArray(tf.float32, size=num_steps, clear_after_read=False, element_shape=(None, None))
    return array if values is None else array.unstack(values)


def forward_loop(
    steps: CellSteps, projected: Any, kernel: Any, bias: Any, initial: list[Any], mask: Any
) -> tuple[list[Any], list[Any]]:
    """Runs a cell from the first step to the last.

    Args:
        steps: `SimpleRNNSteps`, `GRUSteps` or `LSTMSteps`.
        projected: Projected inputs, shape `(time, batch, num_gates * units)`.
        kernel: Recurrent kernel, float32 or bfloat16: the arithmetic of the product.
        bias: None, or what is added to the recurrent product.
        initial: The initial states.
        mask: None, or floats of shape `(time, batch, 1)`; where it is 0 the states stay as they were.

    Returns:
        The states after each step, and what `steps.backward` needs; each of shape `(time, batch, ...)`.
    """
    num_steps = tf.shape(projected)[0]
    inputs = new_array(num_steps, projected)

    def step(t: Any, states: list[Any], after: list[Any], kept: list[Any]) -> tuple[Any, ...]:
        product = rounded_product(states[0], kernel)
        product = product if bias is None else product + bias
        new, saved = steps.forward(inputs.read(t), product, states)
        if mask is not None:
            m = mask[t]
            new = [m * a + (1.0 - m) * b for a, b in zip(new, states, strict=True)]
        after = [array.write(t, state) for array, state in zip(after, new, strict=True)]
        kept = [array.write(t, value) for array, value in zip(kept, saved, strict=True)]
        return t + 1, new, after, kept

    arrays = [new_array(num_steps) for _ in initial], [new_array(num_steps) for _ in range(steps.num_saved)]
    _, _, after, kept = tf.while_loop(
        lambda t, *_: t < num_steps, step, (0, initial, *arrays), maximum_iterations=num_steps
    )
    return [array.stack() for array in after], [array.stack() for array in kept]


def backward_loop(
    steps: CellSteps, before: list[Any], kept: list[Any], kernel: Any, d_outputs: Any, d_final: list[Any], mask: Any
) -> tuple[list[Any], Any, Any]:
    """Runs the gradient of `forward_loop` from the last step to the first.

    Args:
        steps: The same as there.
        before: The states before each step.
        kept: What `forward_loop` returned for this.
        kernel: The same as there.
        d_outputs: Gradient of each step's output, shape `(time, batch, units)`.
        d_final: Gradients of the final states.
        mask: The same as there.

    Returns:
        The gradients of the initial states; those of each step's projected input, and of its recurrent product.
    """
    num_steps = tf.shape(d_outputs)[0]
    kernel_transposed = tf.transpose(kernel)
    d_out, *arrays = [new_array(num_steps, values) for values in [d_outputs, *before, *kept]]

    def step(t: Any, d_states: list[Any], d_inputs: Any, d_products: list[Any]) -> tuple[Any, ...]:
        d_states = [d_states[0] + d_out.read(t), *d_states[1:]]
        d_held = [None] * len(d_states)
        if mask is not None:
            m = mask[t]
            d_held = [(1.0 - m) * d for d in d_states]
            d_states = [m * d for d in d_states]
        values = [array.read(t) for array in arrays]
        states, saved = values[: len(before)], values[len(before) :]
        d_input, d_product, d_direct = steps.backward(saved, states, d_states)
        d_through_product = [rounded_product(d_product, kernel_transposed)] + [None] * (len(states) - 1)
        d_states = [add(*d) for d in zip(d_through_product, d_direct, d_held, strict=True)]
        d_products = [array.write(t, d_product) for array in d_products]
        return t - 1, d_states, d_inputs.write(t, d_input), d_products

    differ = steps is GRUSteps  # elsewhere the two gradients are the same
    start = (num_steps - 1, d_final, new_array(num_steps), [new_array(num_steps)] if differ else [])
    _, d_initial, d_inputs, d_products = tf.while_loop(lambda t, *_: t >= 0, step, start, maximum_iterations=num_steps)
    d_inputs = d_inputs.stack()
    return d_initial, d_inputs, d_products[0].stack() if differ else d_inputs


# One function each for all layers, so that layers and batches of equal shapes are compiled once.
compiled_forward_loop = tf.function(forward_loop, jit_compile=True, autograph=False)
compiled_backward_loop = tf.function(backward_loop, jit_compile=True, autograph=False)


def recurrent_loop(
    steps: CellSteps,
    projected: Any,
    recurrent_kernel: Any,
    recurrent_bias: Any,
    states: Sequence[Any],
    mask: Any = None,
    precision: str = "float32",
    compiled: bool = False,
) -> Any:
    """Runs a recurrent cell over a whole batch of sequences, time first, with a gradient of its own.

    Args:
        steps: `SimpleRNNSteps`, `GRUSteps` or `LSTMSteps`.
        projected: Inputs times kernel plus bias, float32, shape `(time, batch, num_gates * units)`.
        recurrent_kernel: Shape `(units, num_gates * units)`.
        recurrent_bias: None, or what is added to the recurrent product, shape `(num_gates * units,)`.
        states: Initial states, each of shape `(batch, units)`; the first one is also the output.
        mask: None, or floats of shape `(time, batch, 1)`; where it is 0 the states stay as they were.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.
        compiled: Whether the loop is compiled, anew for each shape of batch.

    Returns:
        A tuple: outputs of shape `(time, batch, units)`, then the final states.
    """
    units = recurrent_kernel.shape[0]
    dtype = tf.bfloat16 if precision == "bfloat16" else tf.float32
    forward, backward = (compiled_forward_loop, compiled_backward_loop) if compiled else (forward_loop, backward_loop)
    has_bias = recurrent_bias is not None

    @tf.custom_gradient
    def run(projected: Any, recurrent_kernel: Any, *rest: Any) -> tuple[Any, Any]:
        bias, initial = (rest[0], list(rest[1:])) if has_bias else (None, list(rest))
        kernel = tf.cast(recurrent_kernel, dtype)
        after, kept = forward(steps, projected, kernel, bias, initial, mask)
        before = [
            tf.concat([first[tf.newaxis], state[:-1]], axis=0) for first, state in zip(initial, after, strict=True)
        ]

        def gradient(d_outputs: Any, *d_final: Any) -> tuple[Any, ...]:
            d_initial, d_projected, d_products = backward(steps, before, kept, kernel, d_outputs, list(d_final), mask)
            d_sums = tf.reshape(d_products, (-1, steps.num_gates * units))
            h_before = tf.reshape(before[0], (-1, units))
            d_kernel = matrix_product(h_before, d_sums, precision, transpose_left=True)
            d_bias = [tf.reduce_sum(d_sums, axis=0)] if has_bias else []
            return (d_projected, d_kernel, *d_bias, *d_initial)

        return (after[0], *(state[-1] for state in after)), gradient

    return run(projected, recurrent_kernel, *([recurrent_bias] if has_bias else []), *states)
