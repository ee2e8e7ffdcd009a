"""Promises 2 and 3: a model directory is the old one or the new one, whole, and a full disk costs nothing."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.conftest import ROOT, random_weights
from textrnn import storage
from textrnn.config import NetworkConfig
from textrnn.preprocessing.tokenizers import CharTokenizer


def make_model(letters, units, seed, **facts):
    tokenizer = CharTokenizer.train([letters], 100)
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, units=(units,), embedding_dim=8)
    ngrams = {"words_3": np.full(1000, seed, np.uint8)} if seed else {}
    return storage.StoredModel(config, {"tokenizer": tokenizer}, random_weights(config, seed), ngrams, facts)


def same(found, expected):
    return (
        found.config == expected.config
        and found.facts == expected.facts
        and found.tokenizers["tokenizer"].tokens == expected.tokenizers["tokenizer"].tokens
        and list(found.ngrams) == list(expected.ngrams)
        and all(np.array_equal(found.ngrams[name], array) for name, array in expected.ngrams.items())
        and all(np.array_equal(found.weights[name], array) for name, array in expected.weights.items())
    )


@pytest.mark.parametrize("num_kills", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_kill_during_saves_leaves_a_whole_model(tmp_path, num_kills):
    models = [make_model("abc", 20, 0, number=1), make_model("abcdefgh", 30, 7, number=2)]
    directory = tmp_path / "model"
    began = time.monotonic()
    for model in (models[1], models[0]):
        storage.save_model(directory, model)
    latest = max(0.03, 2 * (time.monotonic() - began))  # a busy machine saves slowly, and both must have a chance
    randomness = random.Random(0)
    seen = set()
    for _ in range(num_kills):
        child = os.fork()
        if child == 0:
            while True:
                for model in models:
                    storage.save_model(directory, model)
        time.sleep(randomness.uniform(0.001, latest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = storage.load_model(directory, "language-model")
        matching = [number for number, model in enumerate(models) if same(found, model)]
        assert len(matching) == 1
        seen.update(matching)
    assert seen == {0, 1}
    storage.save_model(directory, models[0])
    left = [path.name for path in directory.iterdir() if path.name.endswith(".next")]
    assert left == []


def test_a_damaged_model_can_be_replaced(tmp_path):
    """A night's training is not lost because the model that it replaces was damaged."""
    model = make_model("abc", 20, 0)
    storage.save_model(tmp_path, model)
    for name in ("manifest.json", "config.json", "weights.safetensors"):
        (tmp_path / name).write_bytes(b"damaged")
        storage.save_model(tmp_path, model)
        assert same(storage.load_model(tmp_path, "language-model"), model)


LIMITED_SAVE = """
import resource, signal, sys
from textrnn import LanguageModel, TextrnnError
model = LanguageModel.load(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then a write over the limit fails as on a full disk
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    model.save(sys.argv[1])
except TextrnnError as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [10, 1000, 3000])
def test_a_full_disk_leaves_the_model_as_it_was(tmp_path, limit):
    directory = tmp_path / "model"
    storage.save_model(directory, make_model("abc", 20, 0))
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    result = subprocess.run(
        [sys.executable, "-c", LIMITED_SAVE, str(directory), str(limit)], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert "cannot be written: File too large. The model that was there is unchanged." in result.stdout
    after = {path.name: path.read_bytes() for path in directory.iterdir() if not path.name.endswith(".next")}
    assert after == before
    storage.load_model(directory, "language-model")


def test_a_full_disk_during_training(forks, tmp_path, lighthouse):
    """A checkpoint that cannot be written: one line that names the file, and status 2."""
    code = (
        "import resource, signal, sys; from textrnn import commands, train;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY));"
        "sys.exit(commands.run(train.command, sys.argv[1:]))"
    )
    arguments = ["language-model", str(lighthouse), "--output", str(tmp_path / "out"), "--level", "char"]
    sizes = ["--units", "48", "--embedding-dim", "16", "--epochs", "1", "--batch-size", "8", "--length", "32"]
    result = forks.run(code, *arguments, *sizes)
    assert result.returncode == 2, result.stderr
    assert "File too large" in result.stderr
    assert "Traceback" not in result.stderr
