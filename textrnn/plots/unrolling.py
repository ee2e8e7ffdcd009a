"""A recurrent network as it is written down, and as it is computed: one copy for each step of a sequence."""

import os
from typing import Any

from textrnn.errors import TextrnnError, check_range
from textrnn.plots.drawing import SMALL, Diagram

__all__ = ["unrolled"]

STEPS = ("t-1", "t", "t+1")
RADIUS = 0.3  # of inputs and outputs
BOX = (0.86, 0.46)  # width and height of a layer at one step
FRAME = (1.1, 1.36)  # of both directions of a layer
GAP = 0.62  # between layers
PITCH = 2.0  # from step to step
FOLDED, FIRST = 2.25, 5.35  # where the folded network and the first step stand
END = 0.52  # from the last layer's side to where time goes on
FORWARD, BACKWARD = "\\overrightarrow", "\\overleftarrow"


def unrolled(num_layers: int = 1, bidirectional: bool = False, path: str | os.PathLike[str] | None = None) -> Any:
    """Draws a recurrent network folded, and unrolled in time: three steps of it side by side.

    A layer's weights are called `W_xh` where they multiply what it reads, which is the input or the layer below, and
    `W_hh` where they multiply its own state of the step before; those of the output are `W_hy`. All steps share them.

    Example:

    >>> figure = unrolled(num_layers=2)
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_text().startswith("$x")]
    ['$x_{t}$', '$x_{t-1}$', '$x_{t}$', '$x_{t+1}$']

    Args:
        num_layers: Recurrent layers, 1 to 4.
        bidirectional: Whether they read both ways.
        path: Where to write a PNG or an SVG, or None.

    Returns:
        The Matplotlib figure.

    Raises:
        TextrnnError: If an argument is out of bounds, or `path` ends in something else.
    """
    check_range("num_layers", num_layers, 1, 4, whole=True)
    if not isinstance(bidirectional, bool):
        raise TextrnnError(f"`bidirectional` must be true or false. Received: {bidirectional!r}.")
    return Unrolling(num_layers, bidirectional).drawn().saved(path)


class Unrolling:
    """Where the parts of the picture stand, and how they are drawn.

    Args:
        num_layers: Recurrent layers.
        bidirectional: Whether they read both ways.
    """

    def __init__(self, num_layers: int, bidirectional: bool) -> None:
        self.num_layers = num_layers
        self.directions = (FORWARD, BACKWARD) if bidirectional else ("",)
        self.size = FRAME if bidirectional else BOX
        self.columns = [FIRST + PITCH * number for number in range(len(STEPS))]
        self.input_y = 1.25
        pitch = self.size[1] + GAP
        self.layer_ys = [self.input_y + RADIUS + GAP + self.size[1] / 2 + pitch * layer for layer in range(num_layers)]
        self.output_y = self.layer_ys[-1] + self.size[1] / 2 + GAP + RADIUS
        self.ends = (self.columns[0] - self.size[0] / 2 - END, self.columns[-1] + self.size[0] / 2 + END)
        title = f"A recurrent network of {num_layers} layer{'s' * (num_layers > 1)}, folded and unrolled in time"
        self.diagram = Diagram(self.ends[1] + 0.45, self.output_y + 1.05, title)

    def drawn(self) -> Diagram:
        """Returns the diagram with all that belongs into it."""
        self._draw_words()
        self._draw_step(FOLDED, "t")
        for column, step in zip(self.columns, STEPS, strict=True):
            self._draw_step(column, step)
        for layer, y in enumerate(self.layer_ys):
            for number, direction in enumerate(self.directions):
                self._draw_loop(layer, direction, self._height(y, number))
                self._draw_chain(layer, direction, self._height(y, number))
        return self.diagram

    def _draw_words(self) -> None:
        write = self.diagram.text
        top, middle = self.output_y + 0.75, (self.columns[0] + self.columns[-1]) / 2
        write(FOLDED, top, "folded", is_bold=True)
        write(middle, top, "unrolled in time", is_bold=True)
        write(0.1, self.input_y, "input layer", SMALL, align="left")
        for layer, y in enumerate(self.layer_ys):
            name = f"hidden layer {layer + 1}" if self.num_layers > 1 else "hidden layer"
            write(0.1, y, name, SMALL, align="left")
        write(0.1, self.output_y, "output layer", SMALL, align="left")
        for column, step in zip(self.columns, STEPS, strict=True):
            write(column, self.input_y - 0.55, f"step ${step}$", SMALL)
        self.diagram.arrow((self.ends[0], 0.44), (self.ends[1], 0.44), is_dashed=True)
        words = "time: all steps share the same weights"
        if len(self.directions) > 1:
            words += "; what leaves a frame is both directions, side by side"
        write(middle, 0.2, words, SMALL)

    def _draw_step(self, x: float, step: str) -> None:
        """Draws the network at one step, from the input up to the output."""
        diagram = self.diagram
        diagram.circle(x, self.input_y, RADIUS, f"$x_{{{step}}}$")
        below = self.input_y + RADIUS
        for layer, y in enumerate(self.layer_ys):
            diagram.arrow((x, below), (x, y - self.size[1] / 2))
            self._write_weights(x, (below + y - self.size[1] / 2) / 2, "xh", layer)
            self._draw_layer(x, y, step, layer)
            below = y + self.size[1] / 2
        diagram.arrow((x, below), (x, self.output_y - RADIUS))
        diagram.text(x + 0.1, (below + self.output_y - RADIUS) / 2, "$W_{hy}$", align="left")
        diagram.circle(x, self.output_y, RADIUS, f"$y_{{{step}}}$")

    def _draw_layer(self, x: float, y: float, step: str, layer: int) -> None:
        if len(self.directions) > 1:
            self.diagram.frame(x, y, *FRAME)
        for number, direction in enumerate(self.directions):
            name = f"{marked('h', direction)}_{{{step}}}{self._power(layer)}"
            self.diagram.box(x, self._height(y, number), *BOX, text=f"${name}$", fill="grey")

    def _draw_loop(self, layer: int, direction: str, y: float) -> None:
        """Draws the state of the folded network that comes back a step later."""
        height = 0.2 if direction != BACKWARD else -0.2
        self.diagram.loop(FOLDED + BOX[0] / 2, y, 0.5, height)
        self._write(FOLDED + BOX[0] / 2 + 0.56, y, "hh", layer, direction, align="left")

    def _draw_chain(self, layer: int, direction: str, y: float) -> None:
        """Draws the state that is handed on from step to step."""
        half = BOX[0] / 2
        left, right = self.ends
        spans = [(left, self.columns[0] - half)]
        spans += [(a + half, b - half) for a, b in zip(self.columns, self.columns[1:], strict=False)]
        spans.append((self.columns[-1] + half, right))
        for start, end in spans:
            points = ((start, y), (end, y)) if direction != BACKWARD else ((end, y), (start, y))
            self.diagram.arrow(*points)
        for start, end in spans[1:-1]:
            self._write((start + end) / 2, y + (0.23 if direction else 0.19), "hh", layer, direction)
        for x in (left - 0.2, right + 0.2):
            self.diagram.text(x, y, "$\\cdots$")

    def _write_weights(self, x: float, y: float, name: str, layer: int) -> None:
        """Writes what a layer multiplies with what it reads, for each direction."""
        names = [f"{marked('W', direction)}_{{{name}}}{self._power(layer)}" for direction in self.directions]
        self.diagram.text(x + 0.1, y, f"${', '.join(names)}$", align="left")

    def _write(self, x: float, y: float, name: str, layer: int, direction: str, align: str = "center") -> None:
        self.diagram.text(x, y, f"${marked('W', direction)}_{{{name}}}{self._power(layer)}$", align=align)

    def _power(self, layer: int) -> str:
        """Returns the number of a layer as a superscript, where there are several."""
        return f"^{{\\,({layer + 1})}}" if self.num_layers > 1 else ""

    def _height(self, y: float, number: int) -> float:
        """Returns at which height one of the directions of a layer is drawn."""
        return y if len(self.directions) == 1 else y + (-0.32 if number == 0 else 0.32)


def marked(name: str, direction: str) -> str:
    """Returns a name with the arrow of a direction over it."""
    return f"{direction}{{{name}}}" if direction else name
