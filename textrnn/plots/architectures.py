"""The layers of a model, with their sizes, as its config describes them."""

import math
import os
from typing import Any

from textrnn.config.architecture import Part
from textrnn.config.base import Config
from textrnn.errors import TextrnnError
from textrnn.plots.drawing import LINE_HEIGHT, NORMAL, POINTS_PER_INCH, SMALL, Diagram, text_width
from textrnn.plots.layout import MARGIN, Layout

__all__ = ["architecture"]

HEADING = 0.4  # inches
LINE = LINE_HEIGHT * SMALL / POINTS_PER_INCH
NOT_FITTED = "not fitted yet: sizes that follow from the data, such as the vocabulary's, are placeholders"


def architecture(model: Any, path: str | os.PathLike[str] | None = None) -> Any:
    """Draws what a model is made of: its layers with their sizes, numbers of weights and dropout, from the input up.

    Args:
        model: A model of any kind, trained or not, or the config of one.
        path: Where to write a PNG or an SVG, or None.

    Returns:
        The Matplotlib figure.

    Raises:
        TextrnnError: If it is no model, or `path` ends in something else.
    """
    config = getattr(model, "config", model)
    if not (isinstance(config, Config) and config.kind):
        raise TextrnnError(
            "`model` must be a model, such as LanguageModel.load('shakespeare'), or the config of one. Received: "
            f"{model!r}."
        )
    described, shapes = config.architecture(), config.weight_shapes()
    counts = {name: math.prod(shape) for name, shape in shapes.items()}
    parts = [part for column in described.columns for part in column]
    layout = Layout(described, {part.name: with_count(part, counts) for part in parts})
    title = f"{config.kind}: {sum(counts.values()):,} weights"
    notes = list(described.notes)
    if getattr(model, "weights", None) == {}:
        notes.append(NOT_FITTED)
    said = [text_width(title, NORMAL + 2, is_bold=True), *(text_width(note, SMALL) for note in notes)]
    width = max(layout.size[0], max(said) + 2 * MARGIN)
    diagram = Diagram(width, layout.size[1] + HEADING + LINE * len(notes), title)
    draw(layout, diagram)
    diagram.text(MARGIN, layout.size[1] + LINE * len(notes) + 0.08, title, NORMAL + 2, "left", is_bold=True)
    for number, note in enumerate(notes):
        diagram.text(MARGIN, layout.size[1] + LINE * (len(notes) - 1 - number), note, SMALL, "left")
    return diagram.saved(path)


def with_count(part: Part, counts: dict[str, int]) -> tuple[str, ...]:
    """Returns the lines of a part, and how many weights it has if it has any."""
    if not part.weights:
        return part.lines
    return (*part.lines, f"{sum(count for name, count in counts.items() if name.startswith(part.weights)):,} weights")


def draw(layout: Layout, diagram: Diagram) -> None:
    """Draws what has its place."""
    for name, frame in layout.frames.items():
        diagram.frame(frame.x, frame.y, frame.width, frame.height)
        side = -1 if layout.columns[layout.groups[name][0]] == 0 else 1
        diagram.text(frame.side(side) + side * 0.14, frame.y, name, SMALL, is_bold=True, rotation=90)
    arrows = [link for link in layout.architecture.links if not link.is_shared]
    layers = {link.start for link in arrows} & {link.end for link in arrows}  # neither what is read nor what comes out
    for name, box in layout.boxes.items():
        fill, rounding = ("white", 0.06) if name in layers else ("grey", 0.2)
        diagram.box(box.x, box.y, box.width, box.height, fill=fill, rounding=rounding)
        first, *rest = layout.texts[name]
        top = box.y + LINE * len(rest) / 2
        diagram.text(box.x, top, first, NORMAL, is_bold=True)
        diagram.lines(box.x, box.y - LINE_HEIGHT * NORMAL / POINTS_PER_INCH / 2, tuple(rest), SMALL)
    for route in layout.routes:
        diagram.arrow(*route.points, has_head=not route.is_shared, is_dashed=route.is_shared)
        if route.is_branch:
            diagram.dot(*route.points[0])
        diagram.lines(*route.place, route.label, SMALL, route.align)
