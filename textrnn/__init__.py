"""Train, use and judge recurrent text models on an ordinary computer.

Names are imported when they are first used, so that generating text never waits for TensorFlow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textrnn.errors import TextrnnError as TextrnnError
    from textrnn.evaluation.memorisation import Memorisation as Memorisation
    from textrnn.evaluation.perplexity import Evaluation as Evaluation
    from textrnn.preprocessing import corpora as corpora
    from textrnn.preprocessing import sequences as sequences
    from textrnn.preprocessing import tokenizers as tokenizers
    from textrnn.progress import Progress as Progress
    from textrnn.tasks.language_model import Generation as Generation
    from textrnn.tasks.language_model import LanguageModel as LanguageModel

__version__ = "0.1.0"

__all__ = [
    "Evaluation",
    "Generation",
    "LanguageModel",
    "Memorisation",
    "Progress",
    "TextrnnError",
    "__version__",
    "corpora",
    "plots",
    "sequences",
    "tokenizers",
]

HOMES = {
    "Evaluation": "textrnn.evaluation.perplexity",
    "Generation": "textrnn.tasks.language_model",
    "LanguageModel": "textrnn.tasks.language_model",
    "Memorisation": "textrnn.evaluation.memorisation",
    "Progress": "textrnn.progress",
    "TextrnnError": "textrnn.errors",
    "corpora": "textrnn.preprocessing.corpora",
    "plots": "textrnn.plots",
    "sequences": "textrnn.preprocessing.sequences",
    "tokenizers": "textrnn.preprocessing.tokenizers",
}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'textrnn' has no attribute {name!r}")
    home = import_module(HOMES[name])
    return home if HOMES[name].endswith(f".{name}") else getattr(home, name)


def __dir__() -> list[str]:
    return __all__
