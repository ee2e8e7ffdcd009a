"""The lines of subtitles (SRT, WebVTT) that are no text: numbers and times, which a translation keeps as they are."""

import re

__all__ = ["Subtitles"]

TIME = re.compile(r"\s*(\d+:)?\d+:\d\d[.,]\d+\s*-->\s*(\d+:)?\d+:\d\d[.,]\d+.*")


class Subtitles:
    """Remembers, from one group of lines of a file to the next, whether the file holds subtitles.

    Only a line with times says so, hence a number is a number of subtitles if such a line follows, or if one was there
    before and the line above is blank. All other files stay as they are.
    """

    def __init__(self) -> None:
        self.are_there = False
        self.above = ""

    def kept(self, lines: list[str]) -> frozenset[int]:
        """Returns the indices of the lines that are no text."""
        found: set[int] = set()
        for index, line in enumerate(lines):
            below = lines[index + 1] if index + 1 < len(lines) else ""
            if TIME.fullmatch(line):
                self.are_there = True
                found.add(index)
            elif line.strip().isdecimal():
                begins = TIME.fullmatch(below) or (self.are_there and not self.above.strip())
                found.update([index] if begins else [])
            elif line.strip() == "WEBVTT":
                found.add(index)
            self.above = line
        return frozenset(found)
