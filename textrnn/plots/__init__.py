"""Pictures: charts of what was measured, and diagrams of networks; as PNG or SVG files, as the path's suffix says.

Charts show loss curves, padded matrices, attention, BLEU by length, confusion and forecasts. Diagrams show a network
unrolled in time, the inside of a cell, and the layers of a model. Texts are coloured by what one unit did, or by how
surprising each token was. Speech is shown as its spectrum, and as what a recogniser makes of it.
"""

from textrnn.plots.architectures import architecture
from textrnn.plots.cells import cell
from textrnn.plots.charts import attention, bleu_by_length, confusion, forecast, loss_curve, padded_matrix
from textrnn.plots.speech import ctc_paths, ctc_probabilities, spectrogram
from textrnn.plots.texts import neuron, surprise
from textrnn.plots.unrolling import unrolled

__all__ = [
    "architecture",
    "attention",
    "bleu_by_length",
    "cell",
    "confusion",
    "ctc_paths",
    "ctc_probabilities",
    "forecast",
    "loss_curve",
    "neuron",
    "padded_matrix",
    "spectrogram",
    "surprise",
    "unrolled",
]
