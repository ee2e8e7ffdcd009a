"""`.keras`, `.savedmodel` and `.tflite` beside the NumPy networks: in one file, so that TensorFlow is imported once."""

import re

import numpy as np
import pytest

import textrnn
from tests.conftest import ROOT, assert_refused
from tests.exporting.cases import CASES, CELLS, Model, differences, expected, of_alternate_cells
from textrnn import TextrnnError
from textrnn import export as command
from textrnn.config import NetworkConfig
from textrnn.exporting import export
from textrnn.storage import stored_sizes

# Two vocabularies change no layer, and tied weights are part of "projected": ONNX, which is fast, has them all.
SOME = [name for name in CASES if not name.endswith(("two vocabularies", "tied")) or "lstm, general" in name]
# TensorFlow takes seconds for each: by default every network has one cell, and each cell is in some of them.
QUICK = of_alternate_cells(SOME)
cases = pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SOME]
)
interpreters = pytest.importorskip("ai_edge_litert.interpreter")


def test_every_cell_is_tried_by_default():
    for cell in CELLS:
        assert sum(f", {cell}" in name for name in QUICK) >= 3


@cases
def test_a_savedmodel_says_what_numpy_says(name, tmp_path):
    import tensorflow as tf

    model = Model(CASES[name])
    export(model, tmp_path / "model.savedmodel")
    signatures = tf.saved_model.load(tmp_path / "model.savedmodel").signatures
    wanted = expected(model)
    assert set(signatures) == {*wanted, "serving_default"}
    for graph, (inputs, outputs) in wanted.items():
        found = signatures[graph](**{name: tf.constant(array) for name, array in inputs.items()})
        assert differences({name: array.numpy() for name, array in found.items()}, outputs) < 1e-4


@cases
def test_a_keras_model_says_what_numpy_says(name, tmp_path):
    import keras

    model = Model(CASES[name])
    (path,) = export(model, tmp_path / "model.keras")
    loaded = keras.saving.load_model(path)  # in safe mode, without anything of textrnn registered
    assert all(type(layer).__module__.startswith("keras.") for layer in loaded.layers)
    inputs, outputs = expected(model)["sequence"]
    (wanted,) = outputs.values()
    given = list(inputs.values())
    found = np.asarray(loaded(given if len(given) > 1 else given[0]))
    np.testing.assert_allclose(found, np.where(np.isnan(wanted), found, wanted), atol=1e-4)  # NaN: whatever it is


def step_by_step(run, inputs, outputs):
    """Feeds a step one token of one row after the other; returns what it says of all of them, as one step would."""
    inputs = {name: array[:1] for name, array in inputs.items()}
    found = []
    for token in inputs["token_ids"][0]:
        found.append(run(**{**inputs, "token_ids": np.array([[token]], np.int32)}))
        inputs |= {name.removeprefix("next_"): array for name, array in found[-1].items() if name.startswith("next_")}
    per_token = [name for name in outputs if not name.startswith("next_")]
    return {**found[-1], **{name: np.concatenate([one[name] for one in found], axis=1) for name in per_token}}


@cases
def test_litert_says_what_numpy_says(name, tmp_path):
    model = Model(CASES[name])
    (path,) = export(model, tmp_path / "model.tflite")
    interpreter = interpreters.Interpreter(str(path))
    wanted = expected(model)
    graphs = set(interpreter.get_signature_list())
    assert graphs == ({*wanted} - {"sequence"} or {"sequence"})
    for graph in graphs:
        inputs, outputs = wanted[graph]
        run = interpreter.get_signature_runner(graph)
        one_row = {name: array[:1] for name, array in inputs.items()}
        found = step_by_step(run, inputs, outputs) if graph == "step" else run(**one_row)
        assert differences(found, {name: array[:1] for name, array in outputs.items()}) < 1e-4


def larger_model():
    """Returns a network whose matrices are large enough for LiteRT to make them smaller."""
    return Model(NetworkConfig(vocabulary_size=300, embedding_dim=64, units=(64, 64)), scale=0.15)


@pytest.mark.parametrize(("weight_format", "share", "tolerance"), [("float16", 0.52, 1e-3), ("int8", 0.32, 0.1)])
def test_litert_in_smaller_numbers(weight_format, share, tolerance, tmp_path):
    model = larger_model()
    (path,), (whole,) = (export(model, tmp_path / f"{name}.tflite", name) for name in (weight_format, "float32"))
    inputs, outputs = expected(model)["step"]
    run = interpreters.Interpreter(str(path)).get_signature_runner("step")
    found = step_by_step(run, inputs, outputs)
    assert 1e-7 < np.abs(found["logits"] - outputs["logits"][:1]).max() < tolerance
    assert path.stat().st_size < share * whole.stat().st_size


def test_a_savedmodel_in_float16(tmp_path):
    import tensorflow as tf

    model = larger_model()
    sizes = [
        sum(file.stat().st_size for file in export(model, tmp_path / f"{name}.savedmodel", name)[0].rglob("*"))
        for name in ("float16", "float32")
    ]
    inputs, outputs = expected(model)["sequence"]
    found = tf.saved_model.load(tmp_path / "float16.savedmodel").signatures["serving_default"](
        **{name: tf.constant(array) for name, array in inputs.items()}
    )
    assert 1e-7 < np.abs(found["logits"] - outputs["logits"]).max() < 1e-3
    assert sizes[0] < 0.75 * sizes[1]  # beside what the graphs take


def test_a_directory_is_not_replaced(tmp_path):
    (tmp_path / "model.savedmodel").mkdir()
    with pytest.raises(TextrnnError, match="model.savedmodel: is there already, and a directory is not replaced"):
        export(larger_model(), tmp_path / "model.savedmodel")


def test_the_command(call, tmp_path):
    status, output, error = call(command, "shakespeare", "--to", tmp_path / "model.tflite", "--weight-format", "int8")
    assert (status, error) == (0, "")
    assert "MB written" in output
    kept = stored_sizes("shakespeare")["weights.safetensors"]  # in int8; here the embedding that is looked up is not
    assert (tmp_path / "model.tflite").stat().st_size < 1.5 * kept
    refused = call(command, "shakespeare", "--to", tmp_path / "model.keras", "--weight-format", "int8")
    assert_refused(refused, ".keras holds weights as float32. Received: int8")


def test_the_examples_of_the_documentation(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "ENGINES.md").read_text(encoding="utf-8").partition("## LiteRT")[2]
    litert, tensorflow = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(litert, {})
    written = capsys.readouterr().out
    assert written.startswith("\nTo be or not to ")
    assert len(written.split()) > 12
    exec(tensorflow, {})
    size = textrnn.LanguageModel.load("shakespeare").config.vocabulary_size
    shapes = re.findall(rf"\(1, \d+, {size}\)", capsys.readouterr().out)
    assert len(shapes) == 2
    assert len(set(shapes)) == 1
