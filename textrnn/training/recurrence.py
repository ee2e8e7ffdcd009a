"""The loop over time of a recurrent layer, with a gradient written by hand.

`recurrent_loop` takes one of three cells, each a pair of functions: a step forward, and its gradient. The loop keeps
only what the gradient needs, makes one matrix product per step in each direction, and forms the gradient of the
recurrent kernel in one product after the loop.
"""

import tensorflow as tf

__all__ = ["GRUSteps", "LSTMSteps", "SimpleRNNSteps", "matrix_product", "recurrent_loop"]


def matrix_product(left, right, precision="float32", transpose_left=False, transpose_right=False):
    """Multiplies two float32 matrices and returns float32, in the arithmetic that `precision` names."""
    if precision == "bfloat16":
        left, right = tf.cast(left, tf.bfloat16), tf.cast(right, tf.bfloat16)
    product = tf.matmul(left, right, transpose_a=transpose_left, transpose_b=transpose_right)
    return tf.cast(product, tf.float32)


class SimpleRNNSteps:
    """One step of a simple RNN and its gradient: `h = tanh(x + h_previous U)`."""

    num_gates, num_saved = 1, 1

    @staticmethod
    def forward(projected, product, states):
        h = tf.tanh(projected + product)
        return [h], [h]

    @staticmethod
    def backward(saved, states, d_states):
        (h,) = saved
        d_sum = d_states[0] * (1.0 - h * h)
        return d_sum, d_sum, [None]


class GRUSteps:
    """One step of a GRU in Keras's form (`reset_after=True`) and its gradient.

    `z, r = sigmoid`, `n = tanh(x_n + r * (h U_n + b_n))`, `h = z * h_previous + (1 - z) * n`.
    """

    num_gates, num_saved = 3, 4

    @staticmethod
    def forward(projected, product, states):
        (h_previous,) = states
        x_z, x_r, x_n = tf.split(projected, 3, axis=1)
        u_z, u_r, u_n = tf.split(product, 3, axis=1)
        z = tf.sigmoid(x_z + u_z)
        r = tf.sigmoid(x_r + u_r)
        n = tf.tanh(x_n + r * u_n)
        return [n + z * (h_previous - n)], [z, r, n, u_n]

    @staticmethod
    def backward(saved, states, d_states):
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
    def forward(projected, product, states):
        i, f, g, o = tf.split(projected + product, 4, axis=1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = f * states[1] + i * g
        tanh_c = tf.tanh(c)
        return [o * tanh_c, c], [i, f, g, o, tanh_c]

    @staticmethod
    def backward(saved, states, d_states):
        i, f, g, o, tanh_c = saved
        d_h, d_c = d_states
        d_c = d_c + d_h * o * (1.0 - tanh_c * tanh_c)
        d_i = d_c * g * i * (1.0 - i)
        d_f = d_c * states[1] * f * (1.0 - f)
        d_g = d_c * i * (1.0 - g * g)
        d_o = d_h * tanh_c * o * (1.0 - o)
        d_sum = tf.concat([d_i, d_f, d_g, d_o], axis=1)
        return d_sum, d_sum, [None, d_c * f]


def add(*terms):
    """Adds the tensors among `terms`; None stands for zero."""
    present = [term for term in terms if term is not None]
    return sum(present[1:], start=present[0])


class RecurrentLoop:
    """The loop over time and its gradient, time first.

    Args:
        steps: `SimpleRNNSteps`, `GRUSteps` or `LSTMSteps`.
        num_steps: Number of time steps.
        mask: None, or floats of shape `(time, batch, 1)`; where it is 0 the states stay as they were.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.
    """

    def __init__(self, steps, num_steps, mask, precision):
        self.steps = steps
        self.num_steps = num_steps
        self.mask = mask
        self.precision = precision
        self.dtype = tf.bfloat16 if precision == "bfloat16" else tf.float32

    def _array(self, values=None):
        # `clear_after_read=False`: the backward loop reads what the forward loop wrote, without a copy in between.
        array = tf.TensorArray(tf.float32, size=self.num_steps, clear_after_read=False, element_shape=(None, None))
        return array if values is None else array.unstack(values)

    def _product(self, matrix, kernel):
        return tf.cast(tf.matmul(tf.cast(matrix, self.dtype), kernel), tf.float32)

    def forward(self, projected, kernel, bias, initial):
        """Runs the cell from the first step to the last.

        Returns:
            The final states; arrays with the states before each step; arrays with what `steps.backward` needs.
        """
        inputs = self._array(projected)

        def step(t, states, before, kept):
            new, saved = self.steps.forward(inputs.read(t), self._product(states[0], kernel) + bias, states)
            if self.mask is not None:
                m = self.mask[t]
                new = [m * a + (1.0 - m) * b for a, b in zip(new, states, strict=True)]
            before = [array.write(t, state) for array, state in zip(before, states, strict=True)]
            kept = [array.write(t, value) for array, value in zip(kept, saved, strict=True)]
            return t + 1, new, before, kept

        arrays = [self._array() for _ in initial], [self._array() for _ in range(self.steps.num_saved)]
        _, final, before, kept = tf.while_loop(
            lambda t, *_: t < self.num_steps, step, (0, initial, *arrays), maximum_iterations=self.num_steps
        )
        return final, before, kept

    def backward(self, before, kept, kernel, d_outputs, d_final):
        """Runs the gradient from the last step to the first.

        Returns:
            The gradients of the initial states; arrays with the gradient of each step's projected input and of its
            recurrent product.
        """
        d_out = self._array(d_outputs)
        kernel_transposed = tf.transpose(kernel)

        def step(t, d_states, d_inputs, d_products):
            d_states = [d_states[0] + d_out.read(t), *d_states[1:]]
            d_held = [None] * len(d_states)
            if self.mask is not None:
                m = self.mask[t]
                d_held = [(1.0 - m) * d for d in d_states]
                d_states = [m * d for d in d_states]
            states = [array.read(t) for array in before]
            d_input, d_product, d_direct = self.steps.backward([array.read(t) for array in kept], states, d_states)
            d_through_product = [self._product(d_product, kernel_transposed)] + [None] * (len(states) - 1)
            d_states = [add(*d) for d in zip(d_through_product, d_direct, d_held, strict=True)]
            return t - 1, d_states, d_inputs.write(t, d_input), d_products.write(t, d_product)

        start = (self.num_steps - 1, d_final, self._array(), self._array())
        _, d_initial, d_inputs, d_products = tf.while_loop(
            lambda t, *_: t >= 0, step, start, maximum_iterations=self.num_steps
        )
        return d_initial, d_inputs, d_products


def recurrent_loop(steps, projected, recurrent_kernel, recurrent_bias, states, mask=None, precision="float32"):
    """Runs a recurrent cell over a whole batch of sequences, time first, with a gradient of its own.

    Args:
        steps: `SimpleRNNSteps`, `GRUSteps` or `LSTMSteps`.
        projected: Inputs times kernel plus bias, float32, shape `(time, batch, num_gates * units)`.
        recurrent_kernel: Shape `(units, num_gates * units)`.
        recurrent_bias: Shape `(num_gates * units,)`, added to the recurrent product.
        states: Initial states, each of shape `(batch, units)`; the first one is also the output.
        mask: None, or floats of shape `(time, batch, 1)`; where it is 0 the states stay as they were.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.

    Returns:
        A tuple: outputs of shape `(time, batch, units)`, then the final states.
    """
    units = recurrent_kernel.shape[0]
    loop = RecurrentLoop(steps, tf.shape(projected)[0], mask, precision)

    @tf.custom_gradient
    def run(projected, recurrent_kernel, recurrent_bias, *initial):
        kernel = tf.cast(recurrent_kernel, loop.dtype)
        final, before, kept = loop.forward(projected, kernel, recurrent_bias, list(initial))
        h_before = before[0].stack()  # (time, batch, units): the output each step started from
        outputs = tf.concat([h_before[1:], final[0][tf.newaxis]], axis=0)

        def gradient(d_outputs, *d_final):
            d_initial, d_inputs, d_products = loop.backward(before, kept, kernel, d_outputs, list(d_final))
            d_projected = d_inputs.stack()
            d_sums = d_products.stack() if steps is GRUSteps else d_projected  # elsewhere the two are the same
            d_sums = tf.reshape(d_sums, (-1, steps.num_gates * units))
            d_kernel = matrix_product(tf.reshape(h_before, (-1, units)), d_sums, precision, transpose_left=True)
            return (d_projected, d_kernel, tf.reduce_sum(d_sums, axis=0), *d_initial)

        return (outputs, *final), gradient

    return run(projected, recurrent_kernel, recurrent_bias, *states)
