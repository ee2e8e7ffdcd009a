"""Recurrent layers without a matrix product in their loop, for `benchmarks.cells`.

What the gates say is one product over all steps of a batch, since they read the inputs alone; what is left of the loop
is a gated running average, elementwise. `Elementwise` says which published cell a layer is:

- quasi-recurrent: `Elementwise(window=2, tanh=True, output_gate=True)` (Bradbury et al. 2017, section 2)
- SRU: `Elementwise(highway=True, feedback=True)` (Lei et al. 2018, section 3)
- minGRU: `Elementwise()` (Feng et al. 2024, section 3.1)
"""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from textrnn.config import NetworkConfig
from textrnn.training.language_model import RecurrentNetwork
from textrnn.training.recurrence import matrix_product, new_array

__all__ = ["Elementwise", "ElementwiseConfig", "ElementwiseLayer", "ElementwiseNetwork", "gated_average"]


@dataclasses.dataclass(frozen=True)
class Elementwise:
    """What a layer computes.

    Args:
        window: How many inputs the gates of a step read: 1, or 2 for that of the step before as well.
        tanh: Whether the candidates are squashed.
        output_gate: Whether a gate is multiplied with the average.
        highway: Whether a gate mixes what the layer says with what it was given, which must have its size.
        feedback: Whether the gates also see the average before them, times a vector (Lei et al. 2018, equation 1).
        normalized: Whether what the gates read is normalised first (Ba et al. 2016); the highway's other side is not.
    """

    window: int = 1
    tanh: bool = False
    output_gate: bool = False
    highway: bool = False
    feedback: bool = False
    normalized: bool = False

    @property
    def num_gates(self) -> int:
        """How often the units fit into the product, the candidates counted too."""
        return 2 + self.output_gate + self.highway


@dataclasses.dataclass(frozen=True, kw_only=True)
class ElementwiseConfig(NetworkConfig):
    """A `NetworkConfig` whose recurrent layers are elementwise; `cell` counts for nothing.

    Args:
        layers: What each layer computes.
    """

    layers: tuple[Elementwise, ...] = ()


def gated_average(candidates: Any, gates: Any, feedback: Any, first: Any) -> Any:
    """Averages over time: `c = f * c_previous + (1 - f) * z` with `f = sigmoid(a + v * c_previous)`.

    The loop alone is compiled. For batches of 32 x 64 x 1024, forwards and backwards, that takes 0.6 times as long as
    the same loop interpreted. Compiling all that stands around it as well makes it 1.3 times as long, and unrolling it
    over its 64 steps 12 times.

    Args:
        candidates: `z`, shape `(time, batch, units)`.
        gates: `a`, of the same shape.
        feedback: `v`, shape `(units,)`.
        first: The average before the first step, shape `(batch, units)`.

    Returns:
        The averages `c` after each step, of the candidates' shape.
    """

    @tf.custom_gradient
    def run(candidates: Any, gates: Any, feedback: Any, first: Any) -> tuple[Any, Any]:
        averages = average_forward(candidates, gates, feedback, first)
        before = shifted(averages, first)

        def gradient(d_averages: Any) -> tuple[Any, ...]:
            d_candidates, d_gates, d_first = average_backward(candidates, gates, feedback, before, d_averages)
            return d_candidates, d_gates, tf.reduce_sum(d_gates * before, axis=[0, 1]), d_first

        return averages, gradient

    return run(candidates, gates, feedback, first)


@tf.function(jit_compile=True)
def average_forward(candidates: Any, gates: Any, feedback: Any, first: Any) -> Any:
    """Runs the loop of `gated_average`."""
    num_steps = tf.shape(candidates)[0]
    z, a = new_array(num_steps, candidates), new_array(num_steps, gates)

    def step(t: Any, c: Any, averages: Any) -> tuple[Any, ...]:
        candidate = z.read(t)
        c = candidate + tf.sigmoid(a.read(t) + feedback * c) * (c - candidate)
        return t + 1, c, averages.write(t, c)

    start = (0, first, new_array(num_steps))
    _, _, averages = tf.while_loop(lambda t, *_: t < num_steps, step, start, maximum_iterations=num_steps)
    return averages.stack()


@tf.function(jit_compile=True)
def average_backward(candidates: Any, gates: Any, feedback: Any, before: Any, d_averages: Any) -> tuple[Any, Any, Any]:
    """Returns the gradients of `gated_average` by candidates, gates and the first average."""
    num_steps = tf.shape(candidates)[0]
    z, a, earlier, d_c = (new_array(num_steps, values) for values in (candidates, gates, before, d_averages))

    def step(t: Any, carried: Any, d_candidates: Any, d_gates: Any) -> tuple[Any, ...]:
        candidate, c_previous = z.read(t), earlier.read(t)
        f = tf.sigmoid(a.read(t) + feedback * c_previous)
        d = carried + d_c.read(t)
        d_gate = d * (c_previous - candidate) * f * (1.0 - f)
        return t - 1, d * f + d_gate * feedback, d_candidates.write(t, d * (1.0 - f)), d_gates.write(t, d_gate)

    start = (num_steps - 1, tf.zeros_like(before[0]), new_array(num_steps), new_array(num_steps))
    _, d_first, d_candidates, d_gates = tf.while_loop(lambda t, *_: t >= 0, step, start, maximum_iterations=num_steps)
    return d_candidates.stack(), d_gates.stack(), d_first


def shifted(sequence: Any, first: Any) -> Any:
    """Returns what stands before each step of a sequence of shape `(time, batch, size)`."""
    return tf.concat([first[tf.newaxis], sequence[:-1]], axis=0)


def normalized(sequence: Any, gamma: Any, beta: Any) -> Any:
    """Gives each vector the mean 0 and the variance 1, and then `gamma` and `beta`."""
    mean = tf.reduce_mean(sequence, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(sequence - mean), axis=-1, keepdims=True)
    return (sequence - mean) * (tf.math.rsqrt(variance + 1e-3) * gamma) + beta


class ElementwiseLayer(keras.layers.Layer):
    """A layer whose loop over time is elementwise, with the interface of `textrnn.training.layers.FastLoop`.

    Args:
        units: Size of the output.
        options: What the layer computes.
        precision: "float32" or "bfloat16", the arithmetic of the matrix product.
        seed: Fixes the initial weights.
    """

    def __init__(self, units: int, options: Elementwise, precision: str = "float32", seed: int = 0, **others: Any):
        super().__init__(**others)
        self.units = units
        self.options = options
        self.precision = precision
        self.seed = seed

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs whose last axis has a fixed size."""
        options, size = self.options, input_shape[-1]
        if options.highway and size != self.units:
            raise ValueError(f"A highway needs inputs of its layer's size. Received: size={size}, units={self.units}.")
        self.state_sizes = [self.units] + [size] * (options.window - 1)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(options.window * size, options.num_gates * self.units),
            initializer=keras.initializers.LecunUniform(seed=self.seed),  # by the inputs of a gate, however many gates
        )
        # As in Keras's LSTM, what is remembered is not forgotten at first.
        biases = [0.0, 1.0] + [0.0] * (options.num_gates - 2)
        self.bias = self.add_weight(
            name="bias",
            shape=(options.num_gates * self.units,),
            initializer=lambda shape, dtype: tf.repeat(tf.constant(biases, dtype), self.units),
        )
        if options.feedback:
            self.feedback = self.add_weight(name="feedback", shape=(2, self.units), initializer="zeros")
        if options.normalized:
            self.gamma = self.add_weight(name="gamma", shape=(size,), initializer="ones")
            self.beta = self.add_weight(name="beta", shape=(size,), initializer="zeros")
        self.built = True

    def call(self, inputs: Any, initial_state: Any, training: bool = False) -> tuple[Any, ...]:
        """Reads sequences of shape `(batch, time, size)`.

        Returns:
            Outputs of shape `(batch, time, units)`, and the states to carry on with: the last average, and with a
            window of 2 the last that the gates read.
        """
        options = self.options
        inputs = tf.transpose(inputs, (1, 0, 2))  # (time, batch, size)
        read = normalized(inputs, self.gamma, self.beta) if options.normalized else inputs
        states = [] if options.window == 1 else [read[-1]]
        if options.window == 2:
            read = tf.concat([shifted(read, initial_state[1]), read], axis=-1)
        candidates, gates, *others = self._project(read)
        feedback = tf.convert_to_tensor(self.feedback) if options.feedback else tf.zeros((2, self.units))
        candidates = tf.tanh(candidates) if options.tanh else candidates
        outputs = averages = gated_average(candidates, gates, feedback[0], initial_state[0])
        if options.output_gate:
            outputs = tf.sigmoid(others.pop(0)) * outputs
        if options.highway:
            gate = others.pop(0)
            gate = gate + feedback[1] * shifted(averages, initial_state[0]) if options.feedback else gate
            outputs = inputs + tf.sigmoid(gate) * (outputs - inputs)
        return tf.transpose(outputs, (1, 0, 2)), averages[-1], *states

    def _project(self, read: Any) -> list[Any]:
        """Returns candidates and gates, each of shape `(time, batch, units)`, of what they read."""
        num_steps, batch_size, size = tf.shape(read)[0], tf.shape(read)[1], read.shape[2]
        projected = matrix_product(tf.reshape(read, (-1, size)), tf.convert_to_tensor(self.kernel), self.precision)
        parts = tf.split(projected + self.bias, self.options.num_gates, axis=-1)
        return [tf.reshape(part, (num_steps, batch_size, self.units)) for part in parts]


class ElementwiseNetwork(RecurrentNetwork):
    """textrnn's language model with elementwise recurrent layers; all else is shared."""

    network_config: ElementwiseConfig

    def make_recurrent_layers(self, units: Any, *names: Any) -> list[list[Any]]:
        """Returns for each layer its one recurrent layer."""
        return [
            [ElementwiseLayer(size, options, self.precision, next(self.seeds), name=f"recurrent_{layer}")]
            for layer, (size, options) in enumerate(zip(units, self.network_config.layers, strict=True))
        ]

    def initial_states(self, batch_size: Any) -> list[Any]:
        """Returns zero states: for each layer a list of tensors of shape `(batch_size, size)`."""
        return [[tf.zeros((batch_size, size)) for size in layer.state_sizes] for (layer,) in self.stack.recurrent]

    def step_signature(self) -> list[Any]:
        """Returns the specs of a training step's inputs, targets and states."""
        sizes = [layer.state_sizes for (layer,) in self.stack.recurrent]
        states = [[tf.TensorSpec((None, size), tf.float32) for size in layer] for layer in sizes]
        return [*super().step_signature()[:2], states]
