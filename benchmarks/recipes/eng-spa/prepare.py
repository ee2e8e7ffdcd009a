"""Splits Tatoeba's English-Spanish pairs for the shipped translator: `python prepare.py spa.txt OUTPUT`.

Writes `train.tsv`, `validation.tsv` and the test files `test.en`, `test.es` and `test.es.2` to `test.es.4`. 2,000
distinct English sentences are the test set and 1,000 the validation set, drawn by a hash and with all their
translations; none of them, in whatever case, is in the training pairs. `test.es` holds the first translation of each
sentence, `test.es.2` and so on further ones, and the first again where there are no more.
"""

import hashlib
import pathlib
import sys

from textrnn.preprocessing import pairs

NUM_TEST, NUM_VALIDATION, NUM_REFERENCES = 2000, 1000, 4


def main() -> None:
    source, output = sys.argv[1], pathlib.Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    translations: dict[str, dict[str, list[str]]] = {}
    everything = pairs.read(source)
    for english, spanish in zip(everything.sources, everything.targets, strict=True):
        found = translations.setdefault(english.casefold(), {}).setdefault(english, [])
        if spanish not in found:
            found.append(spanish)
    keys = sorted(translations, key=lambda key: hashlib.sha256(key.encode()).digest())
    test, validation = keys[:NUM_TEST], keys[NUM_TEST : NUM_TEST + NUM_VALIDATION]
    held_out = {*test, *validation}
    train = [key for key in translations if key not in held_out]
    for name, chosen in (("train", train), ("validation", validation)):
        with open(output / f"{name}.tsv", "w", encoding="utf-8") as file:
            for key in chosen:
                for english, several in translations[key].items():
                    file.writelines(f"{english}\t{spanish}\n" for spanish in several)
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
