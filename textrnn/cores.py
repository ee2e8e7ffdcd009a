"""How many cores this process may use: of those the computer has, what the system and a container leave to it."""

import functools
import math
import os
import pathlib

__all__ = ["container_limit", "num_cores"]

CONTROL_GROUPS = pathlib.Path("/proc/self/cgroup")  # which control groups of Linux the process is in
MOUNTED = pathlib.Path("/sys/fs/cgroup")


def num_cores() -> int:
    """Returns how many cores this process may use, at least 1.

    That is as many as it may be scheduled on, where the system tells (Linux does, macOS and Windows do not), but no
    more than its container has time for: with `docker run --cpus 1.5`, 2.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    limit = container_limit(CONTROL_GROUPS, MOUNTED)
    return cores if limit is None else max(min(cores, math.ceil(limit)), 1)


@functools.cache
def container_limit(groups: pathlib.Path, mounted: pathlib.Path) -> float | None:
    """Returns how many cores' time the control groups of this process leave to it, or None if they set no limit.

    A group is limited by each of those it lies in. A container may see its own group as the root, or not see the path
    that it has outside: then what is mounted is read.

    Args:
        groups: The file that names the groups, a line each, such as `0::/user.slice` or `1:cpu,cpuacct:/docker/1f`.
        mounted: Where their files are.
    """
    limits: list[float] = []
    for line in read(groups).splitlines():
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number == "0" and not controllers:
            roots = (mounted, mounted / "unified")
        elif "cpu" in controllers.split(","):
            roots = (mounted / controllers, mounted / "cpu")
        else:
            continue
        for root in roots:
            inside = root / group.strip("/")
            limits += [quota(place) for place in (inside, *inside.parents) if place.is_relative_to(root)]
    smallest = min(limits, default=math.inf)
    return None if math.isinf(smallest) else smallest


def quota(group: pathlib.Path) -> float:
    """Returns how many cores' time one group has, by its files of either version; infinity for no limit."""
    quota, _, period = read(group / "cpu.max").strip().partition(" ")  # version 2: "150000 100000" or "max 100000"
    if not quota:  # version 1, where -1 is no limit
        quota, period = (read(group / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
    if quota.isdecimal() and period.isdecimal() and int(quota) and int(period):
        return int(quota) / int(period)
    return math.inf


def read(path: pathlib.Path) -> str:
    """Returns the text of a small file of the system, empty if there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
