"""A training run of any task: its output directory, the model saved from it, what it was called with, its facts."""

import contextlib
import dataclasses
import hashlib
import importlib.util
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from textrnn.config import BUDGET, FittingConfig
from textrnn.config.cluster import Cluster
from textrnn.errors import TextrnnError
from textrnn.preprocessing.batches import Batch
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.progress import Progress
from textrnn.storage import CHECKPOINT, StoredModel, check_not_foreign, read_options, save_model
from textrnn.tasks.model_card import write_model_card

if TYPE_CHECKING:
    from textrnn.training.history import EpochRecord, Score
    from textrnn.training.workers import Workers

__all__ = [
    "RUN_FILES",
    "Run",
    "check_no_model",
    "digest",
    "gone_if_empty",
    "prepared_output",
    "unchanged_by_failure",
    "vocabulary_digest",
    "with_fitting_warmup",
]

LOCK = ".lock"
RUN_FILES = (CHECKPOINT, "history.csv", "loss.png")  # beside the model
DATA = ("corpus", "pairs", "target", "data", "labels", "validation", "validation_target", "validation_labels")
FREE_TO_CHANGE = (*DATA, "sample_prompt", "patience")  # of a run that is resumed

Weights = dict[str, np.ndarray]


def prepared_output(output: str | os.PathLike[str], may_hold_run: bool) -> pathlib.Path:
    """Makes the output directory, sees that it can be written, and protects an earlier run in it."""
    if not os.fspath(output):
        raise TextrnnError("The output has no name. Name a directory: an unset variable may stand in the command.")
    path = pathlib.Path(output)
    if not may_hold_run and holds_run(path):
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


def holds_run(place: pathlib.Path) -> bool:
    """Says whether a directory holds a model or a checkpoint."""
    return any((place / name).exists() for name in (CHECKPOINT, "manifest.json"))


def check_no_model(place: pathlib.Path) -> None:
    """Raises `TextrnnError` if a directory holds a model or a run, where something else than a run is to be written."""
    if holds_run(place):
        raise TextrnnError(f"{place}: holds a model already. Pass `overwrite` to replace it, or name another place.")


def new_directories(output: str | os.PathLike[str]) -> list[pathlib.Path]:
    """Returns which directories will have to be made for an output, the innermost first."""
    path = pathlib.Path(output)
    return [one for one in (path, *path.parents) if not os.path.exists(one)]


def remove_empty(directories: Iterable[pathlib.Path]) -> None:
    """Removes directories up to the first one that holds something."""
    with contextlib.suppress(OSError):
        for directory in directories:
            directory.rmdir()


@contextlib.contextmanager
def gone_if_empty(output: str | os.PathLike[str]) -> Iterator[None]:
    """Removes the directories that are made for an output if what is done meanwhile fails and leaves them empty."""
    made = new_directories(output)
    try:
        yield
    except BaseException:
        remove_empty(made)
        raise


def lock(directory: pathlib.Path) -> IO[str]:
    """Sees that no other process trains into a directory; the lock lasts until the file returned is closed.

    The system gives it up when a process dies, however it dies, so no lock is ever left behind. Where the file system
    knows no locks, there is none.
    """
    import portalocker  # only here: it takes as long to import as a model to load

    file = open(directory / LOCK, "a+", encoding="utf-8")  # noqa: SIM115 (stays open as long as the run)
    try:
        portalocker.lock(file, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.AlreadyLocked as error:
        owner = ""
        with file, contextlib.suppress(OSError):  # on Windows nobody else can read what is locked
            file.seek(0)
            owner = file.read(20).strip()
        raise TextrnnError(
            f"{directory}: another training run{f' (process {owner})' if owner else ''} is writing here. "
            "Wait for it to end, or name another place."
        ) from error
    except portalocker.LockException:  # as on some network drives
        return file
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def digest(parts: Iterable[bytes]) -> str:
    """Returns a hash of bytes that come in parts."""
    result = hashlib.sha256()
    for part in parts:
        result.update(part)
    return result.hexdigest()


def vocabulary_digest(tokenizers: Iterable[Tokenizer]) -> str:
    """Returns a hash of the vocabularies."""
    return digest(content for tokenizer in tokenizers for content in tokenizer.files().values())


def with_fitting_warmup(config: FittingConfig, asked: dict[str, Any], num_batches: int) -> Any:
    """Returns the config with a warm-up that takes a tenth of the run at most, unless somebody has set one.

    Args:
        config: How to train.
        asked: The options of `fit` that are set.
        num_batches: How many steps read the training data once.
    """
    num_steps = config.steps or (config.epochs or 0) * num_batches
    if asked.get("warmup_steps") is not None or not num_steps:
        return config
    return dataclasses.replace(config, warmup_steps=min(config.warmup_steps, num_steps // 10))


class Run:
    """A training run of a task, as a context: its output directory is locked while the `with` block runs.

    Of several processes that train together (`TF_CONFIG`), the first one writes and speaks; the others read what is
    there, to go on with it.

    Args:
        output: Directory for the model, the checkpoint, `history.csv` and `loss.png`; None writes nothing.
        resume: Whether to go on from the checkpoint in `output`.
        overwrite: Whether to replace an earlier run in `output`; otherwise that is an error.
        half_precision: Whether to save the weights as float16.
        callbacks: Keras callbacks.
        progress: Where messages go; by default standard error.
        device: "cpu" or "gpu"; None takes what is faster. Not recorded: a run may be resumed on the other.

    Raises:
        TextrnnError: If `output` cannot be written, another process trains into it, or it holds a run and neither
            `resume` nor `overwrite` is set; or if there is no such device.
        ModuleNotFoundError: If TensorFlow is not installed: better known before the data is read.
    """

    def __init__(
        self,
        output: str | os.PathLike[str] | None,
        resume: bool,
        overwrite: bool,
        half_precision: bool,
        callbacks: Sequence[Any],
        progress: Progress | None,
        device: str | None = None,
    ) -> None:
        if importlib.util.find_spec("tensorflow") is None:
            raise ModuleNotFoundError("Training needs TensorFlow: pip install tensorflow", name="tensorflow")
        if resume and overwrite:
            raise TextrnnError("`resume` goes on with an earlier run and `overwrite` replaces it. Pass one of them.")
        if resume and output is None:
            raise TextrnnError("There is no directory to resume from. Pass `output`.")
        if device is not None:
            from textrnn.training.devices import chosen_device

            chosen_device(device)  # better known before the data is read
        self.device = device
        self.cluster = Cluster.from_environment()
        self.output = None if output is None else pathlib.Path(output)
        self.lock = None
        self.made: list[pathlib.Path] = []
        if output is not None and self.cluster.is_first:
            self.made = new_directories(output)
            self.output = prepared_output(output, resume or overwrite)
            if not (resume or overwrite):
                check_not_foreign(self.output, RUN_FILES)
            self.lock = lock(self.output)
        self.resume = resume
        self.overwrite = overwrite
        self.half_precision = half_precision
        self.callbacks = callbacks
        self.progress = progress or Progress(quiet=not self.cluster.is_first)
        self.initial_model: str | None = None  # of a run that is resumed, if it began with a model

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: object = None, *exception: object) -> None:
        if self.lock is None:
            return
        if kind is not None and self.made:  # what was refused leaves no directory behind
            with contextlib.suppress(OSError):  # Windows removes nothing that is open
                self._remove_lock(self.made[0])
        self.lock.close()

    def _remove_lock(self, directory: pathlib.Path) -> None:
        """Removes the directory that this run has made, if it holds nothing but the lock, which is still held."""
        if [path.name for path in directory.iterdir()] == [LOCK]:
            (directory / LOCK).unlink()
            remove_empty(self.made)

    def resumed(self, model: dict[str, Any], asked: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns the options of a model and of `fit`, completed by those that a resumed run was called with.

        Args:
            model: The options of the model that are set.
            asked: The options of `fit`; None where one is not set.

        Raises:
            TextrnnError: If there is no checkpoint, or an option is set that differs from the run's.
        """
        if not self.resume or self.output is None:
            return model, asked
        path = self.output / CHECKPOINT
        options = read_options(path)
        self.initial_model = options.get("initial_model")
        then = options.get("model", {})
        for name, value in model.items():
            check_same(path, name, then.get(name), value)
        then_asked = dict(options.get("fit", {}))
        if any(asked.get(name) is not None for name in BUDGET):
            for name in BUDGET:
                then_asked.pop(name, None)
        for name, value in asked.items():
            if value is not None and name not in (*BUDGET, *FREE_TO_CHANGE):
                check_same(path, name, then_asked.get(name), value)
        set_now = {name: value for name, value in asked.items() if value is not None}
        return {**then, **model}, {**asked, **then_asked, **set_now}

    def joined(self) -> "Workers":
        """Returns the workers of this run when all are there; to be called before TensorFlow begins to work."""
        from textrnn.training.workers import Workers

        if self.cluster.size > 1:
            self.progress.message(f"waiting for {self.cluster.size} workers, at {', '.join(self.cluster.addresses)}")
        return Workers(self.cluster)

    def train(
        self,
        network: Any,
        config: FittingConfig,
        plans: tuple[Any, Any],
        *,
        workers: "Workers",
        stored: Callable[[Weights, dict[str, Any]], StoredModel],
        data_facts: dict[str, Any],
        identity: dict[str, Any],
        options: dict[str, Any],
        sample: Callable[[Weights], str] | None = None,
        validation_score: "Callable[[Weights], Score] | None" = None,
        loss_score: "Callable[[float], Score] | None" = None,
        extended: "Callable[[Batch, Weights, int], Batch] | None" = None,
        is_trained: bool = False,
    ) -> "tuple[list[EpochRecord], Weights, dict[str, Any]]":
        """Trains a network and keeps what it has learned in `output`.

        Args:
            network: The Keras network.
            config: How to train.
            plans: Training and validation batches.
            workers: The processes that train together.
            stored: Returns the model to save, from weights and facts.
            data_facts: What the manifest tells about the data.
            identity: What must be the same for the run to be resumed, beside the options of training.
            options: What the run was called with, for the checkpoint.
            sample: See `Trainer`.
            validation_score: See `Trainer`.
            loss_score: See `Trainer`.
            extended: See `Trainer`.
            is_trained: See `Trainer`.

        Returns:
            The history, the weights and the facts for the manifest.
        """
        from textrnn.training.trainer import Trainer

        def facts(records: "list[EpochRecord]") -> dict[str, Any]:
            return facts_of(records, config, {**data_facts, "steps": records[-1].step})

        def save_best(weights: Weights, record: "EpochRecord") -> None:
            self._save(stored(weights, facts([record])))

        trainer = Trainer(
            network,
            config,
            *plans,
            output=self.output,
            save_best=save_best,
            sample=sample,
            validation_score=validation_score,
            loss_score=loss_score,
            extended=extended,
            callbacks=self.callbacks,
            progress=self.progress,
            identity={**identity, "training": config.to_dict()},
            options={**options, "fit": recorded({**options["fit"], **config.to_dict()})},
            is_trained=is_trained,
            workers=workers,
        )
        if (
            self.overwrite and self.output is not None and self.cluster.is_first
        ):  # not before: wrong input must lose nothing
            (self.output / CHECKPOINT).unlink(missing_ok=True)
        records = trainer.fit(self.resume)
        weights = network.get_weights_by_name()
        self._save(stored(weights, facts(records)))
        trainer.draw_curve()
        return records, weights, facts(records)

    def _save(self, model: StoredModel) -> None:
        if self.output is not None and self.cluster.is_first:
            weight_format = "float16" if self.half_precision else "float32"
            save_model(self.output, model, weight_format)
            write_model_card(self.output, model, weight_format)


def recorded(asked: dict[str, Any]) -> dict[str, Any]:
    """Returns the options of `fit` as a checkpoint keeps them: files by their absolute paths, texts not at all."""
    return {name: value if name not in DATA else recorded_source(value) for name, value in asked.items()}


def recorded_source(source: Any) -> Any:
    """Returns the absolute path of a file, those of several in a list, or None for what cannot be opened again."""
    is_one = isinstance(source, (str, os.PathLike))
    items = [source] if is_one else source
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, (str, os.PathLike)) for item in items):
        return None
    if all(os.path.exists(item) for item in items):
        items = [str(pathlib.Path(item).absolute()) for item in items]
    elif not all(isinstance(item, str) and ":" in item for item in items):
        return None
    return items[0] if is_one else list(items)


def check_same(path: pathlib.Path, name: str, then: Any, now: Any) -> None:
    """Raises unless an option is what it was when the checkpoint was made."""
    plain = list(now) if isinstance(now, tuple) else now
    if plain != then and [plain] != then:
        raise TextrnnError(
            f"{path}: was made with {name}={then!r}, and now {name}={now!r} is asked for. Leave the option out to "
            "resume, or train into another output directory."
        )


@contextlib.contextmanager
def unchanged_by_failure(model: Any) -> Iterator[None]:
    """Gives a model its attributes back if the `with` block fails; an interruption keeps what has been reached."""
    before = dict(vars(model))
    try:
        yield
    except KeyboardInterrupt:
        if not model.weights:
            vars(model).update(before)
        raise
    except BaseException:
        vars(model).update(before)
        raise


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
    if best.score is not None:
        facts[f"validation_{best.score.key}"] = round(best.score.value, 4)
    return facts
