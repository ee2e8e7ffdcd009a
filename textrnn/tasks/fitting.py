"""What every task does around a training run: looks after the output directory, saves the best weights, keeps facts."""

import hashlib
import json
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from textrnn.config import FittingConfig
from textrnn.errors import TextrnnError
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.progress import Progress
from textrnn.storage import CHECKPOINT, StoredModel, save_model

if TYPE_CHECKING:
    from textrnn.training.history import EpochRecord

__all__ = ["Run", "fingerprint", "prepared_output"]

try:
    import fcntl
except ImportError:  # not on Windows, where two runs into one directory are not noticed
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"

Weights = dict[str, np.ndarray]


def prepared_output(output: str | os.PathLike[str], may_hold_run: bool) -> pathlib.Path:
    """Makes the output directory, sees that it can be written, and protects an earlier run in it."""
    path = pathlib.Path(output)
    if not may_hold_run and any((path / name).exists() for name in (CHECKPOINT, "manifest.json")):
        raise TextrnnError(
            f"{path}: holds an earlier run. Pass `resume` to go on with it, `overwrite` to replace it, or name "
            "another place."
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise TextrnnError(f"{path}: cannot be written: {error.strerror or error}. Name another place.") from error
    return path


def lock(directory: pathlib.Path) -> IO[str]:
    """Sees that no other process trains into a directory; the lock lasts until the file returned is closed.

    The system gives it up when a process dies, however it dies, so no lock is ever left behind.
    """
    file = open(directory / LOCK, "a+", encoding="utf-8")  # noqa: SIM115 (stays open as long as the run)
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        owner = file.read(20).strip()
        file.close()
        raise TextrnnError(
            f"{directory}: another training run{f' (process {owner})' if owner else ''} is writing here. "
            "Wait for it to end, or name another place."
        ) from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def fingerprint(config: Any, training: FittingConfig, tokenizers: Iterable[Tokenizer], data: Iterable[bytes]) -> str:
    """Returns a hash of everything that must be the same for a run to be resumed."""
    digest = hashlib.sha256(json.dumps([config.to_dict(), training.to_dict()]).encode())
    for tokenizer in tokenizers:
        for content in tokenizer.files().values():
            digest.update(content)
    for part in data:
        digest.update(part)
    return digest.hexdigest()


class Run:
    """A training run of a task, as a context: its output directory is locked while the `with` block runs.

    Args:
        output: Directory for the model, the checkpoint, `history.csv` and `loss.png`; None writes nothing.
        resume: Whether to go on from the checkpoint in `output`.
        overwrite: Whether to replace an earlier run in `output`; otherwise that is an error.
        half_precision: Whether to save the weights as float16.
        callbacks: Keras callbacks.
        progress: Where messages go; by default standard error.

    Raises:
        TextrnnError: If `output` cannot be written, another process trains into it, or it holds a run and neither
            `resume` nor `overwrite` is set.
    """

    def __init__(
        self,
        output: str | os.PathLike[str] | None,
        resume: bool,
        overwrite: bool,
        half_precision: bool,
        callbacks: Sequence[Any],
        progress: Progress | None,
    ) -> None:
        self.output = None if output is None else prepared_output(output, resume or overwrite)
        self.lock = None if self.output is None else lock(self.output)
        self.resume = resume
        self.overwrite = overwrite
        self.half_precision = half_precision
        self.callbacks = callbacks
        self.progress = progress or Progress()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *exception: object) -> None:
        if self.lock is not None:
            self.lock.close()

    def train(
        self,
        network: Any,
        config: FittingConfig,
        plans: tuple[Any, Any],
        *,
        stored: Callable[[Weights, dict[str, Any]], StoredModel],
        data_facts: dict[str, Any],
        fingerprint: str,
        sample: Callable[[Weights], str] | None = None,
        validation_score: Callable[[Weights], float] | None = None,
    ) -> "tuple[list[EpochRecord], Weights, dict[str, Any]]":
        """Trains a network and keeps what it has learned in `output`.

        Args:
            network: The Keras network.
            config: How to train.
            plans: Training and validation batches.
            stored: Returns the model to save, from weights and facts.
            data_facts: What the manifest tells about the data.
            fingerprint: What must be the same for the run to be resumed.
            sample: See `Trainer`.
            validation_score: See `Trainer`.

        Returns:
            The history, the weights and the facts for the manifest.
        """
        from textrnn.training.trainer import Trainer

        def save_best(weights: Weights, record: "EpochRecord") -> None:
            self._save(stored(weights, facts_of([record], config, data_facts)))

        trainer = Trainer(
            network,
            config,
            *plans,
            output=self.output,
            save_best=save_best,
            sample=sample,
            validation_score=validation_score,
            callbacks=self.callbacks,
            progress=self.progress,
            fingerprint=fingerprint,
        )
        if self.overwrite and self.output is not None:  # not before: wrong input must lose nothing
            (self.output / CHECKPOINT).unlink(missing_ok=True)
        records = trainer.fit(self.resume)
        weights, facts = network.get_weights_by_name(), facts_of(records, config, data_facts)
        self._save(stored(weights, facts))
        trainer.draw_curve()
        return records, weights, facts

    def _save(self, model: StoredModel) -> None:
        if self.output is not None:
            save_model(self.output, model, self.half_precision)


def facts_of(records: "list[EpochRecord]", config: FittingConfig, data_facts: dict[str, Any]) -> dict[str, Any]:
    """Returns what the manifest tells about a training run."""
    best = min(records, key=lambda record: record.criterion)
    facts = {
        "options": config.to_dict(),
        **data_facts,
        "best_epoch": best.epoch,
        "validation_loss": round(best.validation_loss, 6),
        "seconds": round(records[-1].seconds, 1),
    }
    if best.validation_score is not None:
        facts["validation_bleu"] = round(best.validation_score, 4)
    return facts
