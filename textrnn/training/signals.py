"""Ctrl-C and what else ends a process wait until a training step is whole."""

import signal
import threading
from typing import Any

from textrnn.systems import ENDING_SIGNALS

__all__ = ["PostponedSignals"]


class PostponedSignals:
    """Keeps SIGINT, SIGTERM and, on Windows, SIGBREAK until its `with` block ends, so that no step is cut in half.

    A second signal acts at once.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self.handlers: dict[int, Any] = {}

    def __enter__(self) -> "PostponedSignals":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *ENDING_SIGNALS):
                if signal.getsignal(number) is not signal.SIG_IGN:  # as it is for SIGINT in the background
                    self.handlers[number] = signal.signal(number, self._receive)
        return self

    def _receive(self, number: int, frame: Any) -> None:
        self.received = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self.handlers.items():
            signal.signal(number, handler)

    def __exit__(self, *exception: object) -> None:
        self._restore()
        if self.received is not None:
            signal.raise_signal(self.received)
