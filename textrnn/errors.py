"""The one family of errors that textrnn raises for bad input, and the wording they share."""

import difflib
from collections.abc import Iterable

__all__ = ["TextrnnError", "check_choice", "check_options", "check_range", "nearest"]


class TextrnnError(ValueError):
    """Input that textrnn cannot use. The message names what was wrong, where, and what to do about it."""


def nearest(name: str, choices: Iterable[object]) -> str:
    """Returns " Did you mean 'x'?" for the choice closest to `name`, or an empty string if none is close."""
    close = difflib.get_close_matches(str(name), [str(choice) for choice in choices], n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Raises `TextrnnError` unless `value` is one of `choices`."""
    choices = list(choices)
    if value not in choices:
        expected = ", ".join(repr(choice) for choice in choices)
        raise TextrnnError(f"`{name}` must be one of {expected}. Received: {value!r}.{nearest(str(value), choices)}")


def check_options(received: Iterable[str], known: Iterable[str], owner: str) -> None:
    """Raises `TextrnnError` at the first received option that `owner` does not know."""
    known = list(known)
    for name in received:
        if name not in known:
            raise TextrnnError(
                f"{owner} has no option `{name}`.{nearest(name, known)} Known options: {', '.join(sorted(known))}."
            )


def check_range(
    name: str,
    value: object,
    low: float | None = None,
    high: float | None = None,
    *,
    whole: bool = False,
    above: bool = False,
    below: bool = False,
) -> None:
    """Raises `TextrnnError` unless `value` is a finite number within the bounds.

    Args:
        name: The option's name, for the message.
        value: What the user passed.
        low: Smallest allowed value, or None.
        high: Largest allowed value, or None.
        whole: Whether only integers are allowed.
        above: Whether `low` itself is excluded.
        below: Whether `high` itself is excluded.
    """
    kinds = (int,) if whole else (int, float)
    allowed = isinstance(value, kinds) and not isinstance(value, bool) and abs(value) < float("inf")
    if allowed and low is not None:
        allowed = value > low if above else value >= low  # type: ignore[operator]
    if allowed and high is not None:
        allowed = value < high if below else value <= high  # type: ignore[operator]
    if allowed:
        return
    bounds = []
    if low is not None:
        bounds.append(f"{'above' if above else 'at least'} {low}")
    if high is not None:
        bounds.append(f"{'below' if below else 'at most'} {high}")
    kind = "a whole number" if whole else "a number"
    raise TextrnnError(f"`{name}` must be {kind} {' and '.join(bounds)}".rstrip() + f". Received: {value!r}.")
