"""What diagrams are drawn with: boxes, circles, arrows and texts on a sheet that is measured in inches.

All is black, white and grey. Fonts are those that come with Matplotlib, so a diagram has the same measures everywhere,
and every text is a single line, so that a viewer with other fonts still centres it.
"""

import functools
import os
from typing import Any

from textrnn.plots.files import save

__all__ = ["LINE_HEIGHT", "NORMAL", "SMALL", "Diagram", "Point", "text_width"]

Point = tuple[float, float]

FONTS = ("DejaVu Sans", "sans-serif")
MATH_FONTS = "dejavusans"
NORMAL, SMALL = 11, 9  # points
LINE_HEIGHT = 1.4  # of a line of text, in sizes of its letters
POINTS_PER_INCH = 72
CORNER = 0.09  # inches

LAYERS = {"frame": 0, "arrow": 1, "bridge": 2, "box": 3, "text": 4}  # what is drawn over what
GREYS = {"white": "#ffffff", "pale": "#f4f4f4", "grey": "#e4e4e4"}


@functools.cache
def text_width(text: str, size: float = NORMAL, is_bold: bool = False) -> float:
    """Returns the width of a line of text in inches.

    Args:
        text: What is written; formulas between dollar signs.
        size: Of its letters, in points.
        is_bold: Whether it is bold.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    weight = "bold" if is_bold else "normal"
    font = FontProperties(family=FONTS, math_fontfamily=MATH_FONTS, weight=weight)
    path: Any = TextPath((0, 0), text, size=size, prop=font)
    return float(path.get_extents().width) / POINTS_PER_INCH if len(path.vertices) else 0.0


class Diagram:
    """A sheet of white paper; (0, 0) is its lower left corner, and all lengths are inches.

    Args:
        width: Of the sheet.
        height: Of the sheet.
        title: What the picture shows, for readers of the file who cannot see it.
    """

    def __init__(self, width: float, height: float, title: str) -> None:
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(width, height), facecolor="white", label=title)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set(xlim=(0, width), ylim=(0, height))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = NORMAL,
        align: str = "center",
        is_bold: bool = False,
        rotation: float = 0,
    ) -> None:
        """Writes a line of text whose middle is at the height `y`; `align` says which part of it is at `x`."""
        self.axes.text(
            x,
            y,
            text,
            size=size,
            ha=align,
            va="center_baseline" if rotation == 0 else "center",
            weight="bold" if is_bold else "normal",
            rotation=rotation,
            color="black",
            fontfamily=list(FONTS),
            math_fontfamily=MATH_FONTS,
            usetex=False,
            zorder=LAYERS["text"],
        )

    def lines(self, x: float, y: float, lines: tuple[str, ...], size: float = NORMAL, align: str = "center") -> None:
        """Writes lines one below the other; their middle is at the height `y`."""
        pitch = LINE_HEIGHT * size / POINTS_PER_INCH
        for number, line in enumerate(lines):
            self.text(x, y + pitch * ((len(lines) - 1) / 2 - number), line, size, align)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        text: str = "",
        fill: str = "white",
        size: float = NORMAL,
        rounding: float = 0.06,
    ) -> None:
        """Draws a box around the point `(x, y)` and writes a line into it."""
        self._rectangle(x, y, width, height, "box", fill, rounding)
        if text:
            self.text(x, y, text, size)

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """Draws a pale frame around the point `(x, y)`, for boxes that belong together; arrows may cross it."""
        self._rectangle(x, y, width, height, "frame", "pale", 0.12)

    def _rectangle(
        self, x: float, y: float, width: float, height: float, kind: str, fill: str, rounding: float
    ) -> None:
        from matplotlib.patches import FancyBboxPatch

        style = f"round,pad=0,rounding_size={rounding}"
        edge = "black" if kind == "box" else "#888888"
        self.axes.add_patch(
            FancyBboxPatch(
                (x - width / 2, y - height / 2),
                width,
                height,
                boxstyle=style,
                facecolor=GREYS[fill],
                edgecolor=edge,
                linewidth=1.2 if kind == "box" else 0.8,
                label=kind,
                zorder=LAYERS[kind],
            )
        )

    def circle(self, x: float, y: float, radius: float, text: str = "", size: float = NORMAL) -> None:
        """Draws a circle around a point and writes into it."""
        from matplotlib.patches import Circle

        self.axes.add_patch(
            Circle(
                (x, y), radius, facecolor="white", edgecolor="black", linewidth=1.2, label="box", zorder=LAYERS["box"]
            )
        )
        if text:
            self.text(x, y, text, size)

    def dot(self, x: float, y: float) -> None:
        """Draws a dot, where lines part or meet."""
        from matplotlib.patches import Circle

        self.axes.add_patch(Circle((x, y), 0.035, color="black", linewidth=0, label="dot", zorder=LAYERS["bridge"]))

    def arrow(self, *points: Point, has_head: bool = True, is_dashed: bool = False, over: str | None = None) -> None:
        """Draws an arrow along straight lines with round corners.

        Args:
            points: Where it starts, turns and ends.
            has_head: Whether it has a head, or is only a line.
            is_dashed: Whether the line is dashed.
            over: The grey of the ground, if the arrow leads over others; it leaves a gap beside itself.
        """
        from matplotlib.path import Path

        vertices: list[Point] = [points[0]]
        codes = [Path.MOVETO]
        for before, corner, after in zip(points, points[1:], points[2:], strict=False):
            vertices += [toward(corner, before), corner, toward(corner, after)]
            codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
        self._line(Path([*vertices, points[-1]], [*codes, Path.LINETO]), has_head, is_dashed, over)

    def loop(self, x: float, y: float, reach: float, height: float) -> None:
        """Draws an arrow from the side of a box back to it.

        Args:
            x: The side.
            y: The middle of the loop.
            reach: How far it leads from the side; to the left, if negative.
            height: From where it leaves to where it ends; upwards, if negative.
        """
        from matplotlib.path import Path

        bend = 4 / 3 * reach  # a cubic curve reaches three quarters of its control points
        vertices = [
            (x, y + height / 2),
            (x + bend, y + 1.6 * height),
            (x + bend, y - 1.6 * height),
            (x, y - height / 2),
        ]
        self._line(Path(vertices, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]), True, False, None)

    def _line(self, path: Any, has_head: bool, is_dashed: bool, over: str | None) -> None:
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.patheffects import Normal, Stroke

        patch = FancyArrowPatch(
            path=path,
            arrowstyle="-|>" if has_head else "-",
            mutation_scale=12,
            linewidth=1.1,
            linestyle=(0, (4, 2.5)) if is_dashed else "solid",
            color="black",
            fill=has_head,
            capstyle="butt",
            joinstyle="miter",
            zorder=LAYERS["arrow" if over is None else "bridge"],
        )
        if over is not None:
            patch.set_path_effects([Stroke(linewidth=6, foreground=GREYS[over]), Normal()])
        self.axes.add_patch(patch)

    def saved(self, path: str | os.PathLike[str] | None) -> Any:
        """Returns the figure, written to a file if there is a path."""
        if path is not None:
            save(self.figure, path)
        return self.figure


def toward(corner: Point, other: Point) -> Point:
    """Returns the point on the way from a corner to another point where the corner begins to be round."""
    distance = abs(other[0] - corner[0]) + abs(other[1] - corner[1])
    share = min(CORNER, distance / 2) / distance if distance else 0.0
    return (corner[0] + share * (other[0] - corner[0]), corner[1] + share * (other[1] - corner[1]))
