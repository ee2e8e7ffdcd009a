"""Configs of every kind, with 1 to 4 layers and all that may stand in a network."""

import itertools

from textrnn.config import ClassifierConfig, ForecasterConfig, NetworkConfig, RecogniserConfig, TranslatorConfig
from textrnn.config.classifier import TUTORIAL as IMAGES
from textrnn.config.forecaster import FORECASTERS

ALL_DROPOUTS = {"input_dropout": 0.1, "dropout": 0.25, "output_dropout": 0.3, "variational_dropout": True}
SIDES = [(encoder, decoder) for encoder in range(1, 5) for decoder in range(1, 5)]
SIZES = {"source_vocabulary_size": 8000, "target_vocabulary_size": 8000}

CONFIGS = {
    **{f"language model of {n}": NetworkConfig(vocabulary_size=10_000_000, units=(512,) * n) for n in range(1, 5)},
    "language model of everything": NetworkConfig(
        vocabulary_size=8000, units=(512, 512, 512, 256), embedding_dim=128, embedding_dropout=0.1, weight_drop=0.5,
        layer_normalization=True, tie_weights=True, **ALL_DROPOUTS),
    "language model of n-grams": NetworkConfig(vocabulary_size=99, units=(9, 7), bidirectional=True, form="ngrams"),
    **{
        f"translator of {e} and {d}": TranslatorConfig(
            **SIZES, joint_vocabulary=True, encoder_units=(64,) * e, decoder_units=(128,) * d, attention=attention)
        for (e, d), attention in zip(SIDES, itertools.cycle(("dot", "general", "additive")), strict=False)
    },
    **{
        f"translator of {n} and everything": TranslatorConfig(
            **SIZES, joint_vocabulary=True, encoder_units=(1024,) * n, decoder_units=(512,) * n, cell="gru",
            weight_drop=0.2, **ALL_DROPOUTS)
        for n in (1, 2, 4)
    },
    "translator of two vocabularies": TranslatorConfig(
        source_vocabulary_size=8000, target_vocabulary_size=32_000, tie_weights=False),
    **{
        f"classifier of {n}": ClassifierConfig(labels=("a", "b"), vocabulary_size=8000, linear=True, units=(64,) * n,
                                               word_dropout=0.1, weight_drop=0.2)
        for n in range(1, 5)
    },
    "classifier of images": ClassifierConfig(labels=tuple(range(10)), num_features=28, **IMAGES),
    "classifier of vectors": ClassifierConfig(labels=("a", "b"), num_features=12, multi_label=True),
    "classifier of nothing yet": ClassifierConfig(),
    **{
        f"recogniser of {n}": RecogniserConfig(vocabulary_size=30, units=(64,) * n, input_dropout=0.1, weight_drop=0.2)
        for n in range(1, 5)
    },
    "recogniser of nothing yet": RecogniserConfig(bidirectional=False, dropout=0.0),
    **{
        f"forecaster of {n}{words}": ForecasterConfig(**{"units": (64,) * n, **options})
        for n in range(1, 5)
        for words, options in (
            ("", {}),
            (" and a calendar", {"calendar": ("day", "week"), "known": ("holiday",)}),
            (" and a calendar alone", {"calendar": ("year",), "linear": False, "head_units": 0}),
            (" and one step", FORECASTERS["tutorial-stock"] | {"units": (50,) * n}),
        )
    },
}  # fmt: skip
