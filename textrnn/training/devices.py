"""What a run computes on, and everything that follows from it.

On a processor, textrnn's own loop over time and its compiled steps are the fast ones, and a large batch is trained in
parts side by side, one for each core. On a graphics card, cuDNN (MIOpen on AMD's) runs a whole sequence at once: the
recurrent layers keep Keras's loop, which calls it, and a batch stays whole.

TensorFlow for Apple's and other cards has no such kernel; a recurrent network is faster on the processor there, and
goes to the card only where that is asked for.
"""

import contextlib
import dataclasses
import functools
import os
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from textrnn.config.fitting import DEVICES
from textrnn.cores import num_cores
from textrnn.errors import TextrnnError, check_choice

__all__ = ["Device", "chosen_device", "is_large", "layer_dtype", "usable_cores"]

LARGE_NETWORK = 300_000  # weights; what makes a step of such a network fast would only delay a smaller one's start
FEWEST_ROWS = 8  # of a part; a core makes .97 of what it makes with 32 rows with 16, .90 with 8, and .71 with 4
# Sizes of the layers whose loop is compiled where all batches have one shape. Smaller ones train for less time than
# compiling takes; larger ones spend their time in the matrix products, which gain nothing.
COMPILED_UNITS = range(64, 385)
CUDNN_CELLS = ("lstm", "gru")


@dataclasses.dataclass(frozen=True)
class Device:
    """What a network is trained on.

    Args:
        name: "cpu" or "gpu".
        has_cudnn: Whether Keras's recurrent layers run through one kernel there.
        has_bfloat16_cudnn: Whether that kernel takes bfloat16.
    """

    name: str = "cpu"
    has_cudnn: bool = False
    has_bfloat16_cudnn: bool = False

    def uses_keras_loop(self, cell: str, has_left_padding: bool = False) -> bool:
        """Returns whether a recurrent layer runs Keras's loop over time, rather than textrnn's own.

        Args:
            cell: "simple_rnn", "gru" or "lstm".
            has_left_padding: Whether padding stands before the sequences of a batch, where cuDNN takes none.
        """
        return self.has_cudnn and cell in CUDNN_CELLS and not has_left_padding

    def recurrent_precision(self, precision: str) -> str:
        """Returns the arithmetic of Keras's loop, of a run whose matrix products have that of `precision`."""
        return precision if self.has_bfloat16_cudnn else "float32"

    @property
    def may_compile(self) -> bool:
        """Whether XLA compiles what it makes faster; on a card cuDNN does that work, and XLA wants more installed."""
        return self.name == "cpu"

    def compiles_loop(self, units: int, precision: str, has_fixed_shape: bool) -> bool:
        """Returns whether the loop over time of a layer is compiled, anew for each shape of batch."""
        return self.may_compile and precision == "float32" and has_fixed_shape and units in COMPILED_UNITS

    def num_parts(self, num_weights: int, num_rows: int) -> int:
        """Returns how many parts a training batch is divided in: one for each core, as far as it has the rows for it.

        Args:
            num_weights: Size of the network.
            num_rows: Rows of a usual batch.
        """
        if self.name != "cpu" or not is_large(num_weights):
            return 1
        return max(min(usable_cores(), num_rows // FEWEST_ROWS), 1)

    @contextlib.contextmanager
    def placed(self) -> Iterator[None]:
        """Puts what is built and called in a `with` block on this device; TensorFlow itself prefers a card."""
        with tf.device("/CPU:0") if self.name == "cpu" and cards() else contextlib.nullcontext():
            yield


def chosen_device(name: str | None = None) -> Device:
    """Returns what a run computes on; a card that is not wanted is left alone where TensorFlow has not taken it yet.

    Args:
        name: "cpu" or "gpu"; None takes a card that has cuDNN, and else the processor.

    Raises:
        TextrnnError: If "gpu" is asked for and TensorFlow sees none.
    """
    if name is not None:
        check_choice("device", name, DEVICES)
    if name == "gpu" and not cards():
        raise TextrnnError(no_card())
    if name == "cpu" and cards():
        with contextlib.suppress(RuntimeError):  # TensorFlow has begun, with the card
            tf.config.set_visible_devices([], "GPU")
    if name == "cpu" or not cards():
        return Device()
    has_cudnn = runs_cudnn("float32")
    if name is None and not has_cudnn:
        return Device()
    return Device("gpu", has_cudnn, has_cudnn and runs_cudnn("bfloat16"))


def is_large(num_weights: int) -> bool:
    """Returns whether a network is worth what makes its steps fast and its start slow."""
    return num_weights >= LARGE_NETWORK


def no_card() -> str:
    """Says that there is no graphics card, what TensorFlow sees, and what can be done."""
    seen = " and ".join(device.name.removeprefix("/physical_device:") for device in visible_devices())
    if tf.config.list_physical_devices("GPU"):
        return "An earlier run with `device='cpu'` has put the card aside in this process. Start a new one for it."
    return (
        f"`device='gpu'` needs a graphics card, and TensorFlow {tf.__version__} sees {seen or 'no device'} alone. "
        "Install the card's driver and pip install 'tensorflow[and-cuda]', or leave the option out."
    )


def visible_devices() -> list[Any]:
    """Returns what TensorFlow may use in this process."""
    return list(tf.config.get_visible_devices())


def cards() -> list[Any]:
    """Returns the graphics cards among `visible_devices`."""
    return [device for device in visible_devices() if device.device_type == "GPU"]


@functools.cache
def runs_cudnn(precision: str) -> bool:
    """Tries whether a recurrent layer of Keras runs through cuDNN, forward and backward, in "float32" or "bfloat16".

    Only TensorFlow for NVIDIA's and AMD's cards is tried, since a trial sets TensorFlow to work. Keras itself takes
    every card for one with cuDNN.
    """
    build = tf.sysconfig.get_build_info()
    if not (build.get("is_cuda_build") or build.get("is_rocm_build")):
        return False
    try:
        with tf.device("/GPU:0"), tf.GradientTape() as tape:
            layer = keras.layers.LSTM(8, use_cudnn=True, dtype=layer_dtype(precision))
            loss = tf.reduce_sum(tf.cast(layer(tf.ones((2, 3, 4)), mask=tf.ones((2, 3), tf.bool)), tf.float32))
        gradient = tape.gradient(loss, layer.trainable_variables[0].value)
        return bool(tf.reduce_all(tf.math.is_finite(gradient)))
    except (tf.errors.OpError, ValueError):  # Keras's word for a layer that cuDNN does not compute is ValueError
        return False


def layer_dtype(precision: str) -> str:
    """Returns the name that Keras has for layers of a precision whose weights are float32."""
    return precision if precision == "float32" else f"mixed_{precision}"


def usable_cores() -> int:
    """Returns how many cores TensorFlow may use: those of the process, or as many as somebody has set it threads."""
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    if threads:
        threads += tf.config.threading.get_inter_op_parallelism_threads()
    else:
        set_outside = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
        threads = int(set_outside) if set_outside.isdecimal() else 0
    return min(num_cores(), threads) if threads else num_cores()
