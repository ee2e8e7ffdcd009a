"""A process in which TensorFlow is imported and has not begun to work; each piece of code runs in a fork of it.

What TensorFlow takes once in a process, such as its threads, can be tried again in each, and the seconds of its import
are paid once. Where systems know no forks, each piece of code has a process of its own.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

ROOT = pathlib.Path(__file__).parent.parent


class Forks:
    """Runs code in forks of one process; a context that ends it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.forks"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        self.process = subprocess.Popen(command, cwd=ROOT, **pipes) if hasattr(os, "fork") else None

    def run(self, code: str, *arguments: str, **variables: str | None) -> "subprocess.CompletedProcess[str]":
        """Runs code in a fork; returns its status and what it printed.

        Args:
            code: Python.
            arguments: What `sys.argv` holds after its first entry.
            variables: What the environment has more than that of the tests; None stands for what it has not.
        """
        (result,) = self.run_together(code, arguments, [variables])
        return result

    def run_together(
        self, code: str, arguments: Sequence[str], variables: Sequence[Mapping[str, str | None]]
    ) -> "list[subprocess.CompletedProcess[str]]":
        """Runs code in as many forks at once as there are `variables`; see `run`."""
        asked = [
            {"code": code, "arguments": list(arguments), "environment": environment_with(one)} for one in variables
        ]
        if self.process is None:
            with ThreadPoolExecutor(len(asked)) as pool:
                return list(pool.map(lambda one: run_anew(**one), asked))
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answers = json.loads(self.process.stdout.readline())
        return [subprocess.CompletedProcess(arguments, **answer) for answer in answers]

    def __enter__(self) -> "Forks":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.communicate()


def environment_with(variables: Mapping[str, str | None]) -> dict[str, str]:
    """Returns the environment of this process with other variables, and without those that are None."""
    return {name: value for name, value in {**os.environ, **variables}.items() if value is not None}


def run_anew(code: str, arguments: list[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Runs code in a new process."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def run_here(code: str, arguments: list[str], environment: dict[str, str]) -> int:
    """Runs code in this process, which is to end after it; returns the status."""
    sys.argv[1:] = arguments
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
    try:
        exec(compile(code, "<fork>", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


class Fork:
    """A fork that runs code, and what it prints.

    Args:
        asked: What `run_here` is to be given.
    """

    def __init__(self, asked: dict[str, Any]) -> None:
        self.printed = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115 (read when the fork has ended)
        self.process = os.fork()
        if self.process == 0:
            status = 99
            with contextlib.suppress(BaseException), open(os.devnull, "rb") as nothing:
                for number, file in enumerate((nothing, *self.printed)):
                    os.dup2(file.fileno(), number)
                status = run_here(**asked)
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def answer(self) -> dict[str, Any]:
        """Waits for the end; returns it and what was printed."""
        status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        texts = []
        for file in self.printed:
            with file:
                file.seek(0)
                texts.append(file.read().decode("utf-8", "replace"))
        return {"returncode": status, "stdout": texts[0], "stderr": texts[1]}


def main() -> None:
    """Answers each line of standard input with one of standard output."""
    import textrnn.training  # noqa: F401 (TensorFlow, which begins to work only when it is asked to)

    for line in sys.stdin:
        forks = [Fork(asked) for asked in json.loads(line)]
        print(json.dumps([fork.answer() for fork in forks]), flush=True)


if __name__ == "__main__":
    main()
