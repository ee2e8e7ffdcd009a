import random

import numpy as np
import pytest

from textrnn import TextrnnError
from textrnn.evaluation import bloom_filters, training_record
from textrnn.evaluation.memorisation import (
    Memorisation,
    NgramFilter,
    longest_run,
    remembered,
    report,
    split_documents,
)

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
    monkeypatch.setattr(bloom_filters, "MAX_BYTES", 512)
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


NUM_LARGE = 40_000
SAMPLED = (
    "estimated from a sample and corrected for these: of large training texts, "
    "one 3-gram in 64 and one 5-gram in 8 is recorded"
)
OWN = " ".join(f"own{number}" for number in range(400))


def running(text):
    return lambda: [(False, text)]


@pytest.fixture
def small_bound(monkeypatch):
    """A text of more than 3,000 words is sampled."""
    monkeypatch.setattr(training_record, "MAX_BYTES_OF_TEXT", 6000)


@pytest.fixture
def large():
    """Words that hardly make the same n-gram twice."""
    return [f"w{number}" for number in random.Random(0).choices(range(3000), k=NUM_LARGE)]


@pytest.fixture
def sampled(small_bound, large):
    return remembered({}, running(" ".join(large)), NUM_LARGE)


def test_the_record_of_a_large_text_is_a_sample_within_the_bound(sampled):
    """40,000 n-grams of each size: one 5-gram in 8 takes 5,000 bytes, which leave room for one 3-gram in 64."""
    assert list(sampled) == ["words_3_in_64", "words_5_in_8"]
    assert 3000 < sum(map(len, sampled.values())) <= 6000
    filters = NgramFilter.from_arrays(sampled)
    assert filters.false_positive_rate() == pytest.approx(0.022, abs=0.005)  # as of a text that is recorded whole
    assert not filters.has_documents


def test_a_text_below_the_bound_is_recorded_whole(small_bound, large):
    text = " ".join(large[:3000])
    arrays = remembered({}, running(text), 3000)
    assert {name: len(bits) for name, bits in arrays.items()} == {"words_3": 3000, "words_5": 3000}
    found = report(text, NgramFilter.from_arrays(arrays))
    assert (found.one_in, found.standard_errors) == ({3: 1, 5: 1}, {3: 0.0, 5: 0.0})
    assert (found.longest_span, found.longest_span_ngrams, found.longest_possible_span) == (3000, 2996, 3000)
    assert "±" not in str(found)
    assert "sample" not in str(found)


def test_a_text_that_repeats_itself_is_recorded_whole_if_its_distinct_ngrams_fit(small_bound, large):
    text = " ".join(large[:2000] * 5)
    arrays = remembered({}, running(text), 10_000)
    assert list(arrays) == ["words_3", "words_5"]
    assert NgramFilter.from_arrays(arrays).contains(text.split(), 5).all()


def test_the_share_that_was_copied_is_within_its_stated_error(sampled, large):
    """Texts of which half is copied, at random places: two errors hold the truth in 95 of 100, the mean is right."""
    filters = NgramFilter.from_arrays(sampled)
    generator = np.random.default_rng(1)
    off = {3: [], 5: []}
    shares = []
    for number in range(200):
        start = int(generator.integers(0, NUM_LARGE - 500))
        new = [f"new{number}-{place}".replace("-", "x") for place in range(500)]
        found = report([" ".join(large[start : start + 500]), " ".join(new)], filters)
        for order, share in found.new_shares.items():
            off[order].append((share - 0.5) / found.standard_errors[order])
        shares.append(found.new_shares[5])
    assert np.mean(np.abs(off[5]) < 2) > 0.92
    assert np.mean(np.abs(off[3]) < 2) > 0.92
    assert np.std(off[5]) == pytest.approx(1, abs=0.2)
    assert np.mean(shares) == pytest.approx(0.5, abs=0.01)


def test_repeated_ngrams_make_the_stated_error_larger(sampled):
    """The same 100 words ten times are no more evidence than once."""
    filters = NgramFilter.from_arrays(sampled)
    once = [f"new{number}" for number in range(100)]
    errors = [report([" ".join(once)] * times, filters).standard_errors[5] for times in (1, 10)]
    assert errors[0] == pytest.approx(errors[1], rel=1e-6)


def test_what_was_copied_from_a_sampled_text_shows_in_spans(sampled, large):
    filters = NgramFilter.from_arrays(sampled)
    new = [f"new{number}" for number in range(600)]
    found = report(" ".join(new[:300] + large[200:300] + new[300:]), filters)
    assert 70 < found.longest_span <= 100
    assert 100 <= found.longest_possible_span < 160
    assert set(found.longest_text.split()) <= set(large[200:300])
    assert f"most recorded 5-grams in a row found in the training corpus: {found.longest_span_ngrams}, over " in str(
        found
    )
    assert f"no span of more than {found.longest_possible_span} words was copied" in str(found)
    assert str(found).endswith(f"taken for known; {SAMPLED}")
    nothing = report(" ".join(new), filters)
    assert nothing.longest_possible_span < 120


def test_a_sample_tells_new_texts_by_the_ngrams_that_are_in_it(sampled, large):
    filters = NgramFilter.from_arrays(sampled)
    assert all(filters.holds(" ".join(large[start : start + 300])) for start in range(0, 3000, 300))
    assert not filters.holds(" ".join([*large[:150], *WORDS[:150]]))
    held = [filters.holds(" ".join(large[start : start + 5])) for start in range(2000)]
    assert np.mean(held) == pytest.approx(1 / 8, abs=0.03)  # a text of one 5-gram is found if that is in the sample


def test_a_text_that_is_too_short_for_a_sample_is_said_to_be(sampled, large):
    filters = NgramFilter.from_arrays(sampled)
    found = report(" ".join(f"x{number}" for number in range(5)), filters)
    assert (found.new_shares, found.longest_span, found.longest_possible_span) == ({}, 0, 5)
    assert str(found) == (f"5 words; {SAMPLED}; no 3-gram here is in the sample; no 5-gram here is in the sample")


def test_a_small_text_is_recorded_whole_beside_a_large_one(sampled, large):
    """Who goes on with a text of their own learns exactly what is copied from it."""
    both = remembered(sampled, running(OWN), 400)
    assert {name: len(bits) for name, bits in both.items()} == {
        "words_3": 400,
        "words_3_in_64": len(sampled["words_3_in_64"]),
        "words_5": 400,
        "words_5_in_8": len(sampled["words_5_in_8"]),
    }
    filters = NgramFilter.from_arrays(both)
    new = [f"new{number}" for number in range(300)]
    found = report([" ".join([*new[:150], *OWN.split()[50:62], *new[150:]]), " ".join(large[:300])], filters)
    assert (found.whole.longest_span, found.whole.one_in) == (12, {3: 1, 5: 1})
    assert found.whole.longest_text == " ".join(OWN.split()[50:62])
    assert found.whole.new_shares[5] == pytest.approx(1 - 8 / 604, abs=0.03)
    assert abs(found.new_shares[5] - 300 / 604) < 3 * found.standard_errors[5]
    assert "of the training texts that are recorded whole: 612 words" in str(found)
    assert filters.holds(" ".join(OWN.split()[7:12]))
    assert filters.holds(" ".join(large[600:900]))
    assert not filters.holds(" ".join(new[:200]))
    again = remembered(both, running(OWN), 400)
    assert {name: len(bits) for name, bits in again.items()} == {name: len(bits) for name, bits in both.items()}


def test_a_large_text_is_sampled_beside_a_small_one(small_bound, large):
    own = remembered({}, running(OWN), 400)
    both = remembered(own, running(" ".join(large)), NUM_LARGE)
    assert set(both) == {"words_3", "words_3_in_64", "words_5", "words_5_in_8"}
    assert all(np.array_equal(both[name], bits) for name, bits in own.items())
    found = report(OWN, NgramFilter.from_arrays(both))
    assert found.new_shares[5] == 0
    assert found.whole.longest_span == 400


def test_the_same_large_text_again_adds_nothing(sampled, large):
    again = remembered(sampled, running(" ".join(large)), NUM_LARGE)
    assert list(again) == list(sampled)
    assert all(np.array_equal(again[name], bits) for name, bits in sampled.items())


def test_another_large_text_goes_into_the_filter_of_its_share(sampled, large):
    other = [f"other{word}" for word in large]
    both = remembered(sampled, running(" ".join(other)), NUM_LARGE)
    assert list(both) == ["words_3_in_64", "words_5_in_8"]
    filters = NgramFilter.from_arrays(both)
    assert filters.false_positive_rate() < 0.06
    for text in (large, other):
        assert report(" ".join(text[:2000]), filters).new_shares[5] == 0


def test_documents_are_sampled_only_where_they_take_most(small_bound):
    """Of 9,000 names, whose n-grams are none, one in four fits; of 800 poems of 40 words all documents do."""
    names = [f"Name{number}" for number in range(9000)]
    arrays = remembered({}, lambda: lines(names), 20_000)
    assert set(arrays) == {"words_3", "words_5", "documents_in_4"}
    found = report(
        [*names[:800], *(f"Other{number}" for number in range(200))], NgramFilter.from_arrays(arrays), "line"
    )
    assert abs(found.num_known_documents - 800) < 3 * 1000 * found.standard_errors["documents"]
    assert str(found).startswith(f"about {found.num_known_documents} (± ")
    assert str(found).endswith(
        "estimated from a sample and corrected for these: of large training texts, one line in 4 is recorded"
    )
    poems = [" ".join(f"w{number + place * place}" for place in range(40)) for number in range(800)]
    arrays = remembered({}, lambda: lines(poems), 32_000)
    assert set(arrays) == {"words_3_in_64", "words_5_in_8", "documents"}
    assert NgramFilter.from_arrays(arrays).contains_documents(poems).all()


def test_documents_held_out_are_sampled_with_the_others(small_bound):
    names = [f"Name{number}" for number in range(9000)]
    arrays = remembered({}, lambda: lines(names[:1000]), 20_000, lambda: lines(names[1000:]))
    filters = NgramFilter.from_arrays(arrays)
    assert filters.contains_documents(names).mean() == pytest.approx(1 / 4, abs=0.02)


@pytest.mark.parametrize(
    "names",
    [
        ["words_3"],
        ["words_5", "documents"],
        ["words_3", "words_5", "words_9"],
        ["words_3", "words_5_in_0"],
        ["words_3", "words_5_in_1"],
        ["words_3", "words_5_in_08"],
        ["words_3", "words_5_in_-2"],
        ["words_3", "words_5_in_2.5"],
        ["words_3", "words_5_in_٣"],
        ["words_3", "words_5_in_18446744073709551617"],
        ["words_3", "words_5", "words_5_in_8_in_8"],
        ["words_3", "words_5", "../documents"],
    ],
)
def test_strange_records_are_refused_by_name(names):
    with pytest.raises(TextrnnError, match="must be the arrays") as error:
        NgramFilter.from_arrays(dict.fromkeys(names, np.zeros(8, np.uint8)))
    assert names[-1] in str(error.value)


def test_filters_must_be_rows_of_bytes():
    for bits in (np.zeros(0, np.uint8), np.zeros((2, 4), np.uint8)):
        with pytest.raises(TextrnnError, match="must be the arrays"):
            NgramFilter.from_arrays({"words_3": np.zeros(8, np.uint8), "words_5_in_8": bits})


def test_what_a_sample_tells_is_said():
    found = Memorisation(
        120,
        {5: 0.25},
        40,
        "to be",
        0.022,
        num_documents=3,
        num_known_documents=0,
        one_in={3: 64, 5: 8, "documents": 2},
        standard_errors={5: 0.051},
        longest_span_ngrams=6,
        longest_possible_span=55,
    )
    assert str(found) == (
        "0 of 3 documents stand in the training text; 120 words, 25.0% (± 5.1) of 5-grams new; "
        "most recorded 5-grams in a row found in the training corpus: 6, over 40 words ('to be'); "
        "no span of more than 55 words was copied; "
        "2.2% of new n-grams and 0.0% of new documents are taken for known; "
        "estimated from a sample and corrected for these: of large training texts, "
        "one 3-gram in 64 and one 5-gram in 8 and one document in 2 is recorded; "
        "no 3-gram here is in the sample; no document here is in the sample"
    )
