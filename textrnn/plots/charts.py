"""Charts of what was measured: loss curves, padded matrices, attention, BLEU by length, confusion and forecasts."""

import math
import os
from collections.abc import Sequence
from typing import Any

from textrnn.plots.files import save

__all__ = ["attention", "bleu_by_length", "confusion", "forecast", "loss_curve", "padded_matrix"]


def loss_curve(records: Sequence[Any], path: str | os.PathLike[str] | None = None, unit: str = "nats per token") -> Any:
    """Draws training and validation loss over the epochs, and marks the weights that were kept.

    Those are the ones with the best validation score, which is drawn as well, or with the lowest validation loss where
    nothing else was scored.

    Args:
        records: `EpochRecord`s of a training run.
        path: Where to write a PNG or an SVG, or None.
        unit: What the losses are in.

    Returns:
        The Matplotlib figure.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4))
    axes = figure.subplots()
    epochs = [record.epoch for record in records]
    axes.plot(epochs, [record.training_loss for record in records], label="training loss (dropout on)", color="#4477aa")
    axes.plot(epochs, [record.validation_loss for record in records], label="validation loss", color="#ee6677")
    axes.set_xlabel("epoch")
    axes.set_ylabel(unit)
    axes.margins(y=0.15)
    axes.grid(alpha=0.3)
    lines = list(axes.lines)
    named = next((record.score.name for record in records if record.score is not None), None)
    if named is not None:
        scores = axes.twinx()
        values = [math.nan if record.score is None else record.score.value for record in records]
        lines += scores.plot(epochs, values, "--", label=f"validation {named} (on the right)", color="#228833")
        scores.set_ylabel(named)
        scores.margins(y=0.15)
    for best in kept_records(records):
        axes.axvline(best.epoch, color="#bbbbbb", linewidth=1, zorder=0)
        if best.score is not None:
            label = f"weights kept: {best.score}"
            lines += scores.plot([best.epoch], [best.score.value], "o", color="#228833", label=label)
        else:
            label = f"weights kept: {best.validation_loss:.3f}"
            lines += axes.plot([best.epoch], [best.validation_loss], "o", color="#ee6677", label=label)
    axes.legend(handles=lines, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    if path is not None:
        save(figure, path)
    return figure


def kept_records(records: Sequence[Any]) -> list[Any]:
    """Returns the first record with the best criterion, as a list of one; an empty one if no loss was finite."""
    finite = [record for record in records if all(map(math.isfinite, record.criterion))]
    return [min(finite, key=lambda record: record.criterion)] if finite else []


def padded_matrix(
    matrix: Any, labels: Sequence[Sequence[str]] | None = None, path: str | os.PathLike[str] | None = None
) -> Any:
    """Draws a matrix of padded token ids, padding pale.

    Args:
        matrix: Token ids, shape `(num_sequences, length)`.
        labels: Text for each cell, or None to write the ids.
        path: Where to write a PNG or an SVG, or None.

    Returns:
        The Matplotlib figure.
    """
    import numpy as np
    from matplotlib.figure import Figure

    matrix = np.asarray(matrix)
    rows, columns = matrix.shape
    figure = Figure(figsize=(1 + 0.8 * columns, 0.6 + 0.4 * rows))
    axes = figure.subplots()
    axes.imshow(np.where(matrix == 0, 0.12, 0.45), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row in range(rows):
        for column in range(columns):
            text = str(matrix[row, column]) if labels is None else labels[row][column]
            color = "#999999" if matrix[row, column] == 0 else "#102040"
            axes.text(column, row, text, ha="center", va="center", fontsize=9, color=color)
    axes.set_xticks([])
    axes.set_yticks(range(rows), [f"sequence {row + 1}" for row in range(rows)])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if path is not None:
        save(figure, path)
    return figure


# Fonts that between them draw most scripts; those that are installed are tried in this order.
FONTS = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "WenQuanYi Zen Hei",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "FreeSans",
    "Unifont",
)


def installed_fonts() -> list[str]:
    """Returns those of `FONTS` that Matplotlib finds; it falls back from one to the next for single characters."""
    from matplotlib import font_manager

    found = {font.name for font in font_manager.fontManager.ttflist}
    return [name for name in FONTS if name in found] or ["sans-serif"]


def attention(
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    weights: Any,
    path: str | os.PathLike[str] | None = None,
) -> Any:
    """Draws which source tokens each target token was made from.

    Args:
        source_tokens: Labels of the columns.
        target_tokens: Labels of the rows.
        weights: Attention weights, shape `(len(target_tokens), len(source_tokens))`.
        path: Where to write a PNG or an SVG, or None.

    Returns:
        The Matplotlib figure.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 + 0.45 * len(source_tokens), 1.4 + 0.36 * len(target_tokens)))
    axes = figure.subplots()
    image = axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.xaxis.tick_top()
    fonts = {"fontfamily": installed_fonts(), "fontsize": 10}
    axes.set_xticks(range(len(source_tokens)), [token.strip() or repr(token) for token in source_tokens])
    axes.set_yticks(range(len(target_tokens)), [token.strip() or repr(token) for token in target_tokens])
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set(**fonts)
    for label in axes.get_xticklabels():
        label.set(rotation=45, horizontalalignment="left", verticalalignment="bottom", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02).outline.set_visible(False)
    if path is not None:
        save(figure, path)
    return figure


def bleu_by_length(buckets: Sequence[Any], path: str | os.PathLike[str] | None = None) -> Any:
    """Draws BLEU for short to long source sentences.

    Args:
        buckets: What `textrnn.evaluation.bleu.bleu_by_length` returns.
        path: Where to write a PNG or an SVG, or None.

    Returns:
        The Matplotlib figure.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4))
    axes = figure.subplots()
    bars = axes.bar(range(len(buckets)), [bucket.score for bucket in buckets], color="#4477aa")
    axes.bar_label(bars, [f"{bucket.score:.1f}\n{bucket.num_sentences:,}" for bucket in buckets], fontsize=9)
    axes.set_xticks(range(len(buckets)), [f"{bucket.shortest}-{bucket.longest}" for bucket in buckets])
    axes.set_xlabel(f"{buckets[0].unit} in the source sentence (below each score: sentences)")
    axes.set_ylabel("BLEU")
    axes.margins(y=0.18)
    axes.spines[["top", "right"]].set_visible(False)
    if path is not None:
        save(figure, path)
    return figure


def confusion(matrix: Any, labels: Sequence[str], path: str | os.PathLike[str] | None = None) -> Any:
    """Draws how often each class is given which name: shares of the rows as grey, numbers in the cells.

    Args:
        matrix: Shape `(labels, labels)`: rows are what is, columns what was said.
        labels: The names of the classes.
        path: Where to write a PNG or an SVG, or None.

    Returns:
        The Matplotlib figure.
    """
    from matplotlib.figure import Figure

    number = len(labels)
    figure = Figure(figsize=(2.5 + 0.6 * number, 2 + 0.6 * number))
    axes = figure.subplots()
    totals = [max(sum(row), 1) for row in matrix]
    shares = [[value / total for value in row] for row, total in zip(matrix, totals, strict=True)]
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    for i in range(number):
        for j in range(number):
            colour = "white" if shares[i][j] > 0.5 else "black"
            axes.text(j, i, f"{matrix[i][j]:,}", ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(number), labels, rotation=45, ha="right")
    axes.set_yticks(range(number), labels)
    axes.set_xlabel("named")
    axes.set_ylabel("is")
    if path is not None:
        save(figure, path)
    return figure


MOST_DRAWN = 12  # series in one picture


def forecast(
    forecasts: Any, path: str | os.PathLike[str] | None = None, truth: Any = None, history: int | None = None
) -> Any:
    """Draws the end of series and a fan of what may come: the darker, the more probable.

    Args:
        forecasts: A `Forecast`, or a list of them, each drawn by itself.
        path: Where to write a PNG or an SVG, or None.
        truth: What came, for each forecast, or None.
        history: How many of the steps before are drawn; None draws those that were read, four horizons at most.

    Returns:
        The Matplotlib figure.
    """
    import numpy as np
    from matplotlib.figure import Figure

    forecasts = list(forecasts)[:MOST_DRAWN] if isinstance(forecasts, (list, tuple)) else [forecasts]
    figure = Figure(figsize=(8, 0.6 + 3.2 * len(forecasts)), layout="constrained")
    for number, (axes, one) in enumerate(zip(np.atleast_1d(figure.subplots(len(forecasts))), forecasts, strict=True)):
        before = one.history if one.history is not None else np.empty(0)
        shown = min(len(before), history or max(4 * len(one), 24))
        has_times = one.times is not None and one.history_times is not None
        steps = one.times if has_times else np.arange(1, len(one) + 1)
        past = one.history_times[len(before) - shown :] if has_times else np.arange(1 - shown, 1)
        if shown:
            axes.plot(past, before[len(before) - shown :], color="black", linewidth=1.2, label="series")
            steps = np.concatenate([past[-1:], steps])
        joined = before[-1:] if shown else before[:0]
        middle = (len(one.levels) - 1) / 2
        for index in range(len(one.levels) // 2):
            low, high = (np.concatenate([joined, one.quantiles[:, i]]) for i in (index, -1 - index))
            share = one.levels[-1 - index] - one.levels[index]
            label = f"{100 * share:.0f}% of futures" if number == 0 else None
            axes.fill_between(steps, low, high, color="#4477aa", alpha=0.15 + 0.2 * index / middle, lw=0, label=label)
        axes.plot(steps, np.concatenate([joined, one.values]), color="#224488", linewidth=1.6, label="forecast")
        if truth is not None:
            came = np.asarray(truth[number] if np.ndim(truth[0]) else truth)
            axes.plot(steps[-len(one) :], came[: len(one)], "--", color="#cc3311", linewidth=1.2, label="what came")
        axes.set_title(one.name, loc="left", fontsize=10)
        axes.set_xlabel("" if has_times else "steps from now")
        axes.margins(x=0.01)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if number == 0:
            axes.legend(loc="best", fontsize=8, frameon=False)
        axes.tick_params(axis="x", labelsize=8)
    if path is not None:
        save(figure, path)
    return figure
