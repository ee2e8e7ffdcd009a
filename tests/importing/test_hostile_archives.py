"""Promise 6: of a Keras archive nothing is run, nothing outside it is read, and nothing unknown is looked into."""

import contextlib
import io
import os
import pickle
import struct
import subprocess
import sys

import h5py
import numpy as np
import pytest

from tests.conftest import assert_refused
from tests.importing.archives import (
    ARRAYS,
    SIZE,
    WORDS,
    archive,
    dense,
    embedding,
    honest_arrays,
    layer,
    lstm,
    sequential,
    weights_file,
)
from textrnn import TextrnnError, import_keras
from textrnn.importing import keras_weights
from textrnn.importing.keras_archive import read_archive
from textrnn.importing.keras_models import import_keras as imported

LAMBDA = layer("Lambda", function={"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}})
CUSTOM = {**lstm(), "registered_name": "stranger>LSTM"}
ELSEWHERE = {**lstm(), "module": "os"}


def functional(*layers, nodes):
    """Returns a Functional model whose layers are given what `nodes` say."""
    named = [
        {**one, "name": f"layer_{number}", "inbound_nodes": node}
        for number, (one, node) in enumerate(zip(layers, nodes, strict=True))
    ]
    return {"module": "keras", "class_name": "Functional", "config": {"layers": named}, "registered_name": "Functional"}


def tensor(name, output=0):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, output]}}


def node(*tensors, **kwargs):
    return [{"args": list(tensors), "kwargs": kwargs}]


CHAIN = (layer("InputLayer", batch_shape=[None, 5]), embedding(), lstm(), dense())
READS = [[], node(tensor("layer_0")), node(tensor("layer_1")), node(tensor("layer_2"))]
DEEP = b'{"class_name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

# What is refused before weights are read: the config, and words of the message.
CONFIGS = {
    "a lambda": (sequential(embedding(), LAMBDA, lstm(), dense()), "layer 'Lambda' of 'keras.layers'"),
    "a lambda in a Bidirectional": (
        sequential(embedding(), layer("Bidirectional", merge_mode="concat", layer=LAMBDA), dense()),
        "'Lambda'",
    ),
    "a registered class": (sequential(embedding(), CUSTOM, dense()), "layer 'LSTM'"),
    "a class of another module": (sequential(embedding(), ELSEWHERE, dense()), "of 'os'"),
    "a function for a layer": (sequential(embedding(), {"class_name": "system", "module": "os"}, dense()), "'system'"),
    "a layer that is text": (sequential(embedding(), "LSTM", dense()), "layer None"),
    "a class that is a list": (sequential(embedding(), {**lstm(), "class_name": ["LSTM"]}, dense()), "['LSTM']"),
    "an operation": (sequential(embedding(), {**lstm(), "class_name": "TFOpLambda"}, dense()), "'TFOpLambda'"),
    "a layer that textrnn lacks": (sequential(embedding(), layer("Conv1D", filters=3), lstm(), dense()), "'Conv1D'"),
    "a subclassed model": ({**sequential(), "class_name": "MyModel"}, "is a 'MyModel'"),
    "a model in a model": (sequential(embedding(), sequential(), dense()), "'Sequential'"),
    "no layers": ({**sequential(), "config": {}}, "no 'layers'"),
    "layers that are a number": ({**sequential(), "config": {"layers": 7}}, "no 'layers'"),
    "a million layers": (sequential(*[embedding()] * 1000), "has 1000 layers"),
    "a list for a config": ([1], "must hold one JSON object"),
    "an activation of its own": (
        sequential(embedding(), lstm(activation={"class_name": "function", "config": "os>system"}), dense()),
        "activation={'class_name': 'function'",
    ),
    "another activation": (sequential(embedding(), lstm(activation="relu"), dense()), "activation='tanh'"),
    "another sigmoid": (
        sequential(embedding(), lstm(recurrent_activation="hard_sigmoid"), dense()),
        "recurrent_activation='sigmoid'",
    ),
    "a GRU of old": (
        sequential(embedding(), {**lstm(reset_after=False), "class_name": "GRU"}, dense()),
        "reset_after=True",
    ),
    "huge units": (sequential(embedding(), lstm(2**62), dense()), "`LSTM.units`"),
    "negative units": (sequential(embedding(), lstm(-4), dense()), "`LSTM.units`"),
    "units of text": (sequential(embedding(), lstm("4"), dense()), "`LSTM.units`"),
    "units of truth": (sequential(embedding(), lstm(True), dense()), "`LSTM.units`"),
    "a huge vocabulary": (sequential(embedding(input_dim=10**12), lstm(), dense()), "`Embedding.input_dim`"),
    "no vocabulary": (sequential(embedding(input_dim=None), lstm(), dense()), "`Embedding.input_dim`"),
    "a dropout of infinity": (
        sequential(embedding(), layer("Dropout", rate=float("inf")), lstm(), dense()),
        "`Dropout.rate`",
    ),
    "bias of a number": (sequential(embedding(), lstm(use_bias=1.5), dense()), "use_bias=1.5"),
    "no recurrent layer": (sequential(embedding(), layer("Dropout", rate=0.1), dense()), "is read is an Embedding"),
    "two outputs": (sequential(embedding(), lstm(), dense(), dense()), "What is read is an Embedding"),
    "no output": (sequential(embedding(), lstm(), lstm()), "What is read is an Embedding"),
    "layers that do not fit": (
        sequential(embedding(), lstm(return_sequences=False), lstm(), dense()),
        "gives no sequence",
    ),
    "five layers": (sequential(embedding(), *[lstm()] * 5, dense()), "mixes recurrent layers"),
    "pictures": (
        sequential(layer("InputLayer", batch_shape=[None, 8, 8, 3]), embedding(), lstm(), dense()),
        "inputs of shape",
    ),
    "a fork": (functional(*CHAIN, nodes=[*READS[:3], node(tensor("layer_1"))]), "does not read the layer before it"),
    "a state as an input": (functional(*CHAIN, nodes=[*READS[:3], node(tensor("layer_2", 1))]), "does not read"),
    "two inputs": (functional(*CHAIN, nodes=[*READS[:3], node(tensor("layer_2"), tensor("layer_1"))]), "than one"),
    "a mask from elsewhere": (
        functional(*CHAIN, nodes=[*READS[:2], node(tensor("layer_1"), mask=tensor("layer_0")), READS[3]]),
        "does not read the layer before it",
    ),
    "no nodes": (functional(*CHAIN, nodes=[None] * 4), "reads more than one thing"),
}  # fmt: skip


@pytest.fixture
def no_process(monkeypatch):
    """Fails if weights are read at all."""

    def run(*arguments, **options):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "run", run)


def refused(path, tmp_path):
    """Returns the message of a refusal; nothing may have been written."""
    before = set(tmp_path.iterdir())
    with pytest.raises(TextrnnError) as error:
        imported(path, WORDS, tmp_path / "output")
    assert set(tmp_path.iterdir()) == before
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_is_refused_before_weights_are_read(name, tmp_path, no_process):
    config, words = CONFIGS[name]
    assert words in refused(archive(tmp_path / "model.keras", config), tmp_path)


def test_the_chains_that_are_read(tmp_path):
    """What is refused above differs from these by what it is called."""
    for number, config in enumerate((sequential(), functional(*CHAIN, nodes=READS))):
        network, _ = read_archive(archive(tmp_path / f"{number}.keras", config))
        assert {place: network.shapes[name] for name, place in network.places.items()} == ARRAYS


def encrypted(path):
    """Sets the flag of a password in both places where a zip has it."""
    content = path.read_bytes()
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(mark)
        while start >= 0:
            content = content[: start + at] + struct.pack("<H", 1) + content[start + at + 2 :]
            start = content.find(mark, start + 4)
    path.write_bytes(content)
    return path


ARCHIVES = {
    "a path upwards": (lambda path: archive(path, entries=[("../../secret.json", b"{}")]), "'../../secret.json'"),
    "an absolute path": (lambda path: archive(path, entries=[("/etc/passwd", b"")]), "'/etc/passwd'"),
    "assets": (lambda path: archive(path, entries=[("assets/run.py", b"")]), "'assets/run.py'"),
    "a pickle": (lambda path: archive(path, entries=[("model.pkl", pickle.dumps(1))]), "'model.pkl'"),
    "a name twice": (lambda path: archive(path, entries=[("config.json", b"{}")]), "'config.json', more than once"),
    "a million names": (
        lambda path: archive(path, entries=[(str(n), b"") for n in range(5000)]),
        "which no such network",
    ),
    "no config": (lambda path: archive(path, **{"config.json": None}), "lacks config.json"),
    "no weights": (lambda path: archive(path, **{"model.weights.h5": None}), "lacks model.weights.h5"),
    "a huge config": (lambda path: archive(path, **{"config.json": b" " * 50_000_000}), "larger than 2,000,000 bytes"),
    "huge weights": (lambda path: archive(path, weights=bytes(50_000_000)), "its model.weights.h5 is larger than"),
    "a deep config": (lambda path: archive(path, **{"config.json": DEEP}), "is not JSON"),
    "a config of noise": (lambda path: archive(path, **{"config.json": b"\xff\x00"}), "is not JSON"),
    "a password": (lambda path: encrypted(archive(path)), "is no .keras archive"),
    "no zip": (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)) and path, "is no .keras archive"),
    "cut short": (lambda path: path.write_bytes(archive(path).read_bytes()[:-200]) and path, "is no .keras archive"),
    "not there": (lambda path: path, "is no file"),
    "a pipe": (lambda path: os.mkfifo(path) or path, "is no file"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_is_refused_before_weights_are_read(name, tmp_path, no_process):
    make, words = ARCHIVES[name]
    assert words in refused(make(tmp_path / "model.keras"), tmp_path)


def replaced(name, make):
    """Returns a change that puts something else in the place of an array."""

    def change(file):
        del file[name]
        make(file, name)

    return change


def virtual(file, name):
    layout = h5py.VirtualLayout(shape=(SIZE,), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(SIZE,))
    file.create_virtual_dataset(name, layout)


BIAS = "layers/dense/vars/1"
CHANGES = {
    "a link to another file": replaced(
        BIAS, lambda file, name: file.__setitem__(name, h5py.ExternalLink("/etc/passwd", "x"))
    ),
    "a link within the file": replaced(
        BIAS, lambda file, name: file.__setitem__(name, h5py.SoftLink("/layers/embedding/vars/0"))
    ),
    "a group that is a link": replaced(
        "layers/dense", lambda file, name: file.__setitem__(name, h5py.ExternalLink("other.h5", "layers"))
    ),
    "numbers in another file": replaced(
        BIAS, lambda file, name: file.create_dataset(name, (SIZE,), "f4", external=[("/etc/passwd", 0, 4 * SIZE)])
    ),
    "a virtual array": replaced(BIAS, virtual),
    "an array that is a group": replaced(BIAS, lambda file, name: file.create_group(name)),
    "no array": replaced(BIAS, lambda file, name: None),
    "another shape": replaced(BIAS, lambda file, name: file.create_dataset(name, data=np.zeros(SIZE + 1, np.float32))),
    "a terabyte": replaced(BIAS, lambda file, name: file.create_dataset(name, (2**38,), "f4", chunks=(1024,))),
    "whole numbers": replaced(BIAS, lambda file, name: file.create_dataset(name, data=np.zeros(SIZE, np.int64))),
    "objects": replaced(
        BIAS, lambda file, name: file.create_dataset(name, (SIZE,), h5py.special_dtype(vlen=np.dtype("f4")))
    ),
    "text": replaced(BIAS, lambda file, name: file.create_dataset(name, data=[b"x"] * SIZE)),
    "another packing": replaced(
        BIAS, lambda file, name: file.create_dataset(name, data=np.zeros(SIZE, np.float32), compression="lzf")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_weights_are_refused_where_they_are_not_plain_arrays(name):
    """In this process, which is what happens in the other one."""
    with h5py.File(io.BytesIO(weights_file(CHANGES[name]))) as file:
        for where, shape in ARRAYS.items():
            if where != BIAS and (name != "a group that is a link" or "dense" not in where):
                np.testing.assert_array_equal(keras_weights.array_at(file, where, shape), honest_arrays()[where])
        with pytest.raises(TextrnnError, match="in its weights is"):
            keras_weights.array_at(file, BIAS, ARRAYS[BIAS])


def test_the_process_refuses_too(tmp_path):
    """From end to end: a link, values that are not finite, a file that is no HDF5."""
    bad = honest_arrays()
    bad[BIAS][3] = np.nan
    for number, (weights, words) in enumerate((
        (weights_file(CHANGES["a link to another file"]), "is a link, which is not followed"),
        (weights_file(arrays=bad), "holds values that are not finite"),
        (b"no HDF5 at all" * 99, "file signature not found"),
    )):  # fmt: skip
        assert words in refused(archive(tmp_path / f"{number}.keras", weights=weights), tmp_path)


@pytest.mark.parametrize("seed", range(12))
def test_noise_in_an_archive_is_refused_or_does_no_harm(seed, tmp_path):
    """One byte of the arrays' file is another one; whatever HDF5 makes of it ends in its process."""
    generator = np.random.default_rng(seed)
    weights = bytearray(weights_file())
    weights[generator.integers(len(weights) if seed % 2 else 2000)] ^= 1 << int(generator.integers(8))
    path = archive(tmp_path / "model.keras", weights=bytes(weights))
    with contextlib.suppress(TextrnnError):  # and nothing else
        model, _ = imported(path, WORDS, tmp_path / "output")
        assert all(np.isfinite(weight).all() for weight in model.weights.values())


def test_a_process_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(keras_weights, "TIMEOUT_SECONDS", 0.01)
    assert "took more than 0.01 seconds" in refused(archive(tmp_path / "model.keras"), tmp_path)


def test_a_process_that_dies_is_reported(tmp_path, monkeypatch):
    dead = subprocess.CompletedProcess([], -11, "", "")
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: dead)
    assert "ended with status -11" in refused(archive(tmp_path / "model.keras"), tmp_path)


def test_the_process_has_no_more_memory_than_its_arrays_need(tmp_path):
    code = (
        "from textrnn.importing import keras_weights as k; import numpy; k.limit_this_process(1000);numpy.ones(10**9)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "MemoryError" in run.stderr


def test_an_honest_archive_becomes_a_model(call, tmp_path):
    """Packed arrays and an optimizer's, which are not read, do no harm."""
    weights = weights_file(lambda file: file.create_dataset("optimizer/vars/0", data=np.zeros(9)), compression="gzip")
    archive(tmp_path / "model.keras", weights=weights)
    (tmp_path / "words.txt").write_text("\n".join(WORDS) + "\n")
    arguments = [tmp_path / "model.keras", "--vocabulary", tmp_path / "words.txt", "--output", tmp_path / "mine"]
    status, output, error = call(import_keras, *arguments)
    assert (status, error) == (0, "")
    assert output.startswith(f"{tmp_path / 'mine'}: <LanguageModel: word, vocabulary 10, lstm 4")
    assert "made of: a Keras model" in (tmp_path / "mine" / "README.md").read_text()
    assert_refused(call(import_keras, *arguments), "holds a model already")
    assert call(import_keras, *arguments, "--overwrite")[0] == 0


def test_keras_is_not_asked(tmp_path):
    """Neither Keras nor TensorFlow is imported, in whichever process."""
    archive(tmp_path / "model.keras")
    code = (
        "import sys, textrnn; from textrnn.importing.keras_models import import_keras;"
        f"import_keras({str(tmp_path / 'model.keras')!r}, {WORDS!r}, {str(tmp_path / 'output')!r});"
        "print(sorted({'keras', 'tensorflow', 'h5py'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize(
    ("vocabulary", "words"),
    [
        (WORDS[:-1], "8 token ids, and the vocabulary 5 lines"),
        ([*WORDS, "a", "b", "c"], "8 token ids, and the vocabulary 9 lines"),
        ([*WORDS[:-1], "the"], "must not hold a token twice"),
        (["[UNK]", *WORDS[1:], "<oov>"], "two tokens of one meaning, '[UNK]' and '<oov>'"),
    ],
)
def test_a_vocabulary_that_does_not_fit(vocabulary, words, tmp_path, no_process):
    archive(tmp_path / "model.keras")
    with pytest.raises(TextrnnError, match="(?s)" + words.replace("[", r"\[")):
        imported(tmp_path / "model.keras", vocabulary, tmp_path / "output")
