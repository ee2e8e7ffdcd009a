import numpy as np
import pytest

from textrnn import TextrnnError
from textrnn.evaluation.memorisation import NgramFilter, longest_run, remembered, report, split_documents

WORDS = [f"word{number}" for number in range(3000)]


@pytest.fixture(scope="module")
def ngrams():
    filters = NgramFilter.for_size(3000)
    filters.add(" ".join(WORDS[start : start + 10]) for start in range(0, 3000, 10))
    return filters


def test_everything_in_the_corpus_is_found(ngrams):
    found = report(" ".join(WORDS[100:400]), ngrams)
    assert (found.num_words, found.longest_span, found.new_shares) == (300, 300, {3: 0.0, 5: 0.0})


def test_the_longest_span_is_named(ngrams):
    """Seven words of the corpus between new ones: three 5-grams in a row, so a span of seven."""
    new = [f"new{number}" for number in range(40)]
    found = report(" ".join(new[:20] + WORDS[50:57] + new[20:]), ngrams)
    assert found.longest_span == 7
    assert found.longest_text == " ".join(WORDS[50:57])
    assert "longest span found in the training corpus: 7 words" in str(found)


def test_false_positives_are_as_rare_as_reported(ngrams):
    new = [f"other{number}" for number in range(20_000)]
    rate = ngrams.contains(new, 5).mean()
    assert rate < 0.05
    assert rate == pytest.approx(ngrams.false_positive_rate(), abs=0.01)


def test_arrays_round_trip(ngrams):
    again = NgramFilter.from_arrays(ngrams.to_arrays())
    np.testing.assert_array_equal(again.contains(WORDS[:50], 3), np.ones(48, bool))
    with pytest.raises(TextrnnError, match="must be the arrays"):
        NgramFilter.from_arrays({"words_9": np.zeros(8, np.uint8)})


def test_chunks_do_not_lose_ngrams():
    """More words than one chunk holds: the n-grams that span the chunks are known too."""
    lines = [f"a{number} b{number}" for number in range(60_000)]
    filters = NgramFilter.for_size(120_000)
    filters.add(lines)
    words = " ".join(lines).split()
    assert filters.contains(words, 5).all()


def test_texts_too_short_are_refused(ngrams):
    with pytest.raises(TextrnnError, match="2 words are too few"):
        report("two words", ngrams)


def test_longest_run():
    assert longest_run(np.array([], bool)) == (0, 0)
    assert longest_run(np.array([False, True, True, False, True])) == (1, 2)


NAMES = [f"Name{number}" for number in range(500)]


def lines(texts):
    return [(True, text) for text in texts]


@pytest.fixture(scope="module")
def names():
    return NgramFilter.from_arrays(remembered({}, lambda: lines(f"{name}\n" for name in NAMES), 500))


def test_lines_of_one_word_are_found(names):
    found = report([*NAMES[:39], "Newname"], names, "line")
    assert (found.num_documents, found.num_known_documents, found.new_shares) == (40, 39, {})
    assert str(found).startswith("39 of 40 lines stand in the training text")
    assert str(report(["Name7"], names)).startswith("1 of 1 document stands in the training text")


def test_documents_are_whole_and_white_space_counts_for_nothing(names):
    poems = NgramFilter.from_arrays(
        remembered({}, lambda: [(True, "the lamp\n"), (False, "is lit"), (True, "the sea"), (True, "\n")], 20)
    )
    texts = ["the lamp is lit", " the\tlamp\nis lit\n", "the lamp", "is lit", "the sea", "The sea", "thelamp islit"]
    assert poems.contains_documents(texts).tolist() == [True, True, False, False, True, False, True]
    assert not poems.contains_documents([""])[0]  # a document of white space is none
    assert names.contains_documents(NAMES).all()
    assert names.contains_documents([f"Other{number}" for number in range(20_000)]).mean() == pytest.approx(
        names.documents_false_positive_rate(), abs=0.002
    )
    assert names.documents_false_positive_rate() < 0.005


def test_ngrams_do_not_run_from_one_document_into_the_next():
    pieces = [(True, "a b c d"), (True, "e f g h\n"), (False, "i j")]
    filters = NgramFilter.for_size(1000)
    filters.add_documents(pieces)
    assert filters.contains(["a", "b", "c", "d"], 3).tolist() == [True, True]
    assert filters.contains(["c", "d", "e", "f"], 3).tolist() == [False, False]
    assert filters.contains(["e", "f", "g", "h", "i", "j"], 5).all()
    found = report(["a b c d", "e f g h i j"], filters)
    assert found.new_shares == {3: 0.0, 5: 0.0}
    assert found.longest_span == 6
    running = NgramFilter.for_size(1000)
    running.add(["a b c d", "e f g h"])
    assert running.contains(["c", "d", "e", "f"], 3).all()


def test_what_stands_within_a_document_is_no_new_text(ngrams, names):
    assert ngrams.holds(" ".join(WORDS[100:110]))
    assert not ngrams.holds(" ".join([*WORDS[100:110], "new", "words"]))
    assert not ngrams.holds("word1 word2")  # too short to tell
    assert names.holds("Name7")
    assert names.holds(" Name7\n")
    assert not names.holds("Namex")


def test_documents_held_out_are_known_and_their_ngrams_are_not():
    sides = (lambda: lines(["a b c d e"]), lambda: lines(["f g h i j"]))
    for arrays in ({}, NgramFilter.for_size(100).to_arrays()):
        filters = NgramFilter.from_arrays(remembered(arrays, sides[0], 5, sides[1]))
        assert filters.contains_documents(["a b c d e", "f g h i j", "f"]).tolist() == [True, True, False]
        assert [filters.contains(words, 5)[0] for words in ([*"abcde"], [*"fghij"])] == [True, False]


@pytest.mark.parametrize(("before", "more"), [(3000, 300), (3000, 3000), (300, 9000)])
def test_a_record_grows_with_new_text_and_forgets_nothing(before, more):
    old = [" ".join(f"old{number + step}" for step in range(10)) for number in range(0, before, 10)]
    new = [" ".join(f"new{number + step}" for step in range(10)) for number in range(0, more, 10)]
    first = remembered({}, lambda: lines(old), before)
    both = NgramFilter.from_arrays(remembered(first, lambda: lines(new), more))
    for text in (old, new):
        assert both.contains_documents(text).all()
        assert all(both.contains(line.split(), order).all() for line in text[:50] for order in (3, 5))
    assert both.false_positive_rate() < 0.06
    assert both.documents_false_positive_rate() < 0.01
    assert both.contains([f"other{number}" for number in range(20_000)], 5).mean() < 0.07
    again = remembered(both.to_arrays(), lambda: lines(new), more)
    assert {name: len(bits) for name, bits in again.items()} == {n: len(b) for n, b in both.to_arrays().items()}


def test_a_record_without_documents_stays_valid_and_learns_some(ngrams):
    arrays = ngrams.to_arrays()
    assert set(arrays) == {"words_3", "words_5"}
    with pytest.raises(TextrnnError, match="keeps no record of documents"):
        NgramFilter.from_arrays(arrays).contains_documents(["a"])
    more = remembered(arrays, lambda: lines(NAMES), 500)
    assert set(more) == {"words_3", "words_5", "documents"}
    assert NgramFilter.from_arrays(more).contains_documents(NAMES).all()
    assert NgramFilter.from_arrays(more).contains(WORDS[:50], 5).all()
    running = NgramFilter.from_arrays(remembered(more, lambda: [(False, "one two three four five")], 5))
    assert running.contains_documents(NAMES).all()


def test_the_size_of_a_record_is_bounded(monkeypatch):
    from textrnn.evaluation import training_record

    monkeypatch.setattr(training_record, "MAX_BYTES", 512)
    monkeypatch.setattr(training_record, "MAX_HASHES", 100)
    arrays: dict = {}
    for start in range(0, 6000, 2000):
        texts = [f"a{number} b{number} c{number}" for number in range(start, start + 2000)]
        arrays = remembered(arrays, lambda texts=texts: lines(texts), 6000)
    assert {name: len(bits) for name, bits in arrays.items()} == {"words_3": 512, "words_5": 512, "documents": 512}
    assert NgramFilter.from_arrays(arrays).contains_documents(["a7 b7 c7", "a5999 b5999 c5999"]).all()


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        (None, ["a\nb\n\n\nc\n--\nd"]),
        ("file", ["a\nb\n\n\nc\n--\nd"]),
        ("line", ["a", "b", "c", "--", "d"]),
        ("\n\n", ["a\nb", "c\n--\nd"]),
        (r"\n\n", ["a\nb", "c\n--\nd"]),
        ("--", ["a\nb\n\n\nc", "d"]),
    ],
)
def test_documents_of_a_text_in_memory(documents, expected):
    assert split_documents("a\nb\n\n\nc\n--\nd", documents) == expected


def test_nothing_is_no_text(names):
    with pytest.raises(TextrnnError, match="0 words are too few"):
        report([], names)
