"""Makes a stored model smaller, and measures what that changes: size, speed and score, before and after."""

import dataclasses
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from textrnn.config.kinds import KINDS
from textrnn.errors import TextrnnError, check_choice, check_options, check_range
from textrnn.progress import Progress
from textrnn.storage import check_not_foreign, find_model, kind_of, stored_sizes
from textrnn.tasks.run import RUN_FILES, check_no_model, gone_if_empty, prepared_output
from textrnn.tasks.task import Task
from textrnn.weight_formats import WEIGHT_FORMATS
from textrnn.weights import is_matrix

__all__ = ["Compression", "Measures", "compress"]

LOWER_IS_BETTER = ("bits per character", "CER", "MASE")
WORTH_SAYING = 0.02  # by how much a score is worse
ROUNDS = 5  # of measuring speed; the best one counts, since other programs only make it slower


@dataclasses.dataclass(frozen=True)
class Measures:
    """What a model costs, and what it is worth.

    Args:
        num_bytes: Size of all its files.
        weight_bytes: Size of the file of its weights.
        zero_share: Share of the weights of its matrices that are zero.
        speed: How much it does in a second, of what `Compression.unit` names.
        score: How good it is; None without data to score it on.
    """

    num_bytes: int
    weight_bytes: int
    zero_share: float
    speed: float
    score: float | None = None


@dataclasses.dataclass(frozen=True)
class Compression:
    """A model before and after it was made smaller.

    Args:
        before: The model that was there.
        after: The smaller one.
        unit: What speed counts, such as "tokens".
        score_name: What the score is, such as "bits per character"; None without data to score on.
        notes: What the figures cannot tell.
    """

    before: Measures
    after: Measures
    unit: str
    score_name: str | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        def row(name: str, show: Callable[[Measures], str]) -> tuple[str, str, str]:
            return name, show(self.before), show(self.after)

        rows = [
            ("", "before", "after"),
            row("size in MB", lambda side: f"{side.num_bytes / 1e6:.2f}"),
            row("weights in MB", lambda side: f"{side.weight_bytes / 1e6:.2f}"),
            row("zeros in matrices", lambda side: f"{100 * side.zero_share:.0f}%"),
            row(f"{self.unit} a second", lambda side: f"{side.speed:,.0f}"),
        ]
        if self.score_name is not None:
            rows.append(row(self.score_name, lambda side: f"{side.score:.4f}"))
        width = max(len(row[0]) for row in rows)
        lines = [f"{name:<{width}}  {before:>10}  {after:>10}" for name, before, after in rows]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary that JSON can hold."""
        return dataclasses.asdict(self)


def compress(
    model: str,
    output: str,
    data: Sequence[str] = (),
    *,
    test: Sequence[str] = (),
    weight_format: str = "int8",
    prune: float = 0.0,
    overwrite: bool = False,
    budget: dict[str, Any] | None = None,
    how: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> Compression:
    """Writes a smaller model beside a stored one, and says what that has changed.

    Pruning goes on with training, in which the best weights are those that are best on a part of the data that is set
    aside. An interruption leaves nothing: `fit(prune=...)` with an `output` can be resumed.

    Args:
        model: A directory, or the name of a shipped model.
        output: Where to write.
        data: Files to train on while pruning, and to score on.
        test: Files to score on in place of `data`.
        weight_format: How the weights are kept; see `textrnn.weight_formats`.
        prune: Share of the weights of each matrix to set to zero.
        overwrite: Whether to replace a model in `output`.
        budget: How long pruning trains: `epochs`, `steps` or `minutes`.
        how: How the files are read, such as the columns; see `fit` and `evaluate` of the kind of model.
        progress: Where messages go; by default nowhere.

    Raises:
        TextrnnError: If an option is wrong, a file cannot be read, or the output cannot be written or holds something.
    """
    budget, how, progress = budget or {}, how or {}, progress or Progress(quiet=True)
    check_choice("weight_format", weight_format, WEIGHT_FORMATS)
    check_range("prune", prune, 0, 1, below=True)
    if prune and not data:
        raise TextrnnError("Pruning goes on with training, so pass the data to train on.")
    if budget and not prune:
        raise TextrnnError(f"`{next(iter(budget))}` says how long pruning trains. Pass `prune` too, such as 0.8.")
    if "-" in [*data, *test]:
        raise TextrnnError("Standard input can be read once only, and both models are scored. Pass a file.")
    kind = kind_of(model)
    task = KINDS[kind].load("tasks", "task")
    check_options(how, task.data_options, f"The data of a {kind}")
    with gone_if_empty(output):
        check_output(model, output, overwrite)
        before = smaller = task.load(model)
        score_name, score_before = score_of(before, test or data, how)  # what is wrong there is known before training
        if prune:
            smaller = task.load(model)
            smaller.fit(*smaller.data_of(list(data)), prune=prune, **budget, **how, progress=progress)
        for name in RUN_FILES:  # of a run whose model is replaced: it must not be resumed over the smaller one
            pathlib.Path(output, name).unlink(missing_ok=True)
        smaller.save(output, weight_format=weight_format)
    after = task.load(output)
    _, score_after = score_of(after, test or data, how)
    speeds, unit = measured_speeds([before, after])
    notes = []
    if prune and not test:
        notes.append("the score is that of the data which pruning trained on: pass other data to `test`")
    sizes_before, sizes_after = sizes(model), sizes(output)
    if sizes_after[1] >= sizes_before[1]:
        notes.append(
            f"the weights are no smaller: they were kept as {weight_format}, or in less, before. A `weight_format` of "
            "fewer bits, or `prune`, changes that"
        )
    if score_name is not None and score_before and score_after is not None:
        sign = 1 if score_name in LOWER_IS_BETTER else -1
        worse = sign * (score_after - score_before) / abs(score_before)
        if worse > WORTH_SAYING:
            advice = "Less to prune, or a longer training," if prune else "A `weight_format` of more bits"
            notes.append(f"{score_name}: {100 * worse:.0f}% worse. {advice} loses less")
    return Compression(
        Measures(*sizes_before, zero_share(before), speeds[0], score_before),
        Measures(*sizes_after, zero_share(after), speeds[1], score_after),
        unit,
        score_name,
        tuple(notes),
    )


def score_of(model: Task, files: Sequence[str], how: dict[str, Any]) -> tuple[str | None, float | None]:
    """Returns what the score of a model is called, and its value; None for both without files to score on."""
    return model.score_on(*model.data_of(list(files)), **how) if files else (None, None)


def sizes(model: str) -> tuple[int, int]:
    """Returns the size in bytes of all files of a model, and of its weights."""
    found = stored_sizes(model)
    return sum(found.values()), found["weights.safetensors"]


def check_output(model: str, output: str, overwrite: bool) -> None:
    """Raises unless a smaller model can be written there: not over the model itself, nor over another unasked."""
    place = prepared_output(output, may_hold_run=True)
    if place.samefile(find_model(model)):
        raise TextrnnError(f"{output}: holds the model itself, which a smaller one cannot replace. Name another place.")
    if not overwrite:
        check_no_model(place)
        check_not_foreign(place, RUN_FILES)
    check_not_foreign(place)


def zero_share(model: Task) -> float:
    """Returns the share of the weights of a model's matrices that are zero."""
    matrices = [weight for name, weight in model.weights.items() if is_matrix(name)]
    return 1 - sum(map(np.count_nonzero, matrices)) / sum(weight.size for weight in matrices)


def measured_speeds(models: Sequence[Task]) -> tuple[list[float], str]:
    """Returns how much each model does in a second, and of what; they take turns, so that all have the same machine."""
    best = [0.0] * len(models)
    for _ in range(1 + ROUNDS):  # the first time also makes the networks
        for index, model in enumerate(models):
            began = time.perf_counter()
            amount, unit = model.trial()
            best[index] = max(best[index], amount / (time.perf_counter() - began))
    return best, unit
