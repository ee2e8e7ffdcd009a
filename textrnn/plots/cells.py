"""The inside of a recurrent cell: what it computes at one step of a sequence, as `textrnn.inference.cells` does."""

import os
from typing import Any

from textrnn.errors import check_choice
from textrnn.plots.drawing import LINE_HEIGHT, NORMAL, POINTS_PER_INCH, SMALL, Diagram, Point, text_width

__all__ = ["cell"]

LEFT, RIGHT = 1.5, 10.0  # sides of the cell, where states come in and go out
OUTSIDE = 0.62  # from there to where their names stand
GATE = (1.34, 0.64)  # width and height
RADIUS = 0.19  # of a sum or a product
BELOW = 1.75  # what stands below the cell takes that, and the formulas
PITCH = LINE_HEIGHT * 1.15 * NORMAL / POINTS_PER_INCH  # of formulas
SIDE_BY_SIDE = "$x_t$ and $h_{t-1}$, side by side"


def gate_formula(gate: str, activation: str = "\\sigma") -> str:
    """Returns how a gate follows from the input and the state before."""
    return f"${gate}_t = {activation}(x_t\\,W_{{x{gate}}} + h_{{t-1}}\\,W_{{h{gate}}} + b_{gate})$"


def cell(name: str, path: str | os.PathLike[str] | None = None) -> Any:
    """Draws the inside of a recurrent cell: gates, states, products, sums and activations, with the formulas below.

    Vectors are rows and weights stand to their right, as in the code. The GRU is the one that is trained here, whose
    reset gate multiplies what the weights have made of the state (Keras: `reset_after=True`).

    Args:
        name: "lstm", "gru" or "simple_rnn".
        path: Where to write a PNG or an SVG, or None.

    Returns:
        The Matplotlib figure.

    Raises:
        TextrnnError: If there is no such cell, or `path` ends in something else.
    """
    check_choice("name", name, CELLS)
    return CELLS[name]().drawn().saved(path)


class CellDrawing:
    """What the pictures of all cells share; heights count from the bottom of the cell, which is `base`."""

    title: str
    right = RIGHT
    height: float
    input_x: float
    key = "weights and a bias, and the activation if one is written"
    formulas: tuple[tuple[str, ...], ...]  # in columns

    def __init__(self) -> None:
        self.base = BELOW + PITCH * max(map(len, self.formulas))
        self.diagram = Diagram(self.right + 1.75, self.base + self.height + 0.75, self.title)

    def drawn(self) -> Diagram:
        """Returns the diagram with all that belongs into it."""
        middle, width = (LEFT + self.right) / 2, self.right - LEFT
        self.diagram.text(middle, self.base + self.height + 0.4, self.title, NORMAL + 2, is_bold=True)
        self.diagram.frame(middle, self.base + self.height / 2, width, self.height)
        self.diagram.lines(self.input_x, self.base - 0.62, ("$x_t$",))
        self.diagram.text(self.input_x + 0.25, self.base - 0.62, "input", SMALL, align="left")
        self.draw_inside()
        self._draw_key(self.base - 1.08)
        for number, column in enumerate(self.formulas):
            x = LEFT + number * (width / len(self.formulas) + 0.25)
            for row, formula in enumerate(column):
                self.diagram.text(x, self.base - 1.5 - PITCH * row, formula, align="left")
        return self.diagram

    def draw_inside(self) -> None:
        """Draws what this cell has and others have not."""
        raise NotImplementedError

    def _draw_key(self, y: float) -> None:
        """Says what the signs mean."""
        x, height = LEFT, 0.22
        for rounding, words in ((0.04, self.key), (height / 2, "an activation alone")):
            self.diagram.box(x + 0.18, y, 0.36, height, rounding=rounding)
            self.diagram.text(x + 0.46, y, words, SMALL, align="left")
            x += 0.46 + text_width(words, SMALL) + 0.3
        for sign in ("$\\times$", "$+$"):
            self.diagram.circle(x + 0.12, y, 0.12, sign, SMALL)
            x += 0.3
        self.diagram.text(x + 0.06, y, "number by number", SMALL, align="left")

    # Parts of a cell

    def state(self, name: str, words: str, y: float, next_words: tuple[str, ...]) -> None:
        """Names a state where it comes in and where it goes out."""
        self.diagram.text(LEFT - OUTSIDE - 0.2, self.base + y, f"${name}_{{t-1}}$")
        self.diagram.text(LEFT - OUTSIDE - 0.2, self.base + y - 0.27, words, SMALL)
        self.leaving(name, y, next_words)

    def leaving(self, name: str, y: float, words: tuple[str, ...]) -> None:
        """Names a state where it goes out."""
        self.diagram.text(self.right + OUTSIDE, self.base + y, f"${name}_t$", align="left")
        for number, line in enumerate(words):
            self.diagram.text(self.right + OUTSIDE, self.base + y - 0.27 - 0.19 * number, line, SMALL, align="left")

    def gate(self, x: float, y: float, words: str, activation: str = "$\\sigma$") -> None:
        """Draws a layer with an activation."""
        self.diagram.box(x, self.base + y, *GATE)
        self.diagram.text(x, self.base + y + 0.15, words, SMALL)
        self.diagram.text(x, self.base + y - 0.15, activation)

    def small_box(self, x: float, y: float, text: str) -> None:
        """Draws weights, or an activation by itself."""
        self.diagram.box(x, self.base + y, 0.8, 0.42, text, rounding=0.06 if "W" in text else 0.2)

    def sign(self, x: float, y: float, sign: str) -> None:
        """Draws a sum, a product or a difference."""
        self.diagram.circle(x, self.base + y, RADIUS, f"${sign}$")

    def line(self, *points: Point, is_over: bool = False, has_head: bool = True) -> None:
        """Draws an arrow."""
        lifted = [(x, self.base + y) for x, y in points]
        self.diagram.arrow(*lifted, over="pale" if is_over else None, has_head=has_head)

    def dot(self, x: float, y: float) -> None:
        """Draws where a line parts, or two meet."""
        self.diagram.dot(x, self.base + y)

    def label(self, x: float, y: float, text: str) -> None:
        """Writes beside an arrow, to the right of `x`."""
        self.diagram.text(x + 0.09, self.base + y, text, align="left")

    @property
    def entrance(self) -> float:
        """Where arrows begin that come in."""
        return LEFT - OUTSIDE + 0.2

    @property
    def exit(self) -> float:
        """Where arrows end that go out."""
        return self.right + OUTSIDE - 0.12


class SimpleRNNDrawing(CellDrawing):
    """The cell of Elman 1990."""

    title = "Simple RNN cell"
    right = 7.4
    height = 2.7
    input_x = 4.0
    key = "weights"
    formulas = (("$h_t = \\tanh(x_t\\,W_{xh} + h_{t-1}\\,W_{hh} + b_h)$",),)

    def draw_inside(self) -> None:
        y, middle = 1.85, self.input_x
        self.state("h", "hidden state", y, ("next step,", "and output"))
        self.small_box(2.6, y, "$W_{hh}$")
        self.small_box(middle, 0.75, "$W_{xh}$")
        self.sign(middle, y, "+")
        self.small_box(5.4, y, "tanh")
        self.line((self.entrance, y), (2.2, y))
        self.line((3.0, y), (middle - RADIUS, y))
        self.line((middle, -0.42), (middle, 0.54))
        self.line((middle, 0.96), (middle, y - RADIUS))
        self.line((middle + RADIUS, y), (5.0, y))
        self.line((5.8, y), (self.exit, y))


class LSTMDrawing(CellDrawing):
    """The cell of Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000."""

    title = "LSTM cell"
    height = 4.6
    input_x = 2.0
    formulas = (
        (gate_formula("f"), gate_formula("i"), gate_formula("g", "\\tanh"), gate_formula("o")),
        ("$c_t = f_t \\odot c_{t-1} + i_t \\odot g_t$", "$h_t = o_t \\odot \\tanh(c_t)$"),
    )

    def draw_inside(self) -> None:
        top, bus, gates = 3.95, 0.5, 1.55
        over = gates + GATE[1] / 2
        forget, enter, candidate, out = 2.75, 4.3, 5.85, 7.4
        self.state("c", "cell state", top, ("next step",))
        self.state("h", "hidden state", bus, ("next step,", "and output"))
        for x, words, activation in (
            (forget, "forget gate", "$\\sigma$"),
            (enter, "input gate", "$\\sigma$"),
            (candidate, "candidate", "tanh"),
            (out, "output gate", "$\\sigma$"),
        ):
            self.gate(x, gates, words, activation)
            if x != out:
                self.line((x, bus), (x, gates - GATE[1] / 2))
                self.dot(x, bus)
        self.line((self.entrance, bus), (out, bus), (out, gates - GATE[1] / 2))
        self.line((self.input_x, -0.42), (self.input_x, bus), has_head=False)
        self.dot(self.input_x, bus)
        self.diagram.text(forget + 0.12, self.base + bus - 0.24, SIDE_BY_SIDE, SMALL, align="left")
        self._draw_cell_state(top, over, forget, enter, candidate)
        self._draw_output(top, over, bus, out)

    def _draw_cell_state(self, top: float, over: float, forget: float, enter: float, candidate: float) -> None:
        """Draws what is kept of the cell state and what is added."""
        middle, between = (enter + candidate) / 2, 2.9
        self.sign(forget, top, "\\times")
        self.sign(middle, between, "\\times")
        self.sign(middle, top, "+")
        self.line((self.entrance, top), (forget - RADIUS, top))
        self.line((forget, over), (forget, top - RADIUS))
        self.line((enter, over), (enter, between), (middle - RADIUS, between))
        self.line((candidate, over), (candidate, between), (middle + RADIUS, between))
        self.line((middle, between + RADIUS), (middle, top - RADIUS))
        self.line((forget + RADIUS, top), (middle - RADIUS, top))
        self.line((middle + RADIUS, top), (self.exit, top))
        for x, name in ((forget, "f"), (enter, "i"), (candidate, "g")):
            self.label(x, 2.35, f"${name}_t$")

    def _draw_output(self, top: float, over: float, bus: float, out: float) -> None:
        """Draws what is shown of the cell state."""
        x, squashed, product = 8.85, 3.2, 2.35
        self.small_box(x, squashed, "tanh")
        self.sign(x, product, "\\times")
        self.dot(x, top)
        self.line((x, top), (x, squashed + 0.21))
        self.line((x, squashed - 0.21), (x, product + RADIUS))
        self.line((out, over), (out, product), (x - RADIUS, product))
        self.line((x, product - RADIUS), (x, bus), (self.exit, bus))
        self.label(out, over + 0.16, "$o_t$")


class GRUDrawing(CellDrawing):
    """The cell of Cho et al. 2014, in the form of Keras: the reset gate multiplies after the weights."""

    title = "GRU cell"
    height = 5.6
    input_x = 5.3
    formulas = (
        (
            gate_formula("r"),
            gate_formula("z"),
            "$n_t = \\tanh(x_t\\,W_{xn} + b_{xn} + r_t \\odot (h_{t-1}\\,W_{hn} + b_{hn}))$",
            "$h_t = z_t \\odot h_{t-1} + (1 - z_t) \\odot n_t$",
        ),
    )

    def draw_inside(self) -> None:
        state, update, reset, new, bus = 5.05, 4.2, 2.75, 1.95, 0.4
        gates, split, blend, total = 3.7, 2.2, 7.75, 8.9
        self.state("h", "hidden state", state, ("next step,", "and output"))
        self._draw_gates(state, update, reset, bus, gates, split)
        self._draw_candidate(state, reset, new, bus, gates, blend)
        self._draw_blend(state, update, new, gates, blend, total)

    def _draw_gates(self, state: float, update: float, reset: float, bus: float, gates: float, split: float) -> None:
        """Draws how both gates read input and state side by side."""
        middle, parted = (update + reset) / 2, split + 0.35
        self.gate(gates, update, "update gate")
        self.gate(gates, reset, "reset gate")
        self.dot(split, state)
        self.line((self.input_x, bus), (split, bus), (split, state), has_head=False)
        self.line((split, middle), (parted, middle), has_head=False)
        self.dot(split, middle)
        self.diagram.text(parted + 0.12, self.base + middle, SIDE_BY_SIDE, SMALL, align="left")
        self.dot(parted, middle)
        for y in (update, reset):
            self.line((parted, middle), (parted, y), (gates - GATE[0] / 2, y))

    def _draw_candidate(self, state: float, reset: float, new: float, bus: float, gates: float, blend: float) -> None:
        """Draws the new state that is proposed."""
        x, recurrent, read = self.input_x, 3.5, 1.15
        self.small_box(x, recurrent, "$W_{hn}$")
        self.small_box(x, read, "$W_{xn}$")
        self.sign(x, reset, "\\times")
        self.sign(x, new, "+")
        self.dot(x, state)
        self.dot(x, bus)
        self.line((x, state), (x, recurrent + 0.21))
        self.line((x, recurrent - 0.21), (x, reset + RADIUS))
        self.line((gates + GATE[0] / 2, reset), (x - RADIUS, reset))
        self.line((x, reset - RADIUS), (x, new + RADIUS))
        self.line((x, -0.42), (x, read - 0.21))
        self.line((x, read + 0.21), (x, new - RADIUS))
        self.small_box(x + 1.15, new, "tanh")
        self.line((x + RADIUS, new), (x + 0.75, new))
        self.line((x + 1.55, new), (blend - RADIUS, new))
        self.label(gates + GATE[0] / 2 + 0.15, reset + 0.2, "$r_t$")
        self.label(x + 1.6, new + 0.2, "$n_t$")

    def _draw_blend(self, state: float, update: float, new: float, gates: float, blend: float, total: float) -> None:
        """Draws how much is kept of the state before, and how much of the proposed one is taken."""
        rest = 3.05
        self.sign(blend, state, "\\times")
        self.sign(blend, rest, "1-")
        self.sign(blend, new, "\\times")
        self.sign(total, state, "+")
        self.line((self.entrance, state), (blend - RADIUS, state))
        self.line((blend + RADIUS, state), (total - RADIUS, state))
        self.line((total + RADIUS, state), (self.exit, state))
        self.line((gates + GATE[0] / 2, update), (blend, update), is_over=True, has_head=False)
        self.dot(blend, update)
        self.line((blend, update), (blend, state - RADIUS))
        self.line((blend, update), (blend, rest + RADIUS))
        self.line((blend, rest - RADIUS), (blend, new + RADIUS))
        self.line((blend + RADIUS, new), (total, new), (total, state - RADIUS))
        self.label(gates + GATE[0] / 2 + 0.15, update + 0.2, "$z_t$")


CELLS: dict[str, type[CellDrawing]] = {"simple_rnn": SimpleRNNDrawing, "gru": GRUDrawing, "lstm": LSTMDrawing}
