"""What a network would write next: the most probable tokens, and the most probable whole words."""

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from textrnn.inference.constraints import begins_word, ends_word, token_index
from textrnn.inference.prompts import Network, Prompt, ReadPrompt, read_prompt
from textrnn.inference.sampling import log_softmax
from textrnn.preprocessing.tokenizers import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Tokenizer

__all__ = ["NextToken", "next_tokens", "next_words"]

MAX_WORD_TOKENS = 24
CONTEXT = 32  # tokens before a text that decide how it is decoded


class NextToken(NamedTuple):
    """A text that may come next.

    Args:
        text: What it adds to the prompt; "<eos>" for the end.
        probability: How probable it is.
    """

    text: str
    probability: float

    def __str__(self) -> str:
        return f"{self.text!r} {100 * self.probability:.1f}%"


def next_tokens(network: Network, tokenizer: Tokenizer, prompt: Prompt, number: int) -> list[NextToken]:
    """Returns the most probable tokens after a prompt, at most `number`, the most probable first."""
    read = read_prompt(network, tokenizer, prompt)
    row = first_row(tokenizer, read)
    best = [int(token) for token in np.argsort(-row, kind="stable")[:number] if np.isfinite(row[token])]
    return [NextToken(added_text(tokenizer, read, [token]), math.exp(row[token])) for token in best]


def first_row(tokenizer: Tokenizer, read: ReadPrompt) -> np.ndarray:
    """Returns the log-probability of each token after a prompt, among those that can come."""
    logits = read.logits[0].astype(np.float64)
    if read.unfinished:
        can_come = np.zeros(len(logits), bool)
        can_come[token_index(tokenizer).starting_with(read.unfinished)] = True
        logits[~can_come] = -np.inf
    return writable(logits)


def writable(logits: np.ndarray) -> np.ndarray:
    """Returns log-probabilities among the tokens that are ever written, over the last axis."""
    logits = logits.astype(np.float64)
    logits[..., [PAD_ID, UNK_ID, BOS_ID]] = -np.inf
    return log_softmax(logits)


def added_text(tokenizer: Tokenizer, read: ReadPrompt, token_ids: list[int]) -> str:
    """Returns the text that tokens add to a prompt; that of a token without any as a person would want to see it."""
    decoder = tokenizer.decoder()
    decoder.skip(read.token_ids[-CONTEXT:])
    text = "".join([decoder.feed(token) for token in token_ids]) + decoder.finish()
    return text.removeprefix(read.known) if text else tokenizer.token_text(token_ids[-1])


@dataclasses.dataclass
class Beginning:
    """The beginning of a word: its tokens, their text and their log-probability."""

    token_ids: list[int]
    text: bytes
    score: float


def next_words(network: Network, tokenizer: Tokenizer, prompt: Prompt, number: int) -> list[NextToken]:
    """Returns the most probable words after a prompt, by a beam search over the tokens up to the end of a word.

    A word ends before a token that begins with anything but a letter or digit. Punctuation marks, newlines,
    tokens of a script without spaces and the end of the text ("<eos>") are words.
    """
    read = read_prompt(network, tokenizer, prompt)
    texts = token_index(tokenizer).texts
    goes_on = np.array([begins_word(text) for text in texts])
    words: dict[str, float] = {}

    def complete(beginning: Beginning, probability: float) -> None:
        text = added_text(tokenizer, read, beginning.token_ids)
        words[text] = words.get(text, 0.0) + probability

    live = [Beginning([], b"", 0.0)]
    rows, states = first_row(tokenizer, read)[np.newaxis], read.states
    complete(Beginning([EOS_ID], b"", 0.0), math.exp(rows[0, EOS_ID]))
    for _ in range(MAX_WORD_TOKENS):
        scores = rows + np.array([[beginning.score] for beginning in live])  # beginnings x vocabulary
        scores[:, EOS_ID] = np.where([ends_word(beginning.text) for beginning in live], scores[:, EOS_ID], -np.inf)
        for row, beginning in zip(scores, live, strict=True):
            if ends_word(beginning.text):
                complete(beginning, float(np.exp(row[~goes_on]).sum()))
                row[~goes_on] = -np.inf
        longer, parents = [], []
        for place in np.argsort(-scores, axis=None, kind="stable")[: 2 * number]:
            parent, token = divmod(int(place), len(texts))
            beginning = Beginning(
                [*live[parent].token_ids, token], live[parent].text + texts[token], float(scores[parent, token])
            )
            if not np.isfinite(beginning.score):
                continue
            if is_whole(beginning.text):
                complete(beginning, math.exp(beginning.score))
            else:
                longer.append(beginning)
                parents.append(parent)
        best = sorted(words.values(), reverse=True)
        if not longer or (len(best) >= number and best[number - 1] >= math.exp(longer[0].score)):
            break
        live = longer
        states = [[state[parents] for state in layer] for layer in states]
        logits, states = network(np.array([[beginning.token_ids[-1]] for beginning in live]), states, last_only=True)
        rows = writable(logits)
    ranked = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    return [NextToken(text, probability) for text, probability in ranked[:number] if probability]


def is_whole(text: bytes) -> bool:
    """Says whether a text is a word that needs no token after it to be one: it ends with no letter, and is no space."""
    return not ends_word(text) and bool(text.strip(b" ")) and is_utf8(text)


def is_utf8(text: bytes) -> bool:
    """Says whether bytes are whole characters."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
