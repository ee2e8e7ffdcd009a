"""Encodes training pairs anew for each epoch: with other pieces of words, or with other words unknown."""

import functools
from collections.abc import Callable

import numpy as np

from textrnn.preprocessing.pair_batches import EncodedPairs
from textrnn.preprocessing.pairs import Pairs
from textrnn.preprocessing.placeholders import PlaceholderSampler
from textrnn.preprocessing.tokenizers import EOS_ID, UNK_ID, SubwordTokenizer, Tokenizer, WordTokenizer

__all__ = ["HiddenWords", "SegmentationSampler", "counterparts", "resegmentation", "resegmented"]

ENOUGH_UNKNOWN = 0.01  # share of unknown tokens from which on a network learns about them without this
STRENGTH = 4.0  # a word that occurs c times is hidden with probability STRENGTH / (STRENGTH + c)
MOST_HIDDEN = 0.5  # but never with a higher one than this
LEAST_LIKENESS = 0.5
MAX_PAIRS = 100_000

Resegment = Callable[[np.random.Generator], EncodedPairs]


def resegmentation(
    pairs: Pairs,
    encoded: EncodedPairs,
    tokenizers: tuple[Tokenizer, Tokenizer],
    share: float,
    has_placeholders: bool = False,
) -> Resegment | None:
    """Returns what encodes training pairs anew for each epoch, or None where they stay as they are.

    Args:
        pairs: The training pairs, as the network reads them.
        encoded: The same, encoded.
        tokenizers: Those of the source and the target language.
        share: Share of the words that get other subwords; 0 for none.
        has_placeholders: Whether the vocabularies hold placeholders, which the network learns to carry across.
    """
    samplers = [SegmentationSampler(side, share) for side in tokenizers if isinstance(side, SubwordTokenizer)]
    if has_placeholders:
        hide = PlaceholderSampler(pairs).draw
        return lambda randomness: resegmented(hide(randomness), samplers, randomness)
    if share:
        return functools.partial(resegmented, pairs, samplers)
    if isinstance(tokenizers[0], WordTokenizer) and encoded.unknown_share < ENOUGH_UNKNOWN:
        return HiddenWords(encoded).encode
    return None


class SegmentationSampler:
    """Draws another segmentation for some words of a sentence, by its probability under the unigram model.

    SentencePiece can sample by itself, but its random numbers cannot be set anew for each epoch, which exact resuming
    needs. Pieces never cross a space, so each word has its own few best segmentations, which are found once.

    Args:
        tokenizer: The subword tokenizer.
        share: Share of the words that are drawn anew.

    Reference: subword regularization, Kudo 2018, section 3.2.
    """

    NUM_SEGMENTATIONS = 8
    SMOOTHNESS = 0.2  # power that the probabilities are raised to; 0 would make all segmentations equally likely

    def __init__(self, tokenizer: SubwordTokenizer, share: float) -> None:
        self.tokenizer = tokenizer
        self.share = share

    @functools.lru_cache(maxsize=200_000)  # noqa: B019 (lives as long as a training run)
    def segmentations(self, word: str) -> tuple[list[list[int]], np.ndarray]:
        """Returns the best segmentations of a word, with the space before it, and their cumulative probabilities."""
        processor = self.tokenizer.processor
        found = processor.NBestEncodeAsIds(" " + word, self.NUM_SEGMENTATIONS) or [self.tokenizer.encode(word).tolist()]
        scores = np.array([sum(processor.GetScore(piece) for piece in ids) for ids in found])
        weights = np.exp(self.SMOOTHNESS * (scores - scores.max()))
        return found, np.cumsum(weights / weights.sum())

    def encode(self, sentence: str, randomness: np.random.Generator) -> np.ndarray:
        """Returns the token ids of a sentence, segmented at random."""
        words = self.tokenizer.cased(sentence).split(" ")
        draws = randomness.random((len(words), 2))
        ids: list[int] = []
        for word, (chance, draw) in zip(words, draws, strict=True):
            found, cumulative = self.segmentations(word)
            chosen = int(np.searchsorted(cumulative, draw)) if chance < self.share else 0
            ids.extend(found[min(chosen, len(found) - 1)])
        return np.array(ids, dtype=np.int32)


def resegmented(pairs: Pairs, samplers: list[SegmentationSampler], randomness: np.random.Generator) -> EncodedPairs:
    """Encodes both sides of all pairs with drawn segmentations."""
    sides = zip(samplers, (pairs.sources, pairs.targets), strict=True)
    return EncodedPairs(*([sampler.encode(one, randomness) for one in sentences] for sampler, sentences in sides))


class HiddenWords:
    """Makes other words of the pairs unknown each time, so that a network learns to copy words that it does not know.

    A vocabulary with room for every training word would leave the unknown token untrained, and the first new name be
    translated as some word that happens to be near. The rarer a word, the more often it is hidden, and always together
    with its counterpart on the other side: only so does the unknown token of one side come to stand for that of the
    other.

    Args:
        pairs: The encoded training pairs.

    Reference: word dropout by frequency, Kiperwasser and Goldberg 2016, section 4.
    """

    def __init__(self, pairs: EncodedPairs) -> None:
        self.pairs = pairs
        self.counterparts = counterparts(pairs)
        ids = np.concatenate([*pairs.sources, np.zeros(1, np.int32)])
        counts = np.bincount(ids)
        self.probabilities = np.zeros(len(counts))
        known = list(self.counterparts)
        self.probabilities[known] = np.minimum(STRENGTH / (STRENGTH + counts[known]), MOST_HIDDEN)

    def encode(self, randomness: np.random.Generator) -> EncodedPairs:
        """Returns the pairs with some words hidden."""
        sources, targets = list(self.pairs.sources), list(self.pairs.targets)
        for index, (source, target) in enumerate(zip(sources, targets, strict=True)):
            hidden = source[randomness.random(len(source)) < self.probabilities[source]]
            for word in np.unique(hidden):
                other = self.counterparts[int(word)]
                if other in target:
                    source, target = np.where(source == word, UNK_ID, source), np.where(target == other, UNK_ID, target)
            sources[index], targets[index] = source, target
        return EncodedPairs(sources, targets)


def counterparts(pairs: EncodedPairs) -> dict[int, int]:
    """Returns for source words the target word that occurs in the same pairs as they do.

    The likeness of two words is Dice's: twice the number of pairs that hold both, divided by the sum of the numbers
    that hold each. A word and its counterpart are each other's likest.
    """
    sources, targets = (
        [np.unique(ids).astype(np.int64) for ids in side[:MAX_PAIRS]] for side in (pairs.sources, pairs.targets)
    )
    width = 1 + max(int(ids.max(initial=0)) for ids in targets)
    both = [(s[:, np.newaxis] * width + t).reshape(-1) for s, t in zip(sources, targets, strict=True)]
    keys, counts = np.unique(np.concatenate(both), return_counts=True)
    words = keys // width, keys % width
    numbers = [np.bincount(np.concatenate(side)) for side in (sources, targets)]
    likeness = 2 * counts / (numbers[0][words[0]] + numbers[1][words[1]])
    best = likest(words[0], likeness) & likest(words[1], likeness) & (likeness >= LEAST_LIKENESS)
    best &= (words[0] > EOS_ID) & (words[1] > EOS_ID)
    return dict(zip(words[0][best].tolist(), words[1][best].tolist(), strict=True))


def likest(words: np.ndarray, likeness: np.ndarray) -> np.ndarray:
    """Returns booleans: whether a pair of words is the likest of those that have the same word."""
    order = np.lexsort((-likeness, words))
    _, first = np.unique(words[order], return_index=True)
    result = np.zeros(len(words), dtype=bool)
    result[order[first]] = True
    return result
