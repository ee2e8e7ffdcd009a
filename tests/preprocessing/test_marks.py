"""Printed marks where the training text has typewritten ones."""

import numpy as np
import pytest

from textrnn.preprocessing.marks import TYPEWRITTEN, typewritten, with_known_marks
from textrnn.preprocessing.tokenizers import make_tokenizer

PLAIN = ['"Don\'t you know," said he, "that it\'s late?"', '"I don\'t," she said.'] * 40
PRINTED = [
    "\u201cDon\u2019t you know,\u201d said he \u2014 \u201cthat it\u2019s late?\u201d \u00e9",
    "\u201cI don\u2019t.\u201d",
]


def test_marks_are_single_characters():
    assert all(len(mark) == len(plain) == 1 and plain.isascii() for mark, plain in TYPEWRITTEN.items())
    assert typewritten("na\u00efve") == "na\u00efve"


def test_only_unknown_marks_are_replaced_and_only_by_known_ones():
    assert with_known_marks("\u201ca\u201d \u2013 b", set('"ab')) == '"a" \u2013 b'
    assert with_known_marks("\u201ca\u201d", set("\u201ca\u201d")) == "\u201ca\u201d"


@pytest.mark.parametrize("level", ["char", "word", "subword"])
def test_a_prompt_reads_as_what_is_typewritten(level):
    tokenizer = make_tokenizer(level, PLAIN, 320 if level == "subword" else None)
    assert tokenizer.with_known_marks("\u201cDon\u2019t\u201d") == '"Don\'t"'
    printed = make_tokenizer(level, PLAIN + PRINTED * 20, 340 if level == "subword" else None)
    assert printed.with_known_marks("\u201cDon\u2019t\u201d") == "\u201cDon\u2019t\u201d"


def test_subwords_are_extended_by_characters_and_by_what_printed_marks_stand_in():
    tokenizer = make_tokenizer("subword", PLAIN, 320)
    extended = tokenizer.extended(PRINTED * 10)
    old = tokenizer.vocabulary_size
    assert extended.tokens[:old] == tokenizer.tokens
    new = extended.tokens[old:]
    assert {"\u201c", "\u201d", "\u2019", "\u2014", "\u00e9"} <= set(new)
    for text in (*PLAIN, *PRINTED):
        assert extended.decode(extended.encode(text)) == text
    for text in PLAIN:  # is read as before
        np.testing.assert_array_equal(extended.encode(text), tokenizer.encode(text))
    pieces = [typewritten(piece) for piece in extended.token_texts(PRINTED[1])]
    assert pieces == tokenizer.token_texts(typewritten(PRINTED[1]))
    assert tokenizer.extended(PRINTED) is tokenizer  # too rare
    assert tokenizer.extended(PLAIN) is tokenizer
    assert extended.extended(PRINTED * 10) is extended
