import pytest

from textrnn import TextrnnError
from textrnn.preprocessing.written_numbers import column_mark, likely_mark, mark_of, number_of


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("12.5", 12.5),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("3,25", 3.25),
        ("0,998", 0.998),
        (",5", 0.5),
        ("1,105", 1105),
        ("1.105", 1.105),
        ("1.234.567", 1234567),
        ("$7.10", 7.1),
        ("12 %", 12.0),
        ("-3e2", -300),
        ("(0.5)", -0.5),
        ("($1,100)", -1100),
        ("$ (5)", None),
        ("(-5)", None),
        ("-$1,000", -1000),
        ("$-5", -5),
        ("\N{MINUS SIGN}5", -5),
        ("1 000", 1000),
        ("1 000 000,5 €", 1000000.5),
        ("1'000.00", 1000),
        ("1\N{RIGHT SINGLE QUOTATION MARK}000", 1000),
        ("1\N{NARROW NO-BREAK SPACE}000", 1000),
        ("01 000", None),
        ("1 00", None),
        ("1 2023", None),
        (2.5, 2.5),
        (True, None),
        ("12,34,567", None),
        ("01.02.2023", None),
        ("twelve", None),
    ],
)
def test_numbers_as_people_write_them(cell, number):
    assert number_of(cell) == number


@pytest.mark.parametrize(
    ("text", "mark"),
    [("1,5", ","), ("0,998", ","), ("1234,567", ","), ("1.234,5", ","), ("1.234.567", ","), ("1.5", "."),
     ("0.998", "."), ("1,234,567", "."), ("1.5e3", "."), ("12", ""), ("x", ""), ("1.2.3", ""), ("1,105", None),
     ("1.105", None)],
)  # fmt: skip
def test_what_a_number_tells(text, mark):
    assert mark_of(text) == mark


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["1,1", "1,105", "0,998"], (",", "")),
        (["1,105", "0,998"], (",", "")),
        (["1,105", "1.250,5"], (",", "")),
        (["998", "999", "1.000", "1.001"], ("", "1.000")),
        (["998", "1,000"], ("", "1,000")),
        (["1500", "1.250"], (".", "")),
        (["999.5", "1,013"], (".", "")),
        (["1,105", "1,207"], ("", "1,105")),
        (["1.105", "1.207"], ("", "1.105")),
        (["1,5", "2.5", "7"], ("", "")),  # each by itself
        (["7", None, 3.5, "-", "."], ("", "")),
    ],
)
def test_the_mark_is_that_of_the_column(cells, found):
    assert column_mark(cells) == found


@pytest.mark.parametrize(
    ("cells", "delimiter", "found"),
    [
        (["998", "999", "1.000"], ",", (",", False)),  # decimals would be 998.000, or 1 without zeros
        (["998", "999", "1.000"], ";", (",", True)),
        (["85", "998", "1.000"], ";", (",", False)),
        (["85", "998", "1.000"], ",", (".", True)),
        (["1.105", "1.207"], ",", (".", True)),
        (["1.105", "1.207"], ";", (".", False)),
        (["998", "1,000"], "\t", (".", True)),
        (["998", "1,000"], ";", (".", False)),
        (["1,105"], ";", (",", False)),
        (["1,105"], "\t", (".", False)),
        (["1,105"], ",", (".", True)),
    ],
)
def test_a_point_stands_before_decimals_unless_whole_numbers_tell(cells, delimiter, found):
    assert likely_mark(cells, delimiter) == found


def test_two_marks_and_a_number_of_either_sort_are_refused():
    for cells in (["1,5", "2.5", "1,105"], ["1,105", "1.105"]):
        with pytest.raises(TextrnnError, match="'1,105', and others with a decimal comma and with a decimal point"):
            column_mark(cells)
