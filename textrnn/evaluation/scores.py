"""What scoring translations gives: numbers with the settings behind them and notes on how far to trust them."""

import dataclasses

from textrnn.evaluation.hardest import shortened
from textrnn.wording import counted

__all__ = ["BleuScore", "Comparison", "HardTranslation", "LengthBucket", "TranslationScores"]


@dataclasses.dataclass(frozen=True)
class BleuScore:
    """A corpus BLEU score (Papineni et al. 2002).

    Args:
        score: BLEU by sacreBLEU, 0 to 100.
        nltk_score: BLEU by `nltk.translate.bleu_score.corpus_bleu` on the same tokens, 0 to 100.
        precisions: N-gram precisions for n = 1 to 4, 0 to 100.
        brevity_penalty: Factor by which short hypotheses are punished.
        hypothesis_length: Tokens of all hypotheses.
        reference_length: Tokens of the references nearest in length.
        signature: Every setting behind `score`, in sacreBLEU's words.
        interval: Half the width of the 95% bootstrap confidence interval of `score`, or None.
        num_short: How many hypotheses have fewer than four tokens.
        notes: What to know before trusting the score.
    """

    score: float
    nltk_score: float
    precisions: tuple[float, ...]
    brevity_penalty: float
    hypothesis_length: int
    reference_length: int
    signature: str
    interval: float | None = None
    num_short: int = 0
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The scores with their signature, without the notes."""
        precisions = "/".join(f"{precision:.1f}" for precision in self.precisions)
        interval = "" if self.interval is None else f" ± {self.interval:.2f} (95% bootstrap)"
        return (
            f"BLEU {self.score:.2f}{interval}  {precisions}  brevity {self.brevity_penalty:.3f}  "
            f"{counted(self.hypothesis_length, 'token')} for {self.reference_length:,}\n"
            f"  {self.signature}\n"
            f"BLEU by NLTK {self.nltk_score:.2f}"
        )

    def __str__(self) -> str:
        return "\n".join([self.summary, *(f"note: {note}" for note in self.notes)])


@dataclasses.dataclass(frozen=True)
class HardTranslation:
    """A sentence whose translation is far from its references.

    Args:
        number: Which of the sentences it is, from 1.
        source: The sentence; "" if nobody knows it.
        hypothesis: Its translation.
        reference: The reference that is nearest.
        chrf: The chrF of the translation by all its references.
    """

    number: int
    source: str
    hypothesis: str
    reference: str
    chrf: float

    def __str__(self) -> str:
        hypothesis, reference, source = map(shortened, (self.hypothesis, self.reference, self.source))
        of = f" of {source!r}" if source else ""
        return f"{self.chrf:7.1f}  line {self.number:,}: {hypothesis!r}{of}, where the reference has {reference!r}"


@dataclasses.dataclass(frozen=True)
class TranslationScores:
    """BLEU with chrF (Popović 2015) and TER (Snover et al. 2006), each with its signature.

    TER counts edits per 100 reference words: the lower the better. It is None, and a note says why, where there are no
    words to count. `hardest` has the translations with the lowest chrF, if they were asked for.
    """

    bleu: BleuScore
    chrf: float
    chrf_signature: str
    ter: float | None
    ter_signature: str | None
    num_sentences: int
    notes: tuple[str, ...] = ()
    hardest: tuple[HardTranslation, ...] = ()

    def __str__(self) -> str:
        lines = [self.bleu.summary, f"chrF {self.chrf:.2f}", f"  {self.chrf_signature}"]
        if self.ter is not None:
            lines += [f"TER {self.ter:.2f}", f"  {self.ter_signature}"]
        if self.hardest:
            lines += ["hardest sentences, with the chrF of each:", *map(str, self.hardest)]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Whether one system is better than another by more than chance (Koehn 2004).

    Args:
        baseline: BLEU of the first system.
        system: BLEU of the second.
        p_value: How probable so large a difference is if there is none, by paired bootstrap resampling.
        num_samples: How many times the test set was drawn anew.
    """

    baseline: float
    system: float
    p_value: float
    num_samples: int

    def __str__(self) -> str:
        verdict = "significant at 5%" if self.p_value < 0.05 else "not significant at 5%"
        return (
            f"baseline {self.baseline:.2f}, system {self.system:.2f}: {self.system - self.baseline:+.2f} BLEU, "
            f"p = {self.p_value:.4f} over {self.num_samples:,} samples, {verdict}"
        )


@dataclasses.dataclass(frozen=True)
class LengthBucket:
    """BLEU of the sentences whose sources have `shortest` to `longest` words, or characters without spaces.

    Args:
        shortest: Length of the shortest source.
        longest: Length of the longest.
        num_sentences: How many sentences were scored.
        score: Their BLEU.
        unit: What was counted, "words" or "characters".
        num_4grams: How many 4-grams their translations have; without any, BLEU is 0 whatever they say.
    """

    shortest: int
    longest: int
    num_sentences: int
    score: float
    unit: str = "words"
    num_4grams: int | None = None

    def __str__(self) -> str:
        length = f"{self.shortest}-{self.longest}"
        sentences = "sentence " if self.num_sentences == 1 else "sentences"
        without = "  (no 4-gram to count)" if self.num_4grams == 0 and not self.score else ""
        return f"{length:>9} {self.unit}  {self.num_sentences:>6,} {sentences}  BLEU {self.score:6.2f}{without}"
