"""`python -m textrnn.export MODEL --to FILE`: writes a model in a form that other programs run."""

import pathlib
import sys
from collections.abc import Sequence

from textrnn.commands import Parser, check_writable, run
from textrnn.config.kinds import KINDS
from textrnn.errors import TextrnnError
from textrnn.exporting import FORMATS, export, export_format
from textrnn.storage import kind_of

__all__ = ["command"]


def make_parser() -> Parser:
    """Returns the parser of this command."""
    parser = Parser(prog="textrnn export", description="Writes a model in a form that other programs run.")
    parser.add_argument("model", help="a shipped model or a directory")
    endings = "; ".join(f"{form.ending}: {form.purpose}" for form in FORMATS.values())
    parser.add_argument("--to", required=True, metavar="FILE", help=f"where to; its ending says what: {endings}")
    weights = "; ".join(f"{form.ending}: {', '.join(form.weight_formats)}" for form in FORMATS.values())
    parser.add_argument("--weight-format", help=f"how the weights are kept, the usual way first: {weights}")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    return parser


def check_free(path: pathlib.Path) -> None:
    """Raises `TextrnnError` if a file stands where one would be written: it may be somebody's own Keras model."""
    for place in (path, *(path.with_suffix(f".{part}{path.suffix}") for part in ("encoder", "decoder"))):
        if place.exists():
            raise TextrnnError(f"{place}: is there already. Pass --overwrite to replace it, or name another file.")


def command(arguments: Sequence[str] | None = None) -> None:
    """Exports a model; raises `TextrnnError` for bad input."""
    parsed = make_parser().parse_args(arguments)
    export_format(parsed.to)
    check_writable(parsed.to)
    kind = kind_of(parsed.model)
    if not parsed.overwrite:
        check_free(pathlib.Path(parsed.to))
    model = KINDS[kind].load("tasks", "task").load(parsed.model)
    written = export(model, parsed.to, parsed.weight_format)
    files = [file for path in written for file in (path, *path.rglob("*")) if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    print(f"{', '.join(map(str, written))}: {size / 1e6:.1f} MB written.")


if __name__ == "__main__":
    sys.exit(run(command))
