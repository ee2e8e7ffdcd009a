"""What other systems do, with their calls replaced."""

import ast
import atexit
import io
import os
import signal
import sys
import weakref

import numpy as np
import portalocker
import pytest

from tests.conftest import ROOT
from textrnn import TextrnnError, commands, storage, systems
from textrnn.preprocessing import downloads, spools
from textrnn.preprocessing.encoding import mapped
from textrnn.tasks import run
from textrnn.training.signals import PostponedSignals


class InUseError(PermissionError):
    """What Windows raises where another program has a file open."""

    winerror = 32
    strerror = "The process cannot access the file because it is being used by another process"


def refusing(call, times, error=InUseError):
    """Returns a call that fails so many times before it is made."""
    left = [times]

    def made(*arguments, **options):
        if left[0] > 0:
            left[0] -= 1
            raise error
        return call(*arguments, **options)

    return made


# Renaming over a file that is open


def test_a_file_is_replaced_as_soon_as_a_scanner_lets_go_of_it(tmp_path, monkeypatch):
    (tmp_path / "old").write_text("old")
    monkeypatch.setattr(os, "replace", refusing(os.replace, 3))
    storage.write_atomically(tmp_path / "old", b"new")
    assert (tmp_path / "old").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_file_that_stays_open_is_an_error_in_time_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(systems, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(os, "replace", refusing(os.replace, 10**6))
    with pytest.raises(InUseError):
        storage.write_atomically(tmp_path / "file", b"new")
    assert list(tmp_path.iterdir()) == []


def test_no_permission_is_an_error_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(systems, "PATIENCE_SECONDS", 60.0)
    monkeypatch.setattr(os, "replace", refusing(os.replace, 1, PermissionError))
    with pytest.raises(PermissionError):
        systems.replace(tmp_path / "a", tmp_path / "b")


def test_a_model_in_use_says_so_and_stays(trained, tmp_path, monkeypatch):
    model, _, _ = trained
    model.save(tmp_path / "model")
    before = (tmp_path / "model" / "manifest.json").read_bytes()
    monkeypatch.setattr(systems, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(os, "replace", refusing(os.replace, 10**6))
    with pytest.raises(TextrnnError, match=r"used by another process. The model that was there is unchanged"):
        model.save(tmp_path / "model", weight_format="int8")
    assert (tmp_path / "model" / "manifest.json").read_bytes() == before


def test_a_model_whose_files_are_open_is_the_new_one_as_soon_as_its_manifest_is(trained, tmp_path, monkeypatch):
    """Readers take NAME.next where the manifest means that; the next save renames what is left."""
    model, _, _ = trained
    model.save(tmp_path / "model")
    replace = os.replace

    def replace_but_weights(source, target):
        if str(target).endswith("weights.safetensors"):
            raise InUseError
        replace(source, target)

    monkeypatch.setattr(systems, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(os, "replace", replace_but_weights)
    model.save(tmp_path / "model", weight_format="float16")
    assert (tmp_path / "model" / "weights.safetensors.next").exists()
    type(model).load(tmp_path / "model")
    monkeypatch.setattr(os, "replace", replace)
    model.save(tmp_path / "model", weight_format="float16")
    assert not (tmp_path / "model" / "weights.safetensors.next").exists()


def test_a_download_waits_for_a_scanner_too(tmp_path, monkeypatch):
    archive = io.BytesIO()
    with downloads.zipfile.ZipFile(archive, "w") as files:
        files.writestr("spa.txt", "Hello.\tHola.\n")
    monkeypatch.setattr(os, "replace", refusing(os.replace, 2))
    downloads.write_checked_pairs(archive.getvalue(), "spa.txt", tmp_path / "pairs.tsv", "https://example.org")
    assert (tmp_path / "pairs.tsv").read_text() == "Hello.\tHola.\n"


# Deleting files that are open or mapped


@pytest.fixture
def held(monkeypatch):
    """Keeps files from being deleted as Windows does, until it is emptied."""
    holders = [object()]
    unlink = os.unlink

    def refuse(path, *arguments, **options):
        if holders:
            raise InUseError
        unlink(path, *arguments, **options)

    monkeypatch.setattr(os, "unlink", refuse)
    return holders


@pytest.fixture
def at_exit(monkeypatch):
    """Returns what is to be removed when the process ends."""
    paths = []
    monkeypatch.setattr(
        atexit, "register", lambda function, *paths_: paths.extend(paths_ if function is systems.is_removed else ())
    )
    return paths


def test_a_directory_with_a_mapped_file_goes_when_the_process_ends(tmp_path, held, at_exit, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with systems.temporary_directory() as directory:
        np.arange(5, dtype=np.int32).tofile(directory / "text.tokens")
        array = mapped(directory / "text.tokens", np.dtype(np.int32))
    assert array.tolist() == [0, 1, 2, 3, 4]
    held.clear()
    assert [systems.is_removed(path) for path in at_exit] == [True]
    assert list(tmp_path.iterdir()) == []


def test_an_array_that_only_waits_to_be_collected_holds_nothing(tmp_path, held, at_exit):
    (tmp_path / "spool").write_text("")

    class Circle:
        """Something that the garbage collector alone finds."""

    circle = Circle()
    circle.itself = circle
    weakref.finalize(circle, held.clear)
    del circle
    systems.remove(tmp_path / "spool")
    assert not (tmp_path / "spool").exists()
    assert not at_exit


def test_a_spooled_file_that_is_still_open_disturbs_nothing(held, at_exit, recwarn):
    path = spools.spooled_items(["one", "two"])
    spools.remove(str(path), os.getpid())
    assert at_exit == [path]
    held.clear()


# Locks


def test_a_lock_that_cannot_be_read_still_says_that_another_run_is_writing(tmp_path, monkeypatch):
    """On Windows nobody reads what another process has locked."""

    class Locked(io.StringIO):
        read = refusing(io.StringIO.read, 10**6)

    monkeypatch.setattr(run, "open", lambda *arguments, **options: Locked(), raising=False)
    monkeypatch.setattr(portalocker, "lock", refusing(None, 1, portalocker.AlreadyLocked(InUseError())))
    with pytest.raises(TextrnnError, match="another training run is writing here. Wait for it to end"):
        run.lock(tmp_path)


def test_where_there_are_no_locks_a_run_does_without(tmp_path, monkeypatch):
    error = portalocker.LockException(OSError(95, "Operation not supported"))
    monkeypatch.setattr(portalocker, "lock", refusing(None, 1, error))
    with run.lock(tmp_path) as file:
        assert not file.closed


# Signals


def test_a_system_without_sigterm_has_none(monkeypatch):
    assert signal.SIGTERM in systems.ENDING_SIGNALS
    for module in (commands, sys.modules["textrnn.training.signals"]):
        monkeypatch.setattr(module, "ENDING_SIGNALS", ())
    monkeypatch.delattr(signal, "SIGTERM")
    assert commands.run(lambda arguments: None) == 0
    with PostponedSignals() as postponed:
        assert set(postponed.handlers) <= {signal.SIGINT}


def test_ctrl_break_ends_a_command_as_sigterm_does(monkeypatch):
    monkeypatch.setattr(commands, "ENDING_SIGNALS", (signal.SIGUSR1,))  # in the place of SIGBREAK
    before = signal.getsignal(signal.SIGUSR1)
    assert commands.run(lambda arguments: signal.raise_signal(signal.SIGUSR1)) == 143
    signal.signal(signal.SIGUSR1, before)


# Code pages


@pytest.mark.parametrize(("is_terminal", "encoding"), [(True, "cp437"), (False, "utf-8")])
def test_a_console_keeps_its_code_page_and_a_pipe_on_windows_gets_utf8(monkeypatch, is_terminal, encoding, capsys):
    stream = io.TextIOWrapper(io.BytesIO(), "cp437", newline="\n")
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal, raising=False)
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        commands.accept_any_text(stream)
    stream.write("¿Dónde? 猫\n")
    stream.flush()
    assert stream.buffer.getvalue() == "¿Dónde? 猫\n".encode(encoding, "replace")
    assert ("cp437, which has no U+732B" in capsys.readouterr().err) == is_terminal


# Encodings


def without_encoding(tree):
    """Yields the lines of calls that read or write text in whatever encoding the system has."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or any(keyword.arg == "encoding" for keyword in node.keywords):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        options = {keyword.arg: getattr(keyword.value, "value", None) for keyword in node.keywords}
        is_method = isinstance(node.func, ast.Attribute)
        mode = options.get("mode", next((getattr(a, "value", "") for a in node.args[0 if is_method else 1 :]), "r"))
        if (
            name in ("read_text", "write_text")
            or (name in ("open", "fdopen") and not is_method and "b" not in str(mode))
            or (name in ("TemporaryFile", "NamedTemporaryFile") and node.args and "b" not in str(mode))
            or options.get("text")
            or options.get("universal_newlines")
        ):
            yield node.lineno


@pytest.mark.parametrize(
    "path",
    sorted(path for room in ("textrnn", "benchmarks", "docs") for path in (ROOT / room).rglob("*.py")),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_text_is_read_and_written_in_a_named_encoding(path):
    assert list(without_encoding(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("open(path)", True),
        ("open(path, 'w')", True),
        ("open(path, mode='a+')", True),
        ("path.read_text()", True),
        ("path.write_text(text)", True),
        ("subprocess.run(command, text=True)", True),
        ("tempfile.TemporaryFile('w+')", True),
        ("open(path, 'rb')", False),
        ("open(path, encoding='utf-8')", False),
        ("os.open(path, flags)", False),
        ("archive.open(name)", False),
        ("tempfile.TemporaryFile(dir=path)", False),
        ("subprocess.run(command, encoding='utf-8')", False),
    ],
)
def test_the_check_can_fail(code, found):
    assert bool(list(without_encoding(ast.parse(code)))) == found
