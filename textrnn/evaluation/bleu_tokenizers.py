"""Which of sacreBLEU's tokenizers fits a text, and whether it can be used here.

BLEU and TER count words. Where a script has no spaces between words, cutting at spaces makes one word of a whole
sentence and the scores mean nothing, so such text needs a tokenizer that finds words, or characters.
"""

import functools
import re
from collections.abc import Iterable
from typing import Any

from textrnn.errors import TextrnnError, check_choice
from textrnn.preprocessing.scripts import HAN, KANA, sample, unspaced_script

__all__ = ["TOKENIZERS", "chosen_tokenizer", "is_installed", "misfit", "ter_metric", "tokenizer_for"]

TOKENIZERS = ("13a", "none", "intl", "char", "zh", "ja-mecab", "ko-mecab")
EXTRAS = {"ja-mecab": ("ja", "Japanese"), "ko-mecab": ("ko", "Korean")}
LETTERS = {  # without any of these, a tokenizer made for one language has nothing to do
    "zh": re.compile(f"[{HAN}]"),
    "ja-mecab": re.compile(f"[{HAN}{KANA}]"),
    "ko-mecab": re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]"),
}
LONGEST_TER_WORD = 4  # characters on average; TER keeps a run of kana together, which without kanji is a whole sentence


def tokenizer_for(texts: Iterable[str]) -> str:
    """Returns the name of the tokenizer by which BLEU should count the words of these sentences.

    Example:

    >>> tokenizer_for(["The lamp is lit."]), tokenizer_for(["灯亮了。"]), tokenizer_for(["โคมไฟติดแล้ว"])
    ('13a', 'zh', 'char')

    Args:
        texts: Reference sentences; the first 100,000 characters decide.

    Returns:
        "zh" for Chinese; "ja-mecab" for Japanese where MeCab is installed; "char" for Japanese without it and for Thai,
        Lao, Khmer, Burmese and Tibetan; "13a" for every text with spaces between words.
    """
    script = unspaced_script(sample(texts))
    if script is None:
        return "13a"
    if script == "chinese":
        return "zh"
    return "ja-mecab" if script == "japanese" and is_installed("ja-mecab") else "char"


def chosen_tokenizer(tokenize: str | None, texts: Iterable[str]) -> str:
    """Returns the tokenizer that was asked for, or the one that fits the sentences.

    Raises:
        TextrnnError: If there is none of that name, or its package is not installed.
    """
    if tokenize is None:
        return tokenizer_for(texts)
    check_choice("tokenize", tokenize, TOKENIZERS)
    if not is_installed(tokenize):
        extra, language = EXTRAS[tokenize]
        raise TextrnnError(
            f"tokenize={tokenize!r} needs MeCab with its {language} dictionary. Run: pip install 'textrnn[{extra}]'; "
            "or pass tokenize='char'."
        )
    return tokenize


@functools.cache
def is_installed(name: str) -> bool:
    """Tells whether a tokenizer can be made; those for Japanese and Korean need packages of their own."""
    if name not in EXTRAS:
        return True
    import sacrebleu

    try:
        sacrebleu.BLEU(tokenize=name)
    except Exception:  # a missing package, another dictionary, a broken installation: sacreBLEU has a type for each
        return False
    return True


def misfit(tokenize: str, texts: Iterable[str], name: str = "references") -> str | None:
    """Returns a sentence if a tokenizer does not fit the script of a text, or None.

    Args:
        tokenize: The tokenizer's name.
        texts: Sentences.
        name: What they are called.
    """
    text = sample(texts)
    script = unspaced_script(text)
    best = tokenizer_for([text])
    if script == "japanese" and tokenize == best == "char":
        return "published scores of Japanese count its words by ja-mecab, not characters: pip install 'textrnn[ja]'."
    if script is not None and tokenize not in ("char", best):
        return (
            f"the {name} are {script.capitalize()} without spaces, whose words tokenize={tokenize!r} does not find; "
            f"tokenize={best!r} fits."
        )
    if script is None and tokenize in LETTERS and re.search(r"[^\W\d_]", text) and not LETTERS[tokenize].search(text):
        return f"the {name} are in another language than those of tokenize={tokenize!r}; tokenize={best!r} fits them."
    return None


def ter_metric(tokenize: str, texts: Iterable[str], lowercase: bool) -> Any:
    """Returns sacreBLEU's TER for text that BLEU counts by a tokenizer, or None if TER would find no words in it.

    Args:
        tokenize: The tokenizer's name.
        texts: Reference sentences.
        lowercase: Whether case counts for nothing.
    """
    import sacrebleu

    text = sample(texts)
    script = unspaced_script(text)
    east_asian = script in ("chinese", "japanese") or tokenize in LETTERS
    if script is not None and not east_asian:
        return None
    metric = sacrebleu.TER(normalized=east_asian, asian_support=east_asian, case_sensitive=not lowercase)
    if script == "japanese":
        words = metric.tokenizer(text).split()
        if sum(map(len, words)) > LONGEST_TER_WORD * len(words):
            return None
    return metric
