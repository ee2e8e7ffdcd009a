"""`.onnx` through ONNX Runtime, beside the NumPy networks."""

import pytest

from tests.exporting.cases import CASES, Model, differences, expected
from textrnn.exporting import export

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
