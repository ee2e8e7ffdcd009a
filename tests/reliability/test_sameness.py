"""Promises 13 and 14: the same seed gives the same tokens, and a loss does not depend on how the text is laid out."""

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT, random_weights
from textrnn.config import NetworkConfig
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.inference.networks import cross_entropies
from textrnn.preprocessing.batches import pad


def generated(model, prompts, threads):
    """Returns the texts that a process with so many threads writes."""
    variables = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    arguments = [*prompts, "--model", str(model), "--seed", "5", "--max-tokens", "80", "--json"]
    run = subprocess.run(
        [sys.executable, "-m", "textrnn.generate", *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return [result["text"] for result in json.loads(run.stdout)["results"]]


def test_a_seed_gives_the_same_text_whatever_the_process_threads_and_batch(trained):
    prompts = ["The", "It was", "A", "She", "They had", "On", "When", "But"]
    expected = generated(trained[1], prompts, 1)
    assert generated(trained[1], prompts, 2) == expected
    assert [generated(trained[1], [prompt], 2)[0] for prompt in prompts[:3]] == expected[:3]
    assert len(set(expected)) == len(prompts)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def loss_in_float64(config, weights, sequence):
    """The network as its equations have it, one token after another, in float64."""
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    units = config.units
    states = [[np.zeros(size), np.zeros(size)] for size in units]
    total = 0.0
    for token, target in itertools.pairwise(sequence):
        x = weights["embedding/embeddings"][token]
        for layer, size in enumerate(units):
            h, c = states[layer]
            gates = x @ weights[f"recurrent_{layer}/kernel"] + h @ weights[f"recurrent_{layer}/recurrent_kernel"]
            i, f, g, o = np.split(gates + weights[f"recurrent_{layer}/bias"], 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            states[layer] = [h, c]
            x = h
            assert len(h) == size
        logits = x @ weights["output/kernel"] + weights["output/bias"]
        total += np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[target]
    return total


CONFIG = NetworkConfig(vocabulary_size=11, units=(7, 5), embedding_dim=4)
WEIGHTS = random_weights(CONFIG)
NGRAM_CONFIG = NetworkConfig(vocabulary_size=11, units=(7, 5), embedding_dim=4, form="ngrams", max_length=12)

sequences = st.lists(st.lists(st.integers(4, 10), min_size=2, max_size=12), min_size=1, max_size=6)


def losses_of_lines(network, batch):
    """Returns the loss of each row, right-padded."""
    rows = pad([np.array(row) for row in batch])
    logits, _ = network(rows[:, :-1], network.initial_states(len(rows)))
    losses = cross_entropies(logits, rows[:, 1:])
    return (losses * (rows[:, 1:] != 0)).sum(axis=1)


@given(sequences, st.integers(0, 5))
@settings(max_examples=60)
def test_numpy_losses_do_not_depend_on_padding_batch_or_bucket(batch, more):
    expected = [loss_in_float64(CONFIG, WEIGHTS, row) for row in batch]
    network = RecurrentNetwork(CONFIG, WEIGHTS)
    together = losses_of_lines(network, [*batch, [4] * (2 + more)])[: len(batch)]
    np.testing.assert_allclose(together, expected, rtol=1e-5, atol=1e-5)
    alone = np.concatenate([losses_of_lines(network, [row]) for row in batch])
    np.testing.assert_allclose(alone, expected, rtol=1e-5, atol=1e-5)
    ngrams = RecurrentNetwork(NGRAM_CONFIG, WEIGHTS)
    for row, loss in zip(batch, expected, strict=True):  # padding on the left
        prefixes = pad([np.array(row[:end]) for end in range(1, len(row))], side="left", length=12 + more)
        found = cross_entropies(ngrams.ngram_logits(prefixes), np.array(row[1:])).sum()
        assert found == pytest.approx(loss, rel=1e-5, abs=1e-5)


def test_keras_losses_equal_the_float64_ones():
    from textrnn.training import tf
    from textrnn.training.language_model import RecurrentNetwork as KerasNetwork
    from textrnn.training.losses import projected_cross_entropy

    network = KerasNetwork(NetworkConfig(**{**CONFIG.to_dict(), "form": "lines"}))
    network.set_weights_by_name(WEIGHTS)
    generator = np.random.default_rng(0)
    for _ in range(5):
        batch = [generator.integers(4, 11, generator.integers(2, 13)) for _ in range(generator.integers(1, 7))]
        expected = sum(loss_in_float64(CONFIG, WEIGHTS, row) for row in batch)
        for rows in (batch, batch[::-1]):
            padded = pad(rows, length=12 + int(generator.integers(0, 4)))
            hidden, _ = network.hidden_states(tf.constant(padded[:, :-1]), network.initial_states(len(rows)))
            loss = projected_cross_entropy(hidden, network.output_projection, tf.constant(padded[:, 1:]))
            assert float(network.num_targets(padded[:, 1:])) == sum(len(row) - 1 for row in batch)
            assert float(loss) == pytest.approx(expected, rel=1e-5)
