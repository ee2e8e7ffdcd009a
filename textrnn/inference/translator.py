"""The network of `textrnn.training.translator` in NumPy, from the same config and weights."""

import dataclasses

import numpy as np

from textrnn.config import TranslatorConfig
from textrnn.inference.cells import TokenProjection, make_cell, project, run
from textrnn.inference.networks import check_weights
from textrnn.inference.stack import RecurrentStack, States
from textrnn.inference.threads import on_one_blas_thread

__all__ = ["EncoderDecoder", "Memory"]


@dataclasses.dataclass
class Memory:
    """What the encoder has read, for the attention to choose from.

    Args:
        values: Shape `(batch, source_time, memory_dim)`.
        keys: The same in the form that queries are compared with, shape `(batch, source_time, query_dim)`.
        mask: Booleans, true where the source is real, shape `(batch, source_time)`.
    """

    values: np.ndarray
    keys: np.ndarray
    mask: np.ndarray

    def take(self, rows: np.ndarray) -> "Memory":
        """Returns the memory of some rows, without the columns that are padding in all of them."""
        mask = self.mask[rows]
        width = int(mask.any(axis=0).sum())
        return Memory(self.values[rows, :width], self.keys[rows, :width], mask[:, :width])


class EncoderDecoder:
    """Maps a source sentence and the beginning of its translation to the logits of the next token.

    Args:
        config: What the network is.
        weights: Arrays with the names and shapes of `config.weight_shapes()`.

    Raises:
        TextrnnError: If a weight is missing or has another shape.
    """

    def __init__(self, config: TranslatorConfig, weights: dict[str, np.ndarray]) -> None:
        check_weights(config.weight_shapes(), weights)
        self.config = config
        self.weights = weights
        self.target_embeddings = weights["target_embedding/embeddings"]
        self.source_embeddings = weights[f"{'target' if config.joint_vocabulary else 'source'}_embedding/embeddings"]
        self.output_kernel = self.target_embeddings.T if config.tie_weights else weights["output/kernel"]
        self.encoder = RecurrentStack(config.cell, weights, config.encoder_units, ("", "_backward"), prefix="encoder")
        self.decoder = [
            make_cell(config.cell, weights, f"decoder_{layer}") for layer in range(len(config.decoder_units))
        ]
        self.first_inputs = TokenProjection(self.decoder[0], self.target_embeddings)

    @on_one_blas_thread
    def expect(self, num_tokens: int) -> None:
        """Says that about so many target tokens will be read by `step`; not while other threads use the network."""
        self.first_inputs.expect(num_tokens)

    @on_one_blas_thread
    def encode(self, source_ids: np.ndarray) -> tuple[Memory, States]:
        """Reads source sentences.

        Args:
            source_ids: Right-padded token ids, `eos` included, shape `(batch, source_time)`.

        Returns:
            The memory, and the decoder's initial states: for each layer a list of arrays of shape `(batch, units)`.
        """
        mask = source_ids != 0
        hidden, ends = self.encoder.read(self.source_embeddings[source_ids], mask)
        states = [
            [self._project(f"bridge_{layer}_{state}", ends) for state in range(self.config.num_states)]
            for layer in range(len(self.decoder))
        ]
        keys = hidden if self.config.attention == "dot" else hidden @ self.weights["attention/memory_kernel"]
        return Memory(hidden, keys, mask), states

    @on_one_blas_thread
    def decode(self, token_ids: np.ndarray, states: States, memory: Memory) -> tuple[np.ndarray, States, np.ndarray]:
        """Reads several target tokens of each row.

        Args:
            token_ids: Shape `(batch, target_time)`, the first one usually `bos`.
            states: What `encode` or the call before returned.
            memory: What `encode` returned.

        Returns:
            Logits of shape `(batch, target_time, vocabulary_size)`; the states to carry on with; and attention weights
            of shape `(batch, target_time, source_time)`.
        """
        hidden, first = run(self.decoder[0], self.first_inputs(token_ids), states[0])
        context, attention = self._attend(hidden, memory)
        new_states = [first]
        for cell, state in zip(self.decoder[1:], states[1:], strict=True):
            hidden, new = run(cell, cell.project(np.concatenate([hidden, context], axis=-1)), state)
            new_states.append(new)
        return self._logits(hidden, context), new_states, attention

    @on_one_blas_thread
    def step(self, token_ids: np.ndarray, states: States, memory: Memory) -> tuple[np.ndarray, States, np.ndarray]:
        """Reads one target token of each of several beams per source sentence.

        Args:
            token_ids: Shape `(batch, beams)`.
            states: For each layer a list of arrays of shape `(batch * beams, units)`.
            memory: That of the source sentences, not repeated for the beams.

        Returns:
            Logits of shape `(batch * beams, vocabulary_size)`; the new states; and attention weights of shape
            `(batch, beams, source_time)`.
        """
        states_after = [self.decoder[0].step(self.first_inputs(token_ids.reshape(-1)), states[0])]
        hidden = states_after[0][0]
        context, attention = self._attend(hidden.reshape(*token_ids.shape, -1), memory)
        context = context.reshape(len(hidden), -1)
        for cell, state in zip(self.decoder[1:], states[1:], strict=True):
            states_after.append(cell.step(cell.project(np.concatenate([hidden, context], axis=-1)), state))
            hidden = states_after[-1][0]
        return self._logits(hidden, context), states_after, attention

    def _attend(self, queries: np.ndarray, memory: Memory) -> tuple[np.ndarray, np.ndarray]:
        """Returns contexts, `(batch, queries, memory_dim)`, and weights, `(batch, queries, source_time)`."""
        if self.config.attention == "additive":
            asked = project(queries, self.weights["attention/query_kernel"], self.weights["attention/bias"])
            together = np.tanh(asked[:, :, np.newaxis] + memory.keys[:, np.newaxis])
            scores = together @ self.weights["attention/vector"]
        else:
            scores = queries @ memory.keys.transpose(0, 2, 1)
        scores = np.where(memory.mask[:, np.newaxis], scores, np.float32(-1e9))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return weights @ memory.values, weights

    def _project(self, name: str, inputs: np.ndarray) -> np.ndarray:
        projected: np.ndarray = np.tanh(project(inputs, self.weights[f"{name}/kernel"], self.weights[f"{name}/bias"]))
        return projected

    def _logits(self, hidden: np.ndarray, context: np.ndarray) -> np.ndarray:
        combined = self._project("combination", np.concatenate([hidden, context], axis=-1))
        return project(combined, self.output_kernel, self.weights["output/bias"])
