"""Searches a language model for units that follow a property of a text, beside controls.

    python -m benchmarks.units --model english novel.txt --characters 150000 --follows quotes line_position

prints the best units, chosen on the first half of the text, with their correlation on the second half; the same search
for the property shifted to other places; and the same search in a network whose weights have been put in random order,
which has seen no text but reads it as any recurrent network does.
"""

import argparse
import pathlib

import numpy as np

from textrnn import LanguageModel
from textrnn.evaluation.properties import PROPERTIES


def untrained(model: LanguageModel, seed: int) -> LanguageModel:
    """Returns a model whose weights are the same numbers in random order, matrix by matrix."""
    randomness = np.random.default_rng(seed)
    other = LanguageModel.load(model.origin)
    other.weights = {
        name: randomness.permutation(array.ravel()).reshape(array.shape) for name, array in model.weights.items()
    }
    return other


def main() -> None:
    """Searches and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=pathlib.Path, help="a text file")
    parser.add_argument("--model", required=True, help="a shipped model or a directory")
    parser.add_argument("--follows", nargs="+", choices=PROPERTIES, default=list(PROPERTIES), help="properties")
    parser.add_argument("--characters", type=int, help="how much of the beginning of the text is read (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of the controls")
    options = parser.parse_args()
    text = options.text.read_text(encoding="utf-8")[: options.characters]
    model = LanguageModel.load(options.model)
    for name, searched in ((options.model, model), ("its weights in random order", untrained(model, options.seed))):
        for found in searched.find_units(text, options.follows, number=3, seed=options.seed):
            print(f"{name}: {found}", flush=True)


if __name__ == "__main__":
    main()
