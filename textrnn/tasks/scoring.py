"""How well a language model predicts a text, found out in several processes."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterable

from textrnn.config.kinds import KINDS
from textrnn.evaluation.perplexity import Group, Score, ScoreAll, scored
from textrnn.jobs.processes import Processes
from textrnn.preprocessing.encoding import EncodedText, mapped_text
from textrnn.storage import StoredModel, load_model, save_model

__all__ = ["in_processes"]

KIND = "language-model"


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
