"""What a model is, and how it is trained: validated plain data that both engines read.

A `NetworkConfig` or `TranslatorConfig` fixes the name and shape of every weight (`weight_shapes`), so that the Keras
network, the NumPy network and the storage agree without knowing one another.
"""

from textrnn.config.classifier import ClassifierConfig, ClassifierTrainingConfig
from textrnn.config.fitting import BUDGET, PRECISIONS, FittingConfig
from textrnn.config.forecaster import ForecasterConfig, ForecasterTrainingConfig
from textrnn.config.language_model import NETWORKS, NetworkConfig, TrainingConfig
from textrnn.config.recogniser import RecogniserConfig, RecogniserTrainingConfig
from textrnn.config.translator import TranslatorConfig, TranslatorTrainingConfig

__all__ = [
    "BUDGET",
    "NETWORKS",
    "PRECISIONS",
    "ClassifierConfig",
    "ClassifierTrainingConfig",
    "FittingConfig",
    "ForecasterConfig",
    "ForecasterTrainingConfig",
    "NetworkConfig",
    "RecogniserConfig",
    "RecogniserTrainingConfig",
    "TrainingConfig",
    "TranslatorConfig",
    "TranslatorTrainingConfig",
]
