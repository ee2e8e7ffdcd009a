"""What the processes of a crew do in tests: functions that can be sent there."""

import os
import pathlib
import signal
import threading
import time

import numpy as np  # noqa: F401  (so that there is a BLAS)
from threadpoolctl import threadpool_info

from textrnn.errors import TextrnnError
from textrnn.inference.threads import side_by_side


def doubled(number):
    return 2 * number


def make_doubler():
    return doubled


def make_slow_beginner():
    return lambda number: time.sleep(0.5 if number == 0 else 0) or number


def thread(number):
    time.sleep(0.01)
    return threading.get_ident()


def process_and_threads(number):
    blas = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
    return os.getpid(), len(set(side_by_side(thread, range(4)))), max(blas)


def make_process_teller():
    return process_and_threads


class Dying:
    """Returns numbers, but ends its process at one of them, so often."""

    def __init__(self, directory, number, times):
        self.directory = pathlib.Path(directory)
        self.number = number
        self.times = times

    def __call__(self, number):
        if number == self.number and len(list(self.directory.iterdir())) < self.times:
            (self.directory / str(os.getpid())).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return number


class Failing:
    def __call__(self, number):
        if number == 3:
            raise TextrnnError("3 is not doubled")
        return number


def make_broken():
    raise TextrnnError("there is no such model")


def sleep(number):
    time.sleep(60)


def make_sleeper():
    return sleep
