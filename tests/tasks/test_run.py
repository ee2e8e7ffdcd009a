import contextlib
import signal
import subprocess
import sys

import pytest

from textrnn import Classifier, TextrnnError
from textrnn.config import TrainingConfig
from textrnn.tasks import run
from textrnn.tasks.run import Run, prepared_output, with_fitting_warmup


def make_run(directory):
    return Run(directory, resume=False, overwrite=False, half_precision=False, callbacks=(), progress=None)


def test_two_runs_never_write_one_directory(tmp_path):
    with make_run(tmp_path / "out"):
        with pytest.raises(TextrnnError, match=r"another training run \(process \d+\) is writing here"):
            make_run(tmp_path / "out")
        with make_run(tmp_path / "elsewhere"):
            pass
    with make_run(tmp_path / "out"):
        pass


def test_the_lock_of_a_killed_process_is_gone(tmp_path):
    code = (
        "import sys, time; from textrnn.tasks.run import Run;"
        "run = Run(sys.argv[1], False, False, False, (), None); print('locked', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(TextrnnError, match=rf"\(process {process.pid}\)"):
            make_run(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with make_run(tmp_path):
        pass


def test_a_run_that_fails_before_it_writes_leaves_no_directory(tmp_path):
    def fail(directory, *files):
        with contextlib.suppress(TextrnnError), make_run(directory):
            for name in files:
                (directory / name).write_text("")
            raise TextrnnError("no data")

    fail(tmp_path / "new" / "out")
    assert list(tmp_path.iterdir()) == []
    fail(tmp_path / "out", "history.csv")
    assert (tmp_path / "out" / "history.csv").exists()
    (tmp_path / "mine").mkdir()
    fail(tmp_path / "mine")
    assert (tmp_path / "mine").exists()


def test_an_output_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TextrnnError, match=r"file/out: cannot be written: .*Name another place"):
        prepared_output(tmp_path / "file" / "out", False)
    assert (tmp_path / "file").read_text() == "in the way"


def test_an_earlier_run_is_protected(tmp_path):
    (tmp_path / run.CHECKPOINT).write_text("")
    with pytest.raises(TextrnnError, match=r"holds an earlier run. Pass `resume`"):
        prepared_output(tmp_path, False)
    assert prepared_output(tmp_path, True) == tmp_path


def test_a_history_of_somebody_else_is_left_alone(tmp_path, quiet):
    (tmp_path / "history.csv").write_text("mine")
    with pytest.raises(TextrnnError, match="holds history.csv but no model, and is left alone. Name another place"):
        Classifier().fit([("a film", "good")], output=tmp_path, progress=quiet)
    assert (tmp_path / "history.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("length", "num_batches", "expected"),
    [({"epochs": 60}, 3, 18), ({"epochs": 100}, 50, 200), ({"steps": 300}, 3, 30), ({"minutes": 5.0}, 3, 200)],
)
def test_no_run_ends_inside_a_warmup_that_nobody_asked_for(length, num_batches, expected):
    config = TrainingConfig(warmup_steps=200, **length)
    assert with_fitting_warmup(config, length, num_batches).warmup_steps == expected
    assert with_fitting_warmup(config, {**length, "warmup_steps": 200}, num_batches) is config


def test_a_missing_tensorflow_is_noticed_before_anything_is_read_or_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ModuleNotFoundError, match="pip install tensorflow"):
        make_run(tmp_path / "out")
    assert not (tmp_path / "out").exists()
