"""A rigged network spells out a text, so that what generation does with it is exact."""

import numpy as np
import pytest

from textrnn.inference.generation import StoppableText, generate
from textrnn.inference.prompts import Prompt
from textrnn.inference.sampling import SamplingOptions
from textrnn.preprocessing.tokenizers import EOS_ID, CharTokenizer

TOKENIZER = CharTokenizer(["<pad>", "<unk>", "<bos>", "<eos>", *"abcdefghijklmnopqrstuvwxyz \n"])


class Speller:
    """After any token it expects the next character of a text, then the end; its state is the position."""

    def __init__(self, text, ends=True):
        self.token_ids = [*TOKENIZER.encode(text).tolist(), *([EOS_ID] if ends else [])]
        self.batch_sizes = []

    def initial_states(self, batch_size):
        return [[np.zeros((batch_size, 1))]]

    def __call__(self, token_ids, states, last_only):
        self.batch_sizes.append(len(token_ids))
        position = states[0][0][:, 0].astype(int)
        logits = np.zeros((len(token_ids), TOKENIZER.vocabulary_size))
        for row, place in enumerate(position):
            logits[row, self.token_ids[min(place, len(self.token_ids) - 1)]] = 50.0
        return logits, [[states[0][0] + 1]]


def spelled(text, ends=True, prompts=("x",), **options):
    pieces = list(
        generate(
            Speller(text, ends),
            TOKENIZER,
            [Prompt(TOKENIZER.encode(prompt).tolist()) for prompt in prompts],
            SamplingOptions(**{"temperature": 0, **options}),
        )
    )
    return "".join(piece.text for piece in pieces if piece.sequence == 0), pieces[-1].finish_reason


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("the cat sat", "eos")),
        ({"max_tokens": 5}, ("the c", "length")),
        ({"max_tokens": 0}, ("", "length")),
        ({"stop": ("cat",)}, ("the ", "stop")),
        ({"stop": ("sat", "cat")}, ("the ", "stop")),
        ({"stop": ("t sat.",)}, ("the cat sat", "eos")),
        ({"stop": ("cat",), "min_tokens": 8}, ("the cat sat", "eos")),
        ({"stop": ("zebra",), "max_tokens": 6}, ("the ca", "length")),
    ],
)
def test_where_a_text_ends(options, expected):
    assert spelled("the cat sat", **options) == expected


def test_minimum_length_puts_off_the_end():
    text, reason = spelled("ab", min_tokens=5, max_tokens=6)
    assert text.startswith("ab")
    assert len(text) >= 5
    assert reason in ("eos", "length")


def test_text_that_may_begin_a_stop_string_is_held_back():
    text = StoppableText(TOKENIZER, [], ("cat",))
    given = [text.feed(int(token), True) for token in TOKENIZER.encode("a cab")]
    assert given == ["a", " ", "", "", "cab"]


def test_sequences_that_have_ended_leave_the_batch():
    network = Speller("abcdef")
    states_before = network.initial_states
    network.initial_states = lambda batch_size: [[np.full((batch_size, 1), network.first.pop(0))]]
    network.first = [0, 4]  # the second sequence begins four characters further on
    pieces = list(generate(network, TOKENIZER, [Prompt([4]), Prompt([5])], SamplingOptions(temperature=0)))
    assert states_before(1)[0][0].shape == (1, 1)
    assert "".join(piece.text for piece in pieces if piece.sequence == 0) == "abcdef"
    assert "".join(piece.text for piece in pieces if piece.sequence == 1) == "ef"
    assert network.batch_sizes == [1, 1, 2, 2, 1, 1, 1, 1]


def test_explanations_name_the_probability_and_three_others():
    piece = next(generate(Speller("q"), TOKENIZER, [Prompt([4])], SamplingOptions(temperature=0), explain=True))
    assert piece.choice.token == "q"
    assert piece.choice.probability == pytest.approx(1.0)
    assert len(piece.choice.alternatives) == 3
    assert all(text != "q" for text, _ in piece.choice.alternatives)


def test_samples_are_the_same_by_number_and_differ_by_attempt():
    def drawn(samples, attempt=0):
        options = SamplingOptions(seed=5, temperature=1.0, top_p=1.0, max_tokens=12)
        pieces = list(generate(Even(), TOKENIZER, [Prompt([4])], options, samples, attempt))
        return ["".join(p.text for p in pieces if p.sequence == number) for number in range(len(samples))]

    both = drawn([0, 3])
    assert drawn([3]) == both[1:]
    assert len({*both, *drawn([0, 3], attempt=1)}) == 4


class Even(Speller):
    """Finds every token as likely as any other."""

    def __init__(self):
        super().__init__("")

    def __call__(self, token_ids, states, last_only):
        return np.zeros((len(token_ids), TOKENIZER.vocabulary_size)), states
