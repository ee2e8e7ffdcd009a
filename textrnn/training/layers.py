"""Recurrent layers that train fast, as drop-ins for `keras.layers.SimpleRNN`, `GRU` and `LSTM`.

They keep the Keras layers' weights, masks, states, configuration and saving, and on a CPU replace only the loop over
time:

- the inputs of all steps are projected in one matrix product before the loop;
- the gradient is written by hand, so that the loop keeps only what it needs, and the gradient of the recurrent kernel
  is formed in one product after the loop instead of one per step;
- with `precision="bfloat16"` the matrix products run in bfloat16 and everything else stays in float32.

Where a graphics card has cuDNN they keep the loop of Keras too, which calls it (`has_keras_loop`). What the fast loop
does not cover (other activations, `recurrent_dropout`, `unroll`, `reset_after=False`) runs through the Keras loop as
well, so every configuration that Keras accepts gives Keras's numbers.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from textrnn.config import PRECISIONS
from textrnn.training.devices import layer_dtype
from textrnn.training.recurrence import GRUSteps, LSTMSteps, SimpleRNNSteps, matrix_product, recurrent_loop

__all__ = [
    "CELLS",
    "GRU",
    "LSTM",
    "Attention",
    "LinearProjection",
    "Projection",
    "SimpleRNN",
    "TokenEmbedding",
    "TokenOutput",
]


class FastLoop(keras.layers.RNN):
    """Puts `recurrent_loop` in the place of a Keras recurrent layer's own loop.

    Args beyond those of the Keras layer:
        weight_drop: Share of the recurrent kernel's entries set to zero for a whole training batch
            (Merity et al. 2018, section 2), from 0 up to 1.
        precision: "float32", or "bfloat16" for bfloat16 matrix products.
        compiled: Whether the loop is compiled, anew for each shape of batch.
        has_keras_loop: Whether Keras's loop stays, and with it cuDNN: for sequences that are padded on the right.
    """

    steps: Any = None

    def __init__(
        self,
        units: int,
        *,
        weight_drop: float = 0.0,
        precision: str = "float32",
        compiled: bool = False,
        has_keras_loop: bool = False,
        **options: Any,
    ) -> None:
        if has_keras_loop:
            options["dtype"] = layer_dtype(precision)
        super().__init__(units, **options)
        if not 0.0 <= weight_drop < 1.0:
            raise ValueError(f"`weight_drop` must be at least 0 and below 1. Received: weight_drop={weight_drop}.")
        if precision not in PRECISIONS:
            raise ValueError(f"`precision` must be one of {', '.join(PRECISIONS)}. Received: precision={precision!r}.")
        self.weight_drop = weight_drop
        self.precision = precision
        self.compiled = compiled
        self.has_keras_loop = has_keras_loop
        self.weight_drop_seed = keras.random.SeedGenerator(self.cell.seed) if weight_drop else None

    @property
    def has_fast_loop(self) -> bool:
        """Whether this configuration is one that the fast loop computes."""
        cell = self.cell
        return (
            cell.activation is keras.activations.tanh
            and getattr(cell, "recurrent_activation", keras.activations.sigmoid) is keras.activations.sigmoid
            and getattr(cell, "reset_after", True)
            and not cell.recurrent_dropout
            and not self.unroll
            and not self.has_keras_loop
            and self.compute_dtype == "float32"
        )

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Reads sequences as a Keras layer does; with a Keras loop in bfloat16, outputs and states are float32 too."""
        results = super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        if self.has_keras_loop and self.precision != "float32":
            results = tf.nest.map_structure(lambda result: tf.cast(result, tf.float32), results)
        return results

    def keras_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool) -> Any:
        """Runs Keras's loop over right-padded sequences; an empty one leaves the states as they were."""
        with self.recurrent_kernel_dropped(training):
            if mask is None:
                return super().inner_loop(sequences, initial_state, mask, training=training)
            return self.masked_keras_loop(sequences, initial_state, mask, training)

    def masked_keras_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool) -> Any:
        """Does the work of `keras_loop` on sequences with padding.

        cuDNN refuses a row without a real step, so such a row gets one, and what comes of it is put aside.
        """
        empty = tf.logical_not(tf.reduce_any(mask, axis=1, keepdims=True))  # (batch, 1)
        mask |= empty & tf.equal(tf.range(tf.shape(mask)[1]), 0)
        last, outputs, states = super().inner_loop(sequences, initial_state, mask, training=training)
        states = [tf.where(empty, before, after) for before, after in zip(initial_state, states, strict=True)]
        zero = tf.zeros((), last.dtype)
        return tf.where(empty, zero, last), tf.where(empty[:, tf.newaxis], zero, outputs), states

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Runs the cell over time; Keras calls this from `call`."""
        if not (self.has_fast_loop or self.has_keras_loop) and self.weight_drop:
            raise ValueError("`weight_drop` needs tanh and sigmoid activations and no `recurrent_dropout`.")
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        if self.has_keras_loop:
            return self.keras_loop(sequences, initial_state, mask, training)
        if not self.has_fast_loop:
            return super().inner_loop(sequences, initial_state, mask, training=training)
        inputs = tf.transpose(sequences, (1, 0, 2))
        mask = None if mask is None else tf.transpose(tf.cast(mask, tf.float32))[..., tf.newaxis]
        if self.go_backwards:
            inputs = tf.reverse(inputs, [0])
            mask = None if mask is None else tf.reverse(mask, [0])
        if training and self.cell.dropout:
            dropped = tf.ones_like(inputs[0])
            inputs *= keras.random.dropout(dropped, self.cell.dropout, seed=self.cell.seed_generator)
        recurrent_kernel = self.recurrent_kernel(training)
        projected, recurrent_bias = self._project(inputs)
        outputs, *states = recurrent_loop(
            self.steps, projected, recurrent_kernel, recurrent_bias, initial_state, mask, self.precision, self.compiled
        )
        if mask is not None:  # as in Keras: zeros before the first real step, the last output after it
            outputs *= mask if self.zero_output_for_mask else tf.minimum(tf.cumsum(mask, axis=0), 1.0)
        return outputs[-1], tf.transpose(outputs, (1, 0, 2)), states

    def recurrent_kernel(self, training: bool) -> Any:
        """Returns the recurrent kernel, in training without the share of it that is dropped."""
        kernel = tf.convert_to_tensor(self.cell.recurrent_kernel)
        if training and self.weight_drop:
            kernel = keras.random.dropout(kernel, self.weight_drop, seed=self.weight_drop_seed)
        return kernel

    @contextlib.contextmanager
    def recurrent_kernel_dropped(self, training: bool) -> Iterator[None]:
        """Lets the cell have what `recurrent_kernel` returns while a `with` block runs: Keras's loop reads it there."""
        attributes: dict[str, Any] = self.cell.__dict__  # past Keras, which would take it for a new weight
        kept = attributes["recurrent_kernel"]
        attributes["recurrent_kernel"] = self.recurrent_kernel(training)
        try:
            yield
        finally:
            attributes["recurrent_kernel"] = kept

    def _project(self, inputs: Any) -> tuple[Any, Any]:
        """Returns the projected inputs, shape `(time, batch, gates)`, and the bias inside the loop."""
        num_steps, batch_size, size = tf.shape(inputs)[0], tf.shape(inputs)[1], inputs.shape[2]
        projected = matrix_product(tf.reshape(inputs, (-1, size)), self.cell.kernel, self.precision)
        recurrent_bias = None
        if self.cell.use_bias:
            bias = tf.convert_to_tensor(self.cell.bias)
            if self.steps is GRUSteps:
                bias, recurrent_bias = bias[0], bias[1]
            projected += bias
        return tf.reshape(projected, (num_steps, batch_size, projected.shape[1])), recurrent_bias

    def get_config(self) -> dict[str, Any]:
        """Returns the layer's configuration, from which `from_config` makes an equal layer."""
        options = ("weight_drop", "precision", "compiled", "has_keras_loop")
        return {**super().get_config(), **{name: getattr(self, name) for name in options}}


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
        initial_range: Greatest absolute value in the initial vectors.
        seed: Fixes the initial vectors and the dropout.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_dim: int,
        dropout: float = 0.0,
        initial_range: float = 0.05,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.dropout = dropout
        self.initial_range = initial_range
        self.seed = seed
        self.dropout_seed = keras.random.SeedGenerator(seed) if dropout else None

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights, shape `(vocabulary_size, embedding_dim)`."""
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.vocabulary_size, self.embedding_dim),
            initializer=keras.initializers.RandomUniform(-self.initial_range, self.initial_range, seed=self.seed),
        )
        self.built = True

    def call(self, token_ids: Any, training: bool = False) -> Any:
        """Looks up token ids of any shape; adds a last axis of `embedding_dim`."""
        vectors = tf.gather(tf.convert_to_tensor(self.embeddings), token_ids)
        if training and self.dropout:
            kept = keras.random.dropout(tf.ones((self.vocabulary_size, 1)), self.dropout, seed=self.dropout_seed)
            vectors *= tf.gather(kept, token_ids)
        return vectors

    def get_config(self) -> dict[str, Any]:
        """Returns the layer's configuration."""
        options = ("vocabulary_size", "embedding_dim", "dropout", "initial_range", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in options}}


class TokenOutput(keras.layers.Layer):
    """Logits over the vocabulary, through a matrix of its own or the embedding's (Press and Wolf 2017).

    Args:
        vocabulary_size: Number of token ids.
        tied_to: A `TokenEmbedding` whose vectors are the output matrix, or None.
        precision: "float32" or "bfloat16", the arithmetic of the product.
        seed: Fixes the initial matrix.
    """

    def __init__(
        self,
        vocabulary_size: int,
        tied_to: TokenEmbedding | None = None,
        precision: str = "float32",
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.vocabulary_size = vocabulary_size
        # Behind a function, so that Keras does not count the embedding's weights a second time.
        self.tied_embeddings: Any = None if tied_to is None else lambda: tied_to.embeddings
        self.precision = precision
        self.seed = seed

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs whose last axis has a fixed size."""
        if self.tied_embeddings is None:
            self.kernel = self.add_weight(
                name="kernel",
                shape=(input_shape[-1], self.vocabulary_size),
                initializer=keras.initializers.GlorotUniform(seed=self.seed),
            )
        self.bias = self.add_weight(name="bias", shape=(self.vocabulary_size,), initializer="zeros")
        self.built = True

    def matrix(self) -> tuple[Any, bool]:
        """Returns the output matrix, and whether it is the embedding, so that each row stands for a token."""
        if self.tied_embeddings is None:
            return tf.convert_to_tensor(self.kernel), False
        return tf.convert_to_tensor(self.tied_embeddings()), True

    def call(self, hidden: Any) -> Any:
        """Maps `(..., units)` to `(..., vocabulary_size)`."""
        kernel, transposed = self.matrix()
        flat = tf.reshape(hidden, (-1, hidden.shape[-1]))
        logits = matrix_product(flat, kernel, self.precision, transpose_right=transposed) + self.bias
        return tf.reshape(logits, tf.concat([tf.shape(hidden)[:-1], [self.vocabulary_size]], axis=0))


class LinearProjection(keras.layers.Layer):
    """`x W`, with the matrix product in the arithmetic that `precision` names.

    Args:
        units: Size of the result.
        precision: "float32" or "bfloat16".
        seed: Fixes the initial matrix.
    """

    def __init__(self, units: int, precision: str = "float32", seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.precision = precision
        self.seed = seed

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs whose last axis has a fixed size."""
        initializer = keras.initializers.GlorotUniform(seed=self.seed)
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units), initializer=initializer)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Maps `(..., size)` to `(..., units)`."""
        flat = tf.reshape(inputs, (-1, inputs.shape[-1]))
        result = matrix_product(flat, tf.convert_to_tensor(self.kernel), self.precision)
        return tf.reshape(result, tf.concat([tf.shape(inputs)[:-1], [self.units]], axis=0))


class Projection(LinearProjection):
    """`tanh(x W + b)`; see `LinearProjection`."""

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs whose last axis has a fixed size."""
        super().build(input_shape)
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """Maps `(..., size)` to `(..., units)`."""
        return tf.tanh(super().call(inputs) + self.bias)


class Attention(keras.layers.Layer):
    """Looks up, for every target step at once, what the source has to say.

    - "dot": `score = q . m`
    - "general": `score = q . (m W)` (Luong et al. 2015, section 3.1)
    - "additive": `score = v . tanh(q U + m W + b)` (Bahdanau et al. 2015, appendix A.1.2)

    Args:
        kind: "dot", "general" or "additive".
        seed: Fixes the initial weights.
    """

    def __init__(self, kind: str, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind
        self.seeds = [None] * 3 if seed is None else [seed, seed + 1, seed + 2]

    def build(self, query_dim: int, memory_dim: int) -> None:
        """Makes the weights for queries and memories of these sizes."""

        def weight(
            name: str, shape: tuple[int, ...], seed: int | None, initializer: Any = keras.initializers.GlorotUniform
        ) -> Any:
            return self.add_weight(name=name, shape=shape, initializer=initializer(seed=seed))

        if self.kind != "dot":
            self.memory_kernel = weight("memory_kernel", (memory_dim, query_dim), self.seeds[0])
        if self.kind == "additive":
            self.query_kernel = weight("query_kernel", (query_dim, query_dim), self.seeds[1])
            self.bias = self.add_weight(name="bias", shape=(query_dim,), initializer="zeros")
            self.vector = weight("vector", (query_dim,), self.seeds[2], keras.initializers.RandomNormal)
        self.built = True

    def call(self, queries: Any, memory: Any, mask: Any) -> tuple[Any, Any]:
        """Attends.

        Args:
            queries: Shape `(batch, target_time, query_dim)`.
            memory: Shape `(batch, source_time, memory_dim)`.
            mask: Booleans of shape `(batch, source_time)`, true where the source is real.

        Returns:
            Contexts of shape `(batch, target_time, memory_dim)` and the weights that made them, of shape
            `(batch, target_time, source_time)`.
        """
        keys = memory if self.kind == "dot" else tf.matmul(memory, self.memory_kernel)
        if self.kind == "additive":
            asked = tf.matmul(queries, self.query_kernel) + self.bias
            together = tf.tanh(asked[:, :, tf.newaxis] + keys[:, tf.newaxis])
            scores = tf.linalg.matvec(together, tf.convert_to_tensor(self.vector))
        else:
            scores = tf.matmul(queries, keys, transpose_b=True)
        weights = tf.nn.softmax(tf.where(mask[:, tf.newaxis], scores, -1e9))
        return tf.matmul(weights, memory), weights


CELLS = {"simple_rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}
