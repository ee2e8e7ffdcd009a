"""What all configs share: dictionaries in and out, checks, and the weights of a recurrent layer."""

import dataclasses
from typing import Any, ClassVar, Self

from textrnn.config.architecture import Architecture
from textrnn.errors import TextrnnError, check_options, check_range

__all__ = ["NUM_GATES", "Config", "Shapes", "num_states", "recurrent_shapes"]

NUM_GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}

Shapes = dict[str, tuple[int, ...]]


class Config:
    """What all configs share: dictionaries in and out."""

    @classmethod
    def option_names(cls) -> list[str]:
        """Returns the names of all options, in order."""
        return [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, options: dict[str, Any]) -> Self:
        """Builds a config from a dictionary such as `to_dict` returns; unknown names are errors."""
        check_options(options, cls.option_names(), cls.__name__)
        return cls(**options)

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary that JSON can hold."""
        options: dict[str, Any] = dataclasses.asdict(self)  # type: ignore[call-overload]
        return options

    # Of configs that say what a network is, how models are stored

    kind: ClassVar[str] = ""  # in the table of kinds
    format_version: ClassVar[int] = 2  # the lowest that holds a model of this config

    def stored(self, version: int) -> dict[str, Any]:
        """Returns the dictionary that a model of a format keeps."""
        return self.to_dict()

    @classmethod
    def from_stored(cls, options: dict[str, Any]) -> Self:
        """Builds a config from what a model of any format keeps."""
        return cls.from_dict(options)

    def weight_shapes(self) -> Shapes:
        """Returns the name and shape of every weight of the network, in order."""
        raise NotImplementedError

    def architecture(self) -> Architecture:
        """Returns what the network is made of, for people to look at."""
        raise NotImplementedError

    def _check_flags(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            if field.type is bool and not isinstance(getattr(self, field.name), bool):
                raise TextrnnError(f"`{field.name}` must be true or false. Received: {getattr(self, field.name)!r}.")

    def _check_shares(self, *names: str) -> None:
        for name in names:
            check_range(name, getattr(self, name), 0, 1, below=True)

    def _set_layer_sizes(self, name: str) -> None:
        """Makes the option a tuple and checks that it names one to four layer sizes."""
        value = getattr(self, name)
        sizes = tuple(value) if isinstance(value, (tuple, list)) else (value,)
        object.__setattr__(self, name, sizes)
        if not 1 <= len(sizes) <= 4:
            raise TextrnnError(f"`{name}` must name 1 to 4 layer sizes. Received: {sizes}.")
        for size in sizes:
            check_range(name, size, 1, 16_384, whole=True)


def recurrent_shapes(cell: str, name: str, inputs: int, units: int) -> Shapes:
    """Returns the weights of one recurrent layer."""
    gates = NUM_GATES[cell] * units
    return {
        f"{name}/kernel": (inputs, gates),
        f"{name}/recurrent_kernel": (units, gates),
        # A GRU has one bias for the inputs and one inside the reset gate's reach.
        f"{name}/bias": (2, gates) if cell == "gru" else (gates,),
    }


def num_states(cell: str) -> int:
    """Returns the number of state arrays of a recurrent layer."""
    return 2 if cell == "lstm" else 1
