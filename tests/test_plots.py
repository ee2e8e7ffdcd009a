import numpy as np

from textrnn import plots


def test_loss_curve_shows_both_losses(trained, tmp_path):
    _, _, records = trained
    figure = plots.loss_curve(records, tmp_path / "loss.png")
    training, validation, _ = figure.axes[0].lines
    np.testing.assert_array_equal(training.get_ydata(), [record.training_loss for record in records])
    np.testing.assert_array_equal(validation.get_ydata(), [record.validation_loss for record in records])
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_padded_matrix_names_every_cell():
    figure = plots.padded_matrix([[0, 5], [5, 6]], labels=[["", "the"], ["the", "cat"]])
    assert [text.get_text() for text in figure.axes[0].texts] == ["", "the", "the", "cat"]
