"""`.onnx` through ONNX Runtime, beside the NumPy networks."""

import json
import re

import numpy as np
import pytest

import textrnn
from tests.conftest import ROOT, assert_refused
from tests.exporting.cases import CASES, Model, differences, expected, named
from textrnn import TextrnnError
from textrnn import export as command
from textrnn.exporting import export
from textrnn.storage import stored_sizes
from textrnn.weights import is_matrix

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def answers(path, inputs):
    """Returns what a file makes of inputs, by name."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def graphs_in(paths):
    """Returns the graph that stands in each file that was written."""
    if len(paths) == 2:
        return dict(zip(("encoder", "step"), paths, strict=True))
    inputs = {one.name for one in onnx.load(paths[0]).graph.input}
    return {"step" if "state_0_h" in inputs else "sequence": paths[0]}


@pytest.mark.parametrize("name", CASES)
def test_onnx_runtime_says_what_numpy_says(name, tmp_path):
    model = Model(CASES[name])
    wanted = expected(model)
    for graph, path in graphs_in(export(model, tmp_path / "model.onnx")).items():
        inputs, outputs = wanted[graph]
        assert differences(answers(path, inputs), outputs) < 1e-4


def rounded(model):
    """Returns the same model with matrices that have been float16."""
    model.weights |= {
        name: weight.astype(np.float16).astype(np.float32) for name, weight in model.weights.items() if is_matrix(name)
    }
    model.network = type(model.network)(model.config, model.weights)
    return model


@pytest.mark.parametrize("name", CASES)
def test_float16(name, tmp_path):
    """It is the network of rounded matrices, and near the exact one, with weights as large as those of `eng-spa`."""
    model = Model(CASES[name], scale=0.15)
    exact, near = expected(model), expected(rounded(Model(CASES[name], scale=0.15)))
    for graph, path in graphs_in(export(model, tmp_path / "model.onnx", "float16")).items():
        found = answers(path, exact[graph][0])
        assert differences(found, exact[graph][1]) < 1e-3
        if graph != "step" or model.config.kind != "translator":  # whose inputs come from the encoder
            assert differences(found, near[graph][1]) < 1e-4


@pytest.mark.parametrize(
    "kind", ["language model, lstm, tied", "translator, gru, additive", "classifier, lstm, vectors"]
)
def test_int8_has_a_scale_for_each_row(kind, tmp_path):
    """The difference is that of whole numbers of 255 steps, not that of a wrong scale."""
    model = Model(CASES[kind])
    wanted = expected(model)
    for graph, path in graphs_in(export(model, tmp_path / "model.onnx", "int8")).items():
        inputs, outputs = wanted[graph]
        assert 1e-6 < differences(answers(path, inputs), outputs) < 0.1


def test_a_model_that_is_kept_in_int8_loses_nothing(tmp_path):
    """Shipped models have int8 weights, and rows long enough for a scale of their own."""
    model = textrnn.LanguageModel.load("shakespeare")
    (path,) = export(model, tmp_path / "model.onnx", "int8")
    token_ids = model.tokenizer.encode("\nTo be or not to be")[np.newaxis]
    wanted, _ = model.network(token_ids, model.network.initial_states(1))
    states = named(model.network.initial_states(1))
    np.testing.assert_allclose(answers(path, {"token_ids": token_ids, **states})["logits"], wanted, atol=1e-4)
    assert path.stat().st_size < 1.05 * stored_sizes("shakespeare")["weights.safetensors"]


def test_padding_of_a_language_model_that_reads_both_ways_may_stand_on_either_side(tmp_path):
    model = Model(CASES["language model, gru, both ways"])
    (path,) = export(model, tmp_path / "model.onnx")
    left = np.array([[0, 0, 5, 6, 7]], np.int32)
    found = [answers(path, {"token_ids": ids})["logits"] for ids in (left, np.roll(left, -2), left[:, 2:])]
    for one in found[1:]:
        np.testing.assert_allclose(one, found[0], atol=1e-6)


def test_the_file_says_what_it_is(tmp_path):
    (path,) = export(Model(CASES["forecaster, gru"]), tmp_path / "model.onnx")
    properties = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert json.loads(properties["textrnn"])["kind"] == "forecaster"
    assert json.loads(properties["textrnn"])["network"]["lookback"] == 12


def test_a_weight_that_float16_cannot_hold(tmp_path):
    model = Model(CASES["forecaster, gru"])
    model.weights["output/kernel"][0, 0] = 1e6
    with pytest.raises(TextrnnError, match='output/kernel.* too large for float16. Pass weight_format="float32"'):
        export(model, tmp_path / "model.onnx", "float16")


def test_the_loops_of_the_documentation(tmp_path, monkeypatch, capsys):
    """They write what textrnn writes greedily."""
    monkeypatch.chdir(tmp_path)
    onnx_part = (ROOT / "docs" / "ENGINES.md").read_text(encoding="utf-8").partition("## ONNX")[2]
    language_model, translator = re.findall(r"```python\n(.*?)```", onnx_part, re.DOTALL)[:2]
    exec(language_model, {})
    model = textrnn.LanguageModel.load("shakespeare")
    states = model.network.initial_states(1)
    token_ids = model.tokenizer.encode("\nTo be or not to")
    written = token_ids.tolist()
    for _ in range(20):
        logits, states = model.network(np.array([token_ids]), states, last_only=True)
        token_ids = [int(logits[0].argmax())]
        written += token_ids
    assert capsys.readouterr().out == model.tokenizer.decode(written) + "\n"
    exec(translator, {})
    wanted = textrnn.Translator.load("eng-spa").translate("I am a student.", num_beams=1)
    assert capsys.readouterr().out.rstrip("\n") == wanted


def test_the_command_says_what_it_has_written(call, tmp_path):
    status, output, _ = call(command, "eng-spa", "--to", tmp_path / "model.onnx", "--weight-format", "int8")
    assert status == 0
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    files = f"{tmp_path / 'model.encoder.onnx'}, {tmp_path / 'model.decoder.onnx'}"
    assert output == f"{files}: {size / 1e6:.1f} MB written.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "model.pt"], ["model.pt", ".onnx"]),
        (["--to", "model.onnx", "--weight-format", "int4"], [".onnx holds weights as", "int4"]),
        (["--to", "nowhere/model.onnx"], ["nowhere/model.onnx: cannot be written"]),
    ],
)
def test_what_the_command_refuses(arguments, words, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_refused(call(command, "shakespeare", *arguments), *words)
    assert list(tmp_path.iterdir()) == []
