"""An interpolated Kneser-Ney n-gram model on the tokens of a textrnn model, as something to compare with.

    python -m benchmarks.kneser_ney --model shakespeare --train DIR --validation FILE --test FILE [FILE ...]

Its numbers are those of `nltk.lm.KneserNeyInterpolated` (`tests/benchmarks/test_kneser_ney.py`), whose dictionaries
hold a few million tokens at most; here n-grams lie in sorted arrays. The discount is chosen on the validation text.

An n-gram is known by its rank among all of its size, and that of n words by the rank of its first n - 1 and its last
word: one whole number `rank * vocabulary_size + word`, whatever n is.
"""

import argparse
import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

import textrnn
from textrnn import corpora
from textrnn.preprocessing.tokenizers import Tokenizer

DISCOUNTS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975)


@dataclasses.dataclass
class Grams:
    """The distinct n-grams of one size.

    Args:
        keys: int64 of shape `(num_grams,)`, ascending; see above. Of single words all of the vocabulary.
        counts: For each how often it stands in the text; below the highest order how many words stand before it.
        totals: For each n-gram of one word less, the sum of `counts` of those that it begins.
        followers: How many those are.
    """

    keys: np.ndarray
    counts: np.ndarray
    totals: np.ndarray
    followers: np.ndarray

    @classmethod
    def of(cls, keys: np.ndarray, counts: np.ndarray, num_contexts: int, vocabulary_size: int) -> "Grams":
        """Sums up the n-grams that begin alike."""
        contexts = keys // vocabulary_size
        totals = np.bincount(contexts, counts, num_contexts).astype(np.int64)
        return cls(keys, counts, totals, np.bincount(contexts, minlength=num_contexts))

    def ranks(self, keys: np.ndarray) -> np.ndarray:
        """Returns the rank of each key, -1 for those that are not there."""
        found = np.searchsorted(self.keys, keys)
        found[found == len(self.keys)] = 0
        return np.where(self.keys[found] == keys, found, -1)


class KneserNey:
    """Interpolated Kneser-Ney smoothing with one discount for all orders.

    Args:
        texts: The training texts, int arrays of token ids; n-grams do not run from one into the next.
        order: Words of the largest n-grams, at least 2.
        vocabulary_size: All token ids are smaller.
        discount: From 0 to 1.
    """

    def __init__(self, texts: Sequence[np.ndarray], order: int, vocabulary_size: int, discount: float = 0.75) -> None:
        self.vocabulary_size = vocabulary_size
        self.discount = discount
        self.num_words = len(np.unique(np.concatenate(texts))) + 1  # NLTK's vocabulary has one word for all unknown
        self.grams = list(counted(texts, order, vocabulary_size))

    def scores(self, token_ids: np.ndarray) -> np.ndarray:
        """Returns the probability of each token after those before it, float64 of shape `(num_tokens,)`.

        A context that was never seen, or only where its text begins, leaves the word to the next smaller one.
        """
        words = self.grams[0]
        ranks = np.asarray(token_ids, np.int64)  # of the n-grams that begin at each token
        result = words.counts[ranks] / words.totals[0]
        for size, grams in enumerate(self.grams[1:], start=2):
            if not len(grams.keys):  # no text is as long
                break
            last = token_ids[size - 1 :]
            contexts = ranks[: len(last)]
            ranks = np.where(contexts >= 0, grams.ranks(contexts * self.vocabulary_size + last), -1)
            self._interpolate(result[size - 1 :], grams, contexts, ranks)
        return result

    def _interpolate(self, result: np.ndarray, grams: Grams, contexts: np.ndarray, ranks: np.ndarray) -> None:
        """Turns the probabilities by the smaller contexts, shape `(num_grams,)`, into those by these, in place."""
        seen = np.flatnonzero(np.where(contexts >= 0, grams.totals[contexts], 0))
        contexts, ranks = contexts[seen], ranks[seen]
        counts = np.where(ranks >= 0, grams.counts[ranks], 0)
        alpha = np.maximum(counts - self.discount, 0.0) / grams.totals[contexts]
        gamma = self.discount * grams.followers[contexts] / grams.totals[contexts]
        result[seen] = alpha + gamma * result[seen]

    def bits(self, token_ids: np.ndarray) -> float:
        """Returns the information of a text after its first token, in bits.

        A token never seen costs as much as one of the whole vocabulary: a thousandth is left to all alike.
        """
        scores = self.scores(token_ids)[1:]
        return float(-np.log2(0.999 * scores + 0.001 / self.num_words).sum())


def counted(texts: Sequence[np.ndarray], order: int, vocabulary_size: int) -> Iterator[Grams]:
    """Yields the n-grams of 1 to `order` words."""
    token_ids = np.concatenate(texts).astype(np.int64)
    left = np.concatenate(
        [np.arange(len(text), 0, -1, dtype=np.int32) for text in texts]
    )  # tokens up to the text's end
    ranks = token_ids
    keys, num_contexts = np.arange(vocabulary_size), 1
    for size in range(2, order + 1):
        places = np.flatnonzero(left >= size)
        found = ranks[places] * vocabulary_size + token_ids[places + size - 1]
        places, found = sorted_together(places, found)
        is_first = np.diff(found, prepend=-1) != 0
        # A different n-gram that ends in one of n - 1 words is a different word before that.
        before = np.bincount(ranks[places[is_first] + 1], minlength=len(keys))
        yield Grams.of(keys, before, num_contexts, vocabulary_size)
        ranks = np.full(len(token_ids), -1)
        ranks[places] = is_first.cumsum() - 1
        num_contexts, keys = len(keys), found[is_first]
    yield Grams.of(keys, np.bincount(ranks[places]), num_contexts, vocabulary_size)


def sorted_together(places: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns both in the order of the keys."""
    order = keys.argsort(kind="stable")
    return places[order], keys[order]


@dataclasses.dataclass
class Text:
    """A text in tokens.

    Args:
        name: The name of its file.
        num_characters: Its length.
        token_ids: int32 of shape `(num_tokens,)`.
    """

    name: str
    num_characters: int
    token_ids: np.ndarray


def read(paths: list[str], tokenizer: Tokenizer) -> Iterator[Text]:
    """Yields the text of each file, also of each in a directory."""
    for path in corpora.read(paths).paths:
        text = corpora.read(path).text()
        yield Text(path.name, len(text), np.array(tokenizer.encode(text), np.int32))


def bits_per_character(model: KneserNey, texts: list[Text]) -> float:
    """Returns the information of some texts together by their length."""
    return sum(model.bits(text.token_ids) for text in texts) / sum(text.num_characters for text in texts)


def main() -> None:
    """Prints bits per character of the validation text by discount, and of each test text, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="shakespeare", help="whose tokenizer to use")
    for name in ("train", "validation", "test"):
        parser.add_argument(f"--{name}", required=True, nargs="+", metavar="PATH", help="files or directories")
    parser.add_argument("--order", type=int, default=5, help="words of the largest n-grams, at least 2 (default 5)")
    options = parser.parse_args()
    if options.order < 2:
        parser.error(f"argument --order: must be at least 2. Received: {options.order}.")
    tokenizer = textrnn.LanguageModel.load(options.model).tokenizer
    training = [text.token_ids for text in read(options.train, tokenizer)]
    print(f"{len(training)} training texts, {sum(map(len, training)):,} tokens", flush=True)
    model = KneserNey(training, options.order, tokenizer.vocabulary_size)
    print("distinct n-grams:", ", ".join(f"{len(grams.keys):,}" for grams in model.grams), flush=True)
    validation = list(read(options.validation, tokenizer))
    costs = {}
    for model.discount in DISCOUNTS:
        costs[model.discount] = bits_per_character(model, validation)
        print(f"validation, discount {model.discount}: {costs[model.discount]:.4f} bits per character", flush=True)
    model.discount = min(costs, key=lambda discount: costs[discount])
    found = []
    for text in read(options.test, tokenizer):
        cost = model.bits(text.token_ids)
        found.append(cost / text.num_characters)
        perplexity = 2 ** (cost / (len(text.token_ids) - 1))
        print(
            f"{text.name}, discount {model.discount}: perplexity {perplexity:.2f}, {found[-1]:.4f} bits per character"
        )
    print(f"mean of {len(found)} test texts: {np.mean(found):.4f} bits per character")


if __name__ == "__main__":
    main()
