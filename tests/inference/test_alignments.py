import numpy as np
import pytest

from textrnn.inference.alignments import left_out, pharaoh, word_alignment
from textrnn.inference.translation import Translation


def translation(source, text, source_tokens, tokens, looked_at):
    """Returns a translation whose tokens looked at one source token each."""
    attention = np.eye(len(source_tokens), dtype=np.float32)[list(looked_at)]
    probabilities = (0.5,) * len(tokens)
    return Translation(source, text, -1.0, -1.0, tuple(source_tokens), tuple(tokens), probabilities, attention)


def test_words_of_subwords_are_aligned():
    found = translation(
        "I sleep well .", "Duermo bien .", [" I", " sle", "ep", " well", " .", "<eos>"],
        [" Duer", "mo", " bien", " .", "<eos>"], [1, 2, 3, 4, 5],
    )  # fmt: skip
    assert word_alignment(found) == [(1, 0), (2, 1), (3, 2)]
    assert pharaoh(found) == "1-0 2-1 3-2"


@pytest.mark.parametrize("tokens", [["no", "quiero", "<eos>"], ["n", "o", " ", "q", "u", "i", "e", "r", "o", "<eos>"]])
def test_words_and_characters_are_aligned_alike(tokens):
    looked_at = [0 if index < len(tokens) // 3 else 1 for index in range(len(tokens))]
    found = translation("do not", "no quiero", ["do", "not", "<eos>"], tokens, looked_at)
    assert pharaoh(found) == "0-0 1-1"


def test_what_the_network_reads_in_another_form_keeps_its_place():
    """Capitals that were taken away, and an emoji that it never saw."""
    found = translation(
        "HELLO 😀 TOM", "HOLA 😀 TOM", [" Hello", "<eos>", " Tom", "<eos>"], [" Hola", "<eos>", " Tom", "<eos>"],
        [0, 1, 2, 3],
    )  # fmt: skip
    assert pharaoh(found) == "0-0 2-2"


def test_a_line_without_text_has_no_alignment():
    empty = Translation("42", "42", 0.0, 0.0, (), (), (), np.zeros((0, 0), np.float32))
    assert pharaoh(empty) == ""
    assert left_out(empty) is None
    assert empty.confidence == 1.0


def test_a_part_that_nobody_looked_at_is_named():
    words = ["a", "b", "c", "d", "e", "f", "g", "h"]
    tokens = [*(f" {word}" for word in words), "<eos>"]
    written = [" A", " B", " H", "<eos>"]
    assert left_out(translation("a b c d e f g h", "A B H", tokens, written, [0, 1, 7, 8])) == "c d e f g"
    assert left_out(translation("a b c d e f g h", "A B D H", tokens, [*written, " D"], [0, 1, 7, 8, 4])) is None
