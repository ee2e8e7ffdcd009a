"""A race by the clock: which recurrent cell models language best after the same minutes of training.

    python -m benchmarks.cells TRAIN --validation FILE ... --minutes 10 --history DIRECTORY
    python -m benchmarks.cells TRAIN --validation FILE ... --minutes 60 --cells lstm,qrnn --precision bfloat16
    python -m benchmarks.cells TRAIN --validation FILE ... --cells lstm --learning-rate 0.004 --pytorch

Each network of `NETWORKS` is trained by textrnn's own trainer, in a process of its own, so that only the recurrent
layers differ: 8,000 subwords, batches of 32 rows of 64 tokens, AdamW, a tied output. There is no dropout: a run that
ends before its text does learns nothing by heart. What counts are the minutes of training steps, compiling included
and validation not; the learning rate falls and validations come by that clock, so no network has more than another.

The last column says when the best loss of the table's LSTMs was reached, between two validations by a straight line.
With `--schedule cosine` a rate that falls over the whole run holds losses up until its end. "1.5 times as fast to the
same loss" is then seen by a run of two thirds of the minutes; or by `--schedule constant`, whose validations take a
moving average of the weights, in the column itself.

`--history DIRECTORY` keeps the vocabulary and, for each run, its losses over time as JSON. A run that is there already
is read and not made again: one directory is for one pair of texts on one machine.
"""

import argparse
import concurrent.futures
import dataclasses
import importlib.util
import json
import math
import multiprocessing
import pathlib
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from benchmarks.elementwise import Elementwise, ElementwiseConfig, ElementwiseNetwork
from benchmarks.race import Race, Result, run, run_pytorch
from textrnn import corpora
from textrnn.config import PRECISIONS, NetworkConfig
from textrnn.preprocessing.sequences import encode_corpus
from textrnn.preprocessing.tokenizers import Tokenizer, make_tokenizer
from textrnn.training.language_model import RecurrentNetwork

QUASI_RECURRENT = Elementwise(window=2, tanh=True, output_gate=True)
WITH_HIGHWAY = Elementwise(tanh=True, output_gate=True, highway=True)
SRU = Elementwise(highway=True, feedback=True, normalized=True)
MIN_GRU = Elementwise(highway=True, normalized=True)


@dataclasses.dataclass(frozen=True)
class Network:
    """A network of the race.

    Args:
        layers: What its recurrent layers are, in words.
        units: Size of each layer.
        embedding_dim: Size of a token vector, to which a last layer of another size is projected.
        cell: "lstm" or "gru", or what each elementwise layer computes.
        learning_rate: Highest learning rate.
    """

    layers: str
    units: tuple[int, ...]
    embedding_dim: int
    cell: str | tuple[Elementwise, ...]
    learning_rate: float = 0.002

    def build(self, vocabulary_size: int, precision: str, seed: int) -> RecurrentNetwork:
        """Returns the network with its first weights."""
        options: dict[str, Any] = {"units": self.units, "embedding_dim": self.embedding_dim}
        options |= {"vocabulary_size": vocabulary_size, "tie_weights": True, "dropout": 0.0}
        if isinstance(self.cell, str):
            return RecurrentNetwork(NetworkConfig(cell=self.cell, **options), precision, seed)
        return ElementwiseNetwork(ElementwiseConfig(layers=self.cell, **options), precision, seed)


# Sizes as in RESULTS.md, "Recurrent layers at equal cost".
NETWORKS = {
    "lstm": Network("LSTM 1 x 1024, projected to 384", (1024,), 384, "lstm"),
    "lstm-2x512": Network("LSTM 2 x 512", (512, 512), 512, "lstm"),
    "gru": Network("GRU 1 x 1024, projected to 384", (1024,), 384, "gru"),
    "qrnn": Network("quasi-recurrent 2 x 1024, window 2, projected to 384", (1024,) * 2, 384, (QUASI_RECURRENT,) * 2),
    "qrnn-4x640": Network(
        "quasi-recurrent 4 x 640, window 2 in the first layer, highway",
        (640,) * 4,
        640,
        (dataclasses.replace(WITH_HIGHWAY, window=2), *(WITH_HIGHWAY,) * 3),
    ),
    "sru": Network("SRU 4 x 640, normalised first", (640,) * 4, 640, (SRU,) * 4),
    "mingru": Network("minGRU 4 x 512, highway, normalised first", (512,) * 4, 512, (MIN_GRU,) * 4),
}


def kept_result(path: pathlib.Path | None, function: Callable[..., Result], *arguments: Any) -> Result:
    """Returns the result that a file keeps, or makes the run, in a process that has done nothing else, and keeps it."""
    if path is not None and path.exists():
        return Result(**json.loads(path.read_text(encoding="utf-8")))
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        result = pool.submit(function, *arguments).result()
    if path is not None:
        path.write_text(json.dumps(dataclasses.asdict(result), indent=1), encoding="utf-8")
    return result


def read_race(parsed: argparse.Namespace, directory: pathlib.Path) -> Race:
    """Encodes the texts into a directory, with the vocabulary of an earlier run if its losses are kept."""
    training, validation = corpora.read(parsed.train), corpora.read(parsed.validation)
    kept = parsed.history or directory
    if not (kept / "tokenizer.json").exists():
        make_tokenizer("subword", training.lines(), parsed.vocabulary_size).save(kept)
    tokenizer = Tokenizer.load(kept)
    encoded = encode_corpus(validation, tokenizer, directory, "validation")
    token_ids = encoded.token_ids[: parsed.validation_tokens]
    return Race(
        encode_corpus(training, tokenizer, directory, "training"),
        dataclasses.replace(encoded, token_ids=token_ids, num_characters=len(tokenizer.decode(token_ids))),
        tokenizer.vocabulary_size,
        *(getattr(parsed, name) for name in ("minutes", "precision", "schedule", "seed")),
    )


def table(results: list[Result], race: Race) -> str:
    """Returns the results in Markdown."""
    goal = min((result.best_loss for result in results if result.name.startswith("lstm")), default=-math.inf)
    bits = race.validation.num_tokens / race.validation.num_characters / math.log(2)
    columns = ["network", "layers", "parameters", "learning rate", "steps", "training tokens/s", "nats per token"]
    columns += ["bits per character", "minutes until the best LSTM's loss"]
    rows = [columns, ["---"] * len(columns)]
    for result in results:
        minutes, (_, steps, loss) = result.minutes_until(goal), result.history[-1]
        facts = [
            f"{result.parameters:,}",
            f"{result.learning_rate:g}",
            f"{steps:,}",
            f"{result.tokens_per_second:,.0f}",
        ]
        losses = [f"{loss:.4f}", f"{bits * loss:.4f}", "not reached" if minutes is None else f"{minutes:.1f}"]
        rows.append([result.name, result.layers, *facts, *losses])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Trains one network after another and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cells", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("train", nargs="+", help="files or directories of training text")
    parser.add_argument("--validation", nargs="+", required=True, help="files or directories of validation text")
    parser.add_argument("--minutes", type=float, default=10.0, help="of training steps, for each network")
    parser.add_argument("--cells", default=",".join(NETWORKS), help="which networks, in order")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--schedule", choices=("cosine", "constant"), default="cosine")
    parser.add_argument("--learning-rate", type=float, help="the highest, in the place of each network's own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vocabulary-size", type=int, default=8000)
    parser.add_argument("--validation-tokens", type=int, default=100_000, help="how many are read at each validation")
    parser.add_argument("--history", type=pathlib.Path, help="directory that keeps vocabulary and losses over time")
    parser.add_argument("--pytorch", action="store_true", help="PyTorch's LSTM too")
    parsed = parser.parse_args()
    names = parsed.cells.split(",")
    if unknown := set(names) - set(NETWORKS):
        parser.error(f"--cells must name some of {', '.join(NETWORKS)}. Received: {', '.join(sorted(unknown))}")
    runs = [(name, NETWORKS[name], run) for name in names]
    if parsed.pytorch and importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed, so it is left out", file=sys.stderr)
    elif parsed.pytorch:
        runs.append(("pytorch-lstm", NETWORKS["lstm"], run_pytorch))
    if parsed.history is not None:
        parsed.history.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        race = read_race(parsed, pathlib.Path(directory))
        results = []
        for name, network, function in runs:
            network = dataclasses.replace(network, learning_rate=parsed.learning_rate or network.learning_rate)
            about = f"{race.precision}-{race.minutes:g}min-{race.schedule}-{network.learning_rate:g}-seed{race.seed}"
            print(f"{name}, {about}", file=sys.stderr)
            path = None if parsed.history is None else parsed.history / f"{name}-{about}.json"
            results.append(kept_result(path, function, name, network, race))
    print(table(results, race))


if __name__ == "__main__":
    main()
