"""Splits Tatoeba's English-Spanish pairs for the shipped translator: `python prepare.py spa.txt OUTPUT`.

Writes `train.tsv`, `validation.tsv` and the test files `test.en`, `test.es` and `test.es.2` to `test.es.4`. 2,000
distinct English sentences are the test set and 1,000 the validation set, drawn by a hash and with all their
translations; none of them, in whatever case, is in the training pairs. `test.es` holds the first translation of each
sentence, `test.es.2` and so on further ones, and the first again where there are no more.

Pairs with a sentence of the test sets beside this file (README.md) are left out.
"""

import hashlib
import pathlib
import random
import re
import sys
from collections.abc import Iterator

from held_out import check, holds

from textrnn.preprocessing import pairs

# One line each of men's, women's and family names, in many languages.
HERE = pathlib.Path(__file__).parent
NAMES = (HERE / "names.txt").read_text(encoding="utf-8").splitlines()
MALE, FEMALE, SURNAMES = (line.split() for line in NAMES)
NUM_TEST, NUM_VALIDATION, NUM_REFERENCES = 2000, 1000, 4
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
    if draw.random() < 0.01:
        yield english.upper(), spanish.upper()


def main() -> None:
    source, output = sys.argv[1], pathlib.Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    translations: dict[str, dict[str, list[str]]] = {}
    everything = pairs.read(source)
    for english, spanish in zip(everything.sources, everything.targets, strict=True):
        if holds(english, spanish):
            continue
        found = translations.setdefault(english.casefold(), {}).setdefault(english, [])
        if spanish not in found:
            found.append(spanish)
    keys = sorted(translations, key=lambda key: hashlib.sha256(key.encode()).digest())
    test, validation = keys[:NUM_TEST], keys[NUM_TEST : NUM_TEST + NUM_VALIDATION]
    held_out = {*test, *validation}
    train = [key for key in translations if key not in held_out]
    draw = random.Random(1)
    for name, chosen in (("train", train), ("validation", validation)):
        with open(output / f"{name}.tsv", "w", encoding="utf-8") as file:
            for key in chosen:
                for english, several in translations[key].items():
                    for spanish in several:
                        forms = other_forms(english, spanish, draw) if name == "train" else ()
                        file.writelines(f"{one}\t{other}\n" for one, other in [(english, spanish), *forms])
    phrases = pairs.read(HERE / "phrases.tsv")
    with open(output / "train_with_phrases.tsv", "w", encoding="utf-8") as file:
        file.write((output / "train.tsv").read_text(encoding="utf-8"))
        for english, spanish in zip(phrases.sources, phrases.targets, strict=True):
            if english.casefold() not in held_out:
                file.write(5 * f"{english}\t{spanish}\n")
    for name in ("train", "validation", "train_with_phrases"):
        check(output / f"{name}.tsv")
    references = [next(iter(translations[key].items())) for key in test]
    with open(output / "test.en", "w", encoding="utf-8") as file:
        file.writelines(f"{english}\n" for english, _ in references)
    for number in range(NUM_REFERENCES):
        suffix = "" if number == 0 else f".{number + 1}"
        with open(output / f"test.es{suffix}", "w", encoding="utf-8") as file:
            file.writelines(
                f"{several[number] if number < len(several) else several[0]}\n" for _, several in references
            )


if __name__ == "__main__":
    main()
