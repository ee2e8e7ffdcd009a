import numpy as np
import pandas
import pytest

from textrnn import TextrnnError
from textrnn.preprocessing import series


@pytest.fixture
def write(tmp_path):
    def write(text, name="series.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def months(values, start="2020-01-01"):
    times = pandas.date_range(start, periods=len(values), freq="MS")
    return "Month,Ferries\n" + "".join(f"{time:%Y-%m},{value}\n" for time, value in zip(times, values, strict=True))


def test_a_file_of_months(write):
    data = series.read(write(months([3, 5, 4, 6])))
    (one,) = data.series
    assert (one.name, data.frequency, data.time, data.is_one) == ("Ferries", "MS", "Month", True)
    assert one.values.tolist() == [3, 5, 4, 6]
    assert one.observed.all()
    assert str(one.times[-1])[:10] == "2020-04-01"
    assert [str(time.date()) for time in series.times_after(one, data.frequency, 2)] == ["2020-05-01", "2020-06-01"]


def test_one_column_of_numbers_has_no_times(write):
    (one,) = series.read(write("3\n5\n4\n")).series
    assert one.values.tolist() == [3, 5, 4]
    assert one.times is None


def test_several_columns_are_several_series(write):
    data = series.read(write("day,a,b\n2024-01-01,1,9\n2024-01-02,2,8\n2024-01-03,4,7\n"), ["a", "b"])
    assert [one.name for one in data.series] == ["a", "b"]
    assert not data.is_one
    assert data.frequency == "D"


def test_groups_stand_one_below_the_other(write):
    text = "day,shop,sold\n" + "".join(
        f"2024-01-{day:02},{shop},{day * (1 + len(shop))}\n" for shop in ("east", "west end") for day in (1, 2, 3)
    )
    data = series.read(write(text), "sold", group="shop")
    assert [one.name for one in data.series] == ["east", "west end"]
    assert data.series[1].values.tolist() == [9, 18, 27]


def test_the_future_of_what_is_known_beforehand(write):
    text = "day,sold,holiday\n2024-01-01,3,0\n2024-01-02,5,1\n2024-01-03,4,0\n2024-01-04,,1\n2024-01-05,,0\n"
    data = series.read(write(text), "sold", known=["holiday"])
    (one,) = data.series
    assert len(one) == 3
    assert one.known[:, 0].tolist() == [0, 1, 0, 1, 0]
    assert data.known == ("holiday",)


def test_missing_values_are_filled_and_counted(write):
    path = write("2020\n,\n".replace(",", "NA") + "2024\n2030\n")
    data = series.read(path)
    assert data.series[0].values.tolist() == [2020, 2022, 2024, 2030]
    assert data.series[0].observed.tolist() == [True, False, True, True]
    assert "1 of 4 values are missing" in data.notes[0]
    assert series.read(path, missing="previous").series[0].values.tolist() == [2020, 2020, 2024, 2030]
    with pytest.raises(TextrnnError, match="has no value in step 2"):
        series.read(path, missing="error")


def test_days_that_are_not_there_become_steps(write):
    data = series.read(write("date,x\n2024-02-27,1\n2024-02-28,2\n2024-03-01,4\n2024-03-02,3\n2024-03-03,9\n"))
    assert data.series[0].values.tolist() == [1, 2, 3, 4, 3, 9]
    assert data.series[0].observed.tolist() == [True, True, False, True, True, True]
    assert "1 of 6 steps of one day are not there: 2024-02-29" in data.notes[0]


def test_days_of_trade_are_steps_as_they_are(write):
    days = [day for day in pandas.date_range("2024-01-01", "2024-02-29") if day.weekday() < 5 and day.day != 15]
    text = "date,close\n" + "".join(f"{day.date()},{100 + i % 7}\n" for i, day in enumerate(days))
    data = series.read(write(text))
    assert len(data.series[0]) == len(days)
    assert data.frequency == "B"
    assert "each row is taken as one step" in data.notes[0]


def test_rows_in_falling_order_are_sorted(write):
    data = series.read(
        write(
            "Date,Close/Last\n03/01/2024,$1,012.50\n".replace("1,012.50", "12.50")
            + "02/29/2024,$11.25\n02/28/2024,$10.00\n"
        )
    )
    assert data.series[0].values.tolist() == [10, 11.25, 12.5]
    assert "sorted" in data.notes[0]


def kurs(cells, delimiter=";"):
    days = pandas.date_range("2024-01-01", periods=len(cells))
    quoted = [f'"{cell}"' if delimiter in cell else cell for cell in cells]
    return f"date{delimiter}rate\n" + "".join(
        f"{day.date()}{delimiter}{cell}\n" for day, cell in zip(days, quoted, strict=True)
    )


@pytest.mark.parametrize(
    ("cells", "delimiter", "values", "noted"),
    [
        (["1,1", "1,105", "0,998"], ";", [1.1, 1.105, 0.998], False),
        (["1,1", "1,105", "0,998"], ",", [1.1, 1.105, 0.998], False),
        (["998", "999", "1.000", "1.001"], ";", [998, 999, 1000, 1001], False),
        (["998", "999", "1.000", "1.001"], "\t", [998, 999, 1000, 1001], True),
        (["987", "1,010", "1,023"], ",", [987, 1010, 1023], False),
        (["1,105", "1,207"], ";", [1.105, 1.207], True),
        (["1,105", "1,207"], ",", [1105, 1207], False),
        (["1500", "1,207"], ",", [1500, 1207], True),
        (["1.105", "1.207"], ",", [1.105, 1.207], False),
        (["1.105", "1.207"], ";", [1.105, 1.207], True),
        (["20.000", "20.125", "20.250"], ";", [20, 20.125, 20.25], True),
        (["1.250", "2", "3.500", "7"], ",", [1.25, 2, 3.5, 7], False),
        (["1.250", "2", "3.500", "7"], ";", [1250, 2, 3500, 7], True),
        (["1.250", "1.234.567"], ",", [1250, 1234567], False),
        (["1.250", "1.234,5"], ",", [1250, 1234.5], False),
        (["1,255", "998"], ";", [1.255, 998], True),
        (["(0.5)", "($1,100)", "-$1,000", "\N{MINUS SIGN}5"], ",", [-0.5, -1100, -1000, -5], False),
        (["1 000", "1'000.00", "1\N{NO-BREAK SPACE}250,5", "7"], ";", [1000, 1000, 1250.5, 7], False),
        (["1.105", "0.207"], ";", [1.105, 0.207], False),
    ],
)
def test_commas_and_points_mean_the_same_in_all_of_a_column(cells, delimiter, values, noted, write):
    data = series.read(write(kurs(cells, delimiter), "series.csv" if delimiter != "\t" else "series.tsv"))
    assert data.series[0].values.tolist() == values
    assert bool(data.notes) == noted
    if noted:
        number, value = next(
            (cell, value) for cell, value in zip(cells, values, strict=True) if cell[-4:-3] in {".", ","}
        )
        assert f"{number} is read as {value}. If it is " in data.notes[0]


def test_what_a_column_leaves_open_another_may_tell(write):
    path = write("date;rate;share\n2024-01-01;1.105;0,5\n2024-01-02;1.207;0,75\n")
    data = series.read(path, "rate")
    assert data.series[0].values.tolist() == [1105, 1207]
    assert data.notes == ()


def test_a_decimal_comma_in_another_column_is_noted_between_commas(write):
    path = write('date,rate,share\n2024-01-01,1.037,"1,5"\n2024-01-02,1.207,"0,75"\n')
    data = series.read(path, "rate")
    assert data.series[0].values.tolist() == [1037, 1207]
    assert data.notes[0].endswith(
        "1.037 is read as 1037. If it is 1.037, write decimals with another number of digits, as 1.0370"
    )
    again = write('date,rate,share\n2024-01-01,1.0370,"1,5"\n2024-01-02,1.207,"0,75"\n')
    assert series.read(again, "rate").series[0].values.tolist() == [1.037, 1.207]


def test_what_another_column_tells_against_the_likely_is_noted(write):
    data = series.read(write("date;x;share\n2024-01-01;998;0.5\n2024-01-02;1.000;0.75\n2024-01-03;1.001;1\n"), "x")
    assert "1.000 is read as 1. If it is 1000, write it without a mark for thousands" in data.notes[0]


def test_months_that_look_like_numbers_are_times(write):
    times = pandas.date_range("2019-01-01", periods=30, freq="MS")
    for name in ("period", "when"):
        data = series.read(write(f"{name},x\n" + "".join(f"{time:%m.%Y},{i}\n" for i, time in enumerate(times))))
        assert (data.frequency, data.time) == ("MS", name)


def test_two_decimal_marks_in_a_column_are_refused(write):
    with pytest.raises(TextrnnError, match="column 'rate' holds '1,105', and others with a decimal comma and"):
        series.read(write(kurs(["1,5", "2.5", "1,105"])))


def test_rows_wider_than_the_header_are_refused(write):
    for cells in ("12,5", "1,013"):
        text = f"date,temp\n2024-01-01,3\n2024-01-02,{cells}\n2024-01-03,4\n"
        with pytest.raises(TextrnnError, match="line 3: has 3 columns, where the header names 2"):
            series.read(write(text), "temp")
    with pytest.raises(TextrnnError, match="line 2: has 3 columns, where most rows have 2"):
        series.read(write("2024-01-01,3\n2024-01-02,12,5\n2024-01-03,4\n"))
    data = series.read(write("date,temp\n2024-01-01,3,,\n2024-01-02,4, ,\n"), "temp")
    assert data.series[0].values.tolist() == [3, 4]


def test_dates_that_cannot_be_read_are_noted(write):
    data = series.read(write("date,x\n" + "".join(f"day {day},{day * day}\n" for day in range(3, 0, -1))))
    assert data.series[0].values.tolist() == [9, 4, 1]
    assert data.notes[0].endswith(
        "column 'date' holds no times that can be read ('day 3'); the rows are taken in their order"
    )
    years = series.read(write("year,x\n1500,1\n1501,2\n1502,4\n"), "x")
    assert years.series[0].times is None
    assert "('1500')" in years.notes[0]


def test_the_newest_first_in_french_is_sorted(write):
    data = series.read(write("date,x\n" + "".join(f"{day} février 2024,{day}\n" for day in range(28, 0, -1))))
    assert data.series[0].values.tolist() == list(range(1, 29))


def test_months_with_the_day_first_are_months(write):
    times = pandas.date_range("2019-01-01", periods=40, freq="MS")
    data = series.read(write("date,x\n" + "".join(f"{time:%d/%m/%Y},{i}\n" for i, time in enumerate(times))))
    assert (data.frequency, data.notes) == ("MS", ())


def test_standard_input(monkeypatch):
    import io
    import sys
    import types

    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(months([3, 5, 4, 6]).encode())))
    assert series.read("-").series[0].values.tolist() == [3, 5, 4, 6]
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(b"a,b\nx,y\n")))
    with pytest.raises(TextrnnError, match="standard input: has no column of numbers"):
        series.read("-")


def test_day_and_month_are_told_apart_by_the_steps(write):
    text = "date,x\n" + "".join(f"{day:02}/03/2024,{day}\n" for day in range(1, 8))
    data = series.read(write(text))
    assert data.frequency == "D"
    assert str(data.series[0].times[-1])[:10] == "2024-03-07"


def test_pandas_knows_its_times():
    index = pandas.period_range("2020Q1", periods=6, freq="Q")
    data = series.read(pandas.Series([1.0, 2, 4, 3, 5, 6], index=index, name="sold"))
    assert (data.series[0].name, len(data.series[0]), data.frequency) == ("sold", 6, "QS")
    frame = pandas.DataFrame({"when": pandas.date_range("2024", periods=5, freq="h"), "x": [1, 2, 3, 5, 4]})
    assert series.read(frame).frequency == "h"


DAYS = pandas.date_range("2024-01-01", periods=4)


@pytest.mark.parametrize(
    ("index", "frequency"),
    [
        (pandas.Index([str(day.date()) for day in DAYS]), "D"),
        (pandas.Index([day.date() for day in DAYS]), "D"),
        (DAYS.to_period("D"), "D"),
        (pandas.Index([2001, 2002, 2003, 2004], name="year"), "YS-JAN"),
        (pandas.Index([2001, 2002, 2003, 2004]), ""),
        (pandas.Index(list("abcd")), ""),
    ],
)
def test_an_index_of_times_as_a_column(index, frequency):
    data = series.read(pandas.Series([1.0, 2, 4, 3], index=index))
    assert (data.frequency, data.notes) == (frequency, ())
    assert (data.series[0].times is None) == (not frequency)


def test_an_index_that_should_hold_times_is_noted():
    data = series.read(pandas.Series([1.0, 2, 4, 3], index=pandas.Index(list("abcd"), name="date")))
    assert data.notes == ("the index holds no times that can be read ('a'); the rows are taken in their order",)


def test_missing_times_are_named():
    values = [1.0, 2, 4, 3]
    for data in (
        pandas.Series(values, index=[*DAYS[:3], pandas.NaT]),
        pandas.DataFrame({"ds": [*DAYS[:3], pandas.NaT], "y": values}),
    ):
        with pytest.raises(TextrnnError, match="row 4: the time is missing"):
            series.read(data)


@pytest.mark.parametrize("column", [1.5, True, [1.5]])
def test_columns_have_names_or_numbers(column):
    with pytest.raises(TextrnnError, match="by its name, or by its number from 1. Received: "):
        series.read(pandas.DataFrame({"x": [1.0, 2]}), column)


@pytest.mark.parametrize(
    ("data", "number"),
    [([1, 2, 3], 1), (np.ones((5, 2)).cumsum(axis=0), 2), ([[1, 2, 3], [4, 5]], 2), ({"a": [1, 2], "b": [2, 3, 4]}, 2)],
)
def test_arrays_and_lists(data, number):
    assert len(series.read(data).series) == number


def test_stored_ends_come_back():
    from textrnn.config import ForecasterConfig

    data = series.read(pandas.Series(np.arange(10.0), index=pandas.date_range("2024", periods=10, freq="D"), name="x"))
    config = ForecasterConfig(names=("x",), locations=(0.0,), scales=(1.0,), frequency="D")
    arrays = series.to_stored(data, 4)
    found = series.from_stored(arrays, config)
    assert found.series[0].values.tolist() == [6, 7, 8, 9]
    assert (found.series[0].times == data.series[0].times[-4:]).all()
    for name in ("values_0", "times_0"):
        with pytest.raises(TextrnnError, match="damaged"):
            series.from_stored({**arrays, name: np.zeros((2, 2))}, config)


BAD = [
    ("date,close,volume\n2024-01-01,1,2\n2024-01-02,2,3\n", {}, "several columns hold numbers: 'close', 'volume'"),
    ("date,close\n2024-01-01,1\n2024-01-02,2\n", {"column": "Clos"}, "Did you mean 'close'"),
    ("date,close\n2024-01-01,1\n2024-01-02,twelve\n", {"column": "close"}, "line 3: column 'close' holds 'twelve'"),
    ("date,close\n2024-01-01,1\n2024-13-02,2\n", {"time": "date"}, "line 3: '2024-13-02' is no date or time"),
    ("date,close\n2024-01-01,1\n2024-01-01,2\n", {}, "line 3: the time 2024-01-01 00:00:00 stands there a second time"),
    ("date,close\n2024-01-01,5\n2024-01-02,5\n2024-01-03,5\n", {}, "is constant, 5 at every step"),
    ("date,close\n2024-01-01,\n2024-01-02,\n", {"column": "close"}, "has no value"),
    ("date,close\n2024-01-01,inf\n2024-01-02,1\n", {"column": "close"}, "'inf', which is no number"),
    ("a,b\nx,y\nz,w\n", {}, "has no column of numbers"),
    ("date,x,k\n2024-01-01,1,2\n2024-01-02,2,\n", {"column": "x", "known": ["k"]}, "known beforehand has no value"),
    ("date,x\n2024-01-01,1\n2024-01-02,2\n", {"column": "x", "time": "x"}, "asked for twice"),
]


@pytest.mark.parametrize(("text", "how", "message"), BAD)
def test_what_is_wrong_is_named(text, how, message, write):
    with pytest.raises(TextrnnError, match=message):
        series.read(write(text), **how)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((2, 3, 4)), r"must have shape \(time,\)"),
        (np.array([1.0, np.inf]), "infinite"),
        (["a", "b"], "no array of numbers"),
        ([], "must have shape"),
        ([[1, 2], [[1], [2]]], "must have shape"),
        ([np.nan, np.nan], "has no value"),
        ({}, "holds no series"),
        ({1.0, 2.0}, "which a set lacks"),
        (np.array(3.0), "must have shape"),
        ([1e300, 2e300], r"values of 2e\+300, beyond the 3.4e\+38"),
    ],
)
def test_wrong_arrays(data, message):
    with pytest.raises(TextrnnError, match=message):
        series.read(data)
