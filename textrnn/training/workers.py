"""Several processes that train one network: each takes its rows of the same batches, and sums pass between them.

Every worker holds all weights, makes the same batches, and moves its weights by the same summed gradients, so nothing
but sums has to agree. The first worker writes.
"""

import contextlib
import functools
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from textrnn.config.cluster import WORKER_LOST, Cluster
from textrnn.errors import TextrnnError

__all__ = ["Workers"]

# Between the dropout seeds of neighbours: 2**32 divided by the golden ratio, so that no two of them are near.
SEED_DISTANCE = 2654435769
LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError, tf.errors.CancelledError)


class Workers:
    """The processes that train together, as one of them sees it; a process by itself by default.

    Args:
        cluster: Which processes there are. With more than one, this is to be made before TensorFlow begins to work,
            and returns when all have been reached.
    """

    def __init__(self, cluster: Cluster | None = None) -> None:
        cluster = cluster or Cluster(("",), 0)
        self.rank, self.size, self.is_first = cluster.rank, cluster.size, cluster.is_first
        self._told = (False, False)
        self._heard = (False, False)
        if self.are_several:
            self._strategy = joined_strategy(cluster)
            self._totals: dict[Any, Any] = {}  # compiled sums, by the dtypes and shapes of what they add

    @property
    def are_several(self) -> bool:
        """Whether there is more than one."""
        return self.size > 1

    # Rows

    def _rows_of(self, num_rows: int) -> slice:
        return slice(self.rank * num_rows // self.size, (self.rank + 1) * num_rows // self.size)

    def share(self, rows: Any) -> tuple[Any, float]:
        """Returns of each array of a structure the rows that this worker computes, and what they count.

        Where there are fewer rows than workers, some have none: they compute the first row, which counts 0.
        """
        if not self.are_several:
            return rows, 1.0
        num_rows = len(tf.nest.flatten(rows)[0])
        own, weight = self._rows_of(num_rows), 1.0
        if own.start == own.stop:
            own, weight = slice(0, 1), 0.0
        return tf.nest.map_structure(lambda array: array[own], rows), weight

    def gathered(self, rows: Sequence[Any], num_rows: int) -> list[np.ndarray]:
        """Returns arrays of which every worker holds its own rows, with the rows of all of them.

        Args:
            rows: float32 tensors, each of shape `(own_rows, ...)`.
            num_rows: The rows that all have together.
        """
        if not self.are_several:
            return [np.asarray(array) for array in rows]
        whole = []
        for array in map(np.asarray, rows):
            places = self._rows_of(num_rows)
            whole.append(np.zeros((num_rows, *array.shape[1:]), array.dtype))
            whole[-1][places] = array[: places.stop - places.start]
        return [array.numpy() for array in self._exchanged([tf.constant(array) for array in whole])]

    # Sums

    def summed(self, tensors: Sequence[Any]) -> list[Any]:
        """Returns the sum of each tensor over all workers; what was told with `tell` goes along."""
        if not self.are_several:
            return list(tensors)
        notices = tf.constant([float(notice) for notice in self._told])
        notices, *sums = self._exchanged([notices, *tensors])
        self._heard = (bool(notices[0] > 0), bool(notices[1] > 0))
        return sums

    def _exchanged(self, tensors: Sequence[Any]) -> list[Any]:
        signature = tuple((tensor.dtype, tuple(tensor.shape)) for tensor in tensors)
        if signature not in self._totals:
            self._totals[signature] = tf.function(self._summed_by_strategy, autograph=False)
        with other_workers_lost():
            return list(self._totals[signature](tuple(tensors))) if tensors else []

    def _summed_by_strategy(self, tensors: tuple[Any, ...]) -> Any:
        def inside(*tensors: Any) -> Any:
            context = tf.distribute.get_replica_context()
            # Without copies the strategy finds no device to sum on.
            return context.all_reduce(tf.distribute.ReduceOp.SUM, [tf.identity(tensor) for tensor in tensors])

        return self._strategy.run(inside, args=tensors)

    def summed_numbers(self, *numbers: float) -> list[float]:
        """Returns the sum of each number over all workers, in double precision."""
        if not self.are_several:
            return list(numbers)
        return [float(number) for number in self._exchanged([tf.constant(numbers, tf.float64)])[0]]

    def of_the_first(self, number: float) -> float:
        """Returns the number that the first worker has: what a clock says is different for each."""
        return self.summed_numbers(number if self.is_first else 0.0)[0]

    # What all must know at the same step

    def tell(self, is_interrupted: bool, is_stopped: bool) -> None:
        """Has the others know with the next sums that this worker was interrupted, or that a callback stops it."""
        self._told = (is_interrupted, is_stopped)

    def any_interrupted(self, own: bool) -> bool:
        """Returns whether any worker had been interrupted at the last sums; of one by itself, whether it is now."""
        return self._heard[0] if self.are_several else own

    def any_stopped(self, own: bool) -> bool:
        """Returns whether a callback had stopped any worker at the last sums; of one by itself, whether it has now."""
        return self._heard[1] if self.are_several else own

    # What is equal on all

    def align(self, variables: Iterable[Any]) -> None:
        """Gives every worker the floats of the first one: processors of another make round in another way."""
        if not self.are_several:
            return
        floats = [variable for variable in variables if tf.as_dtype(variable.dtype) == tf.float32]
        values = [tf.convert_to_tensor(variable) for variable in floats]
        values = self._exchanged(values if self.is_first else [tf.zeros_like(value) for value in values])
        for variable, value in zip(floats, values, strict=True):
            variable.assign(value)

    def check_same(self, text: str) -> None:
        """Raises unless all workers have the same text, which says what is trained, and on what.

        Raises:
            TextrnnError: If this worker has another text than the first one.
        """
        if not self.are_several:
            return
        own = float(zlib.crc32(text.encode()))
        others = self.summed_numbers(*(own if rank == self.rank else 0.0 for rank in range(self.size)))
        different = [str(rank) for rank, number in enumerate(others) if number != others[0]]
        if different:
            raise TextrnnError(
                f"Worker {', '.join(different)} of {self.size} has other data, options or versions of packages than "
                "worker 0. All need the same files and the same command."
            )

    def shifted(self, seed: np.ndarray) -> np.ndarray:
        """Returns the state of a dropout seed for this worker, from that of the first one.

        Args:
            seed: Shape `(2,)`, uint32: the seed itself, and how often it has been drawn from.
        """
        return seed + np.array([self.rank * SEED_DISTANCE % 2**32, 0], np.uint32)


@functools.cache
def joined_strategy(cluster: Cluster) -> Any:
    """Returns what sums over the workers of a cluster; it is made once in a process, before TensorFlow works."""
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=tf.distribute.experimental.CommunicationImplementation.RING
    )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    except RuntimeError as error:
        raise TextrnnError(
            "TensorFlow was at work before the workers were joined. Let `fit` come first in each process."
        ) from error
    except tf.errors.OpError as error:
        raise TextrnnError(
            f"Worker {cluster.rank} of {cluster.size}, at {cluster.addresses[cluster.rank]}, cannot be joined to the "
            f"others: {error.message.partition(chr(10))[0]}. Its port may be taken, or another worker may not be "
            "there: see TF_CONFIG."
        ) from error


@contextlib.contextmanager
def other_workers_lost() -> Iterator[None]:
    """Says in a sentence that another worker is gone."""
    try:
        yield
    except (
        tf.errors.UnavailableError,
        tf.errors.AbortedError,
        tf.errors.InternalError,
        tf.errors.CancelledError,
    ) as error:
        raise TextrnnError(WORKER_LOST) from error
