"""What comes with TensorFlow and is not wanted: lines in its log, and packages that take a second to import."""

import importlib
import importlib.machinery
import logging
import sys

import pytest

from textrnn.training import is_a_command, is_worth_saying, left_out


def test_that_another_training_compiles_its_steps_is_no_news():
    def record(name):
        text = "5 out of the last 9 calls to <bound method %s> triggered tf.function retracing. Tracing is expensive"
        return logging.makeLogRecord({"msg": text, "args": (name,)})

    assert not is_worth_saying(record("Steps._validate of <textrnn.training.steps.Steps object at 0x7f>"))
    assert is_worth_saying(record("Model.step of <mine.Model object at 0x7f>"))
    assert is_worth_saying(logging.makeLogRecord({"msg": "textrnn.training is slow"}))


@pytest.mark.parametrize(
    ("module", "script", "expected"),
    [
        ("textrnn.train", "/place/textrnn/train.py", True),
        ("textrnn.__main__", "/place/textrnn/__main__.py", True),
        (None, "/place/bin/textrnn", True),
        (None, "textrnn.exe", True),
        (None, "", False),
        (None, "/mine/train.py", False),
        ("ipykernel_launcher", "/place/ipykernel_launcher.py", False),
    ],
)
def test_whose_process_it_is(monkeypatch, module, script, expected):
    main = importlib.util.module_from_spec(importlib.machinery.ModuleSpec(module or "__main__", None))
    main.__spec__ = None if module is None else main.__spec__
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setattr(sys, "argv", [script])
    assert is_a_command() is expected


def test_what_is_left_out_can_be_imported_afterwards(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with left_out(("colorsys", "logging")):
        with pytest.raises(ImportError):
            importlib.import_module("colorsys")
        assert importlib.import_module("logging") is logging  # it was there already
    assert importlib.import_module("colorsys").rgb_to_hsv(1, 1, 1) == (0, 0, 1)
