"""The simple RNN, the LSTM and the GRU: one step, a whole sequence, and the gradients of both.

In `x` of shape `(n_x, m, T_x)` stand `m` sequences of `T_x` steps of `n_x` features; states `a` and `c` have the shape
`(n_a, m, T_x)`, predictions `y` the shape `(n_y, m, T_x)`. One step of them, such as `xt`, has no last axis. Parameters
are a dictionary; `shapes.parameter_shapes` lists them. `dX` is the gradient of the loss by `X` and has its shape.
Below, `*` multiplies element by element, `@` matrices; `[a, x]` is `a` on top of `x`, shape `(n_a + n_x, m)`.

Simple RNN (Elman 1990) with the parameters Wax, Waa, Wya, ba, by:

    (1)  a<t> = tanh(Wax @ x<t> + Waa @ a<t-1> + ba)
    (2)  y<t> = softmax(Wya @ a<t> + by)                   the same in the other cells, where Wya is called Wy

LSTM (Hochreiter and Schmidhuber 1997, Gers et al. 2000) with Wf, Wi, Wc, Wo, Wy, bf, bi, bc, bo, by:

    (3)  f = sigmoid(Wf @ [a<t-1>, x<t>] + bf)             how much of the memory stays
    (4)  i = sigmoid(Wi @ [a<t-1>, x<t>] + bi)             how much is added to it
    (5)  cc = tanh(Wc @ [a<t-1>, x<t>] + bc)               the candidate: what is added
    (6)  c<t> = f * c<t-1> + i * cc                        the memory
    (7)  o = sigmoid(Wo @ [a<t-1>, x<t>] + bo)             how much of it is shown
    (8)  a<t> = o * tanh(c<t>)

The course's text calls (4) the update gate, with Wu and bu; its code has Wi and bi, and so has this module.

GRU (Cho et al. 2014) with Wu, Wr, Wc, Wy, bu, br, bc, by; Keras's update gate z is 1 - u:

    (9)  u = sigmoid(Wu @ [a<t-1>, x<t>] + bu)             how much of the state is replaced
    (10) r = sigmoid(Wr @ [a<t-1>, x<t>] + br)             how much of the past the candidate sees
    (11) cc = tanh(Wc @ [r * a<t-1>, x<t>] + bc)
    (12) a<t> = u * cc + (1 - u) * a<t-1>

Backwards, everything is the chain rule. Through an activation, and through a sum z = W @ v + b:

    (13) s = tanh(z): dz = ds * (1 - s * s)                s = sigmoid(z): dz = ds * s * (1 - s)
    (14) dW = dz @ v.T,  db = dz summed over the examples, dv = W.T @ dz

Through the products of the LSTM, (8) and (6), and of the GRU, (12) and (11):

    (15) do = da<t> * tanh(c<t>),  dc<t> = dc<t> of step t + 1 + da<t> * o * (1 - tanh(c<t>)**2)
    (16) df = dc<t> * c<t-1>,  di = dc<t> * cc,  dcc = dc<t> * i,  dc<t-1> = dc<t> * f
    (17) du = da<t> * (cc - a<t-1>),  dcc = da<t> * u,  da<t-1> = da<t> * (1 - u) + what (18) and the gates add
    (18) with v = r * a<t-1>: dr = dv * a<t-1>,  da<t-1> = dv * r

Through time, each state is used by its own step's output and by the next step, each weight by every step:

    (19) da<t> = da<t> of the output + da<t> of step t + 1
    (20) dW = the sum of all steps' dW
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from textrnn.teaching.shapes import check_gradients, check_sequence, check_shape, check_step

__all__ = [
    "CELLS",
    "Cell",
    "gru_backward",
    "gru_cell_backward",
    "gru_cell_forward",
    "gru_forward",
    "lstm_backward",
    "lstm_cell_backward",
    "lstm_cell_forward",
    "lstm_forward",
    "rnn_backward",
    "rnn_cell_backward",
    "rnn_cell_forward",
    "rnn_forward",
    "sigmoid",
    "softmax",
]

Arrays = dict[str, np.ndarray]
Caches = tuple[list[Any], np.ndarray]


def sigmoid(z: np.ndarray) -> np.ndarray:
    """The logistic function; through tanh, since exp overflows for large negative sums."""
    return 0.5 * np.tanh(0.5 * z) + 0.5


def softmax(z: np.ndarray) -> np.ndarray:
    """Probabilities along the first axis; the largest sum is taken off, which changes nothing and keeps exp finite."""
    exponentials = np.exp(z - z.max(axis=0, initial=-np.inf))  # initial: an output of no classes has no largest sum
    probabilities: np.ndarray = exponentials / exponentials.sum(axis=0)
    return probabilities


# --- Simple RNN ---


def rnn_cell_forward(
    xt: np.ndarray, a_prev: np.ndarray, parameters: Arrays
) -> tuple[np.ndarray, np.ndarray, tuple[Any, ...]]:
    """Takes one step of a simple RNN.

    Args:
        xt: Inputs of the step, shape `(n_x, m)`.
        a_prev: State after the step before, shape `(n_a, m)`.
        parameters: `Wax`, `Waa`, `Wya`, `ba`, `by`.

    Returns:
        `a_next` of shape `(n_a, m)`, `yt_pred` of shape `(n_y, m)`, and what `rnn_cell_backward` needs.

    Raises:
        TextrnnError: If a shape does not fit or a parameter is missing.
    """
    check_step("simple_rnn", xt, {"a_prev": a_prev}, parameters)
    a_next = np.tanh(parameters["Wax"] @ xt + parameters["Waa"] @ a_prev + parameters["ba"])  # (1), (n_a, m)
    yt_pred = softmax(parameters["Wya"] @ a_next + parameters["by"])  # (2), (n_y, m)
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)


def rnn_forward(x: np.ndarray, a0: np.ndarray, parameters: Arrays) -> tuple[np.ndarray, np.ndarray, Caches]:
    """Runs a simple RNN over whole sequences.

    Args:
        x: Shape `(n_x, m, T_x)`.
        a0: State before the first step, shape `(n_a, m)`.
        parameters: As in `rnn_cell_forward`.

    Returns:
        `a` of shape `(n_a, m, T_x)`, `y_pred` of shape `(n_y, m, T_x)`, and the caches: one a step, and `x`.

    Raises:
        TextrnnError: As `rnn_cell_forward`, or if `x` is no batch of sequences.
    """
    (a, y_pred), caches = forward_through_time(rnn_cell_forward, x, [a0], parameters)
    return a, y_pred, caches


def rnn_cell_backward(da_next: np.ndarray, cache: tuple[Any, ...]) -> Arrays:
    """Returns the gradients of one step of a simple RNN.

    Args:
        da_next: Gradient of `a_next`, shape `(n_a, m)`: that of the output and that of the next step.
        cache: What `rnn_cell_forward` returned.

    Returns:
        `dxt`, `da_prev`, `dWax`, `dWaa`, `dba`.

    Raises:
        TextrnnError: If `da_next` has not the shape of `a_next`.
    """
    a_next, a_prev, xt, parameters = cache
    check_gradient("da_next", da_next, a_next)
    dz = da_next * (1 - a_next * a_next)  # (13), (n_a, m)
    return {  # (14)
        "dxt": parameters["Wax"].T @ dz,
        "da_prev": parameters["Waa"].T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


def rnn_backward(da: np.ndarray, caches: Caches) -> Arrays:
    """Returns the gradients of a simple RNN over whole sequences.

    Args:
        da: Gradient of each step's state by that step's own output, shape `(n_a, m, T_x)`; or of the first steps alone,
            if the rest have no loss.
        caches: What `rnn_forward` returned.

    Returns:
        `dx` of as many steps as `da`, shape `(n_x, m, T_x)`; `da0` of shape `(n_a, m)`; `dWax`, `dWaa`, `dba`.

    Raises:
        TextrnnError: If `da` has not the shape of `a`, or of its first steps.
    """
    return backward_through_time(rnn_cell_backward, da, caches)


# --- LSTM ---


def lstm_cell_forward(
    xt: np.ndarray, a_prev: np.ndarray, c_prev: np.ndarray, parameters: Arrays
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[Any, ...]]:
    """Takes one step of an LSTM.

    Args:
        xt: Inputs of the step, shape `(n_x, m)`.
        a_prev: State after the step before, shape `(n_a, m)`.
        c_prev: Memory after the step before, shape `(n_a, m)`.
        parameters: `Wf`, `Wi`, `Wc`, `Wo`, `Wy`, `bf`, `bi`, `bc`, `bo`, `by`.

    Returns:
        `a_next` and `c_next` of shape `(n_a, m)`, `yt_pred` of shape `(n_y, m)`, and what `lstm_cell_backward` needs.

    Raises:
        TextrnnError: If a shape does not fit or a parameter is missing.
    """
    check_step("lstm", xt, {"a_prev": a_prev, "c_prev": c_prev}, parameters)
    stacked = np.concatenate([a_prev, xt])  # (n_a + n_x, m)
    ft = sigmoid(parameters["Wf"] @ stacked + parameters["bf"])  # (3), (n_a, m) like all that follow
    it = sigmoid(parameters["Wi"] @ stacked + parameters["bi"])  # (4)
    cct = np.tanh(parameters["Wc"] @ stacked + parameters["bc"])  # (5)
    c_next = ft * c_prev + it * cct  # (6)
    ot = sigmoid(parameters["Wo"] @ stacked + parameters["bo"])  # (7)
    a_next = ot * np.tanh(c_next)  # (8)
    yt_pred = softmax(parameters["Wy"] @ a_next + parameters["by"])  # (2), (n_y, m)
    return a_next, c_next, yt_pred, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)


def lstm_forward(
    x: np.ndarray, a0: np.ndarray, parameters: Arrays
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Caches]:
    """Runs an LSTM over whole sequences; its memory begins with zeros.

    Args:
        x: Shape `(n_x, m, T_x)`.
        a0: State before the first step, shape `(n_a, m)`.
        parameters: As in `lstm_cell_forward`.

    Returns:
        `a` of shape `(n_a, m, T_x)`, `y` of shape `(n_y, m, T_x)`, `c` of the shape of `a`, and the caches: one a step,
        and `x`.

    Raises:
        TextrnnError: As `lstm_cell_forward`, or if `x` is no batch of sequences.
    """
    (a, c, y), caches = forward_through_time(lstm_cell_forward, x, [a0, np.zeros_like(a0)], parameters)
    return a, y, c, caches


def lstm_cell_backward(da_next: np.ndarray, dc_next: np.ndarray, cache: tuple[Any, ...]) -> Arrays:
    """Returns the gradients of one step of an LSTM.

    Args:
        da_next: Gradient of `a_next`, shape `(n_a, m)`: that of the output and that of the next step.
        dc_next: Gradient of `c_next` by the next step, shape `(n_a, m)`.
        cache: What `lstm_cell_forward` returned.

    Returns:
        `dxt`, `da_prev`, `dc_prev`, and `dWf`, `dbf` and so on, for each gate.

    Raises:
        TextrnnError: If a gradient has not the shape of what it is the gradient of.
    """
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    check_gradient("da_next", da_next, a_next)
    check_gradient("dc_next", dc_next, c_next)
    tanh_c = np.tanh(c_next)
    dc = dc_next + da_next * ot * (1 - tanh_c * tanh_c)  # (15), (n_a, m)
    sums = {  # (15) and (16), then (13)
        "f": dc * c_prev * ft * (1 - ft),
        "i": dc * cct * it * (1 - it),
        "c": dc * it * (1 - cct * cct),
        "o": da_next * tanh_c * ot * (1 - ot),
    }
    gradients, dstacked = backward_through_sums(sums, np.concatenate([a_prev, xt]), parameters)
    n_a = len(a_prev)
    return {"dxt": dstacked[n_a:], "da_prev": dstacked[:n_a], "dc_prev": dc * ft, **gradients}


def lstm_backward(da: np.ndarray, caches: Caches) -> Arrays:
    """Returns the gradients of an LSTM over whole sequences.

    The first edition of the course carries neither `da` nor `dc` back from step to step: the figures that it prints are
    not the gradients, but those of its later editions are.

    Args:
        da: Gradient of each step's state by that step's own output, shape `(n_a, m, T_x)`; or of the first steps alone,
            if the rest have no loss.
        caches: What `lstm_forward` returned.

    Returns:
        `dx` of as many steps as `da`, shape `(n_x, m, T_x)`; `da0` of shape `(n_a, m)`; and of each gate, as
        `dWf` and `dbf`.

    Raises:
        TextrnnError: If `da` has not the shape of `a`, or of its first steps.
    """
    return backward_through_time(lstm_cell_backward, da, caches)


# --- GRU ---


def gru_cell_forward(
    xt: np.ndarray, a_prev: np.ndarray, parameters: Arrays
) -> tuple[np.ndarray, np.ndarray, tuple[Any, ...]]:
    """Takes one step of a GRU; the reset gate acts before the product, as in the paper (`reset_after=False` in Keras).

    Args:
        xt: Inputs of the step, shape `(n_x, m)`.
        a_prev: State after the step before, shape `(n_a, m)`; it is the memory too.
        parameters: `Wu`, `Wr`, `Wc`, `Wy`, `bu`, `br`, `bc`, `by`.

    Returns:
        `a_next` of shape `(n_a, m)`, `yt_pred` of shape `(n_y, m)`, and what `gru_cell_backward` needs.

    Raises:
        TextrnnError: If a shape does not fit or a parameter is missing.
    """
    check_step("gru", xt, {"a_prev": a_prev}, parameters)
    stacked = np.concatenate([a_prev, xt])  # (n_a + n_x, m)
    ut = sigmoid(parameters["Wu"] @ stacked + parameters["bu"])  # (9), (n_a, m) like all that follow
    rt = sigmoid(parameters["Wr"] @ stacked + parameters["br"])  # (10)
    cct = np.tanh(parameters["Wc"] @ np.concatenate([rt * a_prev, xt]) + parameters["bc"])  # (11)
    a_next = ut * cct + (1 - ut) * a_prev  # (12)
    yt_pred = softmax(parameters["Wy"] @ a_next + parameters["by"])  # (2), (n_y, m)
    return a_next, yt_pred, (a_next, a_prev, ut, rt, cct, xt, parameters)


def gru_forward(x: np.ndarray, a0: np.ndarray, parameters: Arrays) -> tuple[np.ndarray, np.ndarray, Caches]:
    """Runs a GRU over whole sequences.

    Args:
        x: Shape `(n_x, m, T_x)`.
        a0: State before the first step, shape `(n_a, m)`.
        parameters: As in `gru_cell_forward`.

    Returns:
        `a` of shape `(n_a, m, T_x)`, `y_pred` of shape `(n_y, m, T_x)`, and the caches: one a step, and `x`.

    Raises:
        TextrnnError: As `gru_cell_forward`, or if `x` is no batch of sequences.
    """
    (a, y_pred), caches = forward_through_time(gru_cell_forward, x, [a0], parameters)
    return a, y_pred, caches


def gru_cell_backward(da_next: np.ndarray, cache: tuple[Any, ...]) -> Arrays:
    """Returns the gradients of one step of a GRU.

    Args:
        da_next: Gradient of `a_next`, shape `(n_a, m)`: that of the output and that of the next step.
        cache: What `gru_cell_forward` returned.

    Returns:
        `dxt`, `da_prev`, and `dWu`, `dbu` and so on, for each gate.

    Raises:
        TextrnnError: If `da_next` has not the shape of `a_next`.
    """
    a_next, a_prev, ut, rt, cct, xt, parameters = cache
    check_gradient("da_next", da_next, a_next)
    n_a = len(a_prev)
    candidate_sum = {"c": da_next * ut * (1 - cct * cct)}  # (17), then (13); (n_a, m)
    candidate, dv = backward_through_sums(candidate_sum, np.concatenate([rt * a_prev, xt]), parameters)
    dv, dxt = dv[:n_a], dv[n_a:]
    gate_sums = {  # (17) and (18), then (13)
        "u": da_next * (cct - a_prev) * ut * (1 - ut),
        "r": dv * a_prev * rt * (1 - rt),
    }
    gates, dstacked = backward_through_sums(gate_sums, np.concatenate([a_prev, xt]), parameters)
    da_prev = da_next * (1 - ut) + dv * rt + dstacked[:n_a]  # (17), (18) and the two gates
    return {"dxt": dxt + dstacked[n_a:], "da_prev": da_prev, **gates, **candidate}


def gru_backward(da: np.ndarray, caches: Caches) -> Arrays:
    """Returns the gradients of a GRU over whole sequences.

    Args:
        da: Gradient of each step's state by that step's own output, shape `(n_a, m, T_x)`; or of the first steps alone,
            if the rest have no loss.
        caches: What `gru_forward` returned.

    Returns:
        `dx` of as many steps as `da`, shape `(n_x, m, T_x)`; `da0` of shape `(n_a, m)`; and of each gate, as
        `dWu` and `dbu`.

    Raises:
        TextrnnError: If `da` has not the shape of `a`, or of its first steps.
    """
    return backward_through_time(gru_cell_backward, da, caches)


# --- What the cells share ---


def forward_through_time(
    cell_forward: Callable[..., tuple[Any, ...]], x: np.ndarray, states: list[np.ndarray], parameters: Arrays
) -> tuple[list[np.ndarray], Caches]:
    """Hands a cell's states from each step to the next; returns all states and predictions, and the caches."""
    check_sequence(x)
    steps, caches = [], []
    for t in range(x.shape[2]):
        *states, yt_pred, cache = cell_forward(x[:, :, t], *states, parameters)
        steps.append([*states, yt_pred])
        caches.append(cache)
    return [np.stack(arrays, axis=2) for arrays in zip(*steps, strict=True)], (caches, x)


def backward_through_time(cell_backward: Callable[..., Arrays], da: np.ndarray, caches: Caches) -> Arrays:
    """Hands the gradients of a cell's states from each step to the one before, and adds up those of its weights."""
    steps, _ = caches
    a_next = steps[0][0]
    check_gradients(da, a_next.shape, len(steps))
    steps = steps[: da.shape[2]]  # no gradient reaches the steps after the last one that has a loss
    da_next, *dc_next = [np.zeros_like(a_next)] * (2 if cell_backward is lstm_cell_backward else 1)
    dx: list[np.ndarray] = []
    sums: Arrays = {}
    for t in reversed(range(len(steps))):
        gradients = cell_backward(da[:, :, t] + da_next, *dc_next, steps[t])  # (19)
        dx.insert(0, gradients.pop("dxt"))
        da_next = gradients.pop("da_prev")
        dc_next = [gradients.pop("dc_prev")] if dc_next else []
        for name, gradient in gradients.items():
            sums[name] = sums[name] + gradient if name in sums else gradient  # (20)
    return {"dx": np.stack(dx, axis=2), "da0": da_next, **sums}


def backward_through_sums(sums: Arrays, v: np.ndarray, parameters: Arrays) -> tuple[Arrays, np.ndarray]:
    """Applies (14) to gates that see the same `v`.

    Args:
        sums: The gradient of each gate's sum, before its activation, by the gate's letter; shapes `(n_a, m)`.
        v: What the weights were multiplied with, shape `(n_a + n_x, m)`.
        parameters: Those of the cell.

    Returns:
        The gradients of the gates' weights and biases, and that of `v`.
    """
    gradients: Arrays = {}
    for gate, dz in sums.items():
        gradients[f"dW{gate}"] = dz @ v.T  # (n_a, n_a + n_x)
        gradients[f"db{gate}"] = dz.sum(axis=1, keepdims=True)  # (n_a, 1)
    W = np.concatenate([parameters[f"W{gate}"] for gate in sums])  # (gates * n_a, n_a + n_x)
    dv = W.T @ np.concatenate(list(sums.values()))  # the sum over the gates is part of the product
    return gradients, dv


def check_gradient(name: str, gradient: np.ndarray, value: np.ndarray) -> None:
    """Raises `TextrnnError` unless a gradient has the shape of its value."""
    check_shape(name, gradient, value.shape, "A gradient has the shape of what it is the gradient of.")


class Cell(NamedTuple):
    """The four functions of a cell, so that code for all cells need not tell them apart."""

    cell_forward: Callable[..., tuple[Any, ...]]
    cell_backward: Callable[..., Arrays]
    forward: Callable[..., tuple[Any, ...]]
    backward: Callable[..., Arrays]


CELLS = {
    "simple_rnn": Cell(rnn_cell_forward, rnn_cell_backward, rnn_forward, rnn_backward),
    "lstm": Cell(lstm_cell_forward, lstm_cell_backward, lstm_forward, lstm_backward),
    "gru": Cell(gru_cell_forward, gru_cell_backward, gru_forward, gru_backward),
}
