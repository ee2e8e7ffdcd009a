import numpy as np
import pytest

from tests.conftest import random_weights
from textrnn import LanguageModel, Progress, TextrnnError, corpora
from textrnn.config import NetworkConfig
from textrnn.evaluation.perplexity import Evaluation, evaluate
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.preprocessing.sequences import encode_corpus
from textrnn.preprocessing.tokenizers import CharTokenizer

TOKENIZER = CharTokenizer(["<pad>", "<unk>", "<bos>", "<eos>", *"abcd\n"])


def uniform(**options):
    """A network of zeros gives each of the nine tokens the same probability."""
    config = NetworkConfig(vocabulary_size=9, units=(3,), embedding_dim=2, **options)
    return RecurrentNetwork(config, {name: np.zeros(shape) for name, shape in config.weight_shapes().items()})


def encoded(tmp_path, text, form="stream", documents=None, **options):
    path = tmp_path / "a.txt"
    path.write_text(text)
    corpus = corpora.Corpus((path,), documents=documents or (None if form == "stream" else "line"))
    return encode_corpus(corpus, TOKENIZER, tmp_path, markers=documents is not None)


@pytest.mark.parametrize(
    ("options", "num_tokens"),
    [
        ({}, 9),
        ({"form": "lines", "documents": "line"}, 10),
        ({"form": "stream", "documents": "line"}, 10),
        ({"form": "lines"}, 6),
        ({"form": "ngrams", "documents": "line"}, 10),
        ({"form": "ngrams", "bidirectional": True, "documents": "line"}, 10),
        ({"form": "ngrams", "bidirectional": True}, 6),
    ],
)
def test_a_uniform_network_has_the_perplexity_of_its_vocabulary(tmp_path, options, num_tokens):
    """ "abc", "", "abcda": ten tokens of which nine follow another; two lines with three and five tokens."""
    result = evaluate(uniform(**options), encoded(tmp_path, "abc\nabcda\n", **options))
    assert result.num_tokens == num_tokens
    assert result.perplexity == pytest.approx(9.0)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_long_document_is_scored_with_its_state_carried(tmp_path, monkeypatch, batch_size):
    """In rows of four tokens or at once: the same loss, to the last bit of float32."""
    config = NetworkConfig(vocabulary_size=9, units=(5,), embedding_dim=3, form="lines", documents="line")
    random = np.random.default_rng(0)
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in config.weight_shapes().items()}
    network = RecurrentNetwork(config, weights)
    text = encoded(tmp_path, "abcdabcdacbd\nabcda\nbbbbbbb\n", documents="line")
    whole = evaluate(network, text, batch_size=batch_size)
    monkeypatch.setattr("textrnn.evaluation.perplexity.ROW_TOKENS", 4)
    assert evaluate(network, text, batch_size=batch_size).loss == pytest.approx(whole.loss, rel=1e-6)
    assert whole.num_tokens == 12 + 5 + 7 + 3


def test_bits_per_character_by_hand():
    """Four tokens of one nat each over eight characters: 4 / 8 / log 2."""
    assert Evaluation(1.0, 4, 8, 0.0).bits_per_character == pytest.approx(0.5 / np.log(2))


def test_windows_cover_every_target(tmp_path):
    for window in (1, 2, 4, 100):
        result = evaluate(uniform(), encoded(tmp_path, "abc\nabcda\n"), window=window, batch_size=2)
        assert result.loss == pytest.approx(np.log(9))
        assert result.num_tokens == 9


def test_nothing_to_predict(tmp_path):
    with pytest.raises(TextrnnError, match="nothing to predict"):
        evaluate(uniform(), encoded(tmp_path, "a"))
    with pytest.raises(TextrnnError, match="No line has a token"):
        evaluate(uniform(form="lines"), encoded(tmp_path, "a\nb\n", form="lines"))


def test_unknown_tokens_are_noted():
    assert Evaluation(1.0, 1000, 4000, 0.009).notes == ()
    much = Evaluation(1.0, 1000, 4000, 0.125)
    assert much.notes[0].startswith("12.5% of the tokens are unknown")
    assert str(much).endswith(f"\nnote: {much.notes[0]}")


@pytest.mark.parametrize("options", [{}, {"form": "lines", "documents": "line"}], ids=["windows", "lines"])
def test_two_processes_have_the_figures_of_one(tmp_path, options):
    """Windows of 200 tokens, or lines; the lines that are predicted worst too."""
    model = LanguageModel(level="char", units=(5,), embedding_dim=3, **options)
    model.config = NetworkConfig(vocabulary_size=9, units=(5,), embedding_dim=3, **options)
    model.tokenizers, model.weights = {"tokenizer": TOKENIZER}, random_weights(model.config)
    path = tmp_path / "a.txt"
    draw = np.random.default_rng(1)
    path.write_text("".join("".join(draw.choice(list("abcd"), size)) + "\n" for size in draw.integers(1, 40, 300)))
    alone = model.evaluate(path, window=200, explain=True)
    told = Progress(quiet=True)
    assert model.evaluate(path, window=200, explain=True, jobs=2, progress=told) == alone
    assert told.done == alone.num_tokens
    assert len(alone.hardest) > 1
    with pytest.raises(TextrnnError, match="`jobs` must be"):
        model.evaluate(path, jobs=0)
