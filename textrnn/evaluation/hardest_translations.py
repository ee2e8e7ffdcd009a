"""The sentences of a test whose translations are furthest from their references."""

from collections.abc import Sequence
from typing import Any

from textrnn.errors import TextrnnError
from textrnn.evaluation.hardest import NUM_SHOWN
from textrnn.evaluation.references import References, checked
from textrnn.evaluation.scores import HardTranslation
from textrnn.wording import counted

__all__ = ["hardest_translations"]


def hardest_translations(
    hypotheses: Sequence[str], references: References, sources: Sequence[str] = (), *, lowercase: bool = False
) -> tuple[HardTranslation, ...]:
    """Returns the translations with the lowest chrF, the hardest first, without those that are a reference.

    By chrF and not by BLEU, which of single sentences is mostly about 0.

    Args:
        hypotheses: One sentence each.
        references: As for `textrnn.bleu`.
        sources: What was translated; none of them if nobody knows.
        lowercase: Whether case counts for nothing.
    """
    import sacrebleu

    hypotheses, sets = checked(hypotheses, references)
    if sources and len(sources) != len(hypotheses):
        raise TextrnnError(
            f"`sources` must hold one sentence for each of the {counted(len(hypotheses), 'hypothesis')}."
        )
    metric: Any = sacrebleu.CHRF(lowercase=lowercase)

    def chrf(hypothesis: str, group: list[str]) -> float:
        return float(metric.sentence_score(hypothesis, group).score)

    groups = [[one for one in group if one is not None] for group in zip(*sets, strict=True)]
    scores = [chrf(*pair) for pair in zip(hypotheses, groups, strict=True)]
    order = sorted((i for i, score in enumerate(scores) if score < 100), key=scores.__getitem__)[:NUM_SHOWN]
    return tuple(
        HardTranslation(
            index + 1,
            sources[index] if sources else "",
            hypotheses[index],
            max(groups[index], key=lambda one, index=index: chrf(hypotheses[index], [one])),  # type: ignore[misc]
            scores[index],
        )
        for index in order
    )
