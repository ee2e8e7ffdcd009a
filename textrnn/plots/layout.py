"""Where the parts of an architecture stand, and along which way its links lead, in inches.

Parts stand on a grid of columns and rows. A link within a column leads straight up. Another one leads level to a part
in the same row; else up from its start and level to its end, if nothing stands above its start; else level from its
start and up to its end, if nothing stands below its end; else it climbs in the lane beside its end. What leaves a part
on one side leaves it at one point, and what comes in has a point of its own, so that lines part but never meet.
"""

import dataclasses
import itertools
from collections.abc import Mapping

from textrnn.config.architecture import Architecture, Link
from textrnn.plots.drawing import LINE_HEIGHT, NORMAL, POINTS_PER_INCH, SMALL, Point, text_width

__all__ = ["MARGIN", "Box", "Layout", "Route"]

MARGIN = 0.35  # around all
PADDING = 0.16  # between a text and its box, and between a box and the frame of its group
ROW_GAP = 0.66
LANE = 0.3  # from a box to the lane beside it
BESIDE = 0.1  # from a line to its label
TITLE = 0.26  # of a group, beside its frame
LINE = LINE_HEIGHT * SMALL / POINTS_PER_INCH
FIRST_LINE = LINE_HEIGHT * NORMAL / POINTS_PER_INCH
PORTS = 0.28  # between two lines on one side, at most


@dataclasses.dataclass(frozen=True)
class Box:
    """A rectangle.

    Args:
        x: Its middle.
        y: Its middle.
        width: From left to right.
        height: From bottom to top.
    """

    x: float
    y: float
    width: float
    height: float

    def side(self, sign: int) -> float:
        """Returns its right side for 1, its left one for -1."""
        return self.x + sign * self.width / 2

    def end(self, sign: int) -> float:
        """Returns its top for 1, its bottom for -1."""
        return self.y + sign * self.height / 2


@dataclasses.dataclass(frozen=True)
class Route:
    """The way of a link.

    Args:
        points: Where it starts, turns and ends.
        label: What is written beside it.
        place: The middle of the label's left side, of its right side, or of all of it, as `align` says.
        align: "left", "right" or "center".
        is_shared: Whether it is no arrow, but says that two parts have the same weights.
        is_branch: Whether it parts from the way of another link.
    """

    points: tuple[Point, ...]
    label: tuple[str, ...]
    place: Point
    align: str
    is_shared: bool
    is_branch: bool


class Layout:
    """The places of all parts, groups and links.

    Args:
        architecture: What is drawn.
        texts: The lines of each part, by its name.
    """

    def __init__(self, architecture: Architecture, texts: Mapping[str, tuple[str, ...]]) -> None:
        self.architecture = architecture
        self.texts = texts
        self.columns = {part.name: number for number, parts in enumerate(architecture.columns) for part in parts}
        self.groups: dict[str, list[str]] = {}
        for part in (part for parts in architecture.columns for part in parts):
            if part.group:
                self.groups.setdefault(part.group, []).append(part.name)
        self.rows = self._rows()
        self.ways = {link: self._way(link) for link in architecture.links}
        self.boxes = self._boxes()
        self.frames = {name: self._frame(members) for name, members in self.groups.items()}
        self.ports = self._ports()
        self.routes = self._routes()
        top = max(box.end(1) for box in self.boxes.values()) + PADDING
        self.size = (self.right_end + MARGIN, top + MARGIN)

    def _part(self, name: str) -> str:
        """Returns the part that a link's end names, of a group the first one."""
        return self.groups[name][0] if name in self.groups else name

    def _ends(self, link: Link) -> tuple[str, str]:
        return self._part(link.start), self._part(link.end)

    def _direction(self, link: Link) -> int:
        """Returns 1 for a link that leads to the right, -1 to the left, 0 for one in its column."""
        start, end = (self.columns[name] for name in self._ends(link))
        return (end > start) - (end < start)

    # Rows and ways

    def _rows(self) -> dict[str, int]:
        """Returns the row of each part: above all it depends on, and as near as possible to what depends on it."""
        steps = [(a.name, b.name, 1) for parts in self.architecture.columns for a, b in itertools.pairwise(parts)]
        steps += [
            (*self._ends(link), 0) for link in self.architecture.links if not link.is_shared and self._direction(link)
        ]
        rows = dict.fromkeys(self.columns, 0)
        for _ in rows:
            for below, above, distance in steps:
                rows[above] = max(rows[above], rows[below] + distance)
        for _ in rows:
            for name in rows:
                highest = [rows[above] - distance for below, above, distance in steps if below == name]
                rows[name] = min(highest, default=rows[name])
        return rows

    def _way(self, link: Link) -> str:
        """Returns how a link leads: "up", "beside", "level", "over", "under" or "lane"."""
        start, end = self._ends(link)
        if not self._direction(link):
            return "beside" if link.is_shared else "up"
        low, high = self.rows[start], self.rows[end]
        if low == high:
            return "level"
        taken = {(self.columns[name], row) for name, row in self.rows.items()}
        if not any((self.columns[start], row) in taken for row in range(low + 1, high + 1)):
            return "over"
        if not any((self.columns[end], row) in taken for row in range(low, high)):
            return "under"
        return "lane"

    # Boxes

    def _boxes(self) -> dict[str, Box]:
        heights = {name: 2 * PADDING * 0.8 + FIRST_LINE + LINE * (len(lines) - 1) for name, lines in self.texts.items()}
        middles, below = [], MARGIN
        for row in range(1 + max(self.rows.values())):
            height = max(heights[name] for name in self.rows if self.rows[name] == row)
            middles.append(below + height / 2)
            below += height + ROW_GAP
        boxes = {}
        left = MARGIN
        self.extents: list[tuple[float, float]] = []  # what each column takes, labels and frames included
        self.frame_halves: dict[int, float] = {}
        for number, parts in enumerate(self.architecture.columns):
            width = max(self._text_width(self.texts[part.name]) for part in parts) + 2 * PADDING
            before, after = self._room(number, width)
            x = left + before
            for part in parts:
                boxes[part.name] = Box(x, middles[self.rows[part.name]], width, heights[part.name])
            self.extents.append((left, x + after))
            left = x + after + self._gap(number, width)
        self.right_end = self.extents[-1][1]
        for link in self.architecture.links:
            if self.ways[link] == "beside":
                self.right_end += LANE + BESIDE + label_width(link.label)
        return boxes

    def _room(self, number: int, width: float) -> tuple[float, float]:
        """Returns how much a column takes on both sides of its middle."""
        parts = self.architecture.columns[number]
        labels = [
            label_width(link.label)
            for link in self.architecture.links
            if self.ways[link] == "up" and self.columns[link.start] == number
        ]
        beside = max(labels, default=0.0) + 2 * BESIDE
        if not any(part.group for part in parts):
            return width / 2, max(width / 2, beside)
        half = self.frame_halves[number] = max(width / 2 + PADDING, beside)
        return (half + TITLE, half) if number == 0 else (half, half + TITLE)

    def _gap(self, number: int, width: float) -> float:
        """Returns the distance from one column to the next, in which labels stand."""
        needed = [0.5]
        for link in self.architecture.links:
            start, end = (self.columns[name] for name in self._ends(link))
            near = end - (start < end)  # the gap at the end of the link
            label = label_width(link.label)
            way = self.ways[link]
            if way == "level" and near == number:
                needed.append(label + 4 * BESIDE)
            elif way == "lane" and near == number:
                needed.append(LANE + label + 3 * BESIDE)
            elif way == "under" and min(start, end) == number:
                needed.append(label + 3 * BESIDE)
            elif way == "over" and near == number:
                needed.append(label + 4 * BESIDE - width / 2)
        return max(needed)

    def _text_width(self, lines: tuple[str, ...]) -> float:
        first = text_width(lines[0], NORMAL, is_bold=True)
        return max([first, *(text_width(line, SMALL) for line in lines[1:])])

    def _frame(self, members: list[str]) -> Box:
        boxes = [self.boxes[name] for name in members]
        bottom, top = min(box.end(-1) for box in boxes), max(box.end(1) for box in boxes)
        width = 2 * self.frame_halves[self.columns[members[0]]]
        return Box(boxes[0].x, (bottom + top) / 2, width, top - bottom + 1.2 * PADDING)

    # Ports

    def _ports(self) -> dict[tuple[str, str], list[Link | None]]:
        """Returns what comes in on each side of each part, in order, and None for where all leaves that leaves there.

        Sides are "left", "right", "top" and "bottom".
        """
        found: dict[tuple[str, str], dict[Link | None, float]] = {}
        for link in self.architecture.links:
            start, end = self._ends(link)
            sides = self._sides(link)
            upwards = self.rows[end] - self.rows[start]
            sidewards = self.columns[end] - self.columns[start]
            away = sidewards if sides[0] == "top" else upwards
            back = -sidewards if sides[1] == "bottom" else -upwards
            found.setdefault((start, sides[0]), {})[None] = away
            found.setdefault((end, sides[1]), {})[link] = back
        return {key: sorted(directions, key=directions.__getitem__) for key, directions in found.items()}

    def _sides(self, link: Link) -> tuple[str, str]:
        """Returns on which sides of its parts a link starts and ends."""
        ahead, behind = ("right", "left") if self._direction(link) > 0 else ("left", "right")
        return {
            "up": ("top", "bottom"),
            "beside": ("right", "right"),
            "level": (ahead, behind),
            "over": ("top", behind),
            "under": (ahead, "bottom"),
            "lane": (ahead, behind),
        }[self.ways[link]]

    def _port(self, name: str, side: str, link: Link | None) -> Point:
        """Returns the point of a part's side at which a link comes in, or, for None, what leaves it does."""
        box, links = self.boxes[name], self.ports[name, side]
        length = box.width if side in ("top", "bottom") else box.height
        shift = (links.index(link) - (len(links) - 1) / 2) * min(PORTS, length / (len(links) + 1))
        if side in ("top", "bottom"):
            return box.x + shift, box.end(1 if side == "top" else -1)
        return box.side(1 if side == "right" else -1), box.y + shift

    # Routes

    def _routes(self) -> list[Route]:
        routes, written = [], set()
        for link in self.architecture.links:
            is_said = (link.start, link.label) in written  # of what parts on its way, once
            written.add((link.start, link.label))
            points = self._points(link)
            place, align = self._label_place(link, points)
            is_branch = self._is_branch(link)
            points = points[1:] if is_branch else points
            label = () if is_said else link.label
            routes.append(Route(points, label, place, align, link.is_shared, is_branch))
        return routes

    def _is_branch(self, link: Link) -> bool:
        """Returns whether another link from the same part climbs on where this one turns."""
        return self.ways[link] == "over" and any(
            self.ways[other] == "over" and self.rows[self._part(other.end)] > self.rows[self._part(link.end)]
            for other in self.architecture.links
            if other.start == link.start
        )

    def _points(self, link: Link) -> tuple[Point, ...]:
        (start, end), sides = self._ends(link), self._sides(link)
        (x1, y1), (x2, y2) = self._port(start, sides[0], None), self._port(end, sides[1], link)
        direction = self._direction(link)
        if link.end in self.groups:
            x2 = self.frames[link.end].side(-direction)
        way = self.ways[link]
        if way == "up":
            return (x1, y1), (x2, y2)
        if way == "over":
            return (x1, y1), (x1, y2), (x2, y2)
        if way == "under":
            return (x1, y1), (x2, y1), (x2, y2)
        if way == "level":
            if len(self.ports[start, sides[0]]) == 1:
                y1 = y2
            elif len(self.ports[end, sides[1]]) == 1:
                y2 = y1
            if y1 == y2:
                return (x1, y1), (x2, y2)
        lane = self.extents[-1][1] + LANE if way == "beside" else x2 - direction * LANE
        return (x1, y1), (lane, y1), (lane, y2), (x2, y2)

    def _label_place(self, link: Link, points: tuple[Point, ...]) -> tuple[Point, str]:
        """Returns where the label of a link stands, and how it is aligned."""
        way, direction = self.ways[link], self._direction(link)
        (start, end), sides = self._ends(link), self._sides(link)
        above = BESIDE * 0.7 + LINE * len(link.label) / 2
        if way == "up":
            return (points[0][0] + BESIDE, (points[0][1] + points[1][1]) / 2), "left"
        if way in ("beside", "lane"):
            side = 1 if way == "beside" else -direction
            place = (points[1][0] + side * BESIDE, (points[1][1] + points[2][1]) / 2)
            return place, "left" if side > 0 else "right"
        if way == "over":
            return ((points[1][0] + points[2][0]) / 2, points[1][1] + above), "center"
        if way == "under":
            edge = self.extents[self.columns[start]][1 if direction > 0 else 0]
            return (edge + direction * BESIDE, points[0][1] + above), "left" if direction > 0 else "right"
        # A label stands below its line if another line is above it.
        ports = self.ports[end, sides[1]]
        lift = -above if len(ports) > 1 and ports.index(link) == 0 else above
        near = self.columns[end] - (direction > 0)
        middle = (self.extents[near][1] + self.extents[near + 1][0]) / 2
        return (middle, points[-1][1] + lift), "center"


def label_width(label: tuple[str, ...]) -> float:
    """Returns the width of the longest line of a label."""
    return max((text_width(line, SMALL) for line in label), default=0.0)
