"""Train, use and judge recurrent models of sequences on an ordinary computer.

Names are imported when they are first used, so that generating text never waits for TensorFlow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textrnn.errors import TextrnnError as TextrnnError
    from textrnn.evaluation.bleu import BleuScore as BleuScore
    from textrnn.evaluation.bleu import TranslationScores as TranslationScores
    from textrnn.evaluation.bleu import bleu as bleu
    from textrnn.evaluation.classification import Classification as Classification
    from textrnn.evaluation.forecasting import ForecastEvaluation as ForecastEvaluation
    from textrnn.evaluation.memorisation import Memorisation as Memorisation
    from textrnn.evaluation.perplexity import Evaluation as Evaluation
    from textrnn.evaluation.recognition import Recognition as Recognition
    from textrnn.inference.forecasting import Forecast as Forecast
    from textrnn.inference.recognition import Transcript as Transcript
    from textrnn.preprocessing import corpora as corpora
    from textrnn.preprocessing import pairs as pairs
    from textrnn.preprocessing import sequences as sequences
    from textrnn.preprocessing import tokenizers as tokenizers
    from textrnn.progress import Progress as Progress
    from textrnn.tasks.classifier import Classifier as Classifier
    from textrnn.tasks.forecaster import Forecaster as Forecaster
    from textrnn.tasks.language_model import Generation as Generation
    from textrnn.tasks.language_model import LanguageModel as LanguageModel
    from textrnn.tasks.recogniser import Recogniser as Recogniser
    from textrnn.tasks.translator import Translation as Translation
    from textrnn.tasks.translator import Translator as Translator

__version__ = "0.2.0"

__all__ = [
    "BleuScore",
    "Classification",
    "Classifier",
    "Evaluation",
    "Forecast",
    "ForecastEvaluation",
    "Forecaster",
    "Generation",
    "LanguageModel",
    "Memorisation",
    "Progress",
    "Recogniser",
    "Recognition",
    "TextrnnError",
    "Transcript",
    "Translation",
    "TranslationScores",
    "Translator",
    "__version__",
    "bleu",
    "corpora",
    "pairs",
    "plots",
    "sequences",
    "teaching",
    "tokenizers",
]

HOMES = {
    "BleuScore": "textrnn.evaluation.bleu",
    "Classification": "textrnn.evaluation.classification",
    "Classifier": "textrnn.tasks.classifier",
    "Evaluation": "textrnn.evaluation.perplexity",
    "Forecast": "textrnn.inference.forecasting",
    "ForecastEvaluation": "textrnn.evaluation.forecasting",
    "Forecaster": "textrnn.tasks.forecaster",
    "Generation": "textrnn.tasks.language_model",
    "LanguageModel": "textrnn.tasks.language_model",
    "Memorisation": "textrnn.evaluation.memorisation",
    "Progress": "textrnn.progress",
    "Recogniser": "textrnn.tasks.recogniser",
    "Recognition": "textrnn.evaluation.recognition",
    "TextrnnError": "textrnn.errors",
    "Transcript": "textrnn.inference.recognition",
    "Translation": "textrnn.tasks.translator",
    "TranslationScores": "textrnn.evaluation.bleu",
    "Translator": "textrnn.tasks.translator",
    "bleu": "textrnn.evaluation.bleu",
}
MODULES = {
    "corpora": "textrnn.preprocessing.corpora",
    "pairs": "textrnn.preprocessing.pairs",
    "plots": "textrnn.plots",
    "sequences": "textrnn.preprocessing.sequences",
    "teaching": "textrnn.teaching",
    "tokenizers": "textrnn.preprocessing.tokenizers",
}


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return import_module(MODULES[name])
    if name in HOMES:
        return getattr(import_module(HOMES[name]), name)
    raise AttributeError(f"module 'textrnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
