"""What a `.keras` archive says of itself, read with suspicion: nothing in it is run, and Keras is not asked.

Of the archive two files are read: config.json here, and model.weights.h5 by `keras_weights`, after all that the config
says has been checked. Only layers that textrnn has are known, by their names in Keras and with the options that
textrnn computes.
"""

import dataclasses
import math
import pathlib
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from typing import Any

from textrnn.array_files import parsed_json
from textrnn.config.base import Shapes, recurrent_shapes
from textrnn.errors import TextrnnError, check_range
from textrnn.preprocessing.files import UNREADABLE

__all__ = ["KerasNetwork", "read_archive"]

FILES = ("metadata.json", "config.json", "model.weights.h5")
MAX_CONFIG_BYTES = 2_000_000
MAX_OTHER_BYTES = 4_000_000  # beside the weights, and twice as many numbers of the optimizer, in the file of weights
MAX_LAYERS = 50
RECURRENT = {"SimpleRNN": "simple_rnn", "GRU": "gru", "LSTM": "lstm"}
KNOWN = ("InputLayer", "Embedding", *RECURRENT, "Bidirectional", "Dropout", "Dense")
ACTIVATIONS = ("softmax", "linear", "sigmoid")

Options = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class KerasNetwork:
    """A chain of an embedding, recurrent layers, dropout and an output layer.

    Args:
        vocabulary_size: Rows of the embedding.
        embedding_dim: Columns of the embedding.
        is_masked: Whether id 0 is padding that is not read.
        length: Tokens of an input, or None if there may be any number.
        cell: "simple_rnn", "gru" or "lstm".
        units: Size of each recurrent layer.
        bidirectional: Whether they read both ways.
        returns_sequences: Whether there is an output for each token, or one for all.
        dropouts: Rates after the embedding, between recurrent layers, and before the output.
        num_outputs: Size of the output layer.
        activation: Its activation: "softmax", "linear" or "sigmoid".
        shapes: The shape of each weight under the name that textrnn has for it.
        places: Where the weights that there are stand in the archive's file, by the same names.
    """

    vocabulary_size: int
    embedding_dim: int
    is_masked: bool
    length: int | None
    cell: str
    units: tuple[int, ...]
    bidirectional: bool
    returns_sequences: bool
    dropouts: tuple[float, float, float]
    num_outputs: int
    activation: str
    shapes: Shapes
    places: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Layer:
    """A layer of an archive.

    Args:
        kind: Its class in Keras.
        options: Its config.
        place: Where its weights stand in the archive's file.
    """

    kind: str
    options: Options
    place: str


def read_archive(path: pathlib.Path) -> tuple[KerasNetwork, bytes]:
    """Reads a `.keras` archive.

    Returns:
        The network, and the content of its file of weights, which nobody has looked into.

    Raises:
        TextrnnError: If it is no such archive, or holds anything but such a network.
    """
    if not path.is_file():
        raise TextrnnError(f"{path}: is no file. Name a .keras archive, as Keras 3 writes it.")
    try:
        with zipfile.ZipFile(path) as archive:
            check_entries(archive, path)
            content = read_entry(archive, "config.json", MAX_CONFIG_BYTES, path)
            network = network_of(parsed_json(content, path / "config.json"), path)
            numbers = sum(math.prod(shape) for shape in network.shapes.values())
            limit = 3 * 8 * numbers + MAX_OTHER_BYTES  # in float64 at most, and an optimizer's two moments
            return network, read_entry(archive, "model.weights.h5", limit, path)
    except (*UNREADABLE, ValueError, NotImplementedError) as error:
        if isinstance(error, TextrnnError):
            raise
        raise TextrnnError(
            f"{path}: is no .keras archive ({error}). With Keras 3, model.save('model.keras') writes one."
        ) from error


def check_entries(archive: zipfile.ZipFile, path: pathlib.Path) -> None:
    """Raises unless an archive holds the files of a model, each once, and no others."""
    counts = Counter(entry.filename for entry in archive.infolist())
    for name, count in counts.items():
        if name not in FILES or count > 1:
            problem = "which no such network needs" if name not in FILES else "more than once"
            raise TextrnnError(f"{path}: holds {shown(name)}, {problem}; it is not read.")
    for name in FILES[1:]:
        if name not in counts:
            raise TextrnnError(f"{path}: lacks {name}, so it is no .keras archive of Keras 3.")


def read_entry(archive: zipfile.ZipFile, name: str, limit: int, path: pathlib.Path) -> bytes:
    """Reads a file of an archive of at most `limit` bytes, whatever the archive says of its size."""
    with archive.open(name) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise TextrnnError(f"{path}: its {name} is larger than {limit:,} bytes, which such a network cannot need.")
    return content


def network_of(config: Options, path: pathlib.Path) -> KerasNetwork:
    """Returns the network that a config describes."""
    try:
        layers = chain_of(config)
        return described(layers)
    except TextrnnError as error:
        raise TextrnnError(f"{path}: {error}") from error


def chain_of(config: Options) -> list[Layer]:
    """Returns the layers of a config in their order; raises unless each reads what the one before it says."""
    kind = config.get("class_name")
    if kind not in ("Sequential", "Functional"):
        raise TextrnnError(f"is a {shown(kind)}. A Sequential model is read, or a Functional one that is a chain.")
    entries = entry(entry(config, "config", dict), "layers", list)
    if not 3 <= len(entries) <= MAX_LAYERS:
        raise TextrnnError(f"has {len(entries)} layers. An embedding, recurrent layers and an output are read.")
    layers: list[Layer] = []
    counts: Counter[str] = Counter()
    before: Any = None
    for number, one in enumerate(entries):
        layer = known_layer(one, counts)
        if kind == "Functional" and number:
            check_reads(one, before)
        before = one.get("name")
        layers.append(layer)
    return layers


def known_layer(one: Any, counts: Counter[str]) -> Layer:
    """Returns a layer; raises if it is none of those that are known, by its own name."""
    kind = one.get("class_name") if isinstance(one, dict) else None
    if (
        not isinstance(one, dict)
        or kind not in KNOWN
        or one.get("module") != "keras.layers"
        or one.get("registered_name")
    ):
        module = one.get("module") if isinstance(one, dict) else None
        raise TextrnnError(
            f"holds a layer {shown(kind)} of {shown(module)}, and nothing of it is read. Known are "
            f"{', '.join(KNOWN)} of keras.layers."
        )
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()  # as Keras names them: "SimpleRNN" is simple_rnn
    number = counts[name]
    counts[name] += 1
    return Layer(kind, entry(one, "config", dict), f"layers/{name}" + f"_{number}" * (number > 0))


def check_reads(one: Options, before: Any) -> None:
    """Raises unless a layer of a Functional model is given what the layer before it says, and that alone."""
    try:
        (node,) = one["inbound_nodes"]
        (tensor,) = node["args"]
        name, _, output = tensor["config"]["keras_history"]
        others = [value for value in node["kwargs"].values() if isinstance(value, (dict, list))]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise TextrnnError(
            f"layer {shown(one.get('name'))} reads more than one thing; only a chain is read."
        ) from error
    if name != before or output != 0 or others:
        raise TextrnnError(f"layer {shown(one.get('name'))} does not read the layer before it; only a chain is read.")


def described(layers: Sequence[Layer]) -> KerasNetwork:
    """Returns the network that layers are, after checking their order and their options."""
    length = input_length(layers[0]) if layers[0].kind == "InputLayer" else None
    embedding, *rest = layers[1:] if layers[0].kind == "InputLayer" else layers
    output = rest[-1] if rest else embedding
    middle = [layer for layer in rest[:-1] if layer.kind != "Dropout"]
    is_chain = all(layer.kind in RECURRENT or layer.kind == "Bidirectional" for layer in middle)
    if embedding.kind != "Embedding" or output.kind != "Dense" or not middle or not is_chain:
        raise TextrnnError(
            f"is a chain of {', '.join(layer.kind for layer in layers)}. What is read is an Embedding, 1 to 4 "
            "recurrent layers, and one Dense layer for the output, with Dropout between them."
        )
    vocabulary_size = whole(embedding, "input_dim", 10_000_000)
    embedding_dim = whole(embedding, "output_dim", 16_384)
    shapes: Shapes = {"embedding/embeddings": (vocabulary_size, embedding_dim)}
    places = {"embedding/embeddings": f"{embedding.place}/vars/0"}
    cell, units, bidirectional = recurrent_layers(middle, embedding_dim, shapes, places)
    num_outputs = whole(output, "units", 10_000_000)
    size = units[-1] * (2 if bidirectional else 1)
    shapes |= {"output/kernel": (size, num_outputs), "output/bias": (num_outputs,)}
    places["output/kernel"] = f"{output.place}/vars/0"
    if flag(output, "use_bias"):
        places["output/bias"] = f"{output.place}/vars/1"
    return KerasNetwork(
        vocabulary_size,
        embedding_dim,
        flag(embedding, "mask_zero"),
        length,
        cell,
        units,
        bidirectional,
        sequences_of(middle),
        dropouts_of(rest[:-1]),
        num_outputs,
        one_of(output, "activation", ACTIVATIONS),
        shapes,
        places,
    )


def input_length(layer: Layer) -> int | None:
    """Returns how many tokens an input has, or None."""
    shape = layer.options.get("batch_shape")
    if not isinstance(shape, list) or len(shape) != 2:
        raise TextrnnError(f"reads inputs of shape {shown(shape)}. Token ids of shape (batch, time) are read.")
    if shape[1] is not None:
        check_range("batch_shape", shape[1], 1, 100_000, whole=True)
    return shape[1] if shape[1] is None else int(shape[1])


def recurrent_layers(
    middle: Sequence[Layer], size: int, shapes: Shapes, places: dict[str, str]
) -> tuple[str, tuple[int, ...], bool]:
    """Returns the cell, the sizes, and whether layers read both ways; adds the shapes and places of their weights.

    Args:
        middle: The recurrent layers.
        size: Of what the first one reads.
        shapes: By the names that textrnn has.
        places: By the same names.
    """
    cells, sizes, ways = [], [], []
    for number, layer in enumerate(middle):
        directions = directions_of(layer)
        units = whole(directions[0], "units", 16_384)
        cells.append(RECURRENT[directions[0].kind])
        for direction, suffix in zip(directions, ("", "_backward"), strict=False):
            check_recurrent(direction, units, is_backward=bool(suffix))
            name = f"recurrent_{number}{suffix}"
            shapes |= recurrent_shapes(cells[-1], name, size, units)
            parts = ["kernel", "recurrent_kernel"] + ["bias"] * flag(direction, "use_bias")
            places |= {f"{name}/{part}": f"{direction.place}/cell/vars/{at}" for at, part in enumerate(parts)}
        sizes.append(units)
        ways.append(len(directions))
        size = units * len(directions)
    if len(set(cells)) > 1 or len(set(ways)) > 1 or len(sizes) > 4:
        raise TextrnnError("mixes recurrent layers. One to four of one kind are read, all in one direction or in both.")
    return cells[0], tuple(sizes), ways[0] == 2


def directions_of(layer: Layer) -> list[Layer]:
    """Returns the layer that reads forwards, and in a Bidirectional one that which reads backwards."""
    if layer.kind != "Bidirectional":
        return [layer]
    one_of(layer, "merge_mode", ("concat",))
    found = []
    for name, place in (("layer", "forward_layer"), ("backward_layer", "backward_layer")):
        inner = known_layer(layer.options.get(name), Counter())
        if inner.kind not in RECURRENT:
            raise TextrnnError(f"holds a Bidirectional layer of {inner.kind}. Known are {', '.join(RECURRENT)}.")
        found.append(dataclasses.replace(inner, place=f"{layer.place}/{place}"))
    if found[0].kind != found[1].kind:
        raise TextrnnError("holds a Bidirectional layer of two kinds. Both directions must be of one kind.")
    return found


def check_recurrent(layer: Layer, units: int, is_backward: bool) -> None:
    """Raises unless a recurrent layer computes what textrnn's does."""
    check_range("units", layer.options.get("units"), units, units, whole=True)
    one_of(layer, "activation", ("tanh",))
    if layer.kind != "SimpleRNN":
        one_of(layer, "recurrent_activation", ("sigmoid",))
    if layer.kind == "GRU":
        one_of(layer, "reset_after", (True,))
    one_of(layer, "go_backwards", (is_backward,))
    number(layer, "recurrent_dropout")


def sequences_of(middle: Sequence[Layer]) -> bool:
    """Returns whether the last layer gives an output for each token; raises unless those before it do."""
    *below, last = [flag(directions_of(layer)[0], "return_sequences") for layer in middle]
    if not all(below):
        raise TextrnnError("has a recurrent layer above one that gives no sequence (return_sequences=False).")
    return last


def dropouts_of(layers: Sequence[Layer]) -> tuple[float, float, float]:
    """Returns the rates of dropout after the embedding, between recurrent layers, and before the output."""
    kinds = [layer.kind for layer in layers]
    places = [at for at, kind in enumerate(kinds) if kind != "Dropout"]
    rates = [0.0, 0.0, 0.0]
    for at, layer in enumerate(layers):
        if layer.kind == "Dropout":
            rates[0 if at < places[0] else 2 if at > places[-1] else 1] = number(layer, "rate")
    return rates[0], rates[1], rates[2]


# Options, none of which is believed


def entry(options: Options, name: str, kind: type) -> Any:
    """Returns an entry of a type; raises if there is none."""
    value = options.get(name) if isinstance(options, dict) else None
    if not isinstance(value, kind):
        raise TextrnnError(f"its config.json has no {name!r}; it is damaged or of another program.")
    return value


def whole(layer: Layer, name: str, most: int) -> int:
    """Returns an option that is a whole number from 1."""
    value = layer.options.get(name)
    check_range(f"{layer.kind}.{name}", value, 1, most, whole=True)
    return int(value)  # type: ignore[arg-type]


def number(layer: Layer, name: str) -> float:
    """Returns an option that is a rate of dropout."""
    value = layer.options.get(name, 0.0)
    check_range(f"{layer.kind}.{name}", value, 0, 1, below=True)
    return float(value)


def flag(layer: Layer, name: str) -> bool:
    """Returns an option that is true or false."""
    return bool(one_of(layer, name, (True, False)))


def one_of(layer: Layer, name: str, choices: Sequence[Any]) -> Any:
    """Returns an option that has one of some values."""
    value = layer.options.get(name)
    if not isinstance(value, (str, bool)) or value not in choices:
        wanted = " or ".join(map(repr, choices))
        raise TextrnnError(f"has a layer {layer.kind} with {name}={shown(value)}. textrnn computes {name}={wanted}.")
    return value


def shown(value: Any) -> str:
    """Returns what somebody else has written, in at most 60 characters of one line.

    >>> shown("keras>Lambda"), shown(["x"] * 100)[-3:]
    ("'keras>Lambda'", '...')
    """
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
