import csv

import numpy as np
import pytest

from tests.callbacks import StopAfter
from tests.conftest import ROOT, reversal_pairs
from textrnn import Progress, TextrnnError, Translator
from textrnn.preprocessing.pairs import Pairs

SMALL = {"encoder_units": (12,), "decoder_units": (12, 10), "embedding_dim": 8}


@pytest.mark.parametrize("num_beams", [1, 4])
def test_reversal_is_learned_exactly(reverser, num_beams):
    """Every one of 200 unseen sentences: a test that attention really works."""
    translator, _, _ = reverser
    unseen = reversal_pairs(200, seed=2)
    assert translator.translate(unseen.sources, num_beams=num_beams) == unseen.targets


def test_attention_runs_backwards(reverser):
    """To write the source backwards, the network must look at it from the last symbol to the first."""
    translator, _, _ = reverser
    ((translation,),) = translator.translations(["a b c d e"])
    assert translation.text == "e d c b a"
    assert translation.source_tokens == ("a", "b", "c", "d", "e", "<eos>")
    assert translation.tokens == ("e", "d", "c", "b", "a", "<eos>")
    places = translation.attention[:5].argmax(axis=1)
    assert (np.diff(places) < 0).sum() >= 3
    np.testing.assert_allclose(translation.attention.sum(axis=1), 1, atol=1e-5)
    assert translation.log_probability == pytest.approx(np.log(translation.probabilities).sum(), abs=1e-6)


def test_lists_empty_sentences_and_spaces(reverser):
    translator, _, _ = reverser
    assert translator.translate("a b") == "b a"
    assert translator.translate(["  a   b\n", "", " ", "c"]) == ["b a", "", "", "c"]
    assert translator.translate([]) == []
    assert translator.translate("") == ""


def test_a_translation_does_not_depend_on_its_neighbours(reverser):
    translator, _, _ = reverser
    sources = reversal_pairs(150, seed=5).sources
    together = translator.translate(sources)
    assert together == [translator.translate(source) for source in sources]


def test_several_translations_are_ordered(reverser):
    translator, _, _ = reverser
    (found,) = translator.translations(["a b c"], num_beams=5, num_best=3)
    assert found[0].text == "c b a"
    assert len({one.text for one in found}) == 3
    assert sorted((one.score for one in found), reverse=True) == [one.score for one in found]


def test_scoring_and_forced_decoding(reverser):
    translator, _, _ = reverser
    ((found,),) = translator.translations(["a b c"])
    (forced,) = translator.forced(["a b c"], ["c b a"])
    assert forced.tokens == found.tokens
    assert forced.log_probability == pytest.approx(found.log_probability, abs=1e-4)
    np.testing.assert_allclose(forced.attention, found.attention, atol=1e-4)
    right, wrong = translator.score(["a b c", "a b c"], ["c b a", "a b c"])
    assert right > wrong
    with pytest.raises(TextrnnError, match="2 sources and 1 targets"):
        translator.score(["a", "b"], ["a"])
    with pytest.raises(TextrnnError, match="`targets` holds an empty sentence at index 0"):
        translator.score(["a"], [" "])


def test_sampling(reverser):
    translator, _, _ = reverser
    assert translator.translate("a b c", temperature=0) == "c b a"
    hot = {translator.translate("a b c d e f", temperature=3.0, seed=seed) for seed in range(5)}
    assert len(hot) > 1
    assert translator.translate("a b", temperature=2.0, seed=1) == translator.translate("a b", temperature=2.0, seed=1)
    with pytest.raises(TextrnnError, match="draws a translation and `num_beams` searches"):
        translator.translate("a", temperature=1.0, num_beams=3)


def test_evaluation(reverser):
    translator, _, _ = reverser
    pairs = reversal_pairs(50, seed=3)
    scores = translator.evaluate(pairs.sources, pairs.targets)
    assert scores.bleu.score == pytest.approx(100)
    assert scores.num_sentences == 50
    with pytest.raises(TextrnnError, match="50 hypotheses and 3 references"):
        translator.evaluate(pairs.sources, pairs.targets[:3])


def test_saving_and_loading(reverser, tmp_path):
    _, directory, records = reverser
    loaded = Translator.load(directory)
    pairs = reversal_pairs(20, seed=4)
    assert loaded.translate(pairs.sources) == pairs.targets
    best = max(record.validation_score for record in records)
    assert loaded.facts["validation_bleu"] == pytest.approx(best, abs=1e-4)
    loaded.save(tmp_path / "half", half_precision=True)
    assert Translator.load(tmp_path / "half").translate(pairs.sources) == pairs.targets
    with open(directory / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["validation_score"]) for row in rows] == [record.validation_score for record in records]
    assert {"source_tokenizer.json", "target_tokenizer.json"} <= {path.name for path in directory.iterdir()}


def test_ensembles(reverser, tmp_path):
    _, directory, _ = reverser
    both = Translator.load(directory, directory)
    assert both.translate("a b c") == "c b a"
    other = Translator(level="word", vocabulary_size=10, **SMALL)
    other.fit(reversal_pairs(300, seed=9), epochs=1, output=tmp_path, progress=QUIET)
    with pytest.raises(TextrnnError, match="has other vocabularies than"):
        Translator.load(directory, tmp_path)


QUIET = Progress(quiet=True)


def sample_pairs():
    from textrnn import pairs

    return pairs.read(ROOT / "corpora" / "eng-spa.tsv")


@pytest.mark.parametrize("level", ["char", "word", "subword"])
@pytest.mark.parametrize("joint", [False, True])
def test_every_level_trains_saves_and_translates(level, joint, tmp_path):
    translator = Translator(level=level, joint_vocabulary=joint, vocabulary_size=450, attention="additive", **SMALL)
    pairs = sample_pairs()
    options = {"subword_regularization": 0.1, "joined_pairs": 0.1} if level == "subword" else {}
    translator.fit(pairs, validation=pairs, epochs=1, output=tmp_path, progress=QUIET, **options)
    loaded = Translator.load(tmp_path)
    assert loaded.translate(pairs.sources[:5]) == translator.translate(pairs.sources[:5])
    assert loaded.config == translator.config
    assert len(loaded.tokenizers) == (1 if joint else 2)


@pytest.mark.parametrize("steps", [3, 9])
def test_an_interrupted_run_resumes_exactly(tmp_path, steps):
    """Dropout, drawn segmentations, joined pairs, moving average and the best checkpoints go on as if undisturbed."""
    options = {
        "epochs": 3,
        "batch_tokens": 300,
        "subword_regularization": 0.3,
        "joined_pairs": 0.2,
        "moving_average": 0.9,
        "averaged_checkpoints": 2,
        "validation_fraction": 0.1,
        "label_smoothing": 0.1,
        "progress": QUIET,
    }

    def make():
        return Translator(vocabulary_size=450, **SMALL)

    whole, resumed = make(), make()
    expected = whole.fit(sample_pairs(), **options)
    with pytest.raises(KeyboardInterrupt):
        make().fit(sample_pairs(), output=tmp_path, callbacks=[StopAfter(steps)], **options)
    found = resumed.fit(sample_pairs(), output=tmp_path, resume=True, **options)
    for name in ("training_loss", "validation_loss", "validation_score"):
        assert [getattr(record, name) for record in found] == [getattr(record, name) for record in expected]
    for name, weight in whole.weights.items():
        np.testing.assert_array_equal(weight, resumed.weights[name])


def test_unknown_words_are_replaced_through_attention():
    """A word-level model that copies: the network writes <unk> for a rare name, and the name stands in its place."""
    names = [f"Name{number}" for number in range(300)]
    sources = [f"I am {name}." for name in names] + [f"he is {name}." for name in names]
    targets = [f"Soy {name}." for name in names] + [f"es {name}." for name in names]
    translator = Translator(
        level="word", vocabulary_size=12, cell="gru", encoder_units=(24,), decoder_units=(32,), embedding_dim=16,
        input_dropout=0.0, dropout=0.0, output_dropout=0.0,
    )  # fmt: skip
    translator.fit(
        Pairs(sources, targets), epochs=5, batch_tokens=60, learning_rate=0.01, warmup_steps=10, patience=0,
        progress=QUIET, seed=2,
    )  # fmt: skip
    ((translation,),) = translator.translations(["I am Zebediah."])
    assert translation.tokens == ("Soy", "<unk>", ".", "<eos>")
    assert translation.text == "Soy Zebediah."


def test_wrong_input(reverser, tmp_path, quiet):
    translator, _, _ = reverser
    with pytest.raises(TextrnnError, match="has not been trained yet"):
        Translator().translate("a")
    with pytest.raises(TextrnnError, match="Sentence 2 has 1,001 tokens; at most 1,000"):
        translator.translate(["a", "a " * 1001])
    with pytest.raises(TextrnnError, match="Sentences must be a list of strings"):
        translator.translate(["a", 3])
    with pytest.raises(TextrnnError, match="translate has no option `num_beam`. Did you mean 'num_beams'"):
        translator.translate("a", num_beam=3)
    with pytest.raises(TextrnnError, match="Translator has no option `encoder_unit`"):
        Translator(encoder_unit=3)
    with pytest.raises(TextrnnError, match="`subword_regularization` is for level='subword'"):
        Translator(level="word").fit(sample_pairs(), subword_regularization=0.1)
    with pytest.raises(TextrnnError, match="`joined_pairs` is for words and subwords"):
        Translator(level="char").fit(sample_pairs(), joined_pairs=0.1)
    with pytest.raises(TextrnnError, match="No sentence pairs are left"):
        Translator(level="char").fit(sample_pairs(), max_length=2, progress=quiet)


def test_pairs_left_out_are_counted(capsys):
    pairs = sample_pairs()
    long = Pairs([*pairs.sources, "word " * 300, "a"], [*pairs.targets, "palabra", "una " * 30])
    Translator(level="word", **SMALL).fit(long, epochs=1, validation=pairs)
    assert "left out 2 of 102 pairs" in capsys.readouterr().err
