"""The training loss: cross-entropy summed over real tokens, and their number."""

import tensorflow as tf

__all__ = ["summed_cross_entropy"]


def summed_cross_entropy(logits, targets, label_smoothing=0.0):
    """Adds up the cross-entropy of the real targets.

    Args:
        logits: Shape `(..., vocabulary_size)`.
        targets: Token ids of shape `(...)`; 0 is padding and counts for nothing.
        label_smoothing: Share of each target spread evenly over the vocabulary (Szegedy et al. 2016, section 7).

    Returns:
        Two scalars: the sum in nats, and the number of real targets.
    """
    real = tf.cast(tf.not_equal(targets, 0), tf.float32)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    if label_smoothing:
        # -log p averaged over the vocabulary is the target's -log p plus how far its logit lies above the average.
        target_logits = tf.gather(logits, targets, batch_dims=len(targets.shape))
        losses += label_smoothing * (target_logits - tf.reduce_mean(logits, axis=-1))
    return tf.reduce_sum(losses * real), tf.reduce_sum(real)
