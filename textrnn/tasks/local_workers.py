"""Trains with several processes on this computer: starts them, watches them, and ends them together."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import IO, Any

from textrnn.config.cluster import CLUSTER_VARIABLE, Cluster
from textrnn.errors import TextrnnError

__all__ = ["LocalWorkers", "end_with_launcher"]

LAUNCHED = "TEXTRNN_LAUNCHED"  # set for workers, whose standard input is open for as long as their launcher lives
SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_TO_END = 5.0  # for the others when one has failed: a sum that waits for a dead process hears no signal
MOST_LINES = 3  # of what a worker other than the first has said, when it fails


class LocalWorkers:
    """Processes on this computer that run one command together, each with its share of the cores.

    Args:
        command: The command, without its interpreter: `["-m", "textrnn.train", ...]`.
        size: How many processes.
        num_cores: The cores that they share.
    """

    def __init__(self, command: Sequence[str], size: int, num_cores: int) -> None:
        if os.environ.get(CLUSTER_VARIABLE):
            raise TextrnnError(f"{CLUSTER_VARIABLE} says already which workers there are. Leave out `--workers`.")
        self.command = command
        self.addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(size))
        threads = str(max(num_cores // size, 1))
        self.threads = {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": "2", "OMP_NUM_THREADS": threads}
        self.processes: list[subprocess.Popen[bytes]] = []
        self.errors: list[IO[bytes]] = []
        self.received: list[int] = []

    def run(self) -> int:
        """Runs the command in all processes; returns the exit code of the first one.

        A signal that this process gets goes on to all of them, which write their checkpoint and end.

        Raises:
            TextrnnError: If a worker has been killed, or has failed where the first one has not.
        """
        numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, self._forward) for number in numbers}
        try:
            for rank in range(len(self.addresses)):
                self.processes.append(self._started(rank))
            codes = self._codes()
        finally:
            for process in self.processes:
                process.kill()
                process.wait()
            for number, handler in before.items():
                signal.signal(number, handler)
        if not self.received:
            self._check(codes)
        return self.processes[0].returncode

    def _started(self, rank: int) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ, **self.threads, **Cluster(self.addresses, rank).to_environment(), LAUNCHED: "1",
        }  # fmt: skip
        self.errors.append(tempfile.TemporaryFile())  # noqa: SIM115 (read when the process has ended)
        return subprocess.Popen(
            [sys.executable, *self.command],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if rank else None,
            stderr=self.errors[rank] if rank else None,
            start_new_session=True,  # so that Ctrl-C reaches them once: from here
        )

    def _forward(self, number: int, frame: Any) -> None:
        self.received.append(number)
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(number)

    def _codes(self) -> list[int | None]:
        """Returns the exit codes when all processes have ended, or a while after one has failed; None of those left."""
        deadline = float("inf")
        while True:
            codes = [process.poll() for process in self.processes]
            if None not in codes or time.monotonic() > deadline:
                return codes
            if any(codes):
                deadline = min(deadline, time.monotonic() + SECONDS_TO_END)
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _check(self, codes: Sequence[int | None]) -> None:
        """Raises if a worker was killed, or has failed where the first one, which says why by itself, has not."""
        for rank, code in enumerate(codes):
            if code is not None and code < 0:
                raise TextrnnError(
                    f"Worker {rank} of {len(codes)} was killed by signal {-code}, and the others have ended with it. "
                    "The last checkpoint is whole: `--resume` goes on from there."
                )
        for rank, code in enumerate(codes):
            if code and not codes[0]:
                self.errors[rank].seek(0)
                said = self.errors[rank].read().decode(errors="replace").strip().splitlines()[-MOST_LINES:]
                raise TextrnnError(f"Worker {rank} of {len(codes)} has failed: {' '.join(said)}")


def free_ports(number: int) -> list[int]:
    """Returns ports of this computer that nobody uses."""
    sockets = [socket.socket() for _ in range(number)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def end_with_launcher() -> None:
    """Ends this process, if it is a worker that a command has started, when that command is gone.

    Interrupted as by hand, so that a checkpoint is written.
    """
    if LAUNCHED not in os.environ:
        return

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):  # not through a buffer, whose lock would outlive the interpreter
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
