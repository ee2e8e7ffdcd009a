"""Trains models, alone or as one of several workers; to be run where TensorFlow has not begun to work."""

import json
import pathlib

from tests.test_kinds import SAMPLES, sentences
from textrnn import Progress
from textrnn.config.kinds import KINDS
from textrnn.training import keras

FITTING = {
    "validations": 4, "warmup_steps": 10, "patience": 0, "moving_average": 0.9, "seed": 4,
    "progress": Progress(quiet=True),
}  # fmt: skip
DROPOUTS = ("input_dropout", "dropout", "output_dropout", "embedding_dropout", "weight_drop", "word_dropout")
TEXT = {"level": "char", "units": (12, 10), "embedding_dim": 6, "dropout": 0.2, "weight_drop": 0.1}
# Batches of an odd number of rows: no two workers have equal shares. A batch of one row leaves a worker without any.
RUNS = {
    "stream": ("language-model", {**TEXT, "form": "stream"}, {"batch_size": 5, "length": 12}),
    "lines": ("language-model", {**TEXT, "form": "lines"}, {"batch_size": 5}),
    "n-grams": ("language-model", {**TEXT, "form": "ngrams"}, {"batch_size": 7}),
    "one row": ("language-model", {**TEXT, "form": "lines"}, {"batch_size": 1}),
    "translator": ("translator", SAMPLES["translator"].options, {"batch_tokens": 120, "validation_sentences": 3}),
    "classifier": ("classifier", SAMPLES["classifier"].options, {"batch_size": 7}),
    "forecaster": ("forecaster", SAMPLES["forecaster"].options, {"batch_size": 7}),
}


class Losses(keras.callbacks.Callback):
    """Keeps the loss of each step."""

    def __init__(self):
        super().__init__()
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])


def without_dropout(options, config):
    """Returns options of a network in which nothing is drawn."""
    return {**options, **{name: 0.0 for name in DROPOUTS if name in config.option_names()}}


def data_of(kind, name):
    """Returns what a model is trained on."""
    return sentences(60, 1) if name in ("stream", "lines", "n-grams", "one row") else SAMPLES[kind].data()


def fit(name, output, steps, has_dropout):
    """Trains one model; returns its losses."""
    kind, options, fitting = RUNS[name]
    if not has_dropout:
        options = without_dropout(options, KINDS[kind].load("config", "config"))
    model = KINDS[kind].load("tasks", "task")(**options)
    losses = Losses()
    model.fit(data_of(kind, name), output=output, steps=steps, callbacks=[losses], **FITTING, **fitting)
    return {"name": name, "steps": losses.losses, "validations": [record.validation_loss for record in model.history]}


def run(directory, steps, *names):
    """Prints a line of JSON for each model: its name, the losses of all steps, and those of all validations.

    With "--dropout" among the names, dropout is on.
    """
    for name in names:
        if name != "--dropout":
            result = fit(name, pathlib.Path(directory) / name, int(steps), "--dropout" in names)
            print(json.dumps(result), flush=True)
