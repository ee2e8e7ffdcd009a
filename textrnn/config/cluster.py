"""Which processes train together, as the environment tells each of them."""

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from typing import Any

from textrnn.errors import TextrnnError

__all__ = ["CLUSTER_VARIABLE", "RAY_VARIABLE", "WORKER_LOST", "Cluster"]

CLUSTER_VARIABLE = "TF_CONFIG"  # TensorFlow's own; Ray Train and managed clusters set it too
ADDRESS = re.compile(r"\S+:[0-9]{1,5}")
RAY_VARIABLE = "RAY_ADDRESS"  # set where a command belongs to a Ray cluster
WORKER_LOST = (
    "Another worker is gone, and training has ended with it. The last checkpoint is whole: start all workers again "
    "with `--resume`."
)


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The workers that train one model, and which of them this process is.

    Args:
        addresses: "host:port" of each worker, in the same order everywhere.
        rank: The place of this process among them; the first worker writes what is written.
    """

    addresses: tuple[str, ...]
    rank: int

    @property
    def size(self) -> int:
        """Number of workers."""
        return len(self.addresses)

    @property
    def is_first(self) -> bool:
        """Whether this process is the worker that writes."""
        return self.rank == 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Cluster":
        """Returns the cluster that `TF_CONFIG` describes; a process by itself where it is not set.

        Raises:
            TextrnnError: If the variable does not describe workers.
        """
        text = environment.get(CLUSTER_VARIABLE, "")
        if not text.strip():
            return cls(("",), 0)
        try:
            described = json.loads(text)
            addresses = checked_addresses(described.get("cluster", {}).get("worker"))
            task = described.get("task", {"type": "worker", "index": 0})
            kind, rank = task["type"], int(task["index"])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TextrnnError(
                f"{CLUSTER_VARIABLE}: cannot be read: {error!r}. It holds "
                '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}, or is not set.'
            ) from error
        others = sorted(set(described.get("cluster", {})) - {"worker"})
        if others or kind != "worker":
            raise TextrnnError(
                f"{CLUSTER_VARIABLE}: names {', '.join([*others, kind])}. All that train here are of the type "
                "'worker'; the first of them writes."
            )
        if not 0 <= rank < len(addresses):
            raise TextrnnError(f"{CLUSTER_VARIABLE}: there is no worker {rank} among {len(addresses)}.")
        return cls(addresses, rank)

    def to_environment(self) -> dict[str, str]:
        """Returns the variable that tells a process of this cluster."""
        described = {"cluster": {"worker": self.addresses}, "task": {"type": "worker", "index": self.rank}}
        return {CLUSTER_VARIABLE: json.dumps(described)}


def checked_addresses(workers: Any) -> tuple[str, ...]:
    """Returns the addresses of workers; of none, that of a process by itself.

    Raises:
        ValueError: If they are not what TensorFlow waits for at each: a host and a port, and no two the same.
    """
    if workers is None:
        return ("",)
    if not isinstance(workers, list) or not all(isinstance(one, str) and ADDRESS.fullmatch(one) for one in workers):
        raise ValueError(f"the workers are {workers!r}")
    twice = [one for number, one in enumerate(workers) if one in workers[:number]]
    if twice:
        raise ValueError(f"{twice[0]} stands there twice")
    return tuple(workers)
