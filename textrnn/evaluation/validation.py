"""The score by which a translator's training chooses its weights: BLEU of some validation sentences."""

from textrnn.evaluation.bleu import bleu
from textrnn.evaluation.bleu_tokenizers import tokenizer_for
from textrnn.preprocessing.pairs import Pairs, references
from textrnn.progress import Progress

__all__ = ["ValidationBleu"]


class ValidationBleu:
    """Scores the translations of the first distinct source sentences against all their translations.

    Args:
        pairs: The validation pairs.
        num_sentences: How many sentences, at most.
        progress: Where it is said how words are counted, unless it is in the usual way.
        lowercase: Whether case counts for nothing, as for a translator that writes small letters only.
    """

    def __init__(self, pairs: Pairs, num_sentences: int, progress: Progress, lowercase: bool = False) -> None:
        self.sources = list(dict.fromkeys(pairs.sources))[:num_sentences]
        self.references = references(pairs, self.sources)
        self.tokenize = tokenizer_for(self.references[0])
        self.lowercase = lowercase
        self.translations: list[str] = []
        if self.tokenize != "13a":
            progress.message(f"validation BLEU by sacreBLEU's {self.tokenize} tokenizer: the targets have no spaces")

    def score(self, translations: list[str]) -> float:
        """Returns the BLEU, 0 to 100, of a translation of each of `sources`."""
        self.translations = translations
        # Effective order, because where no sentence has four words BLEU would be 0 whatever is learned.
        return bleu(
            translations, self.references, tokenize=self.tokenize, lowercase=self.lowercase, effective_order=True
        ).score

    @property
    def sample(self) -> str:
        """The first sentence and its translation, to look at."""
        return f"{self.sources[0]} -> {self.translations[0]}"
