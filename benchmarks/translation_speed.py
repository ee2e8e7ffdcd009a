"""Sentences per second, greedy and with five beams: textrnn's NumPy beside a plain PyTorch loop over the same weights.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.translation_speed --model eng-spa --source test.en

Both sides get the same batches of 64 sentences of like length, and search in the same way: a beam ends with `eos`, a
sentence is done when it has as many translations as beams or can find no better one, and finished sentences leave the
batch. That the two write the same is checked first.
"""

import argparse
import statistics
import time

import numpy as np
import torch

from textrnn import Translator
from textrnn.inference.beam_search import length_limit
from textrnn.preprocessing import corpora
from textrnn.preprocessing.sequences import pad
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID

BATCH_SIZE = 64


class TorchTranslator(torch.nn.Module):
    """The encoder-decoder in PyTorch: its LSTMs over sequences, LSTM cells step by step; for one kind of model."""

    def __init__(self, translator: Translator) -> None:
        super().__init__()
        config, weights = translator.config, translator.weights
        if (
            config.cell != "lstm"
            or config.attention != "general"
            or not config.joint_vocabulary
            or not config.tie_weights
        ):
            raise SystemExit(
                "This benchmark takes LSTM models with general attention, a joint vocabulary and tied weights."
            )
        self.arrays = {name: torch.from_numpy(array) for name, array in weights.items()}
        self.encoders = torch.nn.ModuleList()
        size = config.embedding_dim
        for layer, units in enumerate(config.encoder_units):
            lstm = torch.nn.LSTM(size, units, batch_first=True, bidirectional=True)
            for suffix, direction in (("", ""), ("_reverse", "_backward")):
                self._copy(lstm, f"_l0{suffix}", f"encoder_{layer}{direction}")
            self.encoders.append(lstm)
            size = 2 * units
        self.cells = torch.nn.ModuleList()
        inputs = config.embedding_dim
        for layer, units in enumerate(config.decoder_units):
            cell = torch.nn.LSTMCell(inputs, units)
            self._copy(cell, "", f"decoder_{layer}")
            self.cells.append(cell)
            inputs = units + size
        self.embedding = self.arrays["target_embedding/embeddings"]

    def _copy(self, module: torch.nn.Module, suffix: str, name: str) -> None:
        with torch.no_grad():
            getattr(module, f"weight_ih{suffix}").copy_(self.arrays[f"{name}/kernel"].T)
            getattr(module, f"weight_hh{suffix}").copy_(self.arrays[f"{name}/recurrent_kernel"].T)
            getattr(module, f"bias_ih{suffix}").copy_(self.arrays[f"{name}/bias"])
            getattr(module, f"bias_hh{suffix}").zero_()

    def _project(self, name: str, inputs: torch.Tensor) -> torch.Tensor:
        return torch.tanh(torch.addmm(self.arrays[f"{name}/bias"], inputs, self.arrays[f"{name}/kernel"]))

    def encode(self, source_ids: torch.Tensor):
        lengths = (source_ids != 0).sum(1)
        hidden = self.embedding[source_ids]
        for lstm in self.encoders:
            packed = torch.nn.utils.rnn.pack_padded_sequence(hidden, lengths, batch_first=True, enforce_sorted=False)
            packed, (ends, _) = lstm(packed)
            hidden, _ = torch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
        ends = torch.cat([ends[0], ends[1]], dim=1)
        states = [
            tuple(self._project(f"bridge_{layer}_{state}", ends) for state in range(2))
            for layer in range(len(self.cells))
        ]
        return hidden, hidden @ self.arrays["attention/memory_kernel"], source_ids != 0, states

    def step(self, tokens, states, values, keys, mask):
        new = [self.cells[0](self.embedding[tokens.reshape(-1)], states[0])]
        hidden = new[0][0]
        scores = hidden.reshape(*tokens.shape, -1) @ keys.transpose(1, 2)
        weights = torch.softmax(scores.masked_fill(~mask[:, None], -1e9), dim=-1)
        context = (weights @ values).reshape(len(hidden), -1)
        for cell, state in zip(self.cells[1:], states[1:], strict=True):
            new.append(cell(torch.cat([hidden, context], dim=1), state))
            hidden = new[-1][0]
        combined = self._project("combination", torch.cat([hidden, context], dim=1))
        return torch.addmm(self.arrays["output/bias"], combined, self.embedding.T), new

    @torch.inference_mode()
    def search(self, sources: list[np.ndarray], num_beams: int) -> list[list[int]]:
        """Returns the best translation of each source."""
        values, keys, mask, states = self.encode(torch.from_numpy(pad([np.append(s, EOS_ID) for s in sources])).long())
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

    def translate(self, sources: list[np.ndarray], num_beams: int) -> list[list[int]]:
        order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
        results: list[list[int]] = [[] for _ in sources]
        for start in range(0, len(order), BATCH_SIZE):
            chosen = order[start : start + BATCH_SIZE]
            for index, ids in zip(chosen, self.search([sources[i] for i in chosen], num_beams), strict=True):
                results[index] = ids
        return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="eng-spa")
    parser.add_argument("--source", required=True, help="sentences, one a line; the first 1,000 are translated")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    translator = Translator.load(options.model)
    sentences = list(corpora.read(options.source).lines())[:1000]
    ids = translator.source_ids(sentences)
    rival = TorchTranslator(translator)
    print(f"{len(sentences)} sentences, {torch.get_num_threads()} threads in PyTorch {torch.__version__}")
    for num_beams in (1, 5):
        ours = translator.translate(sentences, num_beams=num_beams)
        theirs = [translator.target_tokenizer.decode(one).strip() for one in rival.translate(ids, num_beams)]
        same = sum(a == b for a, b in zip(ours, theirs, strict=True))
        print(f"{num_beams} beams: {same} of {len(sentences)} translations are equal")
        assert same >= 0.98 * len(sentences), "the two sides do not compute the same"
        seconds: dict[str, list[float]] = {"textrnn": [], "PyTorch": []}
        for _ in range(options.runs):
            start = time.perf_counter()
            translator.translate(sentences, num_beams=num_beams)
            seconds["textrnn"].append(time.perf_counter() - start)
            start = time.perf_counter()
            [translator.target_tokenizer.decode(one) for one in rival.translate(ids, num_beams)]
            seconds["PyTorch"].append(time.perf_counter() - start)
        for name, values in seconds.items():
            rates = sorted(len(sentences) / value for value in values)
            print(f"  {name:<8} {statistics.median(rates):8.1f} sentences/s ({rates[0]:.1f} to {rates[-1]:.1f})")
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        print(f"  textrnn is {medians['PyTorch'] / medians['textrnn']:.2f} times as fast")


if __name__ == "__main__":
    main()
