"""Frozen layers, rates that fall towards the input, and layers that begin to learn one after the other."""

import numpy as np
import pytest

from tests.callbacks import StopAfter
from tests.training.test_trainer import make_trainer
from textrnn import TextrnnError
from textrnn.config import TrainingConfig
from textrnn.training.layer_rates import LayerRates, learning

OWNERS = ("recurrent_0", "recurrent_0_backward", "projection")
NAMES = ["embedding/embeddings", *(f"{owner}/kernel" for owner in OWNERS), "output/bias"]
TWO_LAYERS = {"units": (12, 10)}


def moved(trainer):
    """Fits, and returns the names of the weights that are not what they were, and by how much."""
    before = trainer.network.get_weights_by_name()
    trainer.fit()
    after = trainer.network.get_weights_by_name()
    distances = {name: float(np.abs(after[name] - before[name]).max()) for name in before}
    return {name: distance for name, distance in distances.items() if distance}


def test_rates_fall_from_the_output_to_the_input():
    rates = LayerRates(NAMES, TrainingConfig(layer_decay=0.5))
    assert rates.shares_at(0).tolist() == [0.125, 0.25, 0.25, 0.5, 1.0]


def test_one_layer_after_the_other_begins_to_learn():
    rates = LayerRates(NAMES, TrainingConfig(unfreeze_steps=10))
    begun = [rates.shares_at(step).tolist() for step in (0, 9, 10, 20, 29, 30)]
    assert begun == [[0, 0, 0, 0, 1]] * 2 + [[0, 0, 0, 1, 1]] + [[0, 1, 1, 1, 1]] * 2 + [[1] * 5]


def test_a_share_of_the_rate_is_what_that_rate_would_be():
    """In the first step, that is; in later ones the other layers are not the same."""
    options = {"steps": 1, "warmup_steps": 0, "schedule": "constant", "network_options": TWO_LAYERS}
    decayed = moved(make_trainer(learning_rate=0.1, layer_decay=0.5, **options))
    for power, layer in enumerate(["output", "recurrent_1", "recurrent_0", "embedding"]):
        alone = moved(make_trainer(learning_rate=0.1 * 0.5**power, **options))
        for name in (name for name in alone if name.startswith(layer)):
            assert decayed[name] == pytest.approx(alone[name], rel=1e-5), name


@pytest.mark.parametrize(
    ("frozen", "still"),
    [
        (("embedding",), {"embedding/embeddings"}),
        ("recurrent_1", {"recurrent_1/kernel", "recurrent_1/recurrent_kernel", "recurrent_1/bias"}),
        (("output/bias", "recurrent_0/kernel"), {"output/bias", "recurrent_0/kernel"}),
    ],
)
def test_frozen_weights_stay(frozen, still):
    trainer = make_trainer(steps=4, frozen=frozen, moving_average=0.5, network_options=TWO_LAYERS)
    all_names = set(trainer.network.get_weights_by_name())
    assert set(moved(trainer)) == all_names - still
    optimized = " ".join(variable.path for variable in trainer.steps.optimizer.variables)
    assert ("embedding" in optimized) == ("embedding" not in frozen)  # a frozen weight needs no moments


def test_both_directions_are_one_layer():
    variables = dict.fromkeys(NAMES)
    assert list(learning(variables, ("recurrent_0",))) == [NAMES[0], *NAMES[3:]]
    assert list(learning(variables, ("recurrent_0_backward",))) == [*NAMES[:2], *NAMES[3:]]


def test_layers_that_are_not_there_are_named():
    with pytest.raises(TextrnnError, match=r"no layer 'embeding' to freeze. Did you mean 'embedding'\?"):
        make_trainer(frozen=["embeding"])
    with pytest.raises(TextrnnError, match="nothing is left to learn"):
        make_trainer(frozen=["embedding", "recurrent_0", "output"])
    with pytest.raises(TextrnnError, match="`frozen` must name layers. Received: 3"):
        TrainingConfig(frozen=3)
    with pytest.raises(TextrnnError, match="`layer_decay` must be a number above 0 and at most 1"):
        TrainingConfig(layer_decay=0)


def test_an_interrupted_run_goes_on_exactly(tmp_path, interruptible):
    options = {"steps": 30, "validations": 2, "frozen": ("output",), "layer_decay": 0.7, "unfreeze_steps": 8}
    options |= {"network_options": TWO_LAYERS, "moving_average": 0.9}
    whole = make_trainer(**options)
    whole.fit()
    with pytest.raises(KeyboardInterrupt):
        make_trainer(tmp_path, callbacks=[StopAfter(13)], **options).fit()
    resumed = make_trainer(tmp_path, **options)
    resumed.fit(resume=True)
    for name, weight in whole.network.get_weights_by_name().items():
        np.testing.assert_array_equal(weight, resumed.network.get_weights_by_name()[name])
