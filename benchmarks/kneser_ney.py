"""A Kneser-Ney n-gram model by `nltk.lm` on the tokens of a textrnn model, as something to compare with.

    python -m benchmarks.kneser_ney --model shakespeare --train DIR --validation FILE --test FILE

The discount is chosen on the validation text. NLTK counts continuations by going through all its n-grams for every word
it scores; here they are counted once, which gives the same numbers (`tests/benchmarks/test_kneser_ney.py`).
"""

import argparse
import math
from collections import Counter

from nltk.lm import KneserNeyInterpolated
from nltk.lm.smoothing import KneserNey
from nltk.util import everygrams

import textrnn
from textrnn import corpora


class CountedKneserNey(KneserNey):
    """NLTK's Kneser-Ney smoothing with the continuation counts made once."""

    def prepare(self):
        """Counts, for every n-gram of order 1 to `order - 1`, the words that stand before it."""
        self.continuations: Counter = Counter()
        self.totals: Counter = Counter()
        for order in range(2, self._order + 1):
            for prefix, counts in self.counts[order].items():
                context = tuple(prefix[1:])
                self.totals[context] += len(counts)
                for word in counts:
                    self.continuations[(*context, word)] += 1

    def _continuation_counts(self, word, context=()):
        return self.continuations[(*context, word)], self.totals[tuple(context)]


def fitted(token_ids: list[str], order: int) -> KneserNeyInterpolated:
    """Counts the n-grams of a text."""
    model = KneserNeyInterpolated(order)
    model.fit([everygrams(token_ids, max_len=order)], vocabulary_text=token_ids)
    model.estimator = CountedKneserNey(model.vocab, model.counts, order)
    model.estimator.prepare()
    return model


def bits(model: KneserNeyInterpolated, token_ids: list[str], order: int) -> float:
    """Returns the information of a text in bits; a token never seen costs as much as one of the whole vocabulary."""
    total = 0.0
    for position in range(1, len(token_ids)):
        context = tuple(token_ids[max(position - order + 1, 0) : position])
        score = model.unmasked_score(token_ids[position], context)
        # Interpolation with a uniform distribution over the vocabulary keeps unseen tokens possible.
        total -= math.log2(0.999 * score + 0.001 / len(model.vocab))
    return total


def main() -> None:
    """Prints perplexity and bits per character of the validation and the test text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="shakespeare", help="whose tokenizer to use")
    parser.add_argument("--train", required=True)
    parser.add_argument("--validation", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--order", type=int, default=5)
    options = parser.parse_args()
    tokenizer = textrnn.LanguageModel.load(options.model).tokenizer
    texts = {name: corpora.read(getattr(options, name)).text() for name in ("train", "validation", "test")}
    ids = {name: [str(token) for token in tokenizer.encode(text)] for name, text in texts.items()}
    model = fitted(ids["train"], options.order)
    costs = {}
    for discount in (0.5, 0.7, 0.8, 0.9):
        model.estimator.discount = discount
        costs[discount] = bits(model, ids["validation"], options.order)
        print(f"validation, discount {discount}: {costs[discount] / len(texts['validation']):.4f} bits per character")
    model.estimator.discount = min(costs, key=lambda discount: costs[discount])
    cost = bits(model, ids["test"], options.order)
    perplexity = 2 ** (cost / (len(ids["test"]) - 1))
    print(
        f"test, discount {model.estimator.discount}: perplexity {perplexity:.2f}, "
        f"{cost / len(texts['test']):.4f} bits per character"
    )


if __name__ == "__main__":
    main()
