import os
import pathlib
import signal
import sys

import numpy as np
import pytest
from hypothesis import settings

from tests.forks import ROOT, Forks
from textrnn import commands
from textrnn.config import NetworkConfig, TranslatorConfig
from textrnn.preprocessing.pairs import Pairs
from textrnn.progress import Progress

settings.register_profile("same-every-time", derandomize=True, deadline=None)
settings.load_profile("same-every-time")

# What these do damage with is not everywhere: files in /proc and /dev, limits on memory; kills, links, permissions.
LINUX_ONLY = ["importing/test_hostile_archives.py", "reliability/test_hostile_models.py", "reliability/test_output.py"]
POSIX_ONLY = [
    "reliability/test_bad_input.py",
    "reliability/test_fuzz.py",
    "reliability/test_killed_training.py",
    "reliability/test_saves.py",
    "tasks/test_run.py",
    "test_deployment.py",
    "test_serve.py",
    "test_storage.py",
    "test_systems.py",
]
collect_ignore = [*([] if sys.platform == "linux" else LINUX_ONLY), *([] if os.name == "posix" else POSIX_ONLY)]


@pytest.fixture(scope="session")
def lighthouse() -> pathlib.Path:
    """The sample story."""
    return ROOT / "corpora" / "lighthouse.txt"


@pytest.fixture
def quiet() -> Progress:
    return Progress(quiet=True)


@pytest.fixture
def interruptible():
    """SIGINT acts as in a terminal, even if the suite was started with it ignored, as in a shell's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def random_weights(
    config: NetworkConfig | TranslatorConfig, seed: int = 0, scale: float = 0.5
) -> dict[str, np.ndarray]:
    """Weights large enough that a wrong gate order or a missed bias shows."""
    generator = np.random.default_rng(seed)
    return {
        name: generator.normal(0, scale, shape).astype(np.float32) for name, shape in config.weight_shapes().items()
    }


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A small character model trained for a few seconds, its directory and its history."""
    from textrnn import LanguageModel

    directory = tmp_path_factory.mktemp("model") / "small"
    model = LanguageModel(level="char", cell="gru", units=(48,), embedding_dim=24, dropout=0.1)
    records = model.fit(
        ROOT / "corpora" / "lighthouse.txt",
        epochs=6,
        batch_size=8,
        length=32,
        learning_rate=0.01,
        warmup_steps=10,
        validation_fraction=0.1,
        output=directory,
        progress=Progress(quiet=True),
        seed=3,
    )
    return model, directory, records


@pytest.fixture(scope="session")
def forks():
    """Runs code in forks of a process that has imported TensorFlow; it is started for the first test that asks."""
    with Forks() as process:
        yield process


def reversal_pairs(number: int, seed: int) -> Pairs:
    """Random symbols and the same symbols backwards: what only attention (or a large memory) can learn exactly."""
    generator = np.random.default_rng(seed)
    sources = [" ".join(generator.choice(list("abcdefgh"), size=generator.integers(1, 7))) for _ in range(number)]
    return Pairs(sources, [" ".join(reversed(source.split())) for source in sources])


@pytest.fixture(scope="session")
def reverser(tmp_path_factory):
    """A translator that has learned to reverse symbols, its directory and its history."""
    from textrnn import Translator

    directory = tmp_path_factory.mktemp("model") / "reverser"
    translator = Translator(
        level="word",
        cell="lstm",
        encoder_units=(32,),
        decoder_units=(48,),
        embedding_dim=32,
        input_dropout=0.0,
        dropout=0.0,
        output_dropout=0.0,
    )
    records = translator.fit(
        reversal_pairs(4000, seed=1),
        epochs=16,
        validations=16,
        batch_tokens=300,
        learning_rate=0.01,
        warmup_steps=50,
        patience=0,
        label_smoothing=0.0,
        moving_average=0.99,
        averaged_checkpoints=2,
        validation_fraction=0.05,
        validation_sentences=50,
        output=directory,
        progress=Progress(quiet=True),
        seed=1,
    )
    return translator, directory, records


class ReachedError(Exception):
    """Raised in the place of training."""


@pytest.fixture
def trainer_of(monkeypatch):
    """Returns a function that calls a `fit` as far as its first step, and returns the trainer that would make it."""

    def stop(trainer, resume=False):
        raise ReachedError(trainer)

    def get(fit, *arguments, **options):
        with monkeypatch.context() as patch:
            patch.setattr("textrnn.training.trainer.Trainer.fit", stop)
            with pytest.raises(ReachedError) as found:
                fit(*arguments, **options)
        return found.value.args[0]

    return get


@pytest.fixture
def no_mecab(monkeypatch):
    """Japanese and Korean without their packages, whatever is installed."""
    from textrnn.evaluation import bleu_tokenizers

    for module in ("ja", "ko"):
        monkeypatch.setattr(f"sacrebleu.tokenizers.tokenizer_{module}_mecab.MeCab", None)
    bleu_tokenizers.is_installed.cache_clear()
    yield
    bleu_tokenizers.is_installed.cache_clear()


@pytest.fixture
def call(capsys):
    """Runs a command in this process; returns (status, standard output, standard error)."""

    def run(module, *arguments):
        try:
            status = commands.run(module.command, [str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def assert_refused(result, *words):
    """Status 2, nothing on standard output, at most three lines that hold all of `words`, and no traceback."""
    status, output, error = result
    assert status == 2, error
    assert output == ""
    message = error[max(error.rfind("error: "), 0) :]  # what stands before it is progress
    assert len(message.strip().splitlines()) <= 3
    assert "Traceback" not in error
    for word in words:
        assert word in message
