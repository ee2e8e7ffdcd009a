import numpy as np
import pytest

from textrnn import LanguageModel, TextrnnError, Translator
from textrnn.inference.neighbours import Neighbour, neighbours
from textrnn.preprocessing.tokenizers import make_tokenizer

WORDS = make_tokenizer("word", ["king queen boat", "king queen boat"])


def vectors(**placed):
    """Returns vectors in a plane; tokens that are not named point the other way."""
    result = np.full((WORDS.vocabulary_size, 2), -1.0, np.float32)
    for word, vector in placed.items():
        result[WORDS.ids[word]] = vector
    return result


def test_the_angle_counts_and_not_the_length():
    """Between (1, 0) and (3, 3) are 45 degrees, between (1, 0) and (0, 0.1) 90."""
    found = neighbours(vectors(king=(1, 0), queen=(3, 3), boat=(0, 0.1)), WORDS, "king", 2)
    assert [one.token for one in found] == ["queen", "boat"]
    np.testing.assert_allclose([one.similarity for one in found], [np.sqrt(0.5), 0.0], atol=1e-7)
    assert str(found[0]) == "'queen' 0.71"
    assert found[0] == Neighbour("queen", found[0].similarity)


def test_special_tokens_and_the_token_itself_are_no_neighbours():
    found = neighbours(vectors(king=(1, 0), queen=(0, 0)), WORDS, "king", 100)
    assert sorted(one.token for one in found) == ["\n", "boat", "queen"]


def test_what_is_no_token():
    with pytest.raises(TextrnnError, match="'kin' is no token of the vocabulary. Did you mean 'king'"):
        neighbours(vectors(), WORDS, "kin", 3)
    with pytest.raises(TextrnnError, match="but several: 'king', 'queen'. Pass one of these"):
        neighbours(vectors(), WORDS, "king queen", 3)
    with pytest.raises(TextrnnError, match="must be a string. Received: 7"):
        neighbours(vectors(), WORDS, 7, 3)
    with pytest.raises(TextrnnError, match="`number` must be"):
        neighbours(vectors(), WORDS, "king", 0)
    with pytest.raises(TextrnnError, match="has not been trained"):
        LanguageModel().neighbours("king")


def test_the_shipped_model_knows_a_word_and_a_part_of_one():
    model = LanguageModel.load("shakespeare")
    assert " queen" in [one.token for one in model.neighbours("king", 3)]
    assert all(not one.token.startswith(" ") for one in model.neighbours("ing", 2))


def test_a_joint_vocabulary_has_words_of_both_languages():
    model = Translator.load("eng-spa")
    assert " anoche" in [one.token for one in model.neighbours("ayer", 3)]
    assert model.neighbours("ayer", 3, side="source") == model.neighbours("ayer", 3)
    with pytest.raises(TextrnnError, match="`side` must be one of 'source', 'target'"):
        model.neighbours("ayer", side="left")
