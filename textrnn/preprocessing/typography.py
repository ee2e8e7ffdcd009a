r"""Puts typed or pasted text into the characters that training text is written in.

Only what looks the same, or says the same, changes: HTML entities become characters, ligatures and full-width letters
plain ones, printed quotation marks and dashes the typewriter's.

>>> plain("\u201cI don&apos;t know\u2026\u201d \uff21\ufb01 x\u00b2")
'"I don\'t know..." Afi x²'
"""

import html
import re
import unicodedata

from textrnn.preprocessing.marks import typewritten

__all__ = ["plain"]

ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
# Letters that are one or several others in another dress. Superscripts, fractions and signs say more than what they
# are made of, and stay; so do the wide marks of Chinese and Japanese.
DRESSED = re.compile(
    "[\u0132\u0133\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\u3000]"
)
ELLIPSES = re.compile("\u2026|(?<![.])[.](?: [.]){2}(?![.])")


def plain(text: str) -> str:
    """Returns a text in plain characters.

    An entity that a person wrote about stays one if it is no entity of HTML ("AT&T;").

    Args:
        text: Any text.
    """
    if "&" in text:
        text = ENTITY.sub(lambda found: html.unescape(found[0]), text)
    if text.isascii() and ". ." not in text:
        return text.replace("`", "'")
    text = DRESSED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return typewritten(ELLIPSES.sub("...", text))
