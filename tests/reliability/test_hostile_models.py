"""Promise 5: a model from a stranger runs nothing, reads nothing outside itself, and takes no memory but its own."""

import io
import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import safetensors.numpy

from tests.conftest import ROOT, random_weights
from tests.damage import replace, reseal, rewrite
from textrnn import storage
from textrnn.config import NetworkConfig
from textrnn.preprocessing.tokenizers import make_tokenizer
from textrnn.weight_formats import stored_arrays

LINES = ["the lamp is lit", "the lamp is out", "the keeper goes home"] * 20


class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/textrnn-was-here",)


def config_with(directory, **network):
    content = json.loads((directory / "config.json").read_text())
    content["network"].update(network)
    rewrite(directory, "config.json", json.dumps(content).encode())


def raw_config(text):
    return lambda directory: rewrite(directory, "config.json", text.encode("utf-8", "surrogatepass"))


def weights_with(directory, **changes):
    arrays = safetensors.numpy.load((directory / "weights.safetensors").read_bytes())
    arrays.update(changes)
    rewrite(directory, "weights.safetensors", safetensors.numpy.save(arrays))


def header_with(change):
    """Changes the header of the weights, as text."""

    def damage(directory):
        content = (directory / "weights.safetensors").read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        header = change(content[8 : 8 + length].decode()).encode()
        rewrite(directory, "weights.safetensors", struct.pack("<Q", len(header)) + header + content[8 + length :])

    return damage


def entry_with(**changes):
    def change(text):
        header = json.loads(text)
        header["output/bias"].update(changes)
        return json.dumps(header)

    return header_with(change)


def raw_weights(content):
    return lambda directory: rewrite(directory, "weights.safetensors", content)


def bias_of(value):
    def damage(directory):
        bias = safetensors.numpy.load((directory / "weights.safetensors").read_bytes())["output/bias"]
        bias[3] = value
        weights_with(directory, **{"output/bias": bias})

    return damage


def tokenizer_with(content):
    return lambda directory: rewrite(directory, "tokenizer.json", json.dumps(content).encode())


def link(name, target):
    def damage(directory):
        (directory / name).unlink()
        (directory / name).symlink_to(target)

    return damage


def linked_away(name):
    """Moves a file outside and leaves a link, so that the content is right."""

    def damage(directory):
        outside = directory.parent / f"outside-{directory.name}"
        shutil.move(directory / name, outside)
        (directory / name).symlink_to(outside)

    return damage


def fifo(name):
    def damage(directory):
        (directory / name).unlink()
        os.mkfifo(directory / name)

    return damage


def named(name):
    def damage(directory):
        files = json.loads((directory / "manifest.json").read_text())["files"]
        reseal(directory, files={**files, name: files["config.json"]})

    return damage


def entry_of_weights(**changes):
    def damage(directory):
        files = json.loads((directory / "manifest.json").read_text())["files"]
        files["weights.safetensors"].update(changes)
        reseal(directory, files=files)

    return damage


def sparse_weights(directory):
    (directory / "weights.safetensors").unlink()
    with open(directory / "weights.safetensors", "wb") as file:
        file.truncate(40_000_000_000)
    entry_of_weights(bytes=40_000_000_000)(directory)


def archive(name):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(name, '{"class_name": "Lambda"}')
    return content.getvalue()


def raw_manifest(text):
    return lambda directory: replace(directory / "manifest.json", text.encode())


def compressed(weight_format="int8", **changes):
    """Makes the honest weights whole numbers, but for some arrays; `__` stands for the slash in a name."""

    def damage(directory):
        arrays = safetensors.numpy.load((directory / "weights.safetensors").read_bytes())
        arrays = stored_arrays(arrays, weight_format)
        arrays.update({name.replace("__", "/"): array for name, array in changes.items()})
        rewrite(directory, "weights.safetensors", safetensors.numpy.save(arrays))
        reseal(directory, weight_format=weight_format)

    return damage


def huge_and_compressed(directory):
    """A network of a hundred gigabytes whose matrices are said to be next to nothing but zeros."""
    config_with(directory, embedding_dim=16_384, units=[16_384] * 4)
    compressed(recurrent_0__kernel__bitmap=np.zeros(1, np.uint8))(directory)


DEEP = "[" * 100_000 + "]" * 100_000

HOSTILE = {
    "a path upwards": named("../../secret.json"),
    "an absolute path": named("/etc/passwd"),
    "a path of Windows": named("..\\..\\secret.json"),
    "a URL": named("https://example.org/weights.safetensors"),
    "linked config": linked_away("config.json"),
    "linked weights": linked_away("weights.safetensors"),
    "linked tokenizer": linked_away("tokenizer.json"),
    "linked manifest": linked_away("manifest.json"),
    "weights linked to zeros": link("weights.safetensors", "/dev/zero"),
    "config linked to itself": link("config.json", "config.json"),
    "a pipe for weights": fifo("weights.safetensors"),
    "a pipe for the manifest": fifo("manifest.json"),
    "huge vocabulary": lambda directory: config_with(directory, vocabulary_size=10_000_000),
    "huge embedding": lambda directory: config_with(directory, embedding_dim=16_384, units=[16_384] * 4),
    "vocabulary beyond bounds": lambda directory: config_with(directory, vocabulary_size=2**62),
    "negative units": lambda directory: config_with(directory, units=[-512]),
    "units of text": lambda directory: config_with(directory, units="512"),
    "no units": lambda directory: config_with(directory, units=None),
    "a million layers": lambda directory: config_with(directory, units=[1] * 1_000_000),
    "nested units": lambda directory: config_with(directory, units=[[[512]]]),
    "an infinite dropout": raw_config(
        '{"kind": "language-model", "network": {"vocabulary_size": 9, "dropout": 1e999}}'
    ),
    "a number of 10,000 digits": raw_config('{"kind": 1' + "0" * 10_000 + "}"),
    "deep config": raw_config('{"kind": ' + DEEP + "}"),
    "a lone surrogate": raw_config('{"kind": "\ud800"}'),
    "attributes of Python": lambda directory: config_with(directory, __class__="os.system", __dict__={}),
    "deep manifest": raw_manifest(DEEP),
    "a list for a manifest": raw_manifest("[]"),
    "deep header": header_with(lambda text: '{"output/bias": ' + DEEP + "}"),
    "header longer than the file": raw_weights(struct.pack("<Q", 2**63) + b"{}"),
    "negative header": raw_weights(b"\xff" * 8 + b"{}"),
    "header of spaces": header_with(lambda text: text + " " * 12_000_000),
    "name twice": header_with(
        lambda text: text[:-1] + ',"output/bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    ),
    "offsets beyond the file": entry_with(data_offsets=[0, 10**15]),
    "negative offsets": entry_with(data_offsets=[-4, 0]),
    "overlapping offsets": entry_with(data_offsets=[0, 4]),
    "no offsets": entry_with(data_offsets=None),
    "shape that overflows": entry_with(shape=[2**40, 2**40]),
    "negative shape": entry_with(shape=[-1]),
    "shape of fractions": entry_with(shape=[1.5]),
    "dtype of eight bytes": entry_with(dtype="F64"),
    "dtype of nothing": entry_with(dtype=None),
    "an object for a dtype": entry_with(dtype={"O": 8}),
    "not a number": bias_of(np.nan),
    "infinity": bias_of(-np.inf),
    "one more array": lambda directory: weights_with(directory, extra=np.zeros(3, np.float32)),
    "a pickle for weights": raw_weights(pickle.dumps(Bomb())),
    "a Keras archive for weights": raw_weights(archive("config.json")),
    "HDF5 for weights": raw_weights(b"\x89HDF\r\n\x1a\n" + bytes(2000)),
    "more weights than the config has": sparse_weights,
    "negative size": entry_of_weights(bytes=-1),
    "size of text": entry_of_weights(bytes="10"),
    "hash of nothing": entry_of_weights(sha256=None),
    "an unknown weight format": lambda directory: reseal(directory, weight_format="int2"),
    "an object for a weight format": lambda directory: reseal(directory, weight_format={"int8": 1}),
    "whole numbers that are floats": lambda directory: reseal(directory, weight_format="int8"),
    "scales of zero": compressed(recurrent_0__kernel__scales=np.zeros(64, np.float32)),
    "scales below zero": compressed(recurrent_0__kernel__scales=np.full(64, -1, np.float32)),
    "scales of infinity": compressed(recurrent_0__kernel__scales=np.full(64, np.inf, np.float32)),
    "scales that are too large": compressed(recurrent_0__kernel__scales=np.full(64, 3e38, np.float32)),
    "one scale for all": compressed(recurrent_0__kernel__scales=np.ones(1, np.float32)),
    "whole numbers cut short": compressed("int4", recurrent_0__kernel=np.zeros(9, np.uint8)),
    "whole numbers of a byte for half a byte": compressed("int4", recurrent_0__kernel=np.zeros((64, 4096), np.uint8)),
    "a bitmap without values": compressed(recurrent_0__kernel__bitmap=np.zeros(32_768, np.uint8)),
    "a bitmap that promises more": compressed(
        recurrent_0__kernel__bitmap=np.full(32_768, 255, np.uint8), recurrent_0__kernel=np.zeros(7, np.int8)
    ),
    "a bitmap of a bias": compressed(output__bias__bitmap=np.zeros(2, np.uint8)),
    "a hundred gigabytes of zeros": huge_and_compressed,
    "a list for a tokenizer": tokenizer_with(["a", "b"]),
    "a level with a path": tokenizer_with({"level": "../../x", "tokens": []}),
    "tokens that are no text": tokenizer_with({"level": "word", "tokens": [1, None, {}]}),
    "tokens twice": tokenizer_with({"level": "char", "tokens": ["a"] * 50}),
    "a subword tokenizer without its model": tokenizer_with({"level": "subword"}),
    "a tokenizer of another program": tokenizer_with({"version": "1.0", "model": {"type": "BPE", "vocab": {}}}),
    "noise for a subword model": lambda directory: (
        tokenizer_with({"level": "subword"})(directory),
        rewrite(directory, "tokenizer.model", np.random.default_rng(0).bytes(20_000)),
    ),
    "a subword model cut short": lambda directory: (
        tokenizer_with({"level": "subword"})(directory),
        rewrite(directory, "tokenizer.model", SUBWORD[: len(SUBWORD) // 2]),
    ),
    "a subword model without pieces": lambda directory: (
        tokenizer_with({"level": "subword"})(directory),
        rewrite(directory, "tokenizer.model", b""),
    ),
    "an endless field in a subword model": lambda directory: (
        tokenizer_with({"level": "subword"})(directory),
        rewrite(directory, "tokenizer.model", b"\x0a\xff\xff\xff\xff\x0f" + SUBWORD),
    ),
    "a translator": lambda directory: None,
}
SUBWORD = make_tokenizer("subword", LINES, 290).files("tokenizer")["tokenizer.model"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    place = tmp_path_factory.mktemp("models")
    tokenizer = make_tokenizer("word", LINES, 100)
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, units=(1024,), embedding_dim=64)
    model = storage.StoredModel(config, {"tokenizer": tokenizer}, random_weights(config, scale=0.1))
    storage.save_model(place / "honest", model)
    for name, damage in HOSTILE.items():
        shutil.copytree(place / "honest", place / name, copy_function=os.link)
        damage(place / name)
    (place / "secret.json").write_text("{}")
    command = [sys.executable, "-m", "tests.reliability.load_hostile", str(place / "honest")]
    command += [str(place / name) for name in HOSTILE]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert run.returncode == 0, run.stderr[-3000:]
    return {name: (result, seen) for name, result, seen in map(json.loads, run.stdout.splitlines())}


def test_there_are_enough_of_them(results):
    assert set(results) == set(HOSTILE)
    assert len(HOSTILE) >= 30


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_is_refused(results, name):
    result, seen = results[name]
    assert result.startswith("refused: ")
    assert len(result.splitlines()) <= 3
    assert seen == []


def test_the_watch_sees_what_it_should(tmp_path):
    """A loader that opened another file or ran a command would be noticed."""
    code = (
        "import os, pathlib, sys; from tests.reliability import load_hostile;"
        "load_hostile.load = lambda directory: (os.system('true'), open('/etc/hostname').close(), 'loaded')[-1];"
        "sys.argv[1:] = [sys.argv[1]] * 2; load_hostile.main()"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    _, _, seen = json.loads(run.stdout)
    assert [event.split()[0] for event in seen] == ["os.system", "open"]
