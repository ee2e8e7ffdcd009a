"""Finds texts in made-up frames: the best path beside beams, and language models beside the sound.

    python -m benchmarks.decoding corpora/lighthouse.txt --language-model shakespeare english

No recogniser is needed: for each letter of a sentence there are two frames of the blank and one of the letter, and
noise on all of them, so that a part of the letters is lost. Prints error rates, and how much of a core's time each
second of such sound takes at 50 frames a second.
"""

import argparse
import pathlib
import re
import time

import numpy as np

from textrnn import LanguageModel
from textrnn.evaluation import recognition
from textrnn.inference import ctc
from textrnn.inference.fusion import symbol_model
from textrnn.inference.sampling import log_softmax

SYMBOLS = ["", *" 'abcdefghijklmnopqrstuvwxyz"]
FRAMES_PER_SECOND, FRAMES_PER_LETTER = 50, 3
NOISE, BLANK, LETTER = 1.5, 7.0, 5.0  # standard deviation of all logits, and what is added to those that are meant


def spoken(line: str) -> str:
    """Returns a line as a recogniser writes: small letters, apostrophes and single spaces."""
    return " ".join(re.sub(r"[^a-z' ]", " ", line.lower()).split())


def frames_of(sentence: str, randomness: np.random.Generator) -> np.ndarray:
    """Returns the log-probabilities of frames in which a sentence is said, shape `(frames, symbols)`."""
    logits = randomness.normal(0, NOISE, (FRAMES_PER_LETTER * len(sentence), len(SYMBOLS)))
    peaks = np.arange(FRAMES_PER_LETTER - 1, len(logits), FRAMES_PER_LETTER)
    logits[:, 0] += BLANK
    logits[peaks, 0] -= BLANK
    logits[peaks, [SYMBOLS.index(letter) for letter in sentence]] += LETTER
    return log_softmax(logits)


def main() -> None:
    """Decodes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=pathlib.Path, help="a text file, one sentence or more a line")
    parser.add_argument("--sentences", type=int, default=40, help="how many lines are said (default 40)")
    parser.add_argument("--language-model", nargs="*", default=[], metavar="NAME|DIR", help="asked beside the sound")
    parser.add_argument("--weights", nargs="+", type=float, default=[0.3, 0.5], help="of the language models")
    parser.add_argument("--num-beams", type=int, default=16, help="(default 16)")
    options = parser.parse_args()
    lines = filter(None, map(spoken, options.text.read_text(encoding="utf-8").splitlines()))
    sentences = [line for line, _ in zip(lines, range(options.sentences), strict=False)]
    randomness = np.random.default_rng(0)
    said = [frames_of(sentence, randomness) for sentence in sentences]

    def score(name: str, decode) -> None:
        start = time.process_time()
        found = [decode(frames) for frames in said]
        share = (time.process_time() - start) / (sum(map(len, said)) / FRAMES_PER_SECOND)
        texts = ["".join(SYMBOLS[symbol] for symbol in one.symbols) for one in found]
        print(f"{name}: {1000 * share:.1f} ms a second\n{recognition.evaluate(texts, sentences)}", flush=True)

    score("best path", ctc.greedy)
    score(f"{options.num_beams} beams", lambda frames: ctc.beam_search(frames, num_beams=options.num_beams)[0])
    for name in options.language_model:
        model = LanguageModel.load(name)
        asked = symbol_model(model.network, model.tokenizers["tokenizer"], SYMBOLS)
        for weight in options.weights:
            how = {"num_beams": options.num_beams, "language_model": asked, "language_model_weight": weight}
            score(f"{name}, weight {weight}", lambda frames, how=how: ctc.beam_search(frames, **how)[0])


if __name__ == "__main__":
    main()
