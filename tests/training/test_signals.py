"""Signals wait for the end of a step; one that the process was started to ignore stays ignored."""

import signal

import pytest

from textrnn.training.signals import PostponedSignals


def signalled(times):
    """Raises SIGINT so many times within a block; returns what the block still did after them."""
    finished = []

    def run():
        with PostponedSignals() as signals:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
            finished.append(signals.received)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return finished


def test_a_signal_waits_for_the_end_of_the_block_and_a_second_one_does_not(interruptible):
    assert signalled(1) == [signal.SIGINT]
    assert signalled(2) == []


def test_an_ignored_signal_stays_ignored(interruptible):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a shell's background; the fixture gives back what was there
    with PostponedSignals() as signals:
        signal.raise_signal(signal.SIGINT)
    assert signals.received is None
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
