"""The same networks in PyTorch, as its users would write them, from textrnn's weights."""

import numpy as np
import torch
from torch.nn import functional

__all__ = ["LanguageModel", "ProjectedLanguageModel", "copy_lstm"]


def copy_lstm(module: torch.nn.Module, suffix: str, weights: dict[str, np.ndarray], name: str) -> None:
    """Copies the LSTM called `name`; its one bias goes to `bias_ih`, and `bias_hh` stays zero and is not trained."""
    with torch.no_grad():
        getattr(module, f"weight_ih{suffix}").copy_(torch.from_numpy(weights[f"{name}/kernel"].T.copy()))
        getattr(module, f"weight_hh{suffix}").copy_(torch.from_numpy(weights[f"{name}/recurrent_kernel"].T.copy()))
        getattr(module, f"bias_ih{suffix}").copy_(torch.from_numpy(weights[f"{name}/bias"]))
        getattr(module, f"bias_hh{suffix}").zero_()
    getattr(module, f"bias_hh{suffix}").requires_grad_(False)


class LanguageModel(torch.nn.Module):
    """Embedding, stacked LSTM and output."""

    def __init__(self, units: int, num_layers: int, vocabulary_size: int, weights: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary_size, units)
        self.recurrent = torch.nn.LSTM(units, units, num_layers)
        self.output = torch.nn.Linear(units, vocabulary_size)
        with torch.no_grad():
            self.embedding.weight.copy_(torch.from_numpy(weights["embedding/embeddings"]))
            self.output.weight.copy_(torch.from_numpy(weights["output/kernel"].T.copy()))
            self.output.bias.copy_(torch.from_numpy(weights["output/bias"]))
        for layer in range(num_layers):
            copy_lstm(self.recurrent, f"_l{layer}", weights, f"recurrent_{layer}")

    def forward(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Maps token ids of shape `(time, batch)` to logits."""
        return self.output(self.recurrent(self.embedding(token_ids))[0])

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Returns the mean cross-entropy."""
        return functional.cross_entropy(self(inputs).flatten(0, 1), targets.flatten())


class ProjectedLanguageModel(torch.nn.Module):
    """Embedding, one LSTM that carries its state on, and a projection to the embedding, which is the output as well."""

    def __init__(self, vocabulary_size: int, embedding_dim: int, units: int) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary_size, embedding_dim)
        self.recurrent = torch.nn.LSTM(embedding_dim, units, batch_first=True)
        self.projection = torch.nn.Linear(units, embedding_dim, bias=False)
        self.bias = torch.nn.Parameter(torch.zeros(vocabulary_size))
        torch.nn.init.uniform_(self.embedding.weight, -0.05, 0.05)

    def forward(self, token_ids: torch.Tensor, states: tuple[torch.Tensor, torch.Tensor] | None):
        """Maps token ids of shape `(batch, time)` to logits and the states to carry on with."""
        hidden, states = self.recurrent(self.embedding(token_ids), states)
        logits = functional.linear(self.projection(hidden), self.embedding.weight, self.bias)
        return logits, tuple(state.detach() for state in states)

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor, states: tuple[torch.Tensor, torch.Tensor] | None):
        """Returns the mean cross-entropy and the states to carry on with."""
        logits, states = self(inputs, states)
        return functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten()), states


class EncoderDecoder(torch.nn.Module):
    """The translator's network: LSTMs, general attention, a joint vocabulary, tied embedding and output."""

    def __init__(self, config, weights: dict[str, np.ndarray]) -> None:
        super().__init__()
        names = ("cell", "attention", "joint_vocabulary", "tie_weights")
        if [getattr(config, name) for name in names] != ["lstm", "general", True, True]:
            raise SystemExit("These benchmarks take LSTMs, general attention, a joint vocabulary and tied weights.")
        self.num_layers = len(config.decoder_units)
        self.encoders = torch.nn.ModuleList()
        size = config.embedding_dim
        for layer, units in enumerate(config.encoder_units):
            lstm = torch.nn.LSTM(size, units, batch_first=True, bidirectional=True)
            copy_lstm(lstm, "_l0", weights, f"encoder_{layer}")
            copy_lstm(lstm, "_l0_reverse", weights, f"encoder_{layer}_backward")
            self.encoders.append(lstm)
            size = 2 * units
        self.decoders = torch.nn.ModuleList()
        inputs = config.embedding_dim
        for layer, units in enumerate(config.decoder_units):
            lstm = torch.nn.LSTM(inputs, units, batch_first=True)
            copy_lstm(lstm, "_l0", weights, f"decoder_{layer}")
            self.decoders.append(lstm)
            inputs = units + size
        others = [name for name in weights if not name.startswith(("encoder_", "decoder_"))]
        self.others = torch.nn.ParameterDict({
            name.replace("/", "-"): torch.nn.Parameter(torch.from_numpy(weights[name].copy())) for name in others
        })  # fmt: skip

    def weight(self, name: str) -> torch.Tensor:
        """Returns a weight that does not belong to an LSTM."""
        return self.others[name.replace("/", "-")]

    def project(self, name: str, inputs: torch.Tensor) -> torch.Tensor:
        """Returns `tanh(inputs W + b)`."""
        return torch.tanh(inputs @ self.weight(f"{name}/kernel") + self.weight(f"{name}/bias"))

    def encode(self, source_ids: torch.Tensor):
        """Returns values, keys and mask for the attention, and the decoder's initial states."""
        lengths = (source_ids != 0).sum(1)
        hidden = functional.embedding(source_ids, self.weight("target_embedding/embeddings"))
        for lstm in self.encoders:
            packed = torch.nn.utils.rnn.pack_padded_sequence(hidden, lengths, batch_first=True, enforce_sorted=False)
            packed, (ends, _) = lstm(packed)
            hidden, _ = torch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
        ends = torch.cat([ends[0], ends[1]], dim=1)
        states = [
            tuple(self.project(f"bridge_{layer}_{state}", ends) for state in range(2))
            for layer in range(self.num_layers)
        ]
        return hidden, hidden @ self.weight("attention/memory_kernel"), source_ids != 0, states

    def attend(self, queries, values, keys, mask) -> torch.Tensor:
        """Returns the contexts of queries of shape `(batch, time, units)`."""
        scores = queries @ keys.transpose(1, 2)
        return torch.softmax(scores.masked_fill(~mask[:, None], -1e9), dim=-1) @ values

    def logits(self, hidden, context) -> torch.Tensor:
        """Returns the logits of the next token."""
        combined = self.project("combination", torch.cat([hidden, context], dim=-1))
        return functional.linear(combined, self.weight("target_embedding/embeddings"), self.weight("output/bias"))

    def loss(self, source_ids, decoder_inputs, targets) -> torch.Tensor:
        """Returns the mean cross-entropy of the real targets; all ids of shape `(batch, time)`."""
        values, keys, mask, states = self.encode(source_ids)
        hidden = functional.embedding(decoder_inputs, self.weight("target_embedding/embeddings"))
        states = [tuple(state[None] for state in layer) for layer in states]
        hidden, _ = self.decoders[0](hidden, states[0])
        context = self.attend(hidden, values, keys, mask)
        for lstm, state in zip(self.decoders[1:], states[1:], strict=True):
            hidden, _ = lstm(torch.cat([hidden, context], dim=-1), state)
        return functional.cross_entropy(self.logits(hidden, context).flatten(0, 1), targets.flatten(), ignore_index=0)
