"""Puts the options of a config into the signature and the docstring of a function that takes them as `**options`."""

import dataclasses
import functools
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numpy as np

__all__ = ["field_descriptions", "with_options"]

Function = TypeVar("Function", bound=Callable[..., Any])


def field_descriptions(config: type) -> dict[str, str]:
    """Returns what a config's docstring and its bases' say of each field, so that help texts never drift from them."""
    descriptions: dict[str, str] = {}
    for kind in reversed([kind for kind in config.__mro__ if dataclasses.is_dataclass(kind)]):
        _, _, arguments = (inspect.getdoc(kind) or "").partition("Args:\n")
        name = ""
        for line in arguments.splitlines():
            if re.match(r" {4}\w+:", line):
                name, _, text = line.strip().partition(":")
                descriptions[name] = text.strip()
            elif name and line.strip():
                descriptions[name] += " " + line.strip()
    return descriptions


def with_options(*configs: type, skip: Sequence[str] = (), are_chosen: bool = False) -> Callable[[Function], Function]:
    """Returns a decorator that shows the fields of configs as keyword arguments, in `help` and to editors.

    Numbers of NumPy among them, such as those of an `np.arange` that is tried, become Python's, which JSON can hold.

    Args:
        configs: Dataclasses whose fields the function takes as `**options`.
        skip: Fields that it does not take.
        are_chosen: Whether what is not set is chosen by the text or the data, so that no default is shown.
    """

    def decorate(function: Function) -> Function:
        fields = {field.name: field for config in configs for field in dataclasses.fields(config)}
        known = inspect.signature(function)
        kept = [p for p in known.parameters.values() if p.kind is not p.VAR_KEYWORD]
        taken = {p.name for p in kept} | set(skip)
        fields = {name: field for name, field in fields.items() if name not in taken}

        @functools.wraps(function)
        def called(*arguments: Any, **options: Any) -> Any:
            plain = {name: as_plain(value) for name, value in options.items() if name in fields}
            return function(*arguments, **{**options, **plain})

        called.__signature__ = known.replace(  # type: ignore[attr-defined]
            parameters=[*kept, *(parameter_of(field, are_chosen) for field in fields.values())]
        )
        texts = {name: text for config in configs for name, text in field_descriptions(config).items()}
        called.__doc__ = described(function.__doc__, {name: texts.get(name, "") for name in fields})
        return cast(Function, called)

    return decorate


def as_plain(value: Any) -> Any:
    """Returns an option without NumPy's numbers and arrays in it."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return type(value)(map(as_plain, value)) if type(value) in (list, tuple) else value


def parameter_of(field: Any, is_chosen: bool) -> inspect.Parameter:
    """Returns the keyword argument that a field is."""
    default = None if is_chosen or field.default is dataclasses.MISSING else field.default
    annotation = field.type if default is not None else field.type | None
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def described(docstring: str | None, texts: dict[str, str]) -> str:
    """Returns a docstring with a line on each option after what it says of `**options`."""
    lines = (docstring or "").splitlines()
    start = next((number for number, line in enumerate(lines) if line.lstrip().startswith("**options:")), None)
    if start is None:
        return docstring or ""
    indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    end = start + 1
    while end < len(lines) and lines[end].startswith(indent + " "):
        end += 1
    return "\n".join([*lines[:end], *(f"{indent}{name}: {text}" for name, text in texts.items()), *lines[end:]])
