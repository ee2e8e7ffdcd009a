import numpy as np
import pandas
import pytest

from textrnn import TextrnnError
from textrnn.preprocessing.times import grid_of
from textrnn.preprocessing.written_times import are_times, in_english, parsed_times


def read(texts, notes=None):
    return parsed_times(texts, [f"line {number}" for number in range(1, len(texts) + 1)], notes)


MONTHS = pandas.date_range("2011-01-01", periods=30, freq="MS")
DAYS = pandas.date_range("2023-01-01", periods=40, freq="D")
WEEKS = pandas.date_range("2023-01-02", periods=60, freq="W-MON")
QUARTERS = pandas.date_range("2015-01-01", periods=20, freq="QS")
NAMES = {
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
OF_MONTHS = ["%Y-%m", "%Y/%m", "%m/%Y", "%m-%Y", "%b %Y", "%B %Y", "%Y%m", "%b-%y", "%y-%b", "%b'%y"]
OF_MONTHS += ["%m.%Y", "%y-%m-01", "%m/%y", "%y-%m", "%m-%y", "01/%m/%Y", "%m/01/%Y", "01.%m.%Y", "%d.%m.%y"]
OF_DAYS = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%y%m%d", "%d %b %Y", "%b %d, %Y", "%d-%b-%y"]
OF_DAYS += [
    "%y-%m-%d",
    "%y/%m/%d",
    "%y-%m-%d 00:00",
    "%Y%m%d%H",
    "%Y%m%d%H%M",
    "%G-W%V-%u",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d UTC",
]


@pytest.mark.parametrize("form", OF_MONTHS)
def test_months(form):
    assert (read([time.strftime(form) for time in MONTHS]) == MONTHS).all()


@pytest.mark.parametrize("form", OF_DAYS)
def test_days(form):
    assert (read([time.strftime(form) for time in DAYS]) == DAYS).all()


@pytest.mark.parametrize("form", ["%G-W%V", "%GW%V", "%G W%V", "W%V %G", "%d/%m/%Y", "%m/%d/%Y"])
def test_weeks(form):
    assert (read([time.strftime(form) for time in WEEKS]) == WEEKS).all()


@pytest.mark.parametrize("form", ["{y}Q{q}", "{y}-Q{q}", "Q{q} {y}", "Q{q}/{y}", "{q}Q{y}", "Q{q} '{s}", "{q}Q{s}"])
def test_quarters(form):
    texts = [form.format(y=time.year, q=time.quarter, s=f"{time:%y}") for time in QUARTERS]
    assert (read(texts) == QUARTERS).all()


@pytest.mark.parametrize(
    ("form", "language"),
    [
        ("{d}. {m} {y}", "German"),
        ("{d} {m} {y}", "French"),
        ("{d} de {m} de {y}", "Spanish"),
        ("{d} {m} {y}", "Italian"),
        ("{d} de {m} de {y}", "Portuguese"),
        ("{m} {y}", "German"),
    ],
)
def test_months_of_other_languages(form, language):
    names = NAMES[language].split()
    times = MONTHS if "{d}" not in form else pandas.date_range("2023-01-15", periods=300, freq="D")
    assert (read([form.format(d=time.day, m=names[time.month - 1], y=time.year) for time in times]) == times).all()


def test_the_name_of_a_month_is_a_word():
    assert in_english("1er févr. 2024") == "1 Feb 2024"
    assert in_english("Marketing 2024") == "Marketing 2024"
    assert not are_times(["Marketing 2024"])


def test_years_of_one_digit_are_those_of_a_count():
    # The sales of shampoo: three years of months.
    texts = [f"{1 + month // 12}-{1 + month % 12:02}" for month in range(36)]
    assert str(read(texts)[-1]) == "2003-12-01 00:00:00"
    assert str(read(["Jan-49", "Feb-49"])[0]) == "1949-01-01 00:00:00"


def test_days_without_a_year_are_no_times():
    assert not are_times([f"{day:02}/11" for day in range(1, 21)])
    assert not are_times([f"{day}-Jan" for day in range(1, 21)])
    assert not are_times(["January", "February", "March"])
    assert not are_times(["1", "2", "3"])
    assert not are_times(["1850 EUR", "1900 EUR"])


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["1672531200", "1672617600"], "2023-01-01"),
        (["1672531200000.0", "1672617600000.0"], "2023-01-01"),
        (["1672531200000000000", "1672617600000000000"], "2023-01-01"),
        (["1960", "1961"], "1960-01-01"),
        (["1960.0", "1961.0"], "1960-01-01"),
    ],
)
def test_numbers_that_are_times(texts, first):
    assert str(read(texts)[0])[:10] == first


def test_days_of_spreadsheets_are_noted():
    notes = []
    assert [str(time) for time in read(["44927", "44928.25"], notes)] == ["2023-01-01 00:00:00", "2023-01-02 06:00:00"]
    assert "spreadsheet" in notes[0]
    assert not are_times(["20000", "36000"])  # seconds, or whatever else


def test_names_of_time_zones_are_left_out():
    notes = []
    times = read(["2023-01-01 00:00 CET", "2023-01-01 01:00 CET"], notes)
    assert str(times[1]) == "2023-01-01 01:00:00"
    assert notes == [
        "the times are taken as they stand, without their time zone: '2023-01-01 00:00 CET' is 2023-01-01 00:00:00"
    ]
    assert read(["1 DEC 2023", "2 DEC 2023"]).day.tolist() == [1, 2]


def test_the_order_that_makes_the_steps_alike_is_taken():
    # On the 5th of each month: no frequency, and steps of 28 to 31 days, not of 1 to 354.
    assert (read([f"{time:05/%m/%Y}" for time in MONTHS]) == MONTHS + pandas.Timedelta(days=4)).all()
    days = pandas.date_range("2024-03-01", periods=7, freq="D")
    notes = []
    assert (read([f"{time:%d/%m/%Y}" for time in days], notes) == days).all()
    assert notes == []


def test_what_may_be_days_or_months_is_noted():
    notes = []
    times = read([f"01/{month:02}/2023" for month in range(1, 13)], notes)
    assert grid_of(times)[0] == "D"
    assert "01/02/2023 is read as 2023-01-02. If it is 2023-02-01" in notes[0]


def test_of_uneven_steps_those_that_only_rise_or_fall_are_taken_with_a_note():
    texts = ["01/02/2023", "01/05/2023", "02/03/2023", "03/01/2023", "03/11/2023", "04/09/2023"]
    notes = []
    assert [f"{time:%m/%d/%Y}" for time in read(texts, notes)] == texts
    assert "01/02/2023 is read as 2023-01-02. If it is 2023-02-01" in notes[0]
    assert [f"{time:%m/%d/%Y}" for time in read(texts[::-1])] == texts[::-1]


def test_short_dates_with_the_year_first_are_noted_where_steps_do_not_tell():
    notes = []
    days = read(["10-11-01", "10-11-05", "10-12-01", "10-12-12", "11-01-07"], notes)
    assert [str(day.date()) for day in days[:2]] == ["2010-11-01", "2010-11-05"]
    assert "the day, the month or the year may stand first" in notes[0]


def test_hours_without_marks_are_no_seconds():
    assert read(["2023010100", "2023010101"]).hour.tolist() == [0, 1]
    assert str(read(["1701010100", "1701010101"])[0])[:10] == "2023-11-26"  # seconds, and no hour of 1701


def test_groups_and_falling_times_are_read_alike():
    texts = [f"{time:01/%m/%Y}" for time in MONTHS]
    assert (read(texts[::-1]) == MONTHS[::-1]).all()
    assert (read([f"{time:%b-%y}" for time in MONTHS] * 2) == MONTHS.append(MONTHS)).all()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["2024-01-01", "2024-13-02", "x"], "line 2: '2024-13-02' is no date or time"),
        (["2024-01-01", ""], "line 2: '' is no date or time"),
        (["1500-01-01", "1500-01-02"], "line 1: '1500-01-01' is outside the years 1678 to 2261"),
        (["1001", "1002"], "line 1: '1001' is outside the years"),
        (["2024-01-01", "01/01/9999"], "line 2: '01/01/9999' is outside the years"),
        (["2024-01-01", "2024-01-02", "Q1 2024"], "line 3: 'Q1 2024' cannot be read beside '2024-01-01'"),
        (["0000-00-00", "0000-00-00"], "line 1: '0000-00-00'"),
        (["January", "February"], "line 1: 'January' is no date"),
        (pandas.DatetimeIndex(["2024-01-01", None]), "line 2: the time is missing"),
        (pandas.DatetimeIndex(np.array(["1500-01-01"], "datetime64[s]")), "line 1: '1500-01-01 00:00:00' is outside"),
    ],
)
def test_what_is_no_time_is_named(texts, message):
    with pytest.raises(TextrnnError, match=message):
        read(texts)
