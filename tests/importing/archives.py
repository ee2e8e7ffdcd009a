"""Keras archives written by hand, so that they can be wrong in every way."""

import io
import json
import zipfile

import h5py
import numpy as np

WORDS = ["the", "lamp", "is", "lit", "boat", "home"]  # ids 2 to 7, after padding and unknown
SIZE = len(WORDS) + 2


def layer(kind, **options):
    """Returns a layer as Keras writes it into config.json, as far as that matters."""
    return {"module": "keras.layers", "class_name": kind, "config": options, "registered_name": None}


def embedding(**options):
    return layer("Embedding", **{"input_dim": SIZE, "output_dim": 3, "mask_zero": True, **options})


def lstm(units=4, **options):
    usual = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "go_backwards": False}
    return layer("LSTM", **{"units": units, "return_sequences": True, "recurrent_dropout": 0.0, **usual, **options})


def dense(units=SIZE, **options):
    return layer("Dense", **{"units": units, "activation": "softmax", "use_bias": True, **options})


def sequential(*layers):
    """Returns a config of layers; by default those of a language model."""
    chosen = layers or (embedding(), lstm(), dense())
    return {"module": "keras", "class_name": "Sequential", "config": {"layers": list(chosen)}, "registered_name": None}


ARRAYS = {
    "layers/embedding/vars/0": (SIZE, 3),
    "layers/lstm/cell/vars/0": (3, 16),
    "layers/lstm/cell/vars/1": (4, 16),
    "layers/lstm/cell/vars/2": (16,),
    "layers/dense/vars/0": (4, SIZE),
    "layers/dense/vars/1": (SIZE,),
}


def honest_arrays():
    """Returns the arrays of the language model that `sequential()` describes."""
    generator = np.random.default_rng(0)
    return {name: generator.normal(0, 0.5, shape).astype(np.float32) for name, shape in ARRAYS.items()}


def weights_file(change=lambda file: None, arrays=None, **options):
    """Returns an HDF5 file of arrays, after a change to it."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for name, array in (arrays or honest_arrays()).items():
            file.create_dataset(name, data=array, **(options if array.ndim else {}))
        change(file)
    return content.getvalue()


def archive(path, config=None, weights=None, entries=(), **files):
    """Writes a `.keras` file of a config, a file of weights, and whatever else; returns its path."""
    content = {
        "metadata.json": b'{"keras_version": "3.15.1"}',
        "config.json": json.dumps(sequential() if config is None else config).encode(),
        "model.weights.h5": weights_file() if weights is None else weights,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in [*{**content, **files}.items(), *entries]:
            if data is not None:
                file.writestr(name, data)
    return path
