import pytest

from textrnn.preprocessing.subtitles import Subtitles

SRT = ["1", "00:00:01,000 --> 00:00:02,500", "Hello.", "12", "", "2", "0:01:05.10 --> 0:01:06.00 line:0", "Bye."]


@pytest.mark.parametrize(
    ("groups", "kept"),
    [
        ([SRT], [{0, 1, 5, 6}]),
        ([SRT[:5], SRT[5:6], SRT[6:]], [{0, 1}, {0}, {0}]),
        ([["WEBVTT", "", "00:01.000 --> 00:02.000", "Hello."]], [{0, 2}]),
        ([["12", "", "13", "a --> b"]], [set()]),
        ([[]], [set()]),
    ],
)
def test_numbers_and_times_are_no_text(groups, kept):
    """A number is a subtitle's if times follow or if there were some: "12" is what somebody says."""
    subtitles = Subtitles()
    assert [subtitles.kept(group) for group in groups] == kept
