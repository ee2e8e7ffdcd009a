"""What a forecaster is, and how it is trained."""

import dataclasses
from typing import Any, ClassVar

from textrnn.config.architecture import Architecture, Link, Part, chained, recurrent_part, with_dropout
from textrnn.config.base import NUM_GATES, Config, Shapes, num_states, recurrent_shapes
from textrnn.config.fitting import FittingConfig
from textrnn.errors import TextrnnError, check_choice, check_range

__all__ = ["FORECASTERS", "FROM_DATA", "HARMONICS", "ForecasterConfig", "ForecasterTrainingConfig"]

# Nobody sets these.
FROM_DATA = (
    "known",
    "names",
    "locations",
    "scales",
    "known_locations",
    "known_scales",
    "frequency",
    "time",
    "widening",
)
SCALINGS = ("series", "window", "last")
STRATEGIES = ("direct", "recursive")
POINTS = ("median", "mean")
HARMONICS = {"day": 3, "week": 3, "year": 2}  # sine and cosine waves that tell the position in each

# The networks of the well-known Keras tutorials: ten values in, the next one out, which is fed back.
TUTORIAL: dict[str, Any] = {
    "lookback": 10,
    "segment": 1,
    "strategy": "recursive",
    "scaling": "series",
    "linear": False,
    "head_units": 0,
    "point": "mean",
    "quantiles": (),
    "calendar": (),
    "log": False,
    "dropout": 0.0,
    "output_dropout": 0.0,
}
FORECASTERS = {
    "tutorial": {**TUTORIAL, "cell": "simple_rnn", "units": (64,)},
    "tutorial-stock": {**TUTORIAL, "cell": "lstm", "units": (50, 50)},
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ForecasterConfig(Config):
    """A network that reads a window of a series and writes what comes after it.

    What it says is a linear forecast and its correction by recurrent layers, as in Lai et al. 2018 (section 3.6), for
    some quantiles of each step.

    Args:
        horizon: Steps to forecast.
        lookback: Steps of the window that is read; a multiple of `segment`.
        segment: Steps that the recurrent layers read at once, such as a season (Lin et al. 2023).
        period: Steps of a season, 1 for none: what the seasonal naive forecast repeats.
        strategy: "direct" writes the whole horizon at once; "recursive" writes one step and reads it as if it had
            happened, again and again.
        scaling: What values are centred and divided by: mean and deviation of the "series" in training, those of the
            "window", or the "last" value and the deviation of the series in training.
        log: Whether logarithms are read and written; for positive values that grow by factors.
        calendar: Which positions in time are read: "day", "week", "year".
        known: Names of variables that are known for the future too.
        linear: Whether there is a linear forecast for the recurrent layers to correct.
        cell: "simple_rnn", "gru" or "lstm".
        units: Size of each recurrent layer, one to four of them.
        head_units: Size of the hidden layer before the output; 0 for none.
        dropout: Dropout between recurrent layers.
        output_dropout: Dropout before the output.
        quantiles: Levels between 0 and 1 that are forecast, rising and symmetric around 0.5.
        point: What the point forecast is, "median" or "mean".
        names: The series that were trained on.
        locations: What is subtracted from each of them.
        scales: What each of them is divided by.
        known_locations: What is subtracted from each known variable.
        known_scales: What each known variable is divided by.
        frequency: What stands between two steps, in pandas' words; "" if nobody knows.
        time: The name of the column of times.
        widening: How much further than written the quantiles lie from the point forecast, so that intervals hold as
            many of the validation values as they say.
    """

    horizon: int = 12
    lookback: int = 24
    segment: int = 1
    period: int = 1
    strategy: str = "direct"
    scaling: str = "series"
    log: bool = False
    calendar: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    linear: bool = True
    cell: str = "gru"
    units: tuple[int, ...] = (64,)
    head_units: int = 64
    dropout: float = 0.2
    output_dropout: float = 0.2
    quantiles: tuple[float, ...] = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
    point: str = "median"
    names: tuple[str, ...] = ()
    locations: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    known_locations: tuple[float, ...] = ()
    known_scales: tuple[float, ...] = ()
    frequency: str = ""
    time: str = ""
    widening: float = 1.0

    kind: ClassVar[str] = "forecaster"
    variational_dropout: ClassVar[bool] = True
    weight_drop: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        self._set_layer_sizes("units")
        for name in ("calendar", "known", "quantiles", "names", "locations", "scales"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, (str, float)) else tuple(value))
        for name in ("known_locations", "known_scales"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name, most in (("horizon", 10_000), ("lookback", 100_000), ("segment", 10_000), ("period", 1_000_000)):
            check_range(name, getattr(self, name), 1, most, whole=True)
        check_range("head_units", self.head_units, 0, 16_384, whole=True)
        check_range("widening", self.widening, 0, 1000, above=True)
        check_choice("strategy", self.strategy, STRATEGIES)
        check_choice("scaling", self.scaling, SCALINGS)
        check_choice("cell", self.cell, NUM_GATES)
        check_choice("point", self.point, POINTS)
        for name in self.calendar:
            check_choice("calendar", name, HARMONICS)
        self._check_shares("dropout", "output_dropout")
        self._check_flags()
        if self.lookback % self.segment:
            raise TextrnnError(
                f"`lookback` must be a multiple of `segment`. Received: lookback={self.lookback} and "
                f"segment={self.segment}."
            )
        self._check_quantiles()
        self._check_statistics()

    def _check_quantiles(self) -> None:
        for level in self.quantiles:
            check_range("quantiles", level, 0, 1, above=True, below=True)
        levels = list(self.quantiles)
        is_symmetric = all(abs(low + high - 1) < 1e-9 for low, high in zip(levels, reversed(levels), strict=True))
        if levels != sorted(set(levels)) or not is_symmetric:
            raise TextrnnError(f"`quantiles` must rise and be symmetric around 0.5. Received: {self.quantiles}.")
        if self.point == "median" and 0.5 not in levels:
            raise TextrnnError(f"`quantiles` must hold 0.5, the median. Received: {self.quantiles}.")

    def _check_statistics(self) -> None:
        for name, owners in (("locations", self.names), ("scales", self.names)):
            self._check_numbers(name, len(owners))
        for name in ("known_locations", "known_scales"):
            self._check_numbers(name, len(self.known))
        for name in (*self.names, *self.known, self.frequency, self.time):
            if not isinstance(name, str):
                raise TextrnnError(f"Names of series and variables must be strings. Received: {name!r}.")

    def _check_numbers(self, name: str, number: int) -> None:
        values = getattr(self, name)
        if len(values) not in (0, number):
            raise TextrnnError(f"`{name}` must hold {number} numbers. Received: {len(values)}.")
        for value in values:
            is_scale = name.endswith("scales")
            check_range(name, value, 0 if is_scale else None, above=is_scale)

    @property
    def num_states(self) -> int:
        """Number of state arrays per recurrent layer."""
        return num_states(self.cell)

    @property
    def tokenizer_names(self) -> tuple[str, ...]:
        """Names of the tokenizers that a model of this config has: none."""
        return ()

    @property
    def vocabulary_sizes(self) -> tuple[int, ...]:
        """Sizes of the vocabularies that `tokenizer_names` names."""
        return ()

    @property
    def output_steps(self) -> int:
        """Steps that the network writes at once."""
        return 1 if self.strategy == "recursive" else self.horizon

    @property
    def outputs_per_step(self) -> int:
        """Numbers that the network writes for a step: the quantiles, and the mean if that is the point forecast."""
        return len(self.quantiles) + (self.point == "mean")

    @property
    def point_index(self) -> int:
        """Which of them is the point forecast; the mean is the last one."""
        return len(self.quantiles) if self.point == "mean" else self.quantiles.index(0.5)

    @property
    def context_dim(self) -> int:
        """Numbers that are known beside the window: the position in the calendar, and known variables to come."""
        return 2 * sum(HARMONICS[name] for name in self.calendar) + len(self.known) * self.output_steps

    def weight_shapes(self) -> Shapes:
        """Returns the name and shape of every weight of the network, in order."""
        shapes: Shapes = {}
        size = self.segment * (1 + len(self.known))
        for layer, units in enumerate(self.units):
            shapes |= recurrent_shapes(self.cell, f"recurrent_{layer}", size, units)
            size = units
        size += self.context_dim
        if self.head_units:
            shapes |= {"head/kernel": (size, self.head_units), "head/bias": (self.head_units,)}
            size = self.head_units
        num_outputs = self.output_steps * self.outputs_per_step
        shapes |= {"output/kernel": (size, num_outputs), "output/bias": (num_outputs,)}
        if self.linear:
            shapes["linear/kernel"] = (self.lookback + self.context_dim, self.output_steps)
        return shapes

    def architecture(self) -> Architecture:
        column, labels = self._recurrent_parts()
        columns = [tuple(column)]
        links = chained(column, labels)
        if self.context_dim:
            names = ["calendar"] * bool(self.calendar) + ["known variables"] * bool(self.known)
            columns.append((Part("context", (", ".join(names), f"{self.context_dim:,} numbers")),))
            links.append(Link("context", "head" if self.head_units else "output"))
        if self.linear:
            size = self.lookback + self.context_dim
            lines = ("linear forecast", f"{size:,} → {self.output_steps:,}")
            columns.append((Part("linear", lines, ("linear/",)),))
            links += [Link("window", "linear", (f"{self.lookback:,} values",)), Link("linear", "sum")]
            links += [Link("context", "linear")] if self.context_dim else []
        return Architecture(tuple(columns), tuple(links))

    def _recurrent_parts(self) -> tuple[list[Part], list[tuple[str, ...]]]:
        """Returns what is read and made of it one after the other, and the labels of the links between."""
        size = self.segment * (1 + len(self.known))
        column = [Part("window", ("window", f"{self.lookback:,} steps, {self.segment:,} at once"))]
        labels: list[tuple[str, ...]] = [(f"vectors of {size:,}",)]
        for layer, units in enumerate(self.units):
            column.append(recurrent_part(self.cell, f"recurrent_{layer}", units, False, self.weight_drop))
            is_last = layer + 1 == len(self.units)
            text = f"the last step: {units:,}" if is_last else f"vectors of {units:,}"
            labels.append(with_dropout(text, 0.0 if is_last else self.dropout, self.variational_dropout))
        size = self.units[-1] + self.context_dim
        if self.head_units:
            sizes = f"{size:,} → {self.head_units:,}"
            column.append(Part("head", ("hidden layer (ReLU)", sizes), ("head/",)))
            size = self.head_units
            labels.append((f"a vector of {size:,}",))
        labels[-1] = with_dropout(labels[-1][0], self.output_dropout)
        num_outputs = self.output_steps * self.outputs_per_step
        column.append(Part("output", ("output", f"{size:,} → {num_outputs:,}"), ("output/",)))
        if self.linear:
            column.append(Part("sum", ("sum",)))
            labels.append(("corrections",))
        names = [f"{len(self.quantiles)} quantiles"] if self.quantiles else []
        names += ["mean"] if self.point == "mean" else []
        steps = f"of {self.output_steps:,} step{'s' * (self.output_steps > 1)}: {' and '.join(names)}"
        lines: tuple[str, ...] = ("forecast", steps)
        if self.strategy == "recursive":
            lines = (*lines, "read as if it had happened,", f"for {self.horizon:,} steps")
        column.append(Part("forecast", lines))
        return column, [*labels, ()]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ForecasterTrainingConfig(FittingConfig):
    """How a forecaster is trained: the options of `FittingConfig`, and these.

    Args:
        batch_size: Windows per step.
    """

    batch_size: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("batch_size", self.batch_size, 1, 65_536, whole=True)
