"""Counts how many sentences of `copied.tsv` a translator brings over whole: `python score_copied.py [MODEL]`.

A sentence passes if each of its things stands in the translation exactly, as often as in the English, and the
translation is not the English sentence itself. The failures are listed below the counts.
"""

import collections
import sys
from collections.abc import Sequence

from held_out import Copied, copied, key, missing

from textrnn import Translator


def failure(row: Copied, translation: str) -> str:
    """Returns what is wrong with a translation, nothing if it passes."""
    if key(translation) == key(row.english):
        return "not translated"
    return "  ".join(missing(row.things, row.english, translation))


def report(rows: Sequence[Copied], translations: Sequence[str]) -> str:
    """Returns the counts by kind and in all, then the failures, each with what is wrong."""
    found = [(row, text, failure(row, text)) for row, text in zip(rows, translations, strict=True)]
    total = collections.Counter(row.kind for row in rows)
    passed = collections.Counter(row.kind for row, _, wrong in found if not wrong)
    lines = [f"{kind:<12} {passed[kind]:>4} of {total[kind]:>4}" for kind in total]
    lines.append(f"{'all':<12} {passed.total():>4} of {total.total():>4}  {passed.total() / total.total():.1%}")
    for row, text, wrong in found:
        if wrong:
            lines.append(f"\n{row.kind}: {wrong}\n    {row.english}\n    {text}")
    return "\n".join(lines)


def main() -> None:
    rows = copied()
    translator = Translator.load(sys.argv[1] if len(sys.argv) > 1 else "eng-spa")
    print(report(rows, translator.translate([row.english for row in rows])))


if __name__ == "__main__":
    main()
