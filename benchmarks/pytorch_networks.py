"""The same networks in PyTorch, as its users would write them, from textrnn's weights."""

import numpy as np
import torch
from torch.nn import functional

__all__ = ["LanguageModel", "copy_lstm"]


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
