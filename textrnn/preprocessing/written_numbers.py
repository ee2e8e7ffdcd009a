"""Numbers as people write them in tables: with a currency sign, marks for thousands, a decimal comma.

Whether a comma or a point is the decimal mark is a matter of a whole column: `1,105` alone may be either.
"""

import contextlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from textrnn.errors import TextrnnError

__all__ = ["column_mark", "likely_mark", "marks_of", "number_of"]

CURRENCY = re.compile(r"(?<=^[-+])\s*[$€£¥]\s*|^[$€£¥]\s*|\s*[%€$£¥]$")
MINUS = "\N{MINUS SIGN}"
IN_BRACKETS = re.compile(r"\(([^-+()]+)\)")  # what accountants write for less than zero
# Marks for thousands besides comma and point: white space of any width, apostrophes straight and curved.
IN_GROUPS = re.compile(r"[-+]?[1-9]\d{0,2}([\s'\N{RIGHT SINGLE QUOTATION MARK}])\d{3}(\1\d{3})*(?=[.,]|$)")
EXPONENT = r"([eE][-+]?\d+)?"
WITH_COMMA = re.compile(rf"[-+]?((\d+|[1-9]\d{{0,2}}(\.\d{{3}})+)(,\d*)?|,\d+){EXPONENT}")
WITH_POINT = re.compile(rf"[-+]?((\d+|[1-9]\d{{0,2}}(,\d{{3}})+)(\.\d*)?|\.\d+){EXPONENT}")
OPEN = re.compile(r"[-+]?[1-9]\d{0,2}[.,]\d{3}")  # a number of either sort
WHOLE = re.compile(r"[-+]?0*([1-9]\d*)")
LONG = re.compile(r"[-+]?[1-9]\d{3,}")
OTHER = {",": ".", ".": ","}


def bare(cell: str) -> str:
    """Returns a cell with a plain sign, and without white space, signs of currency, and marks of other sorts.

    >>> bare("-$1,000"), bare("($1,100)"), bare("1 000 €"), bare("1'000.00")
    ('-1,000', '-1,100', '1000', '1000.00')
    """
    text = cell.strip().replace(MINUS, "-")
    in_brackets = IN_BRACKETS.fullmatch(text)
    text = CURRENCY.sub("", in_brackets.group(1).strip() if in_brackets else text)
    groups = IN_GROUPS.match(text)
    if groups:
        text = groups.group().replace(groups.group(1), "") + text[groups.end() :]
    return f"-{text}" if in_brackets else text


def number_of(cell: Any, mark: str = "") -> float | None:
    """Returns the number in a cell, or None if it holds none.

    Args:
        cell: A number or text.
        mark: The decimal mark of its column; "" goes by the cell alone, where `1,105` has a comma for thousands.
    """
    if isinstance(cell, bool):
        return None
    if mark != "," or not isinstance(cell, str):
        with contextlib.suppress(TypeError, ValueError):
            return float(cell)
    if not isinstance(cell, str):
        return None
    text = bare(cell)
    if "," in text or "." in text:
        mark = mark or mark_of(text) or "."
        if not (WITH_COMMA if mark == "," else WITH_POINT).fullmatch(text):
            return None
        text = text.replace(OTHER[mark], "").replace(mark, ".")
    try:
        return float(text)
    except ValueError:
        return None


def mark_of(text: str) -> str | None:
    """Returns the decimal mark that a number tells: "." or ","; "" if it has none or is no number, None if it is open.

    >>> [mark_of(text) for text in ("1,5", "0,998", "1.234,5", "1.234.567", "12", "1,105")]
    [',', ',', ',', ',', '', None]
    """
    if OPEN.fullmatch(text):
        return None
    has_comma, has_point = "," in text, "." in text
    fits = [mark for mark, form in ((".", WITH_POINT), (",", WITH_COMMA)) if form.fullmatch(text)]
    return fits[0] if (has_comma or has_point) and len(fits) == 1 else ""


def marks_of(cells: Iterable[Any]) -> set[str]:
    """Returns the decimal marks that the cells of a column tell."""
    return {mark for cell in cells if isinstance(cell, str) and (mark := mark_of(bare(cell)))}


def column_mark(cells: Sequence[Any]) -> tuple[str, str]:
    """Returns the decimal mark a column tells, and a number whose mark stays open; "" for each number's own, and none.

    Raises:
        TextrnnError: If some numbers have a decimal comma, others a decimal point, and it matters.
    """
    texts = [bare(cell) for cell in cells if isinstance(cell, str)]
    open_ = [text for text in texts if OPEN.fullmatch(text)]
    if not open_:
        return "", ""
    told, marks = marks_of(texts), {text[-4] for text in open_}
    if len(told) == 1:
        return told.pop(), ""
    if told or len(marks) == 2:
        raise TextrnnError(
            f"holds {open_[0]!r}, and others with a decimal comma and with a decimal point. Write all in one way."
        )
    (mark,) = marks
    if mark == "." and any(LONG.fullmatch(text) for text in texts):
        return mark, ""  # who writes 1500 so writes no 1.250 for 1250
    return "", open_[0]


def likely_mark(cells: Sequence[Any], delimiter: str = "") -> tuple[str, bool]:
    """Returns the likely decimal mark of a column that leaves it open, and whether it is sure enough to say nothing.

    Args:
        cells: What the column holds, with numbers such as 1.105, or such as 1,105.
        delimiter: What stands between the columns; who writes a semicolon may need the comma.
    """
    texts = [bare(cell) for cell in cells if isinstance(cell, str)]
    open_ = [text for text in texts if OPEN.fullmatch(text)]
    mark = open_[0][-4]
    wholes = [match.group(1) for text in texts if (match := WHOLE.fullmatch(text))]
    # Decimals have one length or no zeros at their ends: 998 and 1.000 in one column are whole numbers.
    are_whole = bool(wholes) and any(text.endswith("0") for text in open_)
    are_hundreds = are_whole and all(len(whole) == 3 for whole in wholes)
    if mark == ".":
        if are_whole and (are_hundreds or delimiter == ";"):
            return ",", are_hundreds and delimiter == ";"
        return ".", delimiter != ";"
    if delimiter == ";" and not are_whole:
        return ",", False
    is_with_long = any(LONG.fullmatch(text) for text in texts)
    return ".", delimiter != ";" and not is_with_long and (delimiter == "," or are_hundreds)
