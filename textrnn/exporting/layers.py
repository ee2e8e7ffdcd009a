"""What an engine offers for a network to be told to it, and what follows from that for every engine."""

from collections.abc import Sequence
from typing import Any

from textrnn.config.classifier import GRAM_PLACES, LINEAR_STEP

__all__ = ["MASKED", "NORMALIZATION_EPSILON", "Layers", "gate_order"]

MASKED = -1e9  # a score that has no weight after a softmax, and is never the highest
NORMALIZATION_EPSILON = 1e-3  # that of textrnn.inference.stack
KERAS_GATES = {"simple_rnn": "h", "gru": "zrh", "lstm": "ifgo"}

Value = Any  # what an engine calls an array that is not there yet


class Layers:
    """Builds a network in an engine, layer by layer, from weights under the names of a config's `weight_shapes()`.

    An engine says what its layers and its arithmetic are; the methods at the end follow from these. Shapes are those of
    the NumPy networks in `textrnn.inference`.
    """

    # Layers with weights

    def embedding(self, name: str, token_ids: Value) -> Value:
        """Looks up rows of a matrix: `(batch, time)` becomes `(batch, time, size)`."""
        raise NotImplementedError

    def recurrent(
        self, cell: str, names: Sequence[str], inputs: Value, states: Sequence[Value] | None, mask: Value | None
    ) -> tuple[Value, list[Value]]:
        """Reads sequences with a layer that has one direction, or a second one that reads backwards.

        Args:
            cell: "simple_rnn", "gru" or "lstm".
            names: The layer's name in each direction.
            inputs: Shape `(batch, time, size)`.
            states: For one direction initial states of shape `(batch, units)`; None begins with zeros.
            mask: What `above` makes of right-padded token ids, true where they are real, `(batch, time)`; or None.

        Returns:
            Outputs of shape `(batch, time, directions * units)`, and the final states, `(batch, directions * units)`.
        """
        raise NotImplementedError

    def normalization(self, name: str, inputs: Value) -> Value:
        """Normalises the last axis (Ba et al. 2016)."""
        raise NotImplementedError

    def dense(self, inputs: Value, kernel: str, bias: str | None = None, transposed: bool = False) -> Value:
        """Returns `inputs kernel + bias`; a kernel `(size,)` is one column, a transposed one has shape `(to, from)`."""
        raise NotImplementedError

    def biased(self, inputs: Value, bias: str) -> Value:
        """Adds a bias to the last axis."""
        raise NotImplementedError

    # Arithmetic

    def concatenation(self, values: Sequence[Value]) -> Value:
        """Puts arrays side by side along the last axis."""
        raise NotImplementedError

    def product(self, left: Value, right: Value, transposed: bool = False) -> Value:
        """Multiplies matrices `(batch, n, k)` and `(batch, k, m)`; the right one is `(batch, m, k)` if transposed."""
        raise NotImplementedError

    def added(self, left: Value, right: Value) -> Value:
        """Returns the sum of two arrays, of which one may have axes of 1."""
        raise NotImplementedError

    def divided(self, left: Value, right: Value) -> Value:
        """Returns the quotient of two arrays, of which one may have axes of 1."""
        raise NotImplementedError

    def scaled(self, values: Value, factor: float) -> Value:
        """Returns an array times a number."""
        raise NotImplementedError

    def tanh(self, values: Value) -> Value:
        """Returns the hyperbolic tangent of each number."""
        raise NotImplementedError

    def sqrt(self, values: Value) -> Value:
        """Returns the root of each number."""
        raise NotImplementedError

    def softmax(self, scores: Value) -> Value:
        """Returns positive numbers whose sum along the last axis is 1."""
        raise NotImplementedError

    def at_least(self, values: Value, lowest: float) -> Value:
        """Returns each number, or `lowest` where that is higher."""
        raise NotImplementedError

    def above(self, token_ids: Value, number: int) -> Value:
        """Says which whole numbers are higher than one: above 0 are the real tokens, since padding is 0."""
        raise NotImplementedError

    def within(self, lengths: Value, vectors: Value) -> Value:
        """Says which steps of right-padded vectors are real, `(batch, time)`, from their lengths, `(batch,)`."""
        raise NotImplementedError

    def number(self, mask: Value) -> Value:
        """Returns 1.0 where a mask is true, and 0.0."""
        raise NotImplementedError

    def chosen(self, mask: Value, values: Value) -> Value:
        """Returns the numbers where a mask is true, and `MASKED` elsewhere."""
        raise NotImplementedError

    def reduced(self, how: str, values: Value, axis: int) -> Value:
        """Returns the "max" or the "sum" along an axis, which stays as an axis of 1."""
        raise NotImplementedError

    def expanded(self, values: Value, axis: int) -> Value:
        """Returns an array with one more axis of 1."""
        raise NotImplementedError

    def squeezed(self, values: Value, axis: int) -> Value:
        """Returns an array without an axis of 1."""
        raise NotImplementedError

    def reshaped(self, values: Value, shape: Sequence[int]) -> Value:
        """Returns an array of shape `(batch, *shape)`."""
        raise NotImplementedError

    def column(self, values: Value, number: int) -> Value:
        """Returns one column of the last axis, without that axis."""
        raise NotImplementedError

    def right_padded(self, token_ids: Value) -> Value:
        """Moves padding that stands on the left of token ids to the right, if the engine reads no other."""
        return token_ids

    # What follows

    def stack(
        self,
        cell: str,
        prefix: str,
        num_layers: int,
        hidden: Value,
        *,
        directions: Sequence[str] = ("",),
        states: Sequence[Sequence[Value]] | None = None,
        mask: Value | None = None,
        normalized: bool = False,
    ) -> tuple[Value, list[list[Value]]]:
        """Reads sequences with layers on top of one another; see `recurrent`, and `textrnn.inference.stack`."""
        finals = []
        for layer in range(num_layers):
            names = [f"{prefix}_{layer}{direction}" for direction in directions]
            hidden, final = self.recurrent(cell, names, hidden, states[layer] if states else None, mask)
            finals.append(final)
            if normalized:
                hidden = self.normalization(f"normalization_{layer}", hidden)
        return hidden, finals

    def masked_softmax(self, scores: Value, mask: Value) -> Value:
        """Returns attention weights, `(batch, queries, time)`, from scores and a mask of shape `(batch, time)`."""
        return self.softmax(self.chosen(self.expanded(mask, 1), scores))

    def attention(self, queries: Value, keys: Value, values: Value, mask: Value, vector: str | None) -> tuple[Any, Any]:
        """Looks up what fits queries.

        Args:
            queries: Shape `(batch, queries, size)`.
            keys: Shape `(batch, time, size)`.
            values: Shape `(batch, time, memory_dim)`.
            mask: Shape `(batch, time)`, true where there is something to look up.
            vector: The vector of additive attention; None compares by dot products.

        Returns:
            Contexts of shape `(batch, queries, memory_dim)`, and weights of shape `(batch, queries, time)`.
        """
        if vector is None:
            scores = self.product(queries, keys, transposed=True)
        else:
            together = self.tanh(self.added(self.expanded(queries, 2), self.expanded(keys, 1)))
            scores = self.squeezed(self.dense(together, vector), 3)
        weights = self.masked_softmax(scores, mask)
        return self.product(weights, values), weights

    def pooled(self, how: str, outputs: Value, mask: Value) -> Value:
        """Returns the "max", "mean" or "attention" pooling over real steps, of shape `(batch, size)`."""
        if how == "attention":
            asked = self.tanh(self.dense(outputs, "attention/kernel", "attention/bias"))
            scores = self.squeezed(self.dense(asked, "attention/vector"), 2)
            weights = self.masked_softmax(self.expanded(scores, 1), mask)
            return self.squeezed(self.product(weights, outputs), 1)
        real = self.expanded(mask, 2)
        if how == "max":
            return self.squeezed(self.reduced("max", self.chosen(real, outputs), 1), 1)
        number = self.expanded(self.number(mask), 1)
        count = self.at_least(self.reduced("sum", number, 2), 1.0)
        return self.squeezed(self.divided(self.product(number, outputs), count), 1)

    def gram_logits(self, grams: Value) -> Value:
        """Returns what the linear classifier makes of places, `(batch, grams)`, 0 at padding; `(batch, num_labels)`."""
        pieces = self.number(self.above(grams, GRAM_PLACES // 2))
        words = self.added(self.number(self.above(grams, 0)), self.scaled(pieces, -1.0))
        shares = [
            self.divided(sort, self.sqrt(self.at_least(self.reduced("sum", sort, 1), 1.0))) for sort in (words, pieces)
        ]
        found = self.product(self.expanded(self.added(*shares), 1), self.embedding("linear/embeddings", grams))
        return self.biased(self.scaled(self.squeezed(found, 1), LINEAR_STEP), "linear/bias")


def gate_order(cell: str, wanted: str, units: int) -> list[int]:
    """Returns the columns of a recurrent layer's weights in the order that an engine wants its gates in.

    Args:
        cell: "simple_rnn", "gru" or "lstm".
        wanted: The gates, a letter for each: "iofg" for ONNX's LSTM.
        units: Columns of a gate.

    >>> gate_order("lstm", "iofg", 1)
    [0, 3, 1, 2]
    """
    return [KERAS_GATES[cell].index(gate) * units + unit for gate in wanted for unit in range(units)]
