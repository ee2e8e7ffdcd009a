"""How many threads NumPy's products have: one, while independent pieces of work run side by side on the other cores.

BLAS cuts each product into as many parts as there are cores and waits for all of them. For the thousands of small
products of a recurrent network that gains little on an idle machine; and where another program holds a core, each wait
lasts until that program is put aside: five to nine times the time, spent waiting at full speed. Sentences, texts and
rows that do not need each other run side by side instead, and wait once.

What is computed does not depend on the number of threads, to the last bit: work is cut up by its size alone.
"""

import contextvars
import functools
import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

from textrnn.cores import num_cores

__all__ = ["on_one_blas_thread", "one_blas_thread", "parts", "side_by_side", "stay_on_one_thread"]

Item = TypeVar("Item")
Result = TypeVar("Result")
P = ParamSpec("P")

MIN_ROWS = 32  # with fewer, reading the weights for each half costs more than the other core gains
MAX_ROWS = 256  # with more, a part gains nothing over two smaller ones


class OneBlasThread:
    """A context in which NumPy's products have one thread; what the process had before comes back afterwards.

    It may be entered again within itself, and by several threads at once: in most libraries the setting belongs to the
    whole process, so the last to leave restores it. Without a library that can be told, as on macOS, it does nothing.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entered = threading.local()  # how often, in this thread
        self.num_threads_inside = 0
        self.kept: list[int] = []

    @functools.cached_property
    def libraries(self) -> list[Any]:
        """The BLAS libraries that are loaded, as `threadpoolctl` controls them."""
        from threadpoolctl import ThreadpoolController  # only here: looking for libraries takes milliseconds

        controllers: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
        return controllers

    def __enter__(self) -> None:
        times = getattr(self.entered, "times", 0)
        if times:
            check_not_abandoned()
        self.entered.times = times + 1
        if times:
            return
        with self.lock:
            if not self.num_threads_inside:
                self.kept = [library.num_threads or 1 for library in self.libraries]
            self.num_threads_inside += 1
            for library in self.libraries:
                set_num_threads(library, 1)

    def __exit__(self, *exception: object) -> None:
        self.entered.times -= 1
        if self.entered.times:
            return
        with self.lock:
            self.num_threads_inside -= 1
            for library, number in zip(self.libraries, self.kept, strict=True):
                if not self.num_threads_inside or belongs_to_thread(library):
                    set_num_threads(library, number)

    def usual_number(self) -> int:
        """Returns how many threads products have outside of this context."""
        with self.lock:
            numbers = self.kept if self.num_threads_inside else [library.num_threads or 1 for library in self.libraries]
        return max(numbers, default=num_cores())


def belongs_to_thread(library: Any) -> bool:
    """Says whether a BLAS library keeps its number of threads for each calling thread, and not for the process."""
    return library.internal_api == "mkl" or getattr(library, "threading_layer", None) == "openmp"


def set_num_threads(library: Any, number: int) -> None:
    """Sets a library's number of threads, whichever thread has set it before."""
    if hasattr(library, "clear_controlling_thread"):  # since threadpoolctl 3.7, which else listens to one thread only
        library.clear_controlling_thread(force=True)
    library.set_num_threads(number)


one_blas_thread = OneBlasThread()


def on_one_blas_thread(function: Callable[P, Result]) -> Callable[P, Result]:
    """Makes a function run within `one_blas_thread`."""

    @functools.wraps(function)
    def limited(*arguments: P.args, **options: P.kwargs) -> Result:
        with one_blas_thread:
            return function(*arguments, **options)

    return limited


class Abandoned(BaseException):
    """Work of which no result is wanted any more, since another part of it has failed."""


failed: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar("failed", default=None)


def check_not_abandoned() -> None:
    """Ends a thread of `side_by_side` after another one has failed: a Ctrl-C waits for a step and not for a book."""
    event = failed.get()
    if event is not None and event.is_set():
        raise Abandoned


def stay_on_one_thread() -> None:
    """Lets the calling thread compute by itself from now on: other processes have the other cores."""
    one_blas_thread.__enter__()
    failed.set(threading.Event())


def parts(num_rows: int, most: int = MAX_ROWS) -> list[slice]:
    """Cuts rows into parts of like size to be computed side by side: an even number of them, or one for few rows.

    >>> parts(33)
    [slice(0, 16, None), slice(16, 33, None)]
    >>> parts(31)
    [slice(0, 31, None)]

    Args:
        num_rows: How many rows there are.
        most: Most rows of a part.
    """
    number = 2 * -(-num_rows // (2 * most)) if num_rows >= MIN_ROWS else 1
    ends = [num_rows * part // number for part in range(number + 1)]
    return [slice(start, end) for start, end in itertools.pairwise(ends)]


def side_by_side(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Returns `[function(item) for item in items]`, computed in as many threads as NumPy's products would have had.

    That is one for each core, unless `OPENBLAS_NUM_THREADS` or `threadpoolctl` say otherwise. Within `function`
    products have one thread, and a further `side_by_side` stays in its own.

    Args:
        function: Called in several threads at once; it gains where NumPy does most of its work.
        items: What to call it with, the longest work first, so that no thread is left alone at the end.

    Raises:
        Exception: The first one that `function` has raised.
    """
    items = list(items)
    num_helpers = 0 if failed.get() is not None else min(len(items), one_blas_thread.usual_number(), num_cores()) - 1
    with one_blas_thread:
        if num_helpers < 1:
            return [function(item) for item in items]
        return Team(function, items).run(num_helpers)


class Team:
    """Threads that take items from one row until there are none; the calling thread is one of them."""

    def __init__(self, function: Callable[[Any], Any], items: list[Any]) -> None:
        self.function = function
        self.results: list[Any] = [None] * len(items)
        self.waiting = iter(enumerate(items))
        self.lock = threading.Lock()
        self.failed = threading.Event()
        self.failures: list[BaseException] = []

    def run(self, num_helpers: int) -> list[Any]:
        """Does the work; returns its results in the order of the items."""
        contexts = [contextvars.copy_context() for _ in range(num_helpers + 1)]
        helpers = [threading.Thread(target=context.run, args=(self.work,)) for context in contexts[1:]]
        for helper in helpers:
            helper.start()
        try:
            contexts[0].run(self.work)
            for helper in helpers:
                helper.join()
        finally:
            self.failed.set()  # of no meaning any more, unless a Ctrl-C came while waiting
        for failure in self.failures:
            raise failure
        return self.results

    def work(self) -> None:
        """Takes items as long as there are any and nothing has failed."""
        failed.set(self.failed)
        try:
            with one_blas_thread:
                while (item := self.next_item()) is not None:
                    self.results[item[0]] = self.function(item[1])
        except Abandoned:
            pass
        except BaseException as failure:
            self.failures.append(failure)
            self.failed.set()

    def next_item(self) -> tuple[int, Any] | None:
        """Returns an item and its place, or None if there is no more to do."""
        with self.lock:
            return None if self.failed.is_set() else next(self.waiting, None)
