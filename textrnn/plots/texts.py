"""Texts as they stand, each token on the colour of a number: what one unit did, or how surprising the token was.

Characters stand in a grid, as a typewriter sets them. Letters are black on every colour; in black and white the depth
of the grey tells how large a number is, and a line below the letters that it is negative.
"""

import bisect
import dataclasses
import os
import unicodedata
from collections.abc import Iterator
from typing import Any

from textrnn.errors import TextrnnError
from textrnn.plots.charts import installed_fonts
from textrnn.plots.files import save

__all__ = ["neuron", "surprise"]

MOST_CHARACTERS = 12_000  # in one picture
MOST_COLUMNS = 88
TAB = 4  # columns
SIZE = 10  # of letters, in points
COLUMN, ROW = 0.602 * SIZE / 72, 1.75 * SIZE / 72  # inches; 0.602 is the width of every letter of the font
MARGIN = 0.15
FONT = "DejaVu Sans Mono"
LAST_TYPED = 0x052F  # Latin, Greek and Cyrillic letters are in that font, and are set in words
NEWLINE_SIGN = "\u21b5"
POSITIVE, NEGATIVE = "#f0883a", "#62a0dc"
SIGNED = ("hidden", "cell", "candidate")  # the others are gates, from 0 to 1


@dataclasses.dataclass
class Cell:
    """A place in the grid.

    Args:
        text: A character, with what combines with it.
        place: Its place in the text.
        width: Columns that it takes.
        row: Its row, from 0.
        column: Its first column, from 0.
    """

    text: str
    place: int
    width: int
    row: int = 0
    column: int = 0


def neuron(
    inspection: Any, layer: int, unit: int, path: str | os.PathLike[str] | None = None, part: str = "hidden"
) -> Any:
    """Draws a text, each token on the colour of what one unit did when it had read it.

    Args:
        inspection: What `inspect` of a model returns.
        layer: Place in its `layers`, 0 for the first; -1 is the last one.
        unit: Number of the unit, 0 for the first.
        path: Where to write a PNG or an SVG, or None.
        part: "hidden", "cell", or the name of a gate.

    Returns:
        The Matplotlib figure.

    Raises:
        TextrnnError: If there is no such layer, unit or part, or the text is too long for a picture.
    """
    values = inspection.activation(layer, unit, part)
    title = f"{inspection.layers[layer].name}, unit {unit}, {part}"
    if part in SIGNED:
        limit = max(float(abs(values).max()), 1e-9)
        return drawn(inspection, values, (-limit, limit), title, "underlined: negative", path)
    return drawn(inspection, values, (0.0, 1.0), f"{title} gate", "", path)


def surprise(inspection: Any, path: str | os.PathLike[str] | None = None) -> Any:
    """Draws a text, each token the darker the less the model expected it.

    Args:
        inspection: What `inspect` of a language model returns.
        path: Where to write a PNG or an SVG, or None.

    Returns:
        The Matplotlib figure.

    Raises:
        TextrnnError: If it is of another model, or the text is too long for a picture.
    """
    if not hasattr(inspection, "surprise"):
        raise TextrnnError("Only a language model expects tokens. Pass what its `inspect` returns.")
    import numpy as np

    values = inspection.surprise
    known = values[np.isfinite(values)]
    most = max(float(known.max(initial=0.0)), 1.0)
    title = f"surprise, {known.mean() if len(known) else 0:.2f} bits per token"
    return drawn(inspection, np.nan_to_num(values, nan=0.0), (0.0, most), title, "bits", path)


def drawn(inspection: Any, values: Any, limits: tuple[float, float], title: str, label: str, path: Any) -> Any:
    """Draws a text over colours.

    Args:
        inspection: The text and where its tokens end.
        values: A number for each token.
        limits: The numbers at the ends of the scale; one that begins below zero has two colours.
        title: What the numbers are.
        label: Stands beside the scale.
        path: Where to write a PNG or an SVG, or None.
    """
    if len(inspection.text) > MOST_CHARACTERS:
        raise TextrnnError(
            f"The text has {len(inspection.text):,} characters, and a picture holds {MOST_CHARACTERS:,}. Inspect "
            "a part."
        )
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize
    from matplotlib.figure import Figure

    cells = list(laid_out(inspection.text))
    columns = max([cell.column + cell.width for cell in cells], default=1)
    num_rows = max([cell.row for cell in cells], default=0) + 1
    width, height = max(columns * COLUMN, 4.2) + 2 * MARGIN, num_rows * ROW + 0.75 + 2 * MARGIN
    figure = Figure(figsize=(width, height), facecolor="white", label=title)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(-MARGIN, width - MARGIN), ylim=(-height + MARGIN, MARGIN))
    axes.text(0, -0.12, title, size=SIZE, fontweight="bold", va="center_baseline", parse_math=False)
    shades = [NEGATIVE, "#ffffff", POSITIVE] if limits[0] < 0 else ["#ffffff", POSITIVE]
    scale = ScalarMappable(Normalize(*limits), LinearSegmentedColormap.from_list("numbers", shades))
    top = -0.35
    draw_colours(axes, runs(cells, list(inspection.ends)), values, scale, top)
    for text, x, y, align in words(cells, top):
        axes.text(
            x, y, text, size=SIZE, ha=align, va="center_baseline", parse_math=False,
            fontfamily=[FONT, *installed_fonts()], color="black",
        )  # fmt: skip
    draw_scale(figure, scale, label, width, height)
    if path is not None:
        save(figure, path)
    return figure


def draw_colours(axes: Any, found: list[tuple[int, int, int, int]], values: Any, scale: Any, top: float) -> None:
    """Draws the grounds of tokens, and lines below those whose numbers are negative."""
    from matplotlib.collections import LineCollection, PolyCollection

    shapes, lines = [], []
    for token, row, first, last in found:
        left, right = first * COLUMN, last * COLUMN
        above, below = top - row * ROW, top - (row + 0.92) * ROW
        shapes.append([(left, above), (right, above), (right, below), (left, below)])
        if values[token] < 0:
            lines.append([(left, below + 0.02), (right, below + 0.02)])
    colours = scale.to_rgba([values[token] for token, *_ in found])
    axes.add_collection(PolyCollection(shapes, facecolors=colours, edgecolors="white", linewidths=0.6, zorder=1))
    axes.add_collection(LineCollection(lines, colors="#222222", linewidths=0.7, zorder=2))


def draw_scale(figure: Any, scale: Any, label: str, width: float, height: float) -> None:
    """Draws the scale of the colours below the text."""
    box = figure.add_axes((MARGIN / width, (MARGIN + 0.2) / height, 1.6 / width, 0.11 / height))
    bar = figure.colorbar(scale, cax=box, orientation="horizontal")
    low, high = scale.get_clim()
    middle = [0.0] if low < 0 else []
    bar.set_ticks([low, *middle, high], labels=[f"{value:.3g}" for value in (low, *middle, high)])
    bar.ax.tick_params(labelsize=8, length=2)
    bar.outline.set_linewidth(0.5)
    bar.ax.text(1.1, 0.5, label, size=8, va="center", transform=bar.ax.transAxes)


def laid_out(text: str) -> Iterator[Cell]:
    """Yields the cells of a text, row by row: a line that is too long goes on in the next row, at a space if it can."""
    row = 0
    for line in lines_of(text):
        start = 0
        while True:
            end = row_end(line, start)
            yield from in_reading_order(line[start:end], row)
            row += 1
            start = end
            if start >= len(line):
                break


def lines_of(text: str) -> Iterator[list[Cell]]:
    """Yields the cells of each line, with a sign for the newline that ends it."""
    line: list[Cell] = []
    for place, character in enumerate(text):
        if character == "\n":
            yield [*line, Cell(NEWLINE_SIGN, place, 1)]
            line = []
        elif line and unicodedata.category(character) in ("Mn", "Me", "Cf"):
            line[-1].text += character
            line[-1].place = place
        elif character == "\t":
            line.append(Cell(" ", place, TAB))
        else:
            line.append(Cell(character, place, 2 if unicodedata.east_asian_width(character) in "WF" else 1))
    if line:
        yield line


def row_end(line: list[Cell], start: int) -> int:
    """Returns where a row ends that begins at a cell of a line: after the last space that fits in, if there is one."""
    columns = 0
    for place in range(start, len(line)):
        columns += line[place].width
        if columns > MOST_COLUMNS and line[place].text != NEWLINE_SIGN:
            spaces = [end for end in range(start + 1, place + 1) if line[end - 1].text == " "]
            return spaces[-1] if spaces else max(place, start + 1)
    return len(line)


def in_reading_order(cells: list[Cell], row: int) -> list[Cell]:
    """Returns cells with their places in a row; one that begins in Hebrew or Arabic is read from right to left.

    Within such a row, numbers and words of other scripts still go from left to right.
    """
    ordered = cells
    if is_right_to_left(cells):
        ordered, run = list[Cell](), list[Cell]()
        for cell in reversed(cells):
            if unicodedata.bidirectional(cell.text[0]) in ("L", "EN", "AN"):
                run.insert(0, cell)
            else:
                ordered += [*run, cell]
                run = []
        ordered += run
    column = 0
    for cell in ordered:
        cell.row, cell.column = row, column
        column += cell.width
    return ordered


def is_right_to_left(cells: list[Cell]) -> bool:
    """Says whether the first letter of a row is one of a script that is read from right to left."""
    kinds = (unicodedata.bidirectional(cell.text[0]) for cell in cells)
    return next((kind != "L" for kind in kinds if kind in ("L", "R", "AL")), False)


def runs(cells: list[Cell], ends: list[int]) -> list[tuple[int, int, int, int]]:
    """Returns for each stretch of one token in one row the token, the row, and the columns where it begins and ends."""
    found: list[list[int]] = []
    for cell in cells:
        token = bisect.bisect_right(ends, cell.place)  # the first one that ends behind this place
        if token >= len(ends):
            continue  # a gap at the end, which belongs to none
        last = found[-1] if found else None
        if last is not None and last[:2] == [token, cell.row] and last[3] == cell.column:
            last[3] += cell.width
        else:
            found.append([token, cell.row, cell.column, cell.column + cell.width])
    return [(token, row, first, last) for token, row, first, last in found]


def words(cells: list[Cell], top: float) -> Iterator[tuple[str, float, float, str]]:
    """Yields texts with the point where each is set and how: words by their beginning, other characters by the middle.

    Args:
        cells: The grid.
        top: Height of the first row's upper edge.
    """
    word, x, y, next_column = "", 0.0, 0.0, -1
    for cell in cells:
        height = top - (cell.row + 0.46) * ROW
        is_typed = len(cell.text) == 1 and cell.width == 1 and cell.text != " " and ord(cell.text) <= LAST_TYPED
        is_typed = is_typed and unicodedata.bidirectional(cell.text) not in ("R", "AL")
        if word and not (is_typed and height == y and cell.column == next_column):
            yield word, x, y, "left"
            word = ""
        if is_typed:
            if not word:
                x, y = cell.column * COLUMN, height
            word, next_column = word + cell.text, cell.column + 1
        elif cell.text != " ":
            yield cell.text, (cell.column + cell.width / 2) * COLUMN, height, "center"
    if word:
        yield word, x, y, "left"
