"""Finds public corpora by name: below `$TEXTRNN_CORPORA`, in the cache, or on the network."""

import io
import os
import pathlib
import zipfile
from collections.abc import Callable

from textrnn.errors import TextrnnError, nearest
from textrnn.preprocessing.tables import read_pairs
from textrnn.systems import replace

__all__ = ["SOURCES", "named_corpus"]

ENVIRONMENT = "TEXTRNN_CORPORA"


def named_corpus(name: str) -> pathlib.Path:
    """Returns the file of a corpus; see `textrnn.corpora.load`."""
    kind, _, item = name.partition(":")
    if kind not in SOURCES or not item:
        known = "gutenberg:shakespeare-hamlet, tatoeba:eng-spa"
        raise TextrnnError(f"No corpus is named {name!r}.{nearest(kind, SOURCES)} Known forms: {known}.")
    if any(part in item for part in ("/", "\\", "..")):
        raise TextrnnError(f"A corpus name holds no path. Received: {name!r}.")
    return SOURCES[kind](item)


def local_copy(*parts: str) -> pathlib.Path | None:
    """Returns the file below `$TEXTRNN_CORPORA` if it is there."""
    root = os.environ.get(ENVIRONMENT)
    path = pathlib.Path(root, *parts) if root else None
    return path if path is not None and path.is_file() else None


def gutenberg_file(item: str) -> pathlib.Path:
    """Returns a text of NLTK's Gutenberg corpus, downloaded through NLTK if need be."""
    found = local_copy("lm", "gutenberg", f"{item}.txt")
    if found is not None:
        return found
    import nltk

    try:
        directory = nltk.data.find("corpora/gutenberg")
    except LookupError:
        if not nltk.download("gutenberg", quiet=True):
            raise TextrnnError(no_network(f"gutenberg:{item}", f"lm/gutenberg/{item}.txt")) from None
        directory = nltk.data.find("corpora/gutenberg")
    path = pathlib.Path(str(directory)) / f"{item}.txt"
    if not path.is_file():
        names = sorted(file.stem for file in path.parent.glob("*.txt"))
        raise TextrnnError(f"NLTK's Gutenberg corpus has no text {item!r}.{nearest(item, names)}")
    return path


def tatoeba_file(item: str) -> pathlib.Path:
    """Returns a Tatoeba pair file, downloaded as a zip archive from manythings.org if need be."""
    source, _, target = item.partition("-")
    if len(source) != 3 or len(target) != 3 or not (source + target).isalpha():
        raise TextrnnError(f"Name a language pair by two three-letter codes, as in eng-spa. Received: {item!r}.")
    found = local_copy("mt", f"tatoeba_{source}_{target}", f"{target}.txt")
    if found is not None:
        return found
    path = cache_directory() / f"tatoeba-{item}.tsv"
    if not path.is_file():
        url = f"https://www.manythings.org/anki/{target}-{source}.zip"
        archive = fetched(url, 200_000_000, f"tatoeba:{item}", f"mt/tatoeba_{source}_{target}/{target}.txt")
        write_checked_pairs(archive, f"{target}.txt", path, url)
    return path


def fetched(url: str, most: int, name: str, place: str) -> bytes:
    """Returns what stands at an address.

    Args:
        url: The address.
        most: How many bytes are read at most.
        name: The name of the corpus, for the error.
        place: Where below `$TEXTRNN_CORPORA` it could be.

    Raises:
        TextrnnError: If it cannot be had.
    """
    import urllib.request  # only here: it takes as long to import as a model to load

    try:
        request = urllib.request.Request(url, headers={"User-Agent": "textrnn"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            content: bytes = answer.read(most)
    except OSError as error:  # URLError is one
        raise TextrnnError(no_network(name, place)) from error
    return content


def write_checked_pairs(archive: bytes, member: str, path: pathlib.Path, url: str) -> None:
    """Unpacks the pair file from a downloaded archive, and keeps it only if it holds pairs throughout."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            content = files.read(member)
    except (zipfile.BadZipFile, KeyError) as error:
        raise TextrnnError(f"{url}: the download is not an archive with {member} in it. Try again later.") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    try:
        num_pairs = sum(1 for _ in read_pairs(partial))
        if not num_pairs:
            raise TextrnnError(f"{url}: the download holds no sentence pairs.")
        replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def cache_directory() -> pathlib.Path:
    """Returns the directory that keeps downloads."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "textrnn"


def no_network(name: str, place: str) -> str:
    """Returns the sentence for a corpus that can be neither found nor downloaded."""
    return (
        f"The corpus {name} is not on this computer and could not be downloaded. Connect to the network, or set "
        f"${ENVIRONMENT} to a directory that holds it as {place}."
    )


SOURCES: dict[str, Callable[[str], pathlib.Path]] = {"gutenberg": gutenberg_file, "tatoeba": tatoeba_file}
