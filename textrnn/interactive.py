"""Writing together with a language model: a person types, chooses among the next words, or lets the model write on.

What is asked and offered goes to standard error, the text in the end to standard output.
"""

import re
import sys
from typing import Any

from textrnn.commands import standard_input
from textrnn.inference.candidates import NextToken
from textrnn.inference.constraints import begins_word, ends_word
from textrnn.preprocessing.vocabulary import EOS_ID, SPECIAL_TOKENS
from textrnn.tasks.language_model import LanguageModel

__all__ = ["converse"]

NUM_WORDS = 10
TOKENS_AT_ONCE = 20
SHOWN_CHARACTERS = 600
END = SPECIAL_TOKENS[EOS_ID]
HELP = (
    "A number takes that word; other text is added as you type it (with a space before a number); + lets the model "
    "write on; an empty line or Ctrl-D ends."
)


def converse(model: LanguageModel, text: str, options: dict[str, Any]) -> None:
    """Goes on with a text as the lines of standard input say, and prints it in the end.

    Args:
        model: What proposes words and writes on.
        text: The text to begin with.
        options: Options of `SamplingOptions` for what the model writes by itself.
    """
    lines = standard_input()
    say(HELP)
    turn = 0
    while True:
        words = offered(model, text, options)
        say(f"\n{text[-SHOWN_CHARACTERS:]}")
        say("".join(f"\n{number:4} {shown(word)}" for number, word in enumerate(words, start=1)))
        say("> ", end="")
        line = next(lines, "").removesuffix("\n")
        if not line:
            break
        added = answer(model, text, line, words, written_on(options, turn))
        if added == END:
            break
        text += added
        turn += 1
    say("")
    print(text)


def offered(model: LanguageModel, text: str, options: dict[str, Any]) -> list[NextToken]:
    """Returns the words to choose from."""
    banned = {word.casefold() for word in options.get("banned", ())}
    words = model.next_words(text, NUM_WORDS + len(banned))
    return [word for word in words if word.text.strip().casefold() not in banned][:NUM_WORDS]


def written_on(options: dict[str, Any], turn: int) -> dict[str, Any]:
    """Returns the options with which the model writes a piece by itself; with a seed, each turn has its own."""
    options = {"max_tokens": TOKENS_AT_ONCE, **options}
    return {**options, "seed": options["seed"] + turn} if "seed" in options else options


def answer(model: LanguageModel, text: str, line: str, words: list[NextToken], options: dict[str, Any]) -> str:
    """Returns what a line adds to the text."""
    if re.fullmatch("[0-9]+", line):
        if 1 <= int(line) <= len(words):
            return words[int(line) - 1].text
        say(f"There are words 1 to {len(words)}. To write {line}, type a space before it.")
        return ""
    if line == "+":
        added = str(model.generate(text, **options))[len(text) :]
        if not added:
            say("The model would end the text here.")
        return added
    within = ends_word(text.encode("utf-8")) and begins_word(line.encode("utf-8"))
    return f" {line}" if within else line


def shown(word: NextToken) -> str:
    """Returns a word as a person reads it, with its probability."""
    text = "(the end)" if word.text == END else word.text.strip(" ")
    return f"{text if text.isprintable() and text else repr(word.text):<20} {100 * word.probability:5.1f}%"


def say(text: str, end: str = "\n") -> None:
    """Prints what is not the text."""
    print(text, end=end, file=sys.stderr, flush=True)
