"""Writes a model as one page of HTML that runs it: no server, no library, no request to anywhere.

A page holds the arrays of a weight file (`textrnn.weight_formats`) in base64, and plain JavaScript from `page_parts/`:
an engine that does in the browser what `textrnn.inference` does in NumPy, and a view that shows it. What the page may
load and run is fixed by a content security policy: nothing but its own scripts and style, known by their hashes.
"""

import base64
import hashlib
import html
import json
import math
import pathlib
import re
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.exporting.page_content import content_of
from textrnn.storage import write_atomically
from textrnn.tasks.task import Task
from textrnn.weight_formats import stored_arrays

__all__ = ["page_text", "write"]

PARTS = pathlib.Path(__file__).parent / "page_parts"
ENGINE = ("arrays.js", "network.js", "tokenizers.js", "words.js")
TYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "int8": "I8", "uint8": "U8"}
ALIGNED = 8  # bytes at whose multiples an array begins

PURPOSES = {
    "language-model": "A language model: it continues what you type.",
    "translator": "A translator: it writes a translation and shows where it looks.",
    "classifier": "A classifier: it names the class of a text and the words that count.",
    "forecaster": "A forecaster: it says what may come after a series of numbers.",
}


def write(model: Task, path: pathlib.Path, weight_format: str) -> None:
    """Writes a page.

    Args:
        model: A trained model of any kind.
        path: Where to; a file that is there is replaced.
        weight_format: How the page holds the weights.

    Raises:
        TextrnnError: If a page cannot hold the model, or the file cannot be written.
    """
    content = page_text(model, weight_format).encode("utf-8")
    try:
        write_atomically(path, content)
    except OSError as error:
        raise TextrnnError(f"{path}: cannot be written: {error.strerror or error}.") from error


def page_text(model: Task, weight_format: str = "int8") -> str:
    """Returns the page of a model.

    Raises:
        TextrnnError: If the model is not trained, or a page cannot hold it.
    """
    if not model.weights:
        raise TextrnnError(f"This {model.noun} has not been trained yet. Call `fit`, or load a {model.noun}.")
    if model.kind not in PURPOSES:
        raise TextrnnError(f"A {model.noun} has no page. Use `textrnn export --to model.onnx` for other programs.")
    content, arrays = content_of(model)
    arrays = {**stored_arrays(model.weights_for(weight_format), weight_format), **arrays}
    layouts, data = packed(arrays)
    name = pathlib.Path(model.origin or model.noun).name
    content |= {"name": name, "weightFormat": weight_format, "arrays": layouts}
    return filled(model, content, base64.b64encode(data).decode("ascii"))


def packed(arrays: dict[str, np.ndarray]) -> tuple[dict[str, Any], bytes]:
    """Returns where each array stands, and all of them one after the other, little-endian.

    >>> packed({"a": np.ones(3, np.int8), "b": np.zeros((2, 1), np.float32)})[0]["b"]
    {'type': 'F32', 'size': 2, 'begin': 8}
    """
    layouts, data = {}, bytearray()
    for name, array in arrays.items():
        layouts[name] = {"type": TYPES[array.dtype.name], "size": array.size, "begin": len(data)}
        data += array.astype(array.dtype.newbyteorder("<")).tobytes()
        data += bytes(-len(data) % ALIGNED)
    return layouts, bytes(data)


def filled(model: Task, content: dict[str, Any], weights: str) -> str:
    """Returns the page with everything in its place."""
    kind = model.kind.replace("-", "_")
    engine = scoped([*map(part, ENGINE), part(f"{kind}.js"), part("load.js")])
    view = scoped([part("view.js"), part(f"{kind}_view.js")], name="page")
    style = part("page.css")
    size = sum(math.prod(shape) for shape in model.config.weight_shapes().values())
    places = {
        "policy": policy([engine, view], style),
        "name": html.escape(content["name"]),
        "purpose": html.escape(PURPOSES[model.kind]),
        "facts": html.escape(f"{size:,} weights as {content['weightFormat']}"),
        "style": style,
        "body": part(f"{kind}.html"),
        "model": as_script(content),
        "weights": weights,
        "engine": engine,
        "view": view,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: places[found[1]], part("page.html"))


def part(name: str) -> str:
    """Returns a part of pages."""
    return (PARTS / name).read_text(encoding="utf-8")


def scoped(scripts: list[str], name: str = "textrnn") -> str:
    """Returns scripts as one, whose only global name is `name`: what the last of them returns."""
    return f'const {name} = (() => {{\n"use strict";\n{"".join(scripts)}}})();\n'


def policy(scripts: list[str], style: str) -> str:
    """Returns a content security policy under which nothing runs but these scripts, and nothing is loaded."""
    hashes = " ".join(map(hash_of, scripts))
    return (
        f"default-src 'none'; script-src {hashes}; style-src {hash_of(style)}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def hash_of(text: str) -> str:
    """Returns how a content security policy names a script or a style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def as_script(content: dict[str, Any]) -> str:
    """Returns JSON that no text in it can end a script element with."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
