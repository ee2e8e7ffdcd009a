import dataclasses

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb

from textrnn import TextrnnError, plots
from textrnn.plots.texts import MOST_CHARACTERS, MOST_COLUMNS, NEGATIVE, POSITIVE, laid_out, runs


@dataclasses.dataclass
class Layer:
    name: str = "layer 0"


class Read:
    """A text of two words whose unit 1 goes from -2 to 1."""

    text = "No, $x$\n"
    ends = np.array([2, 3, 7, 8])
    layers = (Layer(),)
    surprise = np.array([4.0, 0.0, np.nan, 2.0])

    def activation(self, layer, unit, part):
        assert (layer, unit) == (0, 1)
        return np.array([-2.0, 0.0, 1.0, -1.0]) if part != "forget" else np.array([0.0, 0.5, 1.0, 1.0])


def colours(figure):
    (shapes,) = (one for one in figure.axes[0].collections if isinstance(one, PolyCollection))
    return shapes.get_facecolors()[:, :3]


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_unit_colours_its_tokens(tmp_path):
    figure = plots.neuron(Read(), 0, 1, tmp_path / "unit.png")
    white = (1.0, 1.0, 1.0)
    np.testing.assert_allclose(colours(figure)[0], to_rgb(NEGATIVE), atol=0.01)  # the largest in size
    np.testing.assert_allclose(colours(figure)[1], white, atol=0.01)
    half = [(1 + channel) / 2 for channel in to_rgb(POSITIVE)]
    np.testing.assert_allclose(colours(figure)[2], half, atol=0.01)
    (lines,) = (one for one in figure.axes[0].collections if isinstance(one, LineCollection))
    assert len(lines.get_segments()) == 2  # what is negative can be told without colours
    assert texts(figure)[0] == "layer 0, unit 1, hidden"
    assert texts(figure)[1:] == ["No,", "$x$", "\u21b5"]
    assert (tmp_path / "unit.png").read_bytes().startswith(b"\x89PNG")
    assert [label.get_text() for label in figure.axes[1].get_xticklabels()] == ["-2", "0", "2"]


def test_a_gate_goes_from_0_to_1(tmp_path):
    figure = plots.neuron(Read(), 0, 1, tmp_path / "unit.svg", part="forget")
    np.testing.assert_allclose(colours(figure)[[0, 2]], [(1, 1, 1), to_rgb(POSITIVE)], atol=0.01)
    (lines,) = (one for one in figure.axes[0].collections if isinstance(one, LineCollection))
    assert not lines.get_segments()
    assert texts(figure)[0] == "layer 0, unit 1, forget gate"
    assert ">$x$" in (tmp_path / "unit.svg").read_text(encoding="utf-8")  # text stays text, and no formula


def test_surprise_is_the_darker_the_larger():
    figure = plots.surprise(Read())
    assert texts(figure)[0] == "surprise, 2.00 bits per token"  # of the three that were predicted
    np.testing.assert_allclose(colours(figure)[:3], [to_rgb(POSITIVE), (1, 1, 1), (1, 1, 1)], atol=0.01)
    assert colours(figure)[3].mean() > colours(figure)[0].mean()


def test_what_a_real_model_has_read(trained, tmp_path):
    model, _, _ = trained
    found = model.inspect("The lamp was lit.\nA boat")
    figure = plots.neuron(found, -1, 5, tmp_path / "unit.png", part="update")
    assert len(colours(figure)) == len(found)
    assert "".join(texts(figure)[1:]) == "Thelampwaslit.\u21b5Aboat"
    figure = plots.surprise(found)
    darkest = int(colours(figure).sum(axis=1).argmin())
    assert darkest == int(found.surprise.argmax())


def grid(text):
    """Returns the rows of a text as strings of columns, wide characters with a dot behind them."""
    rows = {}
    for cell in laid_out(text):
        rows.setdefault(cell.row, []).append(cell.text[0] + "." * (cell.width - 1))
        assert sum(map(len, rows[cell.row])) == cell.column + cell.width
    return ["".join(row) for _, row in sorted(rows.items())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a\n\nb", ["a\u21b5", "\u21b5", "b"]),
        ("\u65e5\u672c go", ["\u65e5.\u672c. go"]),
        ("e\u0301te\u0301", ["ete"]),
        ("\ta", [" ...a"]),
        ("\u05d0\u05d1 12 \u05d2\n", ["\u21b5\u05d2 12 \u05d1\u05d0"]),  # from right to left, but for the number
        ("a \u05d0\u05d1", ["a \u05d0\u05d1"]),
        ("x" * (MOST_COLUMNS + 3), ["x" * MOST_COLUMNS, "xxx"]),
        ("x" * MOST_COLUMNS + "\n", ["x" * MOST_COLUMNS + "\u21b5"]),
        ("ab " * 30, ["ab " * 29, "ab "]),  # 90 columns; a row ends behind a space
    ],
)
def test_a_text_is_laid_out_in_rows(text, expected):
    assert grid(text) == expected


def test_a_token_over_two_rows_has_two_grounds():
    cells = list(laid_out("x" * (MOST_COLUMNS + 2)))
    assert runs(cells, [MOST_COLUMNS - 1, MOST_COLUMNS + 1]) == [
        (0, 0, 0, MOST_COLUMNS - 1),
        (1, 0, MOST_COLUMNS - 1, MOST_COLUMNS),
        (1, 1, 0, 1),
    ]


def test_what_cannot_be_drawn(trained, tmp_path):
    model, _, _ = trained
    found = model.inspect("lamp")
    with pytest.raises(TextrnnError, match="`unit` must be"):
        plots.neuron(found, 0, 48)
    with pytest.raises(TextrnnError, match="12,001 characters, and a picture holds 12,000"):
        plots.surprise(dataclasses.replace(found, text="a" * (MOST_CHARACTERS + 1)))
    with pytest.raises(TextrnnError, match="Only a language model expects tokens"):
        plots.surprise(object())
    with pytest.raises(TextrnnError, match="PNG or SVG"):
        plots.neuron(found, 0, 0, tmp_path / "unit.jpg")
