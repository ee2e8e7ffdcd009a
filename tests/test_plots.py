import numpy as np
import pytest

from textrnn import plots
from textrnn.evaluation.bleu import LengthBucket


def test_loss_curve_shows_both_losses(trained, tmp_path):
    _, _, records = trained
    figure = plots.loss_curve(records, tmp_path / "loss.png")
    training, validation, _ = figure.axes[0].lines
    np.testing.assert_array_equal(training.get_ydata(), [record.training_loss for record in records])
    np.testing.assert_array_equal(validation.get_ydata(), [record.validation_loss for record in records])
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.filterwarnings("ignore:Glyph")  # not every machine has a font for it
def test_attention_names_rows_and_columns(tmp_path):
    weights = np.array([[0.9, 0.1], [0.2, 0.8]])
    figure = plots.attention(["I", "\u5bff"], ["yo", " "], weights, tmp_path / "heat.png")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["I", "\u5bff"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["yo", "' '"]
    np.testing.assert_array_equal(axes.images[0].get_array(), weights)
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")


def test_bleu_by_length_has_a_bar_for_each_bucket():
    figure = plots.bleu_by_length([LengthBucket(1, 4, 10, 50.0), LengthBucket(5, 9, 12, 30.0)])
    assert [bar.get_height() for bar in figure.axes[0].patches] == [50.0, 30.0]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["1-4", "5-9"]


def test_padded_matrix_names_every_cell():
    figure = plots.padded_matrix([[0, 5], [5, 6]], labels=[["", "the"], ["the", "cat"]])
    assert [text.get_text() for text in figure.axes[0].texts] == ["", "the", "the", "cat"]
