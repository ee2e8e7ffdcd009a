"""When the steps of a series are: times read from text, the frequency between them, gaps, positions in the calendar."""

import contextlib
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.errors import TextrnnError

if TYPE_CHECKING:
    import pandas

__all__ = ["calendar_positions", "future_times", "grid_of", "parsed_times", "seasons_of", "step_in_words"]

ISO = re.compile(r"\d{4}\D")  # a year comes first, then the month
YEAR = re.compile(r"[12]\d{3}")
SECONDS = re.compile(r"\d{9,10}(\.\d*)?")
MILLISECONDS = re.compile(r"\d{12,13}")
DAY = 86_400.0
# What calendars count in, in seconds; the lengths of days, weeks and years.
CALENDAR_SECONDS = {"day": DAY, "week": 7 * DAY, "year": 365.2425 * DAY}
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


def parsed_times(cells: Sequence[Any], places: Sequence[str]) -> "pandas.DatetimeIndex":
    """Returns times from text, years, seconds since 1970, or what pandas takes for times.

    Where the order of day and month is open, the one that makes the steps most alike is taken.

    Args:
        cells: What is to be read.
        places: How errors name each of them.

    Raises:
        TextrnnError: If one is no time.
    """
    import pandas

    if isinstance(cells, pandas.PeriodIndex):
        return cells.to_timestamp()
    if isinstance(cells, pandas.DatetimeIndex):
        times = cells
    else:
        texts = [str(cell).strip() for cell in cells]
        orders = (False,) if all(ISO.match(text) for text in texts) else (False, True)
        candidates = [found for found in (read_with(texts, order) for order in orders) if found is not None]
        if not candidates:
            bad = first_bad(texts)
            raise TextrnnError(
                f"{places[bad]}: {texts[bad]!r} is no date or time. Write them as 2024-01-31 or 14:30:00."
            )
        times = min(candidates, key=num_different_steps)
    return (times.tz_convert(None) if times.tz is not None else times).as_unit("ns")


def read_with(texts: list[str], day_first: bool) -> "pandas.DatetimeIndex | None":
    """Returns the times that texts stand for, or None if one of them stands for none."""
    import pandas

    for pattern, unit in ((SECONDS, "s"), (MILLISECONDS, "ms")):
        if all(pattern.fullmatch(text) for text in texts):
            return pandas.DatetimeIndex(pandas.to_datetime([float(text) for text in texts], unit=unit))
    if all(YEAR.fullmatch(text) for text in texts):
        texts = [f"{text}-01-01" for text in texts]
    for form in (None, "mixed"):  # one form for all is read fast; several are tried one by one
        with contextlib.suppress(ValueError, TypeError, OverflowError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what no form fits is told by an error
            found = pandas.to_datetime(texts, dayfirst=day_first, format=form, utc=has_zone(texts))
            return None if found.isna().any() else pandas.DatetimeIndex(found)
    return None


def has_zone(texts: list[str]) -> bool:
    """Says whether times name their distance from UTC, which may change with the season."""
    return bool(texts) and re.search(r"\d([+-]\d\d:?\d\d|Z)$", texts[0]) is not None


def first_bad(texts: list[str]) -> int:
    """Returns the position of the first text that is no time."""
    return next((i for i, text in enumerate(texts) if not text or read_with([text], False) is None), 0)


def num_different_steps(times: "pandas.DatetimeIndex") -> int:
    """Returns how many different steps there are between times."""
    return len(np.unique(np.diff(times.asi8)))


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
    for frequency in candidates_for(typical, times[0]):
        grid = pandas.date_range(times[0], times[-1], freq=frequency)
        # Gaps are steps that are missing; where most are, the steps are of another sort.
        if len(grid) <= 1.25 * len(times) and times.isin(grid).all():
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
    known = {"Y": "year", "Q": "quarter", "W": "week"}
    return words.get(frequency) or known.get(frequency[:1]) or frequency
