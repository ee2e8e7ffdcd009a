"""Loads model directories under watch: `python -m tests.reliability.load_hostile HONEST HOSTILE...`.

Prints a line of JSON for each: how it ended, and what an audit hook saw that a model has no business doing. The address
space is limited to what the process has after loading the honest model, and twice what that took.
"""

import json
import pathlib
import resource
import sys

import sentencepiece  # noqa: F401 (else the watch would see it being imported)

from textrnn import TextrnnError, storage

SUSPICIOUS = (
    *("socket", "subprocess", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.putenv", "os.remove"),
    *("os.rename", "os.link", "os.symlink", "os.chmod", "ctypes", "exec", "compile", "import", "pickle", "marshal"),
    *("urllib", "shutil", "tempfile", "webbrowser", "http", "ftplib", "sqlite3", "code.__new__", "function.__new__"),
)


def address_space():
    """Returns the size of this process's address space in bytes."""
    return int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def load(directory):
    kind = "translator" if "translator" in directory.name else "language-model"
    try:
        storage.load_model(directory, kind)
    except TextrnnError as error:
        return f"refused: {error}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "loaded"


def main():
    honest, *hostile = map(pathlib.Path, sys.argv[1:])
    assert load(honest) == "loaded"
    size = sum(path.stat().st_size for path in honest.iterdir())
    limit = address_space() + 2 * 3 * size  # an honest one: the file, its arrays, and what checks them
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    assert load(honest) == "loaded"
    state = {"directory": None, "seen": []}

    def watch(event, arguments):
        if state["directory"] is None:
            return
        if event == "open":
            path = str(arguments[0])
            if not path.startswith(str(state["directory"])):
                state["seen"].append(f"open {path}")
        elif event.startswith(SUSPICIOUS):
            state["seen"].append(f"{event} {str(arguments)[:80]}")

    sys.addaudithook(watch)
    for directory in hostile:
        state["directory"], state["seen"] = directory, []
        result = load(directory)
        state["directory"] = None
        print(json.dumps([directory.name, result, state["seen"]]), flush=True)


if __name__ == "__main__":
    main()
