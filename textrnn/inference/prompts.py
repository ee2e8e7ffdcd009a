"""Reads prompts: the state after them, and how much of their end is left for the network to say itself.

A prompt can end anywhere: after a space, or in the middle of a word. The tokens that spell such an end are not those
that spell it within a longer text, and what a network writes after them is noise. So the end is taken back, and the
first token that is generated must begin with it: spaces always, part of a word where a longer token is more probable.
"""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from textrnn.inference.constraints import TokenIndex, token_index, word_text
from textrnn.inference.sampling import log_softmax
from textrnn.inference.stack import States
from textrnn.preprocessing.tokenizers import BOS_ID, UNK_ID, CharTokenizer, SubwordTokenizer, Tokenizer, WordTokenizer

__all__ = ["Network", "Prompt", "ReadPrompt", "make_prompt", "read_prompt"]

MAX_TAKEN_BACK = 8  # tokens
BLANKS = "".join(character for character in map(chr, range(0x3001)) if character.isspace() and character != "\n")


class Network(Protocol):
    """What gives logits, such as a `RecurrentNetwork`."""

    def initial_states(self, batch_size: int) -> States:
        """Returns the states before the first token."""

    def __call__(self, token_ids: np.ndarray, states: States, last_only: bool = False) -> tuple[np.ndarray, States]:
        """Returns logits and states after token ids of shape `(batch, time)`."""


@dataclasses.dataclass(frozen=True)
class Prompt:
    """A text to continue.

    Args:
        token_ids: Its tokens, at least one.
        unfinished: Text after them that no token spells, but with which longer ones begin.
        text: The text before that, which tokens can be unknown for.
    """

    token_ids: Sequence[int]
    unfinished: bytes = b""
    text: str = ""


@dataclasses.dataclass(frozen=True)
class ReadPrompt:
    """What a network has made of a prompt.

    Args:
        token_ids: The tokens that it has read.
        logits: What it expects next, shape `(1, vocabulary_size)`.
        states: Its states.
        unfinished: Text of the prompt that the next tokens have to spell.
        known: With what the decoded text of those tokens begins that the prompt has already.
        text: The text that was read, or empty if the tokens tell it.
    """

    token_ids: list[int]
    logits: np.ndarray
    states: States
    unfinished: bytes = b""
    known: str = ""
    text: str = ""


def make_prompt(tokenizer: Tokenizer, begin: list[int], text: str) -> Prompt:
    """Returns a prompt for a text.

    Args:
        tokenizer: What the network reads.
        begin: The tokens before the text.
        text: What to continue, in the form in which training reads text.
    """
    kept, unfinished = text, b""
    if not isinstance(tokenizer, CharTokenizer):
        kept, unfinished = without_last_spaces(tokenizer, text)
    if isinstance(tokenizer, WordTokenizer) and kept == text:
        kept, unfinished = without_unfinished_word(tokenizer, text)
    token_ids = [*begin, *tokenizer.encode(kept).tolist()]
    if not token_ids and kept != text:  # something must be read first
        token_ids, unfinished = tokenizer.encode(text).tolist(), b""
    return Prompt(token_ids or [BOS_ID], unfinished, kept)


def without_last_spaces(tokenizer: Tokenizer, text: str) -> tuple[str, bytes]:
    """Returns a text without the spaces at its end, and these as tokens begin with them: one if none has so many."""
    kept = text.rstrip(BLANKS)
    if kept == text:
        return text, b""
    before = " " if kept[-1:] in ("", "\n") else ""  # subwords have one before each line
    spaces = (before + text[len(kept) :]).encode("utf-8")
    return kept, spaces if token_index(tokenizer).longer_than(spaces) else b" "


def without_unfinished_word(tokenizer: WordTokenizer, text: str) -> tuple[str, bytes]:
    """Returns a text without its last word, and that word, if the vocabulary has only longer ones that begin so."""
    line = text.rpartition("\n")[2]
    words, token_ids = tokenizer.token_texts(line), tokenizer.encode(line)
    if not words or token_ids[-1] != UNK_ID or not text.endswith(words[-1]):
        return text, b""
    beginning = word_text(tokenizer.cased(words[-1])).encode("utf-8")
    if not token_index(tokenizer).longer_than(beginning):
        return text, b""
    return text.removesuffix(words[-1]).rstrip(BLANKS), beginning


def read_prompt(network: Network, tokenizer: Tokenizer, prompt: Prompt) -> ReadPrompt:
    """Runs the network over a prompt, up to where its end is taken back."""
    token_ids = list(prompt.token_ids)
    if not prompt.unfinished and isinstance(tokenizer, SubwordTokenizer):
        return read_last_word(network, tokenizer, token_ids)
    logits, states = network(np.array([token_ids]), network.initial_states(1), last_only=True)
    known = known_text(tokenizer, token_ids, prompt.unfinished)
    return ReadPrompt(token_ids, logits, states, prompt.unfinished, known, prompt.text)


def read_last_word(network: Network, tokenizer: Tokenizer, token_ids: list[int]) -> ReadPrompt:
    """Reads a prompt, and takes back the end of its last word if one longer token is more probable than its tokens."""
    index = token_index(tokenizer)
    first = first_open_end(index, token_ids)
    reads, states, begin = [], network.initial_states(1), 0
    for end in range(first, len(token_ids) + 1):
        logits, states = network(np.array([token_ids[begin:end]]), states, last_only=True)
        reads.append(ReadPrompt(token_ids[:end], logits, states))
        begin = end
    score = 0.0  # the log-probability of the word's tokens
    ways: list[tuple[float, int, ReadPrompt, bytes]] = []  # each with that of taking back what is left of the word
    for read, token in zip(reads, token_ids[first:], strict=False):
        row = log_softmax(read.logits[0])
        unfinished = index.joined(token_ids[len(read.token_ids) :])
        if longer := index.longer_than(unfinished):
            ways.append((score + row[longer].max(), len(ways), read, unfinished))
        score += row[token]
    best, _, read, unfinished = max(ways, default=(score, 0, reads[-1], b""))
    if best <= score:
        return reads[-1]
    known = known_text(tokenizer, read.token_ids, unfinished)
    return dataclasses.replace(read, unfinished=unfinished, known=known)


def first_open_end(index: TokenIndex, token_ids: list[int]) -> int:
    """Returns the first place in the last word from which one longer token could stand, or the end."""
    first = len(token_ids)
    for place in range(len(token_ids) - 1, max(len(token_ids) - MAX_TAKEN_BACK, 1) - 1, -1):
        text = index.texts[token_ids[place]]
        if not text or text == b"\n":
            break
        if index.longer_than(index.joined(token_ids[place:])):
            first = place
        if text.startswith(b" "):
            break
    return first


def known_text(tokenizer: Tokenizer, token_ids: list[int], unfinished: bytes) -> str:
    """Returns what the end of a prompt that was taken back adds to the text of the tokens before it."""
    if not unfinished:
        return ""
    index = token_index(tokenizer)
    token = index.longer_than(unfinished)[-1]
    decoder = tokenizer.decoder()
    decoder.skip(token_ids)
    text = decoder.feed(token) + decoder.finish()
    return text[: len(text) - len(index.texts[token].removeprefix(unfinished).decode("utf-8"))]
