"""The contract that every kind of model keeps, one test for each clause and kind of the table."""

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import textrnn
from tests.callbacks import StopAfter
from tests.clips import tones, write_manifest
from textrnn import TextrnnError
from textrnn.config.kinds import KINDS
from textrnn.tasks.compression import compress

WORDS = ["the", "lamp", "is", "lit", "a", "boat", "came", "home", "rope", "wet"]


def sentences(number, seed):
    """Returns sentences of a few words."""
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(WORDS, draw.integers(3, 8))) for _ in range(number)]


def pairs(number, seed):
    """Returns sentences and the same in capitals."""
    return [(sentence, sentence.upper()) for sentence in sentences(number, seed)]


def labelled(number, seed):
    """Returns sentences and whether they have a boat."""
    return [(sentence, "boat" if "boat" in sentence else "none") for sentence in sentences(number, seed)]


@dataclasses.dataclass(frozen=True)
class Sample:
    """What the contract needs of a kind.

    Args:
        options: A small network with dropout of every sort.
        data: Returns what `fit` is given.
        use: Returns what a trained model does with new input.
        logits: Returns the outputs of the Keras network and of the NumPy network for the same input.
        file: Returns the text of a file that `fit` and `evaluate` read.
    """

    options: dict[str, Any]
    data: Callable[[], Any]
    use: Callable[[Any], Any]
    logits: Callable[[Any, Any], tuple[Any, Any]]
    file: Callable[[], str]


IDS = np.array([[4, 5, 6, 7], [6, 5, 0, 0]], dtype=np.int32)


def language_model_logits(keras_network, numpy_network):
    states = keras_network.initial_states(2), numpy_network.initial_states(2)
    return keras_network.run(IDS, states[0])[0], numpy_network(IDS, states[1])[0]


def translator_logits(keras_network, numpy_network):
    memory, states = numpy_network.encode(IDS)
    return keras_network((IDS, IDS)), numpy_network.decode(IDS, states, memory)[0]


def classifier_logits(keras_network, numpy_network):
    return keras_network((IDS, IDS > 0, IDS)), numpy_network(IDS, IDS > 0, IDS)


def waves(number, seed):
    """Returns a series with a season of eight steps."""
    return np.sin(np.arange(number) * np.pi / 4) + np.random.default_rng(seed).normal(0, 0.1, number)


def forecaster_logits(keras_network, numpy_network):
    values = waves(24, 2).reshape(2, 12, 1).astype(np.float32)
    context = np.empty((2, 0), np.float32)
    return [np.asarray(network(*inputs)).reshape(2, -1) for network, inputs in (
        (keras_network, ((values, context),)), (numpy_network, (values, context)))]  # fmt: skip


def clips(number, seed):
    """Returns the manifest of clips of some words."""
    texts = np.random.default_rng(seed).choice(WORDS, number).tolist()
    return write_manifest(tempfile.mkdtemp(prefix="clips-"), texts)


def recogniser_logits(keras_network, numpy_network):
    inputs = np.random.default_rng(3).normal(size=(*IDS.shape, 20)).astype(np.float32)
    return keras_network((inputs, IDS > 0)), numpy_network(inputs, IDS > 0)


SAMPLES = {
    "language-model": Sample(
        {"level": "char", "units": (10, 8), "embedding_dim": 6, "dropout": 0.2, "weight_drop": 0.1},
        lambda: sentences(60, 1),
        lambda model: model.generate("the", max_tokens=20, seed=1),
        language_model_logits,
        lambda: "text\tnumber\n" + "".join(f"{sentence}\t1\n" for sentence in sentences(60, 2)),
    ),
    "translator": Sample(
        {"level": "char", "encoder_units": (8,), "decoder_units": (10, 8), "embedding_dim": 6, "weight_drop": 0.1},
        lambda: pairs(60, 1),
        lambda model: model.translate(["the boat", "a lamp"], num_beams=2),
        translator_logits,
        lambda: "".join("\t".join(pair) + "\n" for pair in pairs(60, 2)),
    ),
    "classifier": Sample(
        {"level": "word", "units": (10, 8), "embedding_dim": 6, "dropout": 0.2, "weight_drop": 0.1, "word_dropout": 0.1,
         "linear": True, "pooling": ("last", "max", "mean", "attention")},
        lambda: labelled(60, 1),
        lambda model: model.probabilities(["the boat", "a lamp is lit"]).tolist(),
        classifier_logits,
        lambda: "text\tlabel\n" + "".join("\t".join(pair) + "\n" for pair in labelled(60, 2)),
    ),
    "forecaster": Sample(
        {"horizon": 4, "lookback": 12, "segment": 3, "units": (10, 8), "head_units": 6},
        lambda: waves(120, 1),
        lambda model: [model.forecast().quantiles.tolist(), model.forecast(waves(30, 5)).values.tolist()],
        forecaster_logits,
        lambda: "wave\n" + "".join(f"{value:.4f}\n" for value in waves(120, 2)),
    ),
    "recogniser": Sample(
        {"sample_rate": 8000, "num_bands": 10, "stacked_frames": 2, "units": (10, 8), "dropout": 0.2,
         "weight_drop": 0.1},
        lambda: clips(30, 1),
        lambda model: [one.to_dict() for one in model.transcripts([tones("boat"), tones("the lamp")], num_beams=2)],
        recogniser_logits,
        lambda: clips(12, 2).read_text(),
    ),
}  # fmt: skip
FIT = {"steps": 12, "validations": 2, "moving_average": 0.9, "seed": 3, "patience": 0}

kinds = pytest.mark.parametrize("kind", KINDS)


def make(kind, **options):
    """Returns an untrained model."""
    return KINDS[kind].load("tasks", "task")(**{**SAMPLES[kind].options, **options})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Returns a function that gives a trained model of a kind and its directory."""
    known: dict[str, Any] = {}

    def get(kind):
        if kind not in known:
            directory = tmp_path_factory.mktemp(kind) / "model"
            model = make(kind)
            model.fit(SAMPLES[kind].data(), output=directory, progress=textrnn.Progress(quiet=True), **FIT)
            known[kind] = model, directory, model.history
        return known[kind]

    return get


def test_every_kind_is_held_to_the_contract():
    assert set(SAMPLES) == set(KINDS)


@kinds
def test_a_saved_model_does_the_same(kind, trained, tmp_path):
    model, directory, _ = trained(kind)
    expected = SAMPLES[kind].use(model)
    loaded = type(model).load(directory)
    assert SAMPLES[kind].use(loaded) == expected
    loaded.save(tmp_path / "copy")
    assert SAMPLES[kind].use(type(model).load(tmp_path / "copy")) == expected
    assert repr(loaded).startswith(f"<{type(model).__name__}")


@kinds
@pytest.mark.parametrize(("weight_format", "tolerance"), [("float16", 0.01), ("int8", 0.03), ("int4", 0.4)])
def test_a_model_of_smaller_numbers_does_nearly_the_same(kind, weight_format, tolerance, trained, tmp_path):
    model, directory, _ = trained(kind)
    model.save(tmp_path, weight_format=weight_format)
    loaded = type(model).load(tmp_path)
    keras_network = KINDS[kind].load("training", "network")(model.config)
    keras_network.set_weights_by_name(model.weights)
    expected, found = SAMPLES[kind].logits(keras_network, loaded.network)
    real = IDS > 0 if np.ndim(found) == 3 else slice(None)
    np.testing.assert_allclose(np.asarray(expected)[real], found[real], atol=tolerance)
    assert SAMPLES[kind].use(loaded)
    sizes = [(place / "weights.safetensors").stat().st_size for place in (tmp_path, directory)]
    assert sizes[0] < sizes[1]


@kinds
def test_a_model_is_made_smaller_and_measured(kind, trained, tmp_path):
    _, directory, _ = trained(kind)
    (tmp_path / "data.tsv").write_text(SAMPLES[kind].file())
    data = [str(tmp_path / "data.tsv")]
    options = {"prune": 0.6, "budget": {"steps": 12}, "how": {"column": "text"} if kind == "language-model" else {}}
    found = compress(str(directory), str(tmp_path / "small"), data, **options)
    assert found.after.weight_bytes < found.before.weight_bytes
    assert found.after.zero_share >= 0.59
    assert min(found.before.speed, found.after.speed) > 0
    assert np.isfinite([found.before.score, found.after.score]).all()
    assert found.score_name in str(found)
    assert json.loads(json.dumps(found.to_dict()))["unit"] == found.unit
    with pytest.raises(TextrnnError, match=r"has no option `colunm`"):
        compress(str(directory), str(tmp_path / "other"), data, how={"colunm": "a"})


@kinds
def test_half_precision_is_float16(kind, trained, tmp_path):
    model, _, _ = trained(kind)
    model.save(tmp_path / "a", half_precision=True)
    model.save(tmp_path / "b", weight_format="float16")
    assert len({(tmp_path / name / "weights.safetensors").read_bytes() for name in "ab"}) == 1
    with pytest.raises(TextrnnError, match=r"`half_precision` means 'float16'. Received: weight_format='int8' too"):
        model.save(tmp_path / "c", half_precision=True, weight_format="int8")


@kinds
def test_keras_and_numpy_agree(kind, trained):
    model, _, _ = trained(kind)
    keras_network = KINDS[kind].load("training", "network")(model.config)
    keras_network.set_weights_by_name(model.weights)
    expected, found = SAMPLES[kind].logits(keras_network, model.network)
    real = IDS > 0 if np.ndim(found) == 3 else slice(None)
    np.testing.assert_allclose(np.asarray(expected)[real], found[real], atol=1e-5)


@kinds
def test_an_interrupted_run_resumes_exactly(kind, trained, tmp_path, quiet, interruptible):
    whole, _, records = trained(kind)
    with pytest.raises(KeyboardInterrupt):
        make(kind).fit(SAMPLES[kind].data(), output=tmp_path, progress=quiet, callbacks=[StopAfter(8)], **FIT)
    resumed = make(kind)
    resumed.fit(SAMPLES[kind].data(), output=tmp_path, resume=True, progress=quiet)
    found = resumed.history
    for name in ("training_loss", "validation_loss", "validation_score"):
        assert [getattr(record, name) for record in found] == [getattr(record, name) for record in records]
    for name, weight in whole.weights.items():
        np.testing.assert_array_equal(weight, resumed.weights[name])
    assert SAMPLES[kind].use(resumed) == SAMPLES[kind].use(whole)


@kinds
def test_an_option_that_nobody_knows(kind):
    with pytest.raises(TextrnnError, match=r"no option `dropuot`. Did you mean 'dropout'"):
        make(kind, dropuot=0.3)
    with pytest.raises(TextrnnError, match=r"fit has no option `epoch`. Did you mean 'epochs'"):
        make(kind).fit(SAMPLES[kind].data(), epoch=3)


@kinds
def test_a_model_without_weights_is_neither_saved_nor_used(kind, tmp_path):
    with pytest.raises(TextrnnError, match="has no weights to save yet"):
        make(kind).save(tmp_path / "model")
    with pytest.raises(TextrnnError, match="has not been trained yet"):
        SAMPLES[kind].use(make(kind))
    assert not (tmp_path / "model").exists()


@kinds
@pytest.mark.parametrize("name", ["config.json", "weights.safetensors", "manifest.json"])
def test_damage_is_noticed(kind, name, trained, tmp_path):
    model, directory, _ = trained(kind)
    shutil.copytree(directory, tmp_path / "damaged")
    content = bytearray((tmp_path / "damaged" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "damaged" / name).write_bytes(content)
    with pytest.raises(TextrnnError):
        type(model).load(tmp_path / "damaged")


@kinds
def test_a_strangers_config_is_read_with_suspicion(kind, trained, tmp_path):
    """Of another kind, with an option that nobody knows, with sizes that fit no machine."""
    model, directory, _ = trained(kind)
    other = next(name for name in KINDS if name != kind)
    network = json.loads((directory / "config.json").read_text())["network"]
    size = "encoder_units" if "encoder_units" in network else "units"
    for number, content in enumerate((
        {"kind": other, "network": network},
        {"kind": kind, "network": {**network, "command": "rm -rf"}},
        {"kind": kind, "network": {**network, size: [10**9]}},
        {"kind": kind, "network": {**network, "cell": ["lstm"]}},
    )):  # fmt: skip
        hostile = tmp_path / str(number)
        shutil.copytree(directory, hostile)
        (hostile / "config.json").write_text(json.dumps(content))
        refresh_manifest(hostile)
        with pytest.raises(TextrnnError):
            type(model).load(hostile)


def refresh_manifest(directory):
    """Makes a manifest fit its files again, as an attacker would."""
    import hashlib

    from textrnn.storage import checksum

    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, entry in manifest["files"].items():
        content = (directory / name).read_bytes()
        entry.update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    manifest["checksum"] = checksum(manifest)
    path.write_text(json.dumps(manifest))
