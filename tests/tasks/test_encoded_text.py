"""Text that is encoded once gives the models that the text itself gives, bit for bit."""

import numpy as np
import pytest

from tests.conftest import assert_refused
from textrnn import LanguageModel, Progress, TextrnnError, encode, train

NETWORK = {"cell": "gru", "units": (8,), "embedding_dim": 8, "dropout": 0.1}
TRAINING = {"steps": 6, "batch_size": 4, "length": 16, "learning_rate": 0.01, "seed": 5}


def fitted(source, options, **more):
    model = LanguageModel(**NETWORK, **options)
    model.fit(source, **TRAINING, progress=Progress(quiet=True), **more)
    return model


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """Lines that are documents."""
    path = tmp_path_factory.mktemp("names") / "names.txt"
    draw = np.random.default_rng(0)
    syllables = ["an", "bel", "co", "dra", "el", "fi"]
    names = sorted({"".join(draw.choice(syllables, draw.integers(2, 5))).title() for _ in range(400)})
    path.write_text("".join(f"{name}\n" for name in names))
    return path


@pytest.mark.parametrize(
    ("options", "how", "shards"),
    [
        ({"level": "char"}, {}, 1),
        ({"level": "char"}, {}, 5),
        ({"level": "subword", "vocabulary_size": 300}, {"validation_fraction": 0}, 3),
        ({"level": "char", "form": "lines"}, {"split_by": "line"}, 2),
    ],
    ids=["one file", "five files", "subwords", "lines"],
)
def test_running_text_in_any_number_of_files(lighthouse, tmp_path, quiet, options, how, shards):
    LanguageModel(**NETWORK, **options).encode(
        lighthouse, tmp_path / "encoded", shards=shards, seed=5, progress=quiet, **how
    )
    assert len(list((tmp_path / "encoded").glob("training-*.npy"))) == shards
    one, other = fitted(lighthouse, options, **how), fitted(tmp_path / "encoded", {})
    assert_equal(one, other)


def test_documents(names, tmp_path, quiet):
    LanguageModel(**NETWORK).encode(names, tmp_path / "encoded", shards=3, seed=5, progress=quiet)
    one, other = fitted(names, {}), fitted(tmp_path / "encoded", {})
    assert other.config.documents == "line"
    assert_equal(one, other)
    (sample,) = other.generate([""], num_samples=1, new_only=True, temperature=1.5, seed=1)
    assert sample


def assert_equal(one, other):
    assert one.config == other.config
    assert one.tokenizer.files() == other.tokenizer.files()
    assert set(one.weights) == set(other.weights)
    for name, array in one.weights.items():
        assert np.array_equal(array, other.weights[name]), name
    assert set(one.ngrams) == set(other.ngrams)
    assert all(np.array_equal(array, other.ngrams[name]) for name, array in one.ngrams.items())
    assert one.facts["training_tokens"] == other.facts["training_tokens"]
    assert one.facts["validation_loss"] == other.facts["validation_loss"]


def test_parts_that_were_encoded_on_several_machines(call, lighthouse, tmp_path):
    """Two commands with one vocabulary, one run over both; resumed, and gone on with by a model that knows it."""
    first, second, output = tmp_path / "first", tmp_path / "second", tmp_path / "model"
    status, printed, error = call(encode, lighthouse, "--output", first, "--level", "char", "--shards", 2)
    assert (status, printed) == (0, "")
    assert f"{first}: encoded. Try: python -m textrnn.train language-model {first}" in error
    assert call(encode, lighthouse, "--output", second, "--tokenizer", first)[0] == 0
    options = ["--units", 8, "--embedding-dim", 8, "--batch-size", 4, "--length", 16]
    status, _, error = call(train, "language-model", first, second, "--output", output, *options, "--steps", 4)
    assert status == 0, error
    model = LanguageModel.load(output)
    alone = fitted(first, {})
    assert model.facts["training_tokens"] == 2 * alone.facts["training_tokens"]
    assert model.tokenizer.files() == alone.tokenizer.files()
    assert not model.ngrams  # each directory has a record of its own
    assert call(train, "language-model", "--output", output, "--resume", "--steps", 6)[0] == 0
    assert call(encode, lighthouse, "--output", tmp_path / "third", "--tokenizer", output)[0] == 0
    tuned = LanguageModel.load(output)
    tuned.fit(tmp_path / "third", steps=2, batch_size=4, length=16, progress=Progress(quiet=True))
    assert not np.array_equal(tuned.weights["embedding/embeddings"], model.weights["embedding/embeddings"])


def test_what_encoding_has_settled(lighthouse, tmp_path, trained, quiet):
    directory = tmp_path / "encoded"
    LanguageModel(level="char").encode(lighthouse, directory, progress=quiet)
    for options, more, words in (
        ({"level": "word"}, {}, "was encoded with level='char'. Received: level='word'"),
        ({"form": "lines"}, {}, "was encoded for another `form`.*--form lines"),
        ({"documents": "line"}, {}, "was encoded with documents=None"),
        ({}, {"validation_fraction": 0.2}, "`validation_fraction` was settled"),
        ({}, {"split_by": "line"}, "`split_by` was settled"),
        ({}, {"initial_model": "english"}, "Encoded text is for a new model, or one that is loaded"),
    ):
        with pytest.raises(TextrnnError, match=words):
            fitted(directory, options, **more)
    with pytest.raises(TextrnnError, match="was not encoded with this model's vocabulary"):
        LanguageModel.load("shakespeare").fit(directory, steps=1, progress=quiet)
    with pytest.raises(TextrnnError, match="has a vocabulary of its own"):
        LanguageModel.load(trained[1]).encode(lighthouse, tmp_path / "x", tokenizer=directory, progress=quiet)


def test_an_encoding_that_fails_leaves_nothing(call, lighthouse, tmp_path):
    place = tmp_path / "encoded"
    for arguments, words in (
        ([lighthouse, "--shards", 0], "`shards` must be a whole number at least 1"),
        ([lighthouse, "--level", "sound"], "`level` must be one of"),
        ([lighthouse, "--tokenizer", "nothing"], "nothing: no such model directory"),
        ([tmp_path / "missing.txt"], "missing.txt"),
    ):
        assert_refused(call(encode, *arguments, "--output", place), words)
        assert not place.exists()
    place.mkdir()
    (place / "precious").touch()
    assert_refused(call(encode, lighthouse, "--output", place), "is there already")
    assert [one.name for one in place.iterdir()] == ["precious"]
