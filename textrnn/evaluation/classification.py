"""How well a classifier names classes, beside what is named without having read anything, or only words."""

import dataclasses
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.evaluation.bootstrap import share_interval
from textrnn.evaluation.hardest import NUM_SHOWN, shortened

__all__ = [
    "ClassScores",
    "Classification",
    "HardSequence",
    "bag_of_words",
    "calibration_error",
    "cross_entropy",
    "evaluate",
    "fitted_temperature",
]

NUM_BINS = 15


@dataclasses.dataclass(frozen=True)
class ClassScores:
    """How well one class is found.

    Args:
        label: The class.
        precision: Share of those named so that are.
        recall: Share of those that are so that are named.
        f1: Their harmonic mean.
        support: How many are.
    """

    label: Any
    precision: float
    recall: float
    f1: float
    support: int


@dataclasses.dataclass(frozen=True)
class HardSequence:
    """A sequence whose labels the classifier holds for improbable.

    Args:
        number: Which of the sequences it is, from 1.
        text: What it says; "" where it is no text.
        labels: What it is.
        named: What the classifier names it.
        probability: How probable its labels are by the classifier, all of them together.
    """

    number: int
    text: str
    labels: tuple[Any, ...]
    named: tuple[Any, ...]
    probability: float

    def __str__(self) -> str:
        right, named = (" and ".join(map(str, some)) or "nothing" for some in (self.labels, self.named))
        what = right if right == named else f"{right}, taken for {named}"
        text = f"  {shortened(self.text)!r}" if self.text else ""
        return f"{100 * self.probability:6.1f}%  number {self.number:,}: {what}{text}"


@dataclasses.dataclass(frozen=True, eq=False)
class Classification:
    """How well a classifier names the classes of sequences.

    Args:
        accuracy: Share of the sequences named rightly; of several labels, with all of them right.
        interval: 95% of the accuracies of samples drawn from these sequences, with replacement.
        macro_f1: The mean F1 of the classes.
        calibration_error: How far probabilities are from how often they are right, on average (Naeini et al. 2015, 15
            bins).
        majority: Accuracy of naming always the class that is the most frequent one in training.
        bag_of_words: Accuracy of a logistic regression on the words of the training texts; None where it was not
            computed.
        classes: The scores of each class.
        confusion: How often a sequence of the class of the row is given that of the column; shape `(labels, labels)`.
        num_sequences: How many.
        notes: What the scores cannot tell.
        hardest: The sequences whose labels are the least probable, if they were asked for.
    """

    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    calibration_error: float
    majority: float
    bag_of_words: float | None
    classes: tuple[ClassScores, ...]
    confusion: np.ndarray
    num_sequences: int
    notes: tuple[str, ...] = ()
    hardest: tuple[HardSequence, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns a dictionary that JSON can hold."""
        return {**dataclasses.asdict(self), "confusion": self.confusion.tolist()}

    def __str__(self) -> str:
        low, high = self.interval
        lines = [
            f"accuracy {100 * self.accuracy:.1f}% ({100 * low:.1f} to {100 * high:.1f}), macro F1 {self.macro_f1:.3f}, "
            f"calibration error {self.calibration_error:.3f}, {self.num_sequences:,} sequences",
            f"  always the most frequent class: {100 * self.majority:.1f}%",
        ]
        if self.bag_of_words is not None:
            lines.append(f"  logistic regression on words: {100 * self.bag_of_words:.1f}%")
        width = max(len(str(scores.label)) for scores in self.classes)
        lines.append(f"{'class':<{width}}  precision  recall     F1  number")
        for one in self.classes:
            lines.append(
                f"{one.label!s:<{width}}  {one.precision:9.3f} {one.recall:7.3f} {one.f1:6.3f} {one.support:7,}"
            )
        if self.hardest:
            lines += ["hardest sequences, with the probability of what they are:", *map(str, self.hardest)]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def evaluate(
    probabilities: np.ndarray,
    targets: np.ndarray,
    labels: Sequence[Hashable],
    training_counts: dict[str, int],
    is_multi: bool = False,
    bag_of_words: float | None = None,
    notes: tuple[str, ...] = (),
    sequences: Sequence[Any] | None = None,
) -> Classification:
    """Scores probabilities.

    Args:
        probabilities: Shape `(samples, num_labels)`.
        targets: 1 for each label that a sequence has, the same shape.
        labels: The labels, in the order of the columns.
        training_counts: How often each label, as text, stands in the training data.
        is_multi: Whether a sequence may have several.
        bag_of_words: See `Classification`.
        notes: See `Classification`.
        sequences: The sequences themselves, to tell the hardest ones; None tells none.
    """
    if not len(targets):
        raise TextrnnError("There are no sequences to score.")
    named = named_labels(probabilities, is_multi)
    right = (named == (targets > 0)).all(axis=1)
    hits = (named & (targets > 0)).sum(axis=0)
    num_named, support = named.sum(axis=0), (targets > 0).sum(axis=0)
    precision, recall = hits / np.maximum(num_named, 1), hits / np.maximum(support, 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    seen = (support > 0) | (num_named > 0)  # a class that is neither there nor named says nothing
    confusion = (targets > 0).astype(np.int64).T @ named.astype(np.int64)
    most = max(range(len(labels)), key=lambda index: training_counts.get(str(labels[index]), 0))
    return Classification(
        accuracy=float(right.mean()),
        interval=share_interval(right),
        macro_f1=float(f1[seen].mean()),
        calibration_error=calibration_error(probabilities, targets, is_multi),
        majority=float((targets[:, most] > 0).mean()),
        bag_of_words=bag_of_words,
        classes=tuple(
            ClassScores(label, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
            for i, label in enumerate(labels)
        ),
        confusion=confusion,
        num_sequences=len(targets),
        notes=notes,
        hardest=() if sequences is None else hardest_of(sequences, probabilities, targets, labels, is_multi),
    )


def hardest_of(
    sequences: Sequence[Any], probabilities: np.ndarray, targets: np.ndarray, labels: Sequence[Hashable], is_multi: bool
) -> tuple[HardSequence, ...]:
    """Returns the sequences whose labels are the least probable, the hardest first; see `evaluate`."""
    if is_multi:
        shares = np.where(targets > 0, probabilities, 1 - probabilities).prod(axis=1)
    else:
        shares = (probabilities * (targets > 0)).sum(axis=1)
    named = named_labels(probabilities, is_multi)

    def chosen(row: np.ndarray) -> tuple[Any, ...]:
        return tuple(labels[i] for i in np.flatnonzero(row).tolist())

    found = []
    for index in np.argsort(shares, kind="stable")[:NUM_SHOWN].tolist():
        text = sequences[index] if isinstance(sequences[index], str) else ""
        both = chosen(targets[index] > 0), chosen(named[index])
        found.append(HardSequence(index + 1, text, *both, float(shares[index])))
    return tuple(found)


def named_labels(probabilities: np.ndarray, is_multi: bool) -> np.ndarray:
    """Returns which labels are named, booleans of shape `(samples, num_labels)`: the likeliest, or all above a half."""
    if is_multi:
        return np.asarray(probabilities > 0.5)
    return np.asarray(np.arange(probabilities.shape[1]) == probabilities.argmax(axis=1)[:, np.newaxis])


def calibration_error(probabilities: np.ndarray, targets: np.ndarray, is_multi: bool = False) -> float:
    """Returns the expected calibration error: how far confidence is from accuracy, weighted by 15 bins of confidence.

    Reference: Naeini et al. 2015; Guo et al. 2017, equation 3.
    """
    if is_multi:  # each label is a decision of its own
        confidence = np.maximum(probabilities, 1 - probabilities).ravel()
        right = ((probabilities > 0.5) == (targets > 0)).ravel()
    else:
        best = probabilities.argmax(axis=1)
        confidence = probabilities.max(axis=1)
        right = targets[np.arange(len(targets)), best] > 0
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    gaps = [
        abs(confidence[bins == number].mean() - right[bins == number].mean()) * (bins == number).mean()
        for number in np.unique(bins)
    ]
    return float(sum(gaps))


def cross_entropy(logits: np.ndarray, targets: np.ndarray, is_multi: bool = False) -> float:
    """Returns the mean cross-entropy in nats, of sequences or, if they may have several labels, of labels.

    Args:
        logits: Shape `(samples, num_labels)`.
        targets: 1 for each label that a sequence has, the same shape.
        is_multi: Whether a sequence may have several.
    """
    logits = logits.astype(np.float64)
    if is_multi:
        return float((np.logaddexp(0, logits) - targets * logits).mean())
    highest = logits.max(axis=1, keepdims=True)
    totals = highest[:, 0] + np.log(np.exp(logits - highest).sum(axis=1))
    return float((totals - (logits * targets).sum(axis=1)).mean())


@dataclasses.dataclass(frozen=True)
class Temperature:
    """What logits are divided by, and the cross-entropy that this leaves."""

    temperature: float
    loss: float


def fitted_temperature(logits: np.ndarray, targets: np.ndarray, is_multi: bool = False) -> Temperature:
    """Returns what to divide logits by so that the targets are as probable as can be (Guo et al. 2017, section 4.2).

    Args:
        logits: Shape `(samples, num_labels)`.
        targets: 1 for each label that a sequence has, the same shape.
        is_multi: Whether a sequence may have several.
    """

    def loss(temperature: float) -> float:
        return cross_entropy(logits / temperature, targets, is_multi)

    candidates = np.exp(np.linspace(np.log(0.2), np.log(5.0), 161))
    best = float(min(candidates, key=loss))
    return Temperature(round(best, 4), loss(best))


def bag_of_words(training: tuple[list[str], list[Any]], test: tuple[list[str], list[Any]]) -> float | None:
    """Returns the accuracy of a logistic regression on words and pairs of words; None without scikit-learn.

    Args:
        training: Texts and their labels.
        test: The same to score.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        return None
    if len(Counter(training[1])) < 2:
        return None
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    model = LogisticRegression(C=10.0, max_iter=1000)
    model.fit(words.fit_transform(training[0]), [str(label) for label in training[1]])
    named = model.predict(words.transform(test[0]))
    return float(np.mean([one == str(label) for one, label in zip(named, test[1], strict=True)]))
