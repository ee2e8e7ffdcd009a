"""MNIST by name: handwritten digits, found below `$TEXTRNN_CORPORA`, in the cache, or downloaded."""

import gzip
import hashlib
import io
import pathlib
import re
import zipfile

import numpy as np

from textrnn.errors import TextrnnError, check_choice
from textrnn.preprocessing.downloads import cache_directory, fetched, local_copy

__all__ = ["mnist"]

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
HEADER = re.compile(rb"{'descr': '(?P<type>[|<][ui][1248])', 'fortran_order': False, 'shape': \((?P<shape>[\d, ]*)\)")
PARTS = {"train": "train", "test": "t10k"}  # what the original files call them
IMAGES, LABELS = 0x803, 0x801  # how files of images and of labels begin


def mnist(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the handwritten digits of LeCun et al. 1998.

    Args:
        part: "train" (60,000) or "test" (10,000).

    Returns:
        Grey values from 0 to 1, float32 of shape `(samples, 28, 28)`, and the digits, of shape `(samples,)`.

    Raises:
        TextrnnError: If they are neither on this computer nor to be had from the network, or damaged.
    """
    check_choice("mnist", part, PARTS)
    stem = PARTS[part]
    found = [local_copy("cls", "mnist", f"{stem}-{what}-ubyte.gz") for what in ("images-idx3", "labels-idx1")]
    archive = local_copy("cls", "mnist", f"{part}.npz")
    try:
        if found[0] is not None and found[1] is not None:
            images, labels = read_idx(found[0], IMAGES), read_idx(found[1], LABELS)
        elif archive is not None:
            images, labels = read_archive(archive.read_bytes(), ("images", "labels"))
        else:
            images, labels = read_archive(downloaded(), (f"x_{part}", f"y_{part}"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise TextrnnError(f"mnist:{part}: is damaged ({error}). Remove the file to get it anew.") from error
    if images.shape != (len(labels), 28, 28):
        raise TextrnnError(f"mnist:{part}: holds images of shape {images.shape} for {len(labels):,} labels.")
    return images.astype(np.float32) / 255, labels.astype(np.int64)


def read_idx(path: pathlib.Path, magic: int) -> np.ndarray:
    """Returns the array of bytes in a file of the original form."""
    with gzip.open(path) as file:
        content = file.read()
    if int.from_bytes(content[:4], "big") != magic:
        raise ValueError(f"{path} does not begin as such a file does")
    shape = [int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(content[3])]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def read_archive(content: bytes, names: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Returns two arrays of a NumPy archive; only arrays of whole numbers are read, and nothing is unpickled."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first, second = (read_numbers(archive.read(f"{name}.npy")) for name in names)
    return first, second


def read_numbers(content: bytes) -> np.ndarray:
    """Returns the array of a .npy file (NumPy's format, version 1)."""
    length = int.from_bytes(content[8:10], "little")
    header = HEADER.match(content[10 : 10 + length])
    if not content.startswith(b"\x93NUMPY\x01") or header is None:
        raise ValueError("an array is not of whole numbers in NumPy's format")
    shape = [int(size) for size in header["shape"].split(b",") if size.strip()]
    return np.frombuffer(content, header["type"].decode(), offset=10 + length).reshape(shape)


def downloaded() -> bytes:
    """Returns the archive from the cache, or from the network into the cache."""
    path = cache_directory() / "mnist.npz"
    if path.is_file():
        return path.read_bytes()
    content = fetched(URL, 50_000_000, "mnist", "cls/mnist/train-images-idx3-ubyte.gz and the other three")
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise TextrnnError(f"{URL}: the download is not the file that is known. Try again later.")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(path)
    return content
