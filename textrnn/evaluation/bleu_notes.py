"""What to know before trusting a BLEU score: text that was left tokenised, scores that say less than they seem to."""

import re
from collections.abc import Sequence
from typing import Any

from textrnn.evaluation.references import ReferenceSets
from textrnn.wording import counted

__all__ = ["MAX_NGRAM", "leftovers", "nltk_note", "zero_note"]

MAX_NGRAM = 4
TOKENISED = re.compile(r" [.,](?=\s|$)")
TOKENISED_END = re.compile(r" \.$")
ESCAPED = re.compile(r"&(?:apos|quot|amp|lt|gt|#\d+|#x[0-9a-fA-F]+);")
PIECES = re.compile(r"@@(?=\s|$)|\u2581")
MANY = 100  # lines of any number that are a sign; sacreBLEU warns of as many that end in a period after a space


def leftovers(hypotheses: list[str], sets: ReferenceSets, tokenize: str) -> list[str]:
    """Returns a sentence for each kind of mark that preparing text for a model leaves in it and that costs BLEU.

    Args:
        hypotheses: One string per sentence.
        sets: For each set of references its sentences.
        tokenize: The tokenizer's name.
    """
    notes = []
    references = [sentence for one in sets for sentence in one if sentence is not None]
    for noun, sentences in (("hypothesis", hypotheses), ("reference", references)):
        lines = marked(TOKENISED_END, sentences, noun) or marked(TOKENISED, sentences, noun, many=len(sentences))
        if lines and tokenize in ("13a", "intl"):
            notes.append(
                f"{lines} a space before a period or comma and look tokenised, but tokenize={tokenize!r} is for plain "
                "text. Detokenise them; or pass tokenize='none' if hypotheses and references are tokenised alike."
            )
        if lines := marked(PIECES, sentences, noun):
            notes.append(f"{lines} marks of subwords (@@ or \u2581). Join the pieces to words before scoring.")
        if lines := marked(ESCAPED, sentences, noun):
            notes.append(f"{lines} escaped characters such as &apos; or &quot;. Unescape them before scoring.")
    return notes


def marked(pattern: re.Pattern[str], sentences: Sequence[str], noun: str, many: int = MANY) -> str:
    """Returns how many sentences have a mark, as "3 of 4 hypotheses have", or "" if fewer than `many` and than half."""
    number = sum(pattern.search(sentence) is not None for sentence in sentences)
    if not number or (number < many and 2 * number < len(sentences)):
        return ""
    return f"{number:,} of {counted(len(sentences), noun)} {'has' if len(sentences) == 1 else 'have'}"


def zero_note(result: Any) -> str | None:
    """Returns why a BLEU score is 0, or None if it is not.

    Args:
        result: sacreBLEU's score, with the counts of n-grams.
    """
    if result.score > 0:
        return None
    if not result.sys_len:
        return "BLEU is 0 because the hypotheses hold no tokens."
    if not any(result.counts):
        return "BLEU is 0 because no hypothesis has a token in common with its reference."
    if not result.totals[-1]:
        return (
            f"BLEU is 0 because no hypothesis has {MAX_NGRAM} tokens: there is no {MAX_NGRAM}-gram to count, however "
            "good the translations are. With effective order (effective_order=True, --effective-order) it counts the "
            "n-grams that there are; chrF always does."
        )
    return "BLEU is 0 because the hypotheses are so much shorter than the references."


def nltk_note(score: float, nltk_score: float, num_short: int) -> str | None:
    """Returns why NLTK and sacreBLEU differ, or None if they do not."""
    if abs(score - nltk_score) < 0.005:
        return None
    have = "has" if num_short == 1 else "have"
    return (
        f"sacreBLEU and NLTK differ because {counted(num_short, 'hypothesis')} {have} fewer than {MAX_NGRAM} tokens, "
        "which NLTK counts as if they held one n-gram of every order."
    )
