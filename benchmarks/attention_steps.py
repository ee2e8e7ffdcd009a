"""Attention for all target steps in one product, beside the same attention step by step, forward and backward.

    python -m benchmarks.attention_steps

A decoder whose recurrent layer does not depend on attention can attend for all target steps at once. One that feeds the
context back into the next step, as the usual tutorials' decoders do, has to attend in the loop.
"""

import statistics
import time

import numpy as np

from textrnn.training import tf
from textrnn.training.devices import usable_cores
from textrnn.training.layers import Attention
from textrnn.training.threads import share_cores

BATCH, SOURCE, TARGET, QUERY, MEMORY = 96, 16, 17, 256, 512


def main() -> None:
    """Prints milliseconds of each side, with "general" attention."""
    share_cores(usable_cores())  # as a translator's training does
    generator = np.random.default_rng(0)
    queries = tf.constant(generator.normal(size=(BATCH, TARGET, QUERY)), tf.float32)
    memory = tf.constant(generator.normal(size=(BATCH, SOURCE, MEMORY)), tf.float32)
    mask = tf.ones((BATCH, SOURCE), tf.bool)
    layer = Attention("general", seed=1)
    layer.build(QUERY, MEMORY)

    def at_once(queries):
        return layer(queries, memory, mask)[0]

    def step_by_step(queries):
        contexts = tf.TensorArray(tf.float32, size=TARGET, element_shape=(BATCH, MEMORY))
        _, contexts = tf.while_loop(
            lambda t, _: t < TARGET,
            lambda t, done: (t + 1, done.write(t, layer(queries[:, t : t + 1], memory, mask)[0][:, 0])),
            (0, contexts),
        )
        return tf.transpose(contexts.stack(), (1, 0, 2))

    sides = {"at once": with_gradient(at_once, layer), "step by step": with_gradient(step_by_step, layer)}
    for one, other in zip(*(side(queries) for side in sides.values()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(30):
        for name, side in sides.items():
            start = time.perf_counter()
            side(queries)[0].numpy()
            times[name].append(1000 * (time.perf_counter() - start))
    for name, values in times.items():
        print(f"{name}: {statistics.median(values):.1f} ms ({min(values):.1f} to {max(values):.1f})")


def with_gradient(attend, layer):
    """Returns a compiled function that attends and returns the gradients by queries and weights."""

    @tf.function
    def run(queries):
        with tf.GradientTape() as tape:
            tape.watch(queries)
            loss = tf.reduce_sum(tf.square(attend(queries))) / BATCH
        return tape.gradient(loss, [queries, *(weight.value for weight in layer.trainable_variables)])

    return run


if __name__ == "__main__":
    main()
