"""What the benchmarks measured, as JSON, as tables and as charts."""

import dataclasses
import json
import pathlib
import platform
import statistics
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from textrnn.cores import num_cores

__all__ = ["Measurement", "Report"]

BASE = "textrnn"
COLORS = {
    "textrnn": "#4477aa",
    "PyTorch": "#ee6677",
    "Keras layers": "#ccbb44",
    "tf.function": "#228833",
    "model.predict": "#aa3377",
}


@dataclasses.dataclass
class Measurement:
    """One side of one row.

    Args:
        part: The table it belongs to.
        what: The row.
        side: Who was measured.
        unit: Of the values.
        values: One for each run.
        share_of_peak: Share of the machine's matrix peak, measured in turns with it.
        peak_megabytes: Highest resident memory.
        base_megabytes: What the process took before its work.
    """

    part: str
    what: str
    side: str
    unit: str
    values: list[float]
    share_of_peak: float | None = None
    peak_megabytes: float | None = None
    base_megabytes: float | None = None

    @property
    def median(self) -> float:
        """Median of the runs."""
        return statistics.median(self.values)


@dataclasses.dataclass
class Report:
    """The results of all parts.

    Args:
        directory: Where `speed.json`, `SPEED.md` and the charts are.
        parts: For each part of the command the machine it ran on and its measurements.
    """

    directory: pathlib.Path
    parts: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, directory: pathlib.Path) -> "Report":
        """Returns what an earlier run has left."""
        path = directory / "speed.json"
        parts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        for part in parts.values():
            part["measurements"] = [Measurement(**values) for values in part["measurements"]]
        return cls(directory, parts)

    def replace(self, name: str, measurements: list[Measurement]) -> None:
        """Puts in the new measurements of a part."""
        self.parts[name] = {"machine": machine(), "measurements": measurements}

    def write(self) -> None:
        """Writes JSON, tables and charts."""
        plain = {
            name: {**part, "measurements": [dataclasses.asdict(one) for one in part["measurements"]]}
            for name, part in self.parts.items()
        }
        (self.directory / "speed.json").write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
        notes = self.directory / "SPEED_NOTES.md"
        lines = ["# Speed", "", *HEAD, ""]
        for description in dict.fromkeys(part["machine"] for part in self.parts.values()):
            lines += [f"Machine: {description}", ""]
        if notes.is_file():
            lines += [notes.read_text(encoding="utf-8").strip(), ""]
        lines += ["![speed](speed.png)", "", "![growth](growth.png)", ""]
        for name in self.parts:
            lines += self.table(name)
        (self.directory / "SPEED.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
        self.draw_speed()
        self.draw_growth()

    def table(self, name: str) -> list[str]:
        """Returns a part's measurements as lines of Markdown."""
        measurements = self.parts[name]["measurements"]
        lines = [
            f"## {measurements[0].part}",
            "",
            "| what | side | median | spread | runs | ratio | of peak | memory |",
        ]
        lines += ["| --- | --- | --- | --- | --- | --- | --- | --- |"]
        bases = {one.what: one.median for one in measurements if one.side == BASE}
        for one in measurements:
            base = bases.get(one.what)
            ratio = f"textrnn {base / one.median:.2f} x" if base and one.side != BASE else ""
            share = "" if one.share_of_peak is None else f"{one.share_of_peak:.0%}"
            memory = "" if one.peak_megabytes is None else f"{one.peak_megabytes:,.0f} MB"
            if one.base_megabytes is not None and one.peak_megabytes is not None:
                memory = f"{one.peak_megabytes - one.base_megabytes:,.0f} MB above {one.base_megabytes:,.0f}"
            spread = f"{shown(min(one.values))} to {shown(max(one.values))}"
            lines.append(
                f"| {one.what} | {one.side} | {shown(one.median)} {one.unit} | {spread} | {len(one.values)} | {ratio} "
                f"| {share} | {memory} |"
            )
        return [*lines, ""]

    def draw_speed(self) -> None:
        """Draws the comparisons: each side relative to textrnn."""
        from matplotlib.figure import Figure

        compared = [
            one
            for part in self.parts.values()
            for one in part["measurements"]
            if one.side in COLORS and one.side != "model.predict"
        ]
        rows = list(dict.fromkeys((one.part, one.what) for one in compared))
        if not rows:
            return
        figure = Figure(figsize=(8, 0.5 * len(rows) + 1))
        axes = figure.subplots()
        height = 0.8 / (len(COLORS) - 1)
        medians = {(one.part, one.what, one.side): one.median for one in compared}
        for number, (side, color) in enumerate(COLORS.items()):
            places, lengths = [], []
            for row, (part, what) in enumerate(rows):
                if (part, what, side) in medians:
                    places.append(row + (number - 1.5) * height)
                    lengths.append(medians[part, what, side] / medians[part, what, BASE])
            if places:
                axes.barh(places, lengths, height, color=color, label=side)
        axes.set_yticks(range(len(rows)), [f"{part}: {what}" for part, what in rows], fontsize=8)
        axes.invert_yaxis()
        axes.axvline(1, color="black", linewidth=0.5)
        axes.set_xlabel("work per second, textrnn = 1 (longer is faster)")
        axes.legend(frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(COLORS))
        figure.savefig(self.directory / "speed.png", dpi=110, bbox_inches="tight")

    def draw_growth(self) -> None:
        """Draws time and memory over each quantity, with a line of linear growth beside the time."""
        from matplotlib.figure import Figure

        measurements = self.parts.get("growth", {}).get("measurements", [])
        names = list(dict.fromkeys(one.what for one in measurements))
        if not names:
            return
        figure = Figure(figsize=(3.2 * len(names), 5.5), layout="constrained")
        grid = figure.subplots(2, len(names), squeeze=False)
        for column, name in enumerate(names):
            points = [one for one in measurements if one.what == name]
            x, seconds = [float(one.side) for one in points], [one.median for one in points]
            time, memory = grid[0][column], grid[1][column]
            time.loglog(x, seconds, "o-", color="#4477aa", label="measured")
            time.loglog(x, [seconds[-1] * value / x[-1] for value in x], "--", color="#bbbbbb", label="linear")
            memory.semilogx(x, [one.peak_megabytes for one in points], "o-", color="#ee6677")
            memory.set_ylim(0)
            time.set_title(name, fontsize=10)
            for axes in (time, memory):
                axes.grid(alpha=0.3)
                axes.set_xticks(x, [f"{value:,.0f}" for value in x])
                axes.minorticks_off()
            time.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            time.set_yticks([value for value in SECONDS if min(seconds) / 2 <= value <= 2 * max(seconds)])
        grid[0][0].set_ylabel("seconds")
        grid[1][0].set_ylabel("peak memory, MB")
        grid[0][0].legend(frameon=False, fontsize=8)
        figure.savefig(self.directory / "growth.png", dpi=100)


SECONDS = [mantissa * 10**exponent for exponent in range(-3, 4) for mantissa in (1, 2, 5)]
HEAD = [
    "Written by `python -m benchmarks`. All sides of a comparison take turns, each in a process of its own, with",
    "all cores; the table gives medians and the whole spread. Before anything is timed, equal weights must give losses",
    'equal to 1e-4 over three training steps, the same tokens, the same translations. "Of peak" is the share of',
    "the machine's float32 matrix peak (NumPy, 2048 x 2048), measured in the same turns.",
]


def shown(value: float) -> str:
    """Returns a value with three significant figures at least."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def machine() -> str:
    """Describes the machine and the versions."""
    name = platform.processor() or platform.machine()
    info = pathlib.Path("/proc/cpuinfo")
    if info.is_file():
        models = [
            line.split(":")[1].strip()
            for line in info.read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        name = models[0] if models else name
    versions = []
    for package in ("tensorflow", "keras", "numpy", "torch"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} not installed")
    return f"{num_cores()} cores of {name}; Python {platform.python_version()}, {', '.join(versions)}"
