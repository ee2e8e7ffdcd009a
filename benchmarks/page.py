"""The page of a shipped language model in Chromium: its size, its speed, and whether it writes what NumPy writes.

    python -m benchmarks.page --model shakespeare

Opens the page some times anew and measures from the beginning of the navigation, as the browser counts it, to the first
token; counts tokens a second as they are shown; then compares greedy text with NumPy's, token by token.
"""

import argparse
import contextlib
import pathlib
import statistics
import tempfile

from tests.exporting.chromium import Chromium
from textrnn import LanguageModel
from textrnn.exporting import export

STORY = pathlib.Path(__file__).parent.parent / "corpora" / "lighthouse.txt"
PROMPT = "To be or not to"
PARTS = 10  # prompts that the browser is asked for at once


def prompts_of(text: str, number: int) -> list[str]:
    """Returns beginnings of 1 to 12 words from all over a text; many end within a word, or with a space."""
    words = text.split()
    found = []
    for place in range(number):
        start = place * max((len(words) - 12) // number, 1)
        prompt = " ".join(words[start : start + 1 + place % 12])
        found.append(prompt[:-1] if place % 3 == 2 else f"{prompt} " if place % 4 == 3 else prompt)
    return found


def opened_and_written(browser: Chromium, page: pathlib.Path) -> tuple[float, float, float]:
    """Returns milliseconds until the model was loaded and until the first token stood there, and tokens a second."""
    browser.open(page.as_uri())
    browser.run(f"document.getElementById('prompt').value = '{PROMPT}'; document.getElementById('send').click()")
    browser.wait_for("document.body.dataset.rate")
    return tuple(float(browser.run(f"document.body.dataset.{name}")) for name in ("ready", "first", "rate"))


def num_equal(browser: Chromium, model: LanguageModel, prompts: list[str], tokens: int) -> int:
    """Returns for how many prompts the open page writes exactly NumPy's tokens."""
    equal = 0
    for start in range(0, len(prompts), PARTS):
        part = prompts[start : start + PARTS]
        found = browser.run(f"{part!r}.map((prompt) => page.model.generate(prompt, {tokens}, {{}}).ids)")
        numpys = model.generations(part, temperature=0, max_tokens=tokens)
        equal += sum(ids == list(group[0].token_ids) for ids, group in zip(found, numpys, strict=True))
    return equal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="shakespeare")
    parser.add_argument("--prompts", type=int, default=300)
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    model = LanguageModel.load(options.model)
    prompts = prompts_of(STORY.read_text(encoding="utf-8"), options.prompts)
    with tempfile.TemporaryDirectory() as place:
        page = pathlib.Path(place) / "page.html"
        export(model, page)
        print(f"size: {page.stat().st_size / 1e6:.2f} MB")
        with contextlib.closing(Chromium(pathlib.Path(place) / "chromium")) as browser:
            rounds = [opened_and_written(browser, page) for _ in range(options.rounds)]
            names = ("ms until loaded", "ms until the first token", "tokens a second")
            for name, values in zip(names, zip(*rounds, strict=True), strict=True):
                print(f"{name}: median {statistics.median(values):.0f}, {min(values):.0f} to {max(values):.0f}")
            equal = num_equal(browser, model, prompts, options.tokens)
            print(f"equal to NumPy: {equal} of {len(prompts)} prompts, {options.tokens} tokens each")
            print(f"complaints of the browser: {len(browser.complaints())}")
            print(f"requests, that of the page among them: {len(browser.requests())}")


if __name__ == "__main__":
    main()
