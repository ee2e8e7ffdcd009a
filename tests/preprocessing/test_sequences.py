import itertools
import pathlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn import TextrnnError, corpora
from textrnn.preprocessing.encoding import mapped
from textrnn.preprocessing.sequences import (
    EncodedText,
    TextPlan,
    document_windows,
    encode_corpus,
    ngram_sequences,
    num_document_windows,
    pad,
    stream_windows,
)
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, CharTokenizer


@pytest.fixture
def encoded(tmp_path):
    """Encodes a text with one token per character: the n-th letter of the alphabet becomes 3 + n."""

    def encode(text, documents="line", markers=True):
        tokenizer = CharTokenizer(["<pad>", "<unk>", "<bos>", "<eos>", *"abcdefghijklmnopqrstuvwxyz\n"])
        path = tmp_path / "text.txt"
        path.write_text(text)
        return encode_corpus(corpora.Corpus((path,), documents=documents), tokenizer, tmp_path, markers=markers)

    return encode


def test_ngram_sequences_are_those_of_the_tutorials():
    """ "a b c d" gives a->b, a b->c, a b c->d, pre-padded to one length."""
    pairs = list(ngram_sequences(np.array([4, 5, 6, 7])))
    assert pad([prefix for prefix, _ in pairs], side="left").tolist() == [[0, 0, 4], [0, 4, 5], [4, 5, 6]]
    assert [target for _, target in pairs] == [5, 6, 7]


def test_padding_agrees_with_keras():
    keras_pad = pytest.importorskip("textrnn.training").keras.utils.pad_sequences
    sequences = [np.arange(1, 6), np.arange(1, 3), np.array([], int), np.arange(1, 9)]
    for side, name in (("left", "pre"), ("right", "post")):
        ours = pad(sequences, side=side, length=4)
        assert ours.tolist() == keras_pad(sequences, maxlen=4, padding=name, truncating="pre").tolist()


def test_ngram_batches_pad_to_max_length_and_keep_the_end_of_long_prefixes(encoded):
    text = encoded("abcde\n\nfg\n", markers=False)
    plan = TextPlan(text, "ngrams", batch_size=10, length=1, max_length=4)
    (batch,) = plan.batches()
    assert batch.inputs.tolist() == [[0, 0, 4], [0, 4, 5], [4, 5, 6], [5, 6, 7], [0, 0, 9]]
    assert batch.targets.tolist() == [5, 6, 7, 8, 10]
    assert (plan.num_batches, plan.num_targets) == (1, 5)


def test_ngram_batches_are_no_wider_than_the_longest_line(encoded):
    """`bos a b c eos` has prefixes of at most four tokens, whatever `max_length` allows."""
    plan = TextPlan(encoded("abc\nd\n"), "ngrams", batch_size=10, length=1, max_length=100)
    (batch,) = plan.batches()
    assert batch.inputs.shape == (6, 4)
    assert batch.inputs[3].tolist() == [BOS_ID, 4, 5, 6]


def test_line_batches_predict_every_token_once(encoded):
    text = encoded("abc\nde\n\nf\n")
    plan = TextPlan(text, "lines", batch_size=2, length=1, max_length=10)
    first, second = plan.batches()
    assert first.inputs.tolist() == [[BOS_ID, 9, 0], [BOS_ID, 7, 8]]
    assert first.targets.tolist() == [[9, EOS_ID, 0], [7, 8, EOS_ID]]
    assert second.inputs.tolist() == [[BOS_ID, 4, 5, 6]]
    assert (plan.num_batches, plan.num_targets) == (2, 9)


def test_long_lines_go_on_in_the_next_batch_without_losing_a_target(encoded):
    text = encoded("abcdefg\nhijkl\n", markers=False)
    first, second = TextPlan(text, "lines", batch_size=4, length=1, max_length=4).batches()
    assert first.inputs.tolist() == [[11, 12, 13], [4, 5, 6]]
    assert first.targets.tolist() == [[12, 13, 14], [5, 6, 7]]
    assert second.inputs.tolist() == [[14, 0, 0], [7, 8, 9]]
    assert second.targets.tolist() == [[15, 0, 0], [8, 9, 10]]
    assert (first.continues, second.continues) == (False, True)
    assert TextPlan(text, "lines", batch_size=4, length=1, max_length=4).num_batches == 2


def test_windows_of_documents_never_touch(encoded):
    """Two rows over `bos a b c eos bos d eos | bos e f g h i eos`: each ends where a document ends."""
    text = encoded("abc\nd\nefghi\n")
    windows = list(document_windows(text, batch_size=2, length=3))
    rows = [
        [(inputs[row].tolist(), targets[row].tolist(), bool(continues[row])) for inputs, targets, continues in windows]
        for row in range(2)
    ]
    assert text.token_ids.tolist() == [2, 4, 5, 6, 3, 2, 7, 3, 2, 8, 9, 10, 11, 12, 3]
    assert rows[0] == [  # the row has tokens 0 to 6
        ([2, 4, 5], [4, 5, 6], False),
        ([6, 0, 0], [3, 0, 0], True),
        ([2, 7, 0], [7, 3, 0], False),
    ]
    assert rows[1] == [  # the row has tokens 7 to 14, and its first one only ends a document
        ([0, 0, 0], [0, 0, 0], False),
        ([2, 8, 9], [8, 9, 10], False),
        ([10, 11, 12], [11, 12, 3], True),
    ]


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=30),
    batch_size=st.integers(1, 5),
    length=st.integers(1, 12),
)
def test_windows_of_documents_predict_every_token_once(tmp_path_factory, lengths, batch_size, length):
    """Every token but a document's first is a target once, save the one at the end of a row in mid-document."""
    bounds = np.cumsum([0, *(size + 2 for size in lengths)])
    token_ids = np.arange(4, 4 + bounds[-1])
    text = EncodedText(token_ids, bounds[:-1], bounds[1:], 0, 0, markers=True)
    windows = list(document_windows(text, batch_size, length))
    seen = np.concatenate([targets[targets > 0] for _, targets, _ in windows])
    assert sorted(seen) == sorted(set(token_ids) - set(token_ids[bounds[:-1]]))
    for inputs, targets, _ in windows:
        real = targets > 0
        np.testing.assert_array_equal(inputs[real] + 1, targets[real])
        starts = np.isin(inputs, token_ids[bounds[:-1]])
        assert not starts[:, 1:].any()  # a document begins only where a window begins
    assert abs(len(windows) - num_document_windows(text, batch_size, length)) <= 1


@settings(max_examples=60)
@given(
    num_tokens=st.integers(2, 200),
    batch_size=st.integers(1, 5),
    length=st.integers(1, 20),
)
def test_stream_windows_continue_row_by_row(num_tokens, batch_size, length):
    if (num_tokens - 1) // batch_size < 1:
        return
    token_ids = np.arange(num_tokens)
    windows = list(stream_windows(token_ids, batch_size, length))
    inputs = np.concatenate([window[0] for window in windows], axis=1)
    targets = np.concatenate([window[1] for window in windows], axis=1)
    row_length = (num_tokens - 1) // batch_size
    np.testing.assert_array_equal(inputs.ravel(), token_ids[: batch_size * row_length])
    np.testing.assert_array_equal(targets, inputs + 1)


def test_too_few_tokens_for_the_rows():
    with pytest.raises(TextrnnError, match="5 tokens are too few for 5 rows"):
        list(stream_windows(np.arange(5), batch_size=5, length=2))


@settings(max_examples=40)
@given(num_tokens=st.integers(2, 400), seed=st.integers(0, 5), epoch=st.integers(0, 3))
def test_stream_epochs_have_equal_numbers_of_equal_windows(tmp_path_factory, num_tokens, seed, epoch):
    class Text:
        token_ids = np.arange(num_tokens)
        markers = False

    Text.num_tokens = num_tokens
    plan = TextPlan(Text, "stream", batch_size=4, length=16, max_length=2, seed=seed)
    batches = list(plan.batches(epoch))
    assert len(batches) == plan.num_batches
    assert len({batch.inputs.shape for batch in batches}) == 1
    assert [batch.continues for batch in batches] == [False] + [True] * (len(batches) - 1)
    for before, after in itertools.pairwise(batches):
        np.testing.assert_array_equal(before.inputs[:, -1] + 1, after.inputs[:, 0])


def test_states_of_a_few_rows_are_reset(encoded):
    text = encoded("abcdefghij" * 200, documents=None, markers=False)
    plan = TextPlan(text, "stream", batch_size=20, length=5, max_length=2, seed=1, state_reset=0.3)
    first, *others = [np.broadcast_to(batch.continues, 20) for batch in plan.batches(2)]
    assert not first.any()
    assert 0.55 < np.mean(others) < 0.85
    again = [np.broadcast_to(batch.continues, 20) for batch in plan.batches(2)]
    np.testing.assert_array_equal(others, again[1:])


@pytest.mark.parametrize("form", ["stream", "lines", "ngrams"])
def test_batches_are_a_function_of_seed_and_epoch(encoded, form):
    text = encoded("".join(f"{'abcdefgh'[: 2 + number % 6]}{chr(97 + number % 26)}\n" for number in range(120)))

    def order(seed, epoch):
        plan = TextPlan(text, form, batch_size=8, length=25, max_length=12, seed=seed)
        return [batch.inputs.tolist() for batch in plan.batches(epoch)]

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


@pytest.mark.parametrize("form", ["lines", "ngrams"])
def test_shuffling_keeps_every_sequence(encoded, form):
    text = encoded("".join(f"{'abcdefgh'[: 2 + number % 6]}\n" for number in range(700)))

    def rows(seed):
        plan = TextPlan(text, form, batch_size=16, length=1, max_length=12, seed=seed)
        return sorted(
            (tuple(np.trim_zeros(row)), tuple(np.atleast_1d(target)[np.atleast_1d(target) > 0]))
            for batch in plan.batches()
            for row, target in zip(batch.inputs.tolist(), batch.targets, strict=True)
        )

    assert rows(None) == rows(5)


def test_bucketing_wastes_little_on_padding(lighthouse, tmp_path):
    corpus = corpora.read(lighthouse, documents="line")
    text = encode_corpus(corpus, CharTokenizer.train(corpus.lines(), 100), tmp_path, markers=True)
    plan = TextPlan(text, "lines", batch_size=4, length=1, max_length=200, seed=0)
    batches = list(plan.batches())
    padding = sum(int((batch.targets == 0).sum()) for batch in batches)
    assert padding / sum(batch.targets.size for batch in batches) < 0.05


def test_encoding_counts_lines_characters_and_unknowns(encoded):
    text = encoded("ab\n\nxyz?\nc", documents=None, markers=False)
    assert (text.num_characters, text.num_tokens, text.num_unknown) == (10, 10, 1)
    assert text.unknown_share == pytest.approx(0.1)
    assert (text.starts.tolist(), text.ends.tolist()) == ([0], [10])


def test_lines_as_documents_stand_between_markers(encoded):
    text = encoded("ab\n\nxyz?\nc")
    assert text.num_characters == 7 + 3  # each `eos` stands for a newline
    assert [text.document(index).tolist() for index in range(3)] == [[2, 4, 5, 3], [2, 27, 28, 29, 1, 3], [2, 6, 3]]


@pytest.mark.skipif(not pathlib.Path("/proc/self/status").exists(), reason="there is no /proc here")
@pytest.mark.parametrize("form", ["stream", "lines"])
def test_reading_through_a_large_file_does_not_hold_it_in_memory(tmp_path, form):
    def mapped_megabytes():
        status = pathlib.Path("/proc/self/status").read_text().splitlines()
        (line,) = (line for line in status if line.startswith("RssFile"))
        return int(line.split()[1]) / 1000

    # Each row of a batch may hold 2 MB: the kernel maps so much around what is read.
    num_tokens = 40_000_000  # 80 MB
    np.full(num_tokens, 7, np.uint16).tofile(tmp_path / "tokens")
    starts = np.arange(0, num_tokens, 4000)
    text = EncodedText(mapped(tmp_path / "tokens", np.dtype(np.uint16)), starts, starts + 3999, num_tokens, 0)
    before = mapped_megabytes()
    peak = num_targets = 0
    for number, batch in enumerate(TextPlan(text, form, 8, 1000, 4001, seed=0).batches()):
        num_targets += batch.targets.size
        if number % 50 == 0:
            peak = max(peak, mapped_megabytes() - before)
    assert num_targets > 0.99 * num_tokens
    assert peak < 40
