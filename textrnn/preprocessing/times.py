"""When the steps of a series are: the frequency between times, gaps, what comes later, positions in the calendar."""

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas

__all__ = ["DAY", "are_alike", "calendar_positions", "future_times", "grid_of", "seasons_of", "step_in_words"]

DAY = 86_400.0
MOST_STEPS = 1.25  # steps of a grid for each time; where more are missing, the steps are of another sort
# What calendars count in, in seconds; the lengths of days, weeks and years.
CALENDAR_SECONDS = {"day": DAY, "week": 7 * DAY, "year": 365.2425 * DAY}
# What frequencies count in, by pandas' letters now and before, in seconds.
UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "D": DAY, "W": 7 * DAY, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
UNITS |= {"S": 1.0, "T": 60.0, "H": 3600.0}
# Steps of a season, by the seconds of a step: the usual ones, of which the data say which is there.
SEASONS = (
    (60, (60, 1440)),
    (600, (144, 1008)),
    (900, (96, 672)),
    (1800, (48, 336)),
    (3600, (24, 168)),
    (DAY, (7, 365)),
    (7 * DAY, (52,)),
    (30.44 * DAY, (12,)),
    (91.3 * DAY, (4,)),
)


def grid_of(times: "pandas.DatetimeIndex") -> "tuple[str, pandas.DatetimeIndex]":
    """Returns the frequency of rising times in pandas' words, and all times of that frequency between first and last.

    Where steps are of no one length, as between the days on which a market was open, the frequency is "" and each time
    is a step; or "B" if all are days of the week, so that what is to come is known.
    """
    import pandas

    steps = np.diff(times.asi8) / 1e9
    if not len(steps):
        return "", times
    typical = float(np.median(steps))
    # Months and years differ in length, but not so much; a grid of all seconds of a century would fill the memory.
    frequencies = candidates_for(typical, times[0]) if steps.sum() <= 1.5 * len(times) * typical else []
    for frequency in frequencies:
        grid = pandas.date_range(times[0], times[-1], freq=frequency)
        if len(grid) <= MOST_STEPS * len(times) and times.isin(grid).all():
            return frequency, grid
    return ("B" if typical == DAY and (times.day_of_week < 5).all() else ""), times


def candidates_for(seconds: float, first: Any) -> list[str]:
    """Returns the frequencies that steps of about so many seconds may have."""
    import pandas

    if seconds > 360 * DAY:
        return [f"YS-{first.strftime('%b').upper()}", f"YE-{first.strftime('%b').upper()}"]
    if seconds > 85 * DAY:
        return ["QS", "QE", f"QS-{first.strftime('%b').upper()}", f"QE-{first.strftime('%b').upper()}"]
    if seconds > 27 * DAY:
        return ["MS", "ME"]
    if seconds == DAY:
        return ["D"]
    if seconds <= 0:
        return []
    return [pandas.tseries.frequencies.to_offset(pandas.Timedelta(seconds=seconds)).freqstr]


def are_alike(frequency: str, other: str) -> bool:
    """Says whether two frequencies have the same steps, such as months, named by their first day or by their last.

    >>> are_alike("MS", "ME"), are_alike("168h", "W-SUN"), are_alike("D", "h")
    (True, True, False)
    """
    return length_of(frequency) == length_of(other)


def length_of(frequency: str) -> tuple[float, str]:
    """Returns how many of what a frequency counts: seconds, or months, quarters, years, weekdays by their letters."""
    match = re.match(r"(\d*)([A-Za-z]+)", frequency)
    if match is None:
        return 0.0, frequency
    number, unit = float(match.group(1) or 1), match.group(2)
    return (number * UNITS[unit], "s") if unit in UNITS else (number, unit[0].replace("A", "Y"))


def future_times(last: int, frequency: str, number: int) -> "pandas.DatetimeIndex | None":
    """Returns the times that come after a time; None if nobody knows the frequency.

    Args:
        last: The last known time, in nanoseconds since 1970.
        frequency: What stands between two of them.
        number: How many.
    """
    import pandas

    if not frequency:
        return None
    last_time = pandas.Timestamp(last)
    times = pandas.date_range(last_time, periods=number + 2, freq=frequency)
    return times[times > last_time][:number]


def calendar_positions(times: Any, name: str) -> np.ndarray:
    """Returns where times are in their day, week or year, from 0 to 1."""
    seconds = np.asarray(times, dtype="datetime64[ns]").astype(np.int64) / 1e9
    # 1970 began with a Thursday.
    return np.asarray((seconds + (3 * DAY if name == "week" else 0)) / CALENDAR_SECONDS[name] % 1.0)


def seasons_of(seconds: float) -> tuple[int, ...]:
    """Returns the steps of the seasons that are usual for steps of so many seconds."""
    return next((seasons for length, seasons in SEASONS if abs(seconds / length - 1) < 0.1), ())


def step_in_words(frequency: str) -> str:
    """Returns a frequency for people."""
    words = {"D": "day", "B": "weekday", "h": "hour", "MS": "month", "ME": "month", "min": "minute", "s": "second"}
    words["168h"] = "week"
    known = {"Y": "year", "Q": "quarter", "W": "week"}
    return words.get(frequency) or known.get(frequency[:1]) or frequency
