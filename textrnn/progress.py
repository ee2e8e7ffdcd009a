"""Says how far a long piece of work has come: a bar on a terminal or in a notebook, plain lines elsewhere."""

import importlib.util
import sys
import time
from typing import Any, TextIO

__all__ = ["Progress"]


class Progress:
    """Writes messages and progress to a stream, by default standard error; on leaving its `with` block no bar is left.

    Args:
        stream: Where to write; None is standard error at the time of writing.
        quiet: Whether to write nothing at all.
        seconds_between_lines: How often a stream that shows no bar gets a line.
    """

    def __init__(self, stream: TextIO | None = None, quiet: bool = False, seconds_between_lines: float = 30.0) -> None:
        self._stream = stream
        self.quiet = quiet
        self.seconds_between_lines = seconds_between_lines
        self._bar: Any = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception: object) -> None:
        self.finish()

    @property
    def stream(self) -> TextIO:
        """Where messages go."""
        return self._stream or sys.stderr

    def message(self, text: str) -> None:
        """Writes one line, above the bar if there is one."""
        if self.quiet:
            return
        try:
            if self._bar is not None:
                self._bar.write(text, file=self.stream)
            else:
                print(text, file=self.stream)
            self.stream.flush()
        except (OSError, ValueError):
            self.quiet = True  # nobody reads it any more, as after `2>&1 | head`: the work goes on without

    def start(self, title: str, total: int, unit: str, done: int = 0) -> "Progress":
        """Begins a piece of work, and ends the one before if that was left unfinished.

        Args:
            title: What it is.
            total: How many units it has.
            unit: What these are.
            done: How many of them were done before, as in a run that is resumed; they count for no speed.

        Returns:
            Itself, so that `with progress.start(...):` ends the work on leaving the block, whatever happens there.
        """
        self.finish()
        self.title, self.total, self.unit = title, total, unit
        self.done = self.done_before = done
        self.began = self.last_line = time.monotonic()
        bar = None if self.quiet else self._bar_class()
        if bar is not None:
            self._bar = bar(
                total=total, initial=done, desc=title, unit=unit, unit_scale=True, file=self.stream, leave=False
            )
        return self

    def _bar_class(self) -> Any:
        """Returns the class of bars that can be shown, or None: a bar of text would flood a notebook's output."""
        if self.stream.isatty() and importlib.util.find_spec("tqdm"):
            from tqdm import tqdm  # only here: what starts fast has no bar

            return tqdm
        if self._stream is None and is_notebook() and importlib.util.find_spec("ipywidgets"):
            from tqdm.notebook import tqdm as notebook_tqdm

            return notebook_tqdm
        return None

    def advance(self, amount: int, note: str = "") -> None:
        """Moves on by `amount` units; `note` stands behind the bar or line."""
        self.done += amount
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(amount)
        elif time.monotonic() - self.last_line >= self.seconds_between_lines:
            self.last_line = time.monotonic()
            rate = (self.done - self.done_before) / (self.last_line - self.began)
            left = (self.total - self.done) / rate if rate else 0
            share = 100 * self.done / max(self.total, 1)
            line = f"{self.title}: {share:.0f}%, {rate:,.2f} {self.unit}/s, {left / 60:.1f} min left  {note}"
            self.message(line.rstrip())

    def finish(self) -> None:
        """Ends the piece of work, if there is one, and takes its bar away."""
        if self._bar is not None:
            bar, self._bar = self._bar, None
            bar.total = bar.n  # what ends early is no failure: in a notebook its bar would stay, in red
            bar.close()


def is_notebook() -> bool:
    """Says whether this runs in the kernel of a notebook, without importing what would only tell that it does not."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "IPKernelApp" in getattr(shell, "config", {})
