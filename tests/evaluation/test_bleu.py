import math

import numpy as np
import pytest
import sacrebleu

from textrnn import TextrnnError, bleu
from textrnn.evaluation.bleu import bleu_by_length, compare, sentence_bleu, translation_scores

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
