"""How time and memory grow with the corpus, the length of a window, the vocabulary and the units.

Each point is a process of its own that prints the seconds of its work and its peak memory.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from benchmarks.turns import peak_megabytes

STEPS = 6


def read_corpus(megabytes: float, path: str) -> dict[str, float]:
    """Encodes a text, repeated to a size, and draws all windows of one epoch; the base is what the imports take."""
    from textrnn.preprocessing import corpora
    from textrnn.preprocessing.sequences import TextPlan, encode_corpus
    from textrnn.preprocessing.tokenizers import make_tokenizer

    content = pathlib.Path(path).read_bytes()
    tokenizer = make_tokenizer("subword", content.decode().splitlines(), 1000)
    with tempfile.TemporaryDirectory() as directory:
        large = pathlib.Path(directory, "text.txt")
        with open(large, "wb") as file:
            while file.tell() < megabytes * 1_000_000:
                file.write(content[: int(megabytes * 1_000_000) - file.tell()])
        base = peak_megabytes()
        start = time.perf_counter()
        text = encode_corpus(corpora.read(large), tokenizer, pathlib.Path(directory))
        encoded = time.perf_counter() - start
        windows = sum(batch.targets.size for batch in TextPlan(text, "stream", 32, 64, 64, seed=0).batches())
        seconds = time.perf_counter() - start
        assert windows > 0.9 * text.num_tokens
    return {"seconds": seconds, "encoding": encoded, "megabytes": peak_megabytes(), "base": base}


def train_steps(units: int = 256, vocabulary_size: int = 4000, length: int = 64) -> dict[str, float]:
    """Trains a language model for a few steps; the time is that of one step."""
    from benchmarks.training import OneBatch, Task, fitting
    from textrnn.config import NetworkConfig, TrainingConfig
    from textrnn.preprocessing.batches import Batch
    from textrnn.training import keras
    from textrnn.training.devices import chosen_device
    from textrnn.training.language_model import RecurrentNetwork
    from textrnn.training.threads import prepare_threads
    from textrnn.training.trainer import Trainer

    task = Task(units=units, vocabulary_size=vocabulary_size, length=length)
    config = NetworkConfig(vocabulary_size=vocabulary_size, units=(units,) * 2, embedding_dim=units)
    ends = []

    class Clock(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            ends.append(time.perf_counter())
            self.model.stop_training = len(ends) > STEPS

    plan = OneBatch(Batch(*task.batch()), 100)
    training = prepare_threads(chosen_device(), config, fitting(TrainingConfig, "float32", state_reset=0.0))
    Trainer(RecurrentNetwork(config), training, plan, OneBatch(plan.batch, 1), callbacks=[Clock()]).fit()
    return {"seconds": float(np.median(np.diff(ends))), "megabytes": peak_megabytes()}


def measure(function: Any, **options: Any) -> dict[str, float]:
    """Calls one of the functions above in a process of its own."""
    code = f"import json; from benchmarks import growth; print(json.dumps(growth.{function.__name__}(**{options!r})))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    if run.returncode:
        raise SystemExit(f"{function.__name__}({options}) failed:\n{run.stderr[-2000:]}")
    return json.loads(run.stdout.splitlines()[-1])


SWEEPS: dict[str, tuple[Any, str, list[Any]]] = {
    "corpus, MB": (read_corpus, "megabytes", [1, 10, 100, 1000]),
    "window length": (train_steps, "length", [16, 32, 64, 128, 256]),
    "vocabulary": (train_steps, "vocabulary_size", [1000, 4000, 16_000, 64_000]),
    "units": (train_steps, "units", [64, 128, 256, 512]),
}
