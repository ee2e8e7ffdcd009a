"""The network of `textrnn.training.language_model` in NumPy, from the same config and weights."""

import numpy as np

from textrnn.config import NetworkConfig
from textrnn.errors import TextrnnError
from textrnn.inference.cells import TokenProjection, project, run
from textrnn.inference.networks import check_weights
from textrnn.inference.stack import RecurrentStack, States
from textrnn.inference.threads import on_one_blas_thread, parts, side_by_side

__all__ = ["RecurrentNetwork"]

TABLE_ROWS = 32  # rows at once from which on projecting the whole vocabulary can pay


class RecurrentNetwork:
    """A stacked recurrent network that maps token ids to next-token logits.

    Args:
        config: What the network is.
        weights: Arrays with the names and shapes of `config.weight_shapes()`.

    Raises:
        TextrnnError: If a weight is missing or has another shape.
    """

    def __init__(self, config: NetworkConfig, weights: dict[str, np.ndarray]) -> None:
        check_weights(config.weight_shapes(), weights)
        self.config = config
        self.embeddings = weights["embedding/embeddings"]
        self.output_kernel = self.embeddings.T if config.tie_weights else weights["output/kernel"]
        self.output_bias = weights["output/bias"]
        self.projection = weights["projection/kernel"] if config.has_projection else None
        self.stack = RecurrentStack(
            config.cell, weights, config.units, config.directions, normalized=config.layer_normalization
        )
        self.first_inputs = TokenProjection(self.stack.cells[0][0], self.embeddings)

    def initial_states(self, batch_size: int) -> States:
        """Returns zero states: for each layer a list of arrays of shape `(batch_size, units)`."""
        return self.stack.initial_states(batch_size)

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
        hidden, new_states = self.stack(self.first_inputs(token_ids), states, last_only=last_only)
        return self._logits(hidden), new_states

    @on_one_blas_thread
    def read_by_matrices(self, token_ids: np.ndarray) -> dict[str, np.ndarray]:
        """Returns what each matrix is multiplied by after each token, shape `(batch, time, inputs)`, by its name.

        Args:
            token_ids: Shape `(batch, time)`.
        """
        hidden, inputs = self.embeddings[token_ids], {}
        for layer, ((cell,), states) in enumerate(zip(self.stack.cells, self.initial_states(len(hidden)), strict=True)):
            inputs[f"recurrent_{layer}/kernel"] = hidden
            outputs, _ = run(cell, cell.project(hidden), states)
            inputs[f"recurrent_{layer}/recurrent_kernel"] = outputs  # one step later
            hidden = self.stack.normalize(layer, outputs)
        if self.projection is not None:
            inputs["projection/kernel"] = hidden
            hidden = hidden @ self.projection
        return {**inputs, "embedding/embeddings" if self.config.tie_weights else "output/kernel": hidden}

    @on_one_blas_thread
    def ngram_logits(self, token_ids: np.ndarray) -> np.ndarray:
        """Returns the logits of the token after each pre-padded n-gram sequence.

        Args:
            token_ids: Shape `(batch, time)`, padding ids on the left.

        Returns:
            Shape `(batch, vocabulary_size)`.
        """
        _, ends = self.stack.read(self.embeddings[token_ids], token_ids != 0)
        return self._logits(ends)  # the output layer sees where each direction has ended

    def _logits(self, hidden: np.ndarray) -> np.ndarray:
        if self.projection is not None:
            hidden = hidden @ self.projection  # (..., embedding_dim)
        return project(hidden, self.output_kernel, self.output_bias)


def rows_of(states: States, rows: slice) -> States:
    """Returns the states of some rows."""
    return [[state[rows] for state in layer] for layer in states]


def joined(results: list[tuple[np.ndarray, States]]) -> tuple[np.ndarray, States]:
    """Puts together the logits and the states of the parts of a batch."""
    logits, states = zip(*results, strict=True)
    layers = zip(*states, strict=True)
    return np.concatenate(logits), [[np.concatenate(one) for one in zip(*layer, strict=True)] for layer in layers]
