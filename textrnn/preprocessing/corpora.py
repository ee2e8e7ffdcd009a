"""Reads text as a stream of lines, and splits it without letting training text leak into validation.

A `Corpus` is a list of files plus a rule for which of their text it covers; it holds no text, so its size does not
matter. Every pass over `lines()` reads the files again.
"""

import atexit
import dataclasses
import hashlib
import io
import os
import pathlib
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator

from textrnn.errors import TextrnnError, check_choice, check_range, nearest
from textrnn.preprocessing.files import decoded_pieces

__all__ = ["Corpus", "load", "read", "read_pairs", "split"]

TEXT_SUFFIXES = (".txt", ".tokens", ".text", ".txt.gz", ".text.gz")
ENVIRONMENT = "TEXTRNN_CORPORA"


@dataclasses.dataclass(frozen=True)
class Corpus:
    """Text in files, read as a stream.

    Args:
        paths: The files, read one after another.
        encoding: The files' encoding.
        start: First character covered, counting the newline after each line as one.
        stop: First character no longer covered, or None for the end.
        keeps: A rule for lines, `keeps(path, line) -> bool`, or None to keep all.
    """

    paths: tuple[pathlib.Path, ...]
    encoding: str = "utf-8"
    start: int = 0
    stop: int | None = None
    keeps: Callable[[pathlib.Path, str], bool] | None = None

    def pieces(self, progress: Callable[[int], object] | None = None) -> Iterator[str]:
        """Yields the text line by line as NFC, each line with the newline that ends it.

        Args:
            progress: Called with the number of characters of each line read, to move a progress bar.

        Raises:
            TextrnnError: If a file cannot be read or decoded; names the file, the line and the byte.
        """
        position = 0
        for path in self.paths:
            for piece in decoded_pieces(path, self.encoding):
                begin, position = position, position + len(piece)
                if progress is not None:
                    progress(len(piece))
                if self.stop is not None and begin >= self.stop:
                    return
                if position <= self.start:
                    continue
                if self.keeps is not None and not self.keeps(path, piece.removesuffix("\n")):
                    continue
                yield piece[max(self.start - begin, 0) : None if self.stop is None else self.stop - begin]

    def lines(self) -> Iterator[str]:
        """Yields each line without its newline."""
        for piece in self.pieces():
            yield piece.removesuffix("\n")

    def text(self) -> str:
        """Returns all the text at once; only for corpora that fit in memory."""
        return "".join(self.pieces())

    def num_bytes(self) -> int:
        """Returns the size of the files on disk, in bytes."""
        return sum(path.stat().st_size for path in self.paths)


def read(source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], encoding: str = "utf-8") -> Corpus:
    """Opens text: a file (gzip too), several files, a directory, "-" for standard input, or a name for `load`.

    Raises:
        TextrnnError: If something is missing, empty, or not text.
    """
    if isinstance(source, (str, os.PathLike)):
        source = [source]
    paths: list[pathlib.Path] = []
    for item in source:
        if item == "-":
            paths.append(spooled_standard_input())
        elif isinstance(item, str) and item.split(":")[0] in SOURCES and not os.path.exists(item):
            paths.extend(load(item).paths)
        else:
            paths.extend(found_files(pathlib.Path(item)))
    if not paths:
        raise TextrnnError("No corpus was named. Pass a file, a directory, or - for standard input.")
    corpus = Corpus(tuple(paths), encoding)
    if not any(line.strip() for line in corpus.lines()):
        names = ", ".join(str(path) for path in paths[:3])
        raise TextrnnError(f"There is no text in {names}: nothing but white space. Pass a corpus with text.")
    return corpus


def found_files(path: pathlib.Path) -> list[pathlib.Path]:
    """Returns the file at `path`, or the text files below it in sorted order."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and file.name.endswith(TEXT_SUFFIXES))
        if not files:
            raise TextrnnError(f"{path}: no text files in this directory. Expected names ending in .txt or .txt.gz.")
        return files
    if not path.exists():
        siblings = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
        raise TextrnnError(f"{path}: no such file.{nearest(path.name, siblings)}")
    return [path]


def spooled_standard_input() -> pathlib.Path:
    """Copies standard input to a temporary file, because training reads its text more than once."""
    with tempfile.NamedTemporaryFile(prefix="textrnn-stdin-", suffix=".txt", delete=False) as file:
        path = pathlib.Path(file.name)
        atexit.register(path.unlink, missing_ok=True)
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path


def split(corpus: Corpus, fraction: float, by: str = "block", seed: int = 0) -> tuple[Corpus, Corpus]:
    """Splits a corpus into training and validation text before any window is cut from it.

    Args:
        corpus: What to split.
        fraction: Share of the text that validation gets, above 0 and below 1.
        by: "block" takes the last characters; "line" draws lines, equal lines always together; "group" draws files.
        seed: Another seed draws other lines or files.

    Returns:
        The training corpus and the validation corpus.

    Raises:
        TextrnnError: If either side would be empty.
    """
    check_range("fraction", fraction, 0, 1, above=True, below=True)
    check_choice("by", by, ("block", "line", "group"))
    if by == "block":
        num_characters = sum(len(piece) for piece in corpus.pieces())
        cut = corpus.start + int(num_characters * (1 - fraction))
        sides = dataclasses.replace(corpus, stop=cut), dataclasses.replace(corpus, start=cut)
    else:
        limit = int(fraction * 2**32)

        def is_validation(path: pathlib.Path, line: str) -> bool:
            key = f"{seed}\0{path if by == 'group' else line}"
            return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "big") < limit

        sides = (
            dataclasses.replace(corpus, keeps=lambda path, line: not is_validation(path, line)),
            dataclasses.replace(corpus, keeps=is_validation),
        )
    for side, name in zip(sides, ("training", "validation"), strict=True):
        if not any(line.strip() for line in side.lines()):
            raise TextrnnError(
                f"Splitting by {by} with fraction={fraction} leaves no {name} text. "
                "Pass a longer corpus, another `fraction`, or a validation file."
            )
    return sides


def read_pairs(path: str | os.PathLike[str], encoding: str = "utf-8") -> Iterator[tuple[str, str]]:
    """Yields (source, target) sentences from a tab-separated file; further columns are ignored.

    Raises:
        TextrnnError: If a line has fewer than two columns or an empty side.
    """
    for number, line in enumerate(decoded_pieces(pathlib.Path(path), encoding), start=1):
        columns = line.removesuffix("\n").split("\t")
        if len(columns) < 2 or not columns[0].strip() or not columns[1].strip():
            raise TextrnnError(f"{path}, line {number}: expected a sentence, a tab and its translation.")
        yield columns[0].strip(), columns[1].strip()


def load(name: str) -> Corpus:
    """Finds a public corpus by name: below `$TEXTRNN_CORPORA`, in the cache, or on the network.

    Args:
        name: "gutenberg:shakespeare-hamlet" (any text of NLTK's Gutenberg selection) or "tatoeba:eng-spa"
            (any language pair; read it with `read_pairs`).

    Raises:
        TextrnnError: If the name is unknown, or the corpus is not here and cannot be downloaded.
    """
    kind, _, item = name.partition(":")
    if kind not in SOURCES or not item:
        known = "gutenberg:shakespeare-hamlet, tatoeba:eng-spa"
        raise TextrnnError(f"No corpus is named {name!r}.{nearest(kind, SOURCES)} Known forms: {known}.")
    if any(part in item for part in ("/", "\\", "..")):
        raise TextrnnError(f"A corpus name holds no path. Received: {name!r}.")
    return Corpus((SOURCES[kind](item),))


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
        import urllib.request  # only here: it takes as long to import as a model to load

        url = f"https://www.manythings.org/anki/{target}-{source}.zip"
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "textrnn"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                archive = answer.read(200_000_000)
        except OSError as error:  # URLError is one
            place = f"mt/tatoeba_{source}_{target}/{target}.txt"
            raise TextrnnError(no_network(f"tatoeba:{item}", place)) from error
        write_checked_pairs(archive, f"{target}.txt", path, url)
    return path


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
        partial.replace(path)
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
