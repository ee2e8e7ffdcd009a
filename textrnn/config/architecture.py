"""What a network is made of, for people to look at: its parts, and what goes from one to another.

Each kind's config says it of itself (`Config.architecture`), so that whoever draws one need not know which kinds there
are.
"""

import dataclasses
from collections.abc import Iterable, Sequence

__all__ = ["CELL_NAMES", "Architecture", "Link", "Part", "chained", "recurrent_part", "with_dropout"]

CELL_NAMES = {"simple_rnn": "simple RNN", "gru": "GRU", "lstm": "LSTM"}


@dataclasses.dataclass(frozen=True)
class Part:
    """One of the boxes that a network is drawn as.

    Args:
        name: What links call it.
        lines: What is written into it; the first is its title.
        weights: Beginnings of the names of its weights in `weight_shapes`; empty for what has none to learn.
        group: What it belongs to together with its neighbours, such as "encoder", or nothing.
    """

    name: str
    lines: tuple[str, ...]
    weights: tuple[str, ...] = ()
    group: str = ""


@dataclasses.dataclass(frozen=True)
class Link:
    """What goes from one part to another.

    Args:
        start: The name of a part.
        end: The name of a part, or of a group for all of its parts.
        label: Lines that say what it is.
        is_shared: Whether nothing goes there, but both have the same weights.
    """

    start: str
    end: str
    label: tuple[str, ...] = ()
    is_shared: bool = False


@dataclasses.dataclass(frozen=True)
class Architecture:
    """Parts in columns, each from the input up, and their links.

    Args:
        columns: Parts that stand one above the other.
        links: What goes from one to another.
        notes: What is to be said of the whole.
    """

    columns: tuple[tuple[Part, ...], ...]
    links: tuple[Link, ...]
    notes: tuple[str, ...] = ()


def recurrent_part(cell: str, name: str, units: int, bidirectional: bool, weight_drop: float, group: str = "") -> Part:
    """Returns a recurrent layer.

    Args:
        cell: "simple_rnn", "gru" or "lstm".
        name: What its weights' names begin with.
        units: Its size in each direction.
        bidirectional: Whether it reads both ways.
        weight_drop: Share of its recurrent kernel that is zeroed.
        group: What it belongs to.
    """
    size = f"{units:,} units forward, {units:,} backward" if bidirectional else f"{units:,} units"
    lines = [f"{CELL_NAMES[cell]} layer", size]
    if weight_drop:
        lines.append(f"weight drop {weight_drop:g}")
    names = (f"{name}/", f"{name}_backward/") if bidirectional else (f"{name}/",)
    return Part(name, tuple(lines), names, group)


def with_dropout(text: str, rate: float, is_variational: bool = False) -> tuple[str, ...]:
    """Returns the label of a link on which a share of the numbers is dropped in training."""
    if not rate:
        return (text,)
    return (text, f"{'variational ' if is_variational else ''}dropout {rate:g}")


def chained(parts: Sequence[Part], labels: Iterable[tuple[str, ...]]) -> list[Link]:
    """Returns the links from each part to the next, each with its label."""
    return [Link(a.name, b.name, label) for a, b, label in zip(parts, parts[1:], labels, strict=False)]
