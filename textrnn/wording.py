"""Numbers and times in words, as messages and reports say them."""

__all__ = ["counted", "duration", "plural"]


def counted(number: float, noun: str) -> str:
    """Returns a number with its noun.

    >>> counted(1, "hypothesis"), counted(2000, "hypothesis"), counted(2.5, "minute")
    ('1 hypothesis', '2,000 hypotheses', '2.5 minutes')
    """
    shown = f"{number:g}" if isinstance(number, float) else f"{number:,}"
    return f"{shown} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """Returns "hypotheses" for "hypothesis", "batches" for "batch", "sources" for "source"."""
    if noun.endswith("is"):
        return noun[:-2] + "es"
    return noun + ("es" if noun.endswith("tch") else "s")


def duration(seconds: float) -> str:
    """Returns a time in words, a second at least.

    >>> duration(0.2), duration(40), duration(90)
    ('1 second', '40 seconds', '1.5 minutes')
    """
    return counted(round(max(seconds, 1)), "second") if seconds < 60 else f"{seconds / 60:.1f} minutes"
