"""Works on many things side by side, in processes of one thread each; what comes of them is handed on in order.

The engine is `concurrent.futures.ProcessPoolExecutor`, with one process to an executor: where one dies, killed or for
want of memory, it is known on what it worked, and the others go on. No process outlives the one that has started it.
"""

import collections
import contextlib
import dataclasses
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from textrnn.errors import TextrnnError
from textrnn.inference.threads import stay_on_one_thread
from textrnn.jobs.crews import MAX_ATTEMPTS, Crew

__all__ = ["Processes"]

WAITING_PER_JOB = 4  # things for each process that may wait until what comes before them is done: memory stays bounded

Item = TypeVar("Item")
Result = TypeVar("Result")


# In a process of the crew

made: dict[str, Callable[..., Any]] = {}


def begin(make: Callable[[], Callable[[Any], Any]], leash: Connection) -> None:
    """Prepares a process: no Ctrl-C of its own, and an end as soon as the other side of `leash` closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with, args=(leash,), daemon=True).start()
    made["make"] = make


def end_with(leash: Connection) -> None:
    """Waits until the process that holds the other side closes it or is no more, and ends this one at once."""
    with contextlib.suppress(EOFError, OSError):
        leash.recv()
    os._exit(0)


def answered(item: Any) -> Any:
    """Works on an item; the first time, what works on it is made."""
    if "work" not in made:
        made["work"] = made["make"]()
        stay_on_one_thread()  # now that there are libraries which can be told
    return made["work"](item)


# In the process that has the crew


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Lets a Ctrl-C wait, and processes that are started never have one: it is for this process to end them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def script_left_alone() -> Iterator[None]:
    """Keeps processes that are started from running the script that calls, which they would begin by doing.

    It would start processes of its own, unless it had a guard against that. They need nothing of it: what they do is a
    module's. A module that runs as the program (`python -m`) is another matter.
    """
    script = sys.modules["__main__"]
    path = vars(script).pop("__file__", None) if getattr(script, "__spec__", None) is None else None
    try:
        yield
    finally:
        if path is not None:
            vars(script)["__file__"] = path


class Worker:
    """One process.

    Args:
        make: Makes what is called with each item.
    """

    def __init__(self, make: Callable[[], Callable[[Any], Any]]) -> None:
        context = multiprocessing.get_context("spawn")
        there, self.leash = context.Pipe(duplex=False)
        self.executor = ProcessPoolExecutor(1, context, begin, (make, there))

    def submit(self, item: Any) -> "Future[Any]":
        """Starts to work on an item."""
        with interrupts_held_back(), script_left_alone():  # the first time, this starts the process
            return self.executor.submit(answered, item)

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self.leash.close()
        self.executor.shutdown(cancel_futures=True)


@dataclasses.dataclass(eq=False)
class Piece(Generic[Item]):
    """An item, and how far it has come.

    Args:
        item: The item.
        worker: Who works on it.
        future: What comes of it.
        num_deaths: How many processes have ended at it.
        is_done: Whether it can be handed on.
    """

    item: Item
    worker: Worker
    future: "Future[Any]"
    num_deaths: int = 0
    is_done: bool = False

    def result(self) -> Any:
        """Returns the result, or raises what has come instead of one."""
        if self.num_deaths < MAX_ATTEMPTS:
            return self.future.result()
        raise TextrnnError(
            f"{self.item}: {MAX_ATTEMPTS} processes have ended while they worked on these, killed or for want of "
            "memory. All before them is done. Look at these lines, or take fewer --jobs."
        )


class Processes(Crew[Item, Result]):
    """Works on items in several processes.

    A process that dies is replaced, and what it worked on is begun again; what ends three of them is an error. It is
    raised, like one that the work itself raises, when its turn comes: all results before it have been handed on.

    Args:
        make: See `crew`.
        take: See `crew`.
        jobs: See `crew`.
    """

    def __init__(self, make: Callable[[], Callable[[Item], Result]], take: Callable[[Result], None], jobs: int) -> None:
        self.make = make
        self.take = take
        self.workers = [Worker(make) for _ in range(jobs)]
        self.pieces: collections.deque[Piece[Item]] = collections.deque()  # in order, not handed on yet
        self.is_ended = False

    def __exit__(self, kind: type[BaseException] | None, *others: object) -> None:
        """Waits for what is still to come, unless that has failed or somebody is in a hurry; ends the processes."""
        try:
            if kind is None or (issubclass(kind, TextrnnError) and not self.is_ended):
                while self.pieces:
                    self._advance()
        finally:
            for worker in self.workers:
                worker.end()

    def put(self, item: Item) -> None:
        while (worker := self._idle()) is None:
            self._advance()
        self.pieces.append(Piece(item, worker, worker.submit(item)))

    def _idle(self) -> Worker | None:
        """Returns a process with nothing to do, if there is one and not too much waits for what comes before it."""
        if len(self.pieces) >= WAITING_PER_JOB * len(self.workers):
            return None
        busy = {piece.worker for piece in self.pieces if not piece.is_done}
        return next((worker for worker in self.workers if worker not in busy), None)

    def _advance(self) -> None:
        """Waits until something is done, and hands on what has its turn."""
        running = {piece.future: piece for piece in self.pieces if not piece.is_done}
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            self._finish(running[future])
        while self.pieces and self.pieces[0].is_done:
            self.is_ended = True  # unless all of this goes well
            self.take(self.pieces.popleft().result())
            self.is_ended = False

    def _finish(self, piece: Piece[Item]) -> None:
        """Notes that something is done; if its process has died, begins it again in another one."""
        if isinstance(piece.future.exception(), (BrokenProcessPool, MemoryError)):
            piece.num_deaths += 1
            piece.worker = self._replaced(piece.worker)
            if piece.num_deaths < MAX_ATTEMPTS:
                piece.future = piece.worker.submit(piece.item)
                return
        piece.is_done = True

    def _replaced(self, worker: Worker) -> Worker:
        """Returns a new process in the place of one."""
        worker.end()
        self.workers[self.workers.index(worker)] = new = Worker(self.make)
        return new
