"""A forecaster told to an engine; see `textrnn.inference.forecaster`."""

from typing import Any

from textrnn.config.forecaster import ForecasterConfig
from textrnn.exporting.graphs import Array, Graph
from textrnn.exporting.layers import Layers

__all__ = ["graphs"]


def graphs(config: ForecasterConfig) -> list[Graph]:
    """Returns the graphs of a forecaster: scaled windows, and what is known beside them, become scaled quantiles."""
    inputs: tuple[Array, ...] = (Array("values", ("batch", config.lookback, 1 + len(config.known))),)
    if config.context_dim:
        inputs = (*inputs, Array("context", ("batch", config.context_dim)))
    forecast = Array("forecast", ("batch", config.output_steps, config.outputs_per_step))

    def sequence(layers: Layers, values: Any, *context: Any) -> list[Any]:
        segments = (config.lookback // config.segment, config.segment * (1 + len(config.known)))
        _, finals = layers.stack(config.cell, "recurrent", len(config.units), layers.reshaped(values, segments))
        hidden = beside(layers, finals[-1][0], context)
        if config.head_units:
            hidden = layers.at_least(layers.dense(hidden, "head/kernel", "head/bias"), 0.0)
        outputs = layers.dense(hidden, "output/kernel", "output/bias")
        outputs = layers.reshaped(outputs, (config.output_steps, config.outputs_per_step))
        if not config.linear:
            return [outputs]
        linear = layers.dense(beside(layers, layers.column(values, 0), context), "linear/kernel")
        return [layers.added(outputs, layers.expanded(linear, 2))]

    return [Graph("sequence", inputs, (forecast,), sequence)]


def beside(layers: Layers, values: Any, context: tuple[Any, ...]) -> Any:
    """Returns values and what is known beside them, if anything is."""
    return layers.concatenation([values, *context]) if context else values
