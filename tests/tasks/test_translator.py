import csv
import re
from collections import Counter

import numpy as np
import pytest

from tests.callbacks import StopAfter
from tests.conftest import ROOT, reversal_pairs
from textrnn import Progress, TextrnnError, Translator
from textrnn.preprocessing.pairs import Pairs

SMALL = {"encoder_units": (12,), "decoder_units": (12, 10), "embedding_dim": 8}
FLAT = {**SMALL, "decoder_units": (12,)}  # where layers upon layers are not what is tested: a third less to trace


@pytest.mark.parametrize("num_beams", [1, 4])
def test_reversal_is_learned(reverser, num_beams):
    """Of 200 unseen sentences all but one or two, by processor: a test that attention really works."""
    translator, _, _ = reverser
    unseen = reversal_pairs(200, seed=2)
    translations = translator.translate(unseen.sources, num_beams=num_beams)
    assert sum(one == target for one, target in zip(translations, unseen.targets, strict=True)) >= 198


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


def test_anything_that_gives_sentences_is_translated(reverser):
    translator, _, _ = reverser
    sources, expected = ["a b", "", "c d e"], ["b a", "", "e d c"]
    assert translator.translate(source for source in sources) == expected
    assert translator.translate(tuple(sources)) == expected
    assert translator.translate(np.array(sources)) == expected
    assert translator.translate(iter(())) == []
    pandas = pytest.importorskip("pandas")
    assert translator.translate(pandas.Series(sources, index=[7, 8, 9])) == expected
    with pytest.raises(TextrnnError, match="one column of a table. Received: DataFrame"):
        translator.translate(pandas.DataFrame({"source": sources}))
    with pytest.raises(TextrnnError, match="must hold strings. Received at index 1: nan"):
        translator.translate(pandas.Series(["a", float("nan")]))


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (None, "strings in an order: a list, a generator.*Received: NoneType"),
        (b"a b", "Received: bytes"),
        ({"a", "b"}, "Received: set"),
        ({"a": 1}, "Received: dict"),
        (3, "Received: int"),
        (["a", None], "must hold strings. Received at index 1: None"),
        (["a", ["b"]], r"Received at index 1: \['b'\]"),
        (["a", "caf\udce9"], "index 1: holds bytes that are not valid UTF-8, at character 4"),
        ("caf\udce9", "not valid UTF-8, at character 4"),
    ],
)
def test_what_gives_no_sentences_is_refused(reverser, texts, message):
    with pytest.raises(TextrnnError, match=message):
        reverser[0].translate(texts)


def test_what_nobody_sees_changes_nothing(reverser):
    """Invisible characters, unusual spaces and a byte order mark; such a line alone stays blank."""
    translator, _, _ = reverser
    for text in ("\ufeffa b", "a\u200b b", "a \u00adb\u200e", "\u202aa\u202c\u00a0b", "a\u2009b\u2060"):
        assert translator.translate(text) == "b a"
    assert translator.translate(["\u200b", "\ufeff", " \u00a0\u00ad", "\u200d"]) == [""] * 4
    (translation,) = translator.translations(["\u200ba"])[0]
    assert translation.source == "a"


def test_a_translation_does_not_depend_on_its_neighbours(reverser):
    translator, _, _ = reverser
    sources = reversal_pairs(150, seed=5).sources
    together = translator.translate(sources)
    assert together == [translator.translate(source) for source in sources]


def test_several_translations_are_ordered(reverser):
    translator, _, _ = reverser
    (found,) = translator.translations(["a b c"], num_beams=5, num_best=3)
    assert found[0].text == "c b a"
    assert len({one.tokens for one in found}) == 3  # two may read the same, with a word copied in one of them
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
    translator, directory, _ = reverser
    pairs = reversal_pairs(50, seed=3)
    scores = translator.evaluate(pairs.sources, pairs.targets)
    assert scores.bleu.score == pytest.approx(100)
    assert scores.num_sentences == 50
    assert translator.evaluate(pairs.sources, pairs.targets, jobs=2) == scores
    together = Translator.load(directory, directory)
    with pytest.raises(TextrnnError, match="Several models that translate together work in one process"):
        together.evaluate(pairs.sources, pairs.targets, jobs=2)
    with pytest.raises(TextrnnError, match="50 sources and 3 references"):
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
    assert [float(row["validation_bleu"]) for row in rows] == [record.validation_score for record in records]
    assert {"source_tokenizer.json", "target_tokenizer.json"} <= {path.name for path in directory.iterdir()}


def test_ensembles(reverser, tmp_path):
    _, directory, _ = reverser
    both = Translator.load(directory, directory)
    assert both.translate("a b c") == "c b a"
    assert both.translate("a b c", temperature=0) == "c b a"
    assert both.score(["a b"], ["a b"]) == pytest.approx(Translator.load(directory).score(["a b"], ["a b"]), abs=1e-5)
    other = Translator(level="word", vocabulary_size=10, **FLAT)
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
    translator = Translator(level=level, joint_vocabulary=joint, vocabulary_size=450, attention="additive", **FLAT)
    pairs = sample_pairs()
    validation = Pairs(pairs.sources[:20], pairs.targets[:20])
    options = {"subword_regularization": 0.1, "joined_pairs": 0.1} if level == "subword" else {}
    translator.fit(pairs, validation=validation, epochs=1, output=tmp_path, progress=QUIET, **options)
    loaded = Translator.load(tmp_path)
    assert loaded.translate(pairs.sources[:5]) == translator.translate(pairs.sources[:5])
    assert loaded.config == translator.config
    assert len(loaded.tokenizers) == (1 if joint else 2)


RESUMED = {
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


def make_subword_translator():
    return Translator(vocabulary_size=450, **SMALL)


@pytest.fixture(scope="module")
def whole():
    """A run that nobody interrupts."""
    translator = make_subword_translator()
    return translator, translator.fit(sample_pairs(), **RESUMED)


@pytest.mark.parametrize("steps", [3, 9])
def test_an_interrupted_run_resumes_exactly(whole, tmp_path, steps, interruptible):
    """Dropout, drawn segmentations, joined pairs, moving average and the best checkpoints go on as if undisturbed."""
    whole, expected = whole
    with pytest.raises(KeyboardInterrupt):
        make_subword_translator().fit(sample_pairs(), output=tmp_path, callbacks=[StopAfter(steps)], **RESUMED)
    resumed = make_subword_translator()
    found = resumed.fit(sample_pairs(), output=tmp_path, resume=True, **RESUMED)
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
        Pairs(sources, targets), epochs=12, batch_tokens=60, learning_rate=0.01, warmup_steps=10, patience=0,
        label_smoothing=0.0, moving_average=0.0, validations_per_epoch=1, progress=QUIET, seed=1,
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
    with pytest.raises(TextrnnError, match="must hold strings. Received at index 1: 3"):
        translator.translate(["a", 3])
    with pytest.raises(TextrnnError, match="translate has no option `num_beam`. Did you mean 'num_beams'"):
        translator.translate("a", num_beam=3)
    with pytest.raises(TextrnnError, match="Translator has no option `encoder_unit`"):
        Translator(encoder_unit=3)
    with pytest.raises(TextrnnError, match="`subword_regularization` is for level='subword'"):
        Translator(level="word").fit(sample_pairs(), subword_regularization=0.1)
    with pytest.raises(TextrnnError, match="`joined_pairs` is for words and subwords"):
        Translator(level="char").fit(sample_pairs(), joined_pairs=0.1)
    with pytest.raises(TextrnnError, match="No sentence pairs are left to train on"):
        Translator(level="char").fit(sample_pairs(), max_length=2, progress=quiet)
    with pytest.raises(TextrnnError, match="No sentence pairs are left to validate on"):
        Translator(level="char").fit(sample_pairs(), validation=[("a" * 101, "b")], progress=quiet)


def test_pairs_come_in_any_form_and_either_direction(trainer_of, tmp_path, capsys):
    """The same pairs as a file, turned round, as tuples and as two lists: the same run, and the same batches."""
    pairs = sample_pairs()
    (tmp_path / "es-en.tsv").write_text(
        "".join(f"7\t{t}\t{s}\n" for s, t in zip(pairs.sources, pairs.targets, strict=True))
    )
    given = [
        ((pairs,), {}),
        ((tmp_path / "es-en.tsv",), {"columns": (3, 2)}),
        ((tmp_path / "es-en.tsv",), {"columns": (2, 3), "reverse": True}),
        ((list(zip(pairs.sources, pairs.targets, strict=True)),), {}),
        ((pairs.sources, tuple(pairs.targets)), {}),
    ]
    trainers = [
        trainer_of(Translator(level="word", **SMALL).fit, *arguments, epochs=1, progress=QUIET, **options)
        for arguments, options in given
    ]
    for trainer in trainers:
        assert trainer.identity == trainers[0].identity
        for plan, expected in ((trainer.training, trainers[0].training), (trainer.validation, trainers[0].validation)):
            for batch, other in zip(plan.batches(0), expected.batches(0), strict=True):
                np.testing.assert_array_equal(batch.targets, other.targets)
                for ids, others in zip(batch.inputs, other.inputs, strict=True):
                    np.testing.assert_array_equal(ids, others)
    more = [*zip(pairs.sources, pairs.targets, strict=True), ("Uh.", "")]
    trainer_of(Translator(level="word", **SMALL).fit, more, epochs=1)
    assert (
        "left out 1 of 101 pairs in the pairs: a side is empty or missing, first in item 101" in capsys.readouterr().err
    )


def test_nothing_is_set_aside_when_that_is_asked_for(capsys):
    translator = Translator(level="char", encoder_units=(8,), decoder_units=(8,), embedding_dim=8)
    translator.fit(sample_pairs(), validation_fraction=0, steps=1)
    assert translator.facts["training_pairs"] == translator.facts["validation_pairs"]
    assert "nothing is set aside: the validation loss is that of the training pairs" in capsys.readouterr().err


def test_small_letters(tmp_path, quiet):
    sample = sample_pairs()
    pairs = [(one.upper(), other.upper()) for one, other in zip(sample.sources, sample.targets, strict=True)]
    translator = Translator(level="char", lowercase=True, **FLAT)
    translator.fit(pairs, epochs=1, output=tmp_path / "m", progress=quiet)
    loaded = Translator.load(tmp_path / "m")
    text = pairs[0][0]
    assert loaded.translate(text) == loaded.translate(text.lower()) == loaded.translate(text.lower()).lower() != ""


def test_text_without_spaces_is_scored_by_characters(trainer_of, tmp_path, capsys):
    """Chinese targets: BLEU by words at spaces would be 0 in every epoch."""
    sources = [f"{a} and {b}" for a in "abcdefgh" for b in "abcdefgh"]
    signs = dict(zip("abcdefgh", "\u706f\u4eae\u4e86\u6d77\u5c71\u4eba\u6708\u65e5", strict=True))
    targets = [f"\u6709{signs[s[0]]}\u548c{signs[s[-1]]}\u5728\u8fd9\u91cc\u3002" for s in sources]
    translator = Translator(level="char", **SMALL)
    options = {"epochs": 10, "learning_rate": 0.01, "warmup_steps": 10, "batch_tokens": 60, "moving_average": 0.0}
    records = translator.fit(sources, targets, output=tmp_path, **options)
    assert "validation BLEU by sacreBLEU's zh tokenizer" in capsys.readouterr().err
    assert records[-1].validation_score > 5
    assert Translator.load(tmp_path).facts["validation_tokenizer"] == "zh"
    trainer_of(Translator(level="char", **SMALL).fit, sources, targets, reverse=True, epochs=1)
    assert "zh tokenizer" not in capsys.readouterr().err


def test_pairs_left_out_are_counted(trainer_of, capsys):
    pairs = sample_pairs()
    long = Pairs([*pairs.sources, "word " * 300, "a"], [*pairs.targets, "palabra", "una " * 30])
    trainer_of(Translator(level="word", **SMALL).fit, long, epochs=1, validation=pairs)
    assert "left out 2 of 102 pairs" in capsys.readouterr().err


@pytest.fixture(scope="module")
def untrained():
    """A translator of subwords with placeholders, which writes at random."""
    words = ["gato", "perro", "casa", "mesa", "duerme", "come", "canta", "bebe"]
    draw = np.random.default_rng(0)
    sentences = [f"{' '.join(draw.choice(words, 4)).capitalize()}." for _ in range(300)]
    translator = Translator(vocabulary_size=300, **FLAT)
    translator.fit(Pairs(sentences, sentences[::-1]), steps=1, validation_fraction=0.1, progress=Progress(quiet=True))
    return translator


@pytest.mark.parametrize("options", [{}, {"num_beams": 1}, {"num_beams": 4, "num_best": 3}, {"temperature": 1.0}])
def test_a_glossary_holds_whatever_the_network_writes(untrained, options):
    glossary = {"casa": "HOUSE", "perro": "dog", "mesa": "TABLE"}
    lines = ["El perro come en casa.", "Canta mesa mesa. Duerme.", "PERRO", "gato , mesa ."]
    results = untrained.translations(lines, glossary=glossary, **options)
    for text in (one.text for one in results[0]):
        assert text.count("HOUSE") == 1
        assert text.lower().count("dog") == 1
    assert all(one.text.count("TABLE") == 2 for one in results[1])
    assert all("HOUSE" not in one.text for one in results[1])
    assert [one.text for one in results[2]] == ["DOG"]
    assert all("TABLE" in one.text for one in results[3])


def test_a_glossary_is_refused_where_it_cannot_hold(untrained, reverser):
    with pytest.raises(TextrnnError, match="has no placeholders"):
        reverser[0].translate("a b", glossary={"a": "z"})
    with pytest.raises(TextrnnError, match="`raw` leaves it as it is"):
        untrained.translate("gato", glossary={"gato": "cat"}, raw=True)


def test_other_languages_are_told_by_what_was_trained_on(untrained):
    assert untrained.foreign_note("The cat sat on the mat.") is None  # too few pairs to tell
    untrained.facts["common_words"] = {"source": ["gato", "come", "y"], "target": ["cat", "the", "on"]}
    assert "writes rather than what it reads" in untrained.foreign_note("The cat sat on the mat.")
    for damaged in (5, {"source": 5}, {"source": [5, None]}, []):
        untrained.facts["common_words"] = damaged
        assert untrained.foreign_note("The cat sat on the mat.") is None


def test_numbers_are_translated_again_where_no_translation_has_them(untrained):
    """This network writes at random; what it cannot copy is carried across by a placeholder."""
    for text in ("Duerme 7 canta 12.", "3 perros, 3 gatos y 45", "Casa 8"):
        (best, *_) = untrained.translations([text])[0]
        assert Counter(re.findall(r"\d+", text)) <= Counter(re.findall(r"\d+", best.text))
