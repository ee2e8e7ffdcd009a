import numpy as np
import pytest

from textrnn import TextrnnError
from textrnn.evaluation.properties import (
    PROPERTIES,
    bracket_depth,
    inside_quotes,
    line_position,
    property_values,
    upper_case,
)


@pytest.mark.parametrize(
    ("function", "text", "expected"),
    [
        (inside_quotes, 'He: "No." He', "000011110000"),
        (inside_quotes, "\u201cNo\u201d he", "111" + "0000"),
        (inside_quotes, "\u00abNo\u00bb, don't 'x'", "111" + "0" * 12),
        (inside_quotes, "\u300ca\u300eb\u300fc\u300dd", "11111100"),
        (inside_quotes, 'a "b\nc\n\n"d" e', "00111100" + "1100" + "0"),  # a lost mark ends with its paragraph
        (inside_quotes, 'a "b\n"c" d', "0011" + "0" + "110" + "00"),  # which is a line where no line is empty
        (inside_quotes, "", ""),
        (line_position, "ab\n\nc", "12001"),
        (line_position, "\nab", "012"),
        (line_position, "", ""),
        (upper_case, "HAMLET: \u00c4h 1", "111111" + "00" + "1000"),
        (bracket_depth, "f(a[1], {x: (y)})", "0" + "11" + "22" + "111" + "2222" + "33" + "2" + "1" + "0"),
        (bracket_depth, "):( a)b", "0011" + "100"),
        (bracket_depth, "(a[b)c]", "11" + "22" + "000"),  # what was never closed ends with what is around it
        (bracket_depth, "", ""),
    ],
)
def test_values_of_characters(function, text, expected):
    assert "".join(map(str, function(text).tolist())) == expected


def test_a_property_by_name_or_function():
    assert property_values("upper_case", "Ab").tolist() == [1.0, 0.0]
    assert property_values(lambda text: [c in "aeiou" for c in text], "tea").tolist() == [0.0, 1.0, 1.0]
    for name in PROPERTIES:
        assert property_values(name, "").shape == (0,)


def test_a_property_must_be_a_number_for_each_character():
    with pytest.raises(TextrnnError, match="`follows` must be one of 'quotes', .* Received: 'quote'. Did you mean"):
        property_values("quote", "a")
    with pytest.raises(TextrnnError, match="for each of the 3 characters. Received: an array of shape \\(2,\\)"):
        property_values(lambda text: [1, 2], "abc")
    with pytest.raises(TextrnnError, match="must be a finite number"):
        property_values(lambda text: np.array([1.0, np.nan]), "ab")
    with pytest.raises(TextrnnError, match="must be a number for each character. Received: \\['x', 'y'\\]"):
        property_values(list, "xy")
