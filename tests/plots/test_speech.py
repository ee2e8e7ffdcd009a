import numpy as np
import pytest

from textrnn import TextrnnError, plots


def test_the_spectrum_stands_upright_and_has_seconds(tmp_path):
    frames = np.arange(12.0).reshape(4, 3)
    figure = plots.spectrogram(frames, tmp_path / "sound.png", seconds_per_frame=0.01)
    (image,) = figure.axes[0].images
    np.testing.assert_array_equal(image.get_array(), frames.T)
    assert image.origin == "lower"
    assert tuple(image.get_extent()) == (0, 0.04, 0.5, 3.5)
    assert figure.axes[0].get_xlabel() == "seconds"
    assert plots.spectrogram(frames).axes[0].get_xlabel() == "frames"
    assert (tmp_path / "sound.png").read_bytes().startswith(b"\x89PNG")


PROBABILITIES = np.array(
    [[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.3, 0.6, 0.1], [0.95, 0.05, 0], [0.1, 0.05, 0.85], [0.4, 0.6, 0]]
)


def test_each_time_that_a_symbol_is_probable_has_its_name(tmp_path):
    """The a has its peaks at steps 1 and 5; what is 0.1 at most a step of another symbol is named as well."""
    figure = plots.ctc_probabilities(PROBABILITIES, ["", "a", " "], tmp_path / "ctc.svg", seconds_per_step=0.5)
    axes = figure.axes[0]
    assert [(text.get_text(), *text.xy) for text in axes.texts] == [
        ("a", 0.5, 0.7), ("\N{OPEN BOX}", 0.5, 0.1), ("\N{OPEN BOX}", 2.0, 0.85), ("a", 2.5, 0.6)
    ]  # fmt: skip
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), PROBABILITIES[:, 1])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["blank"]
    assert ">\N{OPEN BOX}<" in (tmp_path / "ctc.svg").read_text(encoding="utf-8")


def test_the_blank_is_the_symbol_that_is_said():
    """The a is never less probable than what is shown, so it has one name, where it is most probable."""
    figure = plots.ctc_probabilities(PROBABILITIES, ["a", "b", ""], blank=2)
    assert [text.get_text() for text in figure.axes[0].texts] == ["b", "a", "b"]
    assert figure.axes[0].get_xlabel() == "steps"


def test_names_that_would_touch_stand_one_above_the_other():
    """Of 100 steps the first two peaks are neighbours, and the third is far away."""
    probabilities = np.zeros((100, 3))
    probabilities[[10, 50], 1] = probabilities[11, 2] = 1
    texts = plots.ctc_probabilities(probabilities, ["", "a", "b"]).axes[0].texts
    assert [(text.get_text(), text.xyann[1]) for text in texts] == [("a", 2), ("b", 12), ("a", 2)]


def test_improbable_symbols_are_not_drawn():
    figure = plots.ctc_probabilities([[0.95, 0.05], [0.97, 0.03]], ["", "a"])
    assert not figure.axes[0].lines


def test_places_of_a_text_are_its_symbols_with_blanks_between():
    shares = np.eye(5)
    figure = plots.ctc_paths(shares, ["a", " "], starts=[1, 3])
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["blank", "a", "blank", "\N{OPEN BOX}", "blank"]
    np.testing.assert_array_equal(axes.images[0].get_array(), shares.T)
    assert axes.lines[0].get_xydata().tolist() == [[1, 1], [3, 3]]
    assert not plots.ctc_paths(shares, ["a", " "]).axes[0].lines


def test_pictures_are_png_or_svg(tmp_path):
    with pytest.raises(TextrnnError, match="PNG or SVG"):
        plots.spectrogram(np.zeros((4, 3)), tmp_path / "sound.txt")
