"""Hypotheses and their references, checked before anything is counted.

Several references are given as sets, each with one sentence for every hypothesis, as sacreBLEU has them. NLTK has them
the other way round, a list for every hypothesis. Where there are as many sets as hypotheses both readings are possible
and one of them gives a wrong score; then the sentences themselves must tell which is meant.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from textrnn.errors import TextrnnError
from textrnn.wording import counted, plural

__all__ = ["ReferenceSets", "References", "checked", "order_note"]

References = Sequence[str | None] | Sequence[Sequence[str | None]]
ReferenceSets = list[list[str | None]]

NLTK_ORDER = (
    "If each list holds the references of one sentence, which is NLTK's order, pass "
    "list(itertools.zip_longest(*references))."
)
COMPARED = 40  # sentences of which each is compared with each, to find the order of references
LIKE = 0.3  # NLTK's order is certain if in it hypotheses and references are so much alike,
TIMES = 2.0  # and so many times more than in the other


def checked(
    hypotheses: Iterable[str], references: References, noun: str = "hypothesis"
) -> tuple[list[str], ReferenceSets]:
    """Returns hypotheses and, for each set of references, its sentences; raises if they do not fit.

    Args:
        hypotheses: One string per sentence.
        references: One string per sentence, or several lists of that, in which None stands for a missing reference.
        noun: What messages call a hypothesis; "source" before it has been translated.
    """
    found = list_of(hypotheses, plural(noun))
    sets: list[Any] = list_of(references, "references")
    one_set = all(one is None or isinstance(one, str) for one in sets)
    sets = [sets] if one_set else [list_of(one, f"references[{index}]") for index, one in enumerate(sets)]
    if not found:
        raise TextrnnError(f"There are no {plural(noun)} to score.")
    check_strings(found, plural(noun))
    check_counts(len(found), sets, noun, one_set)
    for one in sets:
        check_strings(one, "references", missing=True)
    for index, group in enumerate(zip(*sets, strict=True)):
        if all(sentence is None for sentence in group):
            raise TextrnnError(f"The {noun} at index {index} has no reference, only None.")
    if not any(sentence and sentence.strip() for one in sets for sentence in one):
        raise TextrnnError("All references are empty.")
    return found, sets


def list_of(value: Any, name: str) -> list[Any]:
    """Returns sentences as a list; raises if they are one string, or nothing to iterate over."""
    if isinstance(value, (str, bytes)):
        raise TextrnnError(
            f"`{name}` must be a list of sentences. Received one string, which would be scored letter by letter. "
            f"Put it into a list: [{name}]."
        )
    if not isinstance(value, Iterable):
        raise TextrnnError(f"`{name}` must be a list of sentences. Received: {value!r}.")
    return list(value)


def check_strings(sentences: list[Any], name: str, missing: bool = False) -> None:
    """Raises `TextrnnError` at the first sentence that is no string; None passes if it may be missing."""
    for index, sentence in enumerate(sentences):
        if isinstance(sentence, str) or (missing and sentence is None):
            continue
        tokens = isinstance(sentence, (list, tuple))
        hint = " Join tokens with spaces; tokenize='none' then counts them as they are." if tokens else ""
        raise TextrnnError(f"`{name}` must hold strings. Received at index {index}: {sentence!r}.{hint}")


def check_counts(number: int, sets: list[list[Any]], noun: str, one_set: bool) -> None:
    """Raises `TextrnnError` unless each set holds a reference for each hypothesis."""
    for index, one in enumerate(sets, start=1):
        if len(one) == number:
            continue
        which = "" if len(sets) == 1 else f" in set {index}"
        hint = f"Each {noun} needs a reference{' in each set' if which else ''}, in the same order."
        if not one_set and len(sets) == number:
            hint += f" {NLTK_ORDER}"
        elif one_set and number == 1 and one:
            hint += " Put several references of one sentence into a list each: [[first], [second]]."
        raise TextrnnError(f"Received {counted(number, noun)} and {counted(len(one), 'reference')}{which}. {hint}")


def order_note(hypotheses: list[str], sets: ReferenceSets) -> str | None:
    """Returns a sentence if references may be in NLTK's order and the text does not tell; raises if they surely are.

    In both readings `sets[i][i]` is a reference of hypothesis i. Of the others, `sets[k][i]` is one in sacreBLEU's
    order and `sets[i][k]` in NLTK's, so the order is the one in which they resemble the hypotheses and each other.

    Args:
        hypotheses: One string per sentence.
        sets: For each set of references its sentences.
    """
    if len(hypotheses) < 2 or len(sets) != len(hypotheses):
        return None
    rows = range(min(len(hypotheses), COMPARED))
    pairs = [(i, k) for i in rows for k in rows if i != k]
    if all(sets[i][k] == sets[k][i] for i, k in pairs):
        return None
    as_sets = sum(likeness(hypotheses[i], sets[k][i]) for i, k in pairs)
    as_nltk = sum(likeness(hypotheses[i], sets[i][k]) for i, k in pairs)
    if as_nltk > LIKE * len(pairs) and as_nltk > TIMES * as_sets:
        raise TextrnnError(
            "`references` is in NLTK's order: each of its lists resembles one hypothesis, where each should be a set "
            "with a reference for every hypothesis. Pass list(zip(*references))."
        )
    as_sets += sum(likeness(sets[i][i], sets[k][i]) for i, k in pairs)
    as_nltk += sum(likeness(sets[i][i], sets[i][k]) for i, k in pairs)
    if as_sets > TIMES * as_nltk:
        return None
    return (
        f"there are {len(sets)} lists of references for {len(sets)} hypotheses. Each list was read as a set with a "
        "reference for every hypothesis; if each holds the references of one hypothesis (NLTK's order), the score is "
        "wrong: pass list(zip(*references))."
    )


def likeness(first: str | None, second: str | None) -> float:
    """Returns the share of three-letter sequences that two sentences have in common, 0 to 1."""
    grams = [{f" {text} "[i : i + 3] for i in range(len(text))} for text in (first or "", second or "")]
    return 2 * len(grams[0] & grams[1]) / max(len(grams[0]) + len(grams[1]), 1)
