"""Who works on many things: this process alone, several processes of one thread each, or a Ray cluster."""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

from textrnn.config.cluster import RAY_VARIABLE
from textrnn.errors import check_range

__all__ = ["MAX_ATTEMPTS", "Crew", "check_jobs", "crew"]

MAX_JOBS = 1024
MAX_ATTEMPTS = 3  # to work on a thing at which processes end

Item = TypeVar("Item")
Result = TypeVar("Result")


class Crew(Generic[Item, Result]):
    """Works on items in this process; as a context.

    Args:
        work: What is called with each item.
        take: Called with each result.
    """

    def __init__(self, work: Callable[[Item], Result], take: Callable[[Result], None]) -> None:
        self.work = work
        self.take = take

    def __enter__(self) -> "Crew[Item, Result]":
        return self

    def __exit__(self, kind: type[BaseException] | None, *others: object) -> None:
        pass

    def put(self, item: Item) -> None:
        """Gives the crew something to do."""
        self.take(self.work(item))


def crew(
    make: Callable[[], Callable[[Item], Result]], take: Callable[[Result], None], jobs: int = 1
) -> Crew[Item, Result]:
    """Returns what works on items in so many processes: of this computer, or of the Ray cluster that is named.

    Args:
        make: Makes what is called with each item; called once in each process, and first in this one, so that what is
            wrong is known before anything is read or written. A function of a module, or a `functools.partial` of one.
        take: Called in this process with each result, in the order of the items.
        jobs: How many processes; 1 is this one alone.

    Raises:
        TextrnnError: If `jobs` is impossible, or `make` raises it.
    """
    check_jobs(jobs)
    work = make()
    if jobs == 1:
        return Crew(work, take)
    if os.environ.get(RAY_VARIABLE):
        from textrnn.jobs.ray_jobs import RayJobs

        return RayJobs(make, take, jobs)
    from textrnn.jobs.processes import Processes

    return Processes(make, take, jobs)


def check_jobs(jobs: int) -> None:
    """Raises `TextrnnError` unless this is a number of processes."""
    check_range("jobs", jobs, 1, MAX_JOBS, whole=True)
