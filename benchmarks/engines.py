"""A language model in every engine beside NumPy: size, milliseconds of a step, and how far the logits lie apart.

    python -m benchmarks.engines [MODEL]

Each form of `textrnn export` is written, and reads the same tokens one by one, in one thread, with its states carried
on.
"""

import os
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import textrnn
from textrnn.exporting import FORMATS, export

TEXT = "\nThe door opened, and the keeper of the lighthouse came in with the lamp in his hand."
Step = Callable[[int], np.ndarray]


def numpy_step(model: Any) -> Step:
    """Returns a function that reads a token and returns logits."""
    states = model.network.initial_states(1)

    def step(token: int) -> np.ndarray:
        nonlocal states
        logits, states = model.network(np.array([[token]]), states)
        return np.asarray(logits[0, 0])

    return step


def stateful(run: Callable[[dict[str, Any]], dict[str, Any]], states: dict[str, Any]) -> Step:
    """Returns the same of an engine that is given inputs by name and returns outputs by name."""

    def step(token: int) -> np.ndarray:
        found = run({"token_ids": np.array([[token]], np.int32), **states})
        states.update({name: found[f"next_{name}"] for name in states})
        return np.asarray(found["logits"])[0, 0]

    return step


def onnx_step(path: pathlib.Path, states: dict[str, Any]) -> Step:
    """Returns a step in ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    names = [output.name for output in session.get_outputs()]
    return stateful(lambda inputs: dict(zip(names, session.run(names, inputs), strict=True)), states)


def litert_step(path: pathlib.Path, states: dict[str, Any]) -> Step:
    """Returns a step in LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(str(path), num_threads=1).get_signature_runner("step")
    return stateful(lambda inputs: run(**inputs), states)


def savedmodel_step(path: pathlib.Path, states: dict[str, Any]) -> Step:
    """Returns a step in TensorFlow."""
    from textrnn.training import tf

    loaded = tf.saved_model.load(path)
    run = loaded.signatures["step"]
    step = stateful(lambda inputs: run(**{name: tf.constant(array) for name, array in inputs.items()}), states)
    step.loaded = loaded  # type: ignore[attr-defined]  # else its variables go
    return step


def measured(step: Step, token_ids: np.ndarray) -> tuple[np.ndarray, float]:
    """Returns the logits after each token, and the median of the milliseconds that one took."""
    logits, times = [], []
    for token in token_ids:
        start = time.perf_counter()
        logits.append(step(int(token)))
        times.append(1000 * (time.perf_counter() - start))
    return np.stack(logits), statistics.median(times)


def main(name: str = "shakespeare") -> None:
    """Prints a row for each engine and weight format."""
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    model = textrnn.LanguageModel.load(name)
    token_ids = model.tokenizer.encode(TEXT)
    wanted, milliseconds = measured(numpy_step(model), token_ids)
    print("| form | weights | MB | ms per step | greatest difference of a logit | most probable tokens that differ |")
    print("| --- | --- | --- | --- | --- | --- |")
    print(f"| NumPy | | | {milliseconds:.2f} | | |")
    steps = {"onnx": onnx_step, "savedmodel": savedmodel_step, "litert": litert_step}
    for form in FORMATS.values():
        for weight_format in form.weight_formats if form.name in steps else ():
            with tempfile.TemporaryDirectory() as place:
                path = pathlib.Path(place) / f"model{form.ending}"
                export(model, path, weight_format)
                size = sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file()) / 1e6
                states = {
                    f"state_{layer}_{letter}": state
                    for layer, row in enumerate(model.network.initial_states(1))
                    for letter, state in zip("hc", row, strict=False)
                }
                found, milliseconds = measured(steps[form.name](path, states), token_ids)
            apart = np.abs(found - wanted).max()
            others = int((found.argmax(axis=1) != wanted.argmax(axis=1)).sum())
            row = f"{size:.2f} | {milliseconds:.2f} | {apart:.1e} | {others} of {len(token_ids)}"
            print(f"| {form.ending} | {weight_format} | {row} |")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
