import functools
from collections import Counter

import numpy as np
import pytest

from tests.preprocessing.test_pair_batches import rows
from textrnn import pairs
from textrnn.preprocessing.pair_batches import EncodedPairs, PairPlan, encode_pairs
from textrnn.preprocessing.pairs import Pairs
from textrnn.preprocessing.resegmentation import (
    HiddenWords,
    SegmentationSampler,
    counterparts,
    resegmentation,
    resegmented,
)
from textrnn.preprocessing.tokenizers import UNK_ID, make_tokenizer


@pytest.fixture
def sample(request):
    return pairs.read(request.config.rootpath / "corpora" / "eng-spa.tsv")


def test_drawn_segmentations_spell_the_same_sentence(sample):
    tokenizer = make_tokenizer("subword", sample.sources, 400)
    sampler = SegmentationSampler(tokenizer, share=0.5)
    randomness = np.random.default_rng(0)
    differing = 0
    for sentence in sample.sources:
        ids = sampler.encode(sentence, randomness)
        assert tokenizer.decode(ids) == sentence
        differing += ids.tolist() != tokenizer.encode(sentence).tolist()
    assert differing > len(sample) / 4
    never = SegmentationSampler(tokenizer, share=0.0)
    for sentence in sample.sources:
        assert never.encode(sentence, randomness).tolist() == tokenizer.encode(sentence).tolist()


def test_drawn_segmentations_are_in_the_case_of_the_vocabulary(sample):
    tokenizer = make_tokenizer("subword", sample.sources, 400, lowercase=True)
    ids = SegmentationSampler(tokenizer, share=0.0).encode("Where IS Tom?", np.random.default_rng(0))
    assert ids.tolist() == tokenizer.encode("where is tom?").tolist()


def test_segmentations_change_with_the_epoch_only(sample):
    tokenizer = make_tokenizer("subword", sample.sources + sample.targets, 500)
    sampler = SegmentationSampler(tokenizer, share=0.5)
    plan = PairPlan(
        encode_pairs(sample, tokenizer, tokenizer),
        batch_tokens=100,
        seed=1,
        resegment=functools.partial(resegmented, sample, [sampler, sampler]),
    )
    first, again, second = ([rows(batch) for batch in plan.batches(epoch)] for epoch in (0, 0, 1))
    assert first == again
    assert {row for batch in first for row in batch} != {row for batch in second for row in batch}


SUBJECTS = {"the cat": "el gato", "my dog": "mi perro", "Ana": "Ana", "the sun": "el sol", "a bird": "un ave"}
VERBS = {"sleeps": "duerme", "comes": "viene", "sings": "canta", "waits": "espera"}
GRAMMAR = Pairs(
    [f"{subject} {verb}" for subject in SUBJECTS for verb in VERBS],
    [f"{subject} {verb}" for subject in SUBJECTS.values() for verb in VERBS.values()],
)


@pytest.fixture
def grammar():
    tokenizers = tuple(make_tokenizer("word", side, 100) for side in (GRAMMAR.sources, GRAMMAR.targets))
    return encode_pairs(GRAMMAR, *tokenizers), tokenizers


def test_counterparts_occur_in_the_same_pairs(grammar):
    """Of "el" and "gato" only "gato" is always there with "cat"; "the" is there with cat and sun, as "el" is."""
    encoded, (source, target) = grammar
    found = {source.tokens[one]: target.tokens[other] for one, other in counterparts(encoded).items()}
    expected = {"cat": "gato", "sun": "sol", "Ana": "Ana", "the": "el", **VERBS}
    assert {word: found[word] for word in expected} == expected
    assert {found.get("my"), found.get("dog")} & {"mi", "perro"}  # which of them cannot be told


def test_a_word_and_its_counterpart_are_hidden_together(grammar):
    """A verb occurs 5 times and is hidden with probability 4 / 9; "Ana", 4 times, with 1 / 2."""
    encoded, (source, target) = grammar
    hidden = HiddenWords(encoded)
    unknown = Counter()
    for seed in range(400):
        found = hidden.encode(np.random.default_rng(seed))
        both = (zip(one.sources, one.targets, strict=True) for one in (encoded, found))
        for before, after in zip(*both, strict=True):
            places = [np.flatnonzero(new == UNK_ID) for new in after]
            assert len(places[0]) == len(places[1])
            for side in (0, 1):
                others = np.delete(np.arange(len(before[side])), places[side])
                assert (before[side][others] == after[side][others]).all()
            words = [source.tokens[before[0][place]] for place in places[0]]
            translations = [target.tokens[before[1][place]] for place in places[1]]
            unknown.update(zip(words, translations, strict=True))
    assert unknown["sleeps", "duerme"] / (400 * 5) == pytest.approx(4 / 9, abs=0.03)
    assert unknown["Ana", "Ana"] / (400 * 4) == pytest.approx(1 / 2, abs=0.03)


def test_the_same_random_numbers_hide_the_same_words(grammar):
    hidden = HiddenWords(grammar[0])
    first, again, other = (hidden.encode(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert [ids.tolist() for ids in first.sources] == [ids.tolist() for ids in again.sources]
    assert [ids.tolist() for ids in first.sources] != [ids.tolist() for ids in other.sources]


def test_words_are_hidden_only_where_none_are_unknown(grammar):
    encoded, tokenizers = grammar
    assert resegmentation(GRAMMAR, encoded, tokenizers, 0.0) is not None
    few = EncodedPairs([np.where(ids == 5, UNK_ID, ids) for ids in encoded.sources], encoded.targets)
    assert resegmentation(GRAMMAR, few, tokenizers, 0.0) is None
    letters = tuple(make_tokenizer("char", side, 100) for side in (GRAMMAR.sources, GRAMMAR.targets))
    assert resegmentation(GRAMMAR, encode_pairs(GRAMMAR, *letters), letters, 0.0) is None
