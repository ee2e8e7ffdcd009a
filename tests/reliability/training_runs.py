"""Runs trainings that are killed or interrupted, where TensorFlow has not begun to work.

Each run is a forked process, so that a dozen of them take seconds and not minutes.
"""

import json
import os
import pathlib
import random
import signal
import time

from tests.conftest import ROOT, reversal_pairs
from textrnn import LanguageModel, Progress, Translator, commands
from textrnn.training import keras  # imported, but not set to work before the fork

FITTING = {"epochs": 2, "validations_per_epoch": 4, "warmup_steps": 5, "patience": 0, "moving_average": 0.9, "seed": 4}


class StepLog(keras.callbacks.Callback):
    """Appends a line for each step to a file: the step's place and its loss, to the last bit."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        with open(self.path, "a") as file:
            file.write(json.dumps([self.epoch, batch, logs["loss"]]) + "\n")
        time.sleep(0.01)  # long enough for a kill or a signal to arrive where it was meant to


def fit(kind, output, log):
    """Trains from the beginning, or from the checkpoint if there is one."""
    going_on = (output / "checkpoint.safetensors").exists()
    options = {
        **FITTING,
        "output": output,
        "resume": going_on,
        "overwrite": not going_on,
        "callbacks": [StepLog(log)],
        "progress": Progress(quiet=True),
    }
    if kind != "translator":
        units = {"language-model": (16,), "deep language-model": (16, 12)}[kind]
        dropouts = {"dropout": 0.3, "output_dropout": 0.3, "weight_drop": 0.2}
        model = LanguageModel(level="char", units=units, embedding_dim=8, **dropouts)
        model.fit(ROOT / "corpora" / "lighthouse.txt", batch_size=8, length=16, validation_fraction=0.1, **options)
    else:
        model = Translator(level="word", encoder_units=(8,), decoder_units=(12,), embedding_dim=8, dropout=0.3)
        sizes = {"batch_tokens": 100, "validation_fraction": 0.1, "validation_sentences": 5}
        model.fit(reversal_pairs(500, seed=1), **sizes, **options)


def forked(kind, output, log):
    """Starts a run in a process of its own; returns its id."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            status = commands.run(lambda _: fit(kind, output, log))
        finally:
            os._exit(status)
    return child


def num_steps(log):
    """Returns how many steps a log holds."""
    return log.read_bytes().count(b"\n") if log.exists() else 0


def storm(kind, directory, num_kills, seed):
    """Kills a run again and again, each time after a few more steps, then lets it end; prints what happened."""
    randomness = random.Random(seed)
    output, log = directory / "killed", directory / "killed.log"
    kills = 0
    while kills < num_kills:
        child = forked(kind, output, log)
        goal = num_steps(log) + randomness.randint(1, 14)
        while num_steps(log) < goal and os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(0.002)
        time.sleep(randomness.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills += 1
    finish(kind, output, log)


def finish(kind, output, log):
    """Lets a run go on to its end."""
    _, status = os.waitpid(forked(kind, output, log), 0)
    assert status == 0, status


def interrupt(kind, directory):
    """Sends a run one signal after the other, prints exit status and seconds of each, then lets it end."""
    output, log = directory / "interrupted", directory / "interrupted.log"
    for name in ("SIGINT", "SIGTERM"):
        child = forked(kind, output, log)
        goal = num_steps(log) + 15
        while num_steps(log) < goal:
            time.sleep(0.002)
        start = time.monotonic()
        os.kill(child, getattr(signal, name))
        _, status = os.waitpid(child, 0)
        print(json.dumps([name, os.waitstatus_to_exitcode(status), time.monotonic() - start, num_steps(log)]))
    finish(kind, output, log)


def run(kind, place, num_kills, seed):
    """Makes the run that nobody disturbs, the one that is killed, and for language models one that is interrupted."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell runs in the background
    place = pathlib.Path(place)
    finish(kind, place / "whole", place / "whole.log")
    storm(kind, place, int(num_kills), int(seed))
    if kind != "translator":
        interrupt(kind, place)
