"""Training throughput of our network beside the same network from stock Keras layers, in one run.

    python -m benchmarks.training_speed

Embedding 256, LSTM 2 x 256, vocabulary 4,000, batch 32 x 64, Adam, float32; the sides take turns, block after block.
Before that, equal weights must give equal losses. The Keras side is compiled the same way, without `Model.fit`'s
overhead.
"""

import statistics
import time

import numpy as np

from textrnn.config import NetworkConfig
from textrnn.training import keras, tf
from textrnn.training.losses import summed_cross_entropy
from textrnn.training.networks import RecurrentNetwork

BATCH, LENGTH, VOCABULARY, UNITS = 32, 64, 4000, 256
BLOCKS, STEPS = 7, 8


def stock_network() -> keras.Model:
    """The same layers from Keras."""
    return keras.Sequential([
        keras.Input((None,)),
        keras.layers.Embedding(VOCABULARY, UNITS),
        keras.layers.LSTM(UNITS, return_sequences=True),
        keras.layers.LSTM(UNITS, return_sequences=True),
        keras.layers.Dense(VOCABULARY),
    ])  # fmt: skip


def our_network(precision: str) -> RecurrentNetwork:
    """Ours."""
    config = NetworkConfig(vocabulary_size=VOCABULARY, units=(UNITS, UNITS), embedding_dim=UNITS, dropout=0.0)
    return RecurrentNetwork(config, precision=precision)


def make_step(network: keras.Model):
    """Returns a compiled training step."""
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(network.trainable_variables)

    @tf.function
    def step(inputs, targets):
        with tf.GradientTape() as tape:
            loss_sum, count = summed_cross_entropy(network(inputs, training=True), targets)
            loss = loss_sum / count
        gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
        optimizer.apply(gradients, network.trainable_variables)
        return loss

    return step


def main() -> None:
    """Prints the losses and the tokens per second of each side."""
    tokens = np.random.default_rng(0).integers(4, VOCABULARY, (BATCH, LENGTH + 1)).astype(np.int32)
    inputs, targets = tf.constant(tokens[:, :-1]), tf.constant(tokens[:, 1:])
    networks = {
        "keras": stock_network(),
        "textrnn": our_network("float32"),
        "textrnn bfloat16": our_network("bfloat16"),
    }
    weights = list(networks["textrnn"].get_weights_by_name().values())
    networks["keras"].set_weights(weights)
    networks["textrnn bfloat16"].set_weights_by_name(networks["textrnn"].get_weights_by_name())
    steps = {name: make_step(network) for name, network in networks.items()}
    losses = {name: [float(step(inputs, targets)) for _ in range(3)] for name, step in steps.items()}
    for name, values in losses.items():
        print(f"{name:<17} losses of the first three steps: {', '.join(f'{value:.5f}' for value in values)}")
    np.testing.assert_allclose(losses["keras"], losses["textrnn"], atol=1e-4)
    rates: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(BLOCKS):
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(STEPS):
                loss = step(inputs, targets)
            float(loss)
            rates[name].append(STEPS * BATCH * LENGTH / (time.perf_counter() - start))
    base = statistics.median(rates["keras"])
    for name, values in rates.items():
        median = statistics.median(values)
        print(
            f"{name:<17} {median:7,.0f} tokens/s (median of {BLOCKS}; {min(values):,.0f} to {max(values):,.0f}), "
            f"{median / base:.2f} x keras"
        )


if __name__ == "__main__":
    main()
