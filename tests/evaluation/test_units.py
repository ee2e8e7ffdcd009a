import numpy as np
import pytest

from tests.conftest import random_weights
from textrnn import LanguageModel, TextrnnError, corpora
from textrnn.config import NetworkConfig
from textrnn.evaluation.units import ROWS, WARM_UP, Unit, UnitSearch, correlations, find_units, halves_of, labels_of
from textrnn.inference.inspection import record
from textrnn.inference.language_model import RecurrentNetwork
from textrnn.preprocessing.tokenizers import make_tokenizer

UNITS = 6
PLANTED = 4


def quoted_text(number, seed):
    """Returns sentences of random letters; some words stand in quotation marks."""
    draw = np.random.default_rng(seed)
    words = ["".join(draw.choice(list("abcde"), draw.integers(1, 6))) for _ in range(number)]
    lengths = draw.integers(2, 9, number)
    text, inside, left = [], False, 5
    for word in words:
        left -= 1
        if left == 0:
            word, inside, left = (word + '"' if inside else '"' + word), not inside, int(lengths[len(text)])
        text.append(word)
    return " ".join(text)


TEXT = quoted_text(1500, 1)
TOKENIZER = make_tokenizer("char", [TEXT])
QUOTE = TOKENIZER.ids['"']


def network_of(cell, layers=2, **options):
    config = NetworkConfig(
        vocabulary_size=TOKENIZER.vocabulary_size, cell=cell, units=(UNITS,) * layers, embedding_dim=5, **options
    )
    weights = random_weights(config, seed=2)
    weights["embedding/embeddings"][:, 0] = 0.0  # room for the plants below
    return config, weights


def planted(cell):
    """Returns a network with a unit that turns at each quotation mark.

    With one state of -1 or 1, "turn at a mark, else stay" is an exclusive or, for which a simple unit is too simple;
    so the marks are told apart: the one before a letter begins, the one after a letter ends. The network reads the mark
    and the letter before it through units of the first layer, and the planted unit of the last layer holds what they
    say: it saturates, and stays, unless it is pushed.
    """
    config, weights = network_of(cell)
    return config, plant(weights, cell)


def plant(weights, cell):
    """Writes into unit `PLANTED` of the first layer what holds a mark's push until the next one."""
    embeddings = weights["embedding/embeddings"]
    embeddings[:, 0] = 0.0
    embeddings[QUOTE, 0] = 1.0
    return weights
