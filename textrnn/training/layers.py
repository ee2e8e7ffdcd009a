"""Recurrent layers that train fast on a CPU, as drop-ins for `keras.layers.SimpleRNN`, `GRU` and `LSTM`.

They keep the Keras layers' weights, masks, states, configuration and saving, and replace only the loop over time:

- the inputs of all steps are projected in one matrix product before the loop;
- the gradient is written by hand, so that the loop keeps only what it needs, and the gradient of the recurrent kernel
  is formed in one product after the loop instead of one per step;
- with `precision="bfloat16"` the matrix products run in bfloat16 and everything else stays in float32.

What the loop does not cover (other activations, `recurrent_dropout`, `unroll`, `reset_after=False`) runs through the
Keras loop, so every configuration that Keras accepts gives Keras's numbers.
"""

from typing import Any

import keras
import tensorflow as tf

__all__ = ["GRU", "LSTM", "SimpleRNN", "TokenEmbedding", "TokenOutput", "matrix_product", "recurrent_loop"]

PRECISIONS = ("float32", "bfloat16")


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


def recurrent_loop(steps, projected, recurrent_kernel, recurrent_bias, states, mask=None, precision="float32"):
    """Runs a recurrent cell over a whole batch of sequences, time first.

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
    num_steps = tf.shape(projected)[0]
    units = recurrent_kernel.shape[0]
    compute_dtype = tf.bfloat16 if precision == "bfloat16" else tf.float32

    def new_array():
        # `clear_after_read=False`: the backward loop reads what the forward loop wrote, without a copy in between.
        return tf.TensorArray(tf.float32, size=num_steps, clear_after_read=False, element_shape=(None, None))

    def product_with(kernel, matrix):
        return tf.cast(tf.matmul(tf.cast(matrix, compute_dtype), kernel), tf.float32)

    @tf.custom_gradient
    def run(projected, recurrent_kernel, recurrent_bias, *initial):
        inputs = new_array().unstack(projected)
        kernel = tf.cast(recurrent_kernel, compute_dtype)

        def step(t, current, before, kept):
            product = product_with(kernel, current[0]) + recurrent_bias
            new, saved = steps.forward(inputs.read(t), product, current)
            if mask is not None:
                new = [mask[t] * a + (1.0 - mask[t]) * b for a, b in zip(new, current, strict=True)]
            before = [array.write(t, state) for array, state in zip(before, current, strict=True)]
            kept = [array.write(t, value) for array, value in zip(kept, saved, strict=True)]
            return t + 1, new, before, kept

        _, final, before, kept = tf.while_loop(
            lambda t, *_: t < num_steps,
            step,
            (0, list(initial), [new_array() for _ in initial], [new_array() for _ in range(steps.num_saved)]),
            maximum_iterations=num_steps,
        )
        h_before = before[0].stack()  # (time, batch, units): the output each step started from
        outputs = tf.concat([h_before[1:], final[0][tf.newaxis]], axis=0)

        def gradient(d_outputs, *d_final):
            d_out = new_array().unstack(d_outputs)
            kernel_transposed = tf.transpose(kernel)

            def step_back(t, d_states, d_inputs, d_products):
                d_states = [d_states[0] + d_out.read(t), *d_states[1:]]
                d_held = [None] * len(d_states)
                if mask is not None:
                    d_held = [(1.0 - mask[t]) * d for d in d_states]
                    d_states = [mask[t] * d for d in d_states]
                previous = [array.read(t) for array in before]
                d_input, d_product, d_direct = steps.backward([a.read(t) for a in kept], previous, d_states)
                d_through_product = [product_with(kernel_transposed, d_product)] + [None] * (len(previous) - 1)
                d_previous = [add(*d) for d in zip(d_through_product, d_direct, d_held, strict=True)]
                return t - 1, d_previous, d_inputs.write(t, d_input), d_products.write(t, d_product)

            _, d_initial, d_inputs, d_products = tf.while_loop(
                lambda t, *_: t >= 0,
                step_back,
                (num_steps - 1, list(d_final), new_array(), new_array()),
                maximum_iterations=num_steps,
            )
            d_projected = d_inputs.stack()
            d_sums = d_products.stack() if steps is GRUSteps else d_projected  # elsewhere the two are the same
            d_sums = tf.reshape(d_sums, (-1, steps.num_gates * units))
            d_kernel = matrix_product(tf.reshape(h_before, (-1, units)), d_sums, precision, transpose_left=True)
            return (d_projected, d_kernel, tf.reduce_sum(d_sums, axis=0), *d_initial)

        return (outputs, *final), gradient

    return run(projected, recurrent_kernel, recurrent_bias, *states)


class FastLoop(keras.layers.RNN):
    """Puts `recurrent_loop` in the place of a Keras recurrent layer's own loop.

    Args beyond those of the Keras layer:
        weight_drop: Share of the recurrent kernel's entries set to zero for a whole training batch
            (Merity et al. 2018, section 2), from 0 up to 1.
        precision: "float32", or "bfloat16" for bfloat16 matrix products.
    """

    steps: Any = None

    def __init__(self, units, *, weight_drop=0.0, precision="float32", **options):
        super().__init__(units, **options)
        if not 0.0 <= weight_drop < 1.0:
            raise ValueError(f"`weight_drop` must be at least 0 and below 1. Received: weight_drop={weight_drop}.")
        if precision not in PRECISIONS:
            raise ValueError(f"`precision` must be one of {', '.join(PRECISIONS)}. Received: precision={precision!r}.")
        self.weight_drop = weight_drop
        self.precision = precision
        self.weight_drop_seed = keras.random.SeedGenerator(self.cell.seed) if weight_drop else None

    @property
    def has_fast_loop(self):
        """Whether this configuration is one that the fast loop computes."""
        cell = self.cell
        return (
            cell.activation is keras.activations.tanh
            and getattr(cell, "recurrent_activation", keras.activations.sigmoid) is keras.activations.sigmoid
            and getattr(cell, "reset_after", True)
            and not cell.recurrent_dropout
            and not self.unroll
            and self.compute_dtype == "float32"
        )

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Runs the cell over time; Keras calls this from `call`."""
        if not self.has_fast_loop:
            if self.weight_drop:
                raise ValueError("`weight_drop` needs tanh and sigmoid activations and no `recurrent_dropout`.")
            return super().inner_loop(sequences, initial_state, mask, training=training)
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        inputs = tf.transpose(sequences, (1, 0, 2))
        mask = None if mask is None else tf.transpose(tf.cast(mask, tf.float32))[..., tf.newaxis]
        if self.go_backwards:
            inputs = tf.reverse(inputs, [0])
            mask = None if mask is None else tf.reverse(mask, [0])
        if training and self.cell.dropout:
            dropped = tf.ones_like(inputs[0])
            inputs *= keras.random.dropout(dropped, self.cell.dropout, seed=self.cell.seed_generator)
        recurrent_kernel = tf.convert_to_tensor(self.cell.recurrent_kernel)
        if training and self.weight_drop:
            recurrent_kernel = keras.random.dropout(recurrent_kernel, self.weight_drop, seed=self.weight_drop_seed)
        projected, recurrent_bias = self._project(inputs)
        outputs, *states = recurrent_loop(
            self.steps, projected, recurrent_kernel, recurrent_bias, initial_state, mask, self.precision
        )
        if mask is not None:  # as in Keras: zeros before the first real step, the last output after it
            outputs *= mask if self.zero_output_for_mask else tf.minimum(tf.cumsum(mask, axis=0), 1.0)
        return outputs[-1], tf.transpose(outputs, (1, 0, 2)), states

    def _project(self, inputs):
        """Returns the projected inputs, shape `(time, batch, gates)`, and the bias inside the loop."""
        num_steps, batch_size, size = tf.shape(inputs)[0], tf.shape(inputs)[1], inputs.shape[2]
        projected = matrix_product(tf.reshape(inputs, (-1, size)), self.cell.kernel, self.precision)
        recurrent_bias = tf.zeros(projected.shape[1])
        if self.cell.use_bias:
            bias = tf.convert_to_tensor(self.cell.bias)
            if self.steps is GRUSteps:
                bias, recurrent_bias = bias[0], bias[1]
            projected += bias
        return tf.reshape(projected, (num_steps, batch_size, projected.shape[1])), recurrent_bias

    def get_config(self):
        """Returns the layer's configuration, from which `from_config` makes an equal layer."""
        return {**super().get_config(), "weight_drop": self.weight_drop, "precision": self.precision}


@keras.saving.register_keras_serializable("textrnn")
class SimpleRNN(FastLoop, keras.layers.SimpleRNN):
    """A `keras.layers.SimpleRNN` with a fast loop; see `FastLoop` for the two options it adds."""

    steps = SimpleRNNSteps


@keras.saving.register_keras_serializable("textrnn")
class GRU(FastLoop, keras.layers.GRU):
    """A `keras.layers.GRU` with a fast loop; see `FastLoop` for the two options it adds."""

    steps = GRUSteps


@keras.saving.register_keras_serializable("textrnn")
class LSTM(FastLoop, keras.layers.LSTM):
    """A `keras.layers.LSTM` with a fast loop; see `FastLoop` for the two options it adds."""

    steps = LSTMSteps


@keras.saving.register_keras_serializable("textrnn")
class TokenEmbedding(keras.layers.Layer):
    """Looks up token vectors; whole words can be dropped.

    Args:
        vocabulary_size: Number of token ids.
        embedding_dim: Size of a vector.
        dropout: Share of the vocabulary whose vectors are zeroed for a whole batch (Gal and Ghahramani 2016).
        seed: Fixes the initial vectors and the dropout.
    """

    def __init__(self, vocabulary_size, embedding_dim, dropout=0.0, seed=None, **options):
        super().__init__(**options)
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.dropout = dropout
        self.seed = seed
        self.dropout_seed = keras.random.SeedGenerator(seed) if dropout else None

    def build(self, input_shape=None):
        """Makes the weights, shape `(vocabulary_size, embedding_dim)`."""
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.vocabulary_size, self.embedding_dim),
            initializer=keras.initializers.RandomUniform(-0.05, 0.05, seed=self.seed),
        )
        self.built = True

    def call(self, token_ids, training=False):
        """Looks up token ids of any shape; adds a last axis of `embedding_dim`."""
        vectors = tf.gather(tf.convert_to_tensor(self.embeddings), token_ids)
        if training and self.dropout:
            kept = keras.random.dropout(tf.ones((self.vocabulary_size, 1)), self.dropout, seed=self.dropout_seed)
            vectors *= tf.gather(kept, token_ids)
        return vectors

    def get_config(self):
        """Returns the layer's configuration."""
        options = ("vocabulary_size", "embedding_dim", "dropout", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in options}}


class TokenOutput(keras.layers.Layer):
    """Logits over the vocabulary, through a matrix of its own or the embedding's (Press and Wolf 2017).

    Args:
        vocabulary_size: Number of token ids.
        tied_to: A `TokenEmbedding` whose vectors are the output matrix, or None.
        precision: "float32" or "bfloat16", the arithmetic of the product.
        seed: Fixes the initial matrix.
    """

    def __init__(self, vocabulary_size, tied_to=None, precision="float32", seed=None, **options):
        super().__init__(**options)
        self.vocabulary_size = vocabulary_size
        # Behind a function, so that Keras does not count the embedding's weights a second time.
        self.tied_embeddings: Any = None if tied_to is None else lambda: tied_to.embeddings
        self.precision = precision
        self.seed = seed

    def build(self, input_shape):
        """Makes the weights for inputs whose last axis has a fixed size."""
        if self.tied_embeddings is None:
            self.kernel = self.add_weight(
                name="kernel",
                shape=(input_shape[-1], self.vocabulary_size),
                initializer=keras.initializers.GlorotUniform(seed=self.seed),
            )
        self.bias = self.add_weight(name="bias", shape=(self.vocabulary_size,), initializer="zeros")
        self.built = True

    def call(self, hidden):
        """Maps `(..., units)` to `(..., vocabulary_size)`."""
        tied = self.tied_embeddings is not None
        kernel = tf.convert_to_tensor(self.tied_embeddings() if tied else self.kernel)
        flat = tf.reshape(hidden, (-1, hidden.shape[-1]))
        logits = matrix_product(flat, kernel, self.precision, transpose_right=tied) + self.bias
        return tf.reshape(logits, tf.concat([tf.shape(hidden)[:-1], [self.vocabulary_size]], axis=0))
