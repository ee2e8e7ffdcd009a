"""Recurrent networks from scratch, in NumPy alone: to be read in ten minutes, not to be fast.

`cells` has the simple RNN, the LSTM and the GRU, forward and backward through time, each formula with its number;
`gradients` checks them against numeric ones and shows how they vanish and explode; `training` is what else a character
model needs; `keras_weights` turns the weights of Keras layers into these and back; `shapes` says which shape each array
has. The rest of textrnn is not used here and does not use this: its rooms `training` and `inference` are faster.

Names are those of a well-known course on sequence models (Coursera, Deep Learning Specialization, course 5, week 1), so
that its figures can be laid beside these.

>>> import numpy as np
>>> from textrnn import teaching
>>> parameters = teaching.initial_parameters("lstm", n_x=3, n_a=5, n_y=2)
>>> x = np.random.default_rng(0).normal(size=(3, 10, 4))  # (n_x, m, T_x): features, examples, steps
>>> a, y, c, caches = teaching.lstm_forward(x, np.zeros((5, 10)), parameters)
>>> a.shape, y.shape
((5, 10, 4), (2, 10, 4))
>>> teaching.lstm_backward(np.ones_like(a), caches)["dWf"].shape
(5, 8)
"""

from textrnn.teaching.cells import (
    CELLS,
    Cell,
    gru_backward,
    gru_cell_backward,
    gru_cell_forward,
    gru_forward,
    lstm_backward,
    lstm_cell_backward,
    lstm_cell_forward,
    lstm_forward,
    rnn_backward,
    rnn_cell_backward,
    rnn_cell_forward,
    rnn_forward,
    sigmoid,
    softmax,
)
from textrnn.teaching.gradients import gradient_check, gradient_norms
from textrnn.teaching.keras_weights import parameters_from_keras, parameters_to_keras
from textrnn.teaching.shapes import parameter_shapes
from textrnn.teaching.training import (
    clip,
    cross_entropy,
    cross_entropy_backward,
    initial_parameters,
    one_hot,
    sample,
    update_parameters,
    zero_states,
)

__all__ = [
    "CELLS",
    "Cell",
    "clip",
    "cross_entropy",
    "cross_entropy_backward",
    "gradient_check",
    "gradient_norms",
    "gru_backward",
    "gru_cell_backward",
    "gru_cell_forward",
    "gru_forward",
    "initial_parameters",
    "lstm_backward",
    "lstm_cell_backward",
    "lstm_cell_forward",
    "lstm_forward",
    "one_hot",
    "parameter_shapes",
    "parameters_from_keras",
    "parameters_to_keras",
    "rnn_backward",
    "rnn_cell_backward",
    "rnn_cell_forward",
    "rnn_forward",
    "sample",
    "sigmoid",
    "softmax",
    "update_parameters",
    "zero_states",
]
