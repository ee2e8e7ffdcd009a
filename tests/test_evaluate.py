"""Scores on the command line; what each number is stands in `tests/evaluation`."""

import io
import json
import os
import sys
import threading

import pytest
import sacrebleu

from tests.conftest import assert_refused
from textrnn import evaluate

CHINESE = ["灯塔今天亮了。", "海很平静，对吗？", "我们明天见吧。"]
CHINESE_HYPOTHESES = ["灯塔昨天亮了。", "海很平静，对吗？", "我们明天见。"]


@pytest.fixture
def files(tmp_path):
    """Writes files of the given lines and returns their paths."""

    def write(**texts):
        paths = []
        for name, lines in texts.items():
            content = lines if isinstance(lines, bytes) else "".join(f"{line}\n" for line in lines).encode()
            (tmp_path / name).write_bytes(content)
            paths.append(tmp_path / name)
        return paths

    return write


def scores_of(call, *arguments):
    status, output, error = call(evaluate, "bleu", *arguments, "--json")
    assert (status, error) == (0, "")
    return json.loads(output)


def test_sentences_follow_tokenizer_and_case(call, files):
    hypotheses, references = files(hyp=CHINESE_HYPOTHESES, ref=CHINESE)
    metric = sacrebleu.BLEU(tokenize="zh", effective_order=True)
    expected = [metric.sentence_score(h, [r]).score for h, r in zip(CHINESE_HYPOTHESES, CHINESE, strict=True)]
    for options in ((), ("--tokenize", "zh")):
        found = scores_of(call, hypotheses, "--references", references, "--sentences", *options)
        assert found["sentences"] == expected
        assert "tok:zh" in found["scores"]["bleu"]["signature"]
    hypotheses, references = files(hyp=["THE LAMP IS LIT NOW."], ref=["The lamp is lit now."])
    _, output, _ = call(evaluate, "bleu", hypotheses, "--references", references, "--sentences", "--lowercase")
    assert output.startswith("100.00\nBLEU 100.00")
    assert "\nchrF 100.00\n" in output
    assert "\nTER 0.00\n" in output
    assert output.count("case:lc") == 3


def test_json_has_the_notes_of_the_text(call, files):
    hypotheses, references = files(hyp=["Hello.", "I see ."], ref=["Hello.", "I see."])
    _, output, _ = call(evaluate, "bleu", hypotheses, "--references", references)
    found = scores_of(call, hypotheses, "--references", references)
    assert [line.removeprefix("note: ") for line in output.splitlines() if line.startswith("note: ")] == found["notes"]
    assert "no hypothesis has 4 tokens" in " ".join(found["notes"])
    assert "notes" not in found["scores"]
    assert "notes" not in found["scores"]["bleu"]
    effective = scores_of(call, hypotheses, "--references", references, "--effective-order")
    assert effective["scores"]["bleu"]["score"] == pytest.approx(100)


def test_a_missing_package_is_one_sentence(call, files, no_mecab, reverser):
    hypotheses, references = files(hyp=CHINESE, ref=CHINESE)
    for tokenize in ("ja-mecab", "ko-mecab"):
        extra = f"pip install 'textrnn[{tokenize[:2]}]'"
        refused = call(evaluate, "bleu", hypotheses, "--references", references, "--tokenize", tokenize)
        assert_refused(refused, extra)
        files_and_model = ["--source", hypotheses, "--references", references, "--model", "not-even-loaded"]
        assert_refused(call(evaluate, "translation", *files_and_model, "--tokenize", tokenize), extra)


def test_blank_hypotheses_are_hypotheses(call, files):
    hypotheses, references, some = files(hyp=["", " "], ref=["a b c d", "e f g h"], some=["a b c d", ""])
    found = scores_of(call, hypotheses, "--references", references, "--sentences")
    assert found["sentences"] == [0, 0]
    assert found["scores"]["num_sentences"] == 2
    assert found["notes"] == ["BLEU is 0 because the hypotheses hold no tokens."]
    assert scores_of(call, some, "--references", references, "--sentences")["sentences"] == [pytest.approx(100), 0]
    assert (
        scores_of(call, references, "--references", references, "--baseline", hypotheses)["comparison"]["baseline"] == 0
    )
    assert_refused(call(evaluate, "bleu", references, "--references", hypotheses), "no text in", "hyp")
    (nothing,) = files(nothing=b"")
    assert_refused(call(evaluate, "bleu", nothing, "--references", references), "no text in", "nothing")


@pytest.mark.parametrize(
    "content",
    [
        b"a b c d\r\ne f g h\r\n",
        b"\xef\xbb\xbfa b c d\ne f g h",
        "a b c d\r\ne f g h\r\n".encode("utf-16"),
        b"a\tb c d\n  e f g\th \n",
    ],
)
def test_files_of_all_kinds_score_alike(call, files, content):
    hypotheses, references = files(hyp=content, ref=["a b c d", "e f g h"])
    assert scores_of(call, hypotheses, "--references", references)["scores"]["bleu"]["score"] == pytest.approx(100)
    assert scores_of(call, references, "--references", hypotheses)["scores"]["ter"] == 0


def test_pipes_are_read_once(call, files, tmp_path, monkeypatch):
    (references,) = files(ref=["a b c d", "e f g h"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a b c d\ne f g h\n")))
    assert scores_of(call, "-", "--references", references)["scores"]["num_sentences"] == 2
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(references.read_bytes()))
    writer.start()
    assert scores_of(call, tmp_path / "pipe", "--references", references)["scores"]["chrf"] == pytest.approx(100)
    writer.join()


def test_unequal_numbers_name_the_files(call, files, reverser):
    two, three, one, blank = files(two=["a", "b"], three=["a", "b", "c"], one=["a"], blank=["", "", ""])
    assert_refused(
        call(evaluate, "bleu", two, "--references", two, three), "two", "three", "2 hypotheses and 3 references"
    )
    assert_refused(call(evaluate, "bleu", one, "--references", two), "1 hypothesis and 2 references")
    assert_refused(call(evaluate, "bleu", blank, "--references", two), "3 hypotheses", "no text in", "blank")
    refused = call(evaluate, "bleu", two, "--references", two, "--baseline", three)
    assert_refused(refused, "three", "2 hypotheses and 3 baseline hypotheses")
    refused = call(evaluate, "bleu", two, "--references", two, "--source", one, "--by-length")
    assert_refused(refused, "one", "2 hypotheses and 1 source")
    refused = call(evaluate, "translation", "--source", one, "--references", two, "--model", reverser[1])
    assert_refused(refused, "one", "two", "1 source and 2 references")


def test_a_translator_is_scored_by_the_script_of_its_references(call, files, reverser):
    source, references = files(src=["a b", "b a"], ref=CHINESE[:2])
    arguments = ["--source", source, "--references", references, "--model", reverser[1], "--json"]
    found = json.loads(call(evaluate, "translation", *arguments)[1])
    assert "tok:zh" in found["scores"]["bleu"]["signature"]
    assert found["notes"]
    scores = reverser[0].evaluate(["a b", "b a"], CHINESE[:2], lowercase=True, effective_order=True)
    assert "case:lc|eff:yes|tok:zh" in scores.bleu.signature


def test_language_models_have_notes_too(call, files, trained):
    (text,) = files(text=["The lamp is lit. \u4e00\u4e01"] * 20)
    arguments = [text, "--model", trained[1]]
    found = json.loads(call(evaluate, "perplexity", *arguments, "--json")[1])
    assert "unknown to the vocabulary" in found["notes"][0]
    assert f"note: {found['notes'][0]}" in call(evaluate, "perplexity", *arguments)[1]
    assert json.loads(call(evaluate, "memorisation", *arguments, "--json")[1])["notes"] == []
