import numpy as np
import pytest

from textrnn import plots
from textrnn.evaluation.bleu import LengthBucket
from textrnn.training.history import EpochRecord, Score


def test_loss_curve_shows_both_losses(trained, tmp_path):
    _, _, records = trained
    figure = plots.loss_curve(records, tmp_path / "loss.png")
    training, validation, *_ = figure.axes[0].lines
    np.testing.assert_array_equal(training.get_ydata(), [record.training_loss for record in records])
    np.testing.assert_array_equal(validation.get_ydata(), [record.validation_loss for record in records])
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


def record(epoch, loss, score=None, name="BLEU"):
    return EpochRecord(epoch, 10, 2.0, loss, 0.001, 100.0, 5.0, None if score is None else Score(name, score))


@pytest.mark.parametrize(
    ("records", "place", "label"),
    [
        ([record(1, 3.0), record(2, 2.5), record(3, 2.75)], (2, 2.5), "weights kept: 2.500"),
        ([record(1, 2.0, 10.0), record(2, 2.5, 12.5), record(3, 2.6, 12.5)], (2, 12.5), "weights kept: BLEU 12.50"),
        ([record(1, 3.0, 0.0), record(2, 2.5, 0.0)], (2, 0.0), "weights kept: BLEU 0"),
        ([record(1, float("nan")), record(2, 2.5)], (2, 2.5), "weights kept: 2.500"),
    ],
)
def test_loss_curve_marks_the_weights_that_were_kept(records, place, label):
    """With the best score, and the lowest loss among equal scores, as `EpochRecord.criterion` says."""
    figure = plots.loss_curve(records)
    mark = figure.axes[-1].lines[-1]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == place
    assert label in [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_loss_curve_names_the_score():
    figure = plots.loss_curve([record(1, 2.0, 10.0, "chrF")], unit="nats per target")
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts[2:] == ["validation chrF (on the right)", "weights kept: chrF 10.00"]
    assert [axes.get_ylabel() for axes in figure.axes] == ["nats per target", "chrF"]


def test_loss_curve_of_a_run_without_any_finite_loss():
    texts = plots.loss_curve([record(1, float("nan"))]).axes[0].get_legend().get_texts()
    assert [text.get_text() for text in texts] == ["training loss (dropout on)", "validation loss"]


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
