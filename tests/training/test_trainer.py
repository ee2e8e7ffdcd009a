import csv
import dataclasses
import io

import numpy as np
import pytest

from tests.callbacks import StopAfter
from textrnn import LanguageModel, TextrnnError
from textrnn.config import NetworkConfig, TrainingConfig
from textrnn.preprocessing.sequences import TextPlan
from textrnn.progress import Progress
from textrnn.training import keras, tf
from textrnn.training.history import Score, perplexity
from textrnn.training.language_model import RecurrentNetwork
from textrnn.training.schedule import MEASURED_STEPS, StepClock, learning_rate_at
from textrnn.training.trainer import Trainer


class Alphabet:
    """A text that goes round through tokens 4 to 11: easy to learn by heart."""

    token_ids = np.tile(np.arange(4, 12), 60)
    num_tokens = len(token_ids)
    markers = False


def make_trainer(output=None, network_options=None, callbacks=(), progress=None, is_trained=False, **options):
    config = NetworkConfig(**{
        "vocabulary_size": 12, "units": (12,), "embedding_dim": 8, "input_dropout": 0.3, **(network_options or {})
    })  # fmt: skip
    options = {"batch_size": 4, "length": 10, "warmup_steps": 3, "patience": 0, **options}
    if not {"steps", "minutes", "epochs"} & set(options):
        options["epochs"] = 3
    training = TrainingConfig(**options)
    plans = [
        TextPlan(Alphabet, config.form, training.batch_size, training.length, 20, seed=seed)
        for seed in (training.seed, None)
    ]
    network = RecurrentNetwork(config, seed=training.seed)
    identity = {"network": config.to_dict(), "training": training.to_dict(), "text": "same"}
    how = {"output": output, "callbacks": callbacks, "identity": identity, "progress": progress}
    how["is_trained"] = is_trained
    return Trainer(network, training, *plans, loss_score=perplexity, **how)


def test_the_text_is_learned():
    trainer = make_trainer(network_options={"input_dropout": 0.0}, epochs=12, learning_rate=0.03)
    records = trainer.fit()
    assert records[0].validation_loss > 1.0
    assert records[-1].validation_loss < 0.1


def test_the_best_weights_are_kept():
    trainer = make_trainer(epochs=6, learning_rate=0.5, schedule="constant", clip_norm=100.0)
    records = trainer.fit()
    assert trainer.validation_loss() == pytest.approx(min(record.validation_loss for record in records), abs=1e-5)


def test_a_score_decides_before_the_loss():
    """The second validation has the best score, and of those with an equal score the third the better loss."""
    trainer = make_trainer(epochs=4, learning_rate=0.01)
    scores = iter([1.0, 3.0, 3.0, 2.0])
    trainer.validation_score = lambda weights: Score("BLEU", next(scores))
    records = trainer.fit()
    assert [record.validation_score for record in records] == [1.0, 3.0, 3.0, 2.0]
    assert records[2].validation_loss < records[1].validation_loss
    assert trainer.validation_loss() == pytest.approx(records[2].validation_loss, abs=1e-5)


def test_the_average_of_the_best_weights_is_kept_if_it_is_better():
    options = {"epochs": 5, "averaged_checkpoints": 3, "learning_rate": 0.02}
    trainer = make_trainer(**options)
    records = trainer.fit()
    best = sorted(record.validation_loss for record in records)[:3]
    assert [loss for _, loss in trainer.position.best_criteria] == best
    assert len(trainer.best_weights) == 3
    assert trainer.validation_loss() <= best[0] + 1e-6
    wavering = make_trainer(**{**options, "epochs": 8}, schedule="constant")
    wavering.config = dataclasses.replace(wavering.config, learning_rate=0.3)
    records = wavering.fit()
    average = {
        name: np.mean([weights[name] for weights in wavering.best_weights], axis=0) for name in wavering.best_weights[0]
    }
    found = wavering.network.get_weights_by_name()
    kept = [average, wavering.best_weights[0]]
    assert any(all(np.array_equal(weights[name], found[name]) for name in found) for weights in kept)
    assert wavering.validation_loss() <= min(record.validation_loss for record in records) + 1e-6


RESUMED = {"moving_average": 0.9, "validations_per_epoch": 2, "averaged_checkpoints": 2}


@pytest.fixture(scope="module")
def whole():
    """A run that nobody interrupts."""
    trainer = make_trainer(**RESUMED)
    return trainer, trainer.fit()


@pytest.mark.parametrize("steps", [2, 11, 12, 25])
def test_an_interrupted_run_resumes_exactly(whole, tmp_path, steps, interruptible):
    """Dropout, carried state, optimizer, moving average, best weights: all go on as if nothing had happened."""
    whole, expected = whole
    broken = make_trainer(tmp_path, callbacks=[StopAfter(steps)], **RESUMED)
    with pytest.raises(KeyboardInterrupt):
        broken.fit()
    resumed = make_trainer(tmp_path, **RESUMED)
    found = resumed.fit(resume=True)
    assert [record.validation_loss for record in found] == [record.validation_loss for record in expected]
    assert [record.training_loss for record in found] == [record.training_loss for record in expected]
    for name, weight in whole.network.get_weights_by_name().items():
        np.testing.assert_array_equal(weight, resumed.network.get_weights_by_name()[name])


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    make_trainer(tmp_path, epochs=1).fit()
    other = make_trainer(tmp_path, epochs=1)
    other.identity["text"] = "another"
    with pytest.raises(TextrnnError, match="was made with another text"):
        other.fit(resume=True)
    with pytest.raises(TextrnnError, match=r"was made with learning_rate=0.002, and now learning_rate=0.01 is asked"):
        make_trainer(tmp_path, epochs=1, learning_rate=0.01).fit(resume=True)
    with pytest.raises(TextrnnError, match="no checkpoint to resume"):
        make_trainer(tmp_path / "nowhere").fit(resume=True)
    (tmp_path / "checkpoint.safetensors").write_bytes(b"damaged")
    with pytest.raises(TextrnnError, match="cannot be read"):
        make_trainer(tmp_path).fit(resume=True)


def test_gradients_that_are_not_finite_never_reach_the_weights():
    trainer = make_trainer()
    network, normal = trainer.network, trainer.network.hidden_states
    calls = []

    def poisoned(inputs, states, training=False):
        hidden, states = normal(inputs, states, training)
        calls.append(1)
        return (hidden * (np.nan if training else 1.0)), states

    network.hidden_states = poisoned
    before = network.get_weights_by_name()
    with pytest.raises(TextrnnError, match="not finite 10 steps in a row.*lower `learning_rate`"):
        trainer.fit()
    assert calls
    for name, weight in network.get_weights_by_name().items():
        np.testing.assert_array_equal(weight, before[name])


def test_patience_stops_a_run_that_no_longer_improves():
    trainer = make_trainer(epochs=50, patience=2, learning_rate=1e-9, schedule="constant", optimizer="adam")
    assert len(trainer.fit()) < 50


def test_a_score_may_be_an_error(tmp_path):
    """The lower the better: the third validation is the best, and history and curve name what was measured."""
    messages = io.StringIO()
    trainer = make_trainer(epochs=3, learning_rate=0.01, output=tmp_path, progress=Progress(messages))
    errors = iter([2.0, 3.0, 0.5])
    trainer.validation_score = lambda weights: Score("mean error", next(errors), higher_is_better=False)
    records = trainer.fit()
    assert min(records, key=lambda record: record.criterion) is records[2]
    assert [line.endswith("best so far") for line in messages.getvalue().splitlines() if "mean error" in line] == [
        True, False, True,
    ]  # fmt: skip
    with open(tmp_path / "history.csv") as file:
        assert [float(row["validation_mean_error"]) for row in csv.DictReader(file)] == [2.0, 3.0, 0.5]


def test_patience_waits_as_long_as_the_loss_falls_though_the_score_does_not_rise():
    """What chance scored at first is not beaten for a while; with neither loss nor score gaining, patience runs out."""
    learning = make_trainer(epochs=8, patience=2, learning_rate=0.01)
    learning.validation_score = lambda weights: Score("BLEU", 1.0 / learning.position.step)
    assert len(learning.fit()) == 8
    idle = make_trainer(epochs=50, patience=2, learning_rate=1e-9, schedule="constant", optimizer="adam")
    idle.validation_score = lambda weights: Score("BLEU", 1.0 / idle.position.step)
    assert len(idle.fit()) < 50


def test_keras_callbacks_are_driven(tmp_path):
    seen = []

    class Listener(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append("begin")

        def on_epoch_end(self, epoch, logs=None):
            seen.append((epoch, sorted(logs)))
            if epoch == 1:
                self.model.stop_training = True

        def on_train_end(self, logs=None):
            seen.append("end")

    make_trainer(callbacks=[Listener()]).fit()
    logs = ["learning_rate", "loss", "val_loss", "val_perplexity"]
    assert seen == ["begin", (0, logs), (1, logs), "end"]


def test_a_callback_may_stop_within_an_epoch():
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 2

    (record,) = make_trainer(callbacks=[Stop()]).fit()
    assert record.step == 3
    assert record.epoch < 1


def test_moving_average_follows_the_weights():
    """With a decay of d, after one step from w0 to w1 the average is d w0 + (1 - d) w1; the first step's d is 0.1."""
    trainer = make_trainer(moving_average=0.999)
    start = [variable.numpy() for variable in trainer.steps.variables]
    trainer._train_on(next(trainer.training.batches(0)))
    for average, first, variable in zip(trainer.steps.averages, start, trainer.steps.variables, strict=True):
        np.testing.assert_allclose(average, 0.1 * first + 0.9 * variable.numpy(), atol=1e-6)


def test_gradient_norm_is_clipped():
    """Adam's first moment shows it: after one step its norm is (1 - 0.9) times that of the clipped gradient."""
    trainer = make_trainer(clip_norm=0.01, optimizer="adam")
    trainer._train_on(next(trainer.training.batches(0)))
    moments = [variable.numpy() for variable in trainer.steps.optimizer.variables if variable.name.endswith("momentum")]
    assert np.sqrt(sum((moment**2).sum() for moment in moments)) == pytest.approx(0.1 * 0.01, rel=1e-3)


@pytest.mark.parametrize(
    ("schedule", "step", "expected"),
    [
        ("cosine", 0, 0.1),
        ("cosine", 9, 1.0),
        ("cosine", 19, 1.0),
        ("cosine", 70, 0.5),
        ("cosine", 120, 0.0),
        ("linear", 45, 0.75),
        ("constant", 100, 1.0),
    ],
)
def test_learning_rate(schedule, step, expected):
    """Ten steps of warm-up, ten more that are still measured, then a hundred steps of decay."""
    config = TrainingConfig(learning_rate=1.0, warmup_steps=10, schedule=schedule)
    assert learning_rate_at(step, 120, config) == pytest.approx(expected)


@pytest.mark.parametrize("form", ["stream", "lines", "ngrams"])
def test_validation_loss_equals_the_numpy_evaluation(lighthouse, quiet, form):
    model = LanguageModel(level="char", units=(16,), embedding_dim=8, form=form, max_length=200)
    records = model.fit(lighthouse, validation=lighthouse, epochs=1, batch_size=64, length=5000, progress=quiet, seed=1)
    assert model.evaluate(lighthouse, window=0).loss == pytest.approx(records[-1].validation_loss, abs=1e-5)


def test_rows_that_begin_start_from_a_fresh_state():
    trainer = make_trainer()
    states = [[tf.ones((4, 12)), tf.ones((4, 12))]]
    batch = next(trainer.training.batches())
    some = dataclasses.replace(batch, continues=np.array([True, False, True, False]))
    ((h, c),) = trainer._states_for(some, states)
    np.testing.assert_array_equal(h, c)
    assert h.numpy()[:, 0].tolist() == [1, 0, 1, 0]
    assert trainer._states_for(dataclasses.replace(batch, continues=True), states) is states
    assert not np.any(trainer._states_for(batch, states)[0][0])


def test_a_number_of_steps_is_kept_whatever_the_epochs():
    """Eleven batches to an epoch: 50 steps end within the fifth. None is validated while the first 20 are measured."""
    records = make_trainer(steps=50, validations=5).fit()
    assert [record.step for record in records] == [30, 40, 50]
    assert records[-1].epoch == pytest.approx(50 / 11, abs=0.01)


def test_minutes_become_a_number_of_steps_that_repeats_the_run(tmp_path, monkeypatch):
    """With 0.1 s a step and 5 steps over, 0.1 minutes are 20 measured steps and as many as fit into what is left."""
    monkeypatch.setattr(StepClock, "seconds", 0.1)
    timed = make_trainer(tmp_path, minutes=0.1, validations=4)
    expected = timed.fit()
    num_steps = timed.position.num_steps
    assert MEASURED_STEPS < num_steps <= MEASURED_STEPS + 60
    assert expected[-1].step == num_steps
    repeated = make_trainer(steps=num_steps, validations=4).fit()
    assert [record.validation_loss for record in repeated] == [record.validation_loss for record in expected]


def test_a_finished_run_says_so_and_more_steps_go_on(tmp_path):
    messages = io.StringIO()
    make_trainer(tmp_path, epochs=2).fit()
    finished = make_trainer(tmp_path, epochs=2, progress=Progress(messages)).fit(resume=True)
    assert len(finished) == 2
    assert "this run is finished, after 22 steps. More `--epochs`" in messages.getvalue()
    longer = make_trainer(tmp_path, epochs=4, progress=Progress(messages))
    assert [record.epoch for record in longer.fit(resume=True)] == [1, 2, 3, 4]
    assert "going on from the best weights of 22 steps to step 44" in messages.getvalue()
    assert longer.position.first_step == 22


def test_an_early_stop_says_why(tmp_path):
    messages = io.StringIO()
    options = {"epochs": 50, "patience": 2, "learning_rate": 1e-9, "schedule": "constant", "optimizer": "adam"}
    make_trainer(progress=Progress(messages), **options).fit()
    assert "stopped early: no better for 2 validations (patience 2)" in messages.getvalue()


def test_batch_size_does_not_change_a_loss():
    network = RecurrentNetwork(NetworkConfig(vocabulary_size=12, units=(6,), embedding_dim=4, form="lines"))
    from textrnn.training.losses import summed_cross_entropy

    rows = np.random.default_rng(0).integers(4, 12, (6, 9))
    together = summed_cross_entropy(network(tf.constant(rows[:, :-1])), tf.constant(rows[:, 1:]))
    alone = sum(
        float(summed_cross_entropy(network(tf.constant(row[None, :-1])), tf.constant(row[None, 1:]))) for row in rows
    )
    assert float(together) == pytest.approx(alone, rel=1e-5)


def test_history_is_written(trained):
    _, directory, records = trained
    with open(directory / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["validation_loss"]) for row in rows] == [record.validation_loss for record in records]
    assert (directory / "loss.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("rows", "parts"), [(1, [2]), (4, [2]), (5, [2, 3, 4]), (3, [7])])
def test_parts_make_the_step_of_the_whole_batch(monkeypatch, rows, parts):
    monkeypatch.setattr("textrnn.training.devices.LARGE_NETWORK", 0)
    histories = []
    for number in (1, *parts):
        trainer = make_trainer(network_options={"input_dropout": 0.0}, batch_size=rows, parts=number)
        assert trainer.steps.num_parts == number
        histories.append([(record.training_loss, record.validation_loss) for record in trainer.fit()])
    for history in histories[1:]:
        np.testing.assert_allclose(history, histories[0], atol=1e-5)


def test_a_run_in_parts_resumes_exactly(monkeypatch, tmp_path, interruptible):
    monkeypatch.setattr("textrnn.training.devices.LARGE_NETWORK", 0)
    monkeypatch.setattr("textrnn.training.devices.COMPILED_UNITS", range(1, 100))
    whole = make_trainer(parts=3)
    whole.fit()
    with pytest.raises(KeyboardInterrupt):
        make_trainer(tmp_path, callbacks=[StopAfter(7)], parts=3).fit()
    resumed = make_trainer(tmp_path, parts=3)
    resumed.fit(resume=True)
    for name, weights in whole.network.get_weights_by_name().items():
        np.testing.assert_array_equal(weights, resumed.network.get_weights_by_name()[name])


def test_weights_that_were_better_before_stay(tmp_path):
    trained = make_trainer(network_options={"input_dropout": 0.0}, epochs=12, learning_rate=0.03)
    trained.fit()
    weights = trained.network.get_weights_by_name()
    going_on = make_trainer(tmp_path, steps=4, validations=2, learning_rate=0.5, is_trained=True)
    going_on.network.set_weights_by_name(weights)
    records = going_on.fit()
    assert [record.step for record in records] == [0, 4]
    assert np.isnan(records[0].training_loss)
    assert records[0].validation_loss == pytest.approx(trained.validation_loss(), abs=1e-5)
    assert records[1].validation_loss > records[0].validation_loss
    for name, weight in going_on.network.get_weights_by_name().items():
        np.testing.assert_array_equal(weight, weights[name])
    again = make_trainer(tmp_path, steps=4, validations=2, learning_rate=0.5, is_trained=True)
    again.fit(resume=True)
    assert len(again.records) == 2  # not validated once more
