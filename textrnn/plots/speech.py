"""Speech: its spectrum, what a recogniser says at each step, and the paths that a text takes through that."""

import os
from collections.abc import Sequence
from typing import Any

from textrnn.plots.files import save

__all__ = ["ctc_paths", "ctc_probabilities", "spectrogram"]

COLORS = ("#4477aa", "#ee6677", "#228833", "#aa3377", "#66aacc", "#bb8800")  # they tell each other apart when printed
BLANK_COLOR = "#bbbbbb"
LEAST_SHOWN = 0.1  # probability that a symbol must reach to be drawn
NAMES = {" ": "\N{OPEN BOX}"}
NUM_LEVELS, CLOSE = 3, 0.02  # heights at which names stand, and the share of the width that one needs


def spectrogram(
    frames: Any, path: str | os.PathLike[str] | None = None, *, seconds_per_frame: float | None = None
) -> Any:
    """Draws the spectrum of sound, loud bands dark.

    Args:
        frames: Energies of bands from low to high, shape `(num_frames, num_bands)`, on a logarithmic scale.
        path: Where to write a PNG or an SVG, or None.
        seconds_per_frame: From one frame to the next; None numbers the frames.

    Returns:
        The Matplotlib figure.
    """
    import numpy as np
    from matplotlib.figure import Figure

    frames = np.asarray(frames)
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    axes = figure.subplots()
    end = len(frames) * (seconds_per_frame or 1)
    extent = (0.0, end, 0.5, frames.shape[1] + 0.5)
    axes.imshow(frames.T, origin="lower", aspect="auto", cmap="Greys", extent=extent, interpolation="nearest")
    axes.set_xlabel("seconds" if seconds_per_frame else "frames")
    axes.set_ylabel("mel band")
    if path is not None:
        save(figure, path)
    return figure


def ctc_probabilities(
    probabilities: Any,
    labels: Sequence[str],
    path: str | os.PathLike[str] | None = None,
    *,
    blank: int = 0,
    seconds_per_step: float | None = None,
) -> Any:
    """Draws how probable each symbol is at each step: the blank as a shadow, the others as named peaks.

    Args:
        probabilities: Shape `(steps, symbols)`.
        labels: The text of each symbol.
        path: Where to write a PNG or an SVG, or None.
        blank: Which of the symbols is the blank.
        seconds_per_step: From one step to the next; None numbers the steps.

    Returns:
        The Matplotlib figure.
    """
    import numpy as np
    from matplotlib.figure import Figure

    probabilities = np.asarray(probabilities)
    times = np.arange(len(probabilities)) * (seconds_per_step or 1)
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(times, probabilities[:, blank], color=BLANK_COLOR, alpha=0.35, linewidth=0, label="blank")
    shown = [symbol for symbol, most in enumerate(probabilities.max(axis=0)) if most >= LEAST_SHOWN and symbol != blank]
    named = []
    for number, symbol in enumerate(shown):
        color, values = COLORS[number % len(COLORS)], probabilities[:, symbol]
        axes.plot(times, values, color=color, linewidth=1.4)
        named += [(step, NAMES.get(labels[symbol], labels[symbol]), values[step], color) for step in peaks(values)]
    level, before = 0, -len(times)
    for step, name, value, color in sorted(named):  # names that would touch stand one above the other
        level = (level + 1) % NUM_LEVELS if step - before < CLOSE * len(times) else 0
        place = (times[step], value)
        axes.annotate(name, place, (0, 2 + 10 * level), textcoords="offset points", ha="center", color=color)
        before = step
    axes.set_ylim(0, 1.35)
    axes.set_yticks([0, 0.5, 1])
    axes.margins(x=0)
    axes.set_xlabel("seconds" if seconds_per_step else "steps")
    axes.set_ylabel("probability")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper right", frameon=False, fontsize=8)
    if path is not None:
        save(figure, path)
    return figure


def peaks(values: Any) -> list[int]:
    """Returns the steps at which probabilities are highest, one for each time that they rise to what is shown."""
    import numpy as np

    high = np.flatnonzero(np.asarray(values) >= LEAST_SHOWN)
    runs = np.split(high, np.flatnonzero(np.diff(high) > 1) + 1) if len(high) else []
    return [int(run[np.argmax(values[run])]) for run in runs]


def ctc_paths(
    shares: Any,
    labels: Sequence[str],
    starts: Sequence[int] | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Any:
    """Draws where the paths of a text go: a blank, its first symbol, a blank and so on from top to bottom.

    Args:
        shares: The share of the paths that is at each place of the text at each step, by probability, shape
            `(steps, 2 * len(labels) + 1)`.
        labels: The text of each symbol.
        starts: The step at which the most probable path comes to each symbol, marked by points; None for no points.
        path: Where to write a PNG or an SVG, or None.

    Returns:
        The Matplotlib figure.
    """
    import numpy as np
    from matplotlib.figure import Figure

    shares = np.asarray(shares)
    names = ["blank"] * (2 * len(labels) + 1)
    names[1::2] = [NAMES.get(label, label) for label in labels]
    figure = Figure(figsize=(8, 0.9 + 0.17 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares.T, aspect="auto", cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    if starts is not None:
        places = range(1, len(names), 2)
        axes.plot(starts, places, "o", color="#cc3311", markersize=4, label="the most probable path comes to it")
        axes.legend(loc="upper right", frameon=False, fontsize=8)
    axes.set_yticks(range(len(names)), names)
    for number, label in enumerate(axes.get_yticklabels()):
        label.set(color="black" if number % 2 else "#999999", fontsize=9 if number % 2 else 7)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("steps")
    axes.spines[["top", "right"]].set_visible(False)
    if path is not None:
        save(figure, path)
    return figure
