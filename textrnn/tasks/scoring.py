"""What evaluations ask of a model, found out in several processes."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

from textrnn.config.kinds import KINDS
from textrnn.evaluation.perplexity import Group, Score, ScoreAll, scored
from textrnn.jobs.crews import check_jobs
from textrnn.jobs.processes import Processes
from textrnn.preprocessing.encoding import EncodedText, mapped_text
from textrnn.storage import StoredModel, load_model, save_model
from textrnn.systems import temporary_directory

__all__ = ["in_processes", "said_of"]

KIND = "language-model"


@dataclasses.dataclass(frozen=True)
class Copy:
    """A model in a process of its own.

    Args:
        kind: Its class, which loads it.
        directory: Where it is.
        method: The name of the method that is asked.
        how: What the method is called with, beside an item.
    """

    kind: Any
    directory: pathlib.Path
    method: str
    how: dict[str, Any]

    def made(self) -> Callable[[Any], Any]:
        """Loads the model and returns what is called with an item."""
        return functools.partial(getattr(self.kind.load(self.directory), self.method), **self.how)


def said_of(items: Iterable[Any], model: Any, method: str, jobs: int = 1, **how: Any) -> list[Any]:
    """Returns what a method of a model says of each item.

    Args:
        items: What it is called with, one after the other.
        model: The model.
        method: The name of the method.
        jobs: How many processes work side by side, each with a copy of the model; 1 is this one alone.
        **how: What else it is called with; it is sent to each process once.

    Raises:
        TextrnnError: If `jobs` is impossible, or the method raises it.
    """
    check_jobs(jobs)
    if jobs == 1:
        return [getattr(model, method)(item, **how) for item in items]
    found: list[Any] = []
    with temporary_directory() as directory:
        model.save(directory)
        with Processes(Copy(type(model), directory, method, how).made, found.append, jobs) as workers:
            for item in items:
                workers.put(item)
    return found


@dataclasses.dataclass(frozen=True)
class Scorer:
    """Scores groups of a text in a process of its own.

    Args:
        directory: Holds the model, and the text as `encode_corpus` has written it.
        counts: Of the text; see `mapped_text`.
        markers: See `mapped_text`.
        with_rows: See `scored`.
    """

    directory: pathlib.Path
    counts: tuple[int, int]
    markers: bool
    with_rows: bool

    def made(self) -> Callable[[Group], Score]:
        """Loads the model and the text, and returns what scores a group."""
        stored = load_model(self.directory / "model", KIND)
        network = KINDS[KIND].load("inference", "network")(stored.config, stored.weights)
        size = stored.config.vocabulary_size
        text = mapped_text(self.directory, "text", size, self.counts, self.markers)
        return functools.partial(scored, network, text, with_rows=self.with_rows)


def in_processes(
    jobs: int, directory: pathlib.Path, model: StoredModel, text: EncodedText, with_rows: bool
) -> ScoreAll | None:
    """Returns what scores groups in so many processes; None for one, which is this one.

    Args:
        jobs: How many.
        directory: Where the text was encoded; the model is written beside it.
        model: The model.
        text: The text.
        with_rows: Whether the loss at each token is asked for.
    """
    if jobs == 1:
        return None
    save_model(directory / "model", model)
    num_characters = text.num_characters - (len(text.starts) if text.markers else 0)  # as they were read
    scorer = Scorer(directory, (num_characters, text.num_unknown), text.markers, with_rows)

    def score_all(groups: Iterable[Group], take: Callable[[Score], None]) -> None:
        with Processes(scorer.made, take, jobs) as workers:
            for group in groups:
                workers.put(group)

    return score_all
