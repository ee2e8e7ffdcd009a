"""Tiny networks of every kind, what goes into their graphs, and what NumPy says comes out."""

import itertools

import numpy as np

from tests.conftest import random_weights
from textrnn.config import ClassifierConfig, ForecasterConfig, NetworkConfig, RecogniserConfig, TranslatorConfig
from textrnn.config.kinds import KINDS

CELLS = ("simple_rnn", "gru", "lstm")
SMALL = {"vocabulary_size": 23, "embedding_dim": 6}
ALL_POOLINGS = ("last", "max", "mean", "attention")


def language_models():
    for cell in CELLS:
        yield f"language model, {cell}", NetworkConfig(cell=cell, units=(7, 5), **SMALL)
        yield f"language model, {cell}, tied", NetworkConfig(cell=cell, units=(7, 6), tie_weights=True, **SMALL)
        both = {"bidirectional": True, "form": "ngrams"}
        yield f"language model, {cell}, both ways", NetworkConfig(cell=cell, units=(7, 5), **both, **SMALL)
        more = {"tie_weights": True, "layer_normalization": True}
        yield f"language model, {cell}, projected", NetworkConfig(cell=cell, units=(7, 5), **more, **SMALL)
    yield "language model, lstm, everything both ways", NetworkConfig(units=(4, 5), **both, **more, **SMALL)


def classifiers():
    for cell in CELLS:
        options = {"labels": ("a", "b", "c"), "cell": cell, "units": (7, 5)}
        words = {**options, **SMALL, "pooling": ALL_POOLINGS}
        yield f"classifier, {cell}, both ways", ClassifierConfig(**words, linear=True, linear_share=0.3)
        yield f"classifier, {cell}, one way", ClassifierConfig(**words, bidirectional=False)
        yield f"classifier, {cell}, vectors", ClassifierConfig(**options, num_features=4, pooling=("last",))


def forecasters():
    for cell in CELLS:
        options = {"cell": cell, "units": (7, 5), "horizon": 3, "lookback": 12}
        yield f"forecaster, {cell}", ForecasterConfig(**options, segment=3, calendar=("week",), known=("holiday",))
        rest = {"strategy": "recursive", "linear": False, "head_units": 0, "point": "mean", "quantiles": ()}
        yield f"forecaster, {cell}, one step", ForecasterConfig(**options, **rest)


def translators():
    for cell, attention in itertools.product(CELLS, ("dot", "general", "additive")):
        options = {"cell": cell, "attention": attention, "encoder_units": (5, 4), "decoder_units": (8, 6)}
        sizes = {"source_vocabulary_size": 23, "target_vocabulary_size": 23, "embedding_dim": 6}
        yield f"translator, {cell}, {attention}", TranslatorConfig(**options, **sizes, joint_vocabulary=True)
        yield f"translator, {cell}, {attention}, two vocabularies", TranslatorConfig(
            **options, **{**sizes, "source_vocabulary_size": 19}, tie_weights=False)  # fmt: skip


def recognisers():
    for cell in CELLS:
        options = {"vocabulary_size": 12, "cell": cell, "units": (7, 5), "num_bands": 4}
        yield f"recogniser, {cell}, both ways", RecogniserConfig(**options)
        yield f"recogniser, {cell}, one way", RecogniserConfig(**options, bidirectional=False)


CASES = dict(itertools.chain(language_models(), classifiers(), forecasters(), recognisers(), translators()))


def of_alternate_cells(names):
    """Returns names of cases: every network of every kind once, and each time with the next cell."""
    groups = {}
    for name in names:
        kind, _, *rest = name.split(", ")
        groups.setdefault((kind, *rest), []).append(name)
    return [group[number % len(group)] for number, group in enumerate(groups.values())]


class Model:
    """What an exporter asks of a task: a config, and weights."""

    noun = "model"

    def __init__(self, config, scale=0.5):
        self.config = config
        self.weights = random_weights(config, scale=scale)
        self.network = KINDS[config.kind].load("inference", "network")(config, self.weights)


def padded(generator, rows, highest):
    """Returns right-padded token ids, one row of them whole, and one of a single token."""
    token_ids = generator.integers(4, highest, (rows, 6)).astype(np.int32)
    token_ids[1, 4:] = token_ids[2, 1:] = 0
    return token_ids


def named(arrays, prefix="state"):
    """Returns states by the names that graphs have for them."""
    return {
        f"{prefix}_{layer}_{name}": state
        for layer, states in enumerate(arrays)
        for name, state in zip("hc", states, strict=False)
    }


def expected(model):
    """Returns for each graph of a model inputs and outputs by name."""
    generator = np.random.default_rng(1)
    answers = {
        "language-model": language_model_answers,
        "classifier": classifier_answers,
        "forecaster": forecaster_answers,
        "recogniser": recogniser_answers,
        "translator": translator_answers,
    }
    return answers[model.config.kind](model.config, model.network, generator)


def language_model_answers(config, network, generator):
    if config.bidirectional:
        token_ids = np.ascontiguousarray(padded(generator, 3, 23)[:, ::-1])  # on the left
        return {"sequence": ({"token_ids": token_ids}, {"logits": network.ngram_logits(token_ids)})}
    token_ids = generator.integers(0, 23, (3, 6)).astype(np.int32)
    states = [
        [generator.normal(0, 0.5, one.shape).astype(np.float32) for one in layer] for layer in network.initial_states(3)
    ]
    logits, after = network(token_ids, states)
    whole, _ = network(token_ids, network.initial_states(3))
    return {
        "sequence": ({"token_ids": token_ids}, {"logits": whole}),
        "step": ({"token_ids": token_ids, **named(states)}, {"logits": logits, **named(after, "next_state")}),
    }


def classifier_answers(config, network, generator):
    if config.vocabulary_size:
        token_ids = padded(generator, 3, 23)
        inputs, mask, grams = {"token_ids": token_ids}, token_ids > 0, None
        if config.has_linear:
            grams = np.array([[1, 5, 40_000, 65_536], [7, 0, 0, 0], [50_000, 60_000, 0, 0]], np.int32)
            inputs["grams"] = grams
        return {"sequence": (inputs, {"logits": network(token_ids, mask, grams)})}
    vectors = generator.normal(0, 1, (3, 6, config.num_features)).astype(np.float32)
    lengths = np.array([6, 4, 1], np.int32)
    mask = np.arange(6) < lengths[:, np.newaxis]
    return {"sequence": ({"vectors": vectors, "lengths": lengths}, {"logits": network(vectors, mask)})}


def forecaster_answers(config, network, generator):
    values = generator.normal(0, 1, (3, config.lookback, 1 + len(config.known))).astype(np.float32)
    context = generator.normal(0, 1, (3, config.context_dim)).astype(np.float32)
    inputs = {"values": values, "context": context} if config.context_dim else {"values": values}
    return {"sequence": (inputs, {"forecast": network(values, context)})}


def recogniser_answers(config, network, generator):
    frames = generator.normal(0, 1, (3, 6, config.num_features)).astype(np.float32)
    lengths = np.array([6, 4, 1], np.int32)
    mask = np.arange(6) < lengths[:, np.newaxis]
    logits = np.where(mask[:, :, np.newaxis], network(frames, mask), np.nan)  # at padding anything may stand
    return {"sequence": ({"frames": frames, "lengths": lengths}, {"logits": logits})}


def translator_answers(config, network, generator):
    source_ids, target_ids = padded(generator, 3, 19), generator.integers(1, 23, (3, 4)).astype(np.int32)
    memory, states = network.encode(source_ids)
    real = memory.mask[:, :, np.newaxis]
    found = {"memory": memory.values * real, "source_mask": memory.mask}
    if config.attention != "dot":
        found["keys"] = memory.keys * real
    logits, after, attention = network.decode(target_ids, states, memory)
    inputs = {"source_ids": source_ids}
    step = {"logits": logits, "attention": attention, **named(after, "next_state")}
    return {
        "sequence": ({**inputs, "target_ids": target_ids}, {"logits": logits}),
        "encoder": (inputs, {**found, **named(states)}),
        "step": ({"token_ids": target_ids, **found, **named(states)}, step),
    }


def differences(found, wanted):
    """Returns how far arrays by name lie from what is wanted at most.

    Of a memory what is padding does not count, nor does what is wanted to be NaN.
    """
    mask = wanted["source_mask"][:, :, np.newaxis] if "source_mask" in wanted else None
    assert set(found) == set(wanted)
    worst = 0.0
    for name, array in wanted.items():
        assert found[name].shape == array.shape, name
        here = found[name] * mask if name in ("memory", "keys") else found[name]
        apart = np.where(np.isnan(array), 0.0, np.abs(np.asarray(here, np.float64) - array))
        worst = max(worst, float(apart.max()))
    return worst
