"""Times as people write them: dates in several orders and languages, months, quarters, weeks, seconds since 1970."""

import bisect
import contextlib
import re
import unicodedata
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.errors import TextrnnError
from textrnn.preprocessing.times import DAY, grid_of

if TYPE_CHECKING:
    import pandas

__all__ = ["are_months", "are_times", "parsed_times"]

ISO = re.compile(r"\d{4}\D")  # a year comes first, then the month
NUMBER = re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?")
YEAR = re.compile(r"[12]\d{3}(\.0*)?")
# Time since 1970, in units that the number of digits tells.
EPOCHS = (
    (re.compile(r"\d{9,10}(\.\d*)?"), "s", float),
    (re.compile(r"\d{12,13}(\.0*)?"), "ms", float),
    (re.compile(r"\d{15,16}"), "us", int),
    (re.compile(r"\d{18,19}"), "ns", int),
)
# Dates without marks, by their number of digits.
DIGITS = {6: ("%Y%m", "%y%m%d"), 8: ("%Y%m%d",), 10: ("%Y%m%d%H",), 12: ("%Y%m%d%H%M",), 14: ("%Y%m%d%H%M%S",)}
HOUR = re.compile(r"(19\d\d|20[0-2]\d|2030)\d{6}")  # others with as many digits are seconds since 1970
POINTED_MONTH = re.compile(r"(?P<month>0[1-9]|1[0-2])\.(?P<year>19\d\d|20\d\d|2100)")
YEAR_FIRST = re.compile(r"(\d\d)([-/.])(\d\d)\2(\d\d)(?=\D|$)")
SPREADSHEET_DAY = re.compile(r"[2-7]\d{4}(\.\d*)?")  # days since 1899-12-30, from 1954 to 2119
LONGEST_STEP = 366.0  # days between such days
WEEKS = (
    re.compile(r"(?P<year>\d{4})[-/ ]?W(?P<week>\d\d?)(-?(?P<day>[1-7]))?", re.IGNORECASE),
    re.compile(r"W(?P<week>\d\d?)[-/ ](?P<year>\d{4})(?P<day>)", re.IGNORECASE),
)
QUARTERS = (
    re.compile(r"(?P<year>\d{4})[-/ ]?Q(?P<quarter>[1-4])", re.IGNORECASE),
    re.compile(r"Q(?P<quarter>[1-4])[-/ ]?'?(?P<year>\d{4}|\d\d)", re.IGNORECASE),
    re.compile(r"(?P<quarter>[1-4])Q[-/ ]?'?(?P<year>\d{4}|\d\d)", re.IGNORECASE),
)
# The names of months in English, German, French, Spanish, Italian and Portuguese, without accents.
MONTHS = (
    "jan january januar janner janvier janv enero ene gennaio gen janeiro",
    "feb february februar fevrier fevr febrero febbraio fevereiro fev",
    "mar march marz mrz mars marzo marco",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag maio",
    "jun june juni juin junio giugno giu junho",
    "jul july juli juillet juil julio luglio lug julho",
    "aug august aout agosto ago",
    "sep sept september septembre septiembre settembre set setembro",
    "oct october oktober okt octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec december dezember dez decembre diciembre dic dicembre dezembro",
)
ENGLISH = [words[:3].capitalize() for words in MONTHS]
MONTH_OF = {word: number for number, words in enumerate(MONTHS, start=1) for word in words.split()}
WORD = re.compile(r"[^\W\d_]{3,}\.?")
MONTH = rf"(?P<month>\d\d?|{'|'.join(ENGLISH)})"
LONG_MONTHS = tuple(
    re.compile(form) for form in (rf"(?P<year>\d{{4}})[-/. ]?{MONTH}", rf"{MONTH}[-/. ]?\s*(?P<year>\d{{4}})")
)
SHORT_MONTHS = tuple(
    re.compile(form) for form in (rf"(?P<year>\d\d?)[- ]{MONTH}", rf"{MONTH}[-/. ]?\s*'?(?P<year>\d\d)")
)
UNEVEN = 2.0  # the longest step beside the shortest, from which on steps do not tell what stands first
LAST_SHORT_YEAR = 40  # 40 is 2040, and 41 is 1941
ZONE = re.compile(r"(?<=[-/:]\d\d) ?([A-Z]{3,5})$")
WORLD_TIME = ("UTC", "GMT")
YEARS = 1678, 2261  # the whole years whose nanoseconds pandas counts


def parsed_times(cells: Any, places: Sequence[str], notes: list[str] | None = None) -> "pandas.DatetimeIndex":
    """Returns times from text, years, seconds since 1970, or what pandas takes for times.

    Args:
        cells: What is to be read.
        places: How errors name each of them.
        notes: Where it is said what was left out of them, and what might be read otherwise.

    Raises:
        TextrnnError: If one is no time.
    """
    import pandas

    times = cells.to_timestamp() if isinstance(cells, pandas.PeriodIndex) else cells
    if not isinstance(times, pandas.DatetimeIndex):
        times = written_times([str(cell).strip() for cell in cells], places, [] if notes is None else notes)
    missing = np.flatnonzero(times.isna())
    if len(missing):
        raise TextrnnError(f"{places[missing[0]]}: the time is missing. Write it there, or leave the row out.")
    with contextlib.suppress(pandas.errors.OutOfBoundsDatetime):
        return (times.tz_convert(None) if times.tz is not None else times).as_unit("ns")
    bad = next(i for i, time in enumerate(times) if not YEARS[0] <= time.year <= YEARS[1])
    raise TextrnnError(f"{places[bad]}: {why_no_time([str(time) for time in times], bad)}")


def are_times(texts: Sequence[str]) -> bool:
    """Says whether texts can be read as times."""
    return bool(readings_of(without_zones(list(texts))))


def are_months(texts: Sequence[str]) -> bool:
    """Says whether texts are months that look like numbers: 01.2019."""
    return bool(texts) and all(POINTED_MONTH.fullmatch(text) for text in texts)


def written_times(texts: list[str], places: Sequence[str], notes: list[str]) -> "pandas.DatetimeIndex":
    """Returns the times that texts stand for; of several readings the one that makes the steps most alike."""
    plain = without_zones(texts)
    readings = readings_of(plain)
    if not readings:
        bad = first_bad(plain)
        raise TextrnnError(f"{places[bad]}: {why_no_time(texts, bad)}")
    best = readings[0]
    if len(readings) > 1:
        ranked = sorted(((irregularity(one), place) for place, one in enumerate(readings)))
        best = readings[ranked[0][1]]
        for rank, place in ranked[1:]:
            if (best != readings[place]).any() and sort_of(rank) <= sort_of(ranked[0][0]):
                notes.append(order_note(texts, best, readings[place]))
                break
    cut = [i for i, text in enumerate(texts) if text != plain[i] and not text.endswith(WORLD_TIME)]
    if cut:
        notes.append(f"the times are taken as they stand, without their time zone: {texts[cut[0]]!r} is {best[cut[0]]}")
    if SPREADSHEET_DAY.fullmatch(plain[0]):
        notes.append(f"times such as {plain[0]} are read as a spreadsheet's number of a day: {shown(best[0])}")
    return best


def first_bad(texts: list[str]) -> int:
    """Returns the position of the first text that cannot be read together with those before it."""
    ends = range(1, len(texts) + 1)
    return min(bisect.bisect_left(ends, True, key=lambda end: not readings_of(texts[:end])), len(texts) - 1)


def order_note(texts: list[str], best: Any, other: Any) -> str:
    """Returns what to say of dates that may be read in another order."""
    place = int(np.flatnonzero(best != other)[0])
    parts = "the day, the month or the year" if YEAR_FIRST.match(texts[place]) else "the day or the month"
    return (
        f"{parts} may stand first: {texts[place]} is read as {shown(best[place])}. If it is "
        f"{shown(other[place])}, write the dates like that"
    )


def why_no_time(texts: Sequence[str], bad: int) -> str:
    """Says why one of some texts cannot be read as a time."""
    text, (first, last) = texts[bad], YEARS
    if are_times([text]):
        return (
            f"{text!r} cannot be read beside {texts[0]!r}. Write all dates and times in one way, as 2024-01-31 or "
            "14:30:00."
        )
    year = re.match(r"\d{4}(?=\D|$)", text) or re.search(r"(?<!\d)\d{4}$", text)
    if year is not None and not first <= int(year.group()) <= last:
        return f"{text!r} is outside the years {first} to {last}, in which times can be read. Leave the column out."
    return f"{text!r} is no date or time. Write them as 2024-01-31 or 14:30:00."


def shown(time: Any) -> str:
    """Returns a time without the hours if it is a date."""
    return str(time).removesuffix(" 00:00:00")


def irregularity(times: "pandas.DatetimeIndex") -> tuple[bool, bool, float, int]:
    """Returns how unlike the steps between times are: the less the better a reading they are.

    Of steps that are not regular, those of times that only rise or only fall are better.
    """
    unique = times.unique().sort_values()
    steps = np.diff(unique.asi8)
    number = len(np.unique(np.diff(times.asi8)))
    if not len(steps) or grid_of(unique.tz_localize(None))[0]:
        return False, False, 1.0, number
    is_mixed = not (times.is_monotonic_increasing or times.is_monotonic_decreasing)
    return True, is_mixed, float(steps.max() / steps.min()), number


def sort_of(irregular: tuple[bool, bool, float, int]) -> int:
    """Returns 0 for regular steps, 1 for those that are nearly so, 2 for others, which do not tell."""
    is_irregular, is_mixed, ratio, _ = irregular
    return (1 if not is_mixed and ratio < UNEVEN else 2) if is_irregular else 0


# What is written


def without_zones(texts: list[str]) -> list[str]:
    """Returns texts without names of time zones such as CET at their ends."""

    def changed(match: re.Match[str]) -> str:
        return match.group() if match.group(1).casefold() in MONTH_OF else ""

    return [ZONE.sub(changed, text) for text in texts]


def in_english(text: str) -> str:
    """Returns a date with the English name of its month, and without what stands between day, month and year.

    >>> in_english("1. März 2024"), in_english("3 de enero de 2024")
    ('1 Mar 2024', '3 Jan 2024')
    """
    if not WORD.search(text):
        return text

    def changed(match: re.Match[str]) -> str:
        letters = unicodedata.normalize("NFKD", match.group().rstrip(".").casefold())
        month = MONTH_OF.get("".join(letter for letter in letters if not unicodedata.combining(letter)))
        return match.group() if month is None else ENGLISH[month - 1]

    text = re.sub(r" (de|del|of)(?= )", "", text)
    return re.sub(r"^(\d\d?)(\.|er|º|°)? ?(?=[A-Z][a-z]{2}\b)", r"\1 ", WORD.sub(changed, text))


def readings_of(texts: list[str]) -> "list[pandas.DatetimeIndex]":
    """Returns all times that texts may stand for, none if one of them stands for no time."""
    if not texts or not all(re.search(r"\d", text) for text in texts):
        return []
    if all(NUMBER.fullmatch(text) for text in texts):
        return [found for found in [from_numbers(texts)] if found is not None]
    texts = [in_english(text) for text in texts]
    for read in (from_weeks, from_quarters, from_months):
        found = read(texts)
        if found is not None:
            return [found]
    # One form for all is read fast and surely; several are tried one by one.
    orders = (False,) if all(ISO.match(text) for text in texts) else (False, True)
    with_year_first = from_year_first(texts)
    for form in (None, "mixed"):
        readings = [read_as(texts, dayfirst=order, format=form, utc=has_zone(texts)) for order in orders]
        kept = [reading for reading in [*readings, with_year_first] if reading is not None]
        if kept:
            return kept
    return []


def from_year_first(texts: list[str]) -> "pandas.DatetimeIndex | None":
    """Returns times from dates such as 23-01-31, or None if they are no such dates."""
    if not all(YEAR_FIRST.match(text) for text in texts):
        return None
    long = [YEAR_FIRST.sub(lambda date: f"{full_year(date[1])}-{date[3]}-{date[4]}", text, count=1) for text in texts]
    return read_as(long, utc=has_zone(texts))


def read_as(values: Sequence[Any], **how: Any) -> "pandas.DatetimeIndex | None":
    """Returns what pandas reads, or None if it cannot, or if that is too long ago or ahead."""
    import pandas

    with contextlib.suppress(ValueError, TypeError, OverflowError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what no form fits is told by an error
        found = pandas.DatetimeIndex(pandas.to_datetime(values, **how)).as_unit("ns")
        return None if found.isna().any() else found
    return None


def has_zone(texts: list[str]) -> bool:
    """Says whether times name their distance from UTC, which may change with the season."""
    return bool(texts) and re.search(r"\d([+-]\d\d:?\d\d|Z)$", texts[0]) is not None


def from_numbers(texts: list[str]) -> "pandas.DatetimeIndex | None":
    """Returns times from years, dates without marks, seconds since 1970, or the days of spreadsheets."""
    if all(YEAR.fullmatch(text) for text in texts):
        return read_as([f"{text[:4]}-01-01" for text in texts])
    if are_months(texts):
        return read_as(texts, format="%m.%Y")
    is_hour = all(HOUR.fullmatch(text) for text in texts)
    for form in DIGITS.get(len(texts[0]), ()) if is_hour or len(texts[0]) != 10 else ():
        if all(text.isdecimal() and len(text) == len(texts[0]) for text in texts):
            found = read_as(texts, format=form)
            if found is not None:
                return found
    for pattern, unit, kind in EPOCHS:
        if all(pattern.fullmatch(text) for text in texts):
            return read_as([kind(text) for text in texts], unit=unit)
    if all(SPREADSHEET_DAY.fullmatch(text) for text in texts):
        days = [float(text) for text in texts]
        if np.abs(np.diff(np.unique(days))).max(initial=0.0) <= LONGEST_STEP:
            found = read_as(days, unit="D", origin="1899-12-30")
            return None if found is None else found.round("s")
    return None


def parts_of(texts: list[str], forms: Sequence[re.Pattern[str]]) -> list[list[re.Match[str]]]:
    """Returns what the groups of forms hold, for each form that all texts have."""
    found = [[form.fullmatch(text) for text in texts] for form in forms if form.fullmatch(texts[0])]
    return [[one for one in matches if one is not None] for matches in found if all(matches)]


def from_weeks(texts: list[str]) -> "pandas.DatetimeIndex | None":
    """Returns the Mondays of weeks such as 2024-W05, or the days that are named."""
    for matches in parts_of(texts, WEEKS):
        days = [f"{one['year']}-{int(one['week']):02}-{one['day'] or 1}" for one in matches]
        return read_as(days, format="%G-%V-%u")
    return None


def from_quarters(texts: list[str]) -> "pandas.DatetimeIndex | None":
    """Returns the first days of quarters such as Q1 2024, 2024Q1 or 1Q24."""
    for matches in parts_of(texts, QUARTERS):
        return first_days([(one["year"], 3 * int(one["quarter"]) - 2) for one in matches])
    return None


def from_months(texts: list[str]) -> "pandas.DatetimeIndex | None":
    """Returns the first days of months such as 01/2024, Jan-24 or 1-01, the first month of the first year.

    A year of one or two digits might be a day as well; it is one if that makes regular steps within the year.
    """
    for matches in parts_of(texts, LONG_MONTHS):
        return first_days([(one["year"], month_of(one)) for one in matches])
    for matches in parts_of(texts, SHORT_MONTHS):
        found = first_days([(one["year"], month_of(one)) for one in matches])
        if found is None:
            continue
        unique = found.unique().sort_values()
        steps = np.diff(unique.asi8) / 1e9
        if len(texts) == 1 or (len(steps) and grid_of(unique)[0] and np.median(steps) < 360 * DAY):
            return found
    return None


def month_of(match: re.Match[str]) -> int:
    """Returns the number of a month that is a number or a name."""
    month = match["month"]
    return int(month) if month.isdecimal() else MONTH_OF[month.casefold()]


def first_days(months: Sequence[tuple[str, int]]) -> "pandas.DatetimeIndex | None":
    """Returns the first days of months; years may have two digits."""
    return read_as([f"{full_year(year)}-{month:02}-01" for year, month in months], format="%Y-%m-%d")


def full_year(year: str) -> str:
    """Returns a year with its century."""
    if len(year) == 4:
        return year
    return f"{'20' if int(year) <= LAST_SHORT_YEAR else '19'}{int(year):02}"
