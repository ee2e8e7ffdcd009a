"""What tests of pages share: models of random weights, and the engine of a page run by Node."""

import json
import pathlib
import shutil
import subprocess

import pytest

from tests.conftest import random_weights
from textrnn.config.kinds import KINDS
from textrnn.exporting import export
from textrnn.storage import StoredModel, save_model

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node, which runs the page's engine, is not installed")

SHORT = [
    "The lamp went round, and the sea was quiet.",
    "“Who’s there?” she said — it was only the wind…",
    "In 1904 the keeper's log held 3,650 lines; cannot be?",
    "don't  you\tknow: http://example.org/a?b=1 :-) #1 @me x != y",
    "naïve café, 北京 and 😀 👩‍👩‍👧 \u2581 mark",
    "",
    " leading and trailing \n\nspaces \n",
]


def stored(directory: pathlib.Path, config, tokenizers=None, weight_format="int8", weights=None, **more):
    """Saves a model of random weights and loads it again, so that its weights are those that the format holds."""
    weights = weights or random_weights(config, scale=0.25)
    save_model(directory, StoredModel(config, tokenizers or {}, weights, **more), weight_format)
    return KINDS[config.kind].load("tasks", "task").load(directory)


def in_node(page: pathlib.Path, calls):
    """Returns what methods of a page's model return: `calls` are lists of a name and its arguments."""
    script = pathlib.Path(__file__).parent / "in_node.js"
    lines = "".join(json.dumps(call) + "\n" for call in calls)
    found = subprocess.run(
        [NODE, str(script), str(page)], input=lines.encode(), capture_output=True, timeout=300, check=False
    )
    assert found.returncode == 0, found.stderr.decode()
    return [json.loads(line) for line in found.stdout.decode("utf-8").splitlines()]


def exported(model, directory: pathlib.Path, weight_format=None) -> pathlib.Path:
    """Writes the page of a model; returns its path."""
    path = directory / "page.html"
    export(model, path, weight_format)
    return path
