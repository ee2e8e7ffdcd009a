import math

import pytest

from textrnn.config import NetworkConfig, TrainingConfig
from textrnn.training import estimates
from textrnn.training.estimates import num_parameters
from textrnn.training.language_model import estimated_bytes


def test_parameters_are_those_of_the_weights():
    config = NetworkConfig(vocabulary_size=50, units=(8, 4), embedding_dim=6, bidirectional=True, form="ngrams")
    assert num_parameters(config) == sum(math.prod(shape) for shape in config.weight_shapes().values())


@pytest.mark.parametrize("change", [{"batch_size": 64}, {"length": 128}, {"moving_average": 0.9}])
def test_more_work_needs_more_memory(change):
    config = NetworkConfig(vocabulary_size=4000)
    assert estimated_bytes(config, TrainingConfig(**change)) > estimated_bytes(config, TrainingConfig())


def test_advice_against_a_precision_that_is_slower_here(monkeypatch):
    rates = {"float32": 2.0, "bfloat16": 1.0}
    monkeypatch.setattr(estimates, "flops_per_second", lambda precision: rates[precision])
    assert estimates.precision_advice("float32") == []
    assert 'use precision="float32"' in estimates.precision_advice("bfloat16")[0]
    rates["bfloat16"] = 3.0
    assert estimates.precision_advice("bfloat16") == []
