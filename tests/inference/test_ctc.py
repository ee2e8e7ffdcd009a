"""CTC: every answer is compared with all paths, written down one by one."""

import itertools
import math

import numpy as np
import pytest

from textrnn import TextrnnError
from textrnn.inference import ctc


def probabilities(*frames):
    """Returns the log-probabilities of frames of plain numbers."""
    with np.errstate(divide="ignore"):
        return np.log(np.array(frames, dtype=np.float64))


def random_frames(seed, num_frames=5, num_symbols=4):
    logits = np.random.default_rng(seed).normal(0, 2, (num_frames, num_symbols))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def merged(path, blank):
    """The text of a path, and the first frame of each symbol, said without NumPy."""
    runs = [(symbol, next(iter(run))[0]) for symbol, run in itertools.groupby(enumerate(path), lambda one: one[1])]
    text = [(symbol, frame) for symbol, frame in runs if symbol != blank]
    return tuple(symbol for symbol, _ in text), tuple(frame for _, frame in text)


def all_texts(frames, blank):
    """Returns for each text the log-probability of all its paths, and that and the frames of the best."""
    sums, best = {}, {}
    for path in itertools.product(range(frames.shape[1]), repeat=len(frames)):
        text, starts = merged(path, blank)
        score = sum(frames[frame, symbol] for frame, symbol in enumerate(path))
        sums[text] = np.logaddexp(sums.get(text, -np.inf), score)
        best[text] = max(best.get(text, (-np.inf, ())), (score, starts))
    return sums, best


class Bigrams:
    """A table: row `i` holds what follows symbol `i`, row 0 what begins a text, and column 0 how it ends."""

    def __init__(self, table):
        self.table = table

    def begin(self):
        return self.table[:1], [[np.zeros(1, int)]]

    def __call__(self, symbols, states):
        return self.table[symbols], [[symbols]]

    def ending(self, states):
        return self.table[states[0][0], 0]

    def log_probability(self, text):
        return sum(self.table[before, after] for before, after in itertools.pairwise((0, *text, 0)))


@pytest.mark.parametrize("seed", range(6))
def test_the_search_finds_all_texts_in_the_order_of_their_probability(seed):
    """4 symbols and 5 frames: 4 ** 5 = 1,024 paths."""
    frames, blank = random_frames(seed), seed % 4
    sums, best = all_texts(frames, blank)
    found = ctc.beam_search(frames, blank=blank, num_beams=1000, min_probability=0)
    assert [one.symbols for one in found] == sorted(sums, key=sums.get, reverse=True)
    np.testing.assert_allclose([one.score for one in found], [sums[one.symbols] for one in found], atol=1e-9)
    assert [one.frames for one in found] == [best[one.symbols][1] for one in found]


@pytest.mark.parametrize("seed", range(3))
def test_a_language_model_and_a_bonus_are_added(seed):
    frames, model = random_frames(seed), Bigrams(random_frames(seed + 100, 4, 4))
    sums, _ = all_texts(frames, 0)
    expected = {text: score + 0.7 * model.log_probability(text) + 0.3 * len(text) for text, score in sums.items()}
    how = {"language_model": model, "language_model_weight": 0.7, "insertion_bonus": 0.3}
    found = ctc.beam_search(frames, num_beams=1000, min_probability=0, **how)
    assert [one.symbols for one in found] == sorted(expected, key=expected.get, reverse=True)
    np.testing.assert_allclose([one.score for one in found], [expected[one.symbols] for one in found], atol=1e-9)


def test_a_language_model_decides_where_the_sound_does_not():
    """1 and 2 sound alike. After 1 comes 2, and after 2 comes 1: what was said once, at the beginning, tells all."""
    frames = probabilities([0.02, 0.6, 0.38], [0.98, 0.01, 0.01], [0.02, 0.5, 0.48], [0.98, 0.01, 0.01])
    model = Bigrams(probabilities([0.0, 0.5, 0.5], [0.5, 0.01, 0.49], [0.5, 0.49, 0.01]))
    assert ctc.beam_search(frames)[0].symbols == (1, 1)
    assert ctc.beam_search(frames, language_model=model)[0].symbols == (1, 2)
    assert ctc.beam_search(frames, language_model=model, language_model_weight=0)[0].symbols == (1, 1)


@pytest.mark.parametrize("seed", range(4))
def test_likelihoods_and_alignments_are_those_of_all_paths(seed):
    frames = random_frames(seed)
    sums, best = all_texts(frames, 0)
    for text, score in sums.items():
        assert ctc.log_likelihood(frames, text) == pytest.approx(score, abs=1e-9)
        aligned = ctc.align(frames, text)
        assert (aligned.symbols, aligned.frames) == (text, best[text][1])
        assert aligned.score == pytest.approx(best[text][0], abs=1e-9)


def test_the_forward_algorithm_agrees_with_tensorflow():
    import tensorflow as tf

    frames = random_frames(3, 12, 6)
    for text in ([1, 2, 3], [1, 1, 2], [], [5, 5, 5, 5, 5]):
        labels = np.array([[*text, *[0] * (6 - len(text))]], np.int32)
        loss = tf.nn.ctc_loss(labels, frames[:, np.newaxis].astype(np.float32), [len(text)], [12], blank_index=0)
        assert ctc.log_likelihood(frames, text) == pytest.approx(-float(loss[0]), rel=1e-5)


def test_forward_variables_by_hand():
    """Of 1 in two frames: blank, or 1; then blank blank, all that has come to 1, and 1 blank."""
    frames = probabilities([0.75, 0.25], [0.5, 0.5])
    expected = [[0.75, 0.25, 0], [0.75 * 0.5, 0.25 * 0.5 + 0.75 * 0.5, 0.25 * 0.5]]
    np.testing.assert_allclose(np.exp(ctc.forward(frames, [1])), expected, atol=1e-12)


def test_the_best_path_need_not_be_the_best_text():
    """Two blanks have 0.39; 1 has 0.4 * 0.65, 0.6 * 0.35 and 0.4 * 0.35, together 0.61."""
    frames = probabilities([0.6, 0.4], [0.65, 0.35])
    assert ctc.greedy(frames) == ctc.Alignment((), (), pytest.approx(math.log(0.39)))
    assert ctc.beam_search(frames)[0] == ctc.Alignment((1,), (0,), pytest.approx(math.log(0.61)))


def test_greedy_follows_the_best_path():
    frames = probabilities(*np.eye(4)[[0, 2, 2, 0, 2, 3, 3, 1, 0]] * 0.9 + 0.025)
    assert ctc.greedy(frames).symbols == (2, 2, 3, 1)
    assert ctc.greedy(frames).frames == (1, 4, 5, 7)
    assert ctc.greedy(frames).score == pytest.approx(9 * math.log(0.925))
    assert ctc.greedy(frames, blank=2).symbols == (0, 0, 3, 1, 0)


@pytest.mark.parametrize("num_beams", [1, 4, 16])
def test_few_beams_find_what_is_plain(num_beams):
    text = np.random.default_rng(0).integers(0, 20, 300)
    frames = probabilities(*np.eye(20)[text] * 0.8 + 0.01)
    (first, *_) = found = ctc.beam_search(frames, num_beams=num_beams)
    assert len(found) <= num_beams
    assert (first.symbols, first.frames) == (ctc.greedy(frames).symbols, ctc.greedy(frames).frames)


def test_improbable_symbols_extend_nothing():
    frames = probabilities([0.9, 0.09, 0.01])
    assert {one.symbols for one in ctc.beam_search(frames, min_probability=0.05)} == {(), (1,)}
    assert {one.symbols for one in ctc.beam_search(frames, min_probability=0.95)} == {()}
    impossible = probabilities([0.0, 0.5, 0.5])  # to stay at no text
    assert {one.symbols for one in ctc.beam_search(impossible, min_probability=1)} == {(1,), (2,)}


def test_no_sound_has_no_text():
    nothing = np.zeros((0, 3))
    for found in (ctc.greedy(nothing), ctc.align(nothing, []), *ctc.beam_search(nothing)):
        assert found == ctc.Alignment((), (), 0.0)
    assert ctc.log_likelihood(nothing, []) == 0.0
    assert ctc.log_likelihood(nothing, [1]) == -math.inf
    assert ctc.forward(nothing, [1]).shape == (0, 3)


def test_a_text_that_needs_more_frames_is_not_aligned():
    """1 1 needs a blank in between."""
    frames = random_frames(0, 2)
    assert ctc.log_likelihood(frames, [1, 1]) == -math.inf
    with pytest.raises(TextrnnError, match="A text of 2 symbols has no path over 2 frames"):
        ctc.align(frames, [1, 1])


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros(3), r"must have shape \(frames, symbols\). Received: \(3,\)"),
        (np.zeros((1, 2, 3)), "must have shape"),
        ([[-1.0, -1.0], [-1.0, 3.0]], "at frame 1: at most 3. Pass logarithms of probabilities, not logits"),
        ([[-1.0, math.nan]], "at frame 0: at most nan"),
        ([[-math.inf, -math.inf]], "at frame 0: at most -inf"),
    ],
)
def test_what_are_no_log_probabilities(frames, message):
    for function in (ctc.greedy, ctc.beam_search, lambda frames: ctc.align(frames, [1])):
        with pytest.raises(TextrnnError, match=message):
            function(frames)


@pytest.mark.parametrize("text", [[0], [1, 4], [-1]])
def test_what_is_no_text(text):
    with pytest.raises(TextrnnError, match=f"symbols from 0 to 3 but for the blank, 0. Received: {text[-1]}"):
        ctc.log_likelihood(random_frames(0), text)


@pytest.mark.parametrize(
    "options",
    [{"blank": 4}, {"num_beams": 0}, {"language_model_weight": -1}, {"insertion_bonus": math.nan},
     {"min_probability": 2}],
)  # fmt: skip
def test_impossible_options(options):
    with pytest.raises(TextrnnError, match=f"`{next(iter(options))}` must be"):
        ctc.beam_search(random_frames(0), **options)
