"""The words of a lexicon: what may be written is compared with all texts, written down one by one."""

import itertools

import numpy as np
import pytest

from tests.inference.test_ctc import all_texts, random_frames
from textrnn import TextrnnError
from textrnn.inference import ctc
from textrnn.inference.lexicon import Lexicon

A, B, SPACE = 1, 2, 3
WORDS = [(A,), (A, B), (B, B)]


@pytest.fixture
def lexicon():
    return Lexicon(WORDS, num_symbols=4, space=SPACE)


def texts_of_words(longest):
    """All texts of up to so many words, with a space between them and perhaps one at the end."""
    texts = {()}
    for number in range(1, longest + 1):
        for words in itertools.product(WORDS, repeat=number):
            text = sum(((*word, SPACE) for word in words), ())
            texts |= {text, text[:-1]}
    return texts


@pytest.mark.parametrize("seed", range(6))
def test_the_search_finds_the_texts_of_words_in_the_order_of_their_probability(seed, lexicon):
    frames = random_frames(seed)
    sums, _ = all_texts(frames, blank=0)
    allowed = {text: score for text, score in sums.items() if text in texts_of_words(3)}
    found = ctc.beam_search(frames, num_beams=1000, lexicon=lexicon)
    assert {one.symbols for one in found} == set(allowed)
    np.testing.assert_allclose([one.score for one in found], sorted(allowed.values(), reverse=True), rtol=1e-9)


def test_an_improbable_letter_is_written_where_no_other_makes_a_word(lexicon):
    frames = np.log([[1e-6, 1 - 3e-6, 1e-6, 1e-6], [1e-6, 1e-6, 1e-6, 1 - 3e-6], [1e-6, 1e-6, 1 - 3e-6, 1e-6]])
    assert ctc.beam_search(frames)[0].symbols == (A, SPACE, B)
    assert ctc.beam_search(frames, lexicon=lexicon)[0].symbols in texts_of_words(2)


def test_a_language_model_chooses_among_the_words(lexicon):
    class Prefers:
        """Says that everything but `b` is improbable."""

        def begin(self):
            return np.log([[1.0, 0.1, 0.9, 0.1]]), [[np.zeros(1)]]

        def __call__(self, symbols, states):
            return np.repeat(self.begin()[0], len(symbols), axis=0), [[np.zeros(len(symbols))]]

        def ending(self, states):
            return np.zeros(len(states[0][0]))

    frames = np.log(np.full((4, 4), 0.25))
    alone = ctc.beam_search(frames, lexicon=lexicon)
    guided = ctc.beam_search(frames, lexicon=lexicon, language_model=Prefers(), language_model_weight=3.0)
    assert guided[0].symbols in ((), (B, B))
    scores = {one.symbols: one.score for one in alone}
    gains = {(A,): np.log(0.1), (A, B): np.log(0.1) + np.log(0.9), (B, B): 2 * np.log(0.9)}
    for one in guided:
        if one.symbols in gains:
            assert one.score == pytest.approx(scores[one.symbols] + 3 * gains[one.symbols])


def test_a_word_that_is_not_finished_is_left_out():
    lexicon = Lexicon([(A,), (B, A)], num_symbols=4, space=SPACE)
    frames = np.log([[0.01, 0.97, 0.01, 0.01], [0.01, 0.01, 0.01, 0.97], [0.01, 0.01, 0.97, 0.01]])
    best = ctc.beam_search(frames, num_beams=1, lexicon=lexicon)  # one beam, which stands within the second word
    assert [one.symbols for one in best] == [(A,)]
    assert lexicon.finished((B,)) == ()
    assert lexicon.finished((B, A, SPACE)) == (B, A, SPACE)


def test_words_of_characters_that_nobody_writes():
    symbols = {"a": 1, "b": 2, " ": 3}
    assert Lexicon.of(["ab"], symbols, 4).gains[0].tolist() == [-np.inf, 0, -np.inf, -np.inf]
    with pytest.raises(TextrnnError, match="'bé' holds 'é', which this recogniser does not write, but only these: ab"):
        Lexicon.of(["a", "bé"], symbols, 4)
