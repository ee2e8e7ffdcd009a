"""The page: its engine against NumPy, kind by kind; what a page cannot hold; and that it loads nothing."""

import json
import re

import numpy as np
import pytest

from tests.conftest import ROOT, assert_refused, random_weights
from tests.exporting.pages import SHORT, exported, in_node, needs_node, stored
from textrnn import LanguageModel, Translator
from textrnn import export as command
from textrnn.config import ClassifierConfig, ForecasterConfig, NetworkConfig, RecogniserConfig, TranslatorConfig
from textrnn.config.forecaster import FORECASTERS
from textrnn.errors import TextrnnError
from textrnn.exporting import export
from textrnn.exporting import page as page_module
from textrnn.preprocessing.series import Series, SeriesData, to_stored
from textrnn.preprocessing.tokenizers import CharTokenizer, SubwordTokenizer, WordTokenizer, make_tokenizer
from textrnn.preprocessing.vocabulary import SPECIAL_TOKENS

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
    signs = [*"aZé9 .,'’\"“!?-–:;()…#@&\t\u2581\uffed\ue000😀🇬🇧国", "can't", "wanna", "www.a.io/", " ", " "]
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
    model = stored(tmp_path / "model", config, {"tokenizer": subwords})
    assert differing_prompts(model, exported(model, tmp_path)) == []


@needs_node
def test_every_level_begins_where_a_prompt_ends(tokenizer, tmp_path):
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, units=(24,), embedding_dim=32)
    model = stored(tmp_path / "model", config, {"tokenizer": tokenizer})
    assert differing_prompts(model, exported(model, tmp_path)) == []


@needs_node
@pytest.mark.parametrize("weight_format", ["float32", "float16", "int8", "int4"])
def test_weights_are_kept_in_every_format(subwords, tmp_path, weight_format):
    config = NetworkConfig(vocabulary_size=subwords.vocabulary_size, units=(24, 20), embedding_dim=12)
    weights = random_weights(config, scale=0.25)
    weights["recurrent_0/kernel"][np.abs(weights["recurrent_0/kernel"]) < 0.3] = 0  # of a sparse matrix
    model = stored(tmp_path / "model", config, {"tokenizer": subwords}, weight_format, weights)
    assert differing_prompts(model, exported(model, tmp_path, weight_format)) == []


def differing_prompts(model, page):
    """Returns the prompts after which a page writes other tokens than NumPy, or expects other ones to come."""
    prompts = [*SHORT, "The light", "The light ", "The lighthou", "the keeper wa"]
    calls = [["generate", prompt, NUM_TOKENS, {}] for prompt in prompts]
    found = in_node(page, [*calls, *(["nextTokens", prompt] for prompt in prompts)])
    written, nexts = found[: len(prompts)], found[len(prompts) :]
    groups = model.generations(prompts, temperature=0, max_tokens=NUM_TOKENS)
    differing = []
    for prompt, mine, candidates, (numpys,) in zip(prompts, written, nexts, groups, strict=True):
        expected = [token.probability for token in model.next_tokens(prompt, len(candidates))]
        are_near = np.allclose([token["probability"] for token in candidates], expected, rtol=2e-4, atol=0)
        if not are_near or (mine["ids"], mine["text"]) != (list(numpys.token_ids), numpys.text):
            differing.append(prompt)
    return differing


@needs_node
def test_shakespeare_writes_the_same_tokens_after_real_prompts(tmp_path):
    model = LanguageModel.load("shakespeare")
    prompts = [line[: 5 + 3 * number % 60] for number, line in enumerate(LINES) if line][:20]
    found = in_node(exported(model, tmp_path), [["generate", prompt, 20, {}] for prompt in prompts])
    expected = [group[0] for group in model.generations(prompts, temperature=0, max_tokens=20)]
    assert [one["ids"] for one in found] == [list(one.token_ids) for one in expected]
    assert (tmp_path / "page.html").stat().st_size < 6e6


# Translators


def translators():
    """Translators that differ in one thing each."""
    sizes = {"encoder_units": (20,), "decoder_units": (24,), "embedding_dim": 16}
    return {
        "general": {**sizes, "decoder_units": (24, 20)},
        "dot": {**sizes, "encoder_units": (24, 12), "attention": "dot"},
        "additive": {**sizes, "attention": "additive", "tie_weights": False},
        "gru": {**sizes, "cell": "gru", "decoder_units": (24, 24, 24)},
        "simple_rnn": {**sizes, "cell": "simple_rnn"},
    }


@needs_node
@pytest.mark.parametrize("name", translators())
def test_a_translator_translates_as_numpy_does(subwords, words, tmp_path, name):
    options = translators()[name]
    sizes = {"source_vocabulary_size": subwords.vocabulary_size, "target_vocabulary_size": words.vocabulary_size}
    config = TranslatorConfig(**sizes, **options)
    tokenizers = {"source_tokenizer": subwords, "target_tokenizer": words}
    model = stored(tmp_path / "model", config, tokenizers)
    assert len(compared_translations(model, tmp_path)) > 10


@needs_node
@pytest.mark.parametrize("lowercase", [False, True])
def test_unknown_words_are_copied_by_attention(tmp_path, lowercase):
    tokenizer = make_tokenizer("word", LINES, lowercase=lowercase)
    size = tokenizer.vocabulary_size
    config = TranslatorConfig(
        source_vocabulary_size=size, target_vocabulary_size=size, joint_vocabulary=True, encoder_units=(16,),
        decoder_units=(24,), embedding_dim=16,
    )  # fmt: skip
    weights = random_weights(config, scale=0.25)
    weights["output/bias"][1] += 1.5  # so that unknown words are written
    model = stored(tmp_path / "model", config, {"tokenizer": tokenizer}, weights=weights)
    found = compared_translations(model, tmp_path, ["The Zugspitze stands in Bavaria.", "Qwxyz, zyxwq and Xyzzy"])
    assert any(1 in one["ids"] for one in found)


def compared_translations(model, directory, sentences=()):
    """Compares greedy translations, token by token, and their attention; returns those of the page."""
    sentences = [*sentences, *(line for line in SHORT if line), *LINES[:10]]
    page = exported(model, directory)
    # What the page typewrites is given to NumPy typewritten: raw lines stay as they are.
    plain = [model.source_tokenizer.with_known_marks(sentence) for sentence in sentences]
    expected = model.translations(plain, raw=True, num_beams=1)
    found = in_node(page, [["translate", sentence] for sentence in sentences])
    for sentence, mine, group in zip(sentences, found, expected, strict=True):
        assert mine["text"] == (group[0].text if group else ""), sentence
        if group:
            np.testing.assert_allclose(mine["attention"], group[0].attention, atol=2e-4)
    return found


@needs_node
def test_eng_spa_translates_the_same(tmp_path):
    model = Translator.load("eng-spa")
    sentences = ["I am a student.", "Where is the train station?", "She bought a red car because it was cheap."]
    found = in_node(exported(model, tmp_path), [["translate", sentence] for sentence in sentences])
    expected = model.translate(sentences, raw=True, num_beams=1)
    assert [one["text"] for one in found] == expected


# Classifiers


def classifiers():
    """Classifiers that differ in one thing each."""
    return {
        "all poolings": {"pooling": ("last", "max", "mean", "attention"), "units": (12, 10)},
        "gru in one direction": {"cell": "gru", "bidirectional": False, "pooling": ("last",)},
        "linear too": {"linear": True, "linear_share": 0.3, "temperature": 1.7},
        "several labels": {"multi_label": True, "cell": "simple_rnn"},
        "short": {"max_length": 5, "beginning": "bos"},
    }


@needs_node
@pytest.mark.parametrize("name", classifiers())
def test_a_classifier_decides_and_explains_as_numpy_does(words, subwords, tmp_path, name):
    options = {"units": (12,), "embedding_dim": 10, **classifiers()[name]}
    tokenizer = subwords if name == "short" else words
    config = ClassifierConfig(labels=("calm", "storm", 3), vocabulary_size=tokenizer.vocabulary_size, **options)
    model = stored(tmp_path / "model", config, {"tokenizer": tokenizer})
    texts = [*SHORT, "STRASSE Straße ΌΣΟΣ İstanbul", *LINES[:4]]
    found = in_node(exported(model, tmp_path), [["explained", text] for text in texts])
    np.testing.assert_allclose([one["probabilities"] for one in found], model.probabilities(texts), atol=1e-5)
    for text, mine in zip(texts, found, strict=True):
        explanation = model.explain(text)
        assert mine["tokens"] == list(explanation.tokens)
        assert model.labels[mine["best"]] == explanation.label
        np.testing.assert_allclose(mine["effects"], explanation.effects, atol=1e-5)


# Forecasters


def series_data(number=1, config=None):
    """Series of 60 days with the times that a calendar needs."""
    days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]").astype("datetime64[ns]")
    generator = np.random.default_rng(0)
    found = []
    for index in range(number):
        values = 20 + 3 * np.sin(np.arange(60) / (3 + index)) + generator.normal(0, 0.3, 60)
        found.append(Series(f"s{index}", values, np.ones(60, bool), np.empty((60, 0)), days))
    return SeriesData(tuple(found), "D", "day", (), is_one=number == 1)


def forecasters():
    """Forecasters that differ in one thing each."""
    return {
        "direct": {},
        "calendar": {"calendar": ("week", "year"), "scaling": "window", "widening": 1.4},
        "logarithms": {"log": True, "scaling": "last", "head_units": 0, "linear": False, "cell": "lstm"},
        "mean": {"point": "mean", "quantiles": (0.1, 0.9)},
        "recursive": {"strategy": "recursive", "horizon": 3, "lookback": 6, "segment": 1, "calendar": ("week",)},
        "tutorial": {**FORECASTERS["tutorial-stock"], "units": (8, 8)},
    }


@needs_node
@pytest.mark.parametrize("name", forecasters())
def test_a_forecaster_has_the_fan_of_numpy(tmp_path, name):
    options = {"horizon": 5, "lookback": 12, "segment": 4, "units": (10,), "head_units": 8, **forecasters()[name]}
    data = series_data(2)
    known = {"names": ("s0", "s1"), "locations": (3.0, 3.1), "scales": (0.2, 0.3)}
    known = known if options.get("log") else {**known, "locations": (20.0, 21.0), "scales": (3.0, 2.0)}
    config = ForecasterConfig(**options, **known, frequency="D", time="day")
    weights = random_weights(config, scale=0.2)
    model = stored(tmp_path / "model", config, {}, "int8", weights, series=to_stored(data, 40))
    calls = [["forecast", one.values.tolist(), None] for one in model.data.series]
    page = exported(model, tmp_path)
    series = in_node(page, [["series.at", place] for place in range(2)])
    size = max(config.lookback, 4 * config.horizon)
    assert [one["values"] for one in series] == [one.values[-size:].tolist() for one in data.series]
    found = in_node(page, [[*call[:2], one] for call, one in zip(calls, series, strict=True)])
    for mine, one, numpys in zip(found, series, model.forecast(), strict=True):
        expected = np.concatenate([numpys.values[:, np.newaxis], numpys.quantiles], axis=1)
        np.testing.assert_allclose(mine, expected, rtol=2e-5, atol=2e-5)
        assert one["futureLabels"] == numpys.labels()
        assert one["labels"][-1] == "2024-02-29"


@needs_node
def test_a_forecaster_without_series_scales_what_is_typed(tmp_path):
    model = stored(tmp_path / "model", ForecasterConfig(horizon=4, lookback=8, units=(10,)))
    values = (10 + np.cos(np.arange(20))).tolist()
    found, refused = in_node(exported(model, tmp_path), [["forecast", values], ["forecast", values[:5]]])
    expected = model.forecast(np.array(values))
    np.testing.assert_allclose(np.array(found)[:, 0], expected.values, rtol=2e-5)
    assert "reads 8 values" in refused["error"]


# The file


def small_model(directory, words):
    """A language model of a few weights."""
    config = NetworkConfig(vocabulary_size=words.vocabulary_size, units=(12, 8), embedding_dim=6)
    return stored(directory, config, {"tokenizer": words})


def test_a_page_is_one_file_that_may_load_nothing(words, tmp_path):
    page = exported(small_model(tmp_path / "model", words), tmp_path).read_text(encoding="utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    without_data = re.sub(r'<script type="[^"]*" id="(model|weights)">.*?</script>', "", page, flags=re.DOTALL)
    assert not re.search(r"""(src|href|action)=["'](?!data:,")""", without_data)
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|import\(|@import|url\(", without_data)
    scripts = re.findall(r'<script id="\w+">(.*?)</script>', page, flags=re.DOTALL)
    assert len(scripts) == 2
    for text in (*scripts, *re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)):
        assert page_module.hash_of(text) in policy


def test_no_word_of_a_vocabulary_ends_the_script(tmp_path):
    nasty = ["</script><script>alert(1)</script>", "<!--", "\u2028", "{{view}}"]
    tokenizer = WordTokenizer(["<pad>", "<unk>", "<bos>", "<eos>", "\n", *nasty])
    model = small_model(tmp_path / "<b>model", tokenizer)
    page = exported(model, tmp_path).read_text(encoding="utf-8")
    assert "alert(1)</script>" not in page
    assert page.count("<script") == 4
    assert "<b>" not in page
    content = re.search(r'id="model">(.*?)</script>', page, flags=re.DOTALL)[1]
    assert json.loads(content)["tokenizers"]["tokenizer"]["tokens"][5:] == nasty


def old_words():
    return WordTokenizer(["<pad>", "<unk>", "<bos>", "<eos>", "\n", "sea"], splitting=1)


REFUSED = {
    "reads ahead": (NetworkConfig(vocabulary_size=6, units=(4,), bidirectional=True, form="ngrams"), None),
    "NLTK": (NetworkConfig(vocabulary_size=6, units=(4,)), old_words),
    "reads vectors": (ClassifierConfig(labels=("a", "b"), num_features=3, units=(4,)), None),
    "reads holiday, known beforehand": (ForecasterConfig(known=("holiday",), units=(4,)), None),
    "keeps no series": (ForecasterConfig(calendar=("week",), units=(4,)), None),
    "at most 1,000 steps": (ForecasterConfig(horizon=2000, strategy="recursive", units=(4,)), None),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_a_page_cannot_hold_is_refused(tmp_path, sentence):
    config, make = REFUSED[sentence]
    default = WordTokenizer(["<pad>", "<unk>", "<bos>", "<eos>", "\n", "sea"])
    tokenizers = {name: make() if make else default for name in config.tokenizer_names}
    model = stored(tmp_path / "model", config, tokenizers)
    with pytest.raises(TextrnnError, match=sentence):
        export(model, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_subwords_of_another_kind_are_refused(words, tmp_path, subwords):
    from sentencepiece import sentencepiece_model_pb2

    changed = sentencepiece_model_pb2.ModelProto.FromString(subwords.model)
    changed.normalizer_spec.add_dummy_prefix = True
    tokenizer = SubwordTokenizer(changed.SerializeToString())
    config = NetworkConfig(vocabulary_size=tokenizer.vocabulary_size, units=(4,))
    with pytest.raises(TextrnnError, match="unigram model of SentencePiece as textrnn trains it"):
        export(stored(tmp_path / "model", config, {"tokenizer": tokenizer}), tmp_path / "page.html")


def test_a_model_without_weights_is_refused(tmp_path):
    with pytest.raises(TextrnnError, match="has not been trained yet"):
        export(LanguageModel(), tmp_path / "page.html")


def test_the_command_writes_a_page(call, words, tmp_path):
    small_model(tmp_path / "model", words)
    status, output, _ = call(command, tmp_path / "model", "--to", tmp_path / "page.html", "--weight-format", "float16")
    assert status == 0
    assert "MB written" in output
    assert '"weightFormat":"float16"' in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert_refused(call(command, tmp_path / "model", "--to", tmp_path / "page.htm"), ".html (a page")
    assert_refused(call(command, tmp_path / "model", "--to", tmp_path / "no" / "page.html"), "cannot be written")
    assert_refused(call(command, tmp_path / "none", "--to", tmp_path / "page.html"), "no such model")


def test_a_kind_that_has_no_page(tmp_path):
    """A page would need a microphone."""
    config = RecogniserConfig(vocabulary_size=7, units=(4,))
    tokenizer = CharTokenizer([*SPECIAL_TOKENS, "a", "b", " "])
    with pytest.raises(TextrnnError, match="A recogniser has no page. Use `textrnn export --to model.onnx`"):
        export(stored(tmp_path / "model", config, {"tokenizer": tokenizer}), tmp_path / "page.html")
