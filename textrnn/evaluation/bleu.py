"""How close translations come to references: BLEU by NLTK and by sacreBLEU, chrF and TER, and what they can tell.

Two tools give two BLEU scores for three reasons: other tokens, other smoothing, and NLTK counting a hypothesis of
fewer than four tokens as if it held an n-gram of each order. Here both get the same tokens and the same smoothing, so
only the third reason is left, and a note says when it matters.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from textrnn.errors import TextrnnError, check_range
from textrnn.evaluation.bleu_notes import MAX_NGRAM, leftovers, nltk_note, zero_note
from textrnn.evaluation.bleu_tokenizers import chosen_tokenizer, misfit, ter_metric, tokenizer_for
from textrnn.evaluation.bootstrap import check_num_bootstrap
from textrnn.evaluation.hardest_translations import hardest_translations
from textrnn.evaluation.references import References, ReferenceSets, checked, list_of, order_note
from textrnn.evaluation.scores import BleuScore, Comparison, LengthBucket, TranslationScores
from textrnn.preprocessing.scripts import has_spaces, sample
from textrnn.wording import counted

__all__ = [
    "BleuScore",
    "Comparison",
    "LengthBucket",
    "TranslationScores",
    "bleu",
    "bleu_by_length",
    "compare",
    "sentence_bleu",
    "sentence_bleus",
    "tokenizer_for",
    "translation_scores",
]

NO_TER = (
    "there is no TER: it counts edited words, and sacreBLEU's TER finds no words in this script, which has no spaces."
)


def bleu(
    hypotheses: Iterable[str],
    references: References,
    *,
    tokenize: str | None = None,
    lowercase: bool = False,
    effective_order: bool = False,
    num_bootstrap: int = 0,
) -> BleuScore:
    """Returns corpus BLEU.

    Example:

    >>> round(bleu(["The cat sat on a mat."], ["The cat sat on the mat."]).score, 2)
    48.89

    Args:
        hypotheses: One sentence each.
        references: The same number of sentences, or several such lists if there are several references; None stands
            for a reference that is missing in one of them.
        tokenize: sacreBLEU's tokenizer: "13a" for plain text, "none" for text that is tokenised already, "zh", "char",
            "intl", "ja-mecab" or "ko-mecab"; by default the one that fits the script, see `tokenizer_for`.
        lowercase: Whether case counts for nothing.
        effective_order: Whether to leave out the orders of n-grams that no hypothesis is long enough for, which
            otherwise make BLEU 0.
        num_bootstrap: How many bootstrap samples the confidence interval is made from; 0 makes none.

    Raises:
        TextrnnError: If strings stand where lists belong, something is empty, the numbers do not fit, or the tokenizer
            is not installed.
    """
    check_num_bootstrap(num_bootstrap)
    hypotheses, sets = checked(hypotheses, references)
    tokenize = chosen_tokenizer(tokenize, present(sets))
    metric = bleu_metric(tokenize, lowercase, effective_order)
    doubt = order_note(hypotheses, sets)
    result = metric.corpus_score(hypotheses, sets, n_bootstrap=max(num_bootstrap, 1))
    tokens = [tokenized(metric, sentence) for sentence in hypotheses]
    groups = [[tokenized(metric, one) for one in group if one is not None] for group in zip(*sets, strict=True)]
    nltk_score = nltk_bleu(tokens, groups, effective_order)
    num_short = sum(len(words) < MAX_NGRAM for words in tokens)
    notes = [
        doubt,
        misfit(tokenize, present(sets)) or misfit(tokenize, hypotheses, "hypotheses"),
        *leftovers(hypotheses, sets, tokenize),
        zero_note(result),
        nltk_note(result.score, nltk_score, num_short),
    ]
    return BleuScore(
        result.score,
        nltk_score,
        tuple(result.precisions),
        result.bp,
        result.sys_len,
        result.ref_len,
        str(metric.get_signature()),
        result._ci if num_bootstrap > 1 else None,
        num_short,
        tuple(note for note in notes if note),
    )


def present(sets: ReferenceSets) -> list[str]:
    """Returns the references of all sets that are not missing."""
    return [sentence for one in sets for sentence in one if sentence is not None]


def bleu_metric(tokenize: str, lowercase: bool, effective_order: bool, **options: Any) -> Any:
    """Returns sacreBLEU's BLEU."""
    import sacrebleu

    # `force` silences the warning about tokenised text on standard error; `leftovers` says it where scores are read.
    return sacrebleu.BLEU(
        tokenize=tokenize, lowercase=lowercase, effective_order=effective_order, force=True, **options
    )


def tokenized(metric: Any, sentence: str) -> list[str]:
    """Returns the tokens that sacreBLEU counts."""
    tokens: list[str] = metric.tokenizer((sentence.lower() if metric.lowercase else sentence).rstrip()).split()
    return tokens


def nltk_bleu(hypotheses: list[list[str]], references: list[list[list[str]]], effective_order: bool = False) -> float:
    """Returns BLEU by NLTK, 0 to 100, with the smoothing that matches sacreBLEU's default.

    Args:
        hypotheses: Tokens of each sentence.
        references: For each sentence the tokens of each of its references.
        effective_order: Whether to count only the orders of n-grams that some hypothesis has.
    """
    from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu

    order = min(max(map(len, hypotheses)), MAX_NGRAM) if effective_order else MAX_NGRAM
    weights = (1 / max(order, 1),) * max(order, 1)
    return 100.0 * float(corpus_bleu(references, hypotheses, weights, SmoothingFunction().method3))


def sentence_bleu(
    hypothesis: str, references: str | Sequence[str | None], *, tokenize: str | None = None, lowercase: bool = False
) -> float:
    """Returns the BLEU of one sentence, 0 to 100, over the n-gram orders that it has.

    Single sentences score erratically; compare systems by `bleu` over many.

    Args:
        hypothesis: The sentence.
        references: Its reference, or several.
        tokenize: As for `bleu`.
        lowercase: As for `bleu`.
    """
    one = [references] if isinstance(references, str) else list(references)
    if not isinstance(hypothesis, str):
        raise TextrnnError(f"`hypothesis` must be one string. Received: {hypothesis!r}.")
    if not one:
        raise TextrnnError("`references` holds no sentence. Pass at least one.")
    return sentence_bleus([hypothesis], [[reference] for reference in one], tokenize=tokenize, lowercase=lowercase)[0]


def sentence_bleus(
    hypotheses: Iterable[str], references: References, *, tokenize: str | None = None, lowercase: bool = False
) -> list[float]:
    """Returns the BLEU of each sentence, see `sentence_bleu`; the tokenizer is chosen once for all of them.

    Args:
        hypotheses: One sentence each.
        references: As for `bleu`.
        tokenize: As for `bleu`.
        lowercase: As for `bleu`.
    """
    hypotheses, sets = checked(hypotheses, references)
    metric = bleu_metric(chosen_tokenizer(tokenize, present(sets)), lowercase, effective_order=True)
    groups = [[one for one in group if one is not None] for group in zip(*sets, strict=True)]
    return [metric.sentence_score(one, group).score for one, group in zip(hypotheses, groups, strict=True)]


def translation_scores(
    hypotheses: Iterable[str],
    references: References,
    *,
    tokenize: str | None = None,
    lowercase: bool = False,
    effective_order: bool = False,
    num_bootstrap: int = 0,
    explain: bool = False,
    sources: Sequence[str] = (),
) -> TranslationScores:
    """Returns BLEU, chrF and TER.

    Case counts in all three or in none. Where BLEU counts Chinese, Japanese or Korean, TER splits it as far as
    sacreBLEU's TER can; where that finds no words, as in Thai, there is no TER.

    Args:
        hypotheses: One sentence each.
        references: As for `bleu`.
        tokenize: As for `bleu`.
        lowercase: As for `bleu`.
        effective_order: As for `bleu`.
        num_bootstrap: As for `bleu`.
        explain: Whether to tell the sentences whose translations have the lowest chrF.
        sources: These sentences, if they are known.
    """
    import sacrebleu

    hypotheses, sets = checked(hypotheses, references)
    tokenize = chosen_tokenizer(tokenize, present(sets))
    score = bleu(
        hypotheses,
        sets,
        tokenize=tokenize,
        lowercase=lowercase,
        effective_order=effective_order,
        num_bootstrap=num_bootstrap,
    )
    chrf: Any = sacrebleu.CHRF(lowercase=lowercase)
    ter = ter_metric(tokenize, present(sets), lowercase)
    return TranslationScores(
        score,
        chrf.corpus_score(hypotheses, sets).score,
        str(chrf.get_signature()),
        None if ter is None else ter.corpus_score(hypotheses, sets).score,
        None if ter is None else str(ter.get_signature()),
        len(hypotheses),
        (*score.notes, NO_TER) if ter is None else score.notes,
        hardest_translations(hypotheses, sets, sources, lowercase=lowercase) if explain else (),
    )


def compare(
    baseline: Iterable[str],
    system: Iterable[str],
    references: References,
    *,
    tokenize: str | None = None,
    lowercase: bool = False,
    effective_order: bool = False,
    num_samples: int = 1000,
) -> Comparison:
    """Returns whether the difference between two systems is more than chance, by paired bootstrap resampling.

    Args:
        baseline: The first system's sentences.
        system: The second system's.
        references: As for `bleu`.
        tokenize: As for `bleu`.
        lowercase: As for `bleu`.
        effective_order: As for `bleu`.
        num_samples: How many times the sentences are drawn anew.
    """
    from sacrebleu.significance import PairedTest

    check_range("num_samples", num_samples, 100, 1_000_000, whole=True)
    baseline, sets = checked(baseline, references)
    system, _ = checked(system, references)
    tokenize = chosen_tokenizer(tokenize, present(sets))
    metric = bleu_metric(tokenize, lowercase, effective_order, references=sets)
    systems: Any = [("baseline", baseline), ("system", system)]
    test = PairedTest(systems, {"BLEU": metric}, references=None, test_type="bs", n_samples=num_samples)
    results: Any = test()[1]
    first, second = results["BLEU"]
    # sacreBLEU counts the samples with a greater difference, so it would call equal outputs significantly different.
    p_value = 1.0 if baseline == system else float(second.p_value)
    return Comparison(float(first.score), float(second.score), p_value, num_samples)


def bleu_by_length(
    sources: Iterable[str],
    hypotheses: Iterable[str],
    references: References,
    *,
    num_buckets: int = 6,
    tokenize: str | None = None,
    lowercase: bool = False,
    effective_order: bool = False,
) -> list[LengthBucket]:
    """Returns BLEU for short to long source sentences, in buckets of about equal numbers of sentences.

    Args:
        sources: The source sentences; their words are counted at spaces, their characters if they have no spaces.
        hypotheses: Their translations.
        references: As for `bleu`.
        num_buckets: How many buckets, at most.
        tokenize: As for `bleu`.
        lowercase: As for `bleu`.
        effective_order: As for `bleu`.
    """
    check_range("num_buckets", num_buckets, 1, 1000, whole=True)
    hypotheses, sets = checked(hypotheses, references)
    sources = list_of(sources, "sources")
    if len(sources) != len(hypotheses):
        raise TextrnnError(
            f"`sources` must hold one sentence for each of the {counted(len(hypotheses), 'hypothesis')}."
        )
    metric = bleu_metric(chosen_tokenizer(tokenize, present(sets)), lowercase, effective_order)
    unit = "words" if has_spaces(sample(sources)) else "characters"
    lengths = [len(source.split()) if unit == "words" else len("".join(source.split())) for source in sources]
    size = math.ceil(len(lengths) / num_buckets)
    buckets: list[LengthBucket] = []
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    while order:
        longest = lengths[order[min(size, len(order)) - 1]]
        chosen = [index for index in order if lengths[index] <= longest]
        order = order[len(chosen) :]
        result = metric.corpus_score([hypotheses[i] for i in chosen], [[one[i] for i in chosen] for one in sets])
        shortest = lengths[chosen[0]]
        buckets.append(LengthBucket(shortest, longest, len(chosen), result.score, unit, result.totals[-1]))
    return buckets
