"""What a classifier makes of sequences: their classes, how probable these are, why, and how often they are right."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.config.classifier import ClassifierConfig
from textrnn.errors import TextrnnError
from textrnn.inference.inspection import ReadText, inspected
from textrnn.inference.neighbours import Neighbour, neighbours
from textrnn.inference.threads import parts, side_by_side
from textrnn.preprocessing import labelled
from textrnn.preprocessing.files import as_read
from textrnn.preprocessing.grams import grams
from textrnn.preprocessing.labelled import Encoded, Label, as_vectors, encoded_targets
from textrnn.preprocessing.tokenizers import UNK_ID, Tokenizer
from textrnn.tasks.scoring import said_of

if TYPE_CHECKING:
    from textrnn.evaluation.classification import Classification

__all__ = ["BATCH_SIZE", "Explanation", "Predictor"]

BATCH_SIZE = 64
SEQUENCES_AT_ONCE = 16 * BATCH_SIZE  # that are evaluated together, sorted by length among themselves
FARTHEST = 5.0  # deviations from the mean that a feature counts as at most


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Which tokens carried a decision.

    Args:
        label: What was decided.
        probability: Its probability.
        tokens: The tokens, as they are read.
        effects: How much less probable the label is without each of them.
    """

    label: Label
    probability: float
    tokens: tuple[str, ...]
    effects: tuple[float, ...]

    def __str__(self) -> str:
        lines = [f"{self.label}   ({100 * self.probability:.1f}%)", ""]
        pairs = zip(self.tokens, self.effects, strict=True)
        return "\n".join([*lines, *(f"{token!r:>20} {100 * effect:+6.1f}%" for token, effect in pairs)])


class Predictor:
    """What `textrnn.Classifier` says of sequences."""

    config: ClassifierConfig
    network: Any
    facts: dict[str, Any]

    @property
    def labels(self) -> tuple[Label, ...]:
        """The classes, in the order of `probabilities`."""
        return tuple(self.config.labels)

    def _tokenizer(self, name: str) -> Tokenizer:
        raise NotImplementedError

    def probabilities(self, sequences: Iterable[Any]) -> np.ndarray:
        """Returns how probable each class is, shape `(samples, num_labels)`, in the order of `labels`.

        Args:
            sequences: Texts, or arrays of shape `(time, num_features)`; one array of shape
                `(samples, time, num_features)` too.

        Raises:
            TextrnnError: If the classifier is not trained, or a sequence is of another kind than it reads.
        """
        if isinstance(sequences, str):
            raise TextrnnError("Pass a list of texts: probabilities(['a masterpiece']).")
        network = self.network  # raises before anything is read, if there is none
        items = list(sequences)
        encoded = Encoded(self._cut(self._encoded(items)), self._grams(items))
        return self._as_probabilities(self._logits(encoded, network))

    def _grams(self, sequences: Sequence[Any]) -> list[np.ndarray] | None:
        """Returns what the linear classifier reads of texts, or None where there is none."""
        return [grams(as_read(one)) for one in sequences] if self.config.has_linear else None

    def _logits(self, encoded: Encoded, network: Any = None) -> np.ndarray:
        """Returns the logits of encoded sequences, shape `(samples, num_labels)`."""
        network = network or self.network
        order = sorted(range(len(encoded)), key=lambda index: -len(encoded.sequences[index]))  # of like length together
        batches = [order[rows] for rows in parts(len(order), BATCH_SIZE)] if order else []
        results = np.zeros((len(encoded), self.config.num_outputs), dtype=np.float32)
        found = side_by_side(lambda chosen: network(*encoded.inputs(chosen)), batches)
        for chosen, logits in zip(batches, found, strict=True):
            results[chosen] = logits
        return results

    def _as_probabilities(self, logits: np.ndarray) -> np.ndarray:
        scaled = logits.astype(np.float64) / self.config.temperature
        if self.config.multi_label:
            return np.asarray(0.5 * np.tanh(0.5 * scaled) + 0.5)
        weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def predict(self, sequences: Iterable[Any] | str) -> Any:
        """Returns the class of each sequence, or a tuple of all labels that it has if there may be several.

        Args:
            sequences: Texts or arrays, as for `probabilities`; or one text, whose class is returned by itself.
        """
        one = isinstance(sequences, str)
        results = self.named(self.probabilities([sequences] if one else sequences))
        return results[0] if one else results

    def named(self, probabilities: np.ndarray) -> list[Any]:
        """Returns the class that probabilities name, or a tuple of all labels if there may be several, for each row.

        Args:
            probabilities: Shape `(samples, num_labels)`.
        """
        from textrnn.evaluation.classification import named_labels

        named = named_labels(probabilities, self.config.multi_label)
        groups = [tuple(label for label, is_it in zip(self.labels, row, strict=True) if is_it) for row in named]
        return groups if self.config.multi_label else [group[0] for group in groups]

    def explain(self, text: str) -> Explanation:
        """Returns which tokens carried the decision: how the probability falls when each is read as unknown.

        A blank text has no tokens.

        Args:
            text: The text.

        Raises:
            TextrnnError: If the classifier reads vectors.
        """
        if not self.config.vocabulary_size:
            raise TextrnnError("Only decisions about texts are explained by their tokens.")
        (ids,) = self._cut(self._encoded([text]))
        first = len(self._beginning())
        tokens = self._tokenizer("tokenizer").token_texts(as_read(text))[: len(ids) - first]
        places = range(len(tokens))  # none in a blank text, which is read as one unknown token
        without = [np.where(np.arange(len(ids)) == first + place, UNK_ID, ids) for place in places]
        blank = "" if self._tokenizer("tokenizer").level == "char" else " "
        others = [blank.join(tokens[:place] + tokens[place + 1 :]) for place in places]
        found = self._as_probabilities(self._logits(Encoded([ids, *without], self._grams([text, *others]))))
        best = int(found[0].argmax())
        effects = tuple(float(found[0, best] - row[best]) for row in found[1:])
        return Explanation(self.labels[best], float(found[0, best]), tuple(tokens), effects)

    def inspect(self, text: str) -> ReadText:
        """Reads a text and returns what goes on: states, gates, and how the decision comes about token by token.

        Args:
            text: The text; what is beyond `max_length` is not read.

        Raises:
            TextrnnError: If the classifier is not trained or reads vectors, or the text is blank.
        """
        network = self.network
        if not self.config.vocabulary_size:
            raise TextrnnError("Only what is read of texts is shown.")
        if not isinstance(text, str) or not text.strip():
            raise TextrnnError(f"Pass a text with at least a token. Received: {text!r:.60}.")
        tokenizer, first = self._tokenizer("tokenizer"), len(self._beginning())
        text = tokenizer.cased(as_read(text))
        (ids,) = self._cut(self._encoded([text]))
        embeddings = network.weights["embedding/embeddings"]
        fields = inspected(network.stack, embeddings, tokenizer, text, ids, first)
        read = Encoded(
            [ids[: place + 1] for place in range(first, len(ids))],
            self._grams([text[:end] for end in fields["ends"][:-1]] + [text]),
        )
        attention = None
        if "attention" in self.config.pooling:
            outputs, _ = network.stack.read(embeddings[ids[np.newaxis]])
            attention = network.attention(outputs, np.ones((1, len(ids)), bool))[0, first:]
        return ReadText(
            **fields,
            labels=self.labels,
            probabilities=self._as_probabilities(self._logits(read, network)),
            attention=attention,
        )

    def neighbours(self, token: str, number: int = 10) -> list[Neighbour]:
        """Returns the tokens whose vectors are most like that of a token, as pairs of text and cosine similarity.

        Args:
            token: The text of a token: a word, a character, or a part of a word, as the classifier's level has it.
            number: How many.

        Raises:
            TextrnnError: If that is no token of the vocabulary, or the classifier not trained or reads vectors.
        """
        network = self.network
        if not self.config.vocabulary_size:
            raise TextrnnError("This classifier reads vectors, and has no tokens that could be alike.")
        return neighbours(network.weights["embedding/embeddings"], self._tokenizer("tokenizer"), token, number)

    # Evaluation

    def evaluate(
        self,
        data: Any,
        labels: Any = None,
        *,
        text: str | int | None = None,
        label: str | int | None = None,
        training: Any = None,
        encoding: str = "utf-8",
        explain: bool = False,
        jobs: int = 1,
    ) -> "Classification":
        """Names the classes of labelled sequences and scores that, beside what needs no network.

        Args:
            data: See `fit`.
            labels: See `fit`.
            text: See `fit`.
            label: See `fit`.
            training: The training data, from which a logistic regression on words learns the same; needs scikit-learn.
            encoding: Encoding of the files.
            explain: Whether to tell the sequences whose labels are the least probable.
            jobs: How many processes work side by side; the figures are the same.
        """
        from textrnn.evaluation.classification import bag_of_words, evaluate

        is_multi = self.config.multi_label
        how: dict[str, Any] = {"text": text, "label": label, "multi_label": is_multi, "encoding": encoding}
        test = labelled.read(data, labels, **how)
        targets = encoded_targets(test, self.labels, is_multi, "score")
        notes, words = test.notes, None
        if training is not None and test.are_texts and not is_multi:
            known = labelled.read(training, **how)
            words = bag_of_words(*((side.sequences, [one[0] for one in side.labels]) for side in (known, test)))
            if words is None:
                notes = (*notes, "the comparison with words alone needs scikit-learn: pip install scikit-learn")
        counts = self.facts.get("label_counts", {})
        shown = test.sequences if explain else None
        blocks = (test.sequences[rows] for rows in parts(len(test), SEQUENCES_AT_ONCE))
        found = np.concatenate(said_of(blocks, self, "probabilities", jobs))
        return evaluate(found, targets, self.labels, counts, is_multi, words, notes, shown)

    # Reading

    def _cut(self, sequences: list[np.ndarray]) -> list[np.ndarray]:
        """Returns the beginnings of encoded sequences, as far as they are read."""
        return [one[: self.config.max_length] for one in sequences]

    def _encoded(self, sequences: Sequence[Any]) -> list[np.ndarray]:
        """Returns token ids of shape `(time,)`, or scaled vectors of shape `(time, num_features)`, in full length."""
        if self.config.vocabulary_size:
            for number, one in enumerate(sequences):
                if not isinstance(one, str):
                    raise TextrnnError(f"Sequence {number} must be a text. Received: {type(one).__name__}.")
            texts = [as_read(one) for one in sequences]
            found = self._tokenizer("tokenizer").encode_lines(texts) if texts else []
            begin = np.array(self._beginning(), np.int32)
            return [np.concatenate([begin, ids if len(ids) else np.array([UNK_ID], np.int32)]) for ids in found]
        return [self._scaled(one, number) for number, one in enumerate(sequences)]

    def _beginning(self) -> list[int]:
        """Returns the token ids that are read before each text."""
        return self._tokenizer("tokenizer").beginning(self.config.beginning)

    def _scaled(self, vectors: Any, number: int) -> np.ndarray:
        array = as_vectors(vectors, number)
        if array.shape[1] != self.config.num_features:
            raise TextrnnError(
                f"Sequence {number} has {array.shape[1]} features a step; this classifier reads "
                f"{self.config.num_features}."
            )
        means, deviations = (np.array(values, np.float32) for values in (self.config.means, self.config.deviations))
        # A feature that hardly ever differs, such as a pixel at the edge, would drown the others where it does.
        scaled: np.ndarray = np.clip((array - means) / deviations, -FARTHEST, FARTHEST)
        return scaled.astype(np.float32)
