"""Generation one token at a time beside the tutorials' `model.predict` loop over the same network and weights.

    python -m benchmarks.generation_speed

The tutorials' network (100 / 150 / 0.2 / 100), vocabulary 4,000: the loop pads the whole text to 50 tokens and calls
`model.predict` for each new one, as the tutorials do. Both sides are greedy and must write the same tokens.
"""

import statistics
import time

import numpy as np

from textrnn.config import NETWORKS, NetworkConfig
from textrnn.inference.networks import RecurrentNetwork as NumPyNetwork
from textrnn.training import keras
from textrnn.training.networks import RecurrentNetwork as KerasNetwork

VOCABULARY, MAX_LENGTH, NUM_TOKENS = 4000, 50, 40


def predict_loop(model: keras.Model, prompt: list[int]) -> list[int]:
    """The tutorials' loop."""
    token_ids = list(prompt)
    for _ in range(NUM_TOKENS):
        padded = keras.utils.pad_sequences([token_ids], maxlen=MAX_LENGTH - 1, padding="pre")
        token_ids.append(int(model.predict(padded, verbose=0)[0].argmax()))
    return token_ids


def our_loop(network: NumPyNetwork, prompt: list[int]) -> list[int]:
    """Ours: the state is carried from token to token."""
    token_ids = list(prompt)
    logits, states = network(np.array([prompt]), network.initial_states(1), last_only=True)
    for _ in range(NUM_TOKENS):
        token_ids.append(int(logits[0].argmax()))
        logits, states = network(np.array([[token_ids[-1]]]), states, last_only=True)
    return token_ids


def main() -> None:
    """Prints milliseconds per token of each side."""
    config = NetworkConfig(vocabulary_size=VOCABULARY, **{**NETWORKS["tutorial"], "max_length": MAX_LENGTH})
    ours = KerasNetwork(config)
    weights = {name: 3 * weight for name, weight in ours.get_weights_by_name().items()}
    tutorial = keras.Sequential([
        keras.Input((MAX_LENGTH - 1,)),
        keras.layers.Embedding(VOCABULARY, 100, mask_zero=True),
        keras.layers.LSTM(150, return_sequences=True),
        keras.layers.Dropout(0.2),
        keras.layers.LSTM(100),
        keras.layers.Dense(VOCABULARY, activation="softmax"),
    ])  # fmt: skip
    tutorial.set_weights(list(weights.values()))
    network = NumPyNetwork(config, weights)
    sides = {"model.predict": lambda: predict_loop(tutorial, [5]), "textrnn": lambda: our_loop(network, [5])}
    texts = {name: side() for name, side in sides.items()}
    if texts["model.predict"] != texts["textrnn"]:
        raise SystemExit("the two sides wrote different tokens")
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(5):
        for name, side in sides.items():
            start = time.perf_counter()
            side()
            times[name].append(1000 * (time.perf_counter() - start) / NUM_TOKENS)
    for name, values in times.items():
        spread = f"{min(values):.3f} to {max(values):.3f}"
        print(f"{name:<14} {statistics.median(values):8.3f} ms per token (median of {len(values)}; {spread})")
    print(f"ratio of medians: {statistics.median(times['model.predict']) / statistics.median(times['textrnn']):.0f}")


if __name__ == "__main__":
    main()
