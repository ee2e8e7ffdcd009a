"""What the package must never do, read off its syntax trees."""

import ast

import pytest

from tests.conftest import ROOT

FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "h5py", "torch", "imp"}
HDF5_READER = ROOT / "textrnn" / "importing" / "keras_weights.py"  # in a process of its own
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "load_model_from_archive"}
FORBIDDEN_ATTRIBUTES = {("keras", "models"), ("keras", "config"), ("saving", "load_model"), ("np", "load")}


def violations(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            names = []
        yield from (name for name in names if name.split(".")[0] in FORBIDDEN_MODULES)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            yield node.func.id
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in FORBIDDEN_ATTRIBUTES or node.attr in ("loads_pickle", "load_weights"):
                yield f"{owner}.{node.attr}"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            yield node.arg


@pytest.mark.parametrize("path", sorted((ROOT / "textrnn").rglob("*.py")), ids=lambda path: path.stem)
def test_nothing_that_runs_code_from_data(path):
    allowed = ["h5py", "h5py"] if path == HDF5_READER else []
    assert list(violations(ast.parse(path.read_text(encoding="utf-8")))) == allowed


def test_the_one_exception_imports_hdf5_only_in_its_own_process():
    """Not when it is imported, but in `main` and below: who imports the module has no HDF5 in its process."""
    tree = ast.parse(HDF5_READER.read_text(encoding="utf-8"))
    assert list(violations(ast.Module([node for node in tree.body if not isinstance(node, ast.FunctionDef)], []))) == []
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and list(violations(node))]
    assert names == ["main", "array_at"]


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from torch import load",
        "eval('1')",
        "keras.models.load_model('x')",
        "np.load('x')",
        "f(allow_pickle=1)",
    ],
)
def test_the_check_can_fail(code):
    assert list(violations(ast.parse(code)))
