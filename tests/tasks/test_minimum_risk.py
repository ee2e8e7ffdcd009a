import numpy as np
import pytest

from tests.callbacks import StopAfter
from tests.conftest import reversal_pairs
from textrnn import Progress, TextrnnError, Translator
from textrnn.config import TranslatorTrainingConfig
from textrnn.inference.drawing import draw_translations
from textrnn.preprocessing.pair_batches import PairPlan, encode_pairs, without_special_ids
from textrnn.tasks.minimum_risk import RiskBatches
from textrnn.training.translator import EncoderDecoder

OPTIONS = {
    "objective": "minimum-risk",
    "batch_tokens": 900,
    "learning_rate": 0.002,
    "warmup_steps": 0,
    "validation_fraction": 0.1,
    "validation_sentences": 20,
    "seed": 1,
    "progress": Progress(quiet=True),
}


@pytest.fixture(scope="module")
def beginner(tmp_path_factory):
    """A translator that reverses symbols, but not well."""
    translator = Translator(level="word", encoder_units=(16,), decoder_units=(16,), embedding_dim=16)
    directory = tmp_path_factory.mktemp("model") / "beginner"
    translator.fit(
        reversal_pairs(600, seed=1), epochs=6, batch_tokens=300, learning_rate=0.01, output=directory, seed=1,
        progress=Progress(quiet=True),
    )  # fmt: skip
    return directory


def batch_of(translator, number=8):
    pairs = encode_pairs(reversal_pairs(number, seed=5), translator.source_tokenizer, translator.target_tokenizer)
    return next(PairPlan(pairs, 10_000).batches())


def mean_reward(translator):
    """Returns the mean share of positions that are right, of many draws."""
    batch = batch_of(translator, 60)
    sources, targets = without_special_ids(batch)
    groups = draw_translations(translator.network, sources, 20, np.random.default_rng(0))
    rights = [
        sum(a == b for a, b in zip(one.token_ids, target, strict=False)) / max(len(target), len(one.token_ids))
        for target, group in zip(targets, groups, strict=True)
        for one in group
    ]
    return float(np.mean(rights))


def test_candidates_count_by_their_rewards_and_references_by_the_likelihood(beginner):
    translator = Translator.load(beginner)
    config = TranslatorTrainingConfig(objective="minimum-risk", candidates=4, likelihood_weight=0.25)
    batches = RiskBatches(translator.config, config, translator.target_tokenizer, "13a")
    plain = batch_of(translator)
    found = batches(plain, translator.weights, step=3)
    sources, targets = without_special_ids(found)
    weights = found.inputs[2]
    assert len(sources) == len(targets) == len(weights)
    first_sources, references = without_special_ids(plain)
    for row, (source, reference) in enumerate(zip(first_sources, references, strict=True)):
        np.testing.assert_array_equal(sources[row], source)
        np.testing.assert_array_equal(targets[row], reference)
        assert weights[row] == pytest.approx(0.25)
        others = [i for i in range(len(references), len(sources)) if np.array_equal(sources[i], source)]
        assert sum(weights[i] for i in others) == pytest.approx(0, abs=1e-6)
        right = [i for i in others if np.array_equal(targets[i], reference)]
        assert all(weights[i] == max(weights[j] for j in others) > 0 for i in right)
    again = batches(plain, translator.weights, step=3)
    np.testing.assert_array_equal(again.targets, found.targets)
    np.testing.assert_array_equal(again.inputs[2], weights)
    other = batches(plain, translator.weights, step=4)
    assert other.targets.shape != found.targets.shape or (other.targets != found.targets).any()


def test_what_is_drawn_becomes_better(beginner):
    """By the reward alone: no likelihood of the given translations is in the loss."""
    translator = Translator.load(beginner)
    before = mean_reward(translator)
    translator.fit(reversal_pairs(600, seed=1), steps=60, likelihood_weight=0.0, candidates=8, **OPTIONS)
    assert mean_reward(translator) > before + 0.02


def test_what_learns_is_the_network_that_draws(beginner, monkeypatch):
    """Without dropout, and without smoothing, which would teach something of bad candidates too."""
    seen = {}

    class Network(EncoderDecoder):
        def __init__(self, config, *others, **options):
            super().__init__(config, *others, **options)
            rates = {layer.rate for layer in self.named_dropouts.values()}
            seen.update(rates=rates, label_smoothing=options["label_smoothing"], weight_drop=config.weight_drop)

    monkeypatch.setattr("textrnn.training.translator.EncoderDecoder", Network)
    translator = Translator.load(beginner)
    dropout = translator.config.dropout
    assert dropout > 0
    translator.fit(reversal_pairs(300, seed=1), steps=1, **OPTIONS)
    assert seen == {"rates": {0.0}, "label_smoothing": 0.0, "weight_drop": 0.0}
    assert translator.config.dropout == dropout
    translator.fit(reversal_pairs(300, seed=1), steps=1, batch_tokens=900, progress=Progress(quiet=True))
    assert dropout in seen["rates"]


def test_an_interrupted_run_resumes_exactly(beginner, tmp_path, interruptible):
    def fit(**how):
        translator = Translator.load(beginner)
        options = {**OPTIONS, "moving_average": 0.9, "steps": 8}
        return translator, translator.fit(reversal_pairs(300, seed=1), **options, **how)

    whole, expected = fit()
    with pytest.raises(KeyboardInterrupt):
        fit(output=tmp_path, callbacks=[StopAfter(5)])
    resumed, found = fit(output=tmp_path, resume=True)
    losses = [[record.training_loss for record in records[1:]] for records in (found, expected)]  # first: none yet
    assert losses[0] == losses[1]
    for name, weight in whole.weights.items():
        np.testing.assert_array_equal(weight, resumed.weights[name])


def test_what_cannot_be_is_refused(beginner):
    pairs = reversal_pairs(300, seed=1)
    with pytest.raises(TextrnnError, match="a last stage for a translator that is trained"):
        Translator(level="word").fit(pairs, **OPTIONS)
    with pytest.raises(TextrnnError, match="`candidates` is for objective='minimum-risk'"):
        Translator.load(beginner).fit(pairs, candidates=3, progress=Progress(quiet=True))
    with pytest.raises(TextrnnError, match="`objective` must be"):
        Translator.load(beginner).fit(pairs, objective="risk")
