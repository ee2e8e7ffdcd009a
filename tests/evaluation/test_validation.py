import math

import pytest

from textrnn import bleu
from textrnn.evaluation.validation import ValidationBleu
from textrnn.preprocessing.pairs import Pairs

LAMP = Pairs(
    ["La l\u00e1mpara est\u00e1 encendida ahora.", "Ven a casa.", "Ven a casa."],
    ["The lamp is lit now.", "Come home.", "Go home."],
)


def validation(pairs, quiet, number=10):
    return ValidationBleu(pairs, number, quiet)


def test_it_is_bleu_against_all_translations(quiet):
    scoring = validation(LAMP, quiet)
    assert scoring.sources == LAMP.sources[:2]
    translations = ["The lamp is lit today.", "Go home."]
    references = [["The lamp is lit now.", "Come home."], ["The lamp is lit now.", "Go home."]]
    assert scoring.score(translations) == pytest.approx(bleu(translations, references).score)
    assert scoring.sample == "La l\u00e1mpara est\u00e1 encendida ahora. -> The lamp is lit today."
    assert scoring.score(references[1]) == pytest.approx(100)
    assert len(validation(LAMP, quiet, 1).sources) == 1


def test_case_counts_for_nothing_where_only_small_letters_are_written(quiet):
    small = [text.lower() for text in LAMP.targets[:2]]
    assert validation(LAMP, quiet).score(small) < 70
    assert ValidationBleu(LAMP, 10, quiet, lowercase=True).score(small) == pytest.approx(100)


def test_sentences_of_less_than_four_words_are_scored(quiet):
    """Two words for three, both right: a precision of 1 and a brevity penalty of exp(1 - 3 / 2)."""
    words = Pairs(["Hola", "Buenos d\u00edas"], ["Hello", "Good day"])
    scoring = validation(words, quiet)
    assert scoring.score(["Hello", "Good day"]) == pytest.approx(100)
    assert scoring.score(["Hello", "Good"]) == pytest.approx(100 * math.exp(-0.5))
    assert bleu(["Hello", "Good day"], ["Hello", "Good day"]).score == 0


@pytest.mark.parametrize(
    ("target", "tokenize"),
    [
        ("\u706f\u4eae\u4e86\u3002", "zh"),
        ("\u0e42\u0e04\u0e21\u0e44\u0e1f\u0e15\u0e34\u0e14", "char"),
        ("\ub4f1\ubd88\uc774 \ucf1c\uc84c\ub2e4.", "13a"),
        ("The lamp is lit.", "13a"),
    ],
)
def test_the_script_of_the_targets_says_how_words_are_counted(quiet, target, tokenize):
    scoring = validation(Pairs(["a", "b"], [target, target]), quiet)
    assert scoring.tokenize == tokenize
    assert scoring.score([target, target]) == pytest.approx(100)
