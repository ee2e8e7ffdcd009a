"""Translates sentences as people type them: `python score_forms.py test.en spa.txt [MODEL]`.

The first 300 sentences are translated as they are, in capitals, in curly quotation marks, with an emoji and with an
exclamation mark, each with and without `raw`. Counted are the translations with a word, letters only and in small
letters, that the Spanish of `spa.txt` does not have.
"""

import pathlib
import re
import sys
from collections.abc import Callable, Iterable

import textrnn
from textrnn.preprocessing import pairs

NUM_SENTENCES = 300
FORMS: dict[str, Callable[[str], str]] = {
    "as they are": str,
    "capitals": str.upper,
    "curly quotation marks": lambda text: "\u201c" + text.replace("'", "\u2019") + "\u201d",
    "an emoji": lambda text: f"{text} 😀",
    "an exclamation mark": lambda text: f"{text.rstrip('.?!')}!",
}


def words(text: str) -> set[str]:
    """Returns the words of a text, letters only and in small letters."""
    return set(re.findall(r"[^\W\d_]+", text.lower()))


def num_odd(translations: Iterable[str], known: set[str]) -> int:
    """Returns how many translations have a word that is not known."""
    return sum(not words(text) <= known for text in translations)


def main() -> None:
    sentences = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()[:NUM_SENTENCES]
    known = set().union(*map(words, pairs.read(sys.argv[2]).targets))
    translator = textrnn.Translator.load(*(sys.argv[3:] or ["eng-spa"]))
    print(f"{'':24}{'raw':>6}{'typed':>7}")
    for name, form in FORMS.items():
        typed = [form(sentence) for sentence in sentences]
        raw, usual = (num_odd(translator.translate(typed, raw=is_raw), known) for is_raw in (True, False))
        print(f"{name:24}{raw:6}{usual:7}", flush=True)


if __name__ == "__main__":
    main()
