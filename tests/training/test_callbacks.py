"""Callbacks that people bring from Keras: each works, or is refused with a sentence."""

import csv
import io

import numpy as np
import pytest

from tests.training.test_trainer import make_trainer
from textrnn import TextrnnError
from textrnn.progress import Progress
from textrnn.training import keras


def rates(records):
    return [round(record.learning_rate, 6) for record in records]


def test_a_schedule_of_the_users_switches_ours_off(tmp_path):
    messages = io.StringIO()
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 / (epoch + 1))
    records = make_trainer(callbacks=[scheduler], progress=Progress(messages)).fit()
    assert rates(records) == [0.01, 0.005, round(0.01 / 3, 6)]
    assert messages.getvalue().count("a callback sets the learning rate") == 1
    assert "not in the checkpoint" in messages.getvalue()


def test_a_plateau_lowers_the_learning_rate():
    """A loss that never falls by 100 is a plateau from the second epoch on, and halves the rate at each."""
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, min_delta=100)
    records = make_trainer(callbacks=[plateau], epochs=4, schedule="constant", learning_rate=0.02).fit()
    assert rates(records) == [0.02, 0.02, 0.01, 0.005]


def test_without_such_a_callback_the_schedule_is_ours():
    plain = make_trainer().fit()
    watched = make_trainer(callbacks=[keras.callbacks.Callback()]).fit()
    assert [record.validation_loss for record in watched] == [record.validation_loss for record in plain]


def test_a_csv_log_has_losses_and_learning_rate(tmp_path):
    records = make_trainer(callbacks=[keras.callbacks.CSVLogger(tmp_path / "log.csv")]).fit()
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["val_loss"]) for row in rows] == pytest.approx([record.validation_loss for record in records])
    assert {"epoch", "loss", "learning_rate", "val_perplexity"} <= set(rows[0])


def test_weights_are_kept_by_a_model_checkpoint(tmp_path):
    path = tmp_path / "best.weights.h5"
    trainer = make_trainer(
        callbacks=[keras.callbacks.ModelCheckpoint(path, save_weights_only=True, save_best_only=True)], epochs=1
    )
    trainer.fit()
    expected = trainer.network.get_weights_by_name()
    other = make_trainer().network
    other.load_weights(path)
    for name, weight in other.get_weights_by_name().items():
        np.testing.assert_array_equal(weight, expected[name])


def test_whole_networks_are_not_kept_by_a_model_checkpoint(tmp_path):
    with pytest.raises(TextrnnError, match="save_weights_only=True"):
        make_trainer(callbacks=[keras.callbacks.ModelCheckpoint(tmp_path / "whole.keras")])


def test_early_stopping_and_stopping_at_nan_work():
    stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=1, min_delta=100)
    assert len(make_trainer(callbacks=[stopping, keras.callbacks.TerminateOnNaN()], epochs=9).fit()) == 2


def test_tensorboard_writes_its_events(tmp_path):
    pytest.importorskip("tensorboard")
    make_trainer(callbacks=[keras.callbacks.TensorBoard(tmp_path, write_graph=False)]).fit()
    assert list(tmp_path.rglob("*tfevents*"))


def test_the_loggers_of_services_see_what_they_ask_for():
    """W&B and MLflow read the optimizer's learning rate, the logs, and the parameters of the run."""
    seen = []

    class Logger(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append((self.params["epochs"], self.params["steps"]))

        def on_epoch_end(self, epoch, logs=None):
            seen.append((float(self.model.optimizer.learning_rate), sorted(logs)))

    make_trainer(callbacks=[Logger()], epochs=1, schedule="constant", learning_rate=0.02).fit()
    assert seen == [(1, 11), (pytest.approx(0.02), ["learning_rate", "loss", "val_loss", "val_perplexity"])]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: keras.callbacks.BackupAndRestore(path), "BackupAndRestore does not resume exactly"),
        (lambda path: "tensorboard", "must hold Keras callbacks. Received: 'tensorboard'"),
    ],
)
def test_callbacks_that_cannot_work_are_refused(tmp_path, make, message):
    with pytest.raises(TextrnnError, match=message):
        make_trainer(callbacks=[make(tmp_path / "backup")])
