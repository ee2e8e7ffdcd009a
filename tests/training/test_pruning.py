import itertools

import numpy as np
import pytest
import safetensors.numpy

from tests.callbacks import StopAfter
from tests.training.test_trainer import make_trainer
from textrnn import LanguageModel, TextrnnError
from textrnn.config import TrainingConfig
from textrnn.training.schedule import MEASURED_STEPS, PRUNING_PART, PRUNING_ROUNDS, pruned_share_at
from textrnn.weights import is_matrix

OPTIONS = {"steps": 60, "validations": 6, "moving_average": 0.9, "prune": 0.75}


def shares(weights):
    """Returns the share of zeros of each matrix."""
    return {name: (weight == 0).mean() for name, weight in weights.items() if is_matrix(name)}


def test_the_share_rises_as_in_the_paper():
    """`s = s_f - s_f (1 - t)^3`: half of the time gives 7/8 of the share."""
    num_steps, share = 1020, 0.8
    found = [pruned_share_at(step, num_steps, share) for step in range(num_steps)]
    assert found[: MEASURED_STEPS - 1] == [0.0] * (MEASURED_STEPS - 1)
    half = MEASURED_STEPS + int(PRUNING_PART * 1000) // 2 - 1
    assert found[half] == pytest.approx(0.8 * 7 / 8)
    assert set(found[MEASURED_STEPS + int(PRUNING_PART * 1000) - 1 :]) == {share}
    assert found == sorted(found)
    assert len(set(found)) == PRUNING_ROUNDS + 1
    assert pruned_share_at(3, 0, share) == 0  # the length of the run is not known yet
    assert [pruned_share_at(step, 12, share) for step in (-1, 0, 11)] == [0, share, share]
    assert {pruned_share_at(step, num_steps, 0.0) for step in range(num_steps)} == {0.0}


def test_the_share_of_each_matrix_is_reached_and_stays():
    trainer = make_trainer(**OPTIONS)
    seen = []
    normal = trainer._validate_and_record
    trainer._validate_and_record = lambda: (seen.append(trainer.network.get_weights_by_name()), normal())[1]
    records = trainer.fit()
    weights = trainer.network.get_weights_by_name()
    for name, share in shares(weights).items():
        assert share == pytest.approx(0.75, abs=1 / weights[name].size), name
    assert (weights["output/bias"] != 0).all()
    for before, after in itertools.pairwise(seen):
        for name in shares(before):
            assert not after[name][before[name] == 0].any()  # no pruned weight comes back
    assert [record.may_be_kept for record in records] == [False, True, True, True]


def test_weights_that_are_kept_are_pruned_even_if_others_were_better():
    """A network that has learned the text loses by being pruned; and the learning rate is too low to make up for it."""
    trained = make_trainer(network_options={"input_dropout": 0.0}, epochs=12, learning_rate=0.03)
    trained.fit()
    trainer = make_trainer(**{**OPTIONS, "learning_rate": 1e-6, "prune": 0.9})
    trainer.network.set_weights_by_name(trained.network.get_weights_by_name())
    records = trainer.fit()
    best = min(records, key=lambda record: record.validation_loss)
    assert not best.may_be_kept
    assert min(shares(trainer.network.get_weights_by_name()).values()) > 0.88
    assert min(records, key=lambda record: record.criterion).may_be_kept


@pytest.fixture(scope="module")
def whole():
    """A run that nobody interrupts."""
    trainer = make_trainer(**OPTIONS)
    return trainer, trainer.fit()


@pytest.mark.parametrize("steps", [2, 30, 50])
def test_an_interrupted_run_resumes_exactly(whole, tmp_path, steps, interruptible):
    """Before weights are pruned, while they are, and after it."""
    whole, expected = whole
    with pytest.raises(KeyboardInterrupt):
        make_trainer(tmp_path, callbacks=[StopAfter(steps)], **OPTIONS).fit()
    resumed = make_trainer(tmp_path, **OPTIONS)
    found = resumed.fit(resume=True)
    for name in ("validation_loss", "training_loss", "may_be_kept"):
        assert [getattr(record, name) for record in found] == [getattr(record, name) for record in expected]
    for name, weight in whole.network.get_weights_by_name().items():
        np.testing.assert_array_equal(weight, resumed.network.get_weights_by_name()[name])
    with pytest.raises(TextrnnError, match="was made with prune=0.75"):
        make_trainer(tmp_path, **{**OPTIONS, "prune": 0.5}).fit(resume=True)


def test_a_finished_run_that_goes_on_stays_pruned(tmp_path):
    make_trainer(tmp_path, **OPTIONS).fit()
    longer = make_trainer(tmp_path, **{**OPTIONS, "steps": 130})
    records = longer.fit(resume=True)
    assert records[-1].step == 130
    assert all(record.may_be_kept for record in records[3:])
    assert min(shares(longer.network.get_weights_by_name()).values()) > 0.7


def test_nothing_is_pruned_unless_that_is_asked_for(tmp_path):
    trainer = make_trainer(tmp_path, steps=30)
    trainer.fit()
    assert max(shares(trainer.network.get_weights_by_name()).values()) == 0
    names = safetensors.numpy.load_file(tmp_path / "checkpoint.safetensors")
    assert not [name for name in names if name.startswith("mask/")]
    for share in (-0.1, 1.0, 1.5, "half", True):
        with pytest.raises(TextrnnError, match="`prune` must be a number at least 0 and below 1"):
            TrainingConfig(prune=share)


def test_a_pruned_model_is_smaller_and_the_same_when_loaded(lighthouse, tmp_path, quiet):
    """A run of so few steps prunes at the first of them."""
    options = {"steps": 15, "batch_size": 8, "length": 16, "progress": quiet, "validation_fraction": 0.1}
    model = LanguageModel(level="char", units=(48,), embedding_dim=24)
    model.fit(lighthouse, prune=0.8, output=tmp_path / "pruned", **options)
    loaded = LanguageModel.load(tmp_path / "pruned")
    assert min(shares(loaded.weights).values()) > 0.79
    assert loaded.generate("It", max_tokens=9, seed=1) == model.generate("It", max_tokens=9, seed=1)
    dense = LanguageModel(level="char", units=(48,), embedding_dim=24)
    dense.fit(lighthouse, output=tmp_path / "dense", **options)
    sizes = [(tmp_path / name / "weights.safetensors").stat().st_size for name in ("pruned", "dense")]
    assert sizes[0] < 0.35 * sizes[1]
