import pytest

from textrnn.wording import counted, duration


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (1, "hypothesis", "1 hypothesis"),
        (2000, "hypothesis", "2,000 hypotheses"),
        (0, "reference", "0 references"),
        (1, "batch", "1 batch"),
        (3, "batch", "3 batches"),
        (2, "epoch", "2 epochs"),
        (1.0, "minute", "1 minute"),
        (2.5, "minute", "2.5 minutes"),
    ],
)
def test_numbers_have_the_right_plural(number, noun, words):
    assert counted(number, noun) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "1 second"), (1.4, "1 second"), (1.6, "2 seconds"), (59.4, "59 seconds"), (60.0, "1.0 minutes")],
)
def test_times(seconds, words):
    assert duration(seconds) == words
