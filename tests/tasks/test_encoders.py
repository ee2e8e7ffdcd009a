"""A classifier that begins with a language model."""

import io
import shutil

import numpy as np
import pytest

from tests.callbacks import StopAfter
from tests.conftest import assert_refused
from tests.tasks.test_classifier import reviews
from textrnn import Classifier, LanguageModel, TextrnnError, classify, train
from textrnn.preprocessing.tokenizers import BOS_ID, UNK_ID
from textrnn.progress import Progress
from textrnn.training.classifier import SequenceClassifier

LINES = [f"the {thing} was {sort} and long" for thing in ("film", "day", "road") for sort in ("new", "old", "wet")] * 8
SHORT = {"batch_size": 16, "steps": 12, "validations": 2, "seed": 3, "patience": 0}
SMALL = {"level": "word", "units": (7, 5), "embedding_dim": 6}


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """A language model of lines that are documents, by words; and its directory."""
    model = LanguageModel(**SMALL, cell="gru", tie_weights=True)
    directory = tmp_path_factory.mktemp("words") / "model"
    model.fit(LINES, documents="item", output=directory, steps=25, progress=Progress(quiet=True))
    return model, directory


@pytest.fixture(scope="module")
def both_ways():
    """A language model of the n-gram form that reads both ways."""
    model = LanguageModel(**SMALL, form="ngrams", bidirectional=True, documents="item")
    model.fit(LINES, steps=20, progress=Progress(quiet=True))
    return model


@pytest.fixture
def table(tmp_path):
    rows = "".join(f"{text},{label}\n" for text, label in reviews(60, 1))
    (tmp_path / "train.csv").write_text("review,verdict\n" + rows)
    return tmp_path / "train.csv"


def prepared(classifier, data, quiet):
    """Returns the classifier with the weights that it begins with: the steps are too small to move a float32."""
    still = {"steps": 2, "learning_rate": 1e-30, "weight_decay": 0.0, "moving_average": 0.0}
    return classifier.fit(data, **still, progress=quiet)


def keras_network(classifier):
    network = SequenceClassifier(classifier.config)
    network.set_weights_by_name(classifier.weights)
    return network


def test_the_first_weights_are_those_of_the_language_model(words, quiet):
    """All of them that read, in their order; `lovely` and others have rows of their own at the end."""
    model, _ = words
    classifier = prepared(Classifier.from_language_model(model), reviews(80, 1), quiet)
    old, new = model.weights, classifier.weights
    assert [name for name in old if name.startswith(("embedding", "recurrent"))] == [
        name for name in new if not name.startswith(("attention", "output", "linear"))
    ]
    assert sum(name.startswith("recurrent") for name in new) == 6
    for name in (name for name in old if name.startswith("recurrent")):
        np.testing.assert_array_equal(new[name], old[name])
    number = model.tokenizer.vocabulary_size
    np.testing.assert_array_equal(new["embedding/embeddings"][:number], old["embedding/embeddings"])
    tokenizer = classifier.tokenizers["tokenizer"]
    assert tokenizer.tokens[:number] == model.tokenizer.tokens
    assert set(tokenizer.tokens[number:]) == {"lovely", "great", "superb", "awful", "dull", "boring"}
    assert classifier.config.vocabulary_size == tokenizer.vocabulary_size == len(new["embedding/embeddings"])
    assert len(new["output/bias"]) == 2
    assert model.tokenizer.vocabulary_size == number  # it stays as it was


@pytest.mark.parametrize("engine", ["keras", "numpy"])
def test_the_first_pooled_states_are_the_language_models(words, quiet, engine):
    """Its states after `bos` and the words, at each step and where the text ends."""
    model, _ = words
    classifier = prepared(Classifier.from_language_model(model, pooling=("last", "max")), reviews(80, 1), quiet)
    (ids,) = classifier._encoded(["the film was long"])
    assert ids.tolist() == [BOS_ID, *model.tokenizer.encode("the film was long").tolist()]
    network = model.network
    outputs, states = network.stack(network.first_inputs(ids[np.newaxis]), network.initial_states(1))
    expected = np.concatenate([states[-1][0], outputs.max(axis=1)], axis=-1)
    np.testing.assert_array_equal(states[-1][0], outputs[:, -1])
    mask = np.ones((1, len(ids)), bool)
    if engine == "numpy":
        found = classifier.network._pooled(
            *classifier.network.stack.read(classifier.weights["embedding/embeddings"][ids[np.newaxis]], mask), mask
        )
    else:
        keras = keras_network(classifier)
        outputs, ends = keras.stack.read(keras.embedding(ids[np.newaxis]), mask)
        found = np.concatenate([keras._pooled(name, outputs, ends, mask) for name in ("last", "max")], axis=-1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_network_that_reads_both_ways(both_ways, quiet):
    """What its output saw of a whole n-gram is what the classifier's sees of a whole text."""
    classifier = prepared(Classifier.from_language_model(both_ways, pooling="last"), reviews(80, 1), quiet)
    assert classifier.config.bidirectional
    (ids,) = classifier._encoded(["the film was long"])
    row, mask = ids[np.newaxis], np.ones((1, len(ids)), bool)
    _, expected = both_ways.network.stack.read(both_ways.network.embeddings[np.pad(row, ((0, 0), (3, 0)))],
                                               np.pad(mask, ((0, 0), (3, 0))))  # fmt: skip
    _, found = keras_network(classifier).stack.read(classifier.weights["embedding/embeddings"][row], mask)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.shape == (1, 10)


def test_running_text_begins_with_a_newline_and_characters_may_be_new(trained, quiet):
    model, _, _ = trained
    classifier = Classifier.from_language_model(model, linear=False)
    assert repr(classifier) == "<Classifier: 0 classes of chars, gru 48, not trained>"
    rows = [("φως", "light"), ("σκιά", "dark")] * 10
    classifier.fit(rows, validation=rows, progress=quiet, **SHORT)
    (ids,) = classifier._encoded(["φως"])
    assert ids[0] == model.tokenizer.ids["\n"]
    assert UNK_ID not in ids
    assert ids[1:].min() >= model.tokenizer.vocabulary_size
    explained = classifier.explain("φως")
    assert explained.tokens == ("φ", "ω", "ς")
    without = [np.where(np.arange(4) == place, UNK_ID, ids) for place in (1, 2, 3)]
    texts = classifier._encoded(["φως"])[0]
    assert [np.flatnonzero(one != texts).tolist() for one in without] == [[1], [2], [3]]
    probabilities = classifier._as_probabilities(
        np.concatenate([classifier.network(one[np.newaxis], np.ones((1, 4), bool)) for one in [ids, *without]])
    )
    best = probabilities[0].argmax()
    np.testing.assert_allclose(explained.effects, probabilities[0, best] - probabilities[1:, best], atol=1e-6)
    assert classifier.explain("").tokens == ()


def test_room_for_new_words(words, trainer_of, quiet):
    model, _ = words
    size = model.tokenizer.vocabulary_size
    for more in (0, 2):
        classifier = Classifier.from_language_model(model, vocabulary_size=size + more)
        network = trainer_of(prepared, classifier, reviews(80, 1), quiet).network
        assert network.network_config.vocabulary_size == size + more
    messages = io.StringIO()
    trainer_of(prepared, Classifier.from_language_model(model), reviews(80, 1), Progress(messages))
    assert "6 new tokens are added to the vocabulary" in messages.getvalue()
    assert "7 + 5 units of a language model" in messages.getvalue()


def test_it_is_saved_and_goes_on_like_any_classifier(words, tmp_path, quiet):
    model, _ = words
    classifier = Classifier.from_language_model(model).fit(reviews(60, 1), progress=quiet, **SHORT)
    classifier.save(tmp_path / "model")
    loaded = Classifier.load(tmp_path / "model")
    assert loaded.config == classifier.config
    assert loaded.config.beginning == "bos"
    texts = [text for text, _ in reviews(9, 2)]
    np.testing.assert_array_equal(loaded.probabilities(texts), classifier.probabilities(texts))
    mask = np.arange(7) < np.array([[7], [4]])
    ids = np.where(mask, np.arange(14).reshape(2, 7) + 2, 0)
    grams = np.array([[5, 60_000], [7, 0]])
    np.testing.assert_allclose(keras_network(loaded)((ids, mask, grams)), loaded.network(ids, mask, grams), atol=1e-5)
    before = loaded.weights["recurrent_0/kernel"]
    loaded.fit(reviews(60, 2), progress=quiet, **SHORT)
    assert np.abs(loaded.weights["recurrent_0/kernel"] - before).max() < 0.1
    assert loaded.config.beginning == "bos"


def test_an_interrupted_run_resumes_exactly(words, table, tmp_path, quiet, interruptible):
    """Whether the language model is named again or not."""
    _, directory = words
    options = {"text": "review", "label": "verdict", "progress": quiet, **SHORT}
    whole = Classifier.from_language_model(directory, dropout=0.1).fit(table, **options)
    with pytest.raises(KeyboardInterrupt):
        Classifier.from_language_model(directory, dropout=0.1).fit(
            table, output=tmp_path / "m", callbacks=[StopAfter(8)], **options
        )
    shutil.copytree(tmp_path / "m", tmp_path / "copy")
    for place, resumed in (("m", Classifier.from_language_model(directory)), ("copy", Classifier())):
        resumed.fit(output=tmp_path / place, resume=True, progress=quiet)
        assert [row.validation_loss for row in resumed.history] == [row.validation_loss for row in whole.history]
        for name, weight in whole.weights.items():
            np.testing.assert_array_equal(weight, resumed.weights[name])
        assert resumed.config == whole.config


def test_a_language_model_that_went_on_resumes_without_being_named_again(words, tmp_path, quiet):
    """`LanguageModel()` alone would build another vocabulary."""
    _, directory = words
    lines = [f"the boat number {number} was blue and wet" for number in range(40)]
    LanguageModel.load(directory).fit(lines, output=tmp_path / "m", steps=4, batch_size=4, progress=quiet)
    resumed = LanguageModel()
    resumed.fit(lines, output=tmp_path / "m", resume=True, steps=6, progress=quiet)
    assert resumed.history[-1].step == 6
    assert resumed.tokenizer.vocabulary_size > LanguageModel.load(directory).tokenizer.vocabulary_size


def test_the_commands(call, words, table, tmp_path):
    _, directory = words
    arguments = ["classifier", table, "--text", "review", "--label", "verdict", "--output", tmp_path / "m"]
    started = [*arguments, "--initial-model", directory]
    status, _, error = call(train, *started, "--pooling", "last", "--steps", 4)
    assert status == 0
    assert "units of a language model" in error
    found = Classifier.load(tmp_path / "m")
    assert (found.config.pooling, found.config.units, found.config.cell) == (("last",), (7, 5), "gru")
    status, _, error = call(train, "classifier", "--output", tmp_path / "m", "--resume", "--steps", 6)
    assert (status, "going on from the best weights of 4 steps to step 6" in error) == (0, True)
    on = [*arguments[:-1], tmp_path / "on", "--initial-model", tmp_path / "m", "--steps", 2]
    status, _, error = call(train, *on)
    assert (status, "going on from trained weights" in error) == (0, True)
    assert call(classify, "a long film", "--model", tmp_path / "on")[0] == 0
    refused = call(train, *started, "--overwrite", "--units", 5)
    assert_refused(refused, "`units` is fixed by the language model", "(7, 5)")
    assert_refused(call(train, *on, "--overwrite", "--units", 5), "`units` is fixed by --initial-model")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "lstm"}, r"`cell` is fixed by the language model .*: gru. Received: 'lstm'. Leave it out"),
        ({"units": 5}, r"`units` is fixed by .*: \(7, 5\). Received: 5"),
        ({"embedding_dim": 7}, "`embedding_dim` is fixed by .*: 6"),
        ({"bidirectional": True}, "`bidirectional` is fixed by .*: False"),
        ({"level": "char"}, "`level` is fixed by .*: word"),
        ({"lowercase": True}, "`lowercase` is fixed by .*: False"),
        ({"vocabulary_size": 6}, "`vocabulary_size` must be a whole number at least 1"),
        ({"network": "tutorial"}, "`network` is fixed by .*, which is the network to begin with"),
        ({"poolnig": "last"}, "no option `poolnig`. Did you mean 'pooling'"),
        ({"beginning": "bos"}, "no option `beginning`"),
        ({"output_dropout": 2}, "`output_dropout` must be"),
    ],
)
def test_options_that_contradict_the_language_model(words, options, message):
    with pytest.raises(TextrnnError, match=message):
        Classifier.from_language_model(words[1], **options)


def test_options_that_agree_with_it(words):
    options = {"cell": "gru", "units": [7, 5], "embedding_dim": 6, "bidirectional": False, "level": "word"}
    assert Classifier.from_language_model(words[0], **options).config.units == (7, 5)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("shakespaere", "no such model directory.*Did you mean 'shakespeare'"),
        ("eng-spa", "holds a 'translator', not a 'language-model'"),
        (LanguageModel(), "This language model has not been trained yet"),
        (Classifier(), "Pass a LanguageModel, or the directory or the name of one. Received: <Classifier"),
        (None, "Pass a LanguageModel, or the directory or the name of one. Received: None"),
    ],
)
def test_what_is_no_language_model(model, message):
    with pytest.raises(TextrnnError, match=message):
        Classifier.from_language_model(model)


def test_what_a_classifier_cannot_begin_with_or_read(words, quiet):
    normalised = LanguageModel(**SMALL, layer_normalization=True)
    normalised.fit(LINES, documents="item", steps=2, progress=quiet)
    with pytest.raises(TextrnnError, match="normalises its layers .*Begin with one that was trained without"):
        Classifier.from_language_model(normalised)
    classifier = Classifier.from_language_model(words[0])
    with pytest.raises(TextrnnError, match="These sequences are vectors, and a language model reads texts"):
        classifier.fit(np.zeros((8, 3, 2)), [0, 1] * 4, progress=quiet)
    assert not classifier.weights
    with pytest.raises(TextrnnError, match="has not been trained yet"):
        classifier.predict(["a film"])
    assert classifier.fit(reviews(60, 1), progress=quiet, **SHORT).labels == ("bad", "good")
