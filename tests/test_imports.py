"""The rooms of the house: what may import what, read from the syntax trees."""

import ast
import pathlib

import pytest

import textrnn
from textrnn.config.kinds import KINDS

PACKAGE = pathlib.Path(textrnn.__file__).parent

# Each room imports only from rooms before it; training and inference know nothing of each other.
ORDER = (
    ("errors", "wording"),
    ("progress", "cores", "systems"),
    ("config", "teaching"),
    ("preprocessing",),
    ("weights", "array_files"),
    ("weight_formats",),
    ("storage", "defaults"),
    ("plots",),
    ("training", "inference"),
    ("jobs",),
    ("evaluation",),
    ("tasks",),
    ("exporting", "importing"),
    ("commands",),
    ("interactive", "line_commands"),
    (
        "generate",
        "translate",
        "classify",
        "forecast",
        "transcribe",
        "train",
        "encode",
        "evaluate",
        "compress",
        "export",
        "import_keras",
        "serve",
        "__main__",
    ),
    ("completion",),
)
PLACES = {room: place for place, rooms in enumerate(ORDER) for room in rooms}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name != "pretrained")


def room_of(module):
    """Returns the room of a dotted name: "config" of "textrnn.config.base"."""
    return module.split(".")[1] if "." in module else ""


def imported(path):
    """Yields the names of the modules of textrnn that a file imports, wherever in it, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "textrnn":
            names = [f"textrnn.{name.name}" for name in node.names] if node.module == "textrnn" else [node.module]
            yield from ((name, node.lineno) for name in names)
        elif isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names if name.name.startswith("textrnn"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if here == "__init__":
        return
    for name, line in imported(path):
        there = room_of(name)
        if there == here or there not in PLACES:
            continue
        assert PLACES[there] < PLACES[here], f"{path}:{line}: {here} imports {there}"


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_kind_has_a_file_of_its_name_in_each_room(kind):
    for room, part in (("config", "config"), ("config", "fitting"), ("inference", "network"), ("tasks", "task")):
        assert kind.load(room, part).__module__ == f"textrnn.{room}.{kind.module}"
    assert (PACKAGE / "training" / f"{kind.module}.py").is_file()
    assert kind.load("config", "config").kind == kind.load("tasks", "task").kind == kind.name
