"""README.md beside a model: what it is, for people who find the directory, and for those who share it.

It is no part of the model: the manifest does not name it, and nothing reads it back.
"""

import contextlib
import dataclasses
import math
import pathlib
from typing import Any

from textrnn.config.kinds import KINDS
from textrnn.storage import StoredModel, write_atomically

__all__ = ["About", "model_card", "write_model_card"]

NAME = "README.md"
MARKER = "<!-- Written by textrnn, anew with each save. Take this line out of what you change, and it stays. -->"
FIGURES = ("validation_", "best_", "seconds", "unknown_share")  # beginnings of facts that are no facts of the data
MOST_ENTRIES = 20  # of a fact such as the counts of labels

UNKNOWN_DATA = (
    "textrnn does not know which data these were, nor under which licence they stand. If you share the model, take out "
    "the first line of this file and say it here: what a model has read, it can write again."
)
SHARING = """\
The model is this directory, and nothing in it runs. To share it on a model hub, upload its files as they are, such as
by `hf upload USER/{name} {name}`; to use one from there, download it into a plain folder, as by
`hf download USER/{name} --local-dir {name}`. A hub's cache holds links, and textrnn follows no link out of a model."""


@dataclasses.dataclass(frozen=True)
class About:
    """What only people know of a model.

    Args:
        data: What it was trained on.
        licence: Of the data and of the model.
        more: Where its figures and its recipe stand.
    """

    data: str
    licence: str
    more: str


def write_model_card(directory: pathlib.Path, model: StoredModel, weight_format: str) -> None:
    """Writes README.md into a model's directory, unless somebody else has written one.

    Whether that works does not matter to the model, which is whole by now.
    """
    path = directory / NAME
    with contextlib.suppress(OSError):
        if not (path.exists() or path.is_symlink()) or is_ours(path):
            card = model_card(directory.absolute().name, model, weight_format)
            write_atomically(path, card.encode("utf-8", "replace"))


def is_ours(path: pathlib.Path) -> bool:
    """Says whether a README is one that we have written, by its first line."""
    if path.is_symlink() or not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(len(MARKER)) == MARKER.encode()


def model_card(name: str, model: StoredModel, weight_format: str, about: About | None = None) -> str:
    """Returns the text of a README.

    Args:
        name: What the model is called: its directory, or a shipped model.
        model: The model.
        weight_format: How its weights are kept.
        about: What people know of it; None says that nobody has told.
    """
    config, task = model.config, KINDS[model.config.kind].load("tasks", "task")
    size = sum(math.prod(shape) for shape in config.weight_shapes().values())
    data = {fact: value for fact, value in model.facts.items() if fact != "options" and not fact.startswith(FIGURES)}
    figures = {fact: value for fact, value in model.facts.items() if fact.startswith(FIGURES)}
    parts = [part.lines for column in config.architecture().columns for part in column]
    lines = [
        MARKER,
        "",
        f"# {plain(name)}",
        "",
        f"A {config.kind.replace('-', ' ')} of textrnn: a recurrent network of {size:,} weights, kept as "
        f"{weight_format}.",
        "",
        *(f"- {plain(', '.join(lines))}" for lines in parts),
        "",
        "## Trained on",
        "",
        *listed(data),
        *[""] * bool(data),
        about.data if about else UNKNOWN_DATA,
        *(["", "## Licence", "", about.licence] if about else []),
        "",
        "## Figures",
        "",
        *(listed(figures) or ["Nothing was measured in training."]),
        *(["", about.more] if about else []),
        "",
        "## Use",
        "",
        *(f"    {line}" for line in task.usage.format(model=plain(name)).splitlines()),
        "",
        "## Sharing",
        "",
        SHARING.format(name=plain(name)),
    ]
    return "\n".join(lines) + "\n"


def listed(facts: dict[str, Any]) -> list[str]:
    """Returns facts as lines of a list.

    >>> listed({"training_tokens": 1200, "label_counts": {"boat": 3, "none": 4}})
    ['- training tokens: 1,200', '- label counts: boat 3, none 4']
    >>> listed({"common_words": {"source": ["the", "of"]}})
    ['- common words: source the of']
    """
    return [f"- {plain(name.replace('_', ' '))}: {shown(value)}" for name, value in facts.items()]


def shown(value: Any) -> str:
    """Returns a fact's value in a line."""
    if isinstance(value, dict):
        entries = [f"{plain(name)} {shown(one)}" for name, one in value.items()]
        return ", ".join([*entries[:MOST_ENTRIES], *["..."] * (len(entries) > MOST_ENTRIES)])
    if isinstance(value, list):
        return " ".join([*map(shown, value[:MOST_ENTRIES]), *["..."] * (len(value) > MOST_ENTRIES)])
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:,}"
    return plain(str(value))


def plain(text: str) -> str:
    """Returns text from elsewhere in one line without HTML."""
    return " ".join(text.replace("<", "&lt;").split())
