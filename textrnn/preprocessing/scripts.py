"""Which writing system a text uses, as far as it matters here: whether spaces stand between its words.

Chinese, Japanese, Thai, Lao, Khmer, Burmese and Tibetan run their words together, so a "word" between two spaces would
be a whole sentence. Korean has spaces.
"""

import re
from collections.abc import Iterable
from itertools import islice

__all__ = ["has_spaces", "sample", "unspaced_script"]

HAN = "\u3005-\u3007\u3100-\u312f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA = "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"
THAI, LAO, TIBETAN = "\u0e00-\u0e7f", "\u0e80-\u0eff", "\u0f00-\u0fff"
BURMESE, KHMER = "\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff", "\u1780-\u17ff"

# The characters of each script, and about how many of them make a word.
SCRIPTS = {
    "chinese": (re.compile(f"[{HAN}{KANA}]"), 1.5),
    "thai": (re.compile(f"[{THAI}]"), 4.0),
    "lao": (re.compile(f"[{LAO}]"), 4.0),
    "tibetan": (re.compile(f"[{TIBETAN}]"), 4.0),
    "burmese": (re.compile(f"[{BURMESE}]"), 6.0),
    "khmer": (re.compile(f"[{KHMER}]"), 4.0),
}
ANY = f"{HAN}{KANA}{THAI}{LAO}{TIBETAN}{BURMESE}{KHMER}"
SPACED_WORD = re.compile(f"[^\\W\\d_{ANY}]+")
SPACE = re.compile(f"(?<=[{ANY}])[ \u3000](?=\\S)")
KANA_SHARE = 0.05  # Chinese has none, Japanese prose about a half


def has_spaces(text: str) -> bool:
    """Tells whether spaces stand between the words of a text.

    Words of both kinds are counted, so a Chinese name in an English book, or an English name in a Chinese one, changes
    nothing. Chinese that was split into words by spaces beforehand has spaces.

    Example:

    >>> has_spaces("The lamp is lit."), has_spaces("灯亮了。"), has_spaces("등불이 켜졌다.")
    (True, False, True)
    """
    return unspaced_script(text) is None


def unspaced_script(text: str) -> str | None:
    """Returns which script without spaces a text is written in, or None.

    Example:

    >>> unspaced_script("ランプがついた。"), unspaced_script("灯亮了。"), unspaced_script("La lampe est allumée.")
    ('japanese', 'chinese', None)

    Args:
        text: Any part of the text; some thousand characters are enough.

    Returns:
        "chinese", "japanese", "thai", "lao", "tibetan", "burmese", "khmer", or None for a text with spaces.
    """
    words = {name: len(pattern.findall(text)) / length for name, (pattern, length) in SCRIPTS.items()}
    unspaced = sum(words.values())
    if unspaced <= len(SPACED_WORD.findall(text)) or len(SPACE.findall(text)) > unspaced / 2:
        return None
    name = max(words, key=lambda name: words[name])
    if name == "chinese" and len(re.findall(f"[{KANA}]", text)) > KANA_SHARE * len(SCRIPTS[name][0].findall(text)):
        return "japanese"
    return name


def sample(lines: Iterable[str], max_characters: int = 100_000) -> str:
    """Returns the beginning of a text that is given in lines, about `max_characters` characters at most."""
    parts: list[str] = []
    left = max_characters
    for line in islice(lines, max_characters):
        parts.append(line[: max(left, 0)])
        left -= len(line) + 1
        if left <= 0:
            break
    return "\n".join(parts)
