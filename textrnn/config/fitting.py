"""How any network is trained."""

import dataclasses
from typing import Any

from textrnn.config.base import Config
from textrnn.errors import TextrnnError, check_choice, check_range

__all__ = ["BUDGET", "DEVICES", "OPTIMIZERS", "PRECISIONS", "SCHEDULES", "CategoricalFittingConfig", "FittingConfig"]

OPTIMIZERS = ("adam", "adamw")
SCHEDULES = ("cosine", "linear", "constant")
PRECISIONS = ("float32", "bfloat16")
DEVICES = ("cpu", "gpu")  # what a run may be asked to compute on; no property of a model, nor of how it was trained
BUDGET = ("epochs", "steps", "minutes")  # what says how long a run is


@dataclasses.dataclass(frozen=True, kw_only=True)
class FittingConfig(Config):
    """How any network is trained.

    Args:
        epochs: Passes over the training text; 10 if neither `steps` nor `minutes` is set.
        steps: Training steps, in place of `epochs`.
        minutes: Time to train in, in place of both. The first steps are measured, and the number of steps that fit is
            what defines the run from then on.
        optimizer: "adam" or "adamw".
        learning_rate: Highest learning rate.
        warmup_steps: Steps over which the learning rate rises from zero. It never falls before the first 20 steps are
            over, which are measured.
        schedule: What the learning rate does afterwards: "cosine" or "linear" down to zero, or "constant".
        weight_decay: Decoupled weight decay, for "adamw".
        clip_norm: Largest global gradient norm; a longer gradient is scaled down to it.
        moving_average: Decay of a moving average of the weights that validation and saving use; 0 turns it off.
        patience: How long training goes on without a better validation, in epochs, or in validations if `validations`
            is set; 0 never stops early.
        validations: How often the whole run is validated and checkpointed; None goes by `validations_per_epoch`.
        validations_per_epoch: How often an epoch is validated and checkpointed.
        averaged_checkpoints: How many of the best validations' weights are averaged at the end; the average is kept if
            it validates better than the best of them.
        prune: Share of the weights of each matrix that are zero in the end, so that a saved model is smaller. The
            smallest weights go first, while the others train on; the share is reached at half of the run (Zhu and Gupta
            2017).
        frozen: Names of layers, or of single weights, that stay as they are, such as ("embedding", "recurrent_0").
        layer_decay: Share of the learning rate of the layer above that each layer learns at: rates that fall towards
            the input, for a network that has been trained before (Howard and Ruder 2018, section 3.2).
        unfreeze_steps: Steps after which one more layer, from the output down, begins to learn; 0 lets all learn from
            the start (Howard and Ruder 2018, section 3.3).
        seed: Fixes initial weights, batch order and dropout.
        precision: Arithmetic of the matrix products: "float32" or "bfloat16".
        parts: How many parts a batch is divided in, which are trained side by side. None takes one for each core, as
            far as there is enough to do; a run that is resumed keeps its number. Each part draws its own dropout.
    """

    epochs: int | None = None
    steps: int | None = None
    minutes: float | None = None
    optimizer: str = "adamw"
    learning_rate: float = 0.002
    warmup_steps: int = 100
    schedule: str = "cosine"
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    moving_average: float = 0.0
    patience: int = 3
    validations: int | None = None
    validations_per_epoch: int = 1
    averaged_checkpoints: int = 1
    prune: float = 0.0
    frozen: tuple[str, ...] = ()
    layer_decay: float = 1.0
    unfreeze_steps: int = 0
    seed: int = 0
    precision: str = "float32"
    parts: int | None = None

    def __post_init__(self) -> None:
        self._set_budget()
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_choice("precision", self.precision, PRECISIONS)
        check_range("learning_rate", self.learning_rate, 0, 10, above=True)
        check_range("warmup_steps", self.warmup_steps, 0, 10_000_000, whole=True)
        check_range("weight_decay", self.weight_decay, 0, 1)
        check_range("clip_norm", self.clip_norm, 0, 1e6, above=True)
        self._check_shares("moving_average", "prune")
        self._set_frozen()
        check_range("layer_decay", self.layer_decay, 0, 1, above=True)
        check_range("unfreeze_steps", self.unfreeze_steps, 0, 10_000_000, whole=True)
        check_range("patience", self.patience, 0, 1_000_000, whole=True)
        if self.validations is not None:
            check_range("validations", self.validations, 1, 10_000, whole=True)
        check_range("validations_per_epoch", self.validations_per_epoch, 1, 1000, whole=True)
        check_range("averaged_checkpoints", self.averaged_checkpoints, 1, 20, whole=True)
        check_range("seed", self.seed, 0, 2**31 - 1, whole=True)
        if self.parts is not None:
            check_range("parts", self.parts, 1, 1024, whole=True)

    @property
    def usual_rows(self) -> int:
        """Rows of a usual training batch."""
        return int(vars(self).get("batch_size", 32))

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "frozen": list(self.frozen)}

    def _set_frozen(self) -> None:
        """Makes `frozen` a tuple of names."""
        names = (self.frozen,) if isinstance(self.frozen, str) else self.frozen
        if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
            raise TextrnnError(f"`frozen` must name layers. Received: {self.frozen!r}.")
        object.__setattr__(self, "frozen", tuple(names))

    def _set_budget(self) -> None:
        """Checks that one of `epochs`, `steps` and `minutes` says how long to train."""
        budget = {name: getattr(self, name) for name in BUDGET if getattr(self, name) is not None}
        if len(budget) > 1:
            received = ", ".join(f"{name}={value}" for name, value in budget.items())
            raise TextrnnError(f"Pass one of `epochs`, `steps` and `minutes`. Received: {received}.")
        if not budget:
            object.__setattr__(self, "epochs", 10)
        for name in ("epochs", "steps"):
            if name in budget:
                check_range(name, budget[name], 1, 1_000_000_000, whole=True)
        if "minutes" in budget:
            check_range("minutes", budget["minutes"], 0, 1_000_000, above=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CategoricalFittingConfig(FittingConfig):
    """How a network that chooses among tokens or labels is trained: the options of `FittingConfig`, and this one.

    Args:
        label_smoothing: Share of the target spread evenly over all tokens or labels, in training only.
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_shares("label_smoothing")
