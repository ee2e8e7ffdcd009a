"""Cleans the British novels for the recipe in this directory.

    python benchmarks/recipes/english/prepare.py "$TEXTRNN_CORPORA/lm/novels" OUTPUT

writes `OUTPUT/train/*.txt`, `OUTPUT/validation/*.txt` (Hardy) and `OUTPUT/test/*.txt` (Doyle and Forster): no author is
in two parts. `OUTPUT/validation_part` has the beginning of each validation novel, to be scored while training. A
paragraph becomes one line, with an empty line after it, as in the text files people have.

One form of each mark, the one that people type: straight quotation marks, three full stops, and the dash as ` - `,
which four books in five have already. The sources lost brackets and accents; what can be known is put back.
Headings go: a fifth of the books do not set them apart from the text, and a model that continues prose needs none.
What stays as it is: speech in single quotation marks where a book has those, verse (run on), and British spelling.
"""

import pathlib
import re
import sys
from collections.abc import Iterator

VALIDATION, TEST = {"Hardy"}, {"Doyle", "Forster"}
VALIDATED = 60_000  # characters of each validation novel
REPAIRS = {"ĂŠ": "é", "Ă ": "é", "ť": "é", "Ž": "ë", "š": "ä", "Ű": "ô", "Ų": "ö", "Á": "ç", "ķ": "ü", "ů": "ò"}
# Curly quotation marks, grave accents and guillemets become straight; marks of transcribers and scanners go.
PLAIN = str.maketrans("\u2018\u2019`\u201c\u201d«»\u2013\t\xa0", "'" * 3 + '"' * 4 + "-  ", "\f_=|^{}*~")
PART = "(Chapter|CHAPTER|Book|BOOK|Part|PART|Volume|VOLUME|Vol\\.|VOL\\.) (the |THE )?"
ONE = "(I|1|One|ONE|First|FIRST)"
CHAPTER = re.compile(rf"{PART}({ONE}|[IVXLC]+|\d+)\b|([IVXLC]+|\d+)(\.|$)")
FIRST_CHAPTER = re.compile(rf"{PART}{ONE}\b|{ONE}(\.|$)|PROLOGUE")
PREFACE = re.compile("preface|contents|dedicat|author's note", re.IGNORECASE)


def part(name: str) -> str:
    """Returns `"train"`, `"validation"` or `"test"` for a file called `Author_Title_Year.txt`."""
    author = name.split("_")[0]
    return "validation" if author in VALIDATION else "test" if author in TEST else "train"


def one_form(text: str) -> str:
    """Returns the text with one form of quotation mark, dash and ellipsis, and without the marks of a transcriber."""
    for found, meant in REPAIRS.items():
        text = text.replace(found, meant)
    text = text.translate(PLAIN)
    text = re.sub(r"\[[^\]]*\]", "", text)  # [Illustration: ...], [Footnote: ...]
    text = re.sub(r" *(-{2,}|—|- -) *", " - ", text)
    text = re.sub(r"\.( ?\.){2,}", "...", text)
    text = re.sub(r"(?<=[a-z])\?(?=[a-z])", "-", text)  # button?hole
    return re.sub(r'(?<=[A-Za-z])"(?=[a-z])', "ô", text)  # h"tel


def ended(line: str, ends: tuple[str, ...] = (".", "!", "?", ":", "-")) -> bool:
    """Whether a line ends as a paragraph does, and few titles do."""
    return line.rstrip("\"') ").endswith(ends)


def joined(first: str, second: str, words: set[str]) -> str:
    """Returns two lines as one; a hyphen between them goes where the word has none elsewhere in the book.

    >>> joined("She saw her re-", "flection.", {"her", "reflection"})
    'She saw her reflection.'
    >>> joined("in the market-", "town", {"market", "town"})
    'in the market-town'
    """
    broken = re.fullmatch(r"(.*?([A-Za-z]+))- *\n *(([A-Za-z]*).*)", f"{first}\n{second}")
    if not broken:
        return f"{first} {second}"
    start, end = broken[2].lower(), broken[4].lower()
    is_one_word = start + end in words or not {start, end} <= words
    return broken[1] + ("" if is_one_word else "-") + broken[3]


def paragraphs(text: str) -> Iterator[str]:
    """Yields the paragraphs of a book, whichever of three ways it was set.

    - A paragraph a line, with or without empty lines between.
    - Lines of one width with an empty line between paragraphs.
    - Lines of one width and nothing between paragraphs. There an indented line begins one if there are such lines;
      otherwise one ends where the next word would have fitted into the line.
    """
    lines = text.split("\n")
    full = [line for line in lines if line.strip()]
    is_wrapped = sum(line.lstrip()[0].islower() for line in full) > 0.45 * len(full)
    has_gaps = len(full) < 0.95 * len(lines)
    has_indents = sum(bool(re.match(r" \S", line)) for line in full) > 0.02 * len(full)
    has_trails = sum(line.endswith(" ") for line in full) > 0.5 * len(full)
    lengths = sorted(len(line.rstrip()) for line in full)
    usual, width = lengths[len(full) // 2], lengths[len(full) * 95 // 100]
    words = set(re.findall(r"[a-z]+", re.sub(r"[A-Za-z]+-\s*\n\s*[A-Za-z]+", " ", text).lower()))

    def continues(line: str, follower: str, gap: bool) -> bool:
        first = follower.lstrip()[0]
        if first in ",.;:!?" or (first.islower() and not (gap and ended(line))):
            return True  # perhaps a page ended within the sentence
        if CHAPTER.match(line.strip()) or CHAPTER.match(follower.strip()):
            return False
        if not is_wrapped:
            return not ended(line) and len(line) > 45 and first.isalpha()
        if gap or line.isupper() != follower.isupper():
            return False
        if has_gaps or has_indents:
            return has_gaps or not re.match(r" \S", follower)
        slack = width - len(line.rstrip()) - len(follower.split()[0])
        return slack < (1.5 * (width - usual) if ended(line) else width / 4)

    paragraph, last, gap = "", "", False
    for line in lines:
        if not line.strip():
            gap = True
            continue
        if last and continues(last, line, gap):
            # A space at the edge of a line is half of a lost bracket, unless many lines have one.
            paragraph = joined(paragraph, line.strip() if has_indents or has_trails else line, words)
        else:
            yield paragraph
            paragraph = line.strip() if has_trails else line
        last, gap = line, False
    yield paragraph


def mended(paragraph: str) -> str:
    """Returns a paragraph with the marks its source had lost, as far as they can be known.

    >>> mended("The hall  which was cold , they said, didn't  suit her.")
    "The hall (which was cold), they said, didn't suit her."
    >>> mended('" If only " He left.')
    '"If only -" He left.'
    """
    text = re.sub(r"(?<=n't|'ve) +", " ", paragraph.strip())
    text = re.sub(r"(?<=[\w,;\"'])  (\w(?:(?!  )[^\"()]){1,200}?)(?:  | (?=[,.;:!?]))", r" (\1) ", text)
    text = re.sub(r" +", " ", text)
    text = re.sub(r" (?=[,.;:!?](?!\.))| (?=(n't|'s|'ll|'ve|'re|'m|'d)\b)", "", text)
    if text.count('"') % 2:
        text = re.sub(r"(?<![^ ])'(?=s\w)", '"', text, count=1)  # "said" had become 'said
    pieces = text.split('"')
    if len(pieces) % 2:
        pieces[1::2] = [re.sub(r"(?<=\w)( -)* $", " -", spoken).strip() for spoken in pieces[1::2]]
    return re.sub(r"(?<=\w)( -)* (?=[\"']$)", " -", '"'.join(pieces))  # a speech broken off


def is_heading(paragraph: str) -> bool:
    """Whether a paragraph is a title, a number, a date or a row of stars instead of prose."""
    if paragraph.startswith(("'", '"')) and len(paragraph) > 1:
        return False
    is_title = bool(CHAPTER.match(paragraph)) or not ended(paragraph, (".", "!", "?", ":", "-", ",", ";"))
    return not re.search("[a-z]", paragraph) or (is_title and len(paragraph) < 100)


def story(paragraphs: list[str]) -> list[str]:
    """Returns the prose from the first chapter on, so without a title page, a list of contents or a preface."""
    begin = next((number for number, paragraph in enumerate(paragraphs) if len(paragraph) > 100), 0)
    in_chapter = False
    for number, paragraph in enumerate(paragraphs[: len(paragraphs) // 10]):
        if is_heading(paragraph):
            in_chapter = bool(FIRST_CHAPTER.match(paragraph)) or (in_chapter and not PREFACE.search(paragraph))
        elif in_chapter and (len(paragraph) > 40 or paragraph.startswith(("'", '"'))):
            begin = number
            break
    return [paragraph for paragraph in paragraphs[begin:] if not is_heading(paragraph)]


def cleaned(text: str) -> str:
    """Returns the prose of one book, one paragraph a line."""
    found = [mended(paragraph) for paragraph in paragraphs(one_form(text))]
    legible = [paragraph for paragraph in found if not re.search("[^\x20-\xff]", paragraph)]  # Greek, long s
    return "".join(f"{paragraph}\n\n" for paragraph in story(legible))


def main(source: str, output: str) -> None:
    """Cleans every file of `source` into the right part of `output`."""
    for path in sorted(pathlib.Path(source).glob("*.txt")):
        text = cleaned(path.read_text(encoding="utf-8-sig"))
        written(pathlib.Path(output, part(path.name), path.name), text)
        if part(path.name) == "validation":
            written(pathlib.Path(output, "validation_part", path.name), text[:VALIDATED])


def written(path: pathlib.Path, text: str) -> None:
    """Writes a file, and its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
