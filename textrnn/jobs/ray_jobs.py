"""Works on many things on a Ray cluster: Ray Data starts the processes and tries again what is lost."""

import logging
import uuid
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.inference.threads import stay_on_one_thread
from textrnn.jobs.crews import MAX_ATTEMPTS, Crew

__all__ = ["RayJobs"]

ITEMS_PER_JOB = 64  # that are sent together

Item = TypeVar("Item")
Result = TypeVar("Result")


class RayJobs(Crew[Item, Result]):
    """Works on items in several processes of the cluster that `RAY_ADDRESS` names.

    Args:
        make: See `crew`; the machines of the cluster have the same textrnn, and see the models that it loads.
        take: See `crew`.
        jobs: How many processes, of one core each.
    """

    def __init__(self, make: Callable[[], Callable[[Item], Result]], take: Callable[[Result], None], jobs: int) -> None:
        import ray

        if not ray.is_initialized():
            ray.init(log_to_driver=False, logging_level="error")
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        self.make = make
        self.take = take
        self.jobs = jobs
        self.items: list[Item] = []
        self.name = uuid.uuid4().hex

    def __exit__(self, kind: type[BaseException] | None, *others: object) -> None:
        if kind is None or issubclass(kind, TextrnnError):
            self._work()

    def put(self, item: Item) -> None:
        self.items.append(item)
        if len(self.items) >= ITEMS_PER_JOB * self.jobs:
            self._work()

    def _work(self) -> None:
        """Works on the items that wait, and hands on the results in their order as they come."""
        from ray.exceptions import RayError

        items, self.items = self.items, []
        if not items:
            return
        waiting: dict[int, Any] = {}
        num_taken = 0
        try:
            for row in self._data(items).iter_rows():
                waiting[row["number"]] = row["result"]
                while num_taken in waiting:
                    self.take(checked(waiting.pop(num_taken)))
                    num_taken += 1
        except RayError as error:
            reason = str(error).strip().splitlines()[-1].rstrip(".")
            raise TextrnnError(
                f"{items[num_taken]}: the Ray cluster has failed with these, or with what comes after them: {reason}. "
                "All before them is done."
            ) from error

    def _data(self, items: list[Item]) -> Any:
        """Returns the results of items as a dataset that is computed as it is read."""
        import ray

        ray.data.DataContext.get_current().enable_progress_bars = False
        rows = [{"number": number, "item": item} for number, item in enumerate(items)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of `ray_remote_args_fn`, until there is another way
            return ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
                answered,
                fn_args=(self.make, self.name),
                batch_size=1,
                compute=ray.data.TaskPoolStrategy(size=min(self.jobs, len(items))),
                num_cpus=1,
                ray_remote_args_fn=attempts,
            )


def attempts() -> dict[str, Any]:
    """Returns how often Ray begins work again at which a process has ended; without it, for ever."""
    return {"max_retries": MAX_ATTEMPTS - 1}


# In a process of the cluster

made: dict[str, Callable[[Any], Any]] = {}


def answered(
    batch: dict[str, np.ndarray], make: Callable[[], Callable[[Any], Any]], name: str
) -> dict[str, np.ndarray]:
    """Works on one item; an error in it is a result, for its turn to come.

    Args:
        batch: The item, and its number.
        make: Makes what works on it, the first time that this process is asked for it.
        name: What that is called here.
    """
    result = np.empty(1, dtype=object)
    try:
        if name not in made:
            made[name] = make()
            stay_on_one_thread()
        result[0] = made[name](batch["item"][0])
    except TextrnnError as error:
        result[0] = error
    return {"number": batch["number"], "result": result}


def checked(result: Any) -> Any:
    """Returns a result, or raises it if it is an error."""
    if isinstance(result, TextrnnError):
        raise result
    return result
