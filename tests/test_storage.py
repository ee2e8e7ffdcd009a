import dataclasses
import json
import os
import shutil
import struct

import numpy as np
import pytest
import safetensors.numpy

from tests.conftest import random_weights
from tests.damage import reseal, rewrite
from textrnn import TextrnnError, storage
from textrnn.config import NetworkConfig
from textrnn.preprocessing.tokenizers import CharTokenizer


@pytest.fixture
def model():
    tokenizer = CharTokenizer.train(["abc"], 100)
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, units=(6,), embedding_dim=4)
    ngrams = {"words_3": np.arange(10, dtype=np.uint8)}
    return storage.StoredModel(config, {"tokenizer": tokenizer}, random_weights(config), ngrams, {"epochs": 3})


@pytest.fixture
def directory(model, tmp_path):
    storage.save_model(tmp_path / "model", model)
    return tmp_path / "model"


def test_round_trip(model, directory):
    loaded = storage.load_model(directory, "language-model")
    assert loaded.config == model.config
    assert loaded.tokenizers["tokenizer"].tokens == model.tokenizers["tokenizer"].tokens
    assert loaded.facts == {"epochs": 3}
    np.testing.assert_array_equal(loaded.ngrams["words_3"], model.ngrams["words_3"])
    for name, weight in model.weights.items():
        np.testing.assert_array_equal(loaded.weights[name], weight)


@pytest.mark.parametrize(
    ("name", "version"), [("words_5", 1), ("words_5_in_8", 2), ("documents", 2), ("documents_in_4", 2)]
)
def test_records_of_samples_and_documents_are_of_format_2(model, tmp_path, name, version):
    ngrams = {**model.ngrams, name: np.arange(9, dtype=np.uint8)}
    storage.save_model(tmp_path, dataclasses.replace(model, ngrams=ngrams))
    assert json.loads((tmp_path / "manifest.json").read_text())["format_version"] == version
    loaded = storage.load_model(tmp_path, "language-model").ngrams
    assert set(loaded) == set(ngrams)
    np.testing.assert_array_equal(loaded[name], ngrams[name])


def test_half_precision_is_half_the_size_and_close(model, directory, tmp_path):
    storage.save_model(tmp_path / "half", model, "float16")
    sizes = [(place / "weights.safetensors").stat().st_size for place in (tmp_path / "half", directory)]
    assert sizes[0] < 0.7 * sizes[1]
    for name, weight in storage.load_model(tmp_path / "half", "language-model").weights.items():
        assert weight.dtype == np.float32
        np.testing.assert_allclose(weight, model.weights[name], rtol=1e-3)


@pytest.mark.parametrize(("weight_format", "tolerance"), [("int8", 0.01), ("int4", 0.15)])
def test_whole_numbers_are_close_and_of_format_2(model, tmp_path, weight_format, tolerance):
    storage.save_model(tmp_path, model, weight_format)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (manifest["format_version"], manifest["weight_format"]) == (2, weight_format)
    loaded = storage.load_model(tmp_path, "language-model")
    assert loaded.config == model.config
    for name, weight in loaded.weights.items():
        assert weight.dtype == np.float32
        np.testing.assert_allclose(weight, model.weights[name], atol=tolerance)
    storage.save_model(tmp_path, loaded)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (manifest["format_version"], "weight_format" in manifest) == (1, False)


def test_an_unknown_weight_format_is_refused(model, directory, tmp_path):
    with pytest.raises(TextrnnError, match="`weight_format` must be one of .*'int8'.* Did you mean 'int8'"):
        storage.save_model(tmp_path / "new", model, "int-8")
    assert not (tmp_path / "new").exists()
    for strange in ("int2", ["int8"], None, 8):
        reseal(directory, weight_format=strange)
        with pytest.raises(TextrnnError, match="weights in an unknown format"):
            storage.load_model(directory, "language-model")


@pytest.fixture
def sparse_model(model):
    """A model whose recurrent kernel is 70% zeros."""
    config = NetworkConfig(vocabulary_size=8, units=(40,), embedding_dim=4)
    weights = random_weights(config)
    kernel = weights["recurrent_0/recurrent_kernel"]
    kernel[np.random.default_rng(0).random(kernel.shape) < 0.7] = 0
    return storage.StoredModel(config, model.tokenizers, weights)


@pytest.mark.parametrize("weight_format", ["float32", "float16", "int8", "int4"])
def test_sparse_matrices_are_of_format_2_and_smaller(sparse_model, tmp_path, weight_format):
    storage.save_model(tmp_path / "sparse", sparse_model, weight_format)
    assert json.loads((tmp_path / "sparse" / "manifest.json").read_text())["format_version"] == 2
    loaded = storage.load_model(tmp_path / "sparse", "language-model")
    name = "recurrent_0/recurrent_kernel"
    assert (loaded.weights[name] == 0).mean() >= (sparse_model.weights[name] == 0).mean() > 0.6
    sparse_model.weights[name][:] += 0.5
    storage.save_model(tmp_path / "dense", sparse_model, weight_format)
    sizes = [(tmp_path / place / "weights.safetensors").stat().st_size for place in ("sparse", "dense")]
    assert sizes[0] < sizes[1]


RECURRENT = "recurrent_0/recurrent_kernel"


@pytest.mark.parametrize(
    ("weight_format", "name", "change", "message"),
    [
        ("int8", "output/kernel/scales", lambda scales: scales[:-1].copy(), r"shape \[9\]; expected \[10\]"),
        ("int8", "output/kernel/scales", lambda scales: 0 * scales, "must be positive numbers"),
        ("int8", "output/kernel/scales", lambda scales: -scales, "must be positive numbers"),
        ("int8", "output/kernel/scales", lambda scales: scales * np.nan, "must be positive numbers"),
        ("int8", "output/kernel/scales", lambda scales: scales * np.inf, "must be positive numbers"),
        ("int8", "output/kernel/scales", lambda scales: scales * 0 + np.float32(3e38), "not finite"),
        ("int8", "output/kernel/scales", lambda scales: scales.astype(np.float16), "dtype 'F16'; expected F32"),
        ("int8", "output/kernel/scales", None, "'output/kernel/scales' is missing"),
        ("int8", "output/bias/scales", lambda _: np.ones(8, np.float32), "not one of this network"),
        ("int8", "output/bias/bitmap", lambda _: np.ones(1, np.uint8), "not one of this network"),
        ("int8", "output/kernel", lambda values: values.astype(np.float32), "dtype 'F32'; expected I8"),
        ("int8", "output/kernel", lambda values: values.view(np.uint8), "dtype 'U8'; expected I8"),
        ("int8", "output/kernel", lambda values: values.T.copy(), r"shape \[8, 40\]; expected \[40, 8\]"),
        ("int8", "output/bias", lambda values: values.astype(np.int8), "dtype 'I8'; expected F32 or F16"),
        ("int8", RECURRENT, lambda values: values[:-1].copy(), "marks .* another number"),
        ("int8", RECURRENT, lambda values: values.reshape(-1, 1), r"expected \[any\]"),
        ("int8", f"{RECURRENT}/bitmap", lambda bitmap: bitmap[:-1].copy(), r"shape \[799\]; expected \[800\]"),
        ("int8", f"{RECURRENT}/bitmap", lambda bitmap: 255 | bitmap, "marks 6,400 values"),
        ("int8", f"{RECURRENT}/bitmap", None, r"expected \[40(, 160)?\]"),
        ("int4", "output/kernel", lambda values: values[:-1].copy(), r"shape \[159\]; expected \[160\]"),
        ("int4", "output/kernel", lambda values: values.view(np.int8), "dtype 'I8'; expected U8"),
        ("int4", "output/kernel/scales", lambda scales: scales[:-1].copy(), r"shape \[9\]; expected \[10\]"),
        ("int4", "output/kernel/scales", lambda scales: scales.astype(np.float32), "dtype 'F32'; expected F16"),
        ("int4", "output/kernel/scales", lambda scales: -scales, "must be positive numbers"),
        ("int4", RECURRENT, lambda values: values[:-1].copy(), "marks .* another number"),
        ("float16", RECURRENT, lambda values: values[:-1].copy(), "marks .* another number"),
        ("float16", RECURRENT, lambda values: values * np.float16(np.nan), "not finite"),
        ("float16", "output/kernel/scales", lambda _: np.ones(10, np.float32), "not one of this network"),
    ],
)
def test_strange_compressed_weights_are_refused(sparse_model, tmp_path, weight_format, name, change, message):
    storage.save_model(tmp_path, sparse_model, weight_format)
    arrays = safetensors.numpy.load((tmp_path / "weights.safetensors").read_bytes())
    array = arrays.pop(name, None)
    if change is not None:
        arrays[name] = change(array)
    rewrite(tmp_path, "weights.safetensors", safetensors.numpy.save(arrays))
    with pytest.raises(TextrnnError, match=message):
        storage.load_model(tmp_path, "language-model")


def test_weights_of_one_format_are_not_read_as_another(sparse_model, tmp_path):
    for written, claimed in (("int8", "int4"), ("int4", "int8"), ("int8", "float32"), ("float32", "int8")):
        storage.save_model(tmp_path, sparse_model, written)
        reseal(tmp_path, weight_format=claimed)
        with pytest.raises(TextrnnError, match="dtype|not one of this network|missing"):
            storage.load_model(tmp_path, "language-model")


def test_a_compressed_file_larger_than_the_network_is_not_read(sparse_model, tmp_path):
    storage.save_model(tmp_path, sparse_model, "int8")
    rewrite(tmp_path, "weights.safetensors", bytes(11_000_000))
    with pytest.raises(TextrnnError, match="11,000,000 bytes are more than such a file can have"):
        storage.load_model(tmp_path, "language-model")


def test_no_temporary_files_are_left(directory):
    expected = {"config.json", "tokenizer.json", "weights.safetensors", "ngrams.safetensors", "manifest.json"}
    assert {path.name for path in directory.iterdir()} == expected


@pytest.mark.parametrize("stop_after", range(13))
def test_a_save_that_breaks_off_leaves_the_old_model_or_the_new_one(model, directory, monkeypatch, stop_after):
    """The disk stops answering after some renames; whatever is there then must be one whole model."""
    new = storage.StoredModel(
        model.config, model.tokenizers, {name: weight + 1 for name, weight in model.weights.items()}, model.ngrams, {}
    )
    renames, replace = [], os.replace

    def failing(source, target):
        if len(renames) >= stop_after:
            raise OSError(28, "No space left on device")
        renames.append(target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    try:
        storage.save_model(directory, new)
    except TextrnnError as error:
        assert "No space left" in str(error)  # noqa: PT017
    monkeypatch.undo()
    found = storage.load_model(directory, "language-model").weights["output/bias"]
    old_bias = model.weights["output/bias"]
    assert np.array_equal(found, old_bias) or np.array_equal(found, old_bias + 1)
    assert np.array_equal(found, old_bias + 1) == (stop_after > 5)
    storage.save_model(directory, new)  # and the next save works
    np.testing.assert_array_equal(storage.load_model(directory, "language-model").weights["output/bias"], old_bias + 1)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "weights.safetensors", "manifest.json"])
def test_missing_files_are_named(directory, name):
    (directory / name).unlink()
    with pytest.raises(TextrnnError, match=f"{name} is missing"):
        storage.load_model(directory, "language-model")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "weights.safetensors", "ngrams.safetensors"])
def test_damage_is_noticed_wherever_it_is(directory, name):
    content = (directory / name).read_bytes()
    for position in np.random.default_rng(0).integers(0, len(content), 20):
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(position) % 8
        (directory / name).write_bytes(bytes(flipped))
        with pytest.raises(TextrnnError, match=f"{name} is damaged"):
            storage.load_model(directory, "language-model")
    (directory / name).write_bytes(content[:-1])
    with pytest.raises(TextrnnError, match=f"{name} is damaged"):
        storage.load_model(directory, "language-model")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, r"format version 99 is newer than this textrnn reads \(2\). Upgrade"),
        ({"format_version": "1"}, "`format_version` must be a whole number"),
        ({"files": []}, "`files` must be an object"),
        ({"files": {}}, "does not name config.json"),
    ],
)
def test_strange_manifests_are_refused(directory, change, message):
    reseal(directory, **change)
    with pytest.raises(TextrnnError, match=message):
        storage.load_model(directory, "language-model")


def test_the_manifest_guards_itself(directory):
    path = directory / "manifest.json"
    text = path.read_text()
    path.write_text(text.replace('"epochs": 3', '"epochs": 4'))
    with pytest.raises(TextrnnError, match="does not fit its own checksum"):
        storage.load_model(directory, "language-model")
    path.write_text(text.replace('"checksum"', '"checksun"'))
    with pytest.raises(TextrnnError, match="unknown entry 'checksun'"):
        storage.load_model(directory, "language-model")


def test_no_path_is_followed(directory, tmp_path):
    files = json.loads((directory / "manifest.json").read_text())["files"]
    reseal(directory, files={**files, "../secret": files["config.json"]})
    with pytest.raises(TextrnnError, match="'../secret', which is no file of a model"):
        storage.load_model(directory, "language-model")


def test_links_are_not_followed(directory, tmp_path):
    shutil.move(directory / "config.json", tmp_path / "elsewhere")
    (directory / "config.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TextrnnError, match="config.json: is a symbolic link"):
        storage.load_model(directory, "language-model")


def header(entries):
    content = json.dumps(entries).encode()
    return struct.pack("<Q", len(content)) + content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a safetensors file"),
        (struct.pack("<Q", 1 << 60) + b"{}", "is not a safetensors file"),
        (header({}), "'embedding/embeddings' is missing"),
        (
            header({"extra": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}),
            "'extra' is not one of this network",
        ),
    ],
)
def test_strange_weight_files_are_refused(directory, content, message):
    rewrite(directory, "weights.safetensors", content)
    with pytest.raises(TextrnnError, match=message):
        storage.load_model(directory, "language-model")


def test_wrong_shapes_dtypes_and_values_are_refused(model, directory):
    def save(**changes):
        rewrite(directory, "weights.safetensors", safetensors.numpy.save({**model.weights, **changes}))

    bias = model.weights["output/bias"]
    for changed, message in (
        (bias[:-1].copy(), r"shape \[6\]; expected \[7\]|shape \[7\]; expected \[8\]"),
        (bias.astype(np.float64), "dtype 'F64'; expected F32 or F16"),
        (np.full_like(bias, np.nan), "not finite"),
    ):
        save(**{"output/bias": changed})
        with pytest.raises(TextrnnError, match=message):
            storage.load_model(directory, "language-model")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"kind": "translator"}, "does not say what the model is"),
        (
            {"kind": "translator", "network": {"source_vocabulary_size": 9, "target_vocabulary_size": 9}},
            "holds a 'translator', not a 'language-model'",
        ),
        ({"network": {"vocabulary_size": 8, "cel": "gru"}}, "no option `cel`. Did you mean 'cell'"),
        ({"network": {"vocabulary_size": 10**12}}, "`vocabulary_size`"),
        ({"network": {"vocabulary_size": 9, "units": [6], "embedding_dim": 4}}, "tokenizer.json has 8 tokens"),
        ({"network": {"vocabulary_size": 8, "units": [-6]}}, "`units`"),
    ],
)
def test_strange_configs_are_refused(directory, config, message):
    rewrite(directory, "config.json", json.dumps({"kind": "language-model", **config}).encode())
    with pytest.raises(TextrnnError, match=message):
        storage.load_model(directory, "language-model")


def test_places_that_hold_something_else_are_left_alone(model, tmp_path):
    (tmp_path / "config.json").write_text("mine")
    with pytest.raises(TextrnnError, match="holds config.json but no model"):
        storage.save_model(tmp_path, model)
    assert (tmp_path / "config.json").read_text() == "mine"
    with pytest.raises(TextrnnError, match="cannot be written"):
        storage.save_model(tmp_path / "config.json" / "below", model)


def test_weights_that_are_not_finite_are_not_saved(model, directory):
    before = (directory / "weights.safetensors").read_bytes()
    model.weights["output/bias"][0] = np.inf
    with pytest.raises(TextrnnError, match="not finite; the model was not saved"):
        storage.save_model(directory, model)
    assert (directory / "weights.safetensors").read_bytes() == before


def test_unknown_models_suggest_a_shipped_one():
    with pytest.raises(TextrnnError, match="no such model directory"):
        storage.load_model("no-such-model", "language-model")


def test_a_directory_with_a_shipped_name_counts_only_if_it_holds_a_model(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = storage.PRETRAINED / "shakespeare"
    assert storage.find_model("shakespeare") == shipped
    (tmp_path / "shakespeare").mkdir()
    (tmp_path / "shakespeare" / "hamlet.txt").write_text("To be or not to be")  # somebody's texts
    assert storage.find_model("shakespeare") == shipped
    with pytest.raises(TextrnnError, match="manifest.json is missing"):
        storage.load_model("./shakespeare", "language-model")  # a path is a path
    (tmp_path / "shakespeare" / storage.CHECKPOINT).write_bytes(b"")
    with pytest.raises(TextrnnError, match="a shipped model, and a directory here whose training run was ended before"):
        storage.find_model("shakespeare")
    storage.save_model("shakespeare", model)
    assert storage.load_model("shakespeare", "language-model").facts == {"epochs": 3}


def test_a_damaged_model_with_a_shipped_name_is_not_passed_over(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    storage.save_model("shakespeare", model)
    (tmp_path / "shakespeare" / "config.json").unlink()
    with pytest.raises(TextrnnError, match="config.json is missing"):
        storage.load_model("shakespeare", "language-model")


def test_a_file_in_the_place_of_a_directory(directory):
    with pytest.raises(
        TextrnnError, match=r"weights.safetensors: is a file. A model is a directory: name '.*model'\.$"
    ):
        storage.load_model(directory / "weights.safetensors", "language-model")


@pytest.mark.parametrize("name", ["manifest.json", "config.json", "weights.safetensors", "ngrams.safetensors"])
def test_a_link_is_named_as_in_the_cache_of_a_hub(directory, tmp_path, name):
    (tmp_path / "blobs").mkdir()
    (directory / name).rename(tmp_path / "blobs" / "0123abcd")
    (directory / name).symlink_to("../blobs/0123abcd")
    with pytest.raises(TextrnnError, match=rf"{name}: is a symbolic link.*Copy the files themselves \(cp -rL"):
        storage.load_model(directory, "language-model")
    shutil.copytree(directory, tmp_path / "copy")  # follows links, as `cp -rL` does
    assert storage.load_model(tmp_path / "copy", "language-model").facts == {"epochs": 3}
