"""The model directory: plain data, written so that a crash leaves the old model or the new one, read with suspicion.

    config.json         what the model is
    tokenizer.json      the vocabulary (and tokenizer.model for subword); a translator with two vocabularies has
                        source_tokenizer.json and target_tokenizer.json instead
    weights.safetensors arrays under the names of the config's `weight_shapes`; `weight_formats` says how they are kept
    ngrams.safetensors  hashed n-grams of the training text, or a sample of them, for memorisation reports (optional)
    series.safetensors  the ends of the series that a forecaster was trained on, where its forecast begins (optional)
    manifest.json       format version, sha256 and size of every other file, the format of weights that are whole
                        numbers, facts about the training, and a checksum of the manifest itself

Saving writes each file as `NAME.next`, then renames the new manifest into place, then the other files. That one rename
is the moment at which the new model counts: a reader takes each file from `NAME` or `NAME.next`, whichever fits the
manifest's hash, so it finds the old model or the new one whole. Nothing here runs code from a model or follows a path
that a file names.
"""

import contextlib
import dataclasses
import hashlib
import json
import math
import os
import pathlib
import tempfile
from collections.abc import Iterable
from typing import Any

import numpy as np
import safetensors.numpy

from textrnn.array_files import MAX_HEADER_BYTES, Layout, all_like, parsed_arrays, parsed_json
from textrnn.config.base import Shapes
from textrnn.config.kinds import KINDS
from textrnn.errors import TextrnnError, check_choice, nearest
from textrnn.preprocessing.tokenizers import Tokenizer, load_tokenizer
from textrnn.systems import replace
from textrnn.weight_formats import WEIGHT_FORMATS, expected_arrays, restored, stored_arrays

__all__ = [
    "CHECKPOINT",
    "FORMAT_VERSION",
    "StoredModel",
    "check_not_foreign",
    "checkpoint_time",
    "find_model",
    "kind_of",
    "load_model",
    "save_model",
    "stored_sizes",
    "write_atomically",
]

FORMAT_VERSION = 2
CHECKPOINT = "checkpoint.safetensors"  # beside the model in a training run's output; no part of the model
REQUIRED_FILES = ("config.json", "weights.safetensors")
TOKENIZER_FILES = tuple(
    f"{name}.{suffix}" for name in ("tokenizer", "source_tokenizer", "target_tokenizer") for suffix in ("json", "model")
)
OPTIONAL_FILES = (*TOKENIZER_FILES, "ngrams.safetensors", "series.safetensors")
OLD_RECORD = frozenset(("words_3", "words_5"))  # what format 1 has of `ngrams.safetensors`
FLOATS = ("float32", "float16")  # weight formats that the arrays themselves tell apart
MAX_CONFIG_BYTES = 2_000_000  # ten thousand series with their scales
MAX_FILE_BYTES = 64_000_000  # of any file but the weights, whose size the config says
PRETRAINED = pathlib.Path(__file__).parent / "pretrained"


@dataclasses.dataclass(frozen=True)
class StoredModel:
    """What a model directory holds.

    Args:
        config: What the network is.
        tokenizers: Its tokenizers, under the names of `config.tokenizer_names`.
        weights: float32 arrays by name.
        ngrams: Hashed n-grams of the training text as uint8 arrays by name; empty if not kept.
        facts: What is known about the training, for people to read.
        series: The ends of the series that were trained on, float64 and int64 arrays by name; empty if not kept.
    """

    config: Any
    tokenizers: dict[str, Tokenizer]
    weights: dict[str, np.ndarray]
    ngrams: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    series: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)


def read_options(path: pathlib.Path) -> dict[str, Any]:
    """Returns the options that the run of a checkpoint was called with.

    Raises:
        TextrnnError: If there is no checkpoint, or it cannot be read.
    """
    if not path.is_file():
        raise TextrnnError(f"{path}: there is no checkpoint to resume from. Leave out `resume` to begin.")
    try:
        with safetensors.safe_open(path, "np") as file:
            options = json.loads((file.metadata() or {}).get("options", "{}"))
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise TextrnnError(f"{path}: cannot be read: {error}. Train anew without resuming.") from error
    return options if isinstance(options, dict) else {}


def shipped_models() -> list[str]:
    """Returns the names of the models that ship with the package."""
    return sorted(item.name for item in PRETRAINED.iterdir() if item.is_dir()) if PRETRAINED.is_dir() else []


def find_model(model: str | os.PathLike[str]) -> pathlib.Path:
    """Returns the directory of a model: a directory, or the name of one that ships with the package.

    A directory that holds a model comes before a shipped model of the same name, and any other directory after it.

    Raises:
        TextrnnError: If there is no such model.
    """
    path = pathlib.Path(model)
    shipped = shipped_models()
    if path.is_dir() and (str(model) not in shipped or os.path.lexists(path / "manifest.json")):
        return path
    if path.is_dir() and os.path.lexists(path / CHECKPOINT):
        raise TextrnnError(
            f"{model}: is a shipped model, and a directory here whose training run was ended before it saved a model. "
            "Resume that run, or rename the directory to use the shipped model."
        )
    if str(model) in shipped:
        return PRETRAINED / str(model)
    if path.is_file():
        is_model = (path.parent / "manifest.json").exists()
        where = f": name '{path.parent}'." if is_model else "."
        raise TextrnnError(f"{model}: is a file. A model is a directory{where}")
    raise TextrnnError(
        f"{model}: no such model directory, and no shipped model of that name.{nearest(str(model), shipped)} "
        f"Shipped models: {', '.join(shipped) or 'none'}."
    )


def save_model(directory: str | os.PathLike[str], model: StoredModel, weight_format: str = "float32") -> None:
    """Writes a model directory; what stood there before stays whole until the new one is complete.

    Args:
        directory: Where to; a directory that is there must be empty or hold a model.
        model: What to write.
        weight_format: How to keep the weights: "float32", "float16", "int8" or "int4"; see `textrnn.weight_formats`.

    Raises:
        TextrnnError: If the place cannot be written or holds something else, or a weight is not finite.
    """
    if not os.fspath(directory):
        raise TextrnnError("The directory of the model has no name.")
    check_choice("weight_format", weight_format, WEIGHT_FORMATS)
    arrays = stored_arrays(model.weights, weight_format)
    version = format_version(model, arrays, weight_format)
    files = {"config.json": to_json({"kind": model.config.kind, "network": model.config.stored(version)})}
    for name, tokenizer in model.tokenizers.items():
        files |= tokenizer.files(name)
    files["weights.safetensors"] = safetensors.numpy.save(arrays)
    if model.ngrams:
        files["ngrams.safetensors"] = safetensors.numpy.save(model.ngrams)
    if model.series:
        files["series.safetensors"] = safetensors.numpy.save(model.series)
    manifest = {
        "format_version": version,
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files.items()
        },
        "training": model.facts,
    }
    if weight_format not in FLOATS:
        manifest["weight_format"] = weight_format
    manifest["checksum"] = checksum(manifest)
    write_files(pathlib.Path(directory), {**files, "manifest.json": to_json(manifest)})


def format_version(model: StoredModel, arrays: dict[str, np.ndarray], weight_format: str) -> int:
    """Returns the lowest format that holds a model, so that an older textrnn reads it if it can.

    Format 2 adds kinds of model, documents other than lines, tokenizers that format 1 does not know, records of
    whole documents or of samples, and weights that are whole numbers or sparse matrices.

    Args:
        model: The model.
        arrays: Its weights as the file holds them.
        weight_format: Their format.
    """
    is_old = model.config.format_version == 1 and OLD_RECORD.issuperset(model.ngrams)
    are_plain = weight_format in FLOATS and arrays.keys() == model.weights.keys()
    has_old_words = all(tokenizer.format_version == 1 for tokenizer in model.tokenizers.values())
    return 1 if is_old and are_plain and has_old_words else 2


def checksum(manifest: dict[str, Any]) -> str:
    """Returns the sha256 of a manifest's values but for the checksum itself, however they are laid out."""
    rest = {name: value for name, value in manifest.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode("utf-8")).hexdigest()


def to_json(content: dict[str, Any]) -> bytes:
    """Returns JSON that a person can read and diff."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def write_files(directory: pathlib.Path, files: dict[str, bytes]) -> None:
    """Replaces the model in `directory` by `files`, in the order that the module's text describes."""
    manifest = directory / "manifest.json"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        check_not_foreign(directory, files)
        if manifest.exists():
            with contextlib.suppress(TextrnnError):  # a damaged model has nothing to finish, and is replaced
                finish_renames(directory)
        for name, content in files.items():
            write_atomically(directory / f"{name}.next", content)
        replace(directory / "manifest.json.next", manifest)
    except OSError as error:
        raise TextrnnError(
            f"{directory}: cannot be written: {error.strerror or error}. The model that was there is unchanged."
        ) from error
    with contextlib.suppress(OSError):  # of files that another program has open: the next save does the rest
        finish_renames(directory)
        for name in OPTIONAL_FILES:
            if name not in files:
                (directory / name).unlink(missing_ok=True)
                (directory / f"{name}.next").unlink(missing_ok=True)  # of a save that was killed


def checkpoint_time(output: pathlib.Path) -> float:
    """Returns when the checkpoint of a run was written, in seconds; 0 where there is none."""
    try:
        return (output / CHECKPOINT).stat().st_mtime
    except OSError:
        return 0.0


def check_not_foreign(directory: pathlib.Path, files: Iterable[str] = (*REQUIRED_FILES, *OPTIONAL_FILES)) -> None:
    """Raises if a directory holds files of these names but no model, so that saving would replace somebody's files."""
    foreign = [name for name in files if (directory / name).exists()]
    if foreign and not (directory / "manifest.json").exists():
        raise TextrnnError(f"{directory}: holds {foreign[0]} but no model, and is left alone. Name another place.")


def finish_renames(directory: pathlib.Path) -> None:
    """Renames the `.next` files that the manifest in force names, which an interrupted save has left."""
    files, _ = read_once(directory)
    for name, content in files.items():
        path = directory / f"{name}.next"
        if path.exists() and path.read_bytes() == content:
            replace(path, directory / name)


def write_atomically(path: pathlib.Path, content: bytes) -> None:
    """Writes a file so that it is, at any moment, the old one or the new one: temporary file, fsync, rename."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            pathlib.Path(temporary).unlink(missing_ok=True)
        raise


def load_model(model: str | os.PathLike[str], kind: str) -> StoredModel:
    """Reads a model of a kind, such as "language-model", by its directory or shipped name.

    Raises:
        TextrnnError: If the directory is no model, or is damaged, incomplete, of another kind or of a newer format.
    """
    directory = find_model(model)
    files, manifest = read_model_files(directory)
    found, config = parsed_config(files["config.json"], directory / "config.json")
    if found != kind:
        raise TextrnnError(f"{directory}: holds a {found!r}, not a {kind!r}.")
    try:
        tokenizers = {name: load_tokenizer(files, name) for name in config.tokenizer_names}
    except TextrnnError as error:
        raise TextrnnError(f"{directory}: {error}") from error
    for (name, tokenizer), size in zip(tokenizers.items(), config.vocabulary_sizes, strict=True):
        if tokenizer.vocabulary_size != size:
            raise TextrnnError(
                f"{directory}: {name}.json has {tokenizer.vocabulary_size} tokens, the network expects {size}."
            )
    weights = parsed_weights(
        files["weights.safetensors"],
        directory / "weights.safetensors",
        config.weight_shapes(),
        manifest.get("weight_format", "float32"),
    )
    records: dict[str, dict[str, np.ndarray]] = {"ngrams": {}, "series": {}}
    for name, layout in (("ngrams", Layout(("U8",))), ("series", Layout(("F64", "I64")))):
        file = f"{name}.safetensors"
        if file in files:
            records[name] = parsed_arrays(files[file], directory / file, all_like(layout))
    facts = manifest.get("training") or {}
    return StoredModel(config, tokenizers, weights, records["ngrams"], facts, records["series"])


def parsed_weights(content: bytes, path: pathlib.Path, shapes: Shapes, weight_format: str) -> dict[str, np.ndarray]:
    """Returns the weights that a file holds in a format, as float32 arrays under the names of `shapes`."""
    arrays = parsed_arrays(content, path, lambda names: expected_arrays(shapes, weight_format, names))
    try:
        return restored(arrays, shapes, weight_format)
    except TextrnnError as error:
        raise TextrnnError(f"{path}: {error}") from error


def kind_of(model: str | os.PathLike[str]) -> str:
    """Returns the kind of a model, such as "language-model", by its directory or shipped name.

    Raises:
        TextrnnError: If there is no such model, or it is damaged.
    """
    directory = find_model(model)
    files, _ = read_model_files(directory)
    return parsed_config(files["config.json"], directory / "config.json")[0]


def stored_sizes(model: str | os.PathLike[str]) -> dict[str, int]:
    """Returns the size in bytes of each file of a model, whatever else its directory holds."""
    directory = find_model(model)
    files, _ = read_model_files(directory)
    sizes = {name: len(content) for name, content in files.items()}
    return {**sizes, "manifest.json": (directory / "manifest.json").stat().st_size}


def read_model_files(directory: pathlib.Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Returns the files that the manifest names, checked against it, and the manifest."""
    try:
        return read_once(directory)
    except TextrnnError:
        return read_once(directory)  # a save by another process may have gone by; a damaged model fails again


def read_once(directory: pathlib.Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Does the work of `read_model_files`, which a save at the same moment can disturb."""
    manifest_path = directory / "manifest.json"
    check_no_link(manifest_path)
    if not manifest_path.is_file():
        raise TextrnnError(f"{directory}: manifest.json is missing, so this is not a complete textrnn model.")
    manifest = parsed_json(read_bounded(manifest_path, MAX_FILE_BYTES), manifest_path)
    version = manifest.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise TextrnnError(f"{manifest_path}: `format_version` must be a whole number from 1. Received: {version!r}.")
    if version > FORMAT_VERSION:
        raise TextrnnError(
            f"{directory}: format version {version} is newer than this textrnn reads ({FORMAT_VERSION}). "
            "Upgrade textrnn."
        )
    check_manifest(manifest, manifest_path)
    entries = dict(manifest["files"])
    files = {"config.json": read_checked(directory, "config.json", entries.pop("config.json"), MAX_CONFIG_BYTES)}
    _, config = parsed_config(files["config.json"], directory / "config.json")
    # No larger than the network can be, with a float32 scale for each row; a larger file is not even read.
    num_numbers = sum(math.prod(shape) + shape[0] for shape in config.weight_shapes().values())
    limits = {"weights.safetensors": 4 * num_numbers + MAX_HEADER_BYTES}
    for name, entry in entries.items():
        files[name] = read_checked(directory, name, entry, limits.get(name, MAX_FILE_BYTES))
    return files, manifest


def parsed_config(content: bytes, path: pathlib.Path) -> tuple[str, Any]:
    """Returns the kind of a model and the config of its network."""
    values = parsed_json(content, path)
    kind, network = values.get("kind"), values.get("network")
    if not isinstance(kind, str) or kind not in KINDS or not isinstance(network, dict):
        raise TextrnnError(f"{path}: does not say what the model is; the model is damaged or of another program.")
    try:
        return kind, KINDS[kind].load("config", "config").from_stored(network)
    except (TextrnnError, TypeError) as error:
        raise TextrnnError(f"{path}: {error}") from error


def check_manifest(manifest: dict[str, Any], path: pathlib.Path) -> None:
    """Raises unless the manifest is whole, and names the files of a model and nothing else."""
    for name in manifest:
        if name not in ("format_version", "files", "weight_format", "training", "checksum"):
            raise TextrnnError(f"{path}: has an unknown entry {name!r}; it is damaged or of another program.")
    if manifest.get("weight_format", WEIGHT_FORMATS[0]) not in WEIGHT_FORMATS:
        raise TextrnnError(f"{path}: has weights in an unknown format, {manifest['weight_format']!r}. Upgrade textrnn.")
    if "checksum" in manifest and manifest["checksum"] != checksum(manifest):
        raise TextrnnError(f"{path}: does not fit its own checksum; it is damaged. Copy the directory again.")
    entries = manifest.get("files")
    if not isinstance(entries, dict):
        raise TextrnnError(f"{path}: `files` must be an object.")
    for name in REQUIRED_FILES:
        if name not in entries:
            raise TextrnnError(f"{path}: does not name {name}; the model is incomplete.")
    for name in entries:
        if name not in REQUIRED_FILES + OPTIONAL_FILES:
            raise TextrnnError(f"{path}: names {name!r}, which is no file of a model.")


def read_checked(directory: pathlib.Path, name: str, entry: Any, limit: int) -> bytes:
    """Reads one file of at most `limit` bytes, from `NAME` or `NAME.next`, and compares it with its manifest entry."""
    size, digest = (entry.get("bytes"), entry.get("sha256")) if isinstance(entry, dict) else (None, None)
    if not isinstance(size, int) or not isinstance(digest, str):
        raise TextrnnError(f"{directory / 'manifest.json'}: the entry of {name} must hold bytes and sha256.")
    if size > limit:
        raise TextrnnError(f"{directory / name}: {size:,} bytes are more than such a file can have ({limit:,}).")
    found = False
    for path in (directory / name, directory / f"{name}.next"):
        if path.is_file() and not path.is_symlink():
            found = True
            if path.stat().st_size == size:
                content = read_bounded(path, size)
                if hashlib.sha256(content).hexdigest() == digest:
                    return content
    if not found:
        check_no_link(directory / name)
        raise TextrnnError(f"{directory}: {name} is missing; the model is incomplete. Copy the whole directory again.")
    raise TextrnnError(f"{directory}: {name} is damaged: it does not fit the manifest. Copy the directory again.")


def check_no_link(path: pathlib.Path) -> None:
    """Raises if a model's file is a symbolic link, as in the caches of model hubs: a link may lead anywhere."""
    if path.is_symlink():
        raise TextrnnError(
            f"{path}: is a symbolic link, and textrnn follows none out of a model. "
            f"Copy the files themselves (cp -rL {path.parent} COPY) and name that directory."
        )


def read_bounded(path: pathlib.Path, limit: int) -> bytes:
    """Reads a file of at most `limit` bytes."""
    try:
        with open(path, "rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise TextrnnError(f"{path}: cannot be read: {error.strerror or error}.") from error
    if len(content) > limit:
        raise TextrnnError(f"{path}: larger than {limit:,} bytes, which no model needs.")
    return content
