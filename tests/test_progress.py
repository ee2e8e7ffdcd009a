import io
import subprocess
import sys
import types

import pytest

from textrnn.progress import Progress, is_notebook


class Terminal(io.StringIO):
    def isatty(self):
        return True


def work(stream, **options):
    progress = Progress(stream, **options)
    progress.start("reading", 4, "lines")
    for _ in range(4):
        progress.advance(1, "loss 1.5")
    progress.message("done")
    progress.finish()
    return stream.getvalue()


def test_plain_lines_where_there_is_no_terminal():
    output = work(io.StringIO(), seconds_between_lines=0.0)
    assert output.splitlines()[-1] == "done"
    assert "reading: 100%" in output
    assert "loss 1.5" in output
    assert "\r" not in output
    assert "\x1b" not in output


def test_a_bar_on_a_terminal():
    assert "reading" in work(Terminal())


def test_quiet():
    assert work(io.StringIO(), quiet=True) == ""


OPEN_BARS = []


class Bar:
    """Stands in for a bar, and is among `OPEN_BARS` until it is closed."""

    def __init__(self, total, desc, **options):
        self.total, self.n, self.desc = total, 0, desc
        OPEN_BARS.append(self)

    def update(self, amount):
        self.n += amount

    def set_postfix_str(self, note, refresh):
        self.note = note

    def close(self):
        self.left = self.total - self.n
        OPEN_BARS.remove(self)


def test_what_was_done_before_counts_for_no_speed(monkeypatch):
    """Ten of a hundred units in five seconds, after fifty: two a second, and twenty seconds for the other forty."""
    now = iter([100.0, 105.0, 105.0])
    monkeypatch.setattr("textrnn.progress.time", types.SimpleNamespace(monotonic=lambda: next(now)))
    progress = Progress(io.StringIO(), seconds_between_lines=1.0)
    progress.start("training", 100, "steps", done=50).advance(10)
    assert progress.stream.getvalue() == "training: 60%, 2.00 steps/s, 0.3 min left\n"


@pytest.fixture
def bars(monkeypatch):
    monkeypatch.setattr("tqdm.tqdm", Bar)
    return OPEN_BARS


def test_no_bar_stays_open(bars):
    progress = Progress(Terminal())
    progress.start("epoch 1", 4, "batches")
    (first,) = bars
    progress.advance(2)
    progress.start("epoch 2", 4, "batches")  # the one before was ended in the middle
    assert [bar.desc for bar in bars] == ["epoch 2"]
    assert first.left == 0  # else a notebook would show it as failed
    progress.finish()
    progress.finish()
    assert bars == []
    with pytest.raises(ValueError, match="x"), progress.start("encoding", 2, "lines"):
        raise ValueError("x")
    progress.start("encoding", 2, "lines")
    with pytest.raises(ValueError, match="x"), progress:
        raise ValueError("x")
    assert bars == []
    progress.message("done")
    assert progress.stream.getvalue() == "done\n"


def shell_of(*apps):
    return types.SimpleNamespace(get_ipython=lambda: types.SimpleNamespace(config=dict.fromkeys(apps)))


def test_a_notebook_is_recognised(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", shell_of("IPKernelApp"))
    assert is_notebook()
    monkeypatch.setitem(sys.modules, "IPython", shell_of("TerminalIPythonApp"))
    assert not is_notebook()
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None))
    assert not is_notebook()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not is_notebook()


@pytest.mark.parametrize("widgets", [True, False])
def test_a_notebook_gets_a_bar_if_it_can_show_one(bars, monkeypatch, widgets):
    monkeypatch.setitem(sys.modules, "IPython", shell_of("IPKernelApp"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: widgets or None)
    monkeypatch.setitem(sys.modules, "tqdm.notebook", types.SimpleNamespace(tqdm=Bar))
    monkeypatch.setattr("sys.stderr", io.StringIO())
    progress = Progress()
    with progress.start("reading", 4, "lines"):
        assert len(bars) == widgets
    with Progress(io.StringIO()).start("reading", 4, "lines"):
        assert bars == []  # somebody's own stream is no notebook


def test_what_starts_fast_imports_no_bar():
    code = (
        "import io, sys; from textrnn.progress import Progress; p = Progress(io.StringIO());"
        "p.start('x', 2, 'y'); p.advance(1); p.finish(); print({'tqdm', 'IPython', 'ipywidgets'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


class Gone(io.StringIO):
    """A stream whose reader has gone, as after `| head -1`."""

    def write(self, text):
        raise BrokenPipeError


def test_work_goes_on_when_nobody_reads_what_is_said():
    progress = Progress(Gone(), seconds_between_lines=0.0)
    with progress.start("reading", 4, "lines"):
        progress.advance(1)
    progress.message("done")
    assert progress.quiet
