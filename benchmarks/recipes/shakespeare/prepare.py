"""Cleans the Shakespeare plays and poems for the recipe in this directory.

    python benchmarks/recipes/shakespeare/prepare.py "$TEXTRNN_CORPORA/lm/shakespeare_plays" OUTPUT

writes `OUTPUT/train/*.txt`, `OUTPUT/validation/kingjohn.txt` and `OUTPUT/test/asyoulikeit.txt`. What goes: the DRAMATIS
PERSONAE pages, running titles, repeated act headings, tabs, braces drawn with bars and sonnet numbers. What stays:
speakers, line breaks and stage directions. A speech becomes

    HAMLET:
    To be, or not to be: that is the question:
"""

import pathlib
import re
import sys

VALIDATION, TEST = "kingjohn", "asyoulikeit"
HEADING = re.compile(r"(ACT [IV1]+|INDUCTION|PROLOGUE|CHORUS)$")
NUMERAL = re.compile(r"[IVXLC]+\.?$")


def cleaned(text: str) -> str:
    """Returns the text of one play or poem without its furniture."""
    text = text.replace("sha$l", "shall")  # the one misprint that is no character of English
    lines = [line.replace("|", "").rstrip() for line in text.split("\n") if line.strip() != "|"]
    title = next(line.strip() for line in lines if line.strip())
    is_play = any("DRAMATIS PERSONAE" in line for line in lines)
    if is_play:
        lines = lines[next(number for number, line in enumerate(lines) if HEADING.match(line.strip())) :]
    result: list[str] = []
    act = half_speaker = ""
    for line in lines:
        words = line.strip()
        if words == title or NUMERAL.match(words) or (words and words == act):
            continue
        if re.match(r"ACT [IV]+$", words):
            act = words
        heading = re.match(r"SCENE\s+([IVX]+)[:.]?\s*(.*)", line)
        speech = re.match(r"([A-Z][^\t\[]*)\t\s*(.*)", line)
        if heading:
            result += ["", f"SCENE {heading[1]}. {heading[2]}".rstrip(), ""]
        elif is_play and speech:
            speaker = f"{half_speaker} {speech[1]}".strip().rstrip(":")
            half_speaker = ""
            result += ["", f"{speaker}:", speech[2]]
        elif is_play and re.match(r"[A-Z][A-Z' .-]+:?$", line) and not HEADING.match(words):
            half_speaker = words.rstrip(":")
        else:
            result.append(words)
    joined = re.sub(r"[ \t]+", " ", "\n".join(result))
    return re.sub(r"\n{3,}", "\n\n", joined).strip() + "\n\n"


def main(source: str, output: str) -> None:
    """Cleans every file of `source` into the right part of `output`."""
    for path in sorted(pathlib.Path(source).glob("*.txt")):
        part = {VALIDATION: "validation", TEST: "test"}.get(path.stem, "train")
        target = pathlib.Path(output, part, path.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(cleaned(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
