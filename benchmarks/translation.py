"""Beam search: textrnn's NumPy, and PyTorch over the same weights.

Both sides get the same batches of 64 sentences of like length, and search in the same way: a beam ends with `eos`, a
sentence is done when it has as many translations as beams or can find no better one, and finished sentences leave the
batch. Both must write the same.
"""

from typing import Any

import numpy as np

from benchmarks.turns import Turns
from textrnn.preprocessing.batches import pad
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID

BATCH_SIZE = 64


def textrnn_translation(turns: Turns, model: str, sentences: list[str], num_beams: int) -> None:
    """A side: textrnn."""
    from textrnn import Translator

    translator = Translator.load(model)
    translations = translator.translate(sentences, num_beams=num_beams)
    while True:
        turns.wait(translations=translations)
        translator.translate(sentences, num_beams=num_beams)


def pytorch_translation(turns: Turns, model: str, sentences: list[str], num_beams: int) -> None:
    """A side: PyTorch."""
    from textrnn import Translator

    translator = Translator.load(model)
    rival = PyTorchTranslator(translator)
    translations = rival.translate(sentences, num_beams)
    while True:
        turns.wait(translations=translations)
        rival.translate(sentences, num_beams)


class PyTorchTranslator:
    """Searches with PyTorch: LSTMs over the source sentences, LSTM cells step by step."""

    def __init__(self, translator: Any) -> None:
        import torch

        from benchmarks.pytorch_networks import EncoderDecoder

        self.torch = torch
        self.translator = translator
        self.network = EncoderDecoder(translator.config, translator.weights).eval()
        self.cells = []
        for lstm in self.network.decoders:
            cell = torch.nn.LSTMCell(lstm.input_size, lstm.hidden_size)
            cell.load_state_dict({name.removesuffix("_l0"): value for name, value in lstm.state_dict().items()})
            self.cells.append(cell)

    def step(self, tokens, states, values, keys, mask):
        """Reads one token of each beam; returns logits and states."""
        torch, network = self.torch, self.network
        inputs = torch.nn.functional.embedding(tokens.reshape(-1), network.weight("target_embedding/embeddings"))
        new = [self.cells[0](inputs, states[0])]
        hidden = new[0][0]
        context = network.attend(hidden.reshape(*tokens.shape, -1), values, keys, mask).reshape(len(hidden), -1)
        for cell, state in zip(self.cells[1:], states[1:], strict=True):
            new.append(cell(torch.cat([hidden, context], dim=1), state))
            hidden = new[-1][0]
        return network.logits(hidden, context), new

    def translate(self, sentences: list[str], num_beams: int) -> list[str]:
        """Translates sentences in batches of like length."""
        sources = self.translator.source_tokenizer.encode_lines(list(sentences))
        order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
        results: list[list[int]] = [[] for _ in sources]
        for start in range(0, len(order), BATCH_SIZE):
            chosen = order[start : start + BATCH_SIZE]
            with self.torch.inference_mode():
                found = self.search([sources[i] for i in chosen], num_beams)
            for index, ids in zip(chosen, found, strict=True):
                results[index] = ids
        return [self.translator.target_tokenizer.decode(ids).strip() for ids in results]

    def search(self, sources: list[np.ndarray], num_beams: int) -> list[list[int]]:
        """Returns the best translation of each source."""
        from textrnn.inference.beam_search import length_limit

        torch = self.torch
        values, keys, mask, states = self.network.encode(
            torch.from_numpy(pad([np.append(s, EOS_ID) for s in sources])).long()
        )
        states = [tuple(state.repeat_interleave(num_beams, 0) for state in layer) for layer in states]
        limits = torch.tensor([length_limit(len(ids), 2.0) for ids in sources])
        numbers = list(range(len(sources)))
        found: list[list[tuple[float, list[int]]]] = [[] for _ in sources]
        scores = torch.full((len(sources), num_beams), -torch.inf)
        scores[:, 0] = 0
        tokens = torch.full((len(sources), num_beams, 1), BOS_ID)
        time_step = 0
        while numbers:
            time_step += 1
            logits, states = self.step(tokens[:, :, -1], states, values, keys, mask)
            passed = torch.log_softmax(logits, dim=-1).reshape(len(numbers), num_beams, -1)
            size = passed.shape[2]
            passed[:, :, :EOS_ID] = -torch.inf
            over = limits <= time_step
            if over.any():
                passed[over, :, EOS_ID + 1 :] = -torch.inf
            best, places = (scores[:, :, None] + passed).reshape(len(numbers), -1).topk(2 * num_beams)
            parents, chosen = places // size, places % size
            ends = (chosen[:, :num_beams] == EOS_ID) & torch.isfinite(best[:, :num_beams])
            penalty = (5 + time_step) / 6
            for row, place in ends.nonzero().tolist():
                ids = tokens[row, parents[row, place], 1:].tolist()
                found[numbers[row]].append((float(best[row, place]) / penalty, ids))
            alive = (chosen == EOS_ID).int().argsort(dim=1, stable=True)[:, :num_beams]
            parents, chosen, scores = (array.gather(1, alive) for array in (parents, chosen, best))
            scores = scores.masked_fill(chosen == EOS_ID, -torch.inf)
            tokens = torch.cat(
                [tokens.gather(1, parents[:, :, None].expand(-1, -1, tokens.shape[2])), chosen[:, :, None]], dim=2
            )
            flat = (torch.arange(len(numbers))[:, None] * num_beams + parents).reshape(-1)
            bound = scores.max(dim=1).values / ((5 + limits) / 6)
            going_on = [
                row
                for row, number in enumerate(numbers)
                if len(found[number]) < num_beams
                and bool(torch.isfinite(scores[row]).any())
                and not (num_beams > 1 and found[number] and float(bound[row]) <= max(found[number])[0])
            ]
            rows = torch.tensor(going_on, dtype=torch.long)
            if len(going_on) < len(numbers):
                flat = flat.reshape(len(numbers), num_beams)[rows].reshape(-1)
                values, keys, mask, limits = values[rows], keys[rows], mask[rows], limits[rows]
                scores, tokens, numbers = scores[rows], tokens[rows], [numbers[row] for row in going_on]
            states = [tuple(state[flat] for state in layer) for layer in states]
        return [max(one)[1] for one in found]
