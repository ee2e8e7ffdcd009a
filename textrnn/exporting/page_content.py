"""What a page is told of a model: its config, its tokenizers, and what a kind needs besides.

A model that a page cannot hold is refused here.
"""

import itertools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from textrnn.config.classifier import GRAM_PLACES, LINEAR_STEP
from textrnn.errors import TextrnnError
from textrnn.inference.forecasting import NUM_PATHS
from textrnn.inference.line_translation import MAX_SOURCE_TOKENS
from textrnn.preprocessing.marks import TYPEWRITTEN
from textrnn.preprocessing.series import Series
from textrnn.preprocessing.tokenizers import SubwordTokenizer, Tokenizer, WordTokenizer
from textrnn.preprocessing.windows import WindowReader
from textrnn.tasks.task import Task

__all__ = ["Content", "content_of"]

Content = tuple[dict[str, Any], dict[str, np.ndarray]]

MOST_DRAWS = 200_000  # numbers that futures are drawn by, 8 bytes each
MOST_SERIES = 100


def content_of(model: Task) -> Content:
    """Returns what JSON can hold, and arrays by name.

    Raises:
        TextrnnError: If a page cannot hold the model.
    """
    tokenizers: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for name, tokenizer in model.tokenizers.items():
        tokenizers[name], found = tokenizer_content(tokenizer)
        arrays |= {f"{name}/{part}": array for part, array in found.items()}
    special, more = KINDS[model.kind](model)
    shapes = {name: list(shape) for name, shape in model.config.weight_shapes().items()}
    content = {"kind": model.kind, "config": model.config.to_dict(), "shapes": shapes, "tokenizers": tokenizers}
    return {**content, **special}, {**arrays, **more}


def tokenizer_content(tokenizer: Tokenizer) -> Content:
    """Returns what a page needs to encode and decode as a tokenizer does.

    Raises:
        TextrnnError: If it splits in a way that a page does not know.
    """
    if isinstance(tokenizer, WordTokenizer) and tokenizer.splitting == 1:
        raise TextrnnError("A page cannot split text with NLTK, as this model of format 1 does. Train it again.")
    known = tokenizer.characters
    marks = {mark: plain for mark, plain in TYPEWRITTEN.items() if mark not in known and plain in known}
    content = {
        "level": tokenizer.level,
        "lowercase": tokenizer.lowercase,
        "tokens": tokenizer.tokens,
        "marks": marks,
    }
    if not isinstance(tokenizer, SubwordTokenizer):
        return content, {}
    return {**content, **subword_content(tokenizer)}, {"scores": scores_of(tokenizer)}


def subword_content(tokenizer: SubwordTokenizer) -> dict[str, Any]:
    """Returns which ids of a subword vocabulary stand for what."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto.FromString(tokenizer.model)  # type: ignore[attr-defined]
    known = sentencepiece_model_pb2.ModelProto.SentencePiece  # type: ignore[attr-defined]
    how = model.normalizer_spec
    if model.trainer_spec.model_type != 1 or how.precompiled_charsmap or how.add_dummy_prefix:
        raise TextrnnError("A page knows the unigram model of SentencePiece as textrnn trains it, and this is another.")
    types = [piece.type for piece in model.pieces]
    return {
        "newline": tokenizer.newline_id,
        "firstByte": tokenizer.ids["<0x00>"],
        "pieces": [index for index, kind in enumerate(types) if kind in (known.NORMAL, known.USER_DEFINED)],
        "symbols": [index for index, kind in enumerate(types) if kind == known.USER_DEFINED],
    }


def scores_of(tokenizer: SubwordTokenizer) -> np.ndarray:
    """Returns the log-probability of each piece, float32 of shape `(vocabulary_size,)`."""
    return np.array([tokenizer.processor.GetScore(index) for index in range(tokenizer.vocabulary_size)], np.float32)


def language_model_content(model: Any) -> Content:
    """Returns what a page needs of a language model besides."""
    if model.config.bidirectional:
        raise TextrnnError("A bidirectional network reads ahead and writes no text; a page cannot show it.")
    return {"begin": model.tokenizer.beginning(model.config.beginning)}, {}


def translator_content(model: Any) -> Content:
    """Returns what a page needs of a translator besides."""
    return {"maxTokens": MAX_SOURCE_TOKENS}, {}


def classifier_content(model: Any) -> Content:
    """Returns what a page needs of a classifier besides."""
    if not model.config.vocabulary_size:
        raise TextrnnError("This classifier reads vectors, and a page what is typed. Export a classifier of texts.")
    begin = model.tokenizers["tokenizer"].beginning(model.config.beginning)
    return {
        "begin": begin,
        "folded": folded_characters() if model.config.has_linear else {},
        "gramPlaces": GRAM_PLACES,
        "linearStep": LINEAR_STEP,
    }, {}


def folded_characters() -> dict[str, str]:
    """Returns the characters whose case is folded to something else than their small letters."""
    characters = map(chr, itertools.chain(range(0xD800), range(0xE000, sys.maxunicode + 1)))
    return {one: one.casefold() for one in characters if one.casefold() != one.lower()}


def forecaster_content(model: Any) -> Content:
    """Returns what a page needs of a forecaster besides: the ends of its series, and what futures are drawn by."""
    config = model.config
    if config.known:
        raise TextrnnError(
            f"This forecaster reads {', '.join(config.known)}, known beforehand, which a page cannot ask for. "
            "Train one without `known`."
        )
    if config.calendar and model.data is None:
        raise TextrnnError("This forecaster reads the calendar, and keeps no series whose times could go on.")
    if model.data is not None and len(model.data.series) > MOST_SERIES:
        number = len(model.data.series)
        raise TextrnnError(f"A page shows at most {MOST_SERIES} series; this forecaster has {number:,}.")
    content = {
        "series": series_content(model),
        "pointIndex": config.point_index,
        "numPaths": NUM_PATHS,
    }
    return content, draws_of(config)


def series_content(model: Any) -> list[dict[str, Any]]:
    """Returns the series that a forecast goes on from: values, names of the steps, waves that tell the calendar."""
    if model.data is None:
        return []
    reader = WindowReader(model.config, model.data)
    forecasts = model.forecast()
    forecasts = [forecasts] if model.data.is_one else forecasts
    found = []
    for number, (series, forecast) in enumerate(zip(model.data.series, forecasts, strict=True)):
        kept = slice(max(len(series) - model._kept_steps, 0), None)
        found.append(
            {
                "name": series.name,
                "values": series.values[kept].tolist(),
                "labels": past_labels(series)[kept],
                "futureLabels": forecast.labels(),
                "statistics": reader.statistics[number].tolist(),
                "waves": reader.calendar[number][len(series) :].tolist() if model.config.calendar else [],
            }
        )
    return found


def past_labels(series: Series) -> list[str]:
    """Returns what the steps of a series are called: their times, or numbers that end with 0."""
    if series.times is None:
        return [str(number) for number in range(1 - len(series), 1)]
    texts = [str(time)[:19].replace("T", " ") for time in series.times]
    return [text.removesuffix(" 00:00:00") for text in texts]


def draws_of(config: Any) -> dict[str, np.ndarray]:
    """Returns the numbers by which NumPy draws futures, for a page that draws the same ones."""
    if config.strategy != "recursive" or not config.quantiles:
        return {}
    if config.horizon * NUM_PATHS > MOST_DRAWS:
        raise TextrnnError(
            f"A page draws the futures of at most {MOST_DRAWS // NUM_PATHS:,} steps; this forecaster has "
            f"{config.horizon:,}."
        )
    randomness = np.random.Generator(np.random.PCG64(0))  # as `textrnn.inference.forecasting.drawn` does
    low = config.quantiles[0] / 2
    return {"draws": np.concatenate([randomness.uniform(low, 1 - low, NUM_PATHS) for _ in range(config.horizon)])}


KINDS: dict[str, Callable[[Any], Content]] = {
    "language-model": language_model_content,
    "translator": translator_content,
    "classifier": classifier_content,
    "forecaster": forecaster_content,
}
