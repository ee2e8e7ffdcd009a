"""Pictures: loss curves and padded matrices, as PNG files."""

import io
import os
import pathlib
from collections.abc import Sequence
from typing import Any

from textrnn.storage import write_atomically

__all__ = ["loss_curve", "padded_matrix"]


def save(figure: Any, path: str | os.PathLike[str]) -> None:
    """Writes a figure as PNG."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120, bbox_inches="tight")
    write_atomically(pathlib.Path(path), content.getvalue())


def loss_curve(records: Sequence[Any], path: str | os.PathLike[str] | None = None) -> Any:
    """Draws training and validation loss over the epochs.

    Args:
        records: `EpochRecord`s of a training run.
        path: Where to write a PNG, or None.

    Returns:
        The Matplotlib figure.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4))
    axes = figure.subplots()
    epochs = [record.epoch for record in records]
    axes.plot(epochs, [record.training_loss for record in records], label="training (with dropout)", color="#4477aa")
    axes.plot(epochs, [record.validation_loss for record in records], label="validation", color="#ee6677")
    best = min(records, key=lambda record: record.validation_loss)
    axes.plot([best.epoch], [best.validation_loss], "o", color="#ee6677")
    axes.annotate(
        f"{best.validation_loss:.3f}", (best.epoch, best.validation_loss), xytext=(0, -14), textcoords="offset points",
        ha="center",
    )  # fmt: skip
    axes.set_xlabel("epoch")
    axes.set_ylabel("nats per token")
    axes.margins(y=0.15)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    if path is not None:
        save(figure, path)
    return figure


def padded_matrix(
    matrix: Any, labels: Sequence[Sequence[str]] | None = None, path: str | os.PathLike[str] | None = None
) -> Any:
    """Draws a matrix of padded token ids, padding pale.

    Args:
        matrix: Token ids, shape `(num_sequences, length)`.
        labels: Text for each cell, or None to write the ids.
        path: Where to write a PNG, or None.

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
