import configparser
import re

import pytest

from tests.conftest import ROOT
from textrnn import TextrnnError
from textrnn.evaluation import bleu_tokenizers
from textrnn.evaluation.bleu_tokenizers import chosen_tokenizer, misfit, ter_metric, tokenizer_for

ENGLISH, CHINESE, THAI = "The lamp is lit.", "灯亮了，海很平静。", "โคมไฟติดแล้ว"
JAPANESE, KOREAN = "ランプがつきました。", "등불이 켜졌다."


@pytest.mark.parametrize(
    ("text", "tokenizer"),
    [
        (ENGLISH, "13a"),
        ("", "13a"),
        ("1984 :-)", "13a"),
        ("Лампа горит.", "13a"),
        ("दीपक जल रहा है।", "13a"),
        (KOREAN, "13a"),
        ("灯 亮 了 。", "13a"),  # cut into words beforehand
        (CHINESE, "zh"),
        ("我用Python写了一个小程序", "zh"),
        (THAI, "char"),
        ("ໂຄມໄຟເປີດແລ້ວ", "char"),
        ("ភ្លើងបានបើកហើយ", "char"),
        ("မီးခွက်လင်းပြီ", "char"),
        (JAPANESE, "char"),
    ],
)
def test_the_script_chooses(no_mecab, text, tokenizer):
    assert tokenizer_for([text]) == tokenizer
    assert tokenizer_for(iter([text] * 3)) == tokenizer


def test_japanese_with_mecab(monkeypatch):
    monkeypatch.setattr(bleu_tokenizers, "is_installed", lambda name: True)
    assert tokenizer_for([JAPANESE]) == "ja-mecab"
    assert tokenizer_for([CHINESE]) == "zh"
    assert misfit("char", [JAPANESE]) is None


@pytest.mark.parametrize(("tokenize", "extra"), [("ja-mecab", "ja"), ("ko-mecab", "ko")])
def test_a_missing_package_is_one_sentence(no_mecab, tokenize, extra):
    with pytest.raises(TextrnnError, match=rf"pip install 'textrnn\[{extra}\]'") as caught:
        chosen_tokenizer(tokenize, [ENGLISH])
    assert "\n" not in str(caught.value)


def test_the_named_extras_can_be_installed():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    for extra, _ in bleu_tokenizers.EXTRAS.values():
        assert f"sacrebleu[{extra}]" in setup["options.extras_require"][extra]


def test_what_was_asked_for_is_taken(no_mecab):
    assert chosen_tokenizer(None, [CHINESE]) == "zh"
    assert chosen_tokenizer("13a", [CHINESE]) == "13a"
    with pytest.raises(TextrnnError, match="Did you mean '13a'"):
        chosen_tokenizer("13b", [ENGLISH])


@pytest.mark.parametrize(
    ("tokenize", "text", "tokens"),
    [
        ("13a", ENGLISH, "The lamp is lit."),
        ("none", "灯 亮 了 。", "灯 亮 了 。"),
        ("zh", CHINESE, "灯 亮 了 ， 海 很 平 静 。"),
        ("13a", CHINESE, "灯 亮 了 ， 海 很 平 静 。"),
        ("char", "東京に行きました。", "東 京 に 行 きました 。"),
        ("char", JAPANESE, None),
        ("char", THAI, None),
        ("char", ENGLISH, "The lamp is lit."),
        ("ko-mecab", KOREAN, "등불이 켜졌다 ."),
    ],
)
def test_the_words_of_ter(tokenize, text, tokens):
    metric = ter_metric(tokenize, [text], lowercase=False)
    assert metric is None if tokens is None else metric.tokenizer(text) == tokens


def test_the_case_of_ter():
    assert ter_metric("13a", [ENGLISH], lowercase=True).tokenizer(ENGLISH) == "the lamp is lit."


@pytest.mark.parametrize(
    ("tokenize", "text", "note"),
    [
        ("13a", ENGLISH, None),
        ("none", ENGLISH, None),
        ("char", ENGLISH, None),
        ("13a", KOREAN, None),
        ("zh", CHINESE, None),
        ("char", CHINESE, None),
        ("char", THAI, None),
        ("none", "灯 亮 了 。", None),
        ("zh", "灯 亮 了 。", None),
        ("zh", "Only the name 东京 here.", None),
        ("zh", "1984 :-)", None),
        ("zh", "", None),
        (
            "13a",
            CHINESE,
            "the references are Chinese without spaces, whose words tokenize='13a' does not find; tokenize='zh' fits.",
        ),
        ("none", CHINESE, "tokenize='zh' fits"),
        ("zh", JAPANESE, "are Japanese without spaces, .* tokenize='char' fits"),
        ("char", JAPANESE, r"count its words by ja-mecab, not characters: pip install 'textrnn\[ja\]'"),
        ("zh", THAI, "are Thai without spaces, .* tokenize='char' fits"),
        ("zh", ENGLISH, "are in another language than those of tokenize='zh'; tokenize='13a' fits"),
        ("ko-mecab", ENGLISH, "another language"),
    ],
)
def test_a_tokenizer_that_does_not_fit_is_noted(no_mecab, tokenize, text, note):
    if note is None:
        assert misfit(tokenize, [text]) is None
    else:
        assert re.search(note, misfit(tokenize, [text]))
