"""The networks of `textrnn.training.networks` in NumPy, from the same config and weights."""

import numpy as np

from textrnn.config import NetworkConfig, TranslatorConfig
from textrnn.errors import TextrnnError
from textrnn.inference.cells import TokenProjection, make_cell, project, run
from textrnn.inference.threads import on_one_blas_thread, parts, side_by_side

__all__ = ["RecurrentNetwork", "check_weights", "cross_entropies"]

BLOCK_ROWS = 32  # logits whose cross-entropies are taken together: what is in between stays in the cache
TABLE_ROWS = 32  # rows at once from which on projecting the whole vocabulary can pay
NORMALIZATION_EPSILON = 1e-3  # that of keras.layers.LayerNormalization

States = list[list[np.ndarray]]


def check_weights(config: NetworkConfig | TranslatorConfig, weights: dict[str, np.ndarray]) -> None:
    """Raises `TextrnnError` if a weight is missing or has another shape than the config says."""
    for name, shape in config.weight_shapes().items():
        found = weights[name].shape if name in weights else None
        if found != shape:
            raise TextrnnError(f"Weight {name!r} must have shape {shape}. Received: {found}.")


class RecurrentNetwork:
    """A stacked recurrent network that maps token ids to next-token logits.

    Args:
        config: What the network is.
        weights: Arrays with the names and shapes of `config.weight_shapes()`.

    Raises:
        TextrnnError: If a weight is missing or has another shape.
    """

    def __init__(self, config: NetworkConfig, weights: dict[str, np.ndarray]) -> None:
        check_weights(config, weights)
        self.config = config
        self.embeddings = weights["embedding/embeddings"]
        self.output_kernel = self.embeddings.T if config.tie_weights else weights["output/kernel"]
        self.output_bias = weights["output/bias"]
        self.cells = [
            [make_cell(config.cell, weights, f"recurrent_{layer}{direction}") for direction in config.directions]
            for layer in range(len(config.units))
        ]
        self.first_inputs = TokenProjection(self.cells[0][0], self.embeddings)
        self.normalizations = [
            (weights[f"normalization_{layer}/gamma"], weights[f"normalization_{layer}/beta"])
            for layer in range(len(config.units) if config.layer_normalization else 0)
        ]

    def initial_states(self, batch_size: int) -> States:
        """Returns zero states: for each layer a list of arrays of shape `(batch_size, units)`."""
        return [
            [np.zeros((batch_size, units), self.embeddings.dtype) for _ in range(self.config.num_states)]
            for units in self.config.units
        ]

    @on_one_blas_thread
    def __call__(self, token_ids: np.ndarray, states: States, last_only: bool = False) -> tuple[np.ndarray, States]:
        """Reads tokens from left to right.

        Args:
            token_ids: Shape `(batch, time)`.
            states: What `initial_states` or the call before returned.
            last_only: Whether only the last step's logits are wanted.

        Returns:
            Logits of shape `(batch, time, vocabulary_size)`, or `(batch, vocabulary_size)` with `last_only`, and the
            states to carry on with.

        Raises:
            TextrnnError: If the network is bidirectional.
        """
        if self.config.bidirectional:
            raise TextrnnError(
                "A bidirectional network cannot read from left to right: over a whole text it would see its own "
                "targets. Score it with `ngram_logits`."
            )
        if len(token_ids) >= TABLE_ROWS:
            self.first_inputs.expect(token_ids.size)
        results = side_by_side(
            lambda rows: self._read(token_ids[rows], rows_of(states, rows), last_only), parts(len(token_ids))
        )
        return results[0] if len(results) == 1 else joined(results)

    def _read(self, token_ids: np.ndarray, states: States, last_only: bool) -> tuple[np.ndarray, States]:
        hidden, state = run(self.cells[0][0], self.first_inputs(token_ids), states[0])
        hidden, new_states = self._normalize(0, hidden), [state]
        for layer, (cell,) in enumerate(self.cells[1:], start=1):
            hidden, state = run(cell, cell.project(hidden), states[layer])
            hidden = self._normalize(layer, hidden)
            new_states.append(state)
        return self._logits(hidden[:, -1] if last_only else hidden), new_states

    @on_one_blas_thread
    def ngram_logits(self, token_ids: np.ndarray) -> np.ndarray:
        """Returns the logits of the token after each pre-padded n-gram sequence.

        Args:
            token_ids: Shape `(batch, time)`, padding ids on the left.

        Returns:
            Shape `(batch, vocabulary_size)`.
        """
        mask = token_ids != 0
        hidden = self.embeddings[token_ids]
        states = self.initial_states(len(token_ids))
        for layer, cells in enumerate(self.cells):
            passes = [
                run(cell, cell.project(hidden), states[layer], mask, backwards=number == 1)
                for number, cell in enumerate(cells)
            ]
            if layer + 1 < len(self.cells):
                hidden = np.concatenate([outputs for outputs, _ in passes], axis=-1)
            else:  # the output layer sees where each direction has ended
                hidden = np.concatenate([final[0] for _, final in passes], axis=-1)
            hidden = self._normalize(layer, hidden)
        return self._logits(hidden)

    def _normalize(self, layer: int, hidden: np.ndarray) -> np.ndarray:
        if not self.normalizations:
            return hidden
        gamma, beta = self.normalizations[layer]
        mean = hidden.mean(axis=-1, keepdims=True)
        variance = hidden.var(axis=-1, keepdims=True)
        return (hidden - mean) / np.sqrt(variance + NORMALIZATION_EPSILON) * gamma + beta

    def _logits(self, hidden: np.ndarray) -> np.ndarray:
        return project(hidden, self.output_kernel, self.output_bias)


def rows_of(states: States, rows: slice) -> States:
    """Returns the states of some rows."""
    return [[state[rows] for state in layer] for layer in states]


def joined(results: list[tuple[np.ndarray, States]]) -> tuple[np.ndarray, States]:
    """Puts together the logits and the states of the parts of a batch."""
    logits, states = zip(*results, strict=True)
    layers = zip(*states, strict=True)
    return np.concatenate(logits), [[np.concatenate(one) for one in zip(*layer, strict=True)] for layer in layers]


def cross_entropies(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Returns the negative log-probability of each target, float64, in nats.

    Args:
        logits: Shape `(..., vocabulary_size)`.
        targets: Token ids of shape `(...)`.
    """
    rows, flat = logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)
    losses = np.empty(len(flat))
    for start in range(0, len(flat), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS].astype(np.float64)
        highest = block.max(axis=1)
        chosen = np.take_along_axis(block, flat[start : start + BLOCK_ROWS, np.newaxis], axis=1)[:, 0]
        block -= highest[:, np.newaxis]
        np.exp(block, out=block)
        losses[start : start + BLOCK_ROWS] = highest + np.log(block.sum(axis=1)) - chosen
    return losses.reshape(targets.shape)
