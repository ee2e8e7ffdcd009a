"""Translates lines of text: takes them apart, searches for translations in batches, puts these together again."""

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.inference.beam_search import BeamOptions, Hypothesis, beam_search
from textrnn.inference.sampling import SamplingOptions
from textrnn.inference.threads import parts as divided
from textrnn.inference.threads import side_by_side
from textrnn.inference.translation import Translation, sample, translation_of
from textrnn.inference.translator import EncoderDecoder
from textrnn.preprocessing.pairs import normalized
from textrnn.preprocessing.placeholders import PLACEHOLDER, restored
from textrnn.preprocessing.tokenizers import Tokenizer
from textrnn.preprocessing.typed_text import Segment, TypedReader, put_together, with_marks_of

__all__ = ["MAX_SOURCE_TOKENS", "LineTranslator"]

MAX_SOURCE_TOKENS = 1000
DIGITS = re.compile(r"\d+")
BATCH_SIZE = 64


class LineTranslator:
    """Translates lines with one network, or with several whose probabilities are averaged.

    Args:
        networks: The networks.
        source: The tokenizer of the source language.
        target: The tokenizer of the target language.
        reader: What takes lines apart; None gives them to the networks as they are.
    """

    def __init__(
        self, networks: Sequence[EncoderDecoder], source: Tokenizer, target: Tokenizer, reader: TypedReader | None
    ) -> None:
        self.networks = networks
        self.source = source
        self.target = target
        self.reader = reader

    def translations(
        self, lines: Sequence[str], sampling: SamplingOptions | None, options: BeamOptions
    ) -> list[list[Translation]]:
        """Returns for each line its translations, the best first; none for a line without text.

        Args:
            lines: The lines, normalized.
            sampling: How to draw a translation, instead of searching for the best.
            options: How to search.
        """
        reader = self.reader
        if reader is None:
            return self.sentence_translations(lines, sampling, options, range(1, len(lines) + 1))
        taken_apart = [reader.segments(line) for line in lines]
        numbered = [(segment.text, n) for n, line in enumerate(taken_apart, 1) for segment in line if segment.text]
        sentences, numbers = [text for text, _ in numbered], [number for _, number in numbered]
        searched = options
        if reader.mask is not None and sampling is None:  # so that there is a choice where a placeholder is missing
            searched = dataclasses.replace(options, num_best=max(options.num_best, options.num_beams))
        found = self.sentence_translations(sentences, sampling, searched, numbers)
        if reader.mask is not None:
            taken_apart, found = self._with_numbers(reader, taken_apart, found, sampling, searched)
        left = iter(found)
        results = []
        for line, line_segments in zip(lines, taken_apart, strict=True):
            groups = [carried_across(next(left), segment.things) for segment in line_segments if segment.text]
            if line_segments == [Segment(line)]:
                group = groups[0][: options.num_best]
            else:
                group = put_together_translations(line, line_segments, groups, options.num_best) if line else []
            results.append([dataclasses.replace(one, text=with_marks_of(line, one.text)) for one in group])
        return results

    def _with_numbers(
        self,
        reader: TypedReader,
        lines: list[list[Segment]],
        found: list[list[Translation]],
        sampling: SamplingOptions | None,
        options: BeamOptions,
    ) -> tuple[list[list[Segment]], list[list[Translation]]]:
        """Translates segments again of which no translation has the numbers, with placeholders in their place.

        Args:
            reader: What has taken the lines apart.
            lines: The segments of each line.
            found: The translations of those that have text.
            sampling: How to draw a translation, instead of searching for the best.
            options: How to search.

        Returns:
            Segments and translations, as they are now; of several translations, those with the numbers come first.
        """
        lines, found = [list(line) for line in lines], list(found)
        again: list[tuple[int, Segment]] = []
        places = ((line, at) for line in lines for at, segment in enumerate(line) if segment.text)
        for index, (line, at) in enumerate(places):
            wanted = digits_of(line[at].text)
            if not wanted or not found[index]:
                continue
            found[index] = sorted(found[index], key=lambda one: digits_of(one.text) != wanted)
            new = reader.with_numbers_masked(line[at])
            if new is not None and digits_of(found[index][0].text) != wanted:
                line[at] = new
                again.append((index, new))
        texts = [segment.text for _, segment in again]
        groups = self.sentence_translations(texts, sampling, options, range(1, len(texts) + 1))
        for (index, _), group in zip(again, groups, strict=True):
            found[index] = group
        return lines, found

    def sentence_translations(
        self,
        sentences: Sequence[str],
        sampling: SamplingOptions | None,
        options: BeamOptions,
        numbers: Sequence[int],
    ) -> list[list[Translation]]:
        """Translates sentences as they are; `numbers` are what an error calls them."""
        sources = self.source_ids(sentences, numbers)
        results: list[list[Translation]] = [[] for _ in sentences]
        # Sentences of like length together; a sentence's own result does not depend on its neighbours.
        order = sorted((i for i, ids in enumerate(sources) if len(ids)), key=lambda i: -len(sources[i]))
        batches = [order[rows] for rows in divided(len(order), BATCH_SIZE)]
        for network in self.networks:
            network.expect(options.num_beams * sum(map(len, sources)))

        def found(chosen: list[int]) -> list[list[Hypothesis]]:
            batch = [sources[i] for i in chosen]
            if sampling is None:
                return beam_search(self.networks, batch, options)
            return [[one] for one in sample(self.networks, batch, sampling, options)]

        for chosen, groups in zip(batches, side_by_side(found, batches), strict=True):
            for index, hypotheses in zip(chosen, groups, strict=True):
                results[index] = [
                    translation_of(sentences[index], sources[index], one, self.source, self.target)
                    for one in hypotheses
                ]
        return results

    def source_ids(self, sentences: Sequence[str], numbers: Sequence[int]) -> list[np.ndarray]:
        """Returns the token ids of source sentences; raises if one is too long to translate.

        Args:
            sentences: The sentences.
            numbers: What an error calls each of them.
        """
        encoded = self.source.encode_lines(list(sentences)) if sentences else []
        for number, ids in zip(numbers, encoded, strict=True):
            if len(ids) > MAX_SOURCE_TOKENS:
                raise TextrnnError(
                    f"Sentence {number} has {len(ids):,} tokens; at most {MAX_SOURCE_TOKENS:,} are translated at once. "
                    "Put each of its sentences on a line of its own."
                )
        return encoded

    def shortened(self, line: str) -> tuple[str, int]:
        """Returns as much of a line as is translated at once, and how many tokens the longest sentence of it has."""
        line = normalized(line)
        sentences = [line] if self.reader is None else [segment.text for segment in self.reader.segments(line)]
        num_tokens = max((len(self.source.encode(sentence)) for sentence in sentences), default=0)
        length = num_tokens if num_tokens <= MAX_SOURCE_TOKENS else len(self.source.encode(line))
        while length > MAX_SOURCE_TOKENS:
            begin = line[: len(line) * MAX_SOURCE_TOKENS // (length + 1)]
            line = begin.rpartition(" ")[0] or begin
            length = len(self.source.encode(line))
        return line, num_tokens


def digits_of(text: str) -> Counter[str]:
    """Returns how often each number stands in a text."""
    return Counter(DIGITS.findall(text))


def carried_across(group: list[Translation], things: dict[str, str]) -> list[Translation]:
    """Returns translations in which every placeholder of the source stands, those first in which it did from the start.

    Args:
        group: The translations of a sentence, the best first.
        things: What each placeholder in the sentence stands for.
    """
    if not things:
        return group
    counts = Counter(PLACEHOLDER.findall(group[0].source)) if group else Counter()
    ranked = sorted(group, key=lambda one: Counter(PLACEHOLDER.findall(one.text)) != counts)
    return [with_all_placeholders(one, counts, things) for one in ranked]


def with_all_placeholders(translation: Translation, counts: Counter[str], things: dict[str, str]) -> Translation:
    """Returns a translation with the placeholders that it lacks, where attention says, and without those too many."""
    text = translation.text
    for placeholder in set(PLACEHOLDER.findall(text)):
        for _ in range(text.count(placeholder) - counts[placeholder]):
            before, _, after = text.rpartition(placeholder)
            text = f"{before.rstrip()} {after.lstrip()}".strip()
    for placeholder, number in counts.items():
        for _ in range(number - text.count(placeholder)):
            at = place_of(translation, placeholder)
            text = f"{text[:at].rstrip()} {placeholder} {text[at:].lstrip()}".strip()
    source_tokens, tokens = (
        tuple(restored(token, things) for token in side) for side in (translation.source_tokens, translation.tokens)
    )
    return dataclasses.replace(translation, text=text, source_tokens=source_tokens, tokens=tokens)


def place_of(translation: Translation, placeholder: str) -> int:
    """Returns where in a translation a placeholder belongs: before the token that looked at it most."""
    columns = [index for index, token in enumerate(translation.source_tokens) if placeholder in token]
    if not columns:
        return len(translation.text)
    row = int(translation.attention[:, columns].max(axis=1).argmax())
    return min(len("".join(translation.tokens[:row]).lstrip()), len(translation.text))


def put_together_translations(
    text: str, text_segments: Sequence[Segment], groups: Sequence[list[Translation]], num_best: int
) -> list[Translation]:
    """Returns the translations of a text, the best first, from those of its segments.

    Args:
        text: The text.
        text_segments: Its segments.
        groups: For each segment with text its translations, the best first.
        num_best: Most translations to return.
    """
    chosen: list[tuple[Translation, ...]] = [()]
    for group in groups:
        longer = [(*before, one) for before in chosen for one in group]
        chosen = sorted(longer, key=lambda ones: -sum(one.score for one in ones))[:num_best]
    return [in_one(text, put_together(text_segments, [one.text for one in ones]), ones) for ones in chosen]


def in_one(source: str, text: str, ones: Sequence[Translation]) -> Translation:
    """Returns translations of segments as one; what each segment's tokens attend to are that segment's alone."""
    sizes = [one.attention.shape for one in ones]
    attention = np.zeros((sum(rows for rows, _ in sizes), sum(columns for _, columns in sizes)), np.float32)
    row = column = 0
    for one, (rows, columns) in zip(ones, sizes, strict=True):
        attention[row : row + rows, column : column + columns] = one.attention
        row, column = row + rows, column + columns
    return Translation(
        source,
        text,
        sum(one.score for one in ones),
        sum(one.log_probability for one in ones),
        tuple(itertools.chain.from_iterable(one.source_tokens for one in ones)),
        tuple(itertools.chain.from_iterable(one.tokens for one in ones)),
        tuple(itertools.chain.from_iterable(one.probabilities for one in ones)),
        attention,
    )
