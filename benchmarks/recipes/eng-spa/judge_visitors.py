"""Has the translations of `visitors.tsv` judged by a reader who does not see which system wrote them.

    python judge_visitors.py sheet SHEET.tsv eng-spa earlier=DIR
    python judge_visitors.py count SHEET.tsv RESULT.tsv

The first writes what the reader gets, and SHEET.key.tsv, which the reader does not get: for each English sentence the
translations of all systems in an order drawn anew, equal ones once, and among them the first reference, so that the
reader's own errors are counted too. The reader fills in the column "verdict": "right" if the Spanish says what the
English says and a Spaniard or a Latin American finds no mistake in it worth a remark, else "wrong", and may say why in
the last column. The second command puts verdicts and systems together and counts.
"""

import collections
import pathlib
import random
import sys
from collections.abc import Iterable, Iterator, Sequence

from held_out import visitors

from textrnn import Translator

REFERENCE = "reference"
VERDICTS = ("right", "wrong")


def outputs(systems: Sequence[str], sentences: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yields the name of each system and its translations."""
    for system in systems:
        name, _, model = system.rpartition("=")
        yield name or model, list(Translator.load(model).translate(sentences))


def write(path: pathlib.Path, rows: Iterable[Sequence[str]]) -> None:
    """Writes rows with tabs between their cells."""
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


def read(path: pathlib.Path) -> list[list[str]]:
    """Returns the rows of a file, without its header."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t") for line in lines if line]


def make_sheet(path: pathlib.Path, systems: Sequence[str]) -> None:
    """Writes what the reader gets, and beside it which systems wrote what."""
    rows = visitors()
    written = dict(outputs(systems, [row.english for row in rows]))
    written[REFERENCE] = [row.spanish[0] for row in rows]
    draw = random.Random(1)
    sheet, key = [("number", "English", "Spanish", "verdict", "remark")], [("number", "systems")]
    for index, row in enumerate(rows):
        authors: dict[str, list[str]] = collections.defaultdict(list)
        for name, texts in written.items():
            authors[texts[index]].append(name)
        texts = list(authors)
        draw.shuffle(texts)
        for text in texts:
            number = str(len(sheet))
            sheet.append((number, row.english, text, "", ""))
            key.append((number, ",".join(authors[text])))
    write(path, sheet)
    write(path.with_suffix(".key.tsv"), key)


def count(path: pathlib.Path, result: pathlib.Path) -> None:
    """Writes each verdict with the system that it is about, and prints how many of each are right."""
    systems = dict(read(path.with_suffix(".key.tsv")))
    kinds = {row.english: row.kind for row in visitors()}
    rows = [("system", "kind", "English", "Spanish", "verdict", "remark")]
    for number, english, spanish, verdict, *remark in read(path):
        if verdict not in VERDICTS:
            sys.exit(f"{path}, row {number}: has the verdict {verdict!r}. Write one of: {', '.join(VERDICTS)}.")
        rows += [
            (name, kinds[english], english, spanish, verdict, " ".join(remark)) for name in systems[number].split(",")
        ]
    write(result, [rows[0], *sorted(rows[1:])])
    totals = collections.Counter(row[0] for row in rows[1:])
    for name, total in totals.items():
        right = [row for row in rows[1:] if row[0] == name and row[4] == VERDICTS[0]]
        print(f"{name}: {len(right)} of {total} right ({len(right) / total:.1%})")
        wrong = collections.Counter(row[1] for row in rows[1:] if row[0] == name and row[4] != VERDICTS[0])
        print("    wrong: " + ", ".join(f"{kind} {number}" for kind, number in wrong.most_common()))


def main() -> None:
    if len(sys.argv) < 4 or sys.argv[1] not in ("sheet", "count"):
        sys.exit(__doc__)
    if sys.argv[1] == "sheet":
        make_sheet(pathlib.Path(sys.argv[2]), sys.argv[3:])
    else:
        count(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))


if __name__ == "__main__":
    main()
