"""Keras networks built from a config."""

import keras
import numpy as np
import tensorflow as tf

from textrnn.config import NetworkConfig
from textrnn.training import layers

__all__ = ["RecurrentNetwork"]

# Sizes of the layers whose loop is compiled where all batches have one shape. Smaller ones train for less time than
# compiling takes; larger ones spend their time in the matrix products, which gain nothing.
COMPILED_UNITS = range(64, 385)


class NamedNetwork(keras.Model):
    """What both networks share: a seed for each layer, and weights under the names that the config gives them.

    Equal seeds would give layers of equal shape equal weights and dropout masks.

    Args:
        config: What the network is.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.
        seed: Fixes the initial weights and the dropout.
    """

    def __init__(self, config, precision: str = "float32", seed: int = 0, **options):
        super().__init__(**options)
        self.network_config = config
        self.precision = precision
        self.seed = seed
        self.seeds = iter(int(value) for value in np.random.SeedSequence(seed).generate_state(128) % (2**31))

    def make_dropout(self, rate):
        """Returns a dropout layer, whose mask may stay the same over a whole sequence."""
        noise_shape = (None, 1, None) if self.network_config.variational_dropout else None
        return keras.layers.Dropout(rate, noise_shape=noise_shape, seed=next(self.seeds))

    def make_recurrent(self, units, name):
        """Returns a recurrent layer; one whose name ends in "_backward" reads backwards."""
        config = self.network_config
        return layers.CELLS[config.cell](
            units,
            return_sequences=True,
            return_state=True,
            go_backwards=name.endswith("_backward"),
            weight_drop=config.weight_drop,
            precision=self.precision,
            compiled=self.precision == "float32" and self.has_fixed_shape and units in COMPILED_UNITS,
            seed=next(self.seeds),
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(self.seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(self.seeds)),
            name=name,
        )

    @property
    def has_fixed_shape(self) -> bool:
        """Whether all training batches have one shape."""
        return False

    def weight_owners(self):
        """Returns the layers that hold weights."""
        raise NotImplementedError

    def named_variables(self):
        """Returns the trainable variables under the names of `weight_shapes`."""
        return {
            f"{owner.name}/{variable.name}": variable
            for owner in self.weight_owners()
            for variable in owner.trainable_variables
        }

    def get_weights_by_name(self):
        """Returns the weights as NumPy arrays under the names of `weight_shapes`."""
        return {name: variable.numpy() for name, variable in self.named_variables().items()}

    def set_weights_by_name(self, weights):
        """Sets the weights from NumPy arrays under the names of `weight_shapes`."""
        for name, variable in self.named_variables().items():
            variable.assign(weights[name])


class RecurrentNetwork(NamedNetwork):
    """Stacked Embedding, recurrent layers, Dropout and output; a plain Keras model over token ids.

    Called on token ids of shape `(batch, time)` it returns next-token logits: `(batch, time, vocabulary_size)`, or, for
    a config in the n-gram form, `(batch, vocabulary_size)` for the token after each pre-padded sequence.

    Args:
        config: What the network is.
        precision: "float32" or "bfloat16", the arithmetic of the matrix products.
        seed: Fixes the initial weights and the dropout.
    """

    def __init__(self, config: NetworkConfig, precision: str = "float32", seed: int = 0, **options):
        super().__init__(config, precision, seed, **options)
        self.embedding = layers.TokenEmbedding(
            config.vocabulary_size,
            config.embedding_dim,
            dropout=config.embedding_dropout,
            seed=next(self.seeds),
            name="embedding",
        )
        self.recurrent = {
            f"recurrent_{layer}{direction}": self.make_recurrent(units, f"recurrent_{layer}{direction}")
            for layer, units in enumerate(config.units)
            for direction in config.directions
        }
        rates = [config.input_dropout] + [config.dropout] * (len(config.units) - 1) + [config.output_dropout]
        self.dropouts = [self.make_dropout(rate) for rate in rates]
        self.normalizations = [
            keras.layers.LayerNormalization(name=f"normalization_{layer}")
            for layer in range(len(config.units) if config.layer_normalization else 0)
        ]
        self.output_projection = layers.TokenOutput(
            config.vocabulary_size,
            tied_to=self.embedding if config.tie_weights else None,
            precision=precision,
            seed=next(self.seeds),
            name="output",
        )
        self.build((None, None))

    def build(self, input_shape):
        """Makes all the weights, so that they are there before the first batch."""
        config = self.network_config
        self.embedding.build(input_shape)
        size = config.embedding_dim
        for layer, units in enumerate(config.units):
            for direction in config.directions:
                self.recurrent[f"recurrent_{layer}{direction}"].build((None, None, size))
            size = units * len(config.directions)
            if self.normalizations:
                self.normalizations[layer].build((None, None, size))
        self.output_projection.build((None, size))
        self.built = True

    def call(self, token_ids, training=False):
        """Returns the logits; see the class for shapes."""
        if self.network_config.form == "ngrams":
            return self.ngram_logits(token_ids, training)
        return self.run(token_ids, self.initial_states(tf.shape(token_ids)[0]), training)[0]

    def initial_states(self, batch_size):
        """Returns zero states: for each layer a list of tensors of shape `(batch_size, units)`."""
        config = self.network_config
        return [[tf.zeros((batch_size, units))] * config.num_states for units in config.units]

    def run(self, token_ids, states, training=False):
        """Reads tokens from left to right.

        Args:
            token_ids: Shape `(batch, time)`; padding only on the right, where it changes nothing before it.
            states: What `initial_states` or the call before returned.
            training: Whether dropout is on.

        Returns:
            Logits of shape `(batch, time, vocabulary_size)`, and the states to carry on with.
        """
        hidden, new_states = self.hidden_states(token_ids, states, training)
        return self.output_projection(hidden), new_states

    def hidden_states(self, token_ids, states, training=False):
        """The same as `run`, but for the output layer: returns what it would be given."""
        hidden = self.dropouts[0](self.embedding(token_ids, training=training), training=training)
        new_states = []
        for layer in range(len(self.network_config.units)):
            recurrent = self.recurrent[f"recurrent_{layer}"]
            hidden, *state = recurrent(hidden, initial_state=states[layer], training=training)
            hidden = self._after_layer(layer, hidden, training)
            new_states.append(state)
        return hidden, new_states

    def ngram_logits(self, token_ids, training=False):
        """Returns the logits of the token after each pre-padded sequence, shape `(batch, vocabulary_size)`."""
        return self.output_projection(self.ngram_hidden(token_ids, training))

    def ngram_hidden(self, token_ids, training=False):
        """The same as `ngram_logits`, but for the output layer: returns what it would be given."""
        mask = tf.not_equal(token_ids, 0)
        config = self.network_config
        hidden = self.dropouts[0](self.embedding(token_ids, training=training), training=training)
        for layer in range(len(config.units)):
            outputs, ends = [], []
            for direction in config.directions:
                recurrent = self.recurrent[f"recurrent_{layer}{direction}"]
                sequence, end, *_ = recurrent(hidden, mask=mask, training=training)
                outputs.append(tf.reverse(sequence, [1]) if recurrent.go_backwards else sequence)
                ends.append(end)
            if layer + 1 < len(config.units):
                hidden = self._after_layer(layer, tf.concat(outputs, axis=-1), training)
            else:  # the output layer sees where each direction has ended
                hidden = self._after_layer(layer, tf.concat(ends, axis=-1)[:, tf.newaxis], training)[:, 0]
        return hidden

    def _after_layer(self, layer, hidden, training):
        if self.normalizations:
            hidden = self.normalizations[layer](hidden)
        return self.dropouts[layer + 1](hidden, training=training)

    def weight_owners(self):
        """Returns the layers that hold weights."""
        return [self.embedding, *self.recurrent.values(), *self.normalizations, self.output_projection]

    # What the trainer asks of a network

    @property
    def has_fixed_shape(self):
        """Whether all training batches have one shape."""
        return self.network_config.form == "stream"

    def step_signature(self):
        """Returns the specs of a training step's inputs, targets and states."""
        config = self.network_config
        targets_shape = (None,) if config.form == "ngrams" else (None, None)
        states = [[tf.TensorSpec((None, units), tf.float32)] * config.num_states for units in config.units]
        return [tf.TensorSpec((None, None), tf.int32), tf.TensorSpec(targets_shape, tf.int32), states]

    def step_hidden(self, inputs, states, training):
        """Returns what the output layer is given for each of a step's targets, and the states to carry on with."""
        if self.network_config.form == "ngrams":
            return self.ngram_hidden(inputs, training), states
        return self.hidden_states(inputs, states, training)
