"""The table of kinds of model. Everything else about a kind stands in files of its name, one in each room."""

import dataclasses
from importlib import import_module
from typing import Any

__all__ = ["KINDS", "Kind"]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of model, by names, so that the table imports nothing.

    Args:
        name: What models and commands call it.
        module: The name of its file in `config`, `training`, `inference` and `tasks`.
        config: The class in `config` that says what the network is.
        fitting: The class in `config` that says how it is trained.
        network: The class of the network in `training` and in `inference`.
        task: The class in `tasks` that people call.
        purpose: What training it is for.
    """

    name: str
    module: str
    config: str
    fitting: str
    network: str
    task: str
    purpose: str

    def load(self, room: str, part: str) -> Any:
        """Imports a class: `load("training", "network")`."""
        return getattr(import_module(f"textrnn.{room}.{self.module}"), getattr(self, part))


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "language-model",
            "language_model",
            config="NetworkConfig",
            fitting="TrainingConfig",
            network="RecurrentNetwork",
            task="LanguageModel",
            purpose="train a model that continues text",
        ),
        Kind(
            "translator",
            "translator",
            config="TranslatorConfig",
            fitting="TranslatorTrainingConfig",
            network="EncoderDecoder",
            task="Translator",
            purpose="train a model that translates, on sentence pairs",
        ),
        Kind(
            "classifier",
            "classifier",
            config="ClassifierConfig",
            fitting="ClassifierTrainingConfig",
            network="SequenceClassifier",
            task="Classifier",
            purpose="train a model that names the class of a text, on labelled texts",
        ),
        Kind(
            "forecaster",
            "forecaster",
            config="ForecasterConfig",
            fitting="ForecasterTrainingConfig",
            network="SeriesForecaster",
            task="Forecaster",
            purpose="train a model that forecasts a time series",
        ),
        Kind(
            "recogniser",
            "recogniser",
            config="RecogniserConfig",
            fitting="RecogniserTrainingConfig",
            network="SpeechRecogniser",
            task="Recogniser",
            purpose="train a model that writes down speech, on clips and their texts",
        ),
    )
}
