"""Prepares the pairs of the shipped translators: `python prepare.py spa.txt pairs.tsv OUTPUT`.

`spa.txt` is Tatoeba's English-Spanish pairs, `pairs.tsv` holds more pairs of everyday sentences, forms and app texts.
Writes `train.tsv`, `validation.tsv`, the test files `test.en`, `test.es` and `test.es.2` to `test.es.4`, and for the
other direction `spa-eng/test.es` and `spa-eng/test.en`.

2,000 distinct English sentences of Tatoeba are the test set and 1,000 the validation set, drawn by a hash and with all
their translations. `test.es` holds the first translation of each sentence, `test.es.2` and so on further ones, and the
first again where there are no more; `spa-eng/` has the same pairs turned round, one for each distinct Spanish sentence.

No sentence of these, nor of the test sets beside this file (README.md), compared as letters and digits alone in lower
case, is a side of a training pair; what was written is read again to check that.
"""

import hashlib
import pathlib
import random
import re
import sys
from collections.abc import Iterable, Iterator

from held_out import check, holds, key

from textrnn.preprocessing import pairs

# One line each of men's, women's and family names, in many languages.
HERE = pathlib.Path(__file__).parent
NAMES = (HERE / "names.txt").read_text(encoding="utf-8").splitlines()
MALE, FEMALE, SURNAMES = (line.split() for line in NAMES)
NUM_TEST, NUM_VALIDATION, NUM_REFERENCES = 2000, 1000, 4
PHRASE_REPEATS = 5
ONSETS = ["b", "br", "c", "ch", "d", "dr", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "r", "s", "sh", "st"]
ONSETS += ["t", "th", "tr", "v", "w", "y", "z"]
VOWELS = ["a", "a", "e", "e", "i", "i", "o", "o", "u", "ai", "ea", "ia", "oo", "y"]
CODAS = ["", "", "", "l", "n", "r", "s", "th", "ck", "m", "nd", "x"]


def invented_name(draw: random.Random) -> str:
    """Returns a name that nobody has, so that it can only be copied."""
    syllables = draw.choice([1, 2, 2, 3])
    return "".join(
        draw.choice(ONSETS) + draw.choice(VOWELS) + draw.choice(CODAS) for _ in range(syllables)
    ).capitalize()


def other_name(name: str, draw: random.Random) -> str:
    """Returns a name to put in the place of Tom or Mary."""
    given = invented_name(draw) if draw.random() < 0.4 else draw.choice(MALE if name == "Tom" else FEMALE)
    if draw.random() < 0.25:
        return f"{given} {draw.choice(SURNAMES) if draw.random() < 0.6 else invented_name(draw)}"
    return given


def other_number(digits: str, draw: random.Random) -> str:
    """Returns a number of as many digits."""
    low = 10 ** (len(digits) - 1) if len(digits) > 1 else 2
    return str(draw.randrange(low, 10 ** len(digits)))


def other_forms(english: str, spanish: str, draw: random.Random) -> Iterator[tuple[str, str]]:
    """Yields a pair in other forms, some of the time."""
    for name, foreign in (("Tom", "Tom"), ("Mary", "(?:Mary|María|Maria)")):
        here, there = re.compile(rf"\b{name}\b"), re.compile(rf"\b{foreign}\b")
        if len(here.findall(english)) == len(there.findall(spanish)) == 1 and draw.random() < 0.2:
            new = other_name(name, draw)
            yield here.sub(new, english), there.sub(new, spanish)
    numbers = re.findall(r"\d+", english)
    if len(numbers) == 1 and numbers == re.findall(r"\d+", spanish) and ":" not in english:
        for _ in range(3):
            new = other_number(numbers[0], draw)
            yield english.replace(numbers[0], new), spanish.replace(numbers[0], new)
    if english.endswith((".", "?", "!")) and draw.random() < 0.05:
        yield english[:-1], spanish
    if draw.random() < 0.03:
        yield english.lower().rstrip("."), spanish
    if english.endswith(".") and spanish.endswith(".") and not re.search("[¡¿!?]", spanish) and draw.random() < 0.05:
        yield f"{english[:-1]}!", f"¡{spanish[:-1]}!"


def training_lines(groups: Iterable[tuple[str, str]], phrases: pairs.Pairs, drawn: set[str]) -> Iterator[str]:
    """Yields the lines of the training file.

    Args:
        groups: Pairs, with those that are held out among them.
        phrases: Pairs that visitors type first, which are repeated.
        drawn: Keys of the test and validation sentences.
    """
    draw = random.Random(1)
    repeated = zip(phrases.sources, phrases.targets, strict=True)
    for english, spanish in [*groups, *(pair for pair in repeated for _ in range(PHRASE_REPEATS))]:
        for one, other in [(english, spanish), *other_forms(english, spanish, draw)]:
            if not holds(one, other, drawn=drawn):
                yield f"{one}\t{other}\n"


def main() -> None:
    source, more, output = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    (output / "spa-eng").mkdir(parents=True, exist_ok=True)
    translations: dict[str, dict[str, list[str]]] = {}
    everything = pairs.read(source)
    for english, spanish in zip(everything.sources, everything.targets, strict=True):
        found = translations.setdefault(english.casefold(), {}).setdefault(english, [])
        if spanish not in found:
            found.append(spanish)
    names = sorted(translations, key=lambda name: hashlib.sha256(name.encode()).digest())
    test, validation = names[:NUM_TEST], names[NUM_TEST : NUM_TEST + NUM_VALIDATION]
    chosen = {*test, *validation}
    drawn = {
        key(text) for name in chosen for english, several in translations[name].items() for text in (english, *several)
    }
    train = [
        (english, spanish)
        for name, group in translations.items()
        if name not in chosen
        for english, several in group.items()
        for spanish in several
    ]
    extra = pairs.read(more)
    train += zip(extra.sources, extra.targets, strict=True)
    write(output / "train.tsv", training_lines(train, pairs.read(HERE / "phrases.tsv"), drawn))
    check(output / "train.tsv", drawn)
    kept = [(english, several) for name in validation for english, several in translations[name].items()]
    write(output / "validation.tsv", (f"{english}\t{spanish}\n" for english, several in kept for spanish in several))
    references = [next(iter(translations[name].items())) for name in test]
    write(output / "test.en", (f"{english}\n" for english, _ in references))
    for number in range(NUM_REFERENCES):
        suffix = "" if number == 0 else f".{number + 1}"
        rows = (several[number] if number < len(several) else several[0] for _, several in references)
        write(output / f"test.es{suffix}", (f"{row}\n" for row in rows))
    turned = {several[0]: english for english, several in reversed(references)}
    write(output / "spa-eng" / "test.es", (f"{spanish}\n" for spanish in turned))
    write(output / "spa-eng" / "test.en", (f"{english}\n" for english in turned.values()))


def write(path: pathlib.Path, lines: Iterable[str]) -> None:
    """Writes lines to a file."""
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)


if __name__ == "__main__":
    main()
