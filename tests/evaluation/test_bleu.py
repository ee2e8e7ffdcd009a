import math

import numpy as np
import pytest
import sacrebleu

from textrnn import TextrnnError, bleu
from textrnn.evaluation.bleu import bleu_by_length, compare, sentence_bleu, sentence_bleus, translation_scores

REFERENCES = ["The cat sat on the mat.", "He reads a long book every day.", "It is raining again."]
HYPOTHESES = ["The cat sat on a mat.", "He reads the long book every day.", "It is raining."]


def test_bleu_by_hand():
    """13a tokens: The cat sat on a mat . against The cat sat on the mat .

    Of 7 words 6 match, of 6 bigrams 4, of 5 trigrams 2, of 4 four-grams 1; lengths are equal. The fourth root of
    6/7 * 4/6 * 2/5 * 1/4 is 0.4889.
    """
    score = bleu(HYPOTHESES[:1], REFERENCES[:1])
    assert score.precisions == pytest.approx((100 * 6 / 7, 100 * 4 / 6, 40.0, 25.0))
    assert score.score == pytest.approx(100 * (6 / 7 * 4 / 6 * 2 / 5 * 1 / 4) ** 0.25)
    assert (score.brevity_penalty, score.hypothesis_length, score.reference_length) == (1.0, 7, 7)
    assert score.nltk_score == pytest.approx(score.score, abs=1e-9)
    assert score.signature.startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp")


def test_brevity_penalty_by_hand():
    """6 tokens for 8: exp(1 - 8/6)."""
    score = bleu(["a b c d e f"], ["a b c d e f g h"], tokenize="none")
    assert score.brevity_penalty == pytest.approx(math.exp(1 - 8 / 6))
    assert score.score == pytest.approx(100 * math.exp(1 - 8 / 6))


def random_sentences(number, seed, shortest):
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(list("abcdef"), size=generator.integers(shortest, 15))) for _ in range(number)]


@pytest.mark.parametrize("num_references", [1, 3])
def test_nltk_and_sacrebleu_agree(num_references):
    hypotheses = random_sentences(60, 0, 4)
    references = [random_sentences(60, seed, 4) for seed in range(1, num_references + 1)]
    score = bleu(hypotheses, references, tokenize="none")
    assert score.nltk_score == pytest.approx(score.score, abs=1e-9)
    assert score.score == pytest.approx(sacrebleu.corpus_bleu(hypotheses, references, tokenize="none").score)
    assert "note" not in str(score)


def test_smoothing_agrees_when_no_long_ngram_matches():
    score = bleu(["the dog ran far away"], ["a dog ran to the house"], tokenize="none")
    assert score.precisions[3] > 0
    assert score.nltk_score == pytest.approx(score.score, abs=1e-9)


def test_short_hypotheses_are_noted():
    """NLTK counts the missing four-gram of a three-token hypothesis as one that did not match."""
    score = bleu(["it is so", "the cat sat on the mat"], ["it is so", "the cat sat on the mat"])
    assert score.score == pytest.approx(100)
    assert score.nltk_score < 99
    assert score.num_short == 1
    assert "1 hypothesis has fewer than 4 tokens" in str(score)


def test_case_and_tokens():
    assert bleu(["THE CAT SAT ON THE MAT."], REFERENCES[:1]).score < 20
    lower = bleu(["THE CAT SAT ON THE MAT."], REFERENCES[:1], lowercase=True)
    assert lower.score == pytest.approx(100)
    assert lower.nltk_score == pytest.approx(100)
    assert "case:lc" in lower.signature
    assert bleu(["a mat."], ["a mat ."], tokenize="13a").precisions[0] == 100
    assert bleu(["a mat."], ["a mat ."], tokenize="none").precisions[0] == 50


def test_several_references_help():
    assert bleu(HYPOTHESES, [REFERENCES, HYPOTHESES]).score == pytest.approx(100)


def test_all_scores():
    scores = translation_scores(HYPOTHESES, REFERENCES, num_bootstrap=200)
    assert scores.chrf == pytest.approx(sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score)
    assert scores.ter == pytest.approx(sacrebleu.corpus_ter(HYPOTHESES, [REFERENCES]).score)
    assert scores.bleu.interval > 0
    for part in ("BLEU", "±", "chrF", "TER", scores.chrf_signature, scores.ter_signature, "by NLTK"):
        assert part in str(scores)


def test_sentence_bleu():
    assert sentence_bleu("it is so", "it is so") == pytest.approx(100)
    assert sentence_bleu("it is", ["no", "it is"]) == pytest.approx(100)
    assert 0 < sentence_bleu(HYPOTHESES[0], REFERENCES[0]) < 100
    with pytest.raises(TextrnnError, match="`hypothesis` must be one string"):
        sentence_bleu(["a"], "a")
    with pytest.raises(TextrnnError, match="holds no sentence"):
        sentence_bleu("a", [])


def test_significance():
    references = random_sentences(100, 0, 6)
    worse = [" ".join(sentence.split()[:-2]) for sentence in references]
    clear = compare(worse, references, references, tokenize="none", num_samples=200)
    assert clear.p_value < 0.05
    assert clear.system == pytest.approx(100)
    assert "significant at 5%" in str(clear)
    none = compare(worse, worse, references, tokenize="none", num_samples=200)
    assert none.p_value > 0.05
    assert "not significant" in str(none)


def test_bleu_by_length():
    sources = ["a b", "a b c", "a b c d e f", "a b c d e f g"] * 2
    targets = ["u v w x", "u v w x y", "u v w x y z", "u v w x y z q"] * 2
    hypotheses = [*targets[:4], *targets[4:6], "z z z z z z", "z z z z z z z"]
    buckets = bleu_by_length(sources, hypotheses, targets, num_buckets=2, tokenize="none")
    assert [(bucket.shortest, bucket.longest, bucket.num_sentences) for bucket in buckets] == [(2, 3, 4), (6, 7, 4)]
    assert buckets[0].score == pytest.approx(100)
    assert buckets[1].score == pytest.approx(bleu(
        [hypotheses[i] for i in (2, 3, 6, 7)], [targets[i] for i in (2, 3, 6, 7)], tokenize="none"
    ).score)  # fmt: skip
    assert "2-3 words" in str(buckets[0])
    with pytest.raises(TextrnnError, match="one sentence for each of the 8 hypotheses"):
        bleu_by_length(sources[:3], hypotheses, targets)


def test_unknown_tokenizer():
    with pytest.raises(TextrnnError, match="Did you mean '13a'"):
        bleu(["a"], ["a"], tokenize="13b")


CHINESE = ["灯塔今天亮了。", "海很平静，对吗？", "我们明天见吧。"]
CHINESE_HYPOTHESES = ["灯塔昨天亮了。", "海很平静，对吗？", "我们明天见。"]


def test_the_script_chooses_the_tokenizer():
    score = bleu(CHINESE_HYPOTHESES, CHINESE)
    assert score.score == pytest.approx(sacrebleu.corpus_bleu(CHINESE_HYPOTHESES, [CHINESE], tokenize="zh").score)
    assert "tok:zh" in score.signature
    assert score.notes == ()
    assert bleu(HYPOTHESES, REFERENCES) == bleu(HYPOTHESES, REFERENCES, tokenize="13a")
    missed = bleu(CHINESE_HYPOTHESES, CHINESE, tokenize="13a")
    assert "tokenize='zh' fits" in missed.notes[0]
    assert f"note: {missed.notes[0]}" in str(missed)


def test_sentences_follow_the_options_of_the_corpus():
    """`sacrebleu -sl -tok zh`; and by hand: 1 of 1 sentence is right but for case."""
    metric = sacrebleu.BLEU(tokenize="zh", effective_order=True)
    expected = [metric.sentence_score(h, [r]).score for h, r in zip(CHINESE_HYPOTHESES, CHINESE, strict=True)]
    assert sentence_bleus(CHINESE_HYPOTHESES, CHINESE) == expected
    assert expected[0] > 40
    assert sentence_bleus(CHINESE_HYPOTHESES, CHINESE, tokenize="13a") == [0, pytest.approx(100), 0]
    assert sentence_bleu("THE CAT SAT ON THE MAT.", REFERENCES[0], lowercase=True) == pytest.approx(100)
    assert sentence_bleus(["", "it is so"], [["a", None], ["b", "it is so"]]) == [0, pytest.approx(100)]


@pytest.mark.parametrize("lowercase", [False, True])
def test_case_counts_in_all_scores_or_in_none(lowercase):
    scores = translation_scores([text.upper() for text in REFERENCES], REFERENCES, lowercase=lowercase)
    case = "case:lc" if lowercase else "case:mixed"
    for signature in (scores.bleu.signature, scores.chrf_signature, scores.ter_signature):
        assert case in signature
    if lowercase:
        assert (scores.bleu.score, scores.chrf, scores.ter) == (pytest.approx(100), pytest.approx(100), 0)
    else:
        assert scores.bleu.score < 20
        assert scores.chrf < 20
        assert scores.ter > 80


def test_chinese_scores_equal_those_of_sacrebleu():
    scores = translation_scores(CHINESE_HYPOTHESES, CHINESE)
    ter = sacrebleu.TER(normalized=True, asian_support=True, case_sensitive=True)
    assert scores.ter == ter.corpus_score(CHINESE_HYPOTHESES, [CHINESE]).score
    assert "norm:yes|punct:yes|asian:yes" in scores.ter_signature
    assert scores.chrf == sacrebleu.corpus_chrf(CHINESE_HYPOTHESES, [CHINESE]).score


def test_no_ter_where_it_finds_no_words():
    thai = ["โคมไฟติดแล้ว", "ทะเลสงบ"]
    scores = translation_scores(thai, thai)
    assert "tok:char" in scores.bleu.signature
    assert scores.bleu.score == pytest.approx(100)
    assert (scores.ter, scores.ter_signature) == (None, None)
    assert "\nTER" not in str(scores)
    assert "note: there is no TER" in str(scores)


def test_no_4gram_and_effective_order():
    """Two and three tokens: all n-grams that there are match, but there are none of four."""
    perfect = ["Hello.", "I see."]
    score = bleu(perfect, perfect)
    assert score.score == 0
    assert "no hypothesis has 4 tokens" in score.notes[0]
    effective = bleu(perfect, perfect, effective_order=True)
    assert effective.score == pytest.approx(100)
    assert "eff:yes" in effective.signature
    long_enough = bleu(HYPOTHESES, REFERENCES, effective_order=True)
    assert long_enough.score == bleu(HYPOTHESES, REFERENCES).score
    assert long_enough.nltk_score == bleu(HYPOTHESES, REFERENCES).nltk_score


def test_nltk_counts_effective_order_alike():
    """Bigrams are the longest in every hypothesis, so that both count two orders and nothing is missing."""
    hypotheses, references = ["a b", "c d", "e f"], ["a b", "c x", "e y"]
    score = bleu(hypotheses, references, tokenize="none", effective_order=True)
    assert score.score == pytest.approx(100 * (4 / 6 * 1 / 3) ** 0.5)
    assert score.nltk_score == pytest.approx(score.score)


def test_missing_references_are_left_out():
    sets = [["the cat sat on the mat", "a dog ran home now"], ["a cat is on the mat", None]]
    score = bleu(["the cat is on the mat", "a dog runs home now"], sets)
    expected = sacrebleu.corpus_bleu(["the cat is on the mat", "a dog runs home now"], sets)
    assert score.score == expected.score
    assert score.signature.startswith("nrefs:var")
    assert score.nltk_score == pytest.approx(score.score)
    assert translation_scores(["the cat is on the mat", "a dog runs home now"], sets).bleu == score


def test_references_in_nltk_order_are_refused_or_noted():
    hypotheses = ["a b c d e", "f g h i j"]
    per_sentence = [["a b c d e", "a b c d z"], ["f g h i j", "f g h i z"]]
    for function in (bleu, translation_scores):
        with pytest.raises(TextrnnError, match="is in NLTK's order"):
            function(hypotheses, per_sentence)
    assert bleu(hypotheses, list(zip(*per_sentence, strict=True))).score == pytest.approx(100)
    doubtful = bleu(["k", "l"], [["a b c d", "q r s t"], ["u v w x", "y z"]])
    assert "2 lists of references for 2 hypotheses" in doubtful.notes[0]


def test_blank_hypotheses_score_nothing():
    scores = translation_scores(["", " "], REFERENCES[:2])
    assert (scores.bleu.score, scores.chrf, scores.ter) == (0, 0, 100)
    assert scores.bleu.hypothesis_length == 0
    assert "the hypotheses hold no tokens" in scores.notes[0]


def test_lengths_of_sources_without_spaces_are_characters():
    buckets = bleu_by_length(CHINESE, HYPOTHESES, REFERENCES, num_buckets=2)
    assert [(bucket.shortest, bucket.longest, bucket.unit) for bucket in buckets] == [
        (7, 7, "characters"),
        (8, 8, "characters"),
    ]
    assert "7-7 characters" in str(buckets[0])


def test_a_bucket_may_be_blank_or_without_4gram():
    buckets = bleu_by_length(["", "a", "a b c d e"], ["", "u", "v w x y z"], ["", "u", "v w x y z"], num_buckets=3)
    assert [bucket.score for bucket in buckets] == [0, 0, pytest.approx(100)]
    assert [str(bucket).endswith("(no 4-gram to count)") for bucket in buckets] == [True, True, False]
    assert "1 sentence " in str(buckets[0])
    effective = bleu_by_length(["a", "b"], ["u", "v"], ["u", "v"], num_buckets=1, effective_order=True)
    assert effective[0].score == pytest.approx(100)


def test_hypotheses_of_another_script_are_noted():
    cut = [" ".join(sentence) for sentence in CHINESE]  # references with spaces, hypotheses without
    assert bleu(CHINESE, cut).notes[0].startswith("the hypotheses are Chinese without spaces")
    assert bleu(HYPOTHESES, CHINESE).notes[0].startswith("the hypotheses are in another language")
    both = bleu(CHINESE_HYPOTHESES, CHINESE, tokenize="13a").notes
    assert sum("without spaces" in note for note in both) == 1
