"""Connectionist temporal classification (CTC): from symbols' probabilities at each frame to the text that was said.

A path names one symbol or the blank at every frame. Its text is what is left once repetitions are merged and blanks
are taken out, so a text has many paths, and its probability is their sum (Graves et al. 2006, section 3).
"""

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from textrnn.errors import TextrnnError, check_range
from textrnn.inference.lexicon import Lexicon, Restricted
from textrnn.inference.prefix_search import NoPreference, PrefixSearch, SymbolModel

__all__ = ["Alignment", "align", "beam_search", "collapse", "forward", "greedy", "log_likelihood"]

MOST_ABOVE_ZERO = 1e-3  # to which rounding may lift a log-probability


@dataclasses.dataclass(frozen=True)
class Alignment:
    """A text and when it was said.

    Args:
        symbols: The text's symbols.
        frames: The first frame of each symbol, on the most probable path of this text.
        score: What texts are ranked by, in nats: after `greedy` and `align` the log-probability of that path, after
            `beam_search` that of the text, with what the language model and the bonus add.
    """

    symbols: tuple[int, ...]
    frames: tuple[int, ...]
    score: float


def collapse(path: Sequence[int] | np.ndarray, *, blank: int = 0) -> Alignment:
    """Returns the text of a path, with a score of 0.

    Example:

    >>> collapse([0, 5, 5, 0, 5, 7])
    Alignment(symbols=(5, 5, 7), frames=(1, 4, 5), score=0.0)
    """
    symbols = np.asarray(path, dtype=np.int64)
    before = np.append(blank, symbols)[:-1]
    frames = np.flatnonzero((symbols != blank) & (symbols != before))
    return Alignment(tuple(symbols[frames].tolist()), tuple(frames.tolist()), 0.0)


def greedy(log_probabilities: np.ndarray, *, blank: int = 0) -> Alignment:
    """Returns the text of the most probable path, which need not be the most probable text.

    Args:
        log_probabilities: In nats, shape `(frames, symbols)`.
        blank: Which of the symbols is the blank.

    Raises:
        TextrnnError: If these are no log-probabilities, or the blank is none of the symbols.
    """
    log_probabilities = checked(log_probabilities, blank)
    found = collapse(log_probabilities.argmax(axis=1), blank=blank)
    return dataclasses.replace(found, score=float(log_probabilities.max(axis=1).sum()))


def beam_search(
    log_probabilities: np.ndarray,
    *,
    blank: int = 0,
    num_beams: int = 16,
    language_model: SymbolModel | None = None,
    language_model_weight: float = 0.5,
    insertion_bonus: float = 0.0,
    min_probability: float = 1e-4,
    lexicon: Lexicon | None = None,
) -> list[Alignment]:
    """Returns the most probable texts, the best first, by prefix beam search.

    All paths of a beginning of a text count together (Graves and Jaitly 2014, section 3; Hannun et al. 2014). With a
    language model, texts are ranked by `log p(text | sound) + weight * log p(text) + bonus * number of symbols`, which
    is shallow fusion; the language model's part includes that the text ends. With as many beams as there are texts and
    a `min_probability` of 0 the search is exhaustive.

    Args:
        log_probabilities: In nats, shape `(frames, symbols)`.
        blank: Which of the symbols is the blank.
        num_beams: Beginnings of texts that are kept at each frame.
        language_model: Says which symbols come next; None ranks by the sound alone.
        language_model_weight: Weight of its log-probabilities.
        insertion_bonus: Added for each symbol, in nats, since language models favour short texts.
        min_probability: A symbol that is less probable at a frame does not extend texts there.
        lexicon: The words that texts consist of; None allows all. An improbable symbol may be all that it allows, so
            `min_probability` counts for nothing then. Where no word is finished in the end, the last one is left out.

    Returns:
        At most `num_beams` texts.

    Raises:
        TextrnnError: If these are no log-probabilities, or an option is out of range.
    """
    log_probabilities = checked(log_probabilities, blank)
    check_range("num_beams", num_beams, 1, 10_000, whole=True)
    check_range("language_model_weight", language_model_weight, 0, 100)
    check_range("insertion_bonus", insertion_bonus, -100, 100)
    check_range("min_probability", min_probability, 0, 1)
    if language_model is None or language_model_weight == 0:
        language_model, language_model_weight = lexicon or NoPreference(log_probabilities.shape[1]), 1.0
    elif lexicon is not None:
        language_model, language_model_weight = Restricted(language_model, language_model_weight, lexicon), 1.0
    if lexicon is not None:
        min_probability = 0.0
    search = PrefixSearch(language_model, language_model_weight, insertion_bonus, blank)
    least = math.log(min_probability) if min_probability else -math.inf
    for frame in log_probabilities:
        probable = frame >= min(least, frame.max())
        probable[blank] = False
        search.read(frame, np.flatnonzero(probable), num_beams)
    found = sorted(search.scored(), key=lambda one: -one[1])
    if lexicon is not None:
        whole = [one for one in found if one[1] > -math.inf]
        found = whole or [(lexicon.finished(found[0][0]), -math.inf)]
    times = align_all(log_probabilities, [text for text, _ in found], blank)
    return [dataclasses.replace(one, score=score) for one, (_, score) in zip(times, found, strict=True)]


def log_likelihood(log_probabilities: np.ndarray, symbols: Sequence[int], *, blank: int = 0) -> float:
    """Returns the log-probability of a text, in nats: that of all its paths together.

    Example: in two frames, 1 has the paths 1 1, 1 blank and blank 1.

    >>> round(float(np.exp(log_likelihood(np.log([[0.5, 0.5], [0.5, 0.5]]), [1]))), 3)
    0.75

    Args:
        log_probabilities: In nats, shape `(frames, symbols)`.
        symbols: The text; one that needs more frames has a log-probability of minus infinity.
        blank: Which of the symbols is the blank.

    Raises:
        TextrnnError: If these are no log-probabilities, or the text holds the blank or what is none of the symbols.
    """
    log_probabilities = checked(log_probabilities, blank)
    lattice = Lattice.of([symbols], blank, log_probabilities.shape[1])
    reached = lattice.start()
    for reached, _ in lattice.walk(log_probabilities, np.logaddexp.reduce):  # noqa: B007
        pass
    return float(np.logaddexp.reduce(reached[0, -2:]))


def forward(log_probabilities: np.ndarray, symbols: Sequence[int], *, blank: int = 0) -> np.ndarray:
    """Returns the forward variables of a text, in nats (Graves et al. 2006, equations 5 to 7).

    Args:
        log_probabilities: In nats, shape `(frames, symbols)`.
        symbols: The text.
        blank: Which of the symbols is the blank.

    Returns:
        The log-probability of all beginnings of paths that are at a place of the text at a frame, shape `(frames,
        2 * len(symbols) + 1)`: the places are a blank, the first symbol, a blank and so on.
    """
    log_probabilities = checked(log_probabilities, blank)
    lattice = Lattice.of([symbols], blank, log_probabilities.shape[1])
    reached = np.empty((len(log_probabilities), 2 * len(symbols) + 1))
    for frame, (places, _) in enumerate(lattice.walk(log_probabilities, np.logaddexp.reduce)):
        reached[frame] = places[0]
    return reached


def align(log_probabilities: np.ndarray, symbols: Sequence[int], *, blank: int = 0) -> Alignment:
    """Returns when a text was said, by its most probable path.

    Args:
        log_probabilities: In nats, shape `(frames, symbols)`.
        symbols: The text.
        blank: Which of the symbols is the blank.

    Raises:
        TextrnnError: If no path has this text, such as when it needs more frames.
    """
    (found,) = align_all(checked(log_probabilities, blank), [symbols], blank)
    if found.score == -np.inf:
        raise TextrnnError(
            f"A text of {len(symbols)} symbols has no path over {len(log_probabilities)} frames with a probability "
            "above 0. Pass a shorter text or more frames."
        )
    return found


def align_all(log_probabilities: np.ndarray, texts: Sequence[Sequence[int]], blank: int) -> list[Alignment]:
    """Aligns several texts at once; the score of one that has no path is minus infinity.

    Args:
        log_probabilities: In nats, shape `(frames, symbols)`.
        texts: The symbols of each.
        blank: Which of the symbols is the blank.
    """
    lattice = Lattice.of(texts, blank, log_probabilities.shape[1])
    reached = lattice.start()
    steps = np.zeros((len(log_probabilities), *reached.shape), np.int8)  # how many places a path has come forward
    for frame, (reached, ways) in enumerate(lattice.walk(log_probabilities, np.maximum.reduce)):  # noqa: B007
        steps[frame] = ways.argmax(axis=0)
    return [traced(text, reached[row], steps[:, row]) for row, text in enumerate(texts)]


def traced(text: Sequence[int], reached: np.ndarray, steps: np.ndarray) -> Alignment:
    """Follows the most probable path of a text back from its end.

    Args:
        text: Its symbols.
        reached: How probable the best path to each place is after the last frame, shape `(places,)`.
        steps: How many places the best path to each place has come forward at each frame, shape `(frames, places)`.
    """
    ends = range(max(2 * len(text) - 1, 0), 2 * len(text) + 1)  # on the last symbol, or on the blank after it
    place = max(ends, key=lambda end: float(reached[end]))
    score, frames = float(reached[place]), [0] * len(text)
    for frame in range(len(steps) - 1, -1, -1):
        if place % 2:
            frames[place // 2] = frame
        place -= int(steps[frame, place])
    return Alignment(tuple(text), tuple(frames), score)


@dataclasses.dataclass(frozen=True, eq=False)
class Lattice:
    """The places of texts that paths go through: a blank, the first symbol, a blank and so on.

    Args:
        symbols: The symbol of each place, shape `(texts, places)`; shorter texts end in blanks.
        leaps: 0 at a symbol that a path may reach without the blank before it, since the symbol before that is another
            one, and minus infinity elsewhere; the same shape.
    """

    symbols: np.ndarray
    leaps: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[Sequence[int]], blank: int, num_symbols: int) -> "Lattice":
        """Builds the lattice of texts.

        Raises:
            TextrnnError: If one holds the blank, or what is none of the symbols.
        """
        symbols = np.full((len(texts), 2 * max(map(len, texts), default=0) + 1), blank)
        for row, text in enumerate(texts):
            wrong = [symbol for symbol in text if not 0 <= symbol < num_symbols or symbol == blank]
            if wrong:
                raise TextrnnError(
                    f"A text must hold symbols from 0 to {num_symbols - 1} but for the blank, {blank}. Received: "
                    f"{wrong[0]}."
                )
            symbols[row, 1 : 2 * len(text) : 2] = text
        before = np.full_like(symbols, blank)
        before[:, 2:] = symbols[:, :-2]
        return cls(symbols, np.where(symbols == before, -np.inf, 0.0))

    def start(self) -> np.ndarray:
        """Returns where paths are before the first frame, as log-probabilities of shape `(texts, places)`."""
        reached = np.full(self.symbols.shape, -np.inf)
        reached[:, 0] = 0.0
        return reached

    def walk(
        self, log_probabilities: np.ndarray, combined: Callable[[np.ndarray], np.ndarray]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields for each frame how probable each place is, and the ways to it.

        Args:
            log_probabilities: In nats, shape `(frames, symbols)`.
            combined: Makes one log-probability of those of the ways to each place.

        Yields:
            Log-probabilities of shape `(texts, places)`; and of the ways, shape `(3, texts, places)`: from the place
            itself, from the one before it, and from the one before that.
        """
        reached = self.start()
        for frame in log_probabilities:
            ways = np.full((3, *reached.shape), -np.inf)
            ways[0] = reached
            ways[1, :, 1:] = reached[:, :-1]
            ways[2, :, 2:] = reached[:, :-2]
            ways[2] += self.leaps
            reached = combined(ways) + frame[self.symbols]
            yield reached, ways


def checked(log_probabilities: np.ndarray, blank: int) -> np.ndarray:
    """Returns log-probabilities as float64; raises `TextrnnError` if they are none or do not have the blank."""
    result = np.asarray(log_probabilities, dtype=np.float64)
    if result.ndim != 2:
        raise TextrnnError(f"`log_probabilities` must have shape (frames, symbols). Received: {result.shape}.")
    check_range("blank", blank, 0, result.shape[1] - 1, whole=True)
    best = result.max(axis=1)  # of each frame; NaN if one is
    wrong = np.flatnonzero(~((best <= MOST_ABOVE_ZERO) & (best > -np.inf)))
    if len(wrong):
        raise TextrnnError(
            "`log_probabilities` must be at most 0, and some of each frame above minus infinity. Received at frame "
            f"{wrong[0]}: at most {best[wrong[0]]:.4g}. Pass logarithms of probabilities, not logits."
        )
    return result
