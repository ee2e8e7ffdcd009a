"""What is chosen for a recogniser of speech, by how much is said and how long the clips are."""

import collections
from collections.abc import Sequence

import numpy as np

from textrnn.defaults.choice import FEWEST_STEPS, Choice, Options, as_sizes, going_on, length_in_words, with_length
from textrnn.wording import counted

__all__ = ["lexicon_choice", "recogniser_choice", "recogniser_tuning_choice"]

SHORT = 2.0  # mean seconds of clips that are joined, so that a sequence of them can be read
JOINED_SECONDS = 3.0  # how long joined clips are about, at most
MUCH = 3 * 3600  # seconds of sound, from which on the network is larger
PASSES = 60
MOST_STEPS = 6000
MOST_WORDS = 1000  # of a lexicon
REPETITIONS = 5  # of a word of a lexicon, on average, and more than one of each


def rate_choice(rates: Sequence[int]) -> int:
    """Returns the rate that sound is read at: no more than most of it has."""
    return 8000 if np.median(rates) < 16_000 else 16_000


def bands_choice(rate: int) -> int:
    """Returns how many bands describe sound; finer ones would show the pitch of a voice, and not what it says."""
    return 24 if rate < 16_000 else 40


def lexicon_choice(texts: Sequence[str]) -> tuple[str, ...]:
    """Returns the words that a recogniser writes if few are said again and again, and none, which is any, otherwise.

    Commands and numbers are such words. Of sentences that people say, however many, some words are said once.

    >>> lexicon_choice(["turn left", "turn right"] * 5)
    ('left', 'right', 'turn')
    >>> lexicon_choice(["turn left", "turn right"] * 5 + ["stop"])
    ()
    """
    counts = collections.Counter(word for text in texts for word in text.split())
    is_closed = 0 < len(counts) <= MOST_WORDS and min(counts.values()) > 1
    return tuple(sorted(counts)) if is_closed and counts.total() >= REPETITIONS * len(counts) else ()


def recogniser_choice(rates: Sequence[int], seconds: Sequence[float], model: Options, training: Options) -> Choice:
    """Chooses network and training of a recogniser.

    Args:
        rates: Samples per second of each clip.
        seconds: How long each clip is.
        model: The options of the network that are set, with `lowercase`.
        training: The options of training that are set.
    """
    total, mean = float(np.sum(seconds)), float(np.mean(seconds))
    units = (128, 128) if total < MUCH else (256, 256)
    rate = model.get("sample_rate", rate_choice(rates))
    network: Options = {"sample_rate": rate, "num_bands": bands_choice(rate), "units": units, "lowercase": True}
    fitting: Options = {
        "learning_rate": 0.004,
        "warmup_steps": 100,
        "clip_norm": 1.0,
        "moving_average": 0.99,
        "validations": 10,
        "patience": 0,
        "batch_seconds": 40.0,
        "joined_clips": max(int(JOINED_SECONDS / max(mean, 0.1)), 1) if mean < SHORT else 1,
    }
    chosen = {**network, **fitting, **model, **training}
    joined = chosen["joined_clips"]
    # Joined clips fill a batch as single ones do, so that a pass takes as many steps.
    steps = int(min(max(PASSES * total / chosen["batch_seconds"], FEWEST_STEPS), MOST_STEPS))
    fitting = with_length(fitting, training, "steps", steps)
    layers = " + ".join(map(str, as_sizes(chosen["units"])))
    text = f"up to {joined} clips are read as one, " if joined > 1 else ""
    what = (
        f"{counted(len(seconds), 'clip')} of {mean:.2g} seconds at {chosen['sample_rate']:,} samples a second: {text}"
    )
    case = "small letters, " if chosen["lowercase"] else ""
    return Choice(network, fitting, (f"{what}{case}{layers} units, {length_in_words({**fitting, **training})}",))


def recogniser_tuning_choice(seconds: Sequence[float], training: Options) -> Choice:
    """Chooses how a trained recogniser goes on with other clips.

    Args:
        seconds: How long each clip is.
        training: The options of training that are set.
    """
    mean = float(np.mean(seconds))
    fitting: Options = {
        "learning_rate": 0.001,
        "warmup_steps": 20,
        "moving_average": 0.99,
        "validations": 6,
        "patience": 0,
        "joined_clips": max(int(JOINED_SECONDS / max(mean, 0.1)), 1) if mean < SHORT else 1,
    }
    return going_on(counted(len(seconds), "clip"), with_length(fitting, training, "epochs", 10), training)
