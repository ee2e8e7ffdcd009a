"""The novels of the English recipe: their text becomes clean, and no author is in two parts."""

import collections
import os
import pathlib

import pytest

from benchmarks.recipes.english import prepare

PARAGRAPHS = [
    "The road ran down to the harbour between two walls, and at the end of it stood an inn that nobody had painted.",
    '"Is anybody there?" he asked.',
    "Nobody answered him for so long that he sat down upon the step, and began to count the boats that came home from "
    "the fishing, of which there were nine.",
    '"You counted the lighthouse," said a voice.',
] * 25  # a front of a tenth of the book is looked for


def wrapped(paragraph, width=60):
    """Returns the lines of a paragraph, each as long as `width` allows."""
    lines = [""]
    for word in paragraph.split():
        if len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


@pytest.mark.parametrize(
    ("between_lines", "between_paragraphs", "width"),
    [("", "\n", 10_000), ("", "\n\n", 10_000), ("\n", "\n\n", 60), ("\n", "\n", 60), ("\n", "\n ", 60)],
    ids=["a line each", "a line and a gap each", "wrapped and gaps", "wrapped alone", "wrapped and indented"],
)
def test_paragraphs_of_each_kind_of_file(between_lines, between_paragraphs, width):
    """A front page, a list of contents, a preface and the last line are left out of each."""
    front = [
        "THE HARBOUR",
        "By A. Nobody",
        "CONTENTS",
        "CHAPTER I",
        "CHAPTER II",
        "PREFACE",
        PARAGRAPHS[0],
        "CHAPTER I",
    ]
    blocks = [between_lines.join(wrapped(text, width)) for text in [*front, *PARAGRAPHS, "CHAPTER II", *PARAGRAPHS]]
    text = between_paragraphs.join([*blocks, "THE END"])
    assert prepare.cleaned(text).split("\n\n") == [*PARAGRAPHS, *PARAGRAPHS, ""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“I can’t,” she said.", '"I can\'t," she said.'),
        ("Wait--no, _wait_ — here.", "Wait - no, wait - here."),
        ("So . . . it ended . . . .", "So ... it ended ..."),
        ("A day. [Illustration: the inn] A night.", "A day. A night."),
        ('The grand h"tel, the rťgime, the Champs ElysĂ es.', "The grand hôtel, the régime, the Champs Elysées."),
        ("I don't  know , he thought.", "I don't know, he thought."),
        ("She is n't here, and it 's late.", "She isn't here, and it's late."),
        ("The inn  it was old  had a cat  a grey one .", "The inn (it was old) had a cat (a grey one)."),
        ("A rest.  Then he went  home.", "A rest. Then he went home."),
        ('"Stay," he said; \'say that again."', '"Stay," he said; "say that again."'),
        ("\"Stay,\" he said, and called it 'sweet' twice.", "\"Stay,\" he said, and called it 'sweet' twice."),
        ('"You see," she said, " I never " He left.', '"You see," she said, "I never -" He left.'),
        ('"And so I - "', '"And so I -"'),
    ],
)
def test_one_form_of_each_mark(text, expected):
    assert prepare.mended(prepare.one_form(text)) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("he came per-", "haps late", "he came perhaps late"),
        ("the Wood-", "ward said", "the Woodward said"),
        ("the market-", "town slept", "the market-town slept"),
        ("he said -", "and left", "he said - and left"),
    ],
    ids=["halves are no words", "the whole is a word", "two words", "a dash"],
)
def test_hyphens_at_the_end_of_a_line(first, second, expected):
    assert prepare.joined(first, second, {"wood", "ward", "woodward", "market", "town"}) == expected


@pytest.mark.parametrize(
    "text", ["CHAPTER IV", "Chapter 2. The Inn", "XII. Home", "213", "THE END", "* * *", "By A. Nobody"]
)
def test_headings(text):
    assert prepare.is_heading(text)


@pytest.mark.parametrize("text", ['"NO!"', "He went home.", "My dear Sir,", "I. and he were friends. " * 9])
def test_no_headings(text):
    assert not prepare.is_heading(text)


def test_greek_and_control_characters_go():
    text = f"CHAPTER I\n\n{PARAGRAPHS[0]}\n\nThe stone said λόγος, and no more than that.\n\nA \x0cline.\n"
    assert prepare.cleaned(text) == f"{PARAGRAPHS[0]}\n\nA line.\n\n"


def test_no_author_is_in_two_parts(tmp_path):
    novels = tmp_path / "novels"
    novels.mkdir()
    for name in ["Woolf_Sea_1", "Doyle_Sea_1", "Forster_Sea_1", "Hardy_Sea_1", "Ford_Sea_1"]:
        (novels / f"{name}.txt").write_text(f"\ufeffCHAPTER I\r\n\r\n{PARAGRAPHS[0]}\r\n", encoding="utf-8", newline="")
    prepare.main(str(novels), str(tmp_path / "out"))
    written = {path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.glob("out/*/*")}
    assert written == {
        "train/Woolf_Sea_1.txt",
        "train/Ford_Sea_1.txt",
        "test/Doyle_Sea_1.txt",
        "test/Forster_Sea_1.txt",
        "validation/Hardy_Sea_1.txt",
        "validation_part/Hardy_Sea_1.txt",
    }
    assert (tmp_path / "out/train/Woolf_Sea_1.txt").read_bytes().decode() == f"{PARAGRAPHS[0]}\n\n"


def test_the_real_novels_are_83_3_and_6():
    novels = pathlib.Path(os.environ.get("TEXTRNN_CORPORA", "absent"), "lm", "novels")
    if not novels.is_dir():
        pytest.skip("needs the novels below $TEXTRNN_CORPORA")
    names = [path.name for path in novels.glob("*.txt")]
    assert collections.Counter(map(prepare.part, names)) == {"train": 83, "validation": 3, "test": 6}
    authors = collections.defaultdict(set)
    for name in names:
        authors[prepare.part(name)].add(name.split("_")[0])
    assert len(authors["train"]) == 29
    assert authors["validation"] == {"Hardy"}
    assert authors["test"] == {"Doyle", "Forster"}
