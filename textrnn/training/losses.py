"""The training loss: cross-entropy summed over real tokens, from logits, or together with the output layer."""

from typing import Any

import tensorflow as tf

from textrnn.training.layers import TokenOutput

__all__ = ["num_real", "projected_cross_entropy", "summed_cross_entropy"]

SMALL_VOCABULARY = 512  # below this, compiling the fused loss takes longer than it saves


def num_real(targets: Any) -> Any:
    """Returns how many token ids are not padding, as a float32 scalar."""
    return tf.reduce_sum(tf.cast(tf.not_equal(targets, 0), tf.float32))


def real_weights(targets: Any, weights: Any = None) -> Any:
    """Returns what each target counts: 0 for padding, for others its weight, or 1."""
    real = tf.cast(tf.not_equal(targets, 0), tf.float32)
    return real if weights is None else real * weights


def summed_cross_entropy(logits: Any, targets: Any, label_smoothing: float = 0.0, weights: Any = None) -> Any:
    """Adds up the cross-entropy of the real targets.

    Args:
        logits: Shape `(..., vocabulary_size)`.
        targets: Token ids of shape `(...)`; 0 is padding and counts for nothing.
        label_smoothing: Share of each target spread evenly over the vocabulary (Szegedy et al. 2016, section 7).
        weights: What each target counts, of the shape of `targets`; None lets all count alike.

    Returns:
        The sum in nats, a scalar.
    """
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    if label_smoothing:
        # -log p averaged over the vocabulary is the target's -log p plus how far its logit lies above the average.
        target_logits = tf.gather(logits, targets, batch_dims=len(targets.shape))
        losses += label_smoothing * (target_logits - tf.reduce_mean(logits, axis=-1))
    return tf.reduce_sum(losses * real_weights(targets, weights))


def projected_cross_entropy(
    hidden: Any,
    output: TokenOutput,
    targets: Any,
    label_smoothing: float = 0.0,
    block_rows: int = 512,
    weights: Any = None,
) -> Any:
    """Projects hidden vectors to logits and adds up the cross-entropy of the real targets.

    The same numbers as `summed_cross_entropy(output(hidden), targets)`, faster for large vocabularies: one
    block of rows after another goes through projection, loss and gradient, and all probabilities are never stored.

    Args:
        hidden: Shape `(..., units)`.
        output: The `textrnn.training.layers.TokenOutput` that projects.
        targets: Token ids of shape `(...)`; 0 is padding and counts for nothing.
        label_smoothing: Share of each target spread evenly over the vocabulary.
        block_rows: Rows per block.
        weights: What each target counts, of the shape of `targets`; None lets all count alike.

    Returns:
        The sum in nats, a scalar.
    """
    if output.vocabulary_size < SMALL_VOCABULARY:
        return summed_cross_entropy(output(hidden), targets, label_smoothing, weights)
    counts = real_weights(targets, weights)
    units = hidden.shape[-1]
    kernel, transposed = output.matrix()
    dtype = tf.bfloat16 if output.precision == "bfloat16" else tf.float32
    targets, counts = tf.reshape(targets, (-1,)), tf.reshape(counts, (-1,))
    num_rows = tf.shape(targets)[0]
    num_blocks = -(-num_rows // block_rows)
    filled = num_blocks * block_rows - num_rows

    @tf.custom_gradient
    def loss(hidden: Any, kernel: Any, bias: Any) -> tuple[Any, Any]:
        matrix = tf.cast(kernel, dtype)
        rows = tf.reshape(tf.pad(tf.cast(hidden, dtype), [[0, filled], [0, 0]]), (-1, block_rows, units))
        ids, counted = (tf.reshape(tf.pad(one, [[0, filled]]), (-1, block_rows)) for one in (targets, counts))

        def step(index: Any, total: Any, d_rows: Any, d_kernel: Any, d_bias: Any) -> tuple[Any, ...]:
            block = rows[index]
            logits = tf.matmul(block, matrix, transpose_b=transposed)
            part, d_logits, d_part = loss_and_gradient(logits, bias, ids[index], counted[index], label_smoothing)
            d_block = tf.cast(tf.matmul(d_logits, matrix, transpose_b=not transposed), tf.float32)
            left, right = (d_logits, block) if transposed else (block, d_logits)
            d_weights = tf.cast(tf.matmul(left, right, transpose_a=True), tf.float32)
            return index + 1, total + part, d_rows.write(index, d_block), d_kernel + d_weights, d_bias + d_part

        d_rows = tf.TensorArray(tf.float32, size=num_blocks, element_shape=(block_rows, units))
        start = (0, 0.0, d_rows, tf.zeros_like(kernel), tf.zeros_like(bias))
        _, total, d_rows, d_kernel, d_bias = tf.while_loop(
            lambda index, *_: index < num_blocks, step, start, parallel_iterations=1
        )
        d_hidden = d_rows.concat()[:num_rows]
        return total, lambda up: (up * d_hidden, up * d_kernel, up * d_bias)

    return loss(tf.reshape(hidden, (-1, units)), kernel, tf.convert_to_tensor(output.bias))


@tf.function(jit_compile=True, autograph=False)
def loss_and_gradient(
    logits: Any, bias: Any, targets: Any, counts: Any, label_smoothing: float
) -> tuple[Any, Any, Any]:
    """Returns the summed loss of a block of rows and its gradients by logits and bias, compiled into one loop.

    Args:
        logits: Shape `(rows, vocabulary_size)`, float32 or bfloat16, without the bias.
        bias: Shape `(vocabulary_size,)`.
        targets: Token ids of shape `(rows,)`.
        counts: What each counts, shape `(rows,)`; 0 for padding.
        label_smoothing: Share of each target spread evenly over the vocabulary.
    """
    dtype, size = logits.dtype, logits.shape[1]
    logits = tf.cast(logits, tf.float32) + bias
    counts = counts[:, tf.newaxis]
    highest = tf.reduce_max(logits, axis=1, keepdims=True)
    exponentials = tf.exp(logits - highest)
    total = tf.reduce_sum(exponentials, axis=1, keepdims=True)
    is_target = tf.equal(tf.range(size, dtype=targets.dtype)[tf.newaxis], targets[:, tf.newaxis])
    target_logits = tf.reduce_sum(tf.where(is_target, logits, 0.0), axis=1, keepdims=True)
    losses = highest + tf.math.log(total) - (1.0 - label_smoothing) * target_logits
    losses -= label_smoothing * tf.reduce_mean(logits, axis=1, keepdims=True)
    wanted = (1.0 - label_smoothing) * tf.cast(is_target, tf.float32) + label_smoothing / size
    gradient = (exponentials / total - wanted) * counts
    return tf.reduce_sum(losses * counts), tf.cast(gradient, dtype), tf.reduce_sum(gradient, axis=0)
