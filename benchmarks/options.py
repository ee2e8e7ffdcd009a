"""Options of a trial, as they stand on the command line of a benchmark: "units=512 cell=gru"."""

import json
from collections.abc import Container
from typing import Any

__all__ = ["divided", "parsed_options"]


def parsed_options(text: str) -> dict[str, Any]:
    """Returns options by name.

    >>> parsed_options("units=[64,32] cell=gru")
    {'units': [64, 32], 'cell': 'gru'}
    """
    return {name: literal(value) for name, value in (part.split("=", 1) for part in text.split())}


def literal(value: str) -> Any:
    """Returns a number, a list of numbers or a word."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def divided(options: dict[str, Any], names: Container[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the options that have one of some names, such as those of a network, and the others."""
    inside = {name: value for name, value in options.items() if name in names}
    return inside, {name: value for name, value in options.items() if name not in names}
