"""What follows from a device, with the devices replaced; and the networks through Keras's loop, as on a card.

There is no card here. cuDNN's kernel is replaced by one that does in TensorFlow what cuDNN documents: it takes its
packed weights, stops each row at its length, and fills up with zeros. All that stands between it and a network is
Keras's.
"""

import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from textrnn import Forecaster, LanguageModel, TextrnnError
from textrnn.config import ClassifierConfig, ForecasterConfig, NetworkConfig, TranslatorConfig
from textrnn.config.kinds import KINDS
from textrnn.training import devices, layers, tf
from textrnn.training.devices import Device, chosen_device
from textrnn.training.steps import Steps

CPU, CARD = Device(), Device("gpu", has_cudnn=True)
keras_loops = sys.modules["keras.src.backend.tensorflow.rnn"]  # a function of its package has the same name


def physical(kind, number=0):
    return SimpleNamespace(device_type=kind, name=f"/physical_device:{kind}:{number}")


@pytest.fixture
def machine(monkeypatch):
    """Sets what TensorFlow sees, and whether cuDNN runs; returns what has been made visible since."""
    hidden = []

    def set_machine(*kinds, cudnn=()):
        seen = [physical(kind) for kind in kinds]
        monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind=None: seen)
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [d for d in seen if not kind])
        monkeypatch.setattr(tf.config, "set_visible_devices", lambda *arguments: hidden.append(arguments))
        monkeypatch.setattr(devices, "runs_cudnn", lambda precision: precision in cudnn)
        return hidden

    return set_machine


@pytest.mark.parametrize(
    ("kinds", "cudnn", "expected"),
    [
        (["CPU"], [], CPU),
        (["CPU", "GPU"], ["float32"], CARD),
        (["CPU", "GPU"], ["float32", "bfloat16"], Device("gpu", True, True)),
        (["CPU", "GPU"], [], CPU),  # Apple's: the processor is faster
    ],
)
def test_a_card_is_taken_where_it_has_cudnn(machine, kinds, cudnn, expected):
    hidden = machine(*kinds, cudnn=cudnn)
    assert chosen_device() == expected
    assert not hidden


def test_what_is_asked_for_is_taken(machine):
    hidden = machine("CPU", "GPU", cudnn=["float32"])
    assert chosen_device("gpu") == CARD
    assert chosen_device("cpu") == CPU
    assert hidden == [([], "GPU")]  # a card that others may be using is left alone
    machine("CPU", "GPU")
    assert chosen_device("gpu") == Device("gpu")
    with pytest.raises(TextrnnError, match=r"`device` must be one of 'cpu', 'gpu'. Received: 'gpus'. Did you mean"):
        chosen_device("gpus")


@pytest.mark.parametrize(("model", "data"), [(LanguageModel, "no file"), (Forecaster, "no file")])
def test_a_card_that_is_not_there_is_refused_before_anything_is_read(machine, tmp_path, model, data):
    machine("CPU")
    with pytest.raises(TextrnnError, match=r"TensorFlow [\d.]+ sees CPU:0 alone. Install the card's driver"):
        model().fit(data, device="gpu", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_card_that_was_put_aside_is_told_from_none(machine, monkeypatch):
    machine("CPU")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [physical("GPU")])
    with pytest.raises(TextrnnError, match="An earlier run with `device='cpu'` has put the card aside"):
        chosen_device("gpu")


def test_beside_a_card_the_processor_is_said_explicitly(machine, monkeypatch):
    places = []
    monkeypatch.setattr(tf, "device", lambda name: places.append(name) or tf.name_scope("here"))
    machine("CPU")
    with CPU.placed():
        assert places == []
    machine("CPU", "GPU")
    with CARD.placed():
        assert places == []
    with CPU.placed():
        assert places == ["/CPU:0"]


def test_keras_runs_what_cudnn_computes_and_textrnn_the_rest():
    assert [CARD.uses_keras_loop(cell) for cell in ("simple_rnn", "gru", "lstm")] == [False, True, True]
    assert not CARD.uses_keras_loop("lstm", has_left_padding=True)
    assert not CPU.uses_keras_loop("lstm")
    assert not Device("gpu").uses_keras_loop("lstm")


def test_on_a_card_nothing_is_compiled_or_divided(monkeypatch):
    monkeypatch.setattr(devices, "num_cores", lambda: 16)
    assert CPU.compiles_loop(128, "float32", True)
    assert not CARD.compiles_loop(128, "float32", True)
    assert not CPU.compiles_loop(128, "bfloat16", True)
    assert not CPU.compiles_loop(128, "float32", False)
    assert not CPU.compiles_loop(1024, "float32", True)
    assert CARD.num_parts(10**7, 512) == 1
    assert CPU.num_parts(10**7, 512) > 1


def test_bfloat16_reaches_cudnn_where_it_takes_that():
    assert CARD.recurrent_precision("bfloat16") == "float32"
    assert Device("gpu", True, True).recurrent_precision("bfloat16") == "bfloat16"
    assert Device("gpu", True, True).recurrent_precision("float32") == "float32"


def test_only_builds_for_cards_that_may_have_cudnn_are_tried(monkeypatch):
    def fail(*arguments, **options):
        raise AssertionError("a trial sets TensorFlow to work")

    monkeypatch.setattr(tf.sysconfig, "get_build_info", lambda: {"cpu_compiler": "clang"})
    monkeypatch.setattr(tf, "device", fail)
    assert not devices.runs_cudnn.__wrapped__("float32")


def test_a_trial_without_a_kernel_says_that_there_is_none(monkeypatch):
    monkeypatch.setattr(tf, "device", lambda name: tf.name_scope("here"))
    assert not devices.runs_cudnn.__wrapped__("float32")
    monkeypatch.setattr(keras_loops, "_is_gpu_available", lambda: True)  # as Keras takes Apple's card
    assert not devices.runs_cudnn.__wrapped__("float32")


class Kernel:
    """`tf.raw_ops.CudnnRNNV3`, in plain TensorFlow."""

    def __init__(self):
        self.num_calls = 0

    def __call__(self, *, input, input_h, input_c, params, rnn_mode, sequence_lengths, time_major, is_training):
        assert is_training
        assert not time_major
        self.num_calls += 1
        sums, next_states = (self.lstm_sums, self.lstm) if rnn_mode == "lstm" else (self.gru_sums, self.gru)
        number, units, size = (4 if rnn_mode == "lstm" else 3), input_h.shape[-1], input.shape[-1]
        cut = tf.split(params, [size * units] * number + [units * units] * number + [units] * 2 * number)
        read = [tf.reshape(part, (units, size)) for part in cut[:number]]
        kept = [tf.reshape(part, (units, units)) for part in cut[number : 2 * number]]
        biases = cut[2 * number :]

        states = input_h[:, 0], input_c[:, 0] if rnn_mode == "lstm" else tf.zeros_like(input_h[:, 0])
        outputs = []
        for t in range(input.shape[1]):
            new = next_states(sums(input[:, t], states[0], read, kept, biases), states)
            real = (t < sequence_lengths)[:, tf.newaxis]
            states = [tf.where(real, after, before) for after, before in zip(new, states, strict=True)]
            outputs.append(tf.where(real, new[0], tf.zeros_like(new[0])))
        h, c = (state[:, tf.newaxis] for state in states)
        return tf.stack(outputs, axis=1), h, c, None, None

    def lstm_sums(self, x, h, read, kept, biases):
        return [
            x @ tf.transpose(w) + h @ tf.transpose(r) + biases[gate] + biases[gate + 4]
            for gate, (w, r) in enumerate(zip(read, kept, strict=True))
        ]

    def lstm(self, sums, states):
        i, f, g, o = sums
        c = tf.sigmoid(f) * states[1] + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(c), c

    def gru_sums(self, x, h, read, kept, biases):
        from_input = [x @ tf.transpose(w) + biases[gate] for gate, w in enumerate(read)]
        from_state = [h @ tf.transpose(r) + biases[gate + 3] for gate, r in enumerate(kept)]
        return from_input, from_state

    def gru(self, sums, states):
        (x_r, x_z, x_n), (h_r, h_z, h_n) = sums
        r, z = tf.sigmoid(x_r + h_r), tf.sigmoid(x_z + h_z)
        return z * states[0] + (1 - z) * tf.tanh(x_n + r * h_n), states[1]


@pytest.fixture
def kernel(monkeypatch):
    """Puts a kernel in the place of cuDNN's, and a card under Keras."""
    found = Kernel()
    monkeypatch.setattr(tf.raw_ops, "CudnnRNNV3", found)
    monkeypatch.setattr(keras_loops, "_is_gpu_available", lambda: True)
    monkeypatch.setattr(devices, "LARGE_NETWORK", 0)
    return found


IDS = np.array([[4, 5, 6, 7, 5], [6, 5, 7, 0, 0], [9, 0, 0, 0, 0], [0, 0, 0, 0, 0]], np.int32)  # one of no tokens
NEXT = np.array([[5, 6, 7, 5, 8], [5, 7, 8, 0, 0], [8, 0, 0, 0, 0], [8, 0, 0, 0, 0]], np.int32)
DRAWN = np.random.default_rng(0).normal(size=(4, 12, 1)).astype(np.float32)
NETWORKS = {
    "language-model": (
        NetworkConfig(vocabulary_size=600, units=(7, 5), embedding_dim=6, form="lines"),  # above what is a small one
        (IDS, NEXT),
        2,
    ),
    "translator": (
        TranslatorConfig(
            source_vocabulary_size=12,
            target_vocabulary_size=12,
            embedding_dim=6,
            encoder_units=(5, 4),
            decoder_units=(7,),
        ),
        ((IDS, NEXT), NEXT),
        5,
    ),
    "classifier": (
        ClassifierConfig(
            labels=("a", "b"), vocabulary_size=12, embedding_dim=6, units=(5, 4), pooling=("last", "max", "mean")
        ),
        ((IDS, IDS > 0), np.eye(2, dtype=np.float32)[[0, 1, 1, 0]]),
        None,
    ),
    "forecaster": (
        ForecasterConfig(lookback=12, segment=3, horizon=3, units=(5, 4)),
        ((DRAWN, np.empty((4, 0), np.float32)), DRAWN[:, :3, 0]),
        2,
    ),
}


def step(kind, cell, device, weights=None, precision="float32"):
    """Returns the loss of a step, with weight-drop, its gradients by name, the states after it, and the weights."""
    config, (inputs, targets), _ = NETWORKS[kind]
    none = {name: 0.0 for name in config.option_names() if name.endswith("dropout") and name != "variational_dropout"}
    dropped = {"weight_drop": 0.25} if "weight_drop" in config.option_names() else {}
    config = type(config).from_dict({**config.to_dict(), "cell": cell, **none, **dropped})
    network = KINDS[kind].load("training", "network")(config, precision, seed=1, device=device)
    if weights is not None:
        network.set_weights_by_name(weights)
    fitting = KINDS[kind].load("config", "fitting")()
    steps = Steps(network, fitting, max_targets=20)
    batch = tf.nest.map_structure(tf.constant, (inputs, targets))
    num_targets = network.num_targets(batch[1])
    loss, gradients, states = steps._loss_and_gradients(num_targets, *batch, network.initial_states(4))
    found = dict(zip(steps.names, gradients, strict=True))
    return loss.numpy(), found, tf.nest.flatten(states), network.get_weights_by_name()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_through_cudnn_a_step_is_the_same(kernel, kind, cell):
    """A row without tokens among them, which cuDNN refuses."""
    expected, expected_gradients, expected_states, weights = step(kind, cell, CPU)
    assert not kernel.num_calls
    loss, gradients, states, _ = step(kind, cell, CARD, weights)
    num_layers = NETWORKS[kind][2]
    assert kernel.num_calls == num_layers if num_layers else kernel.num_calls >= 2
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    assert list(gradients) == list(expected_gradients)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, expected_gradients[name], atol=1e-6, err_msg=name)
    for state, reference in zip(states, expected_states, strict=True):
        np.testing.assert_allclose(state, reference, atol=1e-6)


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_loop_that_keras_has_on_a_processor_makes_the_same_step(kind):
    """Without any replacement: what Keras does where it finds no cuDNN."""
    expected, expected_gradients, _, weights = step(kind, "lstm", CPU)
    loss, gradients, _, _ = step(kind, "lstm", CARD, weights)
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, expected_gradients[name], atol=1e-6, err_msg=name)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_in_bfloat16_cudnn_is_given_bfloat16_and_the_network_float32(kernel, cell, monkeypatch):
    given = []

    def asked(**options):
        given.append({options[name].dtype.name for name in ("input", "input_h", "params")})
        return kernel(**options)

    monkeypatch.setattr(tf.raw_ops, "CudnnRNNV3", asked)
    expected, expected_gradients, _, weights = step("translator", cell, CPU)
    loss, gradients, _, _ = step("translator", cell, Device("gpu", True, True), weights, "bfloat16")
    assert given == [{"bfloat16"}] * 5
    np.testing.assert_allclose(loss, expected, rtol=2e-2)
    for name, gradient in gradients.items():
        assert gradient.dtype == tf.float32
        np.testing.assert_allclose(gradient, expected_gradients[name], atol=5e-2, err_msg=name)


def test_what_is_padded_on_the_left_stays_with_the_loop_of_textrnn(kernel):
    network = KINDS["language-model"].load("training", "network")(
        NetworkConfig(vocabulary_size=12, units=(5,), embedding_dim=6, form="ngrams"), device=CARD
    )
    network(IDS[:, ::-1].copy())
    assert not kernel.num_calls


def test_a_layer_keeps_its_loop_when_it_is_made_again():
    layer = layers.LSTM(3, has_keras_loop=True, precision="bfloat16", return_sequences=True)
    again = layers.LSTM.from_config(layer.get_config())
    assert (again.has_keras_loop, again.has_fast_loop, again.compute_dtype) == (True, False, "bfloat16")


def watched(function, calls):
    """Returns a function that is called as another is, and leaves a trace of it."""
    return lambda *arguments: calls.append(arguments) or function(*arguments)


def test_a_run_on_a_card_is_one_part_and_may_be_resumed_without(machine, tmp_path, lighthouse, quiet, monkeypatch):
    """On "the card" of the replacements, with Keras's loop: checkpoint and model do not know what made them."""
    run_by_keras = []
    monkeypatch.setattr(layers.FastLoop, "keras_loop", watched(layers.FastLoop.keras_loop, run_by_keras))
    machine("CPU", "GPU", cudnn=["float32"])
    options = {"level": "char", "units": (6,), "embedding_dim": 6, "cell": "lstm"}
    fitting = {"batch_size": 4, "length": 4, "progress": quiet, "initial_model": "none"}
    LanguageModel(**options).fit(lighthouse, steps=3, output=tmp_path, device="gpu", **fitting)
    assert run_by_keras
    run_by_keras.clear()
    machine("CPU")
    model = LanguageModel()
    records = model.fit(output=tmp_path, resume=True, steps=5, progress=quiet, device="cpu")
    assert not run_by_keras
    assert records[-1].step == 5
    assert model.facts["options"]["parts"] == 1
    assert not re.search("gpu|device", str(model.facts))
