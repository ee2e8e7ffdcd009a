"""How close translations come to references: BLEU by NLTK and by sacreBLEU, chrF and TER, and what they can tell.

Two tools give two BLEU scores for three reasons: other tokens, other smoothing, and NLTK counting a hypothesis of
fewer than four tokens as if it held an n-gram of each order. Here both get the same 13a tokens and the same smoothing,
so only the third reason is left, and a note says when it matters.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from textrnn.errors import TextrnnError, check_choice, check_range
from textrnn.evaluation.bleu_tokenizers import TOKENIZERS, tokenizer_for

__all__ = [
    "BleuScore",
    "Comparison",
    "LengthBucket",
    "TranslationScores",
    "bleu",
    "bleu_by_length",
    "compare",
    "sentence_bleu",
    "tokenizer_for",
    "translation_scores",
]

MAX_NGRAM = 4

References = Sequence[str] | Sequence[Sequence[str]]


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

    def __str__(self) -> str:
        precisions = "/".join(f"{precision:.1f}" for precision in self.precisions)
        interval = "" if self.interval is None else f" ± {self.interval:.2f} (95% bootstrap)"
        lines = [
            f"BLEU {self.score:.2f}{interval}  {precisions}  brevity {self.brevity_penalty:.3f}  "
            f"{self.hypothesis_length:,} tokens for {self.reference_length:,}",
            f"  {self.signature}",
            f"BLEU by NLTK {self.nltk_score:.2f}",
        ]
        if abs(self.score - self.nltk_score) >= 0.005:
            lines.append(
                f"  note: they differ because {self.num_short:,} hypotheses have fewer than {MAX_NGRAM} tokens, which "
                "NLTK counts as if they held one n-gram of every order."
            )
        return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class TranslationScores:
    """BLEU with chrF (Popović 2015) and TER (Snover et al. 2006), each with its signature.

    TER counts edits per 100 reference words: the lower the better.
    """

    bleu: BleuScore
    chrf: float
    chrf_signature: str
    ter: float
    ter_signature: str
    num_sentences: int

    def __str__(self) -> str:
        return f"{self.bleu}\nchrF {self.chrf:.2f}\n  {self.chrf_signature}\nTER {self.ter:.2f}\n  {self.ter_signature}"


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
    """BLEU of the sentences whose sources have `shortest` to `longest` words."""

    shortest: int
    longest: int
    num_sentences: int
    score: float

    def __str__(self) -> str:
        words = f"{self.shortest}-{self.longest}"
        return f"{words:>9} words  {self.num_sentences:>6,} sentences  BLEU {self.score:6.2f}"


def checked(hypotheses: Sequence[str], references: References) -> tuple[list[str], list[list[str]]]:
    """Returns hypotheses and, for each set of references, its sentences; raises if they do not fit.

    Args:
        hypotheses: One string per sentence.
        references: One string per sentence, or several lists of that.
    """
    for name, value in (("hypotheses", hypotheses), ("references", references)):
        if isinstance(value, (str, bytes)):
            raise TextrnnError(
                f"`{name}` must be a list of sentences. Received one string, which would be scored letter by letter. "
                f"Put it into a list: [{name[:-1]}]."
            )
    hypotheses = list(hypotheses)
    sets: list[Any] = list(references)
    if not sets or isinstance(sets[0], str):
        sets = [sets]
    sets = [list(one) for one in sets]
    if not hypotheses:
        raise TextrnnError("There are no hypotheses to score.")
    for number, one in enumerate(sets, start=1):
        if len(one) != len(hypotheses):
            which = "references" if len(sets) == 1 else f"references in set {number}"
            raise TextrnnError(
                f"There are {len(hypotheses):,} hypotheses and {len(one):,} {which}. Each hypothesis needs a reference "
                "in each set, in the same order."
            )
    for name, sentences in (("hypotheses", hypotheses), *(("references", one) for one in sets)):
        for index, sentence in enumerate(sentences):
            if not isinstance(sentence, str):
                raise TextrnnError(f"`{name}` must hold strings. Received at index {index}: {sentence!r}.")
    if not any(sentence.strip() for one in sets for sentence in one):
        raise TextrnnError("All references are empty.")
    return hypotheses, sets


def bleu(
    hypotheses: Sequence[str],
    references: References,
    *,
    tokenize: str = "13a",
    lowercase: bool = False,
    num_bootstrap: int = 0,
) -> BleuScore:
    """Returns corpus BLEU.

    Example:

    >>> round(bleu(["The cat sat on a mat."], ["The cat sat on the mat."]).score, 2)
    48.89

    Args:
        hypotheses: One sentence each.
        references: The same number of sentences, or several such lists if there are several references.
        tokenize: sacreBLEU's tokenizer: "13a" for plain text, "none" for text that is tokenised already.
        lowercase: Whether case counts for nothing.
        num_bootstrap: How many bootstrap samples the confidence interval is made from; 0 makes none.

    Raises:
        TextrnnError: If strings stand where lists belong, something is empty, or the numbers do not fit.
    """
    import sacrebleu

    check_choice("tokenize", tokenize, TOKENIZERS)
    check_range("num_bootstrap", num_bootstrap, 0, 1_000_000, whole=True)
    hypotheses, sets = checked(hypotheses, references)
    # `force` silences a warning about text that looks tokenised; the caller has said what it is.
    metric = sacrebleu.BLEU(tokenize=tokenize, lowercase=lowercase, force=True)
    result: Any = metric.corpus_score(hypotheses, sets, n_bootstrap=max(num_bootstrap, 1))
    tokens = [tokenized(metric, sentence, lowercase) for sentence in hypotheses]
    return BleuScore(
        result.score,
        nltk_bleu(tokens, [[tokenized(metric, sentence, lowercase) for sentence in one] for one in sets]),
        tuple(result.precisions),
        result.bp,
        result.sys_len,
        result.ref_len,
        str(metric.get_signature()),
        result._ci if num_bootstrap > 1 else None,
        sum(len(words) < MAX_NGRAM for words in tokens),
    )


def tokenized(metric: Any, sentence: str, lowercase: bool) -> list[str]:
    """Returns the tokens that sacreBLEU counts."""
    return metric.tokenizer((sentence.lower() if lowercase else sentence).rstrip()).split()


def nltk_bleu(hypotheses: list[list[str]], references: list[list[list[str]]]) -> float:
    """Returns BLEU by NLTK, 0 to 100, with the smoothing that matches sacreBLEU's default.

    Args:
        hypotheses: Tokens of each sentence.
        references: For each set of references the tokens of each sentence.
    """
    from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu

    per_sentence = [list(group) for group in zip(*references, strict=True)]
    score = corpus_bleu(per_sentence, hypotheses, smoothing_function=SmoothingFunction().method3)
    return 100.0 * float(score)


def sentence_bleu(hypothesis: str, references: str | Sequence[str]) -> float:
    """Returns the BLEU of one sentence, 0 to 100, over the n-gram orders that it has.

    Single sentences score erratically; compare systems by `bleu` over many.
    """
    import sacrebleu

    one = [references] if isinstance(references, str) else list(references)
    if not isinstance(hypothesis, str):
        raise TextrnnError(f"`hypothesis` must be one string. Received: {hypothesis!r}.")
    if not one:
        raise TextrnnError("`references` holds no sentence. Pass at least one.")
    return sacrebleu.BLEU(effective_order=True).sentence_score(hypothesis, one).score


def translation_scores(hypotheses: Sequence[str], references: References, **options: Any) -> TranslationScores:
    """Returns BLEU, chrF and TER.

    Args:
        hypotheses: One sentence each.
        references: The same number of sentences, or several such lists.
        **options: Those of `bleu`.
    """
    import sacrebleu

    score = bleu(hypotheses, references, **options)
    hypotheses, sets = checked(hypotheses, references)
    chrf, ter = sacrebleu.CHRF(), sacrebleu.TER()
    chrf_score = chrf.corpus_score(hypotheses, sets).score
    ter_score = ter.corpus_score(hypotheses, sets).score
    return TranslationScores(
        score, chrf_score, str(chrf.get_signature()), ter_score, str(ter.get_signature()), len(hypotheses)
    )


def compare(
    baseline: Sequence[str],
    system: Sequence[str],
    references: References,
    *,
    tokenize: str = "13a",
    lowercase: bool = False,
    num_samples: int = 1000,
) -> Comparison:
    """Returns whether the difference between two systems is more than chance, by paired bootstrap resampling.

    Args:
        baseline: The first system's sentences.
        system: The second system's.
        references: As for `bleu`.
        tokenize: As for `bleu`.
        lowercase: As for `bleu`.
        num_samples: How many times the sentences are drawn anew.
    """
    import sacrebleu
    from sacrebleu.significance import PairedTest

    check_choice("tokenize", tokenize, TOKENIZERS)
    check_range("num_samples", num_samples, 100, 1_000_000, whole=True)
    baseline, sets = checked(baseline, references)
    system, _ = checked(system, references)
    metric = sacrebleu.BLEU(references=sets, tokenize=tokenize, lowercase=lowercase, force=True)
    systems: Any = [("baseline", baseline), ("system", system)]
    test = PairedTest(systems, {"BLEU": metric}, references=None, test_type="bs", n_samples=num_samples)
    results: Any = test()[1]
    first, second = results["BLEU"]
    # sacreBLEU counts the samples with a greater difference, so it would call equal outputs significantly different.
    p_value = 1.0 if baseline == system else float(second.p_value)
    return Comparison(float(first.score), float(second.score), p_value, num_samples)


def bleu_by_length(
    sources: Sequence[str], hypotheses: Sequence[str], references: References, *, num_buckets: int = 6, **options: Any
) -> list[LengthBucket]:
    """Returns BLEU for short to long source sentences, in buckets of about equal numbers of sentences.

    Args:
        sources: The source sentences; their words are counted at spaces.
        hypotheses: Their translations.
        references: As for `bleu`.
        num_buckets: How many buckets, at most.
        **options: Those of `bleu`.
    """
    check_range("num_buckets", num_buckets, 1, 1000, whole=True)
    hypotheses, sets = checked(hypotheses, references)
    if isinstance(sources, str) or len(sources) != len(hypotheses):
        raise TextrnnError(f"`sources` must hold one sentence for each of the {len(hypotheses):,} hypotheses.")
    lengths = [len(source.split()) for source in sources]
    size = math.ceil(len(lengths) / num_buckets)
    buckets: list[LengthBucket] = []
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    while order:
        longest = lengths[order[min(size, len(order)) - 1]]
        chosen = [index for index in order if lengths[index] <= longest]
        order = order[len(chosen) :]
        score = bleu([hypotheses[i] for i in chosen], [[one[i] for i in chosen] for one in sets], **options).score
        buckets.append(LengthBucket(lengths[chosen[0]], longest, len(chosen), score))
    return buckets
