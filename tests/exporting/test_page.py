"""The page: its engine against NumPy, kind by kind; what a page cannot hold; and that it loads nothing."""

import re

import numpy as np
import pytest

from tests.conftest import ROOT, assert_refused, random_weights
from tests.exporting.pages import SHORT, exported, in_node, needs_node, stored
from textrnn import LanguageModel, Translator
from textrnn import export as command
from textrnn.config import ClassifierConfig, ForecasterConfig, NetworkConfig, TranslatorConfig
from textrnn.config.forecaster import FORECASTERS
from textrnn.errors import TextrnnError
from textrnn.exporting import export
from textrnn.preprocessing.series import Series, SeriesData, to_stored
from textrnn.preprocessing.tokenizers import WordTokenizer, make_tokenizer

TEXT = (ROOT / "corpora" / "lighthouse.txt").read_text(encoding="utf-8")
LINES = TEXT.split("\n")[:400]
LEVELS = {
    "char": {},
    "word": {},
    "subword": {"vocabulary_size": 600},
    "word in small letters": {"lowercase": True},
    "subword with symbols": {"vocabulary_size": 600, "symbols": ["\ue000", "\ue010"]},
}
NUM_TOKENS = 12


@pytest.fixture(scope="module", params=LEVELS, ids=lambda name: name.replace(" ", "-"))
def tokenizer(request):
    return make_tokenizer(request.param.split()[0], LINES, **LEVELS[request.param])


@pytest.fixture(scope="module")
def words():
    return make_tokenizer("word", LINES)


@pytest.fixture(scope="module")
def subwords():
    return make_tokenizer("subword", LINES, vocabulary_size=600)


def networks():
    """Language models that differ in one thing each."""
    sizes = {"units": (40, 32), "embedding_dim": 32}
    return {
        "lstm": sizes,
        "gru": {**sizes, "cell": "gru"},
        "simple_rnn": {**sizes, "cell": "simple_rnn"},
        "one layer": {"units": (33,), "embedding_dim": 7},
        "tied": {**sizes, "tie_weights": True},
        "tied with a projection": {"units": (40,), "embedding_dim": 32, "tie_weights": True},
        "normalised": {"units": (40, 24, 32), "embedding_dim": 32, "layer_normalization": True},
        "documents": {**sizes, "documents": "line", "form": "lines"},
        "n-grams": {**sizes, "form": "ngrams"},
    }


# Tokenizers


@needs_node
def test_text_has_the_same_tokens_as_in_python(tokenizer, tmp_path):
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, units=(4,), embedding_dim=4)
    model = stored(tmp_path / "model", config, {"tokenizer": tokenizer})
    generator = np.random.default_rng(3)
    signs = list("aZé9 .,'’\"“!?-–:;()…#@&\t\u2581\uffed\ue000😀🇬🇧国") + ["can't", "wanna", "www.a.io/", " ", " "]
    mixed = ["".join(generator.choice(signs, size=20)) for _ in range(150)]
    texts = [*SHORT, *LINES[:80], *mixed]
    expected = [tokenizer.encode(text).tolist() for text in texts]
    calls = [["tokenizer.encode", text] for text in texts] + [["tokenizer.decode", ids] for ids in expected]
    found = in_node(exported(model, tmp_path), calls)
    for text, ids, other in zip(texts, expected, found[: len(texts)], strict=True):
        assert other == ids, text
    assert found[len(texts) :] == [tokenizer.decode(ids) for ids in expected]


# Language models


@needs_node
@pytest.mark.parametrize("name", networks())
def test_a_language_model_writes_what_numpy_writes(subwords, tmp_path, name):
    config = NetworkConfig(vocabulary_size=subwords.vocabulary_size, **networks()[name])
    check_greedy(stored(tmp_path / "model", config, {"tokenizer": subwords}), exported, tmp_path)


@needs_node
def test_every_level_begins_where_a_prompt_ends(tokenizer, tmp_path):
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, units=(24,), embedding_dim=32)
    check_greedy(stored(tmp_path / "model", config, {"tokenizer": tokenizer}), exported, tmp_path)


@needs_node
@pytest.mark.parametrize("weight_format", ["float32", "float16", "int8", "int4"])
def test_weights_are_kept_in_every_format(subwords, tmp_path, weight_format):
    config = NetworkConfig(vocabulary_size=subwords.vocabulary_size, units=(24, 20), embedding_dim=12)
    weights = random_weights(config, scale=0.25)
    weights["recurrent_0/kernel"][np.abs(weights["recurrent_0/kernel"]) < 0.3] = 0  # of a sparse matrix
    model = stored(tmp_path / "model", config, {"tokenizer": subwords}, weight_format, weights)
    check_greedy(model, lambda *given: exported(*given, weight_format), tmp_path)


def check_greedy(model, write, directory):
    """Compares greedy text, token by token, and the probabilities of the first one."""
    prompts = [*SHORT, "The light", "The light ", "The lighthou", "the keeper wa"]
    calls = [["generate", prompt, NUM_TOKENS, {}] for prompt in prompts] + [["nextTokens", prompt] for prompt in prompts]
    found = in_node(write(model, directory), calls)
    expected = [group[0] for group in model.generations(prompts, temperature=0, max_tokens=NUM_TOKENS)]
    for prompt, mine, numpys in zip(prompts, found, expected, strict=False):
        assert mine["ids"] == list(numpys.token_ids), prompt
        assert mine["text"] == numpys.text
    for prompt, mine in zip(prompts, found[len(prompts) :], strict=True):
        numpys = [token.probability for token in model.next_tokens(prompt, len(mine))]
        np.testing.assert_allclose([token["probability"] for token in mine], numpys, rtol=2e-4)


@needs_node
def test_shakespeare_writes_the_same_tokens_after_real_prompts(tmp_path):
    model = LanguageModel.load("shakespeare")
    prompts = [line[: 5 + 3 * number % 60] for number, line in enumerate(LINES) if line][:20]
    found = in_node(exported(model, tmp_path), [["generate", prompt, 20, {}] for prompt in prompts])
    expected = [group[0] for group in model.generations(prompts, temperature=0, max_tokens=20)]
    assert [one["ids"] for one in found] == [list(one.token_ids) for one in expected]
    assert (tmp_path / "page.html").stat().st_size < 6e6
