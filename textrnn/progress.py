"""Says how far a long piece of work has come: a bar on a terminal, plain lines elsewhere, always on one stream."""

import sys
import time
from typing import Any, TextIO

__all__ = ["Progress"]


class Progress:
    """Writes messages and progress to a stream, by default standard error.

    Args:
        stream: Where to write; None is standard error at the time of writing.
        quiet: Whether to write nothing at all.
        seconds_between_lines: How often a stream that is no terminal gets a line.
    """

    def __init__(self, stream: TextIO | None = None, quiet: bool = False, seconds_between_lines: float = 30.0) -> None:
        self._stream = stream
        self.quiet = quiet
        self.seconds_between_lines = seconds_between_lines
        self._bar: Any = None

    @property
    def stream(self) -> TextIO:
        """Where messages go."""
        return self._stream or sys.stderr

    def message(self, text: str) -> None:
        """Writes one line, above the bar if there is one."""
        if not self.quiet:
            if self._bar is not None:
                self._bar.write(text, file=self.stream)
            else:
                print(text, file=self.stream)
            self.stream.flush()

    def start(self, title: str, total: int, unit: str) -> None:
        """Begins a piece of work of `total` units."""
        self.title, self.total, self.unit = title, total, unit
        self.done = 0
        self.began = self.last_line = time.monotonic()
        if not self.quiet and self.stream.isatty():
            from tqdm import tqdm  # only here: what starts fast has no bar

            self._bar = tqdm(total=total, desc=title, unit=unit, unit_scale=True, file=self.stream, leave=False)

    def advance(self, amount: int, note: str = "") -> None:
        """Moves on by `amount` units; `note` stands behind the bar or line."""
        self.done += amount
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(amount)
        elif time.monotonic() - self.last_line >= self.seconds_between_lines:
            self.last_line = time.monotonic()
            rate = self.done / (self.last_line - self.began)
            left = (self.total - self.done) / rate if rate else 0
            share = 100 * self.done / max(self.total, 1)
            line = f"{self.title}: {share:.0f}%, {rate:,.2f} {self.unit}/s, {left / 60:.1f} min left  {note}"
            self.message(line.rstrip())

    def finish(self) -> None:
        """Ends the piece of work and takes its bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
