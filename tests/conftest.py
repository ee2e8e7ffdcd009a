import pathlib

import numpy as np
import pytest
from hypothesis import settings

from textrnn.config import NetworkConfig
from textrnn.progress import Progress

settings.register_profile("same-every-time", derandomize=True, deadline=None)
settings.load_profile("same-every-time")

ROOT = pathlib.Path(__file__).parent.parent


@pytest.fixture
def lighthouse() -> pathlib.Path:
    """The sample story."""
    return ROOT / "corpora" / "lighthouse.txt"


@pytest.fixture
def quiet() -> Progress:
    return Progress(quiet=True)


def random_weights(config: NetworkConfig, seed: int = 0, scale: float = 0.5) -> dict[str, np.ndarray]:
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
