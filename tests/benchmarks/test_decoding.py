"""Made-up frames of speech: what is said in them is found without noise, and lost in it."""

import numpy as np

from benchmarks import decoding
from textrnn.inference import ctc


def text_of(found):
    return "".join(decoding.SYMBOLS[symbol] for symbol in found.symbols)


def test_lines_are_what_a_recogniser_could_write():
    assert decoding.spoken('"A light--is a promise," she   didn\'t say.') == "a light is a promise she didn't say"


def test_frames_say_their_sentence(monkeypatch):
    sentence = "she looked up"  # the two o's have blanks between them
    frames = decoding.frames_of(sentence, np.random.default_rng(0))
    assert frames.shape == (3 * len(sentence), len(decoding.SYMBOLS))
    assert text_of(ctc.greedy(frames)) != sentence
    monkeypatch.setattr(decoding, "NOISE", 0.1)
    assert text_of(ctc.greedy(decoding.frames_of(sentence, np.random.default_rng(0)))) == sentence
