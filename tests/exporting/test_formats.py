"""What `export` says before any engine is asked."""

import pytest

from tests.conftest import assert_refused
from tests.exporting.cases import CASES, Model
from textrnn import TextrnnError
from textrnn import export as export_command
from textrnn.config.kinds import KINDS
from textrnn.exporting import FORMATS, export, export_format
from textrnn.exporting import graphs as rooms
from textrnn.exporting.graphs import graphs_of


def test_every_form_has_an_ending_of_its_own():
    assert len({form.ending for form in FORMATS.values()}) == len(FORMATS)
    for form in FORMATS.values():
        assert export_format(f"a.b/Model{form.ending.upper()}") is form


def test_an_ending_that_nobody_knows():
    with pytest.raises(TextrnnError, match=r"model.pt: says by its ending what to write. It may be: .*\.onnx"):
        export_format("model.pt")


@pytest.mark.parametrize(("name", "there"), [("my.keras", "my.keras"), ("pair.onnx", "pair.encoder.onnx")])
def test_the_command_replaces_no_file_unasked(call, tmp_path, name, there):
    (tmp_path / there).write_text("mine")
    refused = call(export_command, "shakespeare", "--to", tmp_path / name)
    assert_refused(refused, f"{there}: is there already. Pass --overwrite to replace it, or name another file")
    assert (tmp_path / there).read_text() == "mine"
    page = tmp_path / "page.html"
    page.write_text("mine")
    assert (
        call(export_command, "digits", "--to", page, "--overwrite")[0] == 2
    )  # a recogniser has no page, whatever is there
    assert page.read_text() == "mine"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_told_to_engines(kind):
    graphs = next(graphs_of(config) for config in CASES.values() if config.kind == kind)
    assert "sequence" in graphs
    for graph in graphs.values():
        assert len({array.name for array in (*graph.inputs, *graph.outputs)} - {"source_mask"}) >= 2


def test_a_kind_that_no_engine_knows(monkeypatch):
    monkeypatch.setattr(rooms.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TextrnnError, match="A language model cannot be written in this form: no engine knows it yet"):
        graphs_of(CASES["language model, lstm"])


def test_a_model_without_weights(tmp_path):
    model = Model(CASES["forecaster, gru"])
    model.weights = {}
    with pytest.raises(TextrnnError, match="This model has not been trained yet"):
        export(model, tmp_path / "model.onnx")
